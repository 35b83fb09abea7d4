package authz

import (
	"strings"

	"github.com/writ-dev/writ"
)

// The bounds of a model.
const (
	maxRelations = 30_000
	maxRewrite   = 100     // nesting of one rewrite
	maxParts     = 500_000 // of all rewrites together
	maxName      = 256     // bytes
)

// checker looks for faults in a model.
type checker struct {
	types      map[string]*Type
	conditions map[string]*Condition
	relations  map[relationName]*Relation
	actions    map[relationName]bool
	parts      int
}

type relationName struct{ of, name string }

func invalid(at writ.Position, format string, args ...any) *writ.Error {
	return writ.Errorf(writ.CodeInvalid, format, args...).At(at, "")
}

// validate gives the first fault of a model, in the order in which it is written.
func validate(m *Model) error {
	c := &checker{
		types: map[string]*Type{}, conditions: map[string]*Condition{},
		relations: map[relationName]*Relation{}, actions: map[relationName]bool{},
	}
	for i := range m.Conditions {
		n := &m.Conditions[i]
		if err := checkName("condition", n.Name, n.Position); err != nil {
			return err
		}
		if c.conditions[n.Name] != nil {
			return invalid(n.Position, "condition %q is there twice", n.Name).WithHint("the first is at %s", c.conditions[n.Name].Position)
		}
		if n.Program == nil {
			return invalid(n.Position, "condition %q says nothing", n.Name)
		}
		c.conditions[n.Name] = n
	}
	for i := range m.Types {
		if err := c.declare(&m.Types[i]); err != nil {
			return err
		}
	}
	if n := len(c.relations) + len(c.actions); n > maxRelations {
		return writ.Errorf(writ.CodeTooLarge, "the model has %d relations and actions, the most is %d", n, maxRelations)
	}
	if m.DefaultTenant != "" {
		if err := checkID("default tenant", m.DefaultTenant); err != nil {
			return err
		}
	}
	for i := range m.Types {
		if err := c.checkType(&m.Types[i]); err != nil {
			return err
		}
	}
	return c.checkCycles(m)
}

func checkName(what, name string, at writ.Position) error {
	switch {
	case name == "":
		return invalid(at, "a %s has no name", what)
	case len(name) > maxName:
		return invalid(at, "the name of a %s has %d bytes, the most is %d", what, len(name), maxName)
	}
	for _, r := range name {
		if r <= ' ' || r == 0x7f || r == '\uFFFD' || strings.ContainsRune("#@*", r) {
			return invalid(at, "the name %q of a %s contains %q", name, what, r)
		}
	}
	return nil
}

// declare takes a type's names in.
func (c *checker) declare(t *Type) error {
	if err := checkName("type", t.Name, t.Position); err != nil {
		return err
	}
	if strings.Contains(t.Name, ":") {
		return invalid(t.Position, "the name %q of a type contains a colon", t.Name)
	}
	if first := c.types[t.Name]; first != nil {
		return invalid(t.Position, "type %q is there twice", t.Name).WithHint("the first is at %s", first.Position)
	}
	c.types[t.Name] = t
	attributes := map[string]bool{}
	for _, a := range t.Attributes {
		if attributes[a.Name] {
			return invalid(t.Position, "type %s declares attribute %q twice", t.Name, a.Name)
		}
		attributes[a.Name] = true
	}
	for i := range t.Relations {
		r := &t.Relations[i]
		if err := checkName("relation", r.Name, r.Position); err != nil {
			return err
		}
		if first := c.relations[relationName{t.Name, r.Name}]; first != nil {
			return invalid(r.Position, "type %s has relation %q twice", t.Name, r.Name).WithHint("the first is at %s", first.Position)
		}
		c.relations[relationName{t.Name, r.Name}] = r
	}
	for i := range t.Actions {
		a := &t.Actions[i]
		if err := checkName("action", a.Name, a.Position); err != nil {
			return err
		}
		if c.actions[relationName{t.Name, a.Name}] {
			return invalid(a.Position, "type %s has action %q twice", t.Name, a.Name)
		}
		c.actions[relationName{t.Name, a.Name}] = true
	}
	return nil
}

// checkType looks at what a type's relations and actions refer to.
func (c *checker) checkType(t *Type) error {
	for i := range t.Relations {
		r := &t.Relations[i]
		for _, s := range r.Subjects {
			if err := c.checkSubjectType(t, r, s); err != nil {
				return err
			}
		}
		if err := c.checkRewrite(t, r, r.Rewrite, maxRewrite, true); err != nil {
			return err
		}
	}
	for i := range t.Actions {
		if err := c.checkRewrite(t, &t.Actions[i], t.Actions[i].Rewrite, maxRewrite, false); err != nil {
			return err
		}
		if len(t.Actions[i].Subjects) > 0 {
			return invalid(t.Actions[i].Position, "action %s of %s takes subjects, but no tuple can name an action", t.Actions[i].Name, t.Name)
		}
	}
	return nil
}

