package synth

import (
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
)

const apiGateway = "apigateway.amazonaws.com"

// integrable reports whether an HTTP API can lead a route to its target without
// a function between; it notes why not.
func (b *builder) integrable(r *topology.Route) bool {
	switch r.Target.Kind {
	case topology.KindState:
		if b.t.States == nil || b.t.States.Machine == nil {
			b.skip("route", routeText(r), r.Pos, "its state machine is not synthesised")
			return false
		}
		if !r.Async && b.t.States.Standard() {
			b.fail(writ.Errorf(writ.CodeInvalid, "route %s waits for a state machine of mode Standard", routeText(r)).
				WithHint("add  async: true  to the route, or make the machine  mode: Express").At(r.Pos, ""))
			return false
		}
		return true
	case topology.KindEvent, topology.KindQueue:
		if _, known := b.entityOfTarget(r.Target); !known {
			b.skip("route", routeText(r), r.Pos, elsewhere)
			return false
		}
		return true
	}
	b.skip("route", routeText(r), r.Pos, "routes to a "+string(r.Target.Kind)+" are not synthesised yet")
	return false
}

// integrationID gives the logical id of the integration of a route.
func integrationID(r *topology.Route) string {
	switch r.Target.Kind {
	case topology.KindState:
		if !r.Async {
			return "HttpIntegrationStateSync"
		}
		return "HttpIntegrationState"
	case topology.KindFunction:
		return logicalID(r.Target.Name) + "HttpIntegration"
	}
	return "HttpIntegration" + title(string(r.Target.Kind)) + logicalID(r.Target.Name)
}

// httpService adds the integration of a route with a service, which API Gateway
// calls with the API's role.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-aws-services-reference.html
func (b *builder) httpService(r *topology.Route) {
	const body = "$request.body"
	subtype, parameters := "", &cfn.Object{}
	switch r.Target.Kind {
	case topology.KindState:
		subtype = "StepFunctions-StartSyncExecution"
		if r.Async {
			subtype = "StepFunctions-StartExecution"
		}
		parameters = cfn.Obj("StateMachineArn", ref(machineID), "Input", body)
	case topology.KindEvent:
		subtype = "EventBridge-PutEvents"
		e := b.events[r.Target.Name]
		source, detailType := b.sent(e)
		parameters = cfn.Obj("Source", source, "DetailType", detailType, "Detail", body, "EventBusName", b.busARN(e))
	case topology.KindQueue:
		subtype = "SQS-SendMessage"
		parameters = cfn.Obj("QueueUrl", b.thingValue(topology.KindQueue, r.Target.Name, "url", r.Pos), "MessageBody", body)
		if isFIFO(b.t, r.Target.Name) {
			parameters.Set("MessageGroupId", "$context.requestId")
		}
	}
	b.add(integrationID(r), "the integration of "+string(r.Target.Kind)+" "+r.Target.Name, r.Pos, cfn.Obj(
		"Type", "AWS::ApiGatewayV2::Integration",
		"Properties", cfn.Obj(
			"ApiId", ref("HttpApi"),
			"IntegrationType", "AWS_PROXY",
			"IntegrationSubtype", subtype,
			"CredentialsArn", b.roles[node{Kind: topology.KindRoute}].arn,
			"PayloadFormatVersion", "1.0",
			"RequestParameters", parameters,
		),
	))
}

// httpRole adds the role with which the HTTP API calls services, if it calls any.
func (b *builder) httpRole(routes []*topology.Route) {
	var edges []edge
	for _, r := range routes {
		kind, _ := b.entityOfTarget(r.Target)
		v := drawn[kind]
		switch {
		case r.Target.Kind == topology.KindFunction:
			continue
		case r.Target.Kind == topology.KindState && !r.Async:
			v, _ = findVerb(entityState, "startSync")
		case r.Target.Kind == topology.KindEvent:
			v = sentEvent
		}
		name := r.Target.Name
		if kind == entityState { // a topology has one, whatever the route calls it
			name = b.t.Name
		}
		edges = append(edges, edge{
			entity: kind, name: name, verb: v, pos: r.Target.Pos, text: routeEdge(r),
		})
	}
	if len(edges) == 0 {
		return
	}
	p := principal{
		kind: topology.KindRoute, service: apiGateway, account: true, pos: routes[0].Pos,
		source: sub("arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${HttpApi}/*"),
	}
	b.roleOf(p, b.statements(p.node(), edges))
}
