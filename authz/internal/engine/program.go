package engine

import "github.com/writ-dev/writ/authz/internal/graph"

// Verdict is the answer of one step. The order is that of truth: a union is the
// largest of its parts, an intersection the smallest (Kleene's strong logic).
type Verdict uint8

// The verdicts. Unknown is owed to a condition without an answer, to a cycle through an exclusion, or
// to a bound ([Asker.Exceeded]).
const (
	No Verdict = iota
	Unknown
	Yes
)

// String gives no, unknown or yes.
func (v Verdict) String() string { return [...]string{"no", "unknown", "yes"}[v] }

// Program is the relations of a model, made ready by [New]. It is immutable.
type Program struct {
	Relations []*Relation // by Index-1
	byRel     []*Relation
	climb     climb
}

// Relation is a named set of subjects of an object. Its maker fills the exported fields but Index.
type Relation struct {
	Index int       // in the program, from 1
	Rel   graph.Rel // 0 for one that no tuple names
	Of    graph.Type
	Body  *Node // as the model has it
	// Usersets are the userset subjects that its tuples may have, Plainly the types of those that are entities.
	Usersets    []graph.Rel
	Plainly     []graph.Type
	Wild        bool // its tuples may stand for everyone of a type
	Conditional bool // its tuples may carry conditions

	fast    *Node  // Body in the order that is cheapest to ask
	covered bool   // climbing finds all its members
	climbs  bool   // and all members of Usersets
	member  bool   // made of tuples and unions alone: see climb
	leaf    bool   // asks no other relation: not worth remembering
	hard    bool   // leads to a cycle through an exclusion: see solve
	chain   *chain // nil when it is none
}

// Op is what a [Node] does.
type Op uint8

// The steps of a program. The zero Op holds nobody.
const (
	OpNone        Op = iota
	OpDirect         // tuples of Tuples
	OpComputed       // To, on the same object
	OpFrom           // targets, on the subjects of the tuples of Tuples
	OpTenant         // To, on the tenant
	opTenantRoles    // tuples of any of roles, on the tenant
	OpWhen           // Kids[0], or with none all of type Subject, for whom Condition holds
	OpUnion
	OpIntersection
	OpExclusion // Kids: base, minus
)

// Node is a step of a relation's body.
type Node struct {
	Op     Op
	Tuples *Relation // whose tuples OpDirect and OpFrom read
	To     *Relation
	Kids   []*Node
	// Targets are the relations that OpFrom asks, by the type of the related object: see [Node.Lead].
	Targets   []*Relation
	Condition int        // of OpWhen, as [Conditions] knows it
	Subject   graph.Type // of an OpWhen without Kids

	only  *Relation // of Targets when all related objects are of one type
	roles *roleSet
	late  bool // the condition of an OpWhen costs more than what it stands before
}

// Lead makes an OpFrom ask a relation of related objects of a type.
func (n *Node) Lead(of graph.Type, to *Relation) { n.Targets = put(n.Targets, int(of), to) }

// Target is the relation that an OpFrom asks of an object of a type, nil for none.
func (n *Node) Target(of graph.Type) *Relation {
	if int(of) >= len(n.Targets) {
		return nil
	}
	return n.Targets[of]
}

// New numbers relations in their order, and finds out what makes them quick to ask. Their nodes
// refer to no others.
func New(relations []*Relation) *Program {
	p := &Program{Relations: relations}
	for i, r := range relations {
		r.Index = i + 1
		if r.Rel != 0 {
			p.byRel = put(p.byRel, int(r.Rel), r)
		}
	}
	for _, r := range relations {
		p.narrow(r.Body)
	}
	p.analyse()
	for _, r := range relations {
		r.fast = p.order(r.Body)
		r.covered = r.Rel != 0 && p.climb.covers(r.Rel)
	}
	for _, r := range relations {
		r.leaf = r.fast.leaf()
		r.climbs = len(r.Usersets) > 0
		for _, u := range r.Usersets {
			r.climbs = r.climbs && p.climb.covers(u)
		}
	}
	for _, r := range relations {
		r.chain = r.findChain()
	}
	return p
}

// Relation gives the relation that tuples name by a number, nil for none.
func (p *Program) Relation(rel graph.Rel) *Relation {
	if int(rel) < len(p.byRel) {
		return p.byRel[rel]
	}
	return nil
}

// Climbs reports whether the tuples of a relation are climbed over: see [Ascents.Next].
func (p *Program) Climbs(rel graph.Rel) bool { return len(at(p.climb.gives, rel)) > 0 }

// narrow finds the steps whose related objects are all of one type.
func (p *Program) narrow(n *Node) {
	for _, k := range n.Kids {
		p.narrow(k)
	}
	if n.Op != OpFrom {
		return
	}
	types := append([]graph.Type(nil), n.Tuples.Plainly...)
	for _, u := range n.Tuples.Usersets {
		types = append(types, p.byRel[u].Of)
	}
	for _, t := range types {
		if t != types[0] {
			return
		}
	}
	if len(types) > 0 {
		n.only = n.Target(types[0])
	}
}

// put sets l[i], lengthening l.
func put[T any](l []T, i int, v T) []T {
	for len(l) <= i {
		var none T
		l = append(l, none)
	}
	l[i] = v
	return l
}
