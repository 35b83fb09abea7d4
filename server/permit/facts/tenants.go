package facts

import (
	"net/http"
	"slices"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/server/permit/wire"
)

func tenantRoutes() []route {
	return []route{
		{"GET /tenants", listTenants},
		{"POST /tenants", createTenant},
		{"GET /tenants/{tenant}", getTenant},
		{"PATCH /tenants/{tenant}", patchTenant},
		{"DELETE /tenants/{tenant}", deleteTenant},
		{"GET /tenants/{tenant}/users", listTenantUsers},
		{"DELETE /tenants/{tenant}/users/{user}", deleteTenantUser},
	}
}

type tenantBody struct {
	Key         string         `json:"key"`
	Name        *string        `json:"name"`
	Description *string        `json:"description"`
	Attributes  map[string]any `json:"attributes"`
}

func (b *tenantBody) apply(r *authz.Record) {
	r.Profile = profile(r.Profile, map[string]*string{"name": b.Name, "description": b.Description})
	if b.Attributes != nil {
		r.Attributes = b.Attributes
	}
}

func (c *call) readTenant(r authz.Record) map[string]any {
	m := c.Common(c.ID(authz.TenantType, r.ID), r.ID, r.Created, r.Updated)
	name := r.Profile["name"]
	if name == "" {
		name = r.ID
	}
	m["name"], m["description"] = name, wire.Optional(r.Profile["description"])
	m["attributes"] = r.Attributes // null when there are none: SDKs' tests ask for it
	m["last_action_at"] = m["updated_at"]
	return m
}

// tenant gives a stored tenant, or the default one, which is there before it is stored.
func (c *call) tenantRecord(key string) (authz.Record, bool) {
	e := authz.Entity{Type: authz.TenantType, ID: key}
	if r, ok := c.State.Snapshot.Record(e); ok || key != wire.DefaultTenant {
		return r, ok
	}
	return authz.Record{Entity: e}, true
}

func listTenants(c *call) error {
	l, err := c.List()
	if err != nil {
		return err
	}
	var keep func(*authz.RecordView) bool
	if c.Filtered() {
		keep = func(v *authz.RecordView) bool { return c.Matches(v.Attribute, v.ID, v.Profile("name")) }
	}
	if _, stored := c.State.Snapshot.Record(authz.Entity{Type: authz.TenantType, ID: wire.DefaultTenant}); !stored {
		r, _ := c.tenantRecord(wire.DefaultTenant)
		if c.Matches(wire.Of(r.Attributes), r.ID, r.Profile["name"]) {
			l.Add(func() map[string]any { return c.readTenant(r) })
		}
	}
	c.Records(l, authz.TenantType, keep, c.readTenant)
	return c.SendList(l, wire.Flagged)
}

func createTenant(c *call) error {
	var b tenantBody
	if err := c.Decode(&b); err != nil {
		return err
	}
	err := c.write("tenants.create", authz.TenantType+":"+b.Key, func(d *draft) error { return d.createTenant(b) })
	if err != nil {
		return err
	}
	return c.sendTenant(http.StatusCreated, b.Key)
}

func (d *draft) createTenant(b tenantBody) error {
	if err := wire.CheckKey("tenant", b.Key); err != nil {
		return err
	}
	if _, ok := d.Record(authz.TenantType, b.Key); ok || b.Key == wire.DefaultTenant {
		return wire.Taken("tenant", b.Key)
	}
	if err := d.CheckFree(authz.TenantType, b.Key); err != nil {
		return err
	}
	r := authz.Record{Entity: authz.Entity{Type: authz.TenantType, ID: b.Key}}
	b.apply(&r)
	d.Put(r)
	return nil
}

func getTenant(c *call) error {
	return c.sendTenant(http.StatusOK, c.Entity(authz.TenantType, c.R.PathValue("tenant")))
}

func (c *call) sendTenant(status int, key string) error {
	r, ok := c.tenantRecord(key)
	if !ok {
		return wire.Missing("tenant", key)
	}
	return c.Send(status, c.readTenant(r))
}

