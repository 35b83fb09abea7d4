package iam_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/writ-dev/writ/iam"
)

// A rule is a change to the policies or the request, and what may come of it.
type rule struct {
	name   string
	change func(d dice, s situation) situation
	// ask changes the request; nil leaves it.
	ask   func(d dice, req iam.Request) iam.Request
	holds func(before, after answer) bool
}

func unchanged(before, after answer) bool { return before == after }

var rules = []rule{
	{
		name:   "adding a Deny never allows",
		change: func(d dice, s situation) situation { return d.add(s, iam.Deny) },
		holds: func(before, after answer) bool {
			return before.verdict == iam.Allowed || after.verdict == before.verdict || after.verdict == iam.ExplicitlyDenied
		},
	},
	{
		name: "adding an Allow never denies",
		change: func(d dice, s situation) situation {
			s.world.BlockPublicAccess = false // the one thing that an Allow can set off
			return d.add(s, iam.Allow)
		},
		holds: func(before, after answer) bool {
			// Block Public Access was in the way before, and is not now.
			return after.verdict == before.verdict || after.verdict == iam.Allowed && before.verdict == iam.ImplicitlyDenied ||
				strings.Contains(before.blockers, string(iam.TypeBlockPublicAccess))
		},
	},
	{name: "order is irrelevant", change: dice.shuffle, holds: unchanged},
	{name: "a policy may be split", change: dice.split, holds: unchanged},
	{name: "policies may be merged", change: func(_ dice, s situation) situation { return s.merge() }, holds: unchanged},
	{name: "saying it twice is saying it once", change: dice.repeat, holds: unchanged},
	{
		name: "the case of an action is irrelevant",
		change: func(d dice, s situation) situation {
			return s.rewrite(func(st iam.Statement) iam.Statement {
				st.Action, st.NotAction = d.recaseAll(st.Action), d.recaseAll(st.NotAction)
				return st
			})
		},
		ask:   func(d dice, req iam.Request) iam.Request { req.Action = d.recase(req.Action); return req },
		holds: unchanged,
	},
	{
		name: "the case of a condition's operator and key is irrelevant",
		change: func(d dice, s situation) situation {
			return s.rewrite(func(st iam.Statement) iam.Statement {
				st.Conditions = slices.Clone(st.Conditions)
				for i := range st.Conditions {
					st.Conditions[i].Operator, st.Conditions[i].Key = d.recase(st.Conditions[i].Operator), d.recase(st.Conditions[i].Key)
				}
				return st
			})
		},
		holds: unchanged,
	},
	{
		name:   "a key that no policy names is irrelevant",
		change: func(_ dice, s situation) situation { return s },
		ask: func(d dice, req iam.Request) iam.Request {
			ctx := iam.Context{"zz:nobody/asks": d.value(pick(d, words...))}
			for key, v := range req.Context {
				ctx[key] = v
			}
			req.Context = ctx
			return req
		},
		holds: unchanged,
	},
}

// Each rule holds for every random case: what a change to policies may and may
// not do, whatever they say.
func TestRules(t *testing.T) {
	t.Parallel()
	const requests = 10 // of one set of policies
	forSeeds(t, bulk()/requests, func(seed uint64) bool {
		d := seeded(seed)
		s, asks, compiled := d.situation(), []iam.Request{}, compiler{}
		for i := range requests {
			asks = append(asks, s.req)
			if i > 0 {
				asks[i] = d.neighbour(s.req)
			}
		}
		befores := make([]answer, len(asks))
		for i, req := range asks {
			befores[i] = decide(req, compiled.policies(s))
		}
		for i, r := range rules {
			s.req = asks[0]
			changed := r.change(seeded(seed+uint64(i)), s)
			policies := compiled.policies(changed)
			for j, req := range asks {
				s.req, changed.req = req, req
				if r.ask != nil {
					changed.req = r.ask(seeded(seed), req)
				}
				if !r.holds(befores[j], decide(changed.req, policies)) {
					s.breaks(t, r, seed, seed+uint64(i))
					return false
				}
			}
		}
		return true
	})
	t.Logf("%d rules, %d requests each", len(rules), bulk())
}

// breaks reports a situation that breaks a rule, as small as it can be made.
func (s situation) breaks(t *testing.T, r rule, seed, changeSeed uint64) {
	t.Helper()
	apply := func(s situation) (before, after answer, changed situation) {
		changed = r.change(seeded(changeSeed), s)
		if r.ask != nil {
			changed.req = r.ask(seeded(seed), s.req)
		}
		return decide(s.req, s.policies()), decide(changed.req, changed.policies()), changed
	}
	small := s.shrink(func(s situation) bool { before, after, _ := apply(s); return !r.holds(before, after) })
	before, after, changed := apply(small)
	t.Errorf("WRIT_SEED=%d: not so: %s: from %v to %v\n%s\n%s", seed, r.name, before, after, small, changed)
}

