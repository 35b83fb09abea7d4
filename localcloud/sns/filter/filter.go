// Package filter reads the filter policies of SNS subscriptions and says which
// messages they let through ("Amazon SNS subscription filter policies" in the
// Developer Guide).
package filter

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"slices"
	"strings"
)

// The bounds of a policy.
const (
	maxKeys  = 5
	maxBytes = 256 << 10
	maxDepth = 32
)

// Policy is a compiled filter policy. It is immutable.
type Policy struct {
	root node
	body bool
}

// node is one level of a policy: all of its keys and one of each $or must match.
type node struct {
	keys map[string]rule
	or   [][]node
}

// rule is what one key must be: one of the conditions, or an object.
type rule struct {
	any   []condition
	inner *node
}

// condition tests one value; there is false when the key is missing.
type condition func(v any, there bool) bool

// Parse reads a policy. body says that it is one of message bodies
// (FilterPolicyScope MessageBody), where keys may be nested.
func Parse(text string, body bool) (*Policy, error) {
	if len(text) > maxBytes {
		return nil, errors.New("filter policy is too large")
	}
	v, err := decode(text)
	if err != nil {
		return nil, errors.New("failed to parse JSON")
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("filter policy must be a JSON object")
	}
	leaves := 0
	root, err := compile(o, body, 0, &leaves)
	if err != nil {
		return nil, err
	}
	if leaves > maxKeys {
		return nil, fmt.Errorf("filter policy can not have more than %d keys", maxKeys)
	}
	return &Policy{root: root, body: body}, nil
}

// decode reads one JSON value with its numbers as they are written.
func decode(text string) (any, error) {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, errors.New("more than one value")
	}
	return v, nil
}

func compile(o map[string]any, body bool, depth int, leaves *int) (node, error) {
	n := node{keys: map[string]rule{}}
	if depth > maxDepth {
		return n, errors.New("filter policy is nested too deep")
	}
	for key, v := range o {
		switch v := v.(type) {
		case map[string]any:
			if !body {
				return n, fmt.Errorf("%q must be an array: filter policies of message attributes are not nested", key)
			}
			inner, err := compile(v, body, depth+1, leaves)
			if err != nil {
				return n, err
			}
			n.keys[key] = rule{inner: &inner}
		case []any:
			if key == "$or" && alternatives(v) {
				var list []node
				for _, one := range v {
					inner, err := compile(one.(map[string]any), body, depth+1, leaves)
					if err != nil {
						return n, err
					}
					list = append(list, inner)
				}
				n.or = append(n.or, list)
				continue
			}
			*leaves++
			conditions, err := conditionsOf(key, v)
			if err != nil {
				return n, err
			}
			n.keys[key] = rule{any: conditions}
		default:
			return n, fmt.Errorf("%q must be an object or an array", key)
		}
	}
	return n, nil
}

// alternatives tells an $or from a key that happens to have the name.
func alternatives(list []any) bool {
	return len(list) > 1 && !slices.ContainsFunc(list, func(v any) bool { _, ok := v.(map[string]any); return !ok })
}

func conditionsOf(key string, list []any) ([]condition, error) {
	if len(list) == 0 {
		return nil, fmt.Errorf("empty arrays are not allowed: %q", key)
	}
	var out []condition
	for _, v := range list {
		c, err := conditionOf(v)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", key, err)
		}
		out = append(out, c)
	}
	return out, nil
}

func conditionOf(v any) (condition, error) {
	o, ok := v.(map[string]any)
	if !ok {
		if _, list := v.([]any); list {
			return nil, errors.New("match value must be String, number, true, false, or null")
		}
		return equals(v), nil
	}
	if len(o) != 1 {
		return nil, errors.New("only one key allowed in match expression")
	}
	for kind, operand := range o {
		return operator(kind, operand)
	}
	return nil, nil // one key there is
}

func operator(kind string, v any) (condition, error) {
	s, isText := v.(string)
	onText := func(match func(string) bool) (condition, error) {
		if !isText {
			return nil, fmt.Errorf("%s match pattern must be a string", kind)
		}
		return func(got any, there bool) bool {
			text, ok := got.(string)
			return there && ok && match(text)
		}, nil
	}
	switch kind {
	case "prefix":
		return onText(func(t string) bool { return strings.HasPrefix(t, s) })
	case "suffix":
		return onText(func(t string) bool { return strings.HasSuffix(t, s) })
	case "equals-ignore-case":
		return onText(func(t string) bool { return strings.EqualFold(t, s) })
	case "wildcard":
		if strings.Contains(s, "**") {
			return nil, errors.New("consecutive wildcard characters")
		}
		return onText(func(t string) bool { return wildcard(s, t) })
	case "cidr":
		network, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, errors.New("malformed CIDR")
		}
		return onText(func(t string) bool {
			address, err := netip.ParseAddr(t)
			return err == nil && network.Contains(address)
		})
	case "exists":
		want, ok := v.(bool)
		if !ok {
			return nil, errors.New("exists match pattern must be either true or false")
		}
		return func(_ any, there bool) bool { return there == want }, nil
	case "numeric":
		return numeric(v)
	case "anything-but":
		return anythingBut(v)
	}
	return nil, fmt.Errorf("unrecognized match type %s", kind)
}

