package s3

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/writ-dev/writ/localcloud/gate"
)

// route names the operation of a call and finds its bucket and key.
func route(c *gate.Call) (operation string, ok bool) {
	bucket, key, ok := address(c.Host, c.Path)
	if !ok {
		return "", false
	}
	c.Vars = map[string]string{"Bucket": bucket, "Key": key}
	switch {
	case bucket == "":
		return "ListBuckets", c.Method == http.MethodGet
	case key == "":
		operation = bucketOperation(c)
	default:
		operation = objectOperation(c)
	}
	return operation, operation != ""
}

// address finds the bucket and the key: the bucket is in the host
// (BUCKET.s3.REGION..., BUCKET.localhost) or is the first part of the path.
func address(host, path string) (bucket, key string, ok bool) {
	bucket = virtualBucket(host)
	rest := strings.TrimPrefix(path, "/")
	if bucket == "" {
		bucket, rest, _ = strings.Cut(rest, "/")
	}
	bucket, err := url.PathUnescape(bucket)
	if err != nil {
		return "", "", false
	}
	key, err = url.PathUnescape(rest)
	return bucket, key, err == nil
}

func virtualBucket(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	if bucket, ok := strings.CutSuffix(host, ".localhost"); ok {
		bucket, _, _ = strings.Cut(bucket, ".s3.")
		if bucket == "s3" || strings.HasPrefix(bucket, "s3.") {
			return ""
		}
		return strings.TrimSuffix(bucket, ".s3")
	}
	for _, mark := range []string{".s3.", ".s3-"} {
		if bucket, _, ok := strings.Cut(host, mark); ok {
			return bucket
		}
	}
	return ""
}

// bucketQueries are the sub-resources of a bucket that are emulated, by method.
var bucketQueries = map[string]map[string]string{
	"policy":            {"GET": "GetBucketPolicy", "PUT": "PutBucketPolicy", "DELETE": "DeleteBucketPolicy"},
	"publicAccessBlock": {"GET": "GetPublicAccessBlock", "PUT": "PutPublicAccessBlock", "DELETE": "DeletePublicAccessBlock"},
	"tagging":           {"GET": "GetBucketTagging", "PUT": "PutBucketTagging", "DELETE": "DeleteBucketTagging"},
	"notification":      {"GET": "GetBucketNotificationConfiguration", "PUT": "PutBucketNotificationConfiguration"},
	"location":          {"GET": "GetBucketLocation"},
	"versioning":        {"GET": "GetBucketVersioning"},
	"encryption":        {"GET": "GetBucketEncryption"},
	"uploads":           {"GET": "ListMultipartUploads"},
	"delete":            {"POST": "DeleteObjects"},
}

// notEmulated are sub-resources that mean another operation than the plain
// one: they must not be taken for it.
var notEmulated = []string{
	"accelerate", "acl", "analytics", "attributes", "cors", "intelligent-tiering", "inventory", "legal-hold", "lifecycle", "logging",
	"metadataConfiguration", "metadataTable", "metrics", "object-lock", "ownershipControls", "policyStatus", "replication",
	"renameObject", "requestPayment", "restore", "retention", "select", "session", "torrent", "versions", "website", "versionId", "abac",
}

func bucketOperation(c *gate.Call) string {
	for name, methods := range bucketQueries {
		if c.Query.Has(name) {
			return methods[c.Method]
		}
	}
	if hasAny(c.Query, notEmulated) {
		return ""
	}
	switch c.Method {
	case http.MethodPut:
		return "CreateBucket"
	case http.MethodHead:
		return "HeadBucket"
	case http.MethodDelete:
		return "DeleteBucket"
	case http.MethodGet:
		if c.Query.Get("list-type") == "2" {
			return "ListObjectsV2"
		}
		return "ListObjects"
	}
	return ""
}

func objectOperation(c *gate.Call) string {
	if hasAny(c.Query, notEmulated) {
		return ""
	}
	q := c.Query
	switch {
	case q.Has("tagging"):
		return map[string]string{"GET": "GetObjectTagging", "PUT": "PutObjectTagging", "DELETE": "DeleteObjectTagging"}[c.Method]
	case q.Has("uploads"):
		return map[string]string{"POST": "CreateMultipartUpload"}[c.Method]
	case q.Has("uploadId"):
		if c.Method == http.MethodPut && (!q.Has("partNumber") || c.Header.Get("X-Amz-Copy-Source") != "") {
			return ""
		}
		return map[string]string{
			"PUT": "UploadPart", "POST": "CompleteMultipartUpload", "DELETE": "AbortMultipartUpload", "GET": "ListParts",
		}[c.Method]
	}
	switch c.Method {
	case http.MethodPut:
		if c.Header.Get("X-Amz-Copy-Source") != "" {
			return "CopyObject"
		}
		return "PutObject"
	case http.MethodGet:
		return "GetObject"
	case http.MethodHead:
		return "HeadObject"
	case http.MethodDelete:
		return "DeleteObject"
	}
	return ""
}

func hasAny(q url.Values, names []string) bool {
	for _, name := range names {
		if q.Has(name) {
			return true
		}
	}
	return false
}
