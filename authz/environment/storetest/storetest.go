package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/ledger"
)

// Place is where one environment is kept. Each call closes what the call before gave and
// opens the same place anew, as after a restart.
type Place func(t *testing.T) environment.Store

// Run holds a store to the contract. fresh makes an empty place.
func Run(t *testing.T, fresh func(t *testing.T) Place) {
	for name, test := range map[string]func(*testing.T, Place){
		"Empty":           testEmpty,
		"KeepsEverything": testKeepsEverything,
		"Extremes":        testExtremes,
		"Conflict":        testConflict,
		"OneWins":         testOneWins,
		"OneMoment":       testOneMoment,
		"Commits":         testCommits,
		"Large":           testLarge,
		"Cancelled":       testCancelled,
		"Wait":            testWait,
		"Environment":     testEnvironment,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, fresh(t))
		})
	}
}

func testEmpty(t *testing.T, open Place) {
	for range 2 {
		s := open(t)
		if head, all := contents(t, s); head != (ledger.Head{}) || len(all) > 0 {
			t.Errorf("an empty store is at %v with %v", head, all)
		}
		if all := commits(t, s, 0); len(all) > 0 {
			t.Errorf("an empty store has %v", all)
		}
	}
}

// testKeepsEverything appends random histories, in groups, with restarts.
func testKeepsEverything(t *testing.T, open Place) {
	s := open(t)
	var all []environment.Commit
	var head ledger.Head
	rounds := 0
	rapid.Check(t, func(rt *rapid.T) {
		var group []environment.Commit
		for range rapid.IntRange(1, 4).Draw(rt, "commits") {
			at := head
			if len(group) > 0 {
				at = group[len(group)-1].Head()
			}
			group = append(group, Seal(at, rapid.SliceOfN(changes(), 1, 8).Draw(rt, "changes")...))
		}
		head = add(t, s, head, group...)
		all = append(all, group...)
		if rounds++; rounds%25 == 0 {
			s = open(t)
			check(t, s, all)
		}
	})
	check(t, open(t), all)
}

