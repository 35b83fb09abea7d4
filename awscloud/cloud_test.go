package awscloud_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/awscloud"
	"github.com/writ-dev/writ/localcloud"
)

// cloud is the real local cloud behind a proxy that can answer in its place.
type cloud struct {
	url   string
	keys  localcloud.Credentials
	local *localcloud.Cloud

	mu    sync.Mutex
	calls map[string]int
	// fault answers a call, named as "CreateChangeSet" or "PUT /bucket/key",
	// for the nth time; nil or a status of 0 lets it through.
	fault func(call string, n int) (status int, body string)
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{calls: map[string]int{}}
	server := httptest.NewUnstartedServer(c)
	c.url = "http://" + server.Listener.Addr().String()
	local, err := localcloud.Open(localcloud.Config{Dir: t.TempDir(), Endpoint: c.url})
	if err != nil {
		t.Fatal(err)
	}
	c.local = local
	if c.keys, err = local.DeveloperCredentials(); err != nil {
		t.Fatal(err)
	}
	server.Start()
	t.Cleanup(func() {
		server.Close()
		if err := local.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client went away
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	call := r.Method + " " + r.URL.Path
	if form, err := url.ParseQuery(string(body)); err == nil && form.Get("Action") != "" {
		call = form.Get("Action")
	}
	c.mu.Lock()
	c.calls[call]++
	n, fault := c.calls[call], c.fault
	c.mu.Unlock()
	if fault != nil {
		if status, answer := fault(call, n); status != 0 {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, answer) // the client may be gone
			return
		}
	}
	c.local.API().ServeHTTP(w, r)
}

func (c *cloud) failWith(fault func(call string, n int) (int, string)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fault = fault
	c.calls = map[string]int{}
}

func (c *cloud) called(call string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls[call]
}

func (c *cloud) open(t *testing.T) *awscloud.Account {
	t.Helper()
	a, err := awscloud.Open(t.Context(), awscloud.Config{
		Endpoint: c.url, Region: c.local.Region(),
		Credentials: &aws.Credentials{AccessKeyID: c.keys.AccessKeyID, SecretAccessKey: c.keys.SecretAccessKey, SessionToken: c.keys.SessionToken},
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// queryError is an error as the Query protocol has it.
func queryError(code, message string) string {
	return fmt.Sprintf(`<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>r</RequestId></ErrorResponse>`, code, message)
}

const bucket = "writ-assets-000000000000-us-east-1"

// table is a template of one table, with a metadata of so many bytes.
func table(name string, padding int) []byte {
	return fmt.Appendf(nil, `{
  "Metadata": {"Padding": %q},
  "Resources": {"Hits": {"Type": "AWS::DynamoDB::Table", "Properties": {
    "TableName": %q, "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "path", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "path", "KeyType": "HASH"}]}}},
  "Outputs": {"Table": {"Value": {"Ref": "Hits"}}}}`, strings.Repeat("x", padding), name)
}

// deploy plans and applies.
func deploy(t *testing.T, a *awscloud.Account, stack string, template []byte) (awscloud.Stack, []awscloud.StackEvent, error) {
	t.Helper()
	plan, err := a.Plan(t.Context(), awscloud.Deployment{Stack: stack, Template: template, Bucket: bucket, Tags: map[string]string{"b": "2", "a": "1"}})
	if err != nil {
		return awscloud.Stack{}, nil, err
	}
	var events []awscloud.StackEvent
	s, err := a.Apply(t.Context(), plan, func(e awscloud.StackEvent) { events = append(events, e) })
	return s, events, err
}

func mustDeploy(t *testing.T, a *awscloud.Account, stack string, template []byte) awscloud.Stack {
	t.Helper()
	s, _, err := deploy(t, a, stack, template)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// wantError checks the code, a part of the text, and that there is a hint.
func wantError(t *testing.T, err error, code writ.Code, part, hint string) {
	t.Helper()
	var e *writ.Error
	if !errors.As(err, &e) || e.Code != code || !strings.Contains(e.Message, part) || !strings.Contains(e.Hint, hint) {
		t.Errorf("got %v (%+v)\nwant %s, %q, hint %q", err, e, code, part, hint)
	}
}

// eventually waits for something that happens in the background.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 500 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("never: %s", what)
}
