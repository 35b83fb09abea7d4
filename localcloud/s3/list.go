package s3

import (
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"net/url"
	"strconv"
	"strings"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// maxKeys is S3's bound on the entries of one page.
const maxKeys = 1000

type listedObject struct {
	Key               string
	LastModified      string
	ETag              string
	ChecksumAlgorithm string `xml:",omitempty"`
	ChecksumType      string `xml:",omitempty"`
	Size              int64
	StorageClass      string
}

type commonPrefix struct{ Prefix string }

// listing is one page of a bucket.
type listing struct {
	Contents       []listedObject
	CommonPrefixes []commonPrefix
	IsTruncated    bool
	// last is the last key or common prefix of the page.
	last string
}

// listQuery is what a page is asked for.
type listQuery struct {
	bucket, prefix, delimiter string
	after                     string // entries up to and with this one are left out
	limit                     int
	encode                    func(string) string
}

func readListQuery(c *gate.Call, after string) (listQuery, error) {
	q := listQuery{
		bucket: c.Vars["Bucket"], prefix: c.Query.Get("prefix"), delimiter: c.Query.Get("delimiter"), after: after, limit: maxKeys,
		encode: func(s string) string { return s },
	}
	if text := c.Query.Get("max-keys"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return q, invalid("Argument maxKeys must be an integer between 0 and 2147483647")
		}
		q.limit = min(n, maxKeys)
	}
	switch c.Query.Get("encoding-type") {
	case "":
	case "url":
		q.encode = encodeKey
	default:
		return q, invalid("Invalid Encoding Method specified in Request")
	}
	return q, nil
}

// encodeKey is encoding-type=url: like a query, but with slashes as they are.
func encodeKey(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "%2F", "/")
}

// list reads one page. Keys under a common prefix are skipped, not read.
func (s *Service) list(q listQuery) (page listing, err error) {
	err = s.cfg.DB.View(func(tx *store.Tx) error {
		if _, err := mustBucket(tx, q.bucket); err != nil {
			return err
		}
		objects, err := tx.Bucket(root, objectsKey, q.bucket)
		if err != nil {
			return err
		}
		cursor := objects.Cursor()
		from := max(q.prefix, q.after)
		if from == "" {
			from = "\x00"
		}
		for key, value := cursor.Seek([]byte(from)); key != nil && strings.HasPrefix(string(key), q.prefix); {
			name := string(key)
			entry := name
			if i := strings.Index(name[len(q.prefix):], q.delimiter); q.delimiter != "" && i >= 0 {
				entry = name[:len(q.prefix)+i+len(q.delimiter)]
			}
			if entry <= q.after { // the common prefix, or the key, of an earlier page
				if entry == name {
					key, value = cursor.Next()
				} else if key, value = cursor.Seek(afterPrefix(entry)); key != nil && string(key) <= name {
					key, value = cursor.Next()
				}
				continue
			}
			if len(page.Contents)+len(page.CommonPrefixes) >= q.limit {
				page.IsTruncated = q.limit > 0
				return nil
			}
			page.last = entry
			if entry != name {
				page.CommonPrefixes = append(page.CommonPrefixes, commonPrefix{q.encode(entry)})
				if key, value = cursor.Seek(afterPrefix(entry)); key != nil && string(key) <= name {
					key, value = cursor.Next()
				}
				continue
			}
			var o objectRecord
			if err := json.Unmarshal(value, &o); err != nil {
				return err
			}
			page.Contents = append(page.Contents, listedObject{
				Key: q.encode(name), LastModified: timestamp(o.Modified), ETag: `"` + o.ETag + `"`, Size: o.Size, StorageClass: "STANDARD",
				ChecksumAlgorithm: o.Checksum.Algorithm, ChecksumType: o.Checksum.Type,
			})
			key, value = cursor.Next()
		}
		return nil
	})
	return page, err
}

// afterPrefix is the first key, in byte order, that does not begin with prefix.
func afterPrefix(prefix string) []byte {
	b := []byte(prefix)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] < 0xff {
			b[i]++
			return b[:i+1]
		}
	}
	return append(b, 0xff)
}

func (s *Service) listObjectsV2(c *gate.Call) (*gate.Reply, error) {
	after := c.Query.Get("start-after")
	token := c.Query.Get("continuation-token")
	if c.Query.Has("continuation-token") {
		decoded, err := base64.StdEncoding.DecodeString(token)
		if err != nil || len(decoded) == 0 {
			return nil, invalid("The continuation token provided is incorrect")
		}
		after = string(decoded)
	}
	q, err := readListQuery(c, after)
	if err != nil {
		return nil, err
	}
	page, err := s.list(q)
	if err != nil {
		return nil, err
	}
	out := struct {
		XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
		Name                  string
		Prefix                string
		StartAfter            string `xml:",omitempty"`
		ContinuationToken     string `xml:",omitempty"`
		NextContinuationToken string `xml:",omitempty"`
		KeyCount              int
		MaxKeys               int
		Delimiter             string `xml:",omitempty"`
		EncodingType          string `xml:",omitempty"`
		IsTruncated           bool
		Contents              []listedObject
		CommonPrefixes        []commonPrefix
	}{
		Name: q.bucket, Prefix: q.encode(q.prefix), StartAfter: q.encode(c.Query.Get("start-after")), ContinuationToken: token,
		KeyCount: len(page.Contents) + len(page.CommonPrefixes), MaxKeys: q.limit, Delimiter: q.encode(q.delimiter),
		EncodingType: c.Query.Get("encoding-type"), IsTruncated: page.IsTruncated, Contents: page.Contents, CommonPrefixes: page.CommonPrefixes,
	}
	if page.IsTruncated {
		out.NextContinuationToken = base64.StdEncoding.EncodeToString([]byte(page.last))
	}
	return xmlReply(out)
}

func (s *Service) listObjects(c *gate.Call) (*gate.Reply, error) {
	q, err := readListQuery(c, c.Query.Get("marker"))
	if err != nil {
		return nil, err
	}
	page, err := s.list(q)
	if err != nil {
		return nil, err
	}
	out := struct {
		XMLName        xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
		Name           string
		Prefix         string
		Marker         string
		NextMarker     string `xml:",omitempty"`
		MaxKeys        int
		Delimiter      string `xml:",omitempty"`
		EncodingType   string `xml:",omitempty"`
		IsTruncated    bool
		Contents       []listedObject
		CommonPrefixes []commonPrefix
	}{
		Name: q.bucket, Prefix: q.encode(q.prefix), Marker: q.encode(q.after), MaxKeys: q.limit, Delimiter: q.encode(q.delimiter),
		EncodingType: c.Query.Get("encoding-type"), IsTruncated: page.IsTruncated, Contents: page.Contents, CommonPrefixes: page.CommonPrefixes,
	}
	if page.IsTruncated && q.delimiter != "" { // AWS gives it only with a delimiter
		out.NextMarker = q.encode(page.last)
	}
	return xmlReply(out)
}
