// Package policy measures Writ's policy engine beside its peers and beside code
// written by hand for just the data, which is the practical limit. Every engine's verdicts are
// compared with that code's before it is timed.
package policy

import (
	"fmt"
	"math/rand/v2"
)

// The sizes of the workloads.
const (
	users       = 10_000
	roles       = 100
	rolesEach   = 3
	types       = 50
	actions     = 5
	permissions = types * actions
	granted     = 25 // permissions of a role
	queries     = 1 << 16
	instances   = 1_000 // of each type, W3
)

// rbac is W1: users with roles in one tenant, roles with permissions. With
// attributes of users and instances it is W3.
type rbac struct {
	rolesOf  [users][rolesEach]int
	grants   [roles][permissions]bool
	people   [users]person
	things   [permissions / actions][instances]thing
	w1, w3   []rbacQuery
	allowed1 []bool
	allowed3 []bool
}

type rbacQuery struct{ user, kind, action, instance int }

type person struct {
	department string
	clearance  int
	regions    []string
}

type thing struct {
	department, region string
	level              int
}

func newRBAC() *rbac {
	r := rand.New(rand.NewPCG(1, 1))
	w := &rbac{}
	for i := range w.grants {
		for _, p := range r.Perm(permissions)[:granted] {
			w.grants[i][p] = true
		}
	}
	for u := range w.rolesOf {
		copy(w.rolesOf[u][:], r.Perm(roles)[:rolesEach])
		p := &w.people[u]
		p.department, p.clearance = department(r.IntN(20)), r.IntN(10)
		for _, g := range r.Perm(12)[:3] {
			p.regions = append(p.regions, region(g))
		}
	}
	for t := range w.things {
		for i := range w.things[t] {
			w.things[t][i] = thing{department(r.IntN(20)), region(r.IntN(12)), r.IntN(10)}
		}
	}
	w.ask(r)
	return w
}

// ask makes queries of which half are allowed; in W3 a quarter is denied by the
// role and a quarter by the condition.
func (w *rbac) ask(r *rand.Rand) {
	for len(w.w1) < queries {
		q := rbacQuery{r.IntN(users), r.IntN(types), r.IntN(actions), r.IntN(instances)}
		if w.holdsRole(q) != (len(w.w1)%2 == 0) {
			continue
		}
		w.w1 = append(w.w1, q)
	}
	for len(w.w3) < queries {
		q := rbacQuery{r.IntN(users), r.IntN(types), r.IntN(actions), 0}
		wantRole, wantCondition := len(w.w3)%4 != 0, len(w.w3)%4 >= 2
		if w.holdsRole(q) != wantRole {
			continue
		}
		found := -1
		for _, i := range r.Perm(instances) {
			if w.meets(q.user, q.kind, i) == wantCondition {
				found = i
				break
			}
		}
		if found < 0 {
			continue
		}
		q.instance = found
		w.w3 = append(w.w3, q)
	}
	r.Shuffle(queries, func(i, j int) { w.w1[i], w.w1[j] = w.w1[j], w.w1[i] })
	r.Shuffle(queries, func(i, j int) { w.w3[i], w.w3[j] = w.w3[j], w.w3[i] })
	for i := range w.w1 {
		w.allowed1 = append(w.allowed1, w.holdsRole(w.w1[i]))
		q := w.w3[i]
		w.allowed3 = append(w.allowed3, w.holdsRole(q) && w.meets(q.user, q.kind, q.instance))
	}
}

func (w *rbac) holdsRole(q rbacQuery) bool {
	for _, role := range w.rolesOf[q.user] {
		if w.grants[role][q.kind*actions+q.action] {
			return true
		}
	}
	return false
}

func (w *rbac) meets(user, kind, instance int) bool {
	p, t := &w.people[user], &w.things[kind][instance]
	if p.department != t.department || p.clearance < t.level {
		return false
	}
	for _, g := range p.regions {
		if g == t.region {
			return true
		}
	}
	return false
}

func department(i int) string   { return fmt.Sprintf("department-%d", i) }
func region(i int) string       { return fmt.Sprintf("region-%d", i) }
func userName(i int) string     { return fmt.Sprintf("user-%d", i) }
func roleName(i int) string     { return fmt.Sprintf("role-%d", i) }
func typeName(i int) string     { return fmt.Sprintf("type_%d", i) }
func actionName(i int) string   { return fmt.Sprintf("action_%d", i) }
func thingName(i int) string    { return fmt.Sprintf("thing-%d", i) }
func folderName(i int) string   { return fmt.Sprintf("folder-%d", i) }
func groupName(i int) string    { return fmt.Sprintf("group-%d", i) }
func documentName(i int) string { return fmt.Sprintf("document-%d", i) }

// The sizes of W2 and W4.
const (
	documents   = 100_000
	folders     = 11_111 // a tree of ten children each, five deep
	fanOut      = 10
	groupCount  = 1_000 // ten of ten of nine: three deep
	groupsEach  = 3
	viewedEvery = 3 // of this many folders one has a viewer group
)

// tree is W2: documents in a tree of folders, some of which a group may view,
// and groups inside groups. W4 lists on the same facts.
type tree struct {
	folderOf    [documents]int
	viewerOf    [documents]int // one user
	parent      [folders]int   // -1 of the root
	groupOf     [folders]int   // -1 for none
	groupParent [groupCount]int
	groupsOf    [users][groupsEach]int
	w2          []treeQuery
	allowed2    []bool
}

type treeQuery struct{ user, document int }

func newTree() *tree {
	r := rand.New(rand.NewPCG(2, 2))
	w := &tree{}
	for f := range w.parent {
		w.parent[f], w.groupOf[f] = (f-1)/fanOut, -1
		if f == 0 {
			w.parent[f] = -1
		}
		if f > 10 && r.IntN(viewedEvery) == 0 {
			w.groupOf[f] = r.IntN(groupCount)
		}
	}
	for g := range w.groupParent {
		switch {
		case g < 10:
			w.groupParent[g] = -1
		case g < 110:
			w.groupParent[g] = (g - 10) / 10
		default:
			w.groupParent[g] = 10 + (g-110)%100
		}
	}
	for u := range w.groupsOf {
		for i := range w.groupsOf[u] {
			w.groupsOf[u][i] = 110 + r.IntN(groupCount-110)
		}
	}
	for d := range w.folderOf {
		w.folderOf[d], w.viewerOf[d] = 1_111+r.IntN(folders-1_111), r.IntN(users)
	}
	for len(w.w2) < queries {
		q := treeQuery{r.IntN(users), r.IntN(documents)}
		if len(w.w2)%8 == 0 {
			q.user = w.viewerOf[q.document]
		}
		if w.views(q) != (len(w.w2)%2 == 0) {
			continue
		}
		w.w2 = append(w.w2, q)
	}
	r.Shuffle(queries, func(i, j int) { w.w2[i], w.w2[j] = w.w2[j], w.w2[i] })
	for _, q := range w.w2 {
		w.allowed2 = append(w.allowed2, w.views(q))
	}
	return w
}

// views is obviously right, and slow.
func (w *tree) views(q treeQuery) bool {
	if w.viewerOf[q.document] == q.user {
		return true
	}
	in := map[int]bool{}
	for _, g := range w.groupsOf[q.user] {
		for ; g >= 0; g = w.groupParent[g] {
			in[g] = true
		}
	}
	for f := w.folderOf[q.document]; f >= 0; f = w.parent[f] {
		if g := w.groupOf[f]; g >= 0 && in[g] {
			return true
		}
	}
	return false
}
