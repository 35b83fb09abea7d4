package apigateway

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/writ-dev/writ/localcloud/apigateway/authorize"
	"github.com/writ-dev/writ/localcloud/gate"
)

// httpAuthorizer is an authorizer of an HTTP API.
type httpAuthorizer struct {
	AuthorizerID                   string   `json:"authorizerId"`
	Name                           string   `json:"name"`
	AuthorizerType                 string   `json:"authorizerType"`
	AuthorizerURI                  string   `json:"authorizerUri,omitempty"`
	AuthorizerCredentialsARN       string   `json:"authorizerCredentialsArn,omitempty"`
	AuthorizerPayloadFormatVersion string   `json:"authorizerPayloadFormatVersion,omitempty"`
	AuthorizerResultTTL            *int     `json:"authorizerResultTtlInSeconds,omitempty"` // seconds; none means 0
	EnableSimpleResponses          *bool    `json:"enableSimpleResponses,omitempty"`
	IdentitySource                 []string `json:"identitySource,omitempty"`
	IdentityValidationExpression   string   `json:"identityValidationExpression,omitempty"` // which AWS does not use
	JWTConfiguration               *jwt     `json:"jwtConfiguration,omitempty"`
}

// jwt is whose tokens a JWT authorizer takes.
type jwt struct {
	Audience []string `json:"audience,omitempty"`
	Issuer   string   `json:"issuer,omitempty"`
}

// maxAudiences is API Gateway's quota for each authorizer.
const maxAudiences = 50

func (s *Service) createAuthorizer2(r *request) (any, error) {
	a := &httpAuthorizer{}
	if err := r.decode(a); err != nil {
		return nil, err
	}
	a.AuthorizerID = s.newID(6)
	if err := a.check(); err != nil {
		return nil, err
	}
	err := s.changeHTTP(r, func(d *httpDoc) error {
		if len(d.Authorizers) >= maxAuthorizers {
			return gate.Errorf("ConflictException", "Maximum number of Authorizers for this API has been reached. Please contact AWS if you need additional Authorizers.").
				WithStatus(http.StatusConflict)
		}
		if d.Authorizers == nil {
			d.Authorizers = map[string]*httpAuthorizer{}
		}
		d.Authorizers[a.AuthorizerID] = a
		return nil
	})
	return a, err
}

func (a *httpAuthorizer) check() error {
	switch {
	case a.Name == "":
		return badRequest("Authorizer name cannot be empty")
	case a.AuthorizerType == "JWT":
		return a.checkJWT()
	case a.AuthorizerType != "REQUEST":
		return badRequest("Invalid authorizer type. Only REQUEST and JWT authorizer types are supported on HTTP protocol Apis.")
	}
	if err := checkFunction(a.AuthorizerURI, a.AuthorizerCredentialsARN); err != nil {
		return err
	}
	ttl := a.ttl()
	switch {
	case a.AuthorizerPayloadFormatVersion == "":
		return badRequest("AuthorizerPayloadFormatVersion is a required parameter for REQUEST authorizer")
	case a.AuthorizerPayloadFormatVersion != "1.0" && a.AuthorizerPayloadFormatVersion != "2.0":
		return badRequest("AuthorizerPayloadFormatVersion %s is not supported: it is 1.0 or 2.0", a.AuthorizerPayloadFormatVersion)
	case a.simple() && a.AuthorizerPayloadFormatVersion != "2.0":
		return badRequest("EnableSimpleResponses can only be set for AuthorizerPayloadFormatVersion 2.0")
	case a.JWTConfiguration != nil:
		return badRequest("JwtConfiguration is only for authorizers of type JWT")
	case ttl < 0 || ttl > authorize.MaxTTL:
		return badRequest("Authorizer result TTL outside allowable range. TTL must be between 0 and %d seconds.", int(authorize.MaxTTL.Seconds()))
	case ttl > 0 && len(a.IdentitySource) == 0:
		return badRequest("Identity source must be set if authorizer caching is enabled (TTL is greater than 0)")
	}
	if _, err := authorize.ParseHTTP(a.IdentitySource); err != nil {
		return badRequest("Invalid identity source expression: %v", err)
	}
	return nil
}

func (a *httpAuthorizer) checkJWT() error {
	sources, err := authorize.ParseHTTP(a.IdentitySource)
	switch c := a.JWTConfiguration; {
	case a.AuthorizerURI != "" || a.AuthorizerCredentialsARN != "" || a.AuthorizerPayloadFormatVersion != "" || a.simple() || a.ttl() != 0:
		return badRequest("The URI, role, payload format, simple responses and TTL are only for authorizers of type REQUEST")
	case err != nil || len(sources) != 1 || !sources[0].IsParameter():
		return badRequest("A JWT authorizer needs one identity source, a request header or a query string parameter")
	case c == nil || c.Issuer == "":
		return badRequest("A JWT authorizer needs an issuer")
	case len(c.Audience) == 0 || len(c.Audience) > maxAudiences || slices.Contains(c.Audience, ""):
		return badRequest("A JWT authorizer needs from 1 to %d audiences", maxAudiences)
	case !isIssuer(c.Issuer):
		return badRequest("Invalid issuer: %s. Issuer must be a valid URL starting with https:// (or, in the local cloud, with http:// of this machine)", c.Issuer)
	}
	return nil
}

