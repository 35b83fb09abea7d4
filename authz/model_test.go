package authz_test

import (
	"fmt"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
)

// line is line n of the model's file.
func line(n int) writ.Position { return writ.Position{File: "model.fga", Line: n, Col: 5} }

func TestModelsThatAreRefused(t *testing.T) {
	t.Parallel()
	doc := func(relations ...authz.Relation) *authz.Model {
		for i := range relations {
			relations[i].Position = line(10 + i)
		}
		of := kind("doc", relations...)
		of.Position = line(9)
		return &authz.Model{Types: []authz.Type{kind("user"), kind("group", relation("member", "user", direct)), of}}
	}
	action := func(name string, w authz.Rewrite) *authz.Model {
		m := doc(relation("viewer", "user", direct))
		m.Types[2].Actions = []authz.Relation{{Name: name, Rewrite: w, Position: line(20)}}
		return m
	}
	role := func(r authz.Relation) authz.Relation { r.Role = true; return r }
	nested := authz.Rewrite(direct)
	for range 200 {
		nested = all(nested)
	}
	twice := doc()
	twice.Types = append(twice.Types, twice.Types[2])
	attributes := doc()
	attributes.Types[2].Attributes = []authz.Attribute{{Name: "level"}, {Name: "level"}}
	conditions := office(t)
	conditions.Conditions = append(conditions.Conditions, conditions.Conditions[0])
	for want, m := range map[string]*authz.Model{
		`model.fga:11:5: type doc has relation "viewer" twice`:                                                       doc(relation("viewer", "user", direct), relation("viewer", "user", direct)),
		`model.fga:9:5: type "doc" is there twice`:                                                                   twice,
		`model.fga:9:5: type doc declares attribute "level" twice`:                                                   attributes,
		`condition "under" is there twice`:                                                                           conditions,
		`model.fga:10:5: the name "a b" of a relation contains ' '`:                                                  doc(relation("a b", "user", direct)),
		`model.fga:10:5: a relation has no name`:                                                                     doc(relation("", "user", direct)),
		`model.fga:10:5: relation viewer of doc takes "robot", which is no type`:                                     doc(relation("viewer", "robot", direct)),
		`model.fga:10:5: relation viewer of doc takes group#boss, but type group has no such relation`:               doc(relation("viewer", "group#boss", direct)),
		`model.fga:10:5: viewer of doc refers to relation "owner", which doc does not have`:                          doc(relation("viewer", "", computed("owner"))),
		`model.fga:10:5: viewer of doc says nothing`:                                                                 doc(relation("viewer", "user", nil)),
		`model.fga:10:5: viewer of doc is an intersection of nothing`:                                                doc(relation("viewer", "user", all())),
		`model.fga:10:5: viewer of doc nests deeper than 100`:                                                        doc(relation("viewer", "user", nested)),
		`model.fga:10:5: viewer of doc follows relation "parent", which doc does not have`:                           doc(relation("viewer", "user", from("viewer", "parent"))),
		`model.fga:11:5: viewer of doc follows relation parent, whose tuples may lead to more than one object`:       doc(relation("parent", "group#member", direct), relation("viewer", "user", union(direct, from("viewer", "parent")))),
		`model.fga:11:5: viewer of doc asks for boss of what parent leads to, but no type there has such a relation`: doc(relation("parent", "group", direct), relation("viewer", "user", from("boss", "parent"))),
		`model.fga:11:5: viewer of doc follows relation parent, which has no tuples`:                                 doc(relation("parent", "", union()), relation("viewer", "user", from("viewer", "parent"))),
		`model.fga:10:5: viewer of doc refers to role "admin" of tenants, which is not there`:                        doc(relation("viewer", "user", authz.InTenant{Relation: "admin"})),
		`model.fga:10:5: viewer of doc has a condition that says nothing`:                                            doc(relation("viewer", "user", authz.When{Subject: "user"})),
		`model.fga:10:5: a of doc refers to itself in a circle that no tuple can end`:                                doc(relation("a", "", computed("b")), relation("b", "", computed("a"))),
		`model.fga:10:5: viewer of doc refers to itself in a circle that no tuple can end`:                           doc(relation("viewer", "", from("viewer", "parent")), relation("parent", "doc", direct)),
		`model.fga:10:5: roles of doc inherit from each other: a -> b -> a`:                                          doc(role(relation("a", "user", union(direct, computed("b")))), role(relation("b", "user", union(direct, computed("a"))))),
		`model.fga:20:5: type doc has action "read" twice`: func() *authz.Model {
			m := action("read", union())
			m.Types[2].Actions = append(m.Types[2].Actions, m.Types[2].Actions[0])
			return m
		}(),
		`model.fga:20:5: action read of doc has tuples, but no tuple can name an action`: action("read", direct),
		`model.fga:20:5: read of doc refers to relation "read", which doc does not have`: action("read", computed("read")),
	} {
		_, err := authz.New(m)
		if writ.CodeOf(err) != writ.CodeInvalid || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

func TestModelsOverTheBounds(t *testing.T) {
	t.Parallel()
	many := kind("doc")
	for i := range 30_001 {
		many.Relations = append(many.Relations, relation(fmt.Sprint("r", i), "", union()))
	}
	wide := kind("doc", relation("r", "", union(make([]authz.Rewrite, 500_001)...)))
	for i := range wide.Relations[0].Rewrite.(authz.Union).Of {
		wide.Relations[0].Rewrite.(authz.Union).Of[i] = union()
	}
	for _, of := range []authz.Type{many, wide} {
		if _, err := authz.New(&authz.Model{Types: []authz.Type{of}}); writ.CodeOf(err) != writ.CodeTooLarge {
			t.Errorf("got %v", err)
		}
	}
}

func TestModelsThatAreTaken(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]*authz.Model{
		"nothing": {},
		"relations that add to each other and have tuples": {Types: []authz.Type{kind("user"), kind("doc",
			relation("a", "user", union(direct, computed("b"))), relation("b", "", computed("a")))}},
		"an action that nobody may do": {Types: []authz.Type{{Name: "doc", Actions: []authz.Relation{{Name: "read", Rewrite: union()}}}}},
		"an action named like a relation": {Types: []authz.Type{kind("user"), {
			Name:      "doc",
			Relations: []authz.Relation{relation("read", "user", direct)}, Actions: []authz.Relation{{Name: "read", Rewrite: computed("read")}},
		}}},
	} {
		if _, err := authz.New(m); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
