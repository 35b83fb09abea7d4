package localcloud_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	awshttp "github.com/aws/smithy-go/transport/http"
	"github.com/writ-dev/writ/internal/sigv4"
	"github.com/writ-dev/writ/localcloud"
)

// arena is a cloud with something to get at: the tables open and secret, and
// the bucket arena with objects of awkward names.
type arena struct {
	*cloud
	t     *testing.T
	roles int
}

// objects are the keys in the bucket; each holds its own name.
var objects = []string{
	"home/tester/file", "home/other/file", "home/*/file", "home/?/file", "${aws:PrincipalTag/team}", "team", "*", "a:b", "K", "\u212a", "secret", "secre?",
}

func newArena(t *testing.T) *arena {
	t.Helper()
	a := &arena{cloud: newCloud(t, nil), t: t}
	tables := dynamodb.NewFromConfig(a.dev())
	for _, name := range []string{"open", "secret"} {
		makeTable(t, tables, name)
		_, err := tables.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &name, Item: map[string]dbtypes.AttributeValue{
			"k": &dbtypes.AttributeValueMemberS{Value: "k"}, "in": &dbtypes.AttributeValueMemberS{Value: name},
		}})
		wantCode(t, "PutItem", err, "")
	}
	buckets := pathStyle(a.dev())
	_, err := buckets.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("arena")})
	wantCode(t, "CreateBucket", err, "")
	for _, key := range objects {
		_, err := buckets.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("arena"), Key: &key, Body: strings.NewReader(key)})
		wantCode(t, "PutObject "+key, err, "")
	}
	return a
}

// with gives the configuration of a caller with a policy and tags of the role:
// a key, its value and so on. A policy that AWS would not take is no caller.
func (a *arena) with(policy string, tags ...string) (aws.Config, error) {
	a.roles++
	name := fmt.Sprintf("caller-%d", a.roles)
	in := &awsiam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(trustAll)}
	for i := 0; i+1 < len(tags); i += 2 {
		in.Tags = append(in.Tags, iamtypes.Tag{Key: &tags[i], Value: &tags[i+1]})
	}
	client := awsiam.NewFromConfig(a.dev())
	made, err := client.CreateRole(a.t.Context(), in)
	if err != nil {
		return aws.Config{}, err
	}
	_, err = client.PutRolePolicy(a.t.Context(), &awsiam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("p"), PolicyDocument: &policy})
	if err != nil {
		return aws.Config{}, err
	}
	return a.assume(a.t, *made.Role.Arn, ""), nil
}

// may says whether a caller with a policy gets through: "" for yes, else AWS's
// code, be it for the policy or for the call.
func (a *arena) may(do func(aws.Config) error, policy string, tags ...string) string {
	a.t.Helper()
	cfg, err := a.with(policy, tags...)
	if err == nil {
		err = do(cfg)
	}
	code, message := codeOf(err)
	if code == "(no API error)" {
		a.t.Errorf("%s", message)
	}
	return strings.TrimSuffix(code, "Exception")
}

// statements makes a policy of statements without braces.
func statements(list ...string) string {
	return `{"Version":"2012-10-17","Statement":[{` + strings.Join(list, "},{") + `}]}`
}

func allow(action, resource string, more ...string) string {
	return `"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"` + strings.Join(append([]string{""}, more...), ",")
}

func deny(action, resource string, more ...string) string {
	return strings.Replace(allow(action, resource, more...), `"Allow"`, `"Deny"`, 1)
}

const (
	tableARN  = "arn:aws:dynamodb:us-east-1:000000000000:table/"
	bucketARN = "arn:aws:s3:::arena"
)

// getItem reads an item; the answer must be the table's that was asked for.
func getItem(t *testing.T, table string) func(aws.Config) error {
	return func(cfg aws.Config) error {
		out, err := dynamodb.NewFromConfig(cfg).GetItem(t.Context(), &dynamodb.GetItemInput{
			TableName: &table, Key: map[string]dbtypes.AttributeValue{"k": &dbtypes.AttributeValueMemberS{Value: "k"}},
		})
		if err == nil {
			if in, ok := out.Item["in"].(*dbtypes.AttributeValueMemberS); !ok || !strings.HasSuffix(table, in.Value) {
				t.Errorf("%s: read %v", table, out.Item)
			}
		}
		return err
	}
}

func getObject(t *testing.T, key string) func(aws.Config) error {
	return func(cfg aws.Config) error {
		out, err := pathStyle(cfg).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("arena"), Key: &key})
		if err != nil {
			return err
		}
		defer out.Body.Close()
		if body, err := io.ReadAll(out.Body); err != nil || string(body) != key {
			t.Errorf("%s: read %q %v", key, body, err)
		}
		return nil
	}
}

// listPrefix lists with a Referer and a prefix of the caller's choice, both
// of which policies can take up as variables.
func listPrefix(t *testing.T, prefix, referer string) func(aws.Config) error {
	return func(cfg aws.Config) error {
		_, err := pathStyle(cfg).ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("arena"), Prefix: &prefix}, withHeader("Referer", referer))
		return err
	}
}

func withHeader(name, value string) func(*s3.Options) {
	return func(o *s3.Options) {
		o.APIOptions = append(o.APIOptions, awshttp.AddHeaderValue(name, value))
	}
}

// row is one attempt: what it must come to, "" for success.
type row struct {
	what, policy string
	do           func(aws.Config) error
	want         string
	tags         []string
}

func (a *arena) run(rows []row) {
	a.t.Helper()
	got := map[bool]int{}
	for _, r := range rows {
		code := a.may(r.do, r.policy, r.tags...)
		if code != r.want {
			a.t.Errorf("%s: %q, want %q\n%s", r.what, code, r.want, r.policy)
		}
		got[code == ""]++
	}
	if got[true] == 0 || got[false] == 0 {
		a.t.Errorf("%d attempts got through and %d did not: a test without its control", got[true], got[false])
	}
}

// raw makes a request that no SDK would make, signed with the credentials of cfg.
func (a *arena) raw(cfg aws.Config, call *rawCall) string {
	a.t.Helper()
	keys, err := cfg.Credentials.Retrieve(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(a.t.Context(), call.method, a.api.URL, strings.NewReader(call.body))
	if err != nil {
		a.t.Fatal(err)
	}
	r.URL.Path, r.URL.RawQuery, r.Header = call.path, call.rawQuery, call.header.Clone()
	if call.rawQuery == "" {
		r.URL.RawQuery = call.query.Encode()
	}
	if r.Header == nil {
		r.Header = http.Header{}
	}
	key := sigv4.Key{AccessKeyID: keys.AccessKeyID, Secret: keys.SecretAccessKey, Token: keys.SessionToken}
	scope := sigv4.Scope{Service: call.service, Region: localcloud.DefaultRegion}
	if err := sigv4.Sign(r, sigv4.HashBody([]byte(call.body)), key, scope, time.Now()); err != nil {
		a.t.Fatal(err)
	}
	if call.rawQuery != "" {
		r.URL.RawQuery = call.rawQuery // which signing puts in order
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return fmt.Sprint(answer.StatusCode, " ", answer.Header.Get("X-Amzn-Errortype"), " ", string(body))
}

func wantBody(t *testing.T, what, got, want string) {
	t.Helper()
	if !strings.Contains(got, want) {
		t.Errorf("%s: %.300s, want %s", what, got, want)
	}
}
