package synth_test

import (
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// cfn-lint knows the CloudFormation resource specification.
func TestTemplatesPassCfnLint(t *testing.T) {
	t.Parallel()
	lint, err := exec.LookPath("cfn-lint")
	if err != nil {
		t.Skip("cfn-lint is not on this machine (pip install cfn-lint)")
	}
	var files []string
	for _, path := range golden(t) {
		files = append(files, filepath.Join(filepath.Dir(path), "template.json"))
	}
	out, err := exec.Command(lint, files...).CombinedOutput()
	if err != nil {
		t.Errorf("cfn-lint: %v\n%s", err, out)
	}
	t.Logf("cfn-lint read %d templates", len(files))
}

// The bytes depend on the system alone: not on the order of its lists, not on
// where it is written.
func TestTemplateDependsOnTheSystemAlone(t *testing.T) {
	t.Parallel()
	for _, path := range golden(t) {
		want := text(t, build(t, parse(t, path), "dev").Template.Root)
		rapid.Check(t, func(rt *rapid.T) {
			top := parse(t, path)
			top.File, top.Dir, top.Pos = "/elsewhere/main.go", "/elsewhere", writ.Position{File: "main.go", Line: 9}
			shuffle(rt, top.Functions)
			shuffle(rt, top.Stores)
			shuffle(rt, top.Routes)
			shuffle(rt, top.Queues)
			shuffle(rt, top.Topics)
			shuffle(rt, top.Events)
			shuffle(rt, top.Schedules)
			shuffle(rt, top.Streams)
			shuffle(rt, top.Secrets)
			shuffle(rt, top.Imports)
			for _, e := range top.Events {
				shuffle(rt, e.Targets)
				shuffle(rt, e.Producers)
			}
			for _, x := range top.Topics {
				shuffle(rt, x.Targets)
			}
			for _, f := range top.Functions {
				f.Pos, f.End, f.GrantsEnd, f.Indent, f.GrantsIndent = writ.Position{}, writ.Position{}, writ.Position{}, 0, 0
				shuffle(rt, f.Grants)
				shuffle(rt, f.Environment)
			}
			for _, s := range top.Stores {
				s.Pos = writ.Position{File: "main.go", Line: 3}
				shuffle(rt, s.Notify)
				if s.Table != nil {
					shuffle(rt, s.Table.Indexes)
				}
			}
			for _, r := range top.Routes {
				r.Pos = writ.Position{}
			}
			if got := text(t, build(t, top, "dev").Template.Root); got != want {
				rt.Fatalf("another template:\n%s", got)
			}
		})
	}
}

func shuffle[T any](t *rapid.T, list []T) {
	copy(list, rapid.Permutation(slices.Clone(list)).Draw(t, "order"))
}

// CloudFormation refuses templates whose resources wait for one another.
func TestResourcesNeverWaitForOneAnother(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		top := randomWorld(rt)
		out, err := synth.Template(top, options(top, "dev"))
		if err != nil {
			rt.Fatal(err)
		}
		if _, err := out.Template.Levels(nil, nil); err != nil {
			rt.Fatal(err)
		}
	})
}

// A change of one part of the system leaves the rest of the template alone.
func TestAnEdgeIsOneStatement(t *testing.T) {
	t.Parallel()
	const without = `
name: hitcounter
functions:
  hello:
    runtime: {lang: go}
  counter:
    runtime: {lang: go}
    grants:
      - {store: hits, access: readData}
stores:
  hits: {key: path}
`
	before := build(t, parseText(t, without), "dev").Template
	after := build(t, parseText(t, strings.Replace(without, "stores:", "      - {function: hello, access: invoke}\nstores:", 1)), "dev").Template
	for id, resource := range after.Resources().All() {
		same := text(t, resource) == text(t, before.Resources().Object(id))
		if same != (id != "CounterPolicy") {
			t.Errorf("%s: the same is %v", id, same)
		}
	}
}

