// Command golang calls what Permit's Go SDK has beside what its own integration test
// calls, against a server of Writ: PDP_URL, API_URL, PDP_API_KEY. It is a module of its own, so
// that nobody who uses Writ downloads the SDK.
package main

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"slices"

	"github.com/permitio/permit-golang/pkg/config"
	"github.com/permitio/permit-golang/pkg/enforcement"
	"github.com/permitio/permit-golang/pkg/models"
	"github.com/permitio/permit-golang/pkg/permit"
)

var checks int

// is ends the program when a call failed or did not give what it should.
func is(what string, err error, got, want any) {
	checks++
	if err != nil || !reflect.DeepEqual(got, want) {
		fmt.Printf("%s: got %v, want %v: %v\n", what, got, want, err)
		os.Exit(1)
	}
}

func fine(what string, err error) { is(what, err, nil, nil) }

func keys[T any](list []T, key func(*T) string) []string {
	all := []string{}
	for i := range list {
		all = append(all, key(&list[i]))
	}
	slices.Sort(all)
	return all
}

func main() {
	ctx := context.Background()
	// No context is given: the SDK asks what the key opens.
	c := permit.New(config.NewConfigBuilder(os.Getenv("PDP_API_KEY")).
		WithPdpUrl(os.Getenv("PDP_URL")).WithApiUrl(os.Getenv("API_URL")).Build())
	schema(ctx, c)
	facts(ctx, c)
	decisions(c)
	removal(ctx, c)
	fmt.Printf("%d checks passed\n", checks)
}

func schema(ctx context.Context, c *permit.Client) {
	for key, actions := range map[string][]string{"folder": {"list"}, "document": {"read", "write"}} {
		all := map[string]models.ActionBlockEditable{}
		for _, a := range actions {
			all[a] = models.ActionBlockEditable{}
		}
		r, err := c.Api.Resources.Create(ctx, *models.NewResourceCreate(key, key, all))
		is("create a resource", err, len(r.GetActions()), len(actions))
	}
	resources, err := c.Api.Resources.List(ctx, 1, 100)
	is("list resources", err, keys(resources, func(r *models.ResourceRead) string { return r.Key }), []string{"document", "folder"})
	relation, err := c.Api.ResourceRelations.Create(ctx, "document", *models.NewRelationCreate("parent", "Parent", "folder"))
	is("create a relation", err, relation.ObjectResource, "document")
	relations, err := c.Api.ResourceRelations.List(ctx, 1, 100, "document")
	is("list relations", err, keys(*relations, func(r *models.RelationRead) string { return r.Key }), []string{"parent"})
	for _, resource := range []string{"folder", "document"} {
		role := models.NewResourceRoleCreate("editor", "Editor")
		role.SetPermissions([]string{map[string]string{"folder": "list", "document": "write"}[resource]})
		made, err := c.Api.ResourceRoles.Create(ctx, resource, *role)
		is("create a resource role", err, made.Key, "editor")
	}
	rule, err := c.Api.ImplicitGrants.Create(ctx, "document", "editor", *models.NewDerivedRoleRuleCreate("editor", "folder", "parent"))
	is("derive a role", err, rule.OnResource, "folder")
	on := true
	settings := *models.NewPermitBackendSchemasSchemaDerivedRoleRuleDerivationSettings()
	settings.NoDirectRolesOnObject = &on
	told, err := c.Api.ImplicitGrants.UpdateConditions(ctx, "document", "editor", settings)
	is("condition of derivations", err, told.GetNoDirectRolesOnObject(), true)
	role, err := c.Api.ResourceRoles.Get(ctx, "document", "editor")
	is("get a resource role", err, len(role.GrantedTo.UsersWithRole), 1)
	role, err = c.Api.ResourceRoles.AssignPermissions(ctx, "document", "editor", *models.NewAddRolePermissions([]string{"document:read"}))
	is("give a permission", err, len(role.Permissions), 2)
	for _, key := range []string{"viewer", "admin"} {
		create := models.NewRoleCreate(key, key)
		if key == "viewer" {
			create.SetPermissions([]string{"document:read"})
		}
		_, err := c.Api.Roles.Create(ctx, *create)
		fine("create a role", err)
	}
	fine("add a parent", c.Api.Roles.AddParentRole(ctx, "admin", "viewer"))
	fine("give permissions", c.Api.Roles.AssignPermissions(ctx, "admin", []string{"document:write"}))
	attribute, err := c.Api.ResourceAttributes.Create(ctx, "document", *models.NewResourceAttributeCreate("secret", models.BOOL))
	is("create an attribute", err, attribute.Type, models.BOOL)
	set := *models.NewConditionSetCreate("staff", "Staff")
	set.SetType(models.USERSET)
	set.SetConditions(map[string]interface{}{"user.email": map[string]interface{}{"contains": "@staff"}})
	_, err = c.Api.ConditionSets.Create(ctx, set)
	fine("create a set", err)
	sets, err := c.Api.ConditionSets.List(ctx, 1, 100)
	is("list sets", err, keys(sets, func(s *models.ConditionSetRead) string { return s.Key }), []string{"staff"})
}

