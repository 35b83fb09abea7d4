package gateway

import "fmt"

// members reads members of objects of an event and keeps the first thing that is wrong. A member that
// is not there and one that is null are the same.
type members struct{ err error }

func (m *members) wrong(format string, args ...any) {
	if m.err == nil {
		m.err = fmt.Errorf(format, args...)
	}
}

func (m *members) text(o map[string]any, name string) string {
	switch v := o[name].(type) {
	case nil:
	case string:
		return v
	default:
		m.wrong("has a member %s that is not a string", name)
	}
	return ""
}

// needed is text for a member that must be there.
func (m *members) needed(o map[string]any, name string) string {
	text := m.text(o, name)
	if text == "" {
		m.wrong("has no %s", name)
	}
	return text
}

func (m *members) object(o map[string]any, name string) map[string]any {
	switch v := o[name].(type) {
	case nil:
	case map[string]any:
		return v
	default:
		m.wrong("has a member %s that is not an object", name)
	}
	return nil
}

func (m *members) texts(o map[string]any, name string) map[string]string {
	var texts map[string]string
	for key, v := range m.object(o, name) {
		text, ok := v.(string)
		if !ok {
			m.wrong("has a value in %s that is not a string", name)
		}
		if texts == nil {
			texts = map[string]string{}
		}
		texts[key] = text
	}
	return texts
}

func (m *members) list(v any, name string) []string {
	all, ok := v.([]any)
	if !ok && v != nil {
		m.wrong("has a value in %s that is not a list", name)
	}
	var list []string
	for _, v := range all {
		text, ok := v.(string)
		if !ok {
			m.wrong("has a list in %s of other things than strings", name)
		}
		list = append(list, text)
	}
	return list
}

func (m *members) lists(o map[string]any, name string) map[string][]string {
	var lists map[string][]string
	for key, v := range m.object(o, name) {
		if lists == nil {
			lists = map[string][]string{}
		}
		lists[key] = m.list(v, name)
	}
	return lists
}
