package authz_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/internal/expr"
)

// workload is facts, questions, and the answers that plain code gives to them.
type workload struct {
	snapshot  *authz.Snapshot
	questions []*authz.Query
	answers   []bool
}

const asked = 4096

// both keeps a question when it is the turn of its answer, so that half of all are yes.
func (w *workload) both(q *authz.Query, answer bool) {
	if answer == (len(w.answers)%2 == 0) {
		w.questions, w.answers = append(w.questions, q), append(w.answers, answer)
	}
}

func put(e *authz.Edit, object, relation, subject string) {
	t, err := authz.ParseTuple(object + "#" + relation + "@" + subject)
	if err != nil {
		panic(err)
	}
	e.Restore(authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &t}})
}

func note(e *authz.Edit, kind, id string, attributes map[string]any) {
	e.Restore(authz.Change{Record: &authz.Step[authz.Record]{After: &authz.Record{
		Entity: authz.Entity{Type: kind, ID: id}, Attributes: attributes,
	}}})
}

const (
	roleCount, kindCount, actionCount = 100, 50, 5
	condition                         = "user.department == resource.department && user.clearance >= resource.level && resource.region in user.regions"
)

// roleModel has roles in a tenant that grant actions on types; with attributes the condition must hold too.
func roleModel(t testing.TB, grants [][]bool, attributes bool) *authz.Model {
	t.Helper()
	user := kind("user")
	tenant := kind(authz.TenantType)
	for r := range roleCount {
		tenant.Relations = append(tenant.Relations, relation(fmt.Sprint("role", r), "user", direct))
	}
	thing := []authz.Attribute{{Name: "department", Type: expr.String}, {Name: "level", Type: expr.Number}, {Name: "region", Type: expr.String}}
	if attributes {
		user.Attributes = []authz.Attribute{
			{Name: "department", Type: expr.String}, {Name: "clearance", Type: expr.Number}, {Name: "regions", Type: expr.List(expr.String)},
		}
	}
	program, err := expr.Compile(condition, authz.Scope(user.Attributes, thing), writ.Position{})
	if err != nil {
		t.Fatal(err)
	}
	m := &authz.Model{DefaultTenant: "acme", Types: []authz.Type{user, tenant}}
	for k := range kindCount {
		of := kind(fmt.Sprint("kind", k))
		of.Attributes = thing
		for a := range actionCount {
			var any []authz.Rewrite
			for r := range roleCount {
				switch {
				case !grants[r][k*actionCount+a]:
				case attributes:
					any = append(any, authz.When{Condition: program, Then: authz.InTenant{Relation: fmt.Sprint("role", r)}})
				default:
					any = append(any, authz.InTenant{Relation: fmt.Sprint("role", r)})
				}
			}
			of.Actions = append(of.Actions, authz.Relation{Name: fmt.Sprint("action", a), Rewrite: union(any...)})
		}
		m.Types = append(m.Types, of)
	}
	return m
}

// byRole is W1, with attributes W3: three of 100 roles for each user, 25 of 250 permissions for each role.
func byRole(t testing.TB, users int, attributes bool) *workload {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 1))
	grants := make([][]bool, roleCount)
	for i := range grants {
		grants[i] = make([]bool, kindCount*actionCount)
		for _, p := range r.Perm(kindCount * actionCount)[:25] {
			grants[i][p] = true
		}
	}
	s := snapshot(t, roleModel(t, grants, attributes))
	e := s.Edit()
	has := make([][]int, users)
	people := make([]map[string]any, users)
	for u := range has {
		has[u] = r.Perm(roleCount)[:3]
		for _, role := range has[u] {
			put(e, "__tenant:acme", fmt.Sprint("role", role), fmt.Sprint("user:u", u))
		}
		people[u] = map[string]any{
			"department": fmt.Sprint("d", r.IntN(4)), "clearance": float64(r.IntN(10)),
			"regions": []any{fmt.Sprint("r", r.IntN(4)), fmt.Sprint("r", r.IntN(4))},
		}
		if attributes {
			note(e, "user", fmt.Sprint("u", u), people[u])
		}
	}
	things := map[string]map[string]any{}
	if attributes {
		for i := range users {
			name := fmt.Sprintf("kind%d:t%d", i%kindCount, i)
			things[name] = map[string]any{
				"department": fmt.Sprint("d", r.IntN(4)), "level": float64(r.IntN(10)), "region": fmt.Sprint("r", r.IntN(4)),
			}
			note(e, fmt.Sprint("kind", i%kindCount), fmt.Sprint("t", i), things[name])
		}
	}
	w := &workload{snapshot: e.Done()}
	for len(w.answers) < asked {
		u, i, a := r.IntN(users), r.IntN(users), r.IntN(actionCount)
		k := i % kindCount
		name := fmt.Sprintf("kind%d:t%d", k, i)
		ok := slices.ContainsFunc(has[u], func(role int) bool { return grants[role][k*actionCount+a] })
		if attributes {
			p, x := people[u], things[name]
			ok = ok && p["department"] == x["department"] && p["clearance"].(float64) >= x["level"].(float64) &&
				slices.Contains(p["regions"].([]any), x["region"])
		}
		w.both(ask(t, fmt.Sprintf("%s#action%d@user:u%d", name, a, u)), ok)
	}
	return w
}

