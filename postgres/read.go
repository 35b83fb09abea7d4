package postgres

import (
	"context"
	"encoding/json"
	"math"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/internal/ahead"
	"github.com/writ-dev/writ/ledger"
)

// Load implements environment.Store.
func (s *Store) Load(ctx context.Context, each func(authz.Change) error) (ledger.Head, error) {
	var head ledger.Head
	tx, err := s.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return head, failed("read", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	// Millions of facts take longer than any other statement may.
	if _, err := tx.Exec(ctx, "SET LOCAL statement_timeout = 0"); err != nil {
		return head, failed("read", err)
	}
	if head, err = scanHead(tx.QueryRow(ctx, s.queries[readHead])); err != nil {
		return head, err
	}
	err = ahead.Run(func(yield func(authz.Change) error) error { return s.loadAll(ctx, tx, yield) }, each)
	return head, err
}

// loadAll gives what stands in the tables.
func (s *Store) loadAll(ctx context.Context, tx pgx.Tx, each func(authz.Change) error) error {
	for _, part := range []struct {
		query query
		scan  func(pgx.Rows) (authz.Change, error)
	}{
		{readModel, scanModel},
		{readKeys, scanKey},
		{readRecords, scanRecord},
		{readTuples, scanTuple},
	} {
		rows, err := tx.Query(ctx, s.queries[part.query])
		if err != nil {
			return failed("read", err)
		}
		if err := run(rows, func() error {
			c, err := part.scan(rows)
			if err != nil {
				return err
			}
			return each(c)
		}); err != nil {
			return err
		}
	}
	return nil
}

// run calls f for each row.
func run(rows pgx.Rows, f func() error) error {
	defer rows.Close()
	for rows.Next() {
		if err := f(); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return failed("read", err)
	}
	return nil
}

func scanHead(row pgx.Row) (ledger.Head, error) {
	var h ledger.Head
	var seq int64
	var hash []byte
	if err := row.Scan(&seq, &hash); err != nil {
		return h, failed("read the head", err)
	}
	h.Seq = uint64(seq)
	if copy(h.Hash[:], hash) != len(h.Hash) {
		return h, writ.Errorf(writ.CodeInvalid, "the stored hash of the head has %d bytes", len(hash))
	}
	return h, nil
}

func scanModel(r pgx.Rows) (authz.Change, error) {
	var m authz.Source
	if err := r.Scan(&m.Format, &m.Text); err != nil {
		return authz.Change{}, failed("read the model", err)
	}
	return authz.Change{Model: &authz.Step[authz.Source]{After: &m}}, nil
}

func scanKey(r pgx.Rows) (authz.Change, error) {
	var k authz.Key
	err := scanJSON(r, &k)
	return authz.Change{Key: &authz.Step[authz.Key]{After: &k}}, err
}

func scanRecord(r pgx.Rows) (authz.Change, error) {
	var v authz.Record
	err := scanJSON(r, &v)
	return authz.Change{Record: &authz.Step[authz.Record]{After: &v}}, err
}

func scanJSON(r pgx.Rows, into any) error {
	if err := json.Unmarshal(r.RawValues()[0], into); err != nil {
		return writ.Errorf(writ.CodeInvalid, "a stored key or record cannot be read: %w", err)
	}
	return nil
}

func scanTuple(r pgx.Rows) (authz.Change, error) {
	var v environment.Row
	err := r.Scan(&v.ObjectType, &v.ObjectID, &v.Relation, &v.SubjectType, &v.SubjectID, &v.SubjectRelation, &v.Created, &v.More)
	if err != nil {
		return authz.Change{}, failed("read a tuple", err)
	}
	t, err := v.Tuple()
	return authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &t}}, err
}

