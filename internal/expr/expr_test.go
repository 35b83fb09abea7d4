package expr_test

import (
	"bytes"
	"errors"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/expr"
)

// values is a Source for tests: variable by index, then fields; "" a plain variable.
type values []map[string]any

func (v values) Value(variable int, field string) (any, bool) {
	if variable >= len(v) {
		return nil, false
	}
	value, ok := v[variable][field]
	return value, ok
}

func (v values) Fields(variable int) map[string]any {
	if variable >= len(v) {
		return nil
	}
	return v[variable]
}

func (v values) Instance(kind, key string) (map[string]any, bool) {
	switch kind + ":" + key {
	case "folder:f1":
		return map[string]any{"owner": "ann", "level": 3.0}, true
	case "folder:f2":
		return map[string]any{"owner": "bob"}, true
	}
	return nil, false
}

func scope() *expr.Scope {
	return &expr.Scope{Variables: []expr.Variable{
		{Name: "user", Alias: "subject", Type: expr.Object, Fields: map[string]expr.Type{
			"age": expr.Number, "name": expr.String, "admin": expr.Bool, "regions": expr.List(expr.String),
			"since": expr.Time, "home": expr.IP, "odd name": expr.String, "spare": expr.Number, "scores": expr.List(expr.Number),
		}},
		{Name: "resource", Type: expr.Object, Fields: map[string]expr.Type{
			"level": expr.Number, "owner": expr.String, "parents": expr.List(expr.String), "any": expr.Any,
		}},
		{Name: "context", Alias: "environment", Type: expr.Object},
	}}
}

func given() values {
	return values{
		{
			"age": 18.0, "name": "ann", "admin": true, "regions": []any{"eu", "us"}, "tags": []any{"a", 1.0, nil},
			"since": "2024-05-01T10:00:00Z", "home": "10.1.2.3", "odd name": "x", "city": map[string]any{"name": "Bern"},
			"none": nil, "text": "long text", "big": int64(1<<60 + 1),
		},
		{"level": int64(3), "owner": "ann", "parents": []any{"f1", "f2"}, "any": "1"},
		{"now": time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), "zero": 0.0},
	}
}

// The table is the documentation of what conditions say; want "error" is any
// error, and "missing PATH" a *Missing of that path.
var cases = []struct{ source, want string }{
	{`user.age >= 18`, "true"},
	{`user.age == 18`, "true"},
	{`user.age != 18.5`, "true"},
	{`18 in [17, user.age]`, "true"},
	{`subject.age > 18`, "false"},
	{`user.age > resource.level`, "true"},
	{`user.age + 1.0 == 19.0`, "true"},
	{`resource.level + 1.0 == 4.0`, "true"},
	{`resource.level + 1 == 4`, "compile"},
	{`resource.level + 1.0 == 4`, "compile"},
	{`user.name == resource.owner`, "true"},
	{`user["odd name"] == "x"`, "true"},
	{`"eu" in user.regions && !("af" in user.regions)`, "true"},
	{`user.admin`, "true"},
	{`user.admin ? user.age > 1 : false`, "true"},
	{`user.name.startsWith("an") && user.name.endsWith("n") && user.name.contains("nn")`, "true"},
	{`user.name.matches("^a.n$")`, "true"},
	{`size(user.regions) == 2 && user.name.size() == 3`, "true"},

	// What was not declared is any value.
	{`user.city.name == "Bern"`, "true"},
	{`user.text < "m"`, "true"},
	{`user.text < 1`, "error"},
	{`user.text == 1`, "false"},
	{`user.none == null`, "true"},
	{`user.none < 1`, "error"},
	{`1 in user.tags`, "true"},
	{`"age" in user`, "true"},
	{`user.big == 1152921504606846977`, "true"},
	{`size(context) == 2`, "true"},

	// What is not there.
	{`user.spare > 1`, "missing user.spare"},
	{`subject.nowhere == 1`, "missing user.nowhere"},
	{`user["no where"] == 1`, `missing user["no where"]`},
	{`has(user.age) && !has(user.spare) && !has(user.nowhere)`, "true"},
	{`user.nowhere == 1 && false`, "false"},
	{`false && user.nowhere == 1`, "false"},
	{`user.nowhere == 1 || true`, "true"},
	{`user.nowhere == 1 || false`, "missing user.nowhere"},
	{`user.nowhere == 1 && true`, "missing user.nowhere"},
	{`!(user.nowhere == 1)`, "missing user.nowhere"},
	{`user.city.zip == 1`, "error"},
	{`user.name && true`, "compile"},
	{`user.text && true`, "error"},
	{`user.text`, "error"},

	// Sets: subset, superset, intersection.
	{`user.regions.all(r, r in ["eu", "us", "af"])`, "true"},
	{`["eu", "af"].exists(r, r in user.regions)`, "true"},
	{`["eu", "us"].all(r, r in user.regions)`, "true"},

	// Other objects.
	{`resource.parents.exists(p, instance("folder", p).owner == user.name)`, "true"},
	{`resource.parents.all(p, instance("folder", p).owner == user.name)`, "false"},
	{`instance("folder", "f1").level == resource.level`, "true"},
	{`instance("folder", "f2").level == 3`, "error"},
	{`instance("folder", "none").owner == "ann"`, "error"},

	// Time, addresses.
	{`user.since < context.now`, "true"},
	{`context.now - user.since > duration("24h")`, "true"},
	{`user.since.getFullYear() == 2024`, "true"},
	{`user.home.in_cidr("10.0.0.0/8") && user.home != ipaddress("10.1.2.4")`, "true"},
	{`user.home == ipaddress("::ffff:10.1.2.3")`, "true"},
	{`user.home.in_cidr("10.0.0.0")`, "error"},
	{`ipaddress(user.name).in_cidr("10.0.0.0/8")`, "error"},

	{`1 / int(context.zero) == 1`, "error"},
	{`user.name.lowerAscii().split("n")[0] == "a"`, "true"},
}

