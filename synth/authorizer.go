package synth

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
	"github.com/writ-dev/writ/topology/guard"
)

// The variables by which the function of an authorizer gets what is known when it is deployed: package
// internal/authorizer reads them.
const (
	envIssuer         = "WRIT_ISSUER"
	envJWKS           = "WRIT_JWKS"
	envAudiences      = "WRIT_AUDIENCES"
	envServer         = "WRIT_SERVER_URL"
	envPermit         = "WRIT_PERMIT_URL"
	envSnapshot       = "WRIT_SNAPSHOT"
	envSnapshotSHA256 = "WRIT_SNAPSHOT_SHA256"
)

// authorizerResource is an authorizer of one of the two kinds of APIs.
type authorizerResource struct {
	// prefix starts its logical ids, api is that of its API.
	prefix, api string
	add         func(id, what string, r *topology.Route, properties *cfn.Object)
}

func (b *builder) httpAuthorizers() authorizerResource {
	return authorizerResource{"HttpAuthorizer", "HttpApi", func(id, what string, r *topology.Route, p *cfn.Object) {
		b.add(id, what, r.Pos, cfn.Obj("Type", "AWS::ApiGatewayV2::Authorizer", "Properties", p))
	}}
}

// restAuthorizers are parts of what a deployment is a snapshot of.
func (m *restModel) authorizers() authorizerResource {
	return authorizerResource{"RestAuthorizer", "RestApi", func(id, what string, r *topology.Route, p *cfn.Object) {
		m.add(id, what, r.Pos, cfn.Obj("Type", "AWS::ApiGateway::Authorizer", "Properties", p))
	}}
}

// authorized reports whether the authorizer of a route can be made. A route
// whose authorizer cannot be made is left out as a whole: it must not stand open.
func (b *builder) authorized(r *topology.Route) bool {
	const open = ", and without its authorizer the route would stand open"
	switch {
	case r.Authorizer == "", r.Authorizer == "iam", b.functions[r.Authorizer] != nil:
		return true
	case topology.AuthorizerOf(b.t, r) != nil, r.Authorizer == "cognito" && b.o.Local:
		b.skip("route", routeText(r), r.Pos, NotLocal+": it asks for tokens of a user pool")
	case r.Authorizer == "cognito":
		return true
	default:
		b.skip("route", routeText(r), r.Pos, "its authorizer belongs to another topology"+open)
	}
	return false
}

// notLocalAuthorizer reports whether a function is that of an authorizer which takes
// tokens of a user pool, and the cloud has none.
func (b *builder) notLocalAuthorizer(f *topology.Function) bool {
	return b.o.Local && f.Authorizer != nil && poolOf(f.Authorizer) != nil
}

// poolOf gives the identity of an authorizer that is a pool, nil when it has none.
func poolOf(a *topology.Authorizer) *topology.TokenIssuer {
	for i := range a.Identity {
		if a.Identity[i].Cognito != "" {
			return &a.Identity[i]
		}
	}
	return nil
}

// authorization sets how a route lets callers in, adding the authorizer if it
// is the first to use it.
func (b *builder) authorization(r *topology.Route, properties *cfn.Object, api authorizerResource) {
	switch r.Authorizer {
	case "":
		properties.Set("AuthorizationType", "NONE")
	case "iam":
		properties.Set("AuthorizationType", "AWS_IAM")
	case "cognito":
		kind := "JWT"
		if r.API == topology.APIREST {
			kind = "COGNITO_USER_POOLS"
		}
		properties.Set("AuthorizationType", kind)
		properties.Set("AuthorizerId", ref(b.cognitoAuthorizer(r, api)))
	default:
		properties.Set("AuthorizationType", "CUSTOM")
		properties.Set("AuthorizerId", ref(b.lambdaAuthorizer(r, api)))
	}
}

