package schema

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/internal/expr"
)

// Verdict is what one of the three ways to a permission says, under the codes of Permit.
type Verdict struct {
	Allow  bool   `json:"allow"`
	Code   string `json:"code"`
	Reason string `json:"reason"`
	// Roles are the roles that allow: names in RBAC, [InstanceRole] in ReBAC.
	Roles any `json:"allowing_roles,omitempty"`
	// Rules are the rules that allow, or in a denial deny.
	Rules        []RuleUse `json:"allowing_rules,omitempty"`
	UserSets     []string  `json:"matching_usersets,omitempty"`
	ResourceSets []string  `json:"matching_resourcesets,omitempty"`
}

// RuleUse names the two sides of a rule.
type RuleUse struct {
	Rule         string `json:"rule,omitempty"`
	UserSet      string `json:"userset,omitempty"`
	Role         string `json:"role,omitempty"`
	ResourceSet  string `json:"resourceset,omitempty"`
	ResourceType string `json:"resource_type,omitempty"`
}

// InstanceRole is a role on an instance and where it comes from.
type InstanceRole struct {
	Resource string       `json:"resource"`
	Role     string       `json:"role"`
	Reason   string       `json:"reason"`
	Sources  []RoleSource `json:"sources"`
}

// RoleSource is one way to a role. Type is role_assignment (a tuple), role_derivation (from Role on
// Resource, which stands in Relation), role_extension (from Role on the same instance), or group_assignment.
type RoleSource struct {
	Type     string `json:"type"`
	Resource string `json:"resource,omitempty"`
	Role     string `json:"role,omitempty"`
	Relation string `json:"relation,omitempty"`
}

// Debug says what each of the three ways to a permission makes of a question: rbac, abac and rebac, and under
// deny the rules that deny. When something allowed only that is told. It is for people, not for deciding:
// it asks the snapshot again for each part.
func (s *Schema) Debug(snapshot *authz.Snapshot, q *authz.Query) map[string]any {
	d := &debugger{s: s, snapshot: snapshot, q: q, resource: s.Resource(q.Resource.Type)}
	d.tenant, d.scope = d.tenantOf(), s.scope(q.Resource.Type)
	all := map[string]Verdict{"rbac": d.rbac()}
	abac, deny := d.abac()
	if len(s.Rules) > 0 {
		all["abac"] = abac
	}
	if d.resource != nil && len(d.resource.Roles) > 0 {
		all["rebac"] = d.rebac()
	}
	allowed := deny.Code == "" && (all["rbac"].Allow || abac.Allow || all["rebac"].Allow)
	out := map[string]any{}
	for name, v := range all {
		if v.Allow || !allowed {
			out[name] = v
		}
	}
	if deny.Code != "" {
		out["deny"] = deny
	}
	return out
}

type debugger struct {
	s        *Schema
	snapshot *authz.Snapshot
	q        *authz.Query
	resource *Resource // nil: unknown
	scope    *expr.Scope
	tenant   string
}

// tenantOf is the tenant that counts, by the order of [authz.Query].
func (d *debugger) tenantOf() string {
	if d.q.Tenant != "" {
		return d.q.Tenant
	}
	if t, ok := d.q.Resource.Properties["tenant"].(string); ok && t != "" {
		return t
	}
	r, _ := d.snapshot.Record(authz.Entity{Type: d.q.Resource.Type, ID: d.q.Resource.ID})
	return cmp.Or(r.Tenant, DefaultTenant)
}

// holds asks whether the user has a relation to an object.
func (d *debugger) holds(object authz.Entity, relation, tenant string) bool {
	q := authz.Query{Request: d.q.Request, SubjectRelation: d.q.SubjectRelation, Relation: true, Tenant: tenant, Now: d.q.Now, Extra: d.q.Extra}
	q.Action.Name = relation
	q.Resource.Type, q.Resource.ID, q.Resource.Properties = object.Type, object.ID, nil
	ok, err := d.snapshot.Allowed(&q)
	return ok && err == nil
}

func (d *debugger) holder() authz.Holder {
	return authz.Holder{Entity: authz.Entity{Type: d.q.Subject.Type, ID: d.q.Subject.ID}, Relation: d.q.SubjectRelation}
}

// known finds what is unknown about the resource and the action, in Permit's order.
func (d *debugger) known() (Verdict, bool) {
	kind, action := d.q.Resource.Type, d.q.Action.Name
	if d.resource == nil {
		return Verdict{Code: "no_such_resource", Reason: "there is no resource " + kind}, false
	}
	if d.resource.Action(action) == nil {
		return Verdict{Code: "no_such_action", Reason: "resource " + kind + " has no action " + action}, false
	}
	return Verdict{}, true
}

// rbac looks at roles in the tenant.
func (d *debugger) rbac() Verdict {
	if v, ok := d.known(); !ok {
		return v
	}
	user, permission := d.q.Subject.ID, d.q.Resource.Type+":"+d.q.Action.Name
	tenant := authz.Entity{Type: authz.TenantType, ID: d.tenant}
	if _, ok := d.snapshot.Record(tenant); !ok {
		return Verdict{Code: "no_such_tenant", Reason: "there is no tenant " + d.tenant}
	}
	if _, ok := d.snapshot.Record(d.holder().Entity); !ok {
		return Verdict{Code: "user_not_synced", Reason: "user " + user + " is not known"}
	}
	roles := d.tenantRoles(tenant)
	if len(roles) == 0 && !d.anyRole() {
		return Verdict{Code: "no_user_roles", Reason: "user " + user + " has no role in any tenant"}
	}
	if len(roles) == 0 {
		return Verdict{Code: "no_role_in_tenant", Reason: "user " + user + " has no role in tenant " + d.tenant}
	}
	var allowing []string
	for _, role := range roles {
		if slices.Contains(d.s.Permissions(role), permission) {
			allowing = append(allowing, role)
		}
	}
	if len(allowing) == 0 {
		return Verdict{Code: "no_permission", Reason: "user " + user + " has in tenant " + d.tenant + " the roles " +
			strings.Join(roles, ", ") + ", and none of them has " + permission}
	}
	return Verdict{
		Allow: true, Code: "allow", Roles: allowing,
		Reason: "user " + user + " has " + permission + " in tenant " + d.tenant + " by " + strings.Join(allowing, ", "),
	}
}

