package synth

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/asl"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/iam/catalog"
	"github.com/writ-dev/writ/topology"
)

// machineStatements gives what the machine's role may do: what its states call,
// its logs and traces where they are on, and its own executions where it has a
// distributed map.
func (b *builder) machineStatements(s *topology.StateMachine) []statement {
	g := &gather{}
	called := map[int]bool{}
	for _, call := range s.Calls {
		c := s.Machine.Calls[call.Call]
		called[call.Call] = true
		text := "state " + c.State + " -> " + string(call.Target.Kind) + " " + call.Target.Name
		switch {
		case !call.Own && call.Target.Kind != topology.KindEvent:
			b.skip("edge", text, call.Target.Pos, elsewhere)
		default:
			b.call(g, c, call.Target, text+" ("+c.Service+":"+c.Action+")")
		}
	}
	for i, c := range s.Machine.Calls {
		if !called[i] {
			b.skip("edge", "state "+c.State+" -> "+c.Service+":"+c.Action, c.Pos, "on what it acts is not in the definition, or not known to Writ: its role may not")
		}
	}
	b.distributed(g, s)
	if logging(s) {
		g.add("Logs", logDelivery, "*", nil, edge{pos: s.Pos, text: "the state machine -> its log"})
	}
	if s.Tracing {
		g.add("Trace", tracing, "*", nil, edge{pos: s.Pos, text: "the state machine -> its traces"})
	}
	return g.statements()
}

var (
	// logDelivery is what a service needs that sets its own log delivery up.
	// https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
	logDelivery = []string{
		"logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
		"logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
	}
	// https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html
	tracing = []string{"xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"}
)

// call adds what one call of a state needs.
func (b *builder) call(g *gather, c asl.Call, to topology.Target, text string) {
	e := edge{pos: to.Pos, text: text}
	from := node{Kind: topology.KindState}
	switch {
	case c.Service == "events":
		b.eventCall(g, c, to, e)
		return
	case to.Kind == topology.KindState:
		b.machineCall(g, c, e)
		return
	case to.Kind == topology.KindStore && c.Service == "s3":
		b.bucketCall(g, c, to, e)
		return
	}
	action := c.Service + ":" + c.Action
	if action == "lambda:Invoke" {
		action = "lambda:InvokeFunction"
	}
	kind, ok := b.entityOfTarget(to)
	if !ok {
		b.skip("edge", e.text, e.pos, "calls of a "+string(to.Kind)+" are not synthesised yet")
		return
	}
	known, ok := catalog.AWS().Action(action)
	if !ok || known.WildcardOnly() {
		b.skip("edge", e.text, e.pos, "IAM has no action "+action+" on one resource")
		return
	}
	form := formSelf
	if _, named := c.Argument("IndexName"); named && kind == entityTable {
		form = formIndexes
	}
	g.add(title(string(kind))+logicalID(to.Name)+partOf(form), []string{known.String()}, b.resourceOf(from, kind, to.Name, form), b.fence(kind, to.Name, allowance{}), e)
}

// partOf tells apart the statements on a table and on its indexes.
func partOf(f form) string {
	if f == formIndexes {
		return "Indexes"
	}
	return ""
}

// tailID tells apart the statements on parts of one thing.
func tailID(text string) string {
	if text == "" {
		return ""
	}
	return camel(text) + shortHash(text)
}

// machineCall is a machine that starts itself again, by its name.
func (b *builder) machineCall(g *gather, c asl.Call, e edge) {
	switch {
	case c.Action == "StartSyncExecution":
		g.add("Machine", []string{"states:StartSyncExecution"}, b.machineARN("stateMachine", ""), b.machineTag(), e)
	case c.Action != "StartExecution":
		b.skip("edge", e.text, e.pos, "states:"+c.Action+" by a state is not synthesised yet")
	default:
		g.add("Machine", []string{"states:StartExecution"}, b.machineARN("stateMachine", ""), b.machineTag(), e)
		if c.Pattern == asl.Sync || c.Pattern == asl.Sync2 {
			// https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
			g.add("MachineWait", []string{"states:DescribeExecution", "states:StopExecution"}, b.machineARN("execution", ":*"), nil, e)
			g.add("MachineRule", []string{"events:DescribeRule", "events:PutRule", "events:PutTargets"},
				sub("arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"), nil, e)
		}
	}
}

// eventCall sends events; the conditions hold it to those that it names.
func (b *builder) eventCall(g *gather, c asl.Call, to topology.Target, e edge) {
	prefix := ""
	for _, a := range c.Arguments {
		if a.Pos == to.Pos {
			prefix, _, _ = strings.Cut(a.Name, "DetailType")
		}
	}
	source, _ := c.Argument(prefix + "Source")
	detailType, _ := c.Argument(prefix + "DetailType")
	bus := b.eventBus(c, prefix)
	switch {
	case bus == nil:
		b.skip("edge", e.text, e.pos, "its bus is not one of this topology, and not the default bus: its role may not")
		return
	case source.Text == "" || strings.Contains(source.Text+detailType.Text, "${"):
		b.skip("edge", e.text, e.pos, "the source of the event is only known when it is sent: its role may not")
		return
	}
	types, sources := b.render(detailType.Text, e.pos), b.render(source.Text, e.pos)
	g.add("Event"+logicalID(detailType.Text)+tailID(source.Text+" "+busName(c, prefix)), []string{"events:PutEvents"}, bus, onlySent(types, sources), e)
}

