package walk_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/writ-dev/writ/authz/internal/engine"
	"github.com/writ-dev/writ/authz/internal/graph"
	"github.com/writ-dev/writ/authz/internal/walk"
)

// office has documents in documents with owners and viewers, some of them blocked, and tenants.
type office struct {
	user, group, document, tenant             graph.Type
	parent, member, viewer, owner, blocked    *engine.Relation
	admin, read, edit, open, inTenant, staffs *engine.Relation
	program                                   *engine.Program
	uses                                      *walk.Uses
	facts                                     *graph.Edit
}

func newOffice() *office {
	e := graph.New().Edit()
	o := &office{user: e.Type("user"), group: e.Type("group"), document: e.Type("document"), tenant: e.Type("tenant"), facts: e}
	stored := func(of graph.Type, name string, plainly ...graph.Type) *engine.Relation {
		r := &engine.Relation{Of: of, Rel: e.Rel(of, name), Plainly: plainly, Conditional: true}
		r.Body = &engine.Node{Op: engine.OpDirect, Tuples: r}
		return r
	}
	action := func(body *engine.Node) *engine.Relation { return &engine.Relation{Of: o.document, Body: body} }
	kids := func(op engine.Op, kids ...*engine.Node) *engine.Node { return &engine.Node{Op: op, Kids: kids} }
	same := func(r *engine.Relation) *engine.Node { return &engine.Node{Op: engine.OpComputed, To: r} }
	o.parent, o.member = stored(o.document, "parent", o.document), stored(o.group, "member", o.user)
	o.owner, o.blocked = stored(o.document, "owner", o.user), stored(o.document, "blocked", o.user)
	o.viewer, o.admin = stored(o.document, "viewer", o.user), stored(o.tenant, "admin", o.user)
	o.member.Usersets, o.viewer.Usersets = []graph.Rel{o.member.Rel}, []graph.Rel{o.member.Rel}
	o.viewer.Wild = true
	above := &engine.Node{Op: engine.OpFrom, Tuples: o.parent}
	above.Lead(o.document, o.viewer)
	o.viewer.Body = kids(engine.OpUnion, o.viewer.Body, same(o.owner), above)
	o.read = action(kids(engine.OpExclusion, same(o.viewer), same(o.blocked)))
	o.edit = action(kids(engine.OpIntersection, same(o.viewer), same(o.owner)))
	o.inTenant = action(&engine.Node{Op: engine.OpTenant, To: o.admin})
	o.staffs = action(kids(engine.OpUnion, &engine.Node{Op: engine.OpWhen, Subject: o.user}, same(o.owner)))
	o.open = action(&engine.Node{Op: engine.OpWhen, Kids: []*engine.Node{same(o.viewer)}})
	o.program = engine.New(append(o.goals(), o.parent, o.member, o.owner, o.blocked, o.admin))
	o.uses = walk.NewUses(o.program, o.tenant)
	return o
}

func (o *office) goals() []*engine.Relation {
	return []*engine.Relation{o.read, o.edit, o.open, o.inTenant, o.staffs, o.viewer}
}

func (o *office) tuple(object graph.ID, r *engine.Relation, subject graph.ID, of *engine.Relation, extra *graph.Extra) {
	srel := graph.Rel(0)
	if of != nil {
		srel = of.Rel
	}
	o.facts.Add(object, r.Rel, subject, srel, extra, time.Time{})
}

// even holds rules for objects with even numbers, and no tuple's condition.
type even struct{}

func (even) OfRule(_ int, object graph.ID) engine.Verdict {
	if object%2 == 0 {
		return engine.Yes
	}
	return engine.No
}

func (even) OfTuple(*graph.Extra) engine.Verdict { return engine.No }

// asker asks for a user in a tenant.
func (o *office) asker(facts *graph.Graph, user, tenant graph.ID) *engine.Asker {
	a := &engine.Asker{}
	a.Begin(o.program, even{})
	a.Question = engine.Question{
		Facts: facts, Subject: user, SubjectType: o.user, Everyone: facts.Lookup(o.user, "*"), Tenant: tenant, MaxWork: engine.MaxWork,
	}
	return a
}

func from(a *engine.Asker, resource graph.ID) walk.From {
	return walk.From{Asker: a, Resource: resource, ForAll: func(of graph.Type) graph.ID { return a.Facts.Lookup(of, "*") }}
}

