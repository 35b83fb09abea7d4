package diff

import (
	"strings"

	"github.com/writ-dev/writ/cfn"
)

// noValue marks {"Ref": "AWS::NoValue"}, which takes its element away.
type noValue struct{}

// textOf replaces intrinsics by text that a person can read: Ref and
// Fn::GetAtt as ${Id} and ${Id.Attribute}, a join of literals joined. What
// only a deploy can know stays the JSON of its intrinsic.
func textOf(v any) any {
	switch v := v.(type) {
	case *cfn.Object:
		if v.Len() == 1 {
			for name, argument := range v.All() {
				if name == "Ref" || strings.HasPrefix(name, "Fn::") {
					return intrinsicText(name, argument)
				}
			}
		}
		out := &cfn.Object{}
		for k, child := range v.All() {
			if t := textOf(child); t != (noValue{}) {
				out.Set(k, t)
			}
		}
		return out
	case []any:
		out := []any{}
		for _, child := range v {
			if t := textOf(child); t != (noValue{}) {
				out = append(out, t)
			}
		}
		return out
	}
	return v
}

func intrinsicText(name string, argument any) any {
	switch name {
	case "Ref":
		if argument == "AWS::NoValue" {
			return noValue{}
		}
		if id, ok := argument.(string); ok {
			return "${" + id + "}"
		}
	case "Fn::GetAtt":
		if parts, ok := argument.([]any); ok && len(parts) == 2 {
			id, okID := parts[0].(string)
			attribute, okAttribute := parts[1].(string)
			if okID && okAttribute {
				return "${" + id + "." + attribute + "}"
			}
		}
	case "Fn::Join":
		if text, ok := joinText(argument); ok {
			return text
		}
	case "Fn::Sub":
		// The text of a plain Sub is already in the form shown here.
		if text, ok := argument.(string); ok && !strings.Contains(text, "${!") {
			return text
		}
	}
	return compact(cfn.Obj(name, textOf(argument)))
}

func joinText(argument any) (string, bool) {
	parts, ok := argument.([]any)
	if !ok || len(parts) != 2 {
		return "", false
	}
	separator, okSeparator := parts[0].(string)
	list, okList := parts[1].([]any)
	if !okSeparator || !okList {
		return "", false
	}
	var words []string
	for _, item := range list {
		t := textOf(item)
		if t == (noValue{}) {
			continue
		}
		word, ok := scalar(t)
		if !ok {
			word = compact(t)
		}
		words = append(words, word)
	}
	return strings.Join(words, separator), true
}
