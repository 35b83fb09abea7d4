package facts

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/server/permit/wire"
)

func assignmentRoutes() []route {
	return []route{
		{"GET /role_assignments", listAssignments},
		{"GET /role_assignments/detailed", listAssignments},
		{"POST /role_assignments", assignRole},
		{"DELETE /role_assignments", unassignRole},
		{"POST /role_assignments/bulk", bulkAssign},
		{"DELETE /role_assignments/bulk", bulkUnassign},
	}
}

// assignment is a role of a user: in a tenant or, with ResourceInstance, on that.
type assignment struct {
	User             string `json:"user"`
	Role             string `json:"role"`
	Tenant           string `json:"tenant"`
	ResourceInstance string `json:"resource_instance"`
	// Expires is ours: Permit's assignments never end.
	Expires *time.Time `json:"expires_at"`
}

// find gives the tuple that an assignment stands for. The role must be one of the model's;
// nothing else of it need exist.
func (d *draft) find(a assignment) (authz.Tuple, error) {
	t := authz.Tuple{
		Object:  authz.Entity{Type: authz.TenantType, ID: wire.DefaultTenant},
		Subject: authz.Holder{Entity: authz.Entity{Type: wire.UserType, ID: d.Entity(wire.UserType, a.User)}},
	}
	var err error
	if t.Expires, err = authz.ReadExpiry(a.Expires); err != nil {
		return t, err
	}
	if a.Tenant != "" {
		t.Object.ID = d.Entity(authz.TenantType, a.Tenant)
	}
	role := a.Role
	if a.ResourceInstance != "" {
		if t.Object, err = d.instance(a.ResourceInstance); err != nil {
			return t, err
		}
		role = strings.TrimPrefix(role, t.Object.Type+"#")
	}
	t.Relation, err = d.role(t.Object.Type, role)
	return t, err
}

// role finds a role of tenants, or of a type of resource, by key or id.
func (c *call) role(kind, text string) (string, error) {
	for _, t := range c.State.Snapshot.Model().Types {
		if t.Name != kind {
			continue
		}
		for _, r := range t.Relations {
			if (r.Role || kind == authz.TenantType) && c.isRole(text, kind, r.Name) {
				return r.Name, nil
			}
		}
	}
	if kind == authz.TenantType {
		return "", wire.Missing("role", text)
	}
	return "", wire.Missing("role", kind+"#"+text)
}

func (c *call) isRole(text, kind, role string) bool {
	if kind == authz.TenantType {
		return c.Is(text, role, "role")
	}
	return text == kind+"#"+role || c.Is(text, role, "resource_role", kind)
}

func (c *call) roleID(kind, role string) string {
	if kind == authz.TenantType {
		return c.ID("role", role)
	}
	return c.ID("resource_role", kind, role)
}

// assign gives a role; fresh is false when the user had it.
func (d *draft) assign(a assignment) (t authz.Tuple, fresh bool, err error) {
	if t, err = d.find(a); err != nil {
		return t, false, err
	}
	if _, ok := d.Record(wire.UserType, t.Subject.ID); !ok {
		return t, false, wire.Missing("user", a.User)
	}
	if t.Object.Type == authz.TenantType {
		t.Object.ID, err = d.Tenant(a.Tenant)
	} else {
		_, err = d.ensureInstance(t.Object, a.Tenant)
	}
	if err != nil {
		return t, false, err
	}
	if old, ok := d.Tuple(t); ok && old.Expires.Equal(t.Expires) {
		return t, false, nil
	}
	d.PutTuple(t)
	return t, true, nil
}

func (d *draft) unassign(a assignment) (authz.Tuple, error) {
	t, err := d.find(a)
	if err != nil {
		return t, err
	}
	stored, ok := d.Tuple(t)
	if !ok {
		return t, writ.Errorf(writ.CodeNotFound, "user %q has no role %q on %s", a.User, a.Role, t.Object)
	}
	d.DropTuple(stored)
	return stored, nil
}

