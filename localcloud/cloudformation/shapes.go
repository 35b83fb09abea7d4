package cloudformation

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// The XML shapes of the answers (AWS CloudFormation API Reference, "Data Types").

type xmlTag struct {
	Key   string
	Value string
}

type xmlParameter struct {
	ParameterKey   string
	ParameterValue string
	ResolvedValue  string `xml:",omitempty"`
}

type xmlOutput struct {
	OutputKey   string
	OutputValue string
	Description string `xml:",omitempty"`
	ExportName  string `xml:",omitempty"`
}

type xmlDrift struct {
	StackDriftStatus    string `xml:",omitempty"`
	ResourceDriftStatus string `xml:"StackResourceDriftStatus,omitempty"`
}

type xmlStack struct {
	StackID                     string         `xml:"StackId"`
	StackName                   string         `xml:"StackName"`
	ChangeSetID                 string         `xml:"ChangeSetId,omitempty"`
	Description                 string         `xml:",omitempty"`
	Parameters                  []xmlParameter `xml:"Parameters>member,omitempty"`
	CreationTime                string
	DeletionTime                string `xml:",omitempty"`
	LastUpdatedTime             string `xml:",omitempty"`
	StackStatus                 string
	StackStatusReason           string `xml:",omitempty"`
	DisableRollback             bool
	NotificationARNs            []string    `xml:"NotificationARNs>member,omitempty"`
	TimeoutInMinutes            int         `xml:",omitempty"`
	Capabilities                []string    `xml:"Capabilities>member,omitempty"`
	Outputs                     []xmlOutput `xml:"Outputs>member,omitempty"`
	Tags                        []xmlTag    `xml:"Tags>member"`
	EnableTerminationProtection bool
	DriftInformation            xmlDrift
}

type xmlSummary struct {
	StackID             string `xml:"StackId"`
	StackName           string
	TemplateDescription string `xml:",omitempty"`
	CreationTime        string
	LastUpdatedTime     string `xml:",omitempty"`
	DeletionTime        string `xml:",omitempty"`
	StackStatus         string
	StackStatusReason   string `xml:",omitempty"`
	DriftInformation    xmlDrift
}

type xmlEvent struct {
	StackID              string `xml:"StackId"`
	EventID              string `xml:"EventId"`
	StackName            string
	LogicalResourceID    string `xml:"LogicalResourceId"`
	PhysicalResourceID   string `xml:"PhysicalResourceId"`
	ResourceType         string
	Timestamp            string
	ResourceStatus       string
	ResourceStatusReason string `xml:",omitempty"`
	ResourceProperties   string `xml:",omitempty"`
	ClientRequestToken   string `xml:",omitempty"`
}

type xmlResource struct {
	StackName            string `xml:",omitempty"`
	StackID              string `xml:"StackId,omitempty"`
	LogicalResourceID    string `xml:"LogicalResourceId"`
	PhysicalResourceID   string `xml:"PhysicalResourceId,omitempty"`
	ResourceType         string
	Timestamp            string `xml:",omitempty"`
	LastUpdatedTimestamp string `xml:",omitempty"`
	ResourceStatus       string
	ResourceStatusReason string `xml:",omitempty"`
	Metadata             string `xml:",omitempty"`
	DriftInformation     xmlDrift
}

type xmlChange struct {
	Type           string
	ResourceChange xmlResourceChange
}

type xmlResourceChange struct {
	PolicyAction       string `xml:",omitempty"`
	Action             string
	LogicalResourceID  string `xml:"LogicalResourceId"`
	PhysicalResourceID string `xml:"PhysicalResourceId,omitempty"`
	ResourceType       string
	Replacement        string      `xml:",omitempty"`
	Scope              []string    `xml:"Scope>member"`
	Details            []xmlDetail `xml:"Details>member"`
}

type xmlDetail struct {
	Target struct {
		Attribute          string
		Name               string `xml:",omitempty"`
		RequiresRecreation string
	}
	Evaluation    string
	ChangeSource  string `xml:",omitempty"`
	CausingEntity string `xml:",omitempty"`
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

func xmlTags(tags map[string]string) []xmlTag {
	var list []xmlTag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, xmlTag{key, tags[key]})
	}
	return list
}

func xmlParameters(list []parameterRecord) []xmlParameter {
	var out []xmlParameter
	for _, p := range list {
		x := xmlParameter{p.Key, p.Value, p.Resolved}
		if p.NoEcho {
			x.ParameterValue, x.ResolvedValue = "****", ""
		}
		out = append(out, x)
	}
	return out
}

func (s *stackRecord) shown() xmlStack {
	x := xmlStack{
		StackID: s.ID, StackName: s.Name, ChangeSetID: s.ChangeSetID, Description: s.description(), Parameters: xmlParameters(s.Parameters),
		CreationTime: timeText(s.Created), DeletionTime: timeText(s.Deleted), LastUpdatedTime: timeText(s.Updated),
		StackStatus: s.Status, StackStatusReason: s.StatusReason, DisableRollback: s.DisableRollback, NotificationARNs: s.NotificationARNs,
		TimeoutInMinutes: s.TimeoutInMinutes, Capabilities: s.Capabilities, Tags: xmlTags(s.Tags),
		EnableTerminationProtection: s.TerminationProtection, DriftInformation: xmlDrift{StackDriftStatus: "NOT_CHECKED"},
	}
	for _, o := range s.Outputs {
		x.Outputs = append(x.Outputs, xmlOutput{o.Key, o.Value, o.Description, o.Export})
	}
	return x
}

// description reads the description out of the template; "" for a stack that
// waits for review.
func (s *stackRecord) description() string {
	if s.Template == "" || !strings.Contains(s.Template, "Description") {
		return ""
	}
	t, err := parseTemplate(s.Template)
	if err != nil {
		return ""
	}
	return t.Description()
}

func (r *resourceRecord) shown() xmlResource {
	return xmlResource{
		LogicalResourceID: r.LogicalID, PhysicalResourceID: r.Physical, ResourceType: r.Type, ResourceStatus: r.Status,
		ResourceStatusReason: r.Reason, DriftInformation: xmlDrift{ResourceDriftStatus: "NOT_CHECKED"},
	}
}

func (c resourceChange) shown() xmlChange {
	x := xmlResourceChange{
		PolicyAction: c.PolicyAction, Action: c.Action, LogicalResourceID: c.LogicalID, PhysicalResourceID: c.Physical, ResourceType: c.Type,
		Replacement: c.Replacement, Scope: c.Scope,
	}
	for _, d := range c.Details {
		var detail xmlDetail
		detail.Target.Attribute, detail.Target.Name, detail.Target.RequiresRecreation = d.Attribute, d.Name, d.Recreation
		detail.Evaluation, detail.ChangeSource, detail.CausingEntity = d.Evaluation, d.Source, d.Entity
		x.Details = append(x.Details, detail)
	}
	return xmlChange{"Resource", x}
}
