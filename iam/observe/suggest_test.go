package observe_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/observe"
)

// shelf is a world of two shops whose shelves can be read, filled, or both.
func shelf(granted ...string) observe.World {
	var w observe.World
	edge := func(shop, access string, actions ...string) {
		e := observe.Edge{Kind: "shop", Name: shop, Access: access, Actions: actions}
		e.Holds = func(action, resource string) bool {
			for _, a := range actions {
				if a == action {
					return strings.HasPrefix(resource, "arn:aws:shelf:::"+shop+"/")
				}
			}
			return false
		}
		w.Offered = append(w.Offered, e)
		for line, g := range granted {
			if g == access+" "+shop {
				e.Position = writ.Position{File: "shops.yml", Line: line + 1}
				w.Granted = append(w.Granted, e)
			}
		}
	}
	for _, shop := range []string{"north", "south"} {
		edge(shop, "look", "shelf:Look", "shelf:Count")
		edge(shop, "fill", "shelf:Fill")
		edge(shop, "tend", "shelf:Look", "shelf:Count", "shelf:Fill")
		edge(shop, "own", "shelf:Look", "shelf:Count", "shelf:Fill", "shelf:Burn")
	}
	w.Always = func(action, _ string) bool { return action == "logs:PutLogEvents" }
	return w
}

func at(action, shop string) observe.Observation {
	return call("shelf:"+action, "arn:aws:shelf:::"+shop+"/1", 0)
}

