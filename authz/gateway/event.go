package gateway

import (
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/strictjson"
)

// mostEvent is how long an event may be, in bytes. API Gateway takes 10,240 bytes of request line and headers,
// which an event has twice, with escapes.
const mostEvent = 256 << 10

// ReadEvent reads an event of any of the four forms. What is malformed, of no known form, or says two different things
// of one request is a CodeInvalid error.
func ReadEvent(event json.RawMessage) (*Call, error) {
	if len(event) > mostEvent {
		return nil, writ.Errorf(writ.CodeTooLarge, "the event has %d bytes, more than %d", len(event), mostEvent)
	}
	o, err := strictjson.Object(event)
	if err != nil {
		return nil, writ.Errorf(writ.CodeInvalid, "the event %w", err)
	}
	e := eventReader{o: o, c: &Call{}}
	e.read()
	if e.err != nil {
		return nil, writ.Errorf(writ.CodeInvalid, "the event %w", e.err)
	}
	return e.c, nil
}

// eventReader fills a Call; the first thing that is wrong stays in err.
type eventReader struct {
	members
	o map[string]any
	c *Call
	// domain is the host that the client asked.
	domain string
}

func (e *eventReader) read() {
	kind, version := e.text(e.o, "type"), e.text(e.o, "version")
	has := func(name string) bool { return e.o[name] != nil }
	arn := "methodArn"
	switch {
	case kind == "TOKEN" && !has("version"):
		e.c.Form = RESTToken
	case kind == "REQUEST" && !has("version"):
		e.c.Form = RESTRequest
	case kind == "REQUEST" && version == "1.0":
		e.c.Form = HTTP1
	case kind == "REQUEST" && version == "2.0":
		e.c.Form, arn = HTTP2, "routeArn"
	case kind == "" && has("requestContext"):
		e.wrong("is not one for an authorizer: it has no type. Events of functions behind the gateway look like it")
		return
	default:
		e.wrong("has the type %.40q and version %.40q, which are of no authorizer", kind, version)
		return
	}
	if e.c.Form != HTTP2 && has("routeArn") || e.c.Form == HTTP2 && has("methodArn") {
		e.wrong("has an ARN of another form of event")
	}
	e.c.ARN = e.needed(e.o, arn)
	if e.err != nil {
		return
	}
	if e.c.arn, e.err = parseARN(e.c.ARN); e.err != nil {
		return
	}
	e.c.APIID = e.c.arn.api
	switch e.c.Form {
	case RESTToken:
		e.readToken()
	case HTTP2:
		e.readVersion2()
		e.finish()
	default:
		e.readVersion1()
		e.finish()
	}
}

func (e *eventReader) readToken() {
	for _, other := range []string{"httpMethod", "path", "resource", "headers", "requestContext", "routeKey", "rawPath", "identitySource"} {
		if e.o[other] != nil {
			e.wrong("is of type TOKEN and has the member %s, which those do not have", other)
		}
	}
	e.c.Token = e.needed(e.o, "authorizationToken")
	e.c.Sources = []string{e.c.Token}
	e.c.Method, e.c.Path = e.c.arn.verb, e.c.arn.path
	e.c.odd = stray(e.c.Path)
	if e.c.odd == "" && strings.Contains(e.c.Path, "%") {
		e.c.odd = "the path has a percent sign, and an event of type TOKEN does not tell whether it is decoded"
	}
}

