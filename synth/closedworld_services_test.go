package synth_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/inventory"
	"github.com/writ-dev/writ/roles"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// The names that random services are made of.
var (
	serviceFunctions = []string{"one", "two-2"}
	serviceTables    = []string{"data", "more"}
	serviceQueues    = []string{"mail", "bulk"}
)

// serviceEdge is an edge that a random topology was given: who may do what, on what.
type serviceEdge struct {
	// role is the principal, as synth.PrincipalRoleName takes it.
	kind topology.Kind
	name string
	asks []ask
}

// serviceWorld is a random topology as text, with its edges.
type serviceWorld struct {
	t     *rapid.T
	edges []serviceEdge
	top   *topology.Topology
}

func (w *serviceWorld) may(kind topology.Kind, name string, asks ...ask) {
	w.edges = append(w.edges, serviceEdge{kind, name, asks})
}

func (w *serviceWorld) coin(what string) bool { return rapid.Bool().Draw(w.t, what) }

const servicesHead = `
name: shop
mode: Standard
functions:
  one: {runtime: {lang: go}}
  two-2: {runtime: {lang: go}}
stores:
  data: {key: id}
  more: {key: id, indexes: {byx: {key: x}}}
queues:
  mail:
  bulk:
events:
`

// randomServices writes a topology with a state machine, mutations, channels
// and routes, whose edges are drawn.
func randomServices(t *rapid.T) *serviceWorld {
	w := &serviceWorld{t: t}
	text := servicesHead + w.events() + w.routes() + w.mutations() + w.channels() + w.machine()
	top, err := topology.Parse([]byte(text), "topology.yml", "")
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	w.top = top
	return w
}

// The questions, which hold NAMES until the topology is there: see resolve.
func invoke(function string, tails ...string) (all []ask) {
	for _, tail := range tails {
		all = append(all, ask{action: "lambda:InvokeFunction", resource: "FUNCTION " + function + tail})
	}
	return all
}

func putEvent(detailType, source string) ask {
	return ask{action: "events:PutEvents", resource: "BUS", context: iam.Context{"events:detail-type": iam.Many(detailType), "events:source": iam.Many(source)}}
}

func asking(action, resource string) ask { return ask{action: action, resource: resource} }

func (w *serviceWorld) events() string {
	var b strings.Builder
	b.WriteString("  Paid: {producer: bank, function: one}\n  Lost: {function: one}\n")
	for _, name := range []string{"Placed", "Gone"} {
		var targets []string
		if w.coin("starts") {
			targets = append(targets, "state: shop")
			w.may(topology.KindEvent, name, asking("states:StartExecution", "MACHINE"))
		}
		if w.coin("mutates") {
			targets = append(targets, "mutation: save")
			w.may(topology.KindEvent, name, asking("appsync:GraphQL", "FIELD save"))
		}
		if w.coin("publishes") {
			targets = append(targets, "channel: room")
			w.may(topology.KindEvent, name, asking("events:InvokeApiDestination", "DESTINATION room"))
		}
		if len(targets) > 0 {
			fmt.Fprintf(&b, "  %s: {%s}\n", name, strings.Join(targets, ", "))
		}
	}
	return b.String()
}

func (w *serviceWorld) routes() string {
	b := "routes:\n  /one: {method: GET, function: one}\n"
	add := func(what, text string, asks ...ask) {
		if w.coin(what) {
			b += text
			w.may(topology.KindRoute, "", asks...)
		}
	}
	add("starts", "  /start: {state: shop, async: true}\n", asking("states:StartExecution", "MACHINE"))
	add("sends", "  /mail: {queue: mail}\n", asking("sqs:SendMessage", "QUEUE mail"))
	add("tells", "  /paid: {event: Paid}\n", putEvent("Paid", "bank"))
	add("tells of a loss", "  /lost: {event: Lost}\n", putEvent("Lost", "shop"))
	return b
}

