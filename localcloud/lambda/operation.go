package lambda

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
)

// operation is one row of the service: how its body is read, what it asks, what it does.
type operation struct {
	decode func(*gate.Call) (any, error)
	asks   func(*gate.Call, *input) ([]gate.Ask, error)
	run    func(context.Context, *gate.Call, *input) (*gate.Reply, error)
}

// input is a decoded call.
type input struct {
	name, qualifier string
	// mapping is the id of an event source mapping.
	mapping string
	body    any
}

func (s *Service) operations() map[string]operation {
	simple := func(action string, run func(context.Context, *gate.Call, *input) (*gate.Reply, error)) operation {
		return operation{asks: s.askFunction("lambda:" + action), run: run}
	}
	account := func(action string, run func(context.Context, *gate.Call, *input) (*gate.Reply, error)) operation {
		return operation{run: run, asks: func(*gate.Call, *input) ([]gate.Ask, error) {
			return []gate.Ask{{Action: "lambda:" + action, Resource: "*"}}, nil
		}}
	}
	with := func(op operation, decode func(*gate.Call) (any, error)) operation {
		op.decode = decode
		return op
	}
	return map[string]operation{
		"Invoke":                          simple("InvokeFunction", s.invoke),
		"CreateFunction":                  {decodeJSON[createRequest], s.askCreate, s.createFunction},
		"UpdateFunctionConfiguration":     {decodeJSON[configRequest], s.askConfigure, s.updateConfiguration},
		"UpdateFunctionCode":              with(simple("UpdateFunctionCode", s.updateCode), decodeJSON[codeRequest]),
		"GetFunction":                     simple("GetFunction", s.getFunction),
		"GetFunctionConfiguration":        simple("GetFunctionConfiguration", s.getConfiguration),
		"DeleteFunction":                  simple("DeleteFunction", s.deleteFunction),
		"ListFunctions":                   account("ListFunctions", s.listFunctions),
		"ListVersionsByFunction":          simple("ListVersionsByFunction", s.listVersions),
		"PublishVersion":                  with(simple("PublishVersion", s.publishVersion), decodeJSON[publishRequest]),
		"AddPermission":                   {decodeJSON[permissionRequest], s.askAddPermission, s.addPermission},
		"RemovePermission":                simple("RemovePermission", s.removePermission),
		"GetPolicy":                       simple("GetPolicy", s.getPolicy),
		"PutFunctionConcurrency":          with(simple("PutFunctionConcurrency", s.putConcurrency), decodeJSON[concurrencyRequest]),
		"GetFunctionConcurrency":          simple("GetFunctionConcurrency", s.getConcurrency),
		"DeleteFunctionConcurrency":       simple("DeleteFunctionConcurrency", s.deleteConcurrency),
		"PutFunctionEventInvokeConfig":    with(simple("PutFunctionEventInvokeConfig", s.putAsync), decodeJSON[asyncRequest]),
		"UpdateFunctionEventInvokeConfig": with(simple("UpdateFunctionEventInvokeConfig", s.updateAsync), decodeJSON[asyncRequest]),
		"GetFunctionEventInvokeConfig":    simple("GetFunctionEventInvokeConfig", s.getAsync),
		"DeleteFunctionEventInvokeConfig": simple("DeleteFunctionEventInvokeConfig", s.deleteAsync),
		"ListFunctionEventInvokeConfigs":  simple("ListFunctionEventInvokeConfigs", s.listAsync),
		"TagResource":                     {decodeJSON[tagRequest], s.askTag, s.tagResource},
		"UntagResource":                   {nil, s.askUntag, s.untagResource},
		"ListTags":                        simple("ListTags", s.listTags),
		"GetFunctionCodeSigningConfig":    simple("GetFunctionCodeSigningConfig", s.getCodeSigning),
		"GetRuntimeManagementConfig":      simple("GetRuntimeManagementConfig", s.getRuntimeManagement),
		"GetAccountSettings":              account("GetAccountSettings", s.getAccountSettings),
		"CreateEventSourceMapping":        {decodeJSON[mappingRequest], s.askCreateMapping, s.createMapping},
		"UpdateEventSourceMapping":        {decodeJSON[mappingRequest], s.askMapping("UpdateEventSourceMapping"), s.updateMapping},
		"GetEventSourceMapping":           {nil, s.askMapping("GetEventSourceMapping"), s.getMapping},
		"DeleteEventSourceMapping":        {nil, s.askMapping("DeleteEventSourceMapping"), s.deleteMapping},
		"ListEventSourceMappings":         account("ListEventSourceMappings", s.listMappings),
	}
}

// target reads which function a call is about; "" for none.
func (s *Service) target(c *gate.Call) (*input, error) {
	name := c.Vars["FunctionName"]
	if arn, ok := c.Vars["Resource"]; ok {
		if id, ok := s.mappingOfARN(arn); ok {
			return &input{mapping: id}, nil
		}
		name = arn
	}
	if id := c.Vars["UUID"]; id != "" {
		return &input{mapping: id}, nil
	}
	if name == "" {
		return &input{}, nil
	}
	in := &input{}
	var err error
	if in.name, in.qualifier, err = s.parseName(name); err != nil {
		return nil, err
	}
	if q := c.Query.Get("Qualifier"); q != "" {
		if in.qualifier != "" && in.qualifier != q {
			return nil, invalid("The derived qualifier from the function name does not match the specified qualifier.")
		}
		in.qualifier = q
	}
	return in, nil
}

