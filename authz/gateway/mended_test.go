package gateway_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/gateway"
	"github.com/writ-dev/writ/identity"
)

// panicking are URL mapping rules that break.
type panicking struct{}

func (panicking) Map(string, string) (string, string, map[string]any, bool) { panic("a secret") }

// Mapping rules that panic are a failure like any other.
func TestMappingThatPanics(t *testing.T) {
	t.Parallel()
	for mode, failed := range map[gateway.FailMode]bool{gateway.FailDeny: false, gateway.FailError: true} {
		d := dependencies(checker(annReads))
		d.Mapping = panicking{}
		a := newAuthorizer(t, gateway.Config{FailMode: mode, Routes: []gateway.Route{route("GET", "/x", &gateway.Ask{Mapping: true})}}, d)
		allowed, _, err := verdict(t, a, gateway.HTTP2, request{method: "GET", path: "/x", template: "/x", token: "ann-token"})
		if allowed || (err != nil) != failed || err != nil && (strings.Contains(err.Error(), "a secret") || writ.CodeOf(err) != writ.CodeExternal) {
			t.Errorf("%s: allowed %t, %v", mode, allowed, err)
		}
	}
}

// Two proofs that differ are said to differ, and neither is quoted.
func TestNoTokenInTheErrorOfAnEvent(t *testing.T) {
	t.Parallel()
	event := changed(t, changed(t, budget.event(gateway.HTTP1), "Bearer SECRET1,k", "identitySource"), "Bearer SECRET2", "authorizationToken")
	_, err := gateway.ReadEvent(event)
	if writ.CodeOf(err) != writ.CodeInvalid || !strings.Contains(err.Error(), "two different ones") || strings.Contains(err.Error(), "SECRET") {
		t.Error(err)
	}
}

// stuck does not end with its context, only when it is let go.
type stuck struct{ letGo chan struct{} }

func (s stuck) Identify(context.Context, *gateway.Call) (identity.Caller, error) {
	<-s.letGo
	return caller("ann", nil), nil
}

func (s stuck) Check(context.Context, writ.Request) (writ.Decision, error) {
	<-s.letGo
	return writ.Decision{Allowed: true}, nil
}

// The time limit holds for parts that do not mind their context: without it this test does not end.
func TestTimeoutHoldsWhateverThePartsDo(t *testing.T) {
	t.Parallel()
	s := stuck{make(chan struct{})}
	defer close(s.letGo)
	for name, change := range map[string]func(*gateway.Dependencies){
		"identify": func(d *gateway.Dependencies) { d.Identify = s },
		"check":    func(d *gateway.Dependencies) { d.Check = s },
	} {
		d := dependencies(checker(annReads))
		change(&d)
		a := newAuthorizer(t, gateway.Config{
			Timeout: gateway.Duration(30 * time.Millisecond), FailMode: gateway.FailError,
			Routes: []gateway.Route{route("GET", "/x", ask("read", "document", ""))},
		}, d)
		allowed, _, err := verdict(t, a, gateway.HTTP2, request{method: "GET", path: "/x", template: "/x", token: "ann-token"})
		if allowed || writ.CodeOf(err) != writ.CodeExternal || !strings.Contains(err.Error(), "no decision within 30ms") {
			t.Errorf("%s: allowed %t, %v", name, allowed, err)
		}
	}
}

// Paths of one event that differ in slashes alone are odd: denied, and no error.
func TestSlashesAloneAreOdd(t *testing.T) {
	t.Parallel()
	a := newAuthorizer(t, gateway.Config{Debug: true, Routes: []gateway.Route{route("GET", "/books/{id}", &gateway.Ask{Signed: true})}}, dependencies(checker(annReads)))
	for _, path := range []string{"/books/emma%2F", "/books/%2Femma", "/books%2F/emma", "/books//emma", "/books/emma"} {
		r := request{method: "GET", path: "/books/emma", template: "/books/{id}", parameters: map[string]string{"id": "emma"}, token: "ann-token"}
		for _, form := range []gateway.Form{gateway.RESTRequest, gateway.HTTP1} {
			event := changed(t, r.event(form), path, "path")
			text, err := a.Handle(t.Context(), event)
			if err != nil {
				t.Errorf("%s of %s: %v", path, form, err)
				continue
			}
			answer := read(t, text)
			if plain := path == "/books/emma"; answer.admits(t, r.arn(form)) != plain || (answer.Context["reasons"] == "") != plain {
				t.Errorf("%s of %s: %+v", path, form, answer)
			}
		}
	}
}
