package authzen_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/server/authzen"
)

func fixture(t *testing.T) *pdp {
	t.Helper()
	return start(t, example("certification"), authzen.Config{BaseURL: "https://pdp.example.com/", Environments: []string{"default/default"}}, server.Limits{})
}

const (
	evaluation  = "/access/v1/evaluation"
	evaluations = "/access/v1/evaluations"
	fine        = `{"subject":{"type":"user","id":"alice"},"action":{"name":"read"},"resource":{"type":"record","id":"record-1"}}`
)

func (r reply) want(t *testing.T, status int, parts ...string) {
	t.Helper()
	if r.status != status {
		t.Errorf("status %d, want %d: %s", r.status, status, r.body)
	}
	for _, part := range parts {
		if !strings.Contains(string(r.body), part) {
			t.Errorf("%q is not in the answer: %s", part, r.body)
		}
	}
}

func TestMissingOrWronglyTypedFieldIs400(t *testing.T) {
	t.Parallel()
	p := fixture(t)
	for body, says := range map[string]string{
		`{"subject":null,"action":{"name":"read"},"resource":{"type":"record","id":"record-1"}}`:                                         "subject is missing",
		`{"subject":{"type":7,"id":"alice"},"action":{"name":"read"},"resource":{"type":"record","id":"r"}}`:                             "subject.type must be a string, not a number",
		`{"subject":{"type":"user","id":""},"action":{"name":"read"},"resource":{"type":"record","id":"r"}}`:                             "subject.id is missing",
		`{"subject":{"type":"user","id":"a"},"action":["read"],"resource":{"type":"record","id":"r"}}`:                                   "action must be an object, not an array",
		`{"subject":{"type":"user","id":"a","properties":"x"},"action":{"name":"read"},"resource":{"type":"record","id":"r"}}`:           "subject.properties must be an object",
		`{"subject":{"type":"user","id":"a"},"action":{"name":"read"},"resource":{"type":"record","id":"r"},"context":[]}`:               "context must be an object",
		`{"subject":{"type":"user","id":"a"},"subject":{"type":"user","id":"b"},"action":{"name":"r"},"resource":{"type":"x","id":"y"}}`: `the field "subject" is given twice`,
		`{"Subject":{"type":"user","id":"a"},"action":{"name":"read"},"resource":{"type":"record","id":"r"}}`:                            "subject is missing",
		`[]`:                   "the body must be an object, not an array",
		`"x"`:                  "the body must be an object, not a string",
		`{"subject":`:          "the body is not JSON",
		fine + `{}`:            "something follows the value",
		strings.Repeat(" ", 3): "the body is not JSON",
	} {
		r := p.send(t, evaluation, body)
		r.want(t, 400, says)
		if got := r.header.Get("Content-Type"); got != "text/plain; charset=utf-8" {
			t.Errorf("an error is %s, want plain text", got)
		}
	}
}

func TestWrongContentTypeIs400(t *testing.T) {
	t.Parallel()
	p := fixture(t)
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"} {
		p.send(t, evaluation, fine, "Content-Type", kind).want(t, 400, "send the header  Content-Type: application/json")
	}
	p.send(t, evaluation, fine, "Content-Type", "application/json; charset=utf-8").want(t, 200)
	p.send(t, evaluation, fine, "Content-Encoding", "gzip").want(t, 400, "content encoding")
}

func TestEmptyBodyIs400(t *testing.T) {
	t.Parallel()
	p := fixture(t)
	for _, path := range []string{evaluation, evaluations, "/access/v1/search/subject", "/access/v1/search/resource", "/access/v1/search/action"} {
		p.send(t, path, "").want(t, 400, "the body is empty")
	}
}

func TestDenyIs200(t *testing.T) {
	t.Parallel()
	p := fixture(t)
	r := p.send(t, evaluation, strings.ReplaceAll(fine, "alice", "nobody"))
	r.want(t, 200, `"decision":false`, `"reason_user"`, `"reasons"`)
	if r.header.Get("Content-Type") != "application/json" {
		t.Errorf("the answer is %s", r.header.Get("Content-Type"))
	}
}

