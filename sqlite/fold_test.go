package sqlite_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/environment/storetest"
	"github.com/writ-dev/writ/ledger"
	"github.com/writ-dev/writ/sqlite"
)

// TestContractWithFolds is the contract when nearly every write brings the tables on.
func TestContractWithFolds(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Place {
		open := place(t)
		return func(t *testing.T) environment.Store {
			s := open(t).(*sqlite.Store)
			sqlite.FoldEarly(s, 8, 5)
			return s
		}
	})
}

// replayed is what commits leave, one line for each thing.
func replayed(t *testing.T, commits []environment.Commit) []string {
	t.Helper()
	var left []authz.Change
	for _, c := range environment.Final(commits) {
		if c.Tuple.After != nil {
			left = append(left, authz.Change{Tuple: &authz.Step[authz.Tuple]{After: c.Tuple.After}})
		}
	}
	return texts(t, left)
}

func texts(t *testing.T, changes []authz.Change) []string {
	t.Helper()
	var all []string
	for _, c := range changes {
		text, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(text))
	}
	slices.Sort(all)
	return all
}

// TestTablesAreTheLogUpToTheirMark: after every write of random histories the tables are what the log
// says up to their mark, and after closing they are at the head.
func TestTablesAreTheLogUpToTheirMark(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	runs, behind, between := 0, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		if runs++; testing.Short() && runs > 8 {
			return
		}
		path := filepath.Join(dir, fmt.Sprintf("%d.db", runs))
		open := func() *sqlite.Store {
			s, err := sqlite.Open(t.Context(), path)
			if err != nil {
				rt.Fatal(err)
			}
			sqlite.FoldEarly(s, 10, rapid.IntRange(1, 12).Draw(rt, "piece"))
			return s
		}
		look := func(s *sqlite.Store, all []environment.Commit) (folded, head ledger.Head) {
			folded, head, state, err := sqlite.Tables(t.Context(), s)
			if err != nil {
				rt.Fatal(err)
			}
			if d := cmp.Diff(replayed(t, all[:folded.Seq]), texts(t, state)); d != "" {
				rt.Fatalf("the tables are not the log up to entry %d: %s", folded.Seq, d)
			}
			return folded, head
		}
		s := open()
		var all []environment.Commit
		var head ledger.Head
		for range rapid.IntRange(1, 12).Draw(rt, "writes") {
			c := storetest.Seal(head, rapid.SliceOfN(tuples(), 1, 9).Draw(rt, "changes")...)
			if err := s.Append(t.Context(), head, []environment.Commit{c}); err != nil {
				rt.Fatal(err)
			}
			all, head = append(all, c), c.Head()
			if folded, at := look(s, all); at != head {
				rt.Fatalf("the head is %v", at)
			} else if folded != head {
				if behind++; folded.Seq > 0 {
					between++
				}
			}
		}
		if err := s.Close(); err != nil {
			rt.Fatal(err)
		}
		s = open()
		if folded, at := look(s, all); folded != head || at != head {
			rt.Fatalf("after closing the tables are at %d, the head at %d", folded.Seq, at.Seq)
		}
		if err := s.Close(); err != nil {
			rt.Fatal(err)
		}
	})
	if behind == 0 || between == 0 {
		t.Errorf("the tables were behind %d times, %d of them not at the start: the test looks at nothing", behind, between)
	}
}

// tuples draws changes of few tuples.
func tuples() *rapid.Generator[authz.Change] {
	return rapid.Custom(func(t *rapid.T) authz.Change {
		x := &authz.Tuple{
			Object: authz.Entity{Type: "document", ID: fmt.Sprint(rapid.IntRange(0, 9).Draw(t, "object"))}, Relation: "viewer",
			Subject: authz.Holder{Entity: authz.Entity{Type: "user", ID: "ann"}}, Created: storetest.Clock()(),
		}
		c := authz.Change{Tuple: &authz.Step[authz.Tuple]{After: x}}
		if rapid.Bool().Draw(t, "remove") {
			c = c.Inverse()
		}
		return c
	})
}

// left is a copy of the file of a process that was killed with two entries in the log that the tables do not have.
func left(t *testing.T) string {
	t.Helper()
	from, to := filepath.Join(t.TempDir(), "killed.db"), filepath.Join(t.TempDir(), "left.db")
	s, err := sqlite.Open(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	e, err := environment.Open(t.Context(), storetest.Config(s))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"document:a#viewer@user:ann", "document:b#viewer@user:ann"} {
		if _, err := e.Write(t.Context(), storetest.Put(text)); err != nil {
			t.Fatal(err)
		}
	}
	for _, part := range []string{"", "-wal"} {
		copyFile(t, from+part, to+part)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return to
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

func execute(t *testing.T, path, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), statements); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestATailThatWasAlteredIsNotLoaded: neither is it brought into the tables.
func TestATailThatWasAlteredIsNotLoaded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ do, want string }{
		"nothing":  {"SELECT 1", ""},
		"altered":  {"UPDATE log SET subject = 'x' WHERE seq = 2", "entry 2 was altered"},
		"changes":  {`UPDATE log SET data = replace(data, 'ann', 'eve') WHERE seq = 3`, "entry 3 was altered"},
		"missing":  {"DELETE FROM log WHERE seq = 2", "entry 2 is missing"},
		"cut off":  {"DELETE FROM log WHERE seq = 3", "its last entry is 2"},
		"the head": {"UPDATE head SET hash = zeroblob(32)", "the ledger is broken"},
		"the mark": {"UPDATE head SET folded_hash = zeroblob(32), folded = 1", "does not follow"},
		"too far":  {"UPDATE head SET folded = 9", "the ledger is broken"},
		"short":    {"UPDATE head SET folded_hash = x'00'", "too short"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := left(t)
			execute(t, path, c.do)
			s, err := sqlite.Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			before, _, _, _ := sqlite.Tables(t.Context(), s)
			e, err := environment.Open(t.Context(), storetest.Config(s))
			switch {
			case c.want == "" && err != nil:
				t.Fatal(err)
			case c.want == "":
				if n, _ := e.State().Snapshot.Count(); n != 2 || before.Seq != 0 {
					t.Errorf("%d tuples; the tables were at entry %d", n, before.Seq)
				}
			case writ.CodeOf(err) != writ.CodeInvalid || !strings.Contains(err.Error(), c.want):
				t.Errorf("%v", err)
			default:
				if after, _, _, _ := sqlite.Tables(t.Context(), s); after != before {
					t.Errorf("the tables were brought from entry %d to %d", before.Seq, after.Seq)
				}
			}
		})
	}
}

// TestVersionOne: tables that were always at the head, and had no mark.
func TestVersionOne(t *testing.T) {
	t.Parallel()
	path := left(t)
	for range 2 { // the second opening finds what the first has made
		s, err := sqlite.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		e, err := environment.Open(t.Context(), storetest.Config(s))
		if err != nil {
			t.Fatal(err)
		}
		if n, _ := e.State().Snapshot.Count(); n != 2 || e.State().Head.Seq != 3 {
			t.Errorf("%d tuples at entry %d", n, e.State().Head.Seq)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		execute(t, path, "ALTER TABLE head DROP COLUMN folded; ALTER TABLE head DROP COLUMN folded_hash; PRAGMA user_version = 1")
	}
}