// lambdaAuthorizer adds an authorizer that asks a function, and the permission by
// which it, and nothing else of the API, may call it. A declared one is added for each group
// of routes whose answers are kept together, and one for those whose are not.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
func (b *builder) lambdaAuthorizer(r *topology.Route, api authorizerResource) string {
	name, suffix, shown := r.Authorizer, "", r.Authorizer
	ttl := 0 // a kept answer of a function that we know nothing of would let a caller into the routes that it was not asked for
	g := b.guards.Of(r)
	if g != nil && g.Group(r) > 0 {
		n := strconv.Itoa(g.Group(r))
		suffix, shown, ttl = "Kept"+n, name+"-kept-"+n, int(time.Duration(g.Config.TTL)/time.Second)
	}
	id := api.prefix + logicalID(name) + suffix
	if b.meaning[id] != "" {
		return id
	}
	uri := sub("arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${" + logicalID(name) + "Function.Arn}/invocations")
	var p *cfn.Object
	if r.API == topology.APIREST {
		p = cfn.Obj(
			"RestApiId", ref(api.api), "Name", shown, "Type", "REQUEST", "AuthorizerUri", uri,
			"IdentitySource", "method.request.header.Authorization", "AuthorizerResultTtlInSeconds", number(ttl),
		)
	} else {
		source := []any{"$request.header.Authorization"}
		if ttl > 0 { // else a kept answer for one route would open all
			source = append(source, "$context.routeKey")
		}
		p = cfn.Obj(
			"ApiId", ref(api.api), "Name", shown, "AuthorizerType", "REQUEST", "AuthorizerUri", uri,
			"AuthorizerPayloadFormatVersion", "2.0", "EnableSimpleResponses", true,
			"IdentitySource", source, "AuthorizerResultTtlInSeconds", number(ttl),
		)
	}
	api.add(id, "the authorizer "+shown, r, p)
	b.mayInvoke(name, api.prefix+suffix, sender{
		service: apiGateway, pos: r.Pos, edge: "route " + routeText(r) + " -> authorizer " + name,
		source: sub("arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${" + api.api + "}/authorizers/${" + id + "}"),
	})
	return id
}

// cognitoAuthorizer adds the authorizer of the topology's one pool, which API Gateway runs itself.
func (b *builder) cognitoAuthorizer(r *topology.Route, api authorizerResource) string {
	id := api.prefix + "Cognito"
	if b.meaning[id] != "" {
		return id
	}
	pool := b.t.Pools[0].Name // the topology has just one, else its check has failed
	if r.API == topology.APIREST {
		api.add(id, "the authorizer cognito", r, cfn.Obj(
			"RestApiId", ref(api.api), "Name", "cognito", "Type", "COGNITO_USER_POOLS",
			"IdentitySource", "method.request.header.Authorization", "ProviderARNs", []any{getAtt(logicalID(pool)+"Pool", "Arn")},
		))
		return id
	}
	api.add(id, "the authorizer cognito", r, cfn.Obj(
		"ApiId", ref(api.api), "Name", "cognito", "AuthorizerType", "JWT", "IdentitySource", []any{"$request.header.Authorization"},
		"JwtConfiguration", cfn.Obj("Audience", []any{ref(b.poolClient(pool, r))}, "Issuer", poolIssuer(pool, "")),
	))
	return id
}

// poolIssuer is the issuer of a pool's tokens, and what follows it.
func poolIssuer(pool, tail string) any {
	return sub("https://cognito-idp.${AWS::Region}.${AWS::URLSuffix}/${" + logicalID(pool) + "Pool}" + tail)
}

// poolClient adds the app client for which a pool makes tokens. It has no secret: browsers and phones keep none. Who may
// call Cognito as an administrator may sign in with a password.
// https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-client-apps.html
func (b *builder) poolClient(pool string, r *topology.Route) string {
	id := logicalID(pool) + "PoolClient"
	if b.meaning[id] != "" {
		return id
	}
	b.add(id, "the client of pool "+pool, r.Pos, cfn.Obj(
		"Type", "AWS::Cognito::UserPoolClient",
		"Properties", cfn.Obj(
			"ClientName", PoolName(b.t, pool, b.o.Sandbox),
			"UserPoolId", ref(logicalID(pool)+"Pool"),
			"ExplicitAuthFlows", []any{"ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"},
			"GenerateSecret", false,
			"PreventUserExistenceErrors", "ENABLED",
		),
	))
	b.output(id+"Id", "ID of the client of pool "+pool, ref(id))
	return id
}

