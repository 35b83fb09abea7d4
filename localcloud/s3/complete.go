package s3

import (
	"crypto/md5" // S3's ETag
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

type completion struct {
	XMLName xml.Name `xml:"CompleteMultipartUpload"`
	Parts   []struct {
		PartNumber int
		ETag       string
	} `xml:"Part"`
}

// chosenParts checks the list that the client completes with.
func chosenParts(u uploadRecord, input completion) ([]partRecord, error) {
	if len(input.Parts) == 0 {
		return nil, gate.Errorf("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	for i := 1; i < len(input.Parts); i++ {
		if input.Parts[i].PartNumber <= input.Parts[i-1].PartNumber {
			return nil, gate.Errorf("InvalidPartOrder", "The list of parts was not in ascending order. Parts must be ordered by part number.")
		}
	}
	var chosen []partRecord
	var size int64
	for i, p := range input.Parts {
		part, ok := u.Parts[partKey(p.PartNumber)]
		if !ok || strings.Trim(p.ETag, `"`) != part.ETag {
			return nil, gate.Errorf("InvalidPart", "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.")
		}
		if i < len(input.Parts)-1 && part.Size < minPart {
			return nil, gate.Errorf("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
		}
		size += part.Size
		chosen = append(chosen, part)
	}
	if size > MaxObject {
		return nil, tooLarge()
	}
	return chosen, nil
}

func (s *Service) completeMultipartUpload(c *gate.Call) (*gate.Reply, error) {
	var input completion
	if err := readXML(c, &input); err != nil {
		return nil, err
	}
	u, err := s.viewUpload(c)
	if err != nil {
		return nil, err
	}
	parts, err := chosenParts(u, input)
	if err != nil {
		return nil, err
	}
	o, err := s.join(u, parts)
	if errors.Is(err, fs.ErrNotExist) { // aborted or completed meanwhile
		err = noSuchUpload()
	}
	if err != nil {
		return nil, err
	}
	if want := c.Header.Get(headerName(o.Checksum.Algorithm)); want != "" && want != o.Checksum.Value {
		s.dropBlobs(o.Blob)
		return nil, gate.Errorf("BadDigest", "The %s you specified did not match the calculated checksum.", o.Checksum.Algorithm)
	}
	var leftover []string
	err = s.replaceObject(c, o, func(tx *store.Tx) error {
		uploads, u, err := loadUpload(tx, c) // once more: it may have been aborted meanwhile
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
	s.notify(c, created("CompleteMultipartUpload", "CompleteMultipartUpload", &o))
	return xmlReply(struct {
		XMLName  xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CompleteMultipartUploadResult"`
		Location string
		Bucket   string
		Key      string
		ETag     string
		checksumXML
	}{Location: "/" + c.Vars["Bucket"] + "/" + o.Key, Bucket: c.Vars["Bucket"], Key: o.Key, ETag: `"` + o.ETag + `"`, checksumXML: o.Checksum.xml(true)})
}

// join writes the parts into one blob and makes the object of them: its ETag
// is the hash of the parts' hashes, and so is a composite checksum.
func (s *Service) join(u uploadRecord, parts []partRecord) (objectRecord, error) {
	o := objectRecord{Key: u.Key, Modified: s.cfg.Now().UTC(), Header: u.Header, Tags: u.Tags}
	algorithm, kind := u.Algorithm, u.Type
	if algorithm == "" {
		algorithm, kind = "CRC64NVME", fullObject
	}
	whole, etags := newHash(algorithm), md5.New() // S3's ETag
	for _, p := range parts {
		o.Size += p.Size
		o.PartSizes = append(o.PartSizes, p.Size)
		if err := addSum(etags, p, whole, kind); err != nil {
			return o, err
		}
	}
	var err error
	o.Blob, err = s.writeBlob(func(w io.Writer) error {
		if kind == fullObject {
			w = io.MultiWriter(w, whole)
		}
		for _, p := range parts {
			if err := s.copyBlob(w, p.Blob); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return o, err
	}
	suffix := "-" + strconv.Itoa(len(parts))
	o.ETag = hex.EncodeToString(etags.Sum(nil)) + suffix
	o.Checksum = checksum{Algorithm: algorithm, Value: base64.StdEncoding.EncodeToString(whole.Sum(nil)), Type: kind}
	if kind == composite {
		o.Checksum.Value += suffix
	}
	return o, nil
}

// addSum adds a part's hashes to those of the whole.
func addSum(etags hash.Hash, p partRecord, whole hash.Hash, kind string) error {
	sum, err := hex.DecodeString(p.ETag)
	if err != nil {
		return fmt.Errorf("read the stored ETag of part %d: %w", p.Number, err)
	}
	_, _ = etags.Write(sum) // a hash never fails
	if kind != composite {
		return nil
	}
	sum, err = base64.StdEncoding.DecodeString(p.Checksum.Value)
	if err != nil {
		return fmt.Errorf("read the stored checksum of part %d: %w", p.Number, err)
	}
	_, _ = whole.Write(sum)
	return nil
}