// A deployment is a snapshot: it must be a new resource whenever the API is another.
func TestAPIChangeRedeploys(t *testing.T) {
	t.Parallel()
	const base = `
name: shop
functions:
  a: {runtime: {lang: go}}
  b: {runtime: {lang: go}}
routes:
  /x: {method: GET, api: rest, function: a}
`
	deployment := func(src string) string {
		out := build(t, parseText(t, src), "dev")
		for id := range out.Template.Resources().All() {
			if strings.HasPrefix(id, "RestDeployment") {
				return id
			}
		}
		t.Fatal("no deployment")
		return ""
	}
	first := deployment(base)
	for what, src := range map[string]string{
		"another function": strings.Replace(base, "function: a", "function: b", 1),
		"another method":   strings.Replace(base, "GET", "POST", 1),
		"another path":     strings.Replace(base, "/x", "/y", 1),
		"cors":             strings.Replace(base, "function: a", "function: a, cors: true", 1),
		"one more route":   base + "  /z: {method: GET, api: rest, function: a}\n",
	} {
		if deployment(src) == first {
			t.Errorf("%s does not redeploy", what)
		}
	}
	if deployment(strings.Replace(base, "{runtime: {lang: go}}", "{runtime: {lang: go, memory: 512}}", 1)) != first {
		t.Error("a change of a function redeploys the API")
	}
}

// refusal is an input that is refused and with what words.
type refusal struct {
	name   string
	top    *topology.Topology
	want   string
	hint   string
	change func(*synth.Options)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range append(refusedEdges(), refusedShapes()...) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := options(c.top, "dev")
			if c.change != nil {
				c.change(&o)
			}
			_, err := synth.Template(c.top, o)
			var e *writ.Error
			if !errors.As(err, &e) {
				t.Fatalf("error %v, want *writ.Error", err)
			}
			if !strings.Contains(e.Message, c.want) || !strings.Contains(e.Hint, c.hint) {
				t.Errorf("error %q, hint %q; want %q, %q", e.Message, e.Hint, c.want, c.hint)
			}
		})
	}
}

// with gives a small system after a change.
func with(change func(*topology.Topology)) *topology.Topology {
	top := system([]string{"hello"}, []string{"hits"})
	change(top)
	return top
}

func refusedEdges() []refusal {
	at := writ.Position{File: "topology.yml", Line: 7, Col: 9}
	return []refusal{
		{
			name: "no sandbox", top: with(func(*topology.Topology) {}), want: "made for a sandbox", hint: "-s dev",
			change: func(o *synth.Options) { o.Sandbox = "" },
		},
		{
			name: "no code", top: with(func(*topology.Topology) {}), want: "function hello has no code",
			change: func(o *synth.Options) { delete(o.Assets, "hello") },
		},
		{
			name: "grant on nothing", want: `there is no store "hist"`, hint: "did you mean hits?",
			top: with(func(top *topology.Topology) {
				top.Functions[0].Grants = []topology.Grant{{Kind: topology.KindStore, Name: "hist", Access: "readData", Pos: at}}
			}),
		},
		{
			name: "misspelt verb", want: `"readDate" is no access to a table`, hint: "did you mean readData?",
			top: with(func(top *topology.Topology) {
				top.Functions[0].Grants = []topology.Grant{{Kind: topology.KindStore, Name: "hits", Access: "readDate", Pos: at}}
			}),
		},
		{
			name: "stream of a table without one", want: "store hits has no stream", hint: "stream: NEW_AND_OLD_IMAGES",
			top: with(func(top *topology.Topology) {
				top.Functions[0].Grants = []topology.Grant{{Kind: topology.KindStore, Name: "hits", Access: "streamRead", Pos: at}}
			}),
		},
		{
			name: "reference to nothing", want: `there is no function "helo"`, hint: "did you mean hello?",
			top: with(func(top *topology.Topology) {
				top.Functions[0].Environment = []topology.EnvVar{{Name: "X", Value: "${functions.helo.name}", Pos: at}}
			}),
		},
		{
			name: "reference to no attribute", want: "${functions.hello.url} refers to nothing", hint: "${functions.NAME.name}",
			top: with(func(top *topology.Topology) {
				top.Functions[0].Environment = []topology.EnvVar{{Name: "X", Value: "${functions.hello.url}", Pos: at}}
			}),
		},
		{
			name: "reserved variable", want: "sets AWS_REGION", hint: "another name",
			top: with(func(top *topology.Topology) {
				top.Functions[0].Environment = []topology.EnvVar{{Name: "AWS_REGION", Value: "x", Pos: at}}
			}),
		},
	}
}

