package cover

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/writ-dev/writ/iam"
)

// FuzzPatterns: a search tells texts apart as the engine does. Every text that
// is found matches the first entry, and the second exactly if the search says so.
func FuzzPatterns(f *testing.F) {
	f.Add("arn:aws:s3:::b/*", "arn:aws:s3:::b/a?*c")
	f.Add("arn:aws:s3:::*", "arn:aws:s3:::b/${aws:PrincipalAccount}")
	f.Add("*", "arn:aws:s3:*:*:b/${*}x${?}")
	f.Add("arn:*:s3:::é?*", "arn:aws:s3")
	f.Add("arn:aws:s3:::${aws:PrincipalAccount}", "arn:aws:s?:::*1*")
	f.Add("arn:aws:s3:::${aws:principalaccount, 'x'}", "arn:aws:s3:::${")
	f.Add("*a*b*", "b")
	f.Add("*", "arn*")
	f.Fuzz(func(t *testing.T, first, second string) {
		if len(first)+len(second) > 60 || !utf8.ValidString(first+second) || strings.ContainsRune(first+second, utf8.RuneError) {
			return // policies are UTF-8, and long patterns are for the bound on states
		}
		given := Given{Caller: session, Account: here}
		c := &call{given: &given, action: "s3:GetObject"}
		for _, key := range append(variablesIn(first), variablesIn(second)...) {
			if _, known := c.text(key); !known {
				return // stands for any text
			}
		}
		p, q := resource(first, c.text), resource(second, c.text)
		found, _ := witnesses([]pattern{p}, []pattern{q}, &work{maxWork})
		for _, text := range found {
			parts := strings.SplitN(text, ":", 6)
			if len(parts) < 6 || parts[0] != "arn" {
				continue // no resource of AWS
			}
			if !matchedByEngine(c, first, text) {
				t.Errorf("%q was found for %q, which does not match it", text, first)
			}
			if got, want := q.matches(text), matchedByEngine(c, second, text); got != want {
				t.Errorf("%q matches %q: %v, the engine says %v", text, second, got, want)
			}
		}
	})
}

func matchedByEngine(c *call, entry, text string) bool {
	s := iam.Statement{Effect: iam.Allow, Action: []string{"*"}, Resource: []string{entry}}
	role := only(iam.Compile(&iam.Document{Version: iam.Version2012, Statements: []iam.Statement{s}}, iam.Origin{Type: iam.TypeIdentity}))
	req := c.request(text, nil)
	req.ResourceAccount, req.WildcardOnly = here, false
	return iam.Decide(req, role) == iam.Allowed
}