func (w *serviceWorld) mutations() string {
	b := "mutations:\n  types:\n    Thing: {id: ID!}\n  resolvers:\n    save: {input: Thing, output: Thing, "
	target := rapid.SampledFrom([]string{"function", "event", "table"}).Draw(w.t, "resolver")
	switch target {
	case "function":
		w.may(topology.KindMutation, "function-two-2", invoke("two-2", "", ":live")...)
		b += "function: two-2}\n"
	case "event":
		w.may(topology.KindMutation, "event-Paid", putEvent("Paid", "bank"))
		b += "event: Paid}\n"
	case "table":
		w.may(topology.KindMutation, "store-data", asking("dynamodb:PutItem", "TABLE data"))
		b += "table: data}\n"
	}
	return b
}

func (w *serviceWorld) channels() string {
	switch rapid.SampledFrom([]string{"plain", "function", "event"}).Draw(w.t, "handler") {
	case "function":
		w.may(topology.KindChannel, "function-one", invoke("one", "", ":live")...)
		return "channels:\n  room: {function: one}\n"
	case "event":
		w.may(topology.KindChannel, "event-Lost", putEvent("Lost", "shop"))
		return "channels:\n  room: {on_publish: {event: Lost}}\n"
	}
	return "channels:\n  room: {handler: default}\n"
}

// machine writes one state after the other, some of which are drawn.
func (w *serviceWorld) machine() string {
	type call struct {
		text string
		asks []ask
	}
	var states []call
	add := func(what, resource, arguments string, asks ...ask) {
		if w.coin(what) {
			states = append(states, call{"Type: Task, Resource: \"arn:aws:states:::" + resource + "\", Parameters: {" + arguments + "}", asks})
		}
	}
	f := rapid.SampledFrom(serviceFunctions).Draw(w.t, "called")
	add("calls", "lambda:invoke", "FunctionName: "+f, invoke(f, "")...)
	add("calls by template", "lambda:invoke.waitForTaskToken", `FunctionName: "{{namespace}}_two-2_{{sandbox}}"`, invoke("two-2", "")...)
	q := rapid.SampledFrom(serviceQueues).Draw(w.t, "filled")
	add("sends", "sqs:sendMessage", `QueueUrl: "${queues.`+q+`.url}"`, asking("sqs:SendMessage", "QUEUE "+q))
	d := rapid.SampledFrom(serviceTables).Draw(w.t, "table")
	add("gets", "dynamodb:getItem", "TableName: "+d, asking("dynamodb:GetItem", "TABLE "+d))
	add("deletes", "aws-sdk:dynamodb:deleteItem", "TableName: "+d, asking("dynamodb:DeleteItem", "TABLE "+d))
	add("looks up", "aws-sdk:dynamodb:query", "TableName: more, IndexName: by", asking("dynamodb:Query", "TABLE more/index/by"))
	add("tells", "events:putEvents", "Entries: [{Source: bank, DetailType: Paid}]", putEvent("Paid", "bank"))
	add("starts", "states:startExecution", `StateMachineArn: "${states.shop.arn}"`, asking("states:StartExecution", "MACHINE"))
	add("starts and waits", "states:startExecution.sync", `StateMachineArn: "${states.shop.arn}"`,
		asking("states:StartExecution", "MACHINE"), asking("states:DescribeExecution", "EXECUTION"), asking("states:StopExecution", "EXECUTION"),
		asking("events:PutRule", "MACHINERULE"), asking("events:PutTargets", "MACHINERULE"), asking("events:DescribeRule", "MACHINERULE"))
	b := "states:\n  StartAt: s0\n  States:\n"
	for i, s := range states {
		b += fmt.Sprintf("    s%d: {%s, Next: s%d}\n", i, s.text, i+1)
		w.may(topology.KindState, "", s.asks...)
	}
	return b + fmt.Sprintf("    s%d: {Type: Succeed}\n", len(states))
}

