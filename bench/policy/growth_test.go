package policy

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/writ-dev/writ/authz"
)

var growth = flag.Int("growth", 0, "also measure growth at this many facts")

// asked is how many different queries growth has: enough that they do not stay in the processor's cache.
const asked = 1 << 14

// BenchmarkGrowth asks the same shape of query of ever more facts: in both, only the number
// of users, documents, folders and groups grows, not how deep they are.
func BenchmarkGrowth(b *testing.B) {
	sizes := []int{10_000, 100_000, 1_000_000}
	if *growth > 0 {
		sizes = append(sizes, *growth)
	}
	w := oneRBAC()
	for _, n := range sizes {
		b.Run(fmt.Sprintf("rbac/%d", n), func(b *testing.B) {
			grow(b, func() (*authz.Snapshot, int, error) { return manyUsers(w, n) }, func() ([]authz.Query, []bool) {
				return manyUsersQueries(w, n/4)
			})
		})
		t := newGrown(n)
		b.Run(fmt.Sprintf("rebac/%d", n), func(b *testing.B) { grow(b, t.load, t.queries) })
	}
}

// grow loads facts, compares every verdict, and times a check.
func grow(b *testing.B, load func() (*authz.Snapshot, int, error), ask func() ([]authz.Query, []bool)) {
	before := heap()
	s, facts, err := load()
	if err != nil {
		b.Fatal(err)
	}
	bytes := float64(heap()-before) / float64(facts)
	list, want := ask()
	e := writEngines(s, list)[0]
	if _, err := e.verify(want); err != nil {
		b.Fatal(err)
	}
	loop(b, func(i int) error {
		_, err := e.ask(i)
		return err
	})
	b.ReportMetric(bytes, "bytes/fact")
	b.ReportMetric(float64(facts), "facts")
	runtime.KeepAlive(s)
}

// manyUsers are W1's roles and n/4 users: a user and three roles are four facts.
func manyUsers(w *rbac, n int) (*authz.Snapshot, int, error) {
	empty, err := writRoles(w, false)
	if err != nil {
		return nil, 0, err
	}
	e, tenant := empty.Edit(), authz.Entity{Type: authz.TenantType, ID: "default"}
	facts := 0
	for u := range n / 4 {
		user := authz.Entity{Type: "user", ID: userName(u)}
		e.Restore(authz.Change{Record: &authz.Step[authz.Record]{After: &authz.Record{Entity: user}}})
		for _, r := range w.rolesOf[u%users] {
			e.Restore(authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &authz.Tuple{
				Object: tenant, Relation: roleName(r), Subject: authz.Holder{Entity: user},
			}}})
			facts++
		}
		facts++
	}
	return e.Done(), facts, nil
}

func manyUsersQueries(w *rbac, count int) ([]authz.Query, []bool) {
	r := rand.New(rand.NewPCG(3, 3))
	list, want := make([]rbacQuery, 0, asked), make([]bool, 0, asked)
	for len(list) < asked {
		q := rbacQuery{user: r.IntN(count), kind: r.IntN(types), action: r.IntN(actions)}
		same := q
		same.user %= users
		if allowed := w.holdsRole(same); allowed == (len(list)%2 == 0) {
			list, want = append(list, q), append(want, allowed)
		}
	}
	return writQueries(list, false), want
}

// grown is W2 in another size: the tree of folders stays five deep and the groups three.
type grown struct {
	folderOf, viewerOf   []int32
	groupOf              []int32 // by folder, -1 for none
	groupsOf             [][groupsEach]int32
	membersOf            [][]int32
	folderFan, groupsFan int
}

func newGrown(n int) *grown {
	r := rand.New(rand.NewPCG(4, 4))
	count := n * documents / 237_670
	folderCount, groups, people := max(count/9, 100), max(count/100, 30), max(count/10, 100)
	t := &grown{
		folderOf: make([]int32, count), viewerOf: make([]int32, count), groupOf: make([]int32, folderCount),
		groupsOf: make([][groupsEach]int32, people), membersOf: make([][]int32, groups),
		folderFan: int(math.Ceil(math.Pow(float64(folderCount), 0.25))), groupsFan: int(math.Ceil(math.Cbrt(float64(groups)))),
	}
	for f := range t.groupOf {
		if t.groupOf[f] = -1; f > t.folderFan && r.IntN(viewedEvery) == 0 {
			t.groupOf[f] = int32(r.IntN(groups))
		}
	}
	for u := range t.groupsOf {
		for i := range groupsEach {
			g := int32(groups - 1 - r.IntN(groups/2)) // low in the tree
			t.groupsOf[u][i] = g
			t.membersOf[g] = append(t.membersOf[g], int32(u))
		}
	}
	for d := range t.folderOf {
		t.folderOf[d], t.viewerOf[d] = int32(folderCount-1-r.IntN(folderCount/2)), int32(r.IntN(people))
	}
	return t
}

