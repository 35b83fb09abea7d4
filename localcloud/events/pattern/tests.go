package pattern

import (
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"
)

// test is asked of one scalar of an event: a string, json.Number, bool or nil.
type test interface{ holds(v any) bool }

type (
	equal  struct{ value any } // numbers by their text, as the guide has it
	exists struct{ want bool }
	fold   struct{ text string }
	prefix struct {
		text string
		fold bool
	}
	suffix   prefix
	wildcard struct{ parts []string } // the texts between the stars
	cidr     struct{ network netip.Prefix }
	numeric  struct {
		from, to         float64
		openFrom, openTo bool
	}
	except struct{ tests []test }
	both   struct{ a, b []test }
)

func (t equal) holds(v any) bool { return v == t.value }
func (exists) holds(any) bool    { return true } // asked only of what is there

func (t fold) holds(v any) bool {
	text, ok := v.(string)
	return ok && strings.EqualFold(text, t.text)
}

func (t prefix) holds(v any) bool {
	text, ok := v.(string)
	if !ok || !t.fold {
		return ok && strings.HasPrefix(text, t.text)
	}
	for range t.text { // rune by rune: their lengths in bytes may differ
		_, size := utf8.DecodeRuneInString(text)
		if size == 0 {
			return false
		}
		text = text[size:]
	}
	return strings.EqualFold(v.(string)[:len(v.(string))-len(text)], t.text)
}

func (t suffix) holds(v any) bool {
	text, ok := v.(string)
	if !ok || !t.fold {
		return ok && strings.HasSuffix(text, t.text)
	}
	for range t.text {
		_, size := utf8.DecodeLastRuneInString(text)
		if size == 0 {
			return false
		}
		text = text[:len(text)-size]
	}
	return strings.EqualFold(v.(string)[len(text):], t.text)
}

// holds finds the texts one after the other; the last is at the end.
func (t wildcard) holds(v any) bool {
	text, ok := v.(string)
	if !ok || !strings.HasPrefix(text, t.parts[0]) {
		return false
	}
	if len(t.parts) == 1 {
		return text == t.parts[0]
	}
	text = text[len(t.parts[0]):]
	end := t.parts[len(t.parts)-1]
	for _, part := range t.parts[1 : len(t.parts)-1] {
		_, rest, found := strings.Cut(text, part)
		if !found {
			return false
		}
		text = rest
	}
	return strings.HasSuffix(text, end)
}

func (t cidr) holds(v any) bool {
	text, _ := v.(string)
	address, err := netip.ParseAddr(text)
	return err == nil && address.Zone() == "" && t.network.Contains(address)
}

func (t numeric) holds(v any) bool {
	n, ok := v.(json.Number)
	if !ok {
		return false
	}
	f, err := strconv.ParseFloat(n.String(), 64)
	return err == nil && math.Abs(f) <= maxNumber &&
		(f > t.from || f == t.from && !t.openFrom) && (f < t.to || f == t.to && !t.openTo)
}

func (t except) holds(v any) bool { return !anyHolds(t.tests, v) }
func (t both) holds(v any) bool   { return anyHolds(t.a, v) && anyHolds(t.b, v) }

func anyHolds(tests []test, v any) bool {
	for _, t := range tests {
		if t.holds(v) {
			return true
		}
	}
	return false
}

// maxNumber bounds the numbers that are compared.
const maxNumber = 5e9

// testOf compiles one item of a list.
func testOf(v any) (test, error) {
	object, ok := v.(map[string]any)
	if !ok {
		if _, nested := v.([]any); nested {
			return nil, fmt.Errorf("an array must not hold an array")
		}
		return equal{v}, nil
	}
	if len(object) != 1 {
		return nil, fmt.Errorf("a test has one name, not %d", len(object))
	}
	for name, v := range object {
		return named(name, v)
	}
	return nil, nil // not reached
}

func named(name string, v any) (test, error) {
	text, isText := v.(string)
	switch name {
	case "exists":
		want, ok := v.(bool)
		if !ok {
			return nil, fmt.Errorf("exists must be true or false")
		}
		return exists{want}, nil
	case "equals-ignore-case":
		if !isText {
			return nil, fmt.Errorf("equals-ignore-case must be a string")
		}
		return fold{text}, nil
	case "prefix", "suffix":
		return affix(name, v)
	case "wildcard":
		if !isText {
			return nil, fmt.Errorf("wildcard must be a string")
		}
		return wildcardOf(text)
	case "cidr":
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("cidr must be a network such as 10.0.0.0/24 or 2001:db8::/32")
		}
		return cidr{network.Masked()}, nil
	case "numeric":
		return numericOf(v)
	case "anything-but":
		return exceptOf(v)
	}
	return nil, fmt.Errorf("unrecognized match type %s", name)
}

