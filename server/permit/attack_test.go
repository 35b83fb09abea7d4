package permit_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/writ-dev/writ/server"
)

// clerk makes a world in which ann may read documents.
func clerk(t *testing.T) http.Handler {
	t.Helper()
	s, _ := world(t, empty)
	must(t, s, "POST", schemaAt+"/resources", `{"key":"document","name":"D","actions":{"read":{},"write":{}}}`)
	must(t, s, "POST", schemaAt+"/roles", `{"key":"reader","name":"R","permissions":["document:read"]}`)
	must(t, s, "POST", factsAt+"/users", `{"key":"ann","role_assignments":[{"role":"reader","tenant":"default"}]}`)
	must(t, s, "POST", factsAt+"/users", `{"key":"eve"}`)
	return s
}

// The body said {"user": {"key": "eve"}} to whoever looked at it first, and ann to us.
func TestANameInAnotherCaseIsNoSecondQuestion(t *testing.T) {
	t.Parallel()
	s := clerk(t)
	for _, body := range []string{
		`{"user":{"key":"eve"},"USER":{"key":"ann"},"action":"read","resource":{"type":"document"}}`,
		"{\"user\":{\"key\":\"eve\",\"\u212aey\":\"ann\"},\"action\":\"read\",\"resource\":{\"type\":\"document\"}}",
		`{"user":{"key":"ann"},"action":"read","resource":{"type":"document","tenant":"other","Tenant":"default"}}`,
	} {
		if code, text := call(t, s, "POST", "/allowed", body); code != 422 {
			t.Errorf("%s: %d %s", body, code, text)
		}
		if code, text := call(t, s, "POST", "/allowed/bulk", "["+body+"]"); code != 422 {
			t.Errorf("[%s]: %d %s", body, code, text)
		}
	}
	if code, text := call(t, s, "POST", factsAt+"/role_assignments", `{"user":"eve","role":"reader","tenant":"other","Tenant":"default"}`); code != 422 {
		t.Errorf("an assignment: %d %s", code, text)
	}
}

// `//admin/users` was the host admin and the path /users to us, and /admin/users to an application that
// merges slashes; `/users/..` had the variable "..".
func TestAnAddressThatOthersReadOtherwiseHasNoRoute(t *testing.T) {
	t.Parallel()
	s := clerk(t)
	must(t, s, "POST", factsAt+"/proxy_configs", `{"key":"api","name":"A","secret":"x","mapping_rules":[
		{"url":"/users/{id}","http_method":"get","resource":"document","action":"read"},
		{"url":"/public/{a}/{b}","http_method":"get","resource":"document","action":"read"},
		{"url":"^.*/files/","url_type":"regex","http_method":"get","resource":"document","action":"read"},
		{"url":"/admin/users","http_method":"get","resource":"document","action":"write"}]}`)
	for address, want := range map[string]bool{
		"/users/1": true, "https://x.org/users/1?a=..": true, "/users/1.2": true, "/public/a/..b": true, "/files/x": true,
		"//admin/users/1": false, "/public/../admin": false, "/users/..": false, "/users/%2e%2e": false, "/users/.%2E": false, "/users/.": false,
		"/files/../admin": false, "/files/..;x/admin": false, "/files//admin": false, `/files/..\admin`: false, "/public/%2f/x": false,
	} {
		says := `{"result":false}`
		if want {
			says = `{"result":true}`
		}
		code, text := call(t, s, "POST", "/kong", `{"input":{"request":{"http":{"method":"GET","path":"`+strings.ReplaceAll(address, `\`, `\\`)+`"}},"consumer":{"username":"ann"}}}`)
		if code != 200 || strings.TrimSpace(text) != says {
			t.Errorf("%s: %d %s, want %v", address, code, text, want)
		}
	}
}

// One GET with a read key and 3,000 filters kept a processor busy for 89 s among 60,000 users: the
// query was read anew for each, and nobody looked at the clock.
func TestAListHasFewFilters(t *testing.T) {
	t.Parallel()
	s := clerk(t)
	for query, want := range map[string]int{
		"attr_a=1" + strings.Repeat("&attr_a=1", 99): 200, "attr_a=1" + strings.Repeat("&attr_a=1", 100): 422,
		"search=" + strings.Repeat("*a", 128): 200, "search=" + strings.Repeat("*a", 129): 422,
		"user=" + strings.Repeat("u", 1024): 200, "user=" + strings.Repeat("u", 2049): 422,
	} {
		for _, list := range []string{"/users", "/role_assignments", "/tenants", "/resource_instances", "/relationship_tuples"} {
			if code, text := call(t, s, "GET", factsAt+list+"?"+query, ""); code != want {
				t.Errorf("%s?%.20s with %d bytes: %d %s, want %d", list, query, len(query), code, text, want)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(ctx, "GET", factsAt+"/users", nil)
	r.Header.Set("Authorization", "Bearer "+token(server.Read))
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != 504 {
		t.Errorf("a list that took too long: %d %s", w.Code, w.Body)
	}
}

// nginx's auth_request lets through whatever has a status from 200 to 299.
func TestNginxIsToldANoByTheStatus(t *testing.T) {
	t.Parallel()
	s := clerk(t)
	for user, want := range map[string]int{"ann": 200, "eve": 403, "nobody": 403, "": 422} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/nginx_allowed", nil)
		r.Header.Set("Authorization", "Bearer "+token(server.Read))
		r.Header.Set("Permit-User-Key", user)
		r.Header.Set("Permit-Action", "read")
		r.Header.Set("Permit-Resource-Type", "document")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%q: %d %s, want %d", user, w.Code, w.Body, want)
		}
	}
}
