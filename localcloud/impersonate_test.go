package localcloud_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/writ-dev/writ/internal/sigv4"
	"github.com/writ-dev/writ/localcloud"
	"github.com/writ-dev/writ/localcloud/impersonate"
)

// impersonate asks for a session of a role with the credentials given, and
// gives the status and the body of the answer.
func (c *cloud) impersonate(t *testing.T, as aws.CredentialsProvider, role string) (int, string) {
	t.Helper()
	body := must[[]byte](t)(json.Marshal(impersonate.Request{Role: role}))
	r := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodPost, c.api.URL+"/", bytes.NewReader(body)))
	r.Header.Set("X-Amz-Target", impersonate.Target)
	k := must[aws.Credentials](t)(as.Retrieve(t.Context()))
	key := sigv4.Key{AccessKeyID: k.AccessKeyID, Secret: k.SecretAccessKey, Token: k.SessionToken}
	if err := sigv4.Sign(r, sigv4.HashBody(body), key, sigv4.Scope{Region: c.Region(), Service: impersonate.Name}, time.Now()); err != nil {
		t.Fatal(err)
	}
	response := must[*http.Response](t)(http.DefaultClient.Do(r))
	defer response.Body.Close()
	return response.StatusCode, string(must[[]byte](t)(io.ReadAll(response.Body)))
}

// The developer sees what a role sees that only Lambda may take on, and nobody
// else can do the same, whatever their role allows.
func TestOnlyTheDeveloperImpersonates(t *testing.T) {
	t.Parallel()
	// AWS's catalogue has no writ:Impersonate, so the check of context keys is off.
	c := newCloud(t, func(cfg *localcloud.Config) { cfg.OnVerdict = nil })
	arn := c.role(t, "reader", trustLambda, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"dynamodb:ListTables","Resource":"*"}]}`)
	_, err := sts.NewFromConfig(c.dev()).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("tester")})
	wantCode(t, "AssumeRole of a role for Lambda alone", err, "AccessDenied")

	status, body := c.impersonate(t, c.developer, "reader")
	var answer impersonate.Answer
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusOK || answer.TrustPolicyAsked || !strings.Contains(body, `"TrustPolicyAsked":false`) {
		t.Fatalf("the developer: %d %s", status, body)
	}
	reader := static(answer.Credentials)
	tables := dynamodb.NewFromConfig(c.as(reader))
	if _, err := tables.ListTables(t.Context(), &dynamodb.ListTablesInput{}); err != nil {
		t.Errorf("what the role may: %v", err)
	}
	_, err = tables.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("things")})
	wantCode(t, "what the role may not", err, "AccessDeniedException")
	if !c.seen(&c.denied, "assumed-role/reader/developer is not authorized to perform: dynamodb:DescribeTable") {
		t.Error("the denial of the role's session was not told")
	}

	admin := c.role(t, "admin", trustAll, allowAll)
	asAdmin := c.assume(t, admin, "")
	chained := c.assume(t, "arn:aws:iam::000000000000:role/"+localcloud.DeveloperRole, "")
	for who, credentials := range map[string]aws.CredentialsProvider{
		"the session itself":                          reader,
		"a role with every right":                     asAdmin.Credentials,
		"a session of the developer's role":           chained.Credentials,
		"a session of the developer's role by Issue":  static(must[localcloud.Credentials](t)(c.Issue(localcloud.DeveloperRole, time.Now().Add(time.Hour)))),
		"the root of the account":                     static(must[localcloud.Credentials](t)(c.IssueRoot())),
		"a session that the developer was handed out": impersonated(t, c, localcloud.DeveloperRole),
	} {
		for _, role := range []string{"reader", "no-such-role"} {
			if status, body := c.impersonate(t, credentials, role); status != http.StatusBadRequest || !strings.Contains(body, `"AccessDeniedException"`) {
				t.Errorf("%s, role %s: %d %s", who, role, status, body)
			}
		}
	}
	if status, body := c.impersonate(t, c.developer, "no-such-role"); status != http.StatusNotFound || !strings.Contains(body, "NoSuchEntity") {
		t.Errorf("an unknown role: %d %s", status, body)
	}
}

func impersonated(t *testing.T, c *cloud, role string) aws.CredentialsProvider {
	t.Helper()
	_, body := c.impersonate(t, c.developer, role)
	var answer impersonate.Answer
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatal(err)
	}
	return static(answer.Credentials)
}
