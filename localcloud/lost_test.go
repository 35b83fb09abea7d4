package localcloud_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// TestLostFiles: bytes of one object and the code of one function that are
// gone are said where they are missed; the rest of the cloud runs on.
func TestLostFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := openCloud(t, dir, nil)
	fill(t, c)
	c.close(t)
	blobs := must[[]string](t)(filepath.Glob(filepath.Join(dir, "objects", "*", "*")))
	if len(blobs) != 1 {
		t.Fatalf("the one object is in the files %q", blobs)
	}
	if err := errors.Join(os.Remove(blobs[0]), os.RemoveAll(filepath.Join(dir, "code"))); err != nil {
		t.Fatal(err)
	}
	c = openCloud(t, dir, nil)
	_, err := pathStyle(c.dev()).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("things"), Key: aws.String("k")})
	wantCode(t, "the lost object", err, "InternalError")
	if _, message := codeOf(err); !strings.Contains(message, "no such file or directory") {
		t.Errorf("the lost object: %s", message)
	}
	if status, _ := c.get(t, "/rest"); status != 502 {
		t.Errorf("the function without code: %d, want 502", status)
	}
	must[*lambda.UpdateFunctionCodeOutput](t)(lambda.NewFromConfig(c.dev()).UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{
		FunctionName: aws.String("rest"), ZipFile: goFunction(t),
	}))
	if status, body := c.get(t, "/rest"); status != 200 {
		t.Errorf("the function deployed again: %d %s", status, body)
	}
	if got := messages(t, c.dev()); len(got) < 3 {
		t.Errorf("the log has %d lines", len(got))
	}
}
