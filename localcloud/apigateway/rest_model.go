package apigateway

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ/localcloud/store"
)

// epoch is a time in v1's answers: seconds since 1970, as a number.
type epoch struct{ time.Time }

// MarshalJSON writes the seconds.
func (e epoch) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, "%d", e.Unix()), nil }

// UnmarshalJSON reads the seconds.
func (e *epoch) UnmarshalJSON(data []byte) error {
	var seconds int64
	if err := json.Unmarshal(data, &seconds); err != nil {
		return err
	}
	e.Time = time.Unix(seconds, 0).UTC()
	return nil
}

// restDoc is all that is stored of one REST API.
type restDoc struct {
	API         restAPI
	Order       time.Time // when it was made, to the nanosecond
	Resources   map[string]*restResource
	Authorizers map[string]*restAuthorizer
	Deployments map[string]*restDeployment
	Stages      map[string]*restStage
}

type restAPI struct {
	ID                        string            `json:"id"`
	Name                      string            `json:"name"`
	Description               string            `json:"description,omitempty"`
	Version                   string            `json:"version,omitempty"`
	CreatedDate               epoch             `json:"createdDate"`
	BinaryMediaTypes          []string          `json:"binaryMediaTypes,omitempty"`
	MinimumCompressionSize    *int              `json:"minimumCompressionSize,omitempty"`
	APIKeySource              string            `json:"apiKeySource"`
	EndpointConfiguration     json.RawMessage   `json:"endpointConfiguration,omitempty"`
	DisableExecuteAPIEndpoint bool              `json:"disableExecuteApiEndpoint"`
	Policy                    string            `json:"policy,omitempty"`
	Tags                      map[string]string `json:"tags,omitempty"`
	RootResourceID            string            `json:"rootResourceId"`
}

type restResource struct {
	ID              string                 `json:"id"`
	ParentID        string                 `json:"parentId,omitempty"`
	PathPart        string                 `json:"pathPart,omitempty"`
	Path            string                 `json:"path"`
	ResourceMethods map[string]*restMethod `json:"resourceMethods,omitempty"`
}

type restMethod struct {
	HTTPMethod          string                         `json:"httpMethod"`
	AuthorizationType   string                         `json:"authorizationType"`
	AuthorizerID        string                         `json:"authorizerId,omitempty"`
	AuthorizationScopes []string                       `json:"authorizationScopes,omitempty"`
	APIKeyRequired      bool                           `json:"apiKeyRequired"`
	OperationName       string                         `json:"operationName,omitempty"`
	RequestParameters   map[string]bool                `json:"requestParameters,omitempty"`
	RequestModels       map[string]string              `json:"requestModels,omitempty"`
	RequestValidatorID  string                         `json:"requestValidatorId,omitempty"`
	MethodResponses     map[string]*restMethodResponse `json:"methodResponses,omitempty"`
	MethodIntegration   *restIntegration               `json:"methodIntegration,omitempty"`
}

type restMethodResponse struct {
	StatusCode         string            `json:"statusCode"`
	ResponseParameters map[string]bool   `json:"responseParameters,omitempty"`
	ResponseModels     map[string]string `json:"responseModels,omitempty"`
}

type restIntegration struct {
	Type                 string                              `json:"type"`
	HTTPMethod           string                              `json:"httpMethod,omitempty"`
	URI                  string                              `json:"uri,omitempty"`
	ConnectionType       string                              `json:"connectionType,omitempty"`
	ConnectionID         string                              `json:"connectionId,omitempty"`
	Credentials          string                              `json:"credentials,omitempty"`
	RequestParameters    map[string]string                   `json:"requestParameters,omitempty"`
	RequestTemplates     map[string]string                   `json:"requestTemplates,omitempty"`
	PassthroughBehavior  string                              `json:"passthroughBehavior,omitempty"`
	ContentHandling      string                              `json:"contentHandling,omitempty"`
	TimeoutInMillis      int                                 `json:"timeoutInMillis,omitempty"`
	CacheNamespace       string                              `json:"cacheNamespace,omitempty"`
	CacheKeyParameters   []string                            `json:"cacheKeyParameters,omitempty"`
	ResponseTransferMode string                              `json:"responseTransferMode,omitempty"`
	IntegrationResponses map[string]*restIntegrationResponse `json:"integrationResponses,omitempty"`
}

type restIntegrationResponse struct {
	StatusCode         string            `json:"statusCode"`
	SelectionPattern   string            `json:"selectionPattern,omitempty"`
	ResponseParameters map[string]string `json:"responseParameters,omitempty"`
	ResponseTemplates  map[string]string `json:"responseTemplates,omitempty"`
	ContentHandling    string            `json:"contentHandling,omitempty"`
}

type restDeployment struct {
	ID          string `json:"id"`
	Description string `json:"description,omitempty"`
	CreatedDate epoch  `json:"createdDate"`
	// Snapshot is the API as it was deployed.
	Snapshot *restSnapshot `json:"snapshot,omitempty"`
}

