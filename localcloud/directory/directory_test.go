package directory_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/directory"
	"github.com/writ-dev/writ/localcloud/store"
)

// After kill -9 all is as it was, sessions included.
func TestStateOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	ctx, client := t.Context(), c.client(t, "developer")
	made := createRole(t, client, "r")
	policy := must[*awsiam.CreatePolicyOutput](t)(client.CreatePolicy(ctx, &awsiam.CreatePolicyInput{PolicyName: str("p"), PolicyDocument: str(readTable)})).Policy
	must[*awsiam.AttachRolePolicyOutput](t)(client.AttachRolePolicy(ctx, &awsiam.AttachRolePolicyInput{RoleName: made.RoleName, PolicyArn: policy.Arn}))
	must[*awsiam.PutRolePolicyOutput](t)(client.PutRolePolicy(ctx, &awsiam.PutRolePolicyInput{RoleName: made.RoleName, PolicyName: str("i"), PolicyDocument: str(readTable)}))
	createRole(t, client, "gone")
	must[*awsiam.DeleteRoleOutput](t)(client.DeleteRole(ctx, &awsiam.DeleteRoleInput{RoleName: str("gone")}))
	before, _ := c.directory.RoleAccess("developer")

	data, err := os.ReadFile(c.path) // while it is open: what kill -9 leaves
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "cloud.db")
	if err := os.WriteFile(copied, data, 0o600); err != nil {
		t.Fatal(err)
	}
	again := open(t, copied)
	access, ok := again.directory.RoleAccess("r")
	if !ok || access.ID != *made.RoleId || len(access.Identity) != 2 || access.Tags["team"] != "blue" {
		t.Errorf("r: %+v %v", access, ok)
	}
	if _, ok := again.directory.RoleAccess("gone"); ok {
		t.Error("a deleted role is back")
	}
	if after, _ := again.directory.RoleAccess("developer"); after.ID != before.ID {
		t.Error("the developer's role has another id")
	}
	if diff := cmp.Diff([]string{"i"}, must[*awsiam.ListRolePoliciesOutput](t)(again.client(t, "developer").ListRolePolicies(ctx, &awsiam.ListRolePoliciesInput{RoleName: made.RoleName})).PolicyNames); diff != "" {
		t.Error(diff)
	}
}