// resolve writes the ARNs of a question.
func resolve(top *topology.Topology, q ask, sandbox string) ask {
	word, name, _ := strings.Cut(q.resource, " ")
	base, tail := name, ""
	if i := strings.IndexAny(name, ":/"); i >= 0 {
		base, tail = name[:i], name[i:]
	}
	at := ":" + region + ":" + account + ":"
	switch word {
	case "FUNCTION":
		q.resource = functionARN(top, base, sandbox) + tail
	case "TABLE":
		q.resource = tableARN(top, base, sandbox) + tail
	case "QUEUE":
		q.resource = arn(top, topology.KindQueue, name, sandbox)
	case "MACHINE":
		q.resource = "arn:aws:states" + at + "stateMachine:" + synth.StateMachineName(top, sandbox)
	case "EXECUTION":
		q.resource = "arn:aws:states" + at + "execution:" + synth.StateMachineName(top, sandbox) + ":run"
	case "MACHINERULE":
		q.resource = "arn:aws:events" + at + "rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"
	case "BUS":
		q.resource = "arn:aws:events" + at + "event-bus/default"
	case "FIELD":
		q.resource = "arn:aws:appsync" + at + "apis/MutationsApi/types/Mutation/fields/" + name
	case "CHANNEL":
		q.resource = "arn:aws:appsync" + at + "apis/ChannelsApi/channelNamespace/" + name
	case "DESTINATION":
		q.resource = "arn:aws:events" + at + "api-destination/" + top.Name + "_" + name + "_" + sandbox + "/11aa"
	}
	return q
}

// serviceQuestions lists what is asked for every principal.
func serviceQuestions() []ask {
	all := []ask{
		asking("states:StartExecution", "MACHINE"), asking("states:StartSyncExecution", "MACHINE"), asking("states:DeleteStateMachine", "MACHINE"),
		asking("states:DescribeExecution", "EXECUTION"), asking("states:StopExecution", "EXECUTION"), asking("states:RedriveExecution", "EXECUTION"),
		asking("events:PutRule", "MACHINERULE"), asking("events:PutTargets", "MACHINERULE"), asking("events:DescribeRule", "MACHINERULE"), asking("events:DeleteRule", "MACHINERULE"),
		asking("appsync:GraphQL", "FIELD save"), asking("appsync:GraphQL", "FIELD drop"),
		asking("appsync:EventPublish", "CHANNEL room"), asking("appsync:EventSubscribe", "CHANNEL room"),
		asking("events:InvokeApiDestination", "DESTINATION room"), asking("events:InvokeApiDestination", "DESTINATION other"),
		putEvent("Paid", "bank"), putEvent("Paid", "shop"), putEvent("Lost", "shop"), putEvent("Lost", "bank"), putEvent("Placed", "shop"),
		asking("events:PutEvents", "BUS"),
	}
	for _, f := range serviceFunctions {
		all = append(all, invoke(f, "", ":live")...)
		all = append(all, asking("lambda:UpdateFunctionCode", "FUNCTION "+f))
	}
	for _, d := range serviceTables {
		for _, a := range []string{"GetItem", "PutItem", "DeleteItem", "Query", "Scan", "DeleteTable"} {
			all = append(all, asking("dynamodb:"+a, "TABLE "+d))
		}
		all = append(all, asking("dynamodb:Query", "TABLE "+d+"/index/by"))
	}
	for _, q := range serviceQueues {
		all = append(all, asking("sqs:SendMessage", "QUEUE "+q), asking("sqs:ReceiveMessage", "QUEUE "+q))
	}
	return all
}

// same compares questions before their ARNs are written.
func same(a, b ask) bool {
	return a.action == b.action && a.resource == b.resource && fmt.Sprint(a.context) == fmt.Sprint(b.context)
}

func (w *serviceWorld) allowed(role string, q ask) bool {
	return slices.ContainsFunc(w.edges, func(e serviceEdge) bool {
		return synth.PrincipalRoleName(w.top, e.kind, e.name, "dev") == role &&
			slices.ContainsFunc(e.asks, func(a ask) bool { return same(a, q) })
	})
}

