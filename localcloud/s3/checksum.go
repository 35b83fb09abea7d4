package s3

import (
	"crypto/sha1" // an S3 checksum algorithm
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"strings"

	"github.com/writ-dev/writ/localcloud/gate"
)

// checksum is one of S3's additional checksums of an object or a part.
type checksum struct {
	// Algorithm is "CRC32", "CRC32C", "CRC64NVME", "SHA1" or "SHA256"; "" for none.
	Algorithm string
	// Value is in base64, for COMPOSITE with "-PARTS" at its end.
	Value string
	// Type is "FULL_OBJECT" or "COMPOSITE".
	Type string
}

const (
	fullObject = "FULL_OBJECT"
	composite  = "COMPOSITE"
)

// algorithms in the order in which they are looked for.
var algorithms = []string{"CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"}

// nvme is the polynomial of CRC-64/NVME, in the reversed form that hash/crc64 takes.
var nvme = crc64.MakeTable(0x9a6c9329ac4bc9b5)

// newHash makes the hash of an algorithm, nil for an unknown one.
func newHash(algorithm string) hash.Hash {
	switch algorithm {
	case "CRC32":
		return crc32.NewIEEE()
	case "CRC32C":
		return crc32.New(crc32.MakeTable(crc32.Castagnoli))
	case "CRC64NVME":
		return crc64.New(nvme)
	case "SHA1":
		return sha1.New() // an S3 checksum algorithm
	case "SHA256":
		return sha256.New()
	}
	return nil
}

func headerName(algorithm string) string {
	return http.CanonicalHeaderKey("X-Amz-Checksum-" + strings.ToLower(algorithm))
}

// digest computes an algorithm's value of data.
func digest(algorithm string, data []byte) string {
	h := newHash(algorithm)
	_, _ = h.Write(data) // a hash never fails
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// checkBody verifies the checksums that a request carries for its body, and
// gives the one to keep: what the request says, else CRC64NVME as AWS computes.
func checkBody(c *gate.Call, preferred string) (checksum, error) {
	if claimed := c.Header.Get("Content-Md5"); claimed != "" && claimed != md5Base64(c.Body) {
		return checksum{}, gate.Errorf("BadDigest", "The Content-MD5 you specified did not match what we received.")
	}
	algorithm := preferred
	for _, a := range algorithms {
		claimed := c.Header.Get(headerName(a))
		if claimed == "" {
			continue
		}
		if digest(a, c.Body) != claimed {
			return checksum{}, gate.Errorf("BadDigest", "The %s you specified did not match the calculated checksum.", a)
		}
		return checksum{Algorithm: a, Value: claimed, Type: fullObject}, nil
	}
	for _, name := range []string{c.Header.Get("X-Amz-Sdk-Checksum-Algorithm"), strings.TrimPrefix(c.Header.Get("X-Amz-Trailer"), "x-amz-checksum-")} {
		if name = strings.ToUpper(name); newHash(name) != nil && algorithm == "" {
			algorithm = name
		}
	}
	if algorithm == "" {
		algorithm = "CRC64NVME"
	}
	return checksum{Algorithm: algorithm, Value: digest(algorithm, c.Body), Type: fullObject}, nil
}

// setHeader puts the checksum into an answer.
func (k checksum) setHeader(h http.Header) {
	if k.Algorithm != "" && k.Value != "" {
		h.Set(headerName(k.Algorithm), k.Value)
		h.Set("X-Amz-Checksum-Type", k.Type)
	}
}

// checksumXML is the checksum in an XML answer; the members that are empty are left out.
type checksumXML struct {
	ChecksumCRC32     string `xml:",omitempty"`
	ChecksumCRC32C    string `xml:",omitempty"`
	ChecksumCRC64NVME string `xml:",omitempty"`
	ChecksumSHA1      string `xml:",omitempty"`
	ChecksumSHA256    string `xml:",omitempty"`
	ChecksumType      string `xml:",omitempty"`
}

func (k checksum) xml(withType bool) checksumXML {
	var x checksumXML
	switch k.Algorithm {
	case "CRC32":
		x.ChecksumCRC32 = k.Value
	case "CRC32C":
		x.ChecksumCRC32C = k.Value
	case "CRC64NVME":
		x.ChecksumCRC64NVME = k.Value
	case "SHA1":
		x.ChecksumSHA1 = k.Value
	case "SHA256":
		x.ChecksumSHA256 = k.Value
	}
	if withType && k.Value != "" {
		x.ChecksumType = k.Type
	}
	return x
}
