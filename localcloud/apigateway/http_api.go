package apigateway

import (
	"fmt"
	"slices"
	"strings"

	"github.com/writ-dev/writ/localcloud/apigateway/front"
	"github.com/writ-dev/writ/localcloud/store"
)

// createAPI makes an HTTP API; with a target also its integration, its route
// and a $default stage ("quick create").
func (s *Service) createAPI(r *request) (any, error) {
	var quick struct {
		Target         string `json:"target"`
		RouteKey       string `json:"routeKey"`
		CredentialsARN string `json:"credentialsArn"`
	}
	if err := r.decode(&quick); err != nil {
		return nil, err
	}
	api := httpAPI{
		RouteSelectionExpression: "$request.method $request.path", APIKeySelectionExpression: "$request.header.x-api-key", IPAddressType: "ipv4",
	}
	if err := r.decode(&api); err != nil {
		return nil, err
	}
	if err := checkAPI(&api); err != nil {
		return nil, err
	}
	now := s.cfg.Now().UTC()
	api.APIID, api.CreatedDate = s.newID(10), now
	api.APIEndpoint = fmt.Sprintf("https://%s.execute-api.%s.amazonaws.com", api.APIID, s.cfg.Region)
	doc := &httpDoc{
		API: api, Order: now, Integrations: map[string]*httpIntegration{}, Routes: map[string]*httpRoute{},
		Deployments: map[string]*httpDeployment{}, Stages: map[string]*httpStage{},
	}
	if quick.Target != "" {
		i := &httpIntegration{
			IntegrationID: s.newID(7), IntegrationType: "AWS_PROXY", IntegrationURI: quick.Target, CredentialsARN: quick.CredentialsARN,
			PayloadFormatVersion: "2.0", TimeoutInMillis: 30000, ConnectionType: "INTERNET",
		}
		if err := s.checkIntegration2(i); err != nil {
			return nil, err
		}
		route := &httpRoute{RouteID: s.newID(7), RouteKey: quick.RouteKey, Target: "integrations/" + i.IntegrationID, AuthorizationType: "NONE"}
		if route.RouteKey == "" {
			route.RouteKey = front.Default
		}
		if err := checkRoute(doc, route); err != nil {
			return nil, err
		}
		doc.Integrations[i.IntegrationID], doc.Routes[route.RouteID] = i, route
		doc.Stages[front.Default] = &httpStage{StageName: front.Default, AutoDeploy: true, CreatedDate: now, LastUpdatedDate: now}
	}
	err := s.cfg.DB.Update(func(tx *store.Tx) error { return putDoc(tx, bucketHTTP, api.APIID, doc) })
	return api, err
}

func checkAPI(api *httpAPI) error {
	switch {
	case api.Name == "":
		return badRequest("API name cannot be empty")
	case api.ProtocolType == "WEBSOCKET":
		return badRequest("WebSocket APIs do not run locally")
	case api.ProtocolType != "HTTP":
		return badRequest("Invalid protocol specified. Must be one of [HTTP, WEBSOCKET]")
	}
	if c := api.CORSConfiguration; c != nil && c.AllowCredentials && slices.Contains(c.AllowOrigins, "*") {
		return badRequest("'*' is not allowed in allowOrigins when allowCredentials is true")
	}
	return nil
}

func (s *Service) getAPIs(*request) (any, error) {
	var list items[httpAPI]
	err := s.cfg.DB.View(func(tx *store.Tx) error {
		list.Items = []httpAPI{}
		return eachDoc(tx, bucketHTTP, func(d *httpDoc) error {
			list.Items = append(list.Items, d.API)
			return nil
		})
	})
	return list, err
}

func (s *Service) getAPI(r *request) (any, error) {
	doc, err := s.viewHTTP(r)
	if err != nil {
		return nil, err
	}
	return doc.API, nil
}

