package authzen_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/server/authzen"
	"github.com/writ-dev/writ/server/internal/servertest"
)

// A key of the role ask gets decisions, and no lists.
func TestAsk(t *testing.T) {
	t.Parallel()
	protocol, err := authzen.New(authzen.Config{})
	if err != nil {
		t.Fatal(err)
	}
	s, token := servertest.Serve(t, servertest.Open(t, example("certification")), server.Ask, server.Limits{}, protocol)
	const body = `{"subject":{"type":"user","id":"a"},"action":{"name":"read"},"resource":{"type":"record","id":"1"}}`
	for path, want := range map[string]int{
		"/access/v1/evaluation": 200, "/access/v1/evaluations": 200,
		"/access/v1/search/subject": 403, "/access/v1/search/resource": 403, "/access/v1/search/action": 403,
		"/access/v1/search/subject/access/v1/evaluation": 403,
	} {
		r := httptest.NewRequestWithContext(t.Context(), "POST", path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s: %d, want %d: %s", path, w.Code, want, w.Body)
		}
	}
}
