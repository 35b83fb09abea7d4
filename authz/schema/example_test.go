package schema_test

import (
	"fmt"
	"log"

	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/schema"
)

func ExampleSchema_Model() {
	s := &schema.Schema{
		Roles: []schema.Role{{Header: schema.Header{Key: "viewer"}, Permissions: []string{"document:read"}}},
		Resources: []schema.Resource{{
			Header:  schema.Header{Key: "document"},
			Actions: []schema.Action{{Header: schema.Header{Key: "read"}}},
		}},
	}
	model, err := s.Model()
	if err != nil {
		log.Fatal(err)
	}
	snapshot, err := authz.New(model)
	if err != nil {
		log.Fatal(err)
	}
	grant, err := authz.ParseTuple("__tenant:acme#viewer@user:ann")
	if err != nil {
		log.Fatal(err)
	}
	edit := snapshot.Edit()
	if err := edit.Apply(&authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &grant}}); err != nil {
		log.Fatal(err)
	}
	q := &authz.Query{Tenant: "acme"}
	q.Subject.Type, q.Subject.ID, q.Action.Name, q.Resource.Type = "user", "ann", "read", "document"
	fmt.Println(edit.Done().Allowed(q))
	// Output: true <nil>
}
