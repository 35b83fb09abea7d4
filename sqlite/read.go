package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"math"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/internal/ahead"
	"github.com/writ-dev/writ/ledger"
)

// Load implements environment.Store. The tail of the log is brought into the state's tables first.
func (s *Store) Load(ctx context.Context, each func(authz.Change) error) (ledger.Head, error) {
	tx, head, err := s.current(ctx)
	if err != nil {
		return ledger.Head{}, err
	}
	defer func() { _ = tx.Rollback() }()
	err = ahead.Run(func(yield func(authz.Change) error) error { return s.loadAll(ctx, tx, yield) }, each)
	if err != nil {
		return ledger.Head{}, err
	}
	return head, nil
}

// loadAll gives what stands in the tables.
func (s *Store) loadAll(ctx context.Context, tx *sql.Tx, each func(authz.Change) error) error {
	for _, load := range []func(context.Context, *sql.Tx, func(authz.Change) error) error{
		s.loadModel, s.loadKeys, s.loadRecords, s.loadTuples,
	} {
		if err := load(ctx, tx, each); err != nil {
			return err
		}
	}
	return nil
}

// current begins to read at a moment at which the tables are those of the head.
func (s *Store) current(ctx context.Context) (*sql.Tx, ledger.Head, error) {
	if err := s.take(ctx); err != nil {
		return nil, ledger.Head{}, failed("cannot be read", s.path, err)
	}
	defer s.give()
	if err := s.foldAll(ctx); err != nil {
		return nil, ledger.Head{}, err
	}
	tx, err := s.begin(ctx)
	if err != nil {
		return nil, ledger.Head{}, err
	}
	// The first row that is read fixes the moment.
	folded, head, err := s.scanMarks(tx.QueryRowContext(ctx, selectMarks))
	if err == nil && folded != head {
		err = writ.Errorf(writ.CodeInternal, "the tables of %s are at entry %d, not at %d", s.path, folded.Seq, head.Seq)
	}
	if err != nil {
		_ = tx.Rollback()
		return nil, ledger.Head{}, err
	}
	return tx, head, nil
}

const (
	selectMarks = "SELECT folded, folded_hash, seq, hash FROM head"
	selectLog   = "SELECT seq, time, actor, kind, subject, data, prev, hash FROM log WHERE seq > ? ORDER BY seq"
)

// scanMarks reads how far the state's tables have come, and the head.
func (s *Store) scanMarks(row *sql.Row) (folded, head ledger.Head, err error) {
	var foldedHash, hash []byte
	if err := row.Scan(&folded.Seq, &foldedHash, &head.Seq, &hash); err != nil {
		return folded, head, failed("cannot be read", s.path, err)
	}
	if copy(folded.Hash[:], foldedHash) != len(folded.Hash) || copy(head.Hash[:], hash) != len(head.Hash) {
		return folded, head, writ.Errorf(writ.CodeInvalid, "%s has a head with a hash that is too short", s.path)
	}
	return folded, head, nil
}

// query runs f for each row.
func (s *Store) query(ctx context.Context, tx *sql.Tx, f func(*sql.Rows) error, query string, args ...any) error {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return failed("cannot be read", s.path, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return failed("cannot be read", s.path, err)
	}
	return nil
}

func (s *Store) loadModel(ctx context.Context, tx *sql.Tx, each func(authz.Change) error) error {
	return s.query(ctx, tx, func(r *sql.Rows) error {
		var m authz.Source
		if err := r.Scan(&m.Format, &m.Text); err != nil {
			return s.unreadable("model", err)
		}
		return each(authz.Change{Model: &authz.Step[authz.Source]{After: &m}})
	}, "SELECT format, text FROM model")
}

func (s *Store) loadKeys(ctx context.Context, tx *sql.Tx, each func(authz.Change) error) error {
	return s.query(ctx, tx, func(r *sql.Rows) error {
		var k authz.Key
		if err := scanJSON(r, &k); err != nil {
			return s.unreadable("key", err)
		}
		return each(authz.Change{Key: &authz.Step[authz.Key]{After: &k}})
	}, "SELECT value FROM keys")
}

func (s *Store) loadRecords(ctx context.Context, tx *sql.Tx, each func(authz.Change) error) error {
	return s.query(ctx, tx, func(r *sql.Rows) error {
		var v authz.Record
		if err := scanJSON(r, &v); err != nil {
			return s.unreadable("record", err)
		}
		return each(authz.Change{Record: &authz.Step[authz.Record]{After: &v}})
	}, "SELECT value FROM records")
}

func scanJSON(r *sql.Rows, into any) error {
	var text sql.RawBytes
	if err := r.Scan(&text); err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

func (s *Store) loadTuples(ctx context.Context, tx *sql.Tx, each func(authz.Change) error) error {
	return s.query(ctx, tx, func(r *sql.Rows) error {
		var v environment.Row
		err := r.Scan(&v.ObjectType, &v.ObjectID, &v.Relation, &v.SubjectType, &v.SubjectID, &v.SubjectRelation, &v.Created, &v.More)
		if err != nil {
			return s.unreadable("tuple", err)
		}
		t, err := v.Tuple()
		if err != nil {
			return err
		}
		return each(authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &t}})
	}, "SELECT object_type, object_id, relation, subject_type, subject_id, subject_relation, created, more FROM tuples")
}

func (s *Store) unreadable(what string, err error) error {
	return writ.Errorf(writ.CodeInvalid, "%s has a %s that cannot be read: %w", s.path, what, err)
}

// Commits implements environment.Store.
func (s *Store) Commits(ctx context.Context, after uint64, each func(environment.Commit) error) error {
	tx, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	return s.query(ctx, tx, func(r *sql.Rows) error {
		c, err := scanCommit(r)
		if err != nil {
			return s.unreadable("log entry", err)
		}
		return each(c)
	}, selectLog, int64(min(after, math.MaxInt64)))
}

func scanCommit(r *sql.Rows) (environment.Commit, error) {
	var c environment.Commit
	var micros int64
	var actor, data, prev, hash []byte
	if err := r.Scan(&c.Seq, &micros, &actor, &c.Kind, &c.Subject, &data, &prev, &hash); err != nil {
		return c, err
	}
	if copy(c.Prev[:], prev) != len(c.Prev) || copy(c.Hash[:], hash) != len(c.Hash) {
		return c, writ.Errorf(writ.CodeInvalid, "entry %d has a short hash", c.Seq)
	}
	c.Time = time.UnixMicro(micros).UTC()
	if err := json.Unmarshal(actor, &c.Actor); err != nil {
		return c, err
	}
	c.Data = data
	var err error
	c.Changes, err = environment.DecodeChanges(data)
	return c, err
}
