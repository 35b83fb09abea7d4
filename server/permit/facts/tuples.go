package facts

import (
	"net/http"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/server/permit/wire"
)

func tupleRoutes() []route {
	return []route{
		{"GET /relationship_tuples", listTuples},
		{"GET /relationship_tuples/detailed", listTuples},
		{"POST /relationship_tuples", createTuple},
		{"DELETE /relationship_tuples", deleteTuple},
		{"POST /relationship_tuples/bulk", bulkTuples},
		{"DELETE /relationship_tuples/bulk", bulkTuplesDelete},
	}
}

// relationship says that Subject stands in Relation to Object: `folder:finance parent document:budget`.
type relationship struct {
	Subject  string     `json:"subject"`
	Relation string     `json:"relation"`
	Object   string     `json:"object"`
	Tenant   string     `json:"tenant"`
	Expires  *time.Time `json:"expires_at"`
}

// tupleOf gives the tuple that a relationship stands for.
func (c *call) tupleOf(b relationship) (authz.Tuple, error) {
	var t authz.Tuple
	var err error
	if t.Object, err = c.instance(b.Object); err != nil {
		return t, err
	}
	if t.Subject, err = c.tupleSubject(b.Subject); err != nil {
		return t, err
	}
	if t.Expires, err = authz.ReadExpiry(b.Expires); err != nil {
		return t, err
	}
	t.Relation, err = c.relation(t.Object.Type, b.Relation)
	return t, err
}

// tupleSubject reads the subject of a tuple: an instance or, in models that are not Permit's, a user or a userset.
func (c *call) tupleSubject(text string) (authz.Holder, error) {
	if _, policyErr := wire.Policy(c.State); policyErr != nil {
		return authz.ParseHolder(text)
	}
	e, err := c.instance(text)
	return authz.Holder{Entity: e}, err
}

// relation finds a relation of a type by key or id. Roles are none.
func (c *call) relation(kind, text string) (string, error) {
	t, err := c.kind(kind)
	if err != nil {
		return "", err
	}
	for _, r := range t.Relations {
		if !r.Role && c.Is(text, r.Name, "relation", kind) {
			return r.Name, nil
		}
	}
	return "", wire.Missing("relation", kind+"#"+text)
}

// relate stores a tuple with the instances it stands between; fresh is false when it was there.
func (d *draft) relate(b relationship) (t authz.Tuple, fresh bool, err error) {
	if t, err = d.tupleOf(b); err != nil {
		return t, false, err
	}
	tenant := b.Tenant
	if object, ok := d.Record(t.Object.Type, t.Object.ID); tenant == "" && ok {
		tenant = object.Tenant
	} else if subject, ok := d.Record(t.Subject.Type, t.Subject.ID); tenant == "" && ok {
		tenant = subject.Tenant
	}
	ends := []authz.Entity{t.Object, t.Subject.Entity}
	if t.Subject.Type == wire.UserType || t.Subject.ID == authz.Everyone {
		ends = ends[:1]
	}
	for _, e := range ends {
		if _, err := d.ensureInstance(e, tenant); err != nil {
			return t, false, err
		}
	}
	if old, ok := d.Tuple(t); ok && old.Expires.Equal(t.Expires) {
		return t, false, nil
	}
	d.PutTuple(t)
	return t, true, nil
}

func (d *draft) unrelate(b relationship) error {
	t, err := d.tupleOf(b)
	if err != nil {
		return err
	}
	stored, ok := d.Tuple(t)
	if !ok {
		return writ.Errorf(writ.CodeNotFound, "%s does not stand in relation %q to %s", b.Subject, b.Relation, b.Object)
	}
	d.DropTuple(stored)
	return nil
}

func (c *call) readTuple(t authz.Tuple) map[string]any {
	m := c.Common(c.ID("relationship_tuple", t.String()), "", t.Created, t.Created)
	delete(m, "key")
	tenant := c.tenantOf(t.Object)
	m["subject"], m["subject_id"] = t.Subject.String(), c.instanceID(t.Subject.Entity)
	m["relation"], m["relation_id"] = t.Relation, c.ID("relation", t.Object.Type, t.Relation)
	m["object"], m["object_id"] = t.Object.String(), c.instanceID(t.Object)
	m["tenant"], m["tenant_id"] = tenant, c.ID(authz.TenantType, tenant)
	if !t.Expires.IsZero() {
		m["expires_at"] = t.Expires
	}
	return m
}

