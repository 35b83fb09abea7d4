package directory

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
)

const (
	// maxSimulated bounds one simulation: actions times resources.
	maxSimulated = 10000
	// maxDocument bounds a policy of a simulation, in characters.
	maxDocument = 131072
)

// simulation is a decoded SimulateCustomPolicy or SimulatePrincipalPolicy (IAM
// API Reference). It is made for the callers that AWS simulates: users and roles.
type simulation struct {
	principal iam.Principal
	policies  iam.Policies
	// sources are the texts of the policies, for positions and for the context
	// keys that they ask for.
	sources   []source
	actions   []string
	resources []string
	context   iam.Context
	owner     string
	// key is the resource policy as the policy of a KMS key, for which other
	// rules hold.
	key *iam.Policy
}

// source is one policy of a simulation.
type source struct {
	origin iam.Origin
	// id is how AWS's answers name the policy.
	id, text string
	document *iam.Document
}

func (d *Directory) simulatePrincipal(c *gate.Call) (any, error) {
	s := d.current.Load()
	arn := c.Form.Get("PolicySourceArn")
	r := s.roleByARN(arn)
	if r == nil {
		return nil, noSuch("The entity with arn %s cannot be found.", arn)
	}
	if c.Form.Has("PolicyExclusionList.member.1.PolicyType") || c.Form.Has("PolicyExclusionList.member.1.PolicyArn") ||
		c.Form.Has("PolicyExclusionList.member.1.InlinePolicyIdentifier.PolicyName") {
		return nil, gate.Errorf("InvalidInput", "The local cloud does not leave policies out of a simulation: PolicyExclusionList")
	}
	in := &simulation{principal: iam.Principal{Kind: iam.PrincipalRole, ARN: r.ARN, RoleARN: r.ARN, Account: d.cfg.Account}}
	in.policies.Identity = slices.Clone(r.access.Identity)
	in.policies.Boundary = r.access.Boundary
	if r.Name != d.cfg.Unbound && d.cfg.SCPs != nil {
		in.policies.SCPs = slices.Clone(d.cfg.SCPs()) // more may be added below
	}
	for _, name := range slices.Sorted(maps.Keys(r.Inline)) {
		in.note(iam.Origin{Type: iam.TypeIdentity, Name: name}, "role_"+r.Name+"_"+name, r.Inline[name])
	}
	for _, used := range r.Attached {
		if p, ok := s.policies[used]; ok {
			in.note(p.compiled.Origin, p.Name, p.version(p.Default).Document)
		}
	}
	if p, ok := s.policies[r.Boundary]; ok {
		in.note(p.boundary.Origin, p.Name, p.version(p.Default).Document)
	}
	if err := in.parse(c); err != nil {
		return nil, err
	}
	for key, value := range r.access.Tags {
		setDefault(in.context, "aws:principaltag/"+iam.Key(key), value)
	}
	return in.run(c)
}

func (d *Directory) simulateCustom(c *gate.Call) (any, error) {
	in := &simulation{principal: iam.Principal{Kind: iam.PrincipalUser, ARN: "arn:aws:iam::" + d.cfg.Account + ":user/custom", Account: d.cfg.Account}}
	switch {
	case len(members(c, "PolicyInputList")) == 0:
		return nil, gate.Errorf("InvalidInput", "PolicyInputList must not be empty")
	case c.Form.Get("ResourcePolicy") != "" && c.Form.Get("CallerArn") == "":
		return nil, gate.Errorf("InvalidInput", "CallerArn must be specified when ResourcePolicy is present")
	}
	if err := in.parseLevels(c); err != nil {
		return nil, err
	}
	if err := in.parse(c); err != nil {
		return nil, err
	}
	return in.run(c)
}

// note remembers the text of a policy.
func (in *simulation) note(origin iam.Origin, id, text string) {
	if document, err := iam.Parse([]byte(text)); err == nil { // it was loaded before
		in.sources = append(in.sources, source{origin, id, text, document})
	}
}

// setDefault gives a context key that the caller did not give.
func setDefault(context iam.Context, key, value string) {
	if _, ok := context[key]; !ok {
		context[key] = iam.One(value)
	}
}

// parse reads what both operations have in common.
func (in *simulation) parse(c *gate.Call) error {
	for _, step := range []func(*gate.Call) error{in.parseQuestions, in.parseCaller, in.parsePolicies, in.parseContext} {
		if err := step(c); err != nil {
			return err
		}
	}
	setDefault(in.context, "aws:principalarn", in.principal.ARN)
	setDefault(in.context, "aws:principalaccount", in.principal.Account)
	return nil
}