func treeModel() *authz.Model {
	return &authz.Model{Types: []authz.Type{
		kind("user"), kind("group", relation("member", "user group#member", direct)),
		kind("folder", relation("parent", "folder", direct), relation("viewer", "group#member", union(direct, from("viewer", "parent")))),
		kind("document", relation("parent", "folder", direct), relation("viewer", "user", union(direct, from("viewer", "parent")))),
	}}
}

// byRelation is W2: documents in folders five deep, a third of the folders with a group that views
// them, groups three deep, users in three of them.
func byRelation(t testing.TB, documents int) *workload {
	t.Helper()
	r := rand.New(rand.NewPCG(2, 2))
	users, folders, groups := documents/10, max(documents/9, 11), max(documents/100, 20)
	e := snapshot(t, treeModel()).Edit()
	above := func(i int) int { return (i - 1) / 10 } // a tree; 0 is its root
	groupOf := make([]int, folders)
	for f := range folders {
		groupOf[f] = -1
		if f > 0 {
			put(e, fmt.Sprint("folder:f", f), "parent", fmt.Sprint("folder:f", above(f)))
		}
		if f > 10 && r.IntN(3) == 0 {
			groupOf[f] = r.IntN(groups)
			put(e, fmt.Sprint("folder:f", f), "viewer", fmt.Sprintf("group:g%d#member", groupOf[f]))
		}
	}
	for g := 1; g < groups; g++ {
		put(e, fmt.Sprint("group:g", above(g)), "member", fmt.Sprintf("group:g%d#member", g))
	}
	groupsOf := make([][]int, users)
	for u := range users {
		for range 3 {
			g := groups/10 + r.IntN(groups-groups/10)
			groupsOf[u] = append(groupsOf[u], g)
			put(e, fmt.Sprint("group:g", g), "member", fmt.Sprint("user:u", u))
		}
	}
	folderOf, viewerOf := make([]int, documents), make([]int, documents)
	for d := range documents {
		folderOf[d], viewerOf[d] = folders/10+r.IntN(folders-folders/10), r.IntN(users)
		put(e, fmt.Sprint("document:d", d), "parent", fmt.Sprint("folder:f", folderOf[d]))
		put(e, fmt.Sprint("document:d", d), "viewer", fmt.Sprint("user:u", viewerOf[d]))
	}
	w := &workload{snapshot: e.Done()}
	for len(w.answers) < asked {
		u, d := r.IntN(users), r.IntN(documents)
		if len(w.answers)%8 == 0 {
			u = viewerOf[d]
		}
		in := map[int]bool{0: true}
		for _, g := range groupsOf[u] {
			for ; g > 0; g = above(g) {
				in[g] = true
			}
		}
		ok := viewerOf[d] == u
		for f := folderOf[d]; f > 0; f = above(f) {
			ok = ok || groupOf[f] >= 0 && in[groupOf[f]]
		}
		w.both(ask(t, fmt.Sprintf("document:d%d#viewer@user:u%d", d, u)), ok)
	}
	return w
}

// run asks all questions and compares the answers.
func (w *workload) run(t testing.TB) {
	t.Helper()
	for i, q := range w.questions {
		if got, err := w.snapshot.Allowed(q); got != w.answers[i] || err != nil {
			t.Fatalf("%v: got %v, %v, want %v", q, got, err, w.answers[i])
		}
	}
}

func workloads(t testing.TB, facts int) map[string]*workload {
	return map[string]*workload{
		"W1": byRole(t, facts/3, false), "W2": byRelation(t, facts*10/24), "W3": byRole(t, facts/5, true),
	}
}

func TestWorkloadsAgreeWithPlainCodeAndAllocateNothing(t *testing.T) {
	for name, w := range workloads(t, 6_000) {
		w.run(t)
		i := 0
		if n := testing.AllocsPerRun(1000, func() {
			if _, err := w.snapshot.Allowed(w.questions[i%asked]); err != nil {
				t.Fatal(err)
			}
			i++
		}); n != 0 && !raceEnabled {
			t.Errorf("%s allocates %v times for each question", name, n)
		}
	}
}

// TestReasonsAllocateLittle holds the answers with reasons under ceilings with room above what
// they take today, which is half of that.
func TestReasonsAllocateLittle(t *testing.T) {
	for name, w := range workloads(t, 6_000) {
		ceiling := map[string]float64{"W1": 20, "W2": 8, "W3": 50}[name]
		i := 0
		if n := testing.AllocsPerRun(1000, func() {
			d, err := w.snapshot.Check(w.questions[i%asked])
			if err != nil || d.Allowed != w.answers[i%asked] || len(d.Reasons) == 0 {
				t.Fatalf("%v: got %+v, %v", w.questions[i%asked], d, err)
			}
			i++
		}); n > ceiling && !raceEnabled {
			t.Errorf("%s allocates %v times for each answer with reasons, more than %v", name, n, ceiling)
		} else {
			t.Logf("%s allocates %v times for each answer with reasons", name, n)
		}
	}
}

func benchmark(b *testing.B, name string) {
	for _, facts := range []int{10_000, 1_000_000} {
		b.Run(fmt.Sprint(facts), func(b *testing.B) {
			var w *workload
			switch name {
			case "W1":
				w = byRole(b, facts/3, false)
			case "W2":
				w = byRelation(b, facts*10/24)
			case "W3":
				w = byRole(b, facts/5, true)
			}
			w.run(b)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := w.snapshot.Allowed(w.questions[i%asked]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkW1(b *testing.B) { benchmark(b, "W1") }
func BenchmarkW2(b *testing.B) { benchmark(b, "W2") }
func BenchmarkW3(b *testing.B) { benchmark(b, "W3") }
