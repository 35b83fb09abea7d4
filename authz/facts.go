package authz

import (
	"strings"
	"time"
	"unicode"

	"github.com/writ-dev/writ"
)

// TenantType is the type of tenants as objects: `__tenant:acme`. A role in a
// tenant is a tuple on it: `__tenant:acme#admin@user:ann`.
const TenantType = "__tenant"

// Everyone is the ID of a tuple's subject that stands for every subject of its type.
const Everyone = "*"

// Entity names one thing: `document:budget`. A type has no colon and no hash
// sign; an ID may have colons, and is otherwise the caller's own.
type Entity struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// String gives type:id.
func (e Entity) String() string { return e.Type + ":" + e.ID }

// ParseEntity reads type:id.
func ParseEntity(s string) (Entity, error) {
	kind, id, ok := strings.Cut(s, ":")
	if !ok || kind == "" || id == "" || strings.Contains(kind, "#") {
		return Entity{}, writ.Errorf(writ.CodeInvalid, "%q is not written type:id", s)
	}
	return Entity{kind, id}, nil
}

// Holder is the subject side of a tuple: an entity (`user:ann`), everyone of a
// type (`user:*`), or all who have a relation to an entity (`group:eng#member`).
type Holder struct {
	Entity
	Relation string `json:"relation,omitempty"`
}

// String gives type:id or type:id#relation.
func (h Holder) String() string {
	if h.Relation == "" {
		return h.Entity.String()
	}
	return h.Entity.String() + "#" + h.Relation
}

// ParseHolder reads type:id, type:* or type:id#relation.
func ParseHolder(s string) (Holder, error) {
	name, relation, hashed := strings.Cut(s, "#")
	e, err := ParseEntity(name)
	if err != nil {
		return Holder{}, err
	}
	if hashed && relation == "" {
		return Holder{}, writ.Errorf(writ.CodeInvalid, "%q ends in a hash sign", s)
	}
	return Holder{e, relation}, nil
}

// Tuple is one stored grant: Subject has Relation on Object, written
// `document:budget#viewer@group:eng#member`. Object, Relation and Subject name it:
// there is one at most of each three.
type Tuple struct {
	Object   Entity `json:"object"`
	Relation string `json:"relation"`
	Subject  Holder `json:"subject"`
	// Condition names a condition of the model that must hold, with the values
	// that are fixed here; the rest come with the request. Empty: always.
	Condition string         `json:"condition,omitempty"`
	Params    map[string]any `json:"params,omitempty"`
	// Expires is the first moment at which the tuple counts no more; zero: never.
	Expires time.Time `json:"expires,omitzero"`
	// Created is kept to the second.
	Created time.Time `json:"created,omitzero"`
}

// ReadExpiry gives the end that a caller named for a grant: nil, for none, as the zero time. A time before 1970 is a
// CodeInvalid error. Nobody means one, and the first of year 1 would else stand for no end at all.
func ReadExpiry(given *time.Time) (time.Time, error) {
	switch {
	case given == nil:
		return time.Time{}, nil
	case given.Before(time.Unix(0, 0)):
		return time.Time{}, writ.Errorf(writ.CodeInvalid, "the end %s is before 1970", given.UTC().Format(time.RFC3339)).
			WithHint("leave it out for a grant without an end")
	}
	return *given, nil
}

// String gives object#relation@subject.
func (t Tuple) String() string {
	if t.Subject.Relation == "" {
		return t.Object.Type + ":" + t.Object.ID + "#" + t.Relation + "@" + t.Subject.Type + ":" + t.Subject.ID
	}
	return t.Object.String() + "#" + t.Relation + "@" + t.Subject.String()
}

// ParseTuple reads object#relation@subject. An ID may contain @, as e-mail addresses do, but no #.
func ParseTuple(s string) (Tuple, error) {
	object, rest, related := strings.Cut(s, "#")
	relation, subject, ok := strings.Cut(rest, "@")
	if !ok || !related || relation == "" {
		return Tuple{}, writ.Errorf(writ.CodeInvalid, "%q is not written type:id#relation@subject", s)
	}
	o, err := ParseEntity(object)
	if err != nil {
		return Tuple{}, err
	}
	h, err := ParseHolder(subject)
	if err != nil {
		return Tuple{}, err
	}
	return Tuple{Object: o, Relation: relation, Subject: h}, nil
}

// ParseSaid reads a tuple as [ParseTuple] does, or as one says it: SUBJECT RELATION OBJECT, where no ID may have a space.
func ParseSaid(s string) (Tuple, error) {
	t, err := ParseTuple(s)
	if err == nil && !strings.ContainsFunc(t.Relation, unicode.IsSpace) {
		return t, nil
	}
	if words := strings.Fields(s); len(words) == 3 {
		return ParseTuple(words[2] + "#" + words[1] + "@" + words[0])
	}
	return t, err
}

// Record is what is stored about an entity itself: a user, a tenant, a resource
// instance. Entities that only stand in tuples need none.
type Record struct {
	Entity
	// Tenant is the key of the tenant that it belongs to; empty for none.
	Tenant string `json:"tenant,omitempty"`
	// Attributes are JSON values: bool, float64, string, []any, map[string]any, nil.
	Attributes map[string]any `json:"attributes,omitempty"`
	// Profile holds fields that doors show and conditions may ask for by the same
	// name when there is no such attribute: email, first_name, last_name, name, description.
	Profile map[string]string `json:"profile,omitempty"`
	Created time.Time         `json:"created,omitzero"`
	Updated time.Time         `json:"updated,omitzero"`
}

// Key is an API key as it is stored: never the secret itself.
type Key struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	// Hash is SHA-256 of the secret, which has 256 random bits.
	Hash []byte `json:"hash"`
	// Role is ask, read, write or admin.
	Role    string    `json:"role"`
	Created time.Time `json:"created,omitzero"`
	Expires time.Time `json:"expires,omitzero"`
}

// Source is a model as its author wrote it.
type Source struct {
	// Format is "policy" (package schema) or "openfga".
	Format string `json:"format"`
	Text   string `json:"text"`
}

// Change is one step of an environment's state; just one of its fields is set.
// A step says what was there before and what is there after, so that it can be
// taken back; nil stands for nothing.
type Change struct {
	Model  *Step[Source] `json:"model,omitempty"`
	Record *Step[Record] `json:"record,omitempty"`
	Tuple  *Step[Tuple]  `json:"tuple,omitempty"`
	Key    *Step[Key]    `json:"key,omitempty"`
}

// Step is a value before and after a change.
type Step[T any] struct {
	Before *T `json:"before,omitempty"`
	After  *T `json:"after,omitempty"`
}

// Inverse is the change that takes c back.
func (c Change) Inverse() Change {
	return Change{Model: c.Model.inverse(), Record: c.Record.inverse(), Tuple: c.Tuple.inverse(), Key: c.Key.inverse()}
}

func (s *Step[T]) inverse() *Step[T] {
	if s == nil {
		return nil
	}
	return &Step[T]{Before: s.After, After: s.Before}
}
