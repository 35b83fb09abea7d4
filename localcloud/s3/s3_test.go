package s3_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
)

func bucket(t *testing.T, client *sdk.Client, name string) *string {
	t.Helper()
	must(client.CreateBucket(t.Context(), &sdk.CreateBucketInput{Bucket: &name}))(t)
	return &name
}

func put(t *testing.T, client *sdk.Client, bucket *string, key, body string) *sdk.PutObjectOutput {
	t.Helper()
	return must(client.PutObject(t.Context(), &sdk.PutObjectInput{Bucket: bucket, Key: &key, Body: strings.NewReader(body)}))(t)
}

func read(t *testing.T, out *sdk.GetObjectOutput, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestBucketsLiveAndDie(t *testing.T) {
	t.Parallel()
	client := newCloud(t, nil).as("admin")
	b := bucket(t, client, "assets")
	bucket(t, client, "other")
	list := must(client.ListBuckets(t.Context(), &sdk.ListBucketsInput{}))(t)
	var names []string
	for _, b := range list.Buckets {
		names = append(names, *b.Name)
	}
	if diff := cmp.Diff([]string{"assets", "other"}, names); diff != "" {
		t.Error(diff)
	}
	if head := must(client.HeadBucket(t.Context(), &sdk.HeadBucketInput{Bucket: b}))(t); *head.BucketRegion != "us-east-1" {
		t.Errorf("region %s", *head.BucketRegion)
	}
	if l := must(client.GetBucketLocation(t.Context(), &sdk.GetBucketLocationInput{Bucket: b}))(t); l.LocationConstraint != "" {
		t.Errorf("location %q, want none for us-east-1", l.LocationConstraint)
	}
	if v := must(client.GetBucketVersioning(t.Context(), &sdk.GetBucketVersioningInput{Bucket: b}))(t); v.Status != "" {
		t.Errorf("versioning %q", v.Status)
	}
	put(t, client, b, "k", "v")
	_, err := client.DeleteBucket(t.Context(), &sdk.DeleteBucketInput{Bucket: b})
	wantError(t, err, "BucketNotEmpty", 409)
	must(client.DeleteObject(t.Context(), &sdk.DeleteObjectInput{Bucket: b, Key: aws.String("k")}))(t)
	must(client.DeleteBucket(t.Context(), &sdk.DeleteBucketInput{Bucket: b}))(t)
	_, err = client.ListObjectsV2(t.Context(), &sdk.ListObjectsV2Input{Bucket: b})
	wantError(t, err, "NoSuchBucket", 404)
	_, err = client.CreateBucket(t.Context(), &sdk.CreateBucketInput{Bucket: aws.String("Bad_Name")})
	wantError(t, err, "InvalidBucketName", 400)
}

func TestAnObjectComesBackAsItWasPut(t *testing.T) {
	t.Parallel()
	client := newCloud(t, nil).as("admin")
	b := bucket(t, client, "assets")
	for _, key := range []string{"plain", "a b/+c&d=é?#%.txt", "deep/er/x", "trailing/"} {
		in := &sdk.PutObjectInput{
			Bucket: b, Key: &key, Body: strings.NewReader("hello " + key), ContentType: aws.String("text/x-test"),
			CacheControl: aws.String("no-cache"), Metadata: map[string]string{"color": "blue"}, Tagging: aws.String("team=red&env=dev"),
		}
		made := must(client.PutObject(t.Context(), in))(t)
		got, err := client.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: b, Key: &key})
		if text := read(t, got, err); text != "hello "+key {
			t.Errorf("%s: body %q", key, text)
		}
		if *got.ContentType != "text/x-test" || *got.CacheControl != "no-cache" || got.Metadata["color"] != "blue" || *got.TagCount != 2 || *got.ETag != *made.ETag {
			t.Errorf("%s: %+v", key, got)
		}
		head := must(client.HeadObject(t.Context(), &sdk.HeadObjectInput{Bucket: b, Key: &key}))(t)
		if *head.ContentLength != int64(len("hello "+key)) || *head.ETag != *made.ETag {
			t.Errorf("%s: head %+v", key, head)
		}
	}
	empty := put(t, client, b, "empty", "")
	if *empty.ETag != `"d41d8cd98f00b204e9800998ecf8427e"` {
		t.Errorf("ETag of nothing: %s", *empty.ETag)
	}
	got, err := client.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: b, Key: aws.String("empty")})
	if text := read(t, got, err); text != "" {
		t.Errorf("empty object holds %q", text)
	}
}

