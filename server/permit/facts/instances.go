package facts

import (
	"net/http"
	"slices"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/server/internal/jsonread"
	"github.com/writ-dev/writ/server/permit/wire"
)

func instanceRoutes() []route {
	return []route{
		{"GET /resource_instances", listInstances},
		{"GET /resource_instances/detailed", listInstances},
		{"POST /resource_instances", createInstance},
		{"GET /resource_instances/{instance}", getInstance},
		{"PATCH /resource_instances/{instance}", patchInstance},
		{"DELETE /resource_instances/{instance}", deleteInstance},
	}
}

type instanceBody struct {
	Key        string         `json:"key"`
	Resource   string         `json:"resource"`
	Tenant     string         `json:"tenant"`
	Attributes map[string]any `json:"attributes"`
}

// types gives the types of the model whose entities are resource instances.
func (c *call) types() []authz.Type {
	var types []authz.Type
	for _, t := range c.State.Snapshot.Model().Types {
		if t.Name != wire.UserType && t.Name != authz.TenantType {
			types = append(types, t)
		}
	}
	return types
}

// kind finds a type of resource by key or id.
func (c *call) kind(text string) (authz.Type, error) {
	types := c.types()
	i := slices.IndexFunc(types, func(t authz.Type) bool { return t.Name == text })
	if i < 0 {
		i = slices.IndexFunc(types, func(t authz.Type) bool { return c.Is(text, t.Name, "resource") })
	}
	if i < 0 {
		return authz.Type{}, wire.Missing("resource", text)
	}
	return types[i], nil
}

// instance reads type:key or an id; an id must be that of a stored instance.
func (c *call) instance(text string) (authz.Entity, error) {
	if id, ok := wire.CanonicalID(text); ok {
		var types []string
		for _, t := range c.types() {
			types = append(types, t.Name)
		}
		found, ok := c.Find(id, "instance", types, c.instanceID)
		if !ok {
			return found, wire.Missing("resource instance", text)
		}
		return found, nil
	}
	e, err := authz.ParseEntity(text)
	if err != nil {
		return e, writ.Errorf(writ.CodeInvalid, "the resource instance %q is written neither type:key nor as an id", jsonread.Brief(text))
	}
	t, err := c.kind(e.Type)
	e.Type = t.Name
	return e, err
}

func (c *call) instanceID(e authz.Entity) string { return c.ID("instance", e.Type, e.ID) }

func (c *call) readInstance(r authz.Record) map[string]any {
	m := c.Common(c.instanceID(r.Entity), r.ID, r.Created, r.Updated)
	tenant := r.Tenant
	if tenant == "" {
		tenant = wire.DefaultTenant
	}
	m["resource"], m["resource_id"] = r.Type, c.ID("resource", r.Type)
	m["tenant"], m["tenant_id"] = tenant, c.ID(authz.TenantType, tenant)
	m["attributes"] = wire.Attributes(r.Attributes)
	return m
}

func listInstances(c *call) error {
	l, err := c.List()
	if err != nil {
		return err
	}
	var keep func(*authz.RecordView) bool
	if c.Filtered("tenant") {
		keep = func(v *authz.RecordView) bool {
			return c.Asked("tenant", func(text string) bool { return c.Is(text, v.Tenant(), authz.TenantType) }) && c.Matches(v.Attribute, v.ID)
		}
	}
	for _, t := range c.types() {
		if !c.Asked("resource", func(text string) bool { return c.Is(text, t.Name, "resource") }) {
			continue
		}
		c.Records(l, t.Name, keep, c.readInstance)
	}
	return c.SendList(l, wire.Flagged)
}

func createInstance(c *call) error {
	var b instanceBody
	if err := c.Decode(&b); err != nil {
		return err
	}
	var made authz.Entity
	err := c.write("instances.create", b.Resource+":"+b.Key, func(d *draft) error {
		r, exists, err := d.namedInstance(b)
		switch {
		case err != nil:
			return err
		case exists:
			return wire.Taken("resource instance", r.String())
		}
		made = r.Entity
		return d.putInstance(r, b)
	})
	if err != nil {
		return err
	}
	return c.sendInstance(http.StatusCreated, made)
}

