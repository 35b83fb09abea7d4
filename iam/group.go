package iam

import (
	"bytes"
	"strings"
)

// fewProbes is up to how many probes are looked at one after the other.
const fewProbes = 24

// group is a set of statements that share an action. A small one is a list of
// probes. A large one is planted as a tree over the literal beginnings of the
// resources, so that a role with thousands of statements costs about as much
// as one with a few.
type group struct {
	list   []*statement
	probes []probe
	tree   *node
	weight int // of the statements together
}

// probe is a quick look at whether a statement can be about a resource: does
// what every match starts with end alike? ARNs differ there sooner than at
// their beginnings.
type probe struct {
	tail      uint64 // the last eight bytes of the literal beginning
	size      int    // of the literal beginning; 0 for one shorter than eight bytes
	statement *statement
}

func (g *group) add(s *statement) {
	if n := len(g.list); n == 0 || g.list[n-1] != s {
		g.list = append(g.list, s)
		g.weight += s.weight()
	}
}

// plant makes the probes or the tree, when all statements are there.
func (g *group) plant() {
	patterns := 0
	for _, s := range g.list {
		patterns += len(s.beginnings())
	}
	if patterns <= fewProbes {
		for _, s := range g.list {
			for _, text := range s.beginnings() {
				g.probes = append(g.probes, newProbe(text, s))
			}
		}
		return
	}
	g.tree = &node{}
	for _, s := range g.list {
		for _, text := range s.beginnings() {
			g.tree.insert(text, s)
		}
	}
}

func newProbe(text string, s *statement) probe {
	if n := len(text); n >= 8 {
		return probe{load8(text[n-8:]), n, s}
	}
	return probe{statement: s}
}

// beginnings lists texts of which every resource that the statement is about
// starts with one.
func (s *statement) beginnings() []string {
	if s.anyResource || s.notResource {
		return []string{""}
	}
	var list []string
	for i := range s.resources {
		if r := &s.resources[i]; r.kind == resourceARN {
			list = append(list, r.arn.prefix)
		} else {
			list = append(list, r.text)
		}
	}
	return list
}

func (g *group) scan(q *query, d *side, testAction bool) (done bool) {
	if g.tree != nil {
		return g.tree.scan(q, d, testAction)
	}
	text := q.resource.text
	for i := range g.probes {
		p := &g.probes[i]
		if p.size > 0 && (p.size > len(text) || load8(text[p.size-8:]) != p.tail) {
			continue
		}
		if s := p.statement; (!testAction || s.matchesAction(q.action)) && s.apply(q, d) {
			return true
		}
	}
	return false
}

// node is a node of a radix tree: all texts below it start with the prefixes
// from the root down to it.
type node struct {
	prefix     string
	statements []*statement
	first      []byte // the first byte of each child's prefix
	children   []*node
}

// scan walks down along the request's resource.
func (n *node) scan(q *query, d *side, testAction bool) (done bool) {
	rest := q.resource.text
	for ; n != nil; n = n.child(rest) {
		if !strings.HasPrefix(rest, n.prefix) {
			return false
		}
		rest = rest[len(n.prefix):]
		for _, s := range n.statements {
			if (!testAction || s.matchesAction(q.action)) && s.apply(q, d) {
				return true
			}
		}
	}
	return false
}

func (n *node) child(rest string) *node {
	if rest == "" {
		return nil
	}
	if i := bytes.IndexByte(n.first, rest[0]); i >= 0 {
		return n.children[i]
	}
	return nil
}

// insert puts a statement where text ends.
func (n *node) insert(text string, s *statement) {
	for text != "" {
		next := n.child(text)
		if next == nil {
			next = &node{prefix: text}
			n.first, n.children = append(n.first, text[0]), append(n.children, next)
		}
		shared := commonPrefix(next.prefix, text)
		if shared < len(next.prefix) {
			next.split(shared)
		}
		n, text = next, text[shared:]
	}
	if last := len(n.statements) - 1; last < 0 || n.statements[last] != s {
		n.statements = append(n.statements, s)
	}
}

// split cuts the node's prefix at i; what hung below it hangs below the rest.
func (n *node) split(i int) {
	below := *n
	below.prefix = n.prefix[i:]
	*n = node{prefix: n.prefix[:i], first: []byte{below.prefix[0]}, children: []*node{&below}}
}

func commonPrefix(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
