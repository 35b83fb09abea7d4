// Package front is the HTTP door of API Gateway: it finds the route of a
// request among the deployed stages, turns the request into the event that a
// function expects, and the function's answer into an HTTP response.
//
// It speaks both of API Gateway's dialects: REST APIs (payload 1.0) and HTTP
// APIs (payload 2.0, or 1.0 where the integration says so). The rules are those
// of the API Gateway Developer Guide, "Lambda proxy integrations in API
// Gateway" and "Create AWS Lambda proxy integrations for HTTP APIs".
package front

import (
	"time"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/apigateway/authorize"
)

// Kind is the kind of an API.
type Kind int

// The two kinds: API Gateway v1 and v2.
const (
	REST Kind = iota
	HTTP
)

// Default is the name of an HTTP API's catch-all route and of its stage without a path prefix.
const Default = "$default"

// Stage is one deployed stage of an API, ready to answer. It is immutable.
type Stage struct {
	Kind         Kind
	APIID        string
	Name         string
	DeploymentID string
	Variables    map[string]string
	// Created is when the API was made: among APIs that match alike, the newest answers.
	Created time.Time
	// Named keeps the API to requests that name it, by host or path selector.
	Named  bool
	Routes []Route
	// BinaryTypes are a REST API's binary media types: "image/png", "*/*".
	BinaryTypes []string
	// CORS is an HTTP API's CORS configuration, nil for none.
	CORS *CORS
	// Policy is a REST API's resource policy, nil for none.
	Policy *iam.Policy
	// ClosedEndpoint refuses requests that name the API in their host
	// (disableExecuteApiEndpoint).
	ClosedEndpoint bool
}

// Route is one method of one resource path.
type Route struct {
	// Key is "GET /pets/{id}" or "$default".
	Key string
	// Method is "GET" or "ANY".
	Method string
	// Path is "/pets/{id}", "/{proxy+}" or "$default".
	Path       string
	ResourceID string
	// Authorization is "NONE", "AWS_IAM", "JWT", "CUSTOM", "COGNITO_USER_POOLS"; "" means NONE.
	Authorization string
	// Authorizer is asked where Authorization names a kind of one; without it
	// such a route answers 500.
	Authorizer *authorize.Authorizer
	// Scopes are of a token one must have, where there are any.
	Scopes         []string
	APIKeyRequired bool
	Integration    Integration
}

// Integration is what answers a route.
type Integration struct {
	// FunctionARN is the function of a Lambda proxy integration.
	FunctionARN string
	// Payload is the event's format: "1.0" or "2.0".
	Payload string
	// Timeout bounds the call.
	Timeout time.Duration
	// Mock is set for a MOCK integration.
	Mock *Mock
	// Service is set for an integration that calls a service without a function.
	Service *Service
	// Problem says why the integration cannot be run; such a route answers 500.
	Problem string
}

// Mock is a MOCK integration, which answers by itself.
type Mock struct {
	Status int
	Header map[string]string
	Body   string
}

// CORS is the cross-origin configuration of an HTTP API.
type CORS struct {
	AllowCredentials bool     `json:"allowCredentials,omitempty"`
	AllowHeaders     []string `json:"allowHeaders,omitempty"`
	AllowMethods     []string `json:"allowMethods,omitempty"`
	AllowOrigins     []string `json:"allowOrigins,omitempty"`
	ExposeHeaders    []string `json:"exposeHeaders,omitempty"`
	// MaxAge is in seconds.
	MaxAge int `json:"maxAge,omitempty"`
}
