// Package deliverytest is a small cloud for tests of what delivers events:
// IAM, STS, SQS, SNS and a Lambda that notes its calls, behind a real gate.
package deliverytest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/directory"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/gate/gatetest"
	"github.com/writ-dev/writ/localcloud/session"
	"github.com/writ-dev/writ/localcloud/sns"
	"github.com/writ-dev/writ/localcloud/sqs"
	"github.com/writ-dev/writ/localcloud/store"
	"github.com/writ-dev/writ/localcloud/sts"
)

// The account and the region of a World.
const (
	Account = "000000000000"
	Region  = "us-east-1"
)

// World is the cloud around the service that is tested.
type World struct {
	T      testing.TB
	Dir    string
	DB     *store.DB
	Do     gate.Doer // the gate, once it is there
	Roles  *sts.Service
	Log    *slog.Logger
	Lambda *Functions
	URL    string

	add    func(*World) []Service
	iam    *directory.Directory
	vault  *session.Vault
	server *httptest.Server
	open   []Service
	closes []func()

	mu     sync.Mutex
	now    time.Time
	log    strings.Builder
	denied []string
}

// Service is a service that delivers.
type Service interface {
	gate.Service
	Resume() error
	Close()
}

// New opens a world with the services that add makes. It is closed at the end of the test.
func New(t testing.TB, add func(*World) []Service) *World {
	t.Helper()
	w := &World{T: t, Dir: t.TempDir(), Lambda: &Functions{}, add: add, now: time.Now(), vault: session.NewVault(make([]byte, session.KeySize))}
	w.Log = slog.New(slog.NewTextHandler(w, nil))
	w.start()
	w.Role("admin", "lambda.amazonaws.com", `{"Effect":"Allow","Action":"*","Resource":"*"}`)
	t.Cleanup(w.Stop)
	return w
}

// late is a Doer that is known only after the services are made.
type late struct{ gate.Doer }

func (w *World) start() {
	w.T.Helper()
	var err error
	w.DB, err = store.Open(filepath.Join(w.Dir, "cloud.db"))
	w.Must(err)
	w.iam, err = directory.New(directory.Config{DB: w.DB, Account: Account, Now: w.Now})
	w.Must(err)
	w.Roles = sts.New(sts.Config{Account: Account, Roles: w.iam, Issuer: w.vault, Now: w.Now})
	do := &late{}
	w.Do = do
	topics, err := sns.New(sns.Config{DB: w.DB, Account: Account, Region: Region, Do: do, Log: w.Log})
	w.Must(err)
	queues, err := sqs.New(sqs.Config{DB: w.DB, Account: Account, Region: Region, Endpoint: func() string { return "http://127.0.0.1" }})
	w.Must(err)
	w.open = w.add(w)
	services := []gate.Service{w.iam, w.Roles, topics, queues, w.Lambda}
	for _, s := range w.open {
		services = append(services, s)
	}
	keys := gatetest.Keys(w.T)
	do.Doer = gate.New(gate.Config{
		Account: Account, Region: Region, Directory: w.iam, Credentials: w.vault, Services: services, Now: time.Now, Log: w.Log,
		OnVerdict: func(v gate.Verdict) {
			keys(v)
			if v.Message != "" {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.denied = append(w.denied, v.Message)
			}
		},
	})
	w.server = httptest.NewServer(do.Doer.(*gate.Gate))
	w.URL = w.server.URL
	w.Must(topics.Resume())
	w.closes = []func(){queues.Close, topics.Close}
	for _, s := range w.open {
		w.Must(s.Resume())
		w.closes = append(w.closes, s.Close)
	}
}

// Stop closes everything.
func (w *World) Stop() {
	w.server.Close()
	for _, end := range w.closes {
		end()
	}
	w.Must(w.DB.Close())
}

// Restart closes everything and opens it again, as a new process would.
func (w *World) Restart() {
	w.T.Helper()
	w.Stop()
	w.start()
}

// Must fails the test on an error.
func (w *World) Must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

// Now is the world's clock; Later moves it.
func (w *World) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// SetNow sets the clock.
func (w *World) SetNow(t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = t
}

// Write takes the services' log.
func (w *World) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(b)
}

// Said gives the log and the denials so far.
func (w *World) Said() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.String() + strings.Join(w.denied, "\n")
}