// above is the parent of number i in a tree where each has fan children; -1 of the root.
func above(i int32, fan int) int32 {
	if i == 0 {
		return -1
	}
	return (i - 1) / int32(fan)
}

func (t *grown) load() (*authz.Snapshot, int, error) {
	empty, err := writFolders()
	if err != nil {
		return nil, 0, err
	}
	e, facts := empty.Edit(), 0
	add := func(kind, id, relation string, holder authz.Holder) {
		e.Restore(authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &authz.Tuple{
			Object: authz.Entity{Type: kind, ID: id}, Relation: relation, Subject: holder,
		}}})
		facts++
	}
	folder := func(f int32) authz.Holder {
		return authz.Holder{Entity: authz.Entity{Type: "folder", ID: folderName(int(f))}}
	}
	user := func(u int) authz.Holder { return authz.Holder{Entity: authz.Entity{Type: "user", ID: userName(u)}} }
	members := func(g int32) authz.Holder {
		return authz.Holder{Entity: authz.Entity{Type: "group", ID: groupName(int(g))}, Relation: "member"}
	}
	for d := range t.folderOf {
		add("document", documentName(d), "parent", folder(t.folderOf[d]))
		add("document", documentName(d), "viewer", user(int(t.viewerOf[d])))
	}
	for f, g := range t.groupOf {
		if p := above(int32(f), t.folderFan); p >= 0 {
			add("folder", folderName(f), "parent", folder(p))
		}
		if g >= 0 {
			add("folder", folderName(f), "viewer", members(g))
		}
	}
	for g := range t.membersOf {
		if p := above(int32(g), t.groupsFan); p >= 0 {
			add("group", groupName(int(p)), "member", members(int32(g)))
		}
	}
	for u, own := range t.groupsOf {
		for _, g := range own {
			add("group", groupName(int(g)), "member", user(u))
		}
	}
	return e.Done(), facts, nil
}

// views is obviously right, and slow.
func (t *grown) views(q treeQuery) bool {
	if int(t.viewerOf[q.document]) == q.user {
		return true
	}
	for f := t.folderOf[q.document]; f >= 0; f = above(f, t.folderFan) {
		if t.groupOf[f] < 0 {
			continue
		}
		for _, g := range t.groupsOf[q.user] {
			for ; g >= 0; g = above(g, t.groupsFan) {
				if g == t.groupOf[f] {
					return true
				}
			}
		}
	}
	return false
}

// queries are allowed by half: an eighth through the direct viewer, the others through a group.
func (t *grown) queries() ([]authz.Query, []bool) {
	r := rand.New(rand.NewPCG(5, 5))
	list, want := make([]treeQuery, 0, asked), make([]bool, 0, asked)
	for len(list) < asked {
		q := treeQuery{r.IntN(len(t.groupsOf)), r.IntN(len(t.folderOf))}
		if k := len(list) % 8; k == 0 {
			q.user = int(t.viewerOf[q.document])
		} else if k%2 == 0 {
			q.user = t.viewerByGroup(r, q.document, q.user)
		}
		if allowed := t.views(q); allowed == (len(list)%2 == 0) {
			list, want = append(list, q), append(want, allowed)
		}
	}
	return writTreeQueries(list), want
}

// viewerByGroup looks for a member of a group above the document, going down from it at random.
func (t *grown) viewerByGroup(r *rand.Rand, document, otherwise int) int {
	for f := t.folderOf[document]; f >= 0; f = above(f, t.folderFan) {
		g := int(t.groupOf[f])
		for g >= 0 && g < len(t.membersOf) {
			if own := t.membersOf[g]; len(own) > 0 {
				return int(own[r.IntN(len(own))])
			}
			g = g*t.groupsFan + 1 + r.IntN(t.groupsFan)
		}
	}
	return otherwise
}
