package permit_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/server/permit/wire"
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

// An instance was moved to another tenant with all that stood on it: a folder of acme went on giving its
// editors a file of evil, though such a tuple is refused when it is written.
func TestAnInstanceWithTuplesStaysInItsTenant(t *testing.T) {
	t.Parallel()
	s, _ := world(t, empty)
	must(t, s, "POST", schemaAt+"/resources", `{"key":"folder","name":"F","actions":{"read":{}},"roles":{"editor":{"name":"E","permissions":["read"]}}}`)
	must(t, s, "POST", schemaAt+"/resources", `{"key":"file","name":"F","actions":{"read":{}},"relations":{"parent":"folder"},"roles":{"editor":{"name":"E","permissions":["read"],"granted_to":{"users_with_role":[{"role":"editor","on_resource":"folder","linked_by_relation":"parent"}]}}}}`)
	for _, tenant := range []string{"acme", "evil"} {
		must(t, s, "POST", factsAt+"/tenants", `{"key":"`+tenant+`","name":"T"}`)
	}
	must(t, s, "POST", factsAt+"/users", `{"key":"ann"}`)
	must(t, s, "POST", factsAt+"/role_assignments", `{"user":"ann","role":"editor","resource_instance":"folder:f","tenant":"acme"}`)
	must(t, s, "POST", factsAt+"/relationship_tuples", `{"subject":"folder:f","relation":"parent","object":"file:x","tenant":"acme"}`)
	must(t, s, "POST", factsAt+"/resource_instances", `{"key":"alone","resource":"file","tenant":"acme"}`)
	move := func(key string) int {
		code, _ := call(t, s, "PUT", factsAt+"/bulk/resource_instances", `{"operations":[{"key":"`+key+`","resource":"file","tenant":"evil"}]}`)
		return code
	}
	if code := move("x"); code != 409 {
		t.Errorf("moved with its tuples: %d, want 409", code)
	}
	if code := move("alone"); code != 200 {
		t.Errorf("moved without any: %d, want 200", code)
	}
	_, text := call(t, s, "POST", "/allowed", `{"user":{"key":"ann"},"action":"read","resource":{"type":"file","key":"x","tenant":"evil"}}`)
	if !strings.Contains(text, `"allow":false`) {
		t.Errorf("ann of acme reads a file of evil: %s", text)
	}
}

// Whoever decides by /local/role_assignments was told roles that had ended.
func TestLocalAssignmentsThatEndedAreNotTold(t *testing.T) {
	t.Parallel()
	s := clerk(t)
	must(t, s, "POST", factsAt+"/role_assignments", `{"user":"eve","role":"reader","tenant":"default","expires_at":"2026-05-04T12:00:00Z"}`)
	must(t, s, "POST", factsAt+"/role_assignments", `{"user":"ann","role":"reader","tenant":"default","expires_at":"2026-05-04T12:00:01Z"}`)
	for user, want := range map[string]bool{"eve": false, "ann": true} {
		if _, text := call(t, s, "GET", "/local/role_assignments?user="+user, ""); strings.Contains(text, `"reader"`) != want {
			t.Errorf("%s: %s", user, text)
		}
	}
}

// The resource `user` stands for the users: `DELETE /resources/user` took all of them, with all of their roles.
func TestUsersOutliveTheResourceUser(t *testing.T) {
	t.Parallel()
	s := clerk(t)
	must(t, s, "POST", schemaAt+"/resources", `{"key":"user","name":"Users","actions":{"impersonate":{}},"relations":{"boss":"user"}}`)
	id := must(t, s, "GET", schemaAt+"/resources/user", "")
	for _, path := range []string{"user", id} {
		code, text := call(t, s, "DELETE", schemaAt+"/resources/"+path, "")
		if code != 409 || !strings.Contains(text, `"error_code":"DUPLICATE_ENTITY"`) || !strings.Contains(text, "its instances are all users") {
			t.Errorf("%s: %d %s", path, code, text)
		}
	}
	must(t, s, "GET", factsAt+"/users/ann", "")
	must(t, s, "DELETE", schemaAt+"/resources/user/relations/boss", "")
	must(t, s, "DELETE", schemaAt+"/resources/user/actions/impersonate", "")
	if _, text := call(t, s, "POST", "/allowed", `{"user":{"key":"ann"},"action":"read","resource":{"type":"document"}}`); !strings.Contains(text, `"allow":true`) {
		t.Errorf("ann lost her role: %s", text)
	}
}