// eventBus gives the ARN of the bus of an entry, nil for one that is not known.
func (b *builder) eventBus(c asl.Call, prefix string) any {
	name := busName(c, prefix)
	if name == "default" {
		return literalARN(topology.KindBus, "default")
	}
	for _, bus := range b.t.Buses {
		for _, form := range []string{bus.Name, "${buses." + bus.Name + ".name}", "${buses." + bus.Name + ".arn}"} {
			if name == form {
				return b.thingARN(topology.KindBus, bus.Name)
			}
		}
	}
	return nil
}

// busName is the bus that an entry is sent to, as written; "" for an expression.
func busName(c asl.Call, prefix string) string {
	a, written := c.Argument(prefix + "EventBusName")
	if !written {
		return "default"
	}
	return a.Text
}

// onlySent holds PutEvents to one detail-type and source: in every entry of the
// call, each of which has to say them.
func onlySent(detailType, source any) *cfn.Object {
	return cfn.Obj(
		"ForAllValues:StringEquals", cfn.Obj("events:detail-type", detailType, "events:source", source),
		"Null", cfn.Obj("events:detail-type", "false", "events:source", "false"),
	)
}

// objectActions and bucketActions are what the calls of S3 need that a state
// may make, by call.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
var (
	objectActions = map[string][]string{
		"GetObject": {"s3:GetObject"}, "HeadObject": {"s3:GetObject"}, "PutObject": {"s3:PutObject"}, "DeleteObject": {"s3:DeleteObject"},
		"GetObjectTagging": {"s3:GetObjectTagging"}, "PutObjectTagging": {"s3:PutObjectTagging"},
	}
	bucketActions = map[string][]string{
		"ListObjects": {"s3:ListBucket"}, "ListObjectsV2": {"s3:ListBucket"}, "HeadBucket": {"s3:ListBucket"},
	}
	// A distributed map writes its results in parts and reads them back.
	// https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
	resultActions = []string{"s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"}
)

// bucketCall is a call of S3: on the key or below the prefix that it names, else
// on all objects of the bucket.
func (b *builder) bucketCall(g *gather, c asl.Call, to topology.Target, e edge) {
	id, sid := logicalID(to.Name)+"Bucket", "Bucket"+logicalID(to.Name)
	key, prefix := literalArgument(c, "Key"), literalArgument(c, "Prefix")
	switch {
	case c.Use == asl.UseWriter:
		tail := "/*"
		if prefix != "" {
			tail = "/" + strings.TrimSuffix(prefix, "/") + "/*"
		}
		g.add(sid+"Results"+tailID(prefix), resultActions, arnOf(id, tail), nil, e)
	case objectActions[c.Action] != nil:
		tail := "/*"
		if key != "" {
			tail = "/" + key
		}
		g.add(sid+c.Action+tailID(key), objectActions[c.Action], arnOf(id, tail), nil, e)
	case bucketActions[c.Action] != nil:
		var only *cfn.Object
		if prefix != "" {
			only = cfn.Obj("StringLike", cfn.Obj("s3:prefix", prefix+"*"))
		}
		g.add(sid+c.Action+tailID(prefix), bucketActions[c.Action], getAtt(id, "Arn"), only, e)
	default:
		b.skip("edge", e.text, e.pos, "s3:"+c.Action+" by a state is not synthesised yet")
	}
}

// literalArgument gives an argument that is plain text, and no pattern to IAM.
func literalArgument(c asl.Call, name string) string {
	a, _ := c.Argument(name)
	if strings.ContainsAny(a.Text, "*?$") || strings.Contains(a.Text, "{{") {
		return ""
	}
	return a.Text
}

// distributed lets a machine with distributed maps start and watch its own runs.
// https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
func (b *builder) distributed(g *gather, s *topology.StateMachine) {
	for _, d := range s.Machine.Distributed {
		e := edge{pos: d.Pos, text: "state " + d.State + " -> the runs of its items"}
		g.add("Machine", []string{"states:StartExecution"}, b.machineARN("stateMachine", ""), b.machineTag(), e)
		g.add("MachineRuns", []string{"states:DescribeExecution"}, b.machineARN("execution", ":*"), nil, e)
		g.add("MachineRedrive", []string{"states:RedriveExecution"}, b.machineARN("execution", "/*"), nil, e)
	}
}

// gather puts statements together by their Sid.
type gather struct{ list []*statement }

// add adds actions on a resource; what has one Sid has one resource and one condition.
func (g *gather) add(sid string, actions []string, resource any, condition *cfn.Object, e edge) {
	i := slices.IndexFunc(g.list, func(s *statement) bool { return s.sid == sid })
	if i < 0 {
		i = len(g.list)
		g.list = append(g.list, &statement{sid: sid, resources: []any{resource}, condition: condition})
	}
	s := g.list[i]
	s.actions = united(s.actions, actions)
	s.edges = append(s.edges, e)
}

func (g *gather) statements() []statement {
	var all []statement
	for _, s := range sorted(g.list, func(s *statement) string { return s.sid }) {
		slices.SortStableFunc(s.edges, func(x, y edge) int { return comparePositions(x.pos, y.pos) })
		all = append(all, *s)
	}
	return all
}

func comparePositions(x, y writ.Position) int {
	if d := strings.Compare(x.File, y.File); d != 0 {
		return d
	}
	if x.Line != y.Line {
		return x.Line - y.Line
	}
	return x.Col - y.Col
}

// machineTag is the second fence around the machine: it carries the sandbox's tag.
func (b *builder) machineTag() *cfn.Object { return b.fence(entityState, b.t.Name, allowance{}) }
