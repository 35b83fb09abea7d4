package apigateway

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/writ-dev/writ/localcloud/apigateway/authorize"
	"github.com/writ-dev/writ/localcloud/gate"
)

// operation is one call of the API: where it is, and what does it.
type operation struct {
	name    string
	method  string
	pattern string
	status  int
	handle  func(*Service, *request) (any, error)
}

// request is one decoded call.
type request struct {
	op   *operation
	vars map[string]string
	call *gate.Call
	// arnPath is the resource's part of the ARN: the path, without /v2.
	arnPath string
	// flush is what of the authorizers' answers a successful call makes stale.
	flush *authorize.Scope
}

// operations are all calls, of v1 and of v2. The paths tell them apart.
var operations = append(restOperations(), httpOperations()...)

func restOperations() []operation {
	const (
		api      = "/restapis/{restApiId}"
		resource = api + "/resources/{resourceId}"
		method   = resource + "/methods/{httpMethod}"
	)
	return []operation{
		{"CreateRestApi", "POST", "/restapis", 201, (*Service).createRestAPI},
		{"GetRestApis", "GET", "/restapis", 200, (*Service).getRestAPIs},
		{"GetRestApi", "GET", api, 200, (*Service).getRestAPI},
		{"UpdateRestApi", "PATCH", api, 200, (*Service).updateRestAPI},
		{"DeleteRestApi", "DELETE", api, 202, (*Service).deleteRestAPI},
		{"GetResources", "GET", api + "/resources", 200, (*Service).getResources},
		{"GetResource", "GET", resource, 200, (*Service).getResource},
		{"CreateResource", "POST", resource, 201, (*Service).createResource},
		{"DeleteResource", "DELETE", resource, 202, (*Service).deleteResource},
		{"PutMethod", "PUT", method, 201, (*Service).putMethod},
		{"GetMethod", "GET", method, 200, (*Service).getMethod},
		{"UpdateMethod", "PATCH", method, 200, (*Service).updateMethod},
		{"DeleteMethod", "DELETE", method, 204, (*Service).deleteMethod},
		{"PutMethodResponse", "PUT", method + "/responses/{statusCode}", 201, (*Service).putMethodResponse},
		{"GetMethodResponse", "GET", method + "/responses/{statusCode}", 200, (*Service).getMethodResponse},
		{"DeleteMethodResponse", "DELETE", method + "/responses/{statusCode}", 204, (*Service).deleteMethodResponse},
		{"PutIntegration", "PUT", method + "/integration", 201, (*Service).putIntegration},
		{"GetIntegration", "GET", method + "/integration", 200, (*Service).getIntegration},
		{"UpdateIntegration", "PATCH", method + "/integration", 200, (*Service).updateIntegration},
		{"DeleteIntegration", "DELETE", method + "/integration", 204, (*Service).deleteIntegration},
		{"PutIntegrationResponse", "PUT", method + "/integration/responses/{statusCode}", 201, (*Service).putIntegrationResponse},
		{"GetIntegrationResponse", "GET", method + "/integration/responses/{statusCode}", 200, (*Service).getIntegrationResponse},
		{"DeleteIntegrationResponse", "DELETE", method + "/integration/responses/{statusCode}", 204, (*Service).deleteIntegrationResponse},
		{"CreateAuthorizer", "POST", api + "/authorizers", 201, (*Service).createAuthorizer},
		{"GetAuthorizers", "GET", api + "/authorizers", 200, (*Service).getAuthorizers},
		{"GetAuthorizer", "GET", api + "/authorizers/{authorizerId}", 200, (*Service).getAuthorizer},
		{"UpdateAuthorizer", "PATCH", api + "/authorizers/{authorizerId}", 200, (*Service).updateAuthorizer},
		{"DeleteAuthorizer", "DELETE", api + "/authorizers/{authorizerId}", 202, (*Service).deleteAuthorizer},
		{"FlushStageAuthorizersCache", "DELETE", api + "/stages/{stageName}/cache/authorizers", 202, (*Service).flushAuthorizers},
		{"CreateDeployment", "POST", api + "/deployments", 201, (*Service).createDeployment},
		{"GetDeployments", "GET", api + "/deployments", 200, (*Service).getDeployments},
		{"GetDeployment", "GET", api + "/deployments/{deploymentId}", 200, (*Service).getDeployment},
		{"UpdateDeployment", "PATCH", api + "/deployments/{deploymentId}", 200, (*Service).updateDeployment},
		{"DeleteDeployment", "DELETE", api + "/deployments/{deploymentId}", 202, (*Service).deleteDeployment},
		{"CreateStage", "POST", api + "/stages", 201, (*Service).createStage},
		{"GetStages", "GET", api + "/stages", 200, (*Service).getStages},
		{"GetStage", "GET", api + "/stages/{stageName}", 200, (*Service).getStage},
		{"UpdateStage", "PATCH", api + "/stages/{stageName}", 200, (*Service).updateStage},
		{"DeleteStage", "DELETE", api + "/stages/{stageName}", 202, (*Service).deleteStage},
		{"GetAccount", "GET", "/account", 200, (*Service).getAccount},
		{"UpdateAccount", "PATCH", "/account", 200, (*Service).updateAccount},
		{"TagResource", "PUT", "/tags/{resourceArn}", 204, (*Service).tagResource},
		{"UntagResource", "DELETE", "/tags/{resourceArn}", 204, (*Service).untagResource},
		{"GetTags", "GET", "/tags/{resourceArn}", 200, (*Service).getTags},
	}
}

