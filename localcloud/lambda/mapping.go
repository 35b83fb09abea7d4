package lambda

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/lambda/poller"
	"github.com/writ-dev/writ/localcloud/lambda/process"
)

// mappingRequest is CreateEventSourceMapping and UpdateEventSourceMapping.
type mappingRequest struct {
	EventSourceARN         string `json:"EventSourceArn"`
	FunctionName           string
	Enabled                *bool
	BatchSize              *int
	MaximumBatchingWindow  *int     `json:"MaximumBatchingWindowInSeconds"`
	FunctionResponseTypes  []string // nil leaves them
	ScalingConfig          *struct{ MaximumConcurrency *int }
	Tags                   map[string]string
	FilterCriteria         *struct{ Filters []json.RawMessage }
	DestinationConfig      json.RawMessage
	ProvisionedPollers     json.RawMessage `json:"ProvisionedPollerConfig"`
	KMSKeyARN              string          `json:"KMSKeyArn"`
	SourceAccess           json.RawMessage `json:"SourceAccessConfigurations"`
	SelfManagedEventSource json.RawMessage
}

// settings gives what the request says, with the function that was looked up.
func (q *mappingRequest) settings(name, qualifier string) (poller.Settings, error) {
	s := poller.Settings{
		Source: q.EventSourceARN, Function: name, Qualifier: qualifier, Enabled: q.Enabled, Batch: q.BatchSize, Window: q.MaximumBatchingWindow,
		ResponseTypes: q.FunctionResponseTypes, Tags: q.Tags,
	}
	if q.ScalingConfig != nil {
		none := 0
		if s.Most = q.ScalingConfig.MaximumConcurrency; s.Most == nil {
			s.Most = &none
		}
	}
	// What would change which messages a function gets is refused, not ignored.
	switch {
	case q.FilterCriteria != nil && len(q.FilterCriteria.Filters) > 0:
		return s, invalid("FilterCriteria of event source mappings is not supported by the local cloud.")
	case given(q.DestinationConfig), given(q.ProvisionedPollers), given(q.SourceAccess), given(q.SelfManagedEventSource):
		return s, invalid("DestinationConfig, ProvisionedPollerConfig, SourceAccessConfigurations and SelfManagedEventSource do not apply to SQS in the local cloud.")
	}
	return s, nil
}

func given(raw json.RawMessage) bool {
	text := string(raw)
	return text != "" && text != "null" && text != "{}" && text != "[]"
}

func (s *Service) mappingARN(id string) string {
	return "arn:aws:lambda:" + s.cfg.Region + ":" + s.cfg.Account + ":event-source-mapping:" + id
}

func (s *Service) mappingOfARN(arn string) (id string, ok bool) {
	return strings.CutPrefix(arn, s.mappingARN(""))
}

// askOfMapping asks for an action on a mapping; lambda:FunctionArn is the
// function that it feeds.
func (s *Service) askOfMapping(id, action string, keys iam.Context) []gate.Ask {
	ask := gate.Ask{Action: action, Resource: s.mappingARN(id), Context: iam.Context{}}
	for k, v := range keys {
		ask.Context[k] = v
	}
	if m, ok := s.pollers.Get(id); ok {
		ask.ResourceTags = m.Tags
		if strings.HasSuffix(action, "EventSourceMapping") { // not the actions on its tags
			ask.Context["lambda:functionarn"] = iam.One(s.functionARN(m.Function, m.Qualifier))
		}
	}
	return []gate.Ask{ask}
}

func (s *Service) askCreateMapping(_ *gate.Call, in *input) ([]gate.Ask, error) {
	req := in.body.(*mappingRequest)
	if req.FunctionName == "" {
		return nil, missing("functionName")
	}
	var err error
	if in.name, in.qualifier, err = s.parseName(req.FunctionName); err != nil {
		return nil, err
	}
	keys := iam.Context{"lambda:functionarn": iam.One(s.functionARN(in.name, in.qualifier))}
	for k, v := range tagContext(req.Tags) {
		keys[k] = v
	}
	asks := []gate.Ask{{Action: "lambda:CreateEventSourceMapping", Resource: "*", Context: keys}}
	if len(req.Tags) > 0 {
		asks = append(asks, gate.Ask{Action: "lambda:TagResource", Resource: s.mappingARN("*"), Context: tagContext(req.Tags)})
	}
	return asks, nil
}

// askMapping asks for an action on a mapping. One that is to feed another
// function is asked for both.
func (s *Service) askMapping(action string) func(*gate.Call, *input) ([]gate.Ask, error) {
	return func(_ *gate.Call, in *input) ([]gate.Ask, error) {
		asks := s.askOfMapping(in.mapping, "lambda:"+action, nil)
		req, ok := in.body.(*mappingRequest)
		if !ok || req.FunctionName == "" {
			return asks, nil
		}
		var err error
		if in.name, in.qualifier, err = s.parseName(req.FunctionName); err != nil {
			return nil, err
		}
		more := asks[0]
		more.Context = iam.Context{"lambda:functionarn": iam.One(s.functionARN(in.name, in.qualifier))}
		return append(asks, more), nil
	}
}

