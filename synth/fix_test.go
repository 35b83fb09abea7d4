package synth_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// apply adds the lines of a fix to a file's text.
func apply(src string, fix writ.Fix) string {
	lines := strings.SplitAfter(src, "\n")
	return strings.Join(lines[:fix.Position.Line], "") + fix.Lines + strings.Join(lines[fix.Position.Line:], "")
}

const (
	hitsARN  = "arn:aws:dynamodb:us-east-1:000000000000:table/shop_hits_dev"
	helloARN = "arn:aws:lambda:us-east-1:000000000000:function:shop_hello_dev"
)

func TestFixLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, src, action, arn string
		want                   string
	}{
		{
			name:   "no grants yet",
			src:    "name: shop\nfunctions:\n  hello: {runtime: {lang: go}}\n  counter:\n    runtime: {lang: go}\n\n# the data\nstores:\n  hits: {key: path}\n",
			action: "dynamodb:UpdateItem", arn: hitsARN,
			want: "name: shop\nfunctions:\n  hello: {runtime: {lang: go}}\n  counter:\n    runtime: {lang: go}\n    grants:\n      - {store: hits, access: writeData}\n\n# the data\nstores:\n  hits: {key: path}\n",
		},
		{
			name:   "one grant more",
			src:    "name: shop\nfunctions:\n  counter:\n    grants:\n      - {store: hits, access: writeData}\n    runtime: {lang: go}\n  hello: {runtime: {lang: go}}\nstores:\n  hits: {key: path}\n",
			action: "lambda:InvokeFunction", arn: helloARN,
			want: "name: shop\nfunctions:\n  counter:\n    grants:\n      - {store: hits, access: writeData}\n      - {function: hello, access: invoke}\n    runtime: {lang: go}\n  hello: {runtime: {lang: go}}\nstores:\n  hits: {key: path}\n",
		},
		{
			name:   "a list that is not indented",
			src:    "name: shop\nfunctions:\n    counter:\n        runtime: {lang: go}\n        grants:\n        - store: hits\n          access: writeData\nstores:\n    hits: {key: path}\n",
			action: "dynamodb:Scan", arn: hitsARN,
			want: "name: shop\nfunctions:\n    counter:\n        runtime: {lang: go}\n        grants:\n        - store: hits\n          access: writeData\n        - {store: hits, access: readData}\nstores:\n    hits: {key: path}\n",
		},
		{
			name:   "the last lines of the file",
			src:    "name: shop\nstores:\n  hits: {key: path}\nfunctions:\n  counter:\n    runtime: {lang: go}\n",
			action: "dynamodb:DeleteTable", arn: hitsARN,
			want: "name: shop\nstores:\n  hits: {key: path}\nfunctions:\n  counter:\n    runtime: {lang: go}\n    grants:\n      - {store: hits, access: fullAccess}\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			top := parseText(t, c.src)
			fix, ok := synth.Fix(top, "dev", synth.RoleName(top, "counter", "dev"), c.action, c.arn)
			if !ok {
				t.Fatal("no fix")
			}
			got := apply(c.src, fix)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			parseText(t, got)
		})
	}
}

// Where no line can be added, the fix says what to write and where.
func TestFixWithinBrackets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, src, lines, summary string }{
		{
			"a list in brackets", "name: shop\nstores: {hits: {key: path}}\nfunctions:\n  counter:\n    runtime: {lang: go}\n    grants: [{store: hits, access: writeData}]\n",
			"{store: hits, access: readData}", "list in brackets",
		},
		{
			"a function in braces", "name: shop\nstores: {hits: {key: path}}\nfunctions:\n  counter: {runtime: {lang: go}}\n",
			"grants: [{store: hits, access: readData}]", "the function's keys",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			top := parseText(t, c.src)
			fix, ok := synth.Fix(top, "dev", synth.RoleName(top, "counter", "dev"), "dynamodb:GetItem", hitsARN)
			if !ok || fix.Lines != c.lines || !strings.Contains(fix.Summary, c.summary) || fix.Position.Line == 0 {
				t.Errorf("%v %+v", ok, fix)
			}
		})
	}
}

