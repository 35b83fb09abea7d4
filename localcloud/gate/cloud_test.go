package gate_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/session"
	"github.com/writ-dev/writ/localcloud/sts"
)

const account = "000000000000"

// cloud is a gate with small services behind it, one for each protocol.
type cloud struct {
	gate  *gate.Gate
	vault *session.Vault
	url   string

	mu       sync.Mutex
	now      time.Time
	roles    map[string]gate.RoleAccess
	verdicts []gate.Verdict
	last     *gate.Call
}

func (c *cloud) RoleAccess(name string) (gate.RoleAccess, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	access, ok := c.roles[name]
	return access, ok
}

func (c *cloud) TrustedRole(arn string) (session.Role, bool) {
	access, ok := c.RoleAccess(arn[strings.LastIndexByte(arn, '/')+1:])
	return session.Role{}, ok && access.ARN == "" // the gate's tests take on no roles
}

func (c *cloud) PolicyDocument(string) (string, bool) { return "", false }

func (c *cloud) clock() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func policy(t testing.TB, text string) *iam.Policy {
	t.Helper()
	p, err := iam.Load([]byte(text), iam.Origin{Type: iam.TypeIdentity, Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const allowAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

func newCloud(t testing.TB, change func(*gate.Config)) *cloud {
	t.Helper()
	c := &cloud{vault: session.NewVault(make([]byte, session.KeySize)), now: time.Now(), roles: map[string]gate.RoleAccess{}}
	c.addRole(t, "admin", allowAll)
	cfg := gate.Config{
		Account: account, Region: "us-east-1", Directory: c, Credentials: c.vault, Now: c.clock,
		Services: []gate.Service{
			&echo{cloud: c, info: gate.Info{Name: "dynamodb", Protocol: gate.JSON10, Target: "DynamoDB_20120810", ErrorPrefix: "com.amazonaws.dynamodb.v20120810#"}},
			&echo{cloud: c, info: gate.Info{Name: "logs", Protocol: gate.JSON11, Target: "Logs_20140328"}},
			&echo{cloud: c, info: gate.Info{Name: "lambda", Protocol: gate.RESTJSON, Route: routeLambda}},
			&echo{cloud: c, info: gate.Info{Name: "s3", Protocol: gate.RESTXML, Route: routeS3}},
			sts.New(sts.Config{Account: account, Roles: c, Issuer: c.vault, Now: c.clock}),
		},
		OnVerdict: func(v gate.Verdict) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.verdicts = append(c.verdicts, v)
		},
	}
	if change != nil {
		change(&cfg)
	}
	c.gate = gate.New(cfg)
	server := httptest.NewServer(c.gate)
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

func (c *cloud) addRole(t testing.TB, name, document string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.roles[name] = gate.RoleAccess{
		ARN: "arn:aws:iam::" + account + ":role/path/" + name, ID: "AROA" + name,
		Identity: []*iam.Policy{policy(t, document)}, Tags: map[string]string{"Team": "blue"},
	}
}

func (c *cloud) caller(role string) gate.Caller {
	return gate.Caller{
		Kind: iam.PrincipalSession, ARN: "arn:aws:sts::" + account + ":assumed-role/" + role + "/s", Account: account,
		UserID: "AROA" + role + ":s", RoleName: role, SessionName: "s", Issued: c.clock(),
	}
}

// config is what an SDK client needs to call as a role.
func (c *cloud) config(t testing.TB, role string) aws.Config {
	t.Helper()
	credentials, err := c.vault.Issue(c.caller(role), c.clock().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return c.configOf(aws.Credentials{
		AccessKeyID: credentials.AccessKeyID, SecretAccessKey: credentials.SecretAccessKey, SessionToken: credentials.SessionToken,
	})
}

func (c *cloud) configOf(credentials aws.Credentials) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(c.url),
		Credentials:      aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return credentials, nil }),
		RetryMaxAttempts: 1,
	}
}

// calls makes one call of each protocol and gives AWS's error codes.
func calls(t testing.TB, cfg aws.Config) map[string]string {
	t.Helper()
	ctx := t.Context()
	out := map[string]string{}
	_, err := awssts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	out["sts"] = code(err)
	_, err = dynamodb.NewFromConfig(cfg).ListTables(ctx, nil)
	out["dynamodb"] = code(err)
	_, err = lambda.NewFromConfig(cfg).ListFunctions(ctx, nil)
	out["lambda"] = code(err)
	_, err = pathStyle(cfg).PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("b"), Key: aws.String("k"), Body: strings.NewReader("hello")})
	out["s3"] = code(err)
	return out
}

func pathStyle(cfg aws.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
}

func code(err error) string {
	var api smithy.APIError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &api):
		return api.ErrorCode()
	}
	return err.Error()
}

func routeLambda(c *gate.Call) (string, bool) {
	return "ListFunctions", strings.HasPrefix(c.Path, "/2015-03-31/functions")
}

func routeS3(c *gate.Call) (string, bool) {
	switch c.Method {
	case http.MethodPut:
		return "PutObject", true
	case http.MethodGet:
		return "GetObject", true
	}
	return "", false
}

// echo is a service that asks for its operation's name on a table of that name.
type echo struct {
	cloud *cloud
	info  gate.Info
}

func (e *echo) Info() gate.Info { return e.info }

func (e *echo) Describe(c *gate.Call) ([]gate.Ask, error) {
	switch c.Operation {
	case "DescribeTable":
		return nil, errors.New("no idea")
	case "DeleteTable":
		return nil, nil
	case "CreateTable":
		return nil, gate.Errorf("ValidationException", "no")
	case "UpdateTable":
		return []gate.Ask{{Action: "dynamodb:UpdateTable"}}, nil
	}
	return []gate.Ask{{Action: e.info.Name + ":" + c.Operation, Resource: "arn:aws:" + e.info.Name + ":us-east-1:" + account + ":thing/x"}}, nil
}

func (e *echo) Handle(_ context.Context, c *gate.Call) (*gate.Reply, error) {
	e.cloud.mu.Lock()
	e.cloud.last = c
	e.cloud.mu.Unlock()
	switch c.Operation {
	case "PutItem":
		panic("a fault of the service")
	case "GetItem":
		return nil, io.ErrUnexpectedEOF
	case "Query":
		return nil, gate.Errorf("ResourceNotFoundException", "Requested resource not found")
	}
	if e.info.Protocol == gate.RESTXML {
		return &gate.Reply{Header: http.Header{"Etag": {`"x"`}}}, nil
	}
	return &gate.Reply{Body: []byte(`{}`)}, nil
}
