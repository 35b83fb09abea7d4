package s3_test

import (
	"crypto/rand"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/s3"
	"github.com/writ-dev/writ/localcloud/store"
)

func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// A copy of the files while the cloud runs is what kill -9 leaves.
func TestObjectsSurviveACrash(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	client := c.as("admin")
	b := bucket(t, client, "assets")
	put(t, client, b, "k", "first")
	put(t, client, b, "k", "second")
	left := filepath.Join(t.TempDir(), "left")
	if err := os.CopyFS(left, os.DirFS(c.dir)); err != nil {
		t.Fatal(err)
	}
	// A write that the crash cut short, and one that the store never heard of.
	for _, name := range []string{"incoming-1", "00ffffffffffffffffffffffffffffff"} {
		if err := os.MkdirAll(filepath.Join(left, "s3", "00"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(left, "s3", "00", name), []byte("torn"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	db, err := store.Open(filepath.Join(left, "cloud.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	service, err := s3.New(s3.Config{DB: db, Dir: filepath.Join(left, "s3"), Account: account, Region: "us-east-1", Now: time.Now, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	reply, err := service.Handle(t.Context(), &gate.Call{Operation: "GetObject", Vars: map[string]string{"Bucket": "assets", "Key": "k"}})
	if err != nil || string(reply.Body) != "second" {
		t.Fatalf("after the crash: %v, %v", reply, err)
	}
	if names := files(t, filepath.Join(left, "s3")); len(names) != 1 {
		t.Errorf("files that nobody names are left: %v", names)
	}
}

func TestReplacedAndDeletedBytesAreRemoved(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	client := c.as("admin")
	b := bucket(t, client, "assets")
	for range 3 {
		put(t, client, b, "k", "x")
	}
	up := must(client.CreateMultipartUpload(t.Context(), &sdk.CreateMultipartUploadInput{Bucket: b, Key: aws.String("m")}))(t)
	must(client.UploadPart(t.Context(), &sdk.UploadPartInput{Bucket: b, Key: aws.String("m"), UploadId: up.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("p")}))(t)
	if names := files(t, filepath.Join(c.dir, "s3")); len(names) != 2 {
		t.Errorf("want the object and the part, got %v", names)
	}
	must(client.DeleteObject(t.Context(), &sdk.DeleteObjectInput{Bucket: b, Key: aws.String("k")}))(t)
	must(client.DeleteBucket(t.Context(), &sdk.DeleteBucketInput{Bucket: b}))(t)
	if names := files(t, filepath.Join(c.dir, "s3")); len(names) != 0 {
		t.Errorf("files are left: %v", names)
	}
}
