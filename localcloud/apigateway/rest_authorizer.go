package apigateway

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ/localcloud/apigateway/authorize"
	"github.com/writ-dev/writ/localcloud/gate"
)

// restAuthorizer is an authorizer of a REST API.
type restAuthorizer struct {
	ID                           string   `json:"id"`
	Name                         string   `json:"name"`
	Type                         string   `json:"type"`
	ProviderARNs                 []string `json:"providerARNs,omitempty"`
	AuthType                     string   `json:"authType,omitempty"`
	AuthorizerURI                string   `json:"authorizerUri,omitempty"`
	AuthorizerCredentials        string   `json:"authorizerCredentials,omitempty"`
	IdentitySource               string   `json:"identitySource,omitempty"`
	IdentityValidationExpression string   `json:"identityValidationExpression,omitempty"`
	// AuthorizerResultTTL is in seconds.
	AuthorizerResultTTL int `json:"authorizerResultTtlInSeconds"`
}

// maxAuthorizers is API Gateway's quota for each API, of both kinds.
const maxAuthorizers = 10

func (s *Service) createAuthorizer(r *request) (any, error) {
	a := &restAuthorizer{AuthorizerResultTTL: int(authorize.DefaultTTL.Seconds())}
	if err := r.decode(a); err != nil {
		return nil, err
	}
	a.ID, a.AuthType = s.newID(6), a.authType()
	err := s.changeREST(r, func(d *restDoc) error {
		if len(d.Authorizers) >= maxAuthorizers {
			return gate.Errorf("LimitExceededException", "Maximum number of Authorizers for this API has been reached. Please contact AWS if you need additional Authorizers.").
				WithStatus(http.StatusTooManyRequests)
		}
		if err := a.check(d); err != nil {
			return err
		}
		if d.Authorizers == nil {
			d.Authorizers = map[string]*restAuthorizer{}
		}
		d.Authorizers[a.ID] = a
		return nil
	})
	return a, err
}

// authType is the field of OpenAPI exports; without one of its own it follows the type.
func (a *restAuthorizer) authType() string {
	switch {
	case a.AuthType != "":
		return a.AuthType
	case a.Type == "COGNITO_USER_POOLS":
		return "cognito_user_pools"
	}
	return "custom"
}

// check refuses what API Gateway refuses, and what cannot be run here.
func (a *restAuthorizer) check(d *restDoc) error {
	if a.Name == "" {
		return badRequest("Authorizer name cannot be empty")
	}
	for _, other := range d.Authorizers {
		if other.Name == a.Name && other.ID != a.ID {
			return conflict("Authorizer name must be unique. Authorizer %s already exists in this RestApi.", a.Name)
		}
	}
	if a.AuthorizerResultTTL < 0 || a.AuthorizerResultTTL > int(authorize.MaxTTL.Seconds()) {
		return badRequest("Authorizer result TTL outside allowable range. TTL must be between 0 and %d seconds.", int(authorize.MaxTTL.Seconds()))
	}
	switch a.Type {
	case "TOKEN", "REQUEST":
		if err := checkFunction(a.AuthorizerURI, a.AuthorizerCredentials); err != nil {
			return err
		}
		if len(a.ProviderARNs) > 0 {
			return badRequest("Provider ARNs are only for authorizers of type COGNITO_USER_POOLS")
		}
	case "COGNITO_USER_POOLS":
		if len(a.ProviderARNs) == 0 {
			return badRequest("Invalid Authorizer Provider ARN. An authorizer of type COGNITO_USER_POOLS needs at least one user pool")
		}
		for _, arn := range a.ProviderARNs {
			if issuerOf(arn) == "" {
				return badRequest("Invalid Cognito User Pool ARN: %s", arn)
			}
		}
	default:
		return badRequest("Invalid authorizer type: %s. Must be one of [TOKEN, REQUEST, COGNITO_USER_POOLS]", a.Type)
	}
	return a.checkIdentity()
}

func (a *restAuthorizer) checkIdentity() error {
	sources, err := authorize.ParseREST(a.IdentitySource)
	switch {
	case a.Type != "REQUEST":
		if err != nil || len(sources) != 1 || !sources[0].IsHeader() {
			return badRequest("Invalid token source expression: %s. The source must be a method request header, matching 'method.request.header.[a-zA-Z0-9._-]+'.", a.IdentitySource)
		}
		if _, err := authorize.Pattern(a.IdentityValidationExpression); err != nil {
			return badRequest("Invalid identity validation expression, or one that does not run locally (look-around, back-references): %v", err)
		}
	case err != nil:
		return badRequest("Invalid identity source: %v", err)
	case len(sources) == 0 && a.AuthorizerResultTTL > 0:
		return badRequest("Identity source must be set if authorizer caching is enabled (TTL is greater than 0)")
	}
	return nil
}

// checkFunction checks by what a function is asked, of both kinds of API.
func checkFunction(uri, role string) error {
	if invocationURI.FindStringSubmatch(uri) == nil || functionOf(uri) == "" {
		return badRequest("Invalid Authorizer URI: %s. Authorizer URI should be a valid API Gateway ARN that represents a Lambda function invocation.", uri)
	}
	if role != "" && !roleRule.MatchString(role) {
		return badRequest("Invalid ARN specified in the request: %s", role)
	}
	return nil
}

