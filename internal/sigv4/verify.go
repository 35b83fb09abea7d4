package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"path"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Verifier verifies signatures. It keeps the signing keys that it derived, a
// bounded number of them. The zero value is ready; it is safe for concurrent use.
type Verifier struct {
	mu sync.RWMutex
	// Two generations: when the young one is full it becomes the old one.
	young, old map[derivation][sha256.Size]byte
}

// derivation is all that a signing key depends on.
type derivation struct {
	secret string
	scope  Scope
}

// maxKeys bounds each generation of derived keys.
const maxKeys = 1024

// Verify says whether the request carries a current signature made with secret.
// bodyHash is the hash of the body in hexadecimal that was read, or what stands
// for it in S3. Errors are *Fault.
func (v *Verifier) Verify(r *http.Request, s *Signature, bodyHash, secret string, now time.Time) error {
	if err := s.CheckTime(now); err != nil {
		return err
	}
	if err := s.checkSignedHeaders(r); err != nil {
		return err
	}
	given, err := hex.DecodeString(s.Signature)
	if err != nil {
		return mismatch()
	}
	key := v.key(derivation{secret, s.Scope})
	escaped := r.URL.EscapedPath()
	for i, uri := range canonicalPaths(escaped, s.Scope.Service) {
		if i > 0 && uri == "" {
			break
		}
		want := sign(key[:], s.stringToSign(canonicalRequest(r, s, uri, bodyHash)))
		if subtle.ConstantTimeCompare(given, want[:]) == 1 {
			return nil
		}
	}
	return mismatch()
}

