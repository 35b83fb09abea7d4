package cover

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
)

const (
	tooManyPatterns = "cannot tell: there are too many patterns to compare"
	tooManyValues   = "cannot tell: there are too many combinations of "
)

// checkNeed asks for every action and resource of a need.
func (c *checker) checkNeed(n *Need, number int, r *Report) {
	rule := c.needs[number]
	if rule == nil {
		return
	}
	actions, unreal := rule.actions()
	for i := range actions {
		c.checkAction(n, rule, c.call(actions[i].String(), &actions[i]), r)
	}
	for _, entry := range unreal {
		if strings.ContainsAny(entry, "*?") || !strings.Contains(entry, ":") {
			r.Unknown = append(r.Unknown, Unknown{Need: *n, Action: entry, Resource: strings.Join(rule.resources(), ", "), Reason: "cannot tell: no action of AWS matches it"})
			continue
		}
		c.checkAction(n, rule, c.call(entry, nil), r)
	}
}

func (c *checker) checkAction(n *Need, needed *rule, call *call, r *Report) {
	if c.work.isSpent() {
		r.Unknown = append(r.Unknown, Unknown{Need: *n, Action: call.action, Resource: strings.Join(needed.resources(), ", "), Reason: tooManyPatterns})
		return
	}
	call.extra = lowered(n.Context)
	call.via = slices.ContainsFunc(n.Statement.Conditions, func(e iam.ConditionElement) bool { return slices.Contains(chain, iam.Key(e.Key)) })
	list := append(naming(c.given, call.action), needed)
	ctxs := call.contextsOf(list)
	q := c.question(n, needed, call, list, ctxs)
	entries := n.Statement.Resource
	if entries == nil {
		entries = []string{"*"}
	}
	searches := make([]search, len(entries))
	fits := false
	for i, entry := range entries {
		searches[i] = c.resourcesOf(call, entry, list, ctxs)
		fits = fits || len(searches[i].found) > 0 || !searches[i].complete
	}
	for i, entry := range entries {
		if !fits { // the need is odd: it is asked as it is written
			searches[i] = c.search("", []pattern{resource(entry, call.text)}, call, list, ctxs)
		}
		if len(searches[i].found) > 0 || !searches[i].complete {
			q.judge(entry, searches[i], r)
		}
	}
}

// question is one action of a need.
type question struct {
	need *Need
	call *call
	ctxs *contexts
	// keys are which of the contexts' keys the need itself is about.
	keys []bool
	// alone are the need's own policies; in favour and against are the given ones
	// with the variables that are not known taken both ways.
	alone, given, favour, against *iam.Policies
	variables                     []string
	// work is what may still be done, cost what one context of one resource takes of it.
	work *work
	cost int
}

func (c *checker) question(n *Need, needed *rule, call *call, list []*rule, ctxs *contexts) *question {
	q := &question{need: n, call: call, ctxs: ctxs, given: c.policies, favour: c.policies, against: c.policies, work: c.work, cost: 1 + 3*len(c.given)}
	q.alone = &iam.Policies{Identity: []*iam.Policy{needed.alone()}, Resource: c.policies.Resource}
	for _, key := range ctxs.keys {
		q.keys = append(q.keys, slices.ContainsFunc(n.Statement.Conditions, func(e iam.ConditionElement) bool { return iam.Key(e.Key) == key }))
	}
	unknown := func(key string) bool {
		at, there := slices.BinarySearch(ctxs.keys, key)
		return there && !q.keys[at]
	}
	for _, r := range list {
		if r != needed {
			q.variables = append(q.variables, unknownIn(r.Match, unknown)...)
		}
	}
	if len(q.variables) > 0 {
		q.favour, q.against = guess(c.policies, unknown, true), guess(c.policies, unknown, false)
	}
	return q
}

// answers are the verdicts on one resource in all contexts.
type answers struct {
	asked, favour, against []bool
}

