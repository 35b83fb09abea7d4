package apigateway

import (
	"encoding/json"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/apigateway/front"
	"github.com/writ-dev/writ/localcloud/store"
)

// page is a list in v1's answers. All of it is given at once.
type page[T any] struct {
	Item []T `json:"item"`
}

func (s *Service) createRestAPI(r *request) (any, error) {
	if r.call.Query.Get("mode") == "import" || len(r.call.Query["mode"]) > 0 {
		return nil, badRequest("Importing an OpenAPI definition does not run locally; declare resources and methods")
	}
	api := restAPI{APIKeySource: "HEADER", EndpointConfiguration: json.RawMessage(`{"types":["EDGE"],"ipAddressType":"ipv4"}`)}
	if err := r.decode(&api); err != nil {
		return nil, err
	}
	if api.Name == "" {
		return nil, badRequest("API name cannot be empty")
	}
	if err := checkPolicy(api.Policy); err != nil {
		return nil, err
	}
	now := s.cfg.Now()
	api.ID, api.RootResourceID, api.CreatedDate = s.newID(10), s.newID(10), epoch{now}
	doc := &restDoc{
		API: api, Order: now,
		Resources:   map[string]*restResource{api.RootResourceID: {ID: api.RootResourceID, Path: "/"}},
		Deployments: map[string]*restDeployment{}, Stages: map[string]*restStage{},
	}
	err := s.cfg.DB.Update(func(tx *store.Tx) error { return putDoc(tx, bucketREST, api.ID, doc) })
	return api, err
}

// checkPolicy refuses a resource policy that cannot be read: one that is kept
// but not understood would be no protection.
func checkPolicy(policy string) error {
	if policy == "" {
		return nil
	}
	if _, err := iam.Load([]byte(policy), iam.Origin{Type: iam.TypeResource}); err != nil {
		return badRequest("Invalid policy document. Please check the policy syntax and ensure that Principals are valid: %v", err)
	}
	return nil
}

func (s *Service) getRestAPIs(*request) (any, error) {
	var list page[restAPI]
	err := s.cfg.DB.View(func(tx *store.Tx) error {
		list.Item = []restAPI{}
		return eachDoc(tx, bucketREST, func(d *restDoc) error {
			list.Item = append(list.Item, d.API)
			return nil
		})
	})
	return list, err
}

func (s *Service) getRestAPI(r *request) (any, error) {
	doc, err := s.viewREST(r)
	if err != nil {
		return nil, err
	}
	return doc.API, nil
}

func (s *Service) updateRestAPI(r *request) (any, error) {
	var api restAPI
	err := s.changeREST(r, func(d *restDoc) error {
		err := r.patch(&d.API, map[string]patchKind{
			"name": patchText, "description": patchText, "version": patchText, "policy": patchText, "apiKeySource": patchText,
			"disableExecuteApiEndpoint": patchFlag, "minimumCompressionSize": patchNumber, "binaryMediaTypes": patchList,
		})
		if err != nil {
			return err
		}
		api = d.API
		return checkPolicy(api.Policy)
	})
	return api, err
}

func (s *Service) deleteRestAPI(r *request) (any, error) {
	return nil, s.cfg.DB.Update(func(tx *store.Tx) error {
		doc, err := s.loadREST(tx, r.vars["restApiId"])
		if err != nil {
			return err
		}
		b, err := tx.Bucket(bucketService, bucketREST)
		if err != nil {
			return err
		}
		return b.Delete([]byte(doc.API.ID))
	})
}

func (s *Service) getResources(r *request) (any, error) {
	doc, err := s.viewREST(r)
	if err != nil {
		return nil, err
	}
	list := page[*restResource]{Item: resourcesByPath(doc.Resources)}
	if !embedsMethods(r) {
		for _, res := range list.Item {
			res.hideMethods()
		}
	}
	return list, nil
}

func (s *Service) getResource(r *request) (any, error) {
	doc, err := s.viewREST(r)
	if err != nil {
		return nil, err
	}
	res, err := doc.resource(r)
	if err != nil {
		return nil, err
	}
	if !embedsMethods(r) {
		res.hideMethods()
	}
	return res, nil
}

