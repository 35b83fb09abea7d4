package iam_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ/iam"
)

// The literals ${*}, ${?} and ${$} are one character where they match, in
// every part of an ARN: a value that has that character there is compared as a
// whole, and nothing is cut beyond its end.
func TestLiteralVariablesInTheFrontOfARNs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, value string
		want           iam.Verdict
	}{
		{"arn:aws:s3:${*}${*}${*}${*}${*}:x:?", "arn:aws:s3:*****:x:a", iam.Allowed},
		{"arn:aws:s3:${*}${*}${*}${*}${*}:x:?", "arn:aws:s3:*****:x:ab", iam.ImplicitlyDenied},
		{"arn:${*}:s3:${$}::b?", "arn:*:s3:$::ba", iam.Allowed},
		{"arn:${*}:s3:${$}::b?", "arn:aws:s3:$::ba", iam.ImplicitlyDenied},
		{"arn:aws:s3:${?}:x:a*b*c", "arn:aws:s3:?:x:a1b2c", iam.Allowed},
	} {
		p := load(t, iam.TypeIdentity, `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ArnLike":{"aws:SourceArn":"`+tt.pattern+`"}}}`)
		got := iam.Decide(&iam.Request{
			Principal: iam.ParsePrincipal(session), Action: "s3:ListAllMyBuckets", Resource: "*",
			Context: iam.Context{"aws:sourcearn": iam.One(tt.value)},
		}, &iam.Policies{Identity: []*iam.Policy{p}})
		if got != tt.want {
			t.Errorf("%s against %s: %s, want %s", tt.pattern, tt.value, got, tt.want)
		}
	}
}

// A document that is made to be slow takes a time in proportion to its size:
// actions and resources that multiply, actions that fall into one place of a
// table. Each still decides.
func TestHostileDocumentsCompile(t *testing.T) {
	t.Parallel()
	list := func(n int, entry func(i int) string) string {
		entries := make([]string, n)
		for i := range entries {
			entries[i] = entry(i)
		}
		return `["` + strings.Join(entries, `","`) + `"]`
	}
	number := func(format string) func(int) string {
		return func(i int) string { return fmt.Sprintf(format, i) }
	}
	// "@" and "`" differ by the bit that tells "A" from "a".
	twins := func(i int) string {
		return "s:" + strings.NewReplacer("0", "@", "1", "`").Replace(fmt.Sprintf("%016b", i))
	}
	for name, tt := range map[string]struct{ action, resource, ask string }{
		"actions times resources": {list(6000, number("s:a%d")), list(6000, number("arn:aws:s:::%d")), "s:a77"},
		"actions of one hash":     {list(1<<16, twins), `"arn:aws:s:::77"`, twins(9)},
	} {
		src := `{"Statement":{"Effect":"Allow","Action":` + tt.action + `,"Resource":` + tt.resource + `}}`
		start := time.Now()
		p, err := iam.Load([]byte(src), iam.Origin{Type: iam.TypeIdentity})
		if took := time.Since(start); err != nil || took > 20*time.Second {
			t.Fatalf("%s: %d bytes took %s, %v", name, len(src), took, err)
		}
		for action, want := range map[string]iam.Verdict{tt.ask: iam.Allowed, tt.ask + "x": iam.ImplicitlyDenied} {
			req := &iam.Request{Principal: iam.ParsePrincipal(session), Action: action, Resource: "arn:aws:s:::77"}
			if got := iam.Decide(req, &iam.Policies{Identity: []*iam.Policy{p}}); got != want {
				t.Errorf("%s: %s is %s, want %s", name, action, got, want)
			}
		}
	}
}
