package directory

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
)

// maxSimulated bounds one simulation: actions times resources.
const maxSimulated = 10000

// simulation is a decoded Simulate... call.
type simulation struct {
	principal iam.Principal
	policies  iam.Policies
	// documents are the texts of the policies, for the keys they ask for.
	documents []string
	actions   []string
	resources []string
	context   iam.Context
	owner     string
	// role is the simulated role's name, "" for SimulateCustomPolicy.
	role string
}

type matchedXML struct{ SourcePolicyId, SourcePolicyType string }

type allowedXML struct{ AllowedByPermissionsBoundary bool }

type resultXML struct {
	EvalActionName, EvalResourceName, EvalDecision string
	MatchedStatements                              []matchedXML `xml:"MatchedStatements>member"`
	MissingContextValues                           []string     `xml:"MissingContextValues>member"`
	PermissionsBoundaryDecisionDetail              *allowedXML
}

func (d *Directory) simulatePrincipal(c *gate.Call) (any, error) {
	arn := c.Form.Get("PolicySourceArn")
	s := d.current.Load()
	r := s.roleByARN(arn)
	if r == nil {
		return nil, noSuch("The entity with arn %s cannot be found.", arn)
	}
	in := &simulation{role: r.Name, principal: iam.Principal{Kind: iam.PrincipalRole, ARN: r.ARN, RoleARN: r.ARN, Account: d.cfg.Account}}
	in.policies.Identity = slices.Clone(r.access.Identity)
	in.policies.Boundary = r.access.Boundary
	for _, name := range slices.Sorted(maps.Keys(r.Inline)) {
		in.documents = append(in.documents, r.Inline[name])
	}
	for _, used := range append(slices.Clone(r.Attached), r.Boundary) {
		if p, ok := s.policies[used]; ok {
			in.documents = append(in.documents, p.version(p.Default).Document)
		}
	}
	if err := in.parse(c); err != nil {
		return nil, err
	}
	for key, value := range r.access.Tags {
		setDefault(in.context, "aws:principaltag/"+strings.ToLower(key), value)
	}
	return in.run(c)
}

func (d *Directory) simulateCustom(c *gate.Call) (any, error) {
	in := &simulation{principal: iam.Principal{Kind: iam.PrincipalUser, ARN: "arn:aws:iam::" + d.cfg.Account + ":user/custom", Account: d.cfg.Account}}
	if len(members(c, "PolicyInputList")) == 0 {
		return nil, gate.Errorf("InvalidInput", "PolicyInputList must not be empty")
	}
	if err := in.parse(c); err != nil {
		return nil, err
	}
	return in.run(c)
}

// setDefault gives a context key that the caller did not give.
func setDefault(context iam.Context, key, value string) {
	if _, ok := context[key]; !ok {
		context[key] = iam.One(value)
	}
}

// parse reads what both operations have in common.
func (in *simulation) parse(c *gate.Call) error {
	in.actions, in.resources = members(c, "ActionNames"), members(c, "ResourceArns")
	if len(in.actions) == 0 {
		return gate.Errorf("InvalidInput", "ActionNames must not be empty")
	}
	for _, action := range in.actions {
		if service, name, ok := strings.Cut(action, ":"); !ok || service == "" || name == "" {
			return gate.Errorf("InvalidInput", "Invalid Action: %s", action)
		}
	}
	if len(in.resources) == 0 {
		in.resources = []string{"*"}
	}
	if len(in.actions)*len(in.resources) > maxSimulated {
		return gate.Errorf("InvalidInput", "The simulation has more than %d combinations of actions and resources", maxSimulated)
	}
	in.owner = c.Form.Get("ResourceOwner")
	if parts := strings.Split(in.owner, ":"); len(parts) > 4 {
		in.owner = parts[4]
	}
	if err := in.parsePolicies(c); err != nil {
		return err
	}
	in.context = iam.Context{}
	for i := 1; c.Form.Has(fmt.Sprintf("ContextEntries.member.%d.ContextKeyName", i)); i++ {
		at := fmt.Sprintf("ContextEntries.member.%d.", i)
		values := members(c, at+"ContextKeyValues")
		value := iam.Value{Values: values, Multi: strings.HasSuffix(c.Form.Get(at+"ContextKeyType"), "List")}
		in.context[strings.ToLower(c.Form.Get(at+"ContextKeyName"))] = value
	}
	if arn := c.Form.Get("CallerArn"); arn != "" {
		in.principal = iam.Principal{Kind: iam.PrincipalUser, ARN: arn, Account: in.principal.Account}
		if strings.Contains(arn, ":role/") {
			in.principal.Kind, in.principal.RoleARN = iam.PrincipalRole, arn
		}
	}
	setDefault(in.context, "aws:principalarn", in.principal.ARN)
	setDefault(in.context, "aws:principalaccount", in.principal.Account)
	return nil
}

