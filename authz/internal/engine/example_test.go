package engine_test

import (
	"fmt"
	"time"

	"github.com/writ-dev/writ/authz/internal/engine"
	"github.com/writ-dev/writ/authz/internal/graph"
)

// Who views a folder views the documents in it.
func ExampleAsker_Holds() {
	facts := graph.New().Edit()
	user, folder, document := facts.Type("user"), facts.Type("folder"), facts.Type("document")
	views := &engine.Relation{Of: folder, Rel: facts.Rel(folder, "viewer"), Plainly: []graph.Type{user}}
	views.Body = &engine.Node{Op: engine.OpDirect, Tuples: views}
	parent := &engine.Relation{Of: document, Rel: facts.Rel(document, "parent"), Plainly: []graph.Type{folder}}
	parent.Body = &engine.Node{Op: engine.OpDirect, Tuples: parent}
	reads := &engine.Relation{Of: document, Body: &engine.Node{Op: engine.OpFrom, Tuples: parent}}
	reads.Body.Lead(folder, views)
	program := engine.New([]*engine.Relation{views, parent, reads})

	ann, bob := facts.Entity(user, "ann"), facts.Entity(user, "bob")
	finance, budget := facts.Entity(folder, "finance"), facts.Entity(document, "budget")
	facts.Add(budget, parent.Rel, finance, 0, nil, time.Time{})
	facts.Add(finance, views.Rel, ann, 0, nil, time.Time{})
	snapshot := facts.Done()

	var a engine.Asker
	for _, subject := range []graph.ID{ann, bob} {
		a.Begin(program, nil) // no relation has a condition
		a.Question = engine.Question{Facts: snapshot, Subject: subject, SubjectType: user, MaxWork: engine.MaxWork}
		fmt.Println(a.Holds(reads, budget))
		a.Reset()
	}
	// Output:
	// yes
	// no
}
