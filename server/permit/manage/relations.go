package manage

import (
	"encoding/json"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/server/permit/wire"
)

func relationRoutes() []route { return relations().routes("/resources/{resource}/relations") }

func relations() *part[schema.Relation] {
	return &part[schema.Relation]{
		kind: "relation", name: "relation", owner: (*call).resourceKey, shape: wire.ByAgent,
		list: func(c *call, s *schema.Schema) (*[]schema.Relation, error) {
			r, err := c.resource(s)
			if err != nil {
				return nil, err
			}
			return &r.Relations, nil
		},
		head:  func(r *schema.Relation) *schema.Header { return &r.Header },
		apply: applyRelation,
		read: func(c *call, r *schema.Relation) map[string]any {
			m := c.readHeader(&r.Header, "relation", c.resourceKey())
			m["subject_resource"], m["subject_resource_id"] = r.Subject, c.ID("resource", r.Subject)
			m["object_resource"], m["object_resource_id"] = c.resourceKey(), c.ID("resource", c.resourceKey())
			return m
		},
		removed: func(d *draft, s *schema.Schema, gone *schema.Relation) error {
			r, err := d.resource(s)
			if err != nil {
				return err
			}
			d.DropTuples(authz.TupleFilter{Object: authz.Entity{Type: r.Key}, Relation: gone.Key})
			r.RemoveRelation(gone.Key)
			return nil
		},
	}
}

// applyRelation reads a relation's body. Within the body of a resource it may be the key of the other resource alone.
func applyRelation(d *draft, r *schema.Relation, raw json.RawMessage) error {
	subject := ""
	if json.Unmarshal(raw, &subject) != nil {
		var b struct {
			header
			Subject  *string `json:"subject_resource"`
			Resource *string `json:"resource"`
		}
		if err := unmarshal(raw, &b); err != nil {
			return err
		}
		b.header.apply(&r.Header)
		if b.Subject != nil {
			subject = *b.Subject
		} else if b.Resource != nil {
			subject = *b.Resource
		}
	}
	if subject == "" {
		if r.Subject == "" {
			return writ.Errorf(writ.CodeInvalid, "the relation %q needs a subject_resource", r.Key)
		}
		return nil
	}
	s, err := d.Edit()
	if err != nil {
		return err
	}
	// A resource that is only being made may be related to itself; one that is not there at all
	// is an error of the whole policy.
	if found, err := d.resourceNamed(s, subject); err == nil {
		subject = found.Key
	}
	r.Subject = subject
	return nil
}
