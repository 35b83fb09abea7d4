package pattern_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/writ-dev/writ/localcloud/events/pattern"
)

// The oracle matches as the guide explains it: the event is laid out as a list
// of leaves, the pattern as all ways through its $or, and some choice of one
// leaf for each field must satisfy one way. It is slow and plain.

// leaf is a scalar of an event and the elements of arrays that it lies in.
type leaf struct {
	path  string
	value any
	in    map[string]int // the path of an array to the index taken
}

func leaves(v any, path string, in map[string]int) (out []leaf) {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			out = append(out, leaves(inner, path+"/"+key, in)...)
		}
	case []any:
		// Which array it is: its path and the elements that lead to it.
		id := path + "[" + fmt.Sprint(in)
		for i, inner := range v {
			of := maps.Clone(in)
			of[id] = i
			out = append(out, leaves(inner, path, of)...)
		}
	default:
		out = append(out, leaf{path, v, in})
	}
	return out
}

type wanted struct {
	path  string
	tests []any
}

// ways gives each list of fields that $or leaves.
func ways(fields map[string]any, path string) [][]wanted {
	all := [][]wanted{{}}
	for key, v := range fields {
		var each [][]wanted
		switch v := v.(type) {
		case map[string]any:
			each = ways(v, path+"/"+key)
		case []any:
			if key == "$or" {
				for _, item := range v {
					each = append(each, ways(item.(map[string]any), path)...)
				}
			} else {
				each = [][]wanted{{{path + "/" + key, v}}}
			}
		}
		var next [][]wanted
		for _, a := range all {
			for _, b := range each {
				next = append(next, slices.Concat(a, b))
			}
		}
		all = next
	}
	return all
}

func passes(test, value any) bool {
	object, ok := test.(map[string]any)
	if !ok {
		return test == value
	}
	text, isText := value.(string)
	for name, arg := range object {
		switch name {
		case "prefix":
			return isText && strings.HasPrefix(text, arg.(string))
		case "exists":
			return arg.(bool)
		case "anything-but":
			return !slices.Contains(arg.([]any), value)
		}
	}
	panic("the oracle does not know this test")
}

func choose(way []wanted, event []leaf, in map[string]int) bool {
	if len(way) == 0 {
		return true
	}
	first, rest := way[0], way[1:]
	there := slices.ContainsFunc(event, func(l leaf) bool { return l.path == first.path })
	for _, test := range first.tests {
		if object, ok := test.(map[string]any); ok && object["exists"] == false {
			if !there && choose(rest, event, in) {
				return true
			}
			continue
		}
		for _, l := range event {
			if l.path != first.path || !passes(test, l.value) {
				continue
			}
			joined, fits := maps.Clone(in), true
			for array, index := range l.in {
				if taken, ok := joined[array]; ok && taken != index {
					fits = false
				}
				joined[array] = index
			}
			if fits && choose(rest, event, joined) {
				return true
			}
		}
	}
	return false
}

func slowMatch(fields map[string]any, event any) bool {
	all := leaves(event, "", map[string]int{})
	return slices.ContainsFunc(ways(fields, ""), func(way []wanted) bool { return choose(way, all, map[string]int{}) })
}

// maker makes small patterns and events that often have to do with each other.
type maker struct{ *rand.Rand }

func (m maker) key() string  { return string(rune('a' + m.IntN(3))) }
func (m maker) value() any   { return []any{"x", "y", json.Number("1"), true, nil}[m.IntN(5)] }
func (m maker) scalars() any { return []any{"x", "y", json.Number("1")}[m.IntN(3)] }
func (m maker) event(n int) any {
	switch k := m.IntN(6); {
	case n == 0 || k < 2:
		return m.value()
	case k < 4:
		list := []any{}
		for range m.IntN(4) {
			list = append(list, m.event(n-1))
		}
		return list
	}
	return m.object(n - 1)
}

func (m maker) object(n int) map[string]any {
	object := map[string]any{}
	for range 1 + m.IntN(3) {
		object[m.key()] = m.event(n)
	}
	return object
}

func (m maker) pattern(n int) map[string]any {
	object := map[string]any{}
	for range 1 + m.IntN(2) {
		if n > 0 && m.IntN(2) == 0 {
			object[m.key()] = m.pattern(n - 1)
		} else {
			object[m.key()] = m.tests()
		}
	}
	if n > 0 && m.IntN(4) == 0 {
		object["$or"] = []any{m.pattern(n - 1), m.pattern(n - 1)}
	}
	return object
}

func (m maker) tests() []any {
	var list []any
	for range 1 + m.IntN(2) {
		switch m.IntN(6) {
		case 0:
			list = append(list, map[string]any{"exists": m.IntN(2) == 0})
		case 1:
			list = append(list, map[string]any{"anything-but": []any{m.scalars()}})
		case 2:
			list = append(list, map[string]any{"prefix": "x"})
		default:
			list = append(list, m.value())
		}
	}
	return list
}

// TestOracle compares the matcher with the oracle.
func TestOracle(t *testing.T) {
	t.Parallel()
	m, matched := maker{rand.New(rand.NewPCG(1, 2))}, 0
	const n = 30000
	for range n {
		fields, event := m.pattern(3), m.object(4)
		text, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		p, err := pattern.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		want := slowMatch(fields, event)
		if want {
			matched++
		}
		if got := p.Match(event); got != want {
			said, _ := json.Marshal(event)
			t.Fatalf("%s on %s: %v, the oracle says %v", text, said, got, want)
		}
	}
	if matched < n/20 {
		t.Fatalf("only %d of %d matched: the test looks at nothing", matched, n)
	}
	t.Logf("%d of %d matched", matched, n)
}

// FuzzPattern: no text makes the compiler or the matcher fail or hang, and what
// is compiled says the same twice.
func FuzzPattern(f *testing.F) {
	f.Add([]byte(`{"a":["x",{"prefix":"y"}],"$or":[{"b":[1]},{"c":{"d":[{"exists":false}]}}]}`), []byte(`{"a":[["x"],{"b":1}]}`))
	f.Add([]byte(`{"a":[{"anything-but":{"wildcard":"*\\**"}},{"cidr":"::/0"},{"numeric":[">",1,"<",2]}]}`), []byte(`{"a":"::1"}`))
	f.Add([]byte(`{"a":[{"suffix":{"equals-ignore-case":"ſ"}}]}`), []byte(`{"a":"S"}`))
	f.Fuzz(func(t *testing.T, text, event []byte) {
		p, err := pattern.Parse(text)
		if err != nil {
			return
		}
		first, err := p.MatchJSON(event)
		again, err2 := p.MatchJSON(bytes.Clone(event))
		if first != again || (err == nil) != (err2 == nil) {
			t.Fatalf("%v %v, then %v %v", first, err, again, err2)
		}
	})
}