// readVersion1 reads events of REST APIs and of format 1.0.
func (e *eventReader) readVersion1() {
	if e.o["routeKey"] != nil || e.o["rawPath"] != nil {
		e.wrong("has members of format 2.0")
	}
	x := e.object(e.o, "requestContext")
	if x == nil {
		e.wrong("has no requestContext")
	}
	path := e.needed(e.o, "path")
	e.c.Method, e.c.Template = e.needed(e.o, "httpMethod"), e.needed(e.o, "resource")
	e.same("method", e.c.Method, e.text(x, "httpMethod"))
	e.same("route", e.c.Template, e.text(x, "resourcePath"))
	e.domain = e.text(x, "domainName")
	e.place(x, path)
	who := e.object(x, "identity")
	e.c.SourceIP, e.c.UserAgent, e.c.Key = e.text(who, "sourceIp"), e.text(who, "userAgent"), e.text(who, "apiKey")
	e.c.Certificate = e.text(e.object(who, "clientCert"), "clientCertPem")
	e.headers(e.texts(e.o, "headers"), e.lists(e.o, "multiValueHeaders"))
	e.query(e.texts(e.o, "queryStringParameters"), e.lists(e.o, "multiValueQueryStringParameters"))
	if e.c.Form == HTTP1 {
		e.c.unsureHeader = e.o["multiValueHeaders"] == nil
		source, token := e.text(e.o, "identitySource"), e.text(e.o, "authorizationToken")
		if source != token && token != "" { // both are secrets
			e.wrong("names two different ones as its identity source")
		}
		if source != "" {
			e.c.Sources = []string{source}
		}
	}
}

// readVersion2 reads events of format 2.0.
func (e *eventReader) readVersion2() {
	if e.o["resource"] != nil || e.o["httpMethod"] != nil || e.o["body"] != nil {
		e.wrong("has members that are not of an authorizer's event of format 2.0")
	}
	x := e.object(e.o, "requestContext")
	h := e.object(x, "http")
	if h == nil {
		e.wrong("has no requestContext.http")
	}
	key, path := e.needed(e.o, "routeKey"), e.needed(e.o, "rawPath")
	e.same("route", key, e.text(x, "routeKey"))
	e.same("path", path, e.text(h, "path"))
	e.c.Method = e.needed(h, "method")
	method, template, found := strings.Cut(key, " ")
	switch {
	case key == defaultRoute:
		e.c.routeMethod, e.c.Template = anyMethod, defaultRoute
	case !found || !strings.HasPrefix(template, "/"):
		e.wrong("has a routeKey that is no route")
	case method != anyMethod && method != e.c.Method:
		e.wrong("is of a %s request and has the route %.100q", e.c.Method, key)
	default:
		e.c.routeMethod, e.c.Template = method, template
	}
	e.domain = e.text(x, "domainName")
	e.place(x, path)
	e.c.SourceIP, e.c.UserAgent = e.text(h, "sourceIp"), e.text(h, "userAgent")
	e.c.Certificate = e.text(e.object(e.object(x, "authentication"), "clientCert"), "clientCertPem")
	e.c.Sources = e.list(e.o["identitySource"], "identitySource")
	e.headers(e.texts(e.o, "headers"), nil)
	asked, err := url.ParseQuery(e.text(e.o, "rawQueryString"))
	if err != nil {
		e.wrong("has a rawQueryString that cannot be read")
	}
	for name, joined := range e.texts(e.o, "queryStringParameters") {
		if strings.Join(asked[name], ",") != joined {
			e.wrong("has the query parameter %.100q with another value than rawQueryString", name)
		}
	}
	e.c.Query = asked
}

// place reads what says where the request went, and holds it against the ARN.
func (e *eventReader) place(x map[string]any, path string) {
	e.same("method", e.c.Method, e.c.arn.verb)
	e.same("API", e.c.arn.api, e.text(x, "apiId"))
	e.same("account", e.c.arn.account, e.text(x, "accountId"))
	e.same("stage", e.c.arn.stage, e.text(x, "stage"))
	e.c.RequestID = e.text(x, "requestId")
	e.c.Stage = e.texts(e.o, "stageVariables")
	if e.err != nil {
		return
	}
	own, ok := ownPath(path, e.c.arn, e.domain)
	if !ok {
		e.wrong("has the path %.200q and another one in its ARN", path)
		return
	}
	e.c.Path = own
	e.c.odd = oddness(stray(path), stray(decoded(path)), stray(e.c.arn.path))
	e.parameters(e.texts(e.o, "pathParameters"))
}

