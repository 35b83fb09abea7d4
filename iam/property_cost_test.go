package iam_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ/iam"
)

// growth is how many times as long the larger takes, at its best of a few tries.
func growth(small, large func()) (ratio float64, least, most time.Duration) {
	once := func(run func()) time.Duration {
		start := time.Now()
		run()
		return time.Since(start)
	}
	least, most = once(small), once(large)
	for range 5 {
		least, most = min(least, once(small)), min(most, once(large))
	}
	return float64(most) / float64(max(least, 20*time.Microsecond)), least, most
}

// Input that is meant to cost much: eight times as much of it may cost eight
// times eight as much, with room for a busy machine, and no more. Whatever
// backtracks or goes over the whole for every part would be far beyond.
func TestCostGrowsNoFasterThanItMay(t *testing.T) {
	repeat := strings.Repeat
	pattern := func(p, text func(n int) string) func(n int) func() {
		return func(n int) func() {
			c := iam.ConditionElement{Operator: "StringLike", Key: "k", Values: []string{p(n)}}
			ctx := iam.Context{"k": iam.One(text(n)), "a": iam.One("a")}
			return func() {
				if iam.MatchCondition(c, ctx) {
					t.Error("it matches")
				}
			}
		}
	}
	as := func(n int) string { return repeat("a", 4*n) + "b" }
	document := func(statement func(i int) string) func(n int) func() {
		return func(n int) func() {
			var b strings.Builder
			b.WriteString(`{"Version":"2012-10-17","Statement":[`)
			for i := range n {
				if i > 0 {
					b.WriteString(",")
				}
				b.WriteString(statement(i))
			}
			b.WriteString("]}")
			req := &iam.Request{Principal: iam.ParsePrincipal(user), Action: "s3:GetObject", Resource: object}
			return func() {
				doc, err := iam.Parse([]byte(b.String()))
				if err != nil {
					t.Error(err)
					return
				}
				p := &iam.Policies{Identity: []*iam.Policy{iam.Compile(doc, iam.Origin{Type: iam.TypeIdentity})}}
				iam.Decide(req, p)
				iam.Explain(req, p)
			}
		}
	}
	text := func(unit string) func(n int) func() {
		return func(n int) func() {
			doc := &iam.Document{Version: iam.Version2012, Statements: []iam.Statement{{Effect: iam.Allow, Action: []string{"*"}, Resource: []string{"arn:aws:s3:::" + repeat(unit, n)}}}}
			return func() { iam.Compile(doc, iam.Origin{Type: iam.TypeIdentity}) }
		}
	}
	for _, row := range []struct {
		name  string
		n     int
		times float64 // that eight times n may cost
		run   func(n int) func()
	}{
		{"stars", 200, 64, pattern(func(n int) string { return repeat("*a", n) + "c*b" }, as)},
		{"stars after", 200, 64, pattern(func(n int) string { return repeat("a*", n) + "?c*b" }, as)},
		{"stars and marks", 200, 64, pattern(func(n int) string { return repeat("*a?", n) + "c*b" }, as)},
		{"marks", 60, 64, pattern(func(n int) string { return "*" + repeat("a?", n) + "c*b" }, as)},
		{"variables", 60, 64, pattern(func(n int) string { return "*" + repeat("${a}?", n) + "c*b" }, as)},
		{"a long run", 200, 64, pattern(func(n int) string { return "*" + repeat("a", n) + "?c*b" }, as)},
		{"statements of one action", 2000, 8, document(func(i int) string {
			return fmt.Sprintf(`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b%d/*"}`, i)
		})},
		{"statements of other actions", 2000, 8, document(func(i int) string {
			return fmt.Sprintf(`{"Effect":"Deny","Action":"s3:Get%d","Resource":"*"}`, i)
		})},
		{"statements with wildcards", 2000, 8, document(func(i int) string {
			return fmt.Sprintf(`{"Effect":"Deny","NotAction":"*:*%d*","Resource":"arn:aws:s3:::*%d*x"}`, i, i)
		})},
		{"opened variables", 20_000, 8, text("${")},
		{"opened quotes", 4_000, 8, text("${'}'")},
		{"variables without value", 10_000, 8, text("${a}")},
		{"colons", 50_000, 8, text(":")},
		{"values against values", 150, 64, func(n int) func() {
			c := iam.ConditionElement{Operator: "ForAllValues:StringLike", Key: "k"}
			var found []string
			for i := range n {
				c.Values = append(c.Values, fmt.Sprintf("a*%dx", i))
				found = append(found, fmt.Sprintf("ab%dx", n-1))
			}
			ctx := iam.Context{"k": iam.Many(found...)}
			return func() { iam.MatchCondition(c, ctx) }
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			// A busy machine may spoil a measurement, but not five of them.
			for range 5 {
				ratio, small, large := growth(row.run(row.n), row.run(8*row.n))
				t.Logf("%d: %v, %d: %v, %.0f times as much", row.n, small, 8*row.n, large, ratio)
				if ratio <= 5*row.times {
					return
				}
			}
			t.Error("that is more than it may")
		})
	}
}

// As large as it gets: what Parse takes at most is parsed, compiled and asked
// in less time than a test may take; a quadratic step would need hours.
func TestTheLargestDocument(t *testing.T) {
	t.Parallel()
	head, tail := `{"Version":"2012-10-17","Statement":[`, `{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	long := func(unit string) string {
		statement := `{"Effect":"Deny","Action":"s3:%s","Resource":"arn:aws:s3:::%s"},`
		return head + fmt.Sprintf(statement, "x", strings.Repeat(unit, (iam.MaxDocumentSize-1000)/len(unit))) + tail
	}
	many := func(statement string) string {
		return head + strings.Repeat(statement, (iam.MaxDocumentSize-1000)/len(statement)) + tail
	}
	req := &iam.Request{Principal: iam.ParsePrincipal(user), Action: "s3:GetObject", Resource: object}
	for name, src := range map[string]string{
		"opened variables": long("${"), "stars": long("a*"), "colons": long(":"), "variables": long("${a}"),
		"100,000 statements": many(`{"Effect":"Deny","Action":"s:A","Resource":[]},`), "actions": many(`{"Effect":"Deny","Action":["a:b*c","?:*"],"NotResource":"*"},`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, err := iam.Parse([]byte(src))
			if err != nil {
				t.Fatal(err)
			}
			p := &iam.Policies{Identity: []*iam.Policy{iam.Compile(doc, iam.Origin{Type: iam.TypeIdentity})}}
			if v := iam.Decide(req, p); v != iam.Allowed {
				t.Errorf("%d bytes, %d statements: %s", len(src), len(doc.Statements), v)
			}
		})
	}
}
