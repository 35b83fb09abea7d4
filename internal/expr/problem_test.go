package expr_test

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/expr"
)

var update = flag.Bool("update", false, "write the golden files anew")

// wrongs are conditions that do not compile; testdata/problems.txt has what is said of them.
var wrongs = []string{
	`usr.age > 1`,
	`other > 1`,
	`user.age > "old"`,
	`user.age == "18"`,
	`"18" == user.age`,
	`user.age in ["a"]`,
	`user.age in user.regions`,
	`"a" in user.scores`,
	`user.age.startsWith("1")`,
	`user.age && true`,
	`!user.age`,
	`user.age + 1 > 3`,
	`user.age + 1.0 == 3`,
	`user.name == 1`,
	`user.name < 1`,
	`user.name && user.admin`,
	`user.name.startWith("a")`,
	`user.name.startsWith(1)`,
	`startsWith(user.name, "a")`,
	`user.regions == "eu"`,
	`1 in user.regions`,
	`user.since < "2024-01-01"`,
	`user.home == "10.0.0.1"`,
	`user.home.in_cidr(8)`,
	`user.name.matches("(")`,
	`user.name.matches("((a{1,99}){1,99}){1,9}")`,
	`user.name.matches("a{900}")`,
	`user.name + "x"`,
	`size(user.regions)`,
	`user`,
	`user.regions.exists(user, user == "eu")`,
	`user.name.lastIndexof("a") == 1`,
	`user.age > `,
	`user.age > 1)`,
	`(user.age > 1`,
	`user.age = 1`,
	`user.age > 1 and user.admin`,
	`user.name == 'a`,
	`user.in == 1`,
	"  ",
	"user.age > 1 &&\n  usr.admin",
	"user.age > 1 &&\n  user.name == 2 ||\n\n  user.admin",
	`user.näme == usr`,
	`"é" == user.age`,
	`now() > user.since`,
	`{"a": 1}`,
	`user.regions.all(r, r == 1)`,
	`1 / 0`,
	`99999999999999999999 > 1`,
	`user.name.replace("a", "b") == ""`,
	`!user.name`,
	`user.name + 1 == ""`,
	`-user.name == ""`,
	`user.null == 1`,
	`Foo{a: 1} == 1`,
}

func TestProblems(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, source := range wrongs {
		_, err := expr.Compile(source, scope(), writ.Position{File: "m.yml", Line: 7, Col: 11})
		var e *writ.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v is no *writ.Error", source, err)
			continue
		}
		b.WriteString(render(err) + "\n")
	}
	golden(t, "testdata/problems.txt", b.String())
}

// Errors of a run say where in the condition a value did not fit.
func TestFailures(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, source := range []string{
		`user.text < 1`, `user.admin && user.text`, `user.text`, `user.text.size() > user.none`, `user.city.zip == 1`, `user.none in user.age`,
		`user.tags.startsWith("a")`, `user.spare > 1`, `user.tags[7] == 1`, `1 / int(context.zero) == 1`, `user.text + 1 == 2`,
		`instance("folder", "none").owner == "ann"`, `instance("folder", "f2").level == 3`, `timestamp(user.text) < context.now`,
		`user.text.matches(user.text + "(")`, `"a" in user.none`, "user.admin &&\n  user.none < 2",
	} {
		p := mustCompileAt(t, source)
		holds, err := p.Eval(given())
		if err == nil || holds {
			t.Errorf("%s: %v, %v", source, holds, err)
			continue
		}
		b.WriteString(render(err) + "\n")
	}
	golden(t, "testdata/failures.txt", b.String())
}

func mustCompileAt(t *testing.T, source string) *expr.Program {
	t.Helper()
	p, err := expr.Compile(source, scope(), writ.Position{File: "m.yml", Line: 7, Col: 11})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; got:\n%s", file, got)
	}
}

// What is over a bound is an error of its own code, and is found in bounded time.
func TestBounds(t *testing.T) {
	t.Parallel()
	refused := map[string]string{
		"size":     `user.name == "` + strings.Repeat("a", 9000) + `"`,
		"nodes":    strings.Repeat("true&&", 1200) + "true",
		"brackets": strings.Repeat("(", 500) + "true" + strings.Repeat(")", 500),
		"not":      strings.Repeat("!(", 100) + "true" + strings.Repeat(")", 100),
		"lists":    strings.Repeat("[", 500) + strings.Repeat("]", 500) + " == []",
		"macros":   strings.Repeat("[1].all(x,", 300) + "true" + strings.Repeat(")", 300),
		"ternary":  strings.Repeat("true ? true : ", 500) + "true",
		"dots":     "user" + strings.Repeat(".a", 2000) + " == 1",
	}
	for name, source := range refused {
		_, err := expr.Compile(source, scope(), writ.Position{Line: 1, Col: 1})
		if writ.CodeOf(err) != writ.CodeTooLarge {
			t.Errorf("%s: %s: %v", name, writ.CodeOf(err), err)
		}
	}
}

