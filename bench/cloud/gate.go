package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/internal/sigv4"
	"github.com/writ-dev/writ/localcloud"
	"github.com/writ-dev/writ/localcloud/dynamodb"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/session"
	"github.com/writ-dev/writ/localcloud/store"
)

const account = "000000000000"

// measureOpen is the start of the local cloud itself, without any system.
func measureOpen() error {
	for _, state := range []string{"empty state", "state there"} {
		dir, err := os.MkdirTemp("", "writ-bench-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		var took sample
		for range 10 {
			if state == "empty state" {
				if dir, err = os.MkdirTemp(dir, ""); err != nil {
					return err
				}
			}
			begin := time.Now()
			c, err := localcloud.Open(localcloud.Config{Dir: dir, Endpoint: "http://127.0.0.1:1"})
			if err != nil {
				return err
			}
			took = append(took, time.Since(begin))
			if err := c.Close(); err != nil {
				return err
			}
		}
		row("the local cloud itself, open, "+state, "median %.1f ms", ms(took.quantile(0.5)))
	}
	return nil
}

// oneRole is a directory of one role, and its access.
type oneRole struct{ access gate.RoleAccess }

// RoleAccess gives the one role.
func (o oneRole) RoleAccess(string) (gate.RoleAccess, bool) { return o.access, true }

// measureGate times one GetItem with the gate (signature, token, decoding, IAM,
// answer) and the same GetItem's handler without it, in turns, in process. Of
// 20 turns the fastest counts: the rest is the machine's own noise.
func measureGate() error {
	const turns, calls = 20, 2000
	f, err := newFixture()
	if err != nil {
		return err
	}
	defer f.close()
	var with, without sample
	for range turns {
		for _, way := range []struct {
			do   func() error
			took *sample
		}{{f.signed, &with}, {f.bare, &without}} {
			begin := time.Now()
			for range calls {
				if err := way.do(); err != nil {
					return err
				}
			}
			*way.took = append(*way.took, time.Since(begin)/calls)
		}
	}
	a, b := slices.Min(with), slices.Min(without)
	row("GetItem in process with the gate", "%.1f µs", micro(a))
	row("GetItem in process, the handler alone", "%.1f µs", micro(b))
	row("cost of the gate, SigV4 included", "%.1f µs", micro(a-b))
	return nil
}

func micro(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

// fixture is a table of one item behind a gate, and a signed request for it.
type fixture struct {
	dir     string
	db      *store.DB
	tables  *dynamodb.Service
	gate    *gate.Gate
	request *http.Request
	body    []byte
}

func newFixture() (f *fixture, err error) {
	f = &fixture{body: []byte(`{"TableName":"bench","Key":{"pk":{"S":"a"}}}`)}
	if f.dir, err = os.MkdirTemp("", "writ-bench-"); err != nil {
		return nil, err
	}
	if f.db, err = store.Open(filepath.Join(f.dir, "cloud.db")); err != nil {
		return nil, err
	}
	if f.tables, err = dynamodb.New(dynamodb.Config{DB: f.db, Account: account, Region: "us-east-1", Now: time.Now}); err != nil {
		return nil, err
	}
	policy, err := iam.Load([]byte(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"arn:aws:logs:us-east-1:000000000000:log-group:f:*"},
		{"Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:PutItem","dynamodb:UpdateItem"],"Resource":["arn:aws:dynamodb:us-east-1:000000000000:table/bench"]}]}`),
		iam.Origin{Type: iam.TypeIdentity, Name: "function"})
	if err != nil {
		return nil, err
	}
	role := oneRole{gate.RoleAccess{ARN: "arn:aws:iam::" + account + ":role/f", ID: "AROAF", Identity: []*iam.Policy{policy}}}
	vault := session.NewVault(make([]byte, session.KeySize))
	f.gate = gate.New(gate.Config{Account: account, Region: "us-east-1", Services: []gate.Service{f.tables}, Directory: role, Credentials: vault})
	if err := f.handle("CreateTable", `{"TableName":"bench","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}]}`); err != nil {
		return nil, err
	}
	if err := f.handle("PutItem", `{"TableName":"bench","Item":{"pk":{"S":"a"},"text":{"S":"some text"},"count":{"N":"1"}}}`); err != nil {
		return nil, err
	}
	caller := gate.Caller{
		Kind: iam.PrincipalSession, ARN: "arn:aws:sts::" + account + ":assumed-role/f/f", Account: account,
		UserID: "AROAF:f", RoleName: "f", SessionName: "f", Issued: time.Now(),
	}
	return f, f.sign(vault, caller)
}

func (f *fixture) sign(vault *session.Vault, caller gate.Caller) error {
	k, err := vault.Issue(caller, time.Now().Add(time.Hour))
	if err != nil {
		return err
	}
	f.request = httptest.NewRequest(http.MethodPost, "http://127.0.0.1:4566/", nil)
	f.request.RemoteAddr, f.request.ContentLength = "127.0.0.1:50000", int64(len(f.body))
	f.request.Header.Set("X-Amz-Target", "DynamoDB_20120810.GetItem")
	f.request.Header.Set("Content-Type", "application/x-amz-json-1.0")
	f.request.Header.Set("User-Agent", "aws-sdk-go-v2")
	key := sigv4.Key{AccessKeyID: k.AccessKeyID, Secret: k.SecretAccessKey, Token: k.SessionToken}
	return sigv4.Sign(f.request, sigv4.HashBody(f.body), key, sigv4.Scope{Region: "us-east-1", Service: "dynamodb"}, time.Now())
}

// signed is the call as HTTP brings it.
func (f *fixture) signed() error {
	w, again := httptest.NewRecorder(), *f.request
	again.Body = body{bytes.NewReader(f.body)}
	f.gate.ServeHTTP(w, &again)
	if w.Code != http.StatusOK {
		return fmt.Errorf("GetItem: %s", w.Body)
	}
	return nil
}

// bare is the same without the gate.
func (f *fixture) bare() error { return f.handle("GetItem", string(f.body)) }

func (f *fixture) handle(operation, body string) error {
	call := &gate.Call{Service: "dynamodb", Operation: operation, Body: []byte(body), Account: account, Region: "us-east-1", Time: time.Now()}
	if _, err := f.tables.Describe(call); err != nil {
		return err
	}
	_, err := f.tables.Handle(context.Background(), call)
	return err
}

func (f *fixture) close() {
	_ = f.db.Close() // nothing in it is kept
	_ = os.RemoveAll(f.dir)
}

type body struct{ *bytes.Reader }

// Close does nothing.
func (body) Close() error { return nil }
