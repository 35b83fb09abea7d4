package synth_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// TestRouteEdge finds the route behind a denied call of an HTTP API's role.
func TestRouteEdge(t *testing.T) {
	t.Parallel()
	top := parseText(t, `name: shop
functions: {work: {runtime: {lang: node22, handler: index.handler}}}
buses: {mine: {}}
queues: {mail: {function: work}, other: {function: work}}
events:
  Ordered: {producer: shop, function: work}
  Billed: {producer: shop, function: work, bus: mine}
routes:
  /mail: {method: POST, queue: mail}
  /orders: {method: POST, event: Ordered}
  /bills: {method: POST, event: Billed}
`)
	const on = "arn:aws:events:us-east-1:000000000000:event-bus/"
	queue := func(name string) string {
		return "arn:aws:sqs:us-east-1:000000000000:" + synth.EntityName(top, topology.KindQueue, name, "dev")
	}
	for _, c := range []struct{ role, action, arn, want string }{
		{"tc-shop-route-dev", "sqs:SendMessage", queue("mail"), "route POST /mail -> queue mail topology.yml:9:32"},
		{"tc-shop-route-dev", "events:PutEvents", on + "default", "route POST /orders -> event Ordered topology.yml:10:34"},
		{"tc-shop-route-dev", "events:PutEvents", on + synth.EntityName(top, topology.KindBus, "mine", "dev"), "route POST /bills -> event Billed topology.yml:11:33"},
		{"tc-shop-route-dev", "sqs:SendMessage", queue("other"), ""},
		{"tc-shop-route-dev", "sqs:ReceiveMessage", queue("mail"), ""},
		{"tc-shop-route-dev", "events:PutEvents", on + "foreign", ""},
		{"tc-shop-route-blue", "sqs:SendMessage", queue("mail"), ""},
		{"tc-shop-work-dev", "sqs:SendMessage", queue("mail"), ""},
	} {
		edge, pos, ok := synth.RouteEdge(top, "dev", c.role, c.action, c.arn)
		got := ""
		if ok {
			got = fmt.Sprint(edge, " ", pos)
		}
		if got != c.want {
			t.Errorf("%s %s %s: got %q, want %q", c.role, c.action, c.arn, got, c.want)
		}
	}
}

// TestLocalKeepsDirectRoutes: the local cloud gets the routes to queues and
// events with the role's statements for them, and none to states.
func TestLocalKeepsDirectRoutes(t *testing.T) {
	t.Parallel()
	top := parse(t, filepath.Join("testdata", "routes", "topology.yml"))
	o := options(top, "dev")
	o.Local = true
	out, err := synth.Template(top, o)
	if err != nil {
		t.Fatal(err)
	}
	var got, edges []string
	for id := range out.Template.Resources().All() {
		if strings.HasPrefix(id, "HttpIntegration") {
			got = append(got, id)
		}
	}
	for _, s := range out.Statements {
		if s.Kind == topology.KindRoute {
			edges = append(edges, s.Edge)
		}
	}
	if text := fmt.Sprint(got); text != "[HttpIntegrationQueueMail HttpIntegrationEventOrdered00787747 HttpIntegrationQueueStrict]" {
		t.Errorf("integrations %s", text)
	}
	if text := strings.Join(edges, ", "); text != "route POST /orders -> event Ordered, route POST /mail -> queue mail, route POST /strict -> queue strict" {
		t.Errorf("statements for %s", text)
	}
}

// TestServedIsWhatLocalKeeps: what topology.NotRun says of routes is what
// Options.Local does with them.
func TestServedIsWhatLocalKeeps(t *testing.T) {
	t.Parallel()
	count := map[bool]int{}
	for _, path := range append(golden(t), "") {
		top := parseText(t, `name: shop
functions: {work: {runtime: {lang: node22, handler: index.handler}}}
queues: {mail: {function: work}}
events: {Ordered: {producer: shop, function: work}}
routes:
  /mail: {method: POST, queue: mail, api: rest}
  /theirs: {method: POST, queue: "{{namespace}}_theirs_{{sandbox}}"}
  /known: {method: POST, event: "other_Ordered_{{sandbox}}"}
  /guarded: {method: POST, queue: mail, authorizer: work}
  /signed: {method: POST, event: Ordered, authorizer: iam}
  /ours: {method: POST, queue: "{{namespace}}_mail_{{sandbox}}"}
`)
		if path != "" {
			top = parse(t, path)
		}
		if len(top.Functions) == 0 {
			continue // nothing of it runs locally
		}
		o := options(top, "dev")
		o.Local = true
		out, err := synth.Template(top, o)
		if err != nil {
			t.Fatal(err)
		}
		left := map[string]bool{}
		for _, s := range out.Skipped {
			if s.Kind == "route" {
				left[s.Name] = true
			}
		}
		for _, r := range top.Routes {
			if served := topology.Served(top, r); served == left[r.Method+" "+r.Path] {
				t.Errorf("%s: route %s %s: served %v, left out %v", path, r.Method, r.Path, served, left[r.Method+" "+r.Path])
			}
			count[topology.Served(top, r)]++
		}
	}
	t.Logf("%d routes are served, %d are not", count[true], count[false])
	if count[true] == 0 || count[false] == 0 {
		t.Error("the test looks at nothing")
	}
}