// Ids follow from names, so that anybody can say which id a thing has or will have: a user whose key was the id of ann
// was changed, and removed, in place of her by who went by ids.
func TestAKeyIsNobodysID(t *testing.T) {
	t.Parallel()
	s := clerk(t)
	ann := must(t, s, "GET", factsAt+"/users/ann", "")
	tenant := must(t, s, "POST", factsAt+"/tenants", `{"key":"acme","name":"A"}`)
	later := wire.ID("user", "shop", "dev", "later")
	post := func(want int, path, body string) {
		t.Helper()
		if code, text := call(t, s, "POST", path, body); code != want || want == 409 && !strings.Contains(text, "the id of one is the key of the other") {
			t.Errorf("%s %s: %d %s, want %d", path, body, code, text, want)
		}
	}
	for _, form := range []string{ann, strings.ToUpper(ann), strings.ReplaceAll(ann, "-", "")} {
		post(409, factsAt+"/users", `{"key":"`+form+`"}`)
		if code, text := call(t, s, "PUT", factsAt+"/bulk/users", `{"operations":[{"key":"x"},{"key":"`+form+`"}]}`); code != 409 {
			t.Errorf("in bulk: %d %s", code, text)
		}
		// By PUT it is ann who is named.
		if code, text := call(t, s, "PUT", factsAt+"/users/"+form, `{"email":"ann@x.org"}`); code != 200 || !strings.Contains(text, `"key":"ann"`) {
			t.Errorf("by PUT: %d %s", code, text)
		}
	}
	if code, text := call(t, s, "PUT", factsAt+"/bulk/users", `{"operations":[{"key":"later"},{"key":"`+later+`"}]}`); code != 409 {
		t.Errorf("both in one request: %d %s", code, text)
	}
	post(409, factsAt+"/tenants", `{"key":"`+tenant+`","name":"T"}`)
	post(409, factsAt+"/tenants", `{"key":"`+wire.ID("__tenant", "shop", "dev", "default")+`","name":"T"}`)
	// The other way round: the key came first.
	for _, form := range []string{later, strings.ToUpper(later), strings.ReplaceAll(later, "-", "")} {
		post(201, factsAt+"/users", `{"key":"`+form+`"}`)
		post(409, factsAt+"/users", `{"key":"later"}`)
		must(t, s, "DELETE", factsAt+"/users/"+form, "")
	}
	post(201, factsAt+"/users", `{"key":"later"}`)
	// Another kind's id is nobody's, and so is a UUID that others made.
	post(201, factsAt+"/users", `{"key":"`+tenant+`"}`)
	post(201, factsAt+"/users", `{"key":"0f8fad5b-d9cb-469f-a165-70867728950e"}`)
	post(201, factsAt+"/users", `{"key":"886313e1-3b8a-5372-9b90-0c9aee199e5d"}`)
	// What is written as no id is, is a key: it went past the 409, and a path with it named another.
	letter := strings.IndexFunc(ann, func(r rune) bool { return r >= 'a' && r <= 'f' })
	for _, odd := range []string{ann[:letter] + strings.ToUpper(ann[letter:letter+1]) + ann[letter+1:], "-" + strings.Replace(ann, "-", "", 1)} {
		post(201, factsAt+"/users", `{"key":"`+odd+`"}`)
		if code, text := call(t, s, "GET", factsAt+"/users/"+odd, ""); code != 200 || !strings.Contains(text, `"key":"`+odd+`"`) {
			t.Errorf("%s: %d %s", odd, code, text)
		}
	}

	resource := must(t, s, "GET", schemaAt+"/resources/document", "")
	role := must(t, s, "GET", schemaAt+"/roles/reader", "")
	action := must(t, s, "GET", schemaAt+"/resources/document/actions/read", "")
	post(409, schemaAt+"/resources", `{"key":"`+resource+`","name":"R","actions":{}}`)
	post(409, schemaAt+"/roles", `{"key":"`+role+`","name":"R"}`)
	post(409, schemaAt+"/resources/document/actions", `{"key":"`+action+`","name":"R"}`)
	post(409, schemaAt+"/resources", `{"key":"one","name":"R","actions":{"a":{},"`+wire.ID("action", "shop", "dev", "one", "a")+`":{}}}`)
	post(201, schemaAt+"/roles", `{"key":"`+wire.ID("role", "shop", "dev", "soon")+`","name":"R"}`)
	post(409, schemaAt+"/roles", `{"key":"soon","name":"R"}`)
	must(t, s, "DELETE", schemaAt+"/roles/"+wire.ID("role", "shop", "dev", "soon"), "")
	post(201, schemaAt+"/roles", `{"key":"soon","name":"R"}`)
}

// A policy file may have such a pair: then the key is what a path means, whichever stands first.
func TestInAFileWithAmbiguousKeysTheKeyWins(t *testing.T) {
	t.Parallel()
	id := wire.ID("role", "shop", "dev", "b")
	s, _ := world(t, authz.Source{Format: "policy", Text: `{"roles":[{"key":"b"},{"key":"` + id + `"}]}`})
	if _, text := call(t, s, "GET", schemaAt+"/roles/"+id, ""); !strings.Contains(text, `"key":"`+id+`"`) {
		t.Errorf("the path names %s", text)
	}
	if code, text := call(t, s, "POST", schemaAt+"/roles", `{"key":"c","name":"C"}`); code != 409 || !strings.Contains(text, id) {
		t.Errorf("another change: %d %s", code, text)
	}
	must(t, s, "DELETE", schemaAt+"/roles/"+id, "")
	must(t, s, "POST", schemaAt+"/roles", `{"key":"c","name":"C"}`)
	if _, text := call(t, s, "GET", schemaAt+"/roles/"+id, ""); !strings.Contains(text, `"key":"b"`) {
		t.Errorf("the path now names %s", text)
	}
}
