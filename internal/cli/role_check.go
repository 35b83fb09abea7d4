package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/awscloud"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/catalog"
	"github.com/writ-dev/writ/iam/cover"
	"github.com/writ-dev/writ/iam/inventory"
	"github.com/writ-dev/writ/roles"
	"github.com/writ-dev/writ/synth"
)

// roleFinding is what is wrong with a role whose rights do not come from the
// edges alone: from a file, or because it exists.
type roleFinding struct {
	// Kind is one of those below.
	Kind string   `json:"kind"`
	Role string   `json:"role"`
	For  []string `json:"for"`
	// Message says it in a sentence; Actions are the actions that it is about.
	Message  string       `json:"message"`
	Actions  []string     `json:"actions,omitempty"`
	Count    int          `json:"count,omitempty"`
	Resource string       `json:"resource,omitempty"`
	Edges    []edgeReport `json:"edges,omitempty"`
	// Position is the role file, or where the topology names the role.
	Position writ.Position `json:"position,omitzero"`
	// Fails: what runs as the role cannot do its work.
	Fails bool `json:"fails"`

	// named is set where the topology itself names the role, in every mode.
	named bool
}

// The kinds of finding.
const (
	findNoRole    = "no-role"   // the account has no such role, or has it in another place
	findTrust     = "trust"     // who has to take it on may not
	findMissing   = "missing"   // it does not allow what an edge needs
	findUnknown   = "unknown"   // whether it does depends on what only a real call has
	findUnreal    = "unreal"    // it names an action that there is not
	findExcess    = "excess"    // it allows what no edge needs
	findUnchecked = "unchecked" // there is no cloud to look it up in
)

// judged is a role to be tried, and all of a namespace that runs as it.
type judged struct {
	roles []synth.Role
	needs []cover.Need
	// places are where the edges of the needs stand, by their texts.
	places map[string]writ.Position
}

func (j *judged) first() synth.Role { return j.roles[0] }

func (j *judged) whose() []string {
	var all []string
	for _, r := range j.roles {
		all = append(all, who(string(r.Kind), r.Name))
	}
	return all
}

// exists reports whether the role is not made here.
func (j *judged) exists() bool { return j.first().Choice.Existing != nil }

// bareName is the name in the ARN or the path/name of a role: IAM looks a role
// up by that alone, and no two roles of an account share it.
func bareName(role string) string { return role[strings.LastIndexByte(role, '/')+1:] }