// For a topology of Go constructs the fix is a line of Go.
func TestFixInGo(t *testing.T) {
	t.Parallel()
	top := system([]string{"HelloHitCounter-Handler", "hello"}, []string{"HelloHitCounter-hits"})
	f := top.Functions[0]
	f.Pos = writ.Position{File: "counter.go", Line: 21, Col: 9}
	top.Stores[0].Pos = writ.Position{File: "counter.go", Line: 18, Col: 9}
	f.Grants = []topology.Grant{{Kind: topology.KindFunction, Name: "hello", Access: "invoke", Pos: writ.Position{File: "counter.go", Line: 30}}}
	fix, ok := synth.Fix(top, "dev", synth.RoleName(top, f.Name, "dev"), "dynamodb:UpdateItem", tableARN(top, "HelloHitCounter-hits", "dev"))
	want := writ.Fix{
		Summary:  "grant function HelloHitCounter-Handler writeData on store HelloHitCounter-hits (use your own names for the two values)",
		Position: writ.Position{File: "counter.go", Line: 30},
		Lines:    "\thits.GrantWriteData(handler)\n",
	}
	if diff := cmp.Diff(want, fix); !ok || diff != "" {
		t.Errorf("%v\n%s", ok, diff)
	}
}

func TestNoFix(t *testing.T) {
	t.Parallel()
	top := parseText(t, "name: shop\nfunctions:\n  counter:\n    runtime: {lang: go}\n    grants:\n      - {store: hits, access: readData}\nstores:\n  hits: {key: path}\n")
	for _, c := range []struct{ why, role, action, arn string }{
		{"another's role", "tc-shop-other-dev", "dynamodb:GetItem", hitsARN},
		{"another sandbox's role", "tc-shop-counter-prod", "dynamodb:PutItem", hitsARN},
		{"another sandbox's table", "tc-shop-counter-dev", "dynamodb:PutItem", strings.Replace(hitsARN, "dev", "prod", 1)},
		{"another table whose name begins alike", "tc-shop-counter-dev", "dynamodb:PutItem", hitsARN + "2"},
		{"an index that is not there", "tc-shop-counter-dev", "dynamodb:PutItem", hitsARN + "/index/x"},
		{"a stream that is not there", "tc-shop-counter-dev", "dynamodb:GetRecords", hitsARN + "/stream/x"},
		{"granted already, only not deployed", "tc-shop-counter-dev", "dynamodb:GetItem", hitsARN},
		{"an action of no verb", "tc-shop-counter-dev", "s3:GetObject", hitsARN},
		{"another service", "tc-shop-counter-dev", "sqs:SendMessage", "arn:aws:sqs:us-east-1:000000000000:mail"},
		{"no resource", "tc-shop-counter-dev", "dynamodb:ListTables", "*"},
		{"no ARN", "tc-shop-counter-dev", "dynamodb:GetItem", "table/shop_hits_dev"},
	} {
		if fix, ok := synth.Fix(top, "dev", c.role, c.action, c.arn); ok {
			t.Errorf("%s: %+v", c.why, fix)
		}
	}
}

