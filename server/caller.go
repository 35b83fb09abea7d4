package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
)

// Caller is who sent a request, known by its key.
type Caller struct {
	Key     authz.Key
	Project string
	Env     string
	// Environment is what its key opens.
	Environment *environment.Environment
	server      *Server
}

// May reports whether the caller's key has the role.
func (c *Caller) May(r Role) bool { return c != nil && Role(c.Key.Role).has(r) }

// Actor is the caller as the one who writes, for [environment.Write].
func (c *Caller) Actor() writ.Subject { return writ.Subject{Type: "key", ID: c.Key.ID} }

// CallerOf gives the caller of a request that passed the gate; the handlers of
// protocols need not check again. It is nil for a request that needed no key.
func CallerOf(ctx context.Context) *Caller {
	if x := exchangeOf(ctx); x != nil {
		return x.caller
	}
	return nil
}

// RequestID is the ID of a request that passed the gate: the caller's own, or a new one.
func RequestID(ctx context.Context) string {
	if x := exchangeOf(ctx); x != nil {
		return x.id
	}
	return ""
}

// Identify gives the caller with a token, for a request that needed no key at the gate. It
// counts against the key's rate.
func Identify(ctx context.Context, token string) (*Caller, error) {
	x := exchangeOf(ctx)
	if x == nil {
		return nil, noKey()
	}
	c, err := x.server.identify(token)
	if err == nil {
		x.caller = c
	}
	return c, err
}

// The headers by which callers choose a state. With RevisionHeader they get
// one that is at that revision or later, with AsOfHeader (RFC 3339) the one of that time; and answers
// carry the revision that they are of in RevisionHeader.
const (
	RevisionHeader = "Writ-Revision"
	AsOfHeader     = "Writ-As-Of"
)

// View is a state and the time that it is asked at, which expiring grants are judged by.
type View struct {
	*environment.State
	Now time.Time
}

// View gives what a request asks for by its headers: the newest state, one of a
// revision at least, or one of the past; and says which in the answer's headers.
func (c *Caller) View(w http.ResponseWriter, r *http.Request) (View, error) {
	revision, asOf := r.Header.Get(RevisionHeader), r.Header.Get(AsOfHeader)
	view, err := c.view(r.Context(), revision, asOf)
	if err != nil {
		return View{}, err
	}
	w.Header().Set(RevisionHeader, strconv.FormatUint(view.Head.Seq, 10))
	return view, nil
}

func (c *Caller) view(ctx context.Context, revision, asOf string) (View, error) {
	now := c.Now()
	switch {
	case revision != "" && asOf != "":
		return View{}, writ.Errorf(writ.CodeInvalid, "the headers %s and %s exclude one another", RevisionHeader, AsOfHeader)
	case asOf != "":
		t, err := time.Parse(time.RFC3339, asOf)
		if err != nil {
			return View{}, writ.Errorf(writ.CodeInvalid, "%s: %q is no time", AsOfHeader, clip(asOf)).WithHint("write it as 2026-05-04T12:00:00Z")
		}
		if t.After(now) {
			return View{}, writ.Errorf(writ.CodeInvalid, "%s: %s is in the future", AsOfHeader, asOf)
		}
		state, err := c.asOf(ctx, t)
		return View{state, t}, err
	case revision != "":
		n, err := strconv.ParseUint(revision, 10, 64)
		if err != nil {
			return View{}, writ.Errorf(writ.CodeInvalid, "%s: %q is no revision", RevisionHeader, clip(revision))
		}
		state, err := c.At(ctx, n)
		return View{state, now}, err
	}
	return View{c.Environment.State(), now}, nil
}

// asOf gives a state of the past, of which a few are made at a time.
func (c *Caller) asOf(ctx context.Context, t time.Time) (*environment.State, error) {
	select {
	case c.server.past <- struct{}{}:
		defer func() { <-c.server.past }()
		return c.Environment.AsOf(ctx, t)
	case <-ctx.Done():
		return nil, busy(cap(c.server.past))
	}
}

// Now is the server's clock.
func (c *Caller) Now() time.Time { return c.server.config.Now() }

// At is the newest state when it is at a revision or later. It waits for it, but not for ever.
func (c *Caller) At(ctx context.Context, revision uint64) (*environment.State, error) {
	if s := c.Environment.State(); s.Head.Seq >= revision {
		return s, nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.server.config.Limits.WaitRevision)
	defer cancel()
	state, err := c.Environment.At(ctx, revision)
	if err != nil && ctx.Err() != nil {
		return nil, &StatusError{
			Status: http.StatusServiceUnavailable, RetryAfter: time.Second,
			Err: writ.Errorf(writ.CodeExternal, "revision %d is not here yet: this node is at %d", revision, c.Environment.State().Head.Seq),
		}
	}
	return state, err
}

// token gives the bearer token of a request.
func token(r *http.Request) (string, error) {
	header := r.Header.Get("Authorization")
	scheme, token, ok := strings.Cut(header, " ")
	if token = strings.TrimSpace(token); !ok || token == "" || !strings.EqualFold(scheme, "bearer") {
		return "", noKey()
	}
	return token, nil
}

// identify finds a token's key, whichever environment it is of.
func (s *Server) identify(token string) (*Caller, error) {
	hash := sha256.Sum256([]byte(token))
	loading := false
	for _, r := range s.rooms.all() {
		e := r.environment.Load()
		if e == nil {
			loading = true
			continue
		}
		k, ok := r.find(hash)
		if !ok || subtle.ConstantTimeCompare(k.Hash, hash[:]) != 1 {
			continue
		}
		if !k.Expires.IsZero() && !s.config.Now().Before(k.Expires) {
			return nil, wrongKey("the API key %s expired at %s", k.ID, k.Expires.Format(time.RFC3339))
		}
		if err := e.Err(); err != nil {
			return nil, broken(err)
		}
		if wait, ok := s.buckets.take(k.ID, s.config.Now()); !ok {
			return nil, tooMany(wait, s.config.Limits.Rate)
		}
		return &Caller{Key: k, Project: r.project, Env: r.env, Environment: e, server: s}, nil
	}
	if loading {
		return nil, notReady()
	}
	return nil, wrongKey("the API key is not known")
}
