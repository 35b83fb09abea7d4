package sqlite

import (
	"context"

	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/ledger"
)

// FoldEarly makes the state's tables follow the log at once and in small pieces.
func FoldEarly(s *Store, maxTail, piece int) { s.maxTail, s.piece = maxTail, piece }

// Tables reads the state's tables as they are, behind the log or not.
func Tables(ctx context.Context, s *Store) (folded, head ledger.Head, state []authz.Change, err error) {
	tx, err := s.begin(ctx)
	if err != nil {
		return folded, head, nil, err
	}
	defer func() { _ = tx.Rollback() }()
	if folded, head, err = s.scanMarks(tx.QueryRowContext(ctx, selectMarks)); err != nil {
		return folded, head, nil, err
	}
	keep := func(c authz.Change) error { state = append(state, c); return nil }
	return folded, head, state, s.loadAll(ctx, tx, keep)
}
