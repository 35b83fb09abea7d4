package gate_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/writ-dev/writ/internal/sigv4"
	"github.com/writ-dev/writ/localcloud/gate"
)

// BenchmarkGate is the cost of the gate itself for one GetItem-sized call:
// signature, token, decoding, IAM and answer, with a service that does nothing.
func BenchmarkGate(b *testing.B) {
	call := signedCall(b)
	b.ReportAllocs()
	for b.Loop() {
		call()
	}
}

// TestGateAllocations bounds what one signed call through the gate allocates,
// the recorder and the copy of the request among it.
func TestGateAllocations(t *testing.T) {
	const most = 80
	if n := testing.AllocsPerRun(500, signedCall(t)); n > most {
		t.Errorf("a call through the gate makes %.0f allocations, want at most %d", n, most)
	}
}

// signedCall gives a function that makes the same call again and again.
func signedCall(b testing.TB) func() {
	c := newCloud(b, func(cfg *gate.Config) { cfg.OnVerdict = nil })
	c.addRole(b, "function", `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"arn:aws:logs:us-east-1:000000000000:log-group:f:*"},
		{"Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:PutItem","dynamodb:UpdateItem","dynamodb:Scan"],"Resource":["arn:aws:dynamodb:us-east-1:000000000000:thing/x","arn:aws:dynamodb:us-east-1:000000000000:thing/x/*"]}]}`)
	now := time.Now()
	k, err := c.vault.Issue(c.caller("function"), now.Add(time.Hour))
	if err != nil {
		b.Fatal(err)
	}
	body := bytes.Repeat([]byte("x"), 300)
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:4566/", nil)
	r.RemoteAddr, r.ContentLength = "127.0.0.1:50000", int64(len(body))
	for name, value := range map[string]string{
		"X-Amz-Target": "DynamoDB_20120810.Scan", "Content-Type": "application/x-amz-json-1.0", "Amz-Sdk-Request": "attempt=1; max=3",
		"Amz-Sdk-Invocation-Id": "0e5c1c5a-5b0c-4d5b-9d0a-1d1d1d1d1d1d", "User-Agent": "aws-sdk-go-v2/1.47.7", "Accept-Encoding": "identity",
	} {
		r.Header.Set(name, value)
	}
	key := sigv4.Key{AccessKeyID: k.AccessKeyID, Secret: k.SecretAccessKey, Token: k.SessionToken}
	if err := sigv4.Sign(r, sigv4.HashBody(body), key, sigv4.Scope{Region: "us-east-1", Service: "dynamodb"}, now); err != nil {
		b.Fatal(err)
	}
	return func() {
		w := httptest.NewRecorder()
		again := *r
		again.Body = nopCloser{bytes.NewReader(body)}
		c.gate.ServeHTTP(w, &again)
		if w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}

type nopCloser struct{ *bytes.Reader }

func (nopCloser) Close() error { return nil }
