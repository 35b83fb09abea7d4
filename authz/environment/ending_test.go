package environment_test

import (
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/environment/memory"
)

// An end that loses what makes it one when it is cut to microseconds was kept as none.
func TestAnEndThatWouldBecomeNoneIsRefused(t *testing.T) {
	t.Parallel()
	e := open(t, &memory.Store{})
	before := e.State().Head
	end := time.Time{}.Add(100 * time.Nanosecond)
	for name, c := range map[string]authz.Change{
		"a tuple": {Tuple: &authz.Step[authz.Tuple]{After: &authz.Tuple{
			Object: authz.Entity{Type: "document", ID: "x"}, Relation: "viewer", Subject: authz.Holder{Entity: authz.Entity{Type: "user", ID: "ann"}}, Expires: end,
		}}},
		"a key": {Key: &authz.Step[authz.Key]{After: &authz.Key{ID: "k", Hash: make([]byte, 32), Role: "read", Expires: end}}},
	} {
		_, err := e.Write(t.Context(), environment.Write{
			Actor: writ.Subject{Type: "user", ID: "root"}, Kind: "test", Subject: "test",
			Plan: func(*environment.State) ([]authz.Change, error) { return []authz.Change{c}, nil },
		})
		if writ.CodeOf(err) != writ.CodeInvalid || !strings.Contains(err.Error(), "kept as no end") || e.State().Head != before {
			t.Errorf("%s that ends at %s: %v", name, end.Format(time.RFC3339Nano), err)
		}
	}
}
