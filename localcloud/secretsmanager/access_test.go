package secretsmanager_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssecrets "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/writ-dev/writ/localcloud/gate"
)

const denied = "AccessDeniedException"

func TestWhoMay(t *testing.T) {
	t.Parallel()
	c, ctx := newCloud(t), t.Context()
	arn := *c.secret("app", "one")
	wide := arn[:len(arn)-7]
	allow := func(resource, condition string) string {
		return `{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"` + resource + `"` + condition + `}`
	}
	c.role("exact", allow(arn, ""))
	c.role("pattern", allow(wide+"-??????", ""))
	c.role("bare", allow(wide, "")) // the mistake that AWS warns of: it matches nothing
	c.role("stage", allow("*", `,"Condition":{"ForAnyValue:StringEquals":{"secretsmanager:VersionStage":"AWSCURRENT"}}`))
	c.role("team", allow("*", `,"Condition":{"StringEquals":{"secretsmanager:ResourceTag/team":"blue"}}`))
	c.role("id", allow("*", `,"Condition":{"StringEquals":{"secretsmanager:SecretId":"`+arn+`"}}`))
	c.role("nobody", `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)
	for role, want := range map[string]string{"exact": "one", "pattern": "one", "bare": denied, "stage": "one", "team": denied, "id": "one", "nobody": denied} {
		for _, id := range []string{"app", arn, wide} {
			same(t, role+" "+id, value(t, c.as(role), id, ""), want)
		}
	}
	if _, err := c.PutSecretValue(ctx, &awssecrets.PutSecretValueInput{SecretId: &arn, SecretString: aws.String("two")}); err != nil {
		t.Fatal(err)
	}
	same(t, "another stage", value(t, c.as("stage"), "app", "AWSPREVIOUS"), denied)
	if _, err := c.TagResource(ctx, &awssecrets.TagResourceInput{SecretId: &arn, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("blue")}}}); err != nil {
		t.Fatal(err)
	}
	same(t, "tagged", value(t, c.as("team"), "app", ""), "two")
	same(t, "not there, and not allowed", value(t, c.as("exact"), "none", ""), denied)

	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:role/nobody"},"Action":"secretsmanager:GetSecretValue","Resource":"*"},
		{"Effect":"Deny","Principal":"*","Action":"secretsmanager:GetSecretValue","Resource":"*","Condition":{"StringLike":{"aws:PrincipalArn":"*/exact"}}}]}`
	if _, err := c.PutResourcePolicy(ctx, &awssecrets.PutResourcePolicyInput{SecretId: &arn, ResourcePolicy: &policy}); err != nil {
		t.Fatal(err)
	}
	c.restart()
	same(t, "the secret lets in", value(t, c.as("nobody"), "app", ""), "two")
	same(t, "the secret denies", value(t, c.as("exact"), "app", ""), denied)
	got, err := c.GetResourcePolicy(ctx, &awssecrets.GetResourcePolicyInput{SecretId: &arn})
	if err != nil || *got.ResourcePolicy != policy {
		t.Error(got, err)
	}
	_, err = c.PutResourcePolicy(ctx, &awssecrets.PutResourcePolicyInput{SecretId: &arn, ResourcePolicy: aws.String("{")})
	same(t, "no policy", code(err), "MalformedPolicyDocumentException")
	if _, err := c.DeleteResourcePolicy(ctx, &awssecrets.DeleteResourcePolicyInput{SecretId: &arn}); err != nil {
		t.Fatal(err)
	}
	same(t, "without a policy", value(t, c.as("nobody"), "app", ""), denied)
}

// TestAttacks: IAM is asked about the secret that the call acts on, whatever
// else a request says.
func TestAttacks(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	arn := *c.secret("app", "one")
	suffix := arn[len(arn)-6:]
	other := *c.secret("app-"+suffix, "two") // whose name is the other's with its suffix
	for _, row := range []struct{ operation, body, want string }{
		{"GetSecretValue", `{"SecretId":"` + arn + `"}`, "secretsmanager:GetSecretValue " + arn},
		{"GetSecretValue", `{"SecretId":"app-` + suffix + `"}`, "secretsmanager:GetSecretValue " + other},
		{"GetSecretValue", `{"SecretId":"app","Name":"other","ARN":"x"}`, "secretsmanager:GetSecretValue " + arn},
		{"GetSecretValue", `{"SecretId":"*"}`, "secretsmanager:GetSecretValue arn:aws:secretsmanager:us-east-1:000000000000:secret:*-??????"},
		{"GetSecretValue", `{}`, "ValidationException"},
		{"UntagResource", `{"SecretId":"app","Tags":[{"Key":"a","Value":"b"}],"TagKeys":["a"]}`, "secretsmanager:UntagResource " + arn},
		{"BatchGetSecretValue", `{"SecretIdList":["app"]}`, "UnknownOperationException"},
	} {
		asks, err := c.service.Describe(&gate.Call{Operation: row.operation, Body: []byte(row.body)})
		var got []string
		for _, a := range asks {
			got = append(got, a.Action+" "+a.Resource)
		}
		if err != nil {
			got = append(got, gate.CodeOf(err))
		}
		same(t, row.operation+row.body, strings.Join(got, " "), row.want)
	}
	// A name that a policy allows does not open one that begins alike.
	c.role("maker", `{"Effect":"Allow","Action":"secretsmanager:CreateSecret","Resource":"arn:aws:secretsmanager:us-east-1:000000000000:secret:mine-??????"}`)
	// The keys of tags decide on the making and on the tagging.
	c.role("tagger", `{"Effect":"Allow","Action":["secretsmanager:CreateSecret","secretsmanager:TagResource"],"Resource":"*","Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}}}`)
	for key, want := range map[string]string{"team": "", "other": denied} {
		_, err := c.as("tagger").CreateSecret(t.Context(), &awssecrets.CreateSecretInput{Name: &key, Description: aws.String("d"), Tags: []types.Tag{{Key: &key, Value: aws.String("b")}}})
		same(t, "tag "+key, code(err), want)
	}
	for name, want := range map[string]string{"mine": "", "mine-and-yours": denied, "theirs": denied} {
		_, err := c.as("maker").CreateSecret(t.Context(), &awssecrets.CreateSecretInput{Name: &name})
		same(t, name, code(err), want)
	}
	_, err := c.as("maker").CreateSecret(t.Context(), &awssecrets.CreateSecretInput{Name: aws.String("mine2"), Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})
	same(t, "tags need their own permission", code(err), denied)
}
