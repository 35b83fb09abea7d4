package synth

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
)

// restStage is the one stage of a REST API, as CDK names it.
const restStage = "prod"

// restAPI adds the REST API (API Gateway v1, proxy integrations) of the routes that belong to it.
func (b *builder) restAPI() {
	routes := b.routes(topology.APIREST)
	if len(routes) == 0 {
		return
	}
	pos := routes[0].Pos
	b.add("RestApi", "the REST API", pos, cfn.Obj(
		"Type", "AWS::ApiGateway::RestApi",
		"Properties", cfn.Obj("Name", apiName(b.t, b.o.Sandbox), "Tags", b.tags()),
	))
	m := &restModel{b: b, children: map[string]string{}}
	byPath := map[string][]*topology.Route{}
	for _, r := range routes {
		path := restPath(r.Path)
		m.resource(path, r)
		m.route(path, r)
		byPath[path] = append(byPath[path], r)
	}
	for _, r := range routes {
		path := restPath(r.Path)
		m.preflight(path, byPath[path])
		delete(byPath, path) // once for each path
	}
	deployment := "RestDeployment" + m.hash()
	b.add(deployment, "the deployment of the REST API", pos, cfn.Obj(
		"Type", "AWS::ApiGateway::Deployment",
		"DependsOn", texts(m.methods),
		"Properties", cfn.Obj("RestApiId", ref("RestApi")),
	))
	b.add("RestStage", "the stage of the REST API", pos, cfn.Obj(
		"Type", "AWS::ApiGateway::Stage",
		"Properties", cfn.Obj("RestApiId", ref("RestApi"), "StageName", restStage, "DeploymentId", ref(deployment), "Tags", b.tags()),
	))
	for _, r := range routes {
		path := restPath(r.Path)
		b.permission(r, "Rest"+methodID(r.Method, path), "${RestApi}/"+restStage+"/"+executeMethod(r.Method)+executePath(path))
	}
	b.output("RestApiUrl", "URL of the REST API",
		sub("https://${RestApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${RestStage}/"))
}

// restPath gives a path without the final slash that a REST API has no resource for.
func restPath(path string) string {
	return "/" + strings.Trim(path, "/")
}

// restModel gathers what a deployment of a REST API is a snapshot of.
type restModel struct {
	b       *builder
	methods []string
	// parts holds the resources that the deployment depends on, in order.
	parts []any
	// children holds the path variable that stands under each path.
	children map[string]string
}

func (m *restModel) add(id, what string, pos writ.Position, resource *cfn.Object) {
	m.b.add(id, what, pos, resource)
	m.parts = append(m.parts, id, resource)
}

// resource adds the resources of all parts of a path that are not there yet.
func (m *restModel) resource(path string, r *topology.Route) {
	parent, at := "", ""
	for part := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		if part == "" {
			return
		}
		parent, at = at, at+"/"+part
		if strings.HasPrefix(part, "{") {
			// API Gateway holds at most one variable under a resource.
			if other, taken := m.children[parent]; taken && other != part {
				m.b.fail(writ.Errorf(writ.CodeInvalid, "%s and %s stand in one place of the REST API", parent+"/"+other, at).
					WithHint("give the variable one name in all routes").At(r.Pos, ""))
				return
			}
			m.children[parent] = part
		}
		id := "RestResource" + pathID(at)
		if m.b.meaning[id] != "" {
			continue
		}
		m.add(id, "resource "+at, r.Pos, cfn.Obj(
			"Type", "AWS::ApiGateway::Resource",
			"Properties", cfn.Obj("RestApiId", ref("RestApi"), "ParentId", restResource(parent), "PathPart", part),
		))
	}
}

// restResource refers to the resource of a path.
func restResource(path string) any {
	if path == "" || path == "/" {
		return getAtt("RestApi", "RootResourceId")
	}
	return ref("RestResource" + pathID(path))
}