// parameters holds the parameters of the event against path and route. REST APIs give them escaped, HTTP APIs not.
func (e *eventReader) parameters(given map[string]string) {
	p, wrong := parsePath(e.c.Template)
	if wrong != "" {
		e.wrong("has the route %.200q: %s", e.c.Template, wrong)
		return
	}
	if e.c.Template == defaultRoute {
		return
	}
	path := e.c.Path
	if e.c.Form.rest() && len(path) > 1 {
		path = strings.TrimRight(path, "/")
	}
	found, ok := p.match(path)
	if !ok || len(found) != len(given) {
		e.c.odd = oddness(e.c.odd, "the path does not fit the route")
		return
	}
	for name, value := range given {
		if there, ok := found[name]; !ok || value != there && value != decoded(there) {
			e.c.odd = oddness(e.c.odd, "the parameter "+name+" is not what stands in the path")
			return
		}
		plain := value
		if e.c.Form.rest() {
			plain = decoded(value)
		}
		if escaped(plain) {
			e.c.odd = oddness(e.c.odd, "the parameter "+name+" is escaped twice")
			return
		}
		if e.c.Parameters == nil {
			e.c.Parameters = map[string]string{}
		}
		e.c.Parameters[name] = plain
	}
}

func (e *eventReader) same(what, a, b string) {
	if a != b && b != "" {
		e.wrong("names two different ones as its %s: %.200q and %.200q", what, a, b)
	}
}

// headers reads both forms of headers, which must agree.
func (e *eventReader) headers(single map[string]string, multi map[string][]string) {
	e.c.Header = map[string][]string{}
	for name, list := range multi {
		name = strings.ToLower(name)
		e.c.Header[name] = append(e.c.Header[name], list...)
	}
	for name, value := range single {
		name := strings.ToLower(name)
		switch list := e.c.Header[name]; {
		case multi == nil && e.c.Form != RESTRequest && strings.Contains(value, ","):
			// HTTP APIs join what came twice.
			e.c.Header[name] = append(list, strings.Split(value, ",")...)
		case multi == nil:
			e.c.Header[name] = append(list, value)
		case !slices.Contains(list, value):
			e.wrong("has the header %.100q with two different values", name)
		}
	}
}

func (e *eventReader) query(single map[string]string, multi map[string][]string) {
	if multi == nil {
		e.c.unsureQuery = len(single) > 0
		return
	}
	for name, value := range single {
		if !slices.Contains(multi[name], value) {
			e.wrong("has the query parameter %.100q with two different values", name)
		}
	}
	e.c.Query = multi
}

// finish finds the proofs.
func (e *eventReader) finish() {
	if e.err != nil {
		return
	}
	if err := e.c.proofs(e.o["authorizationToken"] == nil || e.c.Form == HTTP1); err != nil {
		e.err = err
	}
}

// proofs finds token and key in headers and sources.
func (c *Call) proofs(known bool) error {
	if !known {
		return errors.New("is of type REQUEST and has an authorizationToken")
	}
	if list := c.Header["authorization"]; len(list) > 1 {
		c.twice, c.twiceText = "Authorization", strings.Join(list, ",")
	} else if len(list) == 1 {
		c.Token = list[0]
	}
	// Format 1.0 has the last of several headers, and joins them all in the identity source.
	if c.Form == HTTP1 && len(c.Sources) == 1 && strings.Count(strings.ToLower(","+c.Sources[0]), ",bearer ") > 1 {
		c.twice, c.twiceText = "Authorization", c.Sources[0]
	}
	switch list := c.Header["x-api-key"]; {
	case len(list) > 1:
		c.twice, c.twiceText = "x-api-key", strings.Join(list, ",")
	case len(list) == 1 && c.Key != "" && c.Key != list[0]:
		return errors.New("has two different API keys")
	case len(list) == 1:
		c.Key = list[0]
	}
	if _, there := c.Header["authorization"]; !there && len(c.Sources) == 1 && c.Sources[0] != c.Key {
		c.Token = c.Sources[0]
	}
	return nil
}
