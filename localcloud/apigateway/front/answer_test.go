package front_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"unicode/utf8"

	"github.com/writ-dev/writ/localcloud/apigateway/front"
)

func TestHeadersInBothForms(t *testing.T) {
	t.Parallel()
	a, err := front.ParseREST([]byte(`{"headers":{"A":"1","b":2},"multiValueHeaders":{"a":["1","3"],"C":["x"]}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(a.Header["a"], a.Header["A"], a.Header["b"], a.Header["C"]); got != "[1 3] [] [2] [x]" {
		t.Errorf("headers %s", got)
	}
}

// FuzzProxyAnswer: whatever a function answers, what is accepted can be sent
// as HTTP, and a REST API accepts nothing but objects of the proxy format.
func FuzzProxyAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"statusCode":200,"headers":{"a":"b"},"multiValueHeaders":{"a":["b"]},"body":"x","isBase64Encoded":true}`,
		`{"statusCode":"404"}`, `{}`, `null`, `"text"`, `[1]`, `{"statusCode":1e2,"cookies":["a=b"]}`, `{"statusCode":200,"body":"aGk=","isBase64Encoded":true}`,
		`{"statusCode":199.9}`, `{"body":{}} x`, "{\"headers\":{\"a\\nb\":\"c\\r\\nd: e\"}}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		rest, restErr := front.ParseREST(payload)
		if restErr == nil {
			var members map[string]any
			if err := json.Unmarshal(payload, &members); err != nil || members == nil {
				t.Fatalf("a REST API accepts %q, which is no object", payload)
			}
			send(t, rest)
		}
		for _, format := range []string{"1.0", "2.0"} {
			answer, err := front.ParseHTTP(payload, format)
			if err != nil {
				continue
			}
			if utf8.Valid(payload) && !json.Valid(payload) {
				t.Fatalf("an HTTP API accepts %q, which is no JSON", payload)
			}
			if answer.Base64 {
				t.Fatal("an HTTP API leaves a body in base64")
			}
			send(t, answer)
		}
	})
}

func send(t *testing.T, a *front.Answer) {
	t.Helper()
	if a.Status < 200 || a.Status > 599 {
		t.Fatalf("status %d", a.Status)
	}
	w := httptest.NewRecorder()
	for name, values := range a.Header {
		for _, v := range values {
			w.Header().Add(name, v)
		}
	}
	w.WriteHeader(a.Status)
	if _, err := w.Write(a.Body); err != nil && err != http.ErrBodyNotAllowed {
		t.Fatal(err)
	}
}
