package schema

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/schema/condition"
	"github.com/writ-dev/writ/internal/expr"
)

// abac looks at the rules that allow, and apart from them at those that deny; deny has no code when none does.
func (d *debugger) abac() (abac, deny Verdict) {
	if len(d.s.Rules) == 0 {
		return Verdict{Code: "disabled", Reason: "the policy has no rules"}, deny
	}
	if v, ok := d.known(); !ok {
		return v, deny
	}
	var unknown []string // a rule that denies counts when its condition has no answer
	for i := range d.s.Sets {
		set := &d.s.Sets[i]
		if set.Resource != "" && set.Resource != d.q.Resource.Type {
			continue
		}
		switch ok, err := d.within(set.Key); {
		case err != nil:
			unknown = append(unknown, set.Key)
		case ok && set.Resource == "":
			abac.UserSets = append(abac.UserSets, set.Key)
		case ok:
			abac.ResourceSets = append(abac.ResourceSets, set.Key)
		}
	}
	var denying []RuleUse
	users, resources := false, false
	for i := range d.s.Rules {
		rule := &d.s.Rules[i]
		kind, action, _ := strings.Cut(rule.Permission, ":")
		if kind != d.q.Resource.Type || !slices.Contains(d.resource.expand(action), d.q.Action.Name) {
			continue
		}
		in := append(slices.Clone(abac.UserSets), abac.ResourceSets...)
		if rule.Deny {
			in = append(in, unknown...)
		}
		who, what := d.who(rule, in), d.what(rule, in)
		if !rule.Deny {
			users, resources = users || who, resources || what
		}
		if !who || !what || !d.own(rule) {
			continue
		}
		if rule.Deny {
			denying = append(denying, use(rule))
		} else {
			abac.Rules = append(abac.Rules, use(rule))
		}
	}
	if len(denying) > 0 {
		deny = Verdict{Code: "deny", Reason: "a rule denies it, whatever else allows it", Rules: denying}
	}
	switch {
	case len(abac.Rules) > 0:
		abac.Allow, abac.Code, abac.Reason = true, "allow", "a rule allows it"
	case !users:
		abac.Code, abac.Reason = "no_matching_usersets", "the user is in none of the user sets that rules about this are about"
	case !resources:
		abac.Code, abac.Reason = "no_matching_resourcesets", "the resource is in none of the resource sets that rules about this are about"
	default:
		abac.Code, abac.Reason = "no_matching_rules", "no rule is about these users and these resources together"
	}
	return abac, deny
}

func use(r *Rule) RuleUse {
	u := RuleUse{Rule: r.Key}
	if r.IsRole {
		u.Role = r.Users
	} else {
		u.UserSet = r.Users
	}
	if r.IsResource || r.Resources == "" {
		u.ResourceType, _, _ = strings.Cut(r.Permission, ":")
	} else {
		u.ResourceSet = r.Resources
	}
	return u
}

// who reports whether a rule is about the user.
func (d *debugger) who(r *Rule, sets []string) bool {
	if r.IsRole {
		return d.holds(authz.Entity{Type: authz.TenantType, ID: d.tenant}, r.Users, d.tenant)
	}
	return d.q.Subject.Type == UserType && (r.Users == "" || slices.Contains(sets, r.Users))
}

// what reports whether a rule is about the resource.
func (d *debugger) what(r *Rule, sets []string) bool {
	return r.IsResource || r.Resources == "" || slices.Contains(sets, r.Resources)
}

// own reports whether a rule's own conditions let it count. One without an answer lets a rule count that denies, and none that allows.
func (d *debugger) own(r *Rule) bool {
	unknown := false
	if r.When != "" {
		ok, err := d.eval(r.When)
		if err == nil && !ok {
			return false
		}
		unknown = err != nil
	}
	if r.Except != "" {
		ok, err := d.eval(r.Except)
		if err == nil && ok {
			return false
		}
		unknown = unknown || err != nil
	}
	return !unknown || r.Deny
}

// within reports whether the condition of a set holds, and those of the sets above it. One that does not
// hold decides, whatever has no answer beside it.
func (d *debugger) within(key string) (bool, error) {
	var unknown error
	for steps := 0; key != ""; steps++ {
		set := d.s.Set(key)
		if set == nil || steps > len(d.s.Sets) {
			return false, nil
		}
		source := set.When
		if source == "" {
			text, err := condition.Translate(set.Conditions)
			if err != nil {
				return false, err
			}
			source = text
		}
		ok, err := d.eval(source)
		if err == nil && !ok {
			return false, nil
		}
		if err != nil {
			unknown = err
		}
		key = set.Parent
	}
	return unknown == nil, unknown
}

func (d *debugger) eval(source string) (bool, error) {
	p, err := expr.Compile(source, d.scope, writ.Position{})
	if err != nil {
		return false, err
	}
	return p.Eval(&facts{d})
}
