package authz

import "github.com/writ-dev/writ/authz/internal/engine"

// tried is the tree of all that was tried where the answer is not yes.
func (x *explanation) tried(s step) *Node {
	if x.path == nil {
		x.path, x.done = map[step]bool{}, map[step]bool{}
	}
	v := x.a.holds(s.r, s.object)
	if v == engine.Yes {
		return x.prove(s)
	}
	n := x.node(s, v)
	switch {
	case x.path[s]:
		n.Message += ": it depends on itself here"
		return n
	case x.done[s]:
		n.Message += ", as shown before"
		return n
	}
	x.path[s], x.done[s] = true, true
	n.Parts = x.tryPart(s, s.r.source.Rewrite, s.r.Body)
	delete(x.path, s)
	return n
}

// full reports whether the explanation has its greatest size, and notes in parts that it ends there.
func (x *explanation) full(s step, parts *[]*Node) bool {
	if x.nodes < maxNodes {
		return false
	}
	if l := *parts; len(l) == 0 || l[len(l)-1].Kind != "cut" {
		*parts = append(*parts, x.cut(s, "more was tried than is shown here"))
	}
	return true
}

func (x *explanation) cut(s step, message string) *Node {
	return &Node{
		Object: x.a.name(s.object), Relation: s.r.source.Name, Kind: "cut", Verdict: engine.No.String(), Message: message,
	}
}

// tryPart gives what was tried of a rewrite; the parts of a union each by themselves.
func (x *explanation) tryPart(s step, w Rewrite, n *engine.Node) (parts []*Node) {
	if x.full(s, &parts) {
		return parts
	}
	switch w := w.(type) {
	case Direct, Stored:
		return x.tryTuples(s, x.a.c.from(n.Tuples))
	case Computed:
		return []*Node{x.tried(step{s.object, x.a.c.from(n.To)})}
	case From:
		return x.tryFrom(s, w, n)
	case InTenant:
		if x.a.Tenant == 0 {
			return []*Node{x.part(s, "tenant", engine.No, "the request is in no tenant, so that no role in a tenant counts")}
		}
		t := x.tried(step{x.a.Tenant, x.a.c.from(n.To)})
		p := x.part(s, "tenant", x.a.Eval(n, s.object), t.Message)
		p.Position, p.Parts = w.Position, []*Node{t}
		return []*Node{p}
	case When:
		return []*Node{x.tryWhen(s, w, n)}
	case Union:
		for i, k := range w.Of {
			if x.full(s, &parts) {
				break
			}
			parts = append(parts, x.tryPart(s, k, n.Kids[i])...)
		}
	case Intersection:
		all := x.part(s, "intersection", x.a.Eval(n, s.object), "not all of these hold")
		for i, k := range w.Of {
			all.Parts = append(all.Parts, x.trySide(s, k, n.Kids[i]))
		}
		return []*Node{all}
	case Exclusion:
		e := x.part(s, "exclusion", x.a.Eval(n, s.object), x.excluded(s, w, n))
		e.Rule, e.Position = w.Deny, w.Position
		e.Parts = []*Node{x.trySide(s, w.Base, n.Kids[0])}
		if x.a.Eval(n.Kids[0], s.object) != engine.No {
			e.Parts = append(e.Parts, x.trySide(s, w.Minus, n.Kids[1]))
		}
		return []*Node{e}
	}
	return parts
}

// trySide gives one node for one side of a rewrite.
func (x *explanation) trySide(s step, w Rewrite, n *engine.Node) *Node {
	v := x.a.Eval(n, s.object)
	if v == engine.Yes {
		for depth := 8; depth <= engine.MaxDepth; depth *= 2 {
			if p := x.provePart(s, w, n, depth); p != nil {
				return p
			}
		}
		return x.part(s, "union", engine.Yes, x.who()+" has this side of it")
	}
	parts := x.tryPart(s, w, n)
	if len(parts) == 1 {
		return parts[0]
	}
	u := x.part(s, "union", v, "none of these holds")
	if v == engine.Unknown {
		u.Message = "none of these holds for certain"
	}
	u.Parts = parts
	return u
}

func (x *explanation) tryWhen(s step, w When, n *engine.Node) *Node {
	r := x.ruleNode(s, w)
	switch {
	case w.Then != nil:
		r.Verdict = x.a.Eval(n, s.object).String()
		r.Parts = append(r.Parts, x.trySide(s, w.Then, n.Kids[0]))
	case n.Subject != x.a.SubjectType || x.a.SubjectRel != 0:
		r.Verdict, r.Message = engine.No.String(), ruleName(w.Rule)+" is about single subjects of type "+w.Subject
	}
	return r
}

// tryTuples says of the tuples of a relation why none of them gives it.
func (x *explanation) tryTuples(s step, r *relation) (parts []*Node) {
	for _, l := range x.mine(s.object, r.Rel) {
		parts = append(parts, x.tupleNode(s, r, l, x.a.Counts(l.extra)))
	}
	if len(parts) == 0 {
		parts = append(parts, x.part(s, "tuple", engine.No, "no tuple says that "+x.who()+" is "+x.placeOf(step{s.object, r})))
	}
	x.usersets(s.object, r, false, func(l link) bool {
		if len(parts) > maxShown {
			parts = append(parts, x.cut(s, "more of its tuples were tried than are shown here"))
			return false
		}
		if x.full(s, &parts) {
			return false
		}
		member := x.tried(step{l.subject, x.a.c.relation(l.srel)})
		p := x.tupleNode(s, r, l, min(x.a.Counts(l.extra), x.a.holds(x.a.c.relation(l.srel), l.subject)))
		p.Parts = append(p.Parts, member)
		parts = append(parts, p)
		return true
	})
	return parts
}

func (x *explanation) tryFrom(s step, w From, n *engine.Node) (parts []*Node) {
	x.links(s.object, n.Tuples.Rel, func(l link) bool {
		to := x.a.c.from(n.Target(x.a.TypeOf(l.subject)))
		if to == nil {
			return true
		}
		if len(parts) > maxShown {
			parts = append(parts, x.cut(s, "more of its tuples were tried than are shown here"))
			return false
		}
		if x.full(s, &parts) {
			return false
		}
		related := x.tried(step{l.subject, to})
		p := x.fromNode(s, w, n, l, min(x.a.Counts(l.extra), x.a.holds(to, l.subject)))
		p.Parts = append(p.Parts, related)
		parts = append(parts, p)
		return true
	})
	if len(parts) == 0 {
		p := x.part(s, "from", engine.No, "no tuple says what is "+x.placeOf(step{s.object, x.a.c.from(n.Tuples)}))
		p.Position = w.Position
		parts = append(parts, p)
	}
	return parts
}

// excluded says why an exclusion does not let the subject through.
func (x *explanation) excluded(s step, w Exclusion, n *engine.Node) string {
	if x.a.Eval(n.Kids[0], s.object) == engine.No {
		asked := "what takes it away"
		if w.Deny != "" {
			asked = ruleName(w.Deny)
		}
		return "nothing allows it, so that " + asked + " need not be asked"
	}
	denial := "it is taken away again"
	if w.Deny != "" {
		denial = ruleName(w.Deny) + " denies it"
	}
	if x.a.Eval(n.Kids[1], s.object) == engine.Unknown {
		return "whether " + denial + " has no answer"
	}
	return denial
}
