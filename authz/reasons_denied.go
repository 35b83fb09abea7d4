package authz

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/internal/engine"
	"github.com/writ-dev/writ/internal/expr"
)

// The bounds of a search for what came nearest: a reason is for reading.
const (
	maxNear    = 64 // relations of objects that are looked at
	maxRelated = 8  // tuples that are followed of one relation
	maxReasons = 12
)

// denial finds what came nearest to allowing.
type denial struct {
	*explanation
	seen    []step
	reasons []ranked
	grants  []grant
	rules   []*expr.Program
	within  string // the rule that is being looked into
	far     func() // says what is missing of a rule that misses more than its condition
	named   int    // rules that are for the subject
	// conditional are the relations whose tuples may name the subject only with a condition.
	conditional []conditionalGrant
	// onResource: a fix is a tuple of the very resource.
	onResource bool
	// beside counts the rewrites around the place that is being looked at which may say no whatever holds there.
	beside int
	depth  int // of the relation that is being looked at
}

// grant is a relation that may allow it if the subject had a tuple.
type grant struct {
	step
	sure  bool // it allows it: only unions lead there
	depth int  // relations that lead there
}

func (d *denial) reset() {
	clear(d.seen)
	clear(d.reasons)
	clear(d.grants)
	clear(d.rules)
	clear(d.conditional)
	*d = denial{
		seen: d.seen[:0], reasons: d.reasons[:0], grants: d.grants[:0], rules: d.rules[:0], conditional: d.conditional[:0],
	}
}

// denied gives the reasons of a deny: what stopped it, then what was missing.
func (x *explanation) denied() []writ.Reason {
	d := &x.a.scratch.denial
	d.explanation = x
	d.relation(step{x.a.resource, x.a.goal})
	d.strangersToUs()
	d.offer()
	d.strangeResource()
	if len(d.reasons) == 0 && d.far != nil {
		d.far()
	}
	slices.SortStableFunc(d.reasons, func(x, y ranked) int { return x.rank - y.rank })
	if len(d.reasons) == 0 {
		d.say(rankRest, "", writ.Position{}, "nothing gives "+brief(x.a.q.Action.Name)+" on "+brief(x.a.q.Resource.Type)+" to "+x.who())
	}
	if len(d.reasons) > maxReasons {
		d.reasons = d.reasons[:maxReasons]
	}
	reasons := make([]writ.Reason, len(d.reasons))
	for i, r := range d.reasons {
		reasons[i] = r.Reason
	}
	x.who() // texts do not overlap
	begun := x.begin()
	x.addMay(false)
	x.add(": ", reasons[0].Message)
	reasons[0].Message = x.end(begun)
	return reasons
}

// The ranks of reasons: what is most likely the cause comes first.
const (
	rankDenied   = iota // something took it away
	rankIdle            // a tuple would give it but for its time or its condition
	rankFalse           // a rule does not hold, or has no answer for one whom it is for
	rankStranger        // the subject, the tenant, or the resource that a fix is about is not known
	rankGrant           // a role or a relation is missing
	rankUnknown         // a rule has no answer
	rankRest
)

type ranked struct {
	writ.Reason
	rank int
}

func (d *denial) say(rank int, rule string, at writ.Position, message string) *writ.Reason {
	effect := writ.EffectMissing
	if rank == rankDenied {
		effect = writ.EffectDeny
	}
	d.reasons = append(d.reasons, ranked{
		writ.Reason{Layer: writ.LayerPolicy, Effect: effect, Rule: rule, Position: at, Message: message}, rank,
	})
	return &d.reasons[len(d.reasons)-1].Reason
}

// strangersToUs names those that nothing is stored about.
func (d *denial) strangersToUs() {
	a := d.a
	if a.q.Subject.ID != Everyone && !a.Known(a.Subject) {
		about := "nothing is stored about " + entityText(Entity{a.q.Subject.Type, a.q.Subject.ID})
		if set, _, ok := strings.Cut(a.q.Subject.ID, "#"); ok {
			about = "an ID has no #, and a question is about one subject, not about all who are in " + entityText(Entity{a.q.Subject.Type, set})
		}
		d.say(rankStranger, "", writ.Position{}, about)
	}
	if a.Tenant != 0 && a.c.tenant != nil && !a.Known(a.Tenant) {
		d.say(rankStranger, "", writ.Position{}, "nothing is stored about tenant "+d.tenantName())
	}
}

// strangeResource says that nothing is stored about the resource: first of what is missing when it would be given a
// role on it, since its name is then most likely misspelt.
func (d *denial) strangeResource() {
	if d.a.q.Resource.ID == "" || d.a.Known(d.a.resource) {
		return
	}
	rank := rankRest
	if d.onResource {
		rank = rankStranger
	}
	d.say(rank, "", writ.Position{}, "nothing is stored about "+entityText(requested(d.a.q)))
}

func (d *denial) relation(s step) {
	if len(d.seen) >= maxNear || len(d.reasons) >= maxReasons || slices.Contains(d.seen, s) {
		return
	}
	d.seen = append(d.seen, s)
	d.depth++
	d.near(s, s.r.source.Rewrite, s.r.Body)
	d.depth--
}