func (m *restModel) route(path string, r *topology.Route) {
	auth := &cfn.Object{}
	m.b.authorization(r, auth, m.authorizers())
	m.method(path, r.Method, r.Pos, auth, cfn.Obj(
		"Type", "AWS_PROXY",
		"IntegrationHttpMethod", "POST", // Lambda's Invoke takes only POST
		"Uri", sub("arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${"+
			logicalID(r.Target.Name)+"Function.Arn}/invocations"),
	), nil)
}

func (m *restModel) method(path, method string, pos writ.Position, auth, integration *cfn.Object, responses []any) {
	id := "RestMethod" + methodID(method, path)
	p := cfn.Obj(
		"RestApiId", ref("RestApi"),
		"ResourceId", restResource(path),
		"HttpMethod", method,
	)
	for key, value := range auth.All() {
		p.Set(key, value)
	}
	p.Set("Integration", integration)
	if responses != nil {
		p.Set("MethodResponses", responses)
	}
	m.add(id, "route "+method+" "+path, pos, cfn.Obj("Type", "AWS::ApiGateway::Method", "Properties", p))
	m.methods = append(m.methods, id)
}

// hash names the deployment by what it is a snapshot of, so that any change of
// the API makes a new one: a deployment never changes by itself.
func (m *restModel) hash() string {
	text, err := cfn.Format(m.parts)
	if err != nil {
		m.b.fail(writ.Errorf(writ.CodeInternal, "write the REST API: %w", err))
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])[:12]
}

// preflight answers OPTIONS of a path whose routes allow other origins, as
// CDK's default does: without a function, by a mock integration. A route for
// OPTIONS of the user's own comes first.
func (m *restModel) preflight(path string, routes []*topology.Route) {
	cors := m.b.oneCORS(routes, "a path of a REST API")
	if cors == nil {
		return
	}
	for _, r := range routes {
		if r.Method == "OPTIONS" {
			return
		}
	}
	headers := strings.Join(cors.Headers, ",")
	if headers == "*" {
		headers = "*,Authorization" // which browsers except from *
	}
	set := cfn.Obj(
		"Access-Control-Allow-Headers", headers,
		"Access-Control-Allow-Origin", cors.Origins[0],
		"Access-Control-Allow-Methods", strings.Join(cors.Methods, ","),
	)
	if cors.Origins[0] != "*" {
		set.Set("Vary", "Origin")
	}
	if cors.Credentials {
		set.Set("Access-Control-Allow-Credentials", "true")
	}
	if cors.MaxAgeSec > 0 {
		set.Set("Access-Control-Max-Age", string(number(cors.MaxAgeSec)))
	}
	values, declared := &cfn.Object{}, &cfn.Object{}
	for header, value := range set.All() {
		values.Set("method.response.header."+header, "'"+value.(string)+"'")
		declared.Set("method.response.header."+header, true)
	}
	answer := cfn.Obj("StatusCode", "204", "ResponseParameters", values)
	if len(cors.Origins) > 1 {
		answer.Set("ResponseTemplates", cfn.Obj("application/json", originTemplate(cors.Origins[1:])))
	}
	// Browsers send no token with it.
	m.method(path, "OPTIONS", routes[0].Pos, cfn.Obj("AuthorizationType", "NONE"), cfn.Obj(
		"Type", "MOCK",
		"RequestTemplates", cfn.Obj("application/json", `{"statusCode": 204}`),
		"IntegrationResponses", []any{answer},
	), []any{cfn.Obj("StatusCode", "204", "ResponseParameters", declared)})
}

// originTemplate is the mapping template that answers an origin beyond the
// first with its own name.
func originTemplate(origins []string) string {
	var tests []string
	for _, o := range origins {
		tests = append(tests, `$origin == "`+o+`"`)
	}
	return `#set($origin = $input.params().header.get("Origin"))` + "\n" +
		`#if($origin == "") #set($origin = $input.params().header.get("origin")) #end` + "\n" +
		`#if(` + strings.Join(tests, " || ") + `)` + "\n" +
		`  #set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)` + "\n" +
		`#end`
}
