package resource

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/writ-dev/writ/cfn"
)

func (c *Cloud) gateway(ctx context.Context, method string, path []string, in, out any) error {
	var escaped strings.Builder
	for _, part := range path {
		escaped.WriteString("/" + url.PathEscape(part))
	}
	return c.rest(ctx, "apigateway", method, escaped.String(), in, out)
}

func restPath(w *Work, more ...string) []string {
	api, _ := text(w.Properties, "RestApiId")
	return append([]string{"restapis", api}, more...)
}

// patchOperations gives the changes of scalar properties as API Gateway's
// PATCH wants them; the paths are the properties with a small first letter.
func patchOperations(w *Work, keys string) []any {
	var operations []any
	for _, key := range words(keys) {
		if !w.changed(key) {
			continue
		}
		path := "/" + strings.ToLower(key[:1]) + key[1:]
		value, _ := text(w.Properties, key)
		operations = append(operations, map[string]string{"op": "replace", "path": path, "value": value})
	}
	return operations
}

// patchTokens gives the additions and removals of a list or map of texts.
func patchTokens(path string, before, after map[string]string) []any {
	var operations []any
	escape := strings.NewReplacer("~", "~0", "/", "~1").Replace
	for key := range before {
		if _, ok := after[key]; !ok {
			operations = append(operations, map[string]string{"op": "remove", "path": path + "/" + escape(key)})
		}
	}
	for key, value := range after {
		old, had := before[key]
		if had && old == value {
			continue
		}
		change := map[string]string{"op": "replace", "path": path + "/" + escape(key), "value": value}
		if !had && value == "" {
			change = map[string]string{"op": "add", "path": path + "/" + escape(key)}
		}
		operations = append(operations, change)
	}
	slices.SortFunc(operations, func(a, b any) int {
		return strings.Compare(a.(map[string]string)["path"], b.(map[string]string)["path"])
	})
	return operations
}

func (c *Cloud) patch(ctx context.Context, path []string, operations []any) error {
	if len(operations) == 0 {
		return nil
	}
	return c.gateway(ctx, http.MethodPatch, path, map[string]any{"patchOperations": operations}, nil)
}

// gatewayTags changes the tags of an API or a stage; prefix is "/tags" or "/v2/tags".
func gatewayTags(ctx context.Context, w *Work, prefix, method string, resource []string) error {
	arn := "arn:" + w.Cloud.Partition + ":apigateway:" + w.Cloud.Region + "::/" + strings.Join(resource, "/")
	path := prefix + "/" + url.PathEscape(arn)
	set, remove := w.tagChange()
	if len(set) > 0 {
		if err := w.Cloud.rest(ctx, "apigateway", method, path, map[string]any{"tags": set}, nil); err != nil {
			return err
		}
	}
	if len(remove) > 0 {
		query := url.Values{"tagKeys": remove}.Encode()
		return w.Cloud.rest(ctx, "apigateway", http.MethodDelete, path+"?"+query, nil, nil)
	}
	return nil
}

// restAPI is AWS::ApiGateway::RestApi.
type restAPI struct{}

func (restAPI) Create(ctx context.Context, w *Work) (Result, error) {
	body := lowerFirst(pick(w.Properties, "BinaryMediaTypes Description DisableExecuteApiEndpoint MinimumCompressionSize Name"))
	if v, ok := text(w.Properties, "ApiKeySourceType"); ok {
		body.Set("apiKeySource", v)
	}
	if v := w.Properties.Object("EndpointConfiguration"); v != nil {
		body.Set("endpointConfiguration", lowerFirst(v))
	}
	if _, ok := w.Properties.Get("Policy"); ok {
		policy, err := document(w.Properties, "Policy")
		if err != nil {
			return Result{}, err
		}
		body.Set("policy", policy)
	}
	body.Set("tags", markedTags(w))
	var out struct {
		ID             string `json:"id"`
		RootResourceID string `json:"rootResourceId"`
	}
	if err := w.Cloud.gateway(ctx, http.MethodPost, []string{"restapis"}, body, &out); err != nil {
		return Result{}, err
	}
	result := Result{Physical: out.ID, Attributes: map[string]string{"RestApiId": out.ID, "RootResourceId": out.RootResourceID}}
	if out.RootResourceID != "" {
		return result, nil
	}
	var list struct {
		Item []struct{ ID, Path string } `json:"item"`
	}
	err := w.Cloud.gateway(ctx, http.MethodGet, []string{"restapis", out.ID, "resources"}, nil, &list)
	for _, item := range list.Item {
		if item.Path == "/" {
			result.Attributes["RootResourceId"] = item.ID
		}
	}
	return result, err
}

