package expr_test

import (
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/expr"
)

// record is a Source as an engine has one: values lie in a slice, ready to be given.
type record struct{ user, resource [4]any }

func (r *record) Value(variable int, field string) (any, bool) {
	fields := &r.user
	if variable == 1 {
		fields = &r.resource
	}
	var v any
	switch field {
	case "department", "kind":
		v = fields[0]
	case "clearance", "level":
		v = fields[1]
	case "regions", "region":
		v = fields[2]
	}
	return v, v != nil
}

func (r *record) Fields(int) map[string]any { return nil }

func (r *record) Instance(string, string) (map[string]any, bool) { return ownedBySales, true }

var ownedBySales = map[string]any{"owner": "sales"}

func attributes() *expr.Scope {
	return &expr.Scope{Variables: []expr.Variable{
		{Name: "user", Type: expr.Object, Fields: map[string]expr.Type{
			"department": expr.String, "clearance": expr.Number, "regions": expr.List(expr.String),
		}},
		{Name: "resource", Type: expr.Object, Fields: map[string]expr.Type{
			"department": expr.String, "level": expr.Number, "region": expr.String,
		}},
	}}
}

const departments = `user.department == resource.department && user.clearance >= resource.level && resource.region in user.regions`

func departmentRecord() *record {
	return &record{
		user:     [4]any{"sales", 5.0, []any{"eu", "us", "af"}},
		resource: [4]any{"sales", 3.0, "us"},
	}
}

func mustCompile(t testing.TB, source string, scope *expr.Scope) *expr.Program {
	t.Helper()
	p, err := expr.Compile(source, scope, writ.Position{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Direct code allocates nothing, whichever way it ends.
func TestAllocations(t *testing.T) {
	full := departmentRecord()
	for source, want := range map[string]string{
		departments: "true",
		`user.department.startsWith("sa") && user.department.contains("le") && !(user.department in ["a", "b"])`: "true",
		`has(user.clearance) && !has(user.nothing) && size(user.regions) == 3`:                                   "true",
		`user.nothing == 1 || user.clearance > 1`:                                                                "true",
		`user.regions.all(r, r in ["eu", "us", "af"]) && ["x", "us"].exists(r, r in user.regions)`:               "true",
		`instance("folder", resource.region).owner == user.department`:                                           "true",
		`user.nothing == 1`: "missing user.nothing",
		`user.regions == ["eu", "us", "af"] && user.clearance in [1, 5]`:  "true",
		`user["department"] < resource["level"]`:                          "error: 1:20: user.department and resource.level have no order: their types differ or are not ordered",
		`user.department.matches("^s.*s$") ? resource.level != 4 : false`: "true",
	} {
		p := mustCompile(t, source, attributes())
		if !p.Direct() {
			t.Errorf("%s has no direct code", source)
		}
		if got := answer(p.Eval(full)); got != want {
			t.Errorf("%s: %s, want %s", source, got, want)
		}
		if n := testing.AllocsPerRun(100, func() { _, _ = p.Eval(full) }); n > 0 {
			t.Errorf("%s allocates %v times", source, n)
		}
	}
}

func BenchmarkEval(b *testing.B) {
	p := mustCompile(b, departments, attributes())
	full := departmentRecord()
	b.Run("direct", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if ok, err := p.Eval(full); !ok {
				b.Fatal(err)
			}
		}
	})
	b.Run("cel-go", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if ok, err := p.EvalCEL(full); !ok {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkCompile(b *testing.B) {
	scope := attributes()
	for b.Loop() {
		mustCompile(b, departments, scope)
	}
}
