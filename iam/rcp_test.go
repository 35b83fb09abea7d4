package iam_test

import (
	"slices"
	"testing"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/catalog"
)

// The short table of the evaluator is the catalogue's.
func TestRCPServicesAreTheCatalogues(t *testing.T) {
	t.Parallel()
	covered := 0
	for _, service := range catalog.AWS().Services() {
		if iam.IsRCPService(service+":") != catalog.AWS().RCPCovers(service) {
			t.Errorf("%s: in one of the lists only", service)
		}
		if iam.IsRCPService(service + ":") {
			covered++
		}
	}
	if covered != 62 {
		t.Errorf("%d services are covered, want 62", covered)
	}
}

func TestRCPsBindTheServicesThatTheyCover(t *testing.T) {
	t.Parallel()
	admin := []*iam.Policy{load(t, iam.TypeIdentity, allowAll)}
	deny := load(t, iam.TypeRCP, `{"Effect":"Deny","Principal":"*","Action":["s3:*","ec2:*","sts:*","wafv2:*","aoss:*","xray:*"],"Resource":"*"}`)
	for action, bound := range map[string]bool{
		"s3:GetObject": true, "S3:getobject": true, "sts:TagSession": true, "wafv2:GetWebACL": true,
		"aoss:APIAccessAll": true, "xray:GetTraceGraph": true, // the ends of the list
		"ec2:RunInstances": false, "s3express:CreateSession": false, "": false,
	} {
		req := &iam.Request{Principal: iam.ParsePrincipal(user), Action: action, Resource: object}
		denied := &iam.Policies{Identity: admin, RCPs: [][]*iam.Policy{{iam.FullAWSAccess(iam.TypeRCP), deny}}}
		if got := iam.Decide(req, denied); (got == iam.ExplicitlyDenied) != bound {
			t.Errorf("%q: %s under an RCP that denies it", action, got)
		}
		d := iam.Evaluate(req, &iam.Policies{Identity: admin, RCPs: [][]*iam.Policy{{}}})
		if slices.Contains(d.BlockedBy, iam.TypeRCP) != bound {
			t.Errorf("%q: %s by %v under a level without RCPs", action, d.Verdict, d.BlockedBy)
		}
		if e := iam.Explain(req, denied); bound != slices.ContainsFunc(e.Matched, func(m iam.Match) bool { return m.Origin.Type == iam.TypeRCP && m.Effect == iam.Deny }) {
			t.Errorf("%q: the explanation names %v", action, e.Matched)
		}
	}
}
