package expr_test

import (
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/expr"
)

// TestTextIsWhatTheScopeSays gives one value to conditions that declare it differently, as text and
// read beforehand: the answers must be the same, from direct code and from cel-go.
func TestTextIsWhatTheScopeSays(t *testing.T) {
	t.Parallel()
	texts := map[string]expr.Type{
		"2027-01-01T00:00:00+00:00": expr.Time, "90m": expr.Duration, "10.0.0.1": expr.IP, "no date": expr.Time,
	}
	conditions := []string{
		"user.it < timestamp('2027-01-02T00:00:00Z')", "user.it == '2027-01-01T00:00:00+00:00'", "user.it > duration('1h')", "user.it == '90m'",
		"user.it.in_cidr('10.0.0.0/8')", "user.it == '10.0.0.1'", "has(user.it)", "user.it in ['90m', '10.0.0.1']", "user['it'] != 'x'",
		"size(user.it) > 2", "user.it.startsWith('1')", "user == {'it': '90m'}", "[user.it].exists_one(x, x == '90m')", "user.it.matches('^9')",
	}
	asked, held := 0, 0
	for text, reads := range texts {
		for _, declared := range []expr.Type{expr.Any, expr.String, expr.Time, expr.Duration, expr.IP} {
			scope := &expr.Scope{Variables: []expr.Variable{{Name: "user", Type: expr.Object, Fields: map[string]expr.Type{"it": declared}}}}
			for _, source := range conditions {
				p, err := expr.Compile(source, scope, writ.Position{})
				if err != nil {
					continue // not for this type
				}
				for _, run := range []func(expr.Source) (bool, error){p.Eval, p.EvalCEL} {
					want, wrong := run(values{{"it": text}})
					got, err := run(values{{"it": expr.Read(text, reads)}})
					if got != want || (err == nil) != (wrong == nil) {
						t.Errorf("%s of %s as %s: got %t, %v, want %t, %v", source, text, declared, got, err, want, wrong)
					}
					asked++
					if want {
						held++
					}
				}
				if v := p.Values(values{{"it": expr.Read(text, reads)}})[0].Value; v != text && source != "user == {'it': '90m'}" {
					t.Errorf("%s is shown as %v", text, v)
				}
			}
		}
	}
	if asked < 100 || held < 20 {
		t.Errorf("%d questions, %d of them true, are too few", asked, held)
	}
}

// TestTextIsReadOnce counts what a condition on a time allocates.
func TestTextIsReadOnce(t *testing.T) {
	scope := &expr.Scope{Variables: []expr.Variable{{Name: "user", Type: expr.Object, Fields: map[string]expr.Type{"since": expr.Time}}}}
	p, err := expr.Compile("user.since < timestamp('2027-01-02T00:00:00Z')", scope, writ.Position{})
	if err != nil {
		t.Fatal(err)
	}
	const text = "2027-01-01T00:00:00Z"
	run := func(v any) float64 {
		from := expr.Source(values{{"since": v}})
		return testing.AllocsPerRun(100, func() {
			if ok, err := p.Eval(from); !ok || err != nil {
				t.Error(ok, err)
			}
		})
	}
	if parsed, once := run(text), run(expr.Read(text, expr.Time)); once != 0 || parsed == 0 {
		t.Errorf("%v allocations with a text, %v with one that was read", parsed, once)
	}
}