func TestEval(t *testing.T) {
	t.Parallel()
	for _, c := range cases {
		t.Run(c.source, func(t *testing.T) {
			t.Parallel()
			p, err := expr.Compile(c.source, scope(), writ.Position{File: "m.yml", Line: 3, Col: 9})
			if err != nil {
				if c.want != "compile" {
					t.Fatal(err)
				}
				return
			}
			got, err := p.Eval(given())
			if want := c.want; answer(got, err) != want && !(want == "error" && err != nil) {
				t.Errorf("got %v, %v; want %s", got, err, want)
			}
		})
	}
}

func answer(holds bool, err error) string {
	var missing *expr.Missing
	switch {
	case errors.As(err, &missing):
		return "missing " + missing.Path.String()
	case err != nil:
		return "error: " + err.Error()
	case holds:
		return "true"
	}
	return "false"
}

func TestParameters(t *testing.T) {
	t.Parallel()
	s := &expr.Scope{Variables: []expr.Variable{
		{Name: "now", Type: expr.Time},
		{Name: "for", Type: expr.Duration},
		{Name: "ip", Type: expr.IP},
		{Name: "n", Type: expr.Int},
		{Name: "u", Type: expr.Uint},
		{Name: "d", Type: expr.Double},
		{Name: "ips", Type: expr.List(expr.IP)},
		{Name: "m", Type: expr.Map(expr.Int)},
		{Name: "x", Type: expr.Any},
	}}
	from := values{
		{"": "2024-01-01T00:00:00Z"},
		{"": "1h"},
		{"": "10.0.0.1"},
		{"": 5.0},
		{"": "7"},
		{"": 1.5},
		{"": []any{"10.0.0.1", "::1"}},
		{"": map[string]any{"a": 1.0}},
		{"": netip.MustParseAddr("10.0.0.1")},
	}
	for source, want := range map[string]string{
		`now + duration("1h") > timestamp("2024-01-01T00:30:00Z")`: "true",
		`n % 2 == 1 && u == 7u && d > n - 5`:                       "true",
		`ip in ips && ip.in_cidr("10.0.0.0/24")`:                   "true",
		`m["a"] == 1 && m.a + 1 == 2`:                              "true",
		`m.b == 1`:                                                 "error: c:1:2: m has no key \"b\"",
		`x == ip`:                                                  "true",
	} {
		p, err := expr.Compile(source, s, writ.Position{File: "c", Line: 1, Col: 1})
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if got := answer(p.Eval(from)); got != want {
			t.Errorf("%s: %s, want %s", source, got, want)
		}
	}
}

func render(err error) string {
	var b bytes.Buffer
	writ.WriteError(&b, err)
	return b.String()
}

// TestScopeIsShared compiles in one scope from many goroutines.
func TestScopeIsShared(t *testing.T) {
	t.Parallel()
	scope := &expr.Scope{Variables: []expr.Variable{{Name: "user", Type: expr.Object, Fields: map[string]expr.Type{"age": expr.Number}}}}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			p, err := expr.Compile("user.age > 17", scope, writ.Position{})
			if err != nil {
				t.Error(err)
				return
			}
			if s := p.String(); s != "user.age > 17" || !p.Direct() {
				t.Errorf("%s, direct: %t", s, p.Direct())
			}
		})
	}
	all.Wait()
}