// mappingView is the EventSourceMappingConfiguration shape.
func (s *Service) mappingView(m poller.Mapping, state string) map[string]any {
	if state == "" {
		state = "Disabled"
		if m.Enabled {
			state = "Enabled"
		}
	}
	result := m.Result
	if result == "" {
		result = "No records processed"
	}
	types := []string{}
	if m.Partial {
		types = append(types, "ReportBatchItemFailures")
	}
	view := map[string]any{
		"UUID": m.UUID, "EventSourceArn": m.Source, "EventSourceMappingArn": s.mappingARN(m.UUID), "BatchSize": m.Batch,
		"FunctionArn": s.functionARN(m.Function, m.Qualifier), "MaximumBatchingWindowInSeconds": m.Window, "State": state,
		"StateTransitionReason": "USER_INITIATED", "LastProcessingResult": result, "FunctionResponseTypes": types,
		"LastModified": float64(m.Modified.UnixMilli()) / 1000,
	}
	if m.Most > 0 {
		view["ScalingConfig"] = map[string]int{"MaximumConcurrency": m.Most}
	}
	return view
}

func (s *Service) createMapping(ctx context.Context, _ *gate.Call, in *input) (*gate.Reply, error) {
	req := in.body.(*mappingRequest)
	settings, err := req.settings(in.name, in.qualifier)
	if err == nil {
		err = addTags(map[string]string{}, req.Tags)
	}
	if err != nil {
		return nil, err
	}
	m, err := s.pollers.Create(ctx, settings)
	if err != nil {
		return nil, err
	}
	return reply(202, s.mappingView(m, ""))
}

func (s *Service) updateMapping(ctx context.Context, _ *gate.Call, in *input) (*gate.Reply, error) {
	settings, err := in.body.(*mappingRequest).settings(in.name, in.qualifier)
	if err != nil {
		return nil, err
	}
	m, err := s.pollers.Update(ctx, in.mapping, settings)
	if err != nil {
		return nil, err
	}
	return reply(202, s.mappingView(m, ""))
}

func (s *Service) getMapping(_ context.Context, _ *gate.Call, in *input) (*gate.Reply, error) {
	m, ok := s.pollers.Get(in.mapping)
	if !ok {
		return nil, poller.NotFound()
	}
	return reply(200, s.mappingView(m, ""))
}

func (s *Service) deleteMapping(_ context.Context, _ *gate.Call, in *input) (*gate.Reply, error) {
	m, err := s.pollers.Delete(in.mapping)
	if err != nil {
		return nil, err
	}
	return reply(202, s.mappingView(m, "Deleting"))
}

func (s *Service) listMappings(_ context.Context, c *gate.Call, _ *input) (*gate.Reply, error) {
	function := c.Query.Get("FunctionName")
	if function != "" {
		var err error
		if function, _, err = s.parseName(function); err != nil {
			return nil, err
		}
	}
	after, err := base64.RawURLEncoding.DecodeString(c.Query.Get("Marker"))
	if err != nil {
		return nil, invalid("Invalid pagination token.")
	}
	views, answer, last := []any{}, map[string]any{}, ""
	for _, m := range s.pollers.List(function, c.Query.Get("EventSourceArn")) {
		if m.UUID <= string(after) {
			continue
		}
		if len(views) == 100 {
			answer["NextMarker"] = base64.RawURLEncoding.EncodeToString([]byte(last))
			break
		}
		views, last = append(views, s.mappingView(m, "")), m.UUID
	}
	answer["EventSourceMappings"] = views
	return reply(200, answer)
}

// fed gives the poller its functions.
type fed struct{ s *Service }

// Role gives a function's role and timeout.
func (f fed) Role(name, qualifier string) (arn string, timeout time.Duration, ok bool) {
	fn := f.s.find(name, qualifier)
	if fn == nil {
		return "", 0, false
	}
	return fn.record.Role, time.Duration(fn.record.TimeoutSec) * time.Second, true
}

// Run invokes a function for its event source. Lambda itself may do that; the
// function's policy is not asked, as on AWS.
func (f fed) Run(ctx context.Context, name, qualifier string, payload []byte) (answer []byte, failed bool, err error) {
	event := process.Event{InvokedARN: f.s.functionARN(name, qualifier), Payload: payload}
	if event.RequestID, err = f.s.uuid(); err != nil {
		return nil, false, err
	}
	if event.TraceID, err = f.s.traceID(); err != nil {
		return nil, false, err
	}
	result, _, err := f.s.run(ctx, &input{name: name, qualifier: qualifier}, event)
	return result.Payload, result.Error != "", err
}
