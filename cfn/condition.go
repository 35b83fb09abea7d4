package cfn

import (
	"slices"
	"strings"
)

// Condition gives the value of a condition; known is false when it hangs on
// something that is not known, which only partial resolution allows.
func (r *Resolver) Condition(name string) (value, known bool, err error) {
	return r.condition(name, []string{"Conditions", name})
}

// choose is Condition in the form that [References] asks for.
func (r *Resolver) choose(name string) (value, known bool) {
	value, known, err := r.Condition(name)
	return value, known && err == nil
}

type truth struct{ value, known, working bool }

func (r *Resolver) condition(name string, at []string) (value, known bool, err error) {
	if c, ok := r.conditions[name]; ok {
		if c.working {
			return false, false, r.template.Errorf(at, "Template format error: Circular dependencies for conditions: [%s]", name)
		}
		return c.value, c.known, nil
	}
	body, ok := r.template.Section("Conditions").Get(name)
	if !ok {
		return false, false, r.template.conditionExists(name, at)
	}
	r.conditions[name] = truth{working: true}
	value, known, err = r.holds(body, []string{"Conditions", name})
	if err != nil {
		delete(r.conditions, name)
		return false, false, err
	}
	r.conditions[name] = truth{value: value, known: known}
	return value, known, nil
}

// holds evaluates a condition body: a condition function, {"Condition": NAME},
// or a literal true or false.
func (r *Resolver) holds(v any, path []string) (value, known bool, err error) {
	if text, ok := scalarText(v); ok {
		return r.literalTruth(text, path)
	}
	o, ok := v.(*Object)
	if !ok || o.Len() != 1 {
		return false, false, r.template.Errorf(path, "Template format error: Conditions can only be boolean operations on parameters and other conditions")
	}
	name := o.keys[0]
	arg := o.values[name]
	at := with(path, name)
	list, _ := arg.([]any)
	switch name {
	case "Condition":
		other, _ := arg.(string)
		return r.condition(other, at)
	case "Fn::Not":
		if len(list) != 1 {
			return false, false, r.template.Errorf(at, "Template error: Fn::Not requires one condition in a list")
		}
		value, known, err = r.holds(list[0], with(at, "0"))
		return !value, known, err
	case "Fn::And", "Fn::Or":
		if len(list) < 2 || len(list) > 10 {
			return false, false, r.template.Errorf(at, "Template error: every %s object requires a list of at least 2 and at most 10 boolean parameters", name)
		}
		return r.junction(list, name == "Fn::Or", at)
	case "Fn::Equals", "Fn::Contains", "Fn::EachMemberEquals", "Fn::EachMemberIn":
		if len(list) != 2 {
			return false, false, r.template.Errorf(at, "Template error: every %s object requires two parameters in a list", name)
		}
		return r.compare(name, list, at)
	}
	if _, _, isCall := Intrinsic(o); isCall && name != "Fn::If" {
		resolved, err := r.eval(o, path)
		if err != nil || HasIntrinsic(resolved) {
			return false, false, err
		}
		text, _ := scalarText(resolved)
		return r.literalTruth(text, path)
	}
	return false, false, r.template.Errorf(at, "Template format error: %s cannot stand in a condition", name)
}

func (r *Resolver) literalTruth(text string, path []string) (value, known bool, err error) {
	switch strings.ToLower(text) {
	case "true":
		return true, true, nil
	case "false":
		return false, true, nil
	}
	return false, false, r.template.Errorf(path, "Template format error: Conditions can only be boolean operations on parameters and other conditions")
}

// junction is Or when stop is true, else And: the first member equal to stop
// decides, whatever is unknown beside it.
func (r *Resolver) junction(list []any, stop bool, at []string) (value, known bool, err error) {
	allKnown := true
	decided := false
	for i, member := range list {
		value, known, err := r.holds(member, with(at, itoa(i)))
		if err != nil {
			return false, false, err
		}
		allKnown = allKnown && known
		decided = decided || known && value == stop
	}
	if decided {
		return stop, true, nil
	}
	return !stop, allKnown, nil
}

func (r *Resolver) compare(name string, list []any, at []string) (value, known bool, err error) {
	a, err := r.eval(list[0], with(at, "0"))
	if err != nil {
		return false, false, err
	}
	b, err := r.eval(list[1], with(at, "1"))
	if err != nil {
		return false, false, err
	}
	if HasIntrinsic(a) || HasIntrinsic(b) {
		return false, false, nil
	}
	if name == "Fn::Equals" {
		return same(a, b), true, nil
	}
	members, isList := a.([]any)
	if !isList {
		return false, false, r.template.Errorf(at, "Template error: the first parameter of %s must be a list", name)
	}
	switch name {
	case "Fn::Contains":
		return containsValue(members, b), true, nil
	case "Fn::EachMemberEquals":
		return !slices.ContainsFunc(members, func(m any) bool { return !same(m, b) }), true, nil
	default: // Fn::EachMemberIn
		allowed, _ := b.([]any)
		return !slices.ContainsFunc(members, func(m any) bool { return !containsValue(allowed, m) }), true, nil
	}
}

func containsValue(list []any, v any) bool {
	return slices.ContainsFunc(list, func(m any) bool { return same(m, v) })
}

// same compares two values; scalars by their text, as CloudFormation does.
func same(a, b any) bool {
	if x, ok := scalarText(a); ok {
		y, ok := scalarText(b)
		return ok && x == y
	}
	return plain(a) == plain(b)
}

// checkRules evaluates the Rules section: each rule whose condition holds must
// have all its assertions true.
func (r *Resolver) checkRules() error {
	for name, v := range r.template.Section("Rules").All() {
		rule, _ := v.(*Object)
		path := []string{"Rules", name}
		if when, ok := rule.Get("RuleCondition"); ok {
			value, known, err := r.holds(when, with(path, "RuleCondition"))
			if err != nil {
				return err
			}
			if !value || !known {
				continue
			}
		}
		for i, v := range rule.List("Assertions") {
			assertion, _ := v.(*Object)
			body, _ := assertion.Get("Assert")
			at := with(path, "Assertions", itoa(i))
			value, known, err := r.holds(body, with(at, "Assert"))
			if err != nil {
				return err
			}
			if known && !value {
				return r.template.Errorf(at, "Rule %s does not hold: %s", name, assertion.Text("AssertDescription"))
			}
		}
	}
	return nil
}
