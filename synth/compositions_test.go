package synth_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/synth"
)

// functions are the functions of every composition below.
const compositionFunctions = `
functions:
  f1: {runtime: {lang: go}}
  f2: {runtime: {lang: go}}
`

// compositions are the ways in which tc's topologies put entities together,
// each with the rights that it has to give; none may be skipped.
var compositions = []struct {
	name, text string
	edges      []string
	// skipped are the kinds of what is said to be left out.
	skipped []string
}{
	{"route to function", "routes: {/a: {method: GET, function: f1}}", []string{"route GET /a -> function f1"}, nil},
	{"route to state", "routes: {/a: {state: anything}}\n" + oneState, []string{"route POST /a -> state anything", "state work -> function f1 (lambda:Invoke)"}, nil},
	{"asynchronous route to state", "routes: {/a: {async: true}}\n" + oneState, []string{"route POST /a -> state t", "state work -> function f1 (lambda:Invoke)"}, nil},
	{"route to event", "routes: {/a: {event: Made}}\nevents: {Made: {function: f1}}", []string{"event Made -> function f1", "route POST /a -> event Made"}, nil},
	{"route to queue", "routes: {/a: {queue: mail}}\nqueues: {mail: {function: f1}}", []string{"queue mail -> function f1", "route POST /a -> queue mail"}, nil},
	{"route with an authorizer", "routes: {/a: {method: GET, function: f1, authorizer: f2}}", []string{"route GET /a -> authorizer f2", "route GET /a -> function f1"}, nil},
	{"route to event to channel", "routes: {/a: {event: Made}}\nevents: {Made: {channel: news}}\nchannels: {news: {handler: default, key_expires: 2027-01-31}}", []string{"event Made -> channel news", "route POST /a -> event Made"}, []string{"edge"}},
	{"route to event to mutation", "routes: {/a: {event: Made}}\nevents: {Made: {mutation: save}}\n" + oneMutation, []string{"event Made -> mutation save", "mutation save -> function f1", "route POST /a -> event Made"}, nil},
	{"event to function", "events: {Made: {producer: shop, function: f1}}", []string{"event Made -> function f1"}, nil},
	{"event to functions", "events: {Made: {functions: [f1, '{{namespace}}_f2_{{sandbox}}']}}", []string{"event Made -> function f1", "event Made -> function f2"}, nil},
	{"event to state", "events: {Made: {state: t}}\n" + oneState, []string{"event Made -> state t", "state work -> function f1 (lambda:Invoke)"}, nil},
	{"event to the state machine, unsaid", "events: {Made: {producer: shop}}\n" + oneState, []string{"event Made -> state t", "state work -> function f1 (lambda:Invoke)"}, nil},
	{"event to mutation", "events: {Made: {mutation: save}}\n" + oneMutation, []string{"event Made -> mutation save", "mutation save -> function f1"}, nil},
	{"event to channel", "events: {Made: {channel: news}}\nchannels: {news: {handler: default}}", []string{"event Made -> channel news"}, []string{"channel", "edge"}},
	{"event to queue", "events: {Made: {queue: mail}}\nqueues: {mail: {function: f1}}", []string{"event Made -> queue mail", "queue mail -> function f1"}, nil},
	{"queue to function", "queues: {mail: {function: f1}}", []string{"queue mail -> function f1"}, nil},
	{"mutation to function", oneMutation, []string{"mutation save -> function f1"}, nil},
	{"mutation to event", "mutations: {types: {T: {id: ID!}}, resolvers: {save: {event: Made, input: T, output: T}}}\nevents: {Made: {function: f1}}", []string{"event Made -> function f1", "mutation save -> event Made"}, nil},
	{"mutation to table", "mutations: {types: {T: {id: ID!}}, resolvers: {save: {table: data, input: T, output: T}}}\nstores: {data: {key: id}}", []string{"mutation save -> store data"}, nil},
	{"mutation with an authorizer", "mutations: {authorizer: f2, types: {T: {id: ID!}}, resolvers: {save: {function: f1, input: T, output: T}}}", []string{"mutation save -> function f1", "mutations -> authorizer f2"}, nil},
	{"channel to function", "channels: {news: {function: f1}}", []string{"channel news -> function f1"}, nil},
	{"channel to event", "channels: {news: {on_publish: {event: Made}}}\nevents: {Made: {function: f1}}", []string{"channel news -> event Made", "event Made -> function f1"}, nil},
	{"channel with the default handler, as a function", "channels: {news: {function: default}}", nil, nil},
	{"events under consumes", "events: {consumes: {Made: {producer: shop, mutation: save}, Sold: {function: f2}}, produces: {Kept: {consumer: cellar}}}\n" + oneMutation, []string{"event Made -> mutation save", "event Sold -> function f2", "mutation save -> function f1"}, []string{"section"}},
	{"event with a trigger of tc", "events: {Put: {trigger: 's3::put_object', state: t}}\n" + oneState, []string{"event Put -> state t", "state work -> function f1 (lambda:Invoke)"}, []string{"key"}},
	{"routes with keys that do nothing", "routes: {a: {path: /a, method: GET, kind: http, timeout: 10, function: f1}, b: {path: /b, edge: true, multipart: true, function: f2}}", []string{"route GET /a -> function f1", "route POST /b -> function f2"}, []string{"key", "key", "key", "key"}},
	{"routes that are only documented", "routes: {/a: {state: t}, /b: {proxy: none}, /c: {doc_only: true}}\n" + oneState, []string{"route POST /a -> state t", "state work -> function f1 (lambda:Invoke)"}, []string{"key", "route", "route"}},
	{"routes whose cors add up", "routes: {/a: {function: f1, cors: {methods: [POST]}}, /b: {function: f2, cors: {methods: [GET]}}}", []string{"route POST /a -> function f1", "route POST /b -> function f2"}, []string{"cors"}},
	{"functions that Lambda does not run", `functions:
  f1: {runtime: {lang: go}}
  vm: {runtime: {provider: MicroVm, handler: python app.py}, function: f1, grants: [{store: data, access: readData}]}
  f2: {runtime: {lang: go, provider: lambda}, function: vm}
  f3: {runtime: {lang: go}, grants: [{function: vm, access: invoke}]}
routes: {/a: {function: vm}, /b: {function: f1}}
events: {Made: {functions: [vm, f1]}}
stores: {data: {key: id}}
`, []string{"event Made -> function f1", "route POST /b -> function f1"}, []string{"edge", "edge", "function", "grant", "route"}},
	{"schedule to function", "schedules: {daily: {cron: rate(1 day), function: f1}}", []string{"schedule daily -> function f1"}, nil},
	{"schedule to state", "schedules: {daily: {cron: rate(1 day), target: t}}\n" + oneState, []string{"schedule daily -> state t", "state work -> function f1 (lambda:Invoke)"}, nil},
	{"trigger to function", "triggers: {PRE_SIGN_UP: {function: f1}, POST_AUTHENTICATION: {function: f2}}", []string{"pool t PostAuthentication -> function f2", "pool t PreSignUp -> function f1"}, nil},
	{"pools with triggers", "pools: [a, b]\ntriggers: {PRE_SIGN_UP: {function: f1}}", []string{"pool a PreSignUp -> function f1", "pool b PreSignUp -> function f1"}, nil},
	{"page", "pages: {app: {kind: SPA, dist: dist}}", []string{"page app -> its files"}, []string{"page"}},
	{"states in parallel", "flow: {StartAt: both, States: {both: {Type: Parallel, End: true, Branches: [{StartAt: l, States: {l: {Type: Task, Resource: 'arn:aws:states:::lambda:invoke', Parameters: {FunctionName: f1}, End: true}}}, {StartAt: r, States: {r: {Type: Task, Resource: 'arn:aws:states:::lambda:invoke', Parameters: {FunctionName: f2}, End: true}}}]}}}", []string{"state l -> function f1 (lambda:Invoke)", "state r -> function f2 (lambda:Invoke)"}, nil},
	{"states over a list", "states: {StartAt: each, States: {each: {Type: Map, ItemsPath: $.a, Iterator: {StartAt: one, States: {one: {Type: Task, Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken', Parameters: {FunctionName: f1}, End: true}}}, Next: done}, done: {Type: Succeed}}}", []string{"state one -> function f1 (lambda:Invoke)"}, nil},
	{"a distributed map of an unknown bucket", "states: {StartAt: each, States: {each: {Type: Map, ItemReader: {Resource: 'arn:aws:states:::s3:getObject', Parameters: {Bucket.$: $.b, Key.$: $.k}}, ItemProcessor: {ProcessorConfig: {Mode: DISTRIBUTED}, StartAt: one, States: {one: {Type: Task, Resource: 'arn:aws:states:::lambda:invoke', Parameters: {FunctionName: '{{namespace}}_f1_{{sandbox}}'}, End: true}}}, End: true}}}", []string{"state each -> the runs of its items", "state one -> function f1 (lambda:Invoke)"}, []string{"edge"}},
}

