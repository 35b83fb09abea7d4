package sts_test

import (
	"net/url"
	"testing"

	"github.com/writ-dev/writ/localcloud/directory"
	"github.com/writ-dev/writ/localcloud/gate"
)

// do makes a call of STS or IAM as a role and gives AWS's code.
func (c *cloud) do(t testing.TB, caller gate.Caller, service, operation string, form ...string) string {
	t.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	_, err := c.gate.Do(t.Context(), &gate.Call{Service: service, Operation: operation, Form: values, Caller: caller})
	return gate.CodeOf(err)
}

// A role's tags can be kept from an administrator under both names of the key.
func TestAttackAssumeATaggedRole(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	developer, _ := c.directory.CallerOf("developer", "s")
	if code := c.do(t, developer, "iam", "TagRole", "RoleName", "target", "Tags.member.1.Key", "Level", "Tags.member.1.Value", "secret"); code != "" {
		t.Fatal(code)
	}
	for _, key := range []string{"aws:ResourceTag/level", "iam:ResourceTag/Level"} {
		name := "kept" + key[:3]
		_, err := c.directory.EnsureRole(directory.RoleSpec{Name: name, Trust: trust(`{"AWS":"arn:aws:iam::000000000000:root"}`, `"sts:AssumeRole"`, ""), Inline: map[string]string{
			"p": statement(`{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"` + key + `":"secret"}}}`),
		}})
		if err != nil {
			t.Fatal(err)
		}
		caller, _ := c.directory.CallerOf(name, "s")
		if code := c.do(t, caller, "sts", "AssumeRole", "RoleArn", roles+"app/target", "RoleSessionName", "ss"); code != "AccessDenied" {
			t.Errorf("%s: %q", key, code)
		}
		if code := c.do(t, caller, "sts", "AssumeRole", "RoleArn", roles+"nobody", "RoleSessionName", "ss"); code != "" {
			t.Errorf("a role without the tag: %q", code)
		}
	}
}

// A session ends with its role: who is given a new role of the same name later
// gets none of the old sessions into it.
func TestAttackSessionOfADeletedRole(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	developer, _ := c.directory.CallerOf("developer", "s")
	old, _ := c.directory.CallerOf("nobody", "s")
	if code := c.do(t, old, "sts", "GetCallerIdentity"); code != "" {
		t.Fatal(code)
	}
	if code := c.do(t, developer, "iam", "DeleteRole", "RoleName", "nobody"); code != "" {
		t.Fatal(code)
	}
	if code := c.do(t, old, "sts", "GetCallerIdentity"); code != "InvalidClientTokenId" {
		t.Errorf("the session of a deleted role: %q", code)
	}
	trusted := trust(`{"AWS":"arn:aws:iam::000000000000:root"}`, `"sts:AssumeRole"`, "")
	if code := c.do(t, developer, "iam", "CreateRole", "RoleName", "nobody", "AssumeRolePolicyDocument", trusted); code != "" {
		t.Fatal(code)
	}
	if code := c.do(t, developer, "iam", "AttachRolePolicy", "RoleName", "nobody", "PolicyArn", admin); code != "" {
		t.Fatal(code)
	}
	if code := c.do(t, old, "iam", "ListRoles"); code != "InvalidClientTokenId" {
		t.Errorf("an old session in a new role: %q", code)
	}
	// Nor does the new role inherit the trust that was put into the old one.
	fresh, _ := c.directory.CallerOf("nobody", "s")
	if code := c.do(t, fresh, "sts", "AssumeRole", "RoleArn", roles+"named", "RoleSessionName", "ss"); code != "AccessDenied" {
		t.Errorf("a new role of a trusted name: %q", code)
	}
}
