package authz

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ/authz/internal/engine"
)

// maxNamed is how many rules that are for the subject come before the roles that it could be given.
const maxNamed = 3

// nearWhen says what a condition saw that does not hold. A rule that is also for others is
// worth naming only when there is nothing nearer.
func (d *denial) nearWhen(s step, w When, n *engine.Node) {
	a := d.a
	switch {
	case w.Then == nil && (n.Subject != a.SubjectType || a.SubjectRel != 0):
		return
	case w.Then == nil:
		d.rule(s, w)
	case a.OfRule(n.Condition, s.object) == engine.Yes:
		outer := d.within
		if d.within == "" {
			d.within = w.Rule
		}
		d.near(s, w.Then, n.Kids[0])
		d.within = outer
	case a.Eval(n.Kids[0], s.object) == engine.Yes:
		d.rule(s, w)
	case d.isFor(s, w, n):
		d.rule(s, w)
		outer := d.within
		if d.within == "" {
			d.within = w.Rule
		}
		d.near(s, w.Then, n.Kids[0])
		d.within = outer
	case d.far == nil:
		within := d.within
		d.far = func() {
			d.within = within
			d.rule(s, w)
		}
	}
}

// isFor reports whether a rule is for the subject: whom it names has the role or is in the user set, so that only other
// conditions of it are in the way.
func (d *denial) isFor(s step, w When, n *engine.Node) bool {
	inner, ok := w.Then.(When)
	if !ok {
		return false
	}
	kid, named := n.Kids[0], false
	for {
		if strings.HasPrefix(inner.Rule, userSet) {
			if d.a.OfRule(kid.Condition, s.object) != engine.Yes {
				return false
			}
			named = true
		}
		next, ok := inner.Then.(When)
		if !ok {
			break
		}
		inner, kid = next, kid.Kids[0]
	}
	if inner.Then == nil {
		return named
	}
	return d.a.Eval(kid.Kids[0], s.object) == engine.Yes
}

// rule says what a rule's condition saw, once where many rules have the same one.
func (d *denial) rule(s step, w When) {
	if slices.Contains(d.rules, w.Condition) {
		return
	}
	d.rules = append(d.rules, w.Condition)
	r := d.ruleNode(s, w)
	rank := rankFalse
	if w.Then != nil {
		d.named++
	}
	if w.Then == nil && d.within == "" && r.Verdict == engine.Unknown.String() || d.named > maxNamed {
		rank = rankUnknown
	}
	if d.within != "" && d.within != w.Rule {
		r.Message = ruleName(d.within) + " does not allow it: " + r.Message
	}
	said := d.say(rank, w.Rule, w.Position, r.Message)
	said.Fix = d.fixCondition(w, r)
}