func TestNotAuthenticatedIs401(t *testing.T) {
	t.Parallel()
	p := fixture(t)
	for _, header := range []string{"", "Basic YTpi", "Bearer", "Bearer wrong", "Bearer " + p.token + "x", p.token} {
		r := p.send(t, evaluation, fine, "Authorization", header)
		r.want(t, 401)
		if r.header.Get("WWW-Authenticate") == "" {
			t.Error("401 without WWW-Authenticate")
		}
	}
	p.send(t, evaluation, fine, "Authorization", "bEARER "+p.token).want(t, 200)
}

func TestRequestIDIsEchoed(t *testing.T) {
	t.Parallel()
	p := fixture(t)
	for _, status := range []int{200, 400, 401} {
		body, auth := fine, "Bearer "+p.token
		if status == 400 {
			body = "{"
		} else if status == 401 {
			auth = ""
		}
		r := p.send(t, evaluation, body, "X-Request-ID", "bfe9eb29-ab87", "Authorization", auth)
		r.want(t, status)
		if got := r.header.Get("X-Request-ID"); got != "bfe9eb29-ab87" {
			t.Errorf("the request's ID came back as %q", got)
		}
	}
	if p.send(t, evaluation, fine).header.Get("X-Request-ID") == "" {
		t.Error("a request without an ID got none")
	}
	if got := p.send(t, evaluation, fine, "X-Request-ID", strings.Repeat("x", 1000)).header.Get("X-Request-ID"); len(got) > 128 {
		t.Errorf("an ID of %d bytes came back", len(got))
	}
}

func TestSemantics(t *testing.T) {
	t.Parallel()
	p := fixture(t)
	ask := func(semantic, actions string) string {
		items := []string{}
		for _, a := range strings.Fields(actions) {
			items = append(items, fmt.Sprintf(`{"action":{"name":%q}}`, a))
		}
		return fmt.Sprintf(`{"subject":{"type":"user","id":"bob"},"resource":{"type":"record","id":"record-1"},"options":{"evaluations_semantic":%q,"other":1},"evaluations":[%s]}`,
			semantic, strings.Join(items, ","))
	}
	for _, c := range []struct {
		semantic, actions string
		want              []bool
	}{
		{"execute_all", "read write read", []bool{true, false, true}},
		{"deny_on_first_deny", "read write read", []bool{true, false}},
		{"deny_on_first_deny", "read read", []bool{true, true}},
		{"permit_on_first_permit", "write read write", []bool{false, true}},
		{"permit_on_first_permit", "write write", []bool{false, false}},
	} {
		r := p.send(t, evaluations, ask(c.semantic, c.actions))
		var got struct{ Evaluations []struct{ Decision bool } }
		if err := json.Unmarshal(r.body, &got); err != nil || len(got.Evaluations) != len(c.want) {
			t.Errorf("%s of %s: %s", c.semantic, c.actions, r.body)
			continue
		}
		for i, want := range c.want {
			if got.Evaluations[i].Decision != want {
				t.Errorf("%s of %s: evaluation %d is %t", c.semantic, c.actions, i, !want)
			}
		}
	}
	p.send(t, evaluations, ask("first", "read")).want(t, 400, "evaluations_semantic must be")
}

func TestItemReplacesDefaultWhole(t *testing.T) {
	t.Parallel()
	p := fixture(t)
	// The default's property would make it an admin's write; the item's own subject has none.
	r := p.send(t, evaluations, `{"subject":{"type":"user","id":"alice","properties":{"role":"admin"}},"action":{"name":"write"},
		"resource":{"type":"record","id":"record-2"},"evaluations":[{},{"subject":{"type":"user","id":"alice"}}]}`)
	var got struct{ Evaluations []struct{ Decision bool } }
	if err := json.Unmarshal(r.body, &got); err != nil || len(got.Evaluations) != 2 || !got.Evaluations[0].Decision || got.Evaluations[1].Decision {
		t.Errorf("%s", r.body)
	}
}

