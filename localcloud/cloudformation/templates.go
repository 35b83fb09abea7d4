package cloudformation

import (
	"context"
	"slices"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/localcloud/cloudformation/resource"
	"github.com/writ-dev/writ/localcloud/gate"
)

func (s *Service) getTemplate(_ context.Context, c *gate.Call) (any, error) {
	var out struct {
		TemplateBody    string
		StagesAvailable []string `xml:"StagesAvailable>member"`
	}
	// No macros run here: what was given is what was processed.
	out.StagesAvailable = []string{"Original", "Processed"}
	switch stage := c.Form.Get("TemplateStage"); stage {
	case "", "Original", "Processed":
	default:
		return nil, invalid("1 validation error detected: Value '%s' at 'templateStage' failed to satisfy constraint: Member must satisfy enum value set: [Original, Processed]", stage)
	}
	if c.Form.Get("ChangeSetName") != "" {
		set, _, err := s.findChangeSet(c)
		if err != nil {
			return nil, err
		}
		out.TemplateBody = set.Template
		return out, nil
	}
	stack, err := s.mustFind(c)
	if err != nil {
		return nil, err
	}
	out.TemplateBody = stack.Template
	return out, nil
}

// need gives the capabilities that a template asks for, whatever its conditions.
func need(t *cfn.Template) (capabilities []string, reason string) {
	var types []string
	named := false
	for _, res := range t.ResourceList() {
		kind, _ := resource.Find(res.Type)
		if !kind.IAM {
			continue
		}
		if !slices.Contains(types, res.Type) {
			types = append(types, res.Type)
		}
		named = named || kind.NameProperty != "" && kind.CustomName(res.Properties)
	}
	switch {
	case len(types) == 0:
		return nil, ""
	case named:
		capabilities = []string{"CAPABILITY_NAMED_IAM"}
	default:
		capabilities = []string{"CAPABILITY_IAM"}
	}
	slices.Sort(types)
	reason = "The following resource(s) require capabilities: ["
	for i, name := range types {
		if i > 0 {
			reason += ", "
		}
		reason += name
	}
	return capabilities, reason + "]"
}

func (s *Service) validateTemplate(ctx context.Context, c *gate.Call) (any, error) {
	source, err := s.templateSource(ctx, c, nil)
	if err != nil {
		return nil, err
	}
	t, err := parseTemplate(source)
	if err != nil {
		return nil, err
	}
	type member struct {
		ParameterKey string
		DefaultValue string `xml:",omitempty"`
		NoEcho       bool
		Description  string `xml:",omitempty"`
	}
	var out struct {
		Parameters         []member `xml:"Parameters>member"`
		Description        string   `xml:",omitempty"`
		Capabilities       []string `xml:"Capabilities>member"`
		CapabilitiesReason string   `xml:",omitempty"`
	}
	out.Description = t.Description()
	out.Capabilities, out.CapabilitiesReason = need(t)
	for name := range t.Section("Parameters").All() {
		p := t.Section("Parameters").Object(name)
		out.Parameters = append(out.Parameters, member{name, anyText(p, "Default"), anyText(p, "NoEcho") == "true", p.Text("Description")})
	}
	return out, nil
}

func anyText(o *cfn.Object, key string) string {
	v, _ := o.Get(key)
	switch v := v.(type) {
	case string:
		return v
	case cfn.Number:
		return v.String()
	case bool:
		if v {
			return "true"
		}
		return "false"
	}
	return ""
}

func (s *Service) getTemplateSummary(ctx context.Context, c *gate.Call) (any, error) {
	var source string
	if c.Form.Get("StackName") != "" && c.Form.Get("TemplateBody") == "" && c.Form.Get("TemplateURL") == "" {
		stack, err := s.mustFind(c)
		if err != nil {
			return nil, err
		}
		source = stack.Template
	} else {
		var err error
		if source, err = s.templateSource(ctx, c, nil); err != nil {
			return nil, err
		}
	}
	t, err := parseTemplate(source)
	if err != nil {
		return nil, err
	}
	type constraints struct {
		AllowedValues []string `xml:"AllowedValues>member,omitempty"`
	}
	type member struct {
		ParameterKey         string
		DefaultValue         string `xml:",omitempty"`
		ParameterType        string
		NoEcho               bool
		Description          string `xml:",omitempty"`
		ParameterConstraints constraints
	}
	var out struct {
		Parameters         []member `xml:"Parameters>member"`
		Description        string   `xml:",omitempty"`
		Capabilities       []string `xml:"Capabilities>member"`
		CapabilitiesReason string   `xml:",omitempty"`
		ResourceTypes      []string `xml:"ResourceTypes>member"`
		Version            string   `xml:",omitempty"`
		Metadata           string   `xml:",omitempty"`
	}
	out.Description, out.Version = t.Description(), t.Root.Text("AWSTemplateFormatVersion")
	out.Capabilities, out.CapabilitiesReason = need(t)
	for name := range t.Section("Parameters").All() {
		p := t.Section("Parameters").Object(name)
		m := member{name, anyText(p, "Default"), p.Text("Type"), anyText(p, "NoEcho") == "true", p.Text("Description"), constraints{}}
		for _, v := range p.List("AllowedValues") {
			if text, ok := v.(string); ok {
				m.ParameterConstraints.AllowedValues = append(m.ParameterConstraints.AllowedValues, text)
			}
		}
		out.Parameters = append(out.Parameters, m)
	}
	for _, res := range t.ResourceList() {
		if !slices.Contains(out.ResourceTypes, res.Type) {
			out.ResourceTypes = append(out.ResourceTypes, res.Type)
		}
	}
	if v, ok := t.Root.Get("Metadata"); ok {
		text, err := cfn.Format(v)
		if err != nil {
			return nil, err
		}
		out.Metadata = string(text)
	}
	return out, nil
}