// add puts a statement somewhere.
func (d dice) add(s situation, effect iam.Effect) situation {
	if s.count() == 0 {
		s.world.Identity = []*iam.Document{{Version: iam.Version2012}}
	}
	i, at, match := d(s.count()), d(8), d.chance(60)
	g := generator{d, &s.req}
	return s.change(i, func(kind iam.PolicyType, doc *iam.Document) *iam.Document {
		changed := *doc
		changed.Statements = slices.Insert(slices.Clone(doc.Statements), at%(len(doc.Statements)+1), g.statement(kind, effect, match))
		return &changed
	})
}

// rewrite changes every statement.
func (s situation) rewrite(edit func(iam.Statement) iam.Statement) situation {
	return s.each(func(_ iam.PolicyType, doc *iam.Document) *iam.Document {
		changed := *doc
		changed.Statements = nil
		for _, st := range doc.Statements {
			changed.Statements = append(changed.Statements, edit(st))
		}
		return &changed
	})
}

func (d dice) recaseAll(list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, d.recase(s))
	}
	return out
}

func shuffled[T any](d dice, list []T) []T {
	out := slices.Clone(list)
	for i := range out {
		j := i + d(len(out)-i)
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// shuffle puts policies, levels, statements and values in another order.
func (d dice) shuffle(s situation) situation {
	s = s.rewrite(func(st iam.Statement) iam.Statement {
		st.Action, st.NotAction = shuffled(d, st.Action), shuffled(d, st.NotAction)
		st.Resource, st.NotResource = shuffled(d, st.Resource), shuffled(d, st.NotResource)
		st.Conditions = shuffled(d, st.Conditions)
		for i := range st.Conditions {
			st.Conditions[i].Values = shuffled(d, st.Conditions[i].Values)
		}
		if st.Principal != nil {
			p := *st.Principal
			p.AWS, p.Service = shuffled(d, p.AWS), shuffled(d, p.Service)
			st.Principal = &p
		}
		return st
	})
	s = s.each(func(_ iam.PolicyType, doc *iam.Document) *iam.Document {
		doc.Statements = shuffled(d, doc.Statements) // rewrite has made it ours
		return doc
	})
	w := &s.world
	w.Identity, w.Session, w.SCPs, w.RCPs = shuffled(d, w.Identity), shuffled(d, w.Session), shuffled(d, w.SCPs), shuffled(d, w.RCPs)
	return s
}

// lists are the places where policies of one kind stand side by side.
func (s *situation) lists() []*[]*iam.Document {
	w := &s.world
	w.SCPs, w.RCPs = slices.Clone(w.SCPs), slices.Clone(w.RCPs)
	all := []*[]*iam.Document{&w.Identity, &w.Session}
	for i := range w.SCPs {
		all = append(all, &w.SCPs[i])
	}
	for i := range w.RCPs {
		all = append(all, &w.RCPs[i])
	}
	return all
}

// split cuts documents in two.
func (d dice) split(s situation) situation {
	for _, list := range s.lists() {
		var out []*iam.Document
		for _, doc := range *list {
			at := d(len(doc.Statements) + 1)
			out = append(
				out,
				&iam.Document{Version: doc.Version, Statements: doc.Statements[:at]},
				&iam.Document{Version: doc.Version, Statements: doc.Statements[at:]},
			)
		}
		*list = out
	}
	return s
}

// merge makes one document of those of a list that have one version.
func (s situation) merge() situation {
	for _, list := range s.lists() {
		var out []*iam.Document
		for _, version := range []string{iam.Version2012, iam.Version2008, ""} {
			whole, found := &iam.Document{Version: version}, false
			for _, doc := range *list {
				if doc.Version == version {
					whole.Statements, found = append(whole.Statements, doc.Statements...), true
				}
			}
			if found {
				out = append(out, whole)
			}
		}
		*list = out
	}
	return s
}

// repeat says one statement of every document twice.
func (d dice) repeat(s situation) situation {
	return s.each(func(_ iam.PolicyType, doc *iam.Document) *iam.Document {
		if len(doc.Statements) == 0 {
			return doc
		}
		changed := *doc
		again := pick(d, doc.Statements...)
		changed.Statements = slices.Insert(slices.Clone(doc.Statements), d(len(doc.Statements)+1), again)
		return &changed
	})
}
