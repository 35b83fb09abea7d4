// Package sigv4 verifies and makes AWS Signature Version 4 signatures.
//
// A request is verified by building the string to sign again from the headers
// that it says are signed, and comparing in constant time. The rules are those
// of the IAM User Guide, "Create a signed AWS API request", and of the S3 API
// Reference, "Authenticating Requests". It is the only importer of the SDK's
// signer, which makes signatures ([Sign], [Presign]) and is the judge of the
// verifier in tests.
package sigv4

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The algorithm, the last part of a scope, and how times are written.
const (
	Algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	timeFormat = "20060102T150405Z"
)

// The payload hashes that are no hash: S3 alone knows them.
const (
	UnsignedPayload          = "UNSIGNED-PAYLOAD"
	StreamingPayload         = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	StreamingPayloadTrailer  = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
	StreamingUnsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
)

// Skew is how far a signature's time may lie from the verifier's clock.
const Skew = 15 * time.Minute

// MaxExpires is the longest life of a presigned request.
const MaxExpires = 7 * 24 * time.Hour

// maxSignedHeaders bounds the work that one request can ask for.
const maxSignedHeaders = 128

// Scope is what a signing key is good for.
type Scope struct {
	Date    string // "20260102"
	Region  string
	Service string
}

// String gives the scope as it is signed.
func (s Scope) String() string {
	return s.Date + "/" + s.Region + "/" + s.Service + "/" + terminator
}

// Signature is what a request says about its own signature. Nothing of it is
// to be believed before [Verifier.Verify].
type Signature struct {
	AccessKeyID   string
	Scope         Scope
	SignedHeaders []string // lower case, as listed
	Signature     string   // hexadecimal
	Time          time.Time
	// Token is the session token, "" for none.
	Token     string
	Presigned bool
	// Expires is how long a presigned request is good for.
	Expires time.Duration

	stamp string // Time as the request wrote it
}

// Kind says what is wrong with a signature; services word it differently.
type Kind int

// The kinds of fault.
const (
	Missing     Kind = iota + 1 // the request is not signed
	Incomplete                  // the signature cannot be read
	BadExpires                  // X-Amz-Expires is out of bounds
	WrongScope                  // date or terminator of the scope is wrong
	Expired                     // signed too long ago
	NotYet                      // signed too far in the future
	NotSigned                   // a header that must be signed is not
	Mismatch                    // the signature is another one
	BadChunk                    // a chunked body cannot be read, or is not the one that was signed
	BadChecksum                 // a trailing checksum is not the body's
)

// Fault is the one error of this package.
type Fault struct {
	Kind    Kind
	Message string
}

// Error gives AWS's words where AWS has any.
func (f *Fault) Error() string { return f.Message }

func fault(kind Kind, message string) *Fault { return &Fault{Kind: kind, Message: message} }

// Parse reads the signature of a request, from its Authorization header or, for
// a presigned one, from its query. Errors are *Fault of kind Missing,
// Incomplete, BadExpires or WrongScope; with WrongScope the signature is given
// as far as it could be read.
func Parse(r *http.Request) (*Signature, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		return parseHeader(r, header)
	}
	if strings.Contains(r.URL.RawQuery, "X-Amz-") {
		query := r.URL.Query()
		if query.Has("X-Amz-Algorithm") || query.Has("X-Amz-Signature") || query.Has("X-Amz-Credential") {
			return parseQuery(query)
		}
	}
	return nil, fault(Missing, "Request is missing Authentication Token")
}

