package lambda_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/writ-dev/writ/localcloud/directory"
	"github.com/writ-dev/writ/localcloud/lambda"
)

// linked makes an archive of one file and symbolic links.
func linked(t testing.TB, links ...[2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	add := func(name, text string, mode fs.FileMode) {
		h := &zip.FileHeader{Name: name}
		h.SetMode(mode)
		f, err := w.CreateHeader(h)
		if err == nil {
			_, err = f.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	add("a/b/file", "inside", 0o644)
	for _, l := range links {
		add(l[0], l[1], fs.ModeSymlink|0o777)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestUnzipWritesNothingOutside(t *testing.T) {
	t.Parallel()
	for what, archive := range map[string][]byte{
		"a path up":                  zipOf(map[string]string{"../out": "x"}),
		"a path up from within":      zipOf(map[string]string{"a/../../out": "x"}),
		"an absolute path":           zipOf(map[string]string{"/out": "x"}),
		"a path with a backslash":    zipOf(map[string]string{`..\out`: "x"}),
		"a link up":                  linked(t, [2]string{"l", "../secret"}),
		"an absolute link":           linked(t, [2]string{"l", "/etc/passwd"}),
		"a link to nothing":          linked(t, [2]string{"l", "none"}),
		"a link up through a link":   linked(t, [2]string{"a/b/c/up", "../../../a"}, [2]string{"l", "a/b/c/up/../../secret"}),
		"links in a circle":          linked(t, [2]string{"l", "m"}, [2]string{"m", "l"}),
		"a link in place of a file":  linked(t, [2]string{"a/b/file", "../../.."}),
		"a file larger than allowed": zipOf(map[string]string{"big": strings.Repeat("x", 2000)}),
	} {
		parent := t.TempDir()
		dir := filepath.Join(parent, "code")
		for path, err := range map[string]error{dir: os.Mkdir(dir, 0o700), "secret": os.WriteFile(filepath.Join(parent, "secret"), []byte("s"), 0o600)} {
			if err != nil {
				t.Fatal(path, err)
			}
		}
		if err := lambda.Unzip(archive, dir, 1000); err == nil {
			t.Errorf("%s was unpacked", what)
		}
		entries, err := os.ReadDir(parent)
		if err != nil || len(entries) != 2 {
			t.Errorf("%s left %v outside, %v", what, entries, err)
		}
	}
	dir := t.TempDir()
	if err := lambda.Unzip(linked(t, [2]string{"l", "a/b/file"}, [2]string{"a/up", "../a/b"}), dir, 1000); err != nil {
		t.Errorf("links that stay inside: %v", err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "a/up/file")); err != nil || string(text) != "inside" {
		t.Errorf("through the links: %q, %v", text, err)
	}
}

func FuzzUnzip(f *testing.F) {
	f.Add(zipOf(map[string]string{"bootstrap": "x", "a/b": "y"}))
	f.Add(zipOf(map[string]string{"../x": "y"}))
	f.Add(linked(f, [2]string{"l", "a"}))
	f.Add([]byte("PK"))
	f.Fuzz(func(t *testing.T, archive []byte) {
		parent := t.TempDir()
		dir := filepath.Join(parent, "code")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		err := lambda.Unzip(archive, dir, 1<<16)
		entries, listErr := os.ReadDir(parent)
		if listErr != nil || len(entries) != 1 {
			t.Fatalf("outside of the directory: %v %v", entries, listErr)
		}
		if err != nil {
			return
		}
		var size int64
		walkErr := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			info, err := d.Info()
			if err == nil {
				size += info.Size()
			}
			return err
		})
		if walkErr != nil || size > 1<<16 {
			t.Fatalf("%d bytes, %v", size, walkErr)
		}
	})
}

func alive(pid int) bool {
	if state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil && strings.Contains(string(state), ") Z ") {
		return false // dead, not yet reaped by init
	}
	return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}

func TestChildrenOfAFunctionAreKilled(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	c.createGo(t, "hello", nil)
	var pids []int
	if err := json.Unmarshal(c.invoke(t, "hello", `{"Do":"children"}`).Payload, &pids); err != nil || len(pids) != 2 {
		t.Fatalf("%v, %v", pids, err)
	}
	if !alive(pids[0]) || !alive(pids[1]) {
		t.Fatal("the children are not there")
	}
	if _, err := c.client(t, "admin").DeleteFunction(t.Context(), &awslambda.DeleteFunctionInput{FunctionName: aws.String("hello")}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the child in the function's group is dead", func() bool { return !alive(pids[0]) })
	if runtime.GOOS == "linux" {
		eventually(t, "the child in its own session is dead", func() bool { return !alive(pids[1]) })
	}
}

// TestHoldCloud is not a test: it is the cloud that TestKilledCloudTakesItsFunctionsAlong kills.
func TestHoldCloud(t *testing.T) {
	out := os.Getenv("WRIT_TEST_HOLD_CLOUD")
	if out == "" {
		t.Skip("only run by TestKilledCloudTakesItsFunctionsAlong")
	}
	c := newCloud(t, nil)
	c.createGo(t, "hello", nil)
	payload := c.invoke(t, "hello", `{"Do":"children"}`).Payload
	pid := c.invoke(t, "hello", `{"Do":"pid"}`).Payload
	text := strings.TrimSuffix(string(payload), "]") + "," + string(pid) + "]"
	if err := os.WriteFile(out+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(out+".new", out); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Minute)
}

func TestKilledCloudTakesItsFunctionsAlong(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "pids")
	cmd := exec.Command(self, "-test.run", "^TestHoldCloud$")
	cmd.Env = append(os.Environ(), "WRIT_TEST_HOLD_CLOUD="+file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Wait() }()
	var pids []int
	eventually(t, "the function runs", func() bool {
		text, err := os.ReadFile(file)
		return err == nil && json.Unmarshal(text, &pids) == nil
	})
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for i, pid := range pids {
		if i == 1 && runtime.GOOS != "linux" {
			continue // a session of its own is only found with /proc
		}
		eventually(t, fmt.Sprintf("process %d of %v is dead", i, pids), func() bool { return !alive(pid) })
	}
}

// A page in the developer's browser asks for an image at every loopback port.
// Without an Origin header the request looks like a runtime's, which would be
// given the next event: the caller waits in vain, and the page has the event.
func TestAttackRuntimeAPIFromABrowser(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	c.createGo(t, "f", nil)
	var env []string
	if err := json.Unmarshal(c.invoke(t, "f", `{"Do":"env"}`).Payload, &env); err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(env, func(kv string) bool { return strings.HasPrefix(kv, "AWS_LAMBDA_RUNTIME_API=") })
	address := strings.TrimPrefix(env[at], "AWS_LAMBDA_RUNTIME_API=")
	for name, value := range map[string]string{
		"Origin": "http://evil.example", "Referer": "http://evil.example/", "Sec-Fetch-Site": "cross-site",
		"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)", "Host": "evil.example",
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/2018-06-01/runtime/invocation/next", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set(name, value)
		if name == "Host" {
			request.Host = value
		}
		response, err := (&http.Client{Timeout: 5 * time.Second}).Do(request)
		if err != nil {
			t.Fatalf("%s: the request waits for an event: %v", name, err)
		}
		if err := response.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", name, response.StatusCode)
		}
	}
	c.invoke(t, "f", `{}`)
}

// A Deny that names a function holds however a change names it: the change is
// the function's, which $LATEST is another word for.
func TestAttackLatestIsTheFunction(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	c.createGo(t, "kept", nil)
	deployer := directory.RoleSpec{Name: "deployer", Trust: trustRoot, Inline: map[string]string{"p": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
		{"Effect":"Deny","Action":["lambda:Update*","lambda:Delete*","lambda:Put*","lambda:AddPermission","lambda:RemovePermission","lambda:TagResource","lambda:PublishVersion"],
		 "Resource":"arn:aws:lambda:us-east-1:000000000000:function:kept"}]}`}}
	if _, err := c.iam.EnsureRole(deployer); err != nil {
		t.Fatal(err)
	}
	client := c.client(t, "deployer")
	for _, name := range []string{
		"kept", "kept:$LATEST", "arn:aws:lambda:us-east-1:000000000000:function:kept", "arn:aws:lambda:us-east-1:000000000000:function:kept:$LATEST",
		"000000000000:function:kept:$LATEST", "function:kept", "Kept", "kept:1",
	} {
		for operation, err := range map[string]error{
			"UpdateFunctionCode":          second(client.UpdateFunctionCode(t.Context(), &awslambda.UpdateFunctionCodeInput{FunctionName: &name, ZipFile: []byte("x")})),
			"UpdateFunctionConfiguration": second(client.UpdateFunctionConfiguration(t.Context(), &awslambda.UpdateFunctionConfigurationInput{FunctionName: &name, Description: aws.String("changed")})),
			"PutFunctionConcurrency":      second(client.PutFunctionConcurrency(t.Context(), &awslambda.PutFunctionConcurrencyInput{FunctionName: &name, ReservedConcurrentExecutions: aws.Int32(0)})),
			"DeleteFunction":              second(client.DeleteFunction(t.Context(), &awslambda.DeleteFunctionInput{FunctionName: &name})),
			"PublishVersion":              second(client.PublishVersion(t.Context(), &awslambda.PublishVersionInput{FunctionName: &name})),
			"AddPermission": second(client.AddPermission(t.Context(), &awslambda.AddPermissionInput{
				FunctionName: &name, StatementId: aws.String("s"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("*"),
			})),
		} {
			if err == nil {
				t.Errorf("%s of %s was done", operation, name)
				continue
			}
			code, _ := codeOf(err)
			if strings.Contains(name, "$LATEST") && code != "AccessDeniedException" {
				t.Errorf("%s of %s: %s", operation, name, code)
			}
		}
	}
	c.invoke(t, "kept", `{}`)
}

func second[T any](_ T, err error) error { return err }
