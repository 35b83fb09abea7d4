package topology

import (
	"slices"
	"strconv"
	"strings"

	"github.com/writ-dev/writ"
)

// fields are the keys of one map, all of them known.
type fields struct {
	entries []entry
}

// object reads a map that may hold only the given keys. Unknown keys are
// problems; the rest is still read.
func (p *reader) object(n *node, what string, keys []string) (fields, bool) {
	if n.null() {
		return fields{}, true
	}
	if n.kind != mapNode {
		p.wrongKind(n, what, "a map").WithHint("write it as  key: value  lines, one deeper than the line above")
		return fields{}, false
	}
	var f fields
	for _, e := range n.entries {
		if !slices.Contains(keys, e.key) {
			p.suggest(p.add(e.pos, "unknown key %s in %s", quoted(e.key), what), e.key, keys, "its keys are ")
			continue
		}
		f.entries = append(f.entries, e)
	}
	return f, true
}

// named gives the entries of a map of named entities.
func (p *reader) named(n *node, what string) []entry {
	if n.null() {
		return nil
	}
	if n.kind != mapNode {
		p.wrongKind(n, what, "a map of names").WithHint("write each as  NAME:  with its keys one deeper below")
		return nil
	}
	return n.entries
}

// entry gives the entry of a key that has a value.
func (f fields) entry(key string) (entry, bool) {
	for _, e := range f.entries {
		if e.key == key && !e.value.null() {
			return e, true
		}
	}
	return entry{}, false
}

// value gives a key's value, nil when it is missing or empty.
func (f fields) value(keys ...string) *node {
	for _, key := range keys {
		if e, ok := f.entry(key); ok {
			return e.value
		}
	}
	return nil
}

// section keeps a key's value as written.
func (f fields) section(key string) *Section {
	e, ok := f.entry(key)
	if !ok {
		return nil
	}
	return e.section()
}

func (e entry) section() *Section {
	return &Section{Key: e.key, YAML: e.value.yaml(), Pos: e.value.pos}
}

// others keeps every key that is not among the ones acted on.
func (f fields) others(prefix string, acted ...string) []*Section {
	var kept []*Section
	for _, e := range f.entries {
		if e.value.null() || slices.Contains(acted, e.key) {
			continue
		}
		s := e.section()
		s.Key = prefix + s.Key
		kept = append(kept, s)
	}
	return kept
}

// body keeps a whole entity as written when it has keys besides those acted on.
func (f fields) body(e entry, acted ...string) *Section {
	if len(f.others("", acted...)) == 0 {
		return nil
	}
	return e.section()
}

// text reads a scalar; "" for a missing one.
func (p *reader) text(n *node, what string) string {
	if n.null() {
		return ""
	}
	if n.kind != scalarNode {
		e := p.wrongKind(n, what, "one value")
		if n.flow && n.kind == mapNode {
			e.Hint = "a value that starts with { is a map in YAML; put it in quotes"
		}
		return ""
	}
	return n.text
}

func (p *reader) boolean(n *node, what string) bool {
	switch text := p.text(n, what); strings.ToLower(text) {
	case "true", "yes", "on":
		return true
	case "", "false", "no", "off":
	default:
		p.add(n.pos, "%s must be true or false, not %s", what, quoted(text))
	}
	return false
}

// number reads a whole number; bounds are the checks' business.
func (p *reader) number(n *node, what string) int {
	text := p.text(n, what)
	if text == "" {
		return 0
	}
	v, err := strconv.Atoi(text)
	if err != nil {
		p.add(n.pos, "%s must be a whole number, not %s", what, quoted(text))
	}
	return v
}

// values reads one value or a list of them, each with its place.
func (p *reader) values(n *node, what string) []*node {
	if n.null() {
		return nil
	}
	if n.kind == scalarNode {
		return []*node{n}
	}
	if n.kind != listNode {
		p.wrongKind(n, what, "a value or a list")
		return nil
	}
	var all []*node
	for _, item := range n.items {
		if item.kind != scalarNode {
			p.wrongKind(item, "each of "+what, "one value")
			continue
		}
		all = append(all, item)
	}
	return all
}

func (p *reader) texts(n *node, what string) []string {
	var all []string
	for _, v := range p.values(n, what) {
		all = append(all, v.text)
	}
	return all
}

// targets reads the edges that a key draws: one name or a list of names.
func (p *reader) targets(f fields, kind Kind, keys ...string) []Target {
	var all []Target
	for _, key := range keys {
		e, ok := f.entry(key)
		if !ok {
			continue
		}
		for _, v := range p.values(e.value, key) {
			if v.text == "" {
				p.add(v.pos, "%s names nothing", key)
				continue
			}
			all = append(all, Target{Kind: kind, Name: v.text, Pos: v.pos})
		}
	}
	return all
}

// oneTarget reads the single edge among keys that exclude each other.
func (p *reader) oneTarget(f fields, at writ.Position, what string, kinds map[string]Kind) *Target {
	var found *Target
	var first string
	for _, e := range f.entries {
		kind, ok := kinds[e.key]
		if !ok || e.value.null() {
			continue
		}
		name := p.text(e.value, e.key)
		if found != nil {
			p.add(e.pos, "%s leads to a %s and to a %s", what, first, e.key).WithHint("keep one of the two")
			continue
		}
		found, first = &Target{Kind: kind, Name: name, Pos: e.value.pos}, e.key
	}
	return found
}

// quoted puts a user's word in quotes, cut to a length that fits a line.
func quoted(word string) string {
	const most = 80
	if len(word) > most {
		word = strings.ToValidUTF8(word[:most], "") + "..."
	}
	return strconv.Quote(word)
}