func TestChecksumsAreVerifiedAndGivenBack(t *testing.T) {
	t.Parallel()
	client := newCloud(t, nil).as("admin")
	b := bucket(t, client, "assets")
	for _, algorithm := range []types.ChecksumAlgorithm{"CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"} {
		key := string(algorithm)
		must(client.PutObject(t.Context(), &sdk.PutObjectInput{Bucket: b, Key: &key, Body: strings.NewReader("123456789"), ChecksumAlgorithm: algorithm}))(t)
		// The SDK verifies what comes back against the checksum header.
		got, err := client.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: b, Key: &key, ChecksumMode: types.ChecksumModeEnabled})
		if text := read(t, got, err); text != "123456789" {
			t.Errorf("%s: %q", algorithm, text)
		}
		if algorithm == "CRC64NVME" && (got.ChecksumCRC64NVME == nil || *got.ChecksumCRC64NVME != "rosUhgp5mIg=") {
			t.Errorf("CRC-64/NVME of 123456789 is not its check value: %v", aws.ToString(got.ChecksumCRC64NVME))
		}
	}
	_, err := client.PutObject(t.Context(), &sdk.PutObjectInput{
		Bucket: b, Key: aws.String("bad"), Body: strings.NewReader("x"), ChecksumSHA256: aws.String("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
	})
	wantError(t, err, "BadDigest", 400)
}

func TestRangesAndConditions(t *testing.T) {
	t.Parallel()
	client := newCloud(t, nil).as("admin")
	b, key := bucket(t, client, "assets"), aws.String("digits")
	made := put(t, client, b, *key, "0123456789")
	for _, c := range []struct{ header, want, contentRange string }{
		{"bytes=2-4", "234", "bytes 2-4/10"},
		{"bytes=7-", "789", "bytes 7-9/10"},
		{"bytes=-2", "89", "bytes 8-9/10"},
		{"bytes=8-100", "89", "bytes 8-9/10"},
		{"bytes=0-0,5-5", "0123456789", ""},
		{"lines=1-2", "0123456789", ""},
	} {
		got, err := client.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: b, Key: key, Range: &c.header})
		if text := read(t, got, err); text != c.want || aws.ToString(got.ContentRange) != c.contentRange {
			t.Errorf("%s: %q, %q", c.header, text, aws.ToString(got.ContentRange))
		}
	}
	_, err := client.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: b, Key: key, Range: aws.String("bytes=10-")})
	wantError(t, err, "InvalidRange", 416)
	_, err = client.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: b, Key: key, IfMatch: aws.String(`"other"`)})
	wantError(t, err, "PreconditionFailed", 412)
	_, err = client.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: b, Key: key, IfNoneMatch: made.ETag})
	if err == nil || !strings.Contains(err.Error(), "304") {
		t.Errorf("If-None-Match with the object's own ETag: %v, want 304", err)
	}
	_, err = client.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: b, Key: key, IfUnmodifiedSince: aws.Time(time.Now().Add(-time.Hour))})
	wantError(t, err, "PreconditionFailed", 412)
	_, err = client.PutObject(t.Context(), &sdk.PutObjectInput{Bucket: b, Key: key, IfNoneMatch: aws.String("*")})
	wantError(t, err, "PreconditionFailed", 412)
	must(client.PutObject(t.Context(), &sdk.PutObjectInput{Bucket: b, Key: key, IfMatch: made.ETag, Body: strings.NewReader("new")}))(t)
}

func TestListingPagesAndGroups(t *testing.T) {
	t.Parallel()
	client := newCloud(t, nil).as("admin")
	b := bucket(t, client, "assets")
	for i := range 7 {
		put(t, client, b, fmt.Sprintf("logs/%d", i), "x")
		put(t, client, b, fmt.Sprintf("img/%d/a b", i), "x")
	}
	put(t, client, b, "zz", "x")
	var keys, prefixes []string
	pages := 0
	pager := sdk.NewListObjectsV2Paginator(client, &sdk.ListObjectsV2Input{Bucket: b, Delimiter: aws.String("/"), MaxKeys: aws.Int32(1)})
	for pager.HasMorePages() {
		page := must(pager.NextPage(t.Context()))(t)
		pages++
		for _, o := range page.Contents {
			keys = append(keys, *o.Key)
		}
		for _, p := range page.CommonPrefixes {
			prefixes = append(prefixes, *p.Prefix)
		}
	}
	if diff := cmp.Diff([]string{"zz"}, keys) + cmp.Diff([]string{"img/", "logs/"}, prefixes); diff != "" || pages != 3 {
		t.Error(pages, diff)
	}
	out := must(client.ListObjectsV2(t.Context(), &sdk.ListObjectsV2Input{Bucket: b, Prefix: aws.String("img/"), MaxKeys: aws.Int32(3), StartAfter: aws.String("img/1/z")}))(t)
	keys = nil
	for _, o := range out.Contents {
		keys = append(keys, *o.Key)
	}
	if diff := cmp.Diff([]string{"img/2/a b", "img/3/a b", "img/4/a b"}, keys); diff != "" || !*out.IsTruncated {
		t.Error(diff)
	}
	old := must(client.ListObjects(t.Context(), &sdk.ListObjectsInput{Bucket: b, Marker: aws.String("logs/4")}))(t)
	if len(old.Contents) != 3 || *old.Contents[0].Key != "logs/5" {
		t.Errorf("after a marker: %d entries", len(old.Contents))
	}
	deleted := must(client.DeleteObjects(t.Context(), &sdk.DeleteObjectsInput{Bucket: b, Delete: &types.Delete{Objects: []types.ObjectIdentifier{
		{Key: aws.String("zz")}, {Key: aws.String("never was")},
	}}}))(t)
	if len(deleted.Deleted) != 2 || len(deleted.Errors) != 0 {
		t.Errorf("DeleteObjects: %+v", deleted)
	}
}

