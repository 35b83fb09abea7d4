package apigateway

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/apigateway/authorize"
	"github.com/writ-dev/writ/localcloud/apigateway/front"
	"github.com/writ-dev/writ/localcloud/store"
)

// refresh makes the front's table anew from the store.
func (s *Service) refresh() error {
	var stages []*front.Stage
	err := s.cfg.DB.View(func(tx *store.Tx) error {
		if err := eachDoc(tx, bucketREST, func(d *restDoc) error {
			stages = append(stages, s.restStages(d)...)
			return nil
		}); err != nil {
			return err
		}
		return eachDoc(tx, bucketHTTP, func(d *httpDoc) error {
			stages = append(stages, s.httpStages(d)...)
			return nil
		})
	})
	if err != nil {
		return err
	}
	table, problems := front.NewTable(stages)
	for _, p := range problems {
		s.cfg.Log.Error("a route cannot be served", "error", p)
	}
	s.table.Store(table)
	return nil
}

// named says whether an API answers only to its name.
func (s *Service) named(tags map[string]string) bool {
	return s.cfg.Unnamed != nil && !s.cfg.Unnamed(tags)
}

// restStages gives the deployed stages of a REST API.
func (s *Service) restStages(d *restDoc) []*front.Stage {
	var stages []*front.Stage
	for _, st := range sortedValues(d.Stages) {
		dep := d.Deployments[st.DeploymentID]
		if dep == nil || dep.Snapshot == nil {
			continue
		}
		stage := &front.Stage{
			Kind: front.REST, APIID: d.API.ID, Name: st.StageName, DeploymentID: dep.ID, Variables: st.Variables, Created: d.Order, Named: s.named(d.API.Tags),
			BinaryTypes: dep.Snapshot.BinaryMediaTypes, ClosedEndpoint: d.API.DisableExecuteAPIEndpoint,
		}
		unreadable := ""
		if dep.Snapshot.Policy != "" {
			policy, err := iam.Load([]byte(s.fullPolicy(dep.Snapshot.Policy, d.API.ID)), iam.Origin{Type: iam.TypeResource, Name: "resource policy of API " + d.API.ID})
			if err != nil {
				unreadable = "the API's resource policy cannot be read: " + err.Error()
			}
			stage.Policy = policy
		}
		authorizers := map[string]*authorize.Authorizer{}
		for id, a := range dep.Snapshot.Authorizers {
			authorizers[id] = a.frontAuthorizer(st.Variables)
		}
		for _, res := range resourcesByPath(dep.Snapshot.Resources) {
			for _, m := range sortedValues(res.ResourceMethods) {
				route := front.Route{
					Key: m.HTTPMethod + " " + res.Path, Method: m.HTTPMethod, Path: res.Path, ResourceID: res.ID,
					Authorization: m.AuthorizationType, Authorizer: authorizers[m.AuthorizerID], Scopes: m.AuthorizationScopes,
					APIKeyRequired: m.APIKeyRequired, Integration: restFrontIntegration(m, st.Variables),
				}
				if unreadable != "" {
					route.Integration = front.Integration{Problem: unreadable}
				}
				stage.Routes = append(stage.Routes, route)
			}
		}
		stages = append(stages, stage)
	}
	return stages
}

// fullPolicy writes out the short resources that API Gateway allows in an API's
// policy: execute-api:/STAGE/METHOD/PATH.
func (s *Service) fullPolicy(policy, apiID string) string {
	return strings.ReplaceAll(policy, `"execute-api:/`, `"arn:aws:execute-api:`+s.cfg.Region+":"+s.cfg.Account+":"+apiID+"/")
}

func restFrontIntegration(m *restMethod, variables map[string]string) front.Integration {
	i := m.MethodIntegration
	if i == nil {
		return front.Integration{Problem: "the method has no integration"}
	}
	if i.Type == "MOCK" {
		mock, problem := mockOf(i)
		return front.Integration{Mock: mock, Problem: problem}
	}
	return lambdaIntegration(substitute(i.URI, variables), "1.0", i.TimeoutInMillis)
}

func lambdaIntegration(uri, payload string, milliseconds int) front.Integration {
	function := functionOf(uri)
	if function == "" || strings.Contains(function, "${") {
		return front.Integration{Problem: "the integration's URI names no function: " + uri}
	}
	return front.Integration{FunctionARN: function, Payload: payload, Timeout: time.Duration(milliseconds) * time.Millisecond}
}

