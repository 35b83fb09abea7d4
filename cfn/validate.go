package cfn

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ"
)

var sections = []string{
	"AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Rules", "Mappings",
	"Conditions", "Transform", "Resources", "Outputs", "Hooks",
}

var resourceKeys = []string{
	"Type", "Properties", "DependsOn", "Condition", "Metadata", "DeletionPolicy",
	"UpdateReplacePolicy", "CreationPolicy", "UpdatePolicy",
}

// PseudoParameters are the names that every template may refer to.
var PseudoParameters = []string{
	"AWS::AccountId", "AWS::NotificationARNs", NoValue, "AWS::Partition", "AWS::Region",
	"AWS::StackId", "AWS::StackName", "AWS::URLSuffix",
}

// Validate checks what can be known without values: the sections, the shape of
// every resource, and that whatever is referred to is there and free of cycles.
// It gives the first fault, in document order, with its place.
func (t *Template) Validate() error {
	if err := t.validateSections(); err != nil {
		return err
	}
	for id := range t.Resources().All() {
		if err := t.validateResource(id); err != nil {
			return err
		}
	}
	for name, body := range t.Section("Outputs").All() {
		path := []string{"Outputs", name}
		o, ok := body.(*Object)
		if !ok {
			return t.Errorf(path, "Template format error: [%s] must be an object", strings.Join(path, "/"))
		}
		if _, ok := o.Get("Value"); !ok {
			return t.Errorf(path, "Template format error: Output %s is malformed. A value is required", name)
		}
		if err := t.validateReferences(body, path, nil); err != nil {
			return err
		}
		if err := t.validateCondition(o, path); err != nil {
			return err
		}
	}
	for name, body := range t.Section("Conditions").All() {
		if err := t.validateConditionBody(body, []string{"Conditions", name}); err != nil {
			return err
		}
	}
	_, err := t.Order()
	return err
}

func (t *Template) validateSections() error {
	for name, v := range t.Root.All() {
		path := []string{name}
		if !slices.Contains(sections, name) {
			e := t.Errorf(path, "Invalid template property or properties [%s]", name)
			if near := writ.Nearest(name, sections); near != "" {
				return e.WithHint("did you mean %s?", near)
			}
			return e
		}
		switch name {
		case "AWSTemplateFormatVersion":
			if v != "2010-09-09" {
				return t.Errorf(path, "Template format error: %v is not a supported value for AWSTemplateFormatVersion.", v)
			}
		case "Description":
			if _, ok := v.(string); !ok {
				return t.Errorf(path, "Template format error: Description must be a string")
			}
		case "Transform":
			if v == "AWS::LanguageExtensions" {
				continue // its functions are known; its Fn::ForEach is refused where it stands
			}
			return t.Errorf(path, "Transforms are not supported: %v", plain(v)).
				WithHint("give the template after its macros have run (Fn::ForEach and SAM templates must be expanded first)")
		default:
			o, ok := v.(*Object)
			if !ok {
				return t.Errorf(path, "Template format error: [/%s] must be an object", name)
			}
			for key := range o.All() {
				if strings.HasPrefix(key, "Fn::") {
					return t.Errorf(with(path, key), "%s is not supported here: it needs the AWS::LanguageExtensions transform", key)
				}
			}
		}
	}
	if t.Resources().Len() == 0 {
		return t.Errorf([]string{"Resources"}, "Template format error: At least one Resources member must be defined.")
	}
	return nil
}

func plain(v any) string {
	b, err := Format(v)
	if err != nil {
		return "?"
	}
	return strings.Join(strings.Fields(string(b)), " ")
}

func (t *Template) validateResource(id string) error {
	path := []string{"Resources", id}
	if !alphanumeric(id) {
		return t.Errorf(path, "Template format error: Resource name %s is non alphanumeric.", id)
	}
	v, _ := t.Resources().Get(id)
	body, ok := v.(*Object)
	if !ok {
		return t.Errorf(path, "Template format error: [/Resources/%s] resource definition is malformed", id)
	}
	if body.Text("Type") == "" {
		return t.Errorf(path, "Template format error: [/Resources/%s] Every Resources object must contain a Type member.", id)
	}
	for key, v := range body.All() {
		at := with(path, key)
		switch {
		case !slices.Contains(resourceKeys, key):
			e := t.Errorf(at, "Invalid template resource property '%s'", key)
			if near := writ.Nearest(key, resourceKeys); near != "" {
				return e.WithHint("did you mean %s?", near)
			}
			return e.WithHint("properties of the resource stand under Properties")
		case key == "Properties":
			if _, ok := v.(*Object); !ok && v != nil {
				return t.Errorf(at, "Template format error: [/Resources/%s/Properties] must be an object", id)
			}
		case key == "DeletionPolicy" || key == "UpdateReplacePolicy":
			allowed := []string{"Delete", "Retain", "Snapshot"}
			if key == "DeletionPolicy" {
				allowed = append(allowed, "RetainExceptOnCreate")
			}
			if s, _ := v.(string); !slices.Contains(allowed, s) {
				return t.Errorf(at, "Template error: %s of %s must be one of %s", key, id, strings.Join(allowed, ", "))
			}
		}
	}
	if err := t.validateDependsOn(body, path); err != nil {
		return err
	}
	if err := t.validateCondition(body, path); err != nil {
		return err
	}
	properties, _ := body.Get("Properties")
	return t.validateReferences(properties, with(path, "Properties"), nil)
}

