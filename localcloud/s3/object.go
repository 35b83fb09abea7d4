package s3

import (
	"crypto/md5" // S3's ETag
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

func md5Base64(data []byte) string {
	sum := md5.Sum(data) // Content-MD5
	return base64.StdEncoding.EncodeToString(sum[:])
}

func md5Hex(data []byte) string {
	sum := md5.Sum(data) // S3's ETag
	return hex.EncodeToString(sum[:])
}

// contentHeaders are kept with an object and given back.
var contentHeaders = []string{
	"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type", "Expires", "X-Amz-Website-Redirect-Location",
}

// maxMetadata is S3's bound on user metadata, in bytes.
const maxMetadata = 2 << 10

// keptHeaders takes from a request what is kept with the object.
func keptHeaders(h http.Header) (map[string]string, error) {
	kept := map[string]string{}
	for _, name := range contentHeaders {
		if v := h.Get(name); v != "" {
			kept[name] = v
		}
	}
	if kept["Content-Type"] == "" {
		kept["Content-Type"] = "binary/octet-stream"
	}
	size := 0
	for name, values := range h {
		if !strings.HasPrefix(name, "X-Amz-Meta-") {
			continue
		}
		kept[name] = strings.Join(values, ",")
		size += len(name) - len("X-Amz-Meta-") + len(kept[name])
	}
	if size > maxMetadata {
		return nil, gate.Errorf("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")
	}
	return kept, nil
}

// checkWrite refuses what cannot be kept as it was asked.
func checkWrite(c *gate.Call) error {
	switch {
	case len(c.Vars["Key"]) > maxKeyBytes:
		return gate.Errorf("KeyTooLongError", "Your key is too long")
	case len(c.Body) > MaxObject:
		return tooLarge()
	}
	for _, name := range []string{"X-Amz-Server-Side-Encryption-Customer-Algorithm", "X-Amz-Object-Lock-Mode", "X-Amz-Write-Offset-Bytes"} {
		if c.Header.Get(name) != "" {
			return gate.Errorf("NotImplemented", "A header you provided implies functionality that is not implemented: %s", strings.ToLower(name)).
				WithStatus(http.StatusNotImplemented)
		}
	}
	switch acl := c.Header.Get("X-Amz-Acl"); acl {
	case "", "private", "bucket-owner-full-control":
		return nil
	}
	// New buckets have ACLs disabled, and so has every bucket here.
	return gate.Errorf("AccessControlListNotSupported", "The bucket does not allow ACLs")
}

func tooLarge() error {
	return gate.Errorf("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size: the local cloud keeps objects of up to %d bytes", MaxObject)
}

func (s *Service) putObject(c *gate.Call) (*gate.Reply, error) {
	if err := checkWrite(c); err != nil {
		return nil, err
	}
	sum, err := checkBody(c, "")
	if err != nil {
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
	if _, err := s.theBucket(c); err != nil { // before the bytes are written
		return nil, err
	}
	etag := make(chan string, 1)
	go func() { etag <- md5Hex(c.Body) }() // as slow as writing the bytes
	blob, err := s.writeBlob(writeBytes(c.Body))
	if err != nil {
		return nil, err
	}
	o := objectRecord{
		Key: c.Vars["Key"], Blob: blob, Size: int64(len(c.Body)), ETag: <-etag, Modified: s.cfg.Now().UTC(),
		Header: header, Tags: tags, Checksum: sum,
	}
	if err := s.replaceObject(c, o, nil); err != nil {
		return nil, err
	}
	s.notify(c, created("Put", "PutObject", &o))
	reply := &gate.Reply{Header: http.Header{"Etag": {`"` + o.ETag + `"`}, "X-Amz-Server-Side-Encryption": {"AES256"}}}
	sum.setHeader(reply.Header)
	return reply, nil
}

// replaceObject puts o in the place of the object of its key, if the call's
// conditions hold, and drops the bytes that are no longer needed. also may
// change more in the same transaction.
func (s *Service) replaceObject(c *gate.Call, o objectRecord, also func(*store.Tx) error) error {
	bucket := c.Vars["Bucket"]
	var old string
	err := s.cfg.DB.Update(func(tx *store.Tx) error {
		if _, err := mustBucket(tx, bucket); err != nil {
			return err
		}
		before, found, err := loadObject(tx, bucket, o.Key)
		if err != nil {
			return err
		}
		if err := checkWriteConditions(c.Header, o.Key, before, found); err != nil {
			return err
		}
		old = before.Blob
		if also != nil {
			if err := also(tx); err != nil {
				return err
			}
		}
		return saveObject(tx, bucket, o)
	})
	if err != nil {
		s.dropBlobs(o.Blob)
		return err
	}
	s.dropBlobs(old)
	return nil
}

// checkWriteConditions are S3's conditional writes: If-None-Match: * and If-Match.
func checkWriteConditions(h http.Header, key string, before objectRecord, found bool) error {
	failed := gate.Errorf("PreconditionFailed", "At least one of the pre-conditions you specified did not hold").WithStatus(http.StatusPreconditionFailed)
	if h.Get("If-None-Match") == "*" && found {
		failed.Fields = map[string]any{"Condition": "If-None-Match"}
		return failed
	}
	if want := h.Get("If-Match"); want != "" {
		if !found {
			return noSuchKey(key)
		}
		if !matchesETag(want, before.ETag) {
			failed.Fields = map[string]any{"Condition": "If-Match"}
			return failed
		}
	}
	return nil
}

func (s *Service) deleteObject(c *gate.Call) (*gate.Reply, error) {
	if err := s.removeObjects(c, []string{c.Vars["Key"]}); err != nil {
		return nil, err
	}
	return noContent()
}

// removeObjects deletes keys; one that is not there is no error.
func (s *Service) removeObjects(c *gate.Call, keys []string) error {
	bucket := c.Vars["Bucket"]
	var blobs []string
	var gone []change
	err := s.cfg.DB.Update(func(tx *store.Tx) error {
		blobs, gone = nil, nil
		if _, err := mustBucket(tx, bucket); err != nil {
			return err
		}
		objects, err := tx.Bucket(root, objectsKey, bucket)
		if err != nil {
			return err
		}
		for _, key := range keys {
			o, found, err := loadObject(tx, bucket, key)
			if err != nil {
				return err
			}
			if !found {
				continue
			}
			blobs, gone = append(blobs, o.Blob), append(gone, removed(key))
			if err := objects.Delete([]byte(key)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.dropBlobs(blobs...)
	s.notify(c, gone...)
	return nil
}

type deletes struct {
	XMLName xml.Name `xml:"Delete"`
	Quiet   bool
	Objects []struct {
		Key       string
		VersionID string `xml:"VersionId"`
	} `xml:"Object"`
}

// maxDeletes is S3's bound on the keys of one DeleteObjects.
const maxDeletes = 1000

func readDeletes(c *gate.Call) (deletes, error) {
	var input deletes
	if err := readXML(c, &input); err != nil {
		return input, err
	}
	if len(input.Objects) == 0 || len(input.Objects) > maxDeletes {
		return input, gate.Errorf("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	for _, o := range input.Objects {
		if o.Key == "" {
			return input, gate.Errorf("UserKeyMustBeSpecified", "The bucket POST must contain the specified field name. If it is specified, check the order of the fields.")
		}
	}
	return input, nil
}

func (s *Service) deleteObjects(c *gate.Call) (*gate.Reply, error) {
	input, err := readDeletes(c)
	if err != nil {
		return nil, err
	}
	if _, err := checkBody(c, "CRC32"); err != nil {
		return nil, err
	}
	var out struct {
		XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ DeleteResult"`
		Deleted []struct{ Key string }
	}
	var keys []string
	for _, o := range input.Objects {
		keys = append(keys, o.Key)
		if !input.Quiet {
			out.Deleted = append(out.Deleted, struct{ Key string }{o.Key})
		}
	}
	if err := s.removeObjects(c, keys); err != nil {
		return nil, err
	}
	return xmlReply(out)
}

// copySource reads x-amz-copy-source: "bucket/key", escaped, perhaps with a leading slash.
func copySource(c *gate.Call) (bucket, key string, err error) {
	source, query, _ := strings.Cut(c.Header.Get("X-Amz-Copy-Source"), "?")
	source, unescapeErr := url.PathUnescape(source)
	bucket, key, ok := strings.Cut(strings.TrimPrefix(source, "/"), "/")
	if unescapeErr != nil || !ok || bucket == "" || key == "" {
		return "", "", invalid("Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
	}
	if query != "" || strings.HasPrefix(bucket, "arn:") {
		return "", "", gate.Errorf("NotImplemented", "Copies of a version or through an access point do not run locally").WithStatus(http.StatusNotImplemented)
	}
	return bucket, key, nil
}

// copiedObject reads the source of a copy, if the call's conditions on it hold.
func (s *Service) copiedObject(c *gate.Call, bucket, key string) (o objectRecord, data []byte, err error) {
	for range readTries {
		if o, err = s.theObject(bucket, key); err != nil {
			return o, nil, err
		}
		if err = checkCopyConditions(c.Header, o); err != nil {
			return o, nil, err
		}
		if data, err = s.readBlob(o.Blob, 0, o.Size); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return o, data, err
}

func (s *Service) copyObject(c *gate.Call) (*gate.Reply, error) {
	if err := checkWrite(c); err != nil {
		return nil, err
	}
	bucket, key, err := copySource(c)
	if err != nil {
		return nil, err
	}
	source, data, err := s.copiedObject(c, bucket, key)
	if err != nil {
		return nil, err
	}
	o := source
	o.Key, o.Modified = c.Vars["Key"], s.cfg.Now().UTC()
	replacesHeader := c.Header.Get("X-Amz-Metadata-Directive") == "REPLACE"
	if replacesHeader {
		if o.Header, err = keptHeaders(c.Header); err != nil {
			return nil, err
		}
	} else if bucket == c.Vars["Bucket"] && key == o.Key {
		return nil, gate.Errorf("InvalidRequest", "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.")
	}
	if c.Header.Get("X-Amz-Tagging-Directive") == "REPLACE" {
		if o.Tags, err = headerTags(c); err != nil {
			return nil, err
		}
	}
	if o.Blob, err = s.writeBlob(writeBytes(data)); err != nil {
		return nil, err
	}
	o.ETag, o.PartSizes = md5Hex(data), nil // a copy is one piece, whatever the source was made of
	algorithm := strings.ToUpper(c.Header.Get("X-Amz-Checksum-Algorithm"))
	if algorithm == "" {
		algorithm = source.Checksum.Algorithm
	}
	if newHash(algorithm) != nil {
		o.Checksum = checksum{Algorithm: algorithm, Value: digest(algorithm, data), Type: fullObject}
	}
	if err := s.replaceObject(c, o, nil); err != nil {
		return nil, err
	}
	s.notify(c, created("Copy", "CopyObject", &o))
	return xmlReply(struct {
		XMLName      xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CopyObjectResult"`
		LastModified string
		ETag         string
		checksumXML
	}{LastModified: timestamp(o.Modified), ETag: `"` + o.ETag + `"`, checksumXML: o.Checksum.xml(true)})
}