func facts(ctx context.Context, c *permit.Client) {
	for range 2 { // once to create, once to update
		create := models.NewUserCreate("ann")
		create.SetEmail("ann@staff.org")
		u, err := c.SyncUser(ctx, *create)
		is("sync a user", err, u.GetEmail(), "ann@staff.org")
	}
	_, err := c.Api.Tenants.Create(ctx, *models.NewTenantCreate("acme", "Acme"))
	fine("create a tenant", err)
	tenants, err := c.Api.Tenants.List(ctx, 1, 100)
	is("list tenants", err, keys(tenants, func(t *models.TenantRead) string { return t.Key }), []string{"acme", "default"})
	create := models.NewRelationshipTupleCreate("folder:f", "parent", "document:d")
	create.SetTenant("acme")
	tuple, err := c.Api.RelationshipTuples.Create(ctx, *create)
	is("create a tuple", err, tuple.Object, "document:d")
	tuples, err := c.Api.RelationshipTuples.ListDetailed(ctx, 1, 100, "acme", "", "", "document:d")
	is("list tuples", err, (*tuples)[0].SubjectDetails.Key, "f")
	instances, err := c.Api.ResourceInstances.List(ctx, 1, 100, "", "", "")
	is("list instances", err, keys(*instances, func(i *models.ResourceInstanceRead) string { return i.Key }), []string{"d", "f"})
	assigned, err := c.Api.Users.AssignResourceRole(ctx, "ann", "editor", "acme", "folder:f")
	is("assign a resource role", err, assigned.GetResourceInstance(), "folder:f")
	_, err = c.Api.Users.AssignRole(ctx, "ann", "admin", "default")
	fine("assign a role", err)
	roles, err := c.Api.RoleAssignments.List(ctx, 1, 100, "ann", "", "")
	is("list assignments", err, len(*roles), 2)
}

func decisions(c *permit.Client) {
	ann := enforcement.UserBuilder("ann").Build()
	d := enforcement.ResourceBuilder("document").WithKey("d").WithTenant("acme").Build()
	allowed, err := c.Check(ann, "write", d)
	is("check by a derived role", err, allowed, true)
	allowed, err = c.Check(ann, "read", enforcement.ResourceBuilder("document").Build())
	is("check in the default tenant, by a parent role", err, allowed, true)
	many, err := c.BulkCheck(*enforcement.NewCheckRequest(ann, "write", d, nil), *enforcement.NewCheckRequest(enforcement.UserBuilder("bob").Build(), "write", d, nil))
	is("check many", err, many, []bool{true, false})
	permissions, err := c.GetUserPermissionsWithOptions(ann, enforcement.WithResourceTypes([]string{"document"}))
	is("permissions", err, permissions["document:d"].Permissions, []string{"document:read", "document:write"})
}

func removal(ctx context.Context, c *permit.Client) {
	_, err := c.Api.Users.UnassignResourceRole(ctx, "ann", "editor", "acme", "folder:f")
	fine("unassign a resource role", err)
	u, err := c.Api.Users.UnassignRole(ctx, "ann", "admin", "default")
	is("unassign a role", err, u.Key, "ann")
	fine("delete a tuple", c.Api.RelationshipTuples.Delete(ctx, *models.NewRelationshipTupleDelete("folder:f", "parent", "document:d")))
	fine("delete a relation", c.Api.ResourceRelations.Delete(ctx, "document", "parent"))
	fine("delete a set", c.Api.ConditionSets.Delete(ctx, "staff"))
	fine("delete a tenant", c.Api.Tenants.Delete(ctx, "acme"))
	fine("delete a user", c.Api.Users.Delete(ctx, "ann"))
	for _, key := range []string{"document", "folder"} {
		fine("delete a resource", c.Api.Resources.Delete(ctx, key))
	}
	users, err := c.Api.Users.List(ctx, 1, 100)
	is("list users", err, len(users), 0)
}
