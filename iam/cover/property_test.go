package cover

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/internal/oracle"
)

// TestAgainstOracle holds every finding, and its absence, against an evaluator
// written apart that is asked about every call of a small universe.
func TestAgainstOracle(t *testing.T) {
	t.Parallel()
	cases := 60
	if testing.Short() {
		cases = 25
	}
	seen := map[string]int{}
	for seed := range cases {
		w := dice{rand.New(rand.NewPCG(uint64(seed), 7))}.world() //nolint:gosec // cases, not secrets
		r := Check(w.needs, w.given)
		problems := w.compare(&r, seen)
		if len(problems) > 0 {
			needs, _ := json.Marshal(w.asked.Identity)
			role, _ := json.Marshal(w.role)
			t.Errorf("seed %d\nneeds %s\nrole %s\n%v", seed, needs, role, problems[0])
		}
		if t.Failed() {
			break
		}
	}
	t.Logf("%d cases: %v", cases, seen)
	for _, what := range []string{"covered", "missing", "unknown", "nothing beyond", "excess"} {
		if seen[what] == 0 {
			t.Errorf("no case with %s: the test looks at nothing", what)
		}
	}
}

func (w *world) compare(r *Report, seen map[string]int) []string {
	var problems []string
	fail := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	for i := range w.needs {
		for _, actions := range allActions {
			for _, action := range actions {
				w.compareNeed(i, action, r, seen, fail)
			}
		}
	}
	for _, m := range r.Missing {
		w.checkMissing(&m, fail)
	}
	for _, u := range r.Unknown {
		w.checkUnknown(&u, fail)
	}
	w.compareExcess(r, seen, fail)
	return problems
}

func (w *world) request(action, resource string, ctx iam.Context) *iam.Request {
	return w.checker.call(action, nil).request(resource, ctx)
}

func allows(role *oracle.World, req *iam.Request) bool {
	verdict, _ := oracle.Decide(req, role)
	return verdict == iam.Allowed
}

func (w *world) alone(n *Need) *oracle.World {
	return &oracle.World{Identity: []*iam.Document{{Version: iam.Version2012, Statements: []iam.Statement{n.Statement}}}}
}

// compareNeed: no finding for an action of a need means that every call is allowed.
func (w *world) compareNeed(i int, action string, r *Report, seen map[string]int, fail func(string, ...any)) {
	same := func(n *Need, a string) bool {
		return a == action && &n.Statement.Action[0] == &w.needs[i].Statement.Action[0]
	}
	missing := slices.ContainsFunc(r.Missing, func(m Missing) bool { return same(&m.Need, m.Action) })
	unknown := slices.ContainsFunc(r.Unknown, func(u Unknown) bool { return same(&u.Need, u.Action) })
	if missing {
		seen["missing"]++
		return
	}
	if unknown {
		seen["unknown"]++
		return
	}
	alone, covered := w.alone(&w.needs[i]), false
	for _, call := range w.universe {
		if call.Action != action || !call.needed || !allows(alone, call.Request) {
			continue
		}
		covered = true
		if !call.allowed {
			fail("need %d: %s on %s with %v is denied, and nothing was found", i, action, call.Resource, call.values)
			return
		}
	}
	if covered {
		seen["covered"]++
	}
}

// sameKeys lists contexts that are as the one given in the keys that the need is about.
func (w *world) sameKeys(n *Need, req *iam.Request) []iam.Context {
	var list []iam.Context
	for _, ctx := range allContexts(w.keys) {
		ctx = maps.Clone(ctx)
		for _, e := range n.Statement.Conditions {
			ctx[iam.Key(e.Key)] = req.Context[iam.Key(e.Key)]
		}
		list = append(list, ctx)
	}
	return list
}

// checkMissing: the call is asked for, and denied whatever is not known.
func (w *world) checkMissing(m *Missing, fail func(string, ...any)) {
	if !allows(w.alone(&m.Need), m.Request) {
		fail("%s: the need does not ask for %v", m, m.Request)
	}
	if m.Why.Verdict == iam.Allowed {
		fail("%s: it is allowed", m)
	}
	for _, ctx := range w.sameKeys(&m.Need, m.Request) {
		if req := w.request(m.Action, m.Request.Resource, ctx); allows(&w.role, req) {
			fail("%s: it is allowed with %v", m, ctx)
		}
	}
}

// checkUnknown: the call is asked for, and may be denied or allowed.
func (w *world) checkUnknown(u *Unknown, fail func(string, ...any)) {
	if u.Request == nil {
		if asked := w.anyAsked(u); asked || u.Reason == tooManyPatterns {
			fail("%s: but calls are asked for", u)
		}
		return
	}
	if !allows(w.alone(&u.Need), u.Request) {
		fail("%s: the need does not ask for %v", u, u.Request)
	}
	if w.hasVariables {
		return // the value of the variable that lets the call in is not in the universe
	}
	if allows(&w.role, u.Request) {
		fail("%s: the example is allowed", u)
	}
	for _, ctx := range w.sameKeys(&u.Need, u.Request) {
		if allows(&w.role, w.request(u.Action, u.Request.Resource, ctx)) {
			return
		}
	}
	fail("%s: it is never allowed, such as with %v", u, u.Request.Context)
}

func (w *world) anyAsked(u *Unknown) bool {
	n := u.Need
	n.Statement.Resource = []string{u.Resource}
	alone := w.alone(&n)
	return slices.ContainsFunc(w.universe, func(call asked) bool { return call.Action == u.Action && allows(alone, call.Request) })
}

// compareExcess: a statement has an excess exactly when it allows a call that
// the role may make and no need asks for.
func (w *world) compareExcess(r *Report, seen map[string]int, fail func(string, ...any)) {
	alone := func(statement int, req *iam.Request) bool {
		doc := &iam.Document{Version: iam.Version2012, Statements: w.role.Identity[0].Statements[statement : statement+1]}
		return allows(&oracle.World{Identity: []*iam.Document{doc}}, req)
	}
	found := map[int]*Excess{}
	for i := range r.Excess {
		e := &r.Excess[i]
		found[e.Statement] = e
		seen["excess"]++
		for _, call := range slices.Concat(e.Unneeded.Calls, e.Wider.Calls) {
			req := w.request(call.Action, call.Resource, call.Context)
			if !alone(e.Statement, req) || !allows(&w.role, req) || allows(&w.asked, req) {
				fail("excess of statement %d: %v is no excess", e.Statement, call)
			}
		}
		if e.CannotTell.Count > 0 {
			fail("excess of statement %d: cannot tell %v", e.Statement, e.CannotTell)
		}
	}
	for i, s := range w.role.Identity[0].Statements {
		if found[i] != nil || s.Effect == iam.Deny {
			continue
		}
		seen["nothing beyond"]++
		for _, call := range w.universe {
			if call.allowed && !call.needed && alone(i, call.Request) {
				fail("statement %d allows %s on %s with %v, and nothing was found", i, call.Action, call.Resource, call.values)
				break
			}
		}
	}
}
