package front

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/writ-dev/writ/localcloud/apigateway/authorize"
)

// requestTime is how API Gateway writes the time of a request.
const requestTime = "02/Jan/2006:15:04:05 -0700"

// Incoming is a request with all that an event says of it.
type Incoming struct {
	Request *http.Request
	Match   Match
	Body    []byte
	// RequestID is the request's id; ExtendedID is what x-amz-apigw-id says.
	RequestID  string
	ExtendedID string
	TraceID    string
	SourceIP   string
	Account    string
	Time       time.Time
	// Authorized is what the route's authorizer said, nil where there is none;
	// AuthorizerTime is how long it took.
	Authorized     *authorize.Answer
	AuthorizerTime time.Duration
}

// Event makes the event for the function behind the matched route, in the
// integration's payload format.
func (in *Incoming) Event() ([]byte, error) {
	if in.Match.Stage.Kind == HTTP && in.Match.Route.Integration.Payload != "1.0" {
		return json.Marshal(in.event2())
	}
	return json.Marshal(in.event1())
}

type event1 struct {
	Version                         string              `json:"version,omitempty"` // HTTP APIs only
	Resource                        string              `json:"resource"`
	Path                            string              `json:"path"`
	HTTPMethod                      string              `json:"httpMethod"`
	Headers                         map[string]string   `json:"headers"`
	MultiValueHeaders               map[string][]string `json:"multiValueHeaders"`
	QueryStringParameters           map[string]string   `json:"queryStringParameters"`
	MultiValueQueryStringParameters map[string][]string `json:"multiValueQueryStringParameters"`
	PathParameters                  map[string]string   `json:"pathParameters"`
	StageVariables                  map[string]string   `json:"stageVariables"`
	RequestContext                  context1            `json:"requestContext"`
	Body                            *string             `json:"body"`
	IsBase64Encoded                 bool                `json:"isBase64Encoded"`
}

type context1 struct {
	ResourceID        string    `json:"resourceId"`
	Authorizer        any       `json:"authorizer,omitempty"`
	ResourcePath      string    `json:"resourcePath"`
	HTTPMethod        string    `json:"httpMethod"`
	ExtendedRequestID string    `json:"extendedRequestId"`
	RequestTime       string    `json:"requestTime"`
	Path              string    `json:"path"`
	AccountID         string    `json:"accountId"`
	Protocol          string    `json:"protocol"`
	Stage             string    `json:"stage"`
	DomainPrefix      string    `json:"domainPrefix"`
	RequestTimeEpoch  int64     `json:"requestTimeEpoch"`
	RequestID         string    `json:"requestId"`
	Identity          identity1 `json:"identity"`
	DomainName        string    `json:"domainName"`
	DeploymentID      string    `json:"deploymentId,omitempty"`
	APIID             string    `json:"apiId"`
}

type identity1 struct {
	CognitoIdentityPoolID         *string `json:"cognitoIdentityPoolId"`
	AccountID                     *string `json:"accountId"`
	CognitoIdentityID             *string `json:"cognitoIdentityId"`
	Caller                        *string `json:"caller"`
	SourceIP                      string  `json:"sourceIp"`
	PrincipalOrgID                *string `json:"principalOrgId"`
	AccessKey                     *string `json:"accessKey"`
	CognitoAuthenticationType     *string `json:"cognitoAuthenticationType"`
	CognitoAuthenticationProvider *string `json:"cognitoAuthenticationProvider"`
	UserArn                       *string `json:"userArn"`
	UserAgent                     *string `json:"userAgent"`
	User                          *string `json:"user"`
}

func (in *Incoming) event1() event1 {
	r, m := in.Request, in.Match
	e := event1{
		Resource:          m.Route.Path,
		Path:              m.Path,
		HTTPMethod:        r.Method,
		Headers:           map[string]string{},
		MultiValueHeaders: eventHeaders(r, in.SourceIP, in.TraceID),
		PathParameters:    m.Vars,
		StageVariables:    orNil(m.Stage.Variables),
		RequestContext: context1{
			ResourceID: m.Route.ResourceID, Authorizer: in.authorizer1(), ResourcePath: m.Route.Path, HTTPMethod: r.Method,
			ExtendedRequestID: in.ExtendedID, RequestTime: in.Time.UTC().Format(requestTime), Path: m.Prefix + m.Path,
			AccountID: in.Account, Protocol: r.Proto, Stage: m.Stage.Name, DomainPrefix: domainPrefix(r.Host),
			RequestTimeEpoch: in.Time.UnixMilli(), RequestID: in.RequestID, Identity: identity1{SourceIP: in.SourceIP},
			DomainName: hostname(r.Host), DeploymentID: m.Stage.DeploymentID, APIID: m.Stage.APIID,
		},
	}
	if agent := r.UserAgent(); agent != "" {
		e.RequestContext.Identity.UserAgent = &agent
	}
	for name, values := range e.MultiValueHeaders {
		e.Headers[name] = values[len(values)-1]
	}
	if query := parseQuery(r.URL.RawQuery); len(query) > 0 {
		e.MultiValueQueryStringParameters = query
		e.QueryStringParameters = map[string]string{}
		for name, values := range query {
			e.QueryStringParameters[name] = values[len(values)-1]
		}
	}
	if m.Stage.Kind == HTTP {
		e.Version = "1.0"
		e.Path = decodePath(m.Prefix + m.Path)
		e.RequestContext.Path = e.Path
		e.RequestContext.DeploymentID = ""
		if len(in.Body) > 0 {
			e.Body, e.IsBase64Encoded = encodeBody(in.Body, !isTextType(mediaType(r.Header.Get("Content-Type"))))
		}
	} else if len(in.Body) > 0 {
		e.Body, e.IsBase64Encoded = encodeBody(in.Body, isBinaryType(m.Stage.BinaryTypes, mediaType(r.Header.Get("Content-Type"))))
	}
	return e
}

