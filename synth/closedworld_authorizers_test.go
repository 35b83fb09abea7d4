package synth_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// guarded is a random topology with authorizers: what each may read, and which authorizers of the API each has.
type guarded struct {
	text string
	// secret and object are what each authorizer's own role may read, "" for nothing.
	secret, object map[string]string
	api            string
}

var gateNames = []string{"gate", "gate-2", "door"}

func randomGuards(t *rapid.T) guarded {
	g := guarded{secret: map[string]string{}, object: map[string]string{}, api: rapid.SampledFrom([]string{"http", "rest"}).Draw(t, "api")}
	var b strings.Builder
	b.WriteString(`
name: shop
functions: {one: {runtime: {lang: go}, grants: [{secret: key-a, access: write}]}, guard: {runtime: {lang: go}}}
stores: {data: {key: id}, photos: {kind: bucket}}
secrets: {key-a: , key-b: }
policy: {roles: {clerk: ["order:read"]}, resources: {order: {actions: [read]}}}
authorizers:
`)
	for i, name := range gateNames {
		decide := "server"
		switch rapid.IntRange(0, 4).Draw(t, "decide "+name) {
		case 1:
			g.secret[name] = rapid.SampledFrom([]string{"key-a", "key-b"}).Draw(t, "secret "+name)
			decide = "{server: https://pdp.example.com, key: {secret: " + g.secret[name] + "}}"
		case 2:
			g.secret[name] = "key-b"
			decide = "{permit: https://pdp.example.com, token: {secret: key-b}}"
		case 3:
			g.object[name] = fmt.Sprintf("policies/%d/policy.frozen", i)
			decide = "{snapshot: s3://" + g.object[name] + ", sha256: " + strings.Repeat("0", 64) + "}"
		case 4:
			decide = "snapshot"
		}
		keep := rapid.SampledFrom([]string{"0s", "5m"}).Draw(t, "keep "+name)
		fmt.Fprintf(&b, "  %s: {identity: {issuer: https://idp.example.com, audience: shop}, keep: %s, decide: %s}\n", name, keep, decide)
	}
	b.WriteString("routes:\n")
	for i, name := range append([]string{"guard"}, gateNames...) {
		ask := "{resource: order}"
		if rapid.Bool().Draw(t, "instance "+name) {
			ask = `{resource: "order:{id}"}`
		}
		if name == "guard" {
			fmt.Fprintf(&b, "  /own: {method: GET, api: %s, function: one, authorizer: guard}\n", g.api)
			continue
		}
		fmt.Fprintf(&b, "  /r%d/{id}: {method: GET, api: %s, function: one, authorizer: %s, authorize: %s}\n", i, g.api, name, ask)
		fmt.Fprintf(&b, "  /s%d: {method: GET, api: %s, function: one, authorizer: %s, authorize: {resource: order}}\n", i, g.api, name)
	}
	g.text = b.String()
	return g
}

// Closed world for authorizers: the role of each may write its own log, read its one secret and its one object, and no more; and
// API Gateway may ask each for the authorizers that are its own, and for nothing else.
func TestAuthorizersClosedWorld(t *testing.T) {
	t.Parallel()
	systems, questions, yes, services := 0, 0, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		systems++
		g := randomGuards(rt)
		top, err := topology.Parse([]byte(g.text), "topology.yml", "")
		if err != nil {
			rt.Fatalf("%v\n%s", err, g.text)
		}
		out, err := synth.Template(top, options(top, "dev"))
		if err != nil {
			rt.Fatal(err)
		}
		inv, err := deployed(out)
		if err != nil {
			rt.Fatal(err)
		}
		other := *top
		other.Name = "elsewhere"
		all := append(universe(top, "dev"), universe(top, "prod")...)
		all = append(all, universe(&other, "dev")...)
		for i := range gateNames {
			for _, action := range []string{"s3:GetObject", "s3:PutObject", "s3:GetObjectVersion"} {
				all = append(all, ask{action: action, resource: fmt.Sprintf("arn:aws:s3:::policies/%d/policy.frozen", i)})
			}
			all = append(all, ask{action: "s3:GetObject", resource: fmt.Sprintf("arn:aws:s3:::policies/%d/policy.frozen2", i)})
		}
		all = append(all, ask{action: "s3:ListBucket", resource: "arn:aws:s3:::policies"}, ask{action: "sts:AssumeRole", resource: "*"})
		for _, name := range gateNames {
			f := &topology.Function{Name: name}
			log := "log-group:/aws/lambda/" + synth.FunctionName(top, name, "dev") + ":"
			for _, q := range all {
				want := strings.HasPrefix(q.action, "logs:") && q.action != "logs:GetLogEvents" && strings.Contains(q.resource, log) ||
					q.action == "secretsmanager:GetSecretValue" && g.secret[name] != "" && q.resource == arn(top, topology.KindSecret, g.secret[name], "dev") ||
					q.action == "s3:GetObject" && g.object[name] != "" && q.resource == "arn:aws:s3:::"+g.object[name]
				if got := try(inv, top, f, q); got != want {
					rt.Fatalf("%s: %s on %s is allowed: %v, wanted %v\n%s", name, q.action, q.resource, got, want, g.text)
				}
				questions++
				if want {
					yes++
				}
			}
		}
		services += askAuthorizers(rt, g, top, out, func(function, source string) bool {
			q := serviceAsk{service: "apigateway.amazonaws.com"}
			q.action, q.resource = "lambda:InvokeFunction", functionARN(top, function, "dev")
			q.context = iam.Context{"aws:sourcearn": iam.One(source), "aws:sourceaccount": iam.One(account)}
			return decide(inv, q.caller(), q.ask)
		})
	})
	if yes == 0 || services == 0 {
		t.Fatalf("%d of %d questions were answered with yes, %d of services: the test says nothing", yes, questions, services)
	}
	t.Logf("%d systems, %d questions, %d of them allowed; API Gateway was let in %d times", systems, questions, yes, services)
}

// askAuthorizers asks for every authorizer of the template, and for one that it has not, whether it may ask every function. It gives how
// many may.
func askAuthorizers(rt *rapid.T, g guarded, top *topology.Topology, out *synth.Output, may func(function, source string) bool) (let int) {
	api, kind := "HttpApi", "AWS::ApiGatewayV2::Authorizer"
	if g.api == "rest" {
		api, kind = "RestApi", "AWS::ApiGateway::Authorizer"
	}
	owners := map[string]string{"Nothing": ""}
	for id := range out.Template.Resources().All() {
		if r, _ := out.Template.Resource(id); r.Type == kind {
			owners[id] = strings.Split(r.Properties.Text("Name"), "-kept-")[0]
		}
	}
	for id, owner := range owners {
		source := "arn:aws:execute-api:" + region + ":" + account + ":" + api + "/authorizers/" + id
		for _, f := range top.Functions {
			if got := may(f.Name, source); got != (f.Name == owner) {
				rt.Fatalf("authorizer %s may ask %s: %v\n%s", id, f.Name, got, g.text)
			}
			if f.Name == owner {
				let++
			}
		}
	}
	return let
}