// namedInstance gives what is stored about the instance that a body names.
func (d *draft) namedInstance(b instanceBody) (r authz.Record, exists bool, err error) {
	if err := wire.CheckKey("resource instance", b.Key); err != nil {
		return r, false, err
	}
	t, err := d.kind(b.Resource)
	if err != nil {
		return r, false, err
	}
	if r, exists = d.Record(t.Name, b.Key); !exists {
		r.Entity = authz.Entity{Type: t.Name, ID: b.Key}
	}
	return r, exists, nil
}

// related reports whether an instance stands in a tuple, as its object or its subject.
func (d *draft) related(e authz.Entity) bool {
	found := false
	for _, f := range []authz.TupleFilter{{Object: e}, {Subject: authz.Holder{Entity: e}}} {
		_ = d.State.Snapshot.EachTuple(f, nil, func(t authz.Tuple) bool { // nothing stops it
			_, found = d.Tuple(t)
			return !found
		})
		if found {
			return true
		}
	}
	return false
}

func (d *draft) putInstance(r authz.Record, b instanceBody) error {
	if b.Tenant != "" || r.Tenant == "" {
		tenant, err := d.Tenant(b.Tenant)
		if err != nil {
			return err
		}
		if r.Tenant != "" && tenant != r.Tenant && d.related(r.Entity) {
			return writ.Errorf(writ.CodeConflict, "%s belongs to tenant %q, and so do the roles and relations on it", r.Entity, r.Tenant).
				WithHint("nothing crosses tenants: delete the instance and create it in %q", tenant)
		}
		r.Tenant = tenant
	}
	if b.Attributes != nil {
		r.Attributes = b.Attributes
	}
	d.Put(r)
	return nil
}

// ensureInstance gives the stored instance, made in the tenant when there is none. An
// instance of another tenant than the one named is refused: nothing crosses tenants.
func (d *draft) ensureInstance(e authz.Entity, tenant string) (authz.Record, error) {
	r, ok := d.Record(e.Type, e.ID)
	if !ok {
		if err := wire.CheckKey("resource instance", e.ID); err != nil {
			return r, err
		}
		key, err := d.Tenant(tenant)
		if err != nil {
			return r, err
		}
		r = authz.Record{Entity: e, Tenant: key}
		d.Put(r)
		return r, nil
	}
	if tenant != "" && d.Entity(authz.TenantType, tenant) != r.Tenant {
		return r, writ.Errorf(writ.CodeInvalid, "%s belongs to tenant %q, not to %q", e, r.Tenant, tenant)
	}
	return r, nil
}

func getInstance(c *call) error {
	e, err := c.instance(c.R.PathValue("instance"))
	if err != nil {
		return err
	}
	return c.sendInstance(http.StatusOK, e)
}

func (c *call) sendInstance(status int, e authz.Entity) error {
	r, ok := c.State.Snapshot.Record(e)
	if !ok {
		return wire.Missing("resource instance", e.String())
	}
	return c.Send(status, c.readInstance(r))
}

func patchInstance(c *call) error {
	var b instanceBody
	if err := c.Decode(&b); err != nil {
		return err
	}
	var e authz.Entity
	err := c.write("instances.update", c.R.PathValue("instance"), func(d *draft) (err error) {
		if e, err = d.instance(c.R.PathValue("instance")); err != nil {
			return err
		}
		r, ok := d.Record(e.Type, e.ID)
		if !ok {
			return wire.Missing("resource instance", e.String())
		}
		return d.putInstance(r, instanceBody{Attributes: b.Attributes})
	})
	if err != nil {
		return err
	}
	return c.sendInstance(http.StatusOK, e)
}

func deleteInstance(c *call) error {
	err := c.write("instances.delete", c.R.PathValue("instance"), func(d *draft) error {
		e, err := d.instance(c.R.PathValue("instance"))
		if err != nil {
			return err
		}
		r, ok := d.Record(e.Type, e.ID)
		if !ok {
			return wire.Missing("resource instance", e.String())
		}
		d.Drop(r)
		return nil
	})
	if err != nil {
		return err
	}
	return c.Send(http.StatusNoContent, nil)
}
