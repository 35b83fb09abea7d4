package synth_test

import (
	"strings"
	"testing"

	"github.com/writ-dev/writ/synth"
)

// TestDestinations: what follows a function is wired locally as on AWS. Lambda
// refuses a function as its own destination: the edge is named and left out.
func TestDestinations(t *testing.T) {
	t.Parallel()
	top := parseText(t, `
name: shop
functions:
  a: {runtime: {lang: go}, function: a}
  b: {runtime: {lang: go}, queue: jobs}
queues:
  jobs: {}
`)
	for _, local := range []bool{false, true} {
		o := options(top, "dev")
		o.Local = local
		out, err := synth.Template(top, o)
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Skipped) != 1 || out.Skipped[0].Name != "a -> function a" {
			t.Errorf("local %v: skipped %+v", local, out.Skipped)
		}
		if n := strings.Count(text(t, out.Template.Root), "AWS::Lambda::EventInvokeConfig"); n != 1 {
			t.Errorf("local %v: %d destinations, want 1", local, n)
		}
	}
}