// parsePolicies loads the policies that come with the request.
func (in *simulation) parsePolicies(c *gate.Call) error {
	load := func(list string, i int, text string, kind iam.PolicyType) (*iam.Policy, error) {
		p, err := iam.Load([]byte(text), iam.Origin{Type: kind, Name: fmt.Sprintf("%s.%d", list, i)})
		if err != nil {
			return nil, gate.Errorf("InvalidInput", "Invalid policy in %s: %s", list, err)
		}
		in.documents = append(in.documents, text)
		return p, nil
	}
	for i, text := range members(c, "PolicyInputList") {
		p, err := load("PolicyInputList", i+1, text, iam.TypeIdentity)
		if err != nil {
			return err
		}
		in.policies.Identity = append(in.policies.Identity, p)
	}
	for i, text := range members(c, "PermissionsBoundaryPolicyInputList") {
		if i > 0 {
			return gate.Errorf("InvalidInput", "Only one permissions boundary policy can be given")
		}
		p, err := load("PermissionsBoundaryPolicyInputList", 1, text, iam.TypeBoundary)
		if err != nil {
			return err
		}
		in.policies.Boundary = p
	}
	if text := c.Form.Get("ResourcePolicy"); text != "" {
		p, err := load("ResourcePolicy", 1, text, iam.TypeResource)
		if err != nil {
			return err
		}
		in.policies.Resource = p
	}
	return nil
}

// run evaluates every action on every resource.
func (in *simulation) run(c *gate.Call) (any, error) {
	missing := in.missingKeys()
	var list []resultXML
	for _, action := range in.actions {
		for _, resource := range in.resources {
			list = append(list, in.one(action, resource, missing))
		}
	}
	type row struct {
		number string
		resultXML
	}
	rows := make([]row, len(list))
	for i := range list {
		rows[i] = row{fmt.Sprintf("%08d", i), list[i]}
	}
	rows, more, marker, err := page(c, rows, func(r row) string { return r.number })
	list = list[:0]
	for _, r := range rows {
		list = append(list, r.resultXML)
	}
	return struct {
		EvaluationResults []resultXML `xml:"EvaluationResults>member"`
		IsTruncated       bool
		Marker            string `xml:",omitempty"`
	}{list, more, marker}, err
}

// one evaluates one action on one resource.
func (in *simulation) one(action, resource string, missing []string) resultXML {
	request := &iam.Request{
		Principal: in.principal, Action: action, Resource: resource, ResourceAccount: in.owner,
		WildcardOnly: resource == "*", Context: in.context,
	}
	decision := iam.Evaluate(request, &in.policies)
	out := resultXML{EvalActionName: action, EvalResourceName: resource, MissingContextValues: missing}
	switch decision.Verdict {
	case iam.Allowed:
		out.EvalDecision = "allowed"
	case iam.ExplicitlyDenied:
		out.EvalDecision = "explicitDeny"
	case iam.ImplicitlyDenied:
		out.EvalDecision = "implicitDeny"
	}
	for _, m := range decision.Matched {
		out.MatchedStatements = append(out.MatchedStatements, in.matched(m))
	}
	if in.policies.Boundary != nil {
		out.PermissionsBoundaryDecisionDetail = &allowedXML{!slices.Contains(decision.BlockedBy, iam.TypeBoundary)}
	}
	return out
}

// matched names a statement's policy as AWS does.
func (in *simulation) matched(m iam.Match) matchedXML {
	switch {
	case m.Origin.Type == iam.TypeResource:
		return matchedXML{"ResourcePolicy", "Resource Policy"}
	case in.role != "" && m.Origin.ARN == "" && !strings.Contains(m.Origin.Name, "InputList."):
		return matchedXML{"role_" + in.role + "_" + m.Origin.Name, "IAM Policy"}
	}
	return matchedXML{m.Origin.Name, "IAM Policy"}
}

// missingKeys are the keys that conditions ask for and the request does not give.
func (in *simulation) missingKeys() []string {
	found := map[string]bool{}
	for _, text := range in.documents {
		document, err := iam.Parse([]byte(text))
		if err != nil {
			continue // it was loaded before
		}
		for _, s := range document.Statements {
			for _, condition := range s.Conditions {
				if _, given := in.context[strings.ToLower(condition.Key)]; !given {
					found[condition.Key] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}
