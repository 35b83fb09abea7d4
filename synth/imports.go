package synth

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
)

// imported is an import and the system that it leads to.
type imported struct {
	*topology.Import
	// there is the other system with the one entity in it: names and conditions
	// are made of its namespace and its sandbox.
	there  *builder
	entity entity
	users  []topology.Target
	// home: it leads to this very sandbox, as the imports from stable do in stable.
	home bool
}

// imports gives the imports of the topology, sorted by name; one that leads
// nowhere is an error.
func (b *builder) imports() []imported {
	var all []imported
	for _, i := range sorted(b.t.Imports, func(i *topology.Import) string { return i.Name }) {
		if there := b.elsewhere(i); there != nil {
			all = append(all, imported{
				Import: i, there: there, entity: importEntity(i.Kind), users: b.t.Users(i),
				home: there.t.Name == b.t.Name && there.o.Sandbox == b.o.Sandbox,
			})
		}
	}
	return all
}

func importEntity(kind topology.Kind) entity {
	if kind == topology.KindStore {
		return entityTable
	}
	return entity(kind)
}

// sandboxName is what a sandbox may be called: in names it keeps sandboxes apart,
// and in conditions it stands for itself.
var sandboxName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$`)

// elsewhere is the system of an import, nil when that cannot be told.
func (b *builder) elsewhere(i *topology.Import) *builder {
	namespace, sandbox := cmp.Or(i.Namespace, b.t.Name), b.o.Sandbox
	if i.Sandbox != "" {
		before := len(b.errs)
		text, plain := b.render(i.Sandbox, i.Pos).(string)
		if !plain {
			b.fail(writ.Errorf(writ.CodeInvalid, "the sandbox of import %s cannot hold the account or the region", i.Name).At(i.Pos, ""))
		}
		if plain && len(b.errs) == before && !sandboxName.MatchString(text) { // {{env}} is what the user calls a profile
			b.fail(writ.Errorf(writ.CodeInvalid, "import %s is of the sandbox %q, and no sandbox is called so", i.Name, text).
				WithHint("it takes letters, digits, - and _").At(i.Pos, ""))
		}
		if len(b.errs) > before {
			return nil
		}
		sandbox = text
	}
	if namespace == b.t.Name && sandbox == b.o.Sandbox && !b.t.Holds(i) {
		b.fail(writ.Errorf(writ.CodeInvalid, "import %s is of the sandbox %s, and this is it: there is no %s %s here", i.Name, sandbox, i.Kind, i.Entity).
			WithHint("deploy this topology to another sandbox, or add what it imports").At(i.Pos, ""))
		return nil
	}
	t := &topology.Topology{Name: namespace, Hyphenated: i.Hyphenated || namespace == b.t.Name && b.t.Hyphenated}
	if !putEntity(t, i) {
		b.fail(writ.Errorf(writ.CodeInvalid, "import %s: a %s cannot be imported", i.Name, i.Kind).At(i.Pos, ""))
		return nil
	}
	there := newBuilder(t, Options{Sandbox: sandbox})
	there.outside = true
	there.index()
	return there
}

// putEntity puts the entity of an import into the topology that stands for the
// other system. A table has indexes and a stream there for all that is known.
func putEntity(t *topology.Topology, i *topology.Import) bool {
	switch i.Kind {
	case topology.KindFunction:
		t.Functions = []*topology.Function{{Name: i.Entity}}
	case topology.KindStore:
		t.Stores = []*topology.Store{{Name: i.Entity, Kind: topology.StoreTable, Table: &topology.Table{Stream: "any", Indexes: make([]topology.Index, 1)}}}
	case topology.KindBucket:
		t.Stores = []*topology.Store{{Name: i.Entity, Kind: topology.StoreBucket}}
	case topology.KindQueue:
		t.Queues = []*topology.Queue{{Name: i.Entity, FIFO: i.FIFO}}
	case topology.KindTopic:
		t.Topics = []*topology.Topic{{Name: i.Entity}}
	case topology.KindStream:
		t.Streams = []*topology.Stream{{Name: i.Entity}}
	case topology.KindBus:
		t.Buses = []*topology.Bus{{Name: i.Entity}}
	case topology.KindSecret:
		t.Secrets = []*topology.Secret{{Name: i.Entity}}
	case topology.KindParameter:
		t.Parameters = []*topology.Parameter{{Name: i.Entity}}
	case topology.KindEvent:
		t.Events = []*topology.Event{{Name: i.Entity, Bus: i.Bus}}
		if i.Bus != "" {
			t.Buses = []*topology.Bus{{Name: i.Bus}}
		}
	case topology.KindState: // a namespace has one, whatever it is called
	default:
		return false
	}
	return true
}

// what names the entity of an import: "queue orders of payments in stable".
func (i imported) what() string {
	return string(i.entity) + " " + i.Entity + " of " + i.there.t.Name + " in " + i.there.o.Sandbox
}

// user gives who uses an import among its users.
func (i imported) user(function string) (topology.Target, bool) {
	n := slices.IndexFunc(i.users, func(u topology.Target) bool { return u.Name == function })
	if n < 0 {
		return topology.Target{}, false
	}
	return i.users[n], true
}

const importsEnd = "Imports"

// ImportPolicyName gives the IAM policy of what a function may do elsewhere:
// the name of its role and "-imports".
func ImportPolicyName(t *topology.Topology, function, sandbox string) string {
	return RoleName(t, function, sandbox) + "-imports" // 64 characters and 8, of 128
}

// importsOf adds what a function may do in other sandboxes and namespaces: a
// policy of its own, so that a deployed template tells these rights apart. An
// import that leads home, in the sandbox that the others import from, is in
// another. It gives the logical ids of the policies.
func (b *builder) importsOf(p principal, roleID string) (waits []any) {
	for _, home := range []bool{false, true} {
		id, name := p.stem()+importsEnd, ImportPolicyName(b.t, p.name, b.o.Sandbox)
		if home {
			id, name = p.stem()+"Own"+importsEnd, name+"-own"
		}
		document := b.importDocument(p, home, roleID, id)
		if document == nil {
			continue
		}
		policy := cfn.Obj("Type", "AWS::IAM::Policy")
		if !home {
			policy.Set("Metadata", cfn.Obj("Writ", cfn.Obj("Imports", true)))
		}
		policy.Set("Properties", cfn.Obj(
			"PolicyName", name,
			"PolicyDocument", cfn.Obj("Version", "2012-10-17", "Statement", document),
			"Roles", []any{ref(roleID)},
		))
		b.add(id, "the imports of "+p.what(), p.pos, policy)
		waits = append(waits, id)
	}
	return waits
}

func (b *builder) importDocument(p principal, home bool, roleID, policyID string) []any {
	var document []any
	for _, i := range b.imported {
		user, uses := i.user(p.name)
		if !uses || i.home != home {
			continue
		}
		for _, s := range b.importStatements(i, p.name, user.Pos) {
			for _, e := range s.edges {
				b.out.Statements = append(b.out.Statements, Provenance{
					Kind: p.kind, Name: p.name, Role: roleID, Policy: policyID, Index: len(document), Sid: s.sid,
					Position: e.pos, Edge: e.text, Import: i.Name,
				})
			}
			document = append(document, s.object())
		}
	}
	return document
}

// importStatements gives what an import allows: the statements of a grant, on
// the other system's names.
func (b *builder) importStatements(i imported, function string, pos writ.Position) []statement {
	var edges []edge
	for _, access := range i.Access {
		v, ok := findVerb(i.entity, access)
		if !ok {
			b.fail(unknownVerb(i.entity, topology.Grant{Access: access, Pos: i.Pos}))
			continue
		}
		edges = append(edges, edge{i.entity, i.Entity, v, pos, function + " -> " + i.what() + " (" + v.name + ")"})
	}
	statements := i.there.statements(node{}, edges)
	for n, s := range statements {
		part := strings.TrimPrefix(s.sid, title(string(i.entity))+logicalID(i.Entity))
		statements[n].sid = "Import" + logicalID(i.Name) + part
	}
	return statements
}

// importValue gives what ${imports.NAME.ATTRIBUTE} stands for.
func (b *builder) importValue(name, attribute string, pos writ.Position) any {
	n := slices.IndexFunc(b.imported, func(i imported) bool { return i.Name == name })
	if n < 0 {
		if !slices.ContainsFunc(b.t.Imports, func(i *topology.Import) bool { return i.Name == name }) { // else that is said already
			b.missing("import", name, pos, names(b.t.Imports, func(i *topology.Import) string { return i.Name }))
		}
		return ""
	}
	i := b.imported[n]
	known := topology.ImportAttributes(i.Kind)
	if !slices.Contains(known, attribute) {
		b.fail(writ.Errorf(writ.CodeInvalid, "${imports.%s.%s} refers to nothing", name, attribute).
			WithHint("write ${imports.%s.%s}", name, strings.Join(known, "} or ${imports."+name+".")).At(pos, ""))
		return ""
	}
	if attribute == "arn" {
		return i.there.resourceOf(node{}, i.entity, i.Entity, formSelf)
	}
	return i.value(attribute)
}

// value gives the AWS name or the URL of what is imported.
func (i imported) value(attribute string) any {
	t, sandbox := i.there.t, i.there.o.Sandbox
	switch i.entity {
	case entityFunction:
		return FunctionName(t, i.Entity, sandbox)
	case entityTable:
		return TableName(t, i.Entity, sandbox)
	case entityBucket:
		return sub(BucketName(t, i.Entity, sandbox) + "-${AWS::AccountId}-${AWS::Region}")
	case entityState:
		return StateMachineName(t, sandbox)
	case entityEvent:
		if i.Bus == "" {
			return "default"
		}
		return EntityName(t, topology.KindBus, i.Bus, sandbox)
	}
	x := i.there.things[node{Kind: i.Kind, Name: i.Entity}]
	x.external = x.physical
	return i.there.externalName(x, attribute)
}
