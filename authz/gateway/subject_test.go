package gateway_test

import (
	"context"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/gateway"
	"github.com/writ-dev/writ/identity"
)

// asksAs gives whom the policy is asked about when a token has these claims; "" when the request is denied before.
func asksAs(t *testing.T, who identity.Caller, s gateway.SubjectMapping, tenant gateway.Template) (subject writ.Subject, in any) {
	t.Helper()
	d := dependencies(checker(func(_ context.Context, r writ.Request) (writ.Decision, error) {
		subject, in = r.Subject, r.Resource.Properties["tenant"]
		return writ.Decision{}, nil
	}))
	d.Identify = callers{"t": who}
	a := newAuthorizer(t, gateway.Config{Routes: []gateway.Route{route("GET", "/x", ask("read", "document", string(tenant)))}, Subject: s}, d)
	if allowed, _, err := verdict(t, a, gateway.HTTP2, request{method: "GET", path: "/x", template: "/x", token: "t"}); allowed || err != nil {
		t.Fatalf("allowed %t, %v", allowed, err)
	}
	return subject, in
}

// An ID that is made of claims has the issuer's prefix: without it a partner's ann would be the staff's.
func TestSubjectHasTheIssuersPrefix(t *testing.T) {
	t.Parallel()
	partner := identity.Caller{Kind: identity.JWT, Subject: "partner:ann", Prefix: "partner:", Claims: map[string]any{"sub": "ann", "name": "Ann"}}
	for id, want := range map[gateway.Template]string{"": "partner:ann", "{claims.sub}": "partner:ann", "x-{claims.name}": "partner:x-Ann"} {
		if got, _ := asksAs(t, partner, gateway.SubjectMapping{ID: id}, ""); got.ID != want {
			t.Errorf("%q: %q, want %q", id, got.ID, want)
		}
	}
}

// An ID that is made of claims is held to what a token's sub is held to.
func TestSubjectOfClaimsIsChecked(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, want string }{
		{"ann", "ann"}, {" ann", ""}, {"ann\u00a0", ""}, {"a\x00nn", ""}, {"*", ""}, {"", ""},
	} {
		if got, _ := asksAs(t, caller("m", map[string]any{"name": c.name}), gateway.SubjectMapping{ID: "{claims.name}"}, ""); got.ID != c.want {
			t.Errorf("%q: %q, want %q", c.name, got.ID, c.want)
		}
	}
}
