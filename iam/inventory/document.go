package inventory

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/iam"
)

// policy compiles a document of the template. path is its place there; single
// says that it is the only one of its resource, so that Stack.Where knows it.
func (b *reader) policy(st *stack, id string, document any, path []string, origin iam.Origin, single bool) (*iam.Policy, error) {
	if text, ok := document.(string); ok {
		p, err := b.text([]byte(text), origin, st.t.Position(path...))
		return p, st.pointed(err, path)
	}
	o, ok := document.(*cfn.Object)
	if !ok || cfn.HasIntrinsic(document) && isCall(document) {
		b.unknown(st, id, "the whole document: "+brief(document), path)
		return nil, nil
	}
	items := statementsOf(o)
	copied := &cfn.Object{}
	inert := make([]bool, len(items))
	for key, value := range o.All() {
		if key != "Statement" {
			copied.Set(key, value)
			continue
		}
		list := make([]any, len(items))
		for i, item := range items {
			c := cleaner{note: func(element string, v any) {
				b.unknown(st, id, fmt.Sprintf("%s of statement %d: %s", element, i, brief(v)), append(path[:len(path):len(path)], "Statement", strconv.Itoa(i)))
			}}
			list[i], inert[i] = c.statement(item)
		}
		copied.Set(key, list)
	}
	text, err := json.Marshal(copied)
	if err != nil {
		return nil, st.pointed(err, path)
	}
	doc, err := iam.Parse(text)
	if err == nil {
		err = doc.Validate(origin.Type)
	}
	if err != nil {
		return nil, st.pointed(err, path)
	}
	for i := range doc.Statements {
		doc.Statements[i].Position = st.where(id, i, append(path[:len(path):len(path)], "Statement", strconv.Itoa(i)), single)
		if i < len(inert) && inert[i] {
			doc.Statements[i].Action, doc.Statements[i].NotAction = []string{}, nil
		}
	}
	return iam.Compile(doc, origin), nil
}

// text compiles a document that is text in the template, or no part of it: all
// its statements stand at one place.
func (*reader) text(src []byte, origin iam.Origin, at writ.Position) (*iam.Policy, error) {
	doc, err := iam.Parse(src)
	if err == nil {
		err = doc.Validate(origin.Type)
	}
	if err != nil {
		return nil, err
	}
	for i := range doc.Statements {
		doc.Statements[i].Position = at
	}
	return iam.Compile(doc, origin), nil
}

// where is the place that a statement comes from.
func (st *stack) where(id string, statement int, path []string, single bool) writ.Position {
	if single && st.in.Where != nil {
		if p := st.in.Where(id, statement); !p.IsZero() {
			return p
		}
	}
	return st.t.Position(path...)
}

// statementsOf gives the statements of a document, one or a list.
func statementsOf(document *cfn.Object) []any {
	switch v, _ := document.Get("Statement"); v := v.(type) {
	case []any:
		return v
	case nil:
		return nil
	default:
		return []any{v}
	}
}

func isCall(v any) bool {
	_, _, ok := cfn.Intrinsic(v)
	return ok
}

// cleaner takes what is not known out of a statement, so that it never allows.
type cleaner struct {
	note func(element string, v any)
}

// statement gives the statement without what is not known. An inert one must
// be kept from matching: it is there only to keep the others' numbers.
func (c cleaner) statement(v any) (out any, inert bool) {
	o, ok := v.(*cfn.Object)
	if !ok || isCall(v) || isUnknown(o, "Effect") {
		c.note("the whole", v)
		return cfn.Obj("Effect", "Allow", "Action", "*", "Resource", "*"), true
	}
	deny := o.Text("Effect") == string(iam.Deny)
	copied := &cfn.Object{}
	for key, value := range o.All() {
		if !cfn.HasIntrinsic(value) {
			copied.Set(key, value)
			continue
		}
		c.note(key, firstUnknown(value))
		switch {
		case !deny && (key == "Action" || key == "Resource" || key == "Principal"):
			rest, some := withoutUnknown(value)
			if inert = inert || !some; !some {
				rest = "*"
			}
			copied.Set(key, rest)
		case !deny:
			inert = true
		case key == "Action" || key == "Resource" || key == "Principal":
			copied.Set(key, "*")
		case strings.HasPrefix(key, "Not"):
			if rest, some := withoutUnknown(value); some {
				copied.Set(key, rest)
			} else {
				copied.Set(strings.TrimPrefix(key, "Not"), "*")
			}
		case key == "Condition":
			if rest := knownConditions(value); rest.Len() > 0 {
				copied.Set(key, rest)
			}
		}
	}
	return c.complete(o, copied), inert
}

// complete gives an inert statement the elements that validation asks for.
func (cleaner) complete(o, copied *cfn.Object) *cfn.Object {
	for _, key := range o.Keys() {
		if rest, not := strings.CutPrefix(key, "Not"); not && !has(copied, key) && !has(copied, rest) {
			copied.Set(rest, "*")
		}
	}
	return copied
}

// firstUnknown gives the first entry that is not known, the one to show.
func firstUnknown(v any) any {
	if list, ok := v.([]any); ok {
		for _, item := range list {
			if cfn.HasIntrinsic(item) {
				return item
			}
		}
	}
	return v
}

func has(o *cfn.Object, key string) bool {
	_, ok := o.Get(key)
	return ok
}

func isUnknown(o *cfn.Object, key string) bool {
	v, _ := o.Get(key)
	return cfn.HasIntrinsic(v)
}

// withoutUnknown gives the entries of an element that are known; some is false
// when none is.
func withoutUnknown(v any) (rest any, some bool) {
	if isCall(v) {
		return nil, false
	}
	switch v := v.(type) {
	case []any:
		list := []any{}
		for _, item := range v {
			if !cfn.HasIntrinsic(item) {
				list = append(list, item)
			}
		}
		return list, len(list) > 0
	case *cfn.Object: // Principal: {AWS: [...], Service: ...}
		o := &cfn.Object{}
		for key, value := range v.All() {
			if !cfn.HasIntrinsic(value) {
				o.Set(key, value)
			} else if rest, some := withoutUnknown(value); some {
				o.Set(key, rest)
			}
		}
		return o, o.Len() > 0
	}
	return v, true
}

// knownConditions keeps the conditions of which all is known.
func knownConditions(v any) *cfn.Object {
	out := &cfn.Object{}
	block, _ := v.(*cfn.Object)
	for operator, keys := range block.All() {
		o, _ := keys.(*cfn.Object)
		rest := &cfn.Object{}
		for key, value := range o.All() {
			if !cfn.HasIntrinsic(value) {
				rest.Set(key, value)
			}
		}
		if rest.Len() > 0 && !isCall(keys) {
			out.Set(operator, rest)
		}
	}
	return out
}

// brief shows a value of a template in a message.
func brief(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	const most = 120
	if len(text) > most {
		return strings.ToValidUTF8(string(text[:most]), "") + "…"
	}
	return string(text)
}