type event2 struct {
	Version               string            `json:"version"`
	RouteKey              string            `json:"routeKey"`
	RawPath               string            `json:"rawPath"`
	RawQueryString        string            `json:"rawQueryString"`
	Cookies               []string          `json:"cookies,omitempty"`
	Headers               map[string]string `json:"headers"`
	QueryStringParameters map[string]string `json:"queryStringParameters,omitempty"`
	RequestContext        context2          `json:"requestContext"`
	Body                  *string           `json:"body,omitempty"`
	PathParameters        map[string]string `json:"pathParameters,omitempty"`
	IsBase64Encoded       bool              `json:"isBase64Encoded"`
	StageVariables        map[string]string `json:"stageVariables,omitempty"`
}

type context2 struct {
	AccountID    string       `json:"accountId"`
	APIID        string       `json:"apiId"`
	Authorizer   any          `json:"authorizer,omitempty"`
	DomainName   string       `json:"domainName"`
	DomainPrefix string       `json:"domainPrefix"`
	HTTP         contextHTTP2 `json:"http"`
	RequestID    string       `json:"requestId"`
	RouteKey     string       `json:"routeKey"`
	Stage        string       `json:"stage"`
	Time         string       `json:"time"`
	TimeEpoch    int64        `json:"timeEpoch"`
}

type contextHTTP2 struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

func (in *Incoming) event2() event2 {
	r, m := in.Request, in.Match
	path := decodePath(m.Prefix + m.Path)
	e := event2{
		Version: "2.0", RouteKey: m.Route.Key, RawPath: path, RawQueryString: r.URL.RawQuery,
		Headers: map[string]string{}, PathParameters: m.Vars, StageVariables: m.Stage.Variables,
		RequestContext: context2{
			AccountID: in.Account, APIID: m.Stage.APIID, Authorizer: in.authorizer2(), DomainName: hostname(r.Host), DomainPrefix: domainPrefix(r.Host),
			HTTP: contextHTTP2{
				Method: r.Method, Path: path, Protocol: r.Proto, SourceIP: in.SourceIP, UserAgent: r.UserAgent(),
			},
			RequestID: in.ExtendedID, RouteKey: m.Route.Key, Stage: m.Stage.Name,
			Time: in.Time.UTC().Format(requestTime), TimeEpoch: in.Time.UnixMilli(),
		},
	}
	for name, values := range eventHeaders(r, in.SourceIP, in.TraceID) {
		if name == "Cookie" {
			for _, v := range values {
				for cookie := range strings.SplitSeq(v, ";") {
					if cookie = strings.TrimSpace(cookie); cookie != "" {
						e.Cookies = append(e.Cookies, cookie)
					}
				}
			}
			continue
		}
		e.Headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	for name, values := range parseQuery(r.URL.RawQuery) {
		if e.QueryStringParameters == nil {
			e.QueryStringParameters = map[string]string{}
		}
		e.QueryStringParameters[name] = strings.Join(values, ",")
	}
	if len(in.Body) > 0 {
		e.Body, e.IsBase64Encoded = encodeBody(in.Body, !isTextType(mediaType(r.Header.Get("Content-Type"))))
	}
	return e
}

// encodeBody gives the body as text, or in base64 when it is binary. Bytes
// that are not text, sent as text, are replaced as API Gateway does.
func encodeBody(body []byte, binary bool) (*string, bool) {
	var text string
	switch {
	case binary:
		text = base64.StdEncoding.EncodeToString(body)
	case utf8.Valid(body):
		text = string(body)
	default:
		text = strings.ToValidUTF8(string(body), "\uFFFD")
	}
	return &text, binary
}

// parseQuery reads what can be read of a query; a pair that cannot be decoded
// is kept as it came rather than lost.
func parseQuery(raw string) url.Values {
	values := url.Values{}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		values.Add(decodeQuery(name), decodeQuery(value))
	}
	return values
}

func decodeQuery(s string) string {
	if text, err := url.QueryUnescape(s); err == nil {
		return text
	}
	return s
}

func decodePath(escaped string) string {
	if text, err := url.PathUnescape(escaped); err == nil {
		return text
	}
	return escaped
}

// hostname is a Host header without its port.
func hostname(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		return host[:i]
	}
	return host
}

func domainPrefix(host string) string {
	prefix, _, _ := strings.Cut(hostname(host), ".")
	return prefix
}

func orNil(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	return m
}
