package permit_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/server"
)

var empty = authz.Source{Format: "policy", Text: "{}"}

// call makes one request with an admin's key and gives its status and answer.
func call(t testing.TB, s http.Handler, method, path, body string) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token(server.Admin))
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// must makes a request that has to succeed, and gives the id in its answer.
func must(t testing.TB, s http.Handler, method, path, body string) string {
	t.Helper()
	code, text := call(t, s, method, path, body)
	if code/100 != 2 {
		t.Fatalf("%s %s %s: %d %s", method, path, body, code, text)
	}
	var answer struct{ ID string }
	if strings.HasPrefix(text, "{") {
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			t.Fatal(err)
		}
	}
	return answer.ID
}

const (
	factsAt  = "/v2/facts/shop/dev"
	schemaAt = "/v2/schema/shop/dev"
)

func TestAnIDStandsWhereverAKeyCan(t *testing.T) {
	t.Parallel()
	s, _ := world(t, empty)
	document := must(t, s, "POST", schemaAt+"/resources", `{"key":"document","name":"D","actions":{"read":{}},"roles":{"viewer":{"name":"V","permissions":["read"]}}}`)
	role := must(t, s, "POST", schemaAt+"/roles", `{"key":"reader","name":"R","permissions":["document:read"]}`)
	user := must(t, s, "POST", factsAt+"/users", `{"key":"ann"}`)
	tenant := must(t, s, "POST", factsAt+"/tenants", `{"key":"acme","name":"A"}`)
	instance := must(t, s, "POST", factsAt+"/resource_instances", fmt.Sprintf(`{"key":"plan","resource":%q,"tenant":%q}`, document, tenant))
	must(t, s, "POST", factsAt+"/role_assignments", fmt.Sprintf(`{"user":%q,"role":%q,"tenant":%q}`, user, role, tenant))
	must(t, s, "POST", factsAt+"/role_assignments", fmt.Sprintf(`{"user":%q,"role":"viewer","resource_instance":%q}`, user, instance))
	set := must(t, s, "POST", schemaAt+"/condition_sets", fmt.Sprintf(`{"key":"set","name":"S","type":"resourceset","resource_id":%q,"conditions":{}}`, strings.ReplaceAll(document, "-", "")))
	for path, want := range map[string]string{
		factsAt + "/users/" + user:                                            `"key":"ann"`,
		factsAt + "/users/" + strings.ToUpper(user):                           `"key":"ann"`,
		factsAt + "/users/" + strings.ReplaceAll(user, "-", ""):               `"key":"ann"`,
		factsAt + "/tenants/" + tenant:                                        `"key":"acme"`,
		factsAt + "/tenants/" + tenant + "/users":                             `"key":"ann"`,
		factsAt + "/resource_instances/" + instance:                           `"key":"plan"`,
		factsAt + "/resource_instances?resource=" + document:                  `"key":"plan"`,
		factsAt + "/role_assignments?user=" + user + "&role=" + role:          `"role":"reader"`,
		factsAt + "/role_assignments?tenant=" + tenant + "&role=reader":       `"role":"reader"`,
		factsAt + "/role_assignments?resource_instance=" + instance:           `"role":"viewer"`,
		factsAt + "/role_assignments?user=nobody&user=ann&role=reader&page=1": `"role":"reader"`,
		schemaAt + "/resources/" + document:                                   `"key":"document"`,
		schemaAt + "/resources/" + document + "/actions/read":                 `"key":"read"`,
		schemaAt + "/roles/" + role:                                           `"key":"reader"`,
		schemaAt + "/condition_sets/" + set:                                   `"resource_id":"` + document,
	} {
		if code, text := call(t, s, "GET", path, ""); code != http.StatusOK || !strings.Contains(text, want) {
			t.Errorf("%s: %d %s, want %s", path, code, text, want)
		}
	}
}

func TestOfTwoWhoCreateTheSameOneIsTold(t *testing.T) {
	t.Parallel()
	s, _ := world(t, empty)
	const callers = 8
	for _, c := range []struct{ path, body string }{
		{factsAt + "/users", `{"key":"ann"}`},
		{schemaAt + "/roles", `{"key":"admin","name":"Admin"}`},
		{factsAt + "/tenants", `{"key":"acme","name":"Acme"}`},
	} {
		codes := make([]int, callers)
		var all sync.WaitGroup
		for i := range codes {
			all.Go(func() { codes[i], _ = call(t, s, "POST", c.path, c.body) })
		}
		all.Wait()
		counts := map[int]int{}
		for _, code := range codes {
			counts[code]++
		}
		if counts[http.StatusCreated] != 1 || counts[http.StatusConflict] != callers-1 {
			t.Errorf("%s: %v", c.path, counts)
		}
	}
}

