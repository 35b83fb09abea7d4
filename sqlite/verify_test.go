package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/openfga"
	"github.com/writ-dev/writ/sqlite"
)

// TestVerify: what is changed in the file behind the server's back is named,
// in the state as in the history.
func TestVerify(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, statement, want string }{
		{"nothing", ``, ``},
		{
			"a tuple is added", `INSERT INTO tuples VALUES ('doc', '1', 'viewer', 'user', 'mallory', '', 0, '')`,
			"the tuple doc:1#viewer@user:mallory is in the state: the history has it not",
		},
		{"a tuple is taken away", `DELETE FROM tuples WHERE subject_id = 'ann'`, "the tuple doc:1#viewer@user:ann is missing from the state"},
		{"a record is changed", `UPDATE records SET value = replace(value, 'gold', 'free')`, "the record of user:ann is not in the state as the history has it"},
		{"the model is changed", `UPDATE model SET text = text || ' '`, "the model is not in the state as the history has it"},
		{"a key is made an admin's", `UPDATE keys SET value = replace(value, 'read', 'admin')`, "key k1 is not in the state as the history has it"},
		{"an old entry is changed", `UPDATE log SET data = replace(data, 'gold', 'free') WHERE seq = 2`, "entry 2 was altered"},
		{"an old entry is taken away", `DELETE FROM log WHERE seq = 2`, "entry 2 is missing"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "env.db")
			write(t, path)
			if tc.statement != "" {
				tamper(t, path, tc.statement)
			}
			store, err := sqlite.Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = store.Close() }()
			v, err := environment.Verify(t.Context(), store)
			switch {
			case tc.want == "" && (err != nil || v.Entries != 3 || v.Things != 4):
				t.Errorf("%+v, %v", v, err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

// write makes an environment with a model, a record, a tuple and a key, in three entries.
func write(t *testing.T, path string) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	live, err := environment.Open(t.Context(), environment.Config{
		Store: store, Now: time.Now,
		Parse:   func(s authz.Source) (environment.Document, error) { return openfga.Parse("m.fga", []byte(s.Text)) },
		Initial: authz.Source{Format: "openfga", Text: "model\n  schema 1.1\ntype user\ntype doc\n  relations\n    define viewer: [user]\n"},
	})
	if err != nil {
		t.Fatal(err)
	}
	ann := authz.Entity{Type: "user", ID: "ann"}
	tuple, _ := authz.ParseTuple("doc:1#viewer@user:ann")
	for _, changes := range [][]authz.Change{
		{{Record: &authz.Step[authz.Record]{After: &authz.Record{Entity: ann, Attributes: map[string]any{"plan": "gold"}}}}},
		{{Tuple: &authz.Step[authz.Tuple]{After: &tuple}}, {Key: &authz.Step[authz.Key]{After: &authz.Key{ID: "k1", Hash: make([]byte, 32), Role: "read"}}}},
	} {
		_, err := live.Write(t.Context(), environment.Write{
			Actor: writ.Subject{Type: "user", ID: "root"}, Kind: "facts.write", Subject: "x",
			Plan: func(*environment.State) ([]authz.Change, error) { return changes, nil },
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

func tamper(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	changed, err := db.ExecContext(t.Context(), statement)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := changed.RowsAffected(); err != nil || n != 1 {
		t.Fatalf("%d rows were changed, %v", n, err)
	}
}
