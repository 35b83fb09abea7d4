package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/awscloud"
	"github.com/writ-dev/writ/iam"
)

// What a statement that is not the same here and there is called.
const (
	notDeclared = "it is not in the topology"
	notDeployed = "it is not deployed"
)

// madeUp are the types whose ids AWS makes up, and that policies name.
var madeUp = map[string]bool{
	"AWS::ApiGateway::RestApi": true, "AWS::ApiGatewayV2::Api": true, "AWS::AppSync::Api": true, "AWS::AppSync::GraphQLApi": true,
	"AWS::CloudFront::Distribution": true, "AWS::Cognito::UserPool": true, "AWS::KMS::Key": true,
}

// madeUpIDs asks for the ids that AWS made up for the resources of a system, by
// their logical ids; of an ARN its last part is the id.
func madeUpIDs(ctx context.Context, account *awscloud.Account, s *system) (map[string]string, error) {
	physical, err := account.PhysicalIDs(ctx, s.stack)
	if err != nil {
		return nil, err
	}
	ids := map[string]string{}
	for logical, id := range physical {
		if r, ok := s.output.Template.Resource(logical); ok && madeUp[r.Type] {
			ids[logical] = id[strings.LastIndexByte(id, '/')+1:]
		}
	}
	return ids, nil
}

// readBack puts what the account has in the place of what the topology says:
// each statement that both have keeps its edges, the others are marked.
func (r *roleReport) readBack(ctx context.Context, account *awscloud.Account) error {
	role, found, err := account.Role(ctx, bareName(r.Role))
	if err != nil {
		return err
	}
	if !found {
		why := "the role is not deployed"
		if r.trust == nil {
			why = "there is no such role"
		}
		r.Drift = append(r.Drift, why)
		return nil
	}
	trust, err := parsed(role.Trust, "the trust policy of "+r.Role)
	if err != nil {
		return err
	}
	declared := r.trust != nil
	if declared && !slices.EqualFunc(r.trust, trust.Statements, sameStatement) {
		r.Drift = append(r.Drift, "who may take the role on was changed")
	}
	r.trust = trust.Statements
	r.Trust, _ = trust.MarshalJSON() // it was parsed
	var real []statementReport
	for _, p := range role.Policies {
		statements, err := reportPolicy(p)
		if err != nil {
			return err
		}
		real = append(real, statements...)
	}
	r.Statements = merged(r.Statements, real, declared)
	var bound []statementReport
	if role.Boundary != nil {
		if bound, err = reportPolicy(*role.Boundary); err != nil {
			return err
		}
	}
	r.Boundary = merged(r.Boundary, bound, declared)
	return nil
}

func parsed(document, name string) (*iam.Document, error) {
	d, err := iam.Parse([]byte(document))
	if err != nil {
		return nil, writ.Errorf(writ.CodeOf(err), "%s: %w", name, err)
	}
	return d, nil
}

func reportPolicy(p awscloud.RolePolicy) ([]statementReport, error) {
	d, err := parsed(p.Document, "policy "+p.Name)
	if err != nil {
		return nil, err
	}
	var all []statementReport
	for _, s := range d.Statements {
		all = append(all, statementReport{Policy: p.Name, Statement: s, literal: d.Version != iam.Version2012})
	}
	return all, nil
}

// merged gives the real statements, with the edges of the declared ones.
func merged(declared, real []statementReport, mark bool) []statementReport {
	used := make([]bool, len(declared))
	all := []statementReport{}
	for _, s := range real {
		i := slices.IndexFunc(declared, func(d statementReport) bool { return sameReport(d, s) })
		switch {
		case i >= 0:
			used[i], s.Edges = true, declared[i].Edges
		case mark:
			s.Drift = notDeclared
		}
		all = append(all, s)
	}
	for i, d := range declared {
		if !used[i] {
			d.Drift = notDeployed
			all = append(all, d)
		}
	}
	return all
}

// sameReport compares what two statements mean: in the older version of the
// language "${" is text, so that a Deny with a variable denies nothing.
func sameReport(a, b statementReport) bool {
	text := canonical(a.Statement)
	return text == canonical(b.Statement) && (a.literal == b.literal || !strings.Contains(text, "${"))
}

// sameStatement compares what two statements say, in whatever order.
func sameStatement(a, b iam.Statement) bool { return canonical(a) == canonical(b) }

func canonical(s iam.Statement) string {
	sorted := func(list []string) []string {
		if list == nil {
			return nil
		}
		return slices.Sorted(slices.Values(list))
	}
	s.Action, s.NotAction = sorted(s.Action), sorted(s.NotAction)
	s.Resource, s.NotResource = sorted(s.Resource), sorted(s.NotResource)
	s.Conditions = slices.Clone(s.Conditions)
	for i := range s.Conditions {
		s.Conditions[i].Values = sorted(s.Conditions[i].Values)
	}
	slices.SortFunc(s.Conditions, func(x, y iam.ConditionElement) int {
		return cmp.Or(strings.Compare(x.Operator, y.Operator), strings.Compare(x.Key, y.Key))
	})
	raw, err := json.Marshal(s)
	if err != nil {
		return "" // statements of strings always encode
	}
	return string(raw)
}
