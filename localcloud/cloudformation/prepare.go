package cloudformation

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/localcloud/cloudformation/resource"
	"github.com/writ-dev/writ/localcloud/gate"
)

// maxTemplate is AWS's bound on a template in S3. AWS takes 51,200 bytes in
// TemplateBody; the local cloud takes as much there as from S3.
const maxTemplate = 1_000_000

// prepared is a checked request to make or change a stack.
type prepared struct {
	goal
	template *cfn.Template
	resolver *cfn.Resolver
}

// prepare reads the template and the parameters of a call and checks what can
// be checked before anything is made. stack is what there is now, nil for a new one.
func (s *Service) prepare(ctx context.Context, c *gate.Call, stackName, stackID string, stack *stackRecord) (*prepared, error) {
	if c.Form.Get("RoleARN") != "" {
		return nil, invalid("RoleARN is not supported by the local cloud: resources are made with the deployer's own identity")
	}
	source, err := s.templateSource(ctx, c, stack)
	if err != nil {
		return nil, err
	}
	p := &prepared{goal: goal{
		Template: source, Capabilities: memberTexts(c.Form, "Capabilities"),
		NotificationARNs: memberTexts(c.Form, "NotificationARNs"),
	}}
	if p.template, err = parseTemplate(source); err != nil {
		return nil, err
	}
	if p.Tags, err = tagsOf(c); err != nil {
		return nil, err
	}
	if p.Tags == nil && stack != nil && c.Form.Get("Tags.member.1.Key") == "" && !c.Form.Has("Tags") {
		p.Tags = stack.Tags // not said: they stay
	}
	values, err := parameterValues(c, p.template, stack)
	if err != nil {
		return nil, err
	}
	in := s.inputs(stackName, stackID, &p.goal)
	in.Parameters = values
	in.SSM = s.parameterStore(ctx, c.Caller)
	if p.resolver, err = cfn.NewResolver(p.template, in); err != nil {
		return nil, err
	}
	for _, v := range p.resolver.Parameters() {
		p.Parameters = append(p.Parameters, parameterRecord{v.Name, v.Value, v.Resolved, v.NoEcho})
	}
	if err := checkSupport(p.template, p.resolver); err != nil {
		return nil, err
	}
	return p, checkCapabilities(p)
}

func parseTemplate(source string) (*cfn.Template, error) {
	t, err := cfn.Parse([]byte(source), "template")
	if err != nil {
		return nil, err
	}
	return t, t.Validate()
}

// inputs gives the pseudo parameters of a stack.
func (s *Service) inputs(stackName, stackID string, g *goal) cfn.Inputs {
	return cfn.Inputs{
		Account: s.cfg.Account, Region: s.cfg.Region, Partition: "aws", StackName: stackName, StackID: stackID,
		NotificationARNs: g.NotificationARNs, Import: s.importValue,
	}
}

func (s *Service) parameterStore(ctx context.Context, caller gate.Caller) func(string) (string, error) {
	if s.cfg.SSM == nil {
		return nil
	}
	return func(name string) (string, error) { return s.cfg.SSM(ctx, caller, name) }
}

// resolverOf makes the resolver of a goal whose parameters are known already.
func (s *Service) resolverOf(ctx context.Context, stack *stackRecord, g *goal, adjust func(*cfn.Inputs)) (*cfn.Template, *cfn.Resolver, error) {
	t, err := cfn.Parse([]byte(g.Template), "template")
	if err != nil {
		return nil, nil, err
	}
	in := s.inputs(stack.Name, stack.ID, g)
	in.Parameters = map[string]string{}
	resolved := map[string]string{}
	for _, p := range g.Parameters {
		in.Parameters[p.Key] = p.Value
		if p.Resolved != "" {
			resolved[p.Value] = p.Resolved
		}
	}
	live := s.parameterStore(ctx, stack.Work.Caller)
	in.SSM = func(name string) (string, error) {
		if v, ok := resolved[name]; ok {
			return v, nil
		}
		if live == nil {
			return "", fmt.Errorf("there is no parameter store")
		}
		return live(name)
	}
	adjust(&in)
	r, err := cfn.NewResolver(t, in)
	return t, r, err
}

// templateSource gives the text of the template that a call means.
func (s *Service) templateSource(ctx context.Context, c *gate.Call, stack *stackRecord) (string, error) {
	body, address, previous := c.Form.Get("TemplateBody"), c.Form.Get("TemplateURL"), flag(c, "UsePreviousTemplate")
	switch {
	case previous && body == "" && address == "":
		if stack == nil || stack.Template == "" {
			return "", invalid("UsePreviousTemplate: there is no previous template")
		}
		return stack.Template, nil
	case body != "" && address == "" && !previous:
	case body == "" && address != "" && !previous:
		var err error
		if body, err = s.fetchTemplate(ctx, c, address); err != nil {
			return "", err
		}
	default:
		return "", invalid("Either Template URL or Template Body must be specified.")
	}
	if len(body) > maxTemplate {
		return "", invalid("Template may not exceed %d bytes in size.", maxTemplate)
	}
	return body, nil
}

// fetchTemplate reads a template from the local S3, as the caller.
func (s *Service) fetchTemplate(ctx context.Context, c *gate.Call, address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "", invalid("TemplateURL must be a supported URL.")
	}
	path := u.EscapedPath()
	// bucket.s3.amazonaws.com/key and bucket.s3.region.amazonaws.com/key name the bucket in the host.
	if bucket, _, ok := strings.Cut(u.Hostname(), ".s3."); ok {
		path = "/" + bucket + path
	} else if bucket, _, ok := strings.Cut(u.Hostname(), ".s3-"); ok {
		path = "/" + bucket + path
	}
	reply, err := s.cfg.Do.Do(ctx, &gate.Call{
		Service: "s3", Method: http.MethodGet, Path: path, Query: u.Query(), Header: http.Header{},
		Caller: c.Caller, Via: resource.Principal, Secure: true,
	})
	if err != nil {
		return "", invalid("S3 error: %s", errorText(err))
	}
	return string(reply.Body), nil
}

