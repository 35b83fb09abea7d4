package directory_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"
	"github.com/writ-dev/writ/localcloud/directory"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/gate/gatetest"
	"github.com/writ-dev/writ/localcloud/session"
	"github.com/writ-dev/writ/localcloud/store"
)

const (
	account    = "000000000000"
	rolePrefix = "arn:aws:iam::" + account + ":role/"
	admin      = "arn:aws:iam::aws:policy/AdministratorAccess"

	lambdaTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	readTable   = `{"Version":"2012-10-17","Statement":[{"Sid":"Read","Effect":"Allow","Action":"dynamodb:GetItem","Resource":"arn:aws:dynamodb:us-east-1:000000000000:table/hits"}]}`
)

// cloud is a directory behind a real gate, with a developer who may do all.
type cloud struct {
	path      string
	db        *store.DB
	directory *directory.Directory
	gate      *gate.Gate
	vault     *session.Vault
	url       string
}

func open(t testing.TB, path string) *cloud {
	t.Helper()
	db, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	c := &cloud{path: path, db: db, vault: session.NewVault(make([]byte, session.KeySize))}
	if c.directory, err = directory.New(directory.Config{DB: db, Account: account}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.directory.EnsureRole(directory.RoleSpec{Name: "developer", Trust: lambdaTrust, Attached: []string{admin}}); err != nil {
		t.Fatal(err)
	}
	c.gate = gate.New(gate.Config{
		Account: account, Region: "us-east-1", Directory: c.directory, Credentials: c.vault, OnVerdict: gatetest.Keys(t), Services: []gate.Service{c.directory},
	})
	server := httptest.NewServer(c.gate)
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

func newCloud(t testing.TB) *cloud {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "cloud.db"))
}

// client calls IAM as a role.
func (c *cloud) client(t testing.TB, role string) *awsiam.Client {
	t.Helper()
	caller, ok := c.directory.CallerOf(role, "test")
	if !ok {
		t.Fatalf("no role %s", role)
	}
	k, err := c.vault.Issue(caller, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return awsiam.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(c.url), RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: k.AccessKeyID, SecretAccessKey: k.SecretAccessKey, SessionToken: k.SessionToken}, nil
		}),
	})
}

// fails checks AWS's code and, where given, its message.
func fails(t *testing.T, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		t.Errorf("got %v, want %s", err, code)
		return
	}
	if api.ErrorCode() != code || (message != "" && api.ErrorMessage() != message) {
		t.Errorf("got %s: %s\nwant %s: %s", api.ErrorCode(), api.ErrorMessage(), code, message)
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

func str(s string) *string { return &s }