const (
	oneState    = "states: {StartAt: work, States: {work: {Type: Task, Resource: 'arn:aws:states:::lambda:invoke', Parameters: {FunctionName: '{{namespace}}_f1_{{sandbox}}'}, End: true}}}"
	oneMutation = "mutations: {types: {T: {id: ID!, text: String}}, resolvers: {save: {function: f1, input: T, output: T, subscribe: true}}}"
)

// Every composition compiles and gives just the rights of its edges; one that
// leads on from a function is in TestFunctionCompositions.
func TestCompositions(t *testing.T) {
	t.Parallel()
	for _, c := range compositions {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			functions := compositionFunctions
			if strings.HasPrefix(c.text, "functions:") {
				functions = "" // it has its own
			}
			checkComposition(t, "name: t\n"+functions+c.text+"\n", c.edges, c.skipped)
		})
	}
	if len(compositions) < 30 {
		t.Errorf("only %d compositions", len(compositions))
	}
	t.Logf("%d compositions", len(compositions))
}

// What a function leads to is what its role may do.
func TestFunctionCompositions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, leads, rest string
		edges             []string
		skipped           []string
	}{
		{"function", "function: f2", "", []string{"f1 -> function f2"}, nil},
		{"functions", "functions: [f2, f3]", "", []string{"f1 -> function f2", "f1 -> function f3"}, []string{"edge", "edge"}},
		{"event", "event: Made", "events: {Made: {function: f2}}", []string{"event Made -> function f2", "f1 -> event Made"}, nil},
		{"queue", "queue: mail", "queues: {mail: {function: f2}}", []string{"f1 -> queue mail", "queue mail -> function f2"}, nil},
		{"mutation", "mutation: save", strings.ReplaceAll(oneMutation, "f1", "f2"), []string{"f1 -> mutation save", "mutation save -> function f2"}, []string{"edge"}},
		{"a mutation that calls it", "mutation: save", oneMutation, []string{"f1 -> mutation save", "mutation save -> function f1"}, []string{"edge"}},
		{"channel", "channel: news", "channels: {news: {function: f2}}", []string{"channel news -> function f2", "f1 -> channel news"}, []string{"edge"}},
		{"a channel that calls it", "channel: news", "channels: {news: {function: f1}}", []string{"channel news -> function f1", "f1 -> channel news"}, []string{"edge"}},
		{"state", "state: t", strings.ReplaceAll(oneState, "f1", "f2"), []string{"f1 -> state t", "state work -> function f2 (lambda:Invoke)"}, []string{"edge"}},
		{"a state machine that calls it", "state: t", oneState, []string{"f1 -> state t", "state work -> function f1 (lambda:Invoke)"}, []string{"edge"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			text := "name: t\nfunctions:\n  f1: {runtime: {lang: go}, " + c.leads + "}\n  f2: {runtime: {lang: go}}\n  f3: {runtime: {lang: go}}\n" + c.rest + "\n"
			checkComposition(t, text, c.edges, c.skipped)
		})
	}
}

