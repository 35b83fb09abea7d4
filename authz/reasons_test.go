package authz_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/internal/expr"
)

var update = flag.Bool("update", false, "write what is said now into the golden files")

func at(line int) writ.Position { return writ.Position{File: "topology.yml", Line: line, Col: 5} }

func compile(t testing.TB, source string, scope *expr.Scope) *expr.Program {
	t.Helper()
	p, err := expr.Compile(source, scope, writ.Position{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// company is a model as people write them: roles in a tenant and on documents, folders, groups,
// rules with conditions, a rule that denies, tuples with conditions.
func company(t testing.TB) *authz.Model {
	t.Helper()
	role := func(line int, r authz.Relation) authz.Relation {
		r.Role, r.Position = true, at(line)
		return r
	}
	when := func(name, source string, line int) authz.When {
		return authz.When{Rule: name, Subject: "user", Condition: compile(t, source, authz.Scope(nil, nil)), Position: at(line)}
	}
	params := []expr.Variable{{Name: "hour", Type: expr.Number}, {Name: "until", Type: expr.Number}}
	office := authz.Condition{Name: "office_hours", Params: params, Program: compile(t, "hour < until", &expr.Scope{Variables: params}), Position: at(90)}
	viewer := role(30, relation("viewer", "user user:* group#member", union(direct, computed("editor"), from("viewer", "parent"))))
	viewer.Subjects = append(viewer.Subjects, authz.SubjectType{Type: "user", Condition: "office_hours"})
	document := kind("document",
		relation("parent", "folder", direct), relation("banned", "user group#member", direct),
		relation("seen", "user", butNot(direct, computed("unseen"))), relation("unseen", "user", butNot(direct, computed("seen"))),
		role(31, relation("editor", "user group#member", direct)), viewer, relation("blocked", "user", direct),
		authz.Relation{Name: "approver", Rewrite: direct, Subjects: []authz.SubjectType{{Type: "user", Condition: "office_hours"}}},
	)
	cleared := when("cleared", "user.clearance >= resource.level", 40)
	lent := when("on-call", "context.incident == true", 44)
	lent.Then = computed("viewer")
	signs := when("adults-sign", "user.age >= 18", 46)
	signs.Then = when("finished", "resource.done == true", 47)
	limit := when("limit", "resource.amount <= user.limit", 54)
	limit.Then = authz.InTenant{Relation: "reader"}
	drafts := when("resource set drafts", "resource.draft == true", 55)
	drafts.Then = limit.Then
	limitOfDrafts := when("limit-of-drafts", "resource.amount <= 2 * user.limit", 56)
	limitOfDrafts.Then = drafts
	document.Actions = []authz.Relation{
		{Name: "pay", Rewrite: union(authz.InTenant{Relation: "admin"}, limit, limitOfDrafts)},
		{Name: "approve", Rewrite: butNot(computed("approver"), computed("blocked"))},
		{Name: "read", Position: at(50), Rewrite: authz.Exclusion{
			Base:  union(computed("viewer"), authz.InTenant{Relation: "reader", Position: at(51)}, cleared),
			Minus: computed("banned"), Deny: "no-banned", Position: at(52),
		}},
		{Name: "edit", Position: at(53), Rewrite: union(computed("editor"), authz.InTenant{Relation: "admin"})},
		{Name: "restart", Rewrite: lent},
		{Name: "publish", Rewrite: all(computed("editor"), authz.InTenant{Relation: "reader"})},
		{Name: "purge", Rewrite: union()},
		{Name: "dream", Rewrite: computed("seen")},
		{Name: "comment", Rewrite: butNot(from("viewer", "parent"), authz.Stored{Relation: "viewer"})},
		{Name: "annotate", Rewrite: union(butNot(from("viewer", "parent"), authz.Stored{Relation: "viewer"}), computed("viewer"))},
		{Name: "sign", Rewrite: signs},
		{Name: "archive", Rewrite: authz.Exclusion{Base: computed("editor"), Minus: when("frozen", "resource.frozen == true", 48), Deny: "frozen", Position: at(49)}},
	}
	tenant := kind(authz.TenantType,
		role(10, relation("admin", "user", direct)), role(11, relation("reader", "user", union(direct, computed("admin")))))
	return &authz.Model{DefaultTenant: "acme", Conditions: []authz.Condition{office}, Types: []authz.Type{
		kind("user"), tenant, document, kind("group", relation("member", "user group#member", direct)),
		kind("folder", relation("parent", "folder", direct), role(20, relation("viewer", "user group#member", union(direct, from("viewer", "parent"))))),
	}}
}

// The golden file holds facts, then questions; below each question stands what is said to it.
func TestReasonsAreSaidPlainly(t *testing.T) {
	t.Parallel()
	const file = "testdata/reasons.txt"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := snapshot(t, company(t))
	var out strings.Builder
	questions := 0
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "":
			out.WriteString("\n")
		case "#", "##":
			out.WriteString(line + "\n")
		case "tuple", "record":
			out.WriteString(line + "\n")
			s = with(t, s, word, rest)
		case "check", "explain":
			questions++
			out.WriteString(line + "\n" + saidTo(t, s, word, rest))
		}
	}
	if questions < 20 {
		t.Errorf("only %d questions were asked", questions)
	}
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(text), out.String()); diff != "" && !*update {
		t.Error(diff)
	}
}

