package authzen_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/server/authzen"
	"github.com/writ-dev/writ/server/internal/servertest"
)

// sink is an answer's writer that keeps nothing.
type sink struct {
	header http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }

// An evaluation, from the request's headers to the written answer, allocates no more than this: what it did when
// the ceiling was set, and a little. net/http's own part of a request is not in it.
func TestAllocationsOfAnEvaluation(t *testing.T) {
	for name, c := range map[string]struct {
		config  authzen.Config
		ceiling float64
	}{
		"brief":   {authzen.Config{Brief: true}, briefCeiling},
		"reasons": {authzen.Config{}, reasonsCeiling},
	} {
		protocol, err := authzen.New(c.config)
		if err != nil {
			t.Fatal(err)
		}
		s, token := servertest.Serve(t, servertest.Open(t, example("certification")), server.Read, server.Limits{}, protocol)
		body := strings.NewReader(fine)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, evaluation, body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		whole := r.Body
		w := &sink{header: http.Header{}}
		got := testing.AllocsPerRun(200, func() {
			body.Reset(fine)
			r.Body, w.status = whole, 0
			clear(w.header)
			s.ServeHTTP(w, r)
			if w.status != http.StatusOK {
				t.Fatalf("status %d", w.status)
			}
		})
		t.Logf("%s: %.0f allocations", name, got)
		if got > c.ceiling && !raced {
			t.Errorf("%s: %.0f allocations, more than %.0f", name, got, c.ceiling)
		}
	}
}

const briefCeiling, reasonsCeiling = 31, 73
