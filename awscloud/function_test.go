package awscloud_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/awscloud"
)

func writeFiles(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// handler is a Python function that prints, fails or answers.
const handler = `def handler(event, context):
    if event.get("fail"):
        raise ValueError("as you wish")
    print("line", event.get("n"))
    return {"n": event.get("n")}
`

func function(t *testing.T, a *awscloud.Account) {
	t.Helper()
	var code bytes.Buffer
	w := zip.NewWriter(&code)
	f, err := w.Create("handler.py")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(handler)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := a.EnsureBucket(t.Context(), bucket); err != nil {
		t.Fatal(err)
	}
	if err := a.PutAsset(t.Context(), bucket, "f.zip", code.Bytes()); err != nil {
		t.Fatal(err)
	}
	template := fmt.Sprintf(`{"Resources": {
	  "Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "f", "AssumeRolePolicyDocument": {"Version": "2012-10-17",
	    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]},
	    "Policies": [{"PolicyName": "logs", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
	      {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}]}}]}},
	  "Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/aws/lambda/f"}},
	  "F": {"Type": "AWS::Lambda::Function", "DependsOn": "Log", "Properties": {"FunctionName": "f", "Handler": "handler.handler", "Runtime": "python3.13",
	        "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Code": {"S3Bucket": %q, "S3Key": "f.zip"}}}}}`, bucket)
	mustDeploy(t, a, "f", []byte(template))
}

func TestInvokeAndLogs(t *testing.T) {
	t.Parallel()
	if out, err := exec.Command("python3", "--version").CombinedOutput(); err != nil {
		t.Skipf("no python3 to run the function: %v %s", err, out)
	}
	a := newCloud(t).open(t)
	function(t, a)
	answer, err := a.Invoke(t.Context(), "f", []byte(`{"n": 1}`))
	if err != nil || answer.FunctionError != "" || strings.Join(strings.Fields(string(answer.Payload)), "") != `{"n":1}` || !strings.Contains(answer.LogTail, "line 1") {
		t.Fatalf("%s %+v %v", answer.Payload, answer, err)
	}
	answer, err = a.Invoke(t.Context(), "f", []byte(`{"fail": true}`))
	if err != nil || answer.FunctionError != "Unhandled" || !strings.Contains(string(answer.Payload), "as you wish") {
		t.Errorf("%s %+v %v", answer.Payload, answer, err)
	}
	_, err = a.Invoke(t.Context(), "g", []byte(`{}`))
	wantError(t, err, writ.CodeNotFound, "ResourceNotFoundException", "")
	_, err = a.Invoke(t.Context(), "f", []byte(`{`))
	wantError(t, err, writ.CodeExternal, "InvalidRequestContent", "")
	wantError(t, a.Logs(t.Context(), "/aws/lambda/g", time.Now().Add(-time.Hour), false, func(awscloud.LogLine) {}), writ.CodeNotFound, "ResourceNotFoundException", "")

	follow(t, a)
}

// follow reads the log while it grows: each line once, in order, to the end.
func follow(t *testing.T, a *awscloud.Account) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var mu sync.Mutex
	var lines []string
	done := make(chan error, 1)
	go func() {
		done <- a.Logs(ctx, "/aws/lambda/f", time.Now().Add(-time.Hour), true, func(l awscloud.LogLine) {
			mu.Lock()
			defer mu.Unlock()
			if text, ok := strings.CutPrefix(strings.TrimSpace(l.Message), "line "); ok {
				lines = append(lines, text)
			}
		})
	}()
	for n := 2; n < 4; n++ {
		if _, err := a.Invoke(t.Context(), "f", fmt.Appendf(nil, `{"n": %d}`, n)); err != nil {
			t.Fatal(err)
		}
		eventually(t, "a new line is shown", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(lines) == n
		})
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("the end of following is an error: %v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if want := []string{"1", "2", "3"}; !slices.Equal(lines, want) {
		t.Errorf("lines %v, want %v", lines, want)
	}
}
