package topology_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/writ-dev/writ/topology"
)

// parse parses text that must be right, without looking at other files.
func parse(t testing.TB, text string) *topology.Topology {
	t.Helper()
	got, err := topology.Parse([]byte(text), "topology.yml", "")
	if err != nil {
		t.Fatalf("%s\nin\n%s", show(err), text)
	}
	return got
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	got := parse(t, `
name: shop
functions: {f: , g: , guard: }
routes:
  /pets/{id}:
    - {method: GET, function: f}
    - {method: [put, DELETE], function: g, authorizer: guard}
  GET /pets: {function: f, cors: true}
  /default: {function: f}
  /rest: {api: rest, method: any, function: f}
  $default: {method: ANY, function: f}
  listed: {path: /listed/, method: GET, function: f, cors: {origins: [https://a.example], max_age: 60, credentials: true}}
`)
	var have []string
	for _, r := range got.Routes {
		line := fmt.Sprintf("%s %s -> %s", r.API, topology.RouteName(r), r.Target.Name)
		if r.Authorizer != "" {
			line += " by " + r.Authorizer
		}
		if r.CORS != nil {
			line += fmt.Sprintf(" cors %v %v %v %d %t", r.CORS.Origins, r.CORS.Methods, r.CORS.Headers, r.CORS.MaxAgeSec, r.CORS.Credentials)
		}
		have = append(have, line)
	}
	want := []string{
		"http ANY $default -> f",
		"http POST /default -> f",
		"http GET /listed/ -> f cors [https://a.example] [*] [*] 60 true",
		"http GET /pets -> f cors [*] [*] [*] 0 false",
		"http DELETE /pets/{id} -> g by guard",
		"http GET /pets/{id} -> f",
		"http PUT /pets/{id} -> g by guard",
		"rest ANY /rest (rest) -> f",
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Error(diff)
	}
}

// TestPlacesForGrants adds a grant where the function's block says that one may
// be added, and finds it when the file is read again.
func TestPlacesForGrants(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no keys":            "name: a\nfunctions:\n  f:\n  g: {}\nstores: {s: {key: k}}\n",
		"last":               "name: a\nstores: {s: {key: k}}\nfunctions:\n  f:\n    root: f",
		"wide":               "name: a\nfunctions:\n      f:\n            root: f\n\n\n# next\nstores: {s: {key: k}}\n",
		"comment in block":   "name: a\nfunctions:\n  f:\n    root: f\n    # a thought\n\n  g: {}\nstores: {s: {key: k}}\n",
		"literal":            "name: a\nfunctions:\n  f:\n    description: |\n      one\n\n      two\n  g: {}\nstores: {s: {key: k}}\n",
		"has grants":         "name: a\nfunctions:\n  f:\n    grants:\n      - {store: s, access: readData}\n    root: f\nstores: {s: {key: k}}\n",
		"grants at its side": "name: a\nfunctions:\n  f:\n    grants:\n    - store: s\n      access: readData\n\n    - {store: s, access: fullAccess}\n    root: f\nstores: {s: {key: k}}\n",
		"windows":            "name: a\r\nfunctions:\r\n  f:\r\n    grants:\r\n      - {store: s, access: readData}\r\nstores: {s: {key: k}}\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := parse(t, text).Functions[0]
			after, lines := f.End.Line, []string{strings.Repeat(" ", f.Indent) + "grants:", strings.Repeat(" ", f.Indent) + "  - {store: s, access: writeData}"}
			if f.GrantsIndent > 0 {
				after, lines = f.GrantsEnd.Line, []string{strings.Repeat(" ", f.GrantsIndent) + "- {store: s, access: writeData}"}
			}
			if f.Indent == 0 || after == 0 {
				t.Fatalf("no place: %+v", f)
			}
			all := slices.Insert(strings.Split(text, "\n"), after, lines...)
			again := parse(t, strings.Join(all, "\n")).Functions[0]
			if !slices.ContainsFunc(again.Grants, func(g topology.Grant) bool { return g.Access == "writeData" }) {
				t.Errorf("the grant is not there in\n%s", strings.Join(all, "\n"))
			}
			if len(again.Grants) != len(f.Grants)+1 || again.Root != f.Root {
				t.Errorf("the function changed: %+v to %+v", f, again)
			}
		})
	}
}

// Flow style has no lines to add: Indent says so.
func TestNoPlaceInFlowStyle(t *testing.T) {
	t.Parallel()
	f := parse(t, "name: a\nfunctions: {f: {grants: [{secret: s, access: read}]}}\nsecrets: {s: }\n").Functions[0]
	if f.Indent != 0 || f.GrantsIndent != 0 || f.End.Line != 2 || f.GrantsEnd.Line != 2 {
		t.Errorf("%+v", f)
	}
}