// httpStages gives the deployed stages of an HTTP API.
func (s *Service) httpStages(d *httpDoc) []*front.Stage {
	var stages []*front.Stage
	for _, st := range sortedValues(d.Stages) {
		served := &httpSnapshot{Integrations: d.Integrations, Routes: d.Routes, Authorizers: d.Authorizers, CORS: d.API.CORSConfiguration}
		if !st.AutoDeploy {
			dep := d.Deployments[st.DeploymentID]
			if dep == nil || dep.Snapshot == nil {
				continue
			}
			served = dep.Snapshot
		}
		stage := &front.Stage{
			Kind: front.HTTP, APIID: d.API.APIID, Name: st.StageName, DeploymentID: st.DeploymentID, Variables: st.StageVariables,
			Created: d.Order, Named: s.named(d.API.Tags), CORS: served.CORS, ClosedEndpoint: d.API.DisableExecuteAPIEndpoint,
		}
		authorizers := map[string]*authorize.Authorizer{}
		for id, a := range served.Authorizers {
			authorizers[id] = a.frontAuthorizer(st.StageVariables)
		}
		for _, r := range sortedValues(served.Routes) {
			method, path, _ := splitRouteKey(r.RouteKey)
			route := front.Route{
				Key: r.RouteKey, Method: method, Path: path, ResourceID: r.RouteID, Authorization: r.AuthorizationType,
				Authorizer: authorizers[r.AuthorizerID], Scopes: r.AuthorizationScopes, APIKeyRequired: r.APIKeyRequired,
			}
			route.Integration = s.frontIntegration(served.Integrations[strings.TrimPrefix(r.Target, "integrations/")], st.StageVariables)
			stage.Routes = append(stage.Routes, route)
		}
		stages = append(stages, stage)
	}
	return stages
}

var invocationURI = regexp.MustCompile(`^arn:[^:]+:apigateway:[^:]*:lambda:path/2015-03-31/functions/(.+)/invocations$`)

// functionOf gives the function's ARN in an integration's URI: the ARN itself,
// or API Gateway's URI of Lambda's Invoke. It is "" when it is neither.
func functionOf(uri string) string {
	if m := invocationURI.FindStringSubmatch(uri); m != nil {
		uri = m[1]
	}
	if parts := strings.Split(uri, ":"); len(parts) >= 7 && parts[0] == "arn" && parts[2] == "lambda" && parts[5] == "function" {
		return uri
	}
	return ""
}

var stageVariable = regexp.MustCompile(`\$\{stageVariables\.([A-Za-z0-9_]+)\}`)

// substitute puts stage variables into an integration's URI. One that is not
// set stays as it is, which names no function.
func substitute(uri string, variables map[string]string) string {
	return stageVariable.ReplaceAllStringFunc(uri, func(found string) string {
		if value, ok := variables[stageVariable.FindStringSubmatch(found)[1]]; ok {
			return value
		}
		return found
	})
}

var mockStatus = regexp.MustCompile(`^\s*\{\s*"?statusCode"?\s*:\s*"?(\d{3})"?\s*,?\s*\}\s*$`)

// mockOf compiles a MOCK integration: the request template gives a status, the
// status selects an integration response, and that gives static headers and a
// static body. Velocity templates are not run.
func mockOf(i *restIntegration) (*front.Mock, string) {
	found := mockStatus.FindStringSubmatch(i.RequestTemplates["application/json"])
	if found == nil {
		return nil, "the MOCK integration's request template does not run locally: it must be {\"statusCode\": NUMBER}"
	}
	var chosen *restIntegrationResponse
	for _, response := range sortedValues(i.IntegrationResponses) {
		if response.SelectionPattern == "" {
			if chosen == nil {
				chosen = response
			}
			continue
		}
		if pattern, err := regexp.Compile("^(?:" + response.SelectionPattern + ")$"); err == nil && pattern.MatchString(found[1]) {
			chosen = response
			break
		}
	}
	if chosen == nil {
		return nil, "the MOCK integration has no integration response for status " + found[1]
	}
	status, err := strconv.Atoi(chosen.StatusCode)
	if err != nil || status < 200 || status > 599 {
		return nil, "the MOCK integration answers with status " + chosen.StatusCode + ", which is not one from 200 to 599"
	}
	mock := &front.Mock{Status: status, Header: map[string]string{}, Body: chosen.ResponseTemplates["application/json"]}
	if strings.ContainsAny(mock.Body, "$#") {
		return nil, "the MOCK integration's response template is in Velocity, which does not run locally"
	}
	for target, value := range chosen.ResponseParameters {
		name, isHeader := strings.CutPrefix(target, "method.response.header.")
		if !isHeader || len(value) < 2 || value[0] != '\'' || value[len(value)-1] != '\'' {
			return nil, "the MOCK integration maps " + target + " to " + value + ": only static headers ('text') run locally"
		}
		mock.Header[name] = value[1 : len(value)-1]
	}
	return mock, ""
}