func TestGranted(t *testing.T) {
	t.Parallel()
	top := parseText(t, "name: shop\nfunctions:\n  counter:\n    runtime: {lang: go}\n    grants:\n      - {store: hits, access: readData}\nstores:\n  hits: {key: path}\n")
	for _, c := range []struct {
		role, action, arn string
		want              bool
	}{
		{"tc-shop-counter-dev", "dynamodb:GetItem", hitsARN, true},
		{"tc-shop-counter-dev", "dynamodb:PutItem", hitsARN, false},
		{"tc-shop-counter-blue", "dynamodb:GetItem", hitsARN, false},
		{"tc-shop-counter-dev", "dynamodb:GetItem", hitsARN + "2", false},
		{"tc-shop-counter-dev", "dynamodb:GetItem", "*", false},
	} {
		if got := synth.Granted(top, "dev", c.role, c.action, c.arn); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// A node's functions are found too.
func TestFixInNode(t *testing.T) {
	t.Parallel()
	node := parseText(t, "name: shop\nfunctions:\n  counter:\n    runtime: {lang: go}\nstores:\n  hits: {key: path}\n")
	root := &topology.Topology{Name: "root", Nodes: []*topology.Topology{node}}
	if fix, ok := synth.Fix(root, "dev", "tc-shop-counter-dev", "dynamodb:PutItem", hitsARN); !ok || !strings.Contains(fix.Lines, "writeData") {
		t.Errorf("%v %+v", ok, fix)
	}
}

// For every denied call that some grant could allow, the fix applied to the
// file allows it, and is no wider than a grant has to be.
func TestFixAllowsTheCall(t *testing.T) {
	t.Parallel()
	fixed := 0
	rapid.Check(t, func(rt *rapid.T) {
		src := randomYAML(rt)
		top, err := topology.Parse([]byte(src), "topology.yml", "")
		if err != nil {
			rt.Fatalf("%v\n%s", err, src)
		}
		f := rapid.SampledFrom(top.Functions).Draw(rt, "function")
		q := rapid.SampledFrom(universe(top, "dev")).Draw(rt, "question")
		fix, ok := synth.Fix(top, "dev", synth.RoleName(top, f.Name, "dev"), q.action, q.resource)
		if want := q.words != "" && !q.any && !allowed(top, f, q); ok != want {
			rt.Fatalf("%s %s on %s: a fix %v, want %v\n%s", f.Name, q.action, q.resource, ok, want, src)
		}
		if !ok {
			return
		}
		fixed++
		after := apply(src, fix)
		again, err := topology.Parse([]byte(after), "topology.yml", "")
		if err != nil {
			rt.Fatalf("%v\nin\n%s", err, after)
		}
		out, err := synth.Template(again, options(again, "dev"))
		if err != nil {
			rt.Fatal(err)
		}
		inv, err := deployed(out)
		if err != nil {
			rt.Fatal(err)
		}
		if !try(inv, again, f, q) {
			rt.Fatalf("%s still may not %s on %s\n%s", f.Name, q.action, q.resource, after)
		}
		if strings.Contains(fix.Lines, "fullAccess") && q.words != "fullAccess" {
			rt.Fatalf("%s for %s", fix.Lines, q.action)
		}
	})
	if fixed == 0 {
		t.Fatal("no call was fixed: the test says nothing")
	}
	t.Logf("%d fixes applied", fixed)
}

// randomYAML writes a random system in one of the ways in which people do.
func randomYAML(t *rapid.T) string {
	top := randomSystem(t)
	pad := strings.Repeat(" ", rapid.SampledFrom([]int{2, 3, 4}).Draw(t, "indent"))
	dash := rapid.SampledFrom([]string{"", "  ", "    "}).Draw(t, "dash")
	var b strings.Builder
	b.WriteString("name: shop\n\nfunctions:\n")
	for _, f := range top.Functions {
		fmt.Fprintf(&b, "%s%s:\n%sruntime: {lang: go}\n", pad, f.Name, pad+pad)
		if len(f.Grants) > 0 {
			fmt.Fprintf(&b, "%sgrants: # what it may do\n", pad+pad)
		}
		for _, g := range f.Grants {
			line := "{%s: %s, access: %s}\n"
			if rapid.Bool().Draw(t, "block") {
				line = "%s: %s\n" + pad + pad + dash + "  access: %s\n"
			}
			fmt.Fprintf(&b, pad+pad+dash+"- "+line, g.Kind, g.Name, g.Access)
		}
		if rapid.Bool().Draw(t, "blank") {
			b.WriteString("\n# the next one\n")
		}
		if rapid.Bool().Draw(t, "after") {
			fmt.Fprintf(&b, "%sdescription: one\n", pad+pad)
		}
	}
	if len(top.Stores) > 0 {
		b.WriteString("stores:\n")
	}
	for _, s := range top.Stores {
		if s.Kind == topology.StoreBucket {
			fmt.Fprintf(&b, "%s%s: {kind: bucket}\n", pad, s.Name)
			continue
		}
		fmt.Fprintf(&b, "%s%s:\n%skey: id\n", pad, s.Name, pad+pad)
		if len(s.Table.Indexes) > 0 {
			fmt.Fprintf(&b, "%sindexes: {byx: {key: x}}\n", pad+pad)
		}
		if s.Table.Stream != "" {
			fmt.Fprintf(&b, "%sstream: %s\n", pad+pad, s.Table.Stream)
		}
	}
	return b.String()
}

// TestFixOfAnEmptyList: the last grant was taken away and `grants:` left.
func TestFixOfAnEmptyList(t *testing.T) {
	t.Parallel()
	const text = "name: eg\nfunctions:\n  hello:\n    root: hello\n    grants: # what it may do\n    description: greets\nstores:\n  visits: {key: path}\n"
	system, err := topology.Parse([]byte(text), "topology.yml", "")
	if err != nil {
		t.Fatal(err)
	}
	fix, ok := synth.Fix(system, "dev", synth.RoleName(system, "hello", "dev"), "dynamodb:UpdateItem", "arn:aws:dynamodb:us-east-1:000000000000:table/eg_visits_dev")
	if !ok || fix.Position.Line != 5 || fix.Lines != "      - {store: visits, access: writeData}\n" {
		t.Errorf("fix = %+v", fix)
	}
}
