package policyfile

import (
	"encoding/json"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/internal/tree"
)

// userSets reads `contractors: user.contract == "external"`, or the same under when.
func (p *parser) userSets(n *tree.Node) {
	for _, e := range p.Named(n, "user_sets") {
		x := schema.Set{Header: header(e)}
		if !e.Value.Empty() && e.Value.Kind == tree.Scalar {
			x.When, x.WhenPosition = e.Value.Text, e.Value.Pos
			p.s.Sets = append(p.s.Sets, x)
			continue
		}
		p.set(e, &x, []string{"when", "conditions", "below", "name", "description"})
	}
}

func (p *parser) resourceSets(n *tree.Node) {
	for _, e := range p.Named(n, "resource_sets") {
		x := schema.Set{Header: header(e)}
		p.set(e, &x, []string{"resource", "when", "conditions", "below", "name", "description"})
	}
}

func (p *parser) set(e tree.Entry, x *schema.Set, keys []string) {
	what := "set " + tree.Short(e.Key)
	fields := p.Object(e.Value, what, keys...)
	for _, f := range fields {
		switch f.Key {
		case "resource":
			x.Resource = p.String(f.Value, "resource")
			p.s.Mark(e.Pos, x.Resource, f.Value.Pos)
		case "when":
			x.When, x.WhenPosition = p.String(f.Value, "when"), f.Value.Pos
		case "conditions":
			text, err := json.Marshal(f.Value.Value())
			if err != nil {
				p.Problem(f.Value.Pos, "conditions: %v", err)
			}
			x.Conditions = text
		case "below":
			x.Parent = p.String(f.Value, "below")
			p.s.Mark(e.Pos, x.Parent, f.Value.Pos)
		case "name":
			x.Name = p.String(f.Value, "name")
		case "description":
			x.Description = p.String(f.Value, "description")
		}
	}
	if misspelt(e.Value, fields) {
		return // what seems to be missing is news only when it is
	}
	if keys[0] == "resource" && x.Resource == "" {
		_ = p.Problem(e.Pos, "%s does not say of which resource", what).WithHint("add  resource: NAME")
		return
	}
	if x.When == "" && x.Conditions == nil && x.Parent == "" {
		_ = p.Problem(e.Pos, "%s has no condition", what).WithHint("add  when: CONDITION")
		return
	}
	if x.When == "" && x.Conditions == nil {
		x.When = "true" // as the set that it stands below
	}
	p.s.Sets = append(p.s.Sets, *x)
}

// misspelt reports whether a map has keys that are unknown.
func misspelt(n *tree.Node, known []tree.Entry) bool {
	written := 0
	for _, e := range n.Entries {
		if !e.Value.Empty() {
			written++
		}
	}
	return written > len(known)
}

// everyone is who a rule is about when it is about all users.
const everyone = "everyone"

// rules reads `NAME: {allow: WHO, to: resource:action, on: SET, when: CONDITION, except: CONDITION}`, or deny for allow.
func (p *parser) rules(n *tree.Node) {
	for _, e := range p.Named(n, "rules") {
		p.rule(e)
	}
}

func (p *parser) rule(e tree.Entry) {
	rule := schema.Rule{Header: header(e)}
	what := "rule " + tree.Short(e.Key)
	var to []string
	var who, on *tree.Node
	fields := p.Object(e.Value, what, "allow", "deny", "to", "on", "when", "except", "name", "description")
	for _, f := range fields {
		switch f.Key {
		case "allow", "deny":
			if who != nil {
				p.Problem(f.Pos, "%s allows and denies", what).Hint = "write two rules; a rule that denies wins over all that allow"
				return
			}
			who, rule.Deny = f.Value, f.Key == "deny"
		case "to":
			to = p.texts(f.Value, "to", e.Pos)
		case "on":
			on = f.Value
		case "when":
			rule.When, rule.WhenPosition = p.String(f.Value, "when"), f.Value.Pos
		case "except":
			rule.Except, rule.ExceptPosition = p.String(f.Value, "except"), f.Value.Pos
		case "name":
			rule.Name = p.String(f.Value, "name")
		case "description":
			rule.Description = p.String(f.Value, "description")
		}
	}
	if misspelt(e.Value, fields) {
		return
	}
	if who == nil {
		_ = p.Problem(e.Pos, "%s does not say whom it allows or denies", what).WithHint("add  allow: WHO  or  deny: WHO, where WHO is a role, a user set or everyone")
		return
	}
	if len(to) == 0 {
		_ = p.Problem(e.Pos, "%s does not say what it is about", what).WithHint("add  to: resource:action")
		return
	}
	for _, name := range p.Strings(who, "allow and deny") {
		p.who(&rule, name, e.Pos)
		for _, permission := range to {
			p.spread(rule, permission, on)
		}
	}
}

// who finds out whether a name is that of a role or of a user set.
func (p *parser) who(rule *schema.Rule, name *tree.Node, part writ.Position) {
	p.s.Mark(part, name.Text, name.Pos)
	rule.Users, rule.IsRole = "", false
	if name.Text == everyone {
		return
	}
	rule.Users = name.Text
	set, role := p.s.Set(name.Text), p.s.Role(name.Text)
	rule.IsRole = role != nil && set == nil
	if role != nil && set != nil {
		_ = p.Problem(name.Pos, "%q is a role and a user set", name.Text).WithHint("give one of the two another name")
	}
	if role == nil && set == nil {
		candidates := []string{everyone}
		for _, r := range p.s.Roles {
			candidates = append(candidates, r.Key)
		}
		for _, s := range p.s.Sets {
			if s.Resource == "" {
				candidates = append(candidates, s.Key)
			}
		}
		p.Suggest(p.Problem(name.Pos, "there is no role and no user set %q", tree.Short(name.Text)), name.Text, candidates, "there is ")
		rule.Users = ""
	}
}

// spread makes one rule for a permission, on the sets of its resource.
func (p *parser) spread(rule schema.Rule, permission string, on *tree.Node) {
	rule.Permission = permission
	kind, _, _ := strings.Cut(permission, ":")
	rule.Resources, rule.IsResource = kind, true
	if on.Empty() {
		p.s.Rules = append(p.s.Rules, rule)
		return
	}
	for _, v := range p.Strings(on, "on") {
		p.s.Mark(rule.Position, v.Text, v.Pos)
		rule.Resources, rule.IsResource = v.Text, false
		if p.s.Set(v.Text) == nil && p.s.Resource(v.Text) != nil {
			rule.IsResource = true
		}
		p.s.Rules = append(p.s.Rules, rule)
	}
}
