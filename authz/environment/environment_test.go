package environment_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/environment/memory"
	"github.com/writ-dev/writ/authz/environment/storetest"
	"github.com/writ-dev/writ/ledger"
)

func Example() {
	ctx := context.Background()
	env, err := environment.Open(ctx, environment.Config{
		Store: &memory.Store{}, Parse: storetest.Parse, Now: time.Now,
		Initial: storetest.Source("document: viewer"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	may := writ.Request{
		Subject:  writ.Subject{Type: "user", ID: "ann"},
		Action:   writ.Action{Name: "viewer"},
		Resource: writ.Resource{Type: "document", ID: "budget"},
	}
	d, err := env.Check(ctx, may)
	fmt.Println(d.Allowed, d.Revision, err)

	t, _ := authz.ParseTuple("document:budget#viewer@user:ann")
	state, err := env.Write(ctx, environment.Write{
		Actor: writ.Subject{Type: "user", ID: "root"}, Kind: "tuples.write", Subject: "document:budget",
		Plan: func(*environment.State) ([]authz.Change, error) {
			return []authz.Change{{Tuple: &authz.Step[authz.Tuple]{After: &t}}}, nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("written at", state.Head.Seq)
	d, err = env.Check(ctx, may)
	fmt.Println(d.Allowed, d.Revision, err)
	// Output:
	// false 1 <nil>
	// written at 2
	// true 2 <nil>
}

func open(t *testing.T, s environment.Store) *environment.Environment {
	t.Helper()
	e, err := environment.Open(t.Context(), storetest.Config(s))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func write(t *testing.T, e *environment.Environment, w environment.Write) *environment.State {
	t.Helper()
	s, err := e.Write(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func has(s *environment.State, text string) bool {
	t, err := authz.ParseTuple(text)
	if err != nil {
		panic(err)
	}
	_, ok := s.Snapshot.Tuple(t.Object, t.Relation, t.Subject)
	return ok
}

// gated is a store whose Append can be held up, or fail.
type gated struct {
	memory.Store
	mu      sync.Mutex
	gate    chan struct{} // nil: open
	entered chan struct{} // gets one for each Append
	fail    func(append func() error) error
	sizes   []int // commits of each Append
}

func (g *gated) Append(ctx context.Context, after ledger.Head, commits []environment.Commit) error {
	g.mu.Lock()
	gate, entered, fail := g.gate, g.entered, g.fail
	g.sizes = append(g.sizes, len(commits))
	g.mu.Unlock()
	if entered != nil {
		entered <- struct{}{}
	}
	if gate != nil {
		<-gate
	}
	do := func() error { return g.Store.Append(ctx, after, commits) }
	if fail != nil {
		return fail(do)
	}
	return do()
}

func (g *gated) set(f func(*gated)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f(g)
}

// waitFor looks again until what must come has come.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came: %s", what)
		}
	}
}

// TestWritersCommitTogether: while one write becomes durable the others queue, and go
// into the store at once. Each has an entry of its own, and none is seen before it is durable.
func TestWritersCommitTogether(t *testing.T) {
	t.Parallel()
	store := &gated{}
	e := open(t, store)
	gate, entered := make(chan struct{}), make(chan struct{}, 10)
	store.set(func(g *gated) { g.gate, g.entered, g.sizes = gate, entered, nil })

	const writers = 20
	failures := make([]error, writers)
	var wg sync.WaitGroup
	start := func(i int) {
		wg.Go(func() {
			w := storetest.Put(fmt.Sprintf("document:d%d#viewer@user:ann", i))
			if i%5 == 4 {
				w = storetest.Put("spaceship:x#pilot@user:ann") // its own fault alone
			}
			s, err := e.Write(context.Background(), w)
			failures[i] = err
			if err == nil && !has(s, fmt.Sprintf("document:d%d#viewer@user:ann", i)) {
				t.Errorf("write %d was acknowledged and is not to be seen", i)
			}
		})
	}
	start(0)
	<-entered // the first leads, alone
	for i := 1; i < writers; i++ {
		start(i)
	}
	if has(e.State(), "document:d0#viewer@user:ann") {
		t.Error("a write is seen before it is durable")
	}
	waitFor(t, "all writers queue", func() bool { return environment.Queued(e) == writers-1 })
	close(gate)
	wg.Wait()

	for i, err := range failures {
		if want := i%5 == 4; (err != nil) != want {
			t.Errorf("write %d: %v", i, err)
		}
	}
	if d := cmp.Diff([]int{1, 15}, store.sizes); d != "" {
		t.Errorf("commits of each Append: %s", d)
	}
	if e.State().Head.Seq != 17 {
		t.Errorf("the head is at %d", e.State().Head.Seq)
	}
	verify(t, store)
}

// verify checks the chain of a store from the start.
func verify(t *testing.T, s environment.Store) {
	t.Helper()
	var head ledger.Head
	err := s.Commits(t.Context(), 0, func(c environment.Commit) (err error) {
		head, err = head.Next(&c.Entry)
		return err
	})
	if err != nil || head.Seq == 0 {
		t.Errorf("the chain ends at %d: %v", head.Seq, err)
	}
}

// TestPlansSeeWhatComesBefore: of many that each take the first free place, no two get the same.
func TestPlansSeeWhatComesBefore(t *testing.T) {
	t.Parallel()
	shared := &memory.Store{}
	nodes := []*environment.Environment{open(t, shared), open(t, shared)}
	place := func(i int) string { return fmt.Sprintf("document:place%d#viewer@user:ann", i) }
	const writers, each = 8, 10
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for range each {
				_, err := nodes[w%2].Write(context.Background(), environment.Write{
					Kind: "place", Plan: func(s *environment.State) ([]authz.Change, error) {
						free := 0
						for has(s, place(free)) {
							free++
						}
						return storetest.Put(place(free)).Plan(s)
					},
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	last := write(t, nodes[0], storetest.Put("folder:f#viewer@user:ann"))
	if tuples, _ := last.Snapshot.Count(); tuples != writers*each+1 {
		t.Errorf("%d tuples", tuples)
	}
	verify(t, shared)
}

func TestAWriteIsAllOrNothing(t *testing.T) {
	t.Parallel()
	e := open(t, &memory.Store{})
	before := write(t, e, storetest.Put("document:a#viewer@user:ann"))
	facts := storetest.Facts(before)
	gone, _ := authz.ParseTuple("document:a#viewer@user:ann")
	fresh, _ := authz.ParseTuple("folder:f#viewer@user:ann")
	nowhere, _ := authz.ParseTuple("spaceship:x#pilot@user:ann")
	source := storetest.Source(storetest.Plain + "\nship: pilot")
	key := authz.Key{ID: "k", Role: "read"}
	_, err := e.Write(t.Context(), storetest.Change(
		authz.Change{Key: &authz.Step[authz.Key]{After: &key}},
		authz.Change{Tuple: &authz.Step[authz.Tuple]{Before: &gone}},
		authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &fresh}},
		authz.Change{Record: &authz.Step[authz.Record]{After: &authz.Record{Entity: authz.Entity{Type: "user", ID: "ann"}}}},
		authz.Change{Model: &authz.Step[authz.Source]{After: &source}},
		authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &nowhere}},
	))
	if err == nil {
		t.Fatal("a tuple of a type that is not there was written")
	}
	if e.State() != before {
		t.Error("a write that failed made a state")
	}
	after := write(t, e, storetest.Put("document:b#viewer@user:ann"))
	if len(after.Keys) != 0 || after.Source != before.Source {
		t.Errorf("of a write that failed there stayed %+v, %+v", after.Keys, after.Source)
	}
	facts = append(facts, storetest.Facts(after)[2])
	if d := cmp.Diff(facts, storetest.Facts(after)); d != "" {
		t.Error(d)
	}
}

func TestAModelMustFitTheFacts(t *testing.T) {
	t.Parallel()
	e := open(t, &memory.Store{})
	before := write(t, e, storetest.Put("document:a#editor@user:ann"))
	smaller := storetest.Source("document: viewer")
	model := authz.Change{Model: &authz.Step[authz.Source]{After: &smaller}}
	if _, err := e.Write(t.Context(), storetest.Change(model)); writ.CodeOf(err) != writ.CodeInvalid {
		t.Errorf("a model without the facts' relation was taken: %v", err)
	}
	if e.State() != before {
		t.Error("a write that failed made a state")
	}
	gone, _ := authz.ParseTuple("document:a#editor@user:ann")
	after := write(t, e, storetest.Change(authz.Change{Tuple: &authz.Step[authz.Tuple]{Before: &gone}}, model))
	if after.Source != smaller || after.Document != storetest.Document("document: viewer") {
		t.Errorf("the model is %+v", after.Source)
	}
}

func TestNothingChangedNothingWritten(t *testing.T) {
	t.Parallel()
	e := open(t, &memory.Store{})
	s := write(t, e, storetest.Put("document:a#viewer@user:ann"))
	absent, _ := authz.ParseTuple("document:zzz#viewer@user:ann")
	source := storetest.Source(storetest.Plain)
	for name, w := range map[string]environment.Write{
		"again":      storetest.Put("document:a#viewer@user:ann"),
		"no changes": storetest.Change(),
		"absent":     storetest.Change(authz.Change{Tuple: &authz.Step[authz.Tuple]{Before: &absent}}),
		"model":      storetest.Change(authz.Change{Model: &authz.Step[authz.Source]{After: &source}}),
		"key":        storetest.Change(authz.Change{Key: &authz.Step[authz.Key]{Before: &authz.Key{ID: "k"}}}),
	} {
		if after := write(t, e, w); after.Head != s.Head {
			t.Errorf("%s: written as entry %d", name, after.Head.Seq)
		}
	}
}

func TestChangesOfNoFormAreRefused(t *testing.T) {
	t.Parallel()
	e := open(t, &memory.Store{})
	head := e.State().Head
	tuple := func(f func(*authz.Tuple)) authz.Change {
		x, _ := authz.ParseTuple("document:a#viewer@user:ann")
		f(&x)
		return authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &x}}
	}
	record := func(v any) authz.Change {
		return authz.Change{Record: &authz.Step[authz.Record]{After: &authz.Record{
			Entity: authz.Entity{Type: "user", ID: "ann"}, Attributes: map[string]any{"x": v},
		}}}
	}
	deep := any("x")
	for range environment.MaxDepth + 1 {
		deep = []any{deep}
	}
	for name, c := range map[string]struct {
		change authz.Change
		want   writ.Code
	}{
		"nothing":       {authz.Change{}, writ.CodeInvalid},
		"empty step":    {authz.Change{Tuple: &authz.Step[authz.Tuple]{}}, writ.CodeInvalid},
		"two":           {authz.Change{Tuple: tuple(func(*authz.Tuple) {}).Tuple, Record: record(1).Record}, writ.CodeInvalid},
		"no ID":         {tuple(func(t *authz.Tuple) { t.Object.ID = "" }), writ.CodeInvalid},
		"zero byte":     {tuple(func(t *authz.Tuple) { t.Object.ID = "a\x00b" }), writ.CodeInvalid},
		"not UTF-8":     {tuple(func(t *authz.Tuple) { t.Subject.ID = "a\xff" }), writ.CodeInvalid},
		"long ID":       {tuple(func(t *authz.Tuple) { t.Object.ID = strings.Repeat("x", environment.MaxID+1) }), writ.CodeTooLarge},
		"long relation": {tuple(func(t *authz.Tuple) { t.Relation = strings.Repeat("x", environment.MaxName+1) }), writ.CodeTooLarge},
		"deep":          {record(deep), writ.CodeTooLarge},
		"big":           {record(strings.Repeat("x", environment.MaxValue)), writ.CodeTooLarge},
		"no JSON":       {record(func() {}), writ.CodeInvalid},
		"no model":      {authz.Change{Model: &authz.Step[authz.Source]{Before: &authz.Source{}}}, writ.CodeInvalid},
	} {
		if _, err := e.Write(t.Context(), storetest.Change(c.change)); writ.CodeOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if e.State().Head != head {
		t.Errorf("something was written: %d", e.State().Head.Seq)
	}
}

// TestValuesAreWhatAStoreGivesBack: an int is a float64 from the start.
func TestValuesAreWhatAStoreGivesBack(t *testing.T) {
	t.Parallel()
	store := &memory.Store{}
	e := open(t, store)
	s := write(t, e, storetest.Change(authz.Change{Record: &authz.Step[authz.Record]{After: &authz.Record{
		Entity:     authz.Entity{Type: "user", ID: "ann"},
		Attributes: map[string]any{"age": 7, "tags": []string{"a"}, "when": time.Unix(0, 0).UTC()},
	}}}))
	again := open(t, store).State()
	for _, state := range []*environment.State{s, again} {
		r, _ := state.Snapshot.Record(authz.Entity{Type: "user", ID: "ann"})
		want := map[string]any{"age": 7.0, "tags": []any{"a"}, "when": "1970-01-01T00:00:00Z"}
		if d := cmp.Diff(want, r.Attributes); d != "" {
			t.Error(d)
		}
	}
	if d := cmp.Diff(storetest.Facts(s), storetest.Facts(again)); d != "" {
		t.Error(d)
	}
}

func TestWritesHaveABound(t *testing.T) {
	t.Parallel()
	store := &gated{}
	c := storetest.Config(store)
	c.MaxBatch = 3
	e, err := environment.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	several := func(n int) environment.Write {
		var tuples []string
		for i := range n {
			tuples = append(tuples, "document:d"+strconv.Itoa(i)+"#viewer@user:u"+strconv.Itoa(n))
		}
		return storetest.Put(tuples...)
	}
	if _, err := e.Write(t.Context(), several(4)); writ.CodeOf(err) != writ.CodeTooLarge {
		t.Errorf("four changes: %v", err)
	}
	// A group is bounded as well: what goes over waits for the next.
	gate, entered := make(chan struct{}), make(chan struct{}, 20)
	store.set(func(g *gated) { g.gate, g.entered, g.sizes = gate, entered, nil })
	var wg sync.WaitGroup
	for i := range 9 {
		wg.Go(func() {
			if _, err := e.Write(context.Background(), storetest.Put(fmt.Sprintf("document:e%d#viewer@user:ann", i))); err != nil {
				t.Error(err)
			}
		})
		if i == 0 {
			<-entered
		}
	}
	waitFor(t, "eight writers queue", func() bool { return environment.Queued(e) == 8 })
	close(gate)
	wg.Wait()
	if slices.Max(store.sizes) > 3 || len(store.sizes) != 4 {
		t.Errorf("commits of each Append: %v", store.sizes)
	}
}

func TestAPlanThatPanicsFailsAlone(t *testing.T) {
	t.Parallel()
	e := open(t, &memory.Store{})
	_, err := e.Write(t.Context(), environment.Write{Kind: "x", Plan: func(*environment.State) ([]authz.Change, error) { panic("oh") }})
	if writ.CodeOf(err) != writ.CodeInternal || !strings.Contains(err.Error(), "oh") {
		t.Error(err)
	}
	write(t, e, storetest.Put("document:a#viewer@user:ann"))
}

// TestTimeNeverGoesBack: entries are in order of time even when the clock is not.
func TestTimeNeverGoesBack(t *testing.T) {
	t.Parallel()
	c := storetest.Config(&memory.Store{})
	now := time.Unix(2_000_000_000, 0)
	c.Now = func() time.Time { return now }
	e, err := environment.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(-time.Hour)
	if s := write(t, e, storetest.Put("document:a#viewer@user:ann")); !s.Time.Equal(time.Unix(2_000_000_000, 0)) {
		t.Errorf("an entry has the time %s", s.Time)
	}
}

var errLost = errors.New("connection lost")
