package synth

import (
	"strconv"
	"strings"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
)

// roleTarget gives a target that EventBridge reaches with the rule's role: a
// state machine, a mutation or a channel; nil for one that is not here.
func (b *builder) roleTarget(e *topology.Event, to topology.Target, id, text string) *cfn.Object {
	if why := b.unreachable(to.Kind, to.Name); why != "" {
		b.skip("edge", text, to.Pos, why)
		return nil
	}
	target := cfn.Obj("Id", id, "Arn", nil, "RoleArn", b.roles[node{Kind: topology.KindEvent, Name: e.Name}].arn)
	switch to.Kind {
	case topology.KindState:
		target.Set("Arn", ref(machineID))
	case topology.KindMutation:
		target.Set("Arn", getAtt(mutationsID, "GraphQLEndpointArn"))
		operation, paths, template := b.operation(to.Name)
		target.Set("AppSyncParameters", cfn.Obj("GraphQLOperation", operation))
		target.Set("InputTransformer", transformer(paths, template))
	case topology.KindChannel:
		target.Set("Arn", getAtt(b.channelDestination(to), "Arn"))
		// AppSync wants each event as text that holds JSON; of the event only plain
		// values can be put into text.
		target.Set("InputTransformer", transformer(
			cfn.Obj("id", "$.id", "source", "$.source", "time", "$.time", "type", "$.detail-type"),
			`{"channel":`+strconv.Quote("/"+to.Name+"/"+channelSegment(e.Name))+
				`,"events":["{\"id\":\"<id>\",\"detail-type\":\"<type>\",\"source\":\"<source>\",\"time\":\"<time>\"}"]}`))
		b.skip("edge", text, to.Pos, "subscribers are told that the event was there, with its id, source and time; its detail is not passed on: lead the event to a function that publishes it")
	}
	return target
}

func transformer(paths *cfn.Object, template string) *cfn.Object {
	o := &cfn.Object{}
	if paths.Len() > 0 {
		o.Set("InputPathsMap", paths)
	}
	o.Set("InputTemplate", template)
	return o
}

// channelSegment gives a part of a channel's path: letters, digits and "-", 50 at most.
func channelSegment(name string) string { return fit(name, strings.Trim(replace(name, "-"), "-"), 50) }

// ruleRole adds the role of an event's rule, if it has a target that needs one.
func (b *builder) ruleRole(e *topology.Event) {
	p := principal{
		kind: topology.KindEvent, name: e.Name, service: "events.amazonaws.com", source: b.ruleARN(e), account: true, pos: e.Pos,
	}
	var edges []edge
	var statements []statement
	for _, to := range sorted(e.Targets, targetKey) {
		if calledOnSuccess(to.Kind) || b.unreachable(to.Kind, to.Name) != "" {
			continue
		}
		one := edge{entity: entity(to.Kind), name: to.Name, verb: drawn[entity(to.Kind)], pos: to.Pos, text: "event " + e.Name + " -> " + string(to.Kind) + " " + to.Name}
		if to.Kind == topology.KindChannel {
			statements = append(statements, statement{
				sid: "Channel" + logicalID(to.Name), actions: []string{"events:InvokeApiDestination"},
				resources: []any{b.destinationARN(to.Name)}, edges: []edge{one},
			})
			continue
		}
		edges = append(edges, one)
	}
	if len(edges)+len(statements) > 0 {
		b.roleOf(p, append(statements, b.statements(p.node(), edges)...))
	}
}

// destinationName is the AWS name of the API destination that publishes to a channel.
func (b *builder) destinationName(channel string) string {
	name := separated(b.t, b.t.Name, channel, b.o.Sandbox)
	return fit(name, replace(name, "-_"), 64)
}

// destinationARN is the ARN of an API destination by its name; AWS adds an id.
func (b *builder) destinationARN(channel string) any {
	return sub("arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:api-destination/" + b.destinationName(channel) + "/*")
}

// channelDestination adds, once, what lets EventBridge publish to a channel:
// a connection that holds the API key, and the HTTP endpoint.
// https://docs.aws.amazon.com/appsync/latest/eventapi/publish-http.html
func (b *builder) channelDestination(to topology.Target) string {
	id := logicalID(to.Name) + "ChannelDestination"
	if b.meaning[id] != "" {
		return id
	}
	b.claim("destination", b.destinationName(to.Name), to.Name, to.Pos)
	const connection = "ChannelsConnection"
	if b.meaning[connection] == "" {
		full := separated(b.t, b.t.Name, "channels", b.o.Sandbox)
		name := fit(full, replace(full, "-_"), 64)
		b.claim("connection", name, "the connection of EventBridge to channels", to.Pos)
		b.add(connection, "the connection of EventBridge to channels", to.Pos, cfn.Obj(
			"Type", "AWS::Events::Connection",
			"Properties", cfn.Obj(
				"Name", name,
				"AuthorizationType", "API_KEY",
				"AuthParameters", cfn.Obj("ApiKeyAuthParameters", cfn.Obj("ApiKeyName", "x-api-key", "ApiKeyValue", getAtt(channelKey, "ApiKey"))),
			),
		))
	}
	b.add(id, "the way of EventBridge to channel "+to.Name, to.Pos, cfn.Obj(
		"Type", "AWS::Events::ApiDestination",
		"Properties", cfn.Obj(
			"Name", b.destinationName(to.Name),
			"ConnectionArn", getAtt(connection, "Arn"),
			"HttpMethod", "POST",
			"InvocationEndpoint", sub("https://${"+channelsID+".Dns.Http}/event"),
		),
	))
	return id
}

// operation gives the GraphQL text with which EventBridge calls a mutation, and
// how its variables come from the event: those of an input of the user's own
// from the fields of detail, tc's ready-made inputs from their part of the event.
func (b *builder) operation(name string) (text string, paths *cfn.Object, template string) {
	s := newSchema(b.t.Mutations, "")
	paths = &cfn.Object{}
	for _, r := range b.t.Mutations.Resolvers {
		if r.Name != name {
			continue
		}
		var declared, passed, variables []string
		for _, a := range s.argumentsOf(r) {
			declared, passed = append(declared, "$"+a.Name+": "+a.Type), append(passed, a.Name+": $"+a.Name)
			paths.Set(a.Name, eventPath(r, a.Name))
			variables = append(variables, strconv.Quote(a.Name)+":<"+a.Name+">")
		}
		text = "mutation " + title(name)
		if len(declared) > 0 {
			text += "(" + strings.Join(declared, ", ") + ")"
		}
		text += " { " + name
		if len(passed) > 0 {
			text += "(" + strings.Join(passed, ", ") + ")"
		}
		text += s.selection(s.output(r), 3) + " }"
		template = "{" + strings.Join(variables, ",") + "}"
	}
	return text, paths, template
}

// eventPath is where a mutation's argument stands in an event.
func eventPath(r topology.Resolver, argument string) string {
	switch base, _ := topology.GraphQLBase(r.Input); {
	case base == "Event" && argument == "detail":
		return "$.detail"
	case argument == "input" && base == "AWSJSON":
		return "$.detail"
	}
	return "$.detail." + argument
}
