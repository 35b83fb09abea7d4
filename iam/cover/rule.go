package cover

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/catalog"
)

// rule is one statement, of the given policies or of a need.
type rule struct {
	iam.Match
	source *iam.Statement
	// version is that of its document.
	version string
	// named asks whether the statement is about an action, whatever else it says.
	named *iam.Policies
}

func newRule(m iam.Match) *rule {
	r := &rule{Match: m, source: m.Source(), version: m.Version()}
	about := iam.Statement{Effect: iam.Allow, Action: r.source.Action, NotAction: r.source.NotAction, Resource: []string{"*"}}
	r.named = only(iam.Compile(&iam.Document{Version: r.version, Statements: []iam.Statement{about}}, iam.Origin{Type: iam.TypeIdentity}))
	return r
}

// only are the policies of somebody who has one identity policy.
func only(p *iam.Policy) *iam.Policies { return &iam.Policies{Identity: []*iam.Policy{p}} }

// everyone is a caller for questions in which the caller has no part.
var everyone = iam.Principal{Kind: iam.PrincipalRole, ARN: "arn:aws:iam::000000000000:role/any", Account: "000000000000"}

// names reports whether the statement is about an action.
func (r *rule) names(action string) bool {
	return iam.Decide(&iam.Request{Principal: everyone, Action: action, Resource: "*"}, r.named) == iam.Allowed
}

// alone are the policies of somebody who has this statement and no other.
func (r *rule) alone() *iam.Policy {
	return iam.Compile(&iam.Document{Version: r.version, Statements: []iam.Statement{*r.source}}, r.Origin)
}

func (r *rule) resources() []string {
	return slices.Concat(r.source.Resource, r.source.NotResource)
}

// actions gives the real actions that the statement is about, and those of its
// entries that are none.
func (r *rule) actions() (real []catalog.Action, unreal []string) {
	if r.source.NotAction != nil {
		return r.namedOf(catalog.AWS().Expand("*")), nil
	}
	seen := map[string]bool{}
	for _, entry := range r.source.Action {
		found := catalog.AWS().Expand(entry)
		if service, _, _ := strings.Cut(entry, ":"); entry != "*" && strings.ContainsAny(service, "*?") {
			found = r.namedOf(catalog.AWS().Expand("*"))
		}
		if len(found) == 0 {
			unreal = append(unreal, entry)
		}
		for _, a := range found {
			if name := a.String(); !seen[name] && r.names(name) {
				seen[name] = true
				real = append(real, a)
			}
		}
	}
	return real, unreal
}

func (r *rule) namedOf(all []catalog.Action) []catalog.Action {
	return slices.DeleteFunc(slices.Clone(all), func(a catalog.Action) bool { return !r.names(a.String()) })
}

// rules lists the statements of all policies, once each.
func rules(p *iam.Policies) []*rule {
	all := slices.Concat(p.Identity, []*iam.Policy{p.Boundary, p.Endpoint, p.Resource}, p.Session, slices.Concat(p.SCPs...), slices.Concat(p.RCPs...))
	var list []*rule
	for _, policy := range all {
		if policy == nil {
			continue
		}
		for _, m := range policy.Statements() {
			list = append(list, newRule(m))
		}
	}
	return list
}

// each changes every policy.
func each(p *iam.Policies, change func(*iam.Policy) *iam.Policy) *iam.Policies {
	one := func(p *iam.Policy) *iam.Policy {
		if p == nil {
			return nil
		}
		return change(p)
	}
	list := func(l []*iam.Policy) []*iam.Policy {
		out := slices.Clone(l)
		for i := range out {
			out[i] = one(out[i])
		}
		return out
	}
	levels := func(l [][]*iam.Policy) [][]*iam.Policy {
		out := slices.Clone(l)
		for i := range out {
			out[i] = list(out[i])
		}
		return out
	}
	return &iam.Policies{
		Identity: list(p.Identity), Session: list(p.Session), SCPs: levels(p.SCPs), RCPs: levels(p.RCPs),
		Resource: one(p.Resource), Boundary: one(p.Boundary), Endpoint: one(p.Endpoint), BlockPublicAccess: p.BlockPublicAccess,
	}
}

// guess gives the policies as they would be if the variables of unknown keys
// in resources stood for any text, where that helps the caller, or where it does not.
func guess(p *iam.Policies, unknown func(key string) bool, favourable bool) *iam.Policies {
	return each(p, func(policy *iam.Policy) *iam.Policy {
		statements := policy.Statements()
		if !slices.ContainsFunc(statements, func(m iam.Match) bool { return len(unknownIn(m, unknown)) > 0 }) {
			return policy
		}
		list := make([]*iam.Policy, len(statements))
		for i, m := range statements {
			s := *m.Source()
			if widen := (s.Effect == iam.Allow) == favourable; widen {
				s.Resource = anyFor(s.Resource, unknown)
			} else {
				s.NotResource = anyFor(s.NotResource, unknown)
			}
			list[i] = iam.Compile(&iam.Document{Version: m.Version(), Statements: []iam.Statement{s}}, m.Origin)
		}
		return iam.Union(list)
	})
}

// unknownIn gives the unknown keys that are variables in a statement's resources.
func unknownIn(m iam.Match, unknown func(string) bool) []string {
	var keys []string
	if m.Version() == iam.Version2012 {
		for _, entry := range slices.Concat(m.Source().Resource, m.Source().NotResource) {
			keys = append(keys, slices.DeleteFunc(variablesIn(entry), func(key string) bool { return !unknown(key) })...)
		}
	}
	return keys
}

// variablesIn gives the keys whose variables a text holds.
func variablesIn(s string) []string {
	var keys []string
	for i := strings.Index(s, "${"); i >= 0 && i < len(s); i++ {
		size := iam.VariableLen(s[i:])
		if size == 0 {
			continue
		}
		key, _, _ := strings.Cut(s[i+2:i+size-1], ",")
		if key = iam.Key(strings.TrimSpace(key)); key != "*" && key != "?" && key != "$" {
			keys = append(keys, key)
		}
		i += size - 1
	}
	return keys
}

// anyFor puts "*" in the place of the variables of unknown keys.
func anyFor(entries []string, unknown func(string) bool) []string {
	out := slices.Clone(entries)
	for i, s := range out {
		var b strings.Builder
		for s != "" {
			size := max(iam.VariableLen(s), 1)
			if size > 1 && len(variablesIn(s[:size])) == 1 && unknown(variablesIn(s[:size])[0]) {
				b.WriteByte('*')
			} else {
				b.WriteString(s[:size])
			}
			s = s[size:]
		}
		out[i] = b.String()
	}
	return out
}
