package front_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
	"github.com/writ-dev/writ/localcloud/apigateway/authorize"
	"github.com/writ-dev/writ/localcloud/apigateway/front"
	"github.com/writ-dev/writ/localcloud/gate"
)

const guard = "arn:aws:lambda:us-east-1:000000000000:function:guard"

// lambda answers as the guard says, and every other function with 200.
type lambda struct {
	answer string
	wait   time.Duration
	events [][]byte // of the guard
	routes [][]byte
}

func (l *lambda) Do(ctx context.Context, c *gate.Call) (*gate.Reply, error) {
	if c.Vars["FunctionName"] != guard {
		l.routes = append(l.routes, c.Body)
		return &gate.Reply{Body: []byte(`{"statusCode":200,"body":"hi"}`)}, nil
	}
	l.events = append(l.events, c.Body)
	select {
	case <-time.After(l.wait):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return &gate.Reply{Body: []byte(l.answer)}, nil
}

const allowAll = `{"principalId":"ann","policyDocument":{"Version":"2012-10-17","Statement":[{"Action":"execute-api:Invoke","Effect":"Allow","Resource":"*"}]}}`

// the forms of events, and an authorizer of each.
func authorizers(t *testing.T) map[string]*authorize.Authorizer {
	t.Helper()
	rest, err := authorize.ParseREST("method.request.header.Authorization")
	if err != nil {
		t.Fatal(err)
	}
	http, err := authorize.ParseHTTP([]string{"$request.header.Authorization", "$request.querystring.p"})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*authorize.Authorizer{
		"rest-token":   {ID: "a1", Kind: authorize.Token, REST: true, FunctionARN: guard, Sources: rest, Timeout: time.Minute},
		"rest-request": {ID: "a2", Kind: authorize.Request, REST: true, FunctionARN: guard, Sources: rest, Timeout: time.Minute},
		"http-1.0":     {ID: "a3", Kind: authorize.Request, Payload: "1.0", FunctionARN: guard, Sources: http, Timeout: time.Minute},
		"http-2.0":     {ID: "a4", Kind: authorize.Request, Payload: "2.0", FunctionARN: guard, Sources: http, Timeout: time.Minute},
	}
}

// guardedBy is a front whose stage prod has the routes, all with one authorizer.
func guardedBy(t *testing.T, a *authorize.Authorizer, l *lambda, routes ...string) *front.Handler {
	t.Helper()
	stage := &front.Stage{Kind: front.HTTP, APIID: "abcdefghij", Name: "prod", DeploymentID: "dep1", Variables: map[string]string{"color": "blue"}}
	if a.REST {
		stage.Kind = front.REST
	}
	for _, key := range routes {
		method, path, _ := strings.Cut(key, " ")
		if key == front.Default {
			method, path = "ANY", front.Default
		}
		stage.Routes = append(stage.Routes, front.Route{
			Key: key, Method: method, Path: path, ResourceID: "r1", Authorization: "CUSTOM", Authorizer: a,
			Integration: front.Integration{FunctionARN: "arn:aws:lambda:us-east-1:000000000000:function:hello", Payload: "1.0", Timeout: time.Minute},
		})
	}
	table, problems := front.NewTable([]*front.Stage{stage})
	if problems != nil {
		t.Fatal(problems)
	}
	at := time.UnixMilli(1583348638390)
	return &front.Handler{
		Account: "000000000000", Region: "us-east-1", Table: func() *front.Table { return table }, Do: l, Now: func() time.Time { return at },
		Answers: &authorize.Cache{}, Log: slog.New(slog.DiscardHandler),
		NewRequestID: func() string { return "c6af9ac6-7b61-11e6-9a41-93e8deadbeef" }, NewExtendedID: func() string { return "JKJaXmPLvHcESHA=" },
	}
}

// get sends a request of a path that is not touched on the way.
func get(t *testing.T, h http.Handler, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "http://abcdefghij.execute-api.us-east-1.amazonaws.com"+path, nil)
	r.RemoteAddr = "192.0.2.1:4711"
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// recordings is where one event of each form is kept, for those who read events.
const recordings = "../../../conformance/authorizer/events"

// TestRecordedAuthorizerEvents records an event of each form, and reads it
// with the types of AWS's own Go library.
func TestRecordedAuthorizerEvents(t *testing.T) {
	t.Parallel()
	into := map[string]any{
		"rest-token": &events.APIGatewayCustomAuthorizerRequest{}, "rest-request": &events.APIGatewayCustomAuthorizerRequestTypeRequest{},
		"http-1.0": &events.APIGatewayV2CustomAuthorizerV1Request{}, "http-2.0": &events.APIGatewayV2CustomAuthorizerV2Request{},
	}
	for form, a := range authorizers(t) {
		l := &lambda{answer: allowAll}
		h := guardedBy(t, a, l, "GET /pets/{id}")
		w := get(t, h, "/prod/pets/a%20b?p=value1&p=value2&q=x%26y", "Authorization: Bearer secret", "User-Agent: agent", "X-Many: one", "X-Many: two", "Cookie: cookie1=1; cookie2=2")
		if w.Code != http.StatusOK || len(l.events) != 1 {
			t.Fatalf("%s: %d %s, %d events", form, w.Code, w.Body, len(l.events))
		}
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, l.events[0], "", "  "); err != nil {
			t.Fatal(err)
		}
		pretty.WriteByte('\n')
		path := filepath.Join(recordings, form+".json")
		if *update {
			if err := os.WriteFile(path, pretty.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), pretty.String()); diff != "" {
			t.Errorf("%s: %s", form, diff)
		}
		d := json.NewDecoder(bytes.NewReader(documented(t, l.events[0])))
		d.DisallowUnknownFields()
		if err := d.Decode(into[form]); err != nil {
			t.Errorf("%s: AWS's library does not read the event: %v", form, err)
		}
	}
}

