package sigv4_test

import (
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/writ-dev/writ/internal/sigv4"
)

// Nothing that did not come from the key verifies, and nothing panics.
func FuzzParseAuthorization(f *testing.F) {
	r := signed(f, "dynamodb", "http://localhost/", "{}")
	f.Add(r.Header.Get("Authorization"), r.Header.Get("X-Amz-Date"), "")
	f.Add("AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=host;x-amz-date, Signature=00", "20260102T150405Z", "")
	f.Add("", "", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=k/20260102/r/s3/aws4_request&X-Amz-Date=20260102T150405Z&X-Amz-SignedHeaders=host&X-Amz-Signature=ab&X-Amz-Expires=60")
	f.Add("AWS4-HMAC-SHA256 Credential=////,SignedHeaders=;;,Signature=,", "Fri, 02 Jan 2026 15:04:05 GMT", "%zz=+&&=")
	var v sigv4.Verifier
	f.Fuzz(func(t *testing.T, authorization, date, query string) {
		r := httptest.NewRequest("POST", "http://localhost/", nil)
		r.URL.RawQuery = query
		r.Header.Set("Authorization", authorization)
		r.Header.Set("X-Amz-Date", date)
		s, err := sigv4.Parse(r)
		if err != nil {
			if kind(err) == 0 {
				t.Fatalf("not a Fault: %v", err)
			}
			return
		}
		if err := v.Verify(r, s, sigv4.HashBody(nil), "a secret that nobody knows", at); err == nil {
			t.Fatalf("verified: %q %q %q", authorization, date, query)
		}
	})
}

// What decodes is never longer than what came, and signed chunks cannot be forged.
func FuzzChunked(f *testing.F) {
	f.Add([]byte("3\r\nabc\r\n0\r\n\r\n"))
	f.Add([]byte("3\r\nabc\r\n0\r\nx-amz-checksum-crc32:NSRBwg==\r\n\r\n"))
	f.Add([]byte("ffffffff\r\n"))
	f.Add([]byte("0;chunk-signature=00\r\n\r\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		var v sigv4.Verifier
		s := &sigv4.Signature{Signature: "00", Scope: sigv4.Scope{Date: "20260102", Region: "r", Service: "s3"}}
		if _, _, err := v.DecodeChunked(append([]byte(nil), body...), sigv4.StreamingPayload, s, "secret"); err == nil {
			t.Fatal("chunks without a signature were taken")
		}
		decoded, _, err := v.DecodeChunked(append([]byte(nil), body...), sigv4.StreamingUnsignedTrailer, s, "")
		if err == nil && len(decoded) > len(body) {
			t.Fatalf("%d bytes of %d", len(decoded), len(body))
		}
		if err != nil && kind(err) == 0 {
			t.Fatalf("not a Fault: %v", err)
		}
	})
}

// The form of a query that is signed does not depend on how it was written.
func FuzzQuery(f *testing.F) {
	f.Add("a", "b c", "é", "+%")
	f.Fuzz(func(t *testing.T, n1, v1, n2, v2 string) {
		a := url.QueryEscape(n1) + "=" + url.QueryEscape(v1) + "&" + url.QueryEscape(n2) + "=" + url.QueryEscape(v2)
		b := sigv4.Escape(n2) + "=" + sigv4.Escape(v2) + "&" + sigv4.Escape(n1) + "=" + sigv4.Escape(v1)
		if x, y := sigv4.CanonicalQuery(a), sigv4.CanonicalQuery(b); x != y {
			t.Fatalf("%q and %q give %q and %q", a, b, x, y)
		}
	})
}