// authorizerVariables are those of the function of a declared authorizer: what is known when it is deployed.
func (b *builder) authorizerVariables(f *topology.Function) *cfn.Object {
	a := f.Authorizer
	v := &cfn.Object{}
	if pool := poolOf(a); pool != nil {
		v.Set(envIssuer, poolIssuer(pool.Cognito, ""))
		v.Set(envJWKS, poolIssuer(pool.Cognito, "/.well-known/jwks.json"))
		if len(pool.Audiences) == 0 {
			v.Set(envAudiences, ref(b.poolClient(pool.Cognito, &topology.Route{Pos: pool.Pos})))
		}
	}
	b.noteOwnMachine(a)
	d := a.Decide
	switch {
	case d.URL == "":
		if (d.Kind == "" || d.Kind == topology.DecideServer) && !b.o.Local {
			b.madeInVain(a, d.Pos, "it asks the server of `writ up`, which AWS does not have: there it lets nobody in; write  decide: {server: URL, key: {secret: NAME}}  or  decide: snapshot")
		}
	case d.Kind == topology.DecideSnapshot:
		v.Set(envSnapshot, b.render(d.URL, d.Pos))
		v.Set(envSnapshotSHA256, d.SHA256)
	case d.Kind == topology.DecidePermit:
		v.Set(envPermit, b.render(d.URL, d.Pos))
	case !b.o.Local: // `writ up` has a server of its own
		v.Set(envServer, b.render(d.URL, d.Pos))
	}
	return v
}

// noteOwnMachine says which issuers and servers of an authorizer are on the developer's machine: AWS reaches none of them.
func (b *builder) noteOwnMachine(a *topology.Authorizer) {
	if b.o.Local {
		return
	}
	for _, i := range a.Identity {
		switch {
		case i.JWKS != "" && ownMachine(i.JWKS):
			b.madeInVain(a, i.Pos, "the keys at "+i.JWKS+" are on this machine, which AWS cannot reach: there it lets nobody in")
		case i.JWKS == "" && ownMachine(i.Issuer):
			b.madeInVain(a, i.Pos, "its issuer "+i.Issuer+" is on this machine, which AWS cannot reach: there it lets nobody in")
		}
	}
	if d := a.Decide; ownMachine(d.URL) {
		b.madeInVain(a, d.Pos, "who decides, "+d.URL+", is on this machine, which AWS cannot reach: there it lets nobody in")
	}
}

// madeInVain notes an authorizer that is made and lets nobody in.
func (b *builder) madeInVain(a *topology.Authorizer, at writ.Position, why string) {
	b.out.Skipped = append(b.out.Skipped, Skipped{Kind: "authorizer", Name: a.Name, Pos: at, Why: why, Made: true})
}

// ownMachine reports whether a URL leads to the machine that follows it.
func ownMachine(text string) bool {
	u, err := url.Parse(text)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
}

// snapshotObject lets the function of an authorizer read its one snapshot; false where it has none in S3.
func (b *builder) snapshotObject(f *topology.Function) (statement, bool) {
	if f.Authorizer == nil || f.Authorizer.Decide.Kind != topology.DecideSnapshot || f.Authorizer.Decide.URL == "" {
		return statement{}, false
	}
	d := f.Authorizer.Decide
	object := strings.TrimPrefix(d.URL, "s3://")
	return statement{
		sid: "Snapshot", actions: []string{"s3:GetObject"}, resources: []any{substitute([]any{"arn:", ref("AWS::Partition"), ":s3:::", b.render(object, d.Pos)})},
		edges: []edge{{pos: d.Pos, text: f.Name + " -> its snapshot " + d.URL}},
	}, true
}

// guardsOf gives what stands before the routes, as it was given or by the topology alone.
func guardsOf(t *topology.Topology, o Options) (*guard.Set, error) {
	if o.Guards != nil {
		return o.Guards, nil
	}
	return guard.Read(t, nil)
}
