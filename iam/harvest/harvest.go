// Package harvest finds the policies in a CloudFormation template, as input
// for package lint. What a template leaves open (parameters, the names that
// CloudFormation gives) becomes unknown text, on which no finding rests: what is
// said holds for every deployment of the template. Package inventory looks at
// one deployment instead, with its parameters and names.
package harvest

import (
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/lint"
)

// Template gives the policies of a template, in document order: every object
// with statements among the properties of resources, with the type that its
// place says and the role or user that it is attached to. A document that does
// not parse is there with its error.
func Template(t *cfn.Template) []lint.Input {
	h := &harvester{t: t, boundaryOf: map[string]string{}, lines: map[int]string{}}
	for _, r := range t.ResourceList() {
		if id := referred(property(r, "PermissionsBoundary")); id != "" {
			h.bound(id, ownerOf(r))
		}
	}
	for _, r := range t.ResourceList() {
		if r.Type == "AWS::IoT::Policy" || r.Properties == nil {
			continue // a language of its own
		}
		h.resource = r
		h.walk(r.Properties, []string{"Resources", r.ID, "Properties"}, "")
	}
	return h.found
}

// Document gives the policy that a file consists of, JSON or YAML.
func Document(t *cfn.Template, kind iam.PolicyType) lint.Input {
	h := &harvester{t: t, lines: map[int]string{}}
	return h.input(t.Root, nil, kind)
}

type harvester struct {
	t        *cfn.Template
	resource cfn.Resource
	found    []lint.Input
	// boundaryOf holds the owners of the managed policies that are boundaries,
	// by logical id; "" where there are several.
	boundaryOf map[string]string
	// when are the conditions of the template on which what is walked is there,
	// each with its branch.
	when []string
	// chosen: it is there only if a function picks it, nobody knows when.
	chosen bool
	// lines are texts of the template's lines, which places share: a template
	// may be one long line.
	lines map[int]string
}

func (h *harvester) bound(id, owner string) {
	if before, ok := h.boundaryOf[id]; ok && before != owner {
		owner = ""
	}
	h.boundaryOf[id] = owner
}

func property(r cfn.Resource, name string) any {
	v, _ := r.Properties.Get(name)
	return v
}

// referred gives the logical id that a Ref or Fn::GetAtt names, "" for other values.
func referred(v any) string {
	name, arg, _ := cfn.Intrinsic(v)
	switch list, _ := arg.([]any); {
	case name == "Ref":
		id, _ := arg.(string)
		return id
	case name == "Fn::GetAtt" && len(list) > 0:
		id, _ := list[0].(string)
		return id
	}
	return ""
}

// ownerOf names who holds the policies inside a resource.
func ownerOf(r cfn.Resource) string {
	switch r.Type {
	case "AWS::IAM::Role":
		return "role " + r.ID
	case "AWS::IAM::User":
		return "user " + r.ID
	case "AWS::IAM::Group":
		return "group " + r.ID
	}
	return ""
}

// holder is the owner of an identity policy: the resource itself, or the one
// that a policy is attached to, if there is just one.
func (h *harvester) holder() string {
	if owner := ownerOf(h.resource); owner != "" {
		return owner
	}
	var owners []string
	for _, kind := range []string{"Role", "User", "Group"} {
		targets := h.resource.Properties.List(kind + "s")
		if one := property(h.resource, kind+"Name"); one != nil && targets == nil {
			targets = []any{one}
		}
		for _, target := range targets {
			if id := referred(target); id != "" {
				owners = append(owners, strings.ToLower(kind)+" "+id)
			} else {
				owners = append(owners, "")
			}
		}
	}
	if len(owners) == 1 {
		return owners[0]
	}
	return ""
}

func (h *harvester) walk(v any, path []string, key string) {
	switch v := v.(type) {
	case []any:
		for i, element := range v {
			h.walk(element, with(path, itoa(i)), key)
		}
	case *cfn.Object:
		if isPolicy(v) {
			h.add(v, path, key)
			return
		}
		if name, _, computed := cfn.Intrinsic(v); computed && (name == "Fn::Sub" || name == "Fn::Join") {
			h.written(h.text(v), path, key)
			return
		}
		for name, member := range v.All() {
			if strings.HasPrefix(name, "Fn::") {
				h.choices(name, member, with(path, name), key)
			} else {
				h.walk(member, with(path, name), name)
			}
		}
	case string:
		h.written(v, path, key)
	}
}

