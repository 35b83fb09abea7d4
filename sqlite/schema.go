package sqlite

import (
	"context"
	"database/sql"

	"github.com/writ-dev/writ"
)

const (
	application = 0x57726974 // "Writ", in the header of the file
	version     = 2          // of the tables below
)

// schema is made in one transaction. STRICT: a column holds what it says. Tuples are the
// tree of their primary key itself. Model, keys, records and tuples are the state after entry
// `folded` of the log, whose hash is folded_hash.
const schema = `
CREATE TABLE head (
	one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, hash BLOB NOT NULL,
	folded INTEGER NOT NULL, folded_hash BLOB NOT NULL
) STRICT;
INSERT INTO head VALUES (1, 0, zeroblob(32), 0, zeroblob(32));
CREATE TABLE log (
	seq INTEGER PRIMARY KEY,
	time INTEGER NOT NULL, -- microseconds since 1970
	actor TEXT NOT NULL,   -- JSON
	kind TEXT NOT NULL,
	subject TEXT NOT NULL,
	data TEXT NOT NULL,    -- JSON, or empty
	prev BLOB NOT NULL,
	hash BLOB NOT NULL
) STRICT;
CREATE TABLE model (one INTEGER PRIMARY KEY CHECK (one = 1), format TEXT NOT NULL, text TEXT NOT NULL) STRICT;
CREATE TABLE keys (id TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE records (type TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (type, id)) STRICT, WITHOUT ROWID;
CREATE TABLE tuples (
	object_type TEXT NOT NULL, object_id TEXT NOT NULL, relation TEXT NOT NULL,
	subject_type TEXT NOT NULL, subject_id TEXT NOT NULL, subject_relation TEXT NOT NULL,
	created INTEGER NOT NULL, -- seconds since 1970
	more TEXT NOT NULL,       -- JSON of condition, params and expires, or empty
	PRIMARY KEY (object_type, object_id, relation, subject_type, subject_id, subject_relation)
) STRICT, WITHOUT ROWID;
PRAGMA application_id = 0x57726974;
PRAGMA user_version = 2;
`

// fromOne makes the tables of version 1, whose state was always that of the head, those of version 2.
const fromOne = `
ALTER TABLE head ADD COLUMN folded INTEGER NOT NULL DEFAULT 0;
ALTER TABLE head ADD COLUMN folded_hash BLOB NOT NULL DEFAULT x'';
UPDATE head SET folded = seq, folded_hash = hash;
PRAGMA user_version = 2;
`

// prepareFile makes the tables of a file that is empty, and refuses one that is
// not this package's.
func (s *Store) prepareFile(ctx context.Context) error {
	var owner, made, tables int
	for into, query := range map[*int]string{
		&owner: "PRAGMA application_id", &made: "PRAGMA user_version", &tables: "SELECT count(*) FROM sqlite_schema",
	} {
		if err := s.conn.QueryRowContext(ctx, query).Scan(into); err != nil {
			return failed("cannot be read", s.path, err)
		}
	}
	switch {
	case owner == 0 && tables == 0:
		if _, err := s.conn.ExecContext(ctx, schema); err != nil {
			return failed("cannot be set up", s.path, err)
		}
	case owner != application:
		return writ.Errorf(writ.CodeInvalid, "%s is a database of something else", s.path).WithHint("name another file")
	case made > version:
		return writ.Errorf(writ.CodeInvalid, "%s was written by a newer version of Writ (tables of version %d, here %d)", s.path, made, version).
			WithHint("use that version")
	case made == 1:
		if _, err := s.conn.ExecContext(ctx, fromOne); err != nil {
			return failed("cannot be brought to this version", s.path, err)
		}
	}
	return nil
}

// transaction runs f between BEGIN and COMMIT of the connection that writes. Whatever
// becomes of ctx, the connection is free afterwards.
func (s *Store) transaction(ctx context.Context, f func(context.Context) error) error {
	if err := s.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return failed("cannot be written", s.path, err)
	}
	err := f(ctx)
	if err == nil {
		if err = s.exec(ctx, "COMMIT"); err == nil {
			return nil
		}
		err = failed("was not written", s.path, err)
	}
	// Without effect where SQLite has rolled back by itself.
	_ = s.exec(context.WithoutCancel(ctx), "ROLLBACK")
	return err
}

// begin begins to read. What is read is of one moment.
func (s *Store) begin(ctx context.Context) (*sql.Tx, error) {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, failed("cannot be read", s.path, err)
	}
	return tx, nil
}
