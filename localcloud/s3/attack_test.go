package s3_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/writ-dev/writ/internal/sigv4"
)

func deny(condition string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":` + condition + `}]}`
}

// What a bucket's owner forbids to presigned requests stays forbidden, and a
// parameter in the query does not make a signed request a presigned one.
func TestAttackPresigned(t *testing.T) {
	t.Parallel()
	c := newCloud(t, map[string]string{
		"young":     deny(`{"NumericGreaterThan":{"s3:signatureAge":"0"}}`),
		"signed":    deny(`{"StringEquals":{"s3:x-amz-content-sha256":"UNSIGNED-PAYLOAD"}}`),
		"presigned": deny(`{"StringNotEquals":{"s3:authType":"REST-QUERY-STRING"}}`),
	})
	admin := c.as("admin")
	b := bucket(t, admin, "assets")
	put(t, admin, b, "k", "v")
	presigned := func(role string) int {
		request, err := sdk.NewPresignClient(c.as(role)).PresignGetObject(t.Context(), &sdk.GetObjectInput{Bucket: b, Key: aws.String("k")})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond) // the signature gets older
		response, err := http.Get(request.URL)
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil {
			t.Fatal(err)
		}
		return response.StatusCode
	}
	for role, want := range map[string]int{"admin": 200, "young": 403, "signed": 403, "presigned": 200} {
		if got := presigned(role); got != want {
			t.Errorf("presigned by %s: %d, want %d", role, got, want)
		}
	}
	request, err := http.NewRequest(http.MethodGet, c.url+"/assets/k?X-Amz-Signature=x", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.send(t, "presigned", request); got != 403 {
		t.Errorf("a signed request that names a signature in its query: %d", got)
	}
}

// Conditions on how a request is signed never hold for one that is not.
func TestAttackAnonymousHasNoSignature(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	admin := c.as("admin")
	b := bucket(t, admin, "assets")
	put(t, admin, b, "k", "v")
	if _, err := admin.DeletePublicAccessBlock(t.Context(), &sdk.DeletePublicAccessBlockInput{Bucket: b}); err != nil {
		t.Fatal(err)
	}
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::assets/*",
		"Condition":{"StringEquals":{"s3:authType":"REST-HEADER","s3:signatureversion":"AWS4-HMAC-SHA256"}}}]}`
	if _, err := admin.PutBucketPolicy(t.Context(), &sdk.PutBucketPolicyInput{Bucket: b, Policy: &policy}); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{"", "?X-Amz-Signature=x&AWSAccessKeyId=AKIA", "?x=X-Amz-"} {
		response, err := http.Get(c.url + "/assets/k" + query)
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if response.StatusCode == 200 {
			t.Errorf("GET %q without a signature was let in", query)
		}
	}
}

// A copy brings its tags along: who may not set tags cannot set them so, nor
// pretend to others than it brings.
func TestAttackTagsByCopy(t *testing.T) {
	t.Parallel()
	c := newCloud(t, map[string]string{
		"copier": allow(`"s3:GetObject","s3:PutObject","s3:ListBucket"`, `"*"`, ""),
		"tagger": allow(`"s3:GetObject","s3:PutObject","s3:ListBucket","s3:GetObjectTagging","s3:PutObjectTagging"`, `"*"`, ""),
		"blue": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:GetObjectTagging"],"Resource":"*"},
			{"Effect":"Allow","Action":["s3:PutObject","s3:PutObjectTagging"],"Resource":"*","Condition":{"StringEquals":{"s3:RequestObjectTag/team":"blue"}}}]}`,
	})
	admin := c.as("admin")
	b := bucket(t, admin, "assets")
	put(t, admin, b, "plain", "v")
	if _, err := admin.PutObject(t.Context(), &sdk.PutObjectInput{Bucket: b, Key: aws.String("red"), Body: strings.NewReader("v"), Tagging: aws.String("team=red")}); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		role, from, tags string
		directive        types.TaggingDirective
		allowed          bool
	}{
		{"copier", "plain", "", "", true},
		{"copier", "red", "", "", false},
		{"copier", "red", "", types.TaggingDirectiveReplace, true},
		{"tagger", "red", "", "", true},
		{"blue", "plain", "team=blue", "", false},
		{"blue", "red", "team=blue", types.TaggingDirectiveCopy, false},
		{"blue", "red", "team=blue", types.TaggingDirectiveReplace, true},
	} {
		in := &sdk.CopyObjectInput{Bucket: b, Key: aws.String("copy"), CopySource: aws.String("assets/" + row.from), TaggingDirective: row.directive}
		if row.tags != "" {
			in.Tagging = &row.tags
		}
		if _, err := c.as(row.role).CopyObject(t.Context(), in); (err == nil) != row.allowed {
			t.Errorf("%s copies %s with %q %s: %v", row.role, row.from, row.tags, row.directive, err)
		}
	}
}

// send signs a request in its headers as a role and gives the status of the answer.
func (c *cloud) send(t *testing.T, role string, request *http.Request) int {
	t.Helper()
	key := sigv4.Key{AccessKeyID: role, Secret: "secret", Token: "token"}
	if err := sigv4.Sign(request, sigv4.HashBody(nil), key, sigv4.Scope{Region: "us-east-1", Service: "s3"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode
}
