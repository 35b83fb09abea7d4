package authz

import (
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/internal/graph"
	"github.com/writ-dev/writ/internal/expr"
)

// maxID is the longest ID, in bytes; maxValue bounds one stored JSON value, in parts.
const (
	maxID    = 512
	maxValue = 10_000
	maxNest  = 32
)

// checkTuple tells whether the model allows a tuple, and gives its relation and that of its subject.
func (c *compiled) checkTuple(t *Tuple) (r *relation, srel graph.Rel, err error) {
	of := c.types[t.Object.Type]
	if of == nil {
		return nil, 0, c.unknownType(t.Object.Type)
	}
	if r = of.relations[t.Relation]; r == nil {
		return nil, 0, of.unknownRelation(t.Relation)
	}
	if err := checkID("object", t.Object.ID); err != nil {
		return nil, 0, err
	}
	if t.Object.ID == Everyone {
		return nil, 0, writ.Errorf(writ.CodeInvalid, "%s names no single object: only a subject may be *", t.Object)
	}
	if err := checkID("subject", t.Subject.ID); err != nil {
		return nil, 0, err
	}
	sk := c.types[t.Subject.Type]
	if sk == nil {
		return nil, 0, c.unknownType(t.Subject.Type)
	}
	if t.Subject.Relation != "" {
		sr := sk.relations[t.Subject.Relation]
		if sr == nil {
			return nil, 0, sk.unknownRelation(t.Subject.Relation)
		}
		srel = sr.Rel
	}
	if err := c.checkSubject(r, t); err != nil {
		return nil, 0, err
	}
	return r, srel, c.checkParams(t)
}

// Turned gives a tuple the other way round: its subject for its object. ok is false when the model does not take it so either.
func (s *Snapshot) Turned(t Tuple) (turned Tuple, ok bool) {
	if t.Subject.Relation != "" || t.Subject.ID == Everyone {
		return Tuple{}, false
	}
	t.Object, t.Subject = t.Subject.Entity, Holder{Entity: t.Object}
	_, _, err := s.c.checkTuple(&t)
	return t, err == nil
}

// checkSubject looks for a subject type of the relation that the tuple's subject and condition are of.
func (c *compiled) checkSubject(r *relation, t *Tuple) error {
	var conditions []string
	for _, s := range r.source.Subjects {
		if s.Type != t.Subject.Type || s.Relation != t.Subject.Relation || s.Everyone != (t.Subject.ID == Everyone) {
			continue
		}
		if s.Condition == t.Condition {
			return nil
		}
		conditions = append(conditions, s.Condition)
	}
	name := r.of.source.Name + "#" + r.source.Name
	if conditions == nil {
		return writ.Errorf(writ.CodeInvalid, "%s takes no subject %s", name, subjectText(t.Subject)).
			WithHint("it takes %s", r.takes())
	}
	if t.Condition == "" {
		return writ.Errorf(writ.CodeInvalid, "%s takes %s only with a condition", name, subjectText(t.Subject)).
			WithHint("the condition is %s", strings.Join(conditions, " or "))
	}
	return writ.Errorf(writ.CodeInvalid, "%s takes %s not with condition %q", name, subjectText(t.Subject), t.Condition).
		WithHint("it takes %s", r.takes())
}

func subjectText(h Holder) string {
	switch {
	case h.Relation != "":
		return h.Type + "#" + h.Relation
	case h.ID == Everyone:
		return h.Type + ":*"
	}
	return h.Type
}

// takes lists the subject types of a relation.
func (r *relation) takes() string {
	var list []string
	for _, s := range r.source.Subjects {
		text := s.Type
		if s.Relation != "" {
			text += "#" + s.Relation
		}
		if s.Everyone {
			text += ":*"
		}
		if s.Condition != "" {
			text += " with " + s.Condition
		}
		list = append(list, text)
	}
	if list == nil {
		return "no tuples: its members follow from other relations"
	}
	return strings.Join(list, ", ")
}

func (c *compiled) unknownType(name string) error {
	var names []string
	for n := range c.types {
		if n != TenantType { // whose facts are written as roles
			names = append(names, n)
		}
	}
	return writ.Errorf(writ.CodeInvalid, "the model has no type %q", name).WithHint("its types are %s", listed(names))
}

func (k *kind) unknownRelation(name string) error {
	var names []string
	for n := range k.relations {
		names = append(names, n)
	}
	if len(names) == 0 {
		return writ.Errorf(writ.CodeInvalid, "type %s has no relation %q", k.source.Name, name).WithHint("it has none at all, so nothing is granted on it")
	}
	if k.source.Name == TenantType {
		return writ.Errorf(writ.CodeInvalid, "there is no role %q in tenants", name).WithHint("their roles are %s", listed(names))
	}
	return writ.Errorf(writ.CodeInvalid, "type %s has no relation %q", k.source.Name, name).WithHint("its relations are %s", listed(names))
}

// listed gives names in order, twenty at most.
func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	slices.Sort(names)
	if len(names) > 20 {
		names = append(names[:20:20], "...")
	}
	return strings.Join(names, ", ")
}

