package authzen_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/environment/memory"
	"github.com/writ-dev/writ/authz/policyfile"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/server/authzen"
)

// pdp is a decision point with the policy of an example.
type pdp struct {
	*httptest.Server
	env   *environment.Environment
	token string
}

// pages makes the environment of a policy file.
func open(tb testing.TB, file string) *environment.Environment {
	tb.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	p, err := policyfile.Parse(text, writ.Position{File: file, Line: 1, Col: 1}, policyfile.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	source, err := p.Source()
	if err != nil {
		tb.Fatal(err)
	}
	e, err := environment.Open(context.Background(), environment.Config{
		Store: &memory.Store{}, Now: time.Now, Initial: source,
		Parse: func(s authz.Source) (environment.Document, error) { return schema.Parse([]byte(s.Text)) },
	})
	if err != nil {
		tb.Fatal(err)
	}
	_, err = e.Write(context.Background(), environment.Write{
		Actor: writ.Subject{Type: "system", ID: "test"}, Kind: "facts.write", Subject: "facts",
		Plan: func(*environment.State) ([]authz.Change, error) {
			var all []authz.Change
			for _, f := range p.Facts {
				all = append(all, f.Change)
			}
			return all, nil
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

func example(scenario string) string {
	return filepath.Join("../../examples/authzen", scenario, "policy.yml")
}

func start(tb testing.TB, file string, c authzen.Config, limits server.Limits) *pdp {
	tb.Helper()
	e := open(tb, file)
	protocol, err := authzen.New(c)
	if err != nil {
		tb.Fatal(err)
	}
	s, err := server.New(server.Config{Protocols: []server.Protocol{protocol}, Now: time.Now, Limits: limits})
	if err != nil {
		tb.Fatal(err)
	}
	s.Open(server.DefaultProject, server.DefaultEnv, e)
	token, key, err := server.NewKey(server.DefaultEnv, "test", server.Read, time.Now(), time.Time{})
	if err != nil {
		tb.Fatal(err)
	}
	if err := server.AddKey(context.Background(), e, writ.Subject{Type: "system", ID: "test"}, key); err != nil {
		tb.Fatal(err)
	}
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