func anythingBut(v any) (condition, error) {
	var not []condition
	switch v := v.(type) {
	case map[string]any:
		c, err := conditionOf(v)
		if err != nil {
			return nil, err
		}
		not = []condition{c}
	case []any:
		if len(v) == 0 {
			return nil, errors.New("empty arrays are not allowed")
		}
		for _, one := range v {
			switch one.(type) {
			case string, json.Number:
				not = append(not, equals(one))
			default:
				return nil, errors.New("inside anything but list, values must be numbers or strings")
			}
		}
	default:
		not = []condition{equals(v)}
	}
	return func(got any, there bool) bool {
		return there && !slices.ContainsFunc(not, func(c condition) bool { return c(got, there) })
	}, nil
}

func equals(want any) condition {
	number, isNumber := rational(want)
	return func(got any, there bool) bool {
		if !there {
			return false
		}
		if isNumber {
			n, ok := rational(got)
			return ok && n.Cmp(number) == 0
		}
		return got == want
	}
}

// rational reads a number. Exponents are bounded: 1e999999999 is no number here.
func rational(v any) (*big.Rat, bool) {
	n, ok := v.(json.Number)
	if !ok || len(n) > 64 {
		return nil, false
	}
	if _, err := n.Float64(); err != nil {
		return nil, false
	}
	if i := strings.IndexAny(string(n), "eE"); i >= 0 && len(n)-i > 5 {
		return nil, false
	}
	return new(big.Rat).SetString(string(n))
}

// numeric is ["=", 1] or a range [">", 0, "<=", 100].
func numeric(v any) (condition, error) {
	list, _ := v.([]any)
	if len(list) != 2 && len(list) != 4 {
		return nil, errors.New("value of numeric must be an array of one or two comparisons")
	}
	type comparison struct {
		operator string
		bound    *big.Rat
	}
	var all []comparison
	for i := 0; i < len(list); i += 2 {
		o, _ := list[i].(string)
		n, ok := rational(list[i+1])
		if !ok || !slices.Contains([]string{"=", "<", "<=", ">", ">="}, o) {
			return nil, errors.New("unrecognized numeric range operator or value")
		}
		all = append(all, comparison{o, n})
	}
	return func(got any, there bool) bool {
		n, ok := rational(got)
		if !there || !ok {
			return false
		}
		for _, c := range all {
			order := n.Cmp(c.bound)
			if !(order == 0 && strings.HasSuffix(c.operator, "=") || order < 0 && c.operator[0] == '<' || order > 0 && c.operator[0] == '>') {
				return false
			}
		}
		return true
	}, nil
}

// wildcard matches a pattern where * stands for any text.
func wildcard(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	text, ok := strings.CutPrefix(text, parts[0])
	if !ok {
		return false
	}
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return strings.HasSuffix(text, last)
}

// Attribute is one attribute of a message.
type Attribute struct{ Type, Value string }

// MatchAttributes says whether a message with the attributes gets through.
func (p *Policy) MatchAttributes(attributes map[string]Attribute) bool {
	o := map[string]any{}
	for name, a := range attributes {
		switch {
		case a.Type == "String.Array":
			v, err := decode(a.Value)
			if list, ok := v.([]any); err == nil && ok {
				o[name] = list
			}
		case strings.HasPrefix(a.Type, "Number"):
			o[name] = json.Number(strings.TrimSpace(a.Value))
		case strings.HasPrefix(a.Type, "String"):
			o[name] = a.Value
		}
	}
	return p.root.match(o)
}

// Match says whether a message gets through, by what the policy looks at.
func (p *Policy) Match(body string, attributes map[string]Attribute) bool {
	if !p.body {
		return p.MatchAttributes(attributes)
	}
	v, err := decode(body)
	o, ok := v.(map[string]any)
	return err == nil && ok && p.root.match(o)
}

func (n *node) match(o map[string]any) bool {
	for key, r := range n.keys {
		v, there := o[key]
		if !r.match(v, there) {
			return false
		}
	}
	for _, list := range n.or {
		if !slices.ContainsFunc(list, func(one node) bool { return one.match(o) }) {
			return false
		}
	}
	return true
}

func (r *rule) match(v any, there bool) bool {
	if r.inner != nil {
		switch v := v.(type) {
		case map[string]any:
			return r.inner.match(v)
		case []any: // one of its objects
			return slices.ContainsFunc(v, func(one any) bool { o, ok := one.(map[string]any); return ok && r.inner.match(o) })
		}
		return r.inner.match(nil) // only what need not exist can match
	}
	if list, ok := v.([]any); ok {
		if len(list) == 0 {
			there = false
		}
		for _, one := range list {
			if r.one(one, true) {
				return true
			}
		}
		return len(list) == 0 && r.one(nil, there)
	}
	return r.one(v, there)
}

func (r *rule) one(v any, there bool) bool {
	switch v.(type) {
	case map[string]any, []any: // a condition is on a plain value; that it is there counts
		return slices.ContainsFunc(r.any, func(c condition) bool { return c(struct{}{}, there) })
	}
	return slices.ContainsFunc(r.any, func(c condition) bool { return c(v, there) })
}
