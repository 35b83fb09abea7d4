package synth

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
)

// edge is one right of a function, as the topology draws it.
type edge struct {
	entity entity
	name   string
	verb   verb
	pos    writ.Position
	text   string
}

// statement is one statement of a policy and the edges that it comes from.
type statement struct {
	sid     string
	actions []string
	forms   []form
	entity  entity
	name    string
	edges   []edge
}

// edges gives the edges of a function that become statements; what does not is
// an error or listed as skipped.
func (b *builder) edges(f *topology.Function) []edge {
	var found []edge
	for _, g := range f.Grants {
		if e, ok := b.grant(f, g); ok {
			found = append(found, e)
		}
	}
	for _, target := range f.Targets {
		if e, ok := b.target(f, target); ok {
			found = append(found, e)
		}
	}
	return sorted(found, func(e edge) string { return string(e.entity) + "\x00" + e.name + "\x00" + e.verb.name })
}

func (b *builder) grant(f *topology.Function, g topology.Grant) (edge, bool) {
	var kind entity
	text := f.Name + " -> " + string(g.Kind) + " " + g.Name
	if foreign(g.Name) {
		b.skip("grant", text, g.Pos, elsewhere)
		return edge{}, false
	}
	switch g.Kind {
	case topology.KindFunction:
		if b.functions[g.Name] == nil {
			b.missing("function", g.Name, g.Pos, names(b.t.Functions, functionName))
			return edge{}, false
		}
		kind = entityFunction
	case topology.KindStore, topology.KindBucket:
		s := b.stores[g.Name]
		if s == nil {
			b.missing(string(g.Kind), g.Name, g.Pos, names(b.t.Stores, storeName))
			return edge{}, false
		}
		kind = entityOf(s)
	default:
		b.skip("grant", text, g.Pos, "grants on a "+string(g.Kind)+" are not synthesised yet")
		return edge{}, false
	}
	v, ok := findVerb(kind, g.Access)
	if !ok {
		if _, later := topology.Verb(g.Kind, storeKind(kind), g.Access); later {
			b.skip("grant", text, g.Pos, g.Access+" is not synthesised yet")
		} else {
			b.fail(unknownVerb(kind, g))
		}
		return edge{}, false
	}
	if s := b.stores[g.Name]; kind == entityTable && v.name == "streamRead" && s.Table.Stream == "" {
		b.fail(writ.Errorf(writ.CodeInvalid, "store %s has no stream to read", g.Name).
			WithHint("give the store a stream, such as stream: NEW_AND_OLD_IMAGES").At(g.Pos, ""))
		return edge{}, false
	}
	return edge{kind, g.Name, v, g.Pos, text + " (" + v.name + ")"}, true
}

// target makes an edge of `function: other` under a function.
func (b *builder) target(f *topology.Function, target topology.Target) (edge, bool) {
	name := f.Name + " -> " + string(target.Kind) + " " + target.Name
	switch {
	case target.Kind != topology.KindFunction:
		b.skip("edge", name, target.Pos, "edges to a "+string(target.Kind)+" are not synthesised yet")
		return edge{}, false
	case foreign(target.Name):
		b.skip("edge", name, target.Pos, elsewhere)
		return edge{}, false
	case b.functions[target.Name] == nil:
		b.missing("function", target.Name, target.Pos, names(b.t.Functions, functionName))
		return edge{}, false
	}
	b.skip("edge", name, target.Pos, "the role may invoke it, but the call on success is not wired yet")
	v, _ := findVerb(entityFunction, "invoke")
	return edge{entityFunction, target.Name, v, target.Pos, name}, true
}

const elsewhere = "it leads to another topology, which is not synthesised yet"

// foreign reports whether a target is written as the AWS name of something
// elsewhere, as tc takes it.
func foreign(name string) bool {
	return strings.HasPrefix(name, "arn:") || strings.Contains(name, "{{")
}

func unknownVerb(kind entity, g topology.Grant) *writ.Error {
	known := verbNames(kind)
	err := writ.Errorf(writ.CodeInvalid, "%q is no access to a %s", g.Access, kind).At(g.Pos, "")
	if near := writ.Nearest(g.Access, known); near != "" {
		return err.WithHint("did you mean %s?", near)
	}
	return err.WithHint("a %s has %s", kind, strings.Join(known, ", "))
}

