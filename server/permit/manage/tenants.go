package manage

import (
	"net/http"
	"slices"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
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
	m := c.common(c.id(authz.TenantType, r.ID), r.ID, r.Created, r.Updated)
	name := r.Profile["name"]
	if name == "" {
		name = r.ID
	}
	m["name"], m["description"] = name, optional(r.Profile["description"])
	m["attributes"] = r.Attributes // null when there are none: SDKs' tests ask for it
	m["last_action_at"] = m["updated_at"]
	return m
}

// tenant gives a stored tenant, or the default one, which is there before it is stored.
func (c *call) tenantRecord(key string) (authz.Record, bool) {
	e := authz.Entity{Type: authz.TenantType, ID: key}
	if r, ok := c.state.Snapshot.Record(e); ok || key != DefaultTenant {
		return r, ok
	}
	return authz.Record{Entity: e}, true
}

func listTenants(c *call) error {
	l, err := c.list()
	if err != nil {
		return err
	}
	row := func(r authz.Record) bool {
		if c.matches(r.Attributes, r.ID, r.Profile["name"]) {
			l.add(func() map[string]any { return c.readTenant(r) })
		}
		return true
	}
	if _, stored := c.state.Snapshot.Record(authz.Entity{Type: authz.TenantType, ID: DefaultTenant}); !stored {
		r, _ := c.tenantRecord(DefaultTenant)
		row(r)
	}
	c.state.Snapshot.Records(authz.TenantType, "", row)
	return c.sendList(l, flagged)
}

func createTenant(c *call) error {
	var b tenantBody
	if err := c.decode(&b); err != nil {
		return err
	}
	err := c.write("tenants.create", authz.TenantType+":"+b.Key, func(d *draft) error { return d.createTenant(b) })
	if err != nil {
		return err
	}
	return c.sendTenant(http.StatusCreated, b.Key)
}

func (d *draft) createTenant(b tenantBody) error {
	if err := checkKey("tenant", b.Key); err != nil {
		return err
	}
	if _, ok := d.record(authz.TenantType, b.Key); ok || b.Key == DefaultTenant {
		return taken("tenant", b.Key)
	}
	r := authz.Record{Entity: authz.Entity{Type: authz.TenantType, ID: b.Key}}
	b.apply(&r)
	d.put(r)
	return nil
}

func getTenant(c *call) error {
	return c.sendTenant(http.StatusOK, c.entity(authz.TenantType, c.r.PathValue("tenant")))
}

func (c *call) sendTenant(status int, key string) error {
	r, ok := c.tenantRecord(key)
	if !ok {
		return missing("tenant", key)
	}
	return c.send(status, c.readTenant(r))
}

func patchTenant(c *call) error {
	var b tenantBody
	if err := c.decode(&b); err != nil {
		return err
	}
	err := c.write("tenants.update", authz.TenantType+":"+c.r.PathValue("tenant"), func(d *draft) error {
		var err error
		if b.Key, err = d.tenant(c.r.PathValue("tenant")); err != nil {
			return err
		}
		r, _ := d.record(authz.TenantType, b.Key)
		b.apply(&r)
		d.put(r)
		return nil
	})
	if err != nil {
		return err
	}
	return c.sendTenant(http.StatusOK, b.Key)
}

func deleteTenant(c *call) error {
	err := c.write("tenants.delete", authz.TenantType+":"+c.r.PathValue("tenant"), func(d *draft) error {
		key := d.entity(authz.TenantType, c.r.PathValue("tenant"))
		r, ok := d.record(authz.TenantType, key)
		switch {
		case key == DefaultTenant:
			return writ.Errorf(writ.CodeConflict, "the tenant %q is always there", key)
		case !ok:
			return missing("tenant", key)
		}
		d.dropTenant(r)
		return nil
	})
	if err != nil {
		return err
	}
	return c.send(http.StatusNoContent, nil)
}

// dropTenant removes a tenant with the roles in it and all that belongs to it.
func (d *draft) dropTenant(r authz.Record) {
	for _, t := range d.state.Snapshot.Model().Types {
		d.dropRecords(t.Name, func(x authz.Record) bool { return x.Tenant == r.ID && x.Entity != r.Entity })
	}
	d.drop(r)
}

// members gives the users with a role in a tenant or on a resource of it.
func (c *call) members(tenant string) []string {
	var users []string
	c.state.Snapshot.Tuples(authz.TupleFilter{Tenant: tenant}, func(t authz.Tuple) bool {
		if t.Subject.Type == UserType && t.Subject.Relation == "" {
			users = append(users, t.Subject.ID)
		}
		return true
	})
	slices.Sort(users)
	return slices.Compact(users)
}

func listTenantUsers(c *call) error {
	l, err := c.list()
	if err != nil {
		return err
	}
	tenant := c.entity(authz.TenantType, c.r.PathValue("tenant"))
	if _, ok := c.tenantRecord(tenant); !ok {
		return missing("tenant", tenant)
	}
	for _, key := range c.members(tenant) {
		r, ok := c.state.Snapshot.Record(authz.Entity{Type: UserType, ID: key})
		if ok && c.matches(r.Attributes, r.ID, r.Profile["email"]) &&
			c.asked("role", func(role string) bool { return c.hasRole(r, role) }) {
			l.add(func() map[string]any { return c.readUser(r) })
		}
	}
	return c.sendList(l, paged)
}

// deleteTenantUser takes all roles in a tenant from a user.
func deleteTenantUser(c *call) error {
	err := c.write("tenants.remove-user", UserType+":"+c.r.PathValue("user"), func(d *draft) error {
		tenant := d.entity(authz.TenantType, c.r.PathValue("tenant"))
		user := d.entity(UserType, c.r.PathValue("user"))
		if _, ok := d.tenantRecord(tenant); !ok {
			return missing("tenant", tenant)
		}
		if _, ok := d.record(UserType, user); !ok {
			return missing("user", user)
		}
		d.dropTuples(authz.TupleFilter{
			Tenant: tenant, Subject: authz.Holder{Entity: authz.Entity{Type: UserType, ID: user}},
		})
		return nil
	})
	if err != nil {
		return err
	}
	return c.send(http.StatusNoContent, nil)
}