func (s *Service) updateAPI(r *request) (any, error) {
	var api httpAPI
	err := s.changeHTTP(r, func(d *httpDoc) error {
		before := d.API
		cors := d.API.CORSConfiguration
		d.API.CORSConfiguration = nil // a new configuration replaces the old one whole
		if err := r.decode(&d.API); err != nil {
			return err
		}
		if d.API.CORSConfiguration == nil {
			d.API.CORSConfiguration = cors
		}
		d.API.APIID, d.API.CreatedDate, d.API.APIEndpoint = before.APIID, before.CreatedDate, before.APIEndpoint
		d.API.Tags, d.API.ProtocolType = before.Tags, before.ProtocolType
		api = d.API
		return checkAPI(&api)
	})
	return api, err
}

func (s *Service) deleteAPI(r *request) (any, error) {
	return nil, s.cfg.DB.Update(func(tx *store.Tx) error {
		doc, err := s.loadHTTP(tx, r.vars["apiId"])
		if err != nil {
			return err
		}
		b, err := tx.Bucket(bucketService, bucketHTTP)
		if err != nil {
			return err
		}
		return b.Delete([]byte(doc.API.APIID))
	})
}

func (s *Service) deleteCORS(r *request) (any, error) {
	return nil, s.changeHTTP(r, func(d *httpDoc) error {
		d.API.CORSConfiguration = nil
		return nil
	})
}

func (s *Service) createRoute(r *request) (any, error) {
	route := &httpRoute{AuthorizationType: "NONE"}
	if err := r.decode(route); err != nil {
		return nil, err
	}
	route.RouteID = s.newID(7)
	err := s.changeHTTP(r, func(d *httpDoc) error {
		if err := checkRoute(d, route); err != nil {
			return err
		}
		d.Routes[route.RouteID] = route
		return nil
	})
	return route, err
}

// splitRouteKey gives the method and the path of "GET /pets" or "$default".
func splitRouteKey(key string) (method, path string, ok bool) {
	if key == front.Default {
		return "ANY", front.Default, true
	}
	method, path, ok = strings.Cut(key, " ")
	return method, path, ok && slices.Contains(httpMethods, method)
}

func checkRoute(d *httpDoc, route *httpRoute) error {
	_, path, ok := splitRouteKey(route.RouteKey)
	if !ok {
		return badRequest("The provided route key is not formatted properly for HTTP protocol. Format should be \"<HTTP METHOD> /<RESOURCE PATH>\" or \"$default\"")
	}
	if _, err := front.ParsePattern(path); err != nil {
		return badRequest("The provided route key is not formatted properly for HTTP protocol: %v", err)
	}
	switch route.AuthorizationType {
	case "NONE", "AWS_IAM", "JWT", "CUSTOM":
	default:
		return badRequest("Invalid Authorization type specified: %s", route.AuthorizationType)
	}
	if err := route.checkAuthorizer(d); err != nil {
		return err
	}
	for _, other := range d.Routes {
		if other.RouteKey == route.RouteKey && other.RouteID != route.RouteID {
			return conflict("Route with key %s already exists for this API", route.RouteKey)
		}
	}
	return nil
}

func (s *Service) getRoutes(r *request) (any, error) {
	doc, err := s.viewHTTP(r)
	if err != nil {
		return nil, err
	}
	return items[*httpRoute]{sortedValues(doc.Routes)}, nil
}

func (s *Service) getRoute(r *request) (any, error) {
	doc, err := s.viewHTTP(r)
	if err != nil {
		return nil, err
	}
	return pick(doc.Routes, r.vars["routeId"], "Route")
}

func (s *Service) updateRoute(r *request) (any, error) {
	var route *httpRoute
	err := s.changeHTTP(r, func(d *httpDoc) (err error) {
		if route, err = pick(d.Routes, r.vars["routeId"], "Route"); err != nil {
			return err
		}
		if err := r.decode(route); err != nil {
			return err
		}
		route.RouteID = r.vars["routeId"]
		if route.AuthorizationType == "NONE" || route.AuthorizationType == "AWS_IAM" {
			route.AuthorizerID, route.AuthorizationScopes = "", nil
		}
		return checkRoute(d, route)
	})
	return route, err
}

func (s *Service) deleteRoute(r *request) (any, error) {
	return nil, s.changeHTTP(r, func(d *httpDoc) error {
		route, err := pick(d.Routes, r.vars["routeId"], "Route")
		if err != nil {
			return err
		}
		delete(d.Routes, route.RouteID)
		return nil
	})
}
