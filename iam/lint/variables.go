package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
)

// variableText is one text of a statement in which variables can stand.
type variableText struct {
	path []string
	text string
	// replaced says that variables have a meaning there.
	replaced bool
}

// variableTexts gives the texts of Resource, NotResource and the conditions
// whose operators replace variables.
func (s *statement) variableTexts() []variableText {
	var all []variableText
	for i, r := range s.Resource {
		all = append(all, variableText{[]string{"Resource", itoa(i)}, r, true})
	}
	for i, r := range s.NotResource {
		all = append(all, variableText{[]string{"NotResource", itoa(i)}, r, true})
	}
	for i := range s.Conditions {
		e := &s.Conditions[i]
		family := parseOperator(e.Operator).family()
		for j, v := range e.Values {
			all = append(all, variableText{append(condition(e), itoa(j)), v, family == "string" || family == "arn" || family == "bool"})
		}
	}
	return all
}

// brokenVariable finds what was meant for a variable and is none.
func brokenVariable(c *checker, s *statement) {
	if !s.variables {
		return
	}
	for _, t := range s.variableTexts() {
		if before, rest, found := strings.Cut(t.text, "$("); found && t.replaced && strings.Contains(rest, ")") && strings.Contains(rest, ":") {
			name, _, _ := strings.Cut(rest, ")")
			if _, known := c.catalog.Key("", name); known {
				c.report(s, t.path, Error, fmt.Sprintf("%q is literal text", t.text), fmt.Sprintf("write %q", before+"${"+name+"}"+rest[len(name)+1:]))
				continue
			}
		}
		if !t.replaced {
			continue
		}
		for rest := t.text; ; {
			i := strings.Index(rest, "${")
			if i < 0 {
				break
			}
			rest = rest[i:]
			end := iam.VariableLen(rest)
			if end == 0 {
				c.report(s, t.path, Error, fmt.Sprintf("the variable in %q does not end: it is literal text", t.text), "close it with }")
				break
			}
			c.checkVariable(s, t, rest[:end])
			rest = rest[end:]
		}
	}
}

func (c *checker) checkVariable(s *statement, t variableText, variable string) {
	inner := variable[2 : len(variable)-1]
	key, fallback, hasDefault := strings.Cut(inner, ",")
	key, fallback = strings.TrimSpace(key), strings.TrimSpace(fallback)
	quoted := len(fallback) >= 2 && fallback[0] == '\'' && fallback[len(fallback)-1] == '\''
	switch {
	case hasUnknown(variable) || inner == "*" || inner == "?" || inner == "$":
	case key == "":
		c.report(s, t.path, Error, fmt.Sprintf("%s names no key: %q matches nothing", variable, t.text), "such as ${aws:PrincipalTag/team}")
	case hasDefault && !quoted:
		c.report(s, t.path, Error, fmt.Sprintf("the default of %s has no quotes: %q matches nothing", variable, t.text), fmt.Sprintf("write ${%s, '%s'}", key, strings.Trim(fallback, `'"`)))
	default:
		c.checkVariableKey(s, t, variable, key)
	}
}

func (c *checker) checkVariableKey(s *statement, t variableText, variable, key string) {
	kind, known := c.catalog.Key("", key)
	switch {
	case isProviderKey(key):
	case !known:
		hint := "a key that no request has gives no value"
		if near := c.catalog.NearestKey("", key); near != "" {
			hint = fmt.Sprintf("did you mean ${%s}?", near)
		}
		c.report(s, t.path, Error, fmt.Sprintf("AWS has no key for the variable %s: %q matches nothing", variable, t.text), hint)
	case kind.Multi():
		c.report(s, t.path, Error, fmt.Sprintf("the key of %s has many values, a variable takes one: %q matches nothing", variable, t.text), "test the key in a condition with ForAnyValue")
	}
}

// misplacedVariable finds variables in the first five parts of a resource's
// ARN, where they are literal text (IAM User Guide, "Policy variables").
func misplacedVariable(c *checker, s *statement) {
	if !s.variables {
		return
	}
	check := func(element string, list []string) {
		for i, r := range list {
			parts := arnParts(r)
			if parts == nil || !slices.ContainsFunc(parts[:5], hasVariable) {
				continue
			}
			c.report(s, []string{element, itoa(i)}, Error, fmt.Sprintf("the variable in %q is literal text: it stands before the fifth colon", r), "put \"*\" there, and test the key in a condition, such as aws:ResourceAccount")
		}
	}
	check("Resource", s.Resource)
	check("NotResource", s.NotResource)
}

// variableInNotResource: without a value the entry excepts nothing.
func variableInNotResource(c *checker, s *statement) {
	if !s.variables || !s.isAllow() || s.policy.Type == iam.TypeSCP || s.policy.Type == iam.TypeBoundary {
		return
	}
	for i, r := range s.NotResource {
		tokens, ok := syntax{variables: true}.read(r)
		if ok && !hasUnknown(r) && slices.ContainsFunc(tokens, func(t token) bool {
			return t.kind == tokenVariable && !strings.Contains(t.name, ",")
		}) {
			c.report(s, []string{"NotResource", itoa(i)}, Security, fmt.Sprintf("a caller for whom the variable has no value is allowed %q too", r), "name the resources in Resource")
		}
	}
}
