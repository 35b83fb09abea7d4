package condition

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/writ-dev/writ"
)

// operators are the comparisons: what takes the place of the attribute (%[1]s) and
// of the value (%[2]s), and which values may stand there.
var operators = map[string]struct {
	text string
	of   string
}{
	"equals":              {"%[1]s == %[2]s", "scalar"},
	"not-equals":          {"%[1]s != %[2]s", "scalar"},
	"less-than":           {"%[1]s < %[2]s", "ordered"},
	"less-than-equals":    {"%[1]s <= %[2]s", "ordered"},
	"greater-than":        {"%[1]s > %[2]s", "ordered"},
	"greater-than-equals": {"%[1]s >= %[2]s", "ordered"},
	"contains":            {"%[1]s.contains(%[2]s)", "string"},
	"in":                  {"%[1]s in %[2]s", "list"},
	"array_contains":      {"%[2]s in %[1]s", "scalar"},
	"array_subset":        {"%[1]s.all(%[3]s, %[3]s in %[2]s)", "list"},
	"array_superset":      {"%[2]s.all(%[3]s, %[3]s in %[1]s)", "list"},
	"array_intersect":     {"%[1]s.exists(%[3]s, %[3]s in %[2]s)", "list"},
	"between":             {"(%[1]s >= %[2]s && %[1]s <= %[4]s)", "pair"},
}

const operatorList = "equals, not-equals, less-than, less-than-equals, greater-than, greater-than-equals, between, contains, in, " +
	"array_contains, array_subset, array_superset, array_intersect, object_match, any_match, all_match"

// compare reads one operator of an attribute.
func (t *translator) compare(a path, operator string, v any, at string) (string, error) {
	switch operator {
	case "object_match", "any_match", "all_match":
		return t.match(a, operator, v, at)
	}
	// Older policies write {"equals-ref": "user.email"} for {"equals": {"ref": "user.email"}}.
	if base, old := strings.CutSuffix(operator, "-ref"); old {
		operator, v = base, map[string]any{"ref": v}
	}
	op, ok := operators[operator]
	if !ok {
		e := invalid(at, "there is no operator %q", short(operator)).WithHint("operators are %s", operatorList)
		if near := writ.Nearest(short(operator), strings.Split(operatorList, ", ")); near != "" {
			e.Hint = "did you mean " + near + "?"
		}
		return "", e
	}
	tests := []string{}
	if p := a.present(); p != "" {
		tests = append(tests, p)
	}
	var value, upper string
	var err error
	switch {
	case op.of == "pair":
		pair, ok := v.([]any)
		if !ok || len(pair) != 2 {
			return "", invalid(at, "between needs a list of two values, the least and the greatest")
		}
		if value, err = t.operand(pair[0], "ordered", at, &tests); err == nil {
			upper, err = t.operand(pair[1], "ordered", at, &tests)
		}
	default:
		value, err = t.operand(v, op.of, at, &tests)
	}
	if err != nil {
		return "", err
	}
	text := strings.NewReplacer("%[1]s", a.value(), "%[2]s", value, "%[3]s", t.variable(), "%[4]s", upper).Replace(op.text)
	return join(append(tests, text), "&&", ""), nil
}

// operand writes a literal, or a reference to another attribute, which must be there as well.
func (t *translator) operand(v any, of, at string, tests *[]string) (string, error) {
	if object, ok := v.(map[string]any); ok {
		ref, ok := object["ref"].(string)
		if !ok || len(object) != 1 {
			return "", invalid(at, "an object as a value must be {\"ref\": \"user.NAME\"}")
		}
		p, err := attribute(ref, at+".ref")
		if err != nil {
			return "", err
		}
		*tests = append(*tests, p.present())
		return p.value(), nil
	}
	_, isString := v.(string)
	_, isList := v.([]any)
	_, isNumber := v.(json.Number)
	switch {
	case of == "list" && !isList:
		return "", invalid(at, "the value must be a list, not %s", kindOf(v))
	case of == "string" && !isString:
		return "", invalid(at, "the value must be a string, not %s", kindOf(v))
	case of == "ordered" && !isString && !isNumber:
		return "", invalid(at, "the value must be a number, not %s", kindOf(v))
	}
	return literal(v, at)
}

// literal writes a JSON value in CEL.
func literal(v any, at string) (string, error) {
	switch v := v.(type) {
	case nil:
		return "null", nil
	case bool:
		return strconv.FormatBool(v), nil
	case string:
		return quote(v), nil
	case json.Number:
		return number(v, at)
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			text, err := literal(item, at)
			if err != nil {
				return "", err
			}
			items[i] = text
		}
		return "[" + strings.Join(items, ", ") + "]", nil
	}
	return "", invalid(at, "an object cannot stand in a list of values")
}

// number writes whole numbers that CEL's int holds as they are, others as doubles.
func number(n json.Number, at string) (string, error) {
	if i, err := n.Int64(); err == nil {
		return strconv.FormatInt(i, 10), nil
	}
	f, err := n.Float64()
	if err != nil {
		return "", invalid(at, "the number %s is too large", short(n.String()))
	}
	text := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return text, nil
}

func (t *translator) variable() string {
	t.vars++
	return fmt.Sprintf("v%d", t.vars)
}

// match reads object_match, and any_match and all_match of a list of objects: {"match": {"role": {"equals": "x"}}}.
func (t *translator) match(a path, operator string, v any, at string) (string, error) {
	object, ok := v.(map[string]any)
	if !ok {
		return "", invalid(at, "%s needs an object with a match", operator)
	}
	kind := ""
	for _, key := range sorted(object) {
		switch key {
		case "match":
		case "fk_resource_type":
			if object[key] == nil {
				continue
			}
			if kind, ok = object[key].(string); !ok {
				return "", invalid(at+"."+key, "it must be the key of a resource, not %s", kindOf(object[key]))
			}
		default:
			return "", invalid(at+"."+key, "%s has no %q", operator, short(key)).WithHint("it has match and fk_resource_type")
		}
	}
	if _, ok := object["match"].(map[string]any); !ok {
		return "", invalid(at, "%s needs an object under match", operator)
	}
	of := a
	if operator != "object_match" {
		of = path{root: t.variable()}
	}
	item := of.root
	if kind != "" { // what stands there is the key of an instance, whose stored attributes count
		of = path{root: "instance(" + quote(kind) + ", " + of.value() + ")"}
	}
	text, err := t.node(object["match"], at+".match", func(key string, value any, at string) (string, error) {
		names, ok := split(key)
		if !ok {
			return "", invalid(at, "%q is no attribute", short(key))
		}
		return t.about(of.below(names), value, at)
	})
	if err != nil {
		return "", err
	}
	switch operator {
	case "any_match":
		text = a.value() + ".exists(" + item + ", " + text + ")"
	case "all_match":
		text = a.value() + ".all(" + item + ", " + text + ")"
	}
	var tests []string
	if p := a.present(); p != "" {
		tests = append(tests, p)
	}
	return join(append(tests, text), "&&", ""), nil
}
