package direct

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
)

// maxChosen is how much of a body API Gateway looks at for a JSON path, in bytes.
const maxChosen = 100 << 10

// step goes into a member of an object, or into an item of a list.
type step struct {
	member string
	item   int // where member is ""
}

var stepRule = regexp.MustCompile(`^(?:\.([^\s.\[\]{}$"'*?()@]+)|\['([^'{}]+)'\]|\[(\d{1,6})\])`)

// parsePath reads the end of "$request.body.orders[0].id". API Gateway has no
// recursive descent and no filters; wildcards are not run here.
func parsePath(text string) ([]step, error) {
	var steps []step
	for text != "" {
		m := stepRule.FindStringSubmatch(text)
		if m == nil {
			return nil, errors.New("the JSON path cannot be read")
		}
		one := step{member: m[1] + m[2]}
		if m[3] != "" {
			one.item, _ = strconv.Atoi(m[3]) // six digits at most
		}
		steps, text = append(steps, one), text[len(m[0]):]
	}
	return steps, nil
}

// choose gives what a path leads to: a string's text, or the JSON of anything
// else. There is none of null, or of a body that is no JSON in its first 100 KB.
func choose(body []byte, steps []step) (string, bool) {
	here := json.RawMessage(body[:min(len(body), maxChosen)])
	for _, s := range steps {
		if s.member != "" {
			var members map[string]json.RawMessage
			if json.Unmarshal(here, &members) != nil {
				return "", false
			}
			here = members[s.member]
			continue
		}
		var items []json.RawMessage
		if json.Unmarshal(here, &items) != nil || s.item >= len(items) {
			return "", false
		}
		here = items[s.item]
	}
	var text string
	switch here = bytes.TrimSpace(here); {
	case len(here) == 0 || string(here) == "null":
		return "", false
	case json.Unmarshal(here, &text) == nil:
		return text, true
	}
	var b bytes.Buffer
	if json.Compact(&b, here) != nil {
		return "", false
	}
	return b.String(), true
}
