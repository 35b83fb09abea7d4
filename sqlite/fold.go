package sqlite

import (
	"context"
	"encoding/json"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/ledger"
)

// How far the state's tables may lie behind the log, in changes, and how many of these a write
// takes over when they do: each such write waits some 50 ms for it, the others do not.
const (
	maxTail   = 100_000
	foldPiece = 4_096
)

// fold brings the state's tables nearer to the head, by whole entries of most changes or a little
// more, and gives how many changes these were. The entries are verified. It is part
// of a transaction of the connection that writes, so the tables and their mark never part.
func (s *Store) fold(ctx context.Context, most int) (int, error) {
	commits, n, err := s.unfolded(ctx, most)
	if err != nil || len(commits) == 0 {
		return 0, err
	}
	rows := map[string][]any{}
	for _, c := range environment.Final(commits) {
		if err := s.change(ctx, &c, rows); err != nil {
			return 0, failed("cannot be written", s.path, err)
		}
	}
	for table, args := range rows {
		if err := s.insert(ctx, table, args); err != nil {
			return 0, failed("cannot be written", s.path, err)
		}
	}
	last := commits[len(commits)-1]
	if err := s.exec(ctx, "UPDATE head SET folded = ?, folded_hash = ?", int64(last.Seq), last.Hash[:]); err != nil {
		return 0, failed("cannot be written", s.path, err)
	}
	return n, nil
}

// unfolded reads entries that the tables do not have yet, and says how many changes they have.
func (s *Store) unfolded(ctx context.Context, most int) (commits []environment.Commit, n int, err error) {
	marks, err := s.statement(ctx, shape{selectMarks, 0})
	if err != nil {
		return nil, 0, failed("cannot be read", s.path, err)
	}
	at, head, err := s.scanMarks(marks.QueryRowContext(ctx))
	if err != nil || at == head {
		return nil, 0, err
	}
	st, err := s.statement(ctx, shape{selectLog, 0})
	if err != nil {
		return nil, 0, failed("cannot be read", s.path, err)
	}
	rows, err := st.QueryContext(ctx, int64(at.Seq))
	if err != nil {
		return nil, 0, failed("cannot be read", s.path, err)
	}
	defer func() { _ = rows.Close() }()
	for n < most && at != head && rows.Next() {
		c, err := scanCommit(rows)
		if err != nil {
			return nil, 0, s.unreadable("log entry", err)
		}
		if at, err = at.Next(&c.Entry); err != nil {
			return nil, 0, err
		}
		commits, n = append(commits, c), n+len(c.Changes)
	}
	if err := rows.Err(); err != nil {
		return nil, 0, failed("cannot be read", s.path, err)
	}
	if at.Seq >= head.Seq && at != head || n < most && at != head {
		return nil, 0, broken(at, head)
	}
	return commits, n, nil
}

func broken(at, head ledger.Head) error {
	return writ.Errorf(writ.CodeInvalid, "the ledger is broken: its last entry is %d, and the head is another, entry %d", at.Seq, head.Seq)
}

// foldAll brings the tables to the head, a piece in each transaction. The caller has the turn.
func (s *Store) foldAll(ctx context.Context) error {
	for {
		n := 0
		err := s.transaction(ctx, func(ctx context.Context) (err error) {
			n, err = s.fold(ctx, s.piece)
			return err
		})
		if err != nil {
			return err
		}
		if n == 0 {
			s.tail = 0
			return nil
		}
	}
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
