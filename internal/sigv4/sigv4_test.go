package sigv4_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ/internal/sigv4"
	"pgregory.net/rapid"
)

var (
	at    = time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	key   = sigv4.Key{AccessKeyID: "ASIAEXAMPLE", Secret: "secret/+key", Token: "token=="}
	scope = sigv4.Scope{Region: "us-east-1", Service: "dynamodb"}
)

// request makes a request as a server sees it.
func request(t testing.TB, method, target, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810.GetItem")
	return r
}

func signed(t testing.TB, service, target, body string) *http.Request {
	t.Helper()
	r := request(t, http.MethodPost, target, body)
	s := sigv4.Scope{Region: scope.Region, Service: service}
	if err := sigv4.Sign(r, sigv4.HashBody([]byte(body)), key, s, at); err != nil {
		t.Fatal(err)
	}
	return r
}

func verify(r *http.Request, body string, now time.Time) error {
	s, err := sigv4.Parse(r)
	if err != nil {
		return err
	}
	var v sigv4.Verifier
	return v.Verify(r, s, sigv4.HashBody([]byte(body)), key.Secret, now)
}

func kind(err error) sigv4.Kind {
	var f *sigv4.Fault
	if errors.As(err, &f) {
		return f.Kind
	}
	return 0
}

func TestVerifyTakesWhatTheSDKSigns(t *testing.T) {
	t.Parallel()
	for _, service := range []string{"dynamodb", "s3", "lambda"} {
		for _, target := range []string{
			"http://127.0.0.1:4566/",
			"http://localhost/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A0%3Afunction%3Ahello/invocations",
			"http://localhost/bucket/a%20b%2Bc/%C3%A9?list-type=2&prefix=a%2Fb&empty=&z=%20&a=b&a=a",
			"http://localhost/bucket?versioning",
			"http://localhost/a//b/./c",
		} {
			if err := verify(signed(t, service, target, "{}"), "{}", at); err != nil {
				t.Errorf("%s %s: %v", service, target, err)
			}
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		change func(*http.Request)
		body   string
		now    time.Time
		want   sigv4.Kind
	}{
		{"another body", func(*http.Request) {}, `{"a":1}`, at, sigv4.Mismatch},
		{"another method", func(r *http.Request) { r.Method = http.MethodPut }, "{}", at, sigv4.Mismatch},
		{"another path", func(r *http.Request) { r.URL.Path = "/x" }, "{}", at, sigv4.Mismatch},
		{"another query", func(r *http.Request) { r.URL.RawQuery = "a=b" }, "{}", at, sigv4.Mismatch},
		{"another host", func(r *http.Request) { r.Host = "example.com" }, "{}", at, sigv4.Mismatch},
		{"another operation", func(r *http.Request) { r.Header.Set("X-Amz-Target", "DynamoDB_20120810.DeleteTable") }, "{}", at, sigv4.Mismatch},
		{"a second value", func(r *http.Request) { r.Header.Add("X-Amz-Target", "DynamoDB_20120810.DeleteTable") }, "{}", at, sigv4.Mismatch},
		{"another token", func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "other") }, "{}", at, sigv4.Mismatch},
		{"another region", replace("us-east-1", "eu-west-1"), "{}", at, sigv4.Mismatch},
		{"another service", replace("dynamodb/", "sqs/"), "{}", at, sigv4.Mismatch},
		{"another signature", replace("Signature=", "Signature=00"), "{}", at, sigv4.Mismatch},
		{"a signature that is not hexadecimal", replace("Signature=", "Signature=zz"), "{}", at, sigv4.Mismatch},
		{"the operation not signed", replace(";x-amz-target", ""), "{}", at, sigv4.NotSigned},
		{"the host not signed", replace(";host", ""), "{}", at, sigv4.NotSigned},
		{"the date not signed", replace(";x-amz-date", ""), "{}", at, sigv4.NotSigned},
		{"another date in the scope", replace("/20260102/", "/20260103/"), "{}", at, sigv4.WrongScope},
		{"another terminator", replace("aws4_request", "aws5_request"), "{}", at, sigv4.WrongScope},
		{"another algorithm", replace("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512"), "{}", at, sigv4.Incomplete},
		{"no signature part", replace("Signature=", "Signatur="), "{}", at, sigv4.Incomplete},
		{"no Authorization", func(r *http.Request) { r.Header.Del("Authorization") }, "{}", at, sigv4.Missing},
		{"another scheme", func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, "{}", at, sigv4.Missing},
		{"too late", func(*http.Request) {}, "{}", at.Add(15*time.Minute + time.Second), sigv4.Expired},
		{"too early", func(*http.Request) {}, "{}", at.Add(-15*time.Minute - time.Second), sigv4.NotYet},
		{"late but within bounds", func(*http.Request) {}, "{}", at.Add(15 * time.Minute), 0},
		{"early but within bounds", func(*http.Request) {}, "{}", at.Add(-15 * time.Minute), 0},
		{"a header that is not signed", func(r *http.Request) { r.Header.Set("User-Agent", "x") }, "{}", at, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := signed(t, "dynamodb", "http://localhost/", "{}")
			c.change(r)
			if err := verify(r, c.body, c.now); kind(err) != c.want {
				t.Errorf("got %v (kind %d), want kind %d", err, kind(err), c.want)
			}
		})
	}
}

func replace(from, to string) func(*http.Request) {
	return func(r *http.Request) {
		h := r.Header.Get("Authorization")
		if !strings.Contains(h, from) {
			panic("no " + from + " in " + h)
		}
		r.Header.Set("Authorization", strings.Replace(h, from, to, 1))
	}
}

