package s3_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/s3"
)

// FuzzAddress: whatever the host and the path, the bucket and the key that are
// found are those that a path-style request for them would find, and a
// sub-resource that is not emulated is never taken for the plain operation.
func FuzzAddress(f *testing.F) {
	for _, seed := range [][3]string{
		{"127.0.0.1:4566", "/assets/a/b%2Fc", ""},
		{"assets.localhost:4566", "/k", "uploads"},
		{"assets.s3.us-east-1.amazonaws.com", "/k?", "tagging"},
		{"s3.localhost.localstack.cloud", "/b/k", "acl"},
		{"", "//", "versions"},
		{"[::1]:4566", "/a/%zz", "uploadId=1&partNumber=2"},
		{".localhost", "/x/y", ""},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	info := (&s3.Service{}).Info()
	f.Fuzz(func(t *testing.T, host, path, query string) {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Skip()
		}
		for _, method := range []string{"GET", "PUT", "POST", "DELETE", "HEAD"} {
			c := &gate.Call{Method: method, Host: host, Path: path, Query: q, Header: http.Header{}}
			operation, ok := info.Route(c)
			if !ok {
				continue
			}
			again := &gate.Call{Method: method, Query: q, Header: http.Header{}, Path: "/" + url.PathEscape(c.Vars["Bucket"]) + "/" + url.PathEscape(c.Vars["Key"])}
			if op, ok := info.Route(again); !ok || op != operation || again.Vars["Bucket"] != c.Vars["Bucket"] || again.Vars["Key"] != c.Vars["Key"] {
				t.Fatalf("%s %s at %s is %s of %q, but %s by its path is %s of %q", method, path, host, operation, c.Vars, again.Path, op, again.Vars)
			}
			if c.Vars["Bucket"] != "" && (q.Has("acl") || q.Has("versions") || q.Has("versionId")) {
				switch operation {
				case "GetObject", "PutObject", "DeleteObject", "HeadObject", "ListObjects", "ListObjectsV2", "CreateBucket", "DeleteBucket", "HeadBucket":
					t.Fatalf("%s ?%s is taken for %s", method, query, operation)
				}
			}
		}
	})
}