// with puts in one fact: `tuple o#r@s {"expires": ...}` or `record type:id {"attributes": ...}`.
func with(t *testing.T, s *authz.Snapshot, word, text string) *authz.Snapshot {
	t.Helper()
	name, rest, _ := strings.Cut(text, " {")
	rest = "{" + rest
	if rest == "{" {
		rest = "{}"
	}
	e := s.Edit()
	var c authz.Change
	if word == "tuple" {
		tuple, err := authz.ParseTuple(name)
		if err != nil {
			t.Fatal(err)
		}
		read(t, rest, &tuple)
		c.Tuple = &authz.Step[authz.Tuple]{After: &tuple}
	} else {
		entity, err := authz.ParseEntity(name)
		if err != nil {
			t.Fatal(err)
		}
		r := authz.Record{Entity: entity}
		read(t, rest, &r)
		c.Record = &authz.Step[authz.Record]{After: &r}
	}
	if err := e.Apply(&c); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return e.Done()
}

func read(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// saidTo asks one question: `object#action@subject {"Tenant": ...}`.
func saidTo(t *testing.T, s *authz.Snapshot, word, text string) string {
	t.Helper()
	name, rest, more := strings.Cut(text, " {")
	q := ask(t, name)
	if more {
		read(t, "{"+rest, q)
	}
	var b strings.Builder
	if word == "explain" {
		n, err := s.Explain(q)
		if err != nil {
			t.Fatal(err)
		}
		draw(&b, n, 1)
		return b.String()
	}
	d, err := s.Check(q)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range d.Reasons {
		fmt.Fprintf(&b, "  %s: %s", r.Effect, r.Message)
		if r.Rule != "" {
			fmt.Fprintf(&b, " [%s]", strings.TrimSpace(r.Rule+" "+r.Position.String()))
		}
		b.WriteString("\n")
		if r.Fix != nil {
			fmt.Fprintf(&b, "    fix: %s\n", r.Fix.Summary)
			if r.Fix.Lines != "" {
				fmt.Fprintf(&b, "      %s\n", strings.ReplaceAll(r.Fix.Lines, "\n", "\n      "))
			}
		}
	}
	return b.String()
}

func draw(b *strings.Builder, n *authz.Node, depth int) {
	fmt.Fprintf(b, "%s%s %s: %s\n", strings.Repeat("  ", depth), n.Verdict, n.Kind, n.Message)
	for _, p := range n.Parts {
		draw(b, p, depth+1)
	}
}

// A group of many groups, and a value of any length, do not make a reason long.
func TestReasonsAreBounded(t *testing.T) {
	t.Parallel()
	s := snapshot(t, company(t))
	e := s.Edit()
	for i := range 3_000 {
		add(t, e, fmt.Sprintf("document:budget#viewer@group:g%d#member", i))
		add(t, e, fmt.Sprintf("group:g%d#member@group:h%d#member", i, i))
		add(t, e, fmt.Sprintf("document:budget#parent@folder:f%d", i))
	}
	long := strings.Repeat("é", 5_000)
	record := authz.Record{Entity: authz.Entity{Type: "user", ID: "ann"}, Attributes: map[string]any{"clearance": long}}
	if err := e.Apply(&authz.Change{Record: &authz.Step[authz.Record]{After: &record}}); err != nil {
		t.Fatal(err)
	}
	s = e.Done()
	q := ask(t, "document:budget#read@user:ann")
	q.Resource.Properties = map[string]any{"level": 1.0}
	d, err := s.Check(q)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Reasons) > 12 {
		t.Errorf("%d reasons", len(d.Reasons))
	}
	for _, r := range d.Reasons {
		if len(r.Message) > 1_500 {
			t.Errorf("a message has %d bytes: %.300s", len(r.Message), r.Message)
		}
	}
	n, err := s.Explain(q)
	if err != nil {
		t.Fatal(err)
	}
	nodes, cuts := 0, 0
	var count func(n *authz.Node)
	count = func(n *authz.Node) {
		if nodes++; n.Kind == "cut" {
			cuts++
		}
		for _, p := range n.Parts {
			count(p)
		}
	}
	count(n)
	if nodes > 1_100 || cuts == 0 {
		t.Errorf("the explanation has %d steps, %d of them say that it is cut", nodes, cuts)
	}

	q = ask(t, "document:budget#read@user:"+long[:1000])
	if d, err = s.Check(q); err != nil || len(d.Reasons[0].Message) > 1_500 {
		t.Errorf("%v: a message has %d bytes", err, len(d.Reasons[0].Message))
	}
}

// An explanation names every step of what depends on itself, and ends.
func TestExplanationsOfCirclesEnd(t *testing.T) {
	t.Parallel()
	s := snapshot(
		t, company(t), "group:a#member@group:b#member", "group:b#member@group:a#member", "document:x#viewer@group:a#member",
		"folder:a#parent@folder:b", "folder:b#parent@folder:a", "document:x#parent@folder:a", "folder:b#viewer@user:bob", "group:b#member@user:cat",
	)
	for _, who := range []string{"ann", "bob", "cat"} {
		n, err := s.Explain(ask(t, "document:x#read@user:"+who))
		if err != nil {
			t.Fatal(err)
		}
		if want := map[string]string{"ann": "no", "bob": "yes", "cat": "yes"}[who]; n.Verdict == want {
			continue
		} else if who != "ann" || n.Verdict != "unknown" {
			t.Errorf("%s: %s", who, n.Verdict)
		}
	}
}

func BenchmarkCheckWithReasons(b *testing.B) {
	s := snapshot(b, company(b), "document:budget#parent@folder:finance", "folder:finance#viewer@group:eng#member", "group:eng#member@user:ann")
	for _, question := range []string{"document:budget#read@user:ann", "document:budget#read@user:bob"} {
		b.Run(question, func(b *testing.B) {
			q := ask(b, question)
			q.Now = time.Time{}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Check(q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