// summary writes a suggestion in one line for each part.
func summary(s *observe.Suggestion) string {
	var b strings.Builder
	for _, use := range s.Edges {
		fmt.Fprintf(&b, "want %s", use.Edge.String())
		switch {
		case use.Granted:
			fmt.Fprintf(&b, ", has it at %s", use.Edge.Position)
		case use.Instead != nil:
			fmt.Fprintf(&b, ", not %s", use.Instead.Access)
		}
		b.WriteString("\n")
	}
	for _, u := range s.Unused {
		fmt.Fprintf(&b, "unused %s of %s", strings.Join(u.Actions, " "), u.Edge.String())
		if u.Spare {
			b.WriteString(", spare")
		}
		for _, e := range u.Weaker {
			b.WriteString(", enough " + e.Access)
		}
		b.WriteString("\n")
	}
	for _, o := range s.Calls {
		fmt.Fprintf(&b, "no edge for %s on %s\n", o.Action, o.Resource)
	}
	for _, r := range s.Refused {
		fmt.Fprintf(&b, "refused %s", r.Action)
		if r.NewlyAllowedBy != nil {
			b.WriteString(", newly allowed by " + r.NewlyAllowedBy.String())
		}
		if r.Needs != nil {
			b.WriteString(", needs " + r.Needs.String())
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		granted []string
		seen    []observe.Observation
		want    string
	}{
		{"nothing seen, nothing granted", nil, nil, ""},
		{
			"the weakest that holds it", nil,
			[]observe.Observation{at("Look", "north")},
			"want look on shop north\n",
		},
		{
			"two that are one", nil,
			[]observe.Observation{at("Look", "north"), at("Fill", "north")},
			"want tend on shop north\n",
		},
		{
			"two that are granted stay two",
			[]string{"look north", "fill north"},
			[]observe.Observation{at("Look", "north"), at("Fill", "north")},
			"want look on shop north, has it at shops.yml:1\nwant fill on shop north, has it at shops.yml:2\nunused shelf:Count of look on shop north\n",
		},
		{
			"more than is used",
			[]string{"own north", "look south"},
			[]observe.Observation{at("Count", "north")},
			"want look on shop north, not own\nunused shelf:Look shelf:Fill shelf:Burn of own on shop north, spare, enough look\n" +
				"unused shelf:Look shelf:Count of look on shop south, spare\n",
		},
		{
			"twice the same",
			[]string{"fill north", "fill north"},
			[]observe.Observation{at("Fill", "north")},
			"want fill on shop north, has it at shops.yml:1\nunused  of fill on shop north, spare\n",
		},
		{
			"what a stronger grant holds needs no weaker one",
			[]string{"own north", "fill north"},
			[]observe.Observation{at("Burn", "north"), at("Fill", "north")},
			"want own on shop north, has it at shops.yml:1\nunused  of fill on shop north, spare, enough own\nunused shelf:Look shelf:Count of own on shop north\n",
		},
		{
			"no edge, and what every function may do", nil,
			[]observe.Observation{call("sqs:SendMessage", "arn:aws:sqs:::q", 0), call("logs:PutLogEvents", "arn:aws:logs:::x", 0)},
			"no edge for sqs:SendMessage on arn:aws:sqs:::q\n",
		},
		{
			"a denied call is no reason to grant", nil,
			[]observe.Observation{denied(at("Fill", "north"), iam.TypeIdentity), at("Look", "south")},
			"want look on shop south\nrefused shelf:Fill, needs fill on shop north\n",
		},
		{
			"a denied call that comes along", nil,
			[]observe.Observation{denied(at("Count", "north"), iam.TypeIdentity), at("Look", "north")},
			"want look on shop north\nrefused shelf:Count, newly allowed by look on shop north\n",
		},
		{
			"what a grant cannot help", nil,
			[]observe.Observation{denied(at("Count", "north"), iam.TypeSCP, iam.TypeIdentity)},
			"refused shelf:Count\n",
		},
		{
			"denied at first, then granted",
			[]string{"fill north"},
			[]observe.Observation{denied(at("Fill", "north"), iam.TypeIdentity), call("shelf:Fill", "arn:aws:shelf:::north/1", 9)},
			"want fill on shop north, has it at shops.yml:1\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := summary(observe.Suggest(c.seen, shelf(c.granted...)))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func statementsOf(t *testing.T, generalise bool, calls ...observe.Observation) (string, []observe.General) {
	t.Helper()
	statements, general := observe.Statements(calls, generalise)
	raw, err := json.Marshal(statements)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw), general
}

func TestStatements(t *testing.T) {
	t.Parallel()
	const q = "arn:aws:sqs:us-east-1:000000000000:"
	prefix := call("s3:GetObject", "arn:aws:s3:::b/*", 0)
	prefix.Extent = observe.ExtentPrefix
	for _, c := range []struct {
		name  string
		calls []observe.Observation
		want  string
	}{
		{"none", nil, `null`},
		{"denied calls are left out", []observe.Observation{denied(call("a:B", "*", 0), iam.TypeIdentity)}, `null`},
		{
			"actions that share their resources stand together",
			[]observe.Observation{call("sqs:SendMessage", q+"a", 0), call("sqs:ReceiveMessage", q+"a", 0), call("sqs:SendMessage", q+"b", 0), call("a:List", "*", 0)},
			`[{"Effect":"Allow","Action":"a:List","Resource":"*"},{"Effect":"Allow","Action":["sqs:ReceiveMessage","sqs:SendMessage"],"Resource":"` + q + `a"},` +
				`{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"` + q + `b"}]`,
		},
		{
			"a star in a name is no wildcard",
			[]observe.Observation{call("s3:GetObject", "arn:aws:s3:::b/*/what?/${aws:username}", 0)},
			`[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${*}/what${?}/${$}{aws:username}"}]`,
		},
		{"a prefix is not written unasked", []observe.Observation{prefix}, `null`},
	} {
		if got, _ := statementsOf(t, false, c.calls...); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
	if got, _ := statementsOf(t, true, prefix); got != `[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]` {
		t.Errorf("a prefix: %s", got)
	}
}

func TestGeneralising(t *testing.T) {
	t.Parallel()
	var calls []observe.Observation
	for _, key := range []string{"in/1", "in/2", "in/3", "out/1", "out/2"} {
		calls = append(calls, call("s3:GetObject", "arn:aws:s3:::b/"+key, 0))
	}
	calls = append(calls, call("s3:PutObject", "arn:aws:s3:::b/in/1", 0))
	exact, could := statementsOf(t, false, calls...)
	if strings.Contains(exact, "*") || len(could) != 1 || could[0].Pattern != "arn:aws:s3:::b/in/*" || could[0].Resources != 3 {
		t.Errorf("%s\n%v", exact, could)
	}
	wide, _ := statementsOf(t, true, calls...)
	want := `[{"Effect":"Allow","Action":"s3:GetObject","Resource":["arn:aws:s3:::b/in/*","arn:aws:s3:::b/out/1","arn:aws:s3:::b/out/2"]},` +
		`{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/in/1"}]`
	if wide != want {
		t.Errorf(" got %s\nwant %s", wide, want)
	}
	// Whole buckets and tables never become "all of them" for their number.
	buckets := []observe.Observation{call("s3:ListBucket", "arn:aws:s3:::a", 0), call("s3:ListBucket", "arn:aws:s3:::b", 0), call("s3:ListBucket", "arn:aws:s3:::c", 0)}
	if _, general := statementsOf(t, true, buckets...); len(general) != 0 {
		t.Errorf("%v", general)
	}
}

// The statements of any calls allow each of them and no other of the same names.
func TestStatementsAllowWhatWasSeen(t *testing.T) {
	t.Parallel()
	names := []string{"arn:aws:s3:::b/x", "arn:aws:s3:::b/*", "arn:aws:s3:::b/${aws:userid}", "arn:aws:s3:::b/?", "arn:aws:s3:::b/$", "*"}
	asked := 0
	for set := 1; set < 1<<len(names); set++ {
		var calls []observe.Observation
		for i, name := range names {
			if set&(1<<i) != 0 {
				calls = append(calls, call("s3:GetObject", name, 0))
			}
		}
		statements, _ := observe.Statements(calls, false)
		doc, err := observe.Policy(statements)
		if err != nil {
			t.Fatal(err)
		}
		policies := &iam.Policies{Identity: []*iam.Policy{iam.Compile(doc, iam.Origin{Type: iam.TypeIdentity})}}
		for i, name := range names[:5] {
			request := &iam.Request{
				Principal: iam.Principal{Kind: iam.PrincipalSession, ARN: "arn:aws:sts::000000000000:assumed-role/r/s", Account: "000000000000"},
				Action:    "s3:GetObject", Resource: name, ResourceAccount: "000000000000",
			}
			want := set&(1<<i) != 0 || set&(1<<5) != 0
			if got := iam.Decide(request, policies) == iam.Allowed; got != want {
				t.Errorf("%v allow %s: %v", doc.Statements, name, got)
			}
			asked++
		}
	}
	if asked == 0 {
		t.Fatal("nothing was asked")
	}
	if _, err := observe.Policy(nil); writ.CodeOf(err) != writ.CodeNotFound {
		t.Errorf("no statements: %v", err)
	}
}

// A record of one role, and what it says.
func ExampleSuggest() {
	world := shelf("own north")
	s := observe.Suggest([]observe.Observation{at("Look", "north"), denied(at("Fill", "south"), iam.TypeIdentity)}, world)
	for _, use := range s.Edges {
		fmt.Printf("%s instead of %s, for %s\n", use.Edge.Access, use.Instead.Access, use.Used[0].Action)
	}
	for _, r := range s.Refused {
		fmt.Printf("%s was denied; it would take %s\n", r.Action, r.Needs)
	}
	// Output:
	// look instead of own, for shelf:Look
	// shelf:Fill was denied; it would take fill on shop south
}

// One edge that names the actions of two does not take their place when it
// holds them elsewhere only: a stream's actions are among "table:*", and not on
// the table.
func TestOneForTwoHoldsTheSameCalls(t *testing.T) {
	t.Parallel()
	edge := func(access, action, on string) observe.Edge {
		return observe.Edge{Kind: "table", Name: "t", Access: access, Actions: []string{action}, Holds: func(a, resource string) bool {
			return strings.HasPrefix(a, strings.TrimSuffix(action, "*")) && resource == on
		}}
	}
	world := observe.World{Offered: []observe.Edge{edge("stream", "table:Read", "arn:aws:table:::t/stream"), edge("full", "table:*", "arn:aws:table:::t")}}
	s := observe.Suggest([]observe.Observation{call("table:Read", "arn:aws:table:::t/stream", 0), call("table:Drop", "arn:aws:table:::t", 0)}, world)
	if got, want := summary(s), "want stream on table t\nwant full on table t\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
