package secretsmanager_test

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssecrets "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

func TestSecrets(t *testing.T) {
	t.Parallel()
	c, ctx := newCloud(t), t.Context()
	arn := c.secret("app/db", "one")
	if !regexp.MustCompile(`^arn:aws:secretsmanager:us-east-1:000000000000:secret:app/db-[A-Za-z0-9]{6}$`).MatchString(*arn) {
		t.Errorf("ARN %s", *arn)
	}
	partial := (*arn)[:len(*arn)-7]
	for _, id := range []string{"app/db", *arn, partial} {
		same(t, id, value(t, c.Client, id, ""), "one")
	}
	same(t, "no secret", value(t, c.Client, "none", ""), "ResourceNotFoundException")
	_, err := c.CreateSecret(ctx, &awssecrets.CreateSecretInput{Name: aws.String("app/db")})
	same(t, "the same name", code(err), "ResourceExistsException")
	_, err = c.CreateSecret(ctx, &awssecrets.CreateSecretInput{Name: aws.String("a b")})
	same(t, "no name", code(err), "ValidationException")

	// Versions and their stages.
	token := aws.String(strings.Repeat("t", 32))
	put := func(text string, stages ...string) string {
		_, err := c.PutSecretValue(ctx, &awssecrets.PutSecretValueInput{SecretId: arn, SecretString: &text, ClientRequestToken: token, VersionStages: stages})
		return code(err)
	}
	same(t, "put", put("two"), "")
	same(t, "put again", put("two"), "")
	same(t, "put another with the token", put("three"), "ResourceExistsException")
	same(t, "current", value(t, c.Client, "app/db", ""), "two")
	same(t, "previous", value(t, c.Client, "app/db", "AWSPREVIOUS"), "one")
	token = nil
	same(t, "put with a stage", put("four", "NEXT"), "")
	same(t, "still current", value(t, c.Client, "app/db", "AWSCURRENT"), "two")
	same(t, "next", value(t, c.Client, "app/db", "NEXT"), "four")
	_, err = c.UpdateSecret(ctx, &awssecrets.UpdateSecretInput{SecretId: arn, Description: aws.String("d"), SecretBinary: []byte("\x01five")})
	same(t, "update", code(err), "")
	c.restart()
	same(t, "after a restart", value(t, c.Client, "app/db", ""), "\x01five")
	versions, err := c.ListSecretVersionIds(ctx, &awssecrets.ListSecretVersionIdsInput{SecretId: arn})
	if err != nil || len(versions.Versions) != 3 {
		t.Fatal(versions, err)
	}
	var next, now string
	for _, v := range versions.Versions {
		switch v.VersionStages[0] {
		case "NEXT":
			next = *v.VersionId
		case "AWSCURRENT":
			now = *v.VersionId
		}
	}
	_, err = c.UpdateSecretVersionStage(ctx, &awssecrets.UpdateSecretVersionStageInput{
		SecretId: arn, VersionStage: aws.String("AWSCURRENT"), MoveToVersionId: &next, RemoveFromVersionId: &now,
	})
	same(t, "move", code(err), "")
	same(t, "moved", value(t, c.Client, "app/db", "")+value(t, c.Client, "app/db", "AWSPREVIOUS"), "four\x01five")

	_, err = c.TagResource(ctx, &awssecrets.TagResourceInput{SecretId: arn, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("blue")}, {Key: aws.String("x"), Value: aws.String("y")}}})
	same(t, "tag", code(err), "")
	_, err = c.UntagResource(ctx, &awssecrets.UntagResourceInput{SecretId: arn, TagKeys: []string{"x"}})
	same(t, "untag", code(err), "")
	got, err := c.DescribeSecret(ctx, &awssecrets.DescribeSecretInput{SecretId: arn})
	if err != nil || *got.Description != "d" || len(got.Tags) != 1 || len(got.VersionIdsToStages) != 2 || got.LastAccessedDate == nil {
		t.Errorf("%+v %v", got, err)
	}
	c.secret("other", "x")
	for _, row := range []struct {
		key  types.FilterNameStringType
		want string
		n    int
	}{{"name", "app", 1}, {"tag-key", "team", 1}, {"tag-value", "red", 0}, {"name", "!app", 1}, {"all", "o", 1}} {
		list, err := c.ListSecrets(ctx, &awssecrets.ListSecretsInput{Filters: []types.Filter{{Key: row.key, Values: []string{row.want}}}})
		if err != nil || len(list.SecretList) != row.n {
			t.Errorf("%v: %v %v", row, list, err)
		}
	}
	data, err := os.ReadFile(c.path)
	if err != nil || bytes.Contains(data, []byte("four")) {
		t.Error("the value can be read on disk", err)
	}
}

