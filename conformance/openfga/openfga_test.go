package openfga_test

import (
	"testing"

	"github.com/writ-dev/writ/conformance/openfga"
)

// TestCorpusOpenFGA runs OpenFGA's own cases through the engine in this process.
func TestCorpusOpenFGA(t *testing.T) {
	t.Parallel()
	cases, err := openfga.Cases()
	if err != nil {
		t.Fatal(err)
	}
	ran, disputed := 0, map[string]int{}
	for _, c := range cases {
		for _, r := range c.Run() {
			ran++
			switch {
			case r.Passed:
			case openfga.Disputed[c.Name] != "":
				disputed[c.Name]++
			default:
				t.Errorf("%s: %s %s %s %s: got %s, want %s; %v", c.Name, r.Question.Kind, r.Question.User, r.Question.Relation, r.Question.Object, r.Got, r.Want, r.Err)
			}
		}
	}
	for name := range openfga.Disputed {
		if disputed[name] == 0 {
			t.Errorf("%s is disputed, and answered as OpenFGA does", name)
		}
	}
	if ran < 1000 {
		t.Fatalf("only %d cases ran", ran)
	}
	t.Logf("TestCorpusOpenFGA openfga: %d cases ran in %d stages, %d of them with an answer that is disputed", ran, len(cases), len(disputed))
}
