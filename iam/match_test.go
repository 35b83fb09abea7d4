package iam_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/writ-dev/writ/iam"
)

// slowMatch is the definition of the two wildcards, one line each.
func slowMatch(pattern, s []rune) bool {
	switch {
	case len(pattern) == 0:
		return len(s) == 0
	case pattern[0] == '*':
		return slowMatch(pattern[1:], s) || len(s) > 0 && slowMatch(pattern, s[1:])
	case len(s) == 0:
		return false
	}
	return (pattern[0] == '?' || pattern[0] == s[0]) && slowMatch(pattern[1:], s[1:])
}

func TestMatchAgreesWithItsDefinition(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*?é]{0,10}`).Draw(t, "pattern")
		s := rapid.StringMatching(`[abé]{0,12}`).Draw(t, "s")
		if got, want := iam.MatchPattern(pattern, s, false), slowMatch([]rune(pattern), []rune(s)); got != want {
			t.Fatalf("%q against %q: %v, want %v", pattern, s, got, want)
		}
		if got, want := iam.MatchPattern(strings.ToUpper(pattern), s, true), slowMatch([]rune(strings.ReplaceAll(strings.ToUpper(pattern), "É", "é")), []rune(strings.ToUpper(s))); got != want && !strings.Contains(pattern+s, "é") {
			t.Fatalf("%q against %q without case: %v, want %v", pattern, s, got, want)
		}
	})
}

// A matcher that backtracks would take longer than the universe has been.
func TestMatchDoesNotExplode(t *testing.T) {
	t.Parallel()
	start := time.Now()
	for _, pattern := range []string{
		strings.Repeat("*a", 60) + "b",
		strings.Repeat("a*", 60) + "b",
		strings.Repeat("*?", 60) + "b",
		strings.Repeat("*a?", 60) + "b",
		"*" + strings.Repeat("a?", 200) + "b",
	} {
		if iam.MatchPattern(pattern, strings.Repeat("a", 4000), false) {
			t.Errorf("%.20s… matches", pattern)
		}
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestFoldingIsForASCIIOnly(t *testing.T) {
	t.Parallel()
	if iam.MatchPattern("kms:*", "\u212Ams:Decrypt", true) { // the Kelvin sign
		t.Error("the Kelvin sign is taken for a k")
	}
	if !iam.MatchPattern("S3:get*", "s3:GETobject", true) {
		t.Error("case is not ignored")
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("a*b?c", "axxbyc", false)
	f.Add("**", "", true)
	f.Add("?*?", "é", false)
	f.Add("*ab", "aab", false)
	f.Fuzz(func(t *testing.T, pattern, s string, fold bool) {
		got := iam.MatchPattern(pattern, s, fold)
		if fold || len(pattern) > 12 || len(s) > 16 || !utf8.ValidString(pattern) || !utf8.ValidString(s) {
			return
		}
		if want := slowMatch([]rune(pattern), []rune(s)); got != want {
			t.Fatalf("%q against %q: %v, want %v", pattern, s, got, want)
		}
	})
}

func FuzzCondition(f *testing.F) {
	f.Add("StringLike", "a${aws:username}*", "alice")
	f.Add("DateLessThan", "2020-01-01T00:00:00Z", "1577836800")
	f.Add("NumericEquals", "-0.50", "-.5")
	f.Add("NotIpAddress", "10.0.0.0/8", "::1")
	f.Add("ArnNotLike", "arn:aws:s3:::b*", "arn:aws:s3:::bucket:x")
	f.Add("ForAnyValue:Bool", "TRUE", "true")
	f.Add("BinaryEquals", "YWI=", "ab")
	negations := map[string]string{"StringEquals": "StringNotEquals", "StringLike": "StringNotLike", "IpAddress": "NotIpAddress", "ArnLike": "ArnNotLike", "StringEqualsIgnoreCase": "StringNotEqualsIgnoreCase"}
	f.Fuzz(func(t *testing.T, operator, want, value string) {
		ctx := iam.Context{"k": iam.One(value), "aws:username": iam.One("alice")}
		c := iam.ConditionElement{Operator: operator, Key: "k", Values: []string{want}}
		got := iam.MatchCondition(c, ctx)
		if opposite, ok := negations[operator]; ok {
			c.Operator = opposite
			if iam.MatchCondition(c, ctx) == got {
				t.Fatalf("%s and %s of %q on %q are both %v", operator, opposite, want, value, got)
			}
		}
	})
}
