package iam_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/writ-dev/writ/iam"
)

// One verdict, however it is asked for; a denial has a cause and a sentence;
// and the statements that are said to be missing are what was missing.
func TestExplainingChangesNothing(t *testing.T) {
	t.Parallel()
	const requests = 4 // of one set of policies
	forSeeds(t, bulk()/requests, func(seed uint64) bool {
		d, compiled := seeded(seed), compiler{}
		s := d.situation()
		first := s.req
		for range requests {
			if wrong := s.explained(compiled); wrong != "" {
				small := s.shrink(func(s situation) bool { return s.explained(compiler{}) != "" })
				t.Errorf("WRIT_SEED=%d: %s\n%s", seed, small.explained(compiler{}), small)
				return false
			}
			s.req = d.neighbour(first)
		}
		return true
	})
}

// The same through rapid.
func TestExplainingChangesNothingInRapid(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := fromRapid(t).situation()
		if wrong := s.explained(compiler{}); wrong != "" {
			t.Fatalf("%s\n%s", wrong, s)
		}
	})
}

// explained says what is wrong with the answers to one situation, if anything.
func (s situation) explained(c compiler) string {
	req, p := &s.req, c.policies(s)
	d, e := iam.Evaluate(req, p), iam.Explain(req, p)
	if v := iam.Decide(req, p); v != d.Verdict || e.Decision.Verdict != v {
		return "Decide: " + string(v) + ", Evaluate: " + string(d.Verdict) + ", Explain: " + string(e.Decision.Verdict)
	}
	if v := iam.Decide(req, unions(p)); v != d.Verdict {
		return "the lists: " + string(d.Verdict) + ", their unions: " + string(v)
	}
	if denied := d.Verdict != iam.Allowed; denied != (len(d.BlockedBy) > 0) || denied != (d.Sentence(req) != "") || denied && len(d.Reasons(req)) == 0 {
		return string(d.Verdict) + " without a cause, or with one"
	}
	for _, m := range d.Matched {
		if !slices.Contains(e.Matched, m) {
			return m.Rule() + " decided, but Explain does not list it"
		}
	}
	for _, m := range e.Matched {
		if m.Effect == iam.Deny && d.Verdict != iam.ExplicitlyDenied && !strings.EqualFold(req.Action, "sts:GetCallerIdentity") {
			return m.Rule() + " denies, but the verdict is " + string(d.Verdict)
		}
	}
	if !s.isSound() {
		return ""
	}
	return s.lacksWhatIsMissing(c, d)
}

// isSound reports whether the request could be: no statement helps one whose
// resource is no ARN, or whose aws:PrincipalArn is somebody else.
func (s situation) isSound() bool {
	role, told := s.req.Context["aws:principalarn"]
	isARN := strings.HasPrefix(s.req.Resource, "arn:") && strings.Count(s.req.Resource, ":") >= 5
	return (isARN || s.req.Resource == "*") && !(told && s.req.Principal.Kind == iam.PrincipalSession && !slices.Equal(role.Values, []string{s.req.Principal.RoleARN}))
}

// unions puts one policy in the place of every list.
func unions(p *iam.Policies) *iam.Policies {
	one := func(list []*iam.Policy) []*iam.Policy {
		if len(list) == 0 {
			return list
		}
		return []*iam.Policy{iam.Union(list)}
	}
	joined := *p
	joined.Identity, joined.Session, joined.SCPs, joined.RCPs = one(p.Identity), one(p.Session), nil, nil
	for _, level := range p.SCPs {
		joined.SCPs = append(joined.SCPs, one(level))
	}
	for _, level := range p.RCPs {
		joined.RCPs = append(joined.RCPs, one(level))
	}
	return &joined
}

// lacksWhatIsMissing adds what is said to be missing, step by step, until the
// request is allowed or nothing can help.
func (s situation) lacksWhatIsMissing(c compiler, d iam.Decision) string {
	before := d.Verdict
	for step := 0; d.Verdict == iam.ImplicitlyDenied; step++ {
		if step == 12 {
			return "adding what is missing does not help"
		}
		missing, where := d.Missing(&s.req)
		if missing == nil {
			if slices.Contains(d.BlockedBy, iam.TypeAWSOwned) {
				return ""
			}
			return "nothing is said to be missing"
		}
		if strings.Contains(fmt.Sprint(*missing), "${") {
			return "" // written for a document that has variables, which this one need not be
		}
		var ok bool
		if s, ok = s.grant(where, *missing); !ok {
			return "there is no place for a statement of kind " + string(where)
		}
		d = iam.Evaluate(&s.req, c.policies(s))
	}
	if before != iam.ExplicitlyDenied && d.Verdict == iam.ExplicitlyDenied && !slices.Contains(d.BlockedBy, iam.TypeBlockPublicAccess) {
		return "adding what is missing denies"
	}
	return ""
}

// grant adds a statement where it is lacking: to the policies of a kind, or to
// every level of an organisation.
func (s situation) grant(kind iam.PolicyType, extra iam.Statement) (situation, bool) {
	doc := &iam.Document{Version: iam.Version2012, Statements: []iam.Statement{extra}}
	add := func(to *iam.Document) *iam.Document {
		if to == nil {
			return doc
		}
		return &iam.Document{Version: to.Version, Statements: append(slices.Clone(to.Statements), extra)}
	}
	w := &s.world
	switch kind {
	case iam.TypeIdentity:
		w.Identity = append(slices.Clone(w.Identity), doc)
	case iam.TypeSession:
		w.Session = append(slices.Clone(w.Session), doc)
	case iam.TypeBoundary:
		w.Boundary = add(w.Boundary)
	case iam.TypeEndpoint:
		w.Endpoint = add(w.Endpoint)
	case iam.TypeResource, iam.TypeKey, iam.TypeTrust:
		w.ResourceKind, w.Resource = kind, add(w.Resource)
	case iam.TypeSCP:
		w.SCPs = slices.Clone(w.SCPs)
		for i := range w.SCPs {
			w.SCPs[i] = append(slices.Clone(w.SCPs[i]), doc)
		}
	default:
		return s, false
	}
	return s, true
}
