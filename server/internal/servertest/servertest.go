// Package servertest makes decision points for tests: an environment from a policy file, and a server of it with a key.
package servertest

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/environment/memory"
	"github.com/writ-dev/writ/authz/policyfile"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/server"
)

// Open makes the environment of a policy file, with its facts, in memory.
func Open(tb testing.TB, file string) *environment.Environment {
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
	e, err := environment.Open(tb.Context(), environment.Config{
		Store: &memory.Store{}, Now: time.Now, Initial: source,
		Parse: func(s authz.Source) (environment.Document, error) { return schema.Parse([]byte(s.Text)) },
	})
	if err != nil {
		tb.Fatal(err)
	}
	var facts []authz.Change
	for _, f := range p.Facts {
		facts = append(facts, f.Change)
	}
	Write(tb, e, facts...)
	return e
}

// actor is in whose name tests write.
func actor() writ.Subject { return writ.Subject{Type: "system", ID: "test"} }

// Write makes changes, and gives the revision that has them.
func Write(tb testing.TB, e *environment.Environment, changes ...authz.Change) (revision string) {
	tb.Helper()
	s, err := e.Write(tb.Context(), environment.Write{
		Actor: actor(), Kind: "facts.write", Subject: "facts",
		Plan: func(*environment.State) ([]authz.Change, error) { return changes, nil },
	})
	if err != nil {
		tb.Fatal(err)
	}
	return strconv.FormatUint(s.Head.Seq, 10)
}

// Serve gives a server of the environment as the default one, and a key of a role.
func Serve(tb testing.TB, e *environment.Environment, role server.Role, limits server.Limits, protocols ...server.Protocol) (s *server.Server, token string) {
	tb.Helper()
	s, err := server.New(server.Config{Protocols: protocols, Now: time.Now, Limits: limits})
	if err != nil {
		tb.Fatal(err)
	}
	s.Open(server.DefaultProject, server.DefaultEnv, e)
	token, key, err := server.NewKey(server.DefaultEnv, "test", role, time.Now(), time.Time{})
	if err == nil {
		err = server.AddKey(tb.Context(), e, actor(), key)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return s, token
}