func TestCost(t *testing.T) {
	t.Parallel()
	long, text := make([]any, 3000), strings.Repeat("a", 1<<20)
	for i := range long {
		long[i] = float64(i)
	}
	nested := any([]any{})
	for range 10 {
		nested = []any{nested, nested, nested, nested}
	}
	from := values{{"texts": []any{text}, "l": long, "half": nested.([]any)[:1], "text": text, "nested": nested, "huge": make([]any, 300_000)}}
	for source, want := range map[string]writ.Code{
		`user.l.exists(a, user.l.exists(b, a + b == -1.0))`:             writ.CodeTooLarge,
		`user.l.all(a, user.l.all(b, user.l.all(c, a + b + c >= 0.0)))`: writ.CodeTooLarge,
		`"x" in user.huge`:           writ.CodeTooLarge,
		`1 in user.huge`:             writ.CodeTooLarge,
		`user.nested == user.nested`: writ.CodeTooLarge,
		`[user.text].all(t, user.l.map(x, t.lowerAscii()).size() > 0)`:        writ.CodeTooLarge,
		`[user.text].all(t, user.l.map(x, t.split("")).size() > 0)`:           writ.CodeTooLarge,
		`[user.text].all(t, user.l.map(x, t.reverse()).size() > 0)`:           writ.CodeTooLarge,
		`[user.text].all(t, user.l.map(x, strings.quote(t)).size() > 0)`:      writ.CodeTooLarge,
		`[user.text].all(t, user.l.map(x, t.substring(1)).size() > 0)`:        writ.CodeTooLarge,
		`[user.text].all(t, user.l.map(x, t.indexOf("b")).size() > 0)`:        writ.CodeTooLarge,
		`[user.text].all(t, user.l.all(x, t.lastIndexOf("aab") < 0))`:         writ.CodeTooLarge,
		`[user.text].all(t, user.l.map(x, t + string(x)).size() > 0)`:         writ.CodeTooLarge,
		`[user.text].all(t, user.l.map(x, [t + "x"] + [t + "y"]).size() > 0)`: writ.CodeTooLarge,
		`[user.text].all(t, user.l.map(x, bytes(t)).size() > 0)`:              writ.CodeTooLarge,
		`[user.text].all(t, user.l.all(x, t < t + "a"))`:                      writ.CodeTooLarge,
		`[user.text].all(t, user.l.all(x, t == t))`:                           writ.CodeTooLarge,
		`[user.text].all(t, user.l.all(x, t.size() > 1))`:                     writ.CodeTooLarge,
		`[user.text].all(t, user.l.all(x, t.startsWith(t)))`:                  writ.CodeTooLarge,
		`user.texts.all(t, user.l.all(x, t.startsWith(t) && t.contains(t)))`:  writ.CodeTooLarge,
		`user.texts.all(t, user.l.all(x, t <= t))`:                            writ.CodeTooLarge,
		`user.texts.all(t, user.l.all(x, t.size() > 1))`:                      writ.CodeTooLarge,
		`user.texts.all(t, user.l.all(x, size(bytes(t)) > 1))`:                writ.CodeTooLarge,
		`user.text.matches("(a*)*b")`:                                         writ.CodeTooLarge,
		`[user.half, user.half].exists(n, user.l.exists(x, n != n))`:          writ.CodeTooLarge,
	} {
		p := mustCompile(t, source, scope())
		for way, eval := range []func(expr.Source) (bool, error){p.Eval, p.EvalCEL} {
			started := time.Now()
			holds, err := eval(from)
			if holds || err == nil || writ.CodeOf(err) != want {
				t.Errorf("%s (way %d): %v, %v", source, way, holds, err)
			}
			t.Logf("%v %s", time.Since(started), source)
		}
	}
}

func TestUses(t *testing.T) {
	t.Parallel()
	p := mustCompileAt(t, `subject.age > 1 && (user["odd name"] == "x" || has(user.none) || "k" in context) && resource.parents.exists(r, r == user.name)`)
	var got []string
	for _, path := range p.Uses() {
		got = append(got, path.String())
	}
	want := `user.age user["odd name"] user.none context resource.parents user.name`
	if strings.Join(got, " ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, " "), want)
	}
	bounds := p.Values(values{{"age": 3.0}, {}, {"k": 1.0}})
	if len(bounds) != 6 || !bounds[0].Found || bounds[0].Value != 3.0 || bounds[1].Found || !bounds[3].Found {
		t.Errorf("got %+v", bounds)
	}
}
