package gateway

// Call is a request as the event tells of it.
type Call struct {
	Form Form
	// ARN is methodArn or routeArn.
	ARN string
	// Method and Path are of the request, the path without a stage before it and as the event has it, escaped or not; Template is
	// the route that API Gateway has chosen ("/pets/{id}"), empty where the event does not say (REST TOKEN), and then
	// it is found by Path.
	Method, Path, Template string
	// Parameters are those of the path, decoded.
	Parameters map[string]string
	Query      map[string][]string
	Header     map[string][]string // names in lower case
	Stage      map[string]string   // stage variables
	// Token is the authorizationToken of a TOKEN event, else the Authorization header, else the one value that the
	// identity source gave; with the word Bearer, if it had that. It is a secret.
	Token string
	// Key is the API key, of the header x-api-key or of requestContext.identity. It is a secret.
	Key string
	// Certificate is the client's, in PEM form.
	Certificate string
	// Sources are the values of the identity sources, by which API Gateway keeps answers. Format 1.0 has
	// them joined by commas; REST APIs do not tell. They are secrets.
	Sources   []string
	SourceIP  string
	UserAgent string
	RequestID string
	APIID     string

	arn methodARN
	// routeMethod is that of the route where the event says it: in format 2.0, which may be ANY.
	routeMethod string
	// unsureQuery, unsureHeader: what came twice would not be seen.
	unsureQuery, unsureHeader bool
	// odd says why the path cannot be relied upon.
	odd string
	// twice says which proof came more than once, twiceText what came, as an identity source has it.
	twice, twiceText string
}

// Form is one of the four forms of events, or a request to [Authorizer.Middleware].
type Form int

// The forms.
const (
	RESTToken Form = iota + 1
	RESTRequest
	HTTP1
	HTTP2
	Service
)

func (f Form) String() string {
	switch f {
	case RESTToken:
		return "REST TOKEN"
	case RESTRequest:
		return "REST REQUEST"
	case HTTP1:
		return "HTTP 1.0"
	case HTTP2:
		return "HTTP 2.0"
	case Service:
		return "service"
	}
	return "unknown"
}

// rest reports whether a REST API has sent it.
func (f Form) rest() bool { return f == RESTToken || f == RESTRequest }

// oddness gives the first reason that is there.
func oddness(reasons ...string) string {
	for _, r := range reasons {
		if r != "" {
			return r
		}
	}
	return ""
}
