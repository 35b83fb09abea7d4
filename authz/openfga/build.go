package openfga

import (
	"errors"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/internal/expr"
)

// builder joins the files of a model: extensions into their types, mixins into
// the relations of types, names into what they mean.
type builder struct {
	files    []*source
	types    map[string]*merged
	order    []*merged
	mixins   map[string]located
	conds    map[string]*authz.Condition
	problems []error
}

// merged is a type with what all files say of it.
type merged struct {
	name      string
	at        writ.Position
	relations []relDef
	from      []*source // of each relation
}

type located struct {
	def  typeDef
	file *source
}

// maxProblems is how many mistakes are shown at once.
const maxProblems = 10

func build(files []*source) (*authz.Model, error) {
	b := &builder{files: files, types: map[string]*merged{}, mixins: map[string]located{}, conds: map[string]*authz.Condition{}}
	m := &authz.Model{}
	b.gather()
	b.extend()
	b.conditions(m)
	for _, t := range b.order {
		m.Types = append(m.Types, b.typeOf(t))
	}
	if len(b.problems) > 0 {
		return nil, errors.Join(b.problems[:min(len(b.problems), maxProblems)]...)
	}
	// The engine knows what no single definition shows: cycles, tuplesets that are no relations of their own.
	if _, err := authz.New(m); err != nil {
		return nil, b.underline(err)
	}
	return m, nil
}

// underline gives an error of the engine the text of the line that it points at.
func (b *builder) underline(err error) error {
	e, ok := err.(*writ.Error)
	if !ok || e.Source != "" {
		return err
	}
	for _, f := range b.files {
		if f.at.File == e.Position.File {
			e.Source = f.lines.at(e.Position)
		}
	}
	return e
}

func (b *builder) problem(f *source, at writ.Position, format string, args ...any) *writ.Error {
	e := writ.Errorf(writ.CodeInvalid, format, args...).At(at, f.lines.at(at))
	b.problems = append(b.problems, e)
	return e
}

// gather collects the types and mixins that files define.
func (b *builder) gather() {
	for _, f := range b.files {
		for _, x := range f.mixins {
			if _, twice := b.mixins[x.name]; twice {
				b.problem(f, x.at, "mixin %s is there already", x.name)
			}
			b.mixins[x.name] = located{x, f}
		}
		for _, t := range f.types {
			if t.extends {
				continue
			}
			if t.name == "self" || t.name == "this" {
				b.problem(f, t.at, "%s cannot be the name of a type: it has a meaning of its own", t.name)
			}
			if b.types[t.name] != nil {
				b.problem(f, t.at, "type %s is there already", t.name)
				continue
			}
			m := &merged{name: t.name, at: t.at}
			b.types[t.name] = m
			b.order = append(b.order, m)
		}
	}
}

// extend adds relations to types: their own, then of mixins, then of extensions.
func (b *builder) extend() {
	for _, extensions := range []bool{false, true} {
		for _, f := range b.files {
			for _, t := range f.types {
				if t.extends != extensions {
					continue
				}
				m := b.types[t.name]
				if m == nil {
					b.problem(f, t.at, "there is no type %s to extend", t.name).Hint = likely(t.name, keys(b.types))
					continue
				}
				b.add(m, f, t.relations)
				for _, name := range t.includes {
					x, there := b.mixins[name.text]
					if !there {
						b.problem(f, name.at, "there is no mixin %s", name.text).Hint = likely(name.text, keys(b.mixins))
						continue
					}
					b.add(m, x.file, x.def.relations)
				}
			}
		}
	}
	for name, x := range b.mixins {
		for _, inner := range x.def.includes {
			b.problem(x.file, inner.at, "mixin %s includes another mixin", name)
		}
	}
}

func (b *builder) add(m *merged, f *source, relations []relDef) {
	for _, r := range relations {
		if slices.ContainsFunc(m.relations, func(o relDef) bool { return o.name == r.name }) {
			b.problem(f, r.at, "%s is defined already in type %s", r.name, m.name)
			continue
		}
		if r.name == "self" || r.name == "this" {
			b.problem(f, r.at, "%s cannot be the name of a relation: it has a meaning of its own", r.name)
		}
		m.relations, m.from = append(m.relations, r), append(m.from, f)
	}
}

func (b *builder) typeOf(t *merged) authz.Type {
	out := authz.Type{Name: t.name, Position: t.at}
	for i, r := range t.relations {
		check := scope{builder: b, owner: t, file: t.from[i]}
		rel := authz.Relation{Name: r.name, Position: r.at, Rewrite: check.rewrite(r.rewrite)}
		for _, s := range r.subjects {
			check.subject(s)
			rel.Subjects = append(rel.Subjects, authz.SubjectType{
				Type: s.kind, Relation: s.relation, Everyone: s.everyone, Condition: s.condition, Position: s.at,
			})
		}
		out.Relations = append(out.Relations, rel)
	}
	return out
}

// scope is where the names of one definition are looked up.
type scope struct {
	*builder
	owner *merged
	file  *source
}

