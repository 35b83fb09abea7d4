package environment_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/environment/memory"
	"github.com/writ-dev/writ/authz/environment/storetest"
)

// TestAsOf compares the past with what was the present, on random histories with changes of
// the model among them.
func TestAsOf(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		store := &memory.Store{}
		c := storetest.Config(store)
		now := time.Unix(1_900_000_000, 0).UTC()
		c.Now = func() time.Time { return now }
		e, err := environment.Open(context.Background(), c)
		if err != nil {
			t.Fatal(err)
		}
		var past []*environment.State
		var moments []time.Time
		for range rapid.IntRange(1, 12).Draw(t, "writes") {
			now = now.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "later")) * time.Second)
			s, err := e.Write(context.Background(), storetest.Change(randomChanges(t)...))
			if err != nil {
				continue
			}
			past, moments = append(past, s), append(moments, now)
		}
		// The last state at each moment is what the moment is remembered as.
		for i, then := range past {
			if i+1 < len(past) && moments[i+1].Equal(moments[i]) {
				continue
			}
			got, err := e.AsOf(context.Background(), moments[i])
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(storetest.Facts(then), storetest.Facts(got)); d != "" || got.Head != then.Head || !got.Time.Equal(then.Time) {
				t.Fatalf("entry %d as of %s: entry %d\n%s", then.Head.Seq, moments[i], got.Head.Seq, d)
			}
		}
		if _, err := e.AsOf(context.Background(), time.Unix(1_899_999_999, 0)); writ.CodeOf(err) != writ.CodeNotFound {
			t.Fatalf("before all: %v", err)
		}
	})
}

// TestAsOfWhileWritten asks for the past in some goroutines while others write, among it the model:
// the past stays what it was, and neither waits for the other. Run with -race.
func TestAsOfWhileWritten(t *testing.T) {
	t.Parallel()
	store := &gated{}
	e := open(t, store)
	const before = 300
	moments, facts := make([]time.Time, before), make([][]string, before)
	for i := range before {
		// One document and one user have very many edges, the others few.
		s := write(t, e, storetest.Put(fmt.Sprintf("document:hub#viewer@user:u%d", i), fmt.Sprintf("document:d%d#viewer@user:ann", i)))
		moments[i] = s.Time
		if i%60 == 0 {
			facts[i] = storetest.Facts(s)
		}
	}
	var writers, readers sync.WaitGroup
	over := make(chan struct{})
	for w := range 3 {
		writers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-over:
					return
				default:
				}
				x, _ := authz.ParseTuple(fmt.Sprintf("document:hub#viewer@user:u%d", (i*7+w)%before))
				gone := authz.Change{Tuple: &authz.Step[authz.Tuple]{Before: &x}}
				fresh, _ := authz.ParseTuple(fmt.Sprintf("document:new%d-%d#viewer@user:ann", w, i))
				put := authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &fresh}}
				changes := []authz.Change{gone, put}
				if w == 0 && i%10 == 0 {
					source := storetest.Source(storetest.Plain + fmt.Sprintf("\nship%d: pilot", i))
					changes = append(changes, authz.Change{Model: &authz.Step[authz.Source]{After: &source}})
				}
				if _, err := e.Write(context.Background(), storetest.Change(changes...)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for r := range 2 {
		readers.Go(func() {
			for i := range 12 {
				n := (i + r) * 60 % before
				past, err := e.AsOf(context.Background(), moments[n])
				if err != nil {
					t.Error(err)
					return
				}
				if d := cmp.Diff(facts[n], storetest.Facts(past)); d != "" {
					t.Errorf("as of entry %d: %.600s", past.Head.Seq, d)
					return
				}
			}
		})
	}
	readers.Wait()
	close(over)
	writers.Wait()
	if s := e.State(); s.Head.Seq < before+2 {
		t.Errorf("only %d entries: nobody wrote meanwhile", s.Head.Seq)
	}
	verify(t, store)

	// A write that the store does not confirm yet holds the turn; the past is not kept waiting.
	gate, entered := make(chan struct{}), make(chan struct{}, 1)
	store.set(func(g *gated) { g.gate, g.entered = gate, entered })
	done := make(chan error, 1)
	go func() {
		_, err := e.Write(context.Background(), storetest.Put("document:late#viewer@user:ann"))
		done <- err
	}()
	<-entered
	if _, err := e.AsOf(t.Context(), moments[0]); err != nil {
		t.Error(err)
	}
	close(gate)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func randomChanges(t *rapid.T) []authz.Change {
	var changes []authz.Change
	for range rapid.IntRange(1, 4).Draw(t, "changes") {
		name := rapid.SampledFrom([]string{"a", "b", "c"})
		x, _ := authz.ParseTuple(rapid.SampledFrom([]string{"document", "folder"}).Draw(t, "type") + ":" + name.Draw(t, "object") + "#viewer@user:" + name.Draw(t, "user"))
		r := &authz.Record{Entity: authz.Entity{Type: "user", ID: name.Draw(t, "record")}, Attributes: map[string]any{"n": rapid.IntRange(0, 3).Draw(t, "n")}}
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0, 1:
			changes = append(changes, authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &x}})
		case 2:
			changes = append(changes, authz.Change{Tuple: &authz.Step[authz.Tuple]{Before: &x}})
		case 3:
			changes = append(changes, authz.Change{Record: &authz.Step[authz.Record]{After: r}})
		case 4:
			changes = append(changes, authz.Change{Record: &authz.Step[authz.Record]{Before: r}})
		case 5:
			source := storetest.Source(rapid.SampledFrom([]string{
				storetest.Plain, "document: viewer\nfolder: viewer", "document: viewer",
			}).Draw(t, "model"))
			changes = append(changes, authz.Change{Model: &authz.Step[authz.Source]{After: &source}})
		}
	}
	return changes
}
