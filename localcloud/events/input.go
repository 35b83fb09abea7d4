package events

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// step is one step of a JSON path: a member, an element, or all elements.
type step struct {
	name  string
	index int // -1 for all; of a member it does not count
	array bool
}

var pathStep = regexp.MustCompile(`^(?:\.([^.\[\]'"*]+)|\[(\d{1,6}|\*)\]|\['([^']*)'\])`)

// parsePath reads the JSON paths that input paths are made of: $, .name,
// ['name'], [0] and [*].
func parsePath(text string) ([]step, error) {
	rest, ok := strings.CutPrefix(text, "$")
	if !ok {
		return nil, fmt.Errorf("the path %q does not begin with $", text)
	}
	steps := []step{}
	for rest != "" {
		m := pathStep.FindStringSubmatch(rest)
		switch {
		case m == nil:
			return nil, fmt.Errorf("the path %q is not one of members and elements, which is what the local cloud reads", text)
		case m[2] == "*":
			steps = append(steps, step{index: -1, array: true})
		case m[2] != "":
			n, err := strconv.Atoi(m[2])
			if err != nil {
				return nil, err
			}
			steps = append(steps, step{index: n, array: true})
		default:
			steps = append(steps, step{name: m[1] + m[3]})
		}
		rest = rest[len(m[0]):]
	}
	return steps, nil
}

// follow gives what is at a path.
func follow(v any, steps []step) (any, bool) {
	for i, st := range steps {
		list, isList := v.([]any)
		object, _ := v.(map[string]any)
		switch {
		case st.array && st.index < 0 && isList:
			out := []any{}
			for _, item := range list {
				if inner, ok := follow(item, steps[i+1:]); ok {
					out = append(out, inner)
				}
			}
			return out, true
		case st.array && isList && st.index < len(list):
			v = list[st.index]
		case !st.array:
			inner, ok := object[st.name]
			if !ok {
				return nil, false
			}
			v = inner
		default:
			return nil, false
		}
	}
	return v, true
}

var placeholder = regexp.MustCompile(`<[A-Za-z0-9._-]{1,256}>`)

// reserved are the variables that every template knows (EventBridge User
// Guide, "Amazon EventBridge input transformation").
var reserved = map[string]bool{
	"aws.events.rule-arn": true, "aws.events.rule-name": true, "aws.events.event.ingestion-time": true,
	"aws.events.event": true, "aws.events.event.json": true,
}

func (t *inputTransformer) check() error {
	if t.InputTemplate == "" || len(t.InputTemplate) > maxInput {
		return fmt.Errorf("the template must have between 1 and %d characters", maxInput)
	}
	if len(t.InputPathsMap) > 100 {
		return fmt.Errorf("there are more than 100 paths")
	}
	for name, path := range t.InputPathsMap {
		if strings.HasPrefix(strings.ToLower(name), "aws") {
			return fmt.Errorf("names that begin with AWS are reserved: %s", name)
		}
		if _, err := parsePath(path); err != nil {
			return err
		}
	}
	sample := map[string]any{}
	for _, found := range placeholder.FindAllString(t.InputTemplate, -1) {
		name := found[1 : len(found)-1]
		if _, ok := t.InputPathsMap[name]; ok || reserved[name] {
			sample[name] = "x"
			continue
		}
		if !quotedAt(t.InputTemplate, strings.Index(t.InputTemplate, found)) {
			return fmt.Errorf("the placeholder %s is in no InputPathsMap", found)
		}
	}
	for _, line := range t.documents(t.fill(sample)) {
		if !json.Valid([]byte(line)) {
			return fmt.Errorf("it is not JSON, nor lines of JSON texts")
		}
	}
	return nil
}

// documents cuts a template of several texts, one to a line.
func (t *inputTransformer) documents(text string) []string {
	if !strings.HasPrefix(strings.TrimSpace(text), `"`) {
		return []string{text}
	}
	return strings.Split(strings.TrimSpace(text), "\n")
}

// quotedAt says whether a place of a template is within a JSON text.
func quotedAt(template string, at int) (quoted bool) {
	for i := 0; i < at; i++ {
		switch {
		case quoted && template[i] == '\\':
			i++
		case template[i] == '"':
			quoted = !quoted
		}
	}
	return quoted
}

// fill puts values into the template. Within a JSON text a text stands without
// its quotes, anything else as its JSON, escaped; elsewhere all stand as JSON.
// A value that is not there leaves nothing within a text, and null elsewhere.
func (t *inputTransformer) fill(values map[string]any) string {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(t.InputTemplate); i++ {
		rest := t.InputTemplate[i:]
		switch c := rest[0]; {
		case quoted && c == '\\' && len(rest) > 1:
			b.WriteString(rest[:2])
			i++
			continue
		case c == '"':
			quoted = !quoted
		case c == '<':
			found := placeholder.FindString(rest)
			if found == "" || !strings.HasPrefix(rest, found) {
				break
			}
			name := found[1 : len(found)-1]
			if _, known := t.InputPathsMap[name]; !known && !reserved[name] {
				break
			}
			v, there := values[name]
			b.WriteString(written(v, there, quoted))
			i += len(found) - 1
			continue
		}
		b.WriteByte(rest[0])
	}
	return b.String()
}

func written(v any, there, quoted bool) string {
	if !there {
		if quoted {
			return ""
		}
		return "null"
	}
	raw := encode(v)
	if !quoted {
		return raw
	}
	if _, isText := v.(string); !isText {
		raw = encode(raw)
	}
	return raw[1 : len(raw)-1]
}

// encode gives JSON as it is sent: with < and & as they are.
func encode(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil { // what came of JSON goes into JSON
		return "null"
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// input makes what a target gets of an event.
func (s *Service) input(r *ruleRecord, t *target, ev *happening) string {
	switch {
	case t.Input != "":
		return t.Input
	case t.InputPath != "":
		steps, err := parsePath(t.InputPath)
		v, ok := follow(ev.tree, steps)
		if err != nil || !ok {
			return "null"
		}
		return encode(v)
	case t.InputTransformer != nil:
		values := map[string]any{
			"aws.events.rule-arn": s.ruleARN(r.Bus, r.Name), "aws.events.rule-name": r.Name,
			"aws.events.event.ingestion-time": ev.came.UTC().Format(time.RFC3339), "aws.events.event.json": ev.tree,
		}
		without := map[string]any{}
		if whole, ok := ev.tree.(map[string]any); ok {
			for key, v := range whole {
				if key != "detail" { // aws.events.event is the event without its detail
					without[key] = v
				}
			}
		}
		values["aws.events.event"] = without
		for name, path := range t.InputTransformer.InputPathsMap {
			if steps, err := parsePath(path); err == nil {
				if v, ok := follow(ev.tree, steps); ok {
					values[name] = v
				}
			}
		}
		return t.InputTransformer.fill(values)
	}
	return ev.text
}
