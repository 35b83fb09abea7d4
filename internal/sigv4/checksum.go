package sigv4

import (
	"crypto/sha1" // S3 offers SHA-1 as a checksum
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"hash/crc64"
	"strings"
)

const checksumPrefix = "x-amz-checksum-"

// crc64NVME is the reversed polynomial of the NVM Express checksum.
const crc64NVME = 0x9a6c9329ac4bc9b5

// checksumMatches says whether the value of a header x-amz-checksum-NAME is
// the checksum of data; known is false for other headers and algorithms.
func checksumMatches(header, value string, data []byte) (right, known bool) {
	name, ok := strings.CutPrefix(strings.ToLower(header), checksumPrefix)
	if !ok {
		return false, false
	}
	var sum []byte
	switch name {
	case "crc32":
		sum = binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(data))
	case "crc32c":
		sum = binary.BigEndian.AppendUint32(nil, crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)))
	case "crc64nvme":
		sum = binary.BigEndian.AppendUint64(nil, crc64.Checksum(data, crc64.MakeTable(crc64NVME)))
	case "sha1":
		s := sha1.Sum(data) // as above
		sum = s[:]
	case "sha256":
		s := sha256.Sum256(data)
		sum = s[:]
	default:
		return false, false
	}
	return base64.StdEncoding.EncodeToString(sum) == value, true
}
