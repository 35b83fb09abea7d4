package harvest

import (
	"errors"
	"strconv"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/iam/lint"
)

// origin is where a statement of the document stands in the template.
type origin struct {
	path  []string
	value *cfn.Object
}

// document replaces the intrinsics of a policy. Statements that hang on a
// condition of the template get a condition that is not known, so that no
// other statement is judged by them.
func (h *harvester) document(o *cfn.Object, path []string) (*cfn.Object, []origin) {
	out := cfn.Obj()
	var origins []origin
	when := h.when
	if h.chosen {
		when = with(when, strings.Join(path, " "))
	}
	if h.resource.Condition != "" && ownerOf(h.resource) == "" {
		// A policy that is made on a condition may be missing where its owner is not.
		when = with(when, h.resource.Condition+" 1")
	}
	for key, v := range o.All() {
		if key != "Statement" {
			out.Set(key, h.value(v))
			continue
		}
		list, at := []any{v}, [][]string{with(path, key)}
		if many, ok := v.([]any); ok {
			list, at = many, nil
			for i := range many {
				at = append(at, with(path, key, itoa(i)))
			}
		}
		statements := []any{}
		for i := range list {
			h.statement(list[i], at[i], when, func(s *cfn.Object, from origin) {
				statements, origins = append(statements, s), append(origins, from)
			})
		}
		out.Set(key, statements)
	}
	return out, origins
}

// statement gives a statement, or those of the branches of Fn::If. when are the
// conditions of the template on which it is there, each with its branch.
func (h *harvester) statement(v any, path []string, when []string, add func(*cfn.Object, origin)) {
	name, arg, computed := cfn.Intrinsic(v)
	branches, _ := arg.([]any)
	if computed && name == "Fn::If" && len(branches) == 3 {
		for i := 1; i < 3; i++ {
			h.statement(branches[i], with(path, name, itoa(i)), with(when, h.text(branches[0])+" "+itoa(i)), add)
		}
		return
	}
	o, ok := v.(*cfn.Object)
	if !ok || computed {
		return // AWS::NoValue, or what cannot be known
	}
	out := cfn.Obj()
	for key, member := range o.All() {
		if isNoValue(member) {
			continue
		}
		resolved := h.value(member)
		if _, isObject := resolved.(*cfn.Object); key == "Condition" && !isObject {
			when = with(when, h.text(member))
			continue
		}
		if text, isText := resolved.(string); isText && strings.HasSuffix(key, "Principal") && text != "*" {
			resolved = cfn.Obj("AWS", text)
		}
		if key == "Sid" {
			if text, _ := resolved.(string); !lint.IsKnown(text) {
				continue
			}
		}
		out.Set(key, resolved)
	}
	if len(when) > 0 {
		conditions := cfn.Obj()
		if own := out.Object("Condition"); own != nil {
			for operator, keys := range own.All() {
				conditions.Set(operator, keys)
			}
		}
		keys := cfn.Obj()
		for _, condition := range when {
			keys.Set(lint.Unknown("Fn.If "+condition), "true")
		}
		conditions.Set("stringequalsifexists", keys) // in this form to stand beside the policy's own
		out.Set("Condition", conditions)
	}
	add(out, origin{path, o})
}

func isNoValue(v any) bool {
	name, arg, _ := cfn.Intrinsic(v)
	return name == "Ref" && arg == cfn.NoValue
}

// value replaces every intrinsic in v by text.
func (h *harvester) value(v any) any {
	if _, _, computed := cfn.Intrinsic(v); computed {
		return h.text(v)
	}
	switch v := v.(type) {
	case []any:
		out := []any{}
		for _, element := range v {
			if !isNoValue(element) {
				out = append(out, h.value(element))
			}
		}
		return out
	case *cfn.Object:
		out := cfn.Obj()
		for key, member := range v.All() {
			if !isNoValue(member) {
				out.Set(key, h.value(member))
			}
		}
		return out
	}
	return v
}

