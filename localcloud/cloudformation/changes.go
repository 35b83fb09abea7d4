package cloudformation

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/localcloud/cloudformation/resource"
)

// resourceChange is one change of a change set.
type resourceChange struct {
	Action       string         `json:"action"` // Add, Modify or Remove
	PolicyAction string         `json:"policyAction,omitempty"`
	LogicalID    string         `json:"logicalId"`
	Physical     string         `json:"physical,omitempty"`
	Type         string         `json:"type"`
	Replacement  string         `json:"replacement,omitempty"` // True, False or Conditional
	Scope        []string       `json:"scope,omitempty"`
	Details      []changeDetail `json:"details,omitempty"`
}

// changeDetail is one changed property or attribute of a resource.
type changeDetail struct {
	Attribute  string `json:"attribute"` // Properties, Metadata, Tags, DeletionPolicy, ...
	Name       string `json:"name,omitempty"`
	Recreation string `json:"recreation"` // Never, Conditionally or Always
	Evaluation string `json:"evaluation"` // Static or Dynamic
	Source     string `json:"source,omitempty"`
	Entity     string `json:"entity,omitempty"`
}

// comparison works out the changes from the resources that there are to a template.
type comparison struct {
	template *cfn.Template
	resolver *cfn.Resolver
	existing map[string]*resourceRecord
	// remade are the resources that are new or will, or may, be replaced: what
	// refers to them changes in a way not known yet.
	remade map[string]bool
	// parameters that have another value than before.
	parameters map[string]bool
	tags       map[string]string
}

// changesTo gives the changes that a goal makes to a stack, in the order of
// creation, removals last.
func (s *Service) changesTo(p *prepared, stack *stackRecord, resources []*resourceRecord) ([]resourceChange, error) {
	c := &comparison{
		template: p.template, existing: map[string]*resourceRecord{}, remade: map[string]bool{},
		parameters: map[string]bool{}, tags: p.Tags,
	}
	for _, r := range resources {
		if r.Status != "DELETE_COMPLETE" {
			c.existing[r.LogicalID] = r
		}
	}
	before := map[string]parameterRecord{}
	for _, v := range stack.Parameters {
		before[v.Key] = v
	}
	for _, v := range p.Parameters {
		c.parameters[v.Key] = before[v.Key] != v
	}
	var err error
	_, c.resolver, err = s.resolverOf(s.ctx, stack, &p.goal, func(in *cfn.Inputs) { in.Partial, in.Ref, in.GetAtt = true, c.ref, c.attribute })
	if err != nil {
		return nil, err
	}
	levels, err := p.resolver.Levels()
	if err != nil {
		return nil, err
	}
	var changes []resourceChange
	made := map[string]bool{}
	for _, id := range slices.Concat(levels...) {
		made[id] = true
		change, err := c.compare(id)
		if err != nil {
			return nil, err
		}
		if change != nil {
			changes = append(changes, *change)
		}
	}
	for i := len(resources) - 1; i >= 0; i-- {
		r := resources[i]
		if c.existing[r.LogicalID] == nil || made[r.LogicalID] {
			continue
		}
		policy := "Delete"
		if retains(r.Deletion) {
			policy = "Retain"
		}
		changes = append(changes, resourceChange{Action: "Remove", PolicyAction: policy, LogicalID: r.LogicalID, Physical: r.Physical, Type: r.Type})
	}
	return changes, nil
}

func (c *comparison) ref(id string) (any, bool) {
	r, ok := c.existing[id]
	if !ok || c.remade[id] {
		return nil, false
	}
	return r.Physical, true
}

func (c *comparison) attribute(id, name string) (any, bool) {
	r, ok := c.existing[id]
	if !ok || c.remade[id] {
		return nil, false
	}
	v, ok := r.Attributes[name]
	return v, ok
}

