package directory

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/catalog"
	"github.com/writ-dev/writ/localcloud/gate"
)

// The shapes of a simulation's results (IAM API Reference, EvaluationResult
// and ResourceSpecificResult).
type (
	positionXML struct{ Line, Column int }

	matchedXML struct {
		SourcePolicyId, SourcePolicyType string
		StartPosition, EndPosition       positionXML
	}

	// detailsXML is a map. It is there but empty within one account.
	detailsXML struct {
		Entries []detailXML `xml:"entry"`
	}
	detailXML struct {
		Key   string `xml:"key"`
		Value string `xml:"value"`
	}

	allowedXML      struct{ AllowedByPermissionsBoundary bool }
	organizationXML struct{ AllowedByOrganizations bool }

	resultXML struct {
		EvalActionName, EvalResourceName, EvalDecision string
		EvalDecisionDetails                            *detailsXML
		MatchedStatements                              []matchedXML `xml:"MatchedStatements>member"`
		MissingContextValues                           []string     `xml:"MissingContextValues>member"`
		OrganizationsDecisionDetail                    *organizationXML
		PermissionsBoundaryDecisionDetail              *allowedXML
		ResourceSpecificResults                        []specificXML `xml:"ResourceSpecificResults>member"`
	}

	specificXML struct {
		EvalResourceName, EvalResourceDecision string
		EvalDecisionDetails                    *detailsXML
		MatchedStatements                      []matchedXML `xml:"MatchedStatements>member"`
		MissingContextValues                   []string     `xml:"MissingContextValues>member"`
		PermissionsBoundaryDecisionDetail      *allowedXML
	}
)

// The decisions, from the least restrictive to the most.
var decisions = []string{"allowed", "implicitDeny", "explicitDeny"}

func decisionOf(v iam.Verdict) string {
	switch v {
	case iam.Allowed:
		return decisions[0]
	case iam.ExplicitlyDenied:
		return decisions[2]
	}
	return decisions[1]
}

// stricter gives the more restrictive of two decisions.
func stricter(a, b string) string {
	return decisions[max(slices.Index(decisions, a), slices.Index(decisions, b), 0)]
}

// run evaluates every action on every resource, and gives one result for each
// action, as the API does since it has ResourceSpecificResults.
func (in *simulation) run(c *gate.Call) (any, error) {
	missing := in.missingKeys()
	type row struct {
		number string
		action string
	}
	rows := make([]row, len(in.actions))
	for i, action := range in.actions {
		rows[i] = row{fmt.Sprintf("%08d", i), action}
	}
	rows, more, marker, err := page(c, rows, func(r row) string { return r.number })
	var list []resultXML
	for _, r := range rows {
		list = append(list, in.action(r.action, missing))
	}
	return struct {
		EvaluationResults []resultXML `xml:"EvaluationResults>member"`
		IsTruncated       bool
		Marker            string `xml:",omitempty"`
	}{list, more, marker}, err
}

// action evaluates one action on every resource; what it says of all together
// is the most restrictive.
func (in *simulation) action(action string, missing []string) resultXML {
	out := resultXML{EvalActionName: action, EvalResourceName: kindOf(action), MissingContextValues: missing}
	for _, resource := range in.resources {
		one, allowedBySCP := in.one(action, resource)
		one.MissingContextValues = missing
		out.EvalDecision = stricter(out.EvalDecision, one.EvalResourceDecision)
		out.EvalDecisionDetails = mergeDetails(out.EvalDecisionDetails, one.EvalDecisionDetails)
		if b := one.PermissionsBoundaryDecisionDetail; b != nil {
			if out.PermissionsBoundaryDecisionDetail == nil {
				out.PermissionsBoundaryDecisionDetail = &allowedXML{true}
			}
			out.PermissionsBoundaryDecisionDetail.AllowedByPermissionsBoundary = out.PermissionsBoundaryDecisionDetail.AllowedByPermissionsBoundary && b.AllowedByPermissionsBoundary
		}
		if len(in.policies.SCPs) > 0 {
			if out.OrganizationsDecisionDetail == nil {
				out.OrganizationsDecisionDetail = &organizationXML{true}
			}
			out.OrganizationsDecisionDetail.AllowedByOrganizations = out.OrganizationsDecisionDetail.AllowedByOrganizations && allowedBySCP
		}
		if resource != "*" {
			out.ResourceSpecificResults = append(out.ResourceSpecificResults, one)
		}
		out.MatchedStatements = append(out.MatchedStatements, one.MatchedStatements...)
	}
	out.MatchedStatements = contributed(out.MatchedStatements, out.ResourceSpecificResults, out.EvalDecision)
	return out
}

// kindOf gives the form of the ARNs that an action is about, of several the
// plainest; "*" when it has no resource level or is not known.
func kindOf(action string) string {
	a, ok := catalog.AWS().Action(action)
	if !ok || a.WildcardOnly() {
		return "*"
	}
	return slices.MinFunc(a.Resources, func(x, y catalog.ResourceUse) int { return len(x.ARN) - len(y.ARN) }).ARN
}

