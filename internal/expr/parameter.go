package expr

import (
	"strings"

	"github.com/writ-dev/writ"
)

// maxTypeDepth bounds list<map<list<…>>>.
const maxTypeDepth = 8

// ParamType reads the type of a condition's parameter as OpenFGA models write it: any,
// bool, string, int, uint, double, duration, timestamp, ipaddress, list<T>, map<T>.
func ParamType(name string) (Type, error) {
	t, ok := paramType(name, maxTypeDepth)
	if !ok {
		e := writ.Errorf(writ.CodeInvalid, "%q is not the type of a parameter", name)
		if near := writ.Nearest(name, paramNames); near != "" {
			return Any, e.WithHint("did you mean %s?", near)
		}
		return Any, e.WithHint("types are %s, list<T> and map<T>", strings.Join(paramNames, ", "))
	}
	return t, nil
}

var paramNames = []string{"any", "bool", "string", "int", "uint", "double", "duration", "timestamp", "ipaddress"}

func paramType(name string, depth int) (Type, bool) {
	name = strings.TrimSpace(name)
	outer, rest, generic := strings.Cut(name, "<")
	if generic {
		inner, closed := strings.CutSuffix(rest, ">")
		if !closed || depth == 0 {
			return Any, false
		}
		elem, ok := paramType(inner, depth-1)
		switch strings.TrimSpace(outer) {
		case "list":
			return List(elem), ok
		case "map":
			return Map(elem), ok
		}
		return Any, false
	}
	switch name {
	case "any":
		return Any, true
	case "bool":
		return Bool, true
	case "string":
		return String, true
	case "int":
		return Int, true
	case "uint":
		return Uint, true
	case "double":
		return Double, true
	case "duration":
		return Duration, true
	case "timestamp":
		return Time, true
	case "ipaddress":
		return IP, true
	}
	return Any, false
}