func parseHeader(r *http.Request, header string) (*Signature, error) {
	scheme, rest, _ := strings.Cut(header, " ")
	if scheme != Algorithm {
		if strings.HasPrefix(scheme, "AWS4-") {
			return nil, fault(Incomplete, "Unsupported AWS 'algorithm': '"+scheme+"'.")
		}
		return nil, fault(Missing, "Request is missing Authentication Token")
	}
	s := &Signature{Token: r.Header.Get("X-Amz-Security-Token")}
	var credential, signed string
	for part := range strings.SplitSeq(rest, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok {
			return nil, fault(Incomplete, "'"+part+"' not a valid key=value pair (missing equal-sign) in Authorization header.")
		}
		switch name {
		case "Credential":
			credential = value
		case "SignedHeaders":
			signed = value
		case "Signature":
			s.Signature = value
		}
	}
	stamp := r.Header.Get("X-Amz-Date")
	if stamp == "" {
		stamp = r.Header.Get("Date")
	}
	var missing []string
	for _, p := range []struct{ name, value string }{{"Credential", credential}, {"Signature", s.Signature}, {"SignedHeaders", signed}} {
		if p.value == "" {
			missing = append(missing, "Authorization header requires '"+p.name+"' parameter.")
		}
	}
	if stamp == "" {
		missing = append(missing, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	if missing != nil {
		return nil, fault(Incomplete, strings.Join(missing, " "))
	}
	return s, s.fill(credential, signed, stamp)
}

func parseQuery(query url.Values) (*Signature, error) {
	if a := query.Get("X-Amz-Algorithm"); a != Algorithm {
		return nil, fault(Incomplete, "Unsupported AWS 'algorithm': '"+a+"'.")
	}
	for _, name := range []string{"X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"} {
		if query.Get(name) == "" {
			return nil, fault(Incomplete, "AWS query-string parameters must include '"+name+"'. Re-examine the query-string parameters.")
		}
	}
	s := &Signature{
		Presigned: true,
		Token:     query.Get("X-Amz-Security-Token"),
		Signature: query.Get("X-Amz-Signature"),
		Expires:   Skew,
	}
	if query.Has("X-Amz-Expires") {
		seconds, err := strconv.ParseInt(query.Get("X-Amz-Expires"), 10, 64)
		switch {
		case err != nil:
			return nil, fault(BadExpires, "X-Amz-Expires should be a number")
		case seconds < 0:
			return nil, fault(BadExpires, "X-Amz-Expires must be non-negative")
		case seconds > int64(MaxExpires/time.Second):
			return nil, fault(BadExpires, "X-Amz-Expires must be less than a week (in seconds) that is, the given X-Amz-Expires must be less than 604800 seconds")
		}
		s.Expires = time.Duration(seconds) * time.Second
	}
	return s, s.fill(query.Get("X-Amz-Credential"), query.Get("X-Amz-SignedHeaders"), query.Get("X-Amz-Date"))
}

// fill reads the three parts that header and query have in common.
func (s *Signature) fill(credential, signed, stamp string) error {
	// An access key id has no slash, but nothing says so: the last four parts are the scope.
	parts := strings.Split(credential, "/")
	if len(parts) < 5 {
		return fault(Incomplete, "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '"+credential+"'")
	}
	n := len(parts)
	s.AccessKeyID = strings.Join(parts[:n-4], "/")
	s.Scope = Scope{Date: parts[n-4], Region: parts[n-3], Service: parts[n-2]}
	s.SignedHeaders = strings.Split(signed, ";")
	if len(s.SignedHeaders) > maxSignedHeaders {
		return fault(Incomplete, "Too many signed headers.")
	}
	t, err := time.Parse(timeFormat, stamp)
	if err != nil {
		if t, err = http.ParseTime(stamp); err != nil {
			return fault(Incomplete, "Date must be in ISO-8601 'basic format'. Got '"+stamp+"'. See http://en.wikipedia.org/wiki/ISO_8601")
		}
		stamp = t.UTC().Format(timeFormat)
	}
	s.Time, s.stamp = t.UTC(), stamp
	if parts[n-1] != terminator {
		return fault(WrongScope, "Credential should be scoped with a valid terminator: '"+terminator+"', not '"+parts[n-1]+"'.")
	}
	if s.Scope.Date != stamp[:8] {
		return fault(WrongScope, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '"+
			s.Scope.Date+"' != '"+stamp[:8]+"', from '"+stamp+"'.")
	}
	return nil
}

// CheckTime says whether the signature is current at now.
func (s *Signature) CheckTime(now time.Time) error {
	now = now.UTC()
	if s.Time.After(now.Add(Skew)) {
		return fault(NotYet, "Signature not yet current: "+s.stamp+" is still later than "+
			now.Add(Skew).Format(timeFormat)+" ("+now.Format(timeFormat)+" + 15 min.)")
	}
	if s.Presigned {
		if now.After(s.Time.Add(s.Expires)) {
			return fault(Expired, "Signature expired: "+s.stamp+" is now earlier than "+now.Add(-s.Expires).Format(timeFormat)+
				" ("+now.Format(timeFormat)+" - "+strconv.Itoa(int(s.Expires/time.Minute))+" min.)")
		}
		return nil
	}
	if s.Time.Before(now.Add(-Skew)) {
		return fault(Expired, "Signature expired: "+s.stamp+" is now earlier than "+
			now.Add(-Skew).Format(timeFormat)+" ("+now.Format(timeFormat)+" - 15 min.)")
	}
	return nil
}

// Signs reports whether the signature covers a header, named in lower case.
func (s *Signature) Signs(header string) bool { return slices.Contains(s.SignedHeaders, header) }
