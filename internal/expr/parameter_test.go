package expr_test

import (
	"strings"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/expr"
)

func TestParamType(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"bool": "bool", "timestamp": "timestamp", "ipaddress": "ipaddress", "any": "any value", "list<string>": "list of string",
		"map< list<int> >": "map of list of int", "list<any>": "list",
	} {
		if got, err := expr.ParamType(name); err != nil || got.String() != want {
			t.Errorf("%s: %s, %v; want %s", name, got, err, want)
		}
	}
	for _, name := range []string{"", "list", "list<", "list<>", "int32", "list<string", "set<int>", "<int>", strings.Repeat("list<", 1000) + "int" + strings.Repeat(">", 1000)} {
		if got, err := expr.ParamType(name); err == nil {
			t.Errorf("%q is %s", name, got)
		}
	}
}

// A parameter may have the name of a function or type of the language.
func TestParameterNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"type", "size", "duration", "timestamp", "int", "list", "map", "has", "matches", "instance", "ipaddress", "x_1", "_", "dyn", "google"} {
		s := &expr.Scope{Variables: []expr.Variable{{Name: name, Type: expr.Int}}}
		p, err := expr.Compile(name+" == 3", s, writ.Position{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, eval := range []func(expr.Source) (bool, error){p.Eval, p.EvalCEL} {
			if holds, err := eval(values{{"": 3.0}}); !holds || err != nil {
				t.Errorf("%s: %v, %v", name, holds, err)
			}
		}
	}
	for _, name := range []string{"in", "true", "a b", "1a", "a-b"} {
		s := &expr.Scope{Variables: []expr.Variable{{Name: name, Type: expr.Int}, {Name: "other", Type: expr.Int}}}
		if _, err := expr.Compile("other == 3", s, writ.Position{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
