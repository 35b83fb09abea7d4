package gateway_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/gateway"
)

// changed is an event with one member set, by the names that lead to it; nil takes it away.
func changed(t *testing.T, event json.RawMessage, value any, names ...string) json.RawMessage {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal(event, &o); err != nil {
		t.Fatal(err)
	}
	at := o
	for _, name := range names[:len(names)-1] {
		next, ok := at[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			at[name] = next
		}
		at = next
	}
	last := names[len(names)-1]
	if value == nil {
		delete(at, last)
	} else {
		at[last] = value
	}
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var budget = request{method: "GET", path: "/documents/budget", template: "/documents/{id}", parameters: map[string]string{"id": "budget"}, token: "ann-token"}

func TestEventsAreReadInAllForms(t *testing.T) {
	t.Parallel()
	for _, form := range forms {
		c, err := gateway.ReadEvent(budget.event(form))
		if err != nil {
			t.Errorf("%s: %v", form, err)
			continue
		}
		if c.Form != form || c.Method != "GET" || c.Path != "/documents/budget" || c.Token != "Bearer ann-token" || c.APIID != "abcdef1234" {
			t.Errorf("%s is read as %+v", form, c)
		}
		if form != gateway.RESTToken && (c.Template != "/documents/{id}" || c.Parameters["id"] != "budget" || c.SourceIP != "192.0.2.1") {
			t.Errorf("%s is read as %+v", form, c)
		}
	}
}

func TestEventsThatAreRefused(t *testing.T) {
	t.Parallel()
	token, rest, http1, http2 := budget.event(gateway.RESTToken), budget.event(gateway.RESTRequest), budget.event(gateway.HTTP1), budget.event(gateway.HTTP2)
	replace := func(e json.RawMessage, from, to string) json.RawMessage {
		if !strings.Contains(string(e), from) {
			t.Fatalf("%s is not in the event", from)
		}
		return json.RawMessage(strings.ReplaceAll(string(e), from, to))
	}
	for _, c := range []struct {
		name  string
		event json.RawMessage
		want  string
	}{
		{"nothing", nil, "is not JSON"},
		{"a list", json.RawMessage(`[]`), "is not a JSON object"},
		{"two values", json.RawMessage(`{}{}`), "is not JSON"},
		{"an unknown type", changed(t, rest, "COGNITO", "type"), "are of no authorizer"},
		{"an unknown version", changed(t, http2, "3.0", "version"), "are of no authorizer"},
		{"a version that is a number", changed(t, http2, 2.0, "version"), "not a string"},
		{"TOKEN with a version", changed(t, token, "1.0", "version"), "are of no authorizer"},
		{"no type", changed(t, http2, nil, "type"), "is not one for an authorizer"},
		{"the type in another case", replace(rest, `"type"`, `"Type"`), "is not one for an authorizer"},
		{"a name twice", json.RawMessage(`{"type":"TOKEN","type":"REQUEST"}`), `has the name "type" twice`},
		{"a header twice", replace(rest, `"headers":{`, `"headers":{"user-agent":"x",`), "twice"},
		{"deep nesting", json.RawMessage(strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100)), "deeper"},
		{"too much", json.RawMessage(`{"type":"` + strings.Repeat("x", 1<<20) + `"}`), "more than"},
		{"bytes that are no text", json.RawMessage("{\"type\":\"\xff\"}"), "is not JSON"},
		{"no token", changed(t, token, "", "authorizationToken"), "has no authorizationToken"},
		{"TOKEN with a path", changed(t, token, "/x", "path"), "those do not have"},
		{"REST with routeArn", changed(t, rest, "arn:aws:execute-api:a:123456789012:a/b/GET/", "routeArn"), "another form"},
		{"2.0 with methodArn", changed(t, http2, "x", "methodArn"), "another form"},
		{"REST with a routeKey", changed(t, rest, "GET /x", "routeKey"), "format 2.0"},
		{"REST with a token beside", changed(t, rest, "x", "authorizationToken"), "has an authorizationToken"},
		{"no ARN", changed(t, rest, nil, "methodArn"), "has no methodArn"},
		{"an ARN of S3", replace(rest, "execute-api", "s3"), "not of a request"},
		{"an ARN that is too long", replace(rest, "GET/documents/budget", "GET/"+strings.Repeat("x", 4000)), "too long"},
		{"ARN: another path", replace(rest, "GET/documents/budget", "GET/documents/salaries"), "another one in its ARN"},
		{"ARN: another method", replace(rest, "dev/GET/", "dev/POST/"), "as its method"},
		{"ARN: another API", changed(t, rest, "other", "requestContext", "apiId"), "as its API"},
		{"ARN: another stage", changed(t, rest, "prod", "requestContext", "stage"), "as its stage"},
		{"ARN: another account", changed(t, rest, "210987654321", "requestContext", "accountId"), "as its account"},
		{"1.0: another path", changed(t, http1, "/documents/salaries", "path"), "another one in its ARN"},
		{"2.0: another path", changed(t, http2, "/dev/documents/salaries", "rawPath"), "as its path"},
		{"2.0: the path of another stage", replace(http2, "/dev/documents/budget\"", "/prod/documents/budget\""), ""},
		{"another method", changed(t, rest, "POST", "requestContext", "httpMethod"), "as its method"},
		{"another resource", changed(t, rest, "/x/{id}", "requestContext", "resourcePath"), "as its route"},
		{"2.0: another route", changed(t, http2, "GET /x/{id}", "requestContext", "routeKey"), "as its route"},
		{"2.0: a route of another method", replace(http2, "GET /documents/{id}", "POST /documents/{id}"), "has the route"},
		{"2.0: no route", replace(http2, "GET /documents/{id}", "documents"), "is no route"},
		{"2.0: http of another method", changed(t, http2, "ANY", "requestContext", "http", "method"), "has the route"},
		{"2.0: other parameters than the query", changed(t, http2, map[string]any{"a": "1"}, "queryStringParameters"), "rawQueryString"},
		{"1.0: two identity sources", changed(t, http1, "x", "identitySource"), "as its identity source"},
		{"REST: headers that disagree", changed(t, rest, "Bearer bob-token", "headers", "authorization"), "two different values"},
		{"REST: queries that disagree", changed(t, changed(t, rest, "1", "queryStringParameters", "a"), []string{"2"}, "multiValueQueryStringParameters", "a"), "two different values"},
		{"REST: keys that disagree", changed(t, changed(t, rest, []string{"k1"}, "multiValueHeaders", "x-api-key"), "k2", "requestContext", "identity", "apiKey"), "two different API keys"},
		{"a header that is a list", changed(t, rest, []string{"x"}, "headers", "a"), "not a string"},
		{"no requestContext", changed(t, rest, nil, "requestContext"), "has no requestContext"},
	} {
		call, err := gateway.ReadEvent(c.event)
		if err == nil || c.want != "" && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, %+v; want an error with %q", c.name, err, call, c.want)
			continue
		}
		if code := writ.CodeOf(err); code != writ.CodeInvalid && code != writ.CodeTooLarge {
			t.Errorf("%s: the code is %s", c.name, code)
		}
	}
}

