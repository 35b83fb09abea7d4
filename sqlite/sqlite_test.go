package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/environment/storetest"
	"github.com/writ-dev/writ/sqlite"
)

// place is a file in a folder whose name needs quoting in every way.
func place(t *testing.T) storetest.Place {
	path := filepath.Join(t.TempDir(), "a b%20?c=#'\".db")
	var open *sqlite.Store
	t.Cleanup(func() {
		if open != nil {
			if err := open.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return func(t *testing.T) environment.Store {
		t.Helper()
		if open != nil {
			if err := open.Close(); err != nil {
				t.Error(err)
			}
		}
		var err error
		if open, err = sqlite.Open(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		return open
	}
}

func TestContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, place)
}
