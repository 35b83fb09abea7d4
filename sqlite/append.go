package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"math"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/ledger"
)

// widest is how many rows one statement inserts; statements of each width up to it are kept.
const widest = 64

// shape is a statement that inserts so many rows into a table or, with no rows, a whole text.
type shape struct {
	text string
	rows int
}

// Tables with their columns, and what happens to a row that is there.
var tables = map[string]struct {
	columns int
	clash   string
}{
	"log":     {8, ""},
	"model":   {3, " ON CONFLICT DO UPDATE SET format = excluded.format, text = excluded.text"},
	"keys":    {2, " ON CONFLICT DO UPDATE SET value = excluded.value"},
	"records": {3, " ON CONFLICT DO UPDATE SET value = excluded.value"},
	"tuples":  {8, " ON CONFLICT DO UPDATE SET created = excluded.created, more = excluded.more"},
}

// Append implements environment.Store. It writes the log alone, which grows at its end: the
// state's tables, where each fact has a page of its own to be written, follow by [Store.fold].
func (s *Store) Append(ctx context.Context, after ledger.Head, commits []environment.Commit) error {
	if err := s.take(ctx); err != nil {
		return failed("was not written", s.path, err)
	}
	defer s.give()
	if len(commits) == 0 {
		return nil
	}
	folded := 0
	err := s.transaction(ctx, func(ctx context.Context) (err error) {
		if s.tail > s.maxTail {
			if folded, err = s.fold(ctx, s.piece); err != nil {
				return err
			}
		}
		if err := s.move(ctx, after, commits[len(commits)-1].Head()); err != nil {
			return err
		}
		if err := s.log(ctx, commits); err != nil {
			return failed("cannot be written", s.path, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.tail -= folded
	for i := range commits {
		s.tail += len(commits[i].Changes)
	}
	return nil
}

// take waits for the turn to write.
func (s *Store) take(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) give() { <-s.turn }

// move makes another entry the head, if it is where the caller says.
func (s *Store) move(ctx context.Context, from, to ledger.Head) error {
	st, err := s.statement(ctx, shape{"UPDATE head SET seq = ?, hash = ? WHERE seq = ? AND hash = ?", 0})
	if err != nil {
		return failed("cannot be written", s.path, err)
	}
	if from.Seq > math.MaxInt64 || to.Seq > math.MaxInt64 {
		return writ.Errorf(writ.CodeConflict, "no head is at entry %d", from.Seq)
	}
	moved, err := st.ExecContext(ctx, int64(to.Seq), to.Hash[:], int64(from.Seq), from.Hash[:])
	if err != nil {
		return failed("cannot be written", s.path, err)
	}
	if n, err := moved.RowsAffected(); err != nil || n != 1 {
		return writ.Errorf(writ.CodeConflict, "the head is not at entry %d", from.Seq)
	}
	return nil
}

// exec runs a statement that is kept prepared.
func (s *Store) exec(ctx context.Context, text string, args ...any) error {
	st, err := s.statement(ctx, shape{text, 0})
	if err != nil {
		return err
	}
	_, err = st.ExecContext(ctx, args...)
	return err
}

// log writes a row for each commit.
func (s *Store) log(ctx context.Context, commits []environment.Commit) error {
	args := make([]any, 0, len(commits)*tables["log"].columns)
	for i := range commits {
		e := &commits[i].Entry
		actor, err := json.Marshal(e.Actor)
		if err != nil {
			return err
		}
		args = append(args, int64(e.Seq), e.Time.UnixMicro(), string(actor), e.Kind, e.Subject, string(e.Data), e.Prev[:], e.Hash[:])
	}
	return s.insert(ctx, "log", args)
}

// insert puts rows into a table, many with each statement.
func (s *Store) insert(ctx context.Context, table string, args []any) error {
	columns := tables[table].columns
	for len(args) > 0 {
		n := min(len(args)/columns, widest)
		st, err := s.statement(ctx, shape{table, n})
		if err != nil {
			return err
		}
		if _, err := st.ExecContext(ctx, args[:n*columns]...); err != nil {
			return err
		}
		args = args[n*columns:]
	}
	return nil
}

func (s *Store) statement(ctx context.Context, k shape) (*sql.Stmt, error) {
	if st := s.statements[k]; st != nil {
		return st, nil
	}
	text := k.text
	if k.rows > 0 {
		t := tables[k.text]
		text = "INSERT INTO " + k.text + " " + values(k.rows, t.columns) + t.clash
	}
	st, err := s.conn.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	s.statements[k] = st
	return st, nil
}