func affix(name string, v any) (test, error) {
	t := prefix{}
	switch v := v.(type) {
	case string:
		t.text = v
	case map[string]any:
		text, ok := v["equals-ignore-case"].(string)
		if !ok || len(v) != 1 {
			return nil, fmt.Errorf("%s must be a string or equals-ignore-case", name)
		}
		t = prefix{text, true}
	default:
		return nil, fmt.Errorf("%s must be a string or equals-ignore-case", name)
	}
	if t.text == "" && name == "suffix" {
		return nil, fmt.Errorf("null prefix/suffix not allowed")
	}
	if name == "suffix" {
		return suffix(t), nil
	}
	return t, nil
}

// wildcardOf cuts a wildcard at its stars. A backslash makes a star, or a
// backslash, stand for itself.
func wildcardOf(text string) (test, error) {
	var parts []string
	var part strings.Builder
	star := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			if i++; i == len(text) || text[i] != '*' && text[i] != '\\' {
				return nil, fmt.Errorf("invalid escape character at pos %d of a wildcard", i-1)
			}
			part.WriteByte(text[i])
			star = false
		case c == '*' && star:
			return nil, fmt.Errorf("consecutive wildcard characters at pos %d", i-1)
		case c == '*':
			parts = append(parts, part.String())
			part.Reset()
			star = true
		default:
			part.WriteByte(c)
			star = false
		}
	}
	return wildcard{append(parts, part.String())}, nil
}

func numericOf(v any) (test, error) {
	list, _ := v.([]any)
	t := numeric{from: -maxNumber, to: maxNumber}
	if len(list) != 2 && len(list) != 4 {
		return nil, fmt.Errorf("numeric must be a comparison and a number, once or twice")
	}
	for i := 0; i < len(list); i += 2 {
		op, _ := list[i].(string)
		n, ok := list[i+1].(json.Number)
		if !ok {
			return nil, fmt.Errorf("value of %s must be numeric", op)
		}
		f, err := strconv.ParseFloat(n.String(), 64)
		if err != nil || math.Abs(f) > maxNumber {
			return nil, fmt.Errorf("value of %s must be between -5.0e9 and +5.0e9", op)
		}
		switch {
		case op == "=" && len(list) == 2:
			t.from, t.to = f, f
		case (op == ">" || op == ">=") && i == 0:
			t.from, t.openFrom = f, op == ">"
		case (op == "<" || op == "<=") && (i == 2 || len(list) == 2):
			t.to, t.openTo = f, op == "<"
		default:
			return nil, fmt.Errorf("bad numeric range operator: %s", op)
		}
	}
	if len(list) == 4 && t.from >= t.to {
		return nil, fmt.Errorf("bottom must be less than top")
	}
	return t, nil
}

// exceptOf reads what anything-but leaves out: texts and numbers, or one of the
// tests of texts with one text or several.
func exceptOf(v any) (test, error) {
	object, ok := v.(map[string]any)
	if !ok {
		list, err := listed(v, func(v any) (test, error) {
			switch v.(type) {
			case string, json.Number:
				return equal{v}, nil
			}
			return nil, fmt.Errorf("inside anything-but, only strings, numbers and tests of texts are supported")
		})
		return except{list}, err
	}
	if len(object) != 1 {
		return nil, fmt.Errorf("anything-but takes one test, not %d", len(object))
	}
	for name, v := range object {
		switch name {
		case "prefix", "suffix", "equals-ignore-case", "wildcard":
			list, err := listed(v, func(v any) (test, error) {
				if v == "" && name == "prefix" {
					return nil, fmt.Errorf("null prefix/suffix not allowed")
				}
				return named(name, v)
			})
			return except{list}, err
		}
		return nil, fmt.Errorf("unsupported anything-but pattern: %s", name)
	}
	return nil, nil // not reached
}

// listed compiles one value, or each of a list.
func listed(v any, one func(any) (test, error)) ([]test, error) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("empty arrays are not allowed")
	}
	var tests []test
	for _, item := range list {
		t, err := one(item)
		if err != nil {
			return nil, err
		}
		tests = append(tests, t)
	}
	return tests, nil
}