func TestCopies(t *testing.T) {
	t.Parallel()
	client := newCloud(t, nil).as("admin")
	b := bucket(t, client, "assets")
	must(client.PutObject(t.Context(), &sdk.PutObjectInput{Bucket: b, Key: aws.String("a b"), Body: strings.NewReader("x"), Metadata: map[string]string{"k": "v"}}))(t)
	must(client.CopyObject(t.Context(), &sdk.CopyObjectInput{Bucket: b, Key: aws.String("c"), CopySource: aws.String("assets/a%20b")}))(t)
	got, err := client.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: b, Key: aws.String("c")})
	if text := read(t, got, err); text != "x" || got.Metadata["k"] != "v" {
		t.Errorf("copy holds %q, %v", text, got.Metadata)
	}
	_, err = client.CopyObject(t.Context(), &sdk.CopyObjectInput{Bucket: b, Key: aws.String("d"), CopySource: aws.String("assets/none")})
	wantError(t, err, "NoSuchKey", 404)
	_, err = client.CopyObject(t.Context(), &sdk.CopyObjectInput{Bucket: b, Key: aws.String("c"), CopySource: aws.String("assets/c")})
	wantError(t, err, "InvalidRequest", 400)
}

func TestMultipartUpload(t *testing.T) {
	t.Parallel()
	client := newCloud(t, nil).as("admin")
	b, key := bucket(t, client, "assets"), aws.String("big")
	first, second := bytes.Repeat([]byte("a"), 5<<20), []byte("tail")
	up := must(client.CreateMultipartUpload(t.Context(), &sdk.CreateMultipartUploadInput{Bucket: b, Key: key, ContentType: aws.String("text/big")}))(t)
	var done types.CompletedMultipartUpload
	for i, data := range [][]byte{first, second} {
		n := aws.Int32(int32(i + 1))
		part := must(client.UploadPart(t.Context(), &sdk.UploadPartInput{Bucket: b, Key: key, UploadId: up.UploadId, PartNumber: n, Body: bytes.NewReader(data)}))(t)
		done.Parts = append(done.Parts, types.CompletedPart{PartNumber: n, ETag: part.ETag, ChecksumCRC32: part.ChecksumCRC32})
	}
	if parts := must(client.ListParts(t.Context(), &sdk.ListPartsInput{Bucket: b, Key: key, UploadId: up.UploadId}))(t); len(parts.Parts) != 2 {
		t.Errorf("%d parts", len(parts.Parts))
	}
	reversed := types.CompletedMultipartUpload{Parts: slices.Clone(done.Parts)}
	slices.Reverse(reversed.Parts)
	_, err := client.CompleteMultipartUpload(t.Context(), &sdk.CompleteMultipartUploadInput{Bucket: b, Key: key, UploadId: up.UploadId, MultipartUpload: &reversed})
	wantError(t, err, "InvalidPartOrder", 400)
	out := must(client.CompleteMultipartUpload(t.Context(), &sdk.CompleteMultipartUploadInput{Bucket: b, Key: key, UploadId: up.UploadId, MultipartUpload: &done}))(t)
	if !strings.HasSuffix(*out.ETag, `-2"`) {
		t.Errorf("ETag %s", *out.ETag)
	}
	got, err := client.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: b, Key: key})
	if text := read(t, got, err); text != string(first)+"tail" || *got.ContentType != "text/big" {
		t.Errorf("%d bytes of %s", len(text), *got.ContentType)
	}
	got, err = client.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: b, Key: key, PartNumber: aws.Int32(2)})
	if text := read(t, got, err); text != "tail" || *got.PartsCount != 2 {
		t.Errorf("part 2: %q", text)
	}
	again := must(client.CreateMultipartUpload(t.Context(), &sdk.CreateMultipartUploadInput{Bucket: b, Key: key}))(t)
	must(client.AbortMultipartUpload(t.Context(), &sdk.AbortMultipartUploadInput{Bucket: b, Key: key, UploadId: again.UploadId}))(t)
	_, err = client.ListParts(t.Context(), &sdk.ListPartsInput{Bucket: b, Key: key, UploadId: again.UploadId})
	wantError(t, err, "NoSuchUpload", 404)
}

