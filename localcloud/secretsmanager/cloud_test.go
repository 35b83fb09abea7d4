package secretsmanager_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssecrets "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/gate/gatetest"
	"github.com/writ-dev/writ/localcloud/secretsmanager"
	"github.com/writ-dev/writ/localcloud/session"
	"github.com/writ-dev/writ/localcloud/store"
)

const account = "000000000000"

// cloud is the service behind a real gate, spoken to by the real SDK.
type cloud struct {
	*awssecrets.Client
	t       testing.TB
	path    string
	db      *store.DB
	service *secretsmanager.Service
	gate    *gate.Gate
	vault   *session.Vault
	server  *httptest.Server

	mu    sync.Mutex
	now   time.Time
	roles map[string]gate.RoleAccess
}

func newCloud(t testing.TB) *cloud {
	t.Helper()
	c := &cloud{
		t: t, path: filepath.Join(t.TempDir(), "cloud.db"), now: time.Now(), roles: map[string]gate.RoleAccess{},
		vault: session.NewVault(make([]byte, session.KeySize)),
	}
	c.role("admin", `{"Effect":"Allow","Action":"*","Resource":"*"}`)
	c.start()
	t.Cleanup(c.stop)
	return c
}

func (c *cloud) start() {
	c.t.Helper()
	var err error
	if c.db, err = store.Open(c.path); err != nil {
		c.t.Fatal(err)
	}
	c.server = httptest.NewUnstartedServer(nil)
	c.service, err = secretsmanager.New(secretsmanager.Config{DB: c.db, Account: account, Region: "us-east-1", Now: c.clock, Key: make([]byte, 32)})
	if err != nil {
		c.t.Fatal(err)
	}
	c.gate = gate.New(gate.Config{
		Account: account, Region: "us-east-1", Directory: c, Credentials: c.vault, Services: []gate.Service{c.service},
		OnVerdict: gatetest.Keys(c.t),
	})
	c.server.Config.Handler = c.gate
	c.server.Start()
	c.Client = c.as("admin")
}

func (c *cloud) stop() {
	c.server.Close()
	if err := c.db.Close(); err != nil {
		c.t.Error(err)
	}
}

// restart closes everything and opens it again, as a new process would.
func (c *cloud) restart() {
	c.stop()
	c.start()
}

func (c *cloud) clock() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *cloud) later(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *cloud) RoleAccess(name string) (gate.RoleAccess, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	access, ok := c.roles[name]
	return access, ok
}

func (c *cloud) role(name, statement string) {
	c.t.Helper()
	p, err := iam.Load([]byte(`{"Version":"2012-10-17","Statement":[`+statement+`]}`), iam.Origin{Type: iam.TypeIdentity, Name: "test"})
	if err != nil {
		c.t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.roles[name] = gate.RoleAccess{ARN: "arn:aws:iam::" + account + ":role/" + name, ID: "AROA" + name, Identity: []*iam.Policy{p}}
}

// as gives a client that calls as a role.
func (c *cloud) as(role string) *awssecrets.Client {
	c.t.Helper()
	now := time.Now()
	keys, err := c.vault.Issue(gate.Caller{
		Kind: iam.PrincipalSession, ARN: "arn:aws:sts::" + account + ":assumed-role/" + role + "/s", Account: account,
		UserID: "AROA" + role + ":s", RoleName: role, SessionName: "s", Issued: now,
	}, now.Add(24*365*time.Hour))
	if err != nil {
		c.t.Fatal(err)
	}
	return awssecrets.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(c.server.URL), RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: keys.AccessKeyID, SecretAccessKey: keys.SecretAccessKey, SessionToken: keys.SessionToken}, nil
		}),
	})
}

// secret makes a secret and gives its ARN.
func (c *cloud) secret(name, value string) *string {
	c.t.Helper()
	out, err := c.CreateSecret(c.t.Context(), &awssecrets.CreateSecretInput{Name: &name, SecretString: &value})
	if err != nil {
		c.t.Fatal(err)
	}
	return out.ARN
}

// value gives a secret's value, or AWS's code.
func value(t testing.TB, client *awssecrets.Client, id, stage string) string {
	t.Helper()
	in := &awssecrets.GetSecretValueInput{SecretId: &id}
	if stage != "" {
		in.VersionStage = &stage
	}
	out, err := client.GetSecretValue(t.Context(), in)
	if err != nil {
		return code(err)
	}
	return aws.ToString(out.SecretString) + string(out.SecretBinary)
}

// code gives AWS's code of an error, "" of none.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func same(t testing.TB, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}
