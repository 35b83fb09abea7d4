package identity_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/identity"
)

// TestOverTheWire: an issuer that serves its discovery document and keys, as a verifier without a Fetch of its own meets it.
func TestOverTheWire(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	mux.HandleFunc("/pool/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`{"issuer":"` + server.URL + `/pool","jwks_uri":"` + server.URL + `/keys","x":1}`))
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(jwksOf(edKey())) })
	i, err := identity.DiscoverFrom(t.Context(), nil, server.URL+"/pool")
	if err != nil || i.JWKS != server.URL+"/keys" {
		t.Fatalf("%+v, %v", i, err)
	}
	i.Audiences = []string{"shop"}
	v, err := identity.NewVerifier(identity.Settings{Issuers: []identity.Issuer{i}, Now: (&clock{}).now})
	if err != nil {
		t.Fatal(err)
	}
	caller, err := v.Verify(t.Context(), edKey().token(claims(map[string]any{"iss": i.Issuer}), nil))
	if err != nil || caller.Subject != "ann" {
		t.Fatalf("%+v, %v", caller, err)
	}
	if _, err := identity.DiscoverFrom(t.Context(), nil, server.URL+"/other"); writ.CodeOf(err) != writ.CodeExternal {
		t.Errorf("another path: %v", err)
	}
}

func TestDiscoveryRefuses(t *testing.T) {
	t.Parallel()
	const me = "https://issuer.example.com"
	for name, row := range map[string]struct{ issuer, body, want string }{
		"plain http":          {"http://issuer.example.com", "", "is not https"},
		"a query":             {me + "?a=b", "", "has a query"},
		"no URL":              {"issuer.example.com", "", "is no URL"},
		"another issuer":      {me, `{"issuer":"https://evil.example.com","jwks_uri":"https://evil.example.com/k"}`, `is of the issuer "https://evil.example.com"`},
		"a slash more":        {me, `{"issuer":"` + me + `/","jwks_uri":"https://a.example.com/k"}`, "is of the issuer"},
		"no keys":             {me, `{"issuer":"` + me + `"}`, "has no `jwks_uri`"},
		"keys over http":      {me, `{"issuer":"` + me + `","jwks_uri":"http://issuer.example.com/k"}`, "is not https"},
		"keys in a file":      {me, `{"issuer":"` + me + `","jwks_uri":"file:///etc/passwd"}`, "is no URL"},
		"keys given twice":    {me, `{"issuer":"` + me + `","jwks_uri":"https://a.example.com","jwks_uri":"https://b.example.com"}`, "twice"},
		"no JSON":             {me, `<html>`, "is not JSON"},
		"more than a million": {me, strings.Repeat(" ", 1<<20+1), "more than"},
		"down":                {me, "", "cannot be read: down"},
	} {
		_, err := identity.DiscoverFrom(t.Context(), func(_ context.Context, url string) (identity.Document, error) {
			if url != me+"/.well-known/openid-configuration" {
				t.Errorf("%s: %s was fetched", name, url)
			}
			if row.body == "" {
				return identity.Document{}, errors.New("down")
			}
			return identity.Document{Body: []byte(row.body)}, nil
		}, row.issuer)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v; wanted %q", name, err, row.want)
		}
	}
}