func (c *call) readAssignment(t authz.Tuple, detailed bool) map[string]any {
	id := c.ID("role_assignment", t.String())
	m := c.Common(id, "", t.Created, t.Created)
	delete(m, "key")
	delete(m, "updated_at")
	tenant := c.tenantOf(t.Object)
	m["user"], m["user_id"] = t.Subject.ID, c.ID(wire.UserType, t.Subject.ID)
	m["role"], m["role_id"] = t.Relation, c.roleID(t.Object.Type, t.Relation)
	m["tenant"], m["tenant_id"] = tenant, c.ID(authz.TenantType, tenant)
	m["resource_instance"], m["resource_instance_id"] = nil, nil
	if t.Object.Type != authz.TenantType {
		m["resource_instance"], m["resource_instance_id"] = t.Object.String(), c.instanceID(t.Object)
	}
	if !t.Expires.IsZero() {
		m["expires_at"] = t.Expires
	}
	if detailed {
		c.detail(m, t, tenant)
	}
	return m
}

// detail puts objects in the place of keys.
func (c *call) detail(m map[string]any, t authz.Tuple, tenant string) {
	user, _ := c.State.Snapshot.Record(t.Subject.Entity)
	m["user"] = map[string]any{
		"id": m["user_id"], "key": t.Subject.ID, "email": wire.Optional(user.Profile["email"]),
		"first_name": wire.Optional(user.Profile["first_name"]), "last_name": wire.Optional(user.Profile["last_name"]),
		"attributes": wire.Attributes(user.Attributes),
	}
	m["role"] = map[string]any{"id": m["role_id"], "key": t.Relation, "name": t.Relation}
	in, _ := c.tenantRecord(tenant)
	m["tenant"] = map[string]any{
		"id": m["tenant_id"], "key": tenant, "name": c.readTenant(in)["name"], "attributes": wire.Attributes(in.Attributes),
	}
	if t.Object.Type != authz.TenantType {
		on, _ := c.State.Snapshot.Record(t.Object)
		m["resource_instance"] = map[string]any{
			"id": m["resource_instance_id"], "key": t.Object.ID, "resource": t.Object.Type, "attributes": wire.Attributes(on.Attributes),
		}
	}
}

// tenantOf gives the tenant that an object is, or is in.
func (c *call) tenantOf(e authz.Entity) string {
	return cmp.Or(c.State.Snapshot.TenantOf(e), wire.DefaultTenant)
}

// roles gives the relations that are roles, as type#role.
func (c *call) roles() map[string]bool {
	roles := map[string]bool{}
	for _, t := range c.State.Snapshot.Model().Types {
		for _, r := range t.Relations {
			if r.Role || t.Name == authz.TenantType {
				roles[t.Name+"#"+r.Name] = true
			}
		}
	}
	return roles
}

// assignments fills a list with the role assignments that a request's filters ask for and keep, which may be nil, lets through.
func (c *call) assignments(l *wire.List, shape wire.Shape, keep func(authz.Tuple) bool, row func(authz.Tuple) map[string]any) error {
	query, roles := c.Query(), c.roles()
	filter := authz.TupleFilter{}
	if users := query["user"]; len(users) == 1 && users[0] != "" {
		filter.Subject = authz.Holder{Entity: authz.Entity{Type: wire.UserType, ID: c.Entity(wire.UserType, users[0])}}
	}
	if on := query["resource_instance"]; len(on) == 1 && on[0] != "" {
		e, err := c.instance(on[0])
		if writ.CodeOf(err) == writ.CodeNotFound {
			return nil // nobody has a role on what is not there
		} else if err != nil {
			return err
		}
		filter.Object = e
	}
	return c.Tuples(l, shape, filter, func(t authz.Tuple) bool {
		return roles[t.Object.Type+"#"+t.Relation] && t.Subject.Type == wire.UserType && t.Subject.Relation == "" && c.asksFor(t) &&
			(keep == nil || keep(t))
	}, row)
}

func (c *call) asksFor(t authz.Tuple) bool {
	onTenant := t.Object.Type == authz.TenantType
	return c.Asked("user", func(s string) bool { return c.Is(s, t.Subject.ID, wire.UserType) }) &&
		c.Asked("role", func(s string) bool { return c.isRole(s, t.Object.Type, t.Relation) }) &&
		c.Asked("tenant", func(s string) bool { return c.Is(s, c.tenantOf(t.Object), authz.TenantType) }) &&
		c.Asked("resource", func(s string) bool { return !onTenant && c.Is(s, t.Object.Type, "resource") }) &&
		c.Asked("resource_instance", func(s string) bool {
			return !onTenant && (s == t.Object.String() || c.Is(s, t.Object.ID, "instance", t.Object.Type))
		})
}

