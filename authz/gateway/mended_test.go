package gateway_test

import (
	"strings"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/gateway"
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