func (c *checker) checkSubjectType(t *Type, r *Relation, s SubjectType) error {
	at := s.Position
	if at.IsZero() {
		at = r.Position
	}
	switch {
	case c.types[s.Type] == nil:
		return invalid(at, "relation %s of %s takes %q, which is no type", r.Name, t.Name, s.Type)
	case s.Relation != "" && c.relations[relationName{s.Type, s.Relation}] == nil:
		return invalid(at, "relation %s of %s takes %s#%s, but type %s has no such relation", r.Name, t.Name, s.Type, s.Relation, s.Type)
	case s.Relation != "" && s.Everyone:
		return invalid(at, "relation %s of %s takes %s:*#%s: a star stands for entities, not for usersets", r.Name, t.Name, s.Type, s.Relation)
	case s.Condition != "" && c.conditions[s.Condition] == nil:
		return invalid(at, "relation %s of %s names condition %q, which is not there", r.Name, t.Name, s.Condition)
	}
	return nil
}

// checkRewrite looks at a rewrite. tuples tells whether it may have tuples of its own.
func (c *checker) checkRewrite(t *Type, r *Relation, w Rewrite, depth int, tuples bool) error {
	if c.parts++; c.parts > maxParts {
		return writ.Errorf(writ.CodeTooLarge, "the relations of the model have more than %d parts", maxParts)
	}
	if depth == 0 {
		return invalid(r.Position, "%s of %s nests deeper than %d", r.Name, t.Name, maxRewrite)
	}
	at := func(p writ.Position) writ.Position {
		if p.IsZero() {
			return r.Position
		}
		return p
	}
	has := func(of, name string) bool { return c.relations[relationName{of, name}] != nil }
	each := func(list ...Rewrite) error {
		for _, w := range list {
			if err := c.checkRewrite(t, r, w, depth-1, tuples); err != nil {
				return err
			}
		}
		return nil
	}
	switch w := w.(type) {
	case Direct:
		if !tuples {
			return invalid(r.Position, "action %s of %s has tuples, but no tuple can name an action", r.Name, t.Name)
		}
		return nil
	case Stored:
		if !has(t.Name, w.Relation) {
			return invalid(r.Position, "%s of %s refers to relation %q, which %s does not have", r.Name, t.Name, w.Relation, t.Name)
		}
		return nil
	case Computed:
		if !has(t.Name, w.Relation) {
			return invalid(at(w.Position), "%s of %s refers to relation %q, which %s does not have", r.Name, t.Name, w.Relation, t.Name)
		}
		return nil
	case From:
		return c.checkFrom(t, r, w, at(w.Position))
	case InTenant:
		if !has(TenantType, w.Relation) {
			return invalid(at(w.Position), "%s of %s refers to role %q of tenants, which is not there", r.Name, t.Name, w.Relation)
		}
		return nil
	case When:
		switch {
		case w.Condition == nil:
			return invalid(at(w.Position), "%s of %s has a condition that says nothing", r.Name, t.Name)
		case w.Then != nil:
			return each(w.Then)
		case c.types[w.Subject] == nil:
			return invalid(at(w.Position), "%s of %s is for all of %q, which is no type", r.Name, t.Name, w.Subject)
		}
		return nil
	case Union:
		return each(w.Of...)
	case Intersection:
		if len(w.Of) == 0 {
			return invalid(r.Position, "%s of %s is an intersection of nothing", r.Name, t.Name)
		}
		return each(w.Of...)
	case Exclusion:
		return each(w.Base, w.Minus)
	}
	return invalid(r.Position, "%s of %s says nothing", r.Name, t.Name)
}

func (c *checker) checkFrom(t *Type, r *Relation, w From, at writ.Position) error {
	tupleset := c.relations[relationName{t.Name, w.Tupleset}]
	if tupleset == nil {
		return invalid(at, "%s of %s follows relation %q, which %s does not have", r.Name, t.Name, w.Tupleset, t.Name)
	}
	if len(tupleset.Subjects) == 0 {
		return invalid(at, "%s of %s follows relation %s, which has no tuples", r.Name, t.Name, w.Tupleset)
	}
	found := false
	for _, s := range tupleset.Subjects {
		if s.Relation != "" || s.Everyone {
			return invalid(at, "%s of %s follows relation %s, whose tuples may lead to more than one object", r.Name, t.Name, w.Tupleset).
				WithHint("a relation that is followed takes plain entities alone, not %s", subjectText(Holder{Entity{s.Type, Everyone}, s.Relation}))
		}
		found = found || c.relations[relationName{s.Type, w.Relation}] != nil
	}
	if !found {
		return invalid(at, "%s of %s asks for %s of what %s leads to, but no type there has such a relation", r.Name, t.Name, w.Relation, w.Tupleset)
	}
	return nil
}
