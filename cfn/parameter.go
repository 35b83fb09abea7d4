package cfn

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Parameter is one declared parameter with its value.
type Parameter struct {
	Name string
	Type string
	// Value is what was given or the default; for an SSM type the name in the
	// parameter store.
	Value string
	// Resolved is what the parameter store holds, for SSM types.
	Resolved string
	// Known is false when there is no value; only partial resolution leaves it so.
	Known  bool
	NoEcho bool
}

const ssmValue = "AWS::SSM::Parameter::Value<"

// value gives what Ref of the parameter gives: text, or a list of texts.
func (p Parameter) value() any {
	kind, text := p.Type, p.Value
	if inner, ok := strings.CutPrefix(kind, ssmValue); ok {
		kind, text = strings.TrimSuffix(inner, ">"), p.Resolved
	}
	if kind == "CommaDelimitedList" || strings.HasPrefix(kind, "List<") {
		list := []any{}
		if text == "" {
			return list
		}
		for part := range strings.SplitSeq(text, ",") {
			list = append(list, strings.TrimSpace(part))
		}
		return list
	}
	return text
}

// readParameters joins declarations and given values. It checks them as
// CloudFormation does ("Parameters section", constraints).
func (r *Resolver) readParameters() error {
	t := r.template
	declared := t.Section("Parameters")
	var unknown, missing []string
	for name := range r.in.Parameters {
		if declared.Object(name) == nil {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return t.Errorf([]string{"Parameters"}, "Parameters: [%s] do not exist in the template", strings.Join(unknown, ", "))
	}
	for name := range declared.All() {
		body := declared.Object(name)
		path := []string{"Parameters", name}
		if body == nil || body.Text("Type") == "" {
			return t.Errorf(path, "Template format error: Every Parameters object must contain a Type member.")
		}
		p := Parameter{Name: name, Type: body.Text("Type"), NoEcho: isTrue(body, "NoEcho")}
		if given, ok := r.in.Parameters[name]; ok {
			p.Value, p.Known = given, true
		} else if value, ok := body.Get("Default"); ok {
			p.Value, p.Known = scalarText(value)
			if !p.Known {
				return t.Errorf(with(path, "Default"), "Template format error: Every Default member must be a string.")
			}
		}
		if !p.Known {
			missing = append(missing, name)
			r.addParameter(p)
			continue
		}
		if err := r.checkParameter(p, body, path); err != nil {
			return err
		}
		if err := r.lookUpSSM(&p, path); err != nil {
			return err
		}
		r.addParameter(p)
	}
	if len(missing) > 0 && !r.in.Partial {
		return t.Errorf([]string{"Parameters", missing[0]}, "Parameters: [%s] must have values", strings.Join(missing, ", "))
	}
	return nil
}

func (r *Resolver) addParameter(p Parameter) {
	r.parameters = append(r.parameters, p)
	r.byName[p.Name] = p
}

func (r *Resolver) lookUpSSM(p *Parameter, path []string) error {
	if !strings.HasPrefix(p.Type, ssmValue) {
		return nil
	}
	if r.in.SSM == nil {
		if r.in.Partial {
			p.Known = false
			return nil
		}
		return r.template.Errorf(path, "Unable to fetch parameters [%s] from parameter store for this account", p.Value)
	}
	value, err := r.in.SSM(p.Value)
	if err != nil {
		if r.in.Partial {
			p.Known = false
			return nil
		}
		return r.template.Errorf(path, "Unable to fetch parameters [%s] from parameter store for this account: %w", p.Value, err)
	}
	p.Resolved = value
	return nil
}

func (r *Resolver) checkParameter(p Parameter, body *Object, path []string) error {
	fail := func(format string, args ...any) error {
		if text := body.Text("ConstraintDescription"); text != "" {
			return r.template.Errorf(path, "Parameter '%s' failed to satisfy constraint: %s", p.Name, text)
		}
		return r.template.Errorf(path, "Parameter '%s' "+format, append([]any{p.Name}, args...)...)
	}
	items := []string{p.Value}
	if p.Type == "CommaDelimitedList" || strings.HasPrefix(p.Type, "List<") {
		items = strings.Split(p.Value, ",")
	}
	allowed := body.List("AllowedValues")
	for _, item := range items {
		item = strings.TrimSpace(item)
		if len(items) == 1 {
			item = p.Value
		}
		if allowed != nil && !slices.ContainsFunc(allowed, func(v any) bool { s, _ := scalarText(v); return s == item }) {
			return fail("must be one of AllowedValues")
		}
		if err := r.checkText(item, body, path, fail); err != nil {
			return err
		}
		if p.Type != "Number" && p.Type != "List<Number>" {
			continue
		}
		n, err := strconv.ParseFloat(item, 64)
		if err != nil {
			return fail("must be a number")
		}
		if low, ok := bound(body, "MinValue"); ok && n < low {
			return fail("must be a number not less than %v", low)
		}
		if high, ok := bound(body, "MaxValue"); ok && n > high {
			return fail("must be a number not greater than %v", high)
		}
	}
	return nil
}

func (r *Resolver) checkText(item string, body *Object, path []string, fail func(string, ...any) error) error {
	length := float64(utf8.RuneCountInString(item))
	if low, ok := bound(body, "MinLength"); ok && length < low {
		return fail("must contain at least %v characters", low)
	}
	if high, ok := bound(body, "MaxLength"); ok && length > high {
		return fail("must contain at most %v characters", high)
	}
	pattern := body.Text("AllowedPattern")
	if pattern == "" {
		return nil
	}
	re, err := regexp.Compile(`\A(?:` + pattern + `)\z`)
	if err != nil {
		return r.template.Errorf(with(path, "AllowedPattern"), "AllowedPattern %q of %s cannot be checked: %w", pattern, path[1], err).
			WithHint("patterns are Go regular expressions here, which know no look-around or back-references")
	}
	if !re.MatchString(item) {
		return fail("must match pattern %s", pattern)
	}
	return nil
}

func bound(body *Object, key string) (float64, bool) {
	v, _ := body.Get(key)
	text, ok := scalarText(v)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil
}

func isTrue(o *Object, key string) bool {
	v, _ := o.Get(key)
	text, _ := scalarText(v)
	return strings.EqualFold(text, "true")
}

// scalarText gives the text of a string, number or bool.
func scalarText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}