func TestFetchRefuses(t *testing.T) {
	t.Parallel()
	evil := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the other host was asked") }))
	defer evil.Close()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	secure := httptest.NewTLSServer(http.RedirectHandler(server.URL+"/ok", http.StatusFound))
	defer secure.Close()
	mux.HandleFunc("/ok", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", `public, Max-Age="600"`)
		_, _ = w.Write([]byte("{}"))
	})
	mux.HandleFunc("/no-store", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=99999, no-store")
	})
	mux.Handle("/same", http.RedirectHandler("/ok", http.StatusFound))
	mux.Handle("/away", http.RedirectHandler(evil.URL, http.StatusFound))
	mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusFound))
	mux.HandleFunc("/large", func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(make([]byte, 1<<20+1)) })
	mux.HandleFunc("/cut", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("{"))
	})
	fetch := identity.OverHTTP(nil)
	for path, want := range map[string]time.Duration{"/ok": 10 * time.Minute, "/same": 10 * time.Minute, "/no-store": 5 * time.Minute} {
		if doc, err := fetch(t.Context(), server.URL+path); err != nil || doc.MaxAge != want {
			t.Errorf("%s: %s, %v", path, doc.MaxAge, err)
		}
	}
	for url, want := range map[string]string{
		server.URL + "/away":               "keys come from",
		server.URL + "/loop":               "more than 3 times",
		server.URL + "/missing":            "status 404",
		server.URL + "/large":              "more than 1048576 bytes",
		server.URL + "/cut":                "breaks off",
		"http://issuer.example.com/keys":   "is not https",
		"http://localhost.evil.com/keys":   "is not https",
		"ftp://issuer.example.com/keys":    "is not https",
		"https://a:b@issuer.example.com/k": "user or password",
		"https:issuer.example.com":         "is no URL",
		"file:///etc/passwd":               "is no URL",
		"":                                 "is no URL",
	} {
		if _, err := fetch(t.Context(), url); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; wanted %q", url, err, want)
		} else if strings.Contains(err.Error(), "a:b") {
			t.Errorf("a password in the error: %v", err)
		}
	}
	if _, err := identity.OverHTTP(secure.Client().Transport)(t.Context(), secure.URL); err == nil || !strings.Contains(err.Error(), "keys come from") {
		t.Errorf("from https to http: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := fetch(ctx, server.URL+"/ok"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestCognito(t *testing.T) {
	t.Parallel()
	i, err := identity.Cognito("eu-west-1", "eu-west-1_a1B2c3D4e", "access", "client-1")
	want := identity.Issuer{
		Issuer: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a1B2c3D4e",
		JWKS:   "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a1B2c3D4e/.well-known/jwks.json", Audiences: []string{"client-1"},
		TokenUse: "access", Algorithms: []string{"RS256"},
	}
	if err != nil || !reflect.DeepEqual(i, want) {
		t.Errorf("%+v, %v", i, err)
	}
	if i, err := identity.Cognito("cn-north-1", "cn-north-1_x", "id", "c"); err != nil || !strings.Contains(i.Issuer, ".amazonaws.com.cn/") {
		t.Errorf("China: %+v, %v", i, err)
	}
	for _, bad := range [][2]string{
		{"eu-west-1", "eu-west-2_a"},
		{"eu-west-1", "eu-west-1_"},
		{"eu-west-1", "eu-west-1_a/../b"},
		{"evil.example.com/", "evil.example.com/_a"},
		{"", "_a"},
		{"eu-west-1", ""},
	} {
		if _, err := identity.Cognito(bad[0], bad[1], "access", "c"); writ.CodeOf(err) != writ.CodeInvalid {
			t.Errorf("%q: %v", bad, err)
		}
	}

	p, c := publish(rsaKey(), edKey()), &clock{}
	one, _ := identity.Cognito("eu-west-1", "eu-west-1_one", "access", "client-1")
	two, _ := identity.Cognito("eu-west-1", "eu-west-1_two", "id", "client-2")
	one.SubjectPrefix, two.SubjectPrefix = "one:", "two:"
	v := verifier(t, p, c, func(s *identity.Settings) { s.Issuers = []identity.Issuer{one, two} })
	access := func(i identity.Issuer, client string) map[string]any {
		return claims(map[string]any{"iss": i.Issuer, "aud": nil, "client_id": client, "token_use": "access"})
	}
	id := func(i identity.Issuer, client string) map[string]any {
		return claims(map[string]any{"iss": i.Issuer, "aud": client, "token_use": "id"})
	}
	for name, row := range map[string]struct {
		token, want string
	}{
		"access token":             {rsaKey().token(access(one, "client-1"), nil), "one:ann"},
		"ID token, other pool":     {rsaKey().token(id(two, "client-2"), nil), "two:ann"},
		"ID token as access token": {rsaKey().token(id(one, "client-1"), nil), ""},
		"access token as ID token": {rsaKey().token(access(two, "client-2"), nil), ""},
		"client of the other pool": {rsaKey().token(access(one, "client-2"), nil), ""},
		"third pool":               {rsaKey().token(access(identity.Issuer{Issuer: strings.Replace(one.Issuer, "one", "three", 1)}, "client-1"), nil), ""},
		"not RS256":                {edKey().token(access(one, "client-1"), nil), ""},
	} {
		caller, err := v.Verify(t.Context(), row.token)
		if (err == nil) != (row.want != "") || caller.Subject != row.want {
			t.Errorf("%s: %q, %v", name, caller.Subject, err)
		}
	}
	for _, url := range p.urls {
		if url != one.JWKS && url != two.JWKS {
			t.Errorf("%s was fetched", url)
		}
	}
}

// TestEachIssuerHasItsOwnKeys: a key of one issuer proves nothing of another.
func TestEachIssuerHasItsOwnKeys(t *testing.T) {
	t.Parallel()
	other := identity.Issuer{Issuer: "other", JWKS: "https://other.example.com/keys", Audiences: []string{"shop"}, SubjectPrefix: "other:"}
	v := verifier(t, nil, &clock{}, func(s *identity.Settings) {
		s.Issuers[0].SubjectPrefix = "shop:"
		s.Issuers = append(s.Issuers, other)
		s.Fetch = func(_ context.Context, url string) (identity.Document, error) {
			if url == other.JWKS {
				return identity.Document{Body: jwksOf(signer{"same", "EdDSA", edTwo().private})}, nil
			}
			return identity.Document{Body: jwksOf(signer{"same", "EdDSA", edKey().private})}, nil
		}
	})
	for _, named := range []string{iss, "other"} {
		for n, private := range []any{edKey().private, edTwo().private} {
			_, err := v.Verify(t.Context(), signer{"same", "EdDSA", private}.token(claims(map[string]any{"iss": named}), nil))
			if own := (named == "other") == (n == 1); (err == nil) != own {
				t.Errorf("%s with key %d: %v", named, n, err)
			}
		}
	}
}

func TestSubjectClaim(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		claim, want string
		changes     map[string]any
	}{
		{"", "ann", nil},
		{"username", "ann.b", map[string]any{"username": "ann.b"}},
		{"username", "", nil},
		{"email", "", map[string]any{"email": "root@example.com"}},
		{"phone_number", "", map[string]any{"phone_number": "+43", "email_verified": true}},
		{"phone_number", "+43", map[string]any{"phone_number": "+43", "phone_number_verified": true}},
		{"email", "", map[string]any{"email": "root@example.com", "email_verified": false}},
		{"email", "", map[string]any{"email": "root@example.com", "email_verified": "false"}},
		{"email", "ann@example.com", map[string]any{"email": "ann@example.com", "email_verified": true}},
		{"email", "ann@example.com", map[string]any{"email": "ann@example.com", "email_verified": "true"}},
	} {
		v := verifier(t, publish(edKey()), &clock{}, func(s *identity.Settings) { s.Issuers[0].SubjectClaim = row.claim })
		caller, err := v.Verify(t.Context(), edKey().token(claims(row.changes), nil))
		if (err == nil) != (row.want != "") || caller.Subject != row.want {
			t.Errorf("%s of %v: %q, %v", row.claim, row.changes, caller.Subject, err)
		}
	}
}

func TestSettingsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		change func(*identity.Settings)
		want   string
	}{
		"no clock":           {func(s *identity.Settings) { s.Now = nil }, "needs a clock"},
		"no issuer":          {func(s *identity.Settings) { s.Issuers = nil }, "needs an issuer"},
		"two without prefix": {prefixes("", ""), "one could name the subjects of the other"},
		"one without prefix": {prefixes("staff:", ""), "one could name the subjects of the other"},
		"the other without":  {prefixes("", "staff:"), "one could name the subjects of the other"},
		"the same prefix":    {prefixes("a:", "a:"), "one could name the subjects of the other"},
		"a longer prefix":    {prefixes("a", "ab"), "one could name the subjects of the other"},
		"a shorter prefix":   {prefixes("ab", "a"), "one could name the subjects of the other"},
		"no name":            {func(s *identity.Settings) { s.Issuers[0].Issuer = "" }, "has no name"},
		"twice":              {func(s *identity.Settings) { s.Issuers = append(s.Issuers, s.Issuers[0]) }, "is given twice"},
		"no keys":            {func(s *identity.Settings) { s.Issuers[0].JWKS = "" }, "the URL of its keys"},
		"keys over http":     {func(s *identity.Settings) { s.Issuers[0].JWKS = "http://a.example.com" }, "is not https"},
		"no audience":        {func(s *identity.Settings) { s.Issuers[0].Audiences = nil }, "needs audiences"},
		"empty audience":     {func(s *identity.Settings) { s.Issuers[0].Audiences = []string{"a", ""} }, "needs audiences"},
		"use":                {func(s *identity.Settings) { s.Issuers[0].TokenUse = "refresh" }, "it is access or id"},
		"HS256":              {func(s *identity.Settings) { s.Issuers[0].Algorithms = []string{"RS256", "HS256"} }, `"HS256" is not an algorithm with a public key`},
		"none":               {func(s *identity.Settings) { s.Issuers[0].Algorithms = []string{"none"} }, "is not an algorithm"},
		"leeway":             {func(s *identity.Settings) { s.Issuers[0].Leeway = time.Hour }, "is more than 1m0s"},
		"keep for ever":      {func(s *identity.Settings) { s.KeepKeys = 8 * 24 * time.Hour }, "at most 168h"},
		"keep below zero":    {func(s *identity.Settings) { s.KeepKeys = -1 }, "at most 168h"},
		"remember a lot":     {func(s *identity.Settings) { s.Remember = 1 << 30 }, "at most 1048576"},
		"Cognito, no use":    {func(s *identity.Settings) { s.Issuers[0] = cognitoWithoutUse() }, "the token use must say which"},
		"remember below 0":   {func(s *identity.Settings) { s.Remember = -1 }, "at most 1048576"},
		"second one invalid": {func(s *identity.Settings) { s.Issuers = append(s.Issuers, identity.Issuer{Issuer: "b"}) }, `issuer "b"`},
	} {
		s := identity.Settings{Issuers: []identity.Issuer{shop()}, Now: (&clock{}).now}
		row.change(&s)
		if _, err := identity.NewVerifier(s); writ.CodeOf(err) != writ.CodeInvalid || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v; wanted %q", name, err, row.want)
		}
	}
}

func cognitoWithoutUse() identity.Issuer {
	i, _ := identity.Cognito("eu-west-1", "eu-west-1_a", "", "client")
	return i
}

// prefixes trusts two issuers with these prefixes.
func prefixes(one, two string) func(*identity.Settings) {
	return func(s *identity.Settings) {
		other := s.Issuers[0]
		other.Issuer += "/partner"
		s.Issuers[0].SubjectPrefix, other.SubjectPrefix = one, two
		s.Issuers = append(s.Issuers, other)
	}
}

// TestCallerHasThePrefix: who makes another ID of the claims needs the prefix for it.
func TestCallerHasThePrefix(t *testing.T) {
	t.Parallel()
	v := verifier(t, publish(edKey()), &clock{}, prefixes("staff:", "partner:"))
	caller, err := v.Verify(t.Context(), edKey().token(claims(nil), nil))
	if err != nil || caller.Subject != "staff:ann" || caller.Prefix != "staff:" {
		t.Errorf("%q, %q, %v", caller.Subject, caller.Prefix, err)
	}
}
