package directory_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/writ-dev/writ/localcloud/directory"
	"github.com/writ-dev/writ/localcloud/gate"
)

// A delegated administrator may give policies to roles that carry a boundary,
// and to no other. iam:PermissionsBoundary speaks of the role's boundary, so a
// parameter that the operation does not have must not set it.
func TestAttackBoundaryNamedInACallThatHasNone(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	const boundary = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
	c.ensure(t, "delegate", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*",
		"Condition":{"StringEquals":{"iam:PermissionsBoundary":"`+boundary+`"}}}]}`, "")
	c.ensure(t, "free", readTable, "")
	c.ensure(t, "bound", readTable, boundary)
	do := func(operation, role string, more ...string) string {
		caller, _ := c.directory.CallerOf("delegate", "test")
		form := url.Values{
			"RoleName": {role}, "PolicyName": {"p"}, "PolicyArn": {admin}, "PolicyDocument": {readTable},
			"AssumeRolePolicyDocument": {lambdaTrust},
		}
		for i := 0; i < len(more); i += 2 {
			form.Set(more[i], more[i+1])
		}
		_, err := c.gate.Do(t.Context(), &gate.Call{Service: "iam", Operation: operation, Form: form, Caller: caller})
		return gate.CodeOf(err)
	}
	for _, row := range []struct {
		operation, role, named string
		want                   string
	}{
		{"PutRolePolicy", "bound", "", ""},
		{"PutRolePolicy", "free", "", "AccessDenied"},
		{"PutRolePolicy", "free", boundary, "AccessDenied"},
		{"DeleteRolePolicy", "free", boundary, "AccessDenied"},
		{"AttachRolePolicy", "free", boundary, "AccessDenied"},
		{"DetachRolePolicy", "free", boundary, "AccessDenied"},
		{"DeleteRolePermissionsBoundary", "free", boundary, "AccessDenied"},
		{"UpdateAssumeRolePolicy", "free", boundary, "AccessDenied"},
		{"CreateRole", "new", admin, "AccessDenied"},
		{"CreateRole", "new", boundary, ""},
		// AWS gives the key to some operations only: an Allow under it is none for the others.
		{"TagRole", "bound", "", "AccessDenied"},
		{"ListRolePolicies", "bound", "", "AccessDenied"},
		// Setting another boundary is about the new one.
		{"PutRolePermissionsBoundary", "bound", admin, "AccessDenied"},
		{"PutRolePermissionsBoundary", "free", boundary, ""},
	} {
		var more []string
		if row.named != "" {
			more = []string{"PermissionsBoundary", row.named}
		}
		if got := do(row.operation, row.role, more...); got != row.want {
			t.Errorf("%s on %s naming %q: %q, want %q", row.operation, row.role, row.named, got, row.want)
		}
	}
}

func (c *cloud) ensure(t testing.TB, name, policy, boundary string) {
	t.Helper()
	if _, err := c.directory.EnsureRole(directory.RoleSpec{Name: name, Trust: lambdaTrust, Inline: map[string]string{"p": policy}}); err != nil {
		t.Fatal(err)
	}
	if boundary == "" {
		return
	}
	caller, _ := c.directory.CallerOf("developer", "test")
	form := url.Values{"RoleName": {name}, "PermissionsBoundary": {boundary}}
	if _, err := c.gate.Do(t.Context(), &gate.Call{Service: "iam", Operation: "PutRolePermissionsBoundary", Form: form, Caller: caller}); err != nil {
		t.Fatal(err)
	}
}

// Service control policies do not bind the roles of AWS's services: nobody else
// makes a role under their paths.
func TestAttackReservedPaths(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	caller, _ := c.directory.CallerOf("developer", "test")
	for path, want := range map[string]string{
		"/": "", "/team/": "", "/aws-service-roles/": "", "/team/aws-service-role/": "",
		"/aws-service-role/": "InvalidInput", "/aws-service-role/lambda.amazonaws.com/": "InvalidInput",
		"/aws-reserved/sso.amazonaws.com/": "AccessDenied", // for everybody, by the engine
	} {
		form := url.Values{"RoleName": {"role" + strings.ReplaceAll(path, "/", "-")}, "Path": {path}, "AssumeRolePolicyDocument": {lambdaTrust}}
		_, err := c.gate.Do(t.Context(), &gate.Call{Service: "iam", Operation: "CreateRole", Form: form, Caller: caller})
		if got := gate.CodeOf(err); got != want {
			t.Errorf("a role under %s: %q, want %q", path, got, want)
		}
	}
}