func (q *question) ask(resource string) answers {
	n := q.ctxs.count()
	a := answers{make([]bool, n), make([]bool, n), make([]bool, n)}
	on := q.call.on(resource)
	for i := range n {
		req := on.with(q.ctxs.at(i))
		a.asked[i] = iam.Decide(req, q.alone) == iam.Allowed
		if a.asked[i] {
			a.favour[i] = iam.Decide(req, q.favour) == iam.Allowed
			a.against[i] = iam.Decide(req, q.against) == iam.Allowed
		}
	}
	return a
}

// judge reports on one resource of the need: what is missing for certain, else
// what it hangs on.
func (q *question) judge(entry string, s search, r *Report) {
	unknown := Unknown{Need: *q.need, Action: q.call.action, Resource: entry}
	asked := false
	for _, arn := range s.found {
		if !q.work.spend(q.ctxs.count() * q.cost) {
			s.complete = false
			break
		}
		a := q.ask(arn)
		asked = asked || slices.Contains(a.asked, true)
		if i, missing := q.missing(a); missing {
			req := q.call.request(arn, q.ctxs.at(i))
			r.Missing = append(r.Missing, Missing{Need: *q.need, Action: q.call.action, Resource: entry, Request: req, Why: iam.Evaluate(req, q.given)})
			return
		}
		if i := q.doubtful(a); i >= 0 {
			if unknown.Request == nil {
				unknown.Request = q.call.request(arn, q.ctxs.at(i))
			}
			unknown.Keys = append(unknown.Keys, q.hangsOn(a)...)
		}
	}
	slices.Sort(unknown.Keys)
	unknown.Keys = slices.Compact(unknown.Keys)
	switch {
	case unknown.Request != nil:
		unknown.Reason = "depends on " + strings.Join(unknown.Keys, ", ")
	case q.ctxs.count() == 0:
		unknown.Reason = tooManyValues + strings.Join(q.ctxs.keys, ", ")
	case !s.complete:
		unknown.Reason = tooManyPatterns
	case !asked:
		unknown.Reason = "cannot tell: no call was found that meets the need's own conditions"
	case !q.ctxs.complete:
		unknown.Reason = "cannot tell: there are too many values of " + strings.Join(q.ctxs.keys, ", ")
	default:
		return
	}
	r.Unknown = append(r.Unknown, unknown)
}

// missing finds a call of the need that is denied whatever is not known: one of
// those that are alike in the keys that the need is about.
func (q *question) missing(a answers) (context int, found bool) {
	allowed := map[int]bool{}
	for i := range a.asked {
		if a.favour[i] {
			allowed[q.group(i)] = true
		}
	}
	for i := range a.asked {
		if a.asked[i] && !allowed[q.group(i)] {
			return i, true
		}
	}
	return 0, false
}

// group numbers the contexts by the keys that the need is about.
func (q *question) group(i int) int {
	group := 0
	for k := range q.ctxs.keys {
		if stride := q.ctxs.stride(k); q.keys[k] {
			group += i / stride % len(q.ctxs.values[k]) * stride
		}
	}
	return group
}

// doubtful finds a call that is not allowed for certain, -1 if all are.
func (q *question) doubtful(a answers) int {
	for i := range a.asked {
		if a.asked[i] && !a.against[i] {
			return i
		}
	}
	return -1
}

// hangsOn gives the keys that the need is not about and that change a verdict.
func (q *question) hangsOn(a answers) []string {
	var keys, all []string
	for k, key := range q.ctxs.keys {
		if q.keys[k] {
			continue
		}
		all = append(all, key)
		stride := q.ctxs.stride(k)
		for i := range a.asked {
			last := i/stride%len(q.ctxs.values[k]) == len(q.ctxs.values[k])-1
			if !last && a.asked[i] && a.asked[i+stride] && a.against[i] != a.against[i+stride] {
				keys = append(keys, key)
				break
			}
		}
	}
	if !slices.Equal(a.favour, a.against) {
		keys = append(keys, q.variables...)
	}
	if len(keys) == 0 {
		return all
	}
	return keys
}