func patchTenant(c *call) error {
	var b tenantBody
	if err := c.Decode(&b); err != nil {
		return err
	}
	err := c.write("tenants.update", authz.TenantType+":"+c.R.PathValue("tenant"), func(d *draft) error {
		var err error
		if b.Key, err = d.Tenant(c.R.PathValue("tenant")); err != nil {
			return err
		}
		r, _ := d.Record(authz.TenantType, b.Key)
		b.apply(&r)
		d.Put(r)
		return nil
	})
	if err != nil {
		return err
	}
	return c.sendTenant(http.StatusOK, b.Key)
}

func deleteTenant(c *call) error {
	err := c.write("tenants.delete", authz.TenantType+":"+c.R.PathValue("tenant"), func(d *draft) error {
		key := d.Entity(authz.TenantType, c.R.PathValue("tenant"))
		r, ok := d.Record(authz.TenantType, key)
		switch {
		case key == wire.DefaultTenant:
			return writ.Errorf(writ.CodeConflict, "the tenant %q is always there", key)
		case !ok:
			return wire.Missing("tenant", key)
		}
		d.dropTenant(r)
		return nil
	})
	if err != nil {
		return err
	}
	return c.Send(http.StatusNoContent, nil)
}

// dropTenant removes a tenant with the roles in it and all that belongs to it.
func (d *draft) dropTenant(r authz.Record) {
	for _, t := range d.State.Snapshot.Model().Types {
		d.DropRecords(t.Name, func(x authz.Record) bool { return x.Tenant == r.ID && x.Entity != r.Entity })
	}
	d.Drop(r)
}

// members gives the users with a role in a tenant or on a resource of it.
func (c *call) members(tenant string) ([]string, error) {
	var users []string
	err := c.State.Snapshot.EachTuple(authz.TupleFilter{Tenant: tenant}, c.R.Context().Err, func(t authz.Tuple) bool {
		if t.Subject.Type == wire.UserType && t.Subject.Relation == "" {
			users = append(users, t.Subject.ID)
		}
		return true
	})
	slices.Sort(users)
	return slices.Compact(users), err
}

func listTenantUsers(c *call) error {
	l, err := c.List()
	if err != nil {
		return err
	}
	tenant := c.Entity(authz.TenantType, c.R.PathValue("tenant"))
	if _, ok := c.tenantRecord(tenant); !ok {
		return wire.Missing("tenant", tenant)
	}
	members, err := c.members(tenant)
	if err != nil {
		return err
	}
	for _, key := range members {
		r, ok := c.State.Snapshot.Record(authz.Entity{Type: wire.UserType, ID: key})
		if ok && c.Matches(wire.Of(r.Attributes), r.ID, r.Profile["email"]) &&
			c.Asked("role", func(role string) bool { return c.hasRole(r.Entity, role) }) {
			l.Add(func() map[string]any { return c.readUser(r) })
		}
	}
	return c.SendList(l, wire.Paged)
}

// deleteTenantUser takes all roles in a tenant from a user.
func deleteTenantUser(c *call) error {
	err := c.write("tenants.remove-user", wire.UserType+":"+c.R.PathValue("user"), func(d *draft) error {
		tenant := d.Entity(authz.TenantType, c.R.PathValue("tenant"))
		user := d.Entity(wire.UserType, c.R.PathValue("user"))
		if _, ok := d.tenantRecord(tenant); !ok {
			return wire.Missing("tenant", tenant)
		}
		if _, ok := d.Record(wire.UserType, user); !ok {
			return wire.Missing("user", user)
		}
		d.DropTuples(authz.TupleFilter{
			Tenant: tenant, Subject: authz.Holder{Entity: authz.Entity{Type: wire.UserType, ID: user}},
		})
		return nil
	})
	if err != nil {
		return err
	}
	return c.Send(http.StatusNoContent, nil)
}
