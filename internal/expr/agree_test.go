package expr_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/expr"
)

// agreeScope has a declared field of each type, and what is not declared.
func agreeScope() *expr.Scope {
	return &expr.Scope{Variables: []expr.Variable{
		{Name: "user", Alias: "subject", Type: expr.Object, Fields: map[string]expr.Type{
			"n": expr.Number, "s": expr.String, "b": expr.Bool, "l": expr.List(expr.String), "t": expr.Time, "i": expr.Int, "u": expr.Uint,
			"f": expr.Double, "d": expr.Duration, "ip": expr.IP, "li": expr.List(expr.Int), "m": expr.Map(expr.Any),
		}},
		{Name: "res", Type: expr.Object},
		{Name: "p", Type: expr.Any},
	}}
}

var paths = []string{
	"user.n", "user.s", "user.b", "user.l", "user.t", "user.i", "user.u", "user.f", "user.d", "user.ip", "user.li", "user.m", "user.x", "subject.y",
	"res.a", "res.b", "res.c", `res["d d"]`, "res.a.k", "res.b.k.j", `res.a["k"]`, "user.m.k", "p", "p.k",
	`instance("folder", user.s).owner`, `instance("folder", "f2")`, `instance(res.a, "f1").level`,
}

var literals = []string{
	"0", "1", "-1", "18", "1.0", "1.5", "-0.0", "1u", "9007199254740993", "9223372036854775807", "18446744073709551615u", "1e300", `""`, `"a"`, `"ab"`, `"k"`, `"b"`,
	"true", "false", "null", "[]", `["a", "b"]`, "[1, 2.0, 3u]", `["k", 1, null, [1]]`, `timestamp("2024-01-01T00:00:00Z")`,
	`duration("1h")`, `ipaddress("10.0.0.1")`,
}

// drawValue gives what JSON, Go or another Source may give.
func drawValue(t *rapid.T, depth int) any {
	kinds := 21
	if depth == 0 {
		kinds = 18
	}
	switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
	case 0:
		return nil
	case 1, 2:
		return rapid.Bool().Draw(t, "bool")
	case 3, 4:
		return rapid.SampledFrom([]float64{0, 1, -1, 1.5, 18, math.NaN(), math.Inf(1), math.Inf(-1), 1e300, 1 << 53, 1 << 63, -1 << 63, math.Copysign(0, -1)}).Draw(t, "float")
	case 5, 6:
		return rapid.SampledFrom([]int64{0, 1, -1, 18, 1<<53 + 1, math.MaxInt64, math.MinInt64}).Draw(t, "int")
	case 7:
		return rapid.SampledFrom([]uint64{0, 1, 18, math.MaxInt64, 1 << 63, math.MaxUint64}).Draw(t, "uint")
	case 8, 9, 10, 11:
		return rapid.SampledFrom([]string{"", "a", "ab", "b", "k", "é", "1", "10.0.0.1", "2024-01-01T00:00:00Z", "1h", "\xff", "folder"}).Draw(t, "string")
	case 12:
		return rapid.SampledFrom([]time.Time{time.Unix(1704067200, 0).UTC(), time.Unix(0, 0)}).Draw(t, "time")
	case 13:
		return rapid.SampledFrom([]time.Duration{0, time.Hour}).Draw(t, "duration")
	case 14:
		return rapid.SampledFrom([]netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("::ffff:10.0.0.1")}).Draw(t, "ip")
	case 15:
		return rapid.SampledFrom([]int{0, 1, 18}).Draw(t, "go int")
	case 16:
		return rapid.SampledFrom([]any{[]string{"a", "b"}, []int{1}, map[string]string{"k": "a"}, json.Number("1"), json.Number("1.5"), json.Number("1e999"), float32(1.5)}).Draw(t, "other")
	case 17:
		return rapid.SampledFrom([]any{[]any{}, map[string]any{}, []any{"a", "b"}, []any{1.0, 2.0, 3.0}, struct{}{}, []any{struct{}{}}}).Draw(t, "ready")
	case 18, 19:
		items := make([]any, rapid.IntRange(0, 3).Draw(t, "len"))
		for i := range items {
			items[i] = drawValue(t, depth-1)
		}
		return items
	default:
		m := make(map[string]any)
		for _, key := range []string{"k", "j", "a"} {
			if rapid.Bool().Draw(t, "has "+key) {
				m[key] = drawValue(t, depth-1)
			}
		}
		return m
	}
}

func drawSource(t *rapid.T) values {
	v := values{{}, {}, {}}
	for i, fields := range [][]string{{"n", "s", "b", "l", "t", "i", "u", "f", "d", "ip", "li", "m", "x", "y"}, {"a", "b", "c", "d d"}, {""}} {
		for _, field := range fields {
			if rapid.IntRange(0, 9).Draw(t, "given") > 0 {
				v[i][field] = drawField(t, field)
			}
		}
	}
	return v
}

