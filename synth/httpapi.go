package synth

import (
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
)

// defaultRoute is the path of an HTTP API's catch-all route.
const defaultRoute = "$default"

// httpAPI adds the HTTP API (API Gateway v2, payload 2.0) of the routes that belong to it.
func (b *builder) httpAPI() {
	routes := b.routes(topology.APIHTTP)
	if len(routes) == 0 {
		return
	}
	p := cfn.Obj("Name", apiName(b.t, b.o.Sandbox), "ProtocolType", "HTTP")
	if cors := b.oneCORS(routes, "an HTTP API"); cors != nil {
		p.Set("CorsConfiguration", corsConfiguration(cors))
	}
	p.Set("Tags", b.tagMap())
	b.add("HttpApi", "the HTTP API", routes[0].Pos, cfn.Obj("Type", "AWS::ApiGatewayV2::Api", "Properties", p))
	b.httpRole(routes)
	integrated := map[string]bool{}
	for _, r := range routes {
		if id := integrationID(r); !integrated[id] {
			integrated[id] = true
			if r.Target.Kind == topology.KindFunction {
				b.httpIntegration(r)
			} else {
				b.httpService(r)
			}
		}
		b.httpRoute(r)
	}
	b.add("HttpStage", "the stage of the HTTP API", routes[0].Pos, cfn.Obj(
		"Type", "AWS::ApiGatewayV2::Stage",
		"Properties", cfn.Obj("ApiId", ref("HttpApi"), "StageName", "$default", "AutoDeploy", true, "Tags", b.tagMap()),
	))
	b.output("HttpApiUrl", "URL of the HTTP API", sub("https://${HttpApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}/"))
}

func (b *builder) httpIntegration(r *topology.Route) {
	id := logicalID(r.Target.Name)
	b.add(id+"HttpIntegration", "the integration of function "+r.Target.Name, r.Pos, cfn.Obj(
		"Type", "AWS::ApiGatewayV2::Integration",
		"Properties", cfn.Obj(
			"ApiId", ref("HttpApi"),
			"IntegrationType", "AWS_PROXY",
			"IntegrationUri", getAtt(id+"Function", "Arn"),
			"PayloadFormatVersion", "2.0",
		),
	))
}

func (b *builder) httpRoute(r *topology.Route) {
	key, id := routeText(r), methodID(r.Method, r.Path)
	// The stage is "*" because what an HTTP API sends for $default is not
	// documented; the API has no other stage.
	source := "${HttpApi}/*/" + executeMethod(r.Method) + executePath(r.Path)
	if r.Path == defaultRoute || r.Path == "/"+defaultRoute {
		key, id, source = defaultRoute, "Default", "${HttpApi}/*/"+defaultRoute
	}
	properties := cfn.Obj("ApiId", ref("HttpApi"), "RouteKey", key)
	b.authorization(r, properties, b.httpAuthorizers())
	properties.Set("Target", sub("integrations/${"+integrationID(r)+"}"))
	b.add("HttpRoute"+id, "route "+routeText(r), r.Pos, cfn.Obj("Type", "AWS::ApiGatewayV2::Route", "Properties", properties))
	if r.Target.Kind == topology.KindFunction {
		b.permission(r, "Http"+id, source)
	}
}

func corsConfiguration(c *topology.CORS) *cfn.Object {
	o := cfn.Obj("AllowOrigins", texts(c.Origins), "AllowMethods", texts(c.Methods), "AllowHeaders", texts(c.Headers))
	if c.MaxAgeSec > 0 {
		o.Set("MaxAge", number(c.MaxAgeSec))
	}
	if c.Credentials {
		o.Set("AllowCredentials", true)
	}
	return o
}
