package apigateway_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v1 "github.com/aws/aws-sdk-go-v2/service/apigateway"
	v2 "github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/apigateway"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/gate/gatetest"
	"github.com/writ-dev/writ/localcloud/store"
)

const (
	account = "000000000000"
	region  = "us-east-1"
	hello   = "arn:aws:lambda:us-east-1:000000000000:function:hello"
)

func uriOf(function string) *string {
	return aws.String("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/" + function + "/invocations")
}

// functions plays Lambda behind the real gate: every function echoes what it
// is told to, and has the policy that lets API Gateway in.
type functions struct {
	mu     sync.Mutex
	policy string // of every function; "" for none
	reply  func(name string, event []byte) (payload string, functionError string, err error)
	events [][]byte
}

func (f *functions) Info() gate.Info {
	return gate.Info{Name: "lambda", Protocol: gate.RESTJSON, Route: func(*gate.Call) (string, bool) { return "Invoke", true }}
}

func (f *functions) Describe(c *gate.Call) ([]gate.Ask, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	ask := gate.Ask{Action: "lambda:InvokeFunction", Resource: c.Vars["FunctionName"], Context: iam.Context{}}
	if f.policy != "" {
		policy, err := iam.Load([]byte(f.policy), iam.Origin{Type: iam.TypeResource})
		if err != nil {
			return nil, err
		}
		ask.ResourcePolicy = policy
	}
	return []gate.Ask{ask}, nil
}

func (f *functions) Handle(ctx context.Context, c *gate.Call) (*gate.Reply, error) {
	f.mu.Lock()
	f.events = append(f.events, bytes.Clone(c.Body))
	reply := f.reply
	f.mu.Unlock()
	payload, functionError, err := reply(c.Vars["FunctionName"], c.Body)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	header := http.Header{}
	if functionError != "" {
		header.Set("X-Amz-Function-Error", functionError)
	}
	return &gate.Reply{Header: header, Body: []byte(payload)}, nil
}

// answers makes every function answer with one payload.
func (f *functions) answers(payload string) {
	f.set(func(string, []byte) (string, string, error) { return payload, "", nil })
}

func (f *functions) set(reply func(string, []byte) (string, string, error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reply = reply
}

func (f *functions) allow(sourceARN string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},
		"Action":"lambda:InvokeFunction","Resource":"*","Condition":{"ArnLike":{"AWS:SourceArn":"` + sourceARN + `"}}}]}`
}

func (f *functions) last(t *testing.T) string {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.events) == 0 {
		t.Fatal("no function was invoked")
	}
	return string(f.events[len(f.events)-1])
}

// cloud is API Gateway behind the real gate, and its front.
type cloud struct {
	gate    *gate.Gate
	url     string
	front   string
	log     *bytes.Buffer
	service *apigateway.Service
	*functions
}

// later is a Doer that is bound after the services are made.
type later struct{ gate *gate.Gate }

func (l *later) Do(ctx context.Context, c *gate.Call) (*gate.Reply, error) { return l.gate.Do(ctx, c) }

type logBuffer struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	db, err := store.Open(filepath.Join(t.TempDir(), "cloud.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return openCloud(t, db)
}

func openCloud(t *testing.T, db *store.DB) *cloud {
	t.Helper()
	return openCloudAt(t, db, time.Now)
}

// atomicTime is a clock that a test sets.
type atomicTime struct{ at atomic.Int64 }

func (a *atomicTime) set(at time.Time) { a.at.Store(at.UnixNano()) }
func (a *atomicTime) now() time.Time   { return time.Unix(0, a.at.Load()).UTC() }

// openCloudAt is a cloud whose front has a clock of its own; its API goes by
// the clock of the client that signs.
func openCloudAt(t *testing.T, db *store.DB, now func() time.Time, change ...func(*apigateway.Config)) *cloud {
	t.Helper()
	c := &cloud{functions: &functions{}, log: &bytes.Buffer{}}
	c.answers(`{"statusCode":200,"body":"hi"}`)
	c.allow("arn:aws:execute-api:*:*:*")
	bound := &later{}
	var err error
	config := apigateway.Config{
		DB: db, Account: account, Region: region, Now: now, Rand: rand.Reader, Do: bound,
		Log: slog.New(slog.NewTextHandler(&logBuffer{w: c.log}, nil)),
	}
	for _, f := range change {
		f(&config)
	}
	c.service, err = apigateway.New(config)
	if err != nil {
		t.Fatal(err)
	}
	c.gate = gate.New(gate.Config{Account: account, Region: region, Services: []gate.Service{c.service, c.functions}, Directory: c, Credentials: c, Now: time.Now, OnVerdict: gatetest.Keys(t)})
	bound.gate = c.gate
	api, front := httptest.NewServer(c.gate), httptest.NewServer(c.service.Front())
	t.Cleanup(api.Close)
	t.Cleanup(front.Close)
	c.url, c.front = api.URL, front.URL
	return c
}

var roles = map[string]string{
	"admin":  `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
	"reader": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"apigateway:GET","Resource":"arn:aws:apigateway:us-east-1::/restapis*"}]}`,
}

// RoleAccess makes cloud a gate.Directory.
func (c *cloud) RoleAccess(name string) (gate.RoleAccess, bool) {
	policy, err := iam.Load([]byte(roles[name]), iam.Origin{Type: iam.TypeIdentity, Name: "inline"})
	if err != nil {
		return gate.RoleAccess{}, false
	}
	return gate.RoleAccess{ARN: "arn:aws:iam::" + account + ":role/" + name, ID: "AROATEST", Identity: []*iam.Policy{policy}}, true
}

// Lookup makes cloud gate.Credentials: the access key is the role's name.
func (c *cloud) Lookup(key, _ string, _ time.Time) (string, gate.Caller, error) {
	return "secret", gate.Caller{
		Kind: iam.PrincipalSession, ARN: "arn:aws:sts::" + account + ":assumed-role/" + key + "/test", Account: account,
		RoleName: key, SessionName: "test", UserID: "AROATEST:test",
	}, nil
}

type keys string

func (k keys) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: string(k), SecretAccessKey: "secret", SessionToken: "token"}, nil
}

func (c *cloud) rest(role string) *v1.Client {
	return v1.New(v1.Options{BaseEndpoint: &c.url, Region: region, Credentials: keys(role), RetryMaxAttempts: 1})
}

func (c *cloud) http(role string) *v2.Client {
	return v2.New(v2.Options{BaseEndpoint: &c.url, Region: region, Credentials: keys(role), RetryMaxAttempts: 1})
}

// answer is a response of the front.
type answer struct {
	Status int
	Header http.Header
	Body   string
}

// send makes a request to the front; headers are "Name: value".
func (c *cloud) send(t *testing.T, method, path, body string, headers ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, c.front+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			r.Host = value
			continue
		}
		r.Header.Add(name, value)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(data)}
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