func checkComposition(t *testing.T, text string, edges, skipped []string) {
	t.Helper()
	out := build(t, parseText(t, text), "dev")
	if _, err := out.Template.Levels(nil, nil); err != nil {
		t.Error(err)
	}
	if _, err := deployed(out); err != nil {
		t.Error(err)
	}
	var got []string
	for _, p := range append(slices.Clone(out.Statements), out.Permissions...) {
		if !strings.HasSuffix(p.Edge, "its own log") && !slices.Contains(got, p.Edge) {
			got = append(got, p.Edge)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, edges) {
		t.Errorf("the edges are\n%q, want\n%q", got, edges)
	}
	var left []string
	for _, s := range out.Skipped {
		left = append(left, s.Kind)
	}
	if !slices.Equal(left, skipped) {
		t.Errorf("left out: %+v, want %q", out.Skipped, skipped)
	}
	checkWildcards(t, out)
}

// checkWildcards makes sure that "*" stands where Wildcards says why, and
// otherwise only at the end of an ARN.
func checkWildcards(t *testing.T, out *synth.Output) {
	t.Helper()
	for id := range out.Template.Resources().All() {
		resource, _ := out.Template.Resource(id)
		for _, s := range resource.Properties.Object("PolicyDocument").List("Statement") {
			statement := s.(*cfn.Object)
			for _, r := range list(statement, "Resource") {
				where, isText := r.(string)
				if o, isObject := r.(*cfn.Object); isObject {
					where, isText = o.Text("Fn::Sub"), false
				}
				if where == "*" && isText {
					for _, a := range list(statement, "Action") {
						if synth.Wildcards()[a.(string)] == "" {
							t.Errorf("%s: %s is granted on * and not listed", id, a)
						}
					}
				} else if strings.Contains(strings.TrimSuffix(where, "*"), "*") {
					t.Errorf("%s: %s is wider than one resource", id, where)
				}
			}
		}
	}
}

// The goldens hold a machine that logs and traces, pages and pools: their
// wildcards are listed too.
func TestGoldenWildcards(t *testing.T) {
	t.Parallel()
	for _, path := range golden(t) {
		checkWildcards(t, build(t, parse(t, path), "dev"))
	}
}

// The local cloud gets nothing that it has no service for, and all of that is named.
func TestLocalLeavesOut(t *testing.T) {
	t.Parallel()
	for _, path := range golden(t) {
		top := parse(t, path)
		if len(top.Functions) == 0 {
			continue // nothing of it runs locally
		}
		o := options(top, "dev")
		o.Local = true
		out, err := synth.Template(top, o)
		if err != nil {
			t.Fatal(err)
		}
		for id := range out.Template.Resources().All() {
			resource, _ := out.Template.Resource(id)
			for _, service := range []string{"AppSync", "StepFunctions", "CloudFront", "Cognito", "Events::Connection", "Events::ApiDestination"} {
				if strings.Contains(resource.Type, service) {
					t.Errorf("%s: %s is a %s", path, id, resource.Type)
				}
			}
		}
		if _, err := out.Template.Levels(nil, nil); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if _, err := deployed(out); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		named := map[string]bool{}
		for _, s := range out.Skipped {
			named[s.Kind] = true
		}
		if top.States != nil && !named["states"] || top.Mutations != nil && !named["mutations"] || len(top.Channels) > 0 && !named["channel"] || len(top.Pools) > 0 && !named["pool"] {
			t.Errorf("%s: not all that is left out is named: %v", path, out.Skipped)
		}
	}
}
