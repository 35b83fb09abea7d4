package lint

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
)

// covers reports whether every request that matches narrow matches wide too.
// A false may be wrong, a true is not.
func covers(wide, narrow *statement) bool {
	return actionsWithin(narrow, wide) && resourcesWithin(narrow, wide) &&
		principalsWithin(narrow, wide) && conditionsWithin(narrow, wide)
}

func actionTokens(s string) []token {
	tokens, _ := syntax{wildcards: true, fold: true}.read(s)
	return tokens
}

// entries are the entries of Action and Resource, or of their Not forms, cut
// into tokens once.
type entries struct {
	actions   [][]token
	resources [][][]token // nil for what is no ARN of six parts
	unknown   bool        // some action holds unknown text
}

func (s *statement) cut() *entries {
	if s.tokens != nil {
		return s.tokens
	}
	e := &entries{unknown: hasUnknownIn(s.Action, s.NotAction)}
	for _, entry := range slices.Concat(s.Action, s.NotAction) {
		e.actions = append(e.actions, actionTokens(entry))
	}
	for _, entry := range slices.Concat(s.Resource, s.NotResource) {
		e.resources = append(e.resources, arnTokens(entry, s.variables, 5))
	}
	s.tokens = e
	return e
}

// neverMatches reports an entry of Action that matches no action at all.
func neverMatches(entry string) bool {
	return strings.ContainsAny(entry, " \t\r\n") || entry != "*" && !strings.Contains(entry, ":")
}

func actionsWithin(narrow, wide *statement) bool {
	a, b := narrow.cut(), wide.cut()
	if a.unknown || b.unknown {
		return slices.Equal(narrow.Action, wide.Action) && slices.Equal(narrow.NotAction, wide.NotAction)
	}
	// inside reports whether an entry of one list lies within one of another.
	inside := func(entry []token, of [][]token, texts []string) bool {
		for i := range of {
			if within(entry, of[i]) && !neverMatches(texts[i]) {
				return true
			}
		}
		return false
	}
	switch {
	case wide.NotAction == nil && slices.Contains(wide.Action, "*"):
		return true
	case narrow.NotAction != nil && wide.NotAction != nil:
		return all(b.actions, func(entry []token) bool { return inside(entry, a.actions, narrow.NotAction) })
	case narrow.NotAction != nil:
		return false
	case wide.NotAction != nil:
		return all(a.actions, func(entry []token) bool {
			return all(b.actions, func(not []token) bool { return disjoint(entry, not) })
		})
	}
	return all(a.actions, func(entry []token) bool { return inside(entry, b.actions, wide.Action) })
}

func resourcesWithin(narrow, wide *statement) bool {
	if anyResource(wide) {
		return true
	}
	if wide.Resource == nil && wide.NotResource == nil || narrow.Resource == nil && narrow.NotResource == nil {
		return false
	}
	whole := func(s *statement) bool {
		return all(s.cut().resources, func(parts [][]token) bool { return parts != nil })
	}
	switch {
	case narrow.NotResource != nil && wide.NotResource != nil:
		return whole(wide) && whole(narrow) && entriesInside(wide, wide.NotResource, narrow, narrow.NotResource)
	case narrow.NotResource != nil:
		return false
	case wide.NotResource != nil:
		return whole(wide) && all(narrow.cut().resources, func(entry [][]token) bool {
			return all(wide.cut().resources, func(not [][]token) bool { return disjointARN(entry, not) })
		})
	}
	return entriesInside(narrow, narrow.Resource, wide, wide.Resource)
}