// choices walks what a function chooses from. Of two branches of Fn::If only
// one is there, and of another function nobody knows.
func (h *harvester) choices(name string, arg any, path []string, key string) {
	before, chosen := h.when, h.chosen
	defer func() { h.when, h.chosen = before, chosen }()
	branches, _ := arg.([]any)
	if name != "Fn::If" || len(branches) != 3 {
		h.chosen = true
		h.walk(arg, path, key)
		return
	}
	for i := 1; i < 3; i++ {
		h.when = with(before, h.text(branches[0])+" "+itoa(i))
		h.walk(branches[i], with(path, itoa(i)), key)
	}
}

// written takes up a policy that stands in the template as text, as
// CloudFormation takes JSON too.
func (h *harvester) written(text string, path []string, key string) {
	if !strings.HasPrefix(strings.TrimSpace(text), "{") {
		return
	}
	if t, err := cfn.Parse([]byte(text), h.t.File); err == nil && isPolicy(t.Root) {
		h.add(t.Root, path, key)
	}
}

// isPolicy reports an object that has a policy's elements and no others, with
// a statement in it.
func isPolicy(o *cfn.Object) bool {
	for _, name := range o.Keys() {
		if name != "Version" && name != "Id" && name != "Statement" {
			return false
		}
	}
	list := o.List("Statement")
	if one := o.Object("Statement"); one != nil {
		list = []any{one}
	}
	for _, s := range list {
		if s, ok := s.(*cfn.Object); ok {
			_, hasEffect := s.Get("Effect")
			_, _, computed := cfn.Intrinsic(s)
			if hasEffect || computed {
				return true
			}
		}
	}
	return false
}

func (h *harvester) add(o *cfn.Object, path []string, key string) {
	r := h.resource
	kind, owner := iam.TypeResource, ""
	switch {
	case key == "AssumeRolePolicyDocument":
		kind = iam.TypeTrust
	case key == "KeyPolicy":
		kind = iam.TypeKey
	case r.Type == "AWS::EC2::VPCEndpoint":
		kind = iam.TypeEndpoint
	case strings.HasPrefix(r.Type, "AWS::IAM::"), r.Type == "AWS::Serverless::Function", strings.HasPrefix(r.Type, "AWS::SSO::"):
		kind, owner = iam.TypeIdentity, h.holder()
		if bounds, ok := h.boundaryOf[r.ID]; ok {
			kind, owner = iam.TypeBoundary, bounds
		}
	case r.Type == "AWS::Organizations::Policy":
		kind = iam.TypeSCP
		if r.Properties.Text("Type") == "RESOURCE_CONTROL_POLICY" {
			kind = iam.TypeRCP
		}
	}
	in := h.input(o, path, kind)
	in.Name, in.Owner = r.ID, owner
	if name := h.policyName(path); name != "" {
		in.Name += "/" + name
	}
	h.found = append(h.found, in)
}

// policyName is the PolicyName beside an inline policy.
func (h *harvester) policyName(path []string) string {
	if len(path) < 4 || path[3] != "Policies" || len(path) < 6 {
		return ""
	}
	list := h.resource.Properties.List("Policies")
	for i := range list {
		if itoa(i) == path[4] {
			if entry, ok := list[i].(*cfn.Object); ok {
				return entry.Text("PolicyName")
			}
		}
	}
	return ""
}

// input makes a document of an object, with places in the template.
func (h *harvester) input(o *cfn.Object, path []string, kind iam.PolicyType) lint.Input {
	in := lint.Input{Type: kind, File: h.t.File, Scope: h.t.File}
	resolved, statements := h.document(o, path)
	text, err := cfn.Format(resolved)
	if err == nil {
		in.Document, err = iam.Parse(text)
	}
	in.Place = func(inside ...string) (writ.Position, string) { return h.place(o, path, statements, inside) }
	if err != nil {
		e := h.t.Errorf(path, "%s", plain(err))
		in.Err = e.WithHint("%s", hintOf(err))
	}
	return in
}

// place translates a path in the document into one in the template.
func (h *harvester) place(o *cfn.Object, path []string, statements []origin, inside []string) (writ.Position, string) {
	at, value := path, any(o)
	if len(inside) >= 2 && inside[0] == "Statement" {
		for i := range statements {
			if itoa(i) == inside[1] {
				at, value, inside = statements[i].path, statements[i].value, inside[2:]
				break
			}
		}
	}
	for _, step := range inside {
		next, ok := child(value, step)
		if !ok {
			if step == "0" {
				continue // a single value where a list of one could stand
			}
			break
		}
		at, value = with(at, step), next
	}
	e := h.t.Errorf(at, "")
	text, known := h.lines[e.Position.Line]
	if !known {
		text = e.Source
		h.lines[e.Position.Line] = text
	}
	return e.Position, text
}

func child(v any, step string) (any, bool) {
	switch v := v.(type) {
	case *cfn.Object:
		return v.Get(step)
	case []any:
		for i := range v {
			if itoa(i) == step {
				return v[i], true
			}
		}
	}
	return nil, false
}
