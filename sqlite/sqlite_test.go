package sqlite_test

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/writ-dev/writ"
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

// crashFile is where the nodes of TestCrash find their file.
const crashFile = "WRIT_CRASH_FILE"

func TestCrash(t *testing.T) {
	path := os.Getenv(crashFile)
	if path == "" {
		path = filepath.Join(t.TempDir(), "crash.db")
	}
	kills := 25
	if testing.Short() {
		kills = 5
	}
	storetest.Crash{
		Test: "TestCrash", Nodes: 1, Kills: kills, Env: []string{crashFile + "=" + path},
		Open: func(t *testing.T) environment.Store {
			s, err := sqlite.Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			// The tables follow often, so that kills meet that too.
			sqlite.FoldEarly(s, 60, 25)
			return s
		},
	}.Run(t)
}

// TestOneProcessServes: a second opening of a file says what to do, and the first goes on.
func TestOneProcessServes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "one.db")
	first, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = sqlite.Open(t.Context(), path)
	if writ.CodeOf(err) != writ.CodeConflict || !strings.Contains(err.Error(), "is served by another process") {
		t.Errorf("a second opening: %v", err)
	}
	if _, err := environment.Open(t.Context(), storetest.Config(first)); err != nil {
		t.Error(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// TestFilesOfOthers: nothing is written into what is not an environment.
func TestFilesOfOthers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(dir, "foreign.db")
	newer := filepath.Join(dir, "newer.db")
	for path, statement := range map[string]string{foreign: "CREATE TABLE theirs (x)", newer: "PRAGMA application_id = 0x57726974; PRAGMA user_version = 99; CREATE TABLE t (x)"} {
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	before, _ := os.ReadFile(foreign)
	for path, want := range map[string]writ.Code{
		text: writ.CodeInvalid, foreign: writ.CodeInvalid, newer: writ.CodeInvalid,
		filepath.Join(dir, "absent", "x.db"): writ.CodeNotFound,
	} {
		s, err := sqlite.Open(t.Context(), path)
		if writ.CodeOf(err) != want {
			t.Errorf("%s: %v", filepath.Base(path), err)
		}
		if err == nil {
			_ = s.Close()
		}
	}
	if got, _ := os.ReadFile(text); string(got) != strings.Repeat("not a database\n", 100) {
		t.Error("a file of notes was changed")
	}
	if after, _ := os.ReadFile(foreign); !bytes.Equal(before, after) {
		t.Error("a database of something else was changed")
	}
}
