package iam_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

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

func same(before, after answer) bool { return before == after }

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
	{name: "order is irrelevant", change: dice.shuffle, holds: same},
	{name: "a policy may be split", change: dice.split, holds: same},
	{name: "policies may be merged", change: func(_ dice, s situation) situation { return s.merge() }, holds: same},
	{name: "saying it twice is saying it once", change: dice.repeat, holds: same},
	{
		name: "the case of an action is irrelevant",
		change: func(d dice, s situation) situation {
			return s.rewrite(func(st iam.Statement) iam.Statement {
				st.Action, st.NotAction = d.recaseAll(st.Action), d.recaseAll(st.NotAction)
				return st
			})
		},
		ask:   func(d dice, req iam.Request) iam.Request { req.Action = d.recase(req.Action); return req },
		holds: same,
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
		holds: same,
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
		holds: same,
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
		for i, r := range rules {
			changed := r.change(seeded(seed+uint64(i)), s)
			for _, req := range asks {
				s.req, changed.req = req, req
				if r.ask != nil {
					changed.req = r.ask(seeded(seed), req)
				}
				if before, after := s.decide(compiled), changed.decide(compiled); !r.holds(before, after) {
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
		return s.decide(compiler{}), changed.decide(compiler{}), changed
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

// One verdict, however it is asked for; a denial has a cause and a sentence;
// and the statements that are said to be missing are what was missing.
func TestExplainingChangesNothing(t *testing.T) {
	t.Parallel()
	const requests = 4 // of one set of policies
	forSeeds(t, bulk()/requests, func(seed uint64) bool {
		d, compiled := seeded(seed), compiler{}
		s := d.situation()
		first := s.req
		for range requests {
			if wrong := s.explained(compiled); wrong != "" {
				small := s.shrink(func(s situation) bool { return s.explained(compiler{}) != "" })
				t.Errorf("WRIT_SEED=%d: %s\n%s", seed, small.explained(compiler{}), small)
				return false
			}
			s.req = d.neighbour(first)
		}
		return true
	})
}

// The same through rapid.
func TestExplainingChangesNothingInRapid(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := fromRapid(t).situation()
		if wrong := s.explained(compiler{}); wrong != "" {
			t.Fatalf("%s\n%s", wrong, s)
		}
	})
}

// explained says what is wrong with the answers to one situation, if anything.
func (s situation) explained(c compiler) string {
	req, p := &s.req, c.policies(s)
	d, e := iam.Evaluate(req, p), iam.Explain(req, p)
	if v := iam.Decide(req, p); v != d.Verdict || e.Decision.Verdict != v {
		return "Decide: " + string(v) + ", Evaluate: " + string(d.Verdict) + ", Explain: " + string(e.Decision.Verdict)
	}
	if v := iam.Decide(req, unions(p)); v != d.Verdict {
		return "the lists: " + string(d.Verdict) + ", their unions: " + string(v)
	}
	if denied := d.Verdict != iam.Allowed; denied != (len(d.BlockedBy) > 0) || denied != (d.Sentence(req) != "") || denied && len(d.Reasons(req)) == 0 {
		return string(d.Verdict) + " without a cause, or with one"
	}
	for _, m := range d.Matched {
		if !slices.Contains(e.Matched, m) {
			return m.Rule() + " decided, but Explain does not list it"
		}
	}
	for _, m := range e.Matched {
		if m.Effect == iam.Deny && d.Verdict != iam.ExplicitlyDenied && !strings.EqualFold(req.Action, "sts:GetCallerIdentity") {
			return m.Rule() + " denies, but the verdict is " + string(d.Verdict)
		}
	}
	if !s.isSound() {
		return ""
	}
	return s.lacksWhatIsMissing(c, d)
}

// isSound reports whether the request could be: no statement helps one whose
// resource is no ARN, or whose aws:PrincipalArn is somebody else.
func (s situation) isSound() bool {
	role, told := s.req.Context["aws:principalarn"]
	isARN := strings.HasPrefix(s.req.Resource, "arn:") && strings.Count(s.req.Resource, ":") >= 5
	return (isARN || s.req.Resource == "*") && !(told && s.req.Principal.Kind == iam.PrincipalSession && !slices.Equal(role.Values, []string{s.req.Principal.RoleARN}))
}

// unions puts one policy in the place of every list.
func unions(p *iam.Policies) *iam.Policies {
	one := func(list []*iam.Policy) []*iam.Policy {
		if len(list) == 0 {
			return list
		}
		return []*iam.Policy{iam.Union(list)}
	}
	joined := *p
	joined.Identity, joined.Session, joined.SCPs, joined.RCPs = one(p.Identity), one(p.Session), nil, nil
	for _, level := range p.SCPs {
		joined.SCPs = append(joined.SCPs, one(level))
	}
	for _, level := range p.RCPs {
		joined.RCPs = append(joined.RCPs, one(level))
	}
	return &joined
}

// lacksWhatIsMissing adds what is said to be missing, step by step, until the
// request is allowed or nothing can help.
func (s situation) lacksWhatIsMissing(c compiler, d iam.Decision) string {
	before := d.Verdict
	for step := 0; d.Verdict == iam.ImplicitlyDenied; step++ {
		if step == 12 {
			return "adding what is missing does not help"
		}
		missing, where := d.Missing(&s.req)
		if missing == nil {
			if slices.Contains(d.BlockedBy, iam.TypeAWSOwned) {
				return ""
			}
			return "nothing is said to be missing"
		}
		if strings.Contains(fmt.Sprint(*missing), "${") {
			return "" // written for a document that has variables, which this one need not be
		}
		var ok bool
		if s, ok = s.grant(where, *missing); !ok {
			return "there is no place for a statement of kind " + string(where)
		}
		d = iam.Evaluate(&s.req, c.policies(s))
	}
	if before != iam.ExplicitlyDenied && d.Verdict == iam.ExplicitlyDenied && !slices.Contains(d.BlockedBy, iam.TypeBlockPublicAccess) {
		return "adding what is missing denies"
	}
	return ""
}

// grant adds a statement where it is lacking: to the policies of a kind, or to
// every level of an organisation.
func (s situation) grant(kind iam.PolicyType, extra iam.Statement) (situation, bool) {
	doc := &iam.Document{Version: iam.Version2012, Statements: []iam.Statement{extra}}
	add := func(to *iam.Document) *iam.Document {
		if to == nil {
			return doc
		}
		return &iam.Document{Version: to.Version, Statements: append(slices.Clone(to.Statements), extra)}
	}
	w := &s.world
	switch kind {
	case iam.TypeIdentity:
		w.Identity = append(slices.Clone(w.Identity), doc)
	case iam.TypeSession:
		w.Session = append(slices.Clone(w.Session), doc)
	case iam.TypeBoundary:
		w.Boundary = add(w.Boundary)
	case iam.TypeEndpoint:
		w.Endpoint = add(w.Endpoint)
	case iam.TypeResource, iam.TypeKey, iam.TypeTrust:
		w.ResourceKind, w.Resource = kind, add(w.Resource)
	case iam.TypeSCP:
		w.SCPs = slices.Clone(w.SCPs)
		for i := range w.SCPs {
			w.SCPs[i] = append(slices.Clone(w.SCPs[i]), doc)
		}
	default:
		return s, false
	}
	return s, true
}