type restSnapshot struct {
	Resources        map[string]*restResource   `json:"resources"`
	Authorizers      map[string]*restAuthorizer `json:"authorizers,omitempty"`
	BinaryMediaTypes []string                   `json:"binaryMediaTypes,omitempty"`
	Policy           string                     `json:"policy,omitempty"`
}

type restStage struct {
	DeploymentID        string            `json:"deploymentId"`
	StageName           string            `json:"stageName"`
	Description         string            `json:"description,omitempty"`
	CacheClusterEnabled bool              `json:"cacheClusterEnabled"`
	CacheClusterStatus  string            `json:"cacheClusterStatus"`
	MethodSettings      json.RawMessage   `json:"methodSettings,omitempty"`
	AccessLogSettings   json.RawMessage   `json:"accessLogSettings,omitempty"`
	Variables           map[string]string `json:"variables,omitempty"`
	TracingEnabled      bool              `json:"tracingEnabled"`
	Tags                map[string]string `json:"tags,omitempty"`
	CreatedDate         epoch             `json:"createdDate"`
	LastUpdatedDate     epoch             `json:"lastUpdatedDate"`
}

// The store's buckets: one document for each API.
const (
	bucketService = "apigateway"
	bucketREST    = "restapis"
	bucketHTTP    = "apis"
)

// viewREST reads the REST API that the call names.
func (s *Service) viewREST(r *request) (*restDoc, error) {
	var doc *restDoc
	err := s.cfg.DB.View(func(tx *store.Tx) (err error) {
		doc, err = s.loadREST(tx, r.vars["restApiId"])
		return err
	})
	return doc, err
}

// changeREST changes the REST API that the call names. do may run more than once.
func (s *Service) changeREST(r *request, do func(*restDoc) error) error {
	return s.cfg.DB.Update(func(tx *store.Tx) error {
		doc, err := s.loadREST(tx, r.vars["restApiId"])
		if err != nil {
			return err
		}
		if err := do(doc); err != nil {
			return err
		}
		return putDoc(tx, bucketREST, doc.API.ID, doc)
	})
}

func (s *Service) loadREST(tx *store.Tx, id string) (*restDoc, error) {
	doc := &restDoc{}
	found, err := getDoc(tx, bucketREST, id, doc)
	if err == nil && !found {
		err = notFound("Invalid API identifier specified %s:%s", s.cfg.Account, id)
	}
	if err != nil {
		return nil, err
	}
	return doc, nil
}

func getDoc(tx *store.Tx, kind, id string, doc any) (bool, error) {
	b, err := tx.Bucket(bucketService, kind)
	if err != nil {
		return false, err
	}
	return b.GetJSON(id, doc)
}

func putDoc(tx *store.Tx, kind, id string, doc any) error {
	b, err := tx.Bucket(bucketService, kind)
	if err != nil {
		return err
	}
	return b.PutJSON(id, doc)
}

// eachDoc goes through the documents of a kind.
func eachDoc[D any](tx *store.Tx, kind string, do func(*D) error) error {
	b, err := tx.Bucket(bucketService, kind)
	if err != nil {
		return err
	}
	c := b.Cursor()
	for key, value := c.First(); key != nil; key, value = c.Next() {
		var doc D
		if err := json.Unmarshal(value, &doc); err != nil {
			return fmt.Errorf("decode stored API %s: %w", key, err)
		}
		if err := do(&doc); err != nil {
			return err
		}
	}
	return nil
}

// sortedValues gives the values of m in the order of their keys.
func sortedValues[V any](m map[string]V) []V {
	values := []V{}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		values = append(values, m[key])
	}
	return values
}

// resource gives the resource that the call names.
func (d *restDoc) resource(r *request) (*restResource, error) {
	res := d.Resources[r.vars["resourceId"]]
	if res == nil {
		return nil, notFound("Invalid Resource identifier specified")
	}
	return res, nil
}

// method gives the method that the call names.
func (d *restDoc) method(r *request) (*restMethod, error) {
	res, err := d.resource(r)
	if err != nil {
		return nil, err
	}
	m := res.ResourceMethods[r.vars["httpMethod"]]
	if m == nil {
		return nil, notFound("Invalid Method identifier specified")
	}
	return m, nil
}

// integration gives the integration that the call names.
func (d *restDoc) integration(r *request) (*restIntegration, error) {
	m, err := d.method(r)
	if err != nil {
		return nil, err
	}
	if m.MethodIntegration == nil {
		return nil, notFound("Invalid Integration identifier specified")
	}
	return m.MethodIntegration, nil
}

// resourcesByPath gives the resources in the order of their paths.
func resourcesByPath(resources map[string]*restResource) []*restResource {
	return slices.SortedFunc(maps.Values(resources), func(a, b *restResource) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.ID, b.ID))
	})
}
