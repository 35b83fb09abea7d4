package cfn

import (
	"strings"
)

// NoValue is the pseudo parameter that removes what refers to it.
const NoValue = "AWS::NoValue"

// intrinsics are the functions that [Resolver] knows.
var intrinsics = map[string]bool{
	"Ref": true, "Condition": true, "Fn::And": true, "Fn::Base64": true, "Fn::Cidr": true, "Fn::Equals": true,
	"Fn::FindInMap": true, "Fn::GetAtt": true, "Fn::GetAZs": true, "Fn::If": true, "Fn::ImportValue": true,
	"Fn::Join": true, "Fn::Length": true, "Fn::Not": true, "Fn::Or": true, "Fn::Select": true, "Fn::Split": true,
	"Fn::Sub": true, "Fn::ToJsonString": true, "Fn::Transform": true,
	"Fn::Contains": true, "Fn::EachMemberEquals": true, "Fn::EachMemberIn": true,
}

// Intrinsic reports whether v is a call of an intrinsic function, an object
// with the one key Ref or Fn::NAME, and gives its name and argument.
// ({"Condition": "X"} counts only where conditions stand; see [Resolver].)
func Intrinsic(v any) (name string, arg any, ok bool) {
	o, isObject := v.(*Object)
	if !isObject || o.Len() != 1 {
		return "", nil, false
	}
	name = o.keys[0]
	if name == "Ref" || strings.HasPrefix(name, "Fn::") {
		return name, o.values[name], true
	}
	return "", nil, false
}

// HasIntrinsic reports whether a call of an intrinsic function stands anywhere in v.
func HasIntrinsic(v any) bool {
	if _, _, ok := Intrinsic(v); ok {
		return true
	}
	switch v := v.(type) {
	case *Object:
		for _, member := range v.All() {
			if HasIntrinsic(member) {
				return true
			}
		}
	case []any:
		for _, item := range v {
			if HasIntrinsic(item) {
				return true
			}
		}
	}
	return false
}

// Reference is one use of a name by a Ref, Fn::GetAtt or Fn::Sub.
type Reference struct {
	// Name is a parameter, a pseudo parameter or a resource's logical id.
	Name string
	// Attribute is set for Fn::GetAtt and ${Name.Attribute}; "?" when it is
	// itself computed.
	Attribute string
	// Path is where it stands.
	Path []string
}

// References gives all references in v in document order; path is v's own.
// choose is asked which branch of a Fn::If counts; nil, or known false, takes both.
func References(v any, path []string, choose func(condition string) (value, known bool)) []Reference {
	var found []Reference
	walkReferences(v, path, choose, func(r Reference) { found = append(found, r) })
	return found
}

func walkReferences(v any, path []string, choose func(string) (bool, bool), emit func(Reference)) {
	switch v := v.(type) {
	case []any:
		for i, item := range v {
			walkReferences(item, with(path, itoa(i)), choose, emit)
		}
	case *Object:
		if name, arg, ok := Intrinsic(v); ok {
			if walkIntrinsic(name, arg, with(path, name), choose, emit) {
				return
			}
		}
		for key, member := range v.All() {
			walkReferences(member, with(path, key), choose, emit)
		}
	}
}

// walkIntrinsic reports false when the argument holds nothing special and is
// to be walked like any value.
func walkIntrinsic(name string, arg any, path []string, choose func(string) (bool, bool), emit func(Reference)) bool {
	switch name {
	case "Ref":
		if s, ok := arg.(string); ok {
			emit(Reference{Name: s, Path: path})
			return true
		}
	case "Fn::GetAtt":
		if id, attribute, ok := getAttArgument(arg); ok {
			s, isText := attribute.(string)
			if !isText {
				s = "?"
				walkReferences(attribute, path, choose, emit)
			}
			emit(Reference{Name: id, Attribute: s, Path: path})
			return true
		}
	case "Fn::Sub":
		text, own, ok := subArgument(arg)
		if !ok {
			return false
		}
		pieces, err := parseSub(text)
		if err != nil {
			return false
		}
		for _, piece := range pieces {
			if _, isOwn := own.Get(piece.name); piece.name == "" || isOwn {
				continue
			}
			id, attribute, _ := strings.Cut(piece.name, ".")
			emit(Reference{Name: id, Attribute: attribute, Path: path})
		}
		for key, member := range own.All() {
			walkReferences(member, with(path, "1", key), choose, emit)
		}
		return true
	case "Fn::If":
		list, ok := arg.([]any)
		if !ok || len(list) != 3 || choose == nil {
			return false
		}
		condition, _ := list[0].(string)
		value, known := choose(condition)
		if !known {
			return false
		}
		branch := 2
		if value {
			branch = 1
		}
		walkReferences(list[branch], with(path, itoa(branch)), choose, emit)
		return true
	}
	return false
}

// getAttArgument reads both forms, "A.B" and ["A", "B"]; the attribute may be
// an intrinsic in the second.
func getAttArgument(arg any) (id string, attribute any, ok bool) {
	switch arg := arg.(type) {
	case string:
		id, name, found := strings.Cut(arg, ".")
		return id, name, found && id != "" && name != ""
	case []any:
		if len(arg) < 2 {
			return "", nil, false
		}
		id, isText := arg[0].(string)
		if !isText {
			return "", nil, false
		}
		if len(arg) == 2 {
			if _, isText := arg[1].(string); !isText {
				_, _, isCall := Intrinsic(arg[1])
				return id, arg[1], isCall
			}
		}
		// ["Nested", "Outputs", "X"] is the same as ["Nested", "Outputs.X"].
		var names []string
		for _, part := range arg[1:] {
			s, isText := part.(string)
			if !isText {
				return "", nil, false
			}
			names = append(names, s)
		}
		return id, strings.Join(names, "."), true
	}
	return "", nil, false
}

// subArgument reads both forms, "text" and ["text", {variables}].
func subArgument(arg any) (text string, variables *Object, ok bool) {
	switch arg := arg.(type) {
	case string:
		return arg, nil, true
	case []any:
		if len(arg) != 2 {
			return "", nil, false
		}
		text, isText := arg[0].(string)
		variables, isObject := arg[1].(*Object)
		return text, variables, isText && isObject
	}
	return "", nil, false
}

// subPiece is literal text, or the name in ${name}.
type subPiece struct{ text, name string }

// parseSub cuts a Fn::Sub text into pieces. ${!Literal} stands for ${Literal}.
func parseSub(text string) ([]subPiece, error) {
	var pieces []subPiece
	literal := func(s string) {
		if s != "" {
			pieces = append(pieces, subPiece{text: s})
		}
	}
	for {
		before, rest, found := strings.Cut(text, "${")
		literal(before)
		if !found {
			return pieces, nil
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			literal("${" + rest)
			return pieces, nil
		}
		if escaped, ok := strings.CutPrefix(name, "!"); ok {
			literal("${" + escaped + "}")
		} else {
			trimmed := strings.TrimSpace(name)
			if !validSubName(trimmed) {
				return nil, errSubName(name)
			}
			pieces = append(pieces, subPiece{name: trimmed})
		}
		text = after
	}
}

func validSubName(name string) bool {
	if name == "" {
		return false
	}
	for _, r := range name {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(".:_-", r)) {
			return false
		}
	}
	return true
}
