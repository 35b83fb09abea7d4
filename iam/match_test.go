package iam_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/internal/oracle"
)

func TestMatchAgreesWithItsDefinition(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*?é]{0,10}`).Draw(t, "pattern")
		s := rapid.StringMatching(`[abé]{0,12}`).Draw(t, "s")
		if got, want := iam.MatchPattern(pattern, s, false), oracle.Glob(pattern, s); got != want {
			t.Fatalf("%q against %q: %v, want %v", pattern, s, got, want)
		}
		if got, want := iam.MatchPattern(strings.ToUpper(pattern), s, true), oracle.Glob(pattern, s); got != want && !strings.Contains(pattern+s, "é") {
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
	if took := time.Since(start); took > 20*time.Second {
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
