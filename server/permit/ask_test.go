package permit_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/server"
)

// A key of the role ask gets decisions; lists, facts and the schema are not for it, whichever way it is sent.
func TestAsk(t *testing.T) {
	t.Parallel()
	s, _ := world(t, authz.Source{Format: "policy", Text: `{"resources":[{"key":"document","actions":[{"key":"read"}]}],"roles":[{"key":"clerk"}]}`})
	const body = `{"user": {"key": "ann"}, "action": "read", "resource": {"type": "document"}}`
	inBody := `{"headers": {"Authorization": "Bearer ` + token(server.Ask) + `"}, "params": ` + body + `}`
	for _, c := range []struct {
		method, path, body string
		refused            bool
	}{
		{"POST", "/allowed", body, false},
		{"POST", "/allowed/bulk", "[" + body + "]", false},
		{"POST", "/v1/data/permit/root", `{"input": ` + body + `}`, false},
		{"POST", "/user-permissions", body, true},
		{"POST", "/authorized_users", body, true},
		{"POST", "/allowed/all-tenants", inBody, true},
		{"POST", "/v1/data/permit/user_permissions", `{"input": {}}`, true},
		{"GET", "/local/role_assignments", "", true},
		{"GET", "/v2/facts/shop/dev/users", "", true},
		{"GET", "/v2/schema/shop/dev/resources", "", true},
		{"POST", "/v2/facts/shop/dev/users", `{"key": "x"}`, true},
	} {
		r := httptest.NewRequestWithContext(t.Context(), c.method, c.path, strings.NewReader(c.body))
		r.Header.Set("Content-Type", "application/json")
		if c.body != inBody {
			r.Header.Set("Authorization", "Bearer "+token(server.Ask))
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if (w.Code == 403) != c.refused || !c.refused && w.Code != 200 {
			t.Errorf("%s %s: %d %s", c.method, c.path, w.Code, w.Body)
		}
	}
}