// ARNs have paths that look like anything.
func TestARNs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ arn, path string }{
		{"arn:aws:execute-api:us-west-2:123456789012:ymy8tbxw7b/*/GET/", "/"},
		{"arn:aws:execute-api:us-west-2:123456789012:ymy8tbxw7b/dev/GET", "/"},
		{"arn:aws-cn:execute-api:cn-north-1:123456789012:abc/prod/GET/a:b/c::d", "/a:b/c::d"},
		{"arn:aws-us-gov:execute-api:us-gov-west-1:123456789012:abc/$default/PATCH/a/GET/b", "/a/GET/b"},
	} {
		event, err := json.Marshal(map[string]string{"type": "TOKEN", "authorizationToken": "x", "methodArn": c.arn})
		if err != nil {
			t.Fatal(err)
		}
		call, err := gateway.ReadEvent(event)
		if err != nil || call.Path != c.path {
			t.Errorf("%s: %v, %+v", c.arn, err, call)
		}
	}
	for _, arn := range []string{
		"arn:aws:execute-api:us-west-2:1234:abc/dev/GET/", "arn:aws:execute-api:us-west-2:123456789012:abc/dev/get/", "arn:aws:execute-api:us-west-2:123456789012:abc/dev",
		"arn:evil:execute-api:us-west-2:123456789012:abc/dev/GET/", "arn:aws:execute-api:*:123456789012:abc/dev/GET/", "arn:aws:execute-api:us-west-2:123456789012:*/dev/GET/",
		"arn:aws:execute-api:us-west-2:123456789012:abc/d*v/GET/", "arn:aws:execute-api:us-west-2:123456789012:abc/dev/*/x", "arn:aws:execute-api:us-west-2:123456789012:abc/${x}/GET/",
	} {
		event, err := json.Marshal(map[string]string{"type": "TOKEN", "authorizationToken": "x", "methodArn": arn})
		if err != nil {
			t.Fatal(err)
		}
		if call, err := gateway.ReadEvent(event); err == nil {
			t.Errorf("%s is read as %+v", arn, call)
		}
	}
}