func TestS3WantsEveryAmzHeaderSigned(t *testing.T) {
	t.Parallel()
	r := signed(t, "s3", "http://localhost/b/k", "x")
	r.Header.Set("X-Amz-Acl", "public-read")
	if err := verify(r, "x", at); kind(err) != sigv4.NotSigned {
		t.Errorf("got %v", err)
	}
}

func TestPresigned(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, "http://localhost/bucket/a%20key?x=1", nil)
	signedURL, err := sigv4.Presign(r, sigv4.UnsignedPayload, key, sigv4.Scope{Region: "us-east-1", Service: "s3"}, at, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	check := func(name, target string, now time.Time, want sigv4.Kind) {
		t.Helper()
		got := httptest.NewRequest(http.MethodGet, target, nil)
		s, err := sigv4.Parse(got)
		if err == nil {
			var v sigv4.Verifier
			err = v.Verify(got, s, sigv4.UnsignedPayload, key.Secret, now)
		}
		if kind(err) != want {
			t.Errorf("%s: got %v, want kind %d", name, err, want)
		}
	}
	check("good", signedURL, at.Add(time.Minute), 0)
	check("expired", signedURL, at.Add(time.Minute+time.Second), sigv4.Expired)
	check("another key", strings.Replace(signedURL, "a%20key", "b%20key", 1), at, sigv4.Mismatch)
	check("longer life", strings.Replace(signedURL, "Expires=60", "Expires=600", 1), at, sigv4.Mismatch)
	check("a life of more than a week", strings.Replace(signedURL, "Expires=60", "Expires=604801", 1), at, sigv4.BadExpires)
	check("a negative life", strings.Replace(signedURL, "Expires=60", "Expires=-1", 1), at, sigv4.BadExpires)
	check("a further parameter", signedURL+"&versionId=2", at, sigv4.Mismatch)
	check("a part missing", strings.Replace(signedURL, "X-Amz-Date=", "X-Amz-Dat=", 1), at, sigv4.Incomplete)
}

// The SDK's signer is the judge: whatever it signs verifies, and whatever is
// changed afterwards does not.
func TestVerifyAgreesWithTheSDK(t *testing.T) {
	t.Parallel()
	var v sigv4.Verifier
	rapid.Check(t, func(t *rapid.T) {
		service := rapid.SampledFrom([]string{"s3", "lambda", "dynamodb", "iam"}).Draw(t, "service")
		path := rapid.StringMatching(`(/[a-zA-Z0-9 +:=é%&'()!*~._-]{1,8}){1,3}/?`).Draw(t, "path")
		query := url.Values{}
		for _, name := range rapid.SliceOfN(rapid.StringMatching(`[a-zA-Z +&=é*~._-]{1,6}`), 0, 4).Draw(t, "names") {
			query.Add(name, rapid.StringMatching(`[a-zA-Z0-9 +&=é%*/~]{0,6}`).Draw(t, "value"))
		}
		body := rapid.SliceOf(rapid.Byte()).Draw(t, "body")
		u := url.URL{Scheme: "http", Host: "localhost:4566", Path: path, RawQuery: query.Encode()}
		sent, err := http.NewRequest(http.MethodPut, u.String(), bytes.NewReader(body))
		if err != nil {
			t.Skip(err)
		}
		sent.Header.Set("X-Amz-Meta-Note", rapid.StringMatching(`[a-z  ]{0,12}`).Draw(t, "header"))
		s := sigv4.Scope{Region: "eu-west-1", Service: service}
		if err := sigv4.Sign(sent, sigv4.HashBody(body), key, s, at); err != nil {
			t.Fatal(err)
		}
		got := httptest.NewRequest(sent.Method, sent.URL.String(), bytes.NewReader(body))
		got.Header = sent.Header
		if got.Header.Get("X-Amz-Meta-Note") != strings.TrimSpace(got.Header.Get("X-Amz-Meta-Note")) {
			got.Header.Set("X-Amz-Meta-Note", strings.TrimSpace(got.Header.Get("X-Amz-Meta-Note"))) // as the wire does
		}
		signature, err := sigv4.Parse(got)
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Verify(got, signature, sigv4.HashBody(body), key.Secret, at); err != nil {
			t.Fatalf("%s %s: %v", service, sent.URL, err)
		}
		if err := v.Verify(got, signature, sigv4.HashBody(append(body, 'x')), key.Secret, at); kind(err) != sigv4.Mismatch {
			t.Fatalf("another body: %v", err)
		}
		if err := v.Verify(got, signature, sigv4.HashBody(body), key.Secret+"x", at); kind(err) != sigv4.Mismatch {
			t.Fatalf("another secret: %v", err)
		}
	})
}

func TestKeysAreBounded(t *testing.T) {
	t.Parallel()
	var v sigv4.Verifier
	r := signed(t, "dynamodb", "http://localhost/", "{}")
	s, err := sigv4.Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5000 {
		if err := v.Verify(r, s, sigv4.HashBody([]byte("{}")), fmt.Sprint(i), at); kind(err) != sigv4.Mismatch {
			t.Fatal(err)
		}
	}
	if n := v.KeyCount(); n > 2048 {
		t.Errorf("%d keys are kept", n)
	}
	if err := v.Verify(r, s, sigv4.HashBody([]byte("{}")), key.Secret, at); err != nil {
		t.Error(err)
	}
}

func BenchmarkVerify(b *testing.B) {
	body := strings.Repeat("x", 300)
	r := signed(b, "dynamodb", "http://localhost/", body)
	var v sigv4.Verifier
	b.ReportAllocs()
	for b.Loop() {
		s, err := sigv4.Parse(r)
		if err != nil {
			b.Fatal(err)
		}
		if err := v.Verify(r, s, sigv4.HashBody([]byte(body)), key.Secret, at); err != nil {
			b.Fatal(err)
		}
	}
}
