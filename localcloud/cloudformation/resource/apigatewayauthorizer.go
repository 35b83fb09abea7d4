package resource

import (
	"context"
	"net/http"
	"slices"
)

// restAuthorizer is AWS::ApiGateway::Authorizer. What is deployed does not
// change by an update: a deployment holds a copy.
type restAuthorizer struct{}

func (restAuthorizer) Create(ctx context.Context, w *Work) (Result, error) {
	var out struct {
		ID string `json:"id"`
	}
	body := lowerFirst(pick(w.Properties, "AuthType AuthorizerCredentials AuthorizerResultTtlInSeconds AuthorizerUri IdentitySource "+
		"IdentityValidationExpression Name ProviderARNs Type"))
	if err := w.Cloud.gateway(ctx, http.MethodPost, restPath(w, "authorizers"), body, &out); err != nil {
		return Result{}, err
	}
	return Result{Physical: out.ID, Attributes: map[string]string{"AuthorizerId": out.ID}}, nil
}

func (restAuthorizer) Update(ctx context.Context, w *Work) (Result, error) {
	result := Result{Physical: w.Physical, Attributes: w.Attributes}
	operations := patchOperations(w, "AuthType AuthorizerCredentials AuthorizerUri IdentitySource IdentityValidationExpression Name Type")
	if w.changed("AuthorizerResultTtlInSeconds") {
		seconds, ok := text(w.Properties, "AuthorizerResultTtlInSeconds")
		if !ok {
			seconds = "300" // AWS's default
		}
		operations = append(operations, map[string]string{"op": "replace", "path": "/authorizerResultTtlInSeconds", "value": seconds})
	}
	before, after := texts(w.Old, "ProviderARNs"), texts(w.Properties, "ProviderARNs")
	for _, arn := range after {
		if !slices.Contains(before, arn) {
			operations = append(operations, map[string]string{"op": "add", "path": "/providerARNs", "value": arn})
		}
	}
	for _, arn := range before {
		if !slices.Contains(after, arn) {
			operations = append(operations, map[string]string{"op": "remove", "path": "/providerARNs", "value": arn})
		}
	}
	return result, w.Cloud.patch(ctx, restPath(w, "authorizers", w.Physical), operations)
}

// Delete also finds an authorizer whose making was cut short, by its name,
// which is its API's alone.
func (restAuthorizer) Delete(ctx context.Context, w *Work) error {
	id := w.Physical
	if id == "" {
		var list struct {
			Item []struct{ ID, Name string } `json:"item"`
		}
		if err := w.Cloud.gateway(ctx, http.MethodGet, restPath(w, "authorizers"), nil, &list); err != nil {
			return gone(err)
		}
		name, _ := text(w.Properties, "Name")
		for _, item := range list.Item {
			if item.Name == name && item.ID != w.Keep {
				id = item.ID
			}
		}
	}
	if id == "" {
		return nil
	}
	return gone(w.Cloud.gateway(ctx, http.MethodDelete, restPath(w, "authorizers", id), nil, nil))
}
