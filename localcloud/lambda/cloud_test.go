package lambda_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/writ-dev/writ/localcloud/directory"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/gate/gatetest"
	"github.com/writ-dev/writ/localcloud/lambda"
	"github.com/writ-dev/writ/localcloud/logs"
	"github.com/writ-dev/writ/localcloud/session"
	"github.com/writ-dev/writ/localcloud/sqs"
	"github.com/writ-dev/writ/localcloud/store"
	"github.com/writ-dev/writ/localcloud/sts"
)

const (
	account     = "000000000000"
	region      = "us-east-1"
	trustLambda = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	trustRoot   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"sts:AssumeRole"}]}`
	allowAll    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	readQueues  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sqs:ReceiveMessage","sqs:DeleteMessage","sqs:GetQueueAttributes"],"Resource":"arn:aws:sqs:us-east-1:000000000000:jobs*"}]}`
	functionLog = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}`
)

type lambdaConfig = lambda.Config

// cloud is the real gate, IAM, STS, Lambda and Logs on a store of its own.
type cloud struct {
	dir     string
	db      *store.DB
	iam     *directory.Directory
	vault   *session.Vault
	service *lambda.Service
	queues  *sqs.Service
	gate    *gate.Gate
	url     string

	mu    sync.Mutex
	lines []string
	clock func() time.Time
}

// late is a Doer that is known only after the services are made.
type late struct{ gate.Doer }

func newCloud(t testing.TB, change func(*lambda.Config)) *cloud {
	t.Helper()
	return newCloudIn(t, t.TempDir(), change)
}

// newCloudIn makes a cloud with the roles of the tests.
func newCloudIn(t testing.TB, dir string, change func(*lambda.Config)) *cloud {
	t.Helper()
	c := openCloud(t, dir, change)
	for name, spec := range map[string][2]string{
		"admin": {trustRoot, allowAll}, "runner": {trustLambda, functionLog}, "mute": {trustLambda, `{"Version":"2012-10-17","Statement":[]}`},
		"worker": {trustLambda, readQueues}, "sender": {trustLambda, strings.Replace(readQueues, "sqs:ReceiveMessage", "sqs:SendMessage", 1)},
		"nobody": {trustRoot, `{"Version":"2012-10-17","Statement":[]}`}, "untrusting": {trustRoot, allowAll},
	} {
		role := directory.RoleSpec{Name: name, Trust: spec[0]}
		if !strings.Contains(spec[1], "[]") {
			role.Inline = map[string]string{"p": spec[1]}
		}
		if _, err := c.iam.EnsureRole(role); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func openCloud(t testing.TB, dir string, change func(*lambda.Config)) *cloud {
	t.Helper()
	c := &cloud{dir: dir, clock: time.Now}
	var err error
	if c.db, err = store.Open(filepath.Join(dir, "cloud.db")); err != nil {
		t.Fatal(err)
	}
	if c.iam, err = directory.New(directory.Config{DB: c.db, Account: account}); err != nil {
		t.Fatal(err)
	}
	c.vault = session.NewVault(bytes.Repeat([]byte{7}, session.KeySize))
	issuer := sts.New(sts.Config{Account: account, Roles: c.iam, Issuer: c.vault})
	do := &late{}
	cfg := lambda.Config{
		DB: c.db, Account: account, Region: region, Do: do, Roles: issuer, Dir: filepath.Join(dir, "lambda"),
		Endpoint: func() string { return c.url }, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		OnLog: func(function, line string) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.lines = append(c.lines, function+": "+line)
		},
		Retries: []time.Duration{10 * time.Millisecond, 20 * time.Millisecond}, PollPause: 10 * time.Millisecond,
	}
	if change != nil {
		change(&cfg)
	}
	if c.service, err = lambda.New(cfg); err != nil {
		t.Fatal(err)
	}
	if c.queues, err = sqs.New(sqs.Config{DB: c.db, Account: account, Region: region, Endpoint: func() string { return c.url }}); err != nil {
		t.Fatal(err)
	}
	c.gate = gate.New(gate.Config{
		Account: account, Region: region, Directory: c.iam, Credentials: c.vault, Now: time.Now, OnVerdict: gatetest.Keys(t),
		Services: []gate.Service{c.iam, issuer, c.service, logs.New(logs.Config{DB: c.db, Account: account, Region: region}), &objects{}, c.queues},
	})
	do.Doer = c.gate
	if err := c.service.Resume(); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(c.gate)
	c.url = server.URL
	t.Cleanup(func() {
		server.Close()
		c.close(t)
	})
	return c
}

func (c *cloud) close(t testing.TB) {
	if c.db == nil {
		return
	}
	c.queues.Close()
	if err := c.service.Close(); err != nil {
		t.Error(err)
	}
	if err := c.db.Close(); err != nil {
		t.Error(err)
	}
	c.db = nil
}

// config is what an SDK client needs to call as a role.
func (c *cloud) config(t testing.TB, role string) aws.Config {
	t.Helper()
	caller, ok := c.iam.CallerOf(role, "tester")
	if !ok {
		t.Fatalf("no role %s", role)
	}
	credentials, err := c.vault.Issue(caller, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return aws.Config{
		Region: region, BaseEndpoint: aws.String(c.url), RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: credentials.AccessKeyID, SecretAccessKey: credentials.SecretAccessKey, SessionToken: credentials.SessionToken}, nil
		}),
	}
}

func (c *cloud) client(t testing.TB, role string) *awslambda.Client {
	return awslambda.NewFromConfig(c.config(t, role))
}

func (c *cloud) logs(t testing.TB) *cloudwatchlogs.Client {
	return cloudwatchlogs.NewFromConfig(c.config(t, "admin"))
}

// printed gives what the functions have printed so far.
func (c *cloud) printed() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.lines, "\n")
}

// objects is a bucket with one object.
type objects struct{}

func (o *objects) Info() gate.Info {
	return gate.Info{Name: "s3", Protocol: gate.RESTXML, Route: func(*gate.Call) (string, bool) { return "GetObject", true }}
}

func (o *objects) Describe(c *gate.Call) ([]gate.Ask, error) {
	return []gate.Ask{{Action: "s3:GetObject", Resource: "arn:aws:s3:::" + strings.TrimPrefix(c.Path, "/")}}, nil
}

func (o *objects) Handle(_ context.Context, c *gate.Call) (*gate.Reply, error) {
	if c.Path != "/assets/code%20of/hello.zip" && c.Path != "/assets/code of/hello.zip" {
		return nil, gate.Errorf("NoSuchKey", "The specified key does not exist.").WithStatus(404)
	}
	return &gate.Reply{Body: zipOf(map[string]string{"bootstrap": "#!/bin/sh\nexit 3\n"})}, nil
}

// zipOf makes an archive; a bootstrap is executable.
func zipOf(files map[string]string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range files {
		h := &zip.FileHeader{Name: name, Method: zip.Store}
		h.SetMode(0o644)
		if name == "bootstrap" {
			h.SetMode(0o755)
		}
		f, err := w.CreateHeader(h)
		if err == nil {
			_, err = f.Write([]byte(text))
		}
		if err != nil {
			panic(err) // writing to memory
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// goCode is the archive of the Go handler, built once.
var goCode = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "writ-gohandler-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	cmd := exec.Command("go", "build", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", filepath.Join(dir, "bootstrap"), "./testdata/gohandler")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the handler: %w: %s", err, out)
	}
	bootstrap, err := os.ReadFile(filepath.Join(dir, "bootstrap"))
	if err != nil {
		return nil, err
	}
	return zipOf(map[string]string{"bootstrap": string(bootstrap)}), nil
})

// create makes a function; change may edit the request.
func (c *cloud) create(t testing.TB, name string, code []byte, change func(*awslambda.CreateFunctionInput)) {
	t.Helper()
	in := &awslambda.CreateFunctionInput{
		FunctionName: aws.String(name), Runtime: types.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
		Role: aws.String("arn:aws:iam::" + account + ":role/runner"), Code: &types.FunctionCode{ZipFile: code}, Timeout: aws.Int32(10),
	}
	if change != nil {
		change(in)
	}
	if _, err := c.client(t, "admin").CreateFunction(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}

func (c *cloud) createGo(t testing.TB, name string, change func(*awslambda.CreateFunctionInput)) {
	t.Helper()
	code, err := goCode()
	if err != nil {
		t.Fatal(err)
	}
	c.create(t, name, code, change)
}

func (c *cloud) invoke(t testing.TB, name, payload string) *awslambda.InvokeOutput {
	t.Helper()
	out, err := c.client(t, "admin").Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String(name), Payload: []byte(payload), LogType: types.LogTypeTail})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// want fails unless an invocation succeeded with exactly this payload.
func (c *cloud) want(t testing.TB, name, payload, answer string) {
	t.Helper()
	out := c.invoke(t, name, payload)
	if out.FunctionError != nil || string(out.Payload) != answer {
		t.Errorf("%s(%s) = %s %s, want %s", name, payload, aws.ToString(out.FunctionError), out.Payload, answer)
	}
}

// eventually waits for something that happens soon.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); {
		if time.Now().After(deadline) {
			t.Fatalf("it did not happen in 10 seconds: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
