package iam

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/cases"
)

// Renamed gives the case with names changed everywhere, in the request, its
// context and all policies: pairs of old and new, all at once, so that two
// names can be swapped. Whether wildcards still cover what they did is the
// caller's concern.
func (c *Case) Renamed(pairs ...string) (Case, error) {
	line := []byte(strings.NewReplacer(pairs...).Replace(string(c.line)))
	renamed, err := cases.Line{Number: 1, Text: line}.Case(c.File)
	if err != nil {
		return Case{}, fmt.Errorf("rename: %w", err)
	}
	out := Case{Case: *renamed, File: c.File, line: line}
	out.ID, out.Name, out.Tags = c.ID, c.Name, c.Tags
	return out, nil
}

// Documents gives all policies of the case as written.
func (c *Case) Documents() []json.RawMessage {
	all := slices.Concat(c.Identity, c.Endpoint)
	for _, level := range slices.Concat(c.SCPs, c.RCPs) {
		all = append(all, level.Policies...)
	}
	for _, one := range []json.RawMessage{c.Resource, c.Boundary, c.Session} {
		if len(one) > 0 && string(one) != "null" {
			all = append(all, one)
		}
	}
	return all
}

// Has reports whether a policy is there.
func Has(policy json.RawMessage) bool { return len(policy) > 0 && string(policy) != "null" }

// Keys gives the context keys that the policies mention, in conditions and
// variables, in lower case and sorted.
func (c *Case) Keys() ([]string, error) {
	var keys []string
	for _, raw := range c.Documents() {
		doc, err := iam.Parse(raw)
		if err != nil {
			return nil, err
		}
		for _, s := range doc.Statements {
			texts := slices.Concat(s.Resource, s.NotResource)
			for _, condition := range s.Conditions {
				keys = append(keys, iam.Key(condition.Key))
				texts = append(texts, condition.Values...)
			}
			keys = append(keys, variables(texts)...)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys), nil
}

// variables gives the keys of the policy variables in texts, in lower case.
func variables(texts []string) []string {
	var keys []string
	for _, text := range texts {
		for _, part := range strings.Split(text, "${")[1:] {
			name, _, _ := strings.Cut(part, "}")
			name, _, _ = strings.Cut(name, ",")
			if strings.Contains(name, ":") {
				keys = append(keys, iam.Key(strings.TrimSpace(name)))
			}
		}
	}
	return keys
}

// Operators gives the condition operators that test a key, given in lower case.
func (c *Case) Operators(key string) []string {
	var operators []string
	for _, raw := range c.Documents() {
		doc, err := iam.Parse(raw)
		if err != nil {
			continue
		}
		for _, s := range doc.Statements {
			for _, condition := range s.Conditions {
				if iam.Key(condition.Key) == key {
					operators = append(operators, condition.Operator)
				}
			}
		}
	}
	return operators
}
