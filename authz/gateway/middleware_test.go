package gateway_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/gateway"
	"github.com/writ-dev/writ/identity"
)

func serve(t testing.TB, a *gateway.Authorizer, r *http.Request) (*http.Response, string) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		admitted, ok := gateway.AdmittedFrom(r.Context())
		if !ok {
			t.Error("the handler knows nothing of the caller")
		}
		_ = json.NewEncoder(w).Encode(admitted) // a recorder takes everything
	})
	w := httptest.NewRecorder()
	a.Middleware(mux).ServeHTTP(w, r)
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Result(), string(body)
}

func TestMiddleware(t *testing.T) {
	t.Parallel()
	routes := append([]gateway.Route{{Method: "GET", Path: "/documents", Ask: ask("", "document", "{claims.org}"), Group: 1}}, documents...)
	get := func(target, token string) *http.Request {
		r := httptest.NewRequest(http.MethodGet, target, nil)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		return r
	}
	post := get("/documents/budget", "ann-token")
	post.Method = http.MethodPost
	twice := get("/documents/budget", "ann-token")
	twice.Header.Add("Authorization", "Bearer bob-token")
	forwarded := get("/documents/budget", "ann-token")
	forwarded.Header.Set("X-Forwarded-For", "203.0.113.9")
	relative := get("/documents/budget", "ann-token")
	relative.URL = &url.URL{Opaque: "documents/budget"}
	for name, c := range map[string]struct {
		request   *http.Request
		status    int
		challenge string
		body      string
	}{
		"allowed":          {get("/documents/budget", "ann-token"), 200, "", `"id":"ann"`},
		"of a group":       {get("/documents", "ann-token"), 200, "", `"Tenant":"acme"`},
		"escaped":          {get("/documents/%62udget", "ann-token"), 200, "", `"id":"ann"`},
		"forwarded":        {forwarded, 200, "", ""},
		"denied":           {get("/documents/salaries", "ann-token"), 403, `Bearer error="insufficient_scope"`, "not allowed"},
		"another's":        {get("/documents/budget", "bob-token"), 403, `Bearer error="insufficient_scope"`, "not allowed"},
		"no route":         {get("/other", "ann-token"), 403, `Bearer error="insufficient_scope"`, "not allowed"},
		"another method":   {post, 403, `Bearer error="insufficient_scope"`, "not allowed"},
		"no token":         {get("/documents/budget", ""), 401, "Bearer", "a token is needed"},
		"forged":           {get("/documents/budget", "forged"), 401, `Bearer error="invalid_token", error_description="the proof is not valid"`, "not valid"},
		"encoded slash":    {get("/documents/a%2Fpublic", "ann-token"), 400, "", "more than one way"},
		"dots":             {get("/documents/../documents/budget", "ann-token"), 400, "", "more than one way"},
		"encoded dots":     {get("/documents/%2e%2e/x", "ann-token"), 400, "", "more than one way"},
		"slashes":          {get("/documents//budget", "ann-token"), 400, "", "more than one way"},
		"semicolon":        {get("/documents/budget;x", "ann-token"), 400, "", "more than one way"},
		"no path":          {relative, 400, "", "more than one way"},
		"query, malformed": {get("/documents/budget?a=%zz", "ann-token"), 400, "", "more than one way"},
		"slash at the end": {get("/documents/budget/", "ann-token"), 403, `Bearer error="insufficient_scope"`, "not allowed"},
	} {
		a := newAuthorizer(t, gateway.Config{Routes: routes}, dependencies(checker(annReads)))
		response, body := serve(t, a, c.request)
		if response.StatusCode != c.status || response.Header.Get("WWW-Authenticate") != c.challenge || !strings.Contains(body, c.body) {
			t.Errorf("%s: %d %q %s", name, response.StatusCode, response.Header.Get("WWW-Authenticate"), body)
		}
		if c.status != 200 && response.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %v", name, response.Header)
		}
	}
	d := dependencies(checker(annReads))
	d.Identify = &gateway.Identity{}
	if response, body := serve(t, newAuthorizer(t, gateway.Config{Routes: routes}, d), twice); response.StatusCode != 400 || response.Header.Get("WWW-Authenticate") != `Bearer error="invalid_request"` {
		t.Errorf("two tokens: %d %v %s", response.StatusCode, response.Header, body)
	}
	if _, ok := gateway.AdmittedFrom(t.Context()); ok {
		t.Error("a caller is known where none was let in")
	}
}

func TestMiddlewareWhenThePolicyCannotBeAsked(t *testing.T) {
	t.Parallel()
	for mode, status := range map[gateway.FailMode]int{"": 403, gateway.FailDeny: 403, gateway.FailError: 500} {
		d := dependencies(checker(annReads))
		d.Identify = failing{}
		a := newAuthorizer(t, gateway.Config{Routes: documents, FailMode: mode}, d)
		if response, body := serve(t, a, httptest.NewRequest(http.MethodGet, "/documents/budget", nil)); response.StatusCode != status {
			t.Errorf("%s: %d %s", mode, response.StatusCode, body)
		}
	}
}

// The ip of a question is that of the connection, and a certificate counts when its chain was verified here.
func TestMiddlewareBelievesNoHeaders(t *testing.T) {
	t.Parallel()
	check := &asking{}
	d := dependencies(check)
	a := newAuthorizer(t, gateway.Config{Routes: documents}, d)
	r := httptest.NewRequest(http.MethodGet, "/documents/budget", nil)
	r.RemoteAddr = "192.0.2.7:4711"
	r.Header.Set("Authorization", "ann-token")
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	r.Header.Set("X-Original-Url", "/documents/other")
	serve(t, a, r)
	if len(check.questions) != 1 || check.questions[0].Context["ip"] != "192.0.2.7" || check.questions[0].Resource.ID != "budget" {
		t.Errorf("asked %+v", check.questions)
	}

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "device"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	certificates, err := identity.NewCertificates(identity.CertificateRules{Subject: identity.CommonName, Issuers: []string{"CN=device"}, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	d.Identify = &gateway.Identity{Certificates: certificates}
	a = newAuthorizer(t, gateway.Config{Routes: []gateway.Route{route("GET", "/me", &gateway.Ask{Signed: true})}}, d)
	for verified, status := range map[bool]int{true: 200, false: 401} {
		r := httptest.NewRequest(http.MethodGet, "/me", nil)
		r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{certificate}}
		if verified {
			r.TLS.VerifiedChains = [][]*x509.Certificate{{certificate}}
		}
		if response, body := serve(t, a, r); response.StatusCode != status {
			t.Errorf("verified %t: %d %s", verified, response.StatusCode, body)
		}
	}
}

type failing struct{}

func (failing) Identify(context.Context, *gateway.Call) (identity.Caller, error) {
	return identity.Caller{}, writ.Errorf(writ.CodeExternal, "the issuer cannot be reached")
}