func refusedShapes() []refusal {
	hello := topology.Target{Kind: topology.KindFunction, Name: "hello"}
	return []refusal{
		{
			name: "one attribute of two types", want: "of type S in one key and N in another", hint: "one type",
			top: with(func(top *topology.Topology) {
				top.Stores[0].Table.Indexes = []topology.Index{{Name: "i", PartitionKey: topology.Key{Name: "id", Type: "N"}}}
			}),
		},
		{
			name: "two variables in one place", want: "/a/{x} and /a/{y} stand in one place", hint: "one name",
			top: with(func(top *topology.Topology) {
				top.Routes = []*topology.Route{
					{Path: "/a/{x}", Method: "GET", API: topology.APIREST, Target: hello},
					{Path: "/a/{y}/b", Method: "GET", API: topology.APIREST, Target: hello},
				}
			}),
		},
		{
			name: "two cors on one API", want: "the cors of GET /b differs from that of GET /a", hint: "make them equal",
			top: with(func(top *topology.Topology) {
				top.Routes = []*topology.Route{
					{Path: "/a", Method: "GET", API: topology.APIHTTP, Target: hello, CORS: &topology.CORS{Origins: []string{"https://a.example"}}},
					{Path: "/b", Method: "GET", API: topology.APIHTTP, Target: hello, CORS: &topology.CORS{}},
				}
			}),
		},
		{
			name: "one route twice", want: "would share the logical id", hint: "rename",
			top: with(func(top *topology.Topology) {
				r := &topology.Route{Path: "/a", Method: "GET", API: topology.APIHTTP, Target: hello}
				top.Routes = []*topology.Route{r, r}
			}),
		},
		{
			name: "an event that could be any", want: "would be one on all events", hint: "grant putEvents on a bus",
			top: with(func(top *topology.Topology) {
				top.Events = []*topology.Event{{Name: "Any", Pattern: `{"source":[{"prefix":"a"}]}`}}
				top.Functions[0].Grants = []topology.Grant{{Kind: topology.KindEvent, Name: "Any", Access: "putEvents"}}
			}),
		},
		{
			name: "six targets", want: "has 6 targets", hint: "topic",
			top: with(func(top *topology.Topology) {
				e := &topology.Event{Name: "Wide"}
				for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
					top.Queues = append(top.Queues, &topology.Queue{Name: name})
					e.Targets = append(e.Targets, topology.Target{Kind: topology.KindQueue, Name: name})
				}
				top.Events = []*topology.Event{e}
			}),
		},
		{name: "nothing at all", top: &topology.Topology{Name: "empty"}, want: "holds nothing to deploy", hint: "add a function"},
	}
}

// Routes of one API that let in the same origins have one cors with the methods
// and headers of all, and the shortest time.
func TestCORSAddsUp(t *testing.T) {
	t.Parallel()
	top := parseText(t, `
name: t
functions:
  f: {runtime: {lang: go}}
routes:
  /a: {method: POST, function: f, cors: {origins: ["https://a.example"], methods: [POST, OPTIONS], headers: [accept], max_age: 60}}
  /b: {method: GET, function: f, cors: {origins: ["https://a.example"], methods: [GET, OPTIONS], headers: [accept, x-b], max_age: 30}}
`)
	out := build(t, top, "dev")
	api, ok := out.Template.Resource("HttpApi")
	if !ok {
		t.Fatal("there is no API")
	}
	got, err := json.Marshal(api.Properties.Object("CorsConfiguration"))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"AllowOrigins":["https://a.example"],"AllowMethods":["POST","OPTIONS","GET"],"AllowHeaders":["accept","x-b"],"MaxAge":30}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// What is not synthesised is said, and a route without its authorizer is not let out.
func TestSkippedIsSaid(t *testing.T) {
	t.Parallel()
	out := build(t, parseText(t, `
name: shop
functions:
  a:
    runtime: {lang: go}
    function: b
    environment:
      QUEUE: ${queues.mail.url}
      PROFILE: "{{profile}}"
    grants:
      - {queue: mail, access: send}
      - {function: b, access: invokeUrl}
  b: {runtime: {lang: go}}
queues:
  mail: {function: b}
routes:
  /closed: {method: GET, function: a, authorizer: "other_guard_{{sandbox}}"}
  /later: {method: POST, function: a, async: true}
  /queue: {method: POST, queue: mail}
`), "dev")
	var got []string
	for _, s := range out.Skipped {
		got = append(got, s.Kind+" "+s.Name)
	}
	want := []string{"async POST /later", "environment a PROFILE", "route GET /closed"}
	if !slices.Equal(got, want) {
		t.Errorf("skipped %q, want %q", got, want)
	}
	if all := text(t, out.Template.Root); strings.Contains(all, "/closed") || strings.Contains(all, "profile") {
		t.Errorf("the template holds what was skipped:\n%s", all)
	}
}
