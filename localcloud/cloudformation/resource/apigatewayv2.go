package resource

import (
	"context"
	"net/http"
	"slices"

	"github.com/writ-dev/writ/cfn"
)

// http2 is a type of API Gateway v2. All of them are made, changed and removed
// the same way, at a path below their API.
type http2 struct {
	// collection is the path's last part, "" for the API itself.
	collection string
	// id is the member of an answer that is the physical id.
	id string
	// attributes maps Fn::GetAtt names to members of the answer.
	attributes map[string]string
	// fixed are properties that only Create takes.
	fixed []string
	// byName marks a type whose physical id is known before it is made.
	byName string
}

var (
	httpAPI = http2{
		id: "apiId", attributes: map[string]string{"ApiId": "apiId", "ApiEndpoint": "apiEndpoint"},
		fixed: []string{"protocolType", "tags"},
	}
	httpIntegration = http2{
		collection: "integrations", id: "integrationId", attributes: map[string]string{"IntegrationId": "integrationId"},
	}
	httpRoute      = http2{collection: "routes", id: "routeId", attributes: map[string]string{"RouteId": "routeId"}}
	httpAuthorizer = http2{
		collection: "authorizers", id: "authorizerId", attributes: map[string]string{"AuthorizerId": "authorizerId"},
	}
	httpStage = http2{collection: "stages", id: "stageName", fixed: []string{"stageName", "tags"}, byName: "StageName"}
)

func (h http2) path(w *Work, id string) []string {
	path := []string{"v2", "apis"}
	if h.collection != "" {
		api, _ := text(w.Properties, "ApiId")
		path = append(path, api, h.collection)
	}
	if id != "" {
		path = append(path, id)
	}
	return path
}

func (h http2) body(w *Work) *cfn.Object {
	body := lowerFirst(coerce(w.Properties).(*cfn.Object))
	if cors := w.Properties.Object("CorsConfiguration"); cors != nil {
		body.Set("corsConfiguration", lowerFirst(coerce(cors).(*cfn.Object)))
	}
	if jwt := w.Properties.Object("JwtConfiguration"); jwt != nil {
		body.Set("jwtConfiguration", lowerFirst(jwt))
	}
	if tls := w.Properties.Object("TlsConfig"); tls != nil {
		body.Set("tlsConfig", lowerFirst(tls))
	}
	if parameters := w.Properties.Object("RequestParameters"); parameters != nil {
		body.Set("requestParameters", written(parameters))
	}
	if h.collection != "" {
		body.Delete("apiId")
	}
	for _, key := range words(inertHTTP + " Tags") {
		for small := range lowerFirst(cfn.Obj(key, "")).All() {
			body.Delete(small)
		}
	}
	return body
}

// written gives an object with its numbers and booleans as text, as a map of texts wants them.
func written(o *cfn.Object) *cfn.Object {
	out := &cfn.Object{}
	for key, v := range o.All() {
		if s, ok := scalar(v); ok {
			v = s
		}
		out.Set(key, v)
	}
	return out
}

// inertHTTP are the properties of all v2 types that have no local effect.
const inertHTTP = "FailOnWarnings IpAddressType AccessLogSettings AccessPolicyId ClientCertificateId DefaultRouteSettings RouteSettings"

// nullable are properties that are no texts and may be taken away again.
const nullable = "AuthorizationScopes AuthorizerResultTtlInSeconds EnableSimpleResponses IdentitySource JwtConfiguration"

func (h http2) Create(ctx context.Context, w *Work) (Result, error) {
	body := h.body(w)
	if all := tags(w.Tags, w.Properties); h.collection == "" {
		body.Set("tags", markedTags(w))
	} else if h.collection == "stages" && len(all) > 0 {
		body.Set("tags", all)
	}
	out := map[string]any{}
	if err := w.Cloud.gateway(ctx, http.MethodPost, h.path(w, ""), body, &out); err != nil {
		return Result{}, err
	}
	id, _ := out[h.id].(string)
	result := Result{Physical: id, Attributes: map[string]string{}}
	for name, member := range h.attributes {
		result.Attributes[name], _ = out[member].(string)
	}
	return result, nil
}

func (h http2) Update(ctx context.Context, w *Work) (Result, error) {
	result := Result{Physical: w.Physical, Attributes: w.Attributes}
	body := h.body(w)
	for _, key := range h.fixed {
		body.Delete(key)
	}
	// A text that the template no longer has is emptied, and what has a default
	// of its own is as it was never given.
	for key, v := range w.Old.All() {
		if _, ok := w.Properties.Get(key); ok || key == "ApiId" || slices.Contains(words(inertHTTP), key) {
			continue
		}
		var empty any = ""
		if slices.Contains(words(nullable), key) {
			empty = nil
		} else if _, isText := v.(string); !isText {
			continue
		}
		for small := range lowerFirst(cfn.Obj(key, "")).All() {
			body.Set(small, empty)
		}
	}
	if before := w.Old.Object("RequestParameters"); before != nil {
		body.Set("requestParameters", withoutOld(before, body.Object("requestParameters")))
	}
	if h.collection == "" && w.Old.Object("CorsConfiguration") != nil && w.Properties.Object("CorsConfiguration") == nil {
		if err := gone(w.Cloud.gateway(ctx, http.MethodDelete, append(h.path(w, w.Physical), "cors"), nil, nil)); err != nil {
			return result, err
		}
	}
	if err := w.Cloud.gateway(ctx, http.MethodPatch, h.path(w, w.Physical), body, nil); err != nil {
		return result, err
	}
	if h.collection != "" && h.collection != "stages" {
		return result, nil
	}
	return result, gatewayTags(ctx, w, "/v2/tags", http.MethodPost, h.path(w, w.Physical)[1:])
}

// withoutOld gives parameters with those emptied that the template no longer
// has: a change leaves alone what it does not name.
func withoutOld(before, now *cfn.Object) *cfn.Object {
	if now == nil {
		now = &cfn.Object{}
	}
	for key := range before.All() {
		if _, ok := now.Get(key); !ok {
			now.Set(key, "")
		}
	}
	return now
}

func (h http2) Delete(ctx context.Context, w *Work) error {
	id := w.Physical
	if h.byName != "" {
		id, _ = text(w.Properties, h.byName)
	}
	if id == "" {
		var err error
		if id, err = h.lost(ctx, w); err != nil {
			return gone(err)
		}
	}
	if id == "" {
		return nil
	}
	return gone(w.Cloud.gateway(ctx, http.MethodDelete, h.path(w, id), nil, nil))
}

// lost finds what was made when a crash came before its id was stored: an API
// by its tags, a route by its key.
func (h http2) lost(ctx context.Context, w *Work) (id string, err error) {
	if h.collection != "" && h.collection != "routes" {
		return "", nil
	}
	var list struct {
		Items []struct {
			APIID    string            `json:"apiId"`
			Tags     map[string]string `json:"tags"`
			RouteID  string            `json:"routeId"`
			RouteKey string            `json:"routeKey"`
		} `json:"items"`
	}
	if err := w.Cloud.gateway(ctx, http.MethodGet, h.path(w, ""), nil, &list); err != nil {
		return "", err
	}
	key, _ := text(w.Properties, "RouteKey")
	for _, item := range list.Items {
		switch {
		case h.collection == "" && marked(w, item.APIID, item.Tags):
			return item.APIID, nil
		case h.collection == "routes" && item.RouteKey == key && item.RouteID != w.Keep:
			return item.RouteID, nil
		}
	}
	return "", nil
}