// isIssuer takes an https URL, and an http one of this machine.
func isIssuer(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && slices.Contains([]string{"127.0.0.1", "::1", "localhost"}, u.Hostname())
}

func (a *httpAuthorizer) simple() bool {
	return a.EnableSimpleResponses != nil && *a.EnableSimpleResponses
}

func (a *httpAuthorizer) ttl() time.Duration {
	if a.AuthorizerResultTTL == nil {
		return 0
	}
	return time.Duration(*a.AuthorizerResultTTL) * time.Second
}

func (s *Service) getAuthorizers2(r *request) (any, error) {
	doc, err := s.viewHTTP(r)
	if err != nil {
		return nil, err
	}
	return items[*httpAuthorizer]{sortedValues(doc.Authorizers)}, nil
}

func (s *Service) getAuthorizer2(r *request) (any, error) {
	doc, err := s.viewHTTP(r)
	if err != nil {
		return nil, err
	}
	return pick(doc.Authorizers, r.vars["authorizerId"], "Authorizer")
}

func (s *Service) updateAuthorizer2(r *request) (any, error) {
	var a *httpAuthorizer
	id := r.vars["authorizerId"]
	err := s.changeHTTP(r, func(d *httpDoc) (err error) {
		if a, err = pick(d.Authorizers, id, "Authorizer"); err != nil {
			return err
		}
		if err := r.decode(a); err != nil {
			return err
		}
		a.AuthorizerID = id
		if err := a.check(); err != nil {
			return err
		}
		for _, route := range d.Routes {
			if err := route.checkAuthorizer(d); err != nil {
				return err
			}
		}
		return nil
	})
	r.flush = &authorize.Scope{API: r.vars["apiId"], Authorizer: id}
	return a, err
}

func (s *Service) deleteAuthorizer2(r *request) (any, error) {
	id := r.vars["authorizerId"]
	err := s.changeHTTP(r, func(d *httpDoc) error {
		if _, err := pick(d.Authorizers, id, "Authorizer"); err != nil {
			return err
		}
		for _, route := range d.Routes {
			if route.AuthorizerID == id {
				return conflict("Cannot delete Authorizer '%s' due to Route '%s' referencing it", id, route.RouteKey)
			}
		}
		delete(d.Authorizers, id)
		return nil
	})
	r.flush = &authorize.Scope{API: r.vars["apiId"], Authorizer: id}
	return nil, err
}

// resetAuthorizers2 forgets what the authorizers of a stage said.
func (s *Service) resetAuthorizers2(r *request) (any, error) {
	doc, err := s.viewHTTP(r)
	if err != nil {
		return nil, err
	}
	if _, err := pick(doc.Stages, r.vars["stageName"], "stage"); err != nil {
		return nil, err
	}
	r.flush = &authorize.Scope{API: doc.API.APIID, Stage: r.vars["stageName"]}
	return nil, nil
}

// checkAuthorizer refuses a route whose authorizer is not there or is of another kind.
func (route *httpRoute) checkAuthorizer(d *httpDoc) error {
	kind := map[string]string{"CUSTOM": "REQUEST", "JWT": "JWT"}[route.AuthorizationType]
	switch a := d.Authorizers[route.AuthorizerID]; {
	case kind == "" && route.AuthorizerID != "":
		return badRequest("An authorizer is only for routes with the authorization type CUSTOM or JWT")
	case kind != "" && (a == nil || a.AuthorizerType != kind):
		return badRequest("Invalid authorizer ID specified. Setting the authorization type to %s requires an authorizer of type %s.", route.AuthorizationType, kind)
	case kind != "JWT" && len(route.AuthorizationScopes) > 0:
		return badRequest("Authorization scopes are only for routes with the authorization type JWT")
	case len(route.AuthorizationScopes) > maxScopes:
		return badRequest("A route has at most %d authorization scopes", maxScopes)
	}
	return nil
}

// maxScopes is API Gateway's quota for each route.
const maxScopes = 10

// frontAuthorizer is an authorizer as the front runs it, in a stage with variables.
func (a *httpAuthorizer) frontAuthorizer(variables map[string]string) *authorize.Authorizer {
	f := &authorize.Authorizer{
		ID: a.AuthorizerID, Name: a.Name, Version: version(a), Kind: authorize.Request, Role: a.AuthorizerCredentialsARN, Payload: a.AuthorizerPayloadFormatVersion,
		Simple: a.simple(), TTL: a.ttl(), Timeout: authorize.HTTPTimeout,
	}
	var err error
	if f.Sources, err = authorize.ParseHTTP(a.IdentitySource); err != nil {
		f.Problem = "the identity sources cannot be read: " + err.Error()
	}
	if a.AuthorizerType == "JWT" {
		f.Kind, f.Issuers, f.Audiences = authorize.JWT, []string{a.JWTConfiguration.Issuer}, a.JWTConfiguration.Audience
		return f
	}
	setFunction(f, a.AuthorizerURI, variables)
	return f
}