func httpOperations() []operation {
	const api = "/v2/apis/{apiId}"
	return []operation{
		{"CreateApi", "POST", "/v2/apis", 201, (*Service).createAPI},
		{"GetApis", "GET", "/v2/apis", 200, (*Service).getAPIs},
		{"GetApi", "GET", api, 200, (*Service).getAPI},
		{"UpdateApi", "PATCH", api, 200, (*Service).updateAPI},
		{"DeleteApi", "DELETE", api, 204, (*Service).deleteAPI},
		{"DeleteCorsConfiguration", "DELETE", api + "/cors", 204, (*Service).deleteCORS},
		{"CreateIntegration", "POST", api + "/integrations", 201, (*Service).createIntegration2},
		{"GetIntegrations", "GET", api + "/integrations", 200, (*Service).getIntegrations2},
		{"GetIntegration", "GET", api + "/integrations/{integrationId}", 200, (*Service).getIntegration2},
		{"UpdateIntegration", "PATCH", api + "/integrations/{integrationId}", 200, (*Service).updateIntegration2},
		{"DeleteIntegration", "DELETE", api + "/integrations/{integrationId}", 204, (*Service).deleteIntegration2},
		{"CreateRoute", "POST", api + "/routes", 201, (*Service).createRoute},
		{"GetRoutes", "GET", api + "/routes", 200, (*Service).getRoutes},
		{"GetRoute", "GET", api + "/routes/{routeId}", 200, (*Service).getRoute},
		{"UpdateRoute", "PATCH", api + "/routes/{routeId}", 200, (*Service).updateRoute},
		{"DeleteRoute", "DELETE", api + "/routes/{routeId}", 204, (*Service).deleteRoute},
		{"CreateAuthorizer", "POST", api + "/authorizers", 201, (*Service).createAuthorizer2},
		{"GetAuthorizers", "GET", api + "/authorizers", 200, (*Service).getAuthorizers2},
		{"GetAuthorizer", "GET", api + "/authorizers/{authorizerId}", 200, (*Service).getAuthorizer2},
		{"UpdateAuthorizer", "PATCH", api + "/authorizers/{authorizerId}", 200, (*Service).updateAuthorizer2},
		{"DeleteAuthorizer", "DELETE", api + "/authorizers/{authorizerId}", 204, (*Service).deleteAuthorizer2},
		{"ResetAuthorizersCache", "DELETE", api + "/stages/{stageName}/cache/authorizers", 204, (*Service).resetAuthorizers2},
		{"CreateDeployment", "POST", api + "/deployments", 201, (*Service).createDeployment2},
		{"GetDeployments", "GET", api + "/deployments", 200, (*Service).getDeployments2},
		{"GetDeployment", "GET", api + "/deployments/{deploymentId}", 200, (*Service).getDeployment2},
		{"DeleteDeployment", "DELETE", api + "/deployments/{deploymentId}", 204, (*Service).deleteDeployment2},
		{"CreateStage", "POST", api + "/stages", 201, (*Service).createStage2},
		{"GetStages", "GET", api + "/stages", 200, (*Service).getStages2},
		{"GetStage", "GET", api + "/stages/{stageName}", 200, (*Service).getStage2},
		{"UpdateStage", "PATCH", api + "/stages/{stageName}", 200, (*Service).updateStage2},
		{"DeleteStage", "DELETE", api + "/stages/{stageName}", 204, (*Service).deleteStage2},
		{"TagResource", "POST", "/v2/tags/{resourceArn}", 201, (*Service).tagResource},
		{"UntagResource", "DELETE", "/v2/tags/{resourceArn}", 204, (*Service).untagResource},
		{"GetTags", "GET", "/v2/tags/{resourceArn}", 200, (*Service).getTags},
	}
}

