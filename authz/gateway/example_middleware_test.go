package gateway_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/gateway"
	"github.com/writ-dev/writ/authz/policyfile"
	"github.com/writ-dev/writ/identity"
	"github.com/writ-dev/writ/server/client"
)

// policyText is policy.yml.
const policyText = `
resources: {document: {actions: [read]}}
roles: {librarian: ["document:read"]}
facts: {users: {ann: {roles: {default: librarian}}}}
`

// byServer asks a Writ server: `writ serve`, or that of `writ up`.
func byServer() (writ.Checker, error) {
	return client.New(client.Config{URL: "http://127.0.0.1:7766", Key: os.Getenv("WRIT_API_KEY")})
}

// byFile decides in this process, by a policy file with its facts.
func byFile(text []byte) (writ.Checker, error) {
	policy, err := policyfile.Parse(text, writ.Position{File: "policy.yml", Line: 1, Col: 1}, policyfile.Options{})
	if err != nil {
		return nil, err
	}
	snapshot, err := policy.Snapshot()
	if err != nil {
		return nil, err
	}
	return snapshot.Checker(time.Now), nil
}

// guarded puts the routes before a handler. fetch gets the keys of the issuer; nil is over HTTPS.
func guarded(next http.Handler, check writ.Checker, fetch identity.Fetch) (http.Handler, error) {
	tokens, err := identity.NewVerifier(identity.Settings{
		Now: time.Now, Fetch: fetch,
		Issuers: []identity.Issuer{{
			Issuer: "https://issuer.example.com", JWKS: "https://issuer.example.com/jwks.json", Audiences: []string{"library"},
		}},
	})
	if err != nil {
		return nil, err
	}
	config, err := gateway.ReadConfig([]byte(`{
		"routes": [{"method": "GET", "path": "/documents/{id}", "ask": {"resource": "document:{id}"}}],
		"failMode": "error"
	}`))
	if err != nil {
		return nil, err
	}
	a, err := gateway.New(config, gateway.Dependencies{
		Identify: &gateway.Identity{Tokens: tokens}, Check: check,
		Log: slog.New(slog.NewJSONHandler(os.Stderr, nil)), Now: time.Now, NewID: rand.Text,
	})
	if err != nil {
		return nil, err
	}
	return a.Middleware(next), nil
}

// documentsHandler is the service itself.
func documentsHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /documents/{id}", func(w http.ResponseWriter, r *http.Request) {
		admitted, _ := gateway.AdmittedFrom(r.Context())
		fmt.Fprintf(w, "%s reads %s\n", admitted.Subject.ID, r.PathValue("id"))
	})
	return mux
}

// The program of docs/authorizer.md, with an issuer of three lines.
func ExampleAuthorizer_Middleware_program() {
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	keys := `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"1","x":"` + base64.RawURLEncoding.EncodeToString(private.Public().(ed25519.PublicKey)) + `"}]}`
	fetch := func(context.Context, string) (identity.Document, error) {
		return identity.Document{Body: []byte(keys)}, nil
	}

	check, err := byFile([]byte(policyText))
	if err != nil {
		fmt.Println(err)
		return
	}
	handler, err := guarded(documentsHandler(), check, fetch)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, subject := range []string{"ann", "bob", ""} {
		r := httptest.NewRequest(http.MethodGet, "/documents/budget", nil)
		if subject != "" {
			token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{
				"iss": "https://issuer.example.com", "aud": "library", "sub": subject, "exp": time.Now().Add(time.Hour).Unix(),
			})
			token.Header["kid"] = "1"
			text, _ := token.SignedString(private)
			r.Header.Set("Authorization", "Bearer "+text)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		body, _, _ := strings.Cut(w.Body.String(), `,"decision_id"`)
		fmt.Println(w.Code, strings.TrimSpace(body))
	}
	// Output:
	// 200 ann reads budget
	// 403 {"error":"insufficient_scope","message":"not allowed"
	// 401 {"error":"unauthorized","message":"a token is needed"
}

// The page's program compiles, and has the functions that the example runs.
func TestTheProgramOfThePage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/authorizer.md")
	if err != nil {
		t.Fatal(err)
	}
	_, program, there := strings.Cut(string(page), "```go\npackage main\n")
	program, _, closed := strings.Cut(program, "\n```\n")
	if !there || !closed {
		t.Fatal("docs/authorizer.md has no program")
	}
	own, err := os.ReadFile("example_middleware_test.go")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := byServer(); (err == nil) != (os.Getenv("WRIT_API_KEY") != "") { // it asks for a key, and sends nothing yet
		t.Errorf("byServer: %v", err)
	}
	for _, name := range []string{"byServer", "byFile", "guarded", "documentsHandler"} {
		_, body, _ := strings.Cut(string(own), "\nfunc "+name+"(")
		body, _, closed := strings.Cut(body, "\n}\n")
		if !closed || !strings.Contains(program+"\n", "\nfunc "+name+"("+body+"\n}\n") {
			t.Errorf("the page has another func %s than the example that is run", name)
		}
	}
	if testing.Short() {
		t.Log("-short: the program is not compiled")
		return
	}
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte("package main\n"+program+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "vet", file).CombinedOutput(); err != nil { // in this module
		t.Errorf("%v\n%s", err, out)
	}
}