func mismatch() *Fault {
	return fault(Mismatch, "The request signature we calculated does not match the signature you provided. "+
		"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
}

// checkSignedHeaders refuses a request with headers that change its meaning
// and that the signature does not cover.
func (s *Signature) checkSignedHeaders(r *http.Request) error {
	if !s.Signs("host") {
		return fault(NotSigned, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
	}
	if !s.Presigned && !s.Signs("x-amz-date") && (r.Header.Get("X-Amz-Date") != "" || !s.Signs("date")) {
		return fault(NotSigned, "'X-Amz-Date' or 'Date' must be a 'SignedHeader' in the AWS Authorization.")
	}
	for name := range r.Header {
		if len(name) < 6 || name[:6] != "X-Amz-" || name == "X-Amz-Security-Token" {
			continue
		}
		lower := strings.ToLower(name)
		if s.Presigned && lower == "x-amz-content-sha256" { // signed in its own place
			continue
		}
		// S3 wants every x-amz- header signed; elsewhere only the one that names the operation matters.
		if (lower == "x-amz-target" || s.Scope.Service == "s3") && !s.Signs(lower) {
			return fault(NotSigned, "There were headers present in the request which were not signed")
		}
	}
	return nil
}

// key gives the signing key, from the cache if it is there.
func (v *Verifier) key(d derivation) [sha256.Size]byte {
	v.mu.RLock()
	key, ok := v.young[d]
	if !ok {
		key, ok = v.old[d]
	}
	v.mu.RUnlock()
	if ok {
		return key
	}
	key = sign([]byte("AWS4"+d.secret), d.scope.Date)
	for _, part := range []string{d.scope.Region, d.scope.Service, terminator} {
		key = sign(key[:], part)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.young == nil || len(v.young) >= maxKeys {
		v.old, v.young = v.young, make(map[derivation][sha256.Size]byte)
	}
	v.young[d] = key
	return key
}

func sign(key []byte, text string) (sum [sha256.Size]byte) {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	h.Sum(sum[:0])
	return sum
}

func (s *Signature) stringToSign(canonical []byte) string {
	sum := sha256.Sum256(canonical)
	return Algorithm + "\n" + s.stamp + "\n" + s.Scope.String() + "\n" + hex.EncodeToString(sum[:])
}

// canonicalRequest builds the text whose hash is signed.
func canonicalRequest(r *http.Request, s *Signature, uri, bodyHash string) []byte {
	b := make([]byte, 0, 1024)
	b = append(b, r.Method...)
	b = append(b, '\n')
	b = append(b, uri...)
	b = append(b, '\n')
	b = appendQuery(b, r.URL.RawQuery, s.Presigned)
	b = append(b, '\n')
	for _, name := range s.SignedHeaders {
		b = append(b, name...)
		b = append(b, ':')
		b = appendHeader(b, r, name)
		b = append(b, '\n')
	}
	b = append(b, '\n')
	for i, name := range s.SignedHeaders {
		if i > 0 {
			b = append(b, ';')
		}
		b = append(b, name...)
	}
	b = append(b, '\n')
	return append(b, bodyHash...)
}

// appendHeader appends a header's values as they are signed: trimmed, runs of
// spaces made one, several values joined by commas.
func appendHeader(b []byte, r *http.Request, name string) []byte {
	switch name {
	case "host":
		return appendSquashed(b, r.Host)
	case "content-length":
		if r.Header.Get("Content-Length") == "" {
			return strconv.AppendInt(b, r.ContentLength, 10)
		}
	case "transfer-encoding":
		return append(b, strings.Join(r.TransferEncoding, ",")...)
	}
	for i, value := range r.Header.Values(name) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendSquashed(b, value)
	}
	return b
}

func appendSquashed(b []byte, value string) []byte {
	value = strings.TrimSpace(value)
	if !strings.Contains(value, "  ") {
		return append(b, value...)
	}
	space := false
	for i := range len(value) {
		if value[i] == ' ' && space {
			continue
		}
		space = value[i] == ' '
		b = append(b, value[i])
	}
	return b
}

// canonicalPaths gives the forms of a path that clients sign; the second may be
// "". S3 signs the path as it is sent; all others escape it once more, and some
// of their clients (botocore) first resolve "." and "..".
func canonicalPaths(escaped, service string) [2]string {
	if escaped == "" {
		escaped = "/"
	}
	if service == "s3" {
		return [2]string{escaped}
	}
	first := string(appendEscaped(nil, escaped, true))
	if !strings.Contains(escaped, "//") && !strings.Contains(escaped, "/.") {
		return [2]string{first}
	}
	clean := path.Clean(escaped)
	if strings.HasSuffix(escaped, "/") && clean != "/" {
		clean += "/"
	}
	return [2]string{first, string(appendEscaped(nil, clean, true))}
}

// appendQuery appends the parameters sorted by name and value, each escaped
// anew, without the signature itself when the request is presigned.
func appendQuery(b []byte, raw string, presigned bool) []byte {
	if raw == "" {
		return b
	}
	type pair struct{ name, value string }
	var pairs []pair
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		p := pair{reescape(name), reescape(value)}
		if presigned && p.name == "X-Amz-Signature" {
			continue
		}
		pairs = append(pairs, p)
	}
	sort.Slice(pairs, func(i, j int) bool {
		if pairs[i].name != pairs[j].name {
			return pairs[i].name < pairs[j].name
		}
		return pairs[i].value < pairs[j].value
	})
	for i, p := range pairs {
		if i > 0 {
			b = append(b, '&')
		}
		b = append(append(append(b, p.name...), '='), p.value...)
	}
	return b
}

// reescape brings a part of a query into the one form that is signed.
func reescape(s string) string {
	decoded := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			decoded = append(decoded, ' ')
		case s[i] == '%' && i+2 < len(s) && unhex(s[i+1]) >= 0 && unhex(s[i+2]) >= 0:
			decoded = append(decoded, byte(unhex(s[i+1])<<4|unhex(s[i+2])))
			i += 2
		default:
			decoded = append(decoded, s[i])
		}
	}
	return string(appendEscaped(nil, string(decoded), false))
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// appendEscaped escapes all but the unreserved characters of RFC 3986 and, in
// paths, the slash.
func appendEscaped(b []byte, s string, isPath bool) []byte {
	const hexDigits = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == '~', isPath && c == '/':
			b = append(b, c)
		default:
			b = append(b, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return b
}
