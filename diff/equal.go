package diff

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/writ-dev/writ/cfn"
)

// normalise copies a template in the form that is compared: "A.B" of
// Fn::GetAtt as a list, DependsOn as a sorted list.
func normalise(root *cfn.Object) *cfn.Object {
	out, _ := normaliseValue(root).(*cfn.Object)
	if out == nil {
		out = &cfn.Object{}
	}
	for _, v := range out.Object("Resources").All() {
		resource, ok := v.(*cfn.Object)
		if !ok {
			continue
		}
		switch d, _ := resource.Get("DependsOn"); d := d.(type) {
		case string:
			resource.Set("DependsOn", []any{d})
		case []any:
			sort.SliceStable(d, func(i, j int) bool { return fmt.Sprint(d[i]) < fmt.Sprint(d[j]) })
		}
	}
	return out
}

func normaliseValue(v any) any {
	switch v := v.(type) {
	case *cfn.Object:
		out := &cfn.Object{}
		for k, child := range v.All() {
			if attribute, ok := child.(string); ok && k == "Fn::GetAtt" && v.Len() == 1 {
				id, name, _ := strings.Cut(attribute, ".")
				out.Set(k, []any{id, name})
				continue
			}
			out.Set(k, normaliseValue(child))
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, child := range v {
			out[i] = normaliseValue(child)
		}
		return out
	}
	return v
}

// equal compares as CloudFormation reads values: numbers and strings of the
// same number are equal, and so are booleans and their names.
func equal(a, b any) bool {
	switch a := a.(type) {
	case *cfn.Object:
		b, ok := b.(*cfn.Object)
		if !ok || a.Len() != b.Len() {
			return false
		}
		for k, va := range a.All() {
			vb, ok := b.Get(k)
			if !ok || !equal(va, vb) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !equal(a[i], b[i]) {
				return false
			}
		}
		return true
	case nil:
		return b == nil
	}
	ta, okA := scalar(a)
	tb, okB := scalar(b)
	if !okA || !okB {
		return false
	}
	if ta == tb {
		return true
	}
	na, errA := strconv.ParseFloat(ta, 64)
	nb, errB := strconv.ParseFloat(tb, 64)
	return errA == nil && errB == nil && na == nb
}

func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case cfn.Number:
		return v.String(), true
	}
	return "", false
}

// compact is the one-line JSON of a value.
func compact(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	default:
		text, err := cfn.Format(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		return squeeze(text)
	}
}

// squeeze takes the white space out of indented JSON.
func squeeze(pretty []byte) string {
	var b strings.Builder
	inString, escaped := false, false
	for _, c := range pretty {
		if inString {
			b.WriteByte(c)
			switch {
			case escaped:
				escaped = false
			case c == '\\':
				escaped = true
			case c == '"':
				inString = false
			}
			continue
		}
		switch c {
		case ' ', '\n', '\t', '\r':
			continue
		case '"':
			inString = true
		}
		b.WriteByte(c)
	}
	return b.String()
}

// pretty is JSON with an indent of two, without a final newline.
func pretty(v any) string {
	text, err := cfn.Format(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSuffix(string(text), "\n")
}
