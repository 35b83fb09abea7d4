package sigv4_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/writ-dev/writ/internal/sigv4"
)

func mac(k []byte, text string) []byte {
	h := hmac.New(sha256.New, k)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// chunk signs the chunks of a body by the S3 API Reference, "Signature
// Calculations for the Authorization Header: Transferring Payload in Multiple
// Chunks", written down a second time.
func chunk(seed, secret string, trailer string, data ...string) string {
	const scope = "20260102/us-east-1/s3/aws4_request"
	k := []byte("AWS4" + secret)
	for part := range strings.SplitSeq(scope, "/") {
		k = mac(k, part)
	}
	var b strings.Builder
	for _, d := range append(data, "") {
		text := strings.Join([]string{"AWS4-HMAC-SHA256-PAYLOAD", "20260102T150405Z", scope, seed, sigv4.HashBody(nil), sigv4.HashBody([]byte(d))}, "\n")
		seed = hex.EncodeToString(mac(k, text))
		fmt.Fprintf(&b, "%x;chunk-signature=%s\r\n", len(d), seed)
		if d != "" {
			b.WriteString(d + "\r\n")
		}
	}
	if trailer != "" {
		text := strings.Join([]string{"AWS4-HMAC-SHA256-TRAILER", "20260102T150405Z", scope, seed, sigv4.HashBody([]byte(trailer + "\n"))}, "\n")
		b.WriteString(trailer + "\r\nx-amz-trailer-signature:" + hex.EncodeToString(mac(k, text)) + "\r\n")
	}
	return b.String() + "\r\n"
}

func TestDecodeChunked(t *testing.T) {
	t.Parallel()
	r := signed(t, "s3", "http://localhost/b/k", "")
	s, err := sigv4.Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	plain := chunk(s.Signature, key.Secret, "", "hello ", "world")
	crc := "x-amz-checksum-crc32:DUoRhQ==" // of "hello world"
	trailed := chunk(s.Signature, key.Secret, crc, "hello ", "world")
	cases := []struct {
		name, mode, body string
		want             sigv4.Kind
	}{
		{"signed", sigv4.StreamingPayload, plain, 0},
		{"signed with trailer", sigv4.StreamingPayloadTrailer, trailed, 0},
		{"unsigned", sigv4.StreamingUnsignedTrailer, "6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n", 0},
		{"unsigned with checksum", sigv4.StreamingUnsignedTrailer, "b\r\nhello world\r\n0\r\n" + crc + "\r\n\r\n", 0},
		{"crc32c", sigv4.StreamingUnsignedTrailer, "b\r\nhello world\r\n0\r\nx-amz-checksum-crc32c:yZRlqg==\r\n\r\n", 0},
		{"crc64nvme", sigv4.StreamingUnsignedTrailer, "b\r\nhello world\r\n0\r\nx-amz-checksum-crc64nvme:jSnVw/bqjr4=\r\n\r\n", 0},
		{"sha1", sigv4.StreamingUnsignedTrailer, "b\r\nhello world\r\n0\r\nx-amz-checksum-sha1:Kq5sNclPz7QV2+lfQIuc6R7oRu0=\r\n\r\n", 0},
		{"another byte", sigv4.StreamingPayload, strings.Replace(plain, "world", "w0rld", 1), sigv4.Mismatch},
		{"a chunk left out", sigv4.StreamingPayload, plain[strings.Index(plain, "5;"):], sigv4.Mismatch},
		{"cut short", sigv4.StreamingPayload, plain[:len(plain)-100], sigv4.BadChunk},
		{"another trailer", sigv4.StreamingPayloadTrailer, strings.Replace(trailed, "DUoRhQ", "DUoRhR", 1), sigv4.Mismatch},
		{"trailer not signed", sigv4.StreamingPayloadTrailer, chunk(s.Signature, key.Secret, "", "hello world"), sigv4.BadChunk},
		{"wrong checksum", sigv4.StreamingUnsignedTrailer, "b\r\nhello w0rld\r\n0\r\n" + crc + "\r\n\r\n", sigv4.BadChecksum},
		{"size beyond the body", sigv4.StreamingUnsignedTrailer, "ffff\r\nhello\r\n0\r\n\r\n", sigv4.BadChunk},
		{"size that is no number", sigv4.StreamingUnsignedTrailer, "-1\r\nhello\r\n0\r\n\r\n", sigv4.BadChunk},
		{"no last chunk", sigv4.StreamingUnsignedTrailer, "5\r\nhello\r\n", sigv4.BadChunk},
		{"empty", sigv4.StreamingUnsignedTrailer, "", sigv4.BadChunk},
	}
	for _, c := range cases {
		var v sigv4.Verifier
		got, _, err := v.DecodeChunked([]byte(c.body), c.mode, s, key.Secret)
		if kind(err) != c.want {
			t.Errorf("%s: got %v, want kind %d", c.name, err, c.want)
		}
		if c.want == 0 {
			if diff := cmp.Diff("hello world", string(got)); diff != "" {
				t.Errorf("%s: %s", c.name, diff)
			}
		}
	}
}