// Commits implements environment.Store. It reads in pages that grow, since some
// want one entry and some all.
func (s *Store) Commits(ctx context.Context, after uint64, each func(environment.Commit) error) error {
	if after > math.MaxInt64 {
		after = math.MaxInt64
	}
	for page := 1; ; page = min(10*page, 1000) {
		n := 0
		var own error // of each: it is returned as it is
		err := within(ctx, min(s.timeout, answerTime), "tell what was written", func(ctx context.Context, alive func()) error {
			rows, err := s.pool.Query(ctx, s.queries[readLog], int64(after), page)
			if err != nil {
				return failed("read the log", err)
			}
			return run(rows, func() error {
				c, err := scanCommit(rows)
				if err != nil {
					return err
				}
				n, after = n+1, c.Seq
				own = each(c)
				alive() // a node that was away for long has much to read, and must get on with it
				return own
			})
		})
		if own != nil {
			return own
		}
		if err != nil || n < page {
			return err
		}
	}
}

func scanCommit(r pgx.Rows) (environment.Commit, error) {
	var c environment.Commit
	var seq, micros int64
	var actor, data, prev, hash []byte
	if err := r.Scan(&seq, &micros, &actor, &c.Kind, &c.Subject, &data, &prev, &hash); err != nil {
		return c, failed("read an entry of the log", err)
	}
	c.Seq, c.Time = uint64(seq), time.UnixMicro(micros).UTC()
	if copy(c.Prev[:], prev) != len(c.Prev) || copy(c.Hash[:], hash) != len(c.Hash) {
		return c, writ.Errorf(writ.CodeInvalid, "stored entry %d has a short hash", seq)
	}
	if err := json.Unmarshal(actor, &c.Actor); err != nil {
		return c, writ.Errorf(writ.CodeInvalid, "the actor of stored entry %d cannot be read: %w", seq, err)
	}
	c.Data = data
	var err error
	c.Changes, err = environment.DecodeChanges(data)
	return c, err
}

// Wait implements environment.Watcher. A notification wakes it; when one is lost, or
// the connection is, the number of the head itself tells.
func (s *Store) Wait(ctx context.Context, after uint64) error {
	select {
	case s.waiting <- struct{}{}:
	case <-ctx.Done():
		return failed("tell of news", ctx.Err())
	}
	defer func() { <-s.waiting }()
	err := s.waitFor(ctx, after)
	if err != nil {
		s.hangUp()
		return failed("tell of news", err)
	}
	return nil
}

// answerTime bounds how long a reader lets the server think: a server whose machine is gone says nothing.
const answerTime = 5 * time.Second

func (s *Store) waitFor(ctx context.Context, after uint64) error {
	for {
		head, err := s.ask(ctx)
		if err != nil || head.Seq > after {
			return err
		}
		if told, err := s.notified(ctx, after); told || err != nil {
			return err
		}
	}
}

// ask reads the head on the connection that listens.
func (s *Store) ask(ctx context.Context) (ledger.Head, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	if s.listen == nil {
		conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
		if err != nil {
			return ledger.Head{}, err
		}
		s.listen = conn
		// Listening begins before the head is read, so that nothing falls between the two.
		if _, err := conn.Exec(ctx, "LISTEN "+s.channel); err != nil {
			return ledger.Head{}, err
		}
	}
	return scanHead(s.listen.QueryRow(ctx, s.queries[readHead]))
}

// notified waits until the head is past after, or the time of a poll has come.
func (s *Store) notified(ctx context.Context, after uint64) (bool, error) {
	short, cancel := context.WithTimeout(ctx, s.poll)
	defer cancel()
	for {
		n, err := s.listen.WaitForNotification(short)
		switch {
		case err != nil && ctx.Err() == nil && short.Err() != nil:
			return false, nil
		case err != nil:
			return false, err
		}
		if seq, err := strconv.ParseUint(n.Payload, 10, 64); err != nil || seq > after {
			return true, nil
		}
	}
}

func (s *Store) hangUp() {
	if s.listen != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = s.listen.Close(ctx) // it is given up either way
		s.listen = nil
	}
}