// A change of the schema that facts stand against is refused, and tells which.
func TestTheSchemaFollowsTheFacts(t *testing.T) {
	t.Parallel()
	s, _ := world(t, empty)
	must(t, s, "POST", schemaAt+"/resources", `{"key":"folder","name":"F","actions":{"list":{}}}`)
	must(t, s, "POST", schemaAt+"/resources", `{"key":"document","name":"D","actions":{"read":{}},"relations":{"parent":"folder"}}`)
	must(t, s, "POST", factsAt+"/relationship_tuples", `{"subject":"folder:f","relation":"parent","object":"document:d"}`)
	code, text := call(t, s, "PATCH", schemaAt+"/resources/document", `{"relations":{}}`)
	if code != http.StatusConflict && code != http.StatusUnprocessableEntity || !strings.Contains(text, "document:d#parent@folder:f") {
		t.Errorf("a relation with tuples went: %d %s", code, text)
	}
	must(t, s, "DELETE", schemaAt+"/resources/document/relations/parent", "")
	if _, text := call(t, s, "GET", factsAt+"/relationship_tuples", ""); text != "[]\n" {
		t.Errorf("tuples are left: %s", text)
	}
}

func TestABodyOverTheBoundIsRefused(t *testing.T) {
	t.Parallel()
	s, _ := world(t, empty)
	long := `{"key":"ann","email":"` + strings.Repeat("x", 2<<20) + `"}`
	for path, bulk := range map[string]bool{factsAt + "/users": false, "/allowed": false, "/allowed/bulk": true} {
		body := long
		if bulk {
			body = "[" + strings.Repeat(long+",", 9) + long + "]"
		}
		code, text := call(t, s, "POST", path, body)
		if code != http.StatusUnprocessableEntity || !strings.Contains(text, "longer than") {
			t.Errorf("%s: %d %.200s", path, code, text)
		}
		if strings.Contains(text, "allow\":true") {
			t.Errorf("%s: an error that allows", path)
		}
	}
}

// FuzzRequests: whatever the body, an answer is JSON, no fault, and allows nothing to nobody.
func FuzzRequests(f *testing.F) {
	paths := []string{
		"/allowed", "/allowed/bulk", "/allowed/all-tenants", "/user-permissions", "/user-tenants", "/authorized_users",
		"/allowed_url", "/kong", "/v1/data/permit/root", "/v1/data/permit/bulk",
		factsAt + "/users", factsAt + "/role_assignments", factsAt + "/relationship_tuples", factsAt + "/set_rules",
		factsAt + "/proxy_configs", schemaAt + "/resources", schemaAt + "/roles", schemaAt + "/condition_sets",
	}
	for i, body := range []string{
		`{"user":{"key":"ann"},"action":"read","resource":{"type":"document"}}`, `[{}]`, `{"headers":{"Authorization":"Bearer x"},"params":{"user":7}}`,
		`{"user":{"key":"ann"}}`, `{"user":{"key":""}}`, `{"action":"read","resource":{"type":"document","key":"d"}}`,
		`{"user":{"key":"ann"},"http_method":"get","url":"http://[::1"}`, `{"input":{}}`, `{"input":null}`, `{"input":{"checks":[]}}`,
		`{"key":"a","attributes":{"a":[1,{"b":null}]}}`, `{"user":"a","role":"b","resource_instance":"x:y"}`, `{"subject":"a:b","relation":"c","object":"d:e"}`,
		`{"user_set":"__autogen_a","permission":"b","resource_set":"c"}`, `{"key":"p","mapping_rules":[{"url":"(","url_type":"regex"}]}`,
		`{"key":"r","actions":{"a":null},"relations":{"x":"r"},"roles":{"y":{"granted_to":{"users_with_role":[{}]}}}}`,
		`{"key":"r","permissions":["document:read","document:*"],"extends":["r"]}`, `{"key":"s","type":"userset","conditions":{"not":[]}}`,
	} {
		f.Add(i, body)
	}
	f.Fuzz(func(t *testing.T, i int, body string) {
		if len(body) > 1<<12 {
			t.Skip("longer bodies say no more")
		}
		s, _ := world(t, empty)
		must(t, s, "POST", schemaAt+"/resources", `{"key":"document","name":"D","actions":{"read":{}}}`)
		path := paths[uint(i)%uint(len(paths))]
		code, text := call(t, s, "POST", path, body)
		if code == http.StatusInternalServerError || !json.Valid([]byte(text)) {
			t.Errorf("%s %q: %d %s", path, body, code, text)
		}
		if strings.HasPrefix(path, "/allowed") && strings.Contains(text, `"allow":true`) {
			t.Errorf("%s %q is allowed: %s", path, body, text)
		}
	})
}
