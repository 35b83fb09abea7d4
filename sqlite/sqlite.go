// Package sqlite keeps an environment in a file of SQLite: durable when a write
// returns, for one process. Other processes may read the file, not serve it.
//
// A write goes to the log alone. The tables of the state (model, keys, records, tuples) follow it in
// pieces, when the log has got far ahead, and when the environment is loaded or closed; how far
// they have come is written in the same transaction. So a write is cheap, an environment opens
// without replaying its history, and a crash at any moment costs nothing but a little replaying.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"

	"github.com/writ-dev/writ"
)

// Store is one environment in one file. It implements environment.Store.
type Store struct {
	path  string
	write *sql.DB
	conn  *sql.Conn // the only one of write
	read  *sql.DB
	lock  *sql.DB
	held  *sql.Conn // of lock: in a transaction as long as the store is open

	statements map[shape]*sql.Stmt // of conn; one Append at a time uses them
	turn       chan struct{}       // held by whoever writes

	// What whoever writes knows and decides by: about how many changes the tables lack, and see maxTail and foldPiece.
	tail, maxTail, piece int
}

// Open opens the environment in a file, which is made when it is not there. The folder must
// be. A file that another process serves is a CodeConflict error.
//
// Beside the file stand FILE-wal and FILE-shm, which belong to it, and FILE.lock, which is empty.
func Open(ctx context.Context, path string) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, writ.Errorf(writ.CodeUsage, "%s is no path: %w", path, err)
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return nil, writ.Errorf(writ.CodeNotFound, "the folder of %s is not there: %w", path, err)
	}
	s := &Store{path: path, statements: map[shape]*sql.Stmt{}, turn: make(chan struct{}, 1), maxTail: maxTail, piece: foldPiece}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	// SQLite gives FILE-wal and FILE-shm the rights of FILE.
	for _, path := range []string{s.path, s.path + ".lock"} {
		if err := private(path); err != nil {
			return err
		}
	}
	if err := s.takeLock(ctx); err != nil {
		return err
	}
	var err error
	// The log of pages is emptied seldom, so that pages touched often are written home once.
	s.write, err = connect(s.path, "page_size(4096)", "synchronous(FULL)",
		"busy_timeout(5000)", "wal_autocheckpoint(8000)", "cache_size(-65536)", "trusted_schema(0)")
	if err != nil {
		return err
	}
	if s.conn, err = s.write.Conn(ctx); err != nil {
		return failed("cannot be opened", s.path, err)
	}
	if err := s.transaction(ctx, s.prepareFile); err != nil {
		return err
	}
	// Not before the file is known to be ours: the mode is written into it.
	if _, err := s.conn.ExecContext(ctx, "PRAGMA journal_mode = WAL"); err != nil {
		return failed("cannot be set up", s.path, err)
	}
	s.read, err = connect(s.path, "busy_timeout(5000)", "query_only(1)", "trusted_schema(0)")
	if err != nil {
		return err
	}
	s.read.SetMaxOpenConns(4)
	return nil
}

// private makes a file that is not there for its owner alone: it holds people's data, the hashes
// of keys and the secrets of the policy. SQLite would let everybody read it.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return writ.Errorf(writ.CodeExternal, "%s cannot be opened: %w", path, err)
	}
	return f.Close()
}

// connect opens a file whose name may have any characters.
func connect(path string, pragmas ...string) (*sql.DB, error) {
	address := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
	q := url.Values{"_pragma": pragmas}
	address.RawQuery = q.Encode()
	db, err := sql.Open("sqlite", address.String())
	if err != nil {
		return nil, failed("cannot be opened", path, err)
	}
	return db, nil
}

// takeLock holds FILE.lock in an open transaction. The system lets go of it when the process
// ends in whatever way.
func (s *Store) takeLock(ctx context.Context) error {
	var err error
	if s.lock, err = connect(s.path+".lock", "busy_timeout(0)"); err != nil {
		return err
	}
	if s.held, err = s.lock.Conn(ctx); err != nil {
		return failed("cannot be locked", s.path, err)
	}
	_, err = s.held.ExecContext(ctx, "BEGIN EXCLUSIVE")
	if busy(err) {
		return writ.Errorf(writ.CodeConflict, "%s is served by another process", s.path).
			WithHint("stop that process, or give this one a file of its own; several nodes need PostgreSQL")
	}
	if err != nil {
		return failed("cannot be locked", s.path, err)
	}
	return nil
}

// Result codes of SQLite: https://sqlite.org/rescode.html
const (
	codeBusy    = 5
	codeFull    = 13
	codeCorrupt = 11
	codeNotADB  = 26
)

func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff // the rest tells more of the same
	}
	return 0
}

func busy(err error) bool { return code(err) == codeBusy }

// failed says what SQLite could not do, and what may help.
func failed(what, path string, err error) error {
	switch code(err) {
	case codeNotADB, codeCorrupt:
		return writ.Errorf(writ.CodeInvalid, "%s is no database of SQLite, or is damaged: %w", path, err).
			WithHint("put a backup in its place")
	case codeFull:
		return writ.Errorf(writ.CodeExternal, "%s %s: the disk is full: %w", path, what, err)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return writ.Errorf(writ.CodeCancelled, "%s %s: %w", path, what, err)
	}
	return writ.Errorf(writ.CodeExternal, "%s %s: %w", path, what, err)
}

// Close gives the file free. Calls that are under way must have ended.
func (s *Store) Close() error {
	var errs []error
	if s.tail > 0 {
		// What stays to be done, for whatever reason, the next Load does, and says what is wrong.
		_ = s.foldAll(context.Background())
	}
	for _, st := range s.statements {
		errs = append(errs, st.Close())
	}
	if s.conn != nil {
		errs = append(errs, s.conn.Close())
	}
	for _, db := range []*sql.DB{s.read, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if s.held != nil {
		errs = append(errs, s.held.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return failed("cannot be closed", s.path, err)
	}
	return nil
}

// Path is the file's absolute path.
func (s *Store) Path() string { return s.path }

// values gives n rows of so many placeholders.
func values(n, columns int) string {
	row := "(?" + strings.Repeat(",?", columns-1) + ")"
	return fmt.Sprintf("VALUES %s%s", row, strings.Repeat(","+row, n-1))
}
