// Package condition translates the JSON form that Permit writes conditions of user and resource
// sets in to CEL. A comparison with an attribute that is missing is false, so under `not` it is true.
package condition

import (
	"bytes"
	"encoding/json"
	"sort"
	"strings"

	"github.com/writ-dev/writ"
)

// Bounds on foreign input.
const (
	maxBytes = 64 << 10
	maxDepth = 32
	maxText  = 64 << 10 // of the CEL that comes out
)

// Translate gives the CEL text of a condition. Nothing, null and {} hold always.
// Errors name the path in the condition.
func Translate(raw json.RawMessage) (string, error) {
	if len(raw) > maxBytes {
		return "", writ.Errorf(writ.CodeTooLarge, "the condition is larger than %d KiB", maxBytes>>10)
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return "true", nil
	}
	if !shallow(raw) {
		return "", writ.Errorf(writ.CodeInvalid, "the condition nests deeper than %d levels", maxDepth)
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return "", writ.Errorf(writ.CodeInvalid, "the condition is not JSON: %w", err)
	}
	if d.More() {
		return "", writ.Errorf(writ.CodeInvalid, "the condition is more than one JSON value")
	}
	t := &translator{}
	if v == nil {
		return "true", nil
	}
	text, err := t.logical(v, "conditions")
	if err != nil {
		return "", err
	}
	if len(text) > maxText {
		return "", writ.Errorf(writ.CodeTooLarge, "the condition is too large once it is spelt out")
	}
	return text, nil
}

// shallow looks at the nesting before the decoder follows it.
func shallow(raw []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return false
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return true
}

// translator carries how much has been written, and the number of the next variable of a macro.
type translator struct {
	size int
	vars int
}

func invalid(at, format string, args ...any) *writ.Error {
	e := writ.Errorf(writ.CodeInvalid, format, args...)
	e.Message = at + ": " + e.Message
	return e
}

// connectives are the logical words and what they join with.
var connectives = map[string]string{"allOf": "&&", "and": "&&", "anyOf": "||", "or": "||", "not": "!"}

// logical reads a condition where no attribute is named yet: {"allOf": [...]}, {"user.age": {...}},
// or several of them, which must all hold.
func (t *translator) logical(v any, at string) (string, error) {
	return t.node(v, at, func(key string, value any, at string) (string, error) {
		a, err := attribute(key, at)
		if err != nil {
			return "", err
		}
		return t.about(a, value, at)
	})
}

// about reads what is said of one attribute: {"equals": 3}, {"or": [{...}, {...}]}.
func (t *translator) about(a path, v any, at string) (string, error) {
	if _, ok := v.(map[string]any); !ok {
		return "", invalid(at, "an operator must follow, as in {\"equals\": ...}").WithHint("operators are %s", operatorList)
	}
	return t.node(v, at, func(key string, value any, at string) (string, error) { return t.compare(a, key, value, at) })
}

// node reads an object whose keys are connectives or, else, what leaf reads. All of its keys must hold.
func (t *translator) node(v any, at string, leaf func(key string, value any, at string) (string, error)) (string, error) {
	object, ok := v.(map[string]any)
	if !ok {
		return "", invalid(at, "an object must stand here, not %s", kindOf(v))
	}
	var parts []string
	for _, key := range sorted(object) {
		value, here := object[key], at+"."+key
		var text string
		var err error
		if word, ok := connectives[key]; ok {
			text, err = t.connect(word, value, here, leaf)
		} else {
			text, err = leaf(key, value, here)
		}
		if err != nil {
			return "", err
		}
		if t.size += len(text); t.size > 4*maxText {
			return "", writ.Errorf(writ.CodeTooLarge, "the condition is too large once it is spelt out")
		}
		parts = append(parts, text)
	}
	return join(parts, "&&", "true"), nil
}

// connect reads the parts of a connective. A `not` of several is none of them.
func (t *translator) connect(word string, v any, at string, leaf func(string, any, string) (string, error)) (string, error) {
	list, ok := v.([]any)
	if !ok && word != "!" {
		return "", invalid(at, "a list must stand here, not %s", kindOf(v))
	}
	if !ok {
		list = []any{v}
	}
	var parts []string
	for _, item := range list {
		text, err := t.node(item, at, leaf)
		if err != nil {
			return "", err
		}
		parts = append(parts, text)
	}
	switch word {
	case "!":
		return "!(" + join(parts, "||", "false") + ")", nil
	case "||":
		return join(parts, "||", "false"), nil
	}
	return join(parts, "&&", "true"), nil
}

// join puts parts together, in brackets when there are several.
func join(parts []string, word, none string) string {
	switch len(parts) {
	case 0:
		return none
	case 1:
		return parts[0]
	}
	return "(" + strings.Join(parts, " "+word+" ") + ")"
}

func sorted(m map[string]any) []string {
	all := make([]string, 0, len(m))
	for k := range m {
		all = append(all, k)
	}
	sort.Strings(all)
	return all
}

func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a bool"
	case json.Number:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "a list"
	}
	return "an object"
}