// drawField mostly gives a value that fits the declaration.
func drawField(t *rapid.T, field string) any {
	fits := map[string][]any{
		"n": {1.0, 18.0, int64(1)}, "s": {"a", "ab", "f1"}, "b": {true, false}, "l": {[]any{"a"}, []any{"a", "b", "k"}}, "t": {"2024-01-01T00:00:00Z"},
		"i": {1.0, "18", int64(1)}, "u": {1.0}, "f": {1.5, 1.0}, "d": {"1h"}, "ip": {"10.0.0.1"}, "li": {[]any{1.0, 2.0}}, "m": {map[string]any{"k": "a"}},
	}[field]
	if len(fits) > 0 && rapid.IntRange(0, 3).Draw(t, "fits") > 0 {
		return rapid.SampledFrom(fits).Draw(t, field)
	}
	return drawValue(t, 2)
}

func drawOperand(t *rapid.T, depth int) string {
	switch k := rapid.IntRange(0, 9).Draw(t, "operand"); {
	case k < 5:
		return rapid.SampledFrom(paths).Draw(t, "path")
	case k < 8:
		return rapid.SampledFrom(literals).Draw(t, "literal")
	case k == 8 || depth == 0:
		return "size(" + rapid.SampledFrom(paths).Draw(t, "path") + ")"
	default:
		return "(" + drawTest(t, depth-1) + ")"
	}
}

func drawTest(t *rapid.T, depth int) string {
	kinds := 16
	if depth == 0 {
		kinds = 9
	}
	operand := func() string { return drawOperand(t, depth) }
	test := func() string { return drawTest(t, depth-1) }
	switch rapid.IntRange(0, kinds-1).Draw(t, "test") {
	case 0, 1, 2, 3:
		return operand() + rapid.SampledFrom([]string{" == ", " != ", " < ", " <= ", " > ", " >= "}).Draw(t, "op") + operand()
	case 4:
		return operand() + " in " + operand()
	case 5:
		return operand() + " in [" + operand() + ", " + operand() + "]"
	case 6:
		path := rapid.SampledFrom(paths).Draw(t, "path")
		if !strings.Contains(path, ".") || strings.HasSuffix(path, "]") || strings.HasSuffix(path, ")") {
			return path
		}
		return "has(" + path + ")"
	case 7:
		return rapid.SampledFrom(paths).Draw(t, "path") + rapid.SampledFrom([]string{".startsWith(", ".endsWith(", ".contains("}).Draw(t, "fn") + operand() + ")"
	case 8:
		return rapid.SampledFrom(paths).Draw(t, "path") + rapid.SampledFrom([]string{`.matches("^a.?$")`, `.in_cidr("10.0.0.0/8")`}).Draw(t, "fn")
	case 9, 10:
		return "(" + test() + " && " + test() + ")"
	case 11:
		return "(" + test() + " || " + test() + ")"
	case 12:
		return "!(" + test() + ")"
	case 13, 14:
		return drawQuantifier(t, depth)
	default:
		return "(" + test() + " ? " + test() + " : " + test() + ")"
	}
}

// drawQuantifier gives exists or all over a list, with a body that looks at the item.
func drawQuantifier(t *rapid.T, depth int) string {
	list := rapid.SampledFrom([]string{"user.l", "user.li", "user.m", "user.x", "res.a", "res.c", "p", `["a", "b"]`, "[1, 2.0]", "[]", "res.b"}).Draw(t, "list")
	name := rapid.SampledFrom([]string{"x", "y"}).Draw(t, "item")
	var body string
	switch rapid.IntRange(0, 4).Draw(t, "body") {
	case 0:
		body = name + " == " + drawOperand(t, 0)
	case 1:
		body = name + " in " + rapid.SampledFrom([]string{"user.l", "user.li", "res.a", `["a", "k"]`, "[1]"}).Draw(t, "set")
	case 2:
		body = name + ".k == " + drawOperand(t, 0) + " || has(" + name + ".j)"
	case 3:
		body = name + " > " + drawOperand(t, 0) + " && " + drawTest(t, depth-1)
	default:
		body = drawTest(t, depth-1)
	}
	return list + rapid.SampledFrom([]string{".exists(", ".all("}).Draw(t, "quantifier") + name + ", " + body + ")"
}

// class is what the two ways to run a condition must agree on.
func class(holds bool, err error) string {
	if err != nil {
		return "error"
	}
	return fmt.Sprint(holds)
}

// Direct code answers as cel-go does, whatever the values are.
func TestDirectAgreesWithCEL(t *testing.T) {
	t.Parallel()
	scope := agreeScope()
	seen := make(map[string]int)
	rapid.Check(t, func(t *rapid.T) {
		for range 5 {
			source := drawTest(t, 3)
			p, err := expr.Compile(source, scope, writ.Position{})
			if err != nil {
				seen["not compiled"]++
				continue
			}
			if !p.Direct() {
				t.Fatalf("%s has no direct code", source)
			}
			for range 20 {
				from := drawSource(t)
				direct, directErr := p.Eval(from)
				cel, celErr := p.EvalCEL(from)
				if class(direct, directErr) != class(cel, celErr) {
					t.Fatalf("%s\nover %#v\ndirect: %v %v\ncel-go: %v %v", source, from, direct, directErr, cel, celErr)
				}
				seen[class(cel, celErr)]++
			}
		}
	})
	t.Logf("%v", seen)
	for _, answer := range []string{"true", "false", "error"} {
		if seen[answer] < 50 {
			t.Errorf("only %d runs gave %s: %v", seen[answer], answer, seen)
		}
	}
}
