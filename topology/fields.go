package topology

import (
	"regexp"
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
		e := p.wrongKind(n, what, "a map").WithHint("write it as  key: value  lines, one deeper than the line above")
		if key, value, ok := strings.Cut(n.text, ":"); ok && !n.quoted && slices.Contains(keys, key) {
			e.Hint = "a space is missing after the colon: " + key + ": " + value
		}
		return fields{}, false
	}
	var f fields
	for _, e := range n.entries {
		if !slices.Contains(keys, e.key) {
			p.misspelt(e, keys)
			p.suggest(p.add(e.pos, "unknown key %s in %s", quoted(e.key), what), e.key, keys, "its keys are ")
			continue
		}
		f.entries = append(f.entries, e)
	}
	return f, true
}

// misspells reports whether the map holds an unknown key that was likely meant
// to be word: that word is missing is then no news.
func (n *node) misspells(word string, keys []string) bool {
	if n == nil {
		return false
	}
	return slices.ContainsFunc(n.entries, func(e entry) bool {
		return !slices.Contains(keys, e.key) && near(e.key, keys) == word
	})
}

// sectionKinds are what the sections of a topology hold.
var sectionKinds = map[string][]Kind{
	"functions": {KindFunction}, "stores": {KindStore, KindBucket}, "tables": {KindStore}, "buckets": {KindStore, KindBucket},
	"topics": {KindTopic}, "streams": {KindStream}, "buses": {KindBus}, "secrets": {KindSecret}, "parameters": {KindParameter}, "keys": {KindKey},
	"queues": {KindQueue}, "events": {KindEvent}, "channels": {KindChannel}, "mutations": {KindMutation}, "states": {KindState},
	"imports": {KindImport}, "authorizers": {KindFunction}, // whose functions routes name
}

// misspelt remembers the entities under a misspelt section of the topology.
func (p *reader) misspelt(e entry, keys []string) {
	if !slices.Contains(keys, "hyphenated_names") { // not the topology's own keys
		return
	}
	for _, kind := range sectionKinds[near(e.key, keys)] {
		for _, inner := range e.value.entries {
			p.fail(kind, inner.key)
		}
	}
}

// named gives the entries of a map of named entities.
func (p *reader) named(n *node, what string) []entry {
	if n.null() {
		return nil
	}
	if n.kind != mapNode {
		p.wrongKind(n, what, "a map of names").WithHint("write each as  NAME:  with its keys one deeper below")
		for _, kind := range sectionKinds[what] {
			p.fail(kind, "")
		}
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

// emptyBlock gives the line of a key that is written with nothing after it,
// and how far the key is indented; false when it is not, or in braces.
func (f fields) emptyBlock(key string) (line writ.Position, indent int, ok bool) {
	for _, e := range f.entries {
		if e.key == key && e.value != nil && e.value.kind == nullNode && e.value.src != nil {
			text, _, _ := strings.Cut(e.value.src.line(e.pos.Line), "#")
			if strings.TrimSpace(text) == key+":" {
				return writ.Position{File: e.pos.File, Line: e.pos.Line, Col: 1}, e.pos.Col - 1, true
			}
		}
	}
	return writ.Position{}, 0, false
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

// at gives the place of a key's value, or else.
func (f fields) at(key string, otherwise writ.Position) writ.Position {
	if n := f.value(key); n != nil {
		return n.pos
	}
	return otherwise
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

// only keeps one key as written, nil when it is missing.
func (f fields) only(key string) []*Section {
	if s := f.section(key); s != nil {
		return []*Section{s}
	}
	return nil
}

// body keeps a whole entity as written when it has keys besides those acted on.
func (f fields) body(e entry, acted ...string) *Section {
	if len(f.others("", acted...)) == 0 {
		return nil
	}
	return e.section()
}

// markAll remembers where the values of an entity's keys stand.
func (p *reader) markAll(entity writ.Position, f fields, keys ...string) {
	for _, key := range keys {
		if n := f.value(key); n != nil {
			p.mark(entity, key, n.pos)
		}
	}
}

// text reads a scalar; "" for a missing one.
func (p *reader) text(n *node, what string) string {
	if n.null() {
		return ""
	}
	if n.kind != scalarNode {
		e := p.wrongKind(n, what, "one value")
		e.Hint = scalarHint(n)
		return ""
	}
	return n.text
}

// scalarHint says how to write one value where a map or a list stands.
func scalarHint(n *node) string {
	switch {
	case n.kind == mapNode && n.flow:
		return "a value that starts with { is a map in YAML; put it in quotes"
	case n.kind == mapNode:
		return "write the value behind the colon, on the same line"
	case len(n.items) == 1 && n.items[0].kind == scalarNode:
		return "write it without the list: " + n.items[0].text
	}
	return "a list cannot stand here; write one value, without [ ] and -"
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
		p.add(n.pos, "%s must be a whole number, not %s", what, quoted(text)).Hint = numberHint(what, text)
	}
	return v
}

var numberWithUnit = regexp.MustCompile(`^(\d{1,6}) ?([A-Za-z]+)$`)

// numberUnits are what a number counts, and what the units that users write
// beside it are worth in those.
var numberUnits = map[string]struct {
	name  string
	worth map[string]int
}{
	"memory":  {"megabytes", map[string]int{"": 1, "m": 1, "mb": 1, "mib": 1, "g": 1024, "gb": 1024, "gib": 1024}},
	"timeout": {"seconds", map[string]int{"": 1, "s": 1, "sec": 1, "second": 1, "seconds": 1, "m": 60, "min": 60, "minute": 60, "minutes": 60}},
}

// numberHint takes the unit off a number.
func numberHint(what, text string) string {
	units, ok := numberUnits[strings.TrimSuffix(what, "_size")]
	if !ok {
		return ""
	}
	example := map[string]string{"megabytes": "256", "seconds": "10"}[units.name]
	if m := numberWithUnit.FindStringSubmatch(text); m != nil {
		if worth := units.worth[strings.ToLower(m[2])]; worth > 0 {
			n, err := strconv.Atoi(m[1])
			if err == nil {
				example = strconv.Itoa(n * worth)
			}
		}
	}
	return "a number of " + units.name + ": " + example
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
