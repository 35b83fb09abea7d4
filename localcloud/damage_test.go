//go:build unix

package localcloud_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/localcloud"
)

const openVariable = "WRIT_TEST_OPEN"

func init() { children[openVariable] = openOnly }

// openOnly opens and closes the cloud of a directory as a user without special
// rights. Damage that kills a process kills this one.
func openOnly(dir string) error {
	if os.Getuid() == 0 && strings.HasSuffix(dir, "/closed") {
		if err := errors.Join(syscall.Setgid(65534), syscall.Setuid(65534)); err != nil {
			return err
		}
	}
	c, err := localcloud.Open(localcloud.Config{Dir: dir, OnNotice: func(line string) { fmt.Println("notice:", line) }})
	if err != nil {
		var e *writ.Error
		if errors.As(err, &e) {
			fmt.Printf("%s: %v; %s\n", e.Code, err, e.Hint)
			return nil
		}
		return fmt.Errorf("no *writ.Error: %w", err)
	}
	fmt.Println("opened")
	return c.Close()
}

// filled is the directory of a closed cloud with a table, 300 items and an object.
func filled(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "closed")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	c := openCloud(t, dir, nil)
	client := dynamodb.NewFromConfig(c.dev())
	makeTable(t, client, "things")
	for i := range 300 {
		must[*dynamodb.PutItemOutput](t)(client.PutItem(t.Context(), &dynamodb.PutItemInput{
			TableName: aws.String("things"), Item: item{"k": text(fmt.Sprint(i)), "v": text(strings.Repeat("x", 500))},
		}))
	}
	objects := pathStyle(c.dev())
	must[*s3.CreateBucketOutput](t)(objects.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("things")}))
	must[*s3.PutObjectOutput](t)(objects.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("things"), Key: aws.String("k"), Body: strings.NewReader("bytes")}))
	c.close(t)
	return dir
}

// TestDamagedState damages a cloud's directory in each way, opens it in a
// process of its own, and wants a precise error, a living process and files
// as they were.
func TestDamagedState(t *testing.T) {
	t.Parallel()
	whole := filled(t)
	for _, test := range []struct {
		name   string
		damage func(dir string) error
		want   []string
	}{
		{"nothing", func(string) error { return nil }, []string{"opened"}},
		{"cloud.db cut to nothing", truncate(0), []string{"invalid: ", "cloud.db is damaged", "move the file away"}},
		{"cloud.db cut to 100 bytes", truncate(100), []string{"invalid: ", "cloud.db is damaged", "move the file away"}},
		{"cloud.db cut to its first page", truncate(4096), []string{"invalid: ", "cloud.db is damaged", "move the file away"}},
		{"cloud.db cut to four pages", truncate(16384), []string{"invalid: ", "cloud.db is damaged", "move the file away"}},
		{"cloud.db cut to half", truncate(-2), []string{"invalid: ", "cloud.db is damaged", "move the file away"}},
		{"cloud.db cut by a page", cutPages(1), []string{"invalid: ", "cloud.db is damaged", "move the file away"}},
		{"cloud.db cut by ten pages", cutPages(10), []string{"invalid: ", "cloud.db is damaged", "move the file away"}},
		{"cloud.db is garbage", scribble(0), []string{"invalid: ", "cloud.db is damaged", "move the file away"}},
		{"cloud.db is garbage behind its head", scribble(8192), []string{"invalid: ", "cloud.db is damaged", "move the file away"}},
		{"cloud.db is a directory", replaceByDir, []string{"external: ", "cloud.db", "is a directory"}},
		{"the key is too short", putKey("short"), []string{"invalid: ", "key is damaged: it has 5 bytes, not 32", "put a copy of it back; or delete it"}},
		{"the key is empty", putKey(""), []string{"invalid: ", "key is damaged: it has 0 bytes, not 32"}},
		{"no objects directory", removeObjects, []string{"invalid: ", "objects", "put the directory back"}},
		{"a directory that cannot be read", func(dir string) error { return os.Chmod(dir, 0) }, []string{"external: ", "permission denied"}},
		{"files that cannot be read", func(dir string) error { return os.Chmod(filepath.Join(dir, "cloud.db"), 0) }, []string{"external: ", "permission denied"}},
		{"no directory at all", os.RemoveAll, []string{"external: ", "no such file or directory"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "closed")
			// Other users may pass through the test's own directory.
			if err := os.Chmod(filepath.Dir(filepath.Dir(dir)), 0o711); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(os.CopyFS(dir, os.DirFS(whole)), ownedByNobody(dir), test.damage(dir)); err != nil {
				t.Fatal(err)
			}
			before := contents(t, dir)
			child := exec.CommandContext(t.Context(), os.Args[0])
			child.Env = append(os.Environ(), openVariable+"="+dir)
			out, err := child.CombinedOutput()
			if err != nil {
				t.Fatalf("the process died: %v\n%.2000s", err, out)
			}
			for _, want := range test.want {
				if !strings.Contains(string(out), want) {
					t.Errorf("it said %q, want %q in it", out, want)
				}
			}
			if after := contents(t, dir); test.name != "nothing" && !equalFiles(before, after) {
				t.Error("the files were changed")
			}
		})
	}
}

func truncate(size int64) func(string) error {
	return func(dir string) error {
		path, n := filepath.Join(dir, "cloud.db"), size
		if n < 0 {
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			n = info.Size() / -n
		}
		return os.Truncate(path, n)
	}
}

// cutPages cuts off pages that are in use at the end of the database: its head
// says how many there are, in the newer of two copies.
func cutPages(n int64) func(string) error {
	return func(dir string) error {
		path := filepath.Join(dir, "cloud.db")
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		const header = 16 // of a page; then come the page size at 8, the number of pages at 40, the version at 48
		number := func(at int) int64 { return int64(binary.NativeEndian.Uint64(data[header+at:])) }
		size := int64(binary.NativeEndian.Uint32(data[header+8:]))
		pages := number(40)
		if number(int(size)+48) > number(48) {
			pages = number(int(size) + 40)
		}
		return os.Truncate(path, (pages-n)*size)
	}
}

// scribble overwrites the database from an offset on.
func scribble(from int) func(string) error {
	return func(dir string) error {
		path := filepath.Join(dir, "cloud.db")
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		random := rand.New(rand.NewPCG(1, uint64(from)))
		for i := from; i < len(data); i++ {
			data[i] = byte(random.Uint32())
		}
		return os.WriteFile(path, data, 0o600)
	}
}

func replaceByDir(dir string) error {
	path := filepath.Join(dir, "cloud.db")
	return errors.Join(os.Remove(path), os.Mkdir(path, 0o755))
}

func putKey(key string) func(string) error {
	return func(dir string) error { return os.WriteFile(filepath.Join(dir, "key"), []byte(key), 0o600) }
}

func removeObjects(dir string) error { return os.RemoveAll(filepath.Join(dir, "objects")) }

// ownedByNobody gives all files to the user that the child becomes.
func ownedByNobody(dir string) error {
	if os.Getuid() != 0 {
		return nil
	}
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Chown(path, 65534, 65534))
	})
}

// contents reads the files that hold state.
func contents(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, name := range []string{"cloud.db", "key"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil {
			files[name] = data
		}
	}
	return files
}

func equalFiles(a, b map[string][]byte) bool {
	for name, data := range a {
		if !bytes.Equal(data, b[name]) {
			return false
		}
	}
	return len(a) == len(b)
}
