package front_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ/localcloud/apigateway/authorize"
)

func allowOnly(resources ...string) string {
	list, _ := json.Marshal(resources) // of texts
	return strings.Replace(allowAll, `"*"`, string(list), 1)
}

const arnOf = "arn:aws:execute-api:us-east-1:000000000000:abcdefghij/prod/GET"

// TestAKeptAllowOnAnotherRoute is AWS's behaviour, leak and all: what is kept
// is the answer. A simple yes opens every route to the same identity; a policy
// opens what it names, on the method and path of each request.
func TestAKeptAllowOnAnotherRoute(t *testing.T) {
	t.Parallel()
	for form, a := range authorizers(t) {
		a.TTL = time.Minute
		l := &lambda{answer: allowOnly(arnOf+"/open", arnOf+"/pets/*")}
		h := guardedBy(t, a, l, "GET /open", "DELETE /open", "GET /pets/{id}", "GET /secret")
		for _, row := range []struct {
			path string
			want int
		}{{"/prod/open?p=1", 200}, {"/prod/secret?p=1", 403}, {"/prod/pets/7?p=1", 200}, {"/prod/open?p=1", 200}} {
			if w := get(t, h, row.path, "Authorization: x"); w.Code != row.want {
				t.Errorf("%s: %s gives %d, want %d", form, row.path, w.Code, row.want)
			}
		}
		if len(l.events) != 1 {
			t.Errorf("%s: asked %d times, want once", form, len(l.events))
		}
	}
	a := authorizers(t)["http-2.0"]
	a.TTL, a.Simple = time.Minute, true
	l := &lambda{answer: `{"isAuthorized":true}`}
	h := guardedBy(t, a, l, "GET /open", "GET /secret")
	for _, path := range []string{"/prod/open?p=1", "/prod/secret?p=1"} {
		if w := get(t, h, path, "Authorization: x"); w.Code != 200 || len(l.events) != 1 {
			t.Errorf("simple: %s gives %d after being asked %d times", path, w.Code, len(l.events))
		}
	}
}

// TestDuplicatedHeaders: the value that is the key is the one that the function
// sees as the identity: the last of a REST API, all of an HTTP API. No two
// different identities share a key.
func TestDuplicatedHeaders(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		form, field string
		headers     []string
		want        string
		fresh       bool // the authorizer is asked again
	}{
		{"rest-token", "authorizationToken", []string{"good"}, `"good"`, true},
		{"rest-token", "authorizationToken", []string{"bad", "good"}, `"good"`, false},
		{"rest-token", "authorizationToken", []string{"good", "bad"}, `"bad"`, true},
		{"rest-token", "authorizationToken", []string{"good,bad"}, `"good,bad"`, true},
		{"http-2.0", "identitySource", []string{"good"}, `["good","1"]`, true},
		{"http-2.0", "identitySource", []string{"bad", "good"}, `["bad,good","1"]`, true},
		{"http-2.0", "identitySource", []string{"good", "bad"}, `["good,bad","1"]`, true},
		{"http-2.0", "identitySource", []string{"good", ""}, `["good,","1"]`, true},
		{"http-2.0", "identitySource", []string{"", "good"}, `[",good","1"]`, true},
		{"http-1.0", "identitySource", []string{"good", "bad"}, `"good,bad,1"`, true},
	} {
		a := authorizers(t)[row.form]
		a.TTL = time.Minute
		l := &lambda{answer: allowAll}
		h := guardedBy(t, a, l, "GET /a")
		get(t, h, "/prod/a?p=1", "Authorization: good")
		before := len(l.events)
		if len(row.headers) == 1 && row.headers[0] == "good" {
			before = 0
		} else {
			headers := []string{}
			for _, value := range row.headers {
				headers = append(headers, "Authorization: "+value)
			}
			get(t, h, "/prod/a?p=1", headers...)
		}
		if fresh := len(l.events) > before; fresh != row.fresh {
			t.Errorf("%s with %q: asked again: %t, want %t", row.form, row.headers, fresh, row.fresh)
		}
		var event map[string]json.RawMessage
		if err := json.Unmarshal(l.events[len(l.events)-1], &event); err != nil {
			t.Fatal(err)
		}
		if got := string(event[row.field]); got != row.want {
			t.Errorf("%s with %q: %s is %s, want %s", row.form, row.headers, row.field, got, row.want)
		}
	}
	// An empty one behind a good one is not a missing identity of a REST API
	// that the first could fill in: the last counts, and it is empty.
	for form, want := range map[string]int{"rest-token": http.StatusUnauthorized, "rest-request": http.StatusUnauthorized, "http-2.0": http.StatusOK} {
		l := &lambda{answer: allowAll}
		if w := get(t, guardedBy(t, authorizers(t)[form], l, "GET /a"), "/prod/a?p=1", "Authorization: good", "Authorization: "); w.Code != want {
			t.Errorf("%s with an empty second header: %d, want %d", form, w.Code, want)
		}
	}
}

