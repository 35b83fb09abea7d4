package iam

import (
	"slices"
	"strings"
)

// resolveText puts the values of a request into a text with variables. missing
// are the keys that have no value; their variables stay as they are.
func resolveText(text string, ctx Context) (resolved string, missing []string) {
	var b strings.Builder
	for text != "" {
		v, size := parseVariable(text)
		if size == 0 {
			next := 1 + strings.IndexByte(text[1:], '$')
			if next == 0 {
				next = len(text)
			}
			b.WriteString(text[:next])
			text = text[next:]
			continue
		}
		value, ok := v.resolve(ctx)
		switch {
		case v.isLiteral:
			b.WriteString(v.fallback)
		case ok:
			b.WriteString(value)
		default:
			b.WriteString(text[:size])
			missing = append(missing, strings.TrimSuffix(strings.TrimPrefix(text[:size], "${"), "}"))
		}
		text = text[size:]
	}
	return b.String(), missing
}

// resolveAll resolves every value; resolved is nil when none holds a variable.
func resolveAll(values []string, ctx Context) (resolved, missing []string) {
	if !slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, "${") }) {
		return nil, nil
	}
	for _, v := range values {
		text, lacking := resolveText(v, ctx)
		resolved = append(resolved, text)
		for _, key := range lacking {
			if !slices.Contains(missing, key) {
				missing = append(missing, key)
			}
		}
	}
	return resolved, missing
}

// takesVariables reports whether the operator's values may hold variables.
func (c *condition) takesVariables() bool {
	switch c.family {
	case familyString, familyFold, familyLike, familyBool, familyARN:
		return c.variables
	}
	return false
}

func (c *condition) resolved(values []string, ctx Context) []string {
	if !c.takesVariables() {
		return nil
	}
	resolved, _ := resolveAll(values, ctx)
	return resolved
}

// variableNote says that a variable has no value here, "" when all have one.
// variables is false for a document of the version that has none.
func variableNote(values []string, req *query, variables bool) string {
	if !variables {
		if slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, "${") }) {
			return "a document without \"Version\": \"" + Version2012 + "\" has no variables: ${…} is compared as it stands"
		}
		return ""
	}
	_, missing := resolveAll(values, req.context)
	if len(missing) == 0 {
		return ""
	}
	key := missing[0]
	note := "${" + key + "} has no value, so that this matches nothing: "
	folded := Key(key)
	tag, isTag := strings.CutPrefix(folded, "aws:principaltag/")
	switch {
	case len(req.context[folded].Values) > 1 || req.context[folded].Multi:
		return note + "the key has several values"
	case isTag:
		return note + "the caller has no tag " + key[len(key)-len(tag):]
	case folded == "aws:username" && req.caller.Kind == PrincipalSession:
		return note + "only IAM users have aws:username, not the session of a role (aws:userid has its name, as ROLE-ID:SESSION)"
	}
	return note + "the request does not have this key"
}
