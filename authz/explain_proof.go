package authz

import (
	"github.com/writ-dev/writ/authz/internal/engine"
	"github.com/writ-dev/writ/authz/internal/graph"
)

// proof gives the proof of a goal that holds. It looks for a shallow one first: where relations lead
// in a circle that is also what keeps a proof from resting upon itself.
func (x *explanation) proof() *Node { return x.prove(step{x.a.resource, x.a.goal}) }

func (x *explanation) prove(s step) *Node {
	for depth := 8; depth <= 2*engine.MaxDepth; depth *= 2 {
		if n := x.proveWithin(s, depth); n != nil {
			return n
		}
	}
	n := x.node(s, engine.Yes) // deeper than anybody would read
	n.Message = x.has(s, engine.Yes)
	return n
}

// proveWithin proves that the subject has a relation to an object, by at most so many relations.
func (x *explanation) proveWithin(s step, depth int) *Node {
	tried := &x.a.scratch
	if depth == 0 || tried.failed[s] >= depth || x.a.holds(s.r, s.object) != engine.Yes {
		return nil
	}
	if n := tried.proved[s]; n != nil {
		short := *n
		short.Parts, short.Message = nil, x.has(s, engine.Yes)
		if len(n.Parts) > 0 {
			short.Message += ", as shown before"
		}
		return &short
	}
	n := x.node(s, engine.Yes)
	if x.a.SubjectRel != 0 && s.object == x.a.Subject && s.r.Rel == x.a.SubjectRel {
		n.Message = "whoever is " + x.placeOf(s) + " is " + x.placeOf(s)
		return n
	}
	p := x.provePart(s, s.r.source.Rewrite, s.r.Body, depth)
	if p == nil {
		if tried.failed == nil {
			tried.failed = map[step]int{}
		}
		tried.failed[s] = depth
		return nil
	}
	n.Parts = append(n.Parts, p)
	if tried.proved == nil {
		tried.proved = map[step]*Node{}
	}
	tried.proved[s] = n
	return n
}

// provePart proves a rewrite on an object; n is what it was compiled to.
func (x *explanation) provePart(s step, w Rewrite, n *engine.Node, depth int) *Node {
	switch w := w.(type) {
	case Direct, Stored:
		return x.proveTuple(s, x.a.c.from(n.Tuples), depth)
	case Computed:
		return x.proveWithin(step{s.object, x.a.c.from(n.To)}, depth-1)
	case From:
		return x.proveFrom(s, w, n, depth)
	case InTenant:
		if x.a.Tenant == 0 {
			return nil
		}
		if p := x.proveWithin(step{x.a.Tenant, x.a.c.from(n.To)}, depth-1); p != nil {
			t := x.part(s, "tenant", engine.Yes, p.Message)
			t.Position, t.Parts = w.Position, append(t.Parts, p)
			return t
		}
	case When:
		return x.proveWhen(s, w, n, depth)
	case Union:
		for i, k := range w.Of {
			if p := x.provePart(s, k, n.Kids[i], depth); p != nil {
				return p
			}
		}
	case Intersection:
		all := x.part(s, "intersection", engine.Yes, "all of these hold")
		for i, k := range w.Of {
			p := x.provePart(s, k, n.Kids[i], depth)
			if p == nil {
				return nil
			}
			all.Parts = append(all.Parts, p)
		}
		return all
	case Exclusion:
		base := x.provePart(s, w.Base, n.Kids[0], depth)
		if base == nil || x.a.Eval(n.Kids[1], s.object) != engine.No {
			return nil
		}
		e := x.part(s, "exclusion", engine.Yes, x.not(s, w, n.Kids[1]))
		e.Rule, e.Position, e.Parts = w.Deny, w.Position, append(e.Parts, base)
		return e
	}
	return nil
}