func parameterValues(c *gate.Call, t *cfn.Template, stack *stackRecord) (map[string]string, error) {
	values := map[string]string{}
	for name, p := range parametersOf(c) {
		if len(p.value) > 4096 {
			return nil, invalid("Parameter '%s' must contain at most 4096 characters", name)
		}
		if !p.previous {
			values[name] = p.value
			continue
		}
		at := -1
		if stack != nil {
			at = slices.IndexFunc(stack.Parameters, func(r parameterRecord) bool { return r.Key == name })
		}
		switch {
		case at >= 0:
			values[name] = stack.Parameters[at].Value
		case t.Section("Parameters").Object(name) == nil:
			return nil, invalid("Parameters: [%s] do not exist in the template", name)
		default:
			return nil, invalid("Invalid input for parameter key %s. Cannot specify usePreviousValue as true for a parameter key not in the previous template", name)
		}
	}
	return values, nil
}

// checkSupport refuses types, properties and attributes that the local cloud
// does not know. It checks only what the conditions let be made.
func checkSupport(t *cfn.Template, r *cfn.Resolver) error {
	var unknown []string
	var at []string
	for _, res := range t.ResourceList() {
		if _, ok := resource.Find(res.Type); !ok && r.Active(res.ID) {
			if at == nil {
				at = []string{"Resources", res.ID, "Type"}
			}
			if !slices.Contains(unknown, res.Type) {
				unknown = append(unknown, res.Type)
			}
		}
	}
	if len(unknown) > 0 {
		return t.Errorf(at, "Template format error: Unrecognized resource types: [%s]", strings.Join(unknown, ", ")).
			WithHint("the local cloud makes %s", strings.Join(resource.Names(), ", "))
	}
	for _, res := range t.ResourceList() {
		if !r.Active(res.ID) {
			continue
		}
		kind, _ := resource.Find(res.Type)
		if unknown := kind.UnknownProperties(res.Properties); len(unknown) > 0 {
			known := append(slices.Clone(kind.Properties), kind.Inert...)
			slices.Sort(known)
			return t.Errorf([]string{"Resources", res.ID, "Properties", unknown[0]},
				"Properties validation failed for resource %s with message: [%s] of %s not supported by the local cloud", res.ID,
				strings.Join(unknown, ", "), res.Type).WithHint("it knows %s", strings.Join(known, ", "))
		}
		properties, _ := res.Body.Get("Properties")
		if err := checkAttributes(t, r, properties, []string{"Resources", res.ID, "Properties"}); err != nil {
			return err
		}
	}
	for name, output := range t.Section("Outputs").All() {
		if !outputActive(r, output) {
			continue
		}
		if err := checkAttributes(t, r, output, []string{"Outputs", name}); err != nil {
			return err
		}
	}
	return nil
}

func outputActive(r *cfn.Resolver, output any) bool {
	o, _ := output.(*cfn.Object)
	if name := o.Text("Condition"); name != "" {
		value, known, err := r.Condition(name)
		return err == nil && (value || !known)
	}
	return true
}

func checkAttributes(t *cfn.Template, r *cfn.Resolver, v any, path []string) error {
	choose := func(name string) (bool, bool) {
		value, known, err := r.Condition(name)
		return value, known && err == nil
	}
	for _, ref := range cfn.References(v, path, choose) {
		target, isResource := t.Resource(ref.Name)
		if !isResource {
			continue
		}
		if !r.Active(ref.Name) {
			return t.Errorf(ref.Path, "Template format error: Unresolved resource dependencies [%s] in the %s block of the template", ref.Name, path[0]).
				WithHint("the condition %s of %s does not hold", target.Condition, ref.Name)
		}
		kind, ok := resource.Find(target.Type)
		if ref.Attribute == "" || ref.Attribute == "?" || !ok || slices.Contains(kind.Attributes, ref.Attribute) {
			continue
		}
		e := t.Errorf(ref.Path, "Template error: resource %s does not support attribute type %s in Fn::GetAtt", ref.Name, ref.Attribute)
		if len(kind.Attributes) > 0 {
			return e.WithHint("%s has %s", target.Type, strings.Join(kind.Attributes, ", "))
		}
		return e
	}
	return nil
}

// checkCapabilities asks for the acknowledgement that AWS asks for when a
// template makes IAM resources, with or without names of their own.
func checkCapabilities(p *prepared) error {
	need := ""
	for _, res := range p.template.ResourceList() {
		kind, ok := resource.Find(res.Type)
		if !ok || !kind.IAM || !p.resolver.Active(res.ID) {
			continue
		}
		if need == "" {
			need = "CAPABILITY_IAM"
		}
		if kind.NameProperty != "" && kind.CustomName(res.Properties) {
			need = "CAPABILITY_NAMED_IAM"
		}
	}
	has := func(name string) bool { return slices.Contains(p.Capabilities, name) }
	if need == "" || has("CAPABILITY_NAMED_IAM") || need == "CAPABILITY_IAM" && has("CAPABILITY_IAM") {
		return nil
	}
	return gate.Errorf("InsufficientCapabilitiesException", "Requires capabilities : [%s]", need)
}

// importValue gives the value of another stack's export.
func (s *Service) importValue(name string) (string, error) {
	list, err := s.exports()
	if err != nil {
		return "", err
	}
	for _, export := range list {
		if export.Name == name {
			return export.Value, nil
		}
	}
	return "", fmt.Errorf("no export %s", name)
}
