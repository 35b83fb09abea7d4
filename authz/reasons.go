package authz

import (
	"slices"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/internal/engine"
)

// Check answers a query with its reasons: for an allow, the proof, whose first reason is the
// whole of it in a sentence and the others its steps; for a deny, what came nearest in each
// way that there is, with the smallest [writ.Fix] of each. An unknown type, action,
// subject or resource is a deny with a reason.
func (s *Snapshot) Check(q *Query) (writ.Decision, error) {
	a := s.ask(q)
	defer a.done()
	if a.err != nil {
		return writ.Decision{}, a.err
	}
	x := &a.x
	x.a, x.terse = a, true
	if a.goal == nil {
		return writ.Decision{Reasons: x.unheard()}, nil
	}
	v, err := a.answer()
	if err != nil {
		return writ.Decision{}, err
	}
	if v == engine.Yes {
		return writ.Decision{Allowed: true, Reasons: x.granted()}, nil
	}
	return writ.Decision{Reasons: x.denied()}, nil
}

// maxSteps is how many steps of a proof are reasons.
const maxSteps = 20

// granted gives the reasons of an allow.
func (x *explanation) granted() []writ.Reason {
	root := x.proof()
	x.who() // texts do not overlap
	begun := x.begin()
	x.addMay(true)
	x.add(": ")
	x.story(root, maxStory)
	first := writ.Reason{Layer: writ.LayerPolicy, Effect: writ.EffectAllow, Message: x.end(begun)}
	for n := root; n != nil && first.Rule == ""; n = next(n) {
		switch {
		case n.Kind == "rule":
			first.Rule, first.Position = n.Rule, n.Position
		case n.Kind == "role", n.Kind == "relation":
			first.Rule, first.Position = n.Object.Type+"#"+n.Relation, n.Position
		}
	}
	steps := countSteps(root)
	if steps < 2 {
		return []writ.Reason{first}
	}
	reasons := append(make([]writ.Reason, 0, 1+min(steps, maxSteps+1)), first)
	reasons = x.addSteps(reasons, root)
	if steps > maxSteps {
		reasons = append(reasons, writ.Reason{
			Layer: writ.LayerPolicy, Effect: writ.EffectAllow, Message: "and " + plural(steps-maxSteps, "more step"),
		})
	}
	return reasons
}

func next(n *Node) *Node {
	if len(n.Parts) == 0 {
		return nil
	}
	return n.Parts[0]
}

// isStep reports whether a node of a proof is one of the reasons.
func isStep(n *Node) bool {
	return n.Kind == "tuple" || n.Kind == "from" || n.Kind == "rule" || n.Kind == "condition"
}

func countSteps(n *Node) int {
	steps := 0
	for _, p := range n.Parts {
		steps += countSteps(p)
	}
	if isStep(n) {
		steps++
	}
	return steps
}

// addSteps lists the tuples and rules of a proof in the order in which one reads it, as many as there are to be.
func (x *explanation) addSteps(list []writ.Reason, n *Node) []writ.Reason {
	for _, p := range n.Parts {
		list = x.addSteps(list, p)
	}
	if !isStep(n) || len(list) > maxSteps {
		return list
	}
	r := writ.Reason{Layer: writ.LayerPolicy, Effect: writ.EffectAllow, Rule: n.Rule, Position: n.Position, Message: n.Message}
	if n.Tuple != nil {
		r.Rule = brief(x.wording.tuple(n.Tuple))
	}
	return append(list, r)
}

// unheard gives the reasons of a question that nothing can allow.
func (x *explanation) unheard() []writ.Reason {
	a, q := x.a, x.a.q
	var reasons []writ.Reason
	say := func(message string) {
		reasons = append(reasons, writ.Reason{Layer: writ.LayerPolicy, Effect: writ.EffectMissing, Message: message})
	}
	types := make([]string, 0, len(a.c.types))
	for name := range a.c.types {
		types = append(types, name)
	}
	if of := a.c.types[q.Resource.Type]; of == nil {
		say(unheardText("the model", "type", q.Resource.Type, types))
	} else if a.c.goal(q) == nil {
		var names []string
		for name := range of.actions {
			names = append(names, name)
		}
		for name := range of.relations {
			if !of.source.ActionsOnly {
				names = append(names, name)
			}
		}
		say(unheardText("type "+q.Resource.Type, "action", q.Action.Name, names))
	}
	if of := a.c.types[q.Subject.Type]; of == nil {
		say(unheardText("the model", "type", q.Subject.Type, types))
	} else if q.SubjectRelation != "" && of.relations[q.SubjectRelation] == nil {
		var names []string
		for name := range of.relations {
			names = append(names, name)
		}
		say(unheardText("type "+q.Subject.Type, "relation", q.SubjectRelation, names))
	}
	if r := a.Record(a.resource); r != nil && r.Tenant != 0 && r.Tenant != a.Tenant {
		say(entityText(requested(q)) + " is in tenant " + brief(a.name(r.Tenant).ID) + ", and the request is about tenant " + x.tenantName())
		there := *q
		there.Tenant = a.name(r.Tenant).ID
		if ok, err := a.s.Allowed(&there); ok && err == nil { // else there is nothing to win by it
			reasons[len(reasons)-1].Fix = &writ.Fix{Summary: "name tenant " + brief(there.Tenant) + " in the request"}
		}
	}
	return reasons
}

func (x *explanation) tenantName() string {
	if x.a.Tenant == 0 {
		return "nothing"
	}
	return brief(x.a.name(x.a.Tenant).ID)
}

func unheardText(where, what, name string, known []string) string {
	text := where + " has no " + what + " " + valueText(name)
	if near := nearest(name, known); near != "" {
		text += "; did you mean " + near + "?"
	}
	return text
}

// nearest is the known name that is least wrong, "" when all are far.
func nearest(name string, known []string) string {
	slices.Sort(known)
	if len(name) > 60 {
		return ""
	}
	best, least := "", len(name)/3+2 // more than that is another word
	for _, k := range known {
		if d := distance(name, k, least); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance is Levenshtein's, or any number from limit on.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
