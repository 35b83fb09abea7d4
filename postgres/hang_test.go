package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/environment/storetest"
	"github.com/writ-dev/writ/postgres"
	"github.com/writ-dev/writ/postgres/postgrestest"
)

// frozen runs a server of its own that a test may stop, and gives a store on it.
func frozen(t *testing.T, timeout time.Duration) (*postgrestest.Server, *postgres.Store) {
	t.Helper()
	server, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server, open(t, postgres.Config{URL: server.URL(), Timeout: timeout, Poll: 50 * time.Millisecond})
}

// A database that hung, and neither answered nor refused, held the writer and all who waited behind it for ever.
func TestADatabaseThatHangsHoldsNoWriterForLong(t *testing.T) {
	t.Parallel()
	const timeout = 500 * time.Millisecond
	server, store := frozen(t, timeout)
	e, err := environment.Open(t.Context(), storetest.Config(store))
	if err != nil {
		t.Fatal(err)
	}
	before, err := e.Write(t.Context(), storetest.Put("document:a#viewer@user:ann"))
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Freeze(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			_, err := e.Write(context.Background(), storetest.Put(fmt.Sprintf("document:b%d#viewer@user:ann", i)))
			var said *writ.Error
			if !errors.As(err, &said) || said.Code != writ.CodeExternal || !strings.Contains(said.Error(), "did not confirm the write within 500ms") ||
				!strings.Contains(said.Hint, "it may have happened") {
				t.Errorf("a write to a database that hangs: %v", err)
			}
		})
	}
	all.Wait()
	// Two groups at most, each with its write and a look at what became of it.
	if took := time.Since(began); took > 8*timeout {
		t.Errorf("the writers were held for %s", took)
	}
	if err := store.Commits(t.Context(), 0, func(environment.Commit) error { return nil }); writ.CodeOf(err) != writ.CodeExternal {
		t.Errorf("reading from a database that hangs: %v", err)
	}
	gone, cancel := context.WithTimeout(t.Context(), timeout/10)
	defer cancel()
	if err := store.Commits(gone, 0, func(environment.Commit) error { return nil }); writ.CodeOf(err) != writ.CodeCancelled || strings.Contains(err.Error(), "user=") || strings.Contains(err.Error(), "/") {
		t.Errorf("a caller that went away: %v", err)
	}
	if now := e.State(); now.Head != before.Head {
		t.Errorf("the state moved to %d without the database", now.Head.Seq)
	}
	if err := server.Thaw(); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Write(t.Context(), storetest.Put("document:c#viewer@user:ann")); err != nil {
		t.Errorf("a write after it went on: %v", err)
	}
}

// TestHangsLoseNothing: the server stops at any moment of a write, and goes on. What was acknowledged is there; what
// was said not to have happened is not; all else was said to be open.
func TestHangsLoseNothing(t *testing.T) {
	t.Parallel()
	const timeout = 150 * time.Millisecond
	server, store := frozen(t, timeout)
	e, err := environment.Open(t.Context(), storetest.Config(store))
	if err != nil {
		t.Fatal(err)
	}
	hangs := 15
	if testing.Short() {
		hangs = 4
	}
	ctx, stop := context.WithCancel(t.Context())
	fates := map[string]string{}
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			name := fmt.Sprintf("document:d%d", i)
			_, err := e.Write(context.Background(), storetest.Put(name+"#viewer@user:ann"))
			var said *writ.Error
			switch {
			case err == nil:
				fates[name] = "there"
			case errors.As(err, &said) && strings.Contains(said.Hint, "it may have happened"):
				fates[name] = "open"
			default:
				fates[name] = "not there"
				t.Errorf("%s: an outcome that is not known was not told as such: %v", name, err)
			}
		}
	})
	for range hangs {
		time.Sleep(time.Duration(rand.Int64N(int64(50 * time.Millisecond)))) //nolint:gosec // any moment will do
		if err := server.Freeze(); err != nil {
			t.Error(err)
		}
		time.Sleep(3 * timeout)
		if err := server.Thaw(); err != nil {
			t.Error(err)
		}
		time.Sleep(timeout)
	}
	stop()
	writer.Wait()
	fresh, err := environment.Open(t.Context(), storetest.Config(store))
	if err != nil {
		t.Fatalf("what is stored is not whole: %v", err)
	}
	count := map[string]int{}
	for name, fate := range fates {
		tuple, err := authz.ParseTuple(name + "#viewer@user:ann")
		if err != nil {
			t.Fatal(err)
		}
		_, there := fresh.State().Snapshot.Tuple(tuple.Object, tuple.Relation, tuple.Subject)
		if there && fate == "not there" || !there && fate == "there" {
			t.Errorf("%s was said to be %s, and is there: %v", name, fate, there)
		}
		count[fmt.Sprintf("%s, stored %v", fate, there)]++
	}
	t.Logf("%d hangs: %v", hangs, count)
	if count["there, stored true"] == 0 || count["open, stored true"]+count["open, stored false"] == 0 {
		t.Errorf("the test met no write that was made, or none that was left open: %v", count)
	}
}

// A page of the log that takes longer than a server may be silent is read to its end, as long as the server goes on telling.
func TestAReaderWhoTakesLongIsNotCutOff(t *testing.T) {
	t.Parallel()
	c := fresh()
	c.Timeout = 300 * time.Millisecond
	store := open(t, c)
	e, err := environment.Open(t.Context(), storetest.Config(store))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		if _, err := e.Write(t.Context(), storetest.Put(fmt.Sprintf("document:d%d#viewer@user:ann", i))); err != nil {
			t.Fatal(err)
		}
	}
	read := 0
	err = store.Commits(t.Context(), 0, func(environment.Commit) error {
		read++
		time.Sleep(c.Timeout / 6)
		return nil
	})
	if err != nil || read != 21 {
		t.Errorf("%d entries, %v", read, err)
	}
}
