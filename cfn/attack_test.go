package cfn_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ/cfn"
)

// A template of under a megabyte must not keep the reader busy for minutes or
// take its memory: whoever may validate a template sends it to `writ up`.
func TestAttackTemplatesThatCostMuch(t *testing.T) {
	t.Parallel()
	var keys strings.Builder
	for i := range 90_000 {
		fmt.Fprintf(&keys, "k%d: 1\n", i)
	}
	for name, src := range map[string]string{
		"closing brackets in quotes":   "a: " + strings.Repeat(`["]",`, 190_000) + "x",
		"closing brackets in comments": "a: " + strings.Repeat("[ #]\n ", 15_000) + "x",
		"many keys":                    keys.String(),
		"many tags":                    "a: " + strings.Repeat("!R ", 300_000) + "x",
		"many anchors":                 "a: " + strings.Repeat("&a ", 300_000) + "x",
		"many dashes":                  "a:\n " + strings.Repeat("- ", 300_000) + "x",
		"many questions":               strings.Repeat("? ", 300_000) + "x",
		"deep JSON":                    strings.Repeat(`{"a":[`, 160_000),
		"aliases":                      "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n",
	} {
		start := time.Now()
		if _, err := cfn.Parse([]byte(src), "template"); err == nil {
			t.Errorf("%s: no error", name)
		}
		if took := time.Since(start); took > 10*time.Second { // milliseconds on a machine of its own
			t.Errorf("%s: took %s", name, took)
		}
	}
}