// compare gives the change of one resource of the new template, nil for none.
func (c *comparison) compare(id string) (*resourceChange, error) {
	res, _ := c.template.Resource(id)
	old, exists := c.existing[id]
	if !exists {
		c.remade[id] = true
		return &resourceChange{Action: "Add", LogicalID: id, Type: res.Type}, nil
	}
	if old.Type != res.Type {
		return nil, invalid("Update of resource type is not permitted. The new template modifies resource type of the following resources: [%s]", id)
	}
	kind, _ := resource.Find(res.Type)
	properties, err := c.resolver.Properties(id)
	if err != nil {
		return nil, err
	}
	change := &resourceChange{Action: "Modify", LogicalID: id, Physical: old.Physical, Type: res.Type, Replacement: "False"}
	for _, key := range unionKeys(old.Properties.Object, properties) {
		before, had := old.Properties.Get(key)
		after, has := properties.Get(key)
		if had == has && resource.Equal(before, after) {
			continue
		}
		change.Details = append(change.Details, c.detail(kind, res, key, after)...)
	}
	if kind.Tagged && !sameTags(old.Tags, c.tags) && !slices.ContainsFunc(change.Details, func(d changeDetail) bool { return d.Attribute == "Tags" }) {
		change.Details = append(change.Details, changeDetail{Attribute: "Tags", Recreation: "Never", Evaluation: "Static", Source: "DirectModification"})
	}
	for attribute, differs := range map[string]bool{
		"DeletionPolicy":      old.Deletion != res.DeletionPolicy,
		"Metadata":            old.Metadata != metadataText(res),
		"UpdateReplacePolicy": old.Replacement != res.UpdateReplacePolicy,
	} {
		if differs {
			change.Details = append(change.Details, changeDetail{Attribute: attribute, Recreation: "Never", Evaluation: "Static", Source: "DirectModification"})
		}
	}
	if len(change.Details) == 0 {
		return nil, nil
	}
	c.summarize(change, res)
	return change, nil
}

// detail gives why a property changes: by itself, by a parameter, or by another resource.
func (c *comparison) detail(kind resource.Type, res cfn.Resource, key string, after any) []changeDetail {
	d := changeDetail{Attribute: "Properties", Name: key, Recreation: "Never", Evaluation: "Static", Source: "DirectModification"}
	if key == "Tags" {
		d.Attribute, d.Name = "Tags", ""
	}
	if kind.Replaces(key) {
		d.Recreation = "Always"
	}
	written, _ := res.Properties.Get(key)
	var details []changeDetail
	for _, ref := range cfn.References(written, nil, nil) {
		cause := d
		switch {
		case c.parameters[ref.Name]:
			cause.Source, cause.Entity = "ParameterReference", ref.Name
		case c.remade[ref.Name] && ref.Attribute == "":
			cause.Evaluation, cause.Source, cause.Entity = "Dynamic", "ResourceReference", ref.Name
		case c.remade[ref.Name]:
			cause.Evaluation, cause.Source, cause.Entity = "Dynamic", "ResourceAttribute", ref.Name+"."+ref.Attribute
		default:
			continue
		}
		if !slices.Contains(details, cause) {
			details = append(details, cause)
		}
	}
	// With an unknown part the template itself may have changed as well; what
	// is known of it is not enough to say.
	if len(details) == 0 || !cfn.HasIntrinsic(after) && !slices.ContainsFunc(details, func(d changeDetail) bool { return d.Source == "ParameterReference" }) {
		return append(details, d)
	}
	return details
}

// summarize sets scope and replacement from the details.
func (c *comparison) summarize(change *resourceChange, res cfn.Resource) {
	slices.SortStableFunc(change.Details, func(a, b changeDetail) int { return strings.Compare(a.Attribute, b.Attribute) })
	for _, d := range change.Details {
		if !slices.Contains(change.Scope, d.Attribute) {
			change.Scope = append(change.Scope, d.Attribute)
		}
		switch {
		case d.Recreation == "Always" && d.Evaluation == "Static":
			change.Replacement = "True"
		case d.Recreation == "Always" && change.Replacement == "False":
			change.Replacement = "Conditional"
		}
	}
	if change.Replacement == "False" {
		return
	}
	c.remade[change.LogicalID] = true
	change.PolicyAction = "ReplaceAndDelete"
	if res.UpdateReplacePolicy == "Retain" {
		change.PolicyAction = "ReplaceAndRetain"
	}
	if change.Replacement == "Conditional" {
		change.PolicyAction = ""
	}
}

func unionKeys(a, b *cfn.Object) []string {
	keys := b.Keys()
	for _, key := range a.Keys() {
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

func sameTags(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for key, value := range a {
		if other, ok := b[key]; !ok || other != value {
			return false
		}
	}
	return true
}

func metadataText(res cfn.Resource) string {
	v, ok := res.Body.Get("Metadata")
	if !ok {
		return ""
	}
	text, err := cfn.Format(v)
	if err != nil {
		return ""
	}
	return string(text)
}

// retains reports whether a DeletionPolicy keeps a resource that was made in full.
func retains(policy string) bool {
	return policy == "Retain" || policy == "RetainExceptOnCreate" || policy == "Snapshot"
}