// changes draws changes of few things, so that they meet, with values of all kinds.
func changes() *rapid.Generator[authz.Change] {
	text := rapid.SampledFrom([]string{"a", "b", "é\u2028<&>", "it's", `quo"te\`, "*", "x:y#z@w", " ", "%s ? $1 :a", "\u007f\n\t", "😀"})
	value := rapid.OneOf(
		rapid.Just[any](nil), rapid.Just[any](true), rapid.Just[any](1.5), rapid.Just[any](1e300), rapid.Just[any]("\u0000 zero"),
		rapid.Just[any]([]any{1.0, "x", map[string]any{"k": nil}}), rapid.Map(text, func(s string) any { return s }),
	)
	moment := rapid.Map(rapid.Int64Range(-1e15, 4e15), func(n int64) time.Time { return time.UnixMicro(n).UTC() })
	return rapid.Custom(func(t *rapid.T) authz.Change {
		remove := rapid.Bool().Draw(t, "remove")
		values := func() map[string]any {
			return rapid.MapOfN(text, value, 1, 3).Draw(t, "values")
		}
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			return put(authz.Source{Format: "lines", Text: text.Draw(t, "model")}, false, func(s *authz.Step[authz.Source]) authz.Change { return authz.Change{Model: s} })
		case 1:
			k := authz.Key{ID: text.Draw(t, "key"), Name: text.Draw(t, "name"), Hash: []byte{0, 1, 255}, Role: "admin", Created: moment.Draw(t, "created")}
			return put(k, remove, func(s *authz.Step[authz.Key]) authz.Change { return authz.Change{Key: s} })
		case 2:
			r := authz.Record{
				Entity: authz.Entity{Type: text.Draw(t, "type"), ID: text.Draw(t, "id")}, Tenant: text.Draw(t, "tenant"),
				Attributes: values(), Profile: map[string]string{"email": text.Draw(t, "email")}, Updated: moment.Draw(t, "updated"),
			}
			return put(r, remove, func(s *authz.Step[authz.Record]) authz.Change { return authz.Change{Record: s} })
		}
		x := authz.Tuple{
			Object: authz.Entity{Type: text.Draw(t, "type"), ID: text.Draw(t, "id")}, Relation: text.Draw(t, "relation"),
			Subject: authz.Holder{Entity: authz.Entity{Type: "user", ID: text.Draw(t, "user")}},
		}
		switch rapid.IntRange(0, 3).Draw(t, "more") {
		case 0:
			x.Subject.Relation = text.Draw(t, "userset")
		case 1:
			x.Condition, x.Params, x.Expires = text.Draw(t, "condition"), values(), moment.Draw(t, "expires")
		case 2:
			x.Created = moment.Draw(t, "created").Truncate(time.Second)
		}
		return put(x, remove, func(s *authz.Step[authz.Tuple]) authz.Change { return authz.Change{Tuple: s} })
	})
}

func put[T any](v T, remove bool, change func(*authz.Step[T]) authz.Change) authz.Change {
	if remove {
		return change(&authz.Step[T]{Before: &v})
	}
	return change(&authz.Step[T]{After: &v})
}

// testExtremes keeps the longest names and the largest values that an environment lets through.
func testExtremes(t *testing.T, open Place) {
	// Bytes that do not compress: PostgreSQL's bound of an index row counts compressed ones.
	noise := func(n int, seed uint32) string {
		var b strings.Builder
		for x := seed; b.Len() < n; {
			x = x*1664525 + 1013904223
			b.WriteByte('!' + byte(x>>16%90))
		}
		return b.String()
	}
	name := func(seed uint32) string { return noise(environment.MaxName, seed) }
	id := func(seed uint32) string { return noise(environment.MaxID, seed) }
	when := time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	big, lines := environment.MaxValue, 1<<18
	if testing.Short() { // under the race detector a megabyte takes seconds
		big, lines = big/16, lines/16
	}
	large := map[string]any{"big": strings.Repeat("é", big/2-1000)}
	s := open(t)
	c := Seal(ledger.Head{},
		authz.Change{Model: &authz.Step[authz.Source]{After: &authz.Source{Format: "lines", Text: strings.Repeat("line\n", lines)}}},
		authz.Change{Key: &authz.Step[authz.Key]{After: &authz.Key{ID: id(1), Name: id(2), Hash: make([]byte, 32), Role: name(3), Expires: when}}},
		authz.Change{Record: &authz.Step[authz.Record]{After: &authz.Record{Entity: authz.Entity{Type: name(4), ID: id(5)}, Tenant: id(6), Attributes: large}}},
		authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &authz.Tuple{
			Object: authz.Entity{Type: name(7), ID: id(8)}, Relation: name(9),
			Subject:   authz.Holder{Entity: authz.Entity{Type: name(10), ID: id(11)}, Relation: name(12)},
			Condition: name(13), Params: large, Created: when,
		}}},
	)
	add(t, s, ledger.Head{}, c)
	check(t, open(t), []environment.Commit{c})
}

func testConflict(t *testing.T, open Place) {
	s := open(t)
	first := Seal(ledger.Head{}, tuple(1))
	add(t, s, ledger.Head{}, first)
	forged := ledger.Head{Seq: 1, Hash: ledger.Hash{1}}
	for _, wrong := range []ledger.Head{{}, {Seq: 2, Hash: first.Hash}, forged} {
		err := s.Append(context.Background(), wrong, []environment.Commit{Seal(wrong, tuple(2))})
		if writ.CodeOf(err) != writ.CodeConflict {
			t.Errorf("after %d: %v", wrong.Seq, err)
		}
	}
	check(t, s, []environment.Commit{first})
	check(t, open(t), []environment.Commit{first})
}

// testOneWins lets several append after the same head, again and again.
func testOneWins(t *testing.T, open Place) {
	s := open(t)
	var head ledger.Head
	var all []environment.Commit
	for round := range 10 {
		var mu sync.Mutex
		var winners []environment.Commit
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				c := Seal(head, tuple(round*10+i))
				err := s.Append(context.Background(), head, []environment.Commit{c})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					winners = append(winners, c)
				} else if writ.CodeOf(err) != writ.CodeConflict {
					t.Errorf("round %d: %v", round, err)
				}
			})
		}
		wg.Wait()
		if len(winners) != 1 {
			t.Fatalf("round %d: %d appended after the same head", round, len(winners))
		}
		all, head = append(all, winners...), winners[0].Head()
	}
	check(t, s, all)
}

// testOneMoment loads while groups are appended: never half a group, and the head is the state's.
func testOneMoment(t *testing.T, open Place) {
	const groups, each, size = 15, 3, 4
	s := open(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		var head ledger.Head
		for g := range groups {
			var group []environment.Commit
			at := head
			for i := range each {
				var changes []authz.Change
				for k := range size {
					changes = append(changes, tuple((g*each+i)*size+k))
				}
				group = append(group, Seal(at, changes...))
				at = group[i].Head()
			}
			if err := s.Append(context.Background(), head, group); err != nil {
				t.Error(err)
				return
			}
			head = at
		}
	}()
	for over := false; !over; {
		select {
		case <-done:
			over = true
		default:
		}
		head, all := contents(t, s)
		if head.Seq%each != 0 || len(all) != int(head.Seq)*size {
			t.Fatalf("at entry %d there are %d tuples", head.Seq, len(all))
		}
	}
	if head, _ := contents(t, s); head.Seq != groups*each {
		t.Errorf("the head is at %d", head.Seq)
	}
}

func testCommits(t *testing.T, open Place) {
	s := open(t)
	const n = 25
	var all []environment.Commit
	var head ledger.Head
	for i := range n {
		all = append(all, Seal(head, tuple(i)))
		head = all[i].Head()
	}
	add(t, s, ledger.Head{}, all...)
	for _, from := range []uint64{0, 1, n / 2, n - 1, n, n + 1, math.MaxInt64, math.MaxUint64} {
		same(t, fmt.Sprintf("Commits after %d", from), lines(all[min(from, n):]), lines(commits(t, s, from)))
	}
	stop, calls := errors.New("stop"), 0
	err := s.Commits(context.Background(), 3, func(environment.Commit) error {
		if calls++; calls == 2 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || calls != 2 {
		t.Errorf("an error after %d calls came back as %v", calls, err)
	}
	if _, err := s.Load(context.Background(), func(authz.Change) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("an error of each came back as %v", err)
	}
	// Neither of the two leaves anything behind that would stop the next.
	add(t, s, head, Seal(head, tuple(n)))
}

// testLarge appends more than one statement can hold, puts it anew, and removes most of it.
func testLarge(t *testing.T, open Place) {
	n := 3000
	if testing.Short() {
		n = 300
	}
	s := open(t)
	var puts, again, removals []authz.Change
	for i := range n {
		puts = append(puts, tuple(i))
		c := tuple(i)
		c.Tuple.After.Created = time.Unix(1_900_000_000, 0).UTC()
		again = append(again, c)
		if i%10 != 0 {
			removals = append(removals, tuple(i).Inverse())
		}
	}
	first := Seal(ledger.Head{}, puts...)
	add(t, s, ledger.Head{}, first)
	second := Seal(first.Head(), again...)
	third := Seal(second.Head(), removals...)
	add(t, s, first.Head(), second, third)
	check(t, open(t), []environment.Commit{first, second, third})
}

// testCancelled: a call that is cancelled before it begins does nothing and says so.
func testCancelled(t *testing.T, open Place) {
	s := open(t)
	first := Seal(ledger.Head{}, tuple(1))
	add(t, s, ledger.Head{}, first)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	appended := s.Append(ctx, first.Head(), []environment.Commit{Seal(first.Head(), tuple(2))})
	_, loaded := s.Load(ctx, func(authz.Change) error { return nil })
	read := s.Commits(ctx, 0, func(environment.Commit) error { return nil })
	for name, err := range map[string]error{"Append": appended, "Load": loaded, "Commits": read} {
		if writ.CodeOf(err) != writ.CodeCancelled {
			t.Errorf("%s: %v", name, err)
		}
	}
	check(t, s, []environment.Commit{first})
}

func testWait(t *testing.T, open Place) {
	s := open(t)
	w, ok := s.(environment.Watcher)
	if !ok {
		t.Logf("%T is no Watcher: nobody else writes it", s)
		return
	}
	first := Seal(ledger.Head{}, tuple(1))
	woken := make(chan error, 1)
	go func() { woken <- w.Wait(context.Background(), 0) }()
	add(t, s, ledger.Head{}, first)
	if err := <-woken; err != nil {
		t.Errorf("Wait: %v", err)
	}
	if err := w.Wait(context.Background(), 0); err != nil { // it is there already
		t.Errorf("Wait for what is there: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() { woken <- w.Wait(ctx, 1) }()
	cancel()
	if err := <-woken; err == nil {
		t.Error("Wait gave no error when it was cancelled")
	}
}
