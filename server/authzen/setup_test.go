package authzen_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/server/authzen"
	"github.com/writ-dev/writ/server/internal/servertest"
)

// pdp is a decision point with the policy of an example.
type pdp struct {
	*httptest.Server
	env   *environment.Environment
	token string
}

func example(scenario string) string {
	return filepath.Join("../../examples/authzen", scenario, "policy.yml")
}

func start(tb testing.TB, file string, c authzen.Config, limits server.Limits) *pdp {
	tb.Helper()
	e := servertest.Open(tb, file)
	protocol, err := authzen.New(c)
	if err != nil {
		tb.Fatal(err)
	}
	s, token := servertest.Serve(tb, e, server.Read, limits, protocol)
	h := httptest.NewServer(s)
	tb.Cleanup(h.Close)
	return &pdp{h, e, token}
}

// reply is an answer.
type reply struct {
	status int
	body   []byte
	header http.Header
}

// send posts a body with headers, pairs of name and value.
func (p *pdp) send(tb testing.TB, path, body string, headers ...string) reply {
	tb.Helper()
	r, err := http.NewRequest(http.MethodPost, p.URL+path, bytes.NewReader([]byte(body)))
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+p.token)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		if r.Header.Del(headers[i]); headers[i+1] != "" {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	return p.do(tb, r)
}

func (p *pdp) do(tb testing.TB, r *http.Request) reply {
	tb.Helper()
	answer, err := p.Client().Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return reply{answer.StatusCode, text, answer.Header}
}