// text gives what is known of a value that is text in the end.
func (h *harvester) text(v any) string {
	name, arg, computed := cfn.Intrinsic(v)
	list, _ := arg.([]any)
	switch {
	case !computed:
		switch v := v.(type) {
		case string:
			return v
		case cfn.Number:
			return string(v)
		case bool:
			return strconv.FormatBool(v)
		}
	case name == "Ref":
		if id, ok := arg.(string); ok {
			return h.named(id)
		}
	case name == "Fn::GetAtt":
		if text, ok := arg.(string); ok {
			return h.named(text)
		}
		if len(list) == 2 {
			id, okID := list[0].(string)
			attribute, okAttribute := list[1].(string)
			if okID && okAttribute {
				return h.named(id + "." + attribute)
			}
		}
	case name == "Fn::Sub":
		if text, ok := h.substitute(arg); ok {
			return text
		}
	case name == "Fn::Join" && len(list) == 2:
		separator, okText := list[0].(string)
		if parts, ok := list[1].([]any); ok && okText {
			var texts []string
			for _, part := range parts {
				texts = append(texts, h.text(part))
			}
			return strings.Join(texts, separator)
		}
	case name == "Fn::If" && len(list) == 3:
		if a, b := h.text(list[1]), h.text(list[2]); a == b {
			return a
		}
	}
	whole, _ := cfn.Format(v) // a value of a template can be written
	return lint.Unknown(strings.Join(strings.Fields(string(whole)), ""))
}

// substitute works out Fn::Sub; ${!Literal} stands for ${Literal}.
func (h *harvester) substitute(arg any) (string, bool) {
	text, ok := arg.(string)
	var variables *cfn.Object
	if list, isList := arg.([]any); isList && len(list) == 2 {
		text, ok = list[0].(string)
		variables, _ = list[1].(*cfn.Object)
	}
	if !ok {
		return "", false
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		b.WriteString(before)
		name, after, closed := strings.Cut(rest, "}")
		switch {
		case !found:
			return b.String(), true
		case !closed:
			b.WriteString("${" + rest)
			return b.String(), true
		}
		name = strings.TrimSpace(name)
		if literal, escaped := strings.CutPrefix(name, "!"); escaped {
			b.WriteString("${" + literal + "}")
		} else if v, ok := variables.Get(name); ok {
			b.WriteString(h.text(v))
		} else {
			b.WriteString(h.named(name))
		}
		text = after
	}
}

// named gives what "Name" or "Name.Attribute" stands for: an ARN of the right
// form where the resource's type says it, else unknown text.
func (h *harvester) named(name string) string {
	if pseudo, ok := strings.CutPrefix(name, "AWS::"); ok {
		if pseudo == "URLSuffix" {
			return "amazonaws.com"
		}
		return lint.Unknown("AWS." + pseudo)
	}
	id, attribute, _ := strings.Cut(name, ".")
	r, ok := h.t.Resource(id)
	if !ok {
		return lint.Unknown(name)
	}
	if attribute == "" && (r.Type == "AWS::S3::Bucket" || r.Type == "AWS::DynamoDB::Table") {
		return lint.Unknown("AWS.name." + id)
	}
	naming, _ := cfn.NamingOf(r.Type)
	form, _ := naming.Returns(attribute)
	if !strings.HasPrefix(form, "arn:") || r.Type == "AWS::Lambda::Alias" { // an alias's name has two parts
		return lint.Unknown(name)
	}
	return strings.NewReplacer(
		"{P}", lint.Unknown("AWS.Partition"), "{R}", lint.Unknown("AWS.Region"), "{A}", lint.Unknown("AWS.AccountId"),
		"{N}", lint.Unknown("AWS.name."+id), "{made}", lint.Unknown("AWS.name."+id+".made"), "{path}", h.path(r),
	).Replace(form)
}

// path is the path of a role or another entity of IAM.
func (h *harvester) path(r cfn.Resource) string {
	v := property(r, "Path")
	if text, ok := v.(string); ok {
		return text
	}
	if v == nil {
		return "/"
	}
	return lint.Unknown("AWS.path." + r.ID)
}

// with gives a new path; append alone could share the array between siblings.
func with(path []string, key ...string) []string {
	return append(path[:len(path):len(path)], key...)
}

func itoa(n int) string { return strconv.Itoa(n) }

func plain(err error) string {
	var e *writ.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}

func hintOf(err error) string {
	var e *writ.Error
	if errors.As(err, &e) {
		return e.Hint
	}
	return ""
}
