package authorizer_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/environment/memory"
	"github.com/writ-dev/writ/authz/frozen"
	"github.com/writ-dev/writ/internal/authorizer"
	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/server/authzen"
	"github.com/writ-dev/writ/server/permit"
)

// built is the directory of what tests compile; it lives as long as they run.
var built string

// binary is the real authorizer, built once for all tests that run it.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(built, "bootstrap")
	build := exec.Command("go", "build", "-tags", "lambda.norpc", "-buildvcs=false", "-o", path, "github.com/writ-dev/writ/cmd/writ-authorizer")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	var err error
	if built, err = os.MkdirTemp("", "writ-authorizer-test-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(built) // a leftover harms nobody
	os.Exit(code)
}

// policy has a role in a tenant, one on a folder that documents derive, and a rule by attributes.
const policy = `{
	"roles": [{"key": "editor", "permissions": ["document:read", "document:update", "folder:read"]}],
	"user_attributes": [{"key": "level", "type": "number"}],
	"resources": [
		{"key": "folder", "actions": [{"key": "read"}], "roles": [{"key": "reader", "permissions": ["read"]}]},
		{"key": "document", "actions": [{"key": "read"}, {"key": "update"}, {"key": "delete"}], "attributes": [{"key": "least", "type": "number"}],
			"relations": [{"key": "parent", "subject_resource": "folder"}],
			"roles": [{"key": "reader", "permissions": ["read"], "granted_to": [{"role": "reader", "on_resource": "folder", "linked_by_relation": "parent"}]}]}
	],
	"rules": [{"permission": "document:delete", "when": "user.level >= resource.least"}]
}`

// world is one state of one policy, behind every source of decisions.
type world struct {
	state  *environment.State
	url    string // of a server with AuthZEN and Permit's wire
	token  string
	issuer *issuer
	dir    string
	file   string // the snapshot
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{dir: t.TempDir(), issuer: newIssuer(t)}
	e, err := environment.Open(t.Context(), environment.Config{
		Store: &memory.Store{}, Now: time.Now, Parse: authorizer.ParseModel, Initial: authz.Source{Format: "policy", Text: policy},
	})
	if err != nil {
		t.Fatal(err)
	}
	write(t, e)
	token, key, err := server.NewKey("dev", "authorizer", server.Read, time.Now(), time.Time{})
	if err == nil {
		err = server.AddKey(t.Context(), e, writ.Subject{Type: "test", ID: "test"}, key)
	}
	if err != nil {
		t.Fatal(err)
	}
	zen, err := authzen.New(authzen.Config{Environments: []string{"shop/dev"}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(server.Config{Now: time.Now, Protocols: []server.Protocol{zen, permit.New(permit.Config{})}})
	if err != nil {
		t.Fatal(err)
	}
	s.Open("shop", "dev", e)
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	w.state, w.url, w.token = e.State(), web.URL, token
	file, err := frozen.Write(frozen.Of(w.state))
	if err != nil {
		t.Fatal(err)
	}
	w.file = filepath.Join(w.dir, "policy.frozen")
	if err := os.WriteFile(w.file, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

// write gives an environment 8 users, 4 folders and 12 documents.
func write(t testing.TB, e *environment.Environment) {
	t.Helper()
	var all []authz.Change
	tuple := func(text string) {
		one, err := authz.ParseTuple(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &one}})
	}
	record := func(kind, id string, attributes map[string]any) {
		all = append(all, authz.Change{Record: &authz.Step[authz.Record]{After: &authz.Record{
			Entity: authz.Entity{Type: kind, ID: id}, Tenant: map[bool]string{true: "", false: "default"}[kind == "user"], Attributes: attributes,
		}}})
	}
	for i := range 12 {
		tuple(fmt.Sprintf("document:d%d#parent@folder:f%d", i, i%4))
		record("document", fmt.Sprint("d", i), map[string]any{"least": float64(i % 5)})
	}
	for i := range 8 {
		record("user", fmt.Sprint("u", i), map[string]any{"level": float64(i)})
		tuple(fmt.Sprintf("folder:f%d#reader@user:u%d", i%4, i))
	}
	tuple("__tenant:default#editor@user:u0")
	tuple("document:d11#reader@user:u5")
	_, err := e.Write(context.Background(), environment.Write{
		Actor: writ.Subject{Type: "test", ID: "test"}, Kind: "facts.write", Subject: "facts",
		Plan: func(*environment.State) ([]authz.Change, error) { return all, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
}

// issuer signs tokens, and publishes its key.
type issuer struct {
	url string
	key *rsa.PrivateKey
}

func newIssuer(t testing.TB) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	keys := fmt.Sprintf(`{"keys":[{"kty":"RSA","kid":"k","alg":"RS256","use":"sig","n":%q,"e":%q}]}`, b64(key.N.Bytes()), b64(big.NewInt(int64(key.E)).Bytes()))
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, keys) }))
	t.Cleanup(web.Close)
	return &issuer{web.URL, key}
}

func (i *issuer) token(t testing.TB, sub string) string {
	t.Helper()
	j := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": "https://issuer.example.com", "aud": "shop", "sub": sub, "exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(),
	})
	j.Header["kid"] = "k"
	text, err := j.SignedString(i.key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// config writes a configuration that decides by a source, and gives its path.
func (w *world) config(t testing.TB, decide string) string {
	t.Helper()
	text := fmt.Sprintf(`{
	"gateway": {"simple": true, "routes": [
		{"method": "ANY", "path": "/{kind}"},
		{"method": "GET", "path": "/documents/{id}", "ask": {"resource": "document:{id}", "tenant": "default"}},
		{"method": "PUT", "path": "/documents/{id}", "ask": {"resource": "document:{id}", "tenant": "default"}},
		{"method": "DELETE", "path": "/documents/{id}", "ask": {"resource": "document:{id}", "tenant": "default"}},
		{"method": "GET", "path": "/folders/{id}", "ask": {"resource": "folder:{id}", "tenant": "default"}}
	]},
	"identity": {"issuers": [{"issuer": "https://issuer.example.com", "jwks": %q, "audiences": ["shop"]}]},
	"decide": %s
}`, w.issuer.url, decide)
	file, err := os.CreateTemp(w.dir, "*.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString(text); err != nil {
		t.Fatal(err)
	}
	return file.Name()
}

// event is what an HTTP API sends, in format 2.0.
func event(method, kind, id, token string) []byte {
	path := "/" + kind + "/" + id
	text, err := json.Marshal(map[string]any{
		"version": "2.0", "type": "REQUEST", "routeArn": "arn:aws:execute-api:eu-west-1:123456789012:api/$default/" + method + path,
		"identitySource": []string{"Bearer " + token}, "routeKey": method + " /" + kind + "/{id}", "rawPath": path, "rawQueryString": "",
		"headers": map[string]string{"authorization": "Bearer " + token}, "pathParameters": map[string]string{"id": id},
		"requestContext": map[string]any{
			"accountId": "123456789012", "apiId": "api", "requestId": "r", "routeKey": method + " /" + kind + "/{id}", "stage": "$default",
			"http": map[string]any{"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "test"},
			"time": "22/Nov/2026:12:00:00 +0000", "timeEpoch": 1795348800000,
		},
	})
	if err != nil {
		panic(err)
	}
	return text
}
