package engine_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/writ-dev/writ/authz/internal/engine"
	"github.com/writ-dev/writ/authz/internal/graph"
)

// world is a program over things and users, with facts that are also kept as a plain set.
type world struct {
	program     *engine.Program
	relations   []*engine.Relation // the first are next, to other things, and base, to users and usersets
	facts       *graph.Graph
	things      []graph.ID
	users       []graph.ID
	user, thing graph.Type
	tuples      map[engine.Tuple]engine.Verdict // without Extra: what their conditions come to
}

type atom struct {
	r      *engine.Relation
	object graph.ID
}

// someWorld draws a program of every step, and facts.
func someWorld(t *rapid.T) *world {
	e := graph.New().Edit()
	w := &world{user: e.Type("user"), thing: e.Type("thing"), tuples: map[engine.Tuple]engine.Verdict{}}
	count := rapid.IntRange(1, 3).Draw(t, "relations")
	rel := func(name string) *engine.Relation {
		r := &engine.Relation{Of: w.thing, Rel: e.Rel(w.thing, name)}
		w.relations = append(w.relations, r)
		return r
	}
	next, base := rel("next"), rel("base")
	next.Plainly, base.Plainly = []graph.Type{w.thing}, []graph.Type{w.user}
	for i := range count {
		rel(fmt.Sprint("r", i))
	}
	for _, r := range w.relations[1:] {
		if rapid.Bool().Draw(t, "groups") {
			base.Usersets = append(base.Usersets, r.Rel)
		}
	}
	base.Wild, base.Conditional, next.Conditional = rapid.Bool().Draw(t, "wild"), true, true
	for _, r := range w.relations[:2] {
		r.Body = &engine.Node{Op: engine.OpDirect, Tuples: r}
	}
	for _, r := range w.relations[2:] {
		r.Body = w.someNode(t, 3, true)
	}
	w.program = engine.New(w.relations)
	for i := range 3 {
		w.things = append(w.things, e.Entity(w.thing, fmt.Sprint("t", i)))
		w.users = append(w.users, e.Entity(w.user, []string{"ann", "bob", "*"}[i]))
	}
	for range rapid.IntRange(0, 12).Draw(t, "tuples") {
		x := engine.Tuple{Object: rapid.SampledFrom(w.things).Draw(t, "object"), Rel: base.Rel}
		switch kind := rapid.IntRange(0, 2).Draw(t, "kind"); {
		case kind == 0:
			x.Rel, x.Subject = next.Rel, rapid.SampledFrom(w.things).Draw(t, "next")
		case kind == 1 && len(base.Usersets) > 0:
			x.Subject, x.SubjectRel = rapid.SampledFrom(w.things).Draw(t, "group"), rapid.SampledFrom(base.Usersets).Draw(t, "of")
		default:
			x.Subject = rapid.SampledFrom(w.users).Draw(t, "user")
		}
		w.tuples[x] = engine.Yes
		var extra *graph.Extra
		if rapid.IntRange(0, 3).Draw(t, "conditional") == 0 {
			w.tuples[x] = engine.Verdict(rapid.IntRange(0, 2).Draw(t, "condition"))
			extra = &graph.Extra{Condition: w.tuples[x].String()}
		}
		e.Add(x.Object, x.Rel, x.Subject, x.SubjectRel, extra, time.Time{})
	}
	w.facts = e.Done()
	return w
}

func (w *world) someNode(t *rapid.T, depth int, exclude bool) *engine.Node {
	most := 7
	if depth == 0 {
		most = 3
	} else if !exclude {
		most = 6
	}
	to := rapid.SampledFrom(w.relations[1:]).Draw(t, "to")
	switch rapid.IntRange(0, most).Draw(t, "op") {
	case 0:
		return &engine.Node{Op: engine.OpDirect, Tuples: w.relations[1]}
	case 1:
		return &engine.Node{Op: engine.OpComputed, To: to}
	case 2:
		n := &engine.Node{Op: engine.OpFrom, Tuples: w.relations[0]}
		n.Lead(w.thing, to)
		return n
	case 3:
		return &engine.Node{Op: engine.OpWhen, Subject: w.user, Condition: rapid.IntRange(0, 2).Draw(t, "rule")}
	case 4:
		return &engine.Node{Op: engine.OpWhen, Kids: []*engine.Node{w.someNode(t, depth-1, exclude)}, Condition: rapid.IntRange(0, 2).Draw(t, "rule")}
	case 5:
		return &engine.Node{Op: engine.OpUnion, Kids: []*engine.Node{w.someNode(t, depth-1, exclude), w.someNode(t, depth-1, exclude)}}
	case 6:
		return &engine.Node{Op: engine.OpIntersection, Kids: []*engine.Node{w.someNode(t, depth-1, exclude), w.someNode(t, depth-1, exclude)}}
	}
	return &engine.Node{Op: engine.OpExclusion, Kids: []*engine.Node{w.someNode(t, depth-1, true), w.someNode(t, depth-1, false)}}
}