func TestVerbs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind   topology.Kind
		store  topology.StoreKind
		access string
		want   string // "" for refused
	}{
		{topology.KindStore, topology.StoreTable, "readWriteData", "readWriteData"},
		{topology.KindStore, topology.StoreTable, "read", "readData"},
		{topology.KindStore, topology.StoreTable, "put", ""},
		{topology.KindStore, topology.StoreBucket, "put", "put"},
		{topology.KindStore, topology.StoreBucket, "readData", ""},
		{topology.KindBucket, "", "readWrite", "readWrite"},
		{topology.KindFunction, "", "invoke", "invoke"},
		{topology.KindFunction, "", "Invoke", ""},
		{topology.KindQueue, "", "consumeMessages", "consume"},
		{topology.KindEvent, "", "put", "putEvents"},
		{topology.KindState, "", "startSync", "startSync"},
		{topology.KindKey, "", "encryptDecrypt", "encryptDecrypt"},
		{topology.KindPage, "", "read", ""},
	} {
		got, ok := topology.Verb(c.kind, c.store, c.access)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("Verb(%s, %s, %s) = %q, %t, want %q", c.kind, c.store, c.access, got, ok, c.want)
		}
	}
	for _, kind := range []topology.Kind{
		topology.KindFunction, topology.KindStore, topology.KindQueue, topology.KindEvent, topology.KindState, topology.KindMutation,
		topology.KindChannel, topology.KindSecret, topology.KindParameter, topology.KindKey, topology.KindTopic, topology.KindStream, topology.KindBucket, topology.KindBus,
	} {
		if len(topology.Verbs(kind, "")) == 0 {
			t.Errorf("no verbs for %s", kind)
		}
	}
}

// TestOrder reads one topology with its sections and names in any order: the
// value is the same.
func TestOrder(t *testing.T) {
	t.Parallel()
	functions := []string{
		"  f:\n    environment:\n      ONE: ${stores.s.name}\n      TWO: ${functions.g.arn}\n",
		"  g:\n    grants:\n      - {store: s, access: write}\n      - {function: f, access: invoke}\n",
		"  h:\n    grants:\n      - {function: f, access: invoke}\n      - {store: s, access: [streamRead, readData]}\n",
	}
	routes := []string{"  /a: {function: f}\n", "  /b: {function: g}\n", "  GET /a: {function: h}\n"}
	build := func(functions, routes []string, flip bool) string {
		sections := []string{"functions:\n" + strings.Join(functions, ""), "routes:\n" + strings.Join(routes, ""), "stores: {s: {key: k}, r: {key: k}}\n"}
		if flip {
			slices.Reverse(sections)
		}
		return "name: a\n" + strings.Join(sections, "")
	}
	want := withoutPlaces(t, parse(t, build(functions, routes, false)))
	rapid.Check(t, func(r *rapid.T) {
		text := build(rapid.Permutation(functions).Draw(r, "functions"), rapid.Permutation(routes).Draw(r, "routes"), rapid.Bool().Draw(r, "flip"))
		if diff := cmp.Diff(want, withoutPlaces(t, parse(t, text))); diff != "" {
			r.Fatal(diff)
		}
	})
}

func TestAliasesAndMergeKeys(t *testing.T) {
	t.Parallel()
	got := parse(t, `
name: a
functions:
  f: &base
    environment: &env {LEVEL: info}
    grants: [{secret: s, access: read}]
  g:
    <<: *base
    environment: *env
  h:
    <<: [*base, {description: merged}]
    grants: []
secrets: {s: }
`)
	for _, f := range got.Functions {
		if len(f.Environment) != 1 || f.Environment[0].Value != "info" {
			t.Errorf("%s: %+v", f.Name, f.Environment)
		}
	}
	if g := got.Functions[1].Grants; len(g) != 1 || g[0].Pos.Line != 6 {
		t.Errorf("merged grants %+v", g)
	}
	if h := got.Functions[2]; len(h.Grants) != 0 || h.Description != "merged" {
		t.Errorf("merged list %+v", h)
	}
}

func TestReferences(t *testing.T) {
	t.Parallel()
	got := topology.References("x ${functions.my-fn.name}/${stores.a.b.arn} ${HOME} ${tables.t.name} ${queues.q.url}")
	want := []topology.Reference{
		{Text: "${functions.my-fn.name}", Kind: topology.KindFunction, Name: "my-fn", Attribute: "name"},
		{Text: "${stores.a.b.arn}", Kind: topology.KindStore, Name: "a.b", Attribute: "arn"},
		{Text: "${queues.q.url}", Kind: topology.KindQueue, Name: "q", Attribute: "url"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Sections are kept as written, comments and all, so that their readers can
// point into the user's file.
func TestSectionsAsWritten(t *testing.T) {
	t.Parallel()
	got := parse(t, `name: a
policy:
    roles: # who
        admin: [read,   write]
    # the end

access: {flows: [a,
  b]}
datasets: plain
`)
	if want := "roles: # who\n    admin: [read,   write]\n# the end\n"; got.Policy.YAML != want {
		t.Errorf("policy %q, want %q", got.Policy.YAML, want)
	}
	if at := got.Policy.Pos; at.Line != 3 || at.Col != 5 {
		t.Errorf("policy at %v", at)
	}
	if want := "{flows: [a,\n  b]}\n"; got.Access.YAML != want {
		t.Errorf("access %q, want %q", got.Access.YAML, want)
	}
	if got.Datasets.YAML != "plain\n" {
		t.Errorf("datasets %+v", got.Datasets)
	}
}

// A colon within a word ends no key in braces either, also where a part of the file is told in another place.
func TestColonsInBraces(t *testing.T) {
	t.Parallel()
	got := parse(t, "name: shop\npolicy:\n  roles: {clerk: &read [document:read, document:list], auditor: {may: *read}}\n")
	want := "{roles: {clerk: [\"document:read\", \"document:list\"], auditor: {may: [\"document:read\", \"document:list\"]}}}\n"
	if got.Policy.YAML != want {
		t.Errorf("the policy is %q, want %q", got.Policy.YAML, want)
	}
}