// A custom domain puts its mapping before the path; elsewhere only the stage may stand there.
func TestPathsBehindDomains(t *testing.T) {
	t.Parallel()
	event := budget.event(gateway.RESTRequest)
	mapped := changed(t, event, "/v1/documents/budget", "path")
	if c, err := gateway.ReadEvent(mapped); err == nil {
		t.Errorf("a path before the path is read: %+v", c)
	}
	c, err := gateway.ReadEvent(changed(t, mapped, "api.example.com", "requestContext", "domainName"))
	if err != nil || c.Path != "/documents/budget" || c.Parameters["id"] != "budget" {
		t.Errorf("%v, %+v", err, c)
	}
	if c, err := gateway.ReadEvent(changed(t, mapped, "abc.execute-api.eu-west-1.amazonaws.com", "requestContext", "domainName")); err == nil {
		t.Errorf("a mapping on API Gateway's own host is read: %+v", c)
	}
}

// FuzzReadEvent: what is read agrees with itself, and nothing panics.
func FuzzReadEvent(f *testing.F) {
	for _, form := range forms {
		f.Add([]byte(budget.event(form)))
	}
	f.Add([]byte(`{"type":"TOKEN","authorizationToken":"x","methodArn":"arn:aws:execute-api:us-west-2:123456789012:ymy8tbxw7b/*/GET/"}`))
	c := gateway.Config{Routes: []gateway.Route{
		route("GET", "/documents/{id}", ask("", "document:{id}", "{claims.org}")), route("ANY", "/{rest+}", ask("read", "document", "")),
	}}
	a, err := gateway.New(c, dependencies(checker(annReads)))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, event []byte) {
		call, err := gateway.ReadEvent(event)
		answer, answerErr := a.Handle(t.Context(), event)
		if err != nil {
			if answerErr == nil {
				t.Fatalf("an event that cannot be read is answered: %s", answer)
			}
			return
		}
		if call.Form < gateway.RESTToken || call.Form > gateway.HTTP2 || !strings.HasPrefix(call.Path, "/") || call.Method == "" || call.ARN == "" {
			t.Fatalf("read as %+v", call)
		}
		if answerErr != nil {
			return
		}
		given := read(t, answer)
		if len(answer) > 8192 {
			t.Fatalf("an answer of %d bytes", len(answer))
		}
		if given.admits(t, call.ARN) && !strings.Contains(call.Token, "ann-token") {
			t.Fatalf("%s lets %q in", answer, call.Token)
		}
		if other := call.ARN + "x"; given.admits(t, other) {
			t.Fatalf("%s lets %s in too", answer, other)
		}
	})
}