func TestBadItemIsDeniedAlone(t *testing.T) {
	t.Parallel()
	p := fixture(t)
	r := p.send(t, evaluations, `{"subject":{"type":"user","id":"alice"},"action":{"name":"read"},"evaluations":[
		{"resource":{"type":"record","id":"record-1"}},{"resource":"x"},7,{"resource":{"type":"record"}}]}`)
	r.want(t, 200, `"status":400`, "resource must be an object", "an evaluation must be an object, not a number", "resource.id is missing")
	if n := strings.Count(string(r.body), `"decision":false`); n != 3 || strings.Count(string(r.body), `"decision":true`) != 1 {
		t.Errorf("%d denials: %s", n, r.body)
	}
}

func TestBoundsOfBatches(t *testing.T) {
	t.Parallel()
	p := fixture(t)
	many := func(n int) string {
		return strings.TrimSuffix(fine, "}") + `,"evaluations":[` + strings.TrimSuffix(strings.Repeat(`{},`, n), ",") + `]}`
	}
	p.send(t, evaluations, many(1000)).want(t, 200)
	p.send(t, evaluations, many(1001)).want(t, 400, "more than the 1000 evaluations")
	p.send(t, evaluations, many(100_000)).want(t, 400, "more than the 1000 evaluations")
	long := strings.TrimSuffix(fine, "}") + `,"x":"` + strings.Repeat("x", 10<<20) + `"}`
	p.send(t, evaluation, long).want(t, 413, "longer than the 1048576 bytes")
	p.send(t, evaluations, long).want(t, 200)
	p.send(t, evaluations, `{"x":"`+strings.Repeat("x", 17<<20)+`"}`).want(t, 413)
	deep := strings.TrimSuffix(fine, "}") + `,"context":{"x":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}}`
	p.send(t, evaluation, deep).want(t, 400, "nested deeper than the 64 levels")
}

func TestSearchIgnoresTheIDOfWhatItSearches(t *testing.T) {
	t.Parallel()
	p := fixture(t)
	with := p.send(t, "/access/v1/search/resource", fine)
	without := p.send(t, "/access/v1/search/resource", strings.ReplaceAll(fine, `,"id":"record-1"`, ""))
	with.want(t, 200, `"id":"record-2"`)
	if string(with.body) != string(without.body) {
		t.Errorf("%s and %s", with.body, without.body)
	}
	p.send(t, "/access/v1/search/subject", strings.ReplaceAll(fine, "alice", "nobody")).want(t, 200, `"id":"alice"`)
}