func (restAPI) Update(ctx context.Context, w *Work) (Result, error) {
	result := Result{Physical: w.Physical, Attributes: w.Attributes}
	operations := patchOperations(w, "Description DisableExecuteApiEndpoint MinimumCompressionSize Name")
	if w.changed("ApiKeySourceType") {
		value, _ := text(w.Properties, "ApiKeySourceType")
		operations = append(operations, map[string]string{"op": "replace", "path": "/apiKeySource", "value": value})
	}
	if w.changed("Policy") {
		policy := ""
		if _, ok := w.Properties.Get("Policy"); ok {
			var err error
			if policy, err = document(w.Properties, "Policy"); err != nil {
				return result, err
			}
		}
		operations = append(operations, map[string]string{"op": "replace", "path": "/policy", "value": policy})
	}
	operations = append(operations, patchTokens("/binaryMediaTypes", set(texts(w.Old, "BinaryMediaTypes")), set(texts(w.Properties, "BinaryMediaTypes")))...)
	if err := w.Cloud.patch(ctx, []string{"restapis", w.Physical}, operations); err != nil {
		return result, err
	}
	return result, gatewayTags(ctx, w, "/tags", http.MethodPut, []string{"restapis", w.Physical})
}

func set(list []string) map[string]string {
	out := map[string]string{}
	for _, s := range list {
		out[s] = ""
	}
	return out
}

func (restAPI) Delete(ctx context.Context, w *Work) error {
	id := w.Physical
	if id == "" {
		var list struct {
			Item []struct {
				ID   string            `json:"id"`
				Tags map[string]string `json:"tags"`
			} `json:"item"`
		}
		if err := w.Cloud.gateway(ctx, http.MethodGet, []string{"restapis"}, nil, &list); err != nil {
			return err
		}
		for _, api := range list.Item {
			if marked(w, api.ID, api.Tags) {
				id = api.ID
			}
		}
	}
	if id == "" {
		return nil
	}
	return gone(w.Cloud.gateway(ctx, http.MethodDelete, []string{"restapis", id}, nil, nil))
}

// The tags that CloudFormation puts on what it makes. An API, whose id the
// service chooses, is found again by them when a crash came before the id was stored.
const (
	stackTag   = "aws:cloudformation:stack-id"
	logicalTag = "aws:cloudformation:logical-id"
)

func markedTags(w *Work) map[string]string {
	all := tags(w.Tags, w.Properties)
	all[stackTag], all[logicalTag] = w.StackID, w.LogicalID
	return all
}

func marked(w *Work, id string, tags map[string]string) bool {
	return id != w.Keep && tags[stackTag] == w.StackID && tags[logicalTag] == w.LogicalID
}

// restResource is AWS::ApiGateway::Resource.
type restResource struct{}

func (restResource) Create(ctx context.Context, w *Work) (Result, error) {
	parent, ok := text(w.Properties, "ParentId")
	if !ok {
		return Result{}, missing(w, "ParentId")
	}
	var out struct {
		ID string `json:"id"`
	}
	err := w.Cloud.gateway(ctx, http.MethodPost, restPath(w, "resources", parent), lowerFirst(pick(w.Properties, "PathPart")), &out)
	return Result{Physical: out.ID, Attributes: map[string]string{"ResourceId": out.ID}}, err
}

func (restResource) Update(_ context.Context, w *Work) (Result, error) {
	return Result{Physical: w.Physical, Attributes: w.Attributes}, nil
}