// proveTuple looks for the subject's own tuple, then for one of a userset that it is in.
func (x *explanation) proveTuple(s step, r *relation, depth int) *Node {
	for _, l := range x.mine(s.object, r.Rel) {
		if x.a.Counts(l.extra) == engine.Yes {
			return x.tupleNode(s, r, l, engine.Yes)
		}
	}
	var found *Node
	x.usersets(s.object, r, true, func(l link) bool {
		if x.a.Counts(l.extra) != engine.Yes {
			return true
		}
		if p := x.proveWithin(step{l.subject, x.a.c.relation(l.srel)}, depth-1); p != nil {
			found = x.tupleNode(s, r, l, engine.Yes)
			found.Parts = append(found.Parts, p)
		}
		return found == nil
	})
	return found
}

func (x *explanation) proveFrom(s step, w From, n *engine.Node, depth int) *Node {
	var found *Node
	x.links(s.object, n.Tuples.Rel, func(l link) bool {
		to := x.a.c.from(n.Target(x.a.TypeOf(l.subject)))
		if to == nil || x.a.Counts(l.extra) != engine.Yes {
			return true
		}
		if p := x.proveWithin(step{l.subject, to}, depth-1); p != nil {
			found = x.fromNode(s, w, n, l, engine.Yes)
			found.Parts = append(found.Parts, p)
		}
		return found == nil
	})
	return found
}

func (x *explanation) proveWhen(s step, w When, n *engine.Node, depth int) *Node {
	if x.a.Eval(n, s.object) != engine.Yes {
		return nil
	}
	r := x.ruleNode(s, w)
	if w.Then != nil {
		p := x.provePart(s, w.Then, n.Kids[0], depth)
		if p == nil {
			return nil
		}
		r.Parts = append(r.Parts, p)
	}
	return r
}

// tupleNode is a tuple with what became of its condition.
func (x *explanation) tupleNode(s step, r *relation, l link, v engine.Verdict) *Node {
	n := x.roomFor(s, "tuple", v, "")
	x.setTuple(&n.tuple, s.object, r, l)
	n.Tuple, n.Message = &n.tuple, x.stands(&n.tuple, r)
	x.addCondition(&n.Node, s, l.extra)
	return &n.Node
}

// fromNode is the tuple that leads to a related object.
func (x *explanation) fromNode(s step, w From, n *engine.Node, l link, v engine.Verdict) *Node {
	p := x.roomFor(s, "from", v, "")
	x.setTuple(&p.tuple, s.object, x.a.c.from(n.Tuples), l)
	p.Tuple, p.Message, p.Position = &p.tuple, x.stands(&p.tuple, x.a.c.from(n.Tuples)), w.Position
	x.addCondition(&p.Node, s, l.extra)
	return &p.Node
}

// addCondition says of a tuple that it has expired or what its condition saw.
func (x *explanation) addCondition(n *Node, s step, e *graph.Extra) {
	if e == nil {
		return
	}
	if !e.Expires.IsZero() && !x.a.q.Now.Before(e.Expires) {
		n.Message += ", which expired at " + e.Expires.UTC().Format("2006-01-02T15:04:05Z")
		return
	}
	c := x.a.c.conditions[e.Condition]
	if c == nil {
		return
	}
	source := &tupleSource{x.a, c, e.Params}
	ok, err := c.Program.Eval(source)
	p := x.part(s, "condition", verdictOf(ok, err), "")
	p.Message, p.Values = conditionText("condition "+c.Name, c.Program, source, ok, err)
	p.Rule, p.Position = c.Name, c.Position
	n.Parts = append(n.Parts, p)
}

// ruleNode is a rule with what its condition saw.
func (x *explanation) ruleNode(s step, w When) *Node {
	outer := x.a.at
	x.a.at = s.object
	ok, err := w.Condition.Eval(x.a)
	r := x.part(s, "rule", verdictOf(ok, err), "")
	r.Message, r.Values = conditionText(ruleName(w.Rule), w.Condition, x.a, ok, err)
	x.a.at = outer
	r.Rule, r.Position = w.Rule, w.Position
	return r
}
