package cloudformation

import (
	"context"
	"slices"
	"strconv"

	"github.com/writ-dev/writ/localcloud/gate"
)

// page cuts a list at the token of the call; tokens are offsets.
func page[T any](c *gate.Call, list []T, size int) (part []T, next string, err error) {
	start := 0
	if token := c.Form.Get("NextToken"); token != "" {
		if start, err = strconv.Atoi(token); err != nil || start < 0 || start > len(list) {
			return nil, "", invalid("The specified token is not valid.")
		}
	}
	list = list[start:]
	if len(list) <= size {
		return list, "", nil
	}
	return list[:size], strconv.Itoa(start + size), nil
}

func (s *Service) describeStacks(_ context.Context, c *gate.Call) (any, error) {
	type result struct {
		Stacks    []xmlStack `xml:"Stacks>member"`
		NextToken string     `xml:",omitempty"`
	}
	if c.Form.Get("StackName") != "" {
		stack, err := s.mustFind(c)
		if err != nil {
			return nil, err
		}
		return result{Stacks: []xmlStack{stack.shown()}}, nil
	}
	all, err := s.allStacks()
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(stack *stackRecord) bool { return stack.Status == "DELETE_COMPLETE" })
	part, next, err := page(c, all, 100)
	out := result{NextToken: next}
	for _, stack := range part {
		out.Stacks = append(out.Stacks, stack.shown())
	}
	return out, err
}

func (s *Service) listStacks(_ context.Context, c *gate.Call) (any, error) {
	all, err := s.allStacks()
	if err != nil {
		return nil, err
	}
	if filter := memberTexts(c.Form, "StackStatusFilter"); len(filter) > 0 {
		all = slices.DeleteFunc(all, func(stack *stackRecord) bool { return !slices.Contains(filter, stack.Status) })
	}
	part, next, err := page(c, all, 100)
	var out struct {
		Summaries []xmlSummary `xml:"StackSummaries>member"`
		NextToken string       `xml:",omitempty"`
	}
	out.NextToken = next
	for _, stack := range part {
		out.Summaries = append(out.Summaries, xmlSummary{
			StackID: stack.ID, StackName: stack.Name, TemplateDescription: stack.description(), CreationTime: timeText(stack.Created),
			LastUpdatedTime: timeText(stack.Updated), DeletionTime: timeText(stack.Deleted), StackStatus: stack.Status,
			StackStatusReason: stack.StatusReason, DriftInformation: xmlDrift{StackDriftStatus: "NOT_CHECKED"},
		})
	}
	return out, err
}

func (s *Service) describeStackEvents(_ context.Context, c *gate.Call) (any, error) {
	stack, err := s.mustFind(c)
	if err != nil {
		return nil, err
	}
	before := uint64(0)
	if token := c.Form.Get("NextToken"); token != "" {
		if before, err = strconv.ParseUint(token, 10, 64); err != nil {
			return nil, invalid("The specified token is not valid.")
		}
	}
	events, next, err := s.eventsOf(stack.uuid(), before, 100)
	if err != nil {
		return nil, err
	}
	var out struct {
		Events    []xmlEvent `xml:"StackEvents>member"`
		NextToken string     `xml:",omitempty"`
	}
	if next > 0 {
		out.NextToken = strconv.FormatUint(next, 10)
	}
	for _, e := range events {
		out.Events = append(out.Events, xmlEvent{
			StackID: stack.ID, EventID: e.ID, StackName: stack.Name, LogicalResourceID: e.LogicalID, PhysicalResourceID: e.Physical,
			ResourceType: e.Type, Timestamp: timeText(e.Time), ResourceStatus: e.Status, ResourceStatusReason: e.Reason,
			ResourceProperties: e.Properties, ClientRequestToken: e.Token,
		})
	}
	return out, nil
}

// stackAndResources is what the calls about resources begin with.
func (s *Service) stackAndResources(c *gate.Call) (*stackRecord, []*resourceRecord, error) {
	stack, err := s.mustFind(c)
	if err != nil {
		return nil, nil, err
	}
	list, err := s.resourcesOf(stack.uuid())
	return stack, list, err
}

func (s *Service) describeStackResource(_ context.Context, c *gate.Call) (any, error) {
	id, err := required(c, "LogicalResourceId")
	if err != nil {
		return nil, err
	}
	stack, list, err := s.stackAndResources(c)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(list, func(r *resourceRecord) bool { return r.LogicalID == id })
	if at < 0 {
		return nil, invalid("Resource %s does not exist for stack %s", id, stack.Name)
	}
	x := list[at].shown()
	x.StackName, x.StackID, x.LastUpdatedTimestamp, x.Metadata = stack.Name, stack.ID, timeText(list[at].Time), list[at].Metadata
	var out struct {
		Detail xmlResource `xml:"StackResourceDetail"`
	}
	out.Detail = x
	return out, nil
}

func (s *Service) describeStackResources(_ context.Context, c *gate.Call) (any, error) {
	if id := c.Form.Get("PhysicalResourceId"); id != "" && c.Form.Get("StackName") == "" {
		owner, err := s.ownerOf(id)
		if err != nil {
			return nil, err
		}
		c.Form.Set("StackName", owner)
	}
	stack, list, err := s.stackAndResources(c)
	if err != nil {
		return nil, err
	}
	only := c.Form.Get("LogicalResourceId")
	var out struct {
		Resources []xmlResource `xml:"StackResources>member"`
	}
	for _, r := range list {
		if only != "" && r.LogicalID != only {
			continue
		}
		x := r.shown()
		x.StackName, x.StackID, x.Timestamp = stack.Name, stack.ID, timeText(r.Time)
		out.Resources = append(out.Resources, x)
	}
	if only != "" && len(out.Resources) == 0 {
		return nil, invalid("Resource %s does not exist for stack %s", only, stack.Name)
	}
	return out, nil
}