// tenantRoles gives the roles that the user has in a tenant, without those that others of them extend.
func (d *debugger) tenantRoles(tenant authz.Entity) []string {
	var held []string
	for _, role := range d.s.Roles {
		if d.holds(tenant, role.Key, tenant.ID) {
			held = append(held, role.Key)
		}
	}
	return topmost(held, d.s.RoleClosure)
}

// topmost leaves out what another of the list extends.
func topmost(held []string, closure func(string) []string) []string {
	var top []string
	for _, role := range held {
		if !slices.ContainsFunc(held, func(other string) bool { return other != role && slices.Contains(closure(other), role) }) {
			top = append(top, role)
		}
	}
	return top
}

// anyRole reports whether the user has a role in some tenant.
func (d *debugger) anyRole() bool {
	found := false
	d.snapshot.Tuples(authz.TupleFilter{Object: authz.Entity{Type: authz.TenantType}, Subject: d.holder()}, func(t authz.Tuple) bool {
		found = d.live(t)
		return !found
	})
	return found
}

func (d *debugger) live(t authz.Tuple) bool {
	return t.Expires.Equal(time.Time{}) || d.q.Now.Before(t.Expires)
}

// rebac looks at roles on the instance.
func (d *debugger) rebac() Verdict {
	if v, ok := d.known(); !ok {
		return v
	}
	user, permission := d.q.Subject.ID, d.q.Resource.Type+":"+d.q.Action.Name
	object := authz.Entity{Type: d.q.Resource.Type, ID: d.q.Resource.ID}
	if object.ID == "" {
		return Verdict{Code: "no_resource_instance", Reason: "no instance of " + object.Type + " is asked about"}
	}
	if r, ok := d.snapshot.Record(object); ok && r.Tenant != "" && r.Tenant != d.tenant {
		return Verdict{Code: "no_such_tenant", Reason: object.String() + " is in tenant " + r.Tenant + ", not in " + d.tenant}
	}
	var held []string
	for _, role := range d.resource.Roles {
		if d.holds(object, role.Key, d.tenant) {
			held = append(held, role.Key)
		}
	}
	if len(held) == 0 {
		return Verdict{Code: "no_user_roles", Reason: "user " + user + " has no role on " + object.String()}
	}
	held = topmost(held, d.resource.RoleClosure)
	var allowing []InstanceRole
	for _, role := range held {
		if slices.Contains(d.resource.Permissions(role), permission) {
			allowing = append(allowing, InstanceRole{
				Resource: object.String(), Role: object.Type + "#" + role, Sources: d.sources(object, role),
				Reason: "user " + user + " has role " + role + " on " + object.String(),
			})
		}
	}
	if len(allowing) == 0 {
		return Verdict{Code: "no_permission", Reason: "user " + user + " has on " + object.String() + " the roles " +
			strings.Join(held, ", ") + ", and none of them has " + permission}
	}
	return Verdict{Allow: true, Code: "allow", Reason: "user " + user + " has " + permission + " on " + object.String(), Roles: allowing}
}

// sources gives the ways by which the user has a role on an object.
func (d *debugger) sources(object authz.Entity, role string) []RoleSource {
	on := d.s.Resource(object.Type)
	all := d.assigned(object, role)
	for _, x := range on.Roles {
		if slices.Contains(x.Extends, role) && d.holds(object, x.Key, "") {
			all = append(all, RoleSource{Type: "role_extension", Resource: object.String(), Role: x.Key})
		}
	}
	part := on.Role(role)
	for _, grant := range part.Grants {
		if (grant.UnlessDirect || part.UnlessDirect) && d.direct(on, object) {
			continue
		}
		d.snapshot.Tuples(authz.TupleFilter{Object: object, Relation: grant.Relation}, func(t authz.Tuple) bool {
			if d.live(t) && d.holds(t.Subject.Entity, grant.Role, "") {
				all = append(all, RoleSource{"role_derivation", t.Subject.Entity.String(), grant.Role, grant.Relation})
			}
			return true
		})
	}
	return all
}

// assigned gives the tuples by which the user has a role on an object, as themselves, as anybody, or in a group.
func (d *debugger) assigned(object authz.Entity, role string) []RoleSource {
	var all []RoleSource
	d.snapshot.Tuples(authz.TupleFilter{Object: object, Relation: role}, func(t authz.Tuple) bool {
		everyone := t.Subject == authz.Holder{Entity: authz.Entity{Type: d.q.Subject.Type, ID: authz.Everyone}}
		switch {
		case !d.live(t):
		case t.Subject == d.holder(), everyone:
			all = append(all, RoleSource{Type: "role_assignment", Resource: object.String(), Role: role})
		case t.Subject.Relation != "" && d.holds(t.Subject.Entity, t.Subject.Relation, ""):
			all = append(all, RoleSource{Type: "group_assignment", Resource: t.Subject.Entity.String(), Role: t.Subject.Relation})
		}
		return true
	})
	return all
}

// direct reports whether the user was given any role on the very object.
func (d *debugger) direct(on *Resource, object authz.Entity) bool {
	return slices.ContainsFunc(on.Roles, func(r Role) bool { return len(d.assigned(object, r.Key)) > 0 })
}
