package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/ledger"
)

// Append implements environment.Store.
func (s *Store) Append(ctx context.Context, after ledger.Head, commits []environment.Commit) error {
	if len(commits) == 0 {
		return nil
	}
	batch, err := s.batch(after, commits)
	if err != nil {
		return err
	}
	return within(ctx, s.timeout, "confirm the write", func(ctx context.Context, _ func()) error {
		err := s.send(ctx, batch, after)
		if err != nil && writ.CodeOf(err) != writ.CodeConflict {
			return failed("write", err)
		}
		return err
	})
}

// send makes all that a batch changes, or nothing. An error that is no CodeConflict leaves it open which of the two.
func (s *Store) send(ctx context.Context, batch *pgx.Batch, after ledger.Head) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		results := tx.SendBatch(ctx, batch)
		moved, err := results.Exec()
		if err == nil && moved.RowsAffected() != 1 {
			_ = results.Close() // the rows that stand behind cannot be right; all is taken back
			return writ.Errorf(writ.CodeConflict, "the head is not at entry %d any more", after.Seq)
		}
		return errors.Join(err, results.Close())
	})
}

// batch is all that commits change, sent at once: the head first, which decides.
func (s *Store) batch(after ledger.Head, commits []environment.Commit) (*pgx.Batch, error) {
	b := &pgx.Batch{}
	last := commits[len(commits)-1]
	b.Queue(s.queries[moveHead], int64(last.Seq), last.Hash[:], int64(after.Seq), after.Hash[:])
	if err := s.queueLog(b, commits); err != nil {
		return nil, err
	}
	var put, drop arrays
	for _, c := range environment.Final(commits) {
		if err := s.queueChange(b, &c, &put, &drop); err != nil {
			return nil, err
		}
	}
	for _, q := range []struct {
		query query
		rows  [][]string
		more  []any
	}{
		{dropKeys, drop.keys[:1], nil},
		{dropRecords, drop.records[:2], nil},
		{dropTuples, drop.tuples[:6], nil},
		{putKeys, put.keys[:], nil},
		{putRecords, put.records[:], nil},
		{putTuples, put.tuples[:6], []any{put.created, put.more}},
	} {
		if len(q.rows[0]) == 0 {
			continue
		}
		args := make([]any, 0, len(q.rows)+len(q.more))
		for _, column := range q.rows {
			args = append(args, column)
		}
		b.Queue(s.queries[q.query], append(args, q.more...)...)
	}
	b.Queue("SELECT pg_notify($1, $2)", s.channel, strconv.FormatUint(last.Seq, 10))
	return b, nil
}

// arrays are rows by column.
type arrays struct {
	keys    [2][]string
	records [3][]string
	tuples  [6][]string
	created []int64
	more    []string
}

func (s *Store) queueLog(b *pgx.Batch, commits []environment.Commit) error {
	n := len(commits)
	seqs, times := make([]int64, n), make([]int64, n)
	actors, kinds, subjects, data := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	prevs, hashes := make([][]byte, n), make([][]byte, n)
	for i := range commits {
		e := &commits[i].Entry
		actor, err := json.Marshal(e.Actor)
		if err != nil {
			return writ.Errorf(writ.CodeInvalid, "the actor of entry %d cannot be stored: %w", e.Seq, err)
		}
		seqs[i], times[i], actors[i], kinds[i], subjects[i] = int64(e.Seq), e.Time.UnixMicro(), string(actor), e.Kind, e.Subject
		data[i], prevs[i], hashes[i] = string(e.Data), e.Prev[:], e.Hash[:]
	}
	b.Queue(s.queries[addLog], seqs, times, actors, kinds, subjects, data, prevs, hashes)
	return nil
}

// queueChange collects a row to put or to remove.
func (s *Store) queueChange(b *pgx.Batch, c *authz.Change, put, drop *arrays) error {
	switch {
	case c.Model != nil:
		b.Queue(s.queries[putModel], c.Model.After.Format, c.Model.After.Text)
	case c.Key != nil && c.Key.After == nil:
		drop.keys[0] = append(drop.keys[0], c.Key.Before.ID)
	case c.Key != nil:
		value, err := json.Marshal(c.Key.After)
		if err != nil {
			return writ.Errorf(writ.CodeInvalid, "key %s cannot be stored: %w", c.Key.After.ID, err)
		}
		appendTo(put.keys[:], c.Key.After.ID, string(value))
	case c.Record != nil && c.Record.After == nil:
		appendTo(drop.records[:2], c.Record.Before.Type, c.Record.Before.ID)
	case c.Record != nil:
		value, err := json.Marshal(c.Record.After)
		if err != nil {
			return writ.Errorf(writ.CodeInvalid, "%s cannot be stored: %w", c.Record.After.Entity, err)
		}
		appendTo(put.records[:], c.Record.After.Type, c.Record.After.ID, string(value))
	case c.Tuple.After == nil:
		_, err := appendTuple(drop, c.Tuple.Before)
		return err
	default:
		row, err := appendTuple(put, c.Tuple.After)
		put.created, put.more = append(put.created, row.Created), append(put.more, row.More)
		return err
	}
	return nil
}

func appendTuple(a *arrays, t *authz.Tuple) (environment.Row, error) {
	r, err := environment.RowOf(t)
	appendTo(a.tuples[:], r.ObjectType, r.ObjectID, r.Relation, r.SubjectType, r.SubjectID, r.SubjectRelation)
	return r, err
}

func appendTo(columns [][]string, row ...string) {
	for i, v := range row {
		columns[i] = append(columns[i], v)
	}
}
