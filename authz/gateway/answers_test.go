package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/gateway"
)

var update = flag.Bool("update", false, "write the golden files")

func indent(text json.RawMessage) string {
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return string(text)
	}
	return b.String()
}

// TestAnswers holds events and what is answered, side by side in testdata/answers: each form with what may become of it.
func TestAnswers(t *testing.T) {
	t.Parallel()
	down := checker(func(context.Context, writ.Request) (writ.Decision, error) {
		return writ.Decision{Allowed: true}, errors.New("connection refused")
	})
	routes := []gateway.Route{
		route("GET", "/documents/{id}", ask("", "document:{id}", "{claims.org}")),
		{Method: "GET", Path: "/documents", Ask: ask("", "document", "{claims.org}"), Group: 1},
		{Method: "POST", Path: "/documents", Ask: ask("", "document", "{claims.org}"), Group: 1},
		{Method: "GET", Path: "/documents/{id}/comments", Ask: ask("", "comment", "{claims.org}"), Group: 1},
		{Method: "GET", Path: "/me", Ask: &gateway.Ask{Signed: true, Tenant: "{claims.org}"}, Group: 1},
	}
	one := request{method: "GET", path: "/documents/budget", template: "/documents/{id}", parameters: map[string]string{"id": "budget"}, token: "ann-token"}
	denied, nobody, group := one, one, one
	denied.path, denied.parameters = "/documents/salaries", map[string]string{"id": "salaries"}
	nobody.token = "forged"
	group.path, group.template, group.parameters = "/documents", "/documents", nil
	for _, c := range []struct {
		name    string
		request request
		check   writ.Checker
		config  gateway.Config
	}{
		{"allow", one, checker(annReads), gateway.Config{}},
		{"allow-debug", one, checker(annReads), gateway.Config{Debug: true, UsageKey: "plan-{claims.org}"}},
		{"deny", denied, checker(annReads), gateway.Config{}},
		{"unauthorized", nobody, checker(annReads), gateway.Config{}},
		{"failure-deny", one, down, gateway.Config{FailMode: gateway.FailDeny}},
		{"failure-error", one, down, gateway.Config{FailMode: gateway.FailError}},
		{"group", group, checker(annReads), gateway.Config{}},
		{"group-failure", group, down, gateway.Config{FailMode: gateway.FailDeny}},
	} {
		for _, form := range forms {
			for _, simple := range []bool{false, true} {
				if simple && form != gateway.HTTP2 || simple && strings.HasPrefix(c.name, "group") {
					continue
				}
				c.config.Routes, c.config.Simple = routes, simple
				if simple {
					c.config.Routes = routes[:1]
				}
				a := newAuthorizer(t, c.config, dependencies(c.check))
				event := c.request.event(form)
				answer, err := a.Handle(t.Context(), event)
				got := "event:\n" + indent(event) + "\n\nanswer:\n" + indent(answer) + "\n"
				if err != nil {
					got = "event:\n" + indent(event) + "\n\nerror:\n" + err.Error() + "\n"
				}
				name := strings.ReplaceAll(strings.ToLower(form.String()), " ", "-")
				if simple {
					name += "-simple"
				}
				golden(t, name+"-"+c.name+".txt", got)
			}
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "answers", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

// What is answered is never more than API Gateway takes, whatever stands in it.
func TestAnswersFit(t *testing.T) {
	t.Parallel()
	long := func(context.Context, writ.Request) (writ.Decision, error) {
		d := writ.Decision{Allowed: true, Revision: strings.Repeat("9", 200)}
		for i := range 900 {
			d.Reasons = append(d.Reasons, writ.Reason{Message: fmt.Sprintf("reason %d: \"ä\"", i)})
		}
		return d, nil
	}
	name := strings.Repeat(`"`, 512)
	d := dependencies(checker(long))
	d.Identify = callers{"t": caller(name, map[string]any{"org": name})}
	a := newAuthorizer(t, gateway.Config{Debug: true, Routes: []gateway.Route{route("GET", "/{id}", ask("", "document:{id}", "{claims.org}"))}}, d)
	r := request{method: "GET", path: "/x", template: "/{id}", parameters: map[string]string{"id": "x"}, token: "t"}
	text, err := a.Handle(t.Context(), r.event(gateway.RESTRequest))
	if err != nil {
		t.Fatal(err)
	}
	answer := read(t, text)
	if len(text) > 8192 || len(text) < 8000 || !strings.HasSuffix(answer.Context["reasons"], "...") || !answer.admits(t, r.arn(gateway.RESTRequest)) {
		t.Errorf("%d bytes: %s", len(text), text)
	}
}

// The largest policy of every group fits an answer, for the longest names there are.
func TestPlannedPoliciesFit(t *testing.T) {
	t.Parallel()
	var routes []gateway.Route
	for i := range 200 {
		routes = append(routes, route("DELETE", fmt.Sprintf("/a-long-way-to-the-thing-%03d/{id}", i), ask("", "document", "{claims.org}")))
	}
	stage := strings.Repeat("s", 128)
	planned := gateway.Plan(routes, gateway.PlanOptions{Stage: stage})
	name := strings.Repeat(`"`, 256)
	sizes, alone := map[int]int{}, len(planned.Alone)
	for _, allowed := range []bool{true, false} {
		d := dependencies(checker(func(context.Context, writ.Request) (writ.Decision, error) {
			return writ.Decision{Allowed: allowed, Revision: strings.Repeat(`"`, 64)}, nil
		}))
		d.NewID = func() string { return strings.Repeat(`"`, 100) }
		d.Identify = callers{"t": caller(name, map[string]any{"org": name, "plan": strings.Repeat(`"`, 128)})}
		a := newAuthorizer(t, gateway.Config{
			Routes: planned.Routes, Debug: true, UsageKey: "{claims.plan}", Subject: gateway.SubjectMapping{Type: strings.Repeat("u", 64)},
		}, d)
		for i, r := range planned.Routes {
			if r.Group == 0 {
				continue
			}
			path := strings.ReplaceAll(r.Path, "{id}", "x")
			event, _ := json.Marshal(map[string]any{
				"type": "REQUEST", "resource": r.Path, "path": path, "httpMethod": r.Method, "headers": map[string]string{"authorization": "t"},
				"methodArn":      "arn:aws-us-gov:execute-api:ap-northeast-1:123456789012:abcdef1234/" + stage + "/" + r.Method + path,
				"pathParameters": map[string]string{"id": "x"}, "requestContext": map[string]any{},
			})
			text, err := a.Handle(t.Context(), event)
			if err != nil {
				t.Fatalf("route %d: %v", i, err)
			}
			if len(text) > 8192 {
				t.Fatalf("route %d: %d bytes", i, len(text))
			}
			sizes[r.Group] = max(sizes[r.Group], len(text))
		}
	}
	t.Logf("%d routes in %d groups of at most %v bytes, %d alone", len(routes)-alone, len(sizes), sizes, alone)
	if len(sizes) != 9 || alone == 0 || sizes[1] < 7500 {
		t.Errorf("the test does not come near the bound: groups of %v bytes, %d alone", sizes, alone)
	}
}