// detailed reports whether a list is asked for with objects beside or in the place of keys.
func (c *call) detailed() bool {
	return c.Query().Get("detailed") == "true" || strings.HasSuffix(c.R.URL.Path, "/detailed")
}

func listAssignments(c *call) error {
	l, err := c.List()
	if err != nil {
		return err
	}
	detailed := c.detailed()
	err = c.assignments(l, wire.Flagged, nil, func(t authz.Tuple) map[string]any { return c.readAssignment(t, detailed) })
	if err != nil {
		return err
	}
	return c.SendList(l, wire.Flagged)
}

func assignRole(c *call) error {
	var a assignment
	if err := c.Decode(&a); err != nil {
		return err
	}
	return c.assign(a)
}

func assignToUser(c *call) error {
	var a assignment
	if err := c.Decode(&a); err != nil {
		return err
	}
	a.User = c.R.PathValue("user")
	return c.assign(a)
}

func (c *call) assign(a assignment) error {
	var made authz.Tuple
	err := c.write("roles.assign", wire.UserType+":"+a.User, func(d *draft) error {
		t, fresh, err := d.assign(a)
		if err == nil && !fresh {
			return writ.Errorf(writ.CodeConflict, "user %q has the role %q on %s already", a.User, a.Role, t.Object)
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
	return c.Send(http.StatusCreated, c.readAssignment(made, false))
}

func unassignRole(c *call) error {
	var a assignment
	if err := c.Decode(&a); err != nil {
		return err
	}
	if err := c.unassign(a); err != nil {
		return err
	}
	return c.Send(http.StatusNoContent, nil)
}

// unassignFromUser answers with the user, because Go's SDK decodes one.
func unassignFromUser(c *call) error {
	var a assignment
	if err := c.Decode(&a); err != nil {
		return err
	}
	a.User = c.R.PathValue("user")
	if err := c.unassign(a); err != nil {
		return err
	}
	return c.sendUser(http.StatusOK, c.Entity(wire.UserType, a.User))
}

func (c *call) unassign(a assignment) error {
	return c.write("roles.unassign", wire.UserType+":"+a.User, func(d *draft) error {
		_, err := d.unassign(a)
		return err
	})
}

func bulkAssign(c *call) error {
	return c.bulkRoles("roles.assign", "assignments_created", func(d *draft, a assignment) (bool, error) {
		_, fresh, err := d.assign(a)
		return fresh, err
	})
}

// bulkUnassign leaves out what is not assigned: its answer says how many were.
func bulkUnassign(c *call) error {
	return c.bulkRoles("roles.unassign", "assignments_removed", func(d *draft, a assignment) (bool, error) {
		_, err := d.unassign(a)
		if writ.CodeOf(err) == writ.CodeNotFound {
			return false, nil
		}
		return err == nil, err
	})
}

func (c *call) bulkRoles(kind, counted string, step func(*draft, assignment) (bool, error)) error {
	var all []assignment
	if err := c.Decode(&all); err != nil {
		return err
	}
	if err := atMost(len(all), c.Limits.Assignments, 2000, "role assignments"); err != nil {
		return err
	}
	n := 0
	err := c.write(kind, "", func(d *draft) error {
		n = 0
		for i, a := range all {
			done, err := step(d, a)
			if err != nil {
				return inItem(i, err)
			}
			if done {
				n++
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.Send(http.StatusOK, map[string]any{counted: n})
}

// Local answers what a decision point is asked about the role assignments that it knows.
func Local(c *wire.Call) error {
	own := &call{c}
	l, err := own.List()
	if err != nil {
		return err
	}
	now := c.Caller.Now()
	err = own.assignments(l, wire.Array, func(t authz.Tuple) bool {
		// Who asks here decides by the answer, which has no place for a date.
		return t.Expires.IsZero() || now.Before(t.Expires)
	}, func(t authz.Tuple) map[string]any {
		m := map[string]any{"user": t.Subject.ID, "role": t.Relation, "tenant": own.tenantOf(t.Object)}
		if t.Object.Type != authz.TenantType {
			m["resource_instance"] = t.Object.String()
		}
		return m
	})
	if err != nil {
		return err
	}
	return c.SendList(l, wire.Array)
}