// side is one half of a model: the atoms that are at least enough.
type side struct {
	held   map[atom]bool
	enough engine.Verdict
}

// least gives all that is enough for a user when what is excluded is read from others.
func (w *world) least(user graph.ID, enough engine.Verdict, others side) side {
	s := side{map[atom]bool{}, enough}
	for before := -1; before < len(s.held); {
		before = len(s.held)
		for _, r := range w.relations {
			for _, object := range w.things {
				if w.eval(r.Body, object, user, s, others) {
					s.held[atom{r, object}] = true
				}
			}
		}
	}
	return s
}

func (w *world) eval(n *engine.Node, object, user graph.ID, s, others side) bool {
	kid := func(i int) bool { return w.eval(n.Kids[i], object, user, s, others) }
	switch n.Op {
	case engine.OpDirect:
		for x, v := range w.tuples {
			if x.Object != object || x.Rel != n.Tuples.Rel || v < s.enough {
				continue
			}
			if x.SubjectRel == 0 && (x.Subject == user || n.Tuples.Wild && x.Subject == w.users[2]) ||
				x.SubjectRel != 0 && s.held[atom{w.program.Relation(x.SubjectRel), x.Subject}] {
				return true
			}
		}
		return false
	case engine.OpComputed:
		return s.held[atom{n.To, object}]
	case engine.OpFrom:
		for x, v := range w.tuples {
			if x.Object == object && x.Rel == n.Tuples.Rel && v >= s.enough && s.held[atom{n.Target(w.thing), x.Subject}] {
				return true
			}
		}
		return false
	case engine.OpWhen:
		return engine.Verdict(n.Condition) >= s.enough && (len(n.Kids) == 0 || kid(0))
	case engine.OpUnion:
		return kid(0) || kid(1)
	case engine.OpIntersection:
		return kid(0) && kid(1)
	}
	return kid(0) && !w.eval(n.Kids[1], object, user, others, side{})
}

// model gives what is certain for a user and what is possible: the well-founded model, slowly.
func (w *world) model(user graph.ID) (certain, possible side) {
	certain.enough = engine.Yes
	for {
		possible = w.least(user, engine.Unknown, certain)
		next := w.least(user, engine.Yes, possible)
		if maps.Equal(next.held, certain.held) {
			return certain, possible
		}
		certain = next
	}
}

func (w *world) question(user graph.ID) engine.Question {
	q := engine.Question{Facts: w.facts, Subject: user, SubjectType: w.user, MaxWork: engine.MaxWork}
	if w.relations[1].Wild {
		q.Everyone = w.users[2]
	}
	return q
}

// Every way to an answer gives that of plain sets, whatever was asked before, and one asker does for all.
func TestAnswersAreThoseOfPlainSets(t *testing.T) {
	t.Parallel()
	var seen [3]int // of each verdict
	rapid.Check(t, func(t *rapid.T) {
		w := someWorld(t)
		kept := engine.NewAscents()
		var a engine.Asker
		for _, user := range w.users[:2] {
			certain, possible := w.model(user)
			for _, ascents := range []engine.Ascents{{}, kept, kept} {
				a.Begin(w.program, conditions{&a})
				a.Question = w.question(user)
				a.Ascents = ascents
				for range 6 {
					at := atom{rapid.SampledFrom(w.relations).Draw(t, "relation"), rapid.SampledFrom(w.things).Draw(t, "object")}
					want := engine.No
					if certain.held[at] {
						want = engine.Yes
					} else if possible.held[at] {
						want = engine.Unknown
					}
					seen[want]++
					if got := a.Holds(at.r, at.object); got != want || a.Exceeded() {
						t.Fatalf("relation %d of %d for %d: got %s, want %s", at.r.Index, at.object, user, got, want)
					}
				}
				if !a.Reset() {
					t.Fatal("a small question is too large to keep")
				}
			}
		}
	})
	for v, n := range seen {
		if n == 0 {
			t.Errorf("no answer was %s: the test looks at too little", engine.Verdict(v))
		}
	}
}
