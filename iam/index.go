package iam

import "strings"

// index finds the statements that may be about a request: by action, and where
// many share an action by what their resource starts with.
type index struct {
	// actions holds statements by a full action ("s3:getobject"): their action matches.
	actions table
	// services holds statements by service prefix ("s3:"), always those of any
	// service: "*", NotAction, a wildcard before the colon. Their action has to be tested.
	services table
	always   entry
	// joined: what stands under a full action is all there is about it.
	joined bool
}

// entry holds the statements under one key.
type entry struct {
	denies, allows group
}

// build indexes statements. A statement may stand in several places; finding
// it twice does no harm.
func (x *index) build(statements []*statement) {
	weight := 0
	for _, s := range statements {
		x.insert(s)
		weight += s.weight()
	}
	x.join(weight)
	x.always.plant()
	for e := range x.actions.entries {
		e.plant()
	}
	for e := range x.services.entries {
		e.plant()
	}
}

// maxPairs bounds, for each action or resource of a statement, in how many
// pairs of an action and a resource the statement is indexed.
const maxPairs = 16

func (x *index) insert(s *statement) {
	// Many actions and many resources in one statement are quicker tested than
	// kept in all their pairs, of which there can be more than memory holds.
	always := s.notAction || len(s.actions)*len(s.resources) > maxPairs*s.weight()
	for i := range s.actions {
		always = always || !s.actions[i].never && s.actions[i].service == ""
	}
	if always {
		x.always.add(s)
		return
	}
	for i := range s.actions {
		switch a := &s.actions[i]; {
		case a.never:
		case a.isLiteral:
			x.actions.entry(a.literal).add(s)
		default:
			x.services.entry(a.service).add(s)
		}
	}
}

// join puts the statements whose action has to be tested under every full
// action for which they pass, so that one look is enough. That is left alone
// where it would make the index many times larger than the policy.
func (x *index) join(weight int) {
	size := 0
	for _, key := range x.actions.entries {
		size += x.always.weight() + x.services.get(servicePrefix(key)).weight()
	}
	if size > 16*weight+256 {
		return
	}
	x.joined = true
	for e, key := range x.actions.entries {
		for s := range x.services.get(servicePrefix(key)).statements {
			if s.matchesAction(key) && !s.names(key) { // else it is there already
				e.add(s)
			}
		}
		for s := range x.always.statements {
			if s.matchesAction(key) {
				e.add(s)
			}
		}
	}
}

// servicePrefix is an action up to its colon, and with it.
func servicePrefix(action string) string { return action[:strings.IndexByte(action, ':')+1] }

// scan tests the statements that may be about the query, and stops at a Deny.
func (x *index) scan(q *query, d *side) (denied bool) {
	if e := x.actions.find(q.actionHash, q.action); e != nil {
		if e.scan(q, d, false) {
			return true
		}
		if x.joined {
			return false
		}
	}
	if e := q.findService(&x.services); e != nil && e.scan(q, d, true) {
		return true
	}
	return x.always.scan(q, d, true)
}

func (e *entry) add(s *statement) {
	if s.deny {
		e.denies.add(s)
	} else {
		e.allows.add(s)
	}
}

// statements goes through all statements; a nil entry has none.
func (e *entry) statements(yield func(*statement) bool) {
	if e == nil {
		return
	}
	for _, list := range [...][]*statement{e.denies.list, e.allows.list} {
		for _, s := range list {
			if !yield(s) {
				return
			}
		}
	}
}

func (e *entry) weight() int {
	if e == nil {
		return 0
	}
	return e.denies.weight + e.allows.weight
}

// weight is about what it costs to test a statement and to keep it.
func (s *statement) weight() int { return len(s.actions) + len(s.resources) }

func (e *entry) plant() {
	e.denies.plant()
	e.allows.plant()
}

func (e *entry) scan(q *query, d *side, testAction bool) (denied bool) {
	if len(e.denies.list) > 0 && e.denies.scan(q, d, testAction) {
		return true
	}
	if len(e.allows.list) > 0 && d.grant != grantDirect {
		e.allows.scan(q, d, testAction)
	}
	return false
}