// Ann views what is in the folder that her group views.
func ExampleUses_Resources() {
	o := newOffice()
	ann, team := o.facts.Entity(o.user, "ann"), o.facts.Entity(o.group, "team")
	folder, budget := o.facts.Entity(o.document, "folder"), o.facts.Entity(o.document, "budget")
	o.facts.Entity(o.document, "other")
	o.tuple(team, o.member, ann, nil, nil)
	o.tuple(folder, o.viewer, team, o.member, nil)
	o.tuple(budget, o.parent, folder, nil, nil)
	facts := o.facts.Done()
	for _, goal := range []*engine.Relation{o.viewer, o.read} {
		found, _ := o.uses.Resources(from(o.asker(facts, ann, 0), 0), goal, false)
		list := found.Candidates(0)
		slices.SortFunc(list, func(x, y walk.Candidate) int { return int(x.ID()) - int(y.ID()) })
		for _, c := range list {
			_, name := facts.Name(c.ID())
			fmt.Println(name, c.Sure())
		}
	}
	// Output:
	// folder true
	// budget true
	// folder false
	// budget false
}

// Whatever is on a list is a candidate, and a sure one is on the list.
func TestCandidatesAreAllThatHold(t *testing.T) {
	t.Parallel()
	sure, held, spared := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		o := newOffice()
		some := func(of graph.Type, names ...string) (ids []graph.ID) {
			for _, name := range names {
				ids = append(ids, o.facts.Entity(of, name))
			}
			return ids
		}
		users, groups := some(o.user, "ann", "bob", "*"), some(o.group, "g", "h")
		documents, tenants := some(o.document, "a", "b", "c", "d"), some(o.tenant, "x", "y")
		one := func(ids []graph.ID) graph.ID { return rapid.SampledFrom(ids).Draw(t, "id") }
		for range rapid.IntRange(1, 14).Draw(t, "tuples") {
			var extra *graph.Extra
			if rapid.IntRange(0, 4).Draw(t, "extra") == 0 {
				extra = &graph.Extra{Condition: "never"}
			}
			switch rapid.IntRange(0, 7).Draw(t, "kind") {
			case 0, 1:
				o.tuple(one(documents), o.parent, one(documents), nil, extra)
			case 2:
				o.tuple(one(documents), o.viewer, one(groups), o.member, extra)
			case 3:
				o.tuple(one(documents), o.viewer, one(users), nil, extra)
			case 4:
				o.tuple(one(documents), o.owner, one(users[:2]), nil, extra)
			case 5:
				o.tuple(one(documents), o.blocked, one(users[:2]), nil, extra)
			case 6:
				o.tuple(one(groups), o.member, one(users[:2]), nil, extra)
			case 7:
				o.tuple(one(tenants), o.admin, one(users[:2]), nil, extra)
			}
			if rapid.Bool().Draw(t, "nested") {
				o.tuple(one(groups), o.member, one(groups), o.member, extra)
			}
		}
		facts := o.facts.Done()
		tenant := tenants[0]
		goal := rapid.SampledFrom(o.goals()).Draw(t, "goal")
		check := func(what string, of graph.Type, found *walk.Found, holds func(graph.ID) bool) {
			listed := map[graph.ID]bool{}
			for _, c := range found.Candidates(0) {
				if listed[c.ID()] {
					t.Fatalf("%s: %d is there twice", what, c.ID())
				}
				listed[c.ID()] = true
				if c.Sure() {
					sure++
					if !holds(c.ID()) {
						t.Fatalf("%s: %d is sure and not so", what, c.ID())
					}
				}
			}
			facts.Each(of, func(id graph.ID) bool {
				switch {
				case id == users[2]:
				case holds(id):
					held++
					if !listed[id] {
						t.Fatalf("%s: %d is missing", what, id)
					}
				case !listed[id]:
					spared++
				}
				return true
			})
		}
		user := users[rapid.IntRange(0, 1).Draw(t, "subject")]
		a := o.asker(facts, user, tenant)
		found, ok := o.uses.Resources(from(a, 0), goal, true)
		if !ok {
			t.Fatal("too many steps")
		}
		check("resources", o.document, found, func(id graph.ID) bool { return a.Holds(goal, id) == engine.Yes })
		resource := one(documents)
		found, ok = o.uses.Subjects(from(o.asker(facts, 0, tenant), resource), goal, o.user, 0)
		if !ok {
			t.Fatal("too many steps")
		}
		check("subjects", o.user, found, func(id graph.ID) bool {
			return o.asker(facts, id, tenant).Holds(goal, resource) == engine.Yes
		})
	})
	if sure == 0 || held == 0 || spared == 0 {
		t.Errorf("%d sure, %d that hold, %d that were spared: the test looks at too little", sure, held, spared)
	}
}

func TestWeightsCountWhatFollows(t *testing.T) {
	t.Parallel()
	o := newOffice()
	weights := o.uses.Weights()
	of := func(r *engine.Relation) int { return weights[r.Index-1] }
	// An owner is a viewer, and who is one reads, edits and opens; a rule is on top.
	if of(o.read) != 1 || of(o.owner) <= of(o.viewer) || of(o.viewer) <= of(o.admin) || of(o.admin) != 2 {
		t.Errorf("%v", weights)
	}
}
