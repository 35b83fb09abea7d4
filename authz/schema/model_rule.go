package schema

import (
	"errors"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/schema/condition"
	"github.com/writ-dev/writ/internal/expr"
)

// programKey is a set's condition on a type of resource, whose declared attributes count.
type programKey struct{ set, kind string }

// sourceKey is a condition on a type of resource, and its place, which its errors tell.
type sourceKey struct {
	source, kind string
	at           writ.Position
}

// Title names a rule in messages: "rule contractors-may-not-share".
func (r *Rule) Title() string { return "rule " + r.words() }

// words are the key of a rule, or what it says when it has none: "managers may document:share".
// The model names it so: package authz says "rule" itself.
func (r *Rule) words() string {
	if r.Key != "" {
		return r.Key
	}
	verb := "may"
	if r.Deny {
		verb = "may not"
	}
	who := r.Users
	if who == "" {
		who = "everyone"
	}
	name := who + " " + verb + " " + r.Permission
	if r.IsResource || r.Resources == "" {
		return name
	}
	return name + " in " + r.Resources
}

// rules translates all rules, then the sets that no rule uses, to know that they can be.
func (c *compiler) rules() {
	for i := range c.s.Rules {
		rule := &c.s.Rules[i]
		w, ok := c.rule(rule)
		if !ok {
			continue
		}
		kind, action, _ := strings.Cut(rule.Permission, ":")
		by := c.allow
		if rule.Deny {
			by = c.deny
		}
		for _, a := range c.resources[kind].expand(action) {
			by[kind+":"+a] = append(by[kind+":"+a], w)
		}
	}
	used := map[string]bool{}
	for k := range c.programs {
		used[k.set] = true
	}
	for i := range c.s.Sets {
		if set := &c.s.Sets[i]; !used[set.Title()] && !c.broken[set.Key] {
			c.set(set, set.Resource)
		}
	}
}

// step is one condition of a rule.
type step struct {
	name    string
	program *expr.Program
	at      writ.Position
}

// rule makes the conditions of a rule hold one inside the other: its own, those of its
// users and of its resources, with their ancestors'.
func (c *compiler) rule(r *Rule) (authz.When, bool) {
	kind, _, _ := strings.Cut(r.Permission, ":")
	steps, ok := c.ownSteps(r, kind)
	if !r.IsRole {
		ok = c.setSteps(&steps, r.Users, kind) && ok
	}
	if !r.IsResource {
		ok = c.setSteps(&steps, r.Resources, kind) && ok
	}
	if !ok {
		return authz.When{}, false
	}
	if len(steps) == 0 {
		always := c.compile(r.Title(), "", "true", writ.Position{})
		steps = []step{{program: always, at: r.Position}}
	}
	steps[0].name, steps[0].at = r.words(), r.Position
	var then authz.Rewrite
	if r.IsRole {
		then = authz.InTenant{Relation: r.Users, Position: r.Position}
	}
	for i := len(steps) - 1; i > 0; i-- {
		then = authz.When{Rule: steps[i].name, Subject: UserType, Condition: steps[i].program, Then: then, Position: steps[i].at}
	}
	return authz.When{Rule: steps[0].name, Subject: UserType, Condition: steps[0].program, Then: then, Position: steps[0].at}, true
}

// ownSteps gives the conditions that are written in the rule itself.
func (c *compiler) ownSteps(r *Rule, kind string) ([]step, bool) {
	var steps []step
	if r.When != "" {
		steps = append(steps, step{r.words(), c.compile(r.Title(), kind, r.When, r.WhenPosition), r.Position})
	}
	if r.Except != "" {
		// The text is compiled alone first: errors are then about just what the user wrote.
		program := c.compile(r.Title(), kind, r.Except, r.ExceptPosition)
		if program != nil {
			program = c.compile(r.Title(), kind, not(r.Except), r.ExceptPosition)
		}
		steps = append(steps, step{r.words() + " (except)", program, r.ExceptPosition})
	}
	for _, s := range steps {
		if s.program == nil {
			return nil, false
		}
	}
	return steps, true
}

// not negates a condition. What ends in a comment would swallow the bracket.
func not(source string) string {
	if strings.Contains(source, "//") {
		source += "\n"
	}
	return "!(" + source + ")"
}

// setSteps adds the conditions of a set and of its ancestors.
func (c *compiler) setSteps(steps *[]step, key, kind string) bool {
	for ; key != ""; key = c.sets[key].Parent {
		set := c.sets[key]
		if c.broken[key] {
			return false // said already
		}
		program := c.set(set, kind)
		if program == nil {
			return false
		}
		*steps = append(*steps, step{set.Title(), program, set.Position})
	}
	return true
}

// Title names a set as answers print it: "user set managers".
func (s *Set) Title() string {
	if s.Resource != "" {
		return "resource set " + s.Key
	}
	return "user set " + s.Key
}

// set compiles a set's own condition for resources of a type; "" is no type in particular.
func (c *compiler) set(s *Set, kind string) *expr.Program {
	k := programKey{s.Title(), kind}
	if p := c.programs[k]; p != nil {
		return p
	}
	var p *expr.Program
	if s.When != "" {
		p = c.compile(s.Title(), kind, s.When, s.WhenPosition)
	} else {
		text, err := condition.Translate(s.Conditions)
		if err == nil {
			// A place in what it was translated to is none in the user's file.
			p, err = c.program(text, kind, writ.Position{})
		}
		if err != nil {
			c.fail(err, s.Title(), writ.Position{})
			c.errs[len(c.errs)-1].Position = s.Position
		}
	}
	if p == nil {
		c.broken[s.Key] = true
		return nil
	}
	c.programs[k] = p
	return p
}

// scope gives what conditions on resources of a type may name.
func (c *compiler) scope(kind string) *expr.Scope {
	if s := c.scopes[kind]; s != nil {
		return s
	}
	s := c.s.scope(kind)
	c.scopes[kind] = s
	return s
}

// scope gives what conditions on a type of resource may name; "" is no type in particular.
func (s *Schema) scope(kind string) *expr.Scope {
	return authz.Scope(attributes(s.attributes(UserType)), attributes(s.attributes(kind)))
}

// program compiles a condition once for all that it is the condition of. One that does not
// speak of the resource is the same for all types.
func (c *compiler) program(source, kind string, at writ.Position) (*expr.Program, error) {
	if !strings.Contains(source, "resource") {
		kind = ""
	}
	k := sourceKey{source, kind, at}
	if p := c.sources[k]; p != nil {
		return p, nil
	}
	p, err := expr.Compile(source, c.scope(kind), at)
	if err == nil {
		err = c.declared(p, kind)
	}
	if err != nil {
		return nil, err
	}
	c.sources[k] = p
	return p, nil
}

// compile makes a program for resources of a type; nil with the problem noted.
func (c *compiler) compile(part, kind, source string, at writ.Position) *expr.Program {
	p, err := c.program(source, kind, at)
	if err != nil {
		c.fail(err, part, at)
		return nil
	}
	return p
}

// fail notes what is wrong with a condition: with its place in a file, which says what it
// is, or else with the name of the part.
func (c *compiler) fail(err error, part string, at writ.Position) {
	var e *writ.Error
	if !errors.As(err, &e) {
		e = writ.Errorf(writ.CodeInvalid, "%w", err)
	}
	named := *e
	named.Source = "" // the whole line is the file's
	if at.Line == 0 {
		named.Message, named.Position = part+": "+named.Message, writ.Position{}
	}
	c.errs = append(c.errs, &named)
}
