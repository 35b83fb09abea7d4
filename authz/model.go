package authz

import (
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/expr"
)

// Model says which relations the objects of each type have and what they
// mean. It is written by packages schema and openfga, compiled by [Compile].
type Model struct {
	Types      []Type
	Conditions []Condition
	// DefaultTenant is the tenant of a request that names none, on a resource
	// that is in none. Empty: no tenant.
	DefaultTenant string
}

// Type is a kind of entity. Actions and Relations are apart because a role and
// an action may have the same name; a request's action is looked for in Actions
// first, then in Relations unless ActionsOnly. Tuples name Relations only.
type Type struct {
	Name     string
	Position writ.Position
	// ActionsOnly keeps a request from asking for a relation by the name of an action: where rules deny actions, a
	// role's name would go past them. [Query].Relation asks for one on purpose.
	ActionsOnly bool
	Attributes  []Attribute
	Relations   []Relation
	Actions     []Relation
}

// Attribute is a declared attribute of a type's entities.
type Attribute struct {
	Name string
	Type expr.Type
}

// Relation is a named set of subjects of an object.
type Relation struct {
	Name     string
	Position writ.Position
	// Role marks a relation whose tuples are role assignments.
	Role bool
	// Subjects says who may stand in its tuples; empty when Rewrite has no Direct.
	Subjects []SubjectType
	Rewrite  Rewrite
}

// SubjectType is one kind of subject that a relation's tuples may have:
// `user`, `user:*`, `group#member`, each perhaps `with` a condition.
type SubjectType struct {
	Type      string
	Relation  string // group#member
	Everyone  bool   // user:*
	Condition string // the tuple must carry just this condition; empty: none
	Position  writ.Position
}

// Condition is a named condition that tuples refer to. Its variables are Params,
// from the tuple first, then from the request's context, and nothing else. All of them must
// be given: with one missing there is no answer, as in OpenFGA.
type Condition struct {
	Name     string
	Position writ.Position
	Params   []expr.Variable
	Program  *expr.Program
}

// Rewrite is the meaning of a relation: one of [Direct], [Stored], [Computed],
// [From], [InTenant], [When], [Union], [Intersection], [Exclusion].
type Rewrite interface{ rewrite() }

type (
	// Direct holds the subjects of the relation's own tuples.
	Direct struct{}
	// Stored holds the subjects of the tuples of another relation of the same
	// object, without what that relation's rewrite adds.
	Stored struct{ Relation string }
	// Computed is another relation of the same object.
	Computed struct {
		Relation string
		Position writ.Position
	}
	// From is Relation of every object that stands as a subject in the object's
	// own tuples of Tupleset: `viewer from parent`. Of a related object whose type
	// lacks Relation it holds nobody.
	From struct {
		Relation, Tupleset string
		Position           writ.Position
	}
	// InTenant holds who has Relation on the tenant of the request: a tenant role.
	InTenant struct {
		Relation string
		Position writ.Position
	}
	// When holds those of Then for whom Condition is true; with a nil Then every single
	// subject of type Subject: not a userset, and not [Everyone], of whom a condition cannot be true
	// one by one. Its variables are those of [Scope]. Rule names it.
	When struct {
		Rule      string
		Subject   string
		Condition *expr.Program
		Then      Rewrite
		Position  writ.Position
	}
	// Union holds the subjects of any.
	Union struct{ Of []Rewrite }
	// Intersection holds the subjects of all.
	Intersection struct{ Of []Rewrite }
	// Exclusion holds the subjects of Base that are not in Minus. Deny names the
	// rule when Minus is a rule that denies.
	Exclusion struct {
		Base, Minus Rewrite
		Deny        string
		Position    writ.Position
	}
)

func (Direct) rewrite()       {}
func (Stored) rewrite()       {}
func (Computed) rewrite()     {}
func (From) rewrite()         {}
func (InTenant) rewrite()     {}
func (When) rewrite()         {}
func (Union) rewrite()        {}
func (Intersection) rewrite() {}
func (Exclusion) rewrite()    {}

// The variables of a [When] condition, by their index in [Scope]. `subject` is
// another name of `user`, `environment` another of `context`. `resource` is the
// object whose relation is asked, which inside a From is not the request's. When the
// subject is a userset no field of `user` has a value: nothing is known of each of the many.
// `user.roles` and `user.tenants` are of the tuples that name the subject itself.
const (
	VarUser = iota
	VarResource
	VarTenant
	VarContext
	VarAction
)

// Scope gives the variables of a When condition on objects of a type, with the
// declared attributes of both sides; undeclared ones are values of any type.
func Scope(subject, resource []Attribute) *expr.Scope {
	fields := func(declared []Attribute) map[string]expr.Type {
		m := make(map[string]expr.Type, len(declared))
		for _, a := range declared {
			m[a.Name] = a.Type
		}
		return m
	}
	return &expr.Scope{Variables: []expr.Variable{
		VarUser:     {Name: "user", Alias: "subject", Type: expr.Object, Fields: fields(subject)},
		VarResource: {Name: "resource", Type: expr.Object, Fields: fields(resource)},
		VarTenant:   {Name: "tenant", Type: expr.Object},
		VarContext:  {Name: "context", Alias: "environment", Type: expr.Object},
		VarAction:   {Name: "action", Type: expr.Object},
	}}
}
