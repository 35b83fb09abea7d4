package topology_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ/topology"
)

// A small file from elsewhere must not keep the reader busy, whatever it hides
// its brackets in.
func TestAttackFilesThatCostMuch(t *testing.T) {
	t.Parallel()
	for name, src := range map[string]string{
		"closing brackets in quotes":   "name: " + strings.Repeat(`["]",`, 190_000) + "x",
		"closing brackets in comments": "name: " + strings.Repeat("[ #]\n ", 15_000) + "x",
		"many tags":                    "name: " + strings.Repeat("!R ", 300_000) + "x",
		"many dashes":                  "name:\n " + strings.Repeat("- ", 300_000) + "x",
		"aliases":                      "a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "topology.yml"), []byte(src), 0o600); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if _, err := topology.Load(dir); err == nil {
			t.Errorf("%s: no error", name)
		}
		if took := time.Since(start); took > 10*time.Second { // milliseconds on a machine of its own
			t.Errorf("%s: took %s", name, took)
		}
	}
}