// route names the operation of a call for the gate.
func route(c *gate.Call) (string, bool) {
	op, vars := match(c.Method, c.Path)
	if op == nil {
		return "", false
	}
	c.Vars = vars
	return op.name, true
}

// find gives the operation of a call. Calls from inside need only Method and Path.
func (s *Service) find(c *gate.Call) (*request, error) {
	op, vars := match(c.Method, c.Path)
	if op == nil {
		return nil, gate.Errorf("UnknownOperationException", "%s %s is not an operation of API Gateway that runs locally", c.Method, c.Path).
			WithStatus(http.StatusNotFound)
	}
	return &request{op: op, vars: vars, call: c, arnPath: strings.TrimPrefix(c.Path, "/v2")}, nil
}

// match finds the operation at an escaped path.
func match(method, path string) (*operation, map[string]string) {
	parts := strings.Split(path, "/")
	for i := range operations {
		op := &operations[i]
		if op.method != method {
			continue
		}
		if vars, ok := matchPath(strings.Split(op.pattern, "/"), parts); ok {
			return op, vars
		}
	}
	return nil, nil
}

func matchPath(pattern, parts []string) (map[string]string, bool) {
	// An ARN in the path may hold slashes of its own that a client left bare.
	if n := len(pattern); len(parts) > n && pattern[n-1] == "{resourceArn}" {
		parts = append(parts[:n-1:n-1], strings.Join(parts[n-1:], "/"))
	}
	if len(pattern) != len(parts) {
		return nil, false
	}
	vars := map[string]string{}
	for i, p := range pattern {
		if !strings.HasPrefix(p, "{") {
			if p != parts[i] {
				return nil, false
			}
			continue
		}
		value, err := url.PathUnescape(parts[i])
		if err != nil || value == "" {
			return nil, false
		}
		vars[p[1:len(p)-1]] = value
	}
	return vars, true
}

// decode reads the JSON body into v. No body is an empty one.
func (r *request) decode(v any) error {
	if len(bytes.TrimSpace(r.call.Body)) == 0 {
		return nil
	}
	if err := json.Unmarshal(r.call.Body, v); err != nil {
		return badRequest("Invalid request input: %v", err)
	}
	return nil
}

func badRequest(format string, args ...any) error {
	return gate.Errorf("BadRequestException", format, args...)
}

func notFound(format string, args ...any) error {
	return gate.Errorf("NotFoundException", format, args...).WithStatus(http.StatusNotFound)
}

func conflict(format string, args ...any) error {
	return gate.Errorf("ConflictException", format, args...).WithStatus(http.StatusConflict)
}
