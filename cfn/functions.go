package cfn

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
)

// call works out one intrinsic. path ends with its name.
func (r *Resolver) call(name string, arg any, path []string) (any, error) {
	if err := r.template.unsupported(name, path); err != nil {
		return nil, err
	}
	v, err := r.function(name, arg, path)
	if !errors.Is(err, errUnknown) {
		return v, err
	}
	// Not known: keep the call. v is its argument with what is known resolved;
	// working it out again here would double the cost at every level.
	if v == nil {
		v = arg
	}
	return Obj(name, v), nil
}

// function gives the value of a call. When that is not known it gives
// errUnknown and the call's argument as far as it is resolved, nil for as written.

func (r *Resolver) function(name string, arg any, path []string) (any, error) {
	switch name {
	case "Ref":
		return r.ref(arg, path)
	case "Fn::GetAtt":
		return r.getAtt(arg, path)
	case "Fn::Sub":
		return r.sub(arg, path)
	case "Fn::Join":
		return r.join(arg, path)
	case "Fn::If":
		return r.ifElse(arg, path)
	case "Fn::FindInMap":
		return r.findInMap(arg, path)
	case "Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals", "Fn::Contains", "Fn::EachMemberEquals", "Fn::EachMemberIn":
		value, known, err := r.holds(Obj(name, arg), path[:len(path)-1])
		if err == nil && !known {
			return nil, errUnknown
		}
		return value, err
	}
	v, err := r.eval(arg, path)
	if err != nil {
		return nil, err
	}
	if name != "Fn::Select" && name != "Fn::Length" && HasIntrinsic(v) {
		return v, errUnknown
	}
	switch name {
	case "Fn::Select":
		return r.selectItem(v, path)
	case "Fn::Split":
		return r.split(v, path)
	case "Fn::Base64":
		text, ok := scalarText(v)
		if !ok {
			return nil, r.template.Errorf(path, "Template error: every Fn::Base64 object must have a String-typed value.")
		}
		return base64.StdEncoding.EncodeToString([]byte(text)), nil
	case "Fn::ImportValue":
		return r.importValue(v, path)
	case "Fn::GetAZs":
		return r.zones(v), nil
	case "Fn::Cidr":
		return r.cidr(v, path)
	case "Fn::Length":
		list, ok := v.([]any)
		if _, _, unknown := Intrinsic(v); unknown {
			return v, errUnknown
		}
		if !ok {
			return nil, r.template.Errorf(path, "Template error: Fn::Length requires a list")
		}
		return Number(strconv.Itoa(len(list))), nil
	case "Fn::ToJsonString":
		text, err := compact(v)
		return text, err
	}
	return nil, r.template.Errorf(path, "Template error: unknown intrinsic function %s", name)
}

func (r *Resolver) ref(arg any, path []string) (any, error) {
	name, ok := arg.(string)
	if !ok {
		return nil, r.template.Errorf(path, "Template format error: Ref must be a string")
	}
	return r.named(name, path)
}

// named gives the value of a parameter, a pseudo parameter or a resource.
func (r *Resolver) named(name string, path []string) (any, error) {
	if v, ok := r.pseudo(name); ok {
		if v == "" {
			return nil, r.unknown(path, "%s is not known", name)
		}
		return v, nil
	}
	if p, ok := r.byName[name]; ok {
		if !p.Known {
			return nil, r.unknown(path, "parameter %s has no value", name)
		}
		return p.value(), nil
	}
	if r.template.Resources().Object(name) == nil {
		return nil, r.template.unresolved(name, path)
	}
	if r.in.Ref != nil {
		if v, ok := r.in.Ref(name); ok {
			return v, nil
		}
	}
	if !r.in.Partial && !r.Active(name) {
		return nil, r.template.unresolved(name, path)
	}
	return nil, r.unknown(path, "the physical id of %s is not known", name)
}

// unknown is errUnknown in a partial resolution and an error with a place in a full one.
func (r *Resolver) unknown(path []string, format string, args ...any) error {
	if r.in.Partial {
		return errUnknown
	}
	return r.template.Errorf(path, format, args...)
}