// Delete also finds a resource whose making was cut short, by its place.
func (restResource) Delete(ctx context.Context, w *Work) error {
	id := w.Physical
	if id == "" {
		var list struct {
			Item []struct{ ID, ParentID, PathPart string } `json:"item"`
		}
		if err := w.Cloud.gateway(ctx, http.MethodGet, restPath(w, "resources"), nil, &list); err != nil {
			return gone(err)
		}
		parent, _ := text(w.Properties, "ParentId")
		part, _ := text(w.Properties, "PathPart")
		for _, item := range list.Item {
			if item.ParentID == parent && item.PathPart == part {
				id = item.ID
			}
		}
	}
	if id == "" {
		return nil
	}
	return gone(w.Cloud.gateway(ctx, http.MethodDelete, restPath(w, "resources", id), nil, nil))
}

// restMethod is AWS::ApiGateway::Method with its integration and responses.
type restMethod struct{}

func methodPath(w *Work, more ...string) []string {
	resource, _ := text(w.Properties, "ResourceId")
	method, _ := text(w.Properties, "HttpMethod")
	return restPath(w, append([]string{"resources", resource, "methods", method}, more...)...)
}

func (m restMethod) Create(ctx context.Context, w *Work) (Result, error) {
	result := Result{Physical: w.Physical}
	body := lowerFirst(pick(w.Properties, "ApiKeyRequired AuthorizationScopes AuthorizationType AuthorizerId OperationName RequestModels "+
		"RequestParameters RequestValidatorId"))
	if _, ok := body.Get("authorizationType"); !ok {
		body.Set("authorizationType", "NONE")
	}
	if err := w.Cloud.gateway(ctx, http.MethodPut, methodPath(w), body, nil); err != nil {
		return Result{}, err
	}
	for _, v := range w.Properties.List("MethodResponses") {
		if err := m.putResponse(ctx, w, v, "responses"); err != nil {
			return result, err
		}
	}
	integration := w.Properties.Object("Integration")
	if integration == nil {
		return result, nil
	}
	in := lowerFirst(pick(integration, "CacheKeyParameters CacheNamespace ConnectionId ConnectionType ContentHandling Credentials "+
		"PassthroughBehavior RequestParameters RequestTemplates TimeoutInMillis Type Uri"))
	if method, ok := text(integration, "IntegrationHttpMethod"); ok {
		in.Set("httpMethod", method)
	}
	if err := w.Cloud.gateway(ctx, http.MethodPut, methodPath(w, "integration"), in, nil); err != nil {
		return result, err
	}
	for _, v := range integration.List("IntegrationResponses") {
		if err := m.putResponse(ctx, w, v, "integration", "responses"); err != nil {
			return result, err
		}
	}
	return result, nil
}

func (restMethod) putResponse(ctx context.Context, w *Work, v any, at ...string) error {
	response, ok := v.(*cfn.Object)
	if !ok {
		return missing(w, "StatusCode")
	}
	status, _ := text(response, "StatusCode")
	body := lowerFirst(response)
	body.Delete("statusCode")
	if flags := body.Object("responseParameters"); flags != nil && len(at) == 1 {
		body.Set("responseParameters", realBooleans(flags))
	}
	return w.Cloud.gateway(ctx, http.MethodPut, methodPath(w, append(at, status)...), body, nil)
}

// realBooleans makes "true" true: method response parameters are a map of flags.
func realBooleans(o *cfn.Object) *cfn.Object {
	out := &cfn.Object{}
	for key := range o.All() {
		v, _ := text(o, key)
		out.Set(key, v == "true")
	}
	return out
}

// Update puts the method anew. What is deployed does not change by it: a
// deployment holds a copy.
func (m restMethod) Update(ctx context.Context, w *Work) (Result, error) {
	if err := m.Delete(ctx, w); err != nil {
		return Result{Physical: w.Physical}, err
	}
	return m.Create(ctx, w)
}

func (restMethod) Delete(ctx context.Context, w *Work) error {
	return gone(w.Cloud.gateway(ctx, http.MethodDelete, methodPath(w), nil, nil))
}
