package sns_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/gate/gatetest"
	"github.com/writ-dev/writ/localcloud/session"
	"github.com/writ-dev/writ/localcloud/sns"
	"github.com/writ-dev/writ/localcloud/sqs"
	"github.com/writ-dev/writ/localcloud/store"
)

const account = "000000000000"

// cloud is SNS and SQS behind a real gate, and a Lambda that notes its calls.
type cloud struct {
	*awssns.Client
	t      testing.TB
	path   string
	db     *store.DB
	topics *sns.Service
	vault  *session.Vault
	server *httptest.Server
	queues *awssqs.Client
	lambda *functions

	mu    sync.Mutex
	roles map[string]gate.RoleAccess
	log   strings.Builder
}

// functions is a Lambda whose one function lets in whom the policy does.
type functions struct {
	policy *iam.Policy
	fail   int // how many calls fail first
	mu     sync.Mutex
	events []string
}

func (f *functions) Info() gate.Info {
	return gate.Info{Name: "lambda", Protocol: gate.RESTJSON, Route: func(*gate.Call) (string, bool) { return "Invoke", true }}
}

func (f *functions) Describe(c *gate.Call) ([]gate.Ask, error) {
	return []gate.Ask{{Action: "lambda:InvokeFunction", Resource: c.Vars["FunctionName"], ResourcePolicy: f.policy}}, nil
}

func (f *functions) Handle(_ context.Context, c *gate.Call) (*gate.Reply, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail > 0 {
		f.fail--
		return nil, gate.Errorf("ServiceException", "not now").WithStatus(500)
	}
	f.events = append(f.events, c.Header.Get("X-Amz-Invocation-Type")+string(c.Body))
	return &gate.Reply{Status: 202}, nil
}

// got gives the events that came so far.
func (f *functions) got() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.events, "\n")
}

// Write takes the service's log.
func (c *cloud) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.log.Write(b)
}

func (c *cloud) said() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.log.String()
}

// late is a Doer that is known only after the services are made.
type late struct{ gate.Doer }

func newCloud(t testing.TB) *cloud {
	t.Helper()
	c := &cloud{
		t: t, path: filepath.Join(t.TempDir(), "cloud.db"), roles: map[string]gate.RoleAccess{}, vault: session.NewVault(make([]byte, session.KeySize)),
		lambda: &functions{policy: load(t, iam.TypeResource, `{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"*",
			"Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:sns:us-east-1:000000000000:news"}}}`)},
	}
	c.role("admin", `{"Effect":"Allow","Action":"*","Resource":"*"}`)
	c.start()
	t.Cleanup(c.stop)
	return c
}

func (c *cloud) start() {
	c.t.Helper()
	var err error
	must := func(err error) {
		c.t.Helper()
		if err != nil {
			c.t.Fatal(err)
		}
	}
	c.db, err = store.Open(c.path)
	must(err)
	do := &late{}
	c.topics, err = sns.New(sns.Config{
		DB: c.db, Account: account, Region: "us-east-1", Do: do, Log: slog.New(slog.NewTextHandler(c, nil)), Retries: []time.Duration{time.Millisecond, time.Millisecond},
	})
	must(err)
	queues, err := sqs.New(sqs.Config{DB: c.db, Account: account, Region: "us-east-1", Endpoint: func() string { return "http://127.0.0.1" }})
	must(err)
	do.Doer = gate.New(gate.Config{
		Account: account, Region: "us-east-1", Directory: c, Credentials: c.vault, Services: []gate.Service{c.topics, queues, c.lambda}, OnVerdict: gatetest.Keys(c.t),
	})
	c.server = httptest.NewServer(do.Doer.(*gate.Gate))
	must(c.topics.Resume())
	c.Client, c.queues = awssns.NewFromConfig(c.config("admin")), awssqs.NewFromConfig(c.config("admin"))
}