func (r *Resolver) pseudo(name string) (any, bool) {
	switch name {
	case "AWS::AccountId":
		return r.in.Account, true
	case "AWS::Region":
		return r.in.Region, true
	case "AWS::Partition":
		return r.in.Partition, true
	case "AWS::URLSuffix":
		if r.in.Partition == "aws-cn" {
			return "amazonaws.com.cn", true
		}
		return "amazonaws.com", true
	case "AWS::StackName":
		return r.in.StackName, true
	case "AWS::StackId":
		return r.in.StackID, true
	case "AWS::NotificationARNs":
		list := []any{}
		for _, arn := range r.in.NotificationARNs {
			list = append(list, arn)
		}
		return list, true
	case NoValue:
		return noValue{}, true
	}
	return nil, false
}

func (r *Resolver) getAtt(arg any, path []string) (any, error) {
	id, attribute, ok := getAttArgument(arg)
	if !ok {
		return nil, r.template.Errorf(path, "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute")
	}
	resolved, err := r.eval(attribute, with(path, "1"))
	if err != nil {
		return nil, err
	}
	name, ok := resolved.(string)
	if !ok {
		return []any{id, resolved}, r.unknown(path, "the attribute name is not known")
	}
	v, err := r.attribute(id, name, path)
	if errors.Is(err, errUnknown) {
		v = []any{id, name}
	}
	return v, err
}

func (r *Resolver) attribute(id, name string, path []string) (any, error) {
	if r.template.Resources().Object(id) == nil {
		return nil, r.template.Errorf(path, "Template error: instance of Fn::GetAtt references undefined resource %s", id)
	}
	if r.in.GetAtt != nil {
		if v, ok := r.in.GetAtt(id, name); ok {
			return v, nil
		}
	}
	if !r.in.Partial && !r.Active(id) {
		return nil, r.template.unresolved(id, path)
	}
	return nil, r.unknown(path, "attribute %s of %s is not known", name, id)
}

func (r *Resolver) ifElse(arg any, path []string) (any, error) {
	list, _ := arg.([]any)
	if len(list) != 3 {
		return nil, r.template.Errorf(path, "Template error: Fn::If requires a list argument with three elements")
	}
	name, isText := list[0].(string)
	if !isText {
		return nil, r.template.Errorf(path, "Template error: Fn::If requires a list argument with the first element being a condition")
	}
	value, known, err := r.condition(name, path)
	if err != nil {
		return nil, err
	}
	if known {
		branch := 2
		if value {
			branch = 1
		}
		return r.eval(list[branch], with(path, itoa(branch)))
	}
	kept := []any{name}
	for branch := 1; branch <= 2; branch++ {
		v, err := r.eval(list[branch], with(path, itoa(branch)))
		if err != nil {
			return nil, err
		}
		if _, none := v.(noValue); none {
			v = Obj("Ref", NoValue)
		}
		kept = append(kept, v)
	}
	return Obj("Fn::If", kept), nil
}

func (r *Resolver) findInMap(arg any, path []string) (any, error) {
	written, _ := arg.([]any)
	if len(written) < 3 || len(written) > 4 {
		return nil, r.template.Errorf(path, "Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value")
	}
	evaluated, err := r.eval(arg, path)
	if err != nil {
		return nil, err
	}
	list, _ := evaluated.([]any)
	if len(list) != len(written) {
		return nil, r.template.Errorf(path, "Template error: %s cannot stand in Fn::FindInMap", NoValue)
	}
	var keys [3]string
	for i := range keys {
		if HasIntrinsic(list[i]) {
			return list, errUnknown
		}
		keys[i], _ = scalarText(list[i])
	}
	found, ok := r.template.Section("Mappings").Object(keys[0]).Object(keys[1]).Get(keys[2])
	if ok {
		return found, nil
	}
	if len(list) == 4 {
		if options, _ := list[3].(*Object); options != nil {
			if fallback, ok := options.Get("DefaultValue"); ok {
				return fallback, nil
			}
		}
	}
	return nil, r.template.Errorf(path, "Template error: Unable to get mapping for %s", strings.Join(keys[:], "::"))
}
