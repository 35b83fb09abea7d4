package localcloud_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	"github.com/writ-dev/writ/localcloud"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/gate/gatetest"
)

const (
	trustLambda = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	trustAll    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"},
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"sts:AssumeRole"}]}`
	allowAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
)

// cloud is an open local cloud behind two real ports.
type cloud struct {
	*localcloud.Cloud
	api, front *httptest.Server
	developer  aws.CredentialsProvider

	mu     sync.Mutex
	denied []string
	lines  []string
	called map[string]bool // "Service.Operation" that succeeded
	closed bool
}

// newCloud opens a cloud in a directory of its own.
func newCloud(t testing.TB, change func(*localcloud.Config)) *cloud {
	t.Helper()
	return openCloud(t, t.TempDir(), change)
}

// openCloud opens the cloud of dir; the test's end closes it.
func openCloud(t testing.TB, dir string, change func(*localcloud.Config)) *cloud {
	t.Helper()
	c := &cloud{called: map[string]bool{}}
	c.api, c.front = httptest.NewUnstartedServer(nil), httptest.NewUnstartedServer(nil)
	cfg := localcloud.Config{
		Dir: dir, Endpoint: "http://" + c.api.Listener.Addr().String(),
		OnDenied:  func(v gate.Verdict) { c.note(&c.denied, v.Message) },
		OnLog:     func(function, line string) { c.note(&c.lines, function+": "+line) },
		OnNotice:  func(line string) { t.Log("notice:", line) },
		OnVerdict: gatetest.Keys(t),
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	if c.Cloud, err = localcloud.Open(cfg); err != nil {
		c.api.Listener.Close()
		c.front.Listener.Close()
		t.Fatal(err)
	}
	c.api.Config.Handler, c.front.Config.Handler = c.API(), c.Front()
	c.api.Start()
	c.front.Start()
	t.Cleanup(func() { c.close(t) })
	keys, err := c.DeveloperCredentials()
	if err != nil {
		t.Fatal(err)
	}
	c.developer = static(keys)
	return c
}

func (c *cloud) close(t testing.TB) {
	if c.closed {
		return
	}
	c.closed = true
	c.front.Close()
	c.api.Close()
	if err := c.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

func (c *cloud) note(list *[]string, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*list = append(*list, text)
}

// seen says whether a line of the list holds text.
func (c *cloud) seen(list *[]string, text string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(*list, func(line string) bool { return strings.Contains(line, text) })
}

func static(k localcloud.Credentials) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: k.AccessKeyID, SecretAccessKey: k.SecretAccessKey, SessionToken: k.SessionToken}, nil
	})
}

// as gives the configuration of SDK clients that call with the credentials.
// It notes which calls succeed.
func (c *cloud) as(credentials aws.CredentialsProvider) aws.Config {
	note := func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("note", func(
			ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
		) (middleware.InitializeOutput, middleware.Metadata, error) {
			out, meta, err := next.HandleInitialize(ctx, in)
			if err == nil {
				c.mu.Lock()
				c.called[awsmiddleware.GetServiceID(ctx)+"."+awsmiddleware.GetOperationName(ctx)] = true
				c.mu.Unlock()
			}
			return out, meta, err
		}), middleware.After)
	}
	return aws.Config{
		Region: c.Region(), BaseEndpoint: aws.String(c.api.URL), Credentials: credentials, Retryer: onlyLostConnections,
		APIOptions: []func(*middleware.Stack) error{note},
	}
}

// onlyLostConnections tries again where a connection was lost on the way, as
// happens on a busy machine, and takes every answer as it is.
func onlyLostConnections() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.Retryables = []retry.IsErrorRetryable{retry.RetryableConnectionError{}}
		o.MaxAttempts, o.MaxBackoff = 3, 10*time.Millisecond
	})
}

// dev is the developer's configuration.
func (c *cloud) dev() aws.Config { return c.as(c.developer) }

// role makes a role with one policy, which may be none, and gives its ARN.
func (c *cloud) role(t testing.TB, name, trust, policy string) string {
	t.Helper()
	client := iam.NewFromConfig(c.dev())
	made, err := client.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
	if err != nil {
		t.Fatal(err)
	}
	if policy != "" {
		c.grant(t, name, policy)
	}
	return *made.Role.Arn
}

func (c *cloud) grant(t testing.TB, role, policy string) {
	t.Helper()
	_, err := iam.NewFromConfig(c.dev()).PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &role, PolicyName: aws.String("p"), PolicyDocument: &policy})
	if err != nil {
		t.Fatal(err)
	}
}

// assume takes on a role as the developer and gives clients' configuration.
func (c *cloud) assume(t testing.TB, arn, policy string) aws.Config {
	t.Helper()
	in := &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("tester")}
	if policy != "" {
		in.Policy = &policy
	}
	out, err := sts.NewFromConfig(c.dev()).AssumeRole(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	k := out.Credentials
	return c.as(static(localcloud.Credentials{AccessKeyID: *k.AccessKeyId, SecretAccessKey: *k.SecretAccessKey, SessionToken: *k.SessionToken}))
}

// codeOf gives AWS's code and message of an SDK's error.
func codeOf(err error) (code, message string) {
	var failed smithy.APIError
	if errors.As(err, &failed) {
		return failed.ErrorCode(), failed.ErrorMessage()
	}
	if err != nil {
		return "(no API error)", err.Error()
	}
	return "", ""
}

// wantCode fails unless err is AWS's error of the code.
func wantCode(t testing.TB, what string, err error, want string) {
	t.Helper()
	if got, message := codeOf(err); got != want {
		t.Errorf("%s: %q (%s), want %q", what, got, message, want)
	}
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// zipped makes a deployment package.
func zipped(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range files {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate}
		h.SetMode(0o755)
		f, err := w.CreateHeader(h)
		if err == nil {
			_, err = f.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// eventually waits until a condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("not in 20 s: %s", what)
}

// get makes a request to the front.
func (c *cloud) get(t testing.TB, path string, headers ...string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.front.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	answer, err := c.front.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(answer.Body); err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, b.String()
}