func TestDeletion(t *testing.T) {
	t.Parallel()
	c, ctx := newCloud(t), t.Context()
	arn := c.secret("app", "one")
	_, err := c.DeleteSecret(ctx, &awssecrets.DeleteSecretInput{SecretId: arn, RecoveryWindowInDays: aws.Int64(3)})
	same(t, "too short a window", code(err), "InvalidParameterException")
	_, err = c.DeleteSecret(ctx, &awssecrets.DeleteSecretInput{SecretId: arn, RecoveryWindowInDays: aws.Int64(7)})
	same(t, "delete", code(err), "")
	same(t, "marked", value(t, c.Client, "app", ""), "InvalidRequestException")
	_, err = c.CreateSecret(ctx, &awssecrets.CreateSecretInput{Name: aws.String("app")})
	same(t, "the name is taken", code(err), "InvalidRequestException")
	list, err := c.ListSecrets(ctx, &awssecrets.ListSecretsInput{})
	if err != nil || len(list.SecretList) != 0 {
		t.Error(list, err)
	}
	_, err = c.RestoreSecret(ctx, &awssecrets.RestoreSecretInput{SecretId: arn})
	same(t, "restore", code(err), "")
	same(t, "restored", value(t, c.Client, "app", ""), "one")
	_, err = c.DeleteSecret(ctx, &awssecrets.DeleteSecretInput{SecretId: arn})
	same(t, "delete again", code(err), "")
	c.later(31 * 24 * time.Hour)
	same(t, "the window is over", value(t, c.Client, "app", ""), "ResourceNotFoundException")
	again := c.secret("app", "two")
	if *again == *arn {
		t.Error("a new secret has the old one's ARN")
	}
	same(t, "the old ARN", value(t, c.Client, *arn, ""), "ResourceNotFoundException")
	_, err = c.DeleteSecret(ctx, &awssecrets.DeleteSecretInput{SecretId: again, ForceDeleteWithoutRecovery: aws.Bool(true)})
	same(t, "delete at once", code(err), "")
	c.secret("app", "three")
}

func TestRandomPasswords(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	get := func(in *awssecrets.GetRandomPasswordInput) (string, string) {
		out, err := c.GetRandomPassword(t.Context(), in)
		if err != nil {
			return "", code(err)
		}
		return *out.RandomPassword, ""
	}
	for range 20 {
		text, problem := get(&awssecrets.GetRandomPasswordInput{})
		if problem != "" || len(text) != 32 || !strings.ContainsAny(text, "0123456789") || !strings.ContainsAny(text, "abcdefghijklmnopqrstuvwxyz") || strings.Contains(text, " ") {
			t.Fatal(text, problem)
		}
		text, problem = get(&awssecrets.GetRandomPasswordInput{
			PasswordLength: aws.Int64(8), ExcludePunctuation: aws.Bool(true), ExcludeUppercase: aws.Bool(true), ExcludeCharacters: aws.String("0Oabc"),
		})
		if problem != "" || !regexp.MustCompile(`^[d-z1-9]{8}$`).MatchString(text) {
			t.Fatal(text, problem)
		}
	}
	_, problem := get(&awssecrets.GetRandomPasswordInput{PasswordLength: aws.Int64(2)})
	same(t, "too short", problem, "InvalidParameterException")
}
