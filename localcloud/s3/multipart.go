package s3

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// S3's bounds (S3 User Guide, "Amazon S3 multipart upload limits").
const (
	maxPartNumber = 10000
	minPart       = 5 << 20
)

func partKey(number int) string { return fmt.Sprintf("%05d", number) }

func (u uploadRecord) blobs() []string {
	var names []string
	for _, p := range u.Parts {
		names = append(names, p.Blob)
	}
	return names
}

// parts gives the parts in the order of their numbers.
func (u uploadRecord) parts() []partRecord {
	var parts []partRecord
	for _, p := range u.Parts {
		parts = append(parts, p)
	}
	slices.SortFunc(parts, func(a, b partRecord) int { return a.Number - b.Number })
	return parts
}

// loadUpload finds the upload that a call names.
func loadUpload(tx *store.Tx, c *gate.Call) (*store.Bucket, uploadRecord, error) {
	var u uploadRecord
	if _, err := mustBucket(tx, c.Vars["Bucket"]); err != nil {
		return nil, u, err
	}
	uploads, err := tx.Bucket(root, uploadsKey, c.Vars["Bucket"])
	if err != nil {
		return nil, u, err
	}
	found, err := uploads.GetJSON(c.Query.Get("uploadId"), &u)
	if err == nil && (!found || u.Key != c.Vars["Key"]) {
		err = noSuchUpload()
	}
	return uploads, u, err
}

func noSuchUpload() error {
	return notThere("NoSuchUpload", "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.")
}

func (s *Service) viewUpload(c *gate.Call) (u uploadRecord, err error) {
	err = s.cfg.DB.View(func(tx *store.Tx) (err error) {
		_, u, err = loadUpload(tx, c)
		return err
	})
	return u, err
}

func (s *Service) createMultipartUpload(c *gate.Call) (*gate.Reply, error) {
	if err := checkWrite(c); err != nil {
		return nil, err
	}
	header, err := keptHeaders(c.Header)
	if err != nil {
		return nil, err
	}
	tags, err := headerTags(c)
	if err != nil {
		return nil, err
	}
	id, err := s.newName()
	if err != nil {
		return nil, err
	}
	u := uploadRecord{ID: id, Key: c.Vars["Key"], Initiated: s.cfg.Now().UTC(), Header: header, Tags: tags}
	if u.Algorithm, u.Type, err = announcedChecksum(c.Header); err != nil {
		return nil, err
	}
	err = s.cfg.DB.Update(func(tx *store.Tx) error {
		if _, err := mustBucket(tx, c.Vars["Bucket"]); err != nil {
			return err
		}
		uploads, err := tx.Bucket(root, uploadsKey, c.Vars["Bucket"])
		if err != nil {
			return err
		}
		return uploads.PutJSON(u.ID, u)
	})
	if err != nil {
		return nil, err
	}
	reply, err := xmlReply(struct {
		XMLName  xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ InitiateMultipartUploadResult"`
		Bucket   string
		Key      string
		UploadID string `xml:"UploadId"`
	}{Bucket: c.Vars["Bucket"], Key: u.Key, UploadID: u.ID})
	if err == nil && u.Algorithm != "" {
		reply.Header.Set("X-Amz-Checksum-Algorithm", u.Algorithm)
		reply.Header.Set("X-Amz-Checksum-Type", u.Type)
	}
	return reply, err
}