// functionARN is the ARN of a function, with the qualifier when there is one.
func (s *Service) functionARN(name, qualifier string) string {
	arn := "arn:aws:lambda:" + s.cfg.Region + ":" + s.cfg.Account + ":function:" + name
	if qualifier != "" {
		arn += ":" + qualifier
	}
	return arn
}

// askFunction asks for one action on the function of the call. For a version
// the ARN that was called decides, as AWS has it.
func (s *Service) askFunction(action string) func(*gate.Call, *input) ([]gate.Ask, error) {
	return func(_ *gate.Call, in *input) ([]gate.Ask, error) { return s.ask(in, action, nil), nil }
}

func (s *Service) ask(in *input, action string, keys iam.Context) []gate.Ask {
	if in.mapping != "" {
		return s.askOfMapping(in.mapping, action, keys)
	}
	qualifier := in.qualifier
	if qualifier == latest && changes(action) {
		qualifier = "" // another word for the function, which must not get round a Deny on it
	}
	ask := gate.Ask{Action: action, Resource: s.functionARN(in.name, qualifier), Context: keys}
	if fn := s.find(in.name, in.qualifier); fn != nil {
		ask.ResourcePolicy, ask.ResourceTags = fn.policy, fn.record.Tags
	}
	return []gate.Ask{ask}
}

// changes tells the actions that change a function from those that read or run
// one of its versions.
func changes(action string) bool {
	return action != "lambda:InvokeFunction" && !strings.HasPrefix(action, "lambda:Get") && !strings.HasPrefix(action, "lambda:List")
}

func (s *Service) askCreate(_ *gate.Call, in *input) ([]gate.Ask, error) {
	req := in.body.(*createRequest)
	if req.FunctionName == nil || *req.FunctionName == "" {
		return nil, missing("functionName")
	}
	var err error
	if in.name, in.qualifier, err = s.parseName(*req.FunctionName); err != nil {
		return nil, err
	}
	if in.qualifier != "" {
		return nil, pattern("functionName", *req.FunctionName)
	}
	if req.Role == nil {
		return nil, missing("role")
	}
	asks := []gate.Ask{{Action: "lambda:CreateFunction", Resource: s.functionARN(in.name, ""), Context: tagContext(req.Tags)}}
	if len(req.Tags) > 0 {
		asks = append(asks, gate.Ask{Action: "lambda:TagResource", Resource: s.functionARN(in.name, ""), Context: tagContext(req.Tags)})
	}
	return append(asks, s.askPassRole(*req.Role, in.name)), nil
}

func (s *Service) askConfigure(_ *gate.Call, in *input) ([]gate.Ask, error) {
	asks := s.ask(in, "lambda:UpdateFunctionConfiguration", nil)
	if req := in.body.(*configRequest); req.Role != nil {
		asks = append(asks, s.askPassRole(*req.Role, in.name))
	}
	return asks, nil
}

// askPassRole asks whether the caller may give a role to Lambda.
func (s *Service) askPassRole(role, function string) gate.Ask {
	return gate.Ask{Action: "iam:PassRole", Resource: role, Context: iam.Context{
		"iam:passedtoservice":       iam.One("lambda.amazonaws.com"),
		"iam:associatedresourcearn": iam.One(s.functionARN(function, "")),
	}}
}

func (s *Service) askAddPermission(_ *gate.Call, in *input) ([]gate.Ask, error) {
	keys := iam.Context{}
	req := in.body.(*permissionRequest)
	if req.Principal != "" {
		keys["lambda:principal"] = iam.One(req.Principal)
	}
	if req.FunctionURLAuthType != "" {
		keys["lambda:functionurlauthtype"] = iam.One(req.FunctionURLAuthType)
	}
	return s.ask(in, "lambda:AddPermission", keys), nil
}

func (s *Service) askTag(_ *gate.Call, in *input) ([]gate.Ask, error) {
	return s.ask(in, "lambda:TagResource", tagContext(in.body.(*tagRequest).Tags)), nil
}

func (s *Service) askUntag(c *gate.Call, in *input) ([]gate.Ask, error) {
	return s.ask(in, "lambda:UntagResource", iam.Context{"aws:tagkeys": iam.Many(c.Query["tagKeys"]...)}), nil
}

// tagContext gives the keys that a request with tags has.
func tagContext(tags map[string]string) iam.Context {
	if len(tags) == 0 {
		return nil
	}
	keys := iam.Context{}
	names := make([]string, 0, len(tags))
	for k, v := range tags {
		keys["aws:requesttag/"+iam.Key(k)] = iam.One(v)
		names = append(names, k)
	}
	keys["aws:tagkeys"] = iam.Many(names...)
	return keys
}

// decodeJSON reads a call's body; an empty body is an empty object.
func decodeJSON[T any](c *gate.Call) (any, error) {
	v := new(T)
	if len(c.Body) == 0 {
		return v, nil
	}
	if err := json.Unmarshal(c.Body, v); err != nil {
		return nil, gate.Errorf("SerializationException", "The request could not be read: %s", err)
	}
	return v, nil
}

// reply answers with the JSON of v.
func reply(status int, v any) (*gate.Reply, error) {
	r := &gate.Reply{Status: status, Header: http.Header{"Content-Type": {"application/json"}}}
	if v == nil {
		return r, nil
	}
	body, err := json.Marshal(v)
	r.Body = body
	return r, err
}
