package server_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/environment/memory"
	"github.com/writ-dev/writ/authz/openfga"
	"github.com/writ-dev/writ/authz/policyfile"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/server/authzen"
	"github.com/writ-dev/writ/server/permit"
)

// The attributes that no log may have: two words and a number, stored ones and those of a request.
const (
	storedSecret = "quartz-stored"
	askedSecret  = "quartz-asked"
	numberSecret = "918273645"
)

// logged makes a server of a policy and its facts with every protocol, whose decision log goes to s.log.
func logged(t *testing.T, text string) *stand {
	t.Helper()
	p, err := policyfile.Parse([]byte(text), writ.Position{File: "policy.yml", Line: 1, Col: 1}, policyfile.Options{
		OpenFGA: func(file string, text []byte) (*authz.Model, error) {
			doc, err := openfga.Parse(file, text)
			if err != nil {
				return nil, err
			}
			return doc.Model()
		},
		File: func(name string) ([]byte, error) { return []byte(hours), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	source, err := p.Source()
	if err != nil {
		t.Fatal(err)
	}
	zen, err := authzen.New(authzen.Config{})
	if err != nil {
		t.Fatal(err)
	}
	brief, err := authzen.New(authzen.Config{Brief: true})
	if err != nil {
		t.Fatal(err)
	}
	// Beside the other one, at a path that is not its own.
	answers := brief.Handler
	brief.Name, brief.Prefixes = "brief", []string{"/brief"}
	brief.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = "/access/v1/evaluation"
		answers.ServeHTTP(w, r)
	})
	log := &lockedBuffer{}
	s := newStand(t, server.Config{
		Protocols: []server.Protocol{zen, brief, permit.New(permit.Config{})},
		Decisions: server.DecisionLog{Logger: slog.New(slog.NewJSONHandler(log, nil))},
	})
	s.log = log
	s.env, err = environment.Open(t.Context(), environment.Config{
		Store: &memory.Store{}, Now: s.clock, Initial: source,
		Parse: func(source authz.Source) (environment.Document, error) {
			if source.Format == "openfga" {
				return openfga.ParseStored(source.Text)
			}
			return schema.Parse([]byte(source.Text))
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.env.Write(context.Background(), environment.Write{
		Actor: writ.Subject{Type: "system", ID: "test"}, Kind: "facts.write", Subject: "facts",
		Plan: func(*environment.State) (all []authz.Change, err error) {
			for _, f := range p.Facts {
				all = append(all, f.Change)
			}
			return all, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.s.Open("default", "default", s.env)
	return s
}

const hours = `model
  schema 1.1
type user
type document
  relations
    define read: [user with hours]
condition hours(hour: int, word: string, until: int) {
  hour < until && word == "x"
}
`

const documents = `
resources:
  document:
    actions: [read]
    attributes: {state: string, level: number}
    roles: {reader: read}
roles: {clerk: "document:read"}
%RULES%
facts:
  users:
    ann: {attributes: {word: ` + storedSecret + `, number: ` + numberSecret + `, list: [` + storedSecret + `]}, roles: {default: clerk}}
    eve: {attributes: {word: ` + storedSecret + `, number: ` + numberSecret + `, list: [` + storedSecret + `]}}
  instances:
    document:plan: {tenant: default, attributes: {state: ` + storedSecret + `, level: ` + numberSecret + `}}
`

// Every denial in the log has its revision and why, by every protocol; what a condition saw is never in it.
func TestTheLogSaysWhyWithoutValues(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ policy, user, want string }{
		"no role":                    {"", "eve", "user:eve may not read document:plan: "},
		"nobody":                     {"", "nobody", "nothing is stored about user:nobody"},
		"a rule that does not hold":  {"user_sets: {u: user.word == \"x\"}\nrules: {r: {allow: u, to: document:read}}", "eve", "does not hold"},
		"a number":                   {"user_sets: {u: user.number < 7}\nrules: {r: {allow: u, to: document:read}}", "eve", "does not hold"},
		"of the resource":            {"resource_sets: {s: {resource: document, when: resource.state == \"x\" || resource.level < 7}}\nrules: {r: {allow: everyone, to: document:read, on: s}}", "eve", "does not hold"},
		"of the request":             {"rules: {r: {allow: everyone, to: document:read, when: context.word == \"x\" && user.asked == \"y\"}}", "eve", "does not hold"},
		"no answer":                  {"rules: {r: {allow: everyone, to: document:read, when: user.missing == user.word}}", "eve", ""},
		"no answer, by a comparison": {"rules: {r: {allow: everyone, to: document:read, when: user.word < user.number}}", "eve", ""},
		"in a list":                  {"rules: {r: {allow: everyone, to: document:read, when: '\"x\" in user.list'}}", "eve", "does not hold"},
		"denied":                     {"rules: {r: {deny: everyone, to: document:read, when: user.word != resource.key}}", "ann", "denies it"},
		"denied by a set":            {"user_sets: {u: user.number > 7}\nresource_sets: {s: {resource: document, when: resource.level > 7}}\nrules: {r: {deny: u, to: document:read, on: s}}", "ann", "denies it"},
		"denied, for no answer":      {"rules: {r: {deny: everyone, to: document:read, when: user.word < 7}}", "ann", "has no answer"},
		"denied, but for":            {"rules: {r: {deny: everyone, to: document:read, except: context.word == user.word}}", "ann", "denies it"},
		"another tenant":             {"", "ann@acme", "is in tenant default"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := logged(t, strings.Replace(documents, "%RULES%", c.policy, 1))
			s.deny(c.user, "document", "plan", c.want)
		})
	}
	t.Run("a condition of a tuple", func(t *testing.T) {
		t.Parallel()
		s := logged(t, "model: hours.fga\nfacts:\n  tuples:\n    - {tuple: user:ann read document:plan, condition: hours, params: {until: 7, word: "+storedSecret+"}}\n")
		s.deny("ann", "document", "plan", "does not hold")
	})
	t.Run("a tuple that has expired", func(t *testing.T) {
		t.Parallel()
		s := logged(t, strings.Replace(documents, "%RULES%", "", 1)+"  tuples:\n    - {tuple: user:eve reader document:plan, expires: 2026-05-01T00:00:00Z}\n")
		s.deny("eve", "document", "plan", "which expired at 2026-05-01")
	})
}

// deny asks by every protocol, wants a denial, and looks at what was logged of it.
func (s *stand) deny(user, kind, id, want string) {
	s.t.Helper()
	user, tenant, _ := strings.Cut(user, "@")
	read, _ := s.key(server.Read, 0)
	word, number := askedSecret, numberSecret
	properties := `{"asked":"` + word + `"}`
	context := `{"word":"` + word + `","hour":` + number + `}`
	entity := `{"subject":{"type":"user","id":"` + user + `","properties":` + properties + `},"action":{"name":"read"},"resource":{"type":"` + kind + `","id":"` + id + `"},"context":` + context + `}`
	check := func(more string) string {
		return `{"user":{"key":"` + user + `","attributes":` + properties + `},"action":"read","resource":{"type":"` + kind + `","key":"` + id + `","tenant":"` + tenant + `"},"context":` + context + more + `}`
	}
	questions := []struct{ protocol, path, body string }{
		{"permit", "/allowed", check("")},
		{"permit", "/allowed", check(`,"use_debugger":true`)},
		{"permit", "/allowed/bulk", "[" + check("") + "]"},
		{"permit", "/v1/data/permit/root", `{"input":` + check("") + `}`},
	}
	if tenant == "" { // the other protocols name none
		questions = append(questions, []struct{ protocol, path, body string }{
			{"authzen", "/access/v1/evaluation", entity},
			{"authzen", "/access/v1/evaluations", `{"evaluations":[` + entity + `]}`},
			{"brief", "/brief", entity},
			{"writ", server.PathCheck, entity},
		}...)
	}
	for _, q := range questions {
		before := len(s.decisions())
		r := httptest.NewRequestWithContext(s.t.Context(), http.MethodPost, q.path, strings.NewReader(q.body))
		r.Header.Set("Authorization", "Bearer "+read)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.s.ServeHTTP(w, r)
		all := s.decisions()[before:]
		if w.Code != 200 || len(all) != 1 {
			s.t.Errorf("%s: %d %s, and %d lines in the log", q.path, w.Code, w.Body, len(all))
			continue
		}
		one := all[0]
		reason, _ := one["reason"].(string)
		if one["protocol"] != q.protocol || one["decision"] != "deny" || one["revision"] != w.Header().Get(server.RevisionHeader) || one["revision"] == "" {
			s.t.Errorf("%s: %v", q.path, one)
		}
		if reason == "" || !strings.Contains(reason, want) {
			s.t.Errorf("%s: the reason is %q, without %q", q.path, reason, want)
		}
	}
	text := s.log.String()
	for _, secret := range []string{storedSecret, askedSecret, numberSecret} {
		if strings.Contains(text, secret) {
			s.t.Errorf("%s is in the log: %s", secret, text)
		}
	}
}

// A request that no mapping rule is for was denied without a line in the log.
func TestARequestWithoutARouteIsLogged(t *testing.T) {
	t.Parallel()
	s := logged(t, strings.Replace(documents, "%RULES%", "", 1))
	read, _ := s.key(server.Read, 0)
	s.ask("POST", "/allowed_url", read, `{"user":{"key":"ann"},"http_method":"GET","url":"https://x.example.com/a/b?token=`+askedSecret+`"}`, 200)
	all := s.decisions()
	if len(all) != 1 || all[0]["decision"] != "deny" || all[0]["revision"] == "" || all[0]["reason"] != "no mapping rule is for this request" ||
		!strings.Contains(all[0]["resource"].(string), "/a/b") || strings.Contains(s.log.String(), askedSecret) {
		t.Errorf("the log has %v", all)
	}
}
