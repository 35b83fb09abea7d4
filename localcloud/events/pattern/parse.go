package pattern

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// operators are the names of tests; an object that has one as a key is a test.
var operators = []string{"anything-but", "cidr", "equals-ignore-case", "exists", "numeric", "prefix", "suffix", "wildcard"}

// objects compiles the fields of one object: the alternatives that $or leaves,
// of which one must match.
func objects(path []string, fields map[string]any) ([]*node, error) {
	base, several := &node{path: path}, [][]*node{}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		var each []*node
		var err error
		if list, ok := alternatives(key, fields[key]); ok {
			each, err = or(path, list)
		} else {
			each, err = field(path, key, fields[key])
		}
		switch {
		case err != nil:
			return nil, err
		case len(each) == 1: // first, so that what is multiplied stays small
			base = join(base, each[0])
		default:
			several = append(several, each)
		}
	}
	all := []*node{base}
	for _, each := range several {
		if len(all)*len(each) > maxOr {
			return nil, fmt.Errorf("$or multiplies to more than %d alternatives", maxOr)
		}
		var joined []*node
		for _, a := range all {
			for _, b := range each {
				joined = append(joined, join(a, b))
			}
		}
		all = joined
	}
	return all, nil
}

// alternatives says whether a key is the $or of a pattern rather than a field
// of that name: a list of two or more objects, none of which is a test.
func alternatives(key string, v any) ([]any, bool) {
	list, ok := v.([]any)
	if key != "$or" || !ok || len(list) < 2 {
		return nil, false
	}
	for _, item := range list {
		object, ok := item.(map[string]any)
		if !ok {
			return nil, false
		}
		for name := range object {
			if slices.Contains(operators, name) {
				return nil, false
			}
		}
	}
	return list, true
}

func or(path []string, list []any) (all []*node, err error) {
	for _, item := range list {
		object := item.(map[string]any)
		if len(object) == 0 {
			return nil, fmt.Errorf("%s: an alternative of $or is empty", name(path))
		}
		each, err := objects(path, object)
		if err != nil {
			return nil, err
		}
		if all = append(all, each...); len(all) > maxOr {
			return nil, fmt.Errorf("$or has more than %d alternatives", maxOr)
		}
	}
	return all, nil
}

// field compiles one field into alternatives of an object that has it.
func field(path []string, key string, v any) ([]*node, error) {
	at := append(slices.Clone(path), key)
	var each []*node
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			return nil, fmt.Errorf("%s: empty objects are not allowed", name(at))
		}
		var err error
		if each, err = objects(at, v); err != nil {
			return nil, err
		}
	case []any:
		leaf, err := list(at, v)
		if err != nil {
			return nil, err
		}
		each = []*node{leaf}
	default:
		return nil, fmt.Errorf("%s: it must be an object or an array", name(at))
	}
	out := make([]*node, len(each))
	for i, n := range each {
		out[i] = &node{path: path, below: map[string]*node{key: n}}
	}
	return out, nil
}

// list compiles the tests of a field.
func list(path []string, items []any) (*node, error) {
	if len(items) == 0 {
		return nil, fmt.Errorf("%s: empty arrays are not allowed", name(path))
	}
	n := &node{path: path, tests: []test{}}
	for _, item := range items {
		t, err := testOf(item)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name(path), err)
		}
		if t, ok := t.(exists); ok && !t.want {
			n.absent = true
			continue
		}
		n.tests = append(n.tests, t)
	}
	return n, nil
}

// join gives a node that asks for what both ask. A field that both test must
// pass both.
func join(a, b *node) *node {
	n := &node{path: a.path, tests: a.tests, absent: a.absent, below: maps.Clone(a.below)}
	switch {
	case n.tests == nil:
		n.tests, n.absent = b.tests, b.absent
	case b.tests != nil:
		n.absent = a.absent && b.absent
		n.tests = []test{both{a.tests, b.tests}}
	}
	if n.below == nil {
		n.below = map[string]*node{}
	}
	for key, child := range b.below {
		if there, ok := n.below[key]; ok {
			child = join(there, child)
		}
		n.below[key] = child
	}
	return n
}

func name(path []string) string {
	if len(path) == 0 {
		return "the pattern"
	}
	return strings.Join(path, ".")
}