// ownerOf gives the ARN of the stack that a physical resource belongs to.
func (s *Service) ownerOf(physical string) (string, error) {
	stacks, err := s.allStacks()
	if err != nil {
		return "", err
	}
	for _, stack := range stacks {
		if stack.Status == "DELETE_COMPLETE" {
			continue
		}
		list, err := s.resourcesOf(stack.uuid())
		if err != nil {
			return "", err
		}
		if slices.ContainsFunc(list, func(r *resourceRecord) bool { return r.Physical == physical }) {
			return stack.ID, nil
		}
	}
	return "", invalid("Stack for %s does not exist", physical)
}

func (s *Service) listStackResources(_ context.Context, c *gate.Call) (any, error) {
	_, list, err := s.stackAndResources(c)
	if err != nil {
		return nil, err
	}
	part, next, err := page(c, list, 100)
	var out struct {
		Resources []xmlResource `xml:"StackResourceSummaries>member"`
		NextToken string        `xml:",omitempty"`
	}
	out.NextToken = next
	for _, r := range part {
		x := r.shown()
		x.LastUpdatedTimestamp = timeText(r.Time)
		out.Resources = append(out.Resources, x)
	}
	return out, err
}

func (s *Service) listExports(_ context.Context, c *gate.Call) (any, error) {
	list, err := s.exports()
	if err != nil {
		return nil, err
	}
	part, next, err := page(c, list, 100)
	type member struct {
		ExportingStackID string `xml:"ExportingStackId"`
		Name             string
		Value            string
	}
	var out struct {
		Exports   []member `xml:"Exports>member"`
		NextToken string   `xml:",omitempty"`
	}
	out.NextToken = next
	for _, export := range part {
		out.Exports = append(out.Exports, member{export.StackID, export.Name, export.Value})
	}
	return out, err
}

func (s *Service) listImports(_ context.Context, c *gate.Call) (any, error) {
	name, err := required(c, "ExportName")
	if err != nil {
		return nil, err
	}
	users, err := s.importers(name)
	if err == nil && len(users) == 0 {
		err = invalid("Export '%s' is not imported by any stack.", name)
	}
	var out struct {
		Imports []string `xml:"Imports>member"`
	}
	out.Imports = users
	return out, err
}

func (s *Service) describeChangeSet(_ context.Context, c *gate.Call) (any, error) {
	set, _, err := s.findChangeSet(c)
	if err != nil {
		return nil, err
	}
	part, next, err := page(c, set.Changes, 200)
	var out struct {
		ChangeSetName    string
		ChangeSetID      string `xml:"ChangeSetId"`
		StackID          string `xml:"StackId"`
		StackName        string
		Description      string         `xml:",omitempty"`
		Parameters       []xmlParameter `xml:"Parameters>member"`
		CreationTime     string
		ExecutionStatus  string
		Status           string
		StatusReason     string      `xml:",omitempty"`
		NotificationARNs []string    `xml:"NotificationARNs>member"`
		Capabilities     []string    `xml:"Capabilities>member"`
		Tags             []xmlTag    `xml:"Tags>member"`
		Changes          []xmlChange `xml:"Changes>member"`
		NextToken        string      `xml:",omitempty"`
		OnStackFailure   string      `xml:",omitempty"`
	}
	out.ChangeSetName, out.ChangeSetID, out.StackID, out.StackName = set.Name, set.ID, set.StackID, set.StackName
	out.Description, out.Parameters, out.CreationTime = set.Description, xmlParameters(set.Parameters), timeText(set.Created)
	out.ExecutionStatus, out.Status, out.StatusReason = set.ExecutionStatus, set.Status, set.StatusReason
	out.NotificationARNs, out.Capabilities, out.Tags, out.NextToken = set.NotificationARNs, set.Capabilities, xmlTags(set.Tags), next
	for _, change := range part {
		out.Changes = append(out.Changes, change.shown())
	}
	return out, err
}

func (s *Service) listChangeSets(_ context.Context, c *gate.Call) (any, error) {
	stack, err := s.mustFind(c)
	if err != nil {
		return nil, err
	}
	sets, err := s.changeSets(stack.ID)
	if err != nil {
		return nil, err
	}
	type member struct {
		StackID         string `xml:"StackId"`
		StackName       string
		ChangeSetID     string `xml:"ChangeSetId"`
		ChangeSetName   string
		ExecutionStatus string
		Status          string
		StatusReason    string `xml:",omitempty"`
		CreationTime    string
		Description     string `xml:",omitempty"`
	}
	var out struct {
		Summaries []member `xml:"Summaries>member"`
		NextToken string   `xml:",omitempty"`
	}
	part, next, err := page(c, sets, 100)
	out.NextToken = next
	for _, set := range part {
		out.Summaries = append(out.Summaries, member{
			set.StackID, set.StackName, set.ID, set.Name, set.ExecutionStatus, set.Status,
			set.StatusReason, timeText(set.Created), set.Description,
		})
	}
	return out, err
}