// TestValuesThatRunIntoEachOther: the parts of an identity are told apart.
func TestValuesThatRunIntoEachOther(t *testing.T) {
	t.Parallel()
	a := authorizers(t)["http-1.0"] // whose function sees them joined by commas
	a.TTL = time.Minute
	l := &lambda{answer: allowAll}
	h := guardedBy(t, a, l, "GET /a")
	get(t, h, "/prod/a?p=c", "Authorization: a,b")
	get(t, h, "/prod/a?p=b,c", "Authorization: a")
	get(t, h, "/prod/a?p=bc", "Authorization: a")
	if len(l.events) != 3 {
		t.Errorf("asked %d times for three identities", len(l.events))
	}
}

// TestPathsOfAuthorizedRequests: what the route is matched by is what stands in
// the ARN, decoded; no spelling of a path is another path to the policy only.
// Dot segments are not resolved by either.
func TestPathsOfAuthorizedRequests(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ path, route, rest, http string }{
		{"/pets/7", "GET /pets/{id}", "/pets/7", "/pets/7"},
		{"/%70ets/%37", "GET /pets/{id}", "/pets/7", "/pets/7"},
		{"/pets/7/", "", "/pets/7", ""}, // an HTTP API takes it for another path
		{"/pets/a%2Fb", "GET /pets/{id}", "/pets/a/b", "/pets/a/b"},
		{"/pets/%2E%2E", "GET /pets/{id}", "/pets/..", "/pets/.."},
		{"/files/a/../b", "GET /files/{proxy+}", "/files/a/../b", "/files/a/../b"},
		{"/files//b", "GET /files/{proxy+}", "/files//b", "/files//b"},
		{"/pets/*", "GET /pets/{id}", "/pets/*", "/pets/*"},
		{"/other/x", "GET /{proxy+}", "/other/x", "/other/x"},
		{"/other/", "GET /{proxy+}", "/other", "/other/"},
	} {
		for form, a := range authorizers(t) {
			l := &lambda{answer: allowAll}
			get(t, guardedBy(t, a, l, "GET /pets/{id}", "GET /files/{proxy+}", "GET /{proxy+}"), "/prod"+row.path+"?p=1", "Authorization: x")
			if len(l.events) != 1 {
				t.Fatalf("%s: %s is asked about %d times", form, row.path, len(l.events))
			}
			var event struct{ MethodARN, RouteARN, RouteKey, Resource string }
			if err := json.Unmarshal(l.events[0], &event); err != nil {
				t.Fatal(err)
			}
			want := row.rest
			if !a.REST {
				want = row.http
				if want == "" {
					want = row.path
				}
			}
			if got := event.MethodARN + event.RouteARN; got != arnOf+want {
				t.Errorf("%s: %s has the ARN %s, want %s", form, row.path, got, arnOf+want)
			}
			if got := event.RouteKey + event.Resource; row.route != "" && got != "" && !strings.HasSuffix(row.route, got) {
				t.Errorf("%s: %s is matched by %s, want %s", form, row.path, got, row.route)
			}
		}
	}
	// A policy that allows one spelling allows that path however it is spelled, and no other.
	a := authorizers(t)["http-2.0"]
	a.TTL = time.Minute
	h := guardedBy(t, a, &lambda{answer: allowOnly(arnOf + "/pets/7")}, "GET /pets/{id}", "GET /{proxy+}")
	for path, want := range map[string]int{"/pets/7": 200, "/%70ets/7": 200, "/pets/7/": 403, "/pets/8": 403, "/pets/%2A": 403, "/pets/../pets/7": 403} {
		if w := get(t, h, "/prod"+path+"?p=1", "Authorization: x"); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
}

// TestATokenMatchesAsAWhole: a validation expression holds for the whole token.
func TestATokenMatchesAsAWhole(t *testing.T) {
	t.Parallel()
	for token, want := range map[string]int{"abcde": 200, "abcdef": 401, "xabcde": 401, "abcde\tx": 401, "abcd": 401} {
		a := authorizers(t)["rest-token"]
		var err error
		if a.Pattern, err = authorize.Pattern(`\w{5}|never`); err != nil {
			t.Fatal(err)
		}
		l := &lambda{answer: allowAll}
		w := get(t, guardedBy(t, a, l, "GET /a"), "/prod/a", "Authorization: "+token)
		if w.Code != want || (len(l.events) == 1) != (want == 200) {
			t.Errorf("%q: %d, asked %d times, want %d", token, w.Code, len(l.events), want)
		}
	}
}
