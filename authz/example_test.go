package authz_test

import (
	"fmt"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
)

// Who views a folder views the documents in it.
func ExampleSnapshot_Allowed() {
	user := []authz.SubjectType{{Type: "user"}}
	model := &authz.Model{Types: []authz.Type{
		{Name: "user"},
		{Name: "folder", Relations: []authz.Relation{{Name: "viewer", Subjects: user, Rewrite: authz.Direct{}}}},
		{Name: "document", Relations: []authz.Relation{
			{Name: "parent", Subjects: []authz.SubjectType{{Type: "folder"}}, Rewrite: authz.Direct{}},
			{Name: "viewer", Subjects: user, Rewrite: authz.Union{Of: []authz.Rewrite{
				authz.Direct{}, authz.From{Relation: "viewer", Tupleset: "parent"},
			}}},
		}},
	}}
	empty, err := authz.New(model)
	if err != nil {
		fmt.Println(err)
		return
	}
	edit := empty.Edit()
	for _, text := range []string{"document:budget#parent@folder:finance", "folder:finance#viewer@user:ann"} {
		tuple, _ := authz.ParseTuple(text)
		if err := edit.Apply(&authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &tuple}}); err != nil {
			fmt.Println(err)
			return
		}
	}
	snapshot := edit.Done()
	for _, id := range []string{"ann", "bob"} {
		allowed, err := snapshot.Allowed(&authz.Query{Request: writ.Request{
			Subject:  writ.Subject{Type: "user", ID: id},
			Action:   writ.Action{Name: "viewer"},
			Resource: writ.Resource{Type: "document", ID: "budget"},
		}})
		fmt.Println(id, allowed, err)
	}
	// Output:
	// ann true <nil>
	// bob false <nil>
}
