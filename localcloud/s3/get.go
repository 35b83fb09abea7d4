package s3

import (
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/writ-dev/writ/localcloud/gate"
)

// readTries bounds how often a read begins anew because the object was
// replaced, and its bytes removed, between the two steps.
const readTries = 10

func (s *Service) getObject(c *gate.Call) (reply *gate.Reply, err error) {
	for range readTries {
		var o objectRecord
		var part span
		o, part, reply, err = s.read(c)
		if err != nil || reply.Status == http.StatusNotModified {
			return reply, err
		}
		if reply.Body, err = s.readBlob(o.Blob, part.offset, part.length); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return reply, err
}

func (s *Service) headObject(c *gate.Call) (*gate.Reply, error) {
	_, _, reply, err := s.read(c)
	return reply, err
}

// span is the part of an object that a request asks for.
type span struct {
	offset, length int64
	partial        bool
}

// read does all of GetObject and HeadObject but the body.
func (s *Service) read(c *gate.Call) (objectRecord, span, *gate.Reply, error) {
	o, err := s.theObject(c.Vars["Bucket"], c.Vars["Key"])
	if err != nil {
		return o, span{}, nil, err
	}
	header := http.Header{}
	header.Set("ETag", `"`+o.ETag+`"`)
	header.Set("Last-Modified", o.Modified.UTC().Format(http.TimeFormat))
	notModified, err := checkReadConditions(c.Header, o)
	if err != nil {
		return o, span{}, nil, err
	}
	if notModified {
		return o, span{}, &gate.Reply{Status: http.StatusNotModified, Header: header}, nil
	}
	part, err := spanOf(c, o)
	if err != nil {
		return o, span{}, nil, err
	}
	for name, value := range o.Header {
		header.Set(name, value)
	}
	for query, name := range map[string]string{
		"response-content-type": "Content-Type", "response-content-language": "Content-Language", "response-expires": "Expires",
		"response-cache-control": "Cache-Control", "response-content-disposition": "Content-Disposition", "response-content-encoding": "Content-Encoding",
	} {
		if c.Query.Has(query) {
			header.Set(name, c.Query.Get(query))
		}
	}
	header.Set("Accept-Ranges", "bytes")
	header.Set("Content-Length", strconv.FormatInt(part.length, 10))
	header.Set("X-Amz-Server-Side-Encryption", "AES256")
	if len(o.Tags) > 0 {
		header.Set("X-Amz-Tagging-Count", strconv.Itoa(len(o.Tags)))
	}
	reply := &gate.Reply{Header: header}
	if part.partial {
		reply.Status = http.StatusPartialContent
		header.Set("Content-Range", "bytes "+strconv.FormatInt(part.offset, 10)+"-"+
			strconv.FormatInt(part.offset+part.length-1, 10)+"/"+strconv.FormatInt(o.Size, 10))
		if c.Query.Has("partNumber") && len(o.PartSizes) > 0 {
			header.Set("X-Amz-Mp-Parts-Count", strconv.Itoa(len(o.PartSizes)))
		}
	} else if strings.EqualFold(c.Header.Get("X-Amz-Checksum-Mode"), "ENABLED") {
		o.Checksum.setHeader(header)
	}
	return o, part, reply, nil
}

// spanOf reads Range and partNumber.
func spanOf(c *gate.Call, o objectRecord) (span, error) {
	whole := span{length: o.Size}
	if text := c.Query.Get("partNumber"); text != "" {
		n, err := strconv.Atoi(text)
		sizes := o.PartSizes
		if len(sizes) == 0 {
			sizes = []int64{o.Size}
		}
		if err != nil || n < 1 || n > len(sizes) {
			return span{}, gate.Errorf("InvalidPartNumber", "The requested partnumber is not satisfiable").WithStatus(http.StatusRequestedRangeNotSatisfiable)
		}
		part := span{length: sizes[n-1], partial: o.Size > 0}
		for _, size := range sizes[:n-1] {
			part.offset += size
		}
		return part, nil
	}
	text, ok := strings.CutPrefix(c.Header.Get("Range"), "bytes=")
	if !ok || strings.Contains(text, ",") {
		return whole, nil // S3 ignores what it does not understand
	}
	from, to, ok := strings.Cut(text, "-")
	if !ok {
		return whole, nil
	}
	unsatisfiable := gate.Errorf("InvalidRange", "The requested range is not satisfiable").WithStatus(http.StatusRequestedRangeNotSatisfiable)
	unsatisfiable.Fields = map[string]any{"ActualObjectSize": strconv.FormatInt(o.Size, 10), "RangeRequested": c.Header.Get("Range")}
	if from == "" {
		n, err := strconv.ParseInt(to, 10, 64)
		switch {
		case err != nil:
			return whole, nil
		case n <= 0 || o.Size == 0:
			return span{}, unsatisfiable
		}
		n = min(n, o.Size)
		return span{offset: o.Size - n, length: n, partial: true}, nil
	}
	first, err := strconv.ParseInt(from, 10, 64)
	if err != nil || first < 0 {
		return whole, nil
	}
	last := o.Size - 1
	if to != "" {
		n, err := strconv.ParseInt(to, 10, 64)
		if err != nil || n < first {
			return whole, nil
		}
		last = min(last, n)
	}
	if first >= o.Size {
		return span{}, unsatisfiable
	}
	return span{offset: first, length: last - first + 1, partial: true}, nil
}

// checkReadConditions are the conditional headers of RFC 9110, section 13, as
// S3 combines them.
func checkReadConditions(h http.Header, o objectRecord) (notModified bool, err error) {
	failed := func(condition string) error {
		e := gate.Errorf("PreconditionFailed", "At least one of the pre-conditions you specified did not hold").WithStatus(http.StatusPreconditionFailed)
		e.Fields = map[string]any{"Condition": condition}
		return e
	}
	modified := o.Modified.Truncate(time.Second)
	if want := h.Get("If-Match"); want != "" {
		if !matchesETag(want, o.ETag) {
			return false, failed("If-Match")
		}
	} else if since, ok := httpTime(h.Get("If-Unmodified-Since")); ok && modified.After(since) {
		return false, failed("If-Unmodified-Since")
	}
	if want := h.Get("If-None-Match"); want != "" {
		return matchesETag(want, o.ETag), nil
	}
	since, ok := httpTime(h.Get("If-Modified-Since"))
	return ok && !modified.After(since), nil
}

// checkCopyConditions are the same conditions on the source of a copy, all of
// whose failures are errors.
func checkCopyConditions(h http.Header, o objectRecord) error {
	conditions := http.Header{}
	for _, name := range []string{"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"} {
		if v := h.Get("X-Amz-Copy-Source-" + name); v != "" {
			conditions.Set(name, v)
		}
	}
	notModified, err := checkReadConditions(conditions, o)
	if err == nil && notModified {
		err = gate.Errorf("PreconditionFailed", "At least one of the pre-conditions you specified did not hold").WithStatus(http.StatusPreconditionFailed)
	}
	return err
}

// matchesETag reports whether a list of entity tags holds one.
func matchesETag(list, etag string) bool {
	return slices.ContainsFunc(strings.Split(list, ","), func(item string) bool {
		item = strings.TrimSpace(item)
		return item == "*" || strings.Trim(item, `"`) == etag
	})
}

func httpTime(text string) (time.Time, bool) {
	t, err := http.ParseTime(text)
	return t, text != "" && err == nil
}
