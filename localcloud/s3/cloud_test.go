package s3_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/gate/gatetest"
	"github.com/writ-dev/writ/localcloud/s3"
	"github.com/writ-dev/writ/localcloud/store"
)

const account = "000000000000"

// cloud is S3 behind the real gate, with roles that may do what their policy says.
type cloud struct {
	url   string
	dir   string
	roles map[string]string // name to policy
}

// everything is the policy of a role that may do all of S3.
const everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`

func newCloud(t *testing.T, roles map[string]string) *cloud {
	t.Helper()
	c := &cloud{dir: t.TempDir(), roles: map[string]string{"admin": everything}}
	for name, policy := range roles {
		c.roles[name] = policy
	}
	db, err := store.Open(filepath.Join(c.dir, "cloud.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	service, err := s3.New(s3.Config{
		DB: db, Dir: filepath.Join(c.dir, "s3"), Account: account, Region: "us-east-1", Now: time.Now, Rand: rand.Reader,
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gate.New(gate.Config{
		Account: account, Region: "us-east-1", Services: []gate.Service{service}, Directory: c, Credentials: c, Now: time.Now, OnVerdict: gatetest.Keys(t),
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

// RoleAccess makes cloud a gate.Directory.
func (c *cloud) RoleAccess(name string) (gate.RoleAccess, bool) {
	policy, err := iam.Load([]byte(c.roles[name]), iam.Origin{Type: iam.TypeIdentity, Name: "inline"})
	if err != nil {
		return gate.RoleAccess{}, false
	}
	return gate.RoleAccess{ARN: "arn:aws:iam::" + account + ":role/" + name, ID: "AROATEST", Identity: []*iam.Policy{policy}}, true
}

// Lookup makes cloud gate.Credentials: the access key is the role's name.
func (c *cloud) Lookup(key, _ string, _ time.Time) (string, gate.Caller, error) {
	if c.roles[key] == "" {
		return "", gate.Caller{}, gate.Errorf("InvalidClientTokenId", "no such key")
	}
	return "secret", gate.Caller{
		Kind: iam.PrincipalSession, ARN: "arn:aws:sts::" + account + ":assumed-role/" + key + "/test", Account: account,
		RoleName: key, SessionName: "test", UserID: "AROATEST:test",
	}, nil
}

// as gives an SDK client with the credentials of a role.
func (c *cloud) as(role string) *sdk.Client {
	return sdk.New(sdk.Options{
		BaseEndpoint: &c.url, Region: "us-east-1", UsePathStyle: true, Credentials: keys(role), RetryMaxAttempts: 1,
		HTTPClient: &http.Client{Timeout: 30 * time.Second},
	})
}

type keys string

func (k keys) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: string(k), SecretAccessKey: "secret", SessionToken: "token"}, nil
}

// wantError fails unless err is AWS's error of a code and an HTTP status.
func wantError(t *testing.T, err error, code string, status int) {
	t.Helper()
	var api smithy.APIError
	var response *smithyhttp.ResponseError
	if !errors.As(err, &api) || !errors.As(err, &response) || api.ErrorCode() != code || response.HTTPStatusCode() != status {
		t.Errorf("got error %v, want %s with status %d", err, code, status)
	}
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