func (t *Template) validateDependsOn(body *Object, path []string) error {
	v, ok := body.Get("DependsOn")
	if !ok {
		return nil
	}
	list, isList := v.([]any)
	if !isList {
		list = []any{v}
	}
	for i, v := range list {
		at := with(path, "DependsOn")
		if isList {
			at = with(at, itoa(i))
		}
		name, ok := v.(string)
		if !ok {
			return t.Errorf(at, "Template format error: DependsOn must be a string or a list of strings")
		}
		if t.Resources().Object(name) == nil {
			return t.unresolved(name, at)
		}
	}
	return nil
}

func (t *Template) unresolved(name string, at []string) error {
	e := t.Errorf(at, "Template format error: Unresolved resource dependencies [%s] in the %s block of the template", name, at[0])
	names := append(t.Resources().Keys(), t.Section("Parameters").Keys()...)
	if near := writ.Nearest(name, names); near != "" {
		return e.WithHint("%s: did you mean %s?", strings.Join(at, "/"), near)
	}
	return e.WithHint("%s refers to it; there is no parameter or resource of this name", strings.Join(at, "/"))
}

func (t *Template) validateCondition(body *Object, path []string) error {
	v, ok := body.Get("Condition")
	if !ok {
		return nil
	}
	name, isText := v.(string)
	if !isText {
		return t.Errorf(with(path, "Condition"), "Template format error: Condition must be the name of a condition")
	}
	return t.conditionExists(name, with(path, "Condition"))
}

func (t *Template) conditionExists(name string, at []string) error {
	if _, ok := t.Section("Conditions").Get(name); ok {
		return nil
	}
	e := t.Errorf(at, "Template format error: Unresolved dependencies [%s]. Cannot reference resources in the Conditions block of the template", name)
	if at[0] != "Conditions" {
		e = t.Errorf(at, "Template format error: Undefined condition %s", name)
	}
	if near := writ.Nearest(name, t.Section("Conditions").Keys()); near != "" {
		return e.WithHint("did you mean %s?", near)
	}
	return e
}

// validateConditionBody checks a condition: only parameters may be referred to.
func (t *Template) validateConditionBody(v any, path []string) error {
	return t.validateReferences(v, path, func(r Reference) error {
		if r.Attribute == "" && (t.Section("Parameters").Object(r.Name) != nil || slices.Contains(PseudoParameters, r.Name)) {
			return nil
		}
		return t.Errorf(r.Path, "Template format error: Unresolved dependencies [%s]. Cannot reference resources in the Conditions block of the template", r.Name)
	})
}

// validateReferences checks every intrinsic in v; check, when not nil, decides
// about each Ref and GetAtt instead of the usual rule.
func (t *Template) validateReferences(v any, path []string, check func(Reference) error) error {
	if err := t.validateShapes(v, path, len(path) > 0 && path[0] == "Conditions"); err != nil {
		return err
	}
	for _, r := range References(v, path, nil) {
		if check != nil {
			if err := check(r); err != nil {
				return err
			}
			continue
		}
		if r.Attribute != "" {
			if t.Resources().Object(r.Name) == nil {
				e := t.Errorf(r.Path, "Template error: instance of Fn::GetAtt references undefined resource %s", r.Name)
				if near := writ.Nearest(r.Name, t.Resources().Keys()); near != "" {
					return e.WithHint("%s: did you mean %s?", strings.Join(r.Path, "/"), near)
				}
				return e.WithHint("at %s", strings.Join(r.Path, "/"))
			}
			continue
		}
		known := slices.Contains(PseudoParameters, r.Name) || t.Resources().Object(r.Name) != nil ||
			t.Section("Parameters").Object(r.Name) != nil
		if !known {
			return t.unresolved(r.Name, r.Path)
		}
	}
	return nil
}

func alphanumeric(s string) bool {
	for _, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9') {
			return false
		}
	}
	return s != "" && len(s) <= 255
}
