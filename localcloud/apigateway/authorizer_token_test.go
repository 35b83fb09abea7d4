package apigateway_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v1 "github.com/aws/aws-sdk-go-v2/service/apigateway"
	resttypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	v2 "github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/writ-dev/writ/localcloud/apigateway"
	"github.com/writ-dev/writ/localcloud/store"
)

// issuer signs tokens and shows its keys, under a name that may be another's.
type issuer struct {
	name  string
	key   *rsa.PrivateKey
	url   string
	asked atomic.Int64
}

func newIssuer(t *testing.T, name string) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{name: name, key: key}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.asked.Add(1)
		switch r.URL.Path {
		case "/.well-known/openid-configuration":
			_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.name, "jwks_uri": i.name + "/keys"})
		case "/keys":
			exponent := big.NewInt(int64(key.E)).Bytes()
			_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]string{
				"kty": "RSA", "kid": "k1", "use": "sig", "alg": "RS256", "n": encode(key.N.Bytes()), "e": encode(exponent),
			}}})
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	if i.url = server.URL; name == "" {
		i.name = server.URL
	}
	return i
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// token signs claims as JSON, where ISS stands for the issuer's name.
func (i *issuer) token(t *testing.T, claims string) string {
	t.Helper()
	signed := encode([]byte(`{"alg":"RS256","kid":"k1","typ":"JWT"}`)) + "." + encode([]byte(strings.ReplaceAll(claims, "ISS", i.name)))
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, i.key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + encode(signature)
}

