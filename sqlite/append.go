package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
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

// Append implements environment.Store.
func (s *Store) Append(ctx context.Context, after ledger.Head, commits []environment.Commit) error {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return failed("was not written", s.path, ctx.Err())
	}
	defer func() { <-s.turn }()
	if len(commits) == 0 {
		return nil
	}
	return s.transaction(ctx, func(ctx context.Context) error {
		head, err := s.head(ctx)
		if err != nil {
			return failed("cannot be read", s.path, err)
		}
		if head != after {
			return writ.Errorf(writ.CodeConflict, "the head is at entry %d, not at %d", head.Seq, after.Seq)
		}
		if err := s.put(ctx, commits); err != nil {
			return failed("cannot be written", s.path, err)
		}
		return nil
	})
}

// head reads the head on the connection that writes.
func (s *Store) head(ctx context.Context) (ledger.Head, error) {
	st, err := s.statement(ctx, shape{selectHead, 0})
	if err != nil {
		return ledger.Head{}, err
	}
	return scanHead(st.QueryRowContext(ctx))
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

// put writes the log, the state and the head.
func (s *Store) put(ctx context.Context, commits []environment.Commit) error {
	rows := map[string][]any{}
	for i := range commits {
		e := &commits[i].Entry
		actor, err := json.Marshal(e.Actor)
		if err != nil {
			return err
		}
		rows["log"] = append(rows["log"], int64(e.Seq), e.Time.UnixMicro(), string(actor), e.Kind, e.Subject, string(e.Data), e.Prev[:], e.Hash[:])
	}
	for _, c := range environment.Final(commits) {
		if err := s.change(ctx, &c, rows); err != nil {
			return err
		}
	}
	for table, args := range rows {
		if err := s.insert(ctx, table, args); err != nil {
			return err
		}
	}
	last := commits[len(commits)-1]
	return s.exec(ctx, "UPDATE head SET seq = ?, hash = ?", int64(last.Seq), last.Hash[:])
}

// change collects a row to put, or removes one.
func (s *Store) change(ctx context.Context, c *authz.Change, rows map[string][]any) error {
	switch {
	case c.Model != nil:
		rows["model"] = append(rows["model"], 1, c.Model.After.Format, c.Model.After.Text)
	case c.Key != nil && c.Key.After == nil:
		return s.exec(ctx, "DELETE FROM keys WHERE id = ?", c.Key.Before.ID)
	case c.Key != nil:
		value, err := json.Marshal(c.Key.After)
		rows["keys"] = append(rows["keys"], c.Key.After.ID, string(value))
		return err
	case c.Record != nil && c.Record.After == nil:
		return s.exec(ctx, "DELETE FROM records WHERE type = ? AND id = ?", c.Record.Before.Type, c.Record.Before.ID)
	case c.Record != nil:
		value, err := json.Marshal(c.Record.After)
		rows["records"] = append(rows["records"], c.Record.After.Type, c.Record.After.ID, string(value))
		return err
	case c.Tuple.After == nil:
		r, err := environment.RowOf(c.Tuple.Before)
		if err != nil {
			return err
		}
		return s.exec(ctx, `DELETE FROM tuples WHERE object_type = ? AND object_id = ? AND relation = ?
			AND subject_type = ? AND subject_id = ? AND subject_relation = ?`,
			r.ObjectType, r.ObjectID, r.Relation, r.SubjectType, r.SubjectID, r.SubjectRelation)
	default:
		r, err := environment.RowOf(c.Tuple.After)
		rows["tuples"] = append(rows["tuples"], r.ObjectType, r.ObjectID, r.Relation,
			r.SubjectType, r.SubjectID, r.SubjectRelation, r.Created, r.More)
		return err
	}
	return nil
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