// entriesInside reports whether every entry of Resource or NotResource of one
// statement lies within one of another.
func entriesInside(a *statement, list []string, b *statement, of []string) bool {
	comparable := a.policy.Type == b.policy.Type
	for i, entry := range list {
		found := false
		for j := range of {
			same := comparable && entry == of[j] && (a.variables == b.variables || !isVariable(entry))
			if same || of[j] == "*" || withinARN(a.cut().resources[i], b.cut().resources[j]) {
				found = true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}

// anyResource reports whether a statement is about every resource, as those
// without Resource are in the policy of a resource.
func anyResource(s *statement) bool {
	if s.NotResource != nil {
		return false
	}
	if s.Resource == nil {
		switch s.policy.Type {
		case iam.TypeResource, iam.TypeTrust, iam.TypeKey:
			return true
		}
	}
	return slices.Contains(s.Resource, "*")
}

// principalsWithin compares by text: who names more entries grants as much or more.
func principalsWithin(narrow, wide *statement) bool {
	if !narrow.namesPrincipals() && !wide.namesPrincipals() {
		return true
	}
	if narrow.NotPrincipal != nil || wide.NotPrincipal != nil {
		return narrow.Principal == nil && wide.Principal == nil && samePrincipal(narrow.NotPrincipal, wide.NotPrincipal)
	}
	if narrow.Principal == nil || wide.Principal == nil {
		return narrow.Principal == wide.Principal
	}
	return everybody(wide.Principal) || !everybody(narrow.Principal) && principalIn(narrow.Principal, wide.Principal)
}

func everybody(p *iam.PrincipalElement) bool { return p.All || slices.Contains(p.AWS, "*") }

func principalIn(a, b *iam.PrincipalElement) bool {
	return allIn(a.AWS, b.AWS) && allIn(a.Service, b.Service) && allIn(a.Federated, b.Federated) && allIn(a.CanonicalUser, b.CanonicalUser)
}

func samePrincipal(a, b *iam.PrincipalElement) bool {
	return a != nil && b != nil && a.All == b.All && principalIn(a, b) && principalIn(b, a)
}

// conditionsWithin reports whether all conditions of wide hold whenever those
// of narrow do.
func conditionsWithin(narrow, wide *statement) bool {
	for i := range wide.Conditions {
		w := &wide.Conditions[i]
		implied := slices.ContainsFunc(narrow.Conditions, func(n iam.ConditionElement) bool {
			if narrow.variables != wide.variables && (slices.ContainsFunc(n.Values, isVariable) || slices.ContainsFunc(w.Values, isVariable)) {
				return false
			}
			return implies(&n, w)
		})
		if !implied {
			return false
		}
	}
	return true
}

// sameKey compares as iam.Key has it; nearly all pairs part at the first look.
func sameKey(a, b string) bool { return strings.EqualFold(a, b) && iam.Key(a) == iam.Key(b) }

func isVariable(s string) bool { return strings.Contains(s, "${") }

// implies compares conditions of one operator on one key: a positive one is
// wider with more values, a negated one with fewer.
func implies(n, w *iam.ConditionElement) bool {
	a, b := parseOperator(n.Operator), parseOperator(w.Operator)
	if !a.known || !b.known || !sameKey(n.Key, w.Key) || a.base != b.base || a.set != b.set {
		return false
	}
	if a.ifExists != b.ifExists && (a.ifExists || a.set != "") {
		return false // with IfExists is the wider of the two
	}
	if a.negated() {
		return allIn(w.Values, n.Values)
	}
	return allIn(n.Values, w.Values)
}

func all[T any](list []T, ok func(T) bool) bool {
	return !slices.ContainsFunc(list, func(v T) bool { return !ok(v) })
}

func allIn(a, b []string) bool {
	if len(a)*len(b) > 1024 {
		known := make(map[string]bool, len(b))
		for _, s := range b {
			known[s] = true
		}
		return all(a, func(s string) bool { return known[s] })
	}
	return all(a, func(s string) bool { return slices.Contains(b, s) })
}

func hasUnknownIn(lists ...[]string) bool {
	return slices.ContainsFunc(lists, func(l []string) bool { return slices.ContainsFunc(l, hasUnknown) })
}
