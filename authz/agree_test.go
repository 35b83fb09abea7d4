package authz_test

import (
	"testing"

	"github.com/writ-dev/writ/authz/internal/oracle"
	"pgregory.net/rapid"
)

// TestCheckAgreesWithOracle holds answers against those of a slow evaluator that
// was written apart, on random models with everything that a model may have.
func TestCheckAgreesWithOracle(t *testing.T) {
	t.Parallel()
	yes, asked := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		w := oracle.Worlds().Draw(t, "world")
		s := snapshotOf(t, w)
		for range 20 {
			q := oracle.Queries(w).Draw(t, "query")
			want := w.Ask(q)
			got, err := s.Allowed(q)
			if err != nil {
				t.Fatalf("%v", err)
			}
			if got != (want == oracle.Yes) {
				t.Fatalf("%+v\nthe engine says %v, the oracle %s", q, got, want)
			}
			asked++
			if got {
				yes++
			}
		}
	})
	t.Logf("%d questions, %d allowed", asked, yes)
	least := 1000
	if testing.Short() {
		least = 100 // rapid runs a fifth
	}
	if asked < least || yes < asked/20 || yes > asked*19/20 {
		t.Errorf("%d questions with %d allowed test too little", asked, yes)
	}
}
