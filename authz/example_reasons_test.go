package authz_test

import (
	"fmt"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
)

// files is a snapshot of folders and documents, which those who view a folder view too.
func files(tuples ...string) *authz.Snapshot {
	viewers := []authz.SubjectType{{Type: "user"}, {Type: "group", Relation: "member"}}
	parent := authz.Relation{Name: "parent", Subjects: []authz.SubjectType{{Type: "folder"}}, Rewrite: authz.Direct{}}
	viewer := authz.Relation{Name: "viewer", Subjects: viewers, Rewrite: authz.Union{Of: []authz.Rewrite{
		authz.Direct{}, authz.From{Relation: "viewer", Tupleset: "parent"},
	}}}
	s, err := authz.New(&authz.Model{Types: []authz.Type{
		{Name: "user"},
		{Name: "group", Relations: []authz.Relation{{Name: "member", Subjects: viewers, Rewrite: authz.Direct{}}}},
		{Name: "folder", Relations: []authz.Relation{parent, viewer}},
		{Name: "document", Relations: []authz.Relation{parent, viewer}, Actions: []authz.Relation{
			{Name: "read", Rewrite: authz.Computed{Relation: "viewer"}},
		}},
	}})
	if err != nil {
		panic(err)
	}
	e := s.Edit()
	for _, text := range tuples {
		t, err := authz.ParseTuple(text)
		if err != nil {
			panic(err)
		}
		if err := e.Apply(&authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &t}}); err != nil {
			panic(err)
		}
	}
	return e.Done()
}

func question(subject, action, document string) *authz.Query {
	return &authz.Query{Request: writ.Request{
		Subject: writ.Subject{Type: "user", ID: subject}, Action: writ.Action{Name: action},
		Resource: writ.Resource{Type: "document", ID: document},
	}}
}

func ExampleSnapshot_Check() {
	s := files("document:budget#parent@folder:finance", "folder:finance#viewer@group:eng#member", "group:eng#member@user:ann", "group:ops#member@user:bob")
	for _, who := range []string{"ann", "bob"} {
		d, err := s.Check(question(who, "read", "budget"))
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(d.Allowed, d.Reasons[0].Message)
		if fix := d.Reasons[0].Fix; fix != nil {
			fmt.Println("fix:", fix.Summary)
		}
	}
	// Output:
	// true user:ann may read document:budget: user:ann is member of group:eng, which is viewer of folder:finance, which is parent of document:budget
	// false user:bob may not read document:budget: user:bob is not viewer of document:budget
	// fix: write the tuple document:budget#viewer@user:bob
}

func ExampleSnapshot_Explain() {
	s := files("document:budget#viewer@group:eng#member", "group:eng#member@user:ann")
	n, err := s.Explain(question("ann", "read", "budget"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for depth := 0; n != nil; depth++ {
		fmt.Printf("%s%s: %s\n", strings.Repeat("  ", depth), n.Kind, n.Message)
		if len(n.Parts) == 0 {
			break
		}
		n = n.Parts[0]
	}
	// Output:
	// action: user:ann may read document:budget
	//   relation: user:ann is viewer of document:budget
	//     tuple: who is member of group:eng is viewer of document:budget
	//       relation: user:ann is member of group:eng
	//         tuple: user:ann is member of group:eng
}

func ExampleSnapshot_Resources() {
	s := files("document:budget#parent@folder:finance", "folder:finance#viewer@user:ann", "document:plan#viewer@user:ann", "document:other#viewer@user:bob")
	l := &authz.List{Query: *question("ann", "read", ""), Type: "document", Limit: 1}
	for {
		p, err := s.Resources(l)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(p.IDs)
		if l.After = p.Next; l.After == "" {
			break
		}
	}
	// Output:
	// [budget]
	// [plan]
}
