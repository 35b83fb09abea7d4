package facts

import (
	"net/http"

	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/server/permit/wire"
)

func userRoutes() []route {
	return []route{
		{"GET /users", listUsers},
		{"POST /users", createUser},
		{"GET /users/{user}", getUser},
		{"PUT /users/{user}", putUser},
		{"PATCH /users/{user}", patchUser},
		{"DELETE /users/{user}", deleteUser},
		{"POST /users/{user}/roles", assignToUser},
		{"DELETE /users/{user}/roles", unassignFromUser},
	}
}

// userBody is a user as it is sent. A field that is absent or null stays as it is.
type userBody struct {
	Key         string         `json:"key"`
	Email       *string        `json:"email"`
	FirstName   *string        `json:"first_name"`
	LastName    *string        `json:"last_name"`
	Attributes  map[string]any `json:"attributes"`
	Assignments []assignment   `json:"role_assignments"`
}

func (b *userBody) apply(r *authz.Record) {
	r.Profile = profile(r.Profile, map[string]*string{
		"email": b.Email, "first_name": b.FirstName, "last_name": b.LastName,
	})
	if b.Attributes != nil {
		r.Attributes = b.Attributes
	}
}

// profile gives old with the fields that were sent.
func profile(old map[string]string, sent map[string]*string) map[string]string {
	fresh := map[string]string{}
	for name, value := range old {
		fresh[name] = value
	}
	for name, value := range sent {
		if value != nil {
			fresh[name] = *value
		}
	}
	return fresh
}

func (c *call) readUser(r authz.Record) map[string]any {
	m := c.Common(c.ID(wire.UserType, r.ID), r.ID, r.Created, r.Updated)
	m["attributes"] = wire.Attributes(r.Attributes)
	for _, name := range []string{"email", "first_name", "last_name"} {
		m[name] = wire.Optional(r.Profile[name])
	}
	roles, tenants, byTenant := []any{}, []any{}, map[string][]string{}
	var order []string
	filter := authz.TupleFilter{Object: authz.Entity{Type: authz.TenantType}, Subject: authz.Holder{Entity: r.Entity}}
	c.State.Snapshot.Tuples(filter, func(t authz.Tuple) bool {
		roles = append(roles, map[string]any{"role": t.Relation, "tenant": t.Object.ID, "status": "active"})
		if byTenant[t.Object.ID] == nil {
			order = append(order, t.Object.ID)
		}
		byTenant[t.Object.ID] = append(byTenant[t.Object.ID], t.Relation)
		return true
	})
	for _, tenant := range order {
		tenants = append(tenants, map[string]any{"tenant": tenant, "roles": byTenant[tenant], "status": "active"})
	}
	m["roles"], m["associated_tenants"] = roles, tenants
	return m
}

func listUsers(c *call) error {
	l, err := c.List()
	if err != nil {
		return err
	}
	var keep func(*authz.RecordView) bool
	if c.Filtered("role") {
		keep = func(v *authz.RecordView) bool {
			return c.Matches(v.Attribute, v.ID, v.Profile("email"), v.Profile("first_name")+" "+v.Profile("last_name")) &&
				c.Asked("role", func(role string) bool { return c.hasRole(v.Entity, role) })
		}
	}
	c.Records(l, wire.UserType, keep, c.readUser)
	return c.SendList(l, wire.Paged)
}

// hasRole reports whether a user has a tenant role in some tenant.
func (c *call) hasRole(user authz.Entity, role string) bool {
	found := false
	filter := authz.TupleFilter{Object: authz.Entity{Type: authz.TenantType}, Subject: authz.Holder{Entity: user}}
	err := c.State.Snapshot.EachTuple(filter, c.R.Context().Err, func(t authz.Tuple) bool {
		found = c.Is(role, t.Relation, "role")
		return !found
	})
	return found && err == nil // SendList says so
}

func createUser(c *call) error {
	var b userBody
	if err := c.Decode(&b); err != nil {
		return err
	}
	err := c.write("users.create", wire.UserType+":"+b.Key, func(d *draft) error { return d.createUser(b) })
	if err != nil {
		return err
	}
	return c.sendUser(http.StatusCreated, b.Key)
}

func (d *draft) createUser(b userBody) error {
	if err := wire.CheckKey("user", b.Key); err != nil {
		return err
	}
	if _, ok := d.Record(wire.UserType, b.Key); ok {
		return wire.Taken("user", b.Key)
	}
	if err := d.CheckFree(wire.UserType, b.Key); err != nil {
		return err
	}
	r := authz.Record{Entity: authz.Entity{Type: wire.UserType, ID: b.Key}}
	b.apply(&r)
	d.Put(r)
	return d.assignAll(b)
}

// assignAll gives a user the roles that came with it; roles that it has already are kept.
func (d *draft) assignAll(b userBody) error {
	for _, a := range b.Assignments {
		a.User = b.Key
		if _, _, err := d.assign(a); err != nil {
			return err
		}
	}
	return nil
}

func getUser(c *call) error {
	return c.sendUser(http.StatusOK, c.Entity(wire.UserType, c.R.PathValue("user")))
}

func (c *call) sendUser(status int, key string) error {
	r, ok := c.State.Snapshot.Record(authz.Entity{Type: wire.UserType, ID: key})
	if !ok {
		return wire.Missing("user", key)
	}
	return c.Send(status, c.readUser(r))
}

// putUser makes the user what is sent, and says by its status whether it is new.
func putUser(c *call) error {
	var b userBody
	if err := c.Decode(&b); err != nil {
		return err
	}
	status := http.StatusOK
	err := c.write("users.replace", wire.UserType+":"+c.R.PathValue("user"), func(d *draft) error {
		b.Key = d.Entity(wire.UserType, c.R.PathValue("user"))
		created, err := d.replaceUser(b)
		status = http.StatusOK
		if created {
			status = http.StatusCreated
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.sendUser(status, b.Key)
}

func (d *draft) replaceUser(b userBody) (created bool, err error) {
	old, ok := d.Record(wire.UserType, b.Key)
	if !ok {
		return true, d.createUser(b)
	}
	b.apply(&old)
	d.Put(old)
	return false, d.assignAll(b)
}

func patchUser(c *call) error {
	var b userBody
	if err := c.Decode(&b); err != nil {
		return err
	}
	err := c.write("users.update", wire.UserType+":"+c.R.PathValue("user"), func(d *draft) error {
		b.Key = d.Entity(wire.UserType, c.R.PathValue("user"))
		if _, ok := d.Record(wire.UserType, b.Key); !ok {
			return wire.Missing("user", b.Key)
		}
		_, err := d.replaceUser(b)
		return err
	})
	if err != nil {
		return err
	}
	return c.sendUser(http.StatusOK, b.Key)
}

func deleteUser(c *call) error {
	err := c.write("users.delete", wire.UserType+":"+c.R.PathValue("user"), func(d *draft) error {
		key := d.Entity(wire.UserType, c.R.PathValue("user"))
		r, ok := d.Record(wire.UserType, key)
		if !ok {
			return wire.Missing("user", key)
		}
		d.Drop(r)
		return nil
	})
	if err != nil {
		return err
	}
	return c.Send(http.StatusNoContent, nil)
}