// Closed world for what acts without a function: state machines, data sources of
// GraphQL and channels, rules and routes may make a call if and only if an edge
// says so, and nothing of another sandbox or namespace.
func TestServicesClosedWorld(t *testing.T) {
	t.Parallel()
	servicesClosedWorld(t, func(*rapid.T, *topology.Topology) (*roles.Set, bounds) { return nil, nil })
}

// The same within the boundaries of role files.
func TestServicesClosedWorldWithBoundaries(t *testing.T) {
	t.Parallel()
	servicesClosedWorld(t, func(rt *rapid.T, top *topology.Topology) (*roles.Set, bounds) {
		return randomBoundaries(rt, top, topology.KindEvent, topology.KindRoute, topology.KindMutation, topology.KindChannel, topology.KindState)
	})
}

func servicesClosedWorld(t *testing.T, choose func(*rapid.T, *topology.Topology) (*roles.Set, bounds)) {
	systems, questions, yes, stopped := 0, 0, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		w := randomServices(rt)
		o := options(w.top, "dev")
		set, bound := choose(rt, w.top)
		o.Roles = set
		out, err := synth.Template(w.top, o)
		if err != nil {
			rt.Fatal(err)
		}
		inv, err := deployed(out)
		if err != nil {
			rt.Fatal(err)
		}
		if _, err := out.Template.Levels(nil, nil); err != nil {
			rt.Fatal(err)
		}
		systems++
		for id := range out.Template.Resources().All() {
			resource, _ := out.Template.Resource(id)
			if resource.Type == "AWS::IAM::ManagedPolicy" {
				continue // a boundary is the platform team's
			}
			for _, statement := range resource.Properties.Object("PolicyDocument").List("Statement") {
				if problems := unknownToAWS(statement.(*cfn.Object), map[string]bool{}); len(problems) > 0 {
					rt.Fatalf("%s: %q", id, problems)
				}
			}
		}
		other := *w.top
		other.Name = "elsewhere"
		kindOf := map[string]topology.Kind{}
		for _, r := range out.Roles {
			kindOf[r.RoleName] = r.Kind
		}
		for _, p := range servicePrincipals(inv) {
			for _, q := range serviceQuestions() {
				asked := resolve(w.top, q, "dev")
				edge := w.allowed(p.Name, q)
				got, want := decide(inv, p.Caller(), asked), edge && bound.let(kindOf[p.Name], asked)
				if edge && !want {
					stopped++
				}
				if got != want {
					rt.Fatalf("%s: %s on %s %v is allowed: %v, by the edges %v", p.Name, q.action, q.resource, q.context, got, want)
				}
				questions++
				if got {
					yes++
				}
				if strings.HasPrefix(q.resource, "BUS") || strings.HasPrefix(q.resource, "MACHINERULE") || strings.HasPrefix(q.resource, "FIELD") || strings.HasPrefix(q.resource, "CHANNEL") {
					continue // the account's, or with an id that says nothing of the sandbox
				}
				for _, foreign := range []ask{resolve(w.top, q, "prod"), resolve(&other, q, "dev")} {
					if decide(inv, p.Caller(), foreign) {
						rt.Fatalf("%s reaches out of its sandbox: %s on %s", p.Name, foreign.action, foreign.resource)
					}
					questions++
				}
			}
		}
		for _, e := range w.edges {
			if inv.Principal(synth.PrincipalRoleName(w.top, e.kind, e.name, "dev")) == nil && len(e.asks) > 0 {
				rt.Fatalf("%s %s has edges and no role", e.kind, e.name)
			}
		}
	})
	if yes == 0 || yes == questions {
		t.Fatalf("%d of %d questions were answered with yes: the test says nothing", yes, questions)
	}
	t.Logf("%d systems, %d questions, %d of them allowed, %d stopped by a boundary", systems, questions, yes, stopped)
}

// servicePrincipals are the roles that are no function's.
func servicePrincipals(inv *inventory.Inventory) []*inventory.Principal {
	return slices.DeleteFunc(slices.Clone(inv.Principals), func(p *inventory.Principal) bool { return len(p.Functions) > 0 })
}
