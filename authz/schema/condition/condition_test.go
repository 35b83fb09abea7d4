package condition_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/schema/condition"
	"github.com/writ-dev/writ/internal/expr"
)

// source gives what the conditions of the tests see, by variable and field.
type source struct{}

var given = map[int]map[string]any{
	authz.VarUser: {
		"age": 17.0, "name": "ann", "email": "ann@admin.example", "admin": true, "zero": 0.0, "none": nil,
		"regions": []any{"eu", "us"}, "address": map[string]any{"city": "Bern", "zip": 3000.0},
		"full name": "Ann Lee", "in": "x", "quote": "a\"b\\c\nd\u2028", "odd": map[string]any{"a b": 1.0},
		"jobs":  []any{map[string]any{"role": "cook", "years": 3.0}, map[string]any{"role": "chef", "years": 1.0}},
		"teams": []any{"t1", "t2"}, "team": "t1", "lost": "t9", "empty": []any{},
	},
	authz.VarResource: {"owner": "ann", "level": 17.0},
	authz.VarTenant:   {"plan": "gold"},
	authz.VarContext:  {"hour": 9.0},
}

func (source) Value(variable int, field string) (any, bool) {
	v, ok := given[variable][field]
	return v, ok
}

func (source) Fields(variable int) map[string]any { return given[variable] }

func (source) Instance(kind, key string) (map[string]any, bool) {
	teams := map[string]map[string]any{"team:t1": {"lead": "ann"}, "team:t2": {"lead": "bob"}}
	a, ok := teams[kind+":"+key]
	return a, ok
}

