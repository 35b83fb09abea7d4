package dynamodb_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	aws_dynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/dynamodb"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/gate/gatetest"
	"github.com/writ-dev/writ/localcloud/session"
	"github.com/writ-dev/writ/localcloud/store"
)

const account = "000000000000"

// cloud is the service behind a real gate, spoken to by the real SDK.
type cloud struct {
	*aws_dynamodb.Client
	t       testing.TB
	path    string
	db      *store.DB
	service *dynamodb.Service
	gate    *gate.Gate
	vault   *session.Vault
	url     string

	mu    sync.Mutex
	now   time.Time
	roles map[string]gate.RoleAccess
	asks  []gate.Verdict
}

func newCloud(t testing.TB) *cloud {
	t.Helper()
	c := &cloud{
		t: t, path: filepath.Join(t.TempDir(), "cloud.db"), now: time.Now(), roles: map[string]gate.RoleAccess{},
		vault: session.NewVault(make([]byte, session.KeySize)),
	}
	c.role("admin", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	c.start()
	t.Cleanup(func() { _ = c.db.Close() })
	return c
}

// start opens the store and serves it.
func (c *cloud) start() {
	c.t.Helper()
	var err error
	if c.db, err = store.Open(c.path); err != nil {
		c.t.Fatal(err)
	}
	c.service, err = dynamodb.New(dynamodb.Config{DB: c.db, Account: account, Region: "us-east-1", Now: c.clock})
	if err != nil {
		c.t.Fatal(err)
	}
	keys := gatetest.Keys(c.t)
	c.gate = gate.New(gate.Config{
		Account: account, Region: "us-east-1", Directory: c, Credentials: c.vault, Now: c.clock, Services: []gate.Service{c.service},
		OnVerdict: func(v gate.Verdict) {
			keys(v)
			c.mu.Lock()
			defer c.mu.Unlock()
			c.asks = append(c.asks, v)
		},
	})
	server := httptest.NewServer(c.gate)
	c.t.Cleanup(server.Close)
	c.url = server.URL
	c.Client = c.as("admin")
}

// restart closes everything and opens it again, as a new process would.
func (c *cloud) restart() {
	c.t.Helper()
	if err := c.db.Close(); err != nil {
		c.t.Fatal(err)
	}
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

func (c *cloud) role(name, policy string) {
	c.t.Helper()
	p, err := iam.Load([]byte(policy), iam.Origin{Type: iam.TypeIdentity, Name: "test"})
	if err != nil {
		c.t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.roles[name] = gate.RoleAccess{ARN: "arn:aws:iam::" + account + ":role/" + name, ID: "AROA" + name, Identity: []*iam.Policy{p}}
}

func (c *cloud) caller(role string) gate.Caller {
	return gate.Caller{
		Kind: iam.PrincipalSession, ARN: "arn:aws:sts::" + account + ":assumed-role/" + role + "/s", Account: account,
		UserID: "AROA" + role + ":s", RoleName: role, SessionName: "s", Issued: c.clock(),
	}
}

// as gives a client that calls as a role.
func (c *cloud) as(role string) *aws_dynamodb.Client {
	c.t.Helper()
	cr, err := c.vault.Issue(c.caller(role), c.clock().Add(time.Hour))
	if err != nil {
		c.t.Fatal(err)
	}
	return aws_dynamodb.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(c.url), RetryMaxAttempts: 1, AccountIDEndpointMode: aws.AccountIDEndpointModePreferred,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: cr.AccessKeyID, SecretAccessKey: cr.SecretAccessKey, SessionToken: cr.SessionToken, AccountID: account}, nil
		}),
	})
}

// table makes a table with string keys pk and, with sort, sk.
func (c *cloud) table(name string, sort bool, change ...func(*aws_dynamodb.CreateTableInput)) {
	c.t.Helper()
	in := &aws_dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{attribute("pk", "S")}, KeySchema: []types.KeySchemaElement{hash("pk")},
	}
	if sort {
		in.AttributeDefinitions = append(in.AttributeDefinitions, attribute("sk", "S"))
		in.KeySchema = append(in.KeySchema, ranged("sk"))
	}
	for _, f := range change {
		f(in)
	}
	if _, err := c.CreateTable(c.t.Context(), in); err != nil {
		c.t.Fatal(err)
	}
}

func attribute(name, kind string) types.AttributeDefinition {
	return types.AttributeDefinition{AttributeName: &name, AttributeType: types.ScalarAttributeType(kind)}
}

func hash(name string) types.KeySchemaElement {
	return types.KeySchemaElement{AttributeName: &name, KeyType: types.KeyTypeHash}
}

func ranged(name string) types.KeySchemaElement {
	return types.KeySchemaElement{AttributeName: &name, KeyType: types.KeyTypeRange}
}

func global(name string, p types.ProjectionType, keys ...types.KeySchemaElement) types.GlobalSecondaryIndex {
	return types.GlobalSecondaryIndex{IndexName: &name, KeySchema: keys, Projection: &types.Projection{ProjectionType: p}}
}

func s(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
func n(v string) types.AttributeValue { return &types.AttributeValueMemberN{Value: v} }

type record = map[string]types.AttributeValue

// put puts records of string and number attributes.
func (c *cloud) put(table string, items ...record) {
	c.t.Helper()
	for _, it := range items {
		if _, err := c.PutItem(c.t.Context(), &aws_dynamodb.PutItemInput{TableName: &table, Item: it}); err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c *cloud) get(table string, key record) record {
	c.t.Helper()
	out, err := c.GetItem(c.t.Context(), &aws_dynamodb.GetItemInput{TableName: &table, Key: key})
	if err != nil {
		c.t.Fatal(err)
	}
	return out.Item
}

// message gives AWS's code and message of an error, "" of none.
func message(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