// contributed gives each statement once, and only those of the resources whose
// decision is that of the whole.
func contributed(all []matchedXML, results []specificXML, decision string) []matchedXML {
	if len(results) > 0 {
		all = nil
		for _, r := range results {
			if r.EvalResourceDecision == decision {
				all = append(all, r.MatchedStatements...)
			}
		}
	}
	var out []matchedXML
	for _, m := range all {
		if !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out
}

func mergeDetails(a, b *detailsXML) *detailsXML {
	if a == nil || b == nil {
		if a == nil {
			return b
		}
		return a
	}
	out := &detailsXML{slices.Clone(a.Entries)}
	for _, e := range b.Entries {
		i := slices.IndexFunc(out.Entries, func(o detailXML) bool { return o.Key == e.Key })
		if i < 0 {
			out.Entries = append(out.Entries, e)
		} else {
			out.Entries[i].Value = stricter(out.Entries[i].Value, e.Value)
		}
	}
	return out
}

// one evaluates one action on one resource.
func (in *simulation) one(action, resource string) (out specificXML, allowedBySCP bool) {
	request := &iam.Request{
		Principal: in.principal, Action: action, Resource: resource, ResourceAccount: in.ownerOf(resource),
		WildcardOnly: resource == "*", Context: in.context,
	}
	policies := in.policiesFor(action, resource)
	explained := iam.Explain(request, policies)
	decision := explained.Decision
	out = specificXML{EvalResourceName: resource, EvalResourceDecision: decisionOf(decision.Verdict)}
	for _, m := range explained.Matched {
		if shape, ok := in.matched(m); ok && decided(m, decision.Verdict) {
			out.MatchedStatements = append(out.MatchedStatements, shape)
		}
	}
	allowedBySCP = !slices.Contains(decision.BlockedBy, iam.TypeSCP)
	if policies.Boundary != nil {
		limit := iam.Decide(request, &iam.Policies{Identity: everything, Boundary: policies.Boundary})
		out.PermissionsBoundaryDecisionDetail = &allowedXML{limit == iam.Allowed}
	}
	if resource != "*" && allowedBySCP {
		out.EvalDecisionDetails = in.details(request, policies)
	}
	return out, allowedBySCP
}

// decided reports whether a statement is one of those that the answer names:
// what denies, else what allows, of identity and resource policies alone.
func decided(m iam.Match, verdict iam.Verdict) bool {
	switch m.Origin.Type {
	case iam.TypeIdentity, iam.TypeResource, iam.TypeKey:
		return verdict == iam.ExplicitlyDenied && m.Effect == iam.Deny || verdict == iam.Allowed && m.Effect == iam.Allow
	}
	return false
}

// everything allows all that the other policies of an evaluation allow.
var everything = []*iam.Policy{iam.FullAWSAccess(iam.TypeIdentity)}

// details are the two halves of a decision across accounts; within one account
// they are empty.
func (in *simulation) details(request *iam.Request, policies *iam.Policies) *detailsXML {
	owner := request.ResourceAccount
	if owner == in.principal.Account {
		return &detailsXML{}
	}
	own := *request
	own.ResourceAccount = in.principal.Account
	return &detailsXML{[]detailXML{
		{"IAM Policy", decisionOf(iam.Decide(&own, &iam.Policies{Identity: policies.Identity, Boundary: policies.Boundary}))},
		{"Resource Policy", decisionOf(iam.Decide(request, &iam.Policies{Identity: everything, Resource: policies.Resource}))},
	}}
}

var accountPattern = regexp.MustCompile(`^\d{12}$`)

// ownerOf gives the account of a resource: that of its ARN, else ResourceOwner,
// else the caller's.
func (in *simulation) ownerOf(resource string) string {
	if parts := strings.SplitN(resource, ":", 6); len(parts) == 6 && accountPattern.MatchString(parts[4]) {
		return parts[4]
	}
	if in.owner != "" {
		return in.owner
	}
	return in.principal.Account
}

// policiesFor gives the policies as they count for one resource. Simulations
// do not look up policies of resources: a KMS key without one is taken as one
// that trusts its account, as keys are made by default.
func (in *simulation) policiesFor(action, resource string) *iam.Policies {
	p := in.policies
	if iam.ResourcePolicyType(action, resource) == iam.TypeKey {
		p.Resource = in.key
		if in.policies.Resource == nil {
			p.Resource = iam.Compile(&iam.Document{Version: iam.Version2012, Statements: []iam.Statement{{
				Effect: iam.Allow, Principal: &iam.PrincipalElement{AWS: []string{in.ownerOf(resource)}}, Action: []string{"kms:*"}, Resource: []string{"*"},
			}}}, iam.Origin{Type: iam.TypeKey, Name: "default key policy"})
		}
	}
	return &p
}