// holds says what a condition comes to: true, false, or error where it has no answer.
func holds(t *testing.T, text string) string {
	t.Helper()
	cel, err := condition.Translate(json.RawMessage(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	p, err := expr.Compile(cel, authz.Scope(nil, nil), writ.Position{})
	if err != nil {
		t.Fatalf("%s is %s: %v", text, cel, err)
	}
	switch ok, err := p.Eval(source{}); {
	case err != nil:
		return "error"
	case ok:
		return "true"
	}
	return "false"
}

func TestOperators(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``: "true", `null`: "true", `{}`: "true", `{"allOf": []}`: "true", `{"anyOf": []}`: "false",

		`{"user.name": {"equals": "ann"}}`:                            "true",
		`{"subject.name": {"equals": "bob"}}`:                         "false",
		`{"user.admin": {"equals": true}}`:                            "true",
		`{"user.age": {"equals": 17}}`:                                "true",
		`{"user.age": {"equals": 17.0}}`:                              "true",
		`{"user.age": {"equals": "17"}}`:                              "false",
		`{"user.none": {"equals": null}}`:                             "true",
		`{"user.name": {"not-equals": "bob"}}`:                        "true",
		`{"user.age": {"less-than": 18}}`:                             "true",
		`{"user.age": {"less-than-equals": 17}}`:                      "true",
		`{"user.age": {"greater-than": 16.5}}`:                        "true",
		`{"user.age": {"greater-than-equals": 18}}`:                   "false",
		`{"user.zero": {"less-than": 1e300}}`:                         "true",
		`{"user.age": {"between": [15, 17]}}`:                         "true",
		`{"user.age": {"between": [18, 20]}}`:                         "false",
		`{"user.email": {"contains": "@admin"}}`:                      "true",
		`{"user.name": {"in": ["bob", "ann"]}}`:                       "true",
		`{"user.name": {"in": []}}`:                                   "false",
		`{"user.regions": {"array_contains": "eu"}}`:                  "true",
		`{"user.regions": {"array_subset": ["eu", "us", "af"]}}`:      "true",
		`{"user.regions": {"array_subset": ["eu"]}}`:                  "false",
		`{"user.regions": {"array_superset": ["us"]}}`:                "true",
		`{"user.regions": {"array_superset": ["us", "af"]}}`:          "false",
		`{"user.regions": {"array_intersect": ["af", "us"]}}`:         "true",
		`{"user.regions": {"array_intersect": ["af"]}}`:               "false",
		`{"tenant.plan": {"equals": "gold"}}`:                         "true",
		`{"context.hour": {"less-than": 12}}`:                         "true",
		`{"environment.hour": {"greater-than": 12}}`:                  "false",
		`{"user.age": {"greater-than": 1, "less-than": 10}}`:          "false",
		`{"user.age": {"equals": 17}, "user.name": {"in": []}}`:       "false",
		`{"user.address.city": {"equals": "Bern"}}`:                   "true",
		`{"user.\"full name\"": {"contains": "Lee"}}`:                 "true",
		`{"user.full name": {"contains": "Lee"}}`:                     "true",
		`{"user.in": {"equals": "x"}}`:                                "true",
		`{"user.odd.a b": {"equals": 1}}`:                             "true",
		`{"user.quote": {"equals": "a\"b\\c\nd\u2028"}}`:              "true",
		`{"user.name": {"equals": {"ref": "resource.owner"}}}`:        "true",
		`{"user.name": {"equals-ref": "resource.owner"}}`:             "true",
		`{"user.age": {"less-than": {"ref": "resource.level"}}}`:      "false",
		`{"user.age": {"between": [1, {"ref": "user.address.zip"}]}}`: "true",
		`{"user.name": {"in": {"ref": "user.regions"}}}`:              "false",
	} {
		if got := holds(t, text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestLogicalFirstAndAttributeFirst(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"allOf": [{"user.age": {"equals": 17}}, {"user.name": {"equals": "ann"}}]}`:                            "true",
		`{"and": [{"user.age": {"equals": 17}}, {"or": [{"user.name": {"equals": "x"}}]}]}`:                      "false",
		`{"anyOf": [{"user.age": {"equals": 1}}, {"not": {"user.name": {"equals": "x"}}}]}`:                      "true",
		`{"not": [{"user.age": {"equals": 1}}, {"user.name": {"equals": "ann"}}]}`:                               "false",
		`{"not": [{"user.age": {"equals": 1}}, {"user.name": {"equals": "x"}}]}`:                                 "true",
		`{"user.age": {"or": [{"between": [15, 18]}, {"greater-than": 40}]}}`:                                    "true",
		`{"user.age": {"and": [{"greater-than": 15}, {"not": {"equals": 17}}]}}`:                                 "false",
		`{"user.age": {"allOf": [{"greater-than": 15}, {"anyOf": [{"equals": 17}, {"equals": 99}]}]}}`:           "true",
		`{"allOf": [{"anyOf": [{"user.age": {"not": [{"less-than": 10}]}}]}, {"user.admin": {"equals": true}}]}`: "true",
	} {
		if got := holds(t, text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// A comparison with what is missing is false, so under not it is true; this holds for every
// operator, and for references and objects on the way as well.
func TestMissingAttributeIsFalse(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`"user.gone": {"equals": 1}`, `"user.gone": {"not-equals": 1}`, `"user.gone": {"less-than": 1}`, `"user.gone": {"between": [1, 2]}`,
		`"user.gone": {"contains": "x"}`, `"user.gone": {"in": [1]}`, `"user.gone": {"array_contains": 1}`, `"user.gone": {"array_subset": [1]}`,
		`"user.gone": {"array_superset": []}`, `"user.gone": {"array_intersect": [1]}`, `"user.gone.city": {"equals": 1}`,
		`"user.address.gone": {"equals": 1}`, `"user.gone name": {"equals": 1}`, `"user.name": {"equals": {"ref": "resource.gone"}}`,
		`"user.gone": {"object_match": {"match": {"a": {"equals": 1}}}}`, `"user.gone": {"any_match": {"match": {"a": {"equals": 1}}}}`,
		`"user.gone": {"all_match": {"match": {"a": {"equals": 1}}}}`, `"user.team": {"object_match": {"match": {"gone": {"equals": 1}}, "fk_resource_type": "team"}}`,
	} {
		if got := holds(t, "{"+text+"}"); got != "false" {
			t.Errorf("%s: %s, want false", text, got)
		}
		if got := holds(t, `{"not": {`+text+`}}`); got != "true" {
			t.Errorf("not %s: %s, want true", text, got)
		}
	}
}

// What is there but of another type has no answer: it neither holds nor holds under not.
func TestWrongTypeNeverHolds(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`"user.name": {"less-than": 1}`, `"user.age": {"contains": "1"}`, `"user.age": {"array_contains": 1}`, `"user.name": {"any_match": {"match": {"a": {"equals": 1}}}}`,
		`"user.lost": {"object_match": {"match": {"lead": {"equals": "ann"}}, "fk_resource_type": "team"}}`,
	} {
		for _, whole := range []string{"{" + text + "}", `{"not": {` + text + `}}`} {
			if got := holds(t, whole); got == "true" {
				t.Errorf("%s holds", whole)
			}
		}
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"user.address": {"object_match": {"match": {"city": {"equals": "Bern"}, "zip": {"greater-than": 1}}}}}`:                    "true",
		`{"user.address": {"object_match": {"match": {"city": {"equals": "Bern"}, "zip": {"greater-than": 5000}}}}}`:                 "false",
		`{"user.address": {"object_match": {"match": {"anyOf": [{"city": {"equals": "x"}}, {"zip": {"equals": 3000}}]}}}}`:           "true",
		`{"user.jobs": {"any_match": {"match": {"role": {"equals": "cook"}, "years": {"greater-than": 2}}}}}`:                        "true",
		`{"user.jobs": {"any_match": {"match": {"role": {"equals": "chef"}, "years": {"greater-than": 2}}}}}`:                        "false",
		`{"user.jobs": {"all_match": {"match": {"years": {"greater-than": 0}}}}}`:                                                    "true",
		`{"user.jobs": {"all_match": {"match": {"years": {"greater-than": 2}}}}}`:                                                    "false",
		`{"user.empty": {"any_match": {"match": {"years": {"greater-than": 2}}}}}`:                                                   "false",
		`{"user.teams": {"any_match": {"match": {"lead": {"equals": {"ref": "user.name"}}}, "fk_resource_type": "team"}}}`:           "true",
		`{"user.teams": {"all_match": {"match": {"lead": {"equals": "ann"}}, "fk_resource_type": "team"}}}`:                          "false",
		`{"user.team": {"object_match": {"match": {"lead": {"equals": "ann"}}, "fk_resource_type": "team"}}}`:                        "true",
		`{"user.team": {"object_match": {"match": {"lead": {"in": ["bob"]}}, "fk_resource_type": "team"}}}`:                          "false",
		`{"user.jobs": {"any_match": {"match": {"role": {"or": [{"equals": "x"}, {"contains": "oo"}]}}, "fk_resource_type": null}}}`: "true",
	} {
		if got := holds(t, text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`[`:                               "not JSON",
		`{} {}`:                           "more than one",
		`[]`:                              "conditions: an object must stand here, not a list",
		`{"user.age": {"greater": 1}}`:    `conditions.user.age.greater: there is no operator "greater"`,
		`{"user.age": 3}`:                 "conditions.user.age: an operator must follow",
		`{"usr.age": {"equals": 1}}`:      `conditions.usr.age: "usr.age" is neither`,
		`{"oneOf": []}`:                   `conditions.oneOf: "oneOf" is no attribute`,
		`{"user.": {"equals": 1}}`:        "is no attribute",
		`{"user..a": {"equals": 1}}`:      "is no attribute",
		`{"user.\"a": {"equals": 1}}`:     "is no attribute",
		`{"allOf": {}}`:                   "conditions.allOf: a list must stand here, not an object",
		`{"allOf": [3]}`:                  "conditions.allOf: an object must stand here, not a number",
		`{"user.a": {"in": "x"}}`:         "the value must be a list, not a string",
		`{"user.a": {"contains": 1}}`:     "the value must be a string, not a number",
		`{"user.a": {"less-than": true}}`: "the value must be a number, not a bool",
		`{"user.a": {"between": [1]}}`:    "between needs a list of two values",
		`{"user.a": {"equals": {"reff": "user.b"}}}`:                   `an object as a value must be {"ref": "user.NAME"}`,
		`{"user.a": {"equals": {"ref": "b"}}}`:                         `conditions.user.a.equals.ref: "b" is no attribute`,
		`{"user.a": {"equals": 1e999}}`:                                "is too large",
		`{"user.a": {"object_match": {"math": {}}}}`:                   `object_match has no "math"`,
		`{"user.a": {"object_match": {"match": []}}}`:                  "needs an object under match",
		`{"user.a": {"in": [{"a": 1}]}}`:                               "an object cannot stand in a list",
		strings.Repeat(`{"not":`, 40) + `{}` + strings.Repeat("}", 40): "nests deeper",
	} {
		_, err := condition.Translate(json.RawMessage(text))
		var e *writ.Error
		if !errors.As(err, &e) || e.Code != writ.CodeInvalid || !strings.Contains(e.Message, want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	large := json.RawMessage(`{"user.a": {"equals": "` + strings.Repeat("x", 1<<17) + `"}}`)
	if _, err := condition.Translate(large); writ.CodeOf(err) != writ.CodeTooLarge {
		t.Errorf("a large condition: %v", err)
	}
}

// FuzzTranslate holds Translate to this: whatever it accepts, CEL accepts too, and running it ends.
func FuzzTranslate(f *testing.F) {
	for _, seed := range []string{
		`{"user.age": {"or": [{"between": [15, 18]}, {"greater-than": 40}]}}`,
		`{"allOf": [{"not": {"user.a b": {"equals": "\u0000\u2028\"\\"}}}, {"subject.in": {"in": [1, null, "x", [true]]}}]}`,
		`{"user.jobs": {"any_match": {"match": {"a.b": {"equals": {"ref": "tenant.x"}}}, "fk_resource_type": "t\""}}}`,
		`{"user.a": {"array_subset": {"ref": "context.b"}, "contains-ref": "user.c"}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cel, err := condition.Translate(json.RawMessage(text))
		if err != nil {
			var e *writ.Error
			if !errors.As(err, &e) {
				t.Fatalf("%T", err)
			}
			return
		}
		p, err := expr.Compile(cel, authz.Scope(nil, nil), writ.Position{})
		if err == nil {
			_, _ = p.Eval(source{})
			return
		}
		// CEL checks the types of two literals and bounds the size; anything else is a fault.
		if m := err.Error(); strings.Contains(m, "this is not a condition") || strings.Contains(m, "reserved word") || strings.Contains(m, "there is no") {
			t.Fatalf("%s became %s: %v", text, cel, err)
		}
	})
}