func TestDamagedStateIsAnError(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"no JSON":    `{`,
		"no trust":   `{"Name":"r","ARN":"a"}`,
		"bad policy": `{"Name":"r","ARN":"a","Trust":` + quote(lambdaTrust) + `,"Inline":{"p":"{"}}`,
		"no such":    `{"Name":"r","ARN":"a","Trust":` + quote(lambdaTrust) + `,"Attached":["arn:aws:iam::aws:policy/Ghost"]}`,
	} {
		db, err := store.Open(filepath.Join(t.TempDir(), "cloud.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		err = db.Update(func(tx *store.Tx) error {
			b, err := tx.Bucket("iam", "roles")
			if err != nil {
				return err
			}
			return b.Put([]byte("r"), []byte(value))
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := directory.New(directory.Config{DB: db, Account: account}); writ.CodeOf(err) != writ.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// IAM decides about IAM: a role that may read one role may do nothing else.
func TestPermissionsAreEnforced(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	ctx, dev := t.Context(), c.client(t, "developer")
	role := createRole(t, dev, "reader")
	document := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:GetRole","Resource":"` + *role.Arn + `"},
		{"Effect":"Allow","Action":"iam:CreateRole","Resource":"*","Condition":{"StringEquals":{"iam:PermissionsBoundary":"` + admin + `"}}},
		{"Effect":"Allow","Action":"iam:AttachRolePolicy","Resource":"*","Condition":{"ArnEquals":{"iam:PolicyARN":"arn:aws:iam::aws:policy/PowerUserAccess"}}}]}`
	must[*awsiam.PutRolePolicyOutput](t)(dev.PutRolePolicy(ctx, &awsiam.PutRolePolicyInput{RoleName: role.RoleName, PolicyName: str("p"), PolicyDocument: &document}))
	reader := c.client(t, "reader")
	must[*awsiam.GetRoleOutput](t)(reader.GetRole(ctx, &awsiam.GetRoleInput{RoleName: role.RoleName}))
	_, err := reader.GetRole(ctx, &awsiam.GetRoleInput{RoleName: str("developer")})
	fails(t, err, "AccessDenied", "User: arn:aws:sts::000000000000:assumed-role/reader/test is not authorized to perform: iam:GetRole on resource: "+
		"arn:aws:iam::000000000000:role/developer because no identity-based policy allows the iam:GetRole action")
	_, err = reader.ListRoles(ctx, nil)
	fails(t, err, "AccessDenied", "")
	_, err = reader.CreateRole(ctx, &awsiam.CreateRoleInput{RoleName: str("x"), AssumeRolePolicyDocument: str(lambdaTrust)})
	fails(t, err, "AccessDenied", "")
	must[*awsiam.CreateRoleOutput](t)(reader.CreateRole(ctx, &awsiam.CreateRoleInput{RoleName: str("x"), AssumeRolePolicyDocument: str(lambdaTrust), PermissionsBoundary: str(admin)}))
	_, err = reader.AttachRolePolicy(ctx, &awsiam.AttachRolePolicyInput{RoleName: str("x"), PolicyArn: str(admin)})
	fails(t, err, "AccessDenied", "")
	must[*awsiam.AttachRolePolicyOutput](t)(reader.AttachRolePolicy(ctx, &awsiam.AttachRolePolicyInput{RoleName: str("x"), PolicyArn: str("arn:aws:iam::aws:policy/PowerUserAccess")}))

	// A change counts at the next call, and a deleted role's session is gone.
	must[*awsiam.DeleteRolePolicyOutput](t)(dev.DeleteRolePolicy(ctx, &awsiam.DeleteRolePolicyInput{RoleName: role.RoleName, PolicyName: str("p")}))
	_, err = reader.GetRole(ctx, &awsiam.GetRoleInput{RoleName: role.RoleName})
	fails(t, err, "AccessDenied", "")
	must[*awsiam.DeleteRoleOutput](t)(dev.DeleteRole(ctx, &awsiam.DeleteRoleInput{RoleName: role.RoleName}))
	_, err = reader.GetRole(ctx, &awsiam.GetRoleInput{RoleName: role.RoleName})
	fails(t, err, "InvalidClientTokenId", "The security token included in the request is invalid.")
	createRole(t, dev, "reader")
	_, err = reader.GetRole(ctx, &awsiam.GetRoleInput{RoleName: role.RoleName})
	fails(t, err, "InvalidClientTokenId", "")
}

// A trust policy means the role that it named, not another of the same name.
func TestTrustIsInTheRoleNotInItsName(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	ctx, dev := t.Context(), c.client(t, "developer")
	caller := createRole(t, dev, "caller")
	trust := strings.Replace(lambdaTrust, `"Service":"lambda.amazonaws.com"`, `"AWS":"`+*caller.Arn+`"`, 1)
	target := must[*awsiam.CreateRoleOutput](t)(dev.CreateRole(ctx, &awsiam.CreateRoleInput{RoleName: str("target"), AssumeRolePolicyDocument: &trust})).Role
	trusted := func() bool {
		t.Helper()
		role, ok := c.directory.TrustedRole(*target.Arn)
		if !ok {
			t.Fatal("no target")
		}
		return iam.Evaluate(&iam.Request{
			Principal: iam.Principal{Kind: iam.PrincipalSession, ARN: "arn:aws:sts::000000000000:assumed-role/caller/s", Account: account, RoleARN: *caller.Arn},
			Action:    "sts:AssumeRole", Resource: *target.Arn, ResourceAccount: account,
		}, &iam.Policies{Resource: role.Trust}).Verdict == iam.Allowed
	}
	if !trusted() {
		t.Error("the role is not trusted")
	}
	must[*awsiam.DeleteRoleOutput](t)(dev.DeleteRole(ctx, &awsiam.DeleteRoleInput{RoleName: caller.RoleName}))
	createRole(t, dev, "caller")
	if trusted() {
		t.Error("a new role of the name is trusted")
	}
	must[*awsiam.UpdateAssumeRolePolicyOutput](t)(dev.UpdateAssumeRolePolicy(ctx, &awsiam.UpdateAssumeRolePolicyInput{RoleName: target.RoleName, PolicyDocument: &trust}))
	if !trusted() {
		t.Error("the new role is not trusted once it is named")
	}
}

func TestReadsAndWritesAtOnce(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				if _, err := c.directory.EnsureRole(directory.RoleSpec{Name: "r", Trust: lambdaTrust, Inline: map[string]string{"p": readTable}}); err != nil {
					t.Error(err)
				}
				if access, ok := c.directory.RoleAccess("r"); !ok || len(access.Identity) != 1 {
					t.Errorf("%+v %v", access, ok)
				}
			}
		})
	}
	wg.Wait()
}

func quote(s string) string { return strconv.Quote(s) }