func (c *cloud) stop() {
	c.server.Close()
	c.topics.Close()
	if err := c.db.Close(); err != nil {
		c.t.Error(err)
	}
}

func (c *cloud) RoleAccess(name string) (gate.RoleAccess, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	access, ok := c.roles[name]
	return access, ok
}

func load(t testing.TB, kind iam.PolicyType, statement string) *iam.Policy {
	t.Helper()
	p, err := iam.Load([]byte(`{"Version":"2012-10-17","Statement":[`+statement+`]}`), iam.Origin{Type: kind, Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (c *cloud) role(name, statement string) {
	c.t.Helper()
	p := load(c.t, iam.TypeIdentity, statement)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.roles[name] = gate.RoleAccess{ARN: "arn:aws:iam::" + account + ":role/" + name, ID: "AROA" + name, Identity: []*iam.Policy{p}}
}

// config is what an SDK client needs to call as a role.
func (c *cloud) config(role string) aws.Config {
	c.t.Helper()
	keys, err := c.vault.Issue(gate.Caller{
		Kind: iam.PrincipalSession, ARN: "arn:aws:sts::" + account + ":assumed-role/" + role + "/s", Account: account,
		UserID: "AROA" + role + ":s", RoleName: role, SessionName: "s", Issued: time.Now(),
	}, time.Now().Add(time.Hour))
	if err != nil {
		c.t.Fatal(err)
	}
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(c.server.URL), RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: keys.AccessKeyID, SecretAccessKey: keys.SecretAccessKey, SessionToken: keys.SessionToken}, nil
		}),
	}
}

func (c *cloud) as(role string) *awssns.Client { return awssns.NewFromConfig(c.config(role)) }

func (c *cloud) topic(name string) *string {
	c.t.Helper()
	out, err := c.CreateTopic(c.t.Context(), &awssns.CreateTopicInput{Name: &name})
	if err != nil {
		c.t.Fatal(err)
	}
	return out.TopicArn
}

// queue makes a queue that lets a topic in, "" for none.
func (c *cloud) queue(name, topic string) *string {
	c.t.Helper()
	in := &awssqs.CreateQueueInput{QueueName: &name}
	if topic != "" {
		in.Attributes = map[string]string{"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage",
			"Resource":"*","Condition":{"ArnEquals":{"aws:SourceArn":"` + topic + `"},"StringEquals":{"aws:SourceAccount":"` + account + `"}}}]}`}
	}
	out, err := c.queues.CreateQueue(c.t.Context(), in)
	if err != nil {
		c.t.Fatal(err)
	}
	return out.QueueUrl
}

// received waits for one message of a queue and removes it.
func (c *cloud) received(url *string) (body string, attributes map[string]string) {
	c.t.Helper()
	out, err := c.queues.ReceiveMessage(c.t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: 10, MessageAttributeNames: []string{"All"}})
	if err != nil || len(out.Messages) != 1 {
		c.t.Fatal(out, err, c.said())
	}
	_, err = c.queues.DeleteMessage(c.t.Context(), &awssqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: out.Messages[0].ReceiptHandle})
	if err != nil {
		c.t.Fatal(err)
	}
	attributes = map[string]string{}
	for name, a := range out.Messages[0].MessageAttributes {
		attributes[name] = *a.DataType + " " + aws.ToString(a.StringValue) + string(a.BinaryValue)
	}
	return *out.Messages[0].Body, attributes
}

func (c *cloud) subscribe(topic *string, protocol, endpoint string, attributes map[string]string) *string {
	c.t.Helper()
	out, err := c.Subscribe(c.t.Context(), &awssns.SubscribeInput{TopicArn: topic, Protocol: &protocol, Endpoint: &endpoint, Attributes: attributes})
	if err != nil {
		c.t.Fatal(err)
	}
	return out.SubscriptionArn
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

func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it did not happen in 10 seconds: %s", what)
		}
	}
}