// documented is an event without the members of its requestContext that AWS
// sends ("API Gateway may add new keys to the map") and its Go library does not have.
func documented(t *testing.T, event []byte) []byte {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal(event, &members); err != nil {
		t.Fatal(err)
	}
	if _, has := members["body"]; has {
		t.Error("the event has a body")
	}
	if requestContext, ok := members["requestContext"].(map[string]any); ok && members["version"] != "2.0" {
		known := map[string]any{}
		for _, name := range []string{"path", "accountId", "resourceId", "stage", "requestId", "resourcePath", "httpMethod", "apiId"} {
			if known[name], ok = requestContext[name]; !ok {
				t.Errorf("requestContext has no %s", name)
			}
		}
		known["identity"] = map[string]any{"sourceIp": requestContext["identity"].(map[string]any)["sourceIp"]}
		members["requestContext"] = known
	}
	data, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestAnAuthorizerThatTakesTooLong(t *testing.T) {
	t.Parallel()
	for form, a := range authorizers(t) {
		a.Timeout = 20 * time.Millisecond
		l := &lambda{answer: allowAll, wait: 200 * time.Millisecond}
		w := get(t, guardedBy(t, a, l, "GET /a"), "/prod/a?p=1", "Authorization: x")
		if w.Code != http.StatusInternalServerError || len(l.routes) != 0 {
			t.Errorf("%s: %d %s, the route ran %d times", form, w.Code, w.Body, len(l.routes))
		}
	}
}

// untouched is a body that nobody may read.
type untouched struct{ t *testing.T }

func (u untouched) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, errors.New("read")
}

func (untouched) Close() error { return nil }

// TestTheBodyIsLeftAloneUntilAllowed: neither a missing identity nor a no reads it.
func TestTheBodyIsLeftAloneUntilAllowed(t *testing.T) {
	t.Parallel()
	for form, a := range authorizers(t) {
		l := &lambda{answer: strings.Replace(allowAll, `"Allow"`, `"Deny"`, 1)}
		h := guardedBy(t, a, l, "POST /a")
		for _, token := range []string{"", "x"} {
			r := httptest.NewRequest(http.MethodPost, "http://abcdefghij.execute-api.us-east-1.amazonaws.com/prod/a?p=1", nil)
			r.Body = untouched{t}
			r.Header.Set("Authorization", token)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusUnauthorized && w.Code != http.StatusForbidden {
				t.Errorf("%s: %d", form, w.Code)
			}
		}
		// The next one is let in, and its body is read.
		l.answer = allowAll
		r := httptest.NewRequest(http.MethodPost, "http://abcdefghij.execute-api.us-east-1.amazonaws.com/prod/a?p=1", io.NopCloser(strings.NewReader("text")))
		r.Header.Set("Authorization", "y")
		h.ServeHTTP(httptest.NewRecorder(), r)
		if len(l.routes) != 1 || !bytes.Contains(l.routes[0], []byte(`"body":"text"`)) {
			t.Errorf("%s: the routes' events %s", form, l.routes)
		}
		for _, event := range l.events {
			if bytes.Contains(event, []byte(`"body"`)) || bytes.Contains(event, []byte("isBase64Encoded")) {
				t.Errorf("%s: the authorizer sees a body: %s", form, event)
			}
		}
	}
}

// TestAnAuthorizerThatIsNotThere, or cannot run, lets nobody in.
func TestAnAuthorizerThatIsNotThere(t *testing.T) {
	t.Parallel()
	for what, a := range map[string]*authorize.Authorizer{
		"none": nil, "no kind": {FunctionARN: guard, Timeout: time.Minute}, "a problem": {Kind: authorize.Request, FunctionARN: guard, Problem: "no", Timeout: time.Minute},
		"nothing that verifies tokens": {Kind: authorize.JWT, Sources: authorizers(t)["http-2.0"].Sources[:1]},
	} {
		for _, kind := range []front.Kind{front.REST, front.HTTP} {
			l := &lambda{answer: allowAll}
			h := guardedBy(t, &authorize.Authorizer{REST: kind == front.REST}, l, "GET /a")
			stage := &front.Stage{Kind: kind, APIID: "abcdefghij", Name: "prod", Routes: []front.Route{{
				Key: "GET /a", Method: "GET", Path: "/a", Authorization: "CUSTOM", Authorizer: a,
				Integration: front.Integration{FunctionARN: "arn:aws:lambda:us-east-1:000000000000:function:hello", Payload: "1.0", Timeout: time.Minute},
			}}}
			table, _ := front.NewTable([]*front.Stage{stage})
			h.Table = func() *front.Table { return table }
			if w := get(t, h, "/prod/a", "Authorization: x"); w.Code != http.StatusInternalServerError || len(l.routes)+len(l.events) != 0 {
				t.Errorf("%s: %d, %d functions ran", what, w.Code, len(l.routes)+len(l.events))
			}
		}
	}
}
