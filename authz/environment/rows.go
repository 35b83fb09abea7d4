package environment

import (
	"encoding/json"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
)

// Row is a tuple as a database keeps it: a column for each part of its name, and the rest.
type Row struct {
	ObjectType, ObjectID, Relation, SubjectType, SubjectID, SubjectRelation string
	// Created is in seconds since 1970.
	Created int64
	// More is JSON of what few tuples have; empty for nothing.
	More string
}

// more is what few tuples have.
type more struct {
	Condition string         `json:"condition,omitempty"`
	Params    map[string]any `json:"params,omitempty"`
	Expires   time.Time      `json:"expires,omitzero"`
}

// RowOf takes a tuple apart.
func RowOf(t *authz.Tuple) (Row, error) {
	r := Row{
		t.Object.Type, t.Object.ID, t.Relation,
		t.Subject.Type, t.Subject.ID, t.Subject.Relation, t.Created.Unix(), "",
	}
	if t.Condition == "" && len(t.Params) == 0 && t.Expires.IsZero() {
		return r, nil
	}
	text, err := json.Marshal(more{t.Condition, t.Params, t.Expires})
	if err != nil {
		return r, writ.Errorf(writ.CodeInvalid, "%s cannot be stored: %w", t, err)
	}
	r.More = string(text)
	return r, nil
}

// Tuple puts a tuple together.
func (r *Row) Tuple() (authz.Tuple, error) {
	t := authz.Tuple{
		Object: authz.Entity{Type: r.ObjectType, ID: r.ObjectID}, Relation: r.Relation,
		Subject: authz.Holder{Entity: authz.Entity{Type: r.SubjectType, ID: r.SubjectID}, Relation: r.SubjectRelation},
		Created: time.Unix(r.Created, 0).UTC(),
	}
	if r.More == "" {
		return t, nil
	}
	var m more
	if err := json.Unmarshal([]byte(r.More), &m); err != nil {
		return t, writ.Errorf(writ.CodeInvalid, "the stored %s cannot be read: %w", t, err)
	}
	t.Condition, t.Params, t.Expires = m.Condition, m.Params, m.Expires
	return t, nil
}