// issuerOf gives the issuer of a user pool's tokens, "" when the ARN is not one.
func issuerOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "cognito-idp" || parts[3] == "" {
		return ""
	}
	pool, ok := strings.CutPrefix(parts[5], "userpool/")
	if !ok || pool == "" || strings.Contains(pool, "/") {
		return ""
	}
	return fmt.Sprintf("https://cognito-idp.%s.amazonaws.com/%s", parts[3], pool)
}

func (s *Service) getAuthorizers(r *request) (any, error) {
	doc, err := s.viewREST(r)
	if err != nil {
		return nil, err
	}
	return page[*restAuthorizer]{Item: sortedValues(doc.Authorizers)}, nil
}

func (s *Service) getAuthorizer(r *request) (any, error) {
	doc, err := s.viewREST(r)
	if err != nil {
		return nil, err
	}
	return pick(doc.Authorizers, r.vars["authorizerId"], "Authorizer")
}

func (s *Service) updateAuthorizer(r *request) (any, error) {
	var a *restAuthorizer
	err := s.changeREST(r, func(d *restDoc) (err error) {
		if a, err = pick(d.Authorizers, r.vars["authorizerId"], "Authorizer"); err != nil {
			return err
		}
		if err := r.patch(a, map[string]patchKind{
			"name": patchText, "type": patchText, "providerARNs": patchValues, "authType": patchText, "authorizerUri": patchText,
			"authorizerCredentials": patchText, "identitySource": patchText, "identityValidationExpression": patchText,
			"authorizerResultTtlInSeconds": patchNumber,
		}); err != nil {
			return err
		}
		a.AuthType = a.authType()
		return a.check(d)
	})
	r.flush = &authorize.Scope{API: r.vars["restApiId"], Authorizer: r.vars["authorizerId"]}
	return a, err
}

func (s *Service) deleteAuthorizer(r *request) (any, error) {
	id := r.vars["authorizerId"]
	err := s.changeREST(r, func(d *restDoc) error {
		if _, err := pick(d.Authorizers, id, "Authorizer"); err != nil {
			return err
		}
		for _, res := range d.Resources {
			for _, m := range res.ResourceMethods {
				if m.AuthorizerID == id {
					return conflict("Cannot delete authorizer '%s', is referenced in method: %s %s", id, m.HTTPMethod, res.Path)
				}
			}
		}
		delete(d.Authorizers, id)
		return nil
	})
	r.flush = &authorize.Scope{API: r.vars["restApiId"], Authorizer: id}
	return nil, err
}

// flushAuthorizers forgets what the authorizers of a stage said.
func (s *Service) flushAuthorizers(r *request) (any, error) {
	doc, err := s.viewREST(r)
	if err != nil {
		return nil, err
	}
	if _, err := doc.stage(r); err != nil {
		return nil, err
	}
	r.flush = &authorize.Scope{API: doc.API.ID, Stage: r.vars["stageName"]}
	return nil, nil
}

// checkAuthorizer refuses a method whose authorizer is not there or is of another kind.
func (m *restMethod) checkAuthorizer(d *restDoc) error {
	var kinds []string
	switch m.AuthorizationType {
	case "CUSTOM":
		kinds = []string{"TOKEN", "REQUEST"}
	case "COGNITO_USER_POOLS":
		kinds = []string{"COGNITO_USER_POOLS"}
	default:
		return nil
	}
	if a := d.Authorizers[m.AuthorizerID]; a == nil || !slices.Contains(kinds, a.Type) {
		return badRequest("Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.")
	}
	return nil
}

// frontAuthorizer is an authorizer as the front runs it, in a stage with variables.
func (a *restAuthorizer) frontAuthorizer(variables map[string]string) *authorize.Authorizer {
	f := &authorize.Authorizer{
		ID: a.ID, Name: a.Name, Version: version(a), REST: true, Role: a.AuthorizerCredentials, TTL: time.Duration(a.AuthorizerResultTTL) * time.Second, Timeout: authorize.RESTTimeout,
	}
	var err error
	if f.Sources, err = authorize.ParseREST(a.IdentitySource); err != nil {
		f.Problem = "the identity source cannot be read: " + err.Error()
	}
	if a.Type != "REQUEST" && a.IdentityValidationExpression != "" {
		if f.Pattern, err = authorize.Pattern(a.IdentityValidationExpression); err != nil {
			f.Problem = "the validation expression cannot be read: " + err.Error()
		}
	}
	switch a.Type {
	case "TOKEN":
		f.Kind = authorize.Token
	case "REQUEST":
		f.Kind = authorize.Request
	case "COGNITO_USER_POOLS":
		f.Kind = authorize.UserPools
		for _, arn := range a.ProviderARNs {
			f.Issuers = append(f.Issuers, issuerOf(arn))
		}
		return f
	}
	setFunction(f, a.AuthorizerURI, variables)
	return f
}

// setFunction sets the function of a URI with stage variables.
func setFunction(f *authorize.Authorizer, uri string, variables map[string]string) {
	f.FunctionARN = functionOf(substitute(uri, variables))
	if f.FunctionARN == "" || strings.Contains(f.FunctionARN, "${") {
		f.Problem = "the authorizer's URI names no function: " + uri
	}
}

// version tells one setting of an authorizer from another, so that no answer
// that was given under the one is used under the other.
func version(authorizer any) string {
	data, err := json.Marshal(authorizer)
	if err != nil {
		panic("apigateway: an authorizer cannot be encoded: " + err.Error()) // which holds texts, numbers and lists of texts
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