// announcedChecksum reads the algorithm and the type of an upload's checksum.
func announcedChecksum(h http.Header) (algorithm, kind string, err error) {
	algorithm = strings.ToUpper(h.Get("X-Amz-Checksum-Algorithm"))
	kind = strings.ToUpper(h.Get("X-Amz-Checksum-Type"))
	if algorithm == "" {
		return "", "", nil
	}
	if newHash(algorithm) == nil {
		return "", "", gate.Errorf("InvalidRequest", "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
	}
	if kind == "" {
		kind = composite
		if algorithm == "CRC64NVME" {
			kind = fullObject
		}
	}
	if strings.HasPrefix(algorithm, "SHA") == (kind == fullObject) && kind == fullObject || (algorithm == "CRC64NVME" && kind == composite) {
		return "", "", gate.Errorf("InvalidRequest", "The %s checksum type cannot be used with the %s checksum algorithm.", kind, strings.ToLower(algorithm))
	}
	return algorithm, kind, nil
}

func (s *Service) uploadPart(c *gate.Call) (*gate.Reply, error) {
	number, err := strconv.Atoi(c.Query.Get("partNumber"))
	if err != nil || number < 1 || number > maxPartNumber {
		return nil, invalid("Part number must be an integer between 1 and %d, inclusive", maxPartNumber)
	}
	u, err := s.viewUpload(c)
	if err != nil {
		return nil, err
	}
	sum, err := checkBody(c, u.Algorithm)
	if err != nil {
		return nil, err
	}
	if u.Algorithm != "" && sum.Algorithm != u.Algorithm {
		return nil, gate.Errorf("InvalidRequest", "Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s",
			strings.ToLower(u.Algorithm), strings.ToLower(sum.Algorithm))
	}
	blob, err := s.writeBlob(writeBytes(c.Body))
	if err != nil {
		return nil, err
	}
	part := partRecord{Number: number, Blob: blob, Size: int64(len(c.Body)), ETag: md5Hex(c.Body), Modified: s.cfg.Now().UTC(), Checksum: sum}
	var old string
	err = s.cfg.DB.Update(func(tx *store.Tx) error {
		uploads, u, err := loadUpload(tx, c)
		if err != nil {
			return err
		}
		if u.Parts == nil {
			u.Parts = map[string]partRecord{}
		}
		old = u.Parts[partKey(number)].Blob
		u.Parts[partKey(number)] = part
		return uploads.PutJSON(u.ID, u)
	})
	if err != nil {
		s.dropBlobs(blob)
		return nil, err
	}
	s.dropBlobs(old)
	reply := &gate.Reply{Header: http.Header{"Etag": {`"` + part.ETag + `"`}}}
	reply.Header.Set(headerName(sum.Algorithm), sum.Value)
	return reply, nil
}

func (s *Service) abortMultipartUpload(c *gate.Call) (*gate.Reply, error) {
	var leftover []string
	err := s.cfg.DB.Update(func(tx *store.Tx) error {
		uploads, u, err := loadUpload(tx, c)
		if err != nil {
			return err
		}
		leftover = u.blobs()
		return uploads.Delete([]byte(u.ID))
	})
	if err != nil {
		return nil, err
	}
	s.dropBlobs(leftover...)
	return noContent()
}

func (s *Service) listParts(c *gate.Call) (*gate.Reply, error) {
	u, err := s.viewUpload(c)
	if err != nil {
		return nil, err
	}
	type listedPart struct {
		PartNumber   int
		LastModified string
		ETag         string
		Size         int64
		checksumXML
	}
	out := struct {
		XMLName              xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListPartsResult"`
		Bucket               string
		Key                  string
		UploadID             string `xml:"UploadId"`
		StorageClass         string
		ChecksumAlgorithm    string `xml:",omitempty"`
		ChecksumType         string `xml:",omitempty"`
		PartNumberMarker     int
		NextPartNumberMarker int
		MaxParts             int
		IsTruncated          bool
		Parts                []listedPart `xml:"Part"`
	}{Bucket: c.Vars["Bucket"], Key: u.Key, UploadID: u.ID, StorageClass: "STANDARD", ChecksumAlgorithm: u.Algorithm, ChecksumType: u.Type, MaxParts: maxKeys}
	if text := c.Query.Get("part-number-marker"); text != "" {
		if out.PartNumberMarker, err = strconv.Atoi(text); err != nil {
			return nil, invalid("Argument part-number-marker must be an integer")
		}
	}
	if text := c.Query.Get("max-parts"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return nil, invalid("Argument max-parts must be an integer between 0 and 2147483647")
		}
		out.MaxParts = min(n, maxKeys)
	}
	for _, p := range u.parts() {
		if p.Number <= out.PartNumberMarker {
			continue
		}
		if len(out.Parts) == out.MaxParts {
			out.IsTruncated = true
			break
		}
		out.NextPartNumberMarker = p.Number
		out.Parts = append(out.Parts, listedPart{p.Number, timestamp(p.Modified), `"` + p.ETag + `"`, p.Size, p.Checksum.xml(false)})
	}
	return xmlReply(out)
}

func (s *Service) listMultipartUploads(c *gate.Call) (*gate.Reply, error) {
	type listedUpload struct {
		Key          string
		UploadID     string `xml:"UploadId"`
		StorageClass string
		Initiated    string
	}
	out := struct {
		XMLName     xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListMultipartUploadsResult"`
		Bucket      string
		Prefix      string `xml:",omitempty"`
		MaxUploads  int
		IsTruncated bool
		Uploads     []listedUpload `xml:"Upload"`
	}{Bucket: c.Vars["Bucket"], Prefix: c.Query.Get("prefix"), MaxUploads: maxKeys}
	err := s.cfg.DB.View(func(tx *store.Tx) error {
		out.Uploads = nil
		if _, err := mustBucket(tx, out.Bucket); err != nil {
			return err
		}
		return eachRecord(tx, uploadsKey, out.Bucket, func(u uploadRecord) {
			if strings.HasPrefix(u.Key, out.Prefix) {
				out.Uploads = append(out.Uploads, listedUpload{u.Key, u.ID, "STANDARD", timestamp(u.Initiated)})
			}
		})
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(out.Uploads, func(a, b listedUpload) int { return strings.Compare(a.Key, b.Key) })
	return xmlReply(out)
}