// checkID holds an ID to the rules that keep the text of tuples readable back.
func checkID(what, id string) error {
	switch {
	case id == "":
		return writ.Errorf(writ.CodeInvalid, "the %s has an empty ID", what)
	case len(id) > maxID:
		return writ.Errorf(writ.CodeInvalid, "the ID of the %s has %d bytes, the most is %d", what, len(id), maxID)
	case id != Everyone && strings.Contains(id, "*") && strings.Trim(id, "*") == "":
		return writ.Errorf(writ.CodeInvalid, "the ID %q of the %s is made of stars alone", id, what)
	}
	for _, c := range id {
		if c < ' ' || c == 0x7f || c == '#' || c == '\uFFFD' {
			return writ.Errorf(writ.CodeInvalid, "the ID %q of the %s contains %q", id, what, c).
				WithHint("an ID is UTF-8 without control characters and without #")
		}
	}
	return nil
}

// checkParams holds the values that a tuple fixes to what its condition declares.
func (c *compiled) checkParams(t *Tuple) error {
	if t.Condition == "" {
		if len(t.Params) > 0 {
			return writ.Errorf(writ.CodeInvalid, "%s has parameters and no condition", t)
		}
		return nil
	}
	condition := c.conditions[t.Condition]
	if condition == nil {
		return writ.Errorf(writ.CodeInvalid, "the model has no condition %q", t.Condition)
	}
	parts := 0
	for name, v := range t.Params {
		i := slices.IndexFunc(condition.Params, func(p expr.Variable) bool { return p.Name == name })
		if i < 0 {
			return writ.Errorf(writ.CodeInvalid, "condition %s has no parameter %q", t.Condition, name)
		}
		if err := checkValue("parameter "+name, v, condition.Params[i].Type, &parts); err != nil {
			return err
		}
	}
	return nil
}

// checkRecord tells whether the model allows a record.
func (c *compiled) checkRecord(r *Record) error {
	of := c.types[r.Type]
	if of == nil {
		return c.unknownType(r.Type)
	}
	if err := checkID(r.Type, r.ID); err != nil {
		return err
	}
	if r.ID == Everyone {
		return writ.Errorf(writ.CodeInvalid, "%s names no single entity: nothing can be recorded about it", r.Entity)
	}
	if r.Tenant != "" {
		if err := checkID("tenant", r.Tenant); err != nil {
			return err
		}
	}
	parts := 0
	for name, v := range r.Attributes {
		if err := checkValue("attribute "+name, v, of.attributes[name], &parts); err != nil {
			return err
		}
	}
	return nil
}

// checkValue holds a JSON value to its declared type and to the bounds. nil fits every type.
func checkValue(what string, v any, t expr.Type, parts *int) error {
	if !isJSON(v, maxNest, parts) {
		return writ.Errorf(writ.CodeInvalid, "%s is no JSON value, nests deeper than %d or has more than %d parts", what, maxNest, maxValue)
	}
	if v != nil && !fits(copyOf(v), t) {
		return writ.Errorf(writ.CodeInvalid, "%s is %s and declared %s", what, kindOfValue(v), t)
	}
	return nil
}

func isJSON(v any, depth int, parts *int) bool {
	*parts++
	if depth == 0 || *parts > maxValue {
		return false
	}
	switch v := v.(type) {
	case nil, bool, string, int, int64, []string:
		return true
	case float64:
		return !math.IsNaN(v) && !math.IsInf(v, 0)
	case []any:
		for _, x := range v {
			if !isJSON(x, depth-1, parts) {
				return false
			}
		}
		return true
	case map[string]any:
		for _, x := range v {
			if !isJSON(x, depth-1, parts) {
				return false
			}
		}
		return true
	}
	return false
}

// fits tells whether a JSON value is, or is the text of, a value of a declared
// type: times, durations and addresses are strings there.
func fits(v any, t expr.Type) bool {
	text, isText := v.(string)
	n, isNumber := v.(float64)
	switch t.Kind {
	case expr.KindBool:
		_, ok := v.(bool)
		return ok
	case expr.KindInt:
		_, err := strconv.ParseInt(text, 10, 64)
		return isNumber && n == math.Trunc(n) || isText && err == nil
	case expr.KindUint:
		_, err := strconv.ParseUint(text, 10, 64)
		return isNumber && n == math.Trunc(n) && n >= 0 || isText && err == nil
	case expr.KindNumber, expr.KindDouble:
		return isNumber
	case expr.KindString:
		return isText
	case expr.KindTime:
		_, err := time.Parse(time.RFC3339Nano, text)
		return err == nil
	case expr.KindDuration:
		_, err := time.ParseDuration(text)
		return err == nil
	case expr.KindIP:
		_, err := netip.ParseAddr(text)
		return err == nil
	case expr.KindList:
		list, ok := v.([]any)
		return ok && !slices.ContainsFunc(list, func(x any) bool { return !fitsPart(x, t) })
	case expr.KindMap, expr.KindObject:
		m, ok := v.(map[string]any)
		for _, x := range m {
			ok = ok && fitsPart(x, t)
		}
		return ok
	default:
		return true
	}
}

func fitsPart(v any, of expr.Type) bool { return of.Elem == nil || v == nil || fits(v, *of.Elem) }

func kindOfValue(v any) string {
	switch copyOf(v).(type) {
	case bool:
		return "a bool"
	case string:
		return "a string"
	case float64:
		return "a number"
	case []any:
		return "a list"
	}
	return "an object"
}
