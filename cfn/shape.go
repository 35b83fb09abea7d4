package cfn

import "strings"

// validateShapes checks that every intrinsic in v is known and has an argument
// of the right shape, as far as that shows without values.
func (t *Template) validateShapes(v any, path []string, inCondition bool) error {
	switch v := v.(type) {
	case []any:
		for i, item := range v {
			if err := t.validateShapes(item, with(path, itoa(i)), inCondition); err != nil {
				return err
			}
		}
	case *Object:
		if err := t.validateCall(v, path, inCondition); err != nil {
			return err
		}
		for key, member := range v.All() {
			if err := t.validateShapes(member, with(path, key), inCondition); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *Template) validateCall(o *Object, path []string, inCondition bool) error {
	for key := range o.All() {
		if strings.HasPrefix(key, "Fn::") && o.Len() > 1 {
			return t.Errorf(with(path, key), "Template format error: %s must be the only key of its object", key)
		}
	}
	if name := o.Text("Condition"); inCondition && o.Len() == 1 && name != "" {
		return t.conditionExists(name, with(path, "Condition"))
	}
	name, arg, ok := Intrinsic(o)
	if !ok {
		return nil
	}
	at := with(path, name)
	list, isList := arg.([]any)
	if err := t.unsupported(name, at); err != nil {
		return err
	}
	switch name {
	case "Ref":
		if _, ok := arg.(string); !ok {
			return t.Errorf(at, "Template format error: Ref must be a string")
		}
	case "Fn::GetAtt":
		if _, _, ok := getAttArgument(arg); !ok {
			return t.Errorf(at, "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute")
		}
	case "Fn::Sub":
		text, _, ok := subArgument(arg)
		if !ok {
			return t.Errorf(at, "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an optional second argument to specify a mapping of values to replace in the string")
		}
		if _, err := parseSub(text); err != nil {
			return t.Errorf(at, "%w", err)
		}
	case "Fn::If":
		condition, isText := "", false
		if isList && len(list) == 3 {
			condition, isText = list[0].(string)
		}
		if !isText {
			return t.Errorf(at, "Template error: Fn::If requires a list argument with the first element being a condition")
		}
		return t.conditionExists(condition, at)
	case "Fn::FindInMap":
		if !isList || len(list) < 3 || len(list) > 4 {
			return t.Errorf(at, "Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value")
		}
		if name, ok := list[0].(string); ok && t.Section("Mappings").Object(name) == nil {
			return t.Errorf(at, "Template error: Unable to get mapping for %s", name)
		}
	case "Fn::Join", "Fn::Select", "Fn::Split", "Fn::Equals":
		if !isList || len(list) != 2 {
			return t.Errorf(at, "Template error: every %s object requires two parameters in a list", name)
		}
	}
	return nil
}

// unsupported refuses what the resolver cannot work out.
func (t *Template) unsupported(name string, at []string) error {
	switch {
	case name == "Fn::Transform" || strings.HasPrefix(name, "Fn::ForEach"):
		return t.Errorf(at, "%s is not supported: macros do not run here", name).
			WithHint("give the template after its macros have run")
	case !intrinsics[name]:
		return t.Errorf(at, "Template error: unknown intrinsic function %s", name)
	}
	return nil
}