// Role makes a role that a service may take on and gives its ARN.
func (w *World) Role(name, service, statement string) string {
	w.T.Helper()
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}]}`
	_, err := w.iam.EnsureRole(directory.RoleSpec{Name: name, Trust: trust, Inline: map[string]string{
		"p": `{"Version":"2012-10-17","Statement":[` + statement + `]}`,
	}})
	w.Must(err)
	return "arn:aws:iam::" + Account + ":role/" + name
}

// As is what an SDK client needs to call as a role.
func (w *World) As(role string) aws.Config {
	w.T.Helper()
	caller, ok := w.iam.CallerOf(role, "s")
	if !ok {
		w.T.Fatalf("there is no role %s", role)
	}
	keys, err := w.vault.Issue(caller, time.Now().Add(time.Hour))
	w.Must(err)
	return aws.Config{
		Region: Region, BaseEndpoint: aws.String(w.URL), RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: keys.AccessKeyID, SecretAccessKey: keys.SecretAccessKey, SessionToken: keys.SessionToken}, nil
		}),
	}
}

// sqs makes a call of SQS as the account itself.
func (w *World) sqs(operation string, in, out any) {
	w.T.Helper()
	body, err := json.Marshal(in)
	w.Must(err)
	reply, err := w.Do.Do(context.Background(), &gate.Call{
		Service: "sqs", Operation: operation, Body: body,
		Caller: gate.Caller{Kind: iam.PrincipalRoot, ARN: "arn:aws:iam::" + Account + ":root", Account: Account},
	})
	w.Must(err)
	if out != nil {
		w.Must(json.Unmarshal(reply.Body, out))
	}
}

// Queue makes a queue that lets a service in on behalf of sources, "" for no
// policy, and gives its ARN.
func (w *World) Queue(name, service, source string) string {
	w.T.Helper()
	arn := "arn:aws:sqs:" + Region + ":" + Account + ":" + name
	attributes := map[string]string{}
	if strings.HasSuffix(name, ".fifo") {
		attributes["FifoQueue"], attributes["ContentBasedDeduplication"] = "true", "true"
	}
	if service != "" {
		attributes["Policy"] = Admit(service, "sqs:SendMessage", arn, source)
	}
	w.sqs("CreateQueue", map[string]any{"QueueName": name, "Attributes": attributes}, nil)
	return arn
}

// Admit is a policy that lets a service do an action on behalf of a source.
func Admit(service, action, resource, source string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"` + action + `","Resource":"` + resource +
		`","Condition":{"ArnLike":{"aws:SourceArn":"` + source + `"},"StringEquals":{"aws:SourceAccount":"` + Account + `"}}}]}`
}

// Message is a message of a queue.
type Message struct {
	Body       string
	Attributes map[string]string
	About      map[string]struct{ StringValue string } `json:"MessageAttributes"`
}

// Receive takes the next message of a queue, which must come within seconds.
func (w *World) Receive(queue string) Message {
	w.T.Helper()
	if m, ok := w.Poll(queue, 10); ok {
		return m
	}
	w.T.Fatalf("no message came to %s\n%s", queue, w.Said())
	return Message{}
}

// Poll waits some seconds for a message of a queue.
func (w *World) Poll(queue string, seconds int) (Message, bool) {
	w.T.Helper()
	url := "http://127.0.0.1/" + Account + "/" + queue
	var out struct {
		Messages []struct {
			Message
			ReceiptHandle string
		}
	}
	w.sqs("ReceiveMessage", map[string]any{
		"QueueUrl": url, "WaitTimeSeconds": seconds, "MaxNumberOfMessages": 1, "MessageAttributeNames": []string{"All"}, "MessageSystemAttributeNames": []string{"All"},
	}, &out)
	if len(out.Messages) == 0 {
		return Message{}, false
	}
	w.sqs("DeleteMessage", map[string]any{"QueueUrl": url, "ReceiptHandle": out.Messages[0].ReceiptHandle}, nil)
	return out.Messages[0].Message, true
}

// Eventually waits until a condition holds.
func (w *World) Eventually(what string, holds func() bool) {
	w.T.Helper()
	for end := time.Now().Add(10 * time.Second); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			w.T.Fatalf("%s: it did not come to be\n%s", what, w.Said())
		}
	}
}

// Code gives AWS's code of an SDK's error, "" of none.
func Code(err error) string {
	var api smithy.APIError
	switch {
	case errors.As(err, &api):
		return api.ErrorCode()
	case err != nil:
		return err.Error()
	}
	return ""
}

var _ io.Writer = (*World)(nil)
