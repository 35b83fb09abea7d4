package urlmap_test

import (
	"reflect"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/authz/schema/urlmap"
)

func TestRules(t *testing.T) {
	t.Parallel()
	high := 5
	rules := urlmap.Rules{Policy: &schema.Schema{Routes: []schema.RouteSet{{Routes: []schema.Route{
		{URL: "/tickets/{id}", Method: "get", Resource: "ticket"},
		{URL: "/tickets/special", Method: "get", Resource: "special", Action: "look", Priority: &high},
		{URL: "https://api.example.com/{what}?page={n}", Method: "GET", Resource: "page", Action: "read"},
		{URL: `/v(?P<version>\d+)/x`, Method: "POST", Resource: "versioned", Type: "regex"},
	}}}}}
	for address, want := range map[string]struct {
		action, kind string
		values       map[string]any
	}{
		"GET /tickets/7":                            {"get", "ticket", map[string]any{"id": "7"}},
		"get /tickets/special":                      {"look", "special", map[string]any{}},
		"GET https://api.example.com/list?page=2":   {"read", "page", map[string]any{"what": "list", "n": "2"}},
		"GET https://other.example.com/list?page=2": {},
		"POST /v12/x":                               {"post", "versioned", map[string]any{"version": "12"}},
		"POST /tickets/7":                           {},
		"GET /tickets":                              {},
		"GET /tickets/":                             {},
		"GET //tickets/7":                           {},
		"GET /tickets/..":                           {},
		"GET /x/../tickets/7":                       {},
		"GET /tickets/%2e%2e":                       {},
		`GET /tickets/a\b`:                          {},
		"GET /tickets/..;x":                         {},
		"GET http://[::1/tickets":                   {},
	} {
		method, url := address[:4], address[4:]
		if method == "POST" {
			url = address[5:]
		} else {
			method = method[:3]
		}
		action, kind, values, ok := rules.Map(method, url)
		if action != want.action || kind != want.kind || ok != (want.kind != "") || !reflect.DeepEqual(values, want.values) {
			t.Errorf("%s: %q %q %v %t, want %+v", address, action, kind, values, ok, want)
		}
	}
	if _, _, err := urlmap.Match(rules.Policy, "GET", "http://[::1/"); writ.CodeOf(err) != writ.CodeInvalid {
		t.Errorf("an address that cannot be read: %v", err)
	}
}
