package engine_test

import (
	"testing"
	"time"

	"github.com/writ-dev/writ/authz/internal/engine"
	"github.com/writ-dev/writ/authz/internal/graph"
)

// row is things in a row, each the next of the one before; whoever holds the last holds all.
func row(length int) (w *world, holds *engine.Relation) {
	e := graph.New().Edit()
	w = &world{user: e.Type("user"), thing: e.Type("thing")}
	next := &engine.Relation{Of: w.thing, Rel: e.Rel(w.thing, "next"), Plainly: []graph.Type{w.thing}}
	next.Body = &engine.Node{Op: engine.OpDirect, Tuples: next}
	holds = &engine.Relation{Of: w.thing, Rel: e.Rel(w.thing, "holds"), Plainly: []graph.Type{w.user}}
	from := &engine.Node{Op: engine.OpFrom, Tuples: next}
	from.Lead(w.thing, holds)
	holds.Body = &engine.Node{Op: engine.OpUnion, Kids: []*engine.Node{{Op: engine.OpDirect, Tuples: holds}, from}}
	w.relations = []*engine.Relation{next, holds}
	w.program = engine.New(w.relations)
	for i := range length {
		w.things = append(w.things, e.Entity(w.thing, string(rune('a'+i))))
		if i > 0 {
			e.Add(w.things[i-1], next.Rel, w.things[i], 0, nil, time.Time{})
		}
	}
	w.users = []graph.ID{e.Entity(w.user, "ann"), e.Entity(w.user, "bob"), 0}
	e.Add(w.things[length-1], holds.Rel, w.users[0], 0, nil, time.Time{})
	w.facts = e.Done()
	return w, holds
}

func TestBounds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		length, work         int
		want                 engine.Verdict
		exceeded, overworked bool
	}{
		{length: 900, work: engine.MaxWork, want: engine.Yes},
		{length: 1100, work: engine.MaxWork, want: engine.Unknown, exceeded: true},
		{length: 900, work: 500, want: engine.Unknown, exceeded: true, overworked: true},
	} {
		w, holds := row(c.length)
		var a engine.Asker
		a.Begin(w.program, nil)
		a.Question = w.question(w.users[0])
		a.MaxWork = c.work
		if got := a.Holds(holds, w.things[0]); got != c.want || a.Exceeded() != c.exceeded || a.Overworked() != c.overworked {
			t.Errorf("%d things, %d steps: %s, exceeded %v, overworked %v", c.length, c.work, got, a.Exceeded(), a.Overworked())
		}
	}
}

func TestAskersAreUsedAgainWithoutAllocating(t *testing.T) {
	w, holds := row(60)
	kept := engine.NewAscents()
	var a engine.Asker
	n := testing.AllocsPerRun(100, func() {
		for i, want := range []engine.Verdict{engine.Yes, engine.No} {
			a.Begin(w.program, nil)
			a.Question = w.question(w.users[i])
			a.Ascents = kept
			if got := a.Holds(holds, w.things[0]); got != want {
				t.Fatalf("got %s, want %s", got, want)
			}
			a.Reset()
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// conditions answers rule i by the verdict i, and conditions of tuples by the one whose name they have.
type conditions struct{ a *engine.Asker }

func (c conditions) OfRule(condition int, _ graph.ID) engine.Verdict {
	return engine.Verdict(condition)
}

func (c conditions) OfTuple(x *graph.Extra) engine.Verdict {
	if !c.a.Charge(engine.CostOfCondition) {
		return engine.Unknown
	}
	return map[string]engine.Verdict{"no": engine.No, "unknown": engine.Unknown, "yes": engine.Yes}[x.Condition]
}

func TestThreeValuesGoThroughEveryStep(t *testing.T) {
	t.Parallel()
	e := graph.New().Edit()
	user, thing := e.Type("user"), e.Type("thing")
	ann, budget := e.Entity(user, "ann"), e.Entity(thing, "budget")
	facts := e.Done()
	values := []engine.Verdict{engine.No, engine.Unknown, engine.Yes}
	for _, x := range values {
		for _, y := range values {
			rule := func(v engine.Verdict) *engine.Node {
				return &engine.Node{Op: engine.OpWhen, Condition: int(v), Subject: user}
			}
			under := &engine.Node{Op: engine.OpWhen, Condition: int(x), Kids: []*engine.Node{rule(y)}}
			for op, want := range map[engine.Op]engine.Verdict{
				engine.OpUnion: max(x, y), engine.OpIntersection: min(x, y), engine.OpExclusion: min(x, engine.Yes-y), engine.OpWhen: min(x, y),
			} {
				body := &engine.Node{Op: op, Kids: []*engine.Node{rule(x), rule(y)}}
				if op == engine.OpWhen {
					body = under
				}
				r := &engine.Relation{Of: thing, Body: body}
				var a engine.Asker
				a.Begin(engine.New([]*engine.Relation{r}), conditions{&a})
				a.Question = engine.Question{Facts: facts, Subject: ann, SubjectType: user, MaxWork: engine.MaxWork}
				if got := a.Holds(r, budget); got != want {
					t.Errorf("step %d of %s and %s: %s, want %s", op, x, y, got, want)
				}
				a.Many = true
				if got := a.Eval(rule(engine.Yes), budget); got != engine.No {
					t.Errorf("a rule holds for everyone at once: %s", got)
				}
			}
		}
	}
}

func TestTuplesCountForATimeAndUnderConditions(t *testing.T) {
	t.Parallel()
	soon := time.Unix(100, 0)
	for _, c := range []struct {
		extra *graph.Extra
		want  engine.Verdict
	}{
		{nil, engine.Yes},
		{&graph.Extra{Expires: soon}, engine.Yes},
		{&graph.Extra{Expires: soon.Add(-time.Second)}, engine.No},
		{&graph.Extra{Condition: "unknown"}, engine.Unknown},
		{&graph.Extra{Condition: "yes", Expires: soon}, engine.Yes},
		{&graph.Extra{Condition: "no"}, engine.No},
	} {
		w, holds := row(1)
		var a engine.Asker
		a.Begin(w.program, conditions{&a})
		a.Question = w.question(w.users[1])
		a.Now = soon.Add(-time.Second)
		a.Extra = append(a.Extra, engine.Tuple{Object: w.things[0], Rel: holds.Rel, Subject: w.users[1], Extra: c.extra})
		if got := a.Holds(holds, w.things[0]); got != c.want {
			t.Errorf("%+v: %s, want %s", c.extra, got, c.want)
		}
	}
}
