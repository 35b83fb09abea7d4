//go:build unix

package localcloud_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/writ-dev/writ/localcloud"
)

const starveVariable = "WRIT_TEST_STARVE"

func init() { children[starveVariable] = starve }

// starved is what a cloud did on a disk that became full.
type starved struct {
	Before, After            []string // acknowledged before and after the disk was freed
	ItemError, ObjectError   string
	ReadWhileFull, ReadAfter bool
}

// starve writes into a cloud until its files may not grow, reads on, and
// writes again when they may.
func starve(dir string) error {
	server := httptest.NewUnstartedServer(nil)
	c, err := localcloud.Open(localcloud.Config{Dir: dir, Endpoint: "http://" + server.Listener.Addr().String()})
	if err != nil {
		return err
	}
	server.Config.Handler = c.API()
	server.Start()
	keys, err := c.DeveloperCredentials()
	if err != nil {
		return err
	}
	cfg := aws.Config{Region: c.Region(), BaseEndpoint: aws.String(server.URL), Credentials: static(keys), RetryMaxAttempts: 1}
	said, err := starveClients(cfg, dir)
	if err != nil {
		return err
	}
	server.Close()
	if err := c.Close(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(said)
}

func starveClients(cfg aws.Config, dir string) (said starved, err error) {
	ctx, tables, objects := context.Background(), dynamodb.NewFromConfig(cfg), pathStyle(cfg)
	put := func(name string) error {
		_, err := tables.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("things"), Item: item{"k": text(name), "v": text(strings.Repeat("x", 20_000))}})
		return err
	}
	reads := func() bool {
		out, err := tables.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("things"), Key: item{"k": text("7")}})
		_, err2 := objects.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("things"), Key: aws.String("k")})
		return errors.Join(err, err2) == nil && out.Item != nil
	}
	info, err := os.Stat(filepath.Join(dir, "cloud.db"))
	if err != nil {
		return said, err
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return said, err
	}
	tight := limit
	tight.Cur = uint64(info.Size()) + 100_000
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &tight); err != nil {
		return said, err
	}
	for i := 0; said.ItemError == "" && i < 5000; i++ {
		name := fmt.Sprint("full-", i)
		if err := put(name); err != nil {
			said.ItemError = err.Error()
		} else {
			said.Before = append(said.Before, name)
		}
	}
	_, err = objects.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("things"), Key: aws.String("k"), Body: strings.NewReader(strings.Repeat("y", 8<<20))})
	_, said.ObjectError = codeOf(err)
	said.ReadWhileFull = reads()
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return said, err
	}
	for i := range 100 {
		name := fmt.Sprint("freed-", i)
		if err := put(name); err != nil {
			return said, fmt.Errorf("after the disk was freed: %w", err)
		}
		said.After = append(said.After, name)
	}
	said.ReadAfter = reads()
	return said, nil
}

// TestAFullDiskLosesNothing lets a cloud's files reach a limit: writes fail
// with the reason, reads go on, and all goes on when there is room again.
func TestAFullDiskLosesNothing(t *testing.T) {
	t.Parallel()
	dir := filled(t)
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), starveVariable+"="+dir)
	var complaints strings.Builder
	child.Stderr = &complaints
	out, err := child.Output()
	if err != nil {
		t.Fatalf("the process died: %v\n%.3000s\n%.3000s", err, out, complaints.String())
	}
	var said starved
	if err := json.Unmarshal(out, &said); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Logf("%d items until the disk was full, then: %s / %s", len(said.Before), said.ItemError, said.ObjectError)
	for what, text := range map[string]string{"item": said.ItemError, "object": said.ObjectError} {
		if !strings.Contains(text, "could not be written") || !strings.Contains(text, "file too large") {
			t.Errorf("the %s's error is %q", what, text)
		}
	}
	if !said.ReadWhileFull || !said.ReadAfter || len(said.After) != 100 {
		t.Errorf("%+v", said)
	}
	c := openCloud(t, dir, nil)
	client := dynamodb.NewFromConfig(c.dev())
	for _, name := range append(append([]string{"0", "299"}, said.Before...), said.After...) {
		if got := must[*dynamodb.GetItemOutput](t)(client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("things"), Key: item{"k": text(name)}})); got.Item == nil {
			t.Errorf("item %s is lost", name)
		}
	}
	if got := object(t, pathStyle(c.dev()), "things", "k"); got != "bytes" {
		t.Errorf("the object that could not be replaced is %.20q", got)
	}
}
