package sigv4

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
)

// emptyHash is the hash of nothing.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// maxTrailers bounds the bytes after the last chunk.
const maxTrailers = 8 << 10

// Streaming reports whether a payload hash announces a chunked body.
func Streaming(bodyHash string) bool { return strings.HasPrefix(bodyHash, "STREAMING-") }

// DecodeChunked takes a body of S3's aws-chunked encoding apart and verifies
// the chunks that mode says are signed; s must have been verified before. It
// overwrites body. The trailer holds what follows the last chunk, such as
// x-amz-checksum-crc32, whose value is checked. Errors are *Fault of kind
// Mismatch, BadChunk or BadChecksum.
func (v *Verifier) DecodeChunked(body []byte, mode string, s *Signature, secret string) (decoded []byte, trailer http.Header, err error) {
	c := &chunks{rest: body, decoded: body[:0], signed: mode != StreamingUnsignedTrailer}
	if c.signed {
		key := v.key(derivation{secret, s.Scope})
		c.key, c.previous = key[:], s.Signature
		c.prefix = s.stamp + "\n" + s.Scope.String() + "\n"
	}
	for last := false; !last; {
		if last, err = c.next(); err != nil {
			return nil, nil, err
		}
	}
	if trailer, err = c.trailers(mode == StreamingPayloadTrailer); err != nil {
		return nil, nil, err
	}
	for name, values := range trailer {
		if right, known := checksumMatches(name, values[0], c.decoded); known && !right {
			algorithm := strings.ToUpper(strings.TrimPrefix(strings.ToLower(name), checksumPrefix))
			return nil, nil, fault(BadChecksum, "The "+algorithm+" you specified did not match the calculated checksum.")
		}
	}
	return c.decoded, trailer, nil
}

// chunks is the state of taking one body apart.
type chunks struct {
	rest, decoded    []byte
	signed           bool
	key              []byte
	previous, prefix string
}

func badChunk() *Fault {
	return fault(BadChunk, "The request body terminated unexpectedly")
}

// line cuts one line off the rest.
func (c *chunks) line(limit int) (string, error) {
	i := bytes.Index(c.rest[:min(len(c.rest), limit)], []byte("\r\n"))
	if i < 0 {
		return "", badChunk()
	}
	line := string(c.rest[:i])
	c.rest = c.rest[i+2:]
	return line, nil
}

// next decodes one chunk; the last one has no data.
func (c *chunks) next() (last bool, err error) {
	line, err := c.line(256)
	if err != nil {
		return false, err
	}
	sizeText, extension, _ := strings.Cut(line, ";")
	size, err := strconv.ParseUint(sizeText, 16, 31)
	if err != nil || uint64(len(c.rest)) < size {
		return false, badChunk()
	}
	data := c.rest[:size]
	if c.signed {
		given, ok := strings.CutPrefix(extension, "chunk-signature=")
		if !ok {
			return false, badChunk()
		}
		if err := c.verify("AWS4-HMAC-SHA256-PAYLOAD", emptyHash+"\n", data, given); err != nil {
			return false, err
		}
	}
	c.rest = c.rest[size:]
	if size == 0 {
		return true, nil
	}
	if !bytes.HasPrefix(c.rest, []byte("\r\n")) {
		return false, badChunk()
	}
	c.rest = c.rest[2:]
	c.decoded = append(c.decoded, data...) // never past data: headers only make the source longer
	return false, nil
}

// verify checks one link of the chain of signatures.
func (c *chunks) verify(algorithm, between string, data []byte, given string) error {
	sum := sha256.Sum256(data)
	want := sign(c.key, algorithm+"\n"+c.prefix+c.previous+"\n"+between+hex.EncodeToString(sum[:]))
	got, err := hex.DecodeString(given)
	if err != nil || subtle.ConstantTimeCompare(got, want[:]) != 1 {
		return mismatch()
	}
	c.previous = given
	return nil
}

// trailers reads the header lines after the last chunk.
func (c *chunks) trailers(signed bool) (http.Header, error) {
	trailer := http.Header{}
	if len(c.rest) > maxTrailers {
		return nil, badChunk()
	}
	var text strings.Builder
	verified := false
	for len(c.rest) > 0 {
		line, err := c.line(maxTrailers)
		if err != nil {
			return nil, err
		}
		if line == "" {
			break
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, badChunk()
		}
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		if name == "x-amz-trailer-signature" {
			if err := c.verify("AWS4-HMAC-SHA256-TRAILER", "", []byte(text.String()), value); signed && err != nil {
				return nil, err
			}
			verified = true
			continue
		}
		if verified { // nothing may follow what is signed
			return nil, badChunk()
		}
		text.WriteString(name + ":" + value + "\n")
		trailer.Add(name, value)
	}
	if len(c.rest) > 0 || (signed && !verified) {
		return nil, badChunk()
	}
	return trailer, nil
}