func newCloudOf(t *testing.T, now func() time.Time, issuers map[string]string) (*cloud, *asked) {
	t.Helper()
	db, err := store.Open(filepath.Join(t.TempDir(), "cloud.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	c, a := openCloudAt(t, db, now, func(config *apigateway.Config) { config.Issuers = issuers }), &asked{}
	c.set(a.reply)
	return c, a
}

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// withTimes is claims that are good at noon.
func withTimes(claims string) string {
	return fmt.Sprintf(`{"iss":"ISS","iat":%d,"exp":%d,%s}`, noon.Unix()-60, noon.Unix()+60, claims)
}

func TestJWTAuthorizer(t *testing.T) {
	t.Parallel()
	i, other := newIssuer(t, ""), newIssuer(t, "")
	c, a := newCloudOf(t, func() time.Time { return noon }, nil)
	client := c.http("admin")
	api := newHTTP(t, client, "$default", "GET /a", "GET /scoped")
	made := must(client.CreateAuthorizer(t.Context(), &v2.CreateAuthorizerInput{
		ApiId: api, Name: aws.String("jwt"), AuthorizerType: types.AuthorizerTypeJwt, IdentitySource: []string{"$request.header.Authorization"},
		JwtConfiguration: &types.JWTConfiguration{Issuer: &i.name, Audience: []string{"app", "web"}},
	}))(t)
	for _, r := range must(client.GetRoutes(t.Context(), &v2.GetRoutesInput{ApiId: api}))(t).Items {
		in := &v2.UpdateRouteInput{ApiId: api, RouteId: r.RouteId, AuthorizationType: types.AuthorizationTypeJwt, AuthorizerId: made.AuthorizerId}
		if strings.HasSuffix(*r.RouteKey, "scoped") {
			in.AuthorizationScopes = []string{"read", "write"}
		}
		must(client.UpdateRoute(t.Context(), in))(t)
	}
	good := withTimes(`"aud":"app","sub":"ann","scope":"read other","groups":["a","b"],"n":1,"yes":true`)
	unsigned := encode([]byte(`{"alg":"none"}`)) + "." + encode([]byte(strings.ReplaceAll(good, "ISS", i.name))) + "."
	const forged = `Bearer scope="" error="invalid_token" error_description="the token is not valid"`
	for _, row := range []struct {
		what, path, token string
		want              int
		challenge         string
	}{
		{"a good token", "/a", "Bearer " + i.token(t, good), 200, ""},
		{"without the word", "/a", i.token(t, good), 200, ""},
		{"another case", "/a", "bearer " + i.token(t, good), 200, ""},
		{"no subject", "/a", i.token(t, withTimes(`"aud":["x","web"]`)), 200, ""},
		{"one of the scopes", "/scoped", i.token(t, good), 200, ""},
		{"a scope in a list", "/scoped", i.token(t, withTimes(`"aud":"app","scp":["write"]`)), 200, ""},
		{"no scope", "/scoped", i.token(t, withTimes(`"aud":"app","scope":"reading"`)), 403, `Bearer scope="read write" error="insufficient_scope"`},
		{"nothing", "/a", "", 401, "Bearer"},
		{"no token", "/a", "Bearer x", 401, forged},
		{"another audience", "/a", i.token(t, withTimes(`"aud":"other"`)), 401, forged},
		{"no audience", "/a", i.token(t, withTimes(`"sub":"ann"`)), 401, forged},
		{"another issuer's key", "/a", other.token(t, strings.ReplaceAll(good, "ISS", i.name)), 401, forged},
		{"another issuer", "/a", other.token(t, good), 401, forged},
		{"no algorithm", "/a", unsigned, 401, forged},
		{"expired", "/a", i.token(t, fmt.Sprintf(`{"iss":"ISS","aud":"app","exp":%d}`, noon.Unix())), 401, strings.Replace(forged, "is not valid", "has expired", 1)},
		{"not yet", "/a", i.token(t, withTimes(fmt.Sprintf(`"aud":"app","nbf":%d`, noon.Unix()+10))), 401, forged},
		{"no end", "/a", i.token(t, `{"iss":"ISS","aud":"app"}`), 401, forged},
	} {
		headers := []string{}
		if row.token != "" {
			headers = append(headers, "Authorization: "+row.token)
		}
		before := a.ran()
		got := c.send(t, "GET", row.path, "", headers...)
		if got.Status != row.want || got.Header.Get("Www-Authenticate") != row.challenge || (a.ran() > before) != (row.want == 200) {
			t.Errorf("%s: %d %s, challenge %q; want %d %q", row.what, got.Status, got.Body, got.Header.Get("Www-Authenticate"), row.want, row.challenge)
		}
	}
	c.send(t, "GET", "/scoped", "", "Authorization: "+i.token(t, good))
	if event := a.lastOf(t, &a.routes); !strings.Contains(event, `"authorizer":{"jwt":{"claims":{"aud":"app","exp":"`+fmt.Sprint(noon.Unix()+60)+`","groups":"[a b]","iat":"`) ||
		!strings.Contains(event, `"n":"1","scope":"read other","sub":"ann","yes":"true"},"scopes":["read"]}}`) {
		t.Errorf("event %s", event)
	}
	if n := i.asked.Load(); n > 3 {
		t.Errorf("the issuer was asked %d times", n)
	}
	if strings.Contains(c.log.String(), "eyJ") {
		t.Error("a token is in the log")
	}
	// An issuer that is gone is no reason to let in.
	must(client.UpdateAuthorizer(t.Context(), &v2.UpdateAuthorizerInput{ApiId: api, AuthorizerId: made.AuthorizerId, JwtConfiguration: &types.JWTConfiguration{
		Issuer: aws.String("http://127.0.0.1:1"), Audience: []string{"app"},
	}}))(t)
	if got := c.send(t, "GET", "/a", "", "Authorization: "+i.token(t, good)); got.Status != 500 || got.Body != `{"message":"Internal Server Error"}` {
		t.Errorf("without the issuer: %+v", got)
	}
}

// TestUserPools has an issuer of this machine stand in for a user pool, for both kinds of API.
func TestUserPools(t *testing.T) {
	t.Parallel()
	pool := newIssuer(t, "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Pool")
	c, a := newCloudOf(t, func() time.Time { return noon }, map[string]string{pool.name: pool.url})
	rest := newREST(t, c.rest("admin"), &v1.CreateRestApiInput{})
	made := must(rest.client.CreateAuthorizer(t.Context(), &v1.CreateAuthorizerInput{
		RestApiId: rest.id, Name: aws.String("pool"), Type: resttypes.AuthorizerTypeCognitoUserPools, IdentitySource: aws.String("method.request.header.Authorization"),
		ProviderARNs: []string{"arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_Pool"}, IdentityValidationExpression: aws.String("client[0-9]"),
	}))(t)
	for _, path := range []string{"/a", "/scoped"} {
		rest.method("GET "+path, hello)
		operations := []resttypes.PatchOperation{
			{Op: resttypes.OpReplace, Path: aws.String("/authorizationType"), Value: aws.String("COGNITO_USER_POOLS")},
			{Op: resttypes.OpReplace, Path: aws.String("/authorizerId"), Value: made.Id},
		}
		if path == "/scoped" {
			operations = append(operations, resttypes.PatchOperation{Op: resttypes.OpAdd, Path: aws.String("/authorizationScopes/read")})
		}
		must(rest.client.UpdateMethod(t.Context(), &v1.UpdateMethodInput{RestApiId: rest.id, ResourceId: rest.paths[path], HttpMethod: aws.String("GET"), PatchOperations: operations}))(t)
	}
	rest.deploy("prod")
	id := pool.token(t, withTimes(`"aud":"client1","token_use":"id","sub":"ann","cognito:groups":["a","b"]`))
	access := pool.token(t, withTimes(`"client_id":"client1","token_use":"access","sub":"ann","scope":"read"`))
	for _, row := range []struct {
		what, path, token string
		want              int
		body              string
	}{
		{"an ID token", "/a", id, 200, "hi"},
		{"an access token where there are no scopes", "/a", access, 401, `{"message":"Unauthorized"}`},
		{"an access token", "/scoped", access, 200, "hi"},
		{"an ID token where there are scopes", "/scoped", id, 401, `{"message":"Unauthorized"}`},
		{"another scope", "/scoped", pool.token(t, withTimes(`"client_id":"client1","token_use":"access","sub":"ann","scope":"write"`)), 401, `{"message":"Unauthorized"}`},
		{"another app client", "/a", pool.token(t, withTimes(`"aud":"web","token_use":"id","sub":"ann"`)), 401, `{"message":"Unauthorized"}`},
		{"expired", "/a", pool.token(t, fmt.Sprintf(`{"iss":"ISS","aud":"client1","token_use":"id","sub":"ann","exp":%d}`, noon.Unix()-1)), 401, `{"message":"The incoming token has expired"}`},
		{"a forged one", "/a", newIssuer(t, pool.name).token(t, withTimes(`"aud":"client1","token_use":"id","sub":"ann"`)), 401, `{"message":"Unauthorized"}`},
		{"no token", "/a", "", 401, `{"message":"Unauthorized"}`},
	} {
		headers := []string{}
		if row.token != "" {
			headers = append(headers, "Authorization: "+row.token)
		}
		got := c.send(t, "GET", row.path, "", headers...)
		if got.Status != row.want || got.Body != row.body {
			t.Errorf("%s: %d %s, want %d %s", row.what, got.Status, got.Body, row.want, row.body)
		}
	}
	c.send(t, "GET", "/a", "", "Authorization: "+id)
	if event := a.lastOf(t, &a.routes); !strings.Contains(event, `"authorizer":{"claims":{"aud":"client1","cognito:groups":"a,b","exp":"Fri Jan 02 12:01:00 UTC 2026"`) {
		t.Errorf("event %s", event)
	}
	if n := pool.asked.Load(); n > 4 {
		t.Errorf("the pool was asked %d times", n)
	}

	api := newHTTP(t, c.http("admin"), "$default", "GET /http")
	jwt := must(c.http("admin").CreateAuthorizer(t.Context(), &v2.CreateAuthorizerInput{
		ApiId: api, Name: aws.String("jwt"), AuthorizerType: types.AuthorizerTypeJwt, IdentitySource: []string{"$request.header.Authorization"},
		JwtConfiguration: &types.JWTConfiguration{Issuer: &pool.name, Audience: []string{"client1"}},
	}))(t)
	route := must(c.http("admin").GetRoutes(t.Context(), &v2.GetRoutesInput{ApiId: api}))(t).Items[0].RouteId
	must(c.http("admin").UpdateRoute(t.Context(), &v2.UpdateRouteInput{ApiId: api, RouteId: route, AuthorizationType: types.AuthorizationTypeJwt, AuthorizerId: jwt.AuthorizerId}))(t)
	for _, token := range []string{id, access} {
		if got := c.send(t, "GET", "/http", "", "Authorization: "+token); got.Status != 200 {
			t.Errorf("an HTTP API: %+v\n%s", got, c.log)
		}
	}
}
