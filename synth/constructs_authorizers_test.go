package synth_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/writ-dev/writ/topology"
)

const authorizersInYAML = `
name: shop
functions:
  list: {runtime: {lang: go}}
secrets:
  pdp-key:
pools: [users]
authorizers:
  staff:
    identity: [{issuer: https://idp.example.com/, audience: [shop, till], use: access, prefix: "idp|"}]
    subject: {type: employee, id: "{claims.email}", properties: {department: dept}}
    decide: {server: https://pdp.example.com, key: {secret: pdp-key}}
    keep: 5m
    timeout: 800ms
    fail: error
    debug: true
  people:
    identity: [{cognito: users, use: access}]
    decide: {snapshot: s3://policies/people.frozen, sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}
    architecture: x86_64
routes:
  /orders: {method: GET, function: list, authorizer: staff, authorize: {resource: order, tenant: "{claims.org}"}}
  /orders/{id}: {method: PUT, function: list, authorizer: staff, authorize: {action: change, resource: "order:{id}"}}
  /me: {method: GET, api: rest, function: list, authorizer: people, authorize: signed}
  /shut: {method: GET, function: list, authorizer: staff}
`

func authorizersInGo(t *testing.T) *topology.Topology {
	t.Helper()
	app := topology.New("shop")
	list := app.Function("list", topology.FunctionProps{Root: "list", Runtime: "go"})
	key := app.Secret("pdp-key", topology.SecretProps{})
	pool := app.Pool("users")
	people := app.Authorizer("people", topology.AuthorizerProps{
		Identity: []topology.TokenIssuer{{Cognito: pool.Name, Use: "access"}}, Architecture: "x86_64",
		Decide: topology.Decide{
			Kind: topology.DecideSnapshot, URL: "s3://policies/people.frozen",
			SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		},
	})
	staff := app.Authorizer("staff", topology.AuthorizerProps{
		Identity: []topology.TokenIssuer{{Issuer: "https://idp.example.com/", Audiences: []string{"shop", "till"}, Use: "access", SubjectPrefix: "idp|"}},
		Subject:  topology.AuthorizerSubject{Type: "employee", ID: "{claims.email}", Properties: map[string]string{"department": "dept"}},
		Decide:   topology.Decide{Kind: topology.DecideServer, URL: "https://pdp.example.com"}, Secret: key,
		Keep: "5m", Timeout: "800ms", Fail: "error", Debug: true,
	})
	app.Route(topology.RouteProps{Path: "/shut", Method: "GET", Function: list, Guard: staff})
	app.Route(topology.RouteProps{Path: "/me", Method: "GET", API: topology.APIREST, Function: list, Guard: people, Authorize: &topology.Authorize{Signed: true}})
	app.Route(topology.RouteProps{Path: "/orders/{id}", Method: "PUT", Function: list, Guard: staff, Authorize: &topology.Authorize{Action: "change", Resource: "order:{id}"}})
	app.Route(topology.RouteProps{Path: "/orders", Method: "GET", Function: list, Guard: staff, Authorize: &topology.Authorize{Resource: "order", Tenant: "{claims.org}"}})
	for range 2 { // asking twice changes nothing
		if _, err := app.Topology(); err != nil {
			t.Fatal(err)
		}
	}
	top, err := app.Topology()
	if err != nil {
		t.Fatal(err)
	}
	return top
}

// Authorizers give one template, whether written in YAML or in Go.
func TestGoAndYAMLGiveTheSameBytesForAuthorizers(t *testing.T) {
	t.Parallel()
	inYAML := text(t, build(t, parseText(t, authorizersInYAML), "dev").Template.Root)
	inGo := text(t, build(t, authorizersInGo(t), "dev").Template.Root)
	if diff := cmp.Diff(inYAML, inGo); diff != "" {
		t.Errorf("-YAML +Go:\n%s", diff)
	}
	if strings.Count(inYAML, "AWS::ApiGatewayV2::Authorizer") != 3 || strings.Count(inYAML, "AWS::ApiGateway::Authorizer") != 1 {
		t.Error("the template does not have the authorizers that it ought to have")
	}
}