func TestTagging(t *testing.T) {
	t.Parallel()
	client := newCloud(t, nil).as("admin")
	b, key := bucket(t, client, "assets"), aws.String("k")
	put(t, client, b, *key, "x")
	set := &types.Tagging{TagSet: []types.Tag{{Key: aws.String("team"), Value: aws.String("red & blue")}}}
	must(client.PutObjectTagging(t.Context(), &sdk.PutObjectTaggingInput{Bucket: b, Key: key, Tagging: set}))(t)
	if got := must(client.GetObjectTagging(t.Context(), &sdk.GetObjectTaggingInput{Bucket: b, Key: key}))(t); len(got.TagSet) != 1 || *got.TagSet[0].Value != "red & blue" {
		t.Errorf("tags %+v", got.TagSet)
	}
	must(client.DeleteObjectTagging(t.Context(), &sdk.DeleteObjectTaggingInput{Bucket: b, Key: key}))(t)
	_, err := client.GetBucketTagging(t.Context(), &sdk.GetBucketTaggingInput{Bucket: b})
	wantError(t, err, "NoSuchTagSet", 404)
	must(client.PutBucketTagging(t.Context(), &sdk.PutBucketTaggingInput{Bucket: b, Tagging: set}))(t)
	must(client.GetBucketTagging(t.Context(), &sdk.GetBucketTaggingInput{Bucket: b}))(t)
	must(client.DeleteBucketTagging(t.Context(), &sdk.DeleteBucketTaggingInput{Bucket: b}))(t)
}

func TestVirtualHostStyle(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	b := bucket(t, c.as("admin"), "assets")
	base := "http://localhost" + c.url[strings.LastIndex(c.url, ":"):]
	client := sdk.New(sdk.Options{
		BaseEndpoint: &base, Region: "us-east-1", Credentials: keys("admin"), RetryMaxAttempts: 1,
		HTTPClient: &http.Client{Transport: &loopback{strings.TrimPrefix(c.url, "http://")}},
	})
	put(t, client, b, "k", "over the host")
	got, err := client.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: b, Key: aws.String("k")})
	if text := read(t, got, err); text != "over the host" {
		t.Errorf("got %q", text)
	}
}

// loopback sends every request to one address, whatever its host: the
// resolver of the machine may not know assets.localhost.
type loopback struct{ address string }

func (l *loopback) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := r.Clone(r.Context())
	if sent.Host == "" {
		sent.Host = r.URL.Host
	}
	sent.URL.Host = l.address
	return http.DefaultTransport.RoundTrip(sent)
}

func TestReadersSeeOneWholeObjectWhileItIsReplaced(t *testing.T) {
	t.Parallel()
	client := newCloud(t, nil).as("admin")
	b, key := bucket(t, client, "assets"), aws.String("k")
	put(t, client, b, *key, strings.Repeat("0", 1000))
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			for range 20 {
				put(t, client, b, *key, strings.Repeat(fmt.Sprint(i), 1000))
			}
		})
		wg.Go(func() {
			for range 40 {
				got, err := client.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: b, Key: key})
				if text := read(t, got, err); strings.Count(text, text[:1]) != 1000 {
					t.Errorf("a torn read: %.20q", text)
				}
			}
		})
	}
	wg.Wait()
}

func TestPresignedURLs(t *testing.T) {
	t.Parallel()
	client := newCloud(t, nil).as("admin")
	b, key := bucket(t, client, "assets"), aws.String("a b")
	put(t, client, b, *key, "signed")
	signed := must(sdk.NewPresignClient(client).PresignGetObject(t.Context(), &sdk.GetObjectInput{Bucket: b, Key: key}))(t)
	for url, want := range map[string]int{signed.URL: 200, strings.Replace(signed.URL, "Signature=", "Signature=0", 1): 403} {
		response := must(http.Get(url))(t)
		if err := response.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != want {
			t.Errorf("%s: %d, want %d", url, response.StatusCode, want)
		}
	}
}
