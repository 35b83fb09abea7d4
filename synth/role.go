package synth

import (
	"strings"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/roles"
	"github.com/writ-dev/writ/topology"
)

// Role is what one entity acts as.
type Role struct {
	// Kind and Name are the entity as the topology has it; Name is "" where a
	// namespace has one role for all of a kind.
	Kind topology.Kind `json:"kind"`
	Name string        `json:"name"`
	// LogicalID is the role's in the template, "" for a role that exists already.
	LogicalID string `json:"logicalId,omitempty"`
	// RoleName is its IAM name, or its ARN where the topology gives one.
	RoleName string `json:"roleName"`
	// Service is who takes the role on, such as "lambda.amazonaws.com".
	Service string       `json:"service"`
	Choice  roles.Choice `json:"-"`
}

// role is a role as other resources refer to it.
type role struct {
	arn any
	// waits are the policies that give it its rights: what acts is made after them.
	waits []any
}

// roleOf gives the role of a principal. It is made here with what its edges
// allow, or with what a role file says; or it is one that exists.
func (b *builder) roleOf(p principal, statements []statement) role {
	choice := b.o.Roles.Of(p.kind, p.name)
	made := Role{Kind: p.kind, Name: p.name, Service: p.service, Choice: choice}
	var r role
	if choice.Existing != nil {
		made.RoleName = b.existing(choice)
		r.arn = roleARN(made.RoleName)
	} else {
		made.LogicalID, made.RoleName = p.stem()+"Role", b.nameOfRole(p, choice)
		r = b.makeRole(p, made.RoleName, choice, statements)
	}
	b.out.Roles = append(b.out.Roles, made)
	b.roles[p.node()] = r
	return r
}

// nameOfRole gives the IAM name of a role that is made.
func (b *builder) nameOfRole(p principal, choice roles.Choice) string {
	if choice.RoleName != "" {
		p.pos = choice.NamePosition
		name := b.plain(choice.RoleName, p)
		if strings.Contains(name, "/") { // a path belongs to roles that exist
			b.failOnce(notARoleName(name, p))
		}
		return name
	}
	return PrincipalRoleName(b.t, p.kind, p.name, b.o.Sandbox)
}

// makeRole adds a role and its policies. A policy is a resource of its own, so
// that a new edge shows as one statement and the role waits for nothing.
func (b *builder) makeRole(p principal, name string, choice roles.Choice, statements []statement) role {
	id := p.stem()
	b.claim("role", name, p.what(), p.pos)
	properties := cfn.Obj(
		"RoleName", name,
		"AssumeRolePolicyDocument", cfn.Obj("Version", "2012-10-17", "Statement", []any{p.trust()}),
	)
	bounded := choice.File != nil && choice.Way == roles.Boundary
	if bounded {
		properties.Set("PermissionsBoundary", ref(b.boundary(p, choice)))
	}
	properties.Set("Tags", b.tags())
	b.add(id+"Role", "the role of "+p.what(), p.pos, cfn.Obj("Type", "AWS::IAM::Role", "Properties", properties))
	r := role{arn: getAtt(id+"Role", "Arn")}
	switch {
	case choice.File == nil || bounded:
		r.waits = b.derived(p, id, name, statements)
	case choice.Way == roles.Merge:
		r.waits = append(b.derived(p, id, name, statements), b.fromFile(p, id+"FilePolicy", name+"-file", choice)...)
	default:
		r.waits = b.fromFile(p, id+"Policy", name, choice)
	}
	return r
}

// derived adds the policy with what a principal's edges allow, if they allow anything.
func (b *builder) derived(p principal, id, name string, statements []statement) (waits []any) {
	if len(statements) == 0 {
		return nil
	}
	var document []any
	for _, s := range statements {
		for _, e := range s.edges {
			b.out.Statements = append(b.out.Statements, Provenance{
				Kind: p.kind, Name: p.name, Role: id + "Role", Policy: id + "Policy", Index: len(document), Sid: s.sid,
				Position: e.pos, Edge: e.text,
			})
		}
		document = append(document, s.object())
	}
	b.inlinePolicy(p, id+"Policy", name, cfn.Obj("Version", "2012-10-17", "Statement", document))
	waits = []any{id + "Policy"}
	if p.kind == topology.KindFunction {
		waits = append(waits, b.importsOf(p, id+"Role")...)
	}
	return waits
}

func (b *builder) inlinePolicy(p principal, policyID, name string, document *cfn.Object) {
	b.add(policyID, "the policy of "+p.what(), p.pos, cfn.Obj(
		"Type", "AWS::IAM::Policy",
		"Properties", cfn.Obj("PolicyName", name, "PolicyDocument", document, "Roles", []any{ref(p.stem() + "Role")}),
	))
}

// waiting writes a resource that is made after the rights of its role: services
// look at them when it is made.
func waiting(resourceType string, r role, properties *cfn.Object) *cfn.Object {
	o := cfn.Obj("Type", resourceType)
	if len(r.waits) > 0 {
		o.Set("DependsOn", r.waits)
	}
	o.Set("Properties", properties)
	return o
}

// existing gives the name of a role that is not made here: of several names the
// first that the account has, else the first.
func (b *builder) existing(choice roles.Choice) string {
	for _, name := range choice.Existing {
		if b.o.Existing[name] {
			return name
		}
	}
	return b.plain(choice.Existing[0], principal{pos: choice.Position})
}

// roleARN gives the ARN of a role of this account by its name.
func roleARN(name string) any {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	return sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/" + name)
}

// metadata records in the template how its roles are made, so that the next
// deploy need not be told and a change of it is seen; nil where nobody chose.
func (b *builder) metadata() *cfn.Object {
	if b.o.Roles == nil {
		return nil
	}
	s := b.o.Roles.Settings
	if !s.Chosen && s.Mode == roles.Dynamic && s.Way == roles.Replace {
		return nil
	}
	mode := cfn.Obj("Mode", string(s.Mode))
	if s.Mode == roles.Shared || s.Way != roles.Replace {
		mode.Set("Way", string(s.Way))
	}
	if s.Mode == roles.Shared && s.Dir != "" {
		mode.Set("Dir", s.Dir)
	}
	return cfn.Obj("Writ", cfn.Obj("Roles", mode))
}

// RecordedRoles reads how the roles of a deployed template were made, as
// [Template] recorded it; ok is false where it did not.
func RecordedRoles(t *cfn.Template) (s roles.Settings, ok bool) {
	mode := t.Section("Metadata").Object("Writ").Object("Roles")
	if mode == nil || mode.Text("Mode") == "" {
		return roles.Settings{}, false
	}
	return roles.Settings{Mode: roles.Mode(mode.Text("Mode")), Way: roles.Way(mode.Text("Way")), Dir: mode.Text("Dir"), Chosen: true}, true
}
