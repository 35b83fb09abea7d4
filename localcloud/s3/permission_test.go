package s3_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func allow(action, resource, condition string) string {
	if condition != "" {
		condition = `,"Condition":` + condition
	}
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[` + action + `],"Resource":[` + resource + `]` + condition + `}]}`
}

func TestEveryOperationNeedsItsOwnAction(t *testing.T) {
	t.Parallel()
	c := newCloud(t, map[string]string{
		"nobody":  allow(`"s3:ListAllMyBuckets"`, `"*"`, ""),
		"reader":  allow(`"s3:GetObject"`, `"arn:aws:s3:::assets/*"`, ""),
		"knowing": allow(`"s3:GetObject","s3:ListBucket"`, `"arn:aws:s3:::assets","arn:aws:s3:::assets/*"`, ""),
		"writer":  allow(`"s3:PutObject"`, `"arn:aws:s3:::assets/in/*"`, ""),
		"lister":  allow(`"s3:ListBucket"`, `"arn:aws:s3:::assets"`, `{"StringEquals":{"s3:prefix":"in/"}}`),
	})
	admin := c.as("admin")
	b := bucket(t, admin, "assets")
	put(t, admin, b, "in/k", "v")
	get := func(role, key string) error {
		_, err := c.as(role).GetObject(t.Context(), &sdk.GetObjectInput{Bucket: b, Key: &key})
		return err
	}
	list := func(role, prefix string) error {
		_, err := c.as(role).ListObjectsV2(t.Context(), &sdk.ListObjectsV2Input{Bucket: b, Prefix: &prefix})
		return err
	}
	write := func(role, key string, tags *string) error {
		_, err := c.as(role).PutObject(t.Context(), &sdk.PutObjectInput{Bucket: b, Key: &key, Body: strings.NewReader("x"), Tagging: tags})
		return err
	}
	copied := func(role string) error {
		_, err := c.as(role).CopyObject(t.Context(), &sdk.CopyObjectInput{Bucket: b, Key: aws.String("in/copy"), CopySource: aws.String("assets/in/k")})
		return err
	}
	for _, row := range []struct {
		what   string
		err    error
		code   string
		status int
	}{
		{"read without a grant", get("nobody", "in/k"), "AccessDenied", 403},
		{"read with one", get("reader", "in/k"), "", 0},
		{"a missing key without s3:ListBucket", get("reader", "none"), "AccessDenied", 403},
		{"a missing key with it", get("knowing", "none"), "NoSuchKey", 404},
		{"write under the prefix", write("writer", "in/x", nil), "", 0},
		{"write beside it", write("writer", "out/x", nil), "AccessDenied", 403},
		{"write with tags needs s3:PutObjectTagging", write("writer", "in/x", aws.String("a=b")), "AccessDenied", 403},
		{"copy without reading", copied("writer"), "AccessDenied", 403},
		{"list the granted prefix", list("lister", "in/"), "", 0},
		{"list another", list("lister", ""), "AccessDenied", 403},
		{"a bucket that is not there", get("admin", "x"), "NoSuchKey", 404},
	} {
		if row.code == "" {
			if row.err != nil {
				t.Errorf("%s: %v", row.what, row.err)
			}
			continue
		}
		t.Run(row.what, func(t *testing.T) { wantError(t, row.err, row.code, row.status) })
	}
}

func TestBucketPolicyAndPublicAccessBlock(t *testing.T) {
	t.Parallel()
	c := newCloud(t, map[string]string{"guest": allow(`"s3:ListAllMyBuckets"`, `"*"`, "")})
	admin := c.as("admin")
	b := bucket(t, admin, "assets")
	put(t, admin, b, "k", "v")
	policy := func(principal string) *string {
		return aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal + `,"Action":"s3:GetObject","Resource":"arn:aws:s3:::assets/*"}]}`)
	}
	anonymous := func() int {
		response, err := http.Get(c.url + "/assets/k")
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil {
			t.Fatal(err)
		}
		return response.StatusCode
	}
	_, err := admin.GetBucketPolicy(t.Context(), &sdk.GetBucketPolicyInput{Bucket: b})
	wantError(t, err, "NoSuchBucketPolicy", 404)
	_, err = admin.PutBucketPolicy(t.Context(), &sdk.PutBucketPolicyInput{Bucket: b, Policy: aws.String("{")})
	wantError(t, err, "MalformedPolicy", 400)

	must(admin.PutBucketPolicy(t.Context(), &sdk.PutBucketPolicyInput{Bucket: b, Policy: policy(`{"AWS":"arn:aws:iam::000000000000:role/guest"}`)}))(t)
	if _, err := c.as("guest").GetObject(t.Context(), &sdk.GetObjectInput{Bucket: b, Key: aws.String("k")}); err != nil {
		t.Errorf("granted by the bucket policy: %v", err)
	}
	if got := anonymous(); got != 403 {
		t.Errorf("anonymous: %d, want 403", got)
	}
	_, err = admin.PutBucketPolicy(t.Context(), &sdk.PutBucketPolicyInput{Bucket: b, Policy: policy(`"*"`)})
	wantError(t, err, "AccessDenied", 403)
	must(admin.PutPublicAccessBlock(t.Context(), &sdk.PutPublicAccessBlockInput{Bucket: b, PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{
		RestrictPublicBuckets: aws.Bool(true),
	}}))(t)
	must(admin.PutBucketPolicy(t.Context(), &sdk.PutBucketPolicyInput{Bucket: b, Policy: policy(`"*"`)}))(t)
	if got := anonymous(); got != 403 {
		t.Errorf("anonymous with RestrictPublicBuckets: %d, want 403", got)
	}
	must(admin.DeletePublicAccessBlock(t.Context(), &sdk.DeletePublicAccessBlockInput{Bucket: b}))(t)
	if got := anonymous(); got != 200 {
		t.Errorf("anonymous on a public bucket: %d, want 200", got)
	}
	_, err = admin.GetPublicAccessBlock(t.Context(), &sdk.GetPublicAccessBlockInput{Bucket: b})
	wantError(t, err, "NoSuchPublicAccessBlockConfiguration", 404)
	must(admin.DeleteBucketPolicy(t.Context(), &sdk.DeleteBucketPolicyInput{Bucket: b}))(t)
	if got := anonymous(); got != 403 {
		t.Errorf("anonymous without a policy: %d, want 403", got)
	}
}
