package manage

import (
	"net/http"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
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
	for _, t := range c.state.Snapshot.Model().Types {
		if t.Name != UserType && t.Name != authz.TenantType {
			types = append(types, t)
		}
	}
	return types
}

// kind finds a type of resource by key or id.
func (c *call) kind(text string) (authz.Type, error) {
	for _, t := range c.types() {
		if c.is(text, t.Name, "resource") {
			return t, nil
		}
	}
	return authz.Type{}, missing("resource", text)
}

// instance reads type:key or an id; an id must be that of a stored instance.
func (c *call) instance(text string) (authz.Entity, error) {
	if id, ok := wire.CanonicalID(text); ok {
		var found authz.Entity
		for _, t := range c.types() {
			c.state.Snapshot.Records(t.Name, "", func(r authz.Record) bool {
				if c.instanceID(r.Entity) == id {
					found = r.Entity
				}
				return found.Type == ""
			})
		}
		if found.Type == "" {
			return found, missing("resource instance", text)
		}
		return found, nil
	}
	e, err := authz.ParseEntity(text)
	if err != nil {
		return e, writ.Errorf(writ.CodeInvalid, "the resource instance %q is written neither type:key nor as an id", text)
	}
	t, err := c.kind(e.Type)
	e.Type = t.Name
	return e, err
}

func (c *call) instanceID(e authz.Entity) string { return c.id("instance", e.Type, e.ID) }

func (c *call) readInstance(r authz.Record) map[string]any {
	m := c.common(c.instanceID(r.Entity), r.ID, r.Created, r.Updated)
	tenant := r.Tenant
	if tenant == "" {
		tenant = DefaultTenant
	}
	m["resource"], m["resource_id"] = r.Type, c.id("resource", r.Type)
	m["tenant"], m["tenant_id"] = tenant, c.id(authz.TenantType, tenant)
	m["attributes"] = attributes(r.Attributes)
	return m
}

func listInstances(c *call) error {
	l, err := c.list()
	if err != nil {
		return err
	}
	for _, t := range c.types() {
		if !c.asked("resource", func(text string) bool { return c.is(text, t.Name, "resource") }) {
			continue
		}
		c.state.Snapshot.Records(t.Name, "", func(r authz.Record) bool {
			if c.asked("tenant", func(text string) bool { return c.is(text, r.Tenant, authz.TenantType) }) &&
				c.matches(r.Attributes, r.ID) {
				l.add(func() map[string]any { return c.readInstance(r) })
			}
			return true
		})
	}
	return c.sendList(l, flagged)
}

func createInstance(c *call) error {
	var b instanceBody
	if err := c.decode(&b); err != nil {
		return err
	}
	var made authz.Entity
	err := c.write("instances.create", b.Resource+":"+b.Key, func(d *draft) error {
		r, exists, err := d.namedInstance(b)
		switch {
		case err != nil:
			return err
		case exists:
			return taken("resource instance", r.String())
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
	if err := checkKey("resource instance", b.Key); err != nil {
		return r, false, err
	}
	t, err := d.kind(b.Resource)
	if err != nil {
		return r, false, err
	}
	if r, exists = d.record(t.Name, b.Key); !exists {
		r.Entity = authz.Entity{Type: t.Name, ID: b.Key}
	}
	return r, exists, nil
}

func (d *draft) putInstance(r authz.Record, b instanceBody) error {
	if b.Tenant != "" || r.Tenant == "" {
		tenant, err := d.tenant(b.Tenant)
		if err != nil {
			return err
		}
		r.Tenant = tenant
	}
	if b.Attributes != nil {
		r.Attributes = b.Attributes
	}
	d.put(r)
	return nil
}

// ensureInstance gives the stored instance, made in the tenant when there is none. An
// instance of another tenant than the one named is refused: nothing crosses tenants.
func (d *draft) ensureInstance(e authz.Entity, tenant string) (authz.Record, error) {
	r, ok := d.record(e.Type, e.ID)
	if !ok {
		if err := checkKey("resource instance", e.ID); err != nil {
			return r, err
		}
		key, err := d.tenant(tenant)
		if err != nil {
			return r, err
		}
		r = authz.Record{Entity: e, Tenant: key}
		d.put(r)
		return r, nil
	}
	if tenant != "" && d.entity(authz.TenantType, tenant) != r.Tenant {
		return r, writ.Errorf(writ.CodeInvalid, "%s belongs to tenant %q, not to %q", e, r.Tenant, tenant)
	}
	return r, nil
}

func getInstance(c *call) error {
	e, err := c.instance(c.r.PathValue("instance"))
	if err != nil {
		return err
	}
	return c.sendInstance(http.StatusOK, e)
}

func (c *call) sendInstance(status int, e authz.Entity) error {
	r, ok := c.state.Snapshot.Record(e)
	if !ok {
		return missing("resource instance", e.String())
	}
	return c.send(status, c.readInstance(r))
}

func patchInstance(c *call) error {
	var b instanceBody
	if err := c.decode(&b); err != nil {
		return err
	}
	var e authz.Entity
	err := c.write("instances.update", c.r.PathValue("instance"), func(d *draft) (err error) {
		if e, err = d.instance(c.r.PathValue("instance")); err != nil {
			return err
		}
		r, ok := d.record(e.Type, e.ID)
		if !ok {
			return missing("resource instance", e.String())
		}
		return d.putInstance(r, instanceBody{Attributes: b.Attributes})
	})
	if err != nil {
		return err
	}
	return c.sendInstance(http.StatusOK, e)
}

func deleteInstance(c *call) error {
	err := c.write("instances.delete", c.r.PathValue("instance"), func(d *draft) error {
		e, err := d.instance(c.r.PathValue("instance"))
		if err != nil {
			return err
		}
		r, ok := d.record(e.Type, e.ID)
		if !ok {
			return missing("resource instance", e.String())
		}
		d.drop(r)
		return nil
	})
	if err != nil {
		return err
	}
	return c.send(http.StatusNoContent, nil)
}
