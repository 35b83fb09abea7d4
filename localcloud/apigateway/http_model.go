package apigateway

import (
	"encoding/json"
	"time"

	"github.com/writ-dev/writ/localcloud/apigateway/front"
	"github.com/writ-dev/writ/localcloud/store"
)

// httpDoc is all that is stored of one HTTP API.
type httpDoc struct {
	API          httpAPI
	Order        time.Time
	Integrations map[string]*httpIntegration
	Routes       map[string]*httpRoute
	Authorizers  map[string]*httpAuthorizer
	Deployments  map[string]*httpDeployment
	Stages       map[string]*httpStage
}

type httpAPI struct {
	APIID                     string            `json:"apiId"`
	Name                      string            `json:"name"`
	ProtocolType              string            `json:"protocolType"`
	Description               string            `json:"description,omitempty"`
	Version                   string            `json:"version,omitempty"`
	APIEndpoint               string            `json:"apiEndpoint"`
	RouteSelectionExpression  string            `json:"routeSelectionExpression"`
	APIKeySelectionExpression string            `json:"apiKeySelectionExpression"`
	CORSConfiguration         *front.CORS       `json:"corsConfiguration,omitempty"`
	DisableExecuteAPIEndpoint bool              `json:"disableExecuteApiEndpoint"`
	IPAddressType             string            `json:"ipAddressType,omitempty"`
	Tags                      map[string]string `json:"tags,omitempty"`
	CreatedDate               time.Time         `json:"createdDate"`
}

type httpIntegration struct {
	IntegrationID        string            `json:"integrationId"`
	IntegrationType      string            `json:"integrationType"`
	IntegrationMethod    string            `json:"integrationMethod,omitempty"`
	IntegrationSubtype   string            `json:"integrationSubtype,omitempty"`
	IntegrationURI       string            `json:"integrationUri,omitempty"`
	PayloadFormatVersion string            `json:"payloadFormatVersion,omitempty"`
	ConnectionType       string            `json:"connectionType,omitempty"`
	CredentialsARN       string            `json:"credentialsArn,omitempty"`
	Description          string            `json:"description,omitempty"`
	RequestParameters    map[string]string `json:"requestParameters,omitempty"`
	ResponseParameters   json.RawMessage   `json:"responseParameters,omitempty"`
	TimeoutInMillis      int               `json:"timeoutInMillis"`
}

type httpRoute struct {
	RouteID             string   `json:"routeId"`
	RouteKey            string   `json:"routeKey"`
	Target              string   `json:"target,omitempty"`
	AuthorizationType   string   `json:"authorizationType"`
	AuthorizerID        string   `json:"authorizerId,omitempty"`
	AuthorizationScopes []string `json:"authorizationScopes,omitempty"`
	APIKeyRequired      bool     `json:"apiKeyRequired"`
	OperationName       string   `json:"operationName,omitempty"`
}

type httpDeployment struct {
	DeploymentID     string        `json:"deploymentId"`
	DeploymentStatus string        `json:"deploymentStatus"`
	Description      string        `json:"description,omitempty"`
	AutoDeployed     bool          `json:"autoDeployed"`
	CreatedDate      time.Time     `json:"createdDate"`
	Snapshot         *httpSnapshot `json:"snapshot,omitempty"`
}

// httpSnapshot is an HTTP API as it was deployed.
type httpSnapshot struct {
	Integrations map[string]*httpIntegration `json:"integrations"`
	Routes       map[string]*httpRoute       `json:"routes"`
	Authorizers  map[string]*httpAuthorizer  `json:"authorizers,omitempty"`
	CORS         *front.CORS                 `json:"cors,omitempty"`
}

type httpStage struct {
	StageName            string            `json:"stageName"`
	AutoDeploy           bool              `json:"autoDeploy"`
	DeploymentID         string            `json:"deploymentId,omitempty"`
	Description          string            `json:"description,omitempty"`
	StageVariables       map[string]string `json:"stageVariables,omitempty"`
	AccessLogSettings    json.RawMessage   `json:"accessLogSettings,omitempty"`
	DefaultRouteSettings json.RawMessage   `json:"defaultRouteSettings,omitempty"`
	RouteSettings        json.RawMessage   `json:"routeSettings,omitempty"`
	Tags                 map[string]string `json:"tags,omitempty"`
	CreatedDate          time.Time         `json:"createdDate"`
	LastUpdatedDate      time.Time         `json:"lastUpdatedDate"`
}

// items is a list in v2's answers. All of it is given at once.
type items[T any] struct {
	Items []T `json:"items"`
}

// viewHTTP reads the HTTP API that the call names.
func (s *Service) viewHTTP(r *request) (*httpDoc, error) {
	var doc *httpDoc
	err := s.cfg.DB.View(func(tx *store.Tx) (err error) {
		doc, err = s.loadHTTP(tx, r.vars["apiId"])
		return err
	})
	return doc, err
}

// changeHTTP changes the HTTP API that the call names. do may run more than once.
func (s *Service) changeHTTP(r *request, do func(*httpDoc) error) error {
	return s.cfg.DB.Update(func(tx *store.Tx) error {
		doc, err := s.loadHTTP(tx, r.vars["apiId"])
		if err != nil {
			return err
		}
		if err := do(doc); err != nil {
			return err
		}
		return putDoc(tx, bucketHTTP, doc.API.APIID, doc)
	})
}

func (s *Service) loadHTTP(tx *store.Tx, id string) (*httpDoc, error) {
	doc := &httpDoc{}
	found, err := getDoc(tx, bucketHTTP, id, doc)
	if err == nil && !found {
		err = notFound("Invalid API identifier specified %s:%s", s.cfg.Account, id)
	}
	if err != nil {
		return nil, err
	}
	return doc, nil
}

// pick gives the member of m that the call names; what is its kind, for the error.
func pick[V any](m map[string]*V, id, what string) (*V, error) {
	if v := m[id]; v != nil {
		return v, nil
	}
	return nil, notFound("Invalid %s identifier specified", what)
}
