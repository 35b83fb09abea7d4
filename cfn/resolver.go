package cfn

import (
	"errors"
	"strings"
)

// Inputs are the values that a template is resolved with.
type Inputs struct {
	// Parameters are the given values by name; others take their default.
	Parameters map[string]string

	Account          string
	Region           string
	Partition        string // "" is aws
	StackName        string
	StackID          string
	NotificationARNs []string
	// Zones are what Fn::GetAZs gives; nil is a, b and c of the region.
	Zones []string

	// SSM reads the parameter store; nil refuses parameters of an SSM type. A
	// version may follow the name: "NAME:3".
	SSM func(name string) (string, error)
	// Import gives the value of another stack's export; nil refuses Fn::ImportValue.
	Import func(name string) (string, error)
	// Ref and GetAtt give what a resource that was made is known by; ok is
	// false when it is not known.
	Ref    func(id string) (value any, ok bool)
	GetAtt func(id, attribute string) (value any, ok bool)

	// Partial leaves what is not known as it stands, with its known parts
	// resolved, where it would else be an error. Unknown joins come out in one
	// form, {"Fn::Join": ["", [...]]}, whether written as Fn::Sub or Fn::Join.
	Partial bool
}

// Resolver works out the intrinsics of one template. It is not for use by
// several goroutines at once.
type Resolver struct {
	template   *Template
	in         Inputs
	parameters []Parameter
	byName     map[string]Parameter
	conditions map[string]truth
	// written counts the bytes of text made by joins, which a small template
	// could multiply without bound.
	written int
}

const maxWritten = 32 << 20

// NewResolver checks the parameters against their declarations, evaluates all
// conditions and checks the Rules section.
func NewResolver(t *Template, in Inputs) (*Resolver, error) {
	if in.Partition == "" {
		in.Partition = "aws"
	}
	r := &Resolver{template: t, in: in, byName: map[string]Parameter{}, conditions: map[string]truth{}}
	if err := r.readParameters(); err != nil {
		return nil, err
	}
	for name := range t.Section("Conditions").All() {
		if _, _, err := r.Condition(name); err != nil {
			return nil, err
		}
	}
	if err := r.checkRules(); err != nil {
		return nil, err
	}
	return r, nil
}

// Parameters gives the declared parameters with their values, in document order.
func (r *Resolver) Parameters() []Parameter { return r.parameters }

// Active reports whether a resource is made: it has no condition, or one that
// holds. An unknown condition counts as active.
func (r *Resolver) Active(id string) bool {
	resource, ok := r.template.Resource(id)
	if !ok || resource.Condition == "" {
		return ok
	}
	value, known := r.choose(resource.Condition)
	return value || !known
}

// Levels gives [Template.Levels] of the active resources, with conditions applied.
func (r *Resolver) Levels() ([][]string, error) { return r.template.Levels(r.Active, r.choose) }

// Dependencies gives [Template.Dependencies] with conditions applied, active ones only.
func (r *Resolver) Dependencies(id string) []string {
	var list []string
	for _, d := range r.template.Dependencies(id, r.choose) {
		if r.Active(d) {
			list = append(list, d)
		}
	}
	return list
}

// noValue stands for AWS::NoValue until the member that holds it is removed.
type noValue struct{}

// Resolve gives v with every intrinsic worked out; path is v's place in the
// template, for errors. The same value without intrinsics comes back equal.
func (r *Resolver) Resolve(v any, path ...string) (any, error) {
	resolved, err := r.eval(v, path)
	if err != nil {
		return nil, err
	}
	if _, none := resolved.(noValue); none {
		return nil, nil
	}
	if r.in.Partial {
		return resolved, nil
	}
	return r.dynamic(resolved, path)
}

// Properties gives the resolved properties of a resource, never nil.
func (r *Resolver) Properties(id string) (*Object, error) {
	properties := r.template.Resources().Object(id).Object("Properties")
	resolved, err := r.Resolve(properties, "Resources", id, "Properties")
	if err != nil {
		return nil, err
	}
	switch resolved := resolved.(type) {
	case nil:
		return &Object{}, nil
	case *Object:
		if resolved == nil {
			return &Object{}, nil
		}
		return resolved, nil
	}
	return nil, r.template.Errorf([]string{"Resources", id, "Properties"}, "Properties of %s must be an object", id)
}

func (r *Resolver) eval(v any, path []string) (any, error) {
	switch v := v.(type) {
	case []any:
		list := make([]any, 0, len(v))
		for i, item := range v {
			resolved, err := r.eval(item, with(path, itoa(i)))
			if err != nil {
				return nil, err
			}
			if _, none := resolved.(noValue); !none {
				list = append(list, resolved)
			}
		}
		return list, nil
	case *Object:
		if v == nil {
			return v, nil
		}
		if name, arg, ok := Intrinsic(v); ok {
			return r.call(name, arg, with(path, name))
		}
		o := &Object{}
		for key, member := range v.All() {
			resolved, err := r.eval(member, with(path, key))
			if err != nil {
				return nil, err
			}
			if _, none := resolved.(noValue); !none {
				o.Set(key, resolved)
			}
		}
		return o, nil
	}
	return v, nil
}

// dynamic replaces {{resolve:ssm:NAME}} in texts.
func (r *Resolver) dynamic(v any, path []string) (any, error) {
	switch v := v.(type) {
	case string:
		return r.dynamicText(v, path)
	case []any:
		for i, item := range v {
			resolved, err := r.dynamic(item, with(path, itoa(i)))
			if err != nil {
				return nil, err
			}
			v[i] = resolved
		}
	case *Object:
		for key, member := range v.All() {
			resolved, err := r.dynamic(member, with(path, key))
			if err != nil {
				return nil, err
			}
			v.values[key] = resolved
		}
	}
	return v, nil
}

func (r *Resolver) dynamicText(text string, path []string) (string, error) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{{resolve:")
		reference, after, closed := strings.Cut(rest, "}}")
		if !found || !closed {
			out.WriteString(text)
			return out.String(), nil
		}
		service, name, _ := strings.Cut(reference, ":")
		if service != "ssm" {
			return "", r.template.Errorf(path, "dynamic reference to %s is not supported", service).
				WithHint("only {{resolve:ssm:NAME}} is resolved here")
		}
		if r.in.SSM == nil {
			return "", r.template.Errorf(path, "Unable to fetch parameters [%s] from parameter store for this account", name)
		}
		value, err := r.in.SSM(name)
		if err != nil {
			return "", r.template.Errorf(path, "Unable to fetch parameters [%s] from parameter store for this account: %w", name, err)
		}
		out.WriteString(before)
		out.WriteString(value)
		text = after
	}
}

// errUnknown says that an argument is not known; in a partial resolution the
// call then stays as it is.
var errUnknown = errors.New("not known")
