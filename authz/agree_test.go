package authz_test

import (
	"testing"

	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/internal/oracle"
	"pgregory.net/rapid"
)

// world makes a snapshot of an oracle's world.
func world(t *rapid.T, w *oracle.World) *authz.Snapshot {
	for i := range w.Model.Types {
		for j := range w.Model.Types[i].Relations {
			w.Model.Types[i].Relations[j].Role = false // roles must not inherit from each other, relations may
		}
	}
	s, err := authz.New(w.Model)
	if err != nil {
		t.Fatalf("the model is refused: %v\n%+v", err, w.Model)
	}
	e := s.Edit()
	for _, r := range w.Records {
		if err := e.Apply(&authz.Change{Record: &authz.Step[authz.Record]{After: &r}}); err != nil {
			t.Fatalf("%+v: %v", r, err)
		}
	}
	for _, tuple := range w.Tuples {
		if err := e.Apply(&authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &tuple}}); err != nil {
			t.Fatalf("%s: %v", tuple, err)
		}
	}
	return e.Done()
}

// TestCheckAgreesWithOracle holds answers against those of a slow evaluator that
// was written apart, on random models with everything that a model may have.
func TestCheckAgreesWithOracle(t *testing.T) {
	t.Parallel()
	yes, asked := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		w := oracle.Worlds().Draw(t, "world")
		s := world(t, w)
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
	if asked < 1000 || yes < asked/20 || yes > asked*19/20 {
		t.Errorf("%d questions with %d allowed test too little", asked, yes)
	}
}