func (b *builder) missing(kind, name string, pos writ.Position, known []string) {
	err := writ.Errorf(writ.CodeInvalid, "there is no %s %q", kind, name).At(pos, "")
	if near := writ.Nearest(name, known); near != "" {
		err = err.WithHint("did you mean %s?", near)
	}
	b.fail(err)
}

func functionName(f *topology.Function) string { return f.Name }
func storeName(s *topology.Store) string       { return s.Name }

func names[T any](list []T, name func(T) string) []string {
	var all []string
	for _, x := range list {
		all = append(all, name(x))
	}
	return all
}

// statements gathers edges into statements: one for each entity, with what all
// edges to it allow together.
func statements(edges []edge) []statement {
	var list []statement
	for _, e := range edges {
		for _, a := range e.verb.allow {
			sid := title(string(e.entity)) + logicalID(e.name) + a.part
			if a.part == partListStreams {
				sid = a.part
			}
			i := slices.IndexFunc(list, func(s statement) bool { return s.sid == sid })
			if i < 0 {
				i = len(list)
				list = append(list, statement{sid: sid, entity: e.entity, name: e.name})
			}
			s := &list[i]
			s.actions = united(s.actions, a.actions)
			for _, f := range a.on {
				if !slices.Contains(s.forms, f) {
					s.forms = append(s.forms, f)
				}
			}
			s.edges = append(s.edges, e)
		}
	}
	for _, s := range list {
		slices.SortFunc(s.forms, func(x, y form) int { return strings.Compare(string(x), string(y)) })
	}
	return sorted(list, func(s statement) string { return s.sid })
}

// policy adds the policy of a function's role. It is a resource of its own, not
// part of the role, so that a new edge shows as one statement and so that the
// role itself waits for nothing.
func (b *builder) policy(f *topology.Function) {
	id := logicalID(f.Name)
	document := []any{statementObject("Logs", []string{"logs:CreateLogStream", "logs:PutLogEvents"},
		[]any{getAtt(id+"LogGroup", "Arn")})}
	b.provenance(f, 0, "Logs", []edge{{pos: f.Pos, text: f.Name + " -> its own log"}})
	for _, s := range statements(b.edges(f)) {
		var resources []any
		for _, form := range s.forms {
			if r := b.resource(f, s, form); r != nil {
				resources = append(resources, r)
			}
		}
		b.provenance(f, len(document), s.sid, s.edges)
		document = append(document, statementObject(s.sid, s.actions, resources))
	}
	b.add(id+"Policy", "the policy of function "+f.Name, f.Pos, cfn.Obj(
		"Type", "AWS::IAM::Policy",
		"Properties", cfn.Obj(
			"PolicyName", RoleName(b.t, f.Name, b.o.Sandbox),
			"PolicyDocument", cfn.Obj("Version", "2012-10-17", "Statement", document),
			"Roles", []any{ref(id + "Role")},
		),
	))
}

func (b *builder) provenance(f *topology.Function, index int, sid string, edges []edge) {
	id := logicalID(f.Name)
	for _, e := range edges {
		b.out.Statements = append(b.out.Statements, Provenance{
			Function: f.Name, Role: id + "Role", Policy: id + "Policy", Index: index, Sid: sid, Position: e.pos, Edge: e.text,
		})
	}
}

// resource gives the ARN of a form of a statement's entity, nil where the
// entity has none such.
func (b *builder) resource(f *topology.Function, s statement, form form) any {
	if form == formAny {
		return "*"
	}
	id := logicalID(s.name)
	switch s.entity {
	case entityFunction:
		return b.functionARN(f.Name, s.name, strings.TrimPrefix(string(form), "ARN"))
	case entityTable:
		switch {
		case form == formStream:
			return getAtt(id+"Table", "StreamArn")
		case form == formIndexes && len(b.stores[s.name].Table.Indexes) == 0:
			return nil
		}
		id += "Table"
	case entityBucket:
		id += "Bucket"
	}
	return arnOf(id, strings.TrimPrefix(string(form), "ARN"))
}

// statementObject writes a statement as CDK does: a list of one is a scalar.
func statementObject(sid string, actions []string, resources []any) *cfn.Object {
	list := make([]any, len(actions))
	for i, a := range actions {
		list[i] = a
	}
	return cfn.Obj("Sid", sid, "Effect", "Allow", "Action", scalar(list), "Resource", scalar(resources))
}

func scalar(list []any) any {
	if len(list) == 1 {
		return list[0]
	}
	return list
}
