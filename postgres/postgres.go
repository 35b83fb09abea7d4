// Package postgres keeps environments in PostgreSQL, shared by several nodes:
// each environment in a schema of SQL of its own, durable when a write returns, with a
// notification to the other nodes.
package postgres

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/writ-dev/writ"
)

// Config says where an environment is kept.
type Config struct {
	// URL is a connection string: postgres://user@host/database?sslmode=verify-full, or
	// key=value words. TLS, passwords and certificates are its parameters, as with psql.
	URL string
	// Schema is the SQL schema that holds the environment; empty: "writ". Each
	// environment needs its own. It is made when it is not there.
	Schema string
	// Poll bounds how late a write of another node is seen when its notification
	// was lost; 0 is a second.
	Poll time.Duration
	// Timeout bounds one write; 0 is 15 s. A server that hangs, or whose machine is gone without a word, is then
	// a CodeExternal error, and whether it has written is not known. What is read is bounded by 5 s
	// without a word, or by Timeout if that is less.
	Timeout time.Duration
}

// Store is one environment. It implements environment.Store and environment.Watcher.
type Store struct {
	pool    *pgxpool.Pool
	queries map[query]string
	channel string
	poll    time.Duration
	timeout time.Duration

	waiting chan struct{} // held by Wait
	listen  *pgx.Conn     // nil when there is no connection
}

var schemaName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,47}$`)

// Bounds of what a statement may take, set for every connection: a node that hangs
// must not keep the others from writing.
const (
	statementTimeout = "30s"
	lockTimeout      = "15s"
	idleTimeout      = "30s"
)

// Open connects to the environment and sets it up if it is new.
func Open(ctx context.Context, c Config) (*Store, error) {
	if c.Schema == "" {
		c.Schema = "writ"
	}
	if c.Poll == 0 {
		c.Poll = time.Second
	}
	if c.Timeout == 0 {
		c.Timeout = 15 * time.Second
	}
	if !schemaName.MatchString(c.Schema) || strings.HasPrefix(c.Schema, "pg_") {
		return nil, writ.Errorf(writ.CodeUsage, "%q is no name for an environment's schema", c.Schema).
			WithHint("use up to 48 small letters, digits and underscores that begin with a letter")
	}
	config, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		// The error of the parser has the string in it, but for the password.
		return nil, writ.Errorf(writ.CodeUsage, "the connection string of PostgreSQL cannot be read: %w", err)
	}
	for name, value := range map[string]string{
		"application_name": "writ", "synchronous_commit": "on", "statement_timeout": statementTimeout,
		"lock_timeout": lockTimeout, "idle_in_transaction_session_timeout": idleTimeout,
	} {
		if _, set := config.ConnConfig.RuntimeParams[name]; !set || name == "synchronous_commit" {
			config.ConnConfig.RuntimeParams[name] = value
		}
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		// A connection that is being made outlives who wanted it.
		config.ConnConfig.ConnectTimeout = c.Timeout
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, failed("connect", err)
	}
	s := &Store{
		pool: pool, queries: queriesOf(c.Schema), channel: "writ_" + c.Schema, poll: c.Poll, timeout: c.Timeout,
		waiting: make(chan struct{}, 1),
	}
	if err := s.setUp(ctx, c.Schema); err != nil {
		pool.Close()
		return nil, err
	}
	return s, nil
}

// Close gives the connections up. Calls that are under way must have ended.
func (s *Store) Close() error {
	s.pool.Close()
	s.waiting <- struct{}{}
	defer func() { <-s.waiting }()
	s.hangUp()
	return nil
}

// within runs f, which may go on for limit after it was last heard of by calling alive. That the bound has passed is
// another thing than that the caller went away: nobody knows what the server has done by then, and its error is
// that of a server that cannot be reached.
func within(ctx context.Context, limit time.Duration, what string, f func(ctx context.Context, alive func()) error) error {
	bounded, cancel := context.WithCancel(ctx)
	defer cancel()
	timer := time.AfterFunc(limit, cancel)
	defer timer.Stop()
	err := f(bounded, func() { timer.Reset(limit) })
	late := bounded.Err() != nil || errors.Is(err, context.DeadlineExceeded) // the second: of a connection that was not made
	if err != nil && late && ctx.Err() == nil && writ.CodeOf(err) != writ.CodeConflict {
		return writ.Errorf(writ.CodeExternal, "PostgreSQL did not %s within %s: it hangs, or cannot be reached", what, limit)
	}
	return err
}

// failed says what could not be done, and sorts the cause: https://www.postgresql.org/docs/current/errcodes-appendix.html
func failed(what string, err error) error {
	var e *pgconn.PgError
	switch {
	case errors.Is(err, context.Canceled): // without the rest, which has addresses: callers are told this one
		return writ.Errorf(writ.CodeCancelled, "PostgreSQL did not %s in time: %w", what, context.Canceled)
	case errors.Is(err, context.DeadlineExceeded):
		return writ.Errorf(writ.CodeCancelled, "PostgreSQL did not %s in time: %w", what, context.DeadlineExceeded)
	case !errors.As(err, &e):
		return writ.Errorf(writ.CodeExternal, "PostgreSQL did not %s: %w", what, err)
	}
	switch e.Code {
	case "28000", "28P01", "3D000":
		return writ.Errorf(writ.CodeExternal, "PostgreSQL did not %s: %w", what, err).
			WithHint("look at user, password and database of the connection string")
	case "42501":
		return writ.Errorf(writ.CodeExternal, "PostgreSQL did not %s: %w", what, err).
			WithHint("the user of the connection string needs the right to create a schema, or to use the one that is there")
	case "XX001", "XX002":
		return writ.Errorf(writ.CodeInvalid, "what PostgreSQL has stored is damaged: %w", err)
	}
	return writ.Errorf(writ.CodeExternal, "PostgreSQL did not %s: %w", what, err)
}