func TestPaging(t *testing.T) {
	t.Parallel()
	p := start(t, example("search"), authzen.Config{}, server.Limits{})
	ask := func(action string, page string) (reply, []string, string) {
		r := p.send(t, "/access/v1/search/resource", fmt.Sprintf(`{"subject":{"type":"user","id":"alice"},"action":{"name":%q},"resource":{"type":"record"},"page":%s}`, action, page))
		var got struct {
			Results []struct{ ID string }
			Page    struct {
				Next  string `json:"next_token"`
				Count int
			}
		}
		_ = json.Unmarshal(r.body, &got) // errors are no JSON
		var ids []string
		for _, one := range got.Results {
			ids = append(ids, one.ID)
		}
		return r, ids, got.Page.Next
	}
	var all []string
	page, pages := `{"limit":7}`, 0
	tokens := []string{}
	for {
		r, ids, next := ask("view", page)
		r.want(t, 200)
		pages++
		if all = append(all, ids...); next == "" {
			break
		}
		tokens = append(tokens, next)
		page = fmt.Sprintf(`{"token":%q}`, next)
	}
	if len(all) != 20 || pages != 3 || all[0] != "101" || all[19] != "120" {
		t.Fatalf("%d pages of %v", pages, all)
	}
	r, _, _ := ask("edit", fmt.Sprintf(`{"token":%q}`, tokens[0]))
	r.want(t, 400, "page.token")
	tampered := []byte(tokens[0])
	tampered[len(tampered)/2] ^= 1
	r, _, _ = ask("view", fmt.Sprintf(`{"token":%q}`, tampered))
	r.want(t, 400, "page.token")
	r, _, _ = ask("view", `{"token":"!"}`)
	r.want(t, 400, "page.token")
	for _, limit := range []string{"0", "-1", "1.5", `"7"`, "1e99"} {
		r, _, _ := ask("view", `{"limit":`+limit+`}`)
		r.want(t, 400, "page.limit")
	}
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	p := fixture(t)
	get := func(path string) reply {
		r, err := http.NewRequest(http.MethodGet, p.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "evil.example.com"
		return p.do(t, r)
	}
	r := get("/.well-known/authzen-configuration")
	r.want(t, 200, `"policy_decision_point":"https://pdp.example.com"`, `"access_evaluation_endpoint":"https://pdp.example.com/access/v1/evaluation"`,
		`"search_action_endpoint":"https://pdp.example.com/access/v1/search/action"`)
	if strings.Contains(string(r.body), "evil") {
		t.Error("the Host header got into the metadata")
	}
	get("/.well-known/authzen-configuration/environments/default/default").want(t, 200, `"https://pdp.example.com/environments/default/default/access/v1/evaluations"`)
	get("/.well-known/authzen-configuration/environments/default/other").want(t, 404)
	p.send(t, "/environments/default/default"+evaluation, fine).want(t, 200, `"decision":true`)
	p.send(t, "/environments/default/other"+evaluation, fine).want(t, 404)
	get(evaluation).want(t, 401)
}

// The well-known part of a metadata URL stands before the path of the base URL, which a proxy takes off elsewhere.
func TestMetadataBehindAProxy(t *testing.T) {
	t.Parallel()
	p := start(t, example("certification"), authzen.Config{BaseURL: "https://example.com/authz/", Environments: []string{"default/default"}}, server.Limits{})
	for path, want := range map[string]string{
		"/authz": "https://example.com/authz", "": "https://example.com/authz",
		"/authz/environments/default/default": "https://example.com/authz/environments/default/default",
		"/authzen":                            "", "/authz/authz": "", "/authz/": "",
	} {
		r, err := http.NewRequest(http.MethodGet, p.URL+"/.well-known/authzen-configuration"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if want == "" {
			p.do(t, r).want(t, 404)
			continue
		}
		p.do(t, r).want(t, 200, `"policy_decision_point":"`+want+`"`, `"access_evaluation_endpoint":"`+want+`/access/v1/evaluation"`)
	}
}

func TestMethodAndPath(t *testing.T) {
	t.Parallel()
	p := fixture(t)
	r, err := http.NewRequest(http.MethodGet, p.URL+evaluation, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+p.token)
	got := p.do(t, r)
	got.want(t, 405)
	if got.header.Get("Allow") != "POST" {
		t.Errorf("Allow is %q", got.header.Get("Allow"))
	}
	p.send(t, "/access/v1/evaluate", fine).want(t, 404)
}

func TestRevisions(t *testing.T) {
	t.Parallel()
	p := start(t, example("certification"), authzen.Config{}, server.Limits{WaitRevision: 20_000_000})
	r := p.send(t, evaluation, fine)
	revision := r.header.Get("Writ-Revision")
	r.want(t, 200, `"revision":"`+revision+`"`)
	p.send(t, evaluation, fine, "Writ-Revision", revision).want(t, 200)
	late := p.send(t, evaluation, fine, "Writ-Revision", "1000000")
	late.want(t, 503, "revision 1000000 is not here yet")
	if late.header.Get("Retry-After") == "" {
		t.Error("503 without Retry-After")
	}
	p.send(t, evaluation, fine, "Writ-Revision", "x").want(t, 400)
	p.send(t, evaluation, fine, "Writ-As-Of", "yesterday").want(t, 400)
	p.send(t, evaluation, fine, "Writ-As-Of", "2999-01-01T00:00:00Z").want(t, 400, "in the future")
	p.send(t, evaluation, fine, "Writ-As-Of", "2001-01-01T00:00:00Z").want(t, 404)
	p.send(t, evaluation, fine, "Writ-As-Of", "2001-01-01T00:00:00Z", "Writ-Revision", "1").want(t, 400, "exclude one another")
}