// near looks into a rewrite that is not yes.
func (d *denial) near(s step, w Rewrite, n *engine.Node) {
	switch w := w.(type) {
	case Direct, Stored:
		d.nearTuples(s, d.a.c.from(n.Tuples))
	case Computed:
		d.relation(step{s.object, d.a.c.from(n.To)})
	case From:
		d.nearFrom(s, n)
	case InTenant:
		if d.a.Tenant != 0 {
			d.relation(step{d.a.Tenant, d.a.c.from(n.To)})
		} else if !slices.ContainsFunc(d.reasons, func(r ranked) bool { return r.Message == noTenant }) {
			d.say(rankGrant, "", w.Position, noTenant)
		}
	case When:
		d.beside++
		d.nearWhen(s, w, n)
		d.beside--
	case Union:
		for i, k := range w.Of {
			d.near(s, k, n.Kids[i])
		}
	case Intersection:
		d.beside++
		for i, k := range w.Of {
			if d.a.Eval(n.Kids[i], s.object) != engine.Yes {
				d.near(s, k, n.Kids[i])
			}
		}
		d.beside--
	case Exclusion:
		if d.a.Eval(n.Kids[0], s.object) != engine.Yes {
			d.beside++
			d.near(s, w.Base, n.Kids[0])
			d.beside--
		} else {
			d.stopped(s, w, n)
			return
		}
		// A rule that denies stands in the way of every fix, so it is named even where nothing allows yet.
		if w.Deny != "" && d.a.Eval(n.Kids[1], s.object) != engine.No {
			d.stopped(s, w, n)
		} else if w.Deny == "" {
			d.wouldStop(s, w, n)
		}
	}
}

const noTenant = "the request is in no tenant, so that no role in a tenant counts"

// stopped says what takes away what the subject has.
func (d *denial) stopped(s step, w Exclusion, n *engine.Node) {
	minus := n.Kids[1]
	name := "an exclusion"
	if w.Deny != "" {
		name = ruleName(w.Deny)
	}
	if d.a.Eval(minus, s.object) == engine.Yes {
		because := strings.TrimPrefix(story(d.trySide(s, w.Minus, minus)), name+" holds: ")
		if w.Deny == "" {
			d.say(rankDenied, "", w.Position, "what would allow it does not count, because "+because)
		} else {
			d.say(rankDenied, w.Deny, w.Position, name+" denies it: "+because)
		}
		return
	}
	why := "it depends on itself"
	if u := d.firstUnknown(s, w.Minus, minus); u != "" {
		why = strings.TrimPrefix(u, name+" has no answer, because ")
	}
	said := d.say(rankDenied, w.Deny, w.Position, "whether "+name+" denies it has no answer, and what has none never allows: "+why)
	if rule, ok := w.Minus.(When); ok {
		said.Fix = d.fixCondition(rule, d.ruleNode(s, rule))
		if missing, ok := onlyMissing(said.Fix); ok && w.Deny != "" {
			said.Fix.Summary += "; if the rule is not meant for what has none, begin its condition with has(" + missing + ") &&"
		}
	}
}

// wouldStop says what would take it away from the subject if it were given: a tuple alone is then no fix. What
// holds only for those without a role of their own is no such thing, since a role of their own is then there.
func (d *denial) wouldStop(s step, w Exclusion, n *engine.Node) {
	if s.object != d.a.resource || readsStored(w.Minus) || d.a.Eval(n.Kids[1], s.object) != engine.Yes {
		return
	}
	because := story(d.trySide(s, w.Minus, n.Kids[1]))
	d.say(rankFalse, "", w.Position, because+", which takes away what would allow it")
}

func readsStored(w Rewrite) bool {
	switch w := w.(type) {
	case Stored:
		return true
	case Union:
		return slices.ContainsFunc(w.Of, readsStored)
	}
	return false
}

// firstUnknown finds the condition without an answer that an exclusion hangs upon.
func (d *denial) firstUnknown(s step, w Rewrite, n *engine.Node) string {
	var found string
	var look func(p *Node)
	look = func(p *Node) {
		if found == "" && p.Verdict == engine.Unknown.String() && (p.Kind == "condition" || p.Kind == "rule") {
			found = p.Message
		}
		for _, k := range p.Parts {
			look(k)
		}
	}
	look(d.trySide(s, w, n))
	return found
}

// nearTuples looks for tuples that would count but for their time or their condition.
func (d *denial) nearTuples(s step, r *relation) {
	at := step{s.object, r}
	mine := d.mine(s.object, r.Rel)
	for _, l := range mine {
		d.idle(at, l)
	}
	if len(mine) == 0 {
		d.mayTake(at)
	}
	left := maxRelated
	d.usersets(s.object, r, true, func(l link) bool {
		left--
		if l.extra != nil && d.a.Counts(l.extra) != engine.Yes && d.a.holds(d.a.c.relation(l.srel), l.subject) == engine.Yes {
			d.idle(at, l)
		}
		return left > 0
	})
}

// idle says why a tuple that would give the relation does not.
func (d *denial) idle(s step, l link) {
	v := d.a.Counts(l.extra)
	if v == engine.Yes {
		return
	}
	n := d.tupleNode(s, s.r, l, v)
	message := n.Message
	for _, p := range n.Parts {
		message += ", but " + p.Message
	}
	said := d.say(rankIdle, brief(n.Tuple.String()), s.r.source.Position, message)
	said.Fix = d.fixIdle(n.Tuple)
}

func (d *denial) nearFrom(s step, n *engine.Node) {
	left := maxRelated
	d.links(s.object, n.Tuples.Rel, func(l link) bool {
		to := d.a.c.from(n.Target(d.a.TypeOf(l.subject)))
		if to == nil {
			return true
		}
		left--
		switch d.a.Counts(l.extra) {
		case engine.Yes:
			d.relation(step{l.subject, to})
		default:
			if d.a.holds(to, l.subject) == engine.Yes {
				d.idle(step{s.object, d.a.c.from(n.Tuples)}, l)
			}
		}
		return left > 0
	})
}