// detailTuple adds what is known of the two ends, the relation and the tenant.
func (c *call) detailTuple(m map[string]any, t authz.Tuple) {
	end := func(e authz.Entity) map[string]any {
		r, _ := c.State.Snapshot.Record(e)
		return map[string]any{"key": e.ID, "resource": e.Type, "tenant": c.tenantOf(e), "attributes": wire.Attributes(r.Attributes)}
	}
	m["subject_details"], m["object_details"] = end(t.Subject.Entity), end(t.Object)
	m["relation_details"] = map[string]any{"key": t.Relation, "name": t.Relation}
	in, _ := c.tenantRecord(c.tenantOf(t.Object))
	read := c.readTenant(in)
	m["tenant_details"] = map[string]any{"key": in.ID, "name": read["name"], "description": read["description"], "attributes": in.Attributes}
}

func listTuples(c *call) error {
	l, err := c.List()
	if err != nil {
		return err
	}
	roles, filter := c.roles(), authz.TupleFilter{}
	query := c.Query()
	for name, put := range map[string]func(authz.Entity){
		"object":  func(e authz.Entity) { filter.Object = e },
		"subject": func(e authz.Entity) { filter.Subject.Entity = e },
	} {
		if text := query.Get(name); text != "" {
			e, err := c.instance(text)
			if writ.CodeOf(err) == writ.CodeNotFound {
				return c.SendList(l, wire.Flagged)
			} else if err != nil {
				return err
			}
			put(e)
		}
	}
	keep := func(t authz.Tuple) bool {
		return t.Object.Type != authz.TenantType && !roles[t.Object.Type+"#"+t.Relation] &&
			c.Asked("relation", func(s string) bool { return c.Is(s, t.Relation, "relation", t.Object.Type) }) &&
			c.Asked("tenant", func(s string) bool { return c.Is(s, c.tenantOf(t.Object), authz.TenantType) })
	}
	err = c.Tuples(l, wire.Flagged, filter, keep, func(t authz.Tuple) map[string]any {
		m := c.readTuple(t)
		if c.detailed() {
			c.detailTuple(m, t)
		}
		return m
	})
	if err != nil {
		return err
	}
	return c.SendList(l, wire.Flagged)
}

func createTuple(c *call) error {
	var b relationship
	if err := c.Decode(&b); err != nil {
		return err
	}
	var made authz.Tuple
	err := c.write("tuples.create", b.Object, func(d *draft) error {
		t, fresh, err := d.relate(b)
		if err == nil && !fresh {
			return wire.Taken("relationship tuple", t.String())
		}
		made = t
		return err
	})
	if err != nil {
		return err
	}
	if stored, ok := c.State.Snapshot.Tuple(made.Object, made.Relation, made.Subject); ok {
		made = stored
	}
	return c.Send(http.StatusCreated, c.readTuple(made))
}

func deleteTuple(c *call) error {
	var b relationship
	if err := c.Decode(&b); err != nil {
		return err
	}
	if err := c.write("tuples.delete", b.Object, func(d *draft) error { return d.unrelate(b) }); err != nil {
		return err
	}
	return c.Send(http.StatusNoContent, nil)
}

func bulkTuples(c *call) error {
	var b struct {
		Operations []relationship `json:"operations"`
	}
	return c.bulk("tuples.create", &b, func() (int, error) {
		return len(b.Operations), atMost(len(b.Operations), c.Limits.Tuples, 1000, "relationship tuples")
	}, func(d *draft, i int) error {
		_, _, err := d.relate(b.Operations[i]) // one that is there stays
		return err
	})
}

func bulkTuplesDelete(c *call) error {
	var b struct {
		Idents []relationship `json:"idents"`
	}
	return c.bulk("tuples.delete", &b, func() (int, error) {
		return len(b.Idents), atMost(len(b.Idents), c.Limits.Tuples, 1000, "relationship tuples")
	}, func(d *draft, i int) error { return unlessMissing(d.unrelate(b.Idents[i])) })
}