// examine tries every edge against the roles of a system whose rights do not
// come from edges alone.
func (sh *shell) examine(ctx context.Context, o order, s *system, account inventory.Account) ([]roleFinding, error) {
	list := judgedRoles(s.output)
	if len(list) == 0 {
		return nil, nil
	}
	if err := sh.addNeeds(o, s, account, list); err != nil {
		return nil, err
	}
	inv, err := inventory.Read(account, inventory.Stack{Name: s.stack, Template: s.output.Template})
	if err != nil {
		return nil, err
	}
	var all []roleFinding
	for _, j := range list {
		found, err := j.examine(ctx, o.account, inv, account)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// judgedRoles gathers what runs as one role.
func judgedRoles(out *synth.Output) []*judged {
	var list []*judged
	for _, r := range out.Roles {
		if r.Choice.Source == roles.Derived {
			continue
		}
		i := slices.IndexFunc(list, func(j *judged) bool {
			return j.exists() == (r.Choice.Existing != nil) && bareName(j.first().RoleName) == bareName(r.RoleName)
		})
		if i < 0 {
			i, list = len(list), append(list, &judged{places: map[string]writ.Position{}})
		}
		list[i].roles = append(list[i].roles, r)
	}
	return list
}

// addNeeds adds what the edges of each role ask for: what would be in its policy
// if it were made from them.
func (sh *shell) addNeeds(o order, s *system, account inventory.Account, list []*judged) error {
	out, err := synth.Template(s.topology, synth.Options{
		Sandbox: o.sandbox, Env: o.profile, Assets: s.assets, Local: o.where == onLocalCloud, Variables: sh.tcVariables(),
	})
	if err != nil {
		return err
	}
	inv, err := inventory.Read(account, inventory.Stack{Name: s.stack, Template: out.Template})
	if err != nil {
		return err
	}
	for _, made := range out.Roles {
		for _, j := range list {
			if !slices.ContainsFunc(j.roles, func(r synth.Role) bool { return r.Kind == made.Kind && r.Name == made.Name }) {
				continue
			}
			for _, statement := range reportRole(out, inv, made).Statements {
				j.needs = append(j.needs, needOf(s, statement))
				for _, e := range statement.Edges {
					if _, known := j.places[e.Edge]; !known {
						j.places[e.Edge] = e.Position
					}
				}
			}
		}
	}
	return nil
}

// needOf is a statement as a need. What a stack makes bears its tags; that of
// an import is another namespace's.
func needOf(s *system, statement statementReport) cover.Need {
	need := cover.Need{Statement: statement.Statement, Context: iam.Context{}}
	for _, e := range statement.Edges {
		need.Edges = append(need.Edges, e.Edge)
		if need.Position.IsZero() {
			need.Position = e.Position
		}
	}
	namespace := s.topology.Name
	for _, i := range s.topology.Imports {
		if i.Name == statement.imported {
			namespace = i.Namespace
		}
	}
	for _, c := range statement.Statement.Conditions {
		if iam.Key(c.Key) == iam.Key("aws:ResourceTag/sandbox") {
			need.Context[iam.Key("aws:ResourceTag/namespace")] = iam.One(namespace)
			need.Context[iam.Key("aws:ResourceTag/deployer")] = iam.One("writ")
		}
	}
	return need
}

// examine tries one role.
func (j *judged) examine(ctx context.Context, cloud *awscloud.Account, inv *inventory.Inventory, account inventory.Account) ([]roleFinding, error) {
	given := cover.Given{Account: account.ID, Context: iam.Context{iam.Key("aws:RequestedRegion"): iam.One(account.Region)}}
	var found []roleFinding
	if j.exists() {
		if cloud == nil {
			return []roleFinding{j.finding(findUnchecked, "it was not looked up: there is no cloud to ask")}, nil
		}
		real, there, err := cloud.Role(ctx, bareName(j.first().RoleName))
		if err != nil {
			return nil, err
		}
		if !there {
			return []roleFinding{j.noRole()}, nil
		}
		if found = j.elsewhere(real, account); found != nil {
			return found, nil
		}
		if found, err = j.trust(real, account); err != nil {
			return nil, err
		}
		if err := giveReal(&given, real, account); err != nil {
			return nil, err
		}
	} else if err := j.giveMade(&given, inv); err != nil {
		return nil, err
	}
	report := cover.Check(j.needs, given)
	found = append(found, j.missing(report)...)
	if j.exists() || j.first().Choice.Way == roles.Replace {
		found = append(found, j.excess(report)...)
	}
	return append(found, j.unreal(given.Policies)...), nil
}

// unreal finds the words of policies that are no action of AWS: in an Allow they
// give nothing, in a Deny they stop nothing.
func (j *judged) unreal(policies *iam.Policies) []roleFinding {
	var all []roleFinding
	for _, p := range slices.Concat(policies.Identity, []*iam.Policy{policies.Boundary}) {
		if p == nil {
			continue
		}
		for _, m := range p.Statements() {
			source := m.Source()
			for _, action := range slices.Concat(source.Action, source.NotAction) {
				if len(catalog.AWS().Expand(action)) > 0 {
					continue
				}
				f := j.finding(findUnreal, fmt.Sprintf("%s of %s names %s, which AWS does not have", statementName(m.Statement, m.Sid), p.Origin.Name, action))
				if near := catalog.AWS().NearestAction(action); near != "" {
					f.Message += "; did you mean " + near + "?"
				}
				f.Actions, f.Count = []string{action}, 1
				all = append(all, f)
			}
		}
	}
	return all
}

func policiesOf(role awscloud.Role) (*iam.Policies, error) {
	p := &iam.Policies{}
	for _, policy := range role.Policies {
		compiled, err := iam.Load([]byte(policy.Document), iam.Origin{Type: iam.TypeIdentity, Name: policy.Name, ARN: policy.ARN})
		if err != nil {
			return nil, writ.Errorf(writ.CodeOf(err), "policy %s of role %s: %w", policy.Name, role.Name, err)
		}
		p.Identity = append(p.Identity, compiled)
	}
	if b := role.Boundary; b != nil {
		compiled, err := iam.Load([]byte(b.Document), iam.Origin{Type: iam.TypeBoundary, Name: b.Name, ARN: b.ARN})
		if err != nil {
			return nil, writ.Errorf(writ.CodeOf(err), "boundary %s of role %s: %w", b.Name, role.Name, err)
		}
		p.Boundary = compiled
	}
	return p, nil
}

func (j *judged) finding(kind, message string) roleFinding {
	choice := j.first().Choice
	return roleFinding{
		Kind: kind, Role: j.first().RoleName, For: j.whose(), Message: message,
		Position: choice.Position, named: choice.Source == roles.Provided,
	}
}

func (j *judged) noRole() roleFinding {
	f := j.finding(findNoRole, "the account has no such role")
	if names := j.first().Choice.Existing; len(names) > 1 {
		f.Message = "the account has no role of this name, nor " + strings.Join(names[1:], ", ")
	}
	f.Fails = true
	return f
}

// elsewhere gives a finding for each who asks for the role in another place
// than it is in: what is deployed names the whole ARN.
func (j *judged) elsewhere(real awscloud.Role, account inventory.Account) []roleFinding {
	var all []roleFinding
	for _, r := range j.roles {
		asked := r.RoleName
		if !strings.HasPrefix(asked, "arn:") {
			asked = "arn:" + partition(account) + ":iam::" + account.ID + ":role/" + asked
		}
		if asked == real.ARN {
			continue
		}
		f := j.finding(findNoRole, "the account has no "+asked+"; the role of this name is "+real.ARN)
		f.For, f.Fails = []string{who(string(r.Kind), r.Name)}, true
		all = append(all, f)
	}
	return all
}

// trust asks whether the services that have to take the role on may.
func (j *judged) trust(role awscloud.Role, account inventory.Account) ([]roleFinding, error) {
	trust, err := iam.Load([]byte(role.Trust), iam.Origin{Type: iam.TypeTrust, Name: role.Name, ARN: role.ARN})
	if err != nil {
		return nil, writ.Errorf(writ.CodeOf(err), "the trust policy of role %s: %w", role.Name, err)
	}
	var asked []string
	var found []roleFinding
	for _, r := range j.roles {
		if slices.Contains(asked, r.Service) {
			continue
		}
		asked = append(asked, r.Service)
		request := &iam.Request{
			Principal: iam.ParsePrincipal(r.Service), Action: "sts:AssumeRole", Resource: role.ARN, ResourceAccount: account.ID,
			Context: iam.Context{iam.Key("aws:SourceAccount"): iam.One(account.ID)},
		}
		if iam.Evaluate(request, &iam.Policies{Resource: trust}).Verdict == iam.Allowed {
			continue
		}
		entity := who(string(r.Kind), r.Name)
		f := j.finding(findTrust, "its trust policy does not let in "+r.Service+", which takes it on for "+entity)
		f.Fails = true
		if conditional(trust, r.Service) {
			f = j.finding(findUnknown, "its trust policy lets in "+r.Service+" under conditions of which Writ cannot say whether they hold for "+entity)
		}
		found = append(found, f)
	}
	return found, nil
}

// conditional reports whether a trust policy that does not let a service in may
// do so all the same, as its conditions fall out.
func conditional(trust *iam.Policy, service string) bool {
	let := false
	for _, m := range trust.Statements() {
		s := m.Source()
		if s.Principal == nil || !s.Principal.All && !slices.Contains(s.Principal.Service, service) {
			continue
		}
		if s.Effect == iam.Deny && len(s.Conditions) == 0 {
			return false
		}
		let = let || s.Effect == iam.Allow
	}
	return let
}

// missing gives a finding for each need with what of it is not allowed.
func (j *judged) missing(report cover.Report) []roleFinding {
	var all []roleFinding
	add := func(kind string, need cover.Need, action, resource, message string) {
		i := slices.IndexFunc(all, func(f roleFinding) bool {
			return f.Kind == kind && f.Resource == resource && f.Message == message && slices.EqualFunc(f.Edges, need.Edges, func(e edgeReport, text string) bool { return e.Edge == text })
		})
		if i < 0 {
			f := j.finding(kind, message)
			f.Resource, f.Fails = resource, j.exists() && kind == findMissing
			for _, e := range need.Edges {
				f.Edges = append(f.Edges, edgeReport{e, j.places[e]})
			}
			i, all = len(all), append(all, f)
		}
		if !slices.Contains(all[i].Actions, action) {
			all[i].Actions = append(all[i].Actions, action)
			all[i].Count++
		}
	}
	for _, m := range report.Missing {
		add(findMissing, m.Need, m.Action, m.Resource, "it does not allow what an edge needs")
	}
	for _, u := range report.Unknown {
		why := u.Reason
		if len(u.Keys) > 0 {
			why = "that depends on " + strings.Join(u.Keys, ", ")
		}
		add(findUnknown, u.Need, u.Action, u.Resource, "whether it allows what an edge needs is not known: "+why)
	}
	return all
}

// excess gives a finding for each statement that allows more than is needed.
func (j *judged) excess(report cover.Report) []roleFinding {
	var all []roleFinding
	for _, e := range report.Excess {
		f := j.finding(findExcess, "")
		name := fmt.Sprintf("%s of %s", statementName(e.Statement, e.Sid), e.Policy.Name)
		var parts []string
		if e.Unneeded.Count > 0 {
			parts = append(parts, counted(e.Unneeded.Count, "action")+" that no edge needs")
		}
		if e.Wider.Count > 0 {
			parts = append(parts, counted(e.Wider.Count, "action")+" on more than the edges need")
		}
		if e.CannotTell.Count > 0 {
			parts = append(parts, counted(e.CannotTell.Count, "action")+" of which Writ cannot tell")
		}
		f.Message, f.Count = name+" allows "+strings.Join(parts, ", "), e.Unneeded.Count+e.Wider.Count
		for _, sample := range []cover.Sample{e.Unneeded, e.Wider} {
			for _, c := range sample.Calls {
				f.Actions = append(f.Actions, c.Action)
			}
		}
		if len(parts) > 0 {
			all = append(all, f)
		}
	}
	return all
}
