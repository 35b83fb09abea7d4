package authzen_test

import (
	"testing"

	"github.com/writ-dev/writ/conformance/authzen"
)

// The harness must not pass a decision point that says the opposite, or nothing.
func TestHarnessFails(t *testing.T) {
	t.Parallel()
	ran := 0
	for _, scenario := range authzen.Scenarios() {
		cases, err := authzen.Cases(scenario)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			ran++
			for _, wrong := range []string{`{}`, `[]`, ``, `{"decision":"true"}`} {
				status := 200
				if c.Expected.Status == 0 && wrong == `[]` {
					status = 500
				}
				err := c.Check(func(string, []byte) (int, []byte, error) { return status, []byte(wrong), nil })
				if err == nil {
					t.Errorf("%s passes with the answer %q", c.ID, wrong)
				}
			}
			if c.Expected.Decision == nil {
				continue
			}
			opposite := `{"decision":true}`
			if *c.Expected.Decision {
				opposite = `{"decision":false}`
			}
			if err := c.Check(func(string, []byte) (int, []byte, error) { return 200, []byte(opposite), nil }); err == nil {
				t.Errorf("%s passes with %s", c.ID, opposite)
			}
		}
	}
	if want := 43 + 25 + 198 + 47; ran != want {
		t.Errorf("%d cases, want %d", ran, want)
	}
}
