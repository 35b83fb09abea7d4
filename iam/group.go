package iam

import (
	"bytes"
	"strings"
)

// fewStatements is up to how many statements are tested one after the other.
const fewStatements = 6

// group is a set of statements that share an action. A large one is planted as
// a tree over the literal beginnings of the resources, so that a role with
// thousands of statements costs about as much as one with a few.
type group struct {
	list []*statement
	tree *node
}

func (g *group) add(s *statement) {
	if n := len(g.list); n == 0 || g.list[n-1] != s {
		g.list = append(g.list, s)
	}
}

// plant makes the tree, when there is enough to put into it.
func (g *group) plant() {
	if len(g.list) <= fewStatements {
		return
	}
	g.tree = &node{}
	for _, s := range g.list {
		if s.anyResource || s.notResource {
			g.tree.insert("", s)
			continue
		}
		for i := range s.resources {
			if r := &s.resources[i]; r.kind == resourceARN {
				g.tree.insert(r.arn.prefix, s)
			} else {
				g.tree.insert(r.text, s)
			}
		}
	}
}

func (g *group) scan(q *query, d *side, testAction bool) (done bool) {
	if g.tree == nil {
		return scanList(g.list, q, d, testAction)
	}
	rest := q.resource.text
	for n := g.tree; n != nil; n = n.child(rest) {
		if !strings.HasPrefix(rest, n.prefix) {
			return false
		}
		rest = rest[len(n.prefix):]
		if scanList(n.statements, q, d, testAction) {
			return true
		}
	}
	return false
}

func scanList(list []*statement, q *query, d *side, testAction bool) (done bool) {
	for _, s := range list {
		if (!testAction || s.matchesAction(q.action)) && s.apply(q, d) {
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