func embedsMethods(r *request) bool {
	for _, v := range r.call.Query["embed"] {
		if strings.Contains(v, "methods") {
			return true
		}
	}
	return false
}

// hideMethods leaves only the names of the methods, as AWS does without embed=methods.
func (res *restResource) hideMethods() {
	for name := range res.ResourceMethods {
		res.ResourceMethods[name] = &restMethod{HTTPMethod: name}
	}
}

func (s *Service) createResource(r *request) (any, error) {
	var input struct {
		PathPart string `json:"pathPart"`
	}
	if err := r.decode(&input); err != nil {
		return nil, err
	}
	if _, err := front.ParsePattern("/" + input.PathPart); err != nil || input.PathPart == "" || strings.Contains(input.PathPart, "/") {
		return nil, badRequest("Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end.")
	}
	id := s.newID(6)
	var made *restResource
	err := s.changeREST(r, func(d *restDoc) error {
		parent, err := d.resource(r)
		if err != nil {
			return err
		}
		if strings.HasSuffix(parent.PathPart, "+}") {
			return badRequest("Cannot create a child of a resource with a greedy path variable: %s", parent.Path)
		}
		made = &restResource{ID: id, ParentID: parent.ID, PathPart: input.PathPart, Path: strings.TrimSuffix(parent.Path, "/") + "/" + input.PathPart}
		for _, other := range d.Resources {
			if other.ParentID != parent.ID {
				continue
			}
			if other.PathPart == input.PathPart {
				return conflict("Another resource with the same parent already has this name: %s", input.PathPart)
			}
			if isVariable(other.PathPart) && isVariable(input.PathPart) && isGreedy(other.PathPart) == isGreedy(input.PathPart) {
				return badRequest("A sibling (%s) of this resource already has a variable path part -- only one is allowed", other.PathPart)
			}
		}
		if _, err := front.ParsePattern(made.Path); err != nil {
			return badRequest("Invalid resource path: %v", err)
		}
		d.Resources[id] = made
		return nil
	})
	return made, err
}

func isVariable(part string) bool { return strings.HasPrefix(part, "{") }
func isGreedy(part string) bool   { return strings.HasSuffix(part, "+}") }

// deleteResource removes a resource and all below it.
func (s *Service) deleteResource(r *request) (any, error) {
	return nil, s.changeREST(r, func(d *restDoc) error {
		res, err := d.resource(r)
		if err != nil {
			return err
		}
		if res.ParentID == "" {
			return badRequest("Root resource cannot be deleted")
		}
		for id, other := range d.Resources {
			if id == res.ID || strings.HasPrefix(other.Path, res.Path+"/") {
				delete(d.Resources, id)
			}
		}
		return nil
	})
}

// account is what little there is of the account's settings.
type account struct {
	CloudWatchRoleARN string           `json:"cloudwatchRoleArn,omitempty"`
	ThrottleSettings  throttleSettings `json:"throttleSettings"`
	Features          []string         `json:"features"`
	APIKeyVersion     string           `json:"apiKeyVersion"`
}

type throttleSettings struct {
	BurstLimit int     `json:"burstLimit"`
	RateLimit  float64 `json:"rateLimit"`
}

const bucketAccount = "account"

func loadAccount(tx *store.Tx) (account, error) {
	a := account{ThrottleSettings: throttleSettings{BurstLimit: 5000, RateLimit: 10000}, Features: []string{"UsagePlans"}, APIKeyVersion: "4"}
	_, err := getDoc(tx, bucketAccount, "settings", &a)
	return a, err
}

func (s *Service) getAccount(*request) (any, error) {
	var a account
	err := s.cfg.DB.View(func(tx *store.Tx) (err error) {
		a, err = loadAccount(tx)
		return err
	})
	return a, err
}

func (s *Service) updateAccount(r *request) (any, error) {
	var a account
	err := s.cfg.DB.Update(func(tx *store.Tx) (err error) {
		if a, err = loadAccount(tx); err != nil {
			return err
		}
		if err := r.patch(&a, map[string]patchKind{"cloudwatchRoleArn": patchText}); err != nil {
			return err
		}
		return putDoc(tx, bucketAccount, "settings", a)
	})
	return a, err
}