func (s scope) rewrite(n node) authz.Rewrite {
	switch n.op {
	case opComputed:
		s.relation(s.owner, n.relation, n.at)
		return authz.Computed{Relation: n.relation, Position: n.at}
	case opFrom:
		s.from(n)
		return authz.From{Relation: n.relation, Tupleset: n.tupleset, Position: n.at}
	case opOr:
		return authz.Union{Of: s.all(n.of)}
	case opAnd:
		return authz.Intersection{Of: s.all(n.of)}
	case opButNot:
		both := s.all(n.of)
		return authz.Exclusion{Base: both[0], Minus: both[1], Position: n.at}
	}
	return authz.Direct{}
}

func (s scope) all(of []node) []authz.Rewrite {
	var out []authz.Rewrite
	for _, n := range of {
		out = append(out, s.rewrite(n))
	}
	return out
}

// relation complains unless type t has the relation.
func (s scope) relation(t *merged, name string, at writ.Position) {
	if i := slices.IndexFunc(t.relations, func(r relDef) bool { return r.name == name }); i < 0 {
		s.problem(s.file, at, "type %s has no relation %s", t.name, name).Hint = likely(name, t.names())
	}
}

// from checks `relation from tupleset`: the tupleset holds plain objects, and
// one of their types at least has the relation.
func (s scope) from(n node) {
	i := slices.IndexFunc(s.owner.relations, func(r relDef) bool { return r.name == n.tupleset })
	if i < 0 {
		s.problem(s.file, n.at, "type %s has no relation %s", s.owner.name, n.tupleset).Hint = likely(n.tupleset, s.owner.names())
		return
	}
	set := s.owner.relations[i]
	if set.rewrite.op != opThis {
		s.problem(s.file, n.at, "%s cannot be followed: it is not only a list of types", n.tupleset).
			WithHint("after from stands a relation that is written  define %s: [type]", n.tupleset)
		return
	}
	found := false
	for _, kind := range set.subjects {
		if kind.relation != "" || kind.everyone {
			s.problem(s.file, n.at, "%s cannot be followed: it holds more than plain objects", n.tupleset)
			return
		}
		if t := s.types[kind.kind]; t == nil || slices.Contains(t.names(), n.relation) {
			found = true // a type that is not there is complained about at its own place
		}
	}
	if !found {
		s.problem(s.file, n.at, "no type that %s holds has a relation %s", n.tupleset, n.relation)
	}
}

func (s scope) subject(d subjectDef) {
	t := s.types[d.kind]
	if t == nil {
		s.problem(s.file, d.at, "there is no type %s", d.kind).Hint = likely(d.kind, keys(s.types))
	} else if d.relation != "" {
		s.relation(t, d.relation, d.at)
	}
	if d.condition != "" && s.conds[d.condition] == nil {
		s.problem(s.file, d.at, "there is no condition %s", d.condition).Hint = likely(d.condition, keys(s.conds))
	}
}

func (t *merged) names() []string {
	var out []string
	for _, r := range t.relations {
		out = append(out, r.name)
	}
	return out
}

// conditions compiles the conditions of all files.
func (b *builder) conditions(m *authz.Model) {
	for _, f := range b.files {
		for _, c := range f.conds {
			if b.conds[c.name] != nil {
				b.problem(f, c.at, "condition %s is there already", c.name)
				continue
			}
			out := &authz.Condition{Name: c.name, Position: c.at}
			b.conds[c.name] = out
			if !b.params(f, c, out) {
				continue
			}
			program, err := expr.Compile(c.expression, &expr.Scope{Variables: out.Params}, c.bodyAt)
			if err != nil {
				b.problems = append(b.problems, b.underline(err))
				continue
			}
			out.Program = program
			m.Conditions = append(m.Conditions, *out)
		}
	}
}

func (b *builder) params(f *source, c condDef, out *authz.Condition) bool {
	fine := true
	for _, p := range c.params {
		kind, known := paramType(p)
		if !known {
			b.problem(f, p.at, "parameter %s has no type that is known", p.name).
				WithHint("the types are %s, list<…> and map<…>", strings.Join(keys(paramTypes), ", "))
			fine = false
		}
		if slices.ContainsFunc(out.Params, func(v expr.Variable) bool { return v.Name == p.name }) {
			b.problem(f, p.at, "parameter %s is there already", p.name)
			fine = false
		}
		out.Params = append(out.Params, expr.Variable{Name: p.name, Type: kind})
	}
	return fine
}

var paramTypes = map[string]expr.Type{
	"any": expr.Any, "bool": expr.Bool, "string": expr.String,
	"int": {Kind: expr.KindInt}, "uint": {Kind: expr.KindUint}, "double": {Kind: expr.KindDouble},
	"duration": expr.Duration, "timestamp": expr.Time, "ipaddress": {Kind: expr.KindIP},
}

func paramType(p paramDef) (expr.Type, bool) {
	name := p.kind
	if p.item != "" {
		name = p.item
	}
	t, known := paramTypes[name]
	if p.item == "" {
		return t, known
	}
	kind := expr.KindList
	if p.kind == "map" {
		kind = expr.KindMap
	}
	return expr.Type{Kind: kind, Elem: &t}, known
}

func keys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// likely is a hint that names what is nearest to a name that is not there.
func likely(name string, known []string) string {
	// To a word of one or two letters every other is near.
	if k := writ.Nearest(name, known); k != "" && len(name) > 2 {
		return "did you mean " + k + "?"
	}
	if len(known) == 0 || len(known) > 12 {
		return ""
	}
	return "there are " + strings.Join(known, ", ")
}