// parseQuestions reads what is to be simulated.
func (in *simulation) parseQuestions(c *gate.Call) error {
	in.actions, in.resources = members(c, "ActionNames"), members(c, "ResourceArns")
	if len(in.actions) == 0 {
		return gate.Errorf("InvalidInput", "ActionNames must not be empty")
	}
	for _, action := range in.actions {
		service, name, ok := strings.Cut(action, ":")
		if !ok || service == "" || name == "" || len(action) > 128 || strings.ContainsAny(action, "*? \t\r\n") {
			return gate.Errorf("InvalidInput", "Invalid Action: %s", action)
		}
	}
	for _, resource := range in.resources {
		if resource == "" || len(resource) > 2048 {
			return gate.Errorf("InvalidInput", "Invalid Resource: %s", resource)
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
	return nil
}

// parseCaller reads who is to be simulated, where that is not the entity whose
// policies are: a user or a role, of whatever account.
func (in *simulation) parseCaller(c *gate.Call) error {
	arn := c.Form.Get("CallerArn")
	if arn == "" {
		return nil
	}
	caller := iam.ParsePrincipal(arn)
	switch caller.Kind {
	case iam.PrincipalUser:
	case iam.PrincipalRole:
		caller.RoleARN = arn
	default:
		return gate.Errorf("InvalidInput", "Invalid CallerArn: %s", arn)
	}
	if parts := strings.Split(arn, ":"); len(parts) != 6 || parts[2] != "iam" || len(caller.Account) != 12 {
		return gate.Errorf("InvalidInput", "Invalid CallerArn: %s", arn)
	}
	in.principal = caller
	return nil
}

// load compiles a policy of the request.
func (in *simulation) load(list, name, text string, kind iam.PolicyType) (*iam.Policy, error) {
	if utf8.RuneCountInString(text) > maxDocument {
		return nil, invalid(list, "policyDocument", fmt.Sprintf("Member must have length less than or equal to %d", maxDocument))
	}
	p, err := iam.Load([]byte(text), iam.Origin{Type: kind, Name: name})
	if err != nil {
		return nil, gate.Errorf("InvalidInput", "Invalid policy in %s: %s", list, err)
	}
	return p, nil
}

// parsePolicies loads the policies that come with the request.
func (in *simulation) parsePolicies(c *gate.Call) error {
	for i, text := range members(c, "PolicyInputList") {
		name := fmt.Sprintf("PolicyInputList.%d", i+1)
		p, err := in.load("PolicyInputList", name, text, iam.TypeIdentity)
		if err != nil {
			return err
		}
		in.note(p.Origin, name, text)
		in.policies.Identity = append(in.policies.Identity, p)
	}
	boundaries := members(c, "PermissionsBoundaryPolicyInputList")
	if len(boundaries) > 1 {
		return gate.Errorf("InvalidInput", "Only one permissions boundary policy can be given")
	}
	for _, text := range boundaries {
		p, err := in.load("PermissionsBoundaryPolicyInputList", "PermissionsBoundaryPolicyInputList.1", text, iam.TypeBoundary)
		if err != nil {
			return err
		}
		in.sources = slices.DeleteFunc(in.sources, func(s source) bool { return s.origin.Type == iam.TypeBoundary })
		in.note(p.Origin, p.Origin.Name, text)
		in.policies.Boundary = p
	}
	text := c.Form.Get("ResourcePolicy")
	if text == "" {
		return nil
	}
	var err error
	if in.policies.Resource, err = in.load("ResourcePolicy", "ResourcePolicy", text, iam.TypeResource); err != nil {
		return err
	}
	in.note(in.policies.Resource.Origin, "ResourcePolicy", text)
	// Where it is no key policy the questions about keys find none.
	in.key, _ = iam.Load([]byte(text), iam.Origin{Type: iam.TypeKey, Name: "ResourcePolicy"})
	return nil
}

// parseLevels reads the levels of an organisation, root first.
func (in *simulation) parseLevels(c *gate.Call) error {
	for i := 1; c.Form.Has(fmt.Sprintf("OrderedOrganizationPolicyInputList.member.%d.ServiceControlPolicyInputList.member.1", i)); i++ {
		level := []*iam.Policy{}
		for _, text := range members(c, fmt.Sprintf("OrderedOrganizationPolicyInputList.member.%d.ServiceControlPolicyInputList", i)) {
			p, err := in.load("OrderedOrganizationPolicyInputList", fmt.Sprintf("OrderedOrganizationPolicyInputList.%d", i), text, iam.TypeSCP)
			if err != nil {
				return err
			}
			level = append(level, p)
		}
		in.policies.SCPs = append(in.policies.SCPs, level)
	}
	return nil
}

// contextTypes are the types of a context key; one that ends in List is
// multi-valued.
var contextTypes = []string{
	"string", "stringList", "numeric", "numericList", "boolean", "booleanList", "ip", "ipList", "binary", "binaryList", "date", "dateList",
}

// parseContext reads the context of the simulated requests.
func (in *simulation) parseContext(c *gate.Call) error {
	in.context = iam.Context{}
	for i := 1; c.Form.Has(fmt.Sprintf("ContextEntries.member.%d.ContextKeyName", i)); i++ {
		at := fmt.Sprintf("ContextEntries.member.%d.", i)
		name, kind := c.Form.Get(at+"ContextKeyName"), c.Form.Get(at+"ContextKeyType")
		value := iam.Value{Values: members(c, at+"ContextKeyValues"), Multi: strings.HasSuffix(kind, "List")}
		_, twice := in.context[iam.Key(name)]
		switch {
		case len(name) < 5 || len(name) > 256:
			return invalid(name, fmt.Sprintf("contextEntries.%d.member.contextKeyName", i), "Member must have length between 5 and 256")
		case kind != "" && !slices.Contains(contextTypes, kind):
			return invalid(kind, fmt.Sprintf("contextEntries.%d.member.contextKeyType", i),
				"Member must satisfy enum value set: ["+strings.Join(contextTypes, ", ")+"]")
		case twice:
			return gate.Errorf("InvalidInput", "The context key %s is there twice", name)
		case kind == "":
			value.Multi = len(value.Values) > 1
		case !value.Multi && len(value.Values) > 1:
			return gate.Errorf("InvalidInput", "The context key %s has %d values, but its type is %s", name, len(value.Values), kind)
		}
		in.context[iam.Key(name)] = value
	}
	return nil
}
