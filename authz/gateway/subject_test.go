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

// Who may write their own address could otherwise choose whom to be: as subject, in a tenant or as an attribute.
func TestAddressesMustBeVerified(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]string{"email": "email_verified", "phone_number": "phone_number_verified"} {
		claim := gateway.Template("{claims." + name + "}")
		for _, c := range []struct {
			verified any
			want     bool
		}{{nil, false}, {false, false}, {"false", false}, {int64(1), false}, {true, true}, {"true", true}} {
			who := caller("m", map[string]any{name: "boss@example.com", by: c.verified})
			for what, s := range map[string]gateway.SubjectMapping{
				"id": {ID: claim}, "property": {Properties: map[string]string{"address": name}}, "tenant": {},
			} {
				tenant := gateway.Template("")
				if what == "tenant" {
					tenant = claim
				}
				if got, _ := asksAs(t, who, s, tenant); (got.ID != "") != c.want {
					t.Errorf("%s of %s, %s %v: asked as %q", what, name, by, c.verified, got.ID)
				}
			}
		}
	}
}

// What becomes one text for two claims names nobody, and no tenant.
func TestClaimsThatNameTwo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		claims map[string]any
		want   string
	}{
		{map[string]any{"org": "acme"}, "acme"},
		{map[string]any{"org": int64(9223372036854775807)}, "9223372036854775807"},
		{map[string]any{"org": float64(1 << 63)}, ""},
		{map[string]any{"org": 1.0}, ""},
		{map[string]any{"org": true}, ""},
		{map[string]any{"org": nil}, ""},
		{map[string]any{"org": []any{"acme"}}, ""},
	} {
		who := caller("m", c.claims)
		if _, in := asksAs(t, who, gateway.SubjectMapping{}, "{claims.org}"); in != c.want && !(in == nil && c.want == "") {
			t.Errorf("%v: tenant %v, want %q", c.claims, in, c.want)
		}
		if got, _ := asksAs(t, who, gateway.SubjectMapping{ID: "{claims.org}"}, ""); got.ID != c.want {
			t.Errorf("%v: subject %q, want %q", c.claims, got.ID, c.want)
		}
	}
}

// A claim that is there by its whole name and in an object may be either.
func TestClaimsInTwoPlaces(t *testing.T) {
	t.Parallel()
	nested := map[string]any{"id": "nested"}
	for _, c := range []struct {
		claims map[string]any
		want   string
	}{
		{map[string]any{"org.id": "flat"}, "flat"},
		{map[string]any{"org": nested}, "nested"},
		{map[string]any{"org.id": "flat", "org": map[string]any{"name": "x"}}, "flat"},
		{map[string]any{"org.id": "flat", "org": nested}, ""},
		{map[string]any{"org.id": nil, "org": nested}, ""},
	} {
		who := caller("m", c.claims)
		if got, _ := asksAs(t, who, gateway.SubjectMapping{ID: "{claims.org.id}"}, ""); got.ID != c.want {
			t.Errorf("%v: subject %q, want %q", c.claims, got.ID, c.want)
		}
		got, _ := asksAs(t, who, gateway.SubjectMapping{Properties: map[string]string{"org": "org.id"}}, "")
		if (got.ID != "") != (c.want != "") || c.want != "" && got.Properties["org"] != c.want {
			t.Errorf("%v: property %v, want %q", c.claims, got.Properties["org"], c.want)
		}
	}
}
