package lambda_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func TestGoHandler(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	c.createGo(t, "hello", func(in *awslambda.CreateFunctionInput) {
		in.Environment = &types.Environment{Variables: map[string]string{"COLOUR": "blue"}}
		in.MemorySize = aws.Int32(256)
	})
	c.want(t, "hello", `{"Do":"echo","Text":"hi"}`, `"hi"`)

	out := c.invoke(t, "hello", `{"Do":"print","Text":"something"}`)
	tail, err := base64.StdEncoding.DecodeString(aws.ToString(out.LogResult))
	if err != nil {
		t.Fatal(err)
	}
	shape := regexp.MustCompile(`^START RequestId: (\S{36}) Version: \$LATEST\nprinted something\nto stderr something\nEND RequestId: \S{36}\n` +
		`REPORT RequestId: \S{36}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 256 MB\tMax Memory Used: \d+ MB\t\n$`)
	if !shape.Match(tail) {
		t.Errorf("log tail:\n%s", tail)
	}
	if !strings.Contains(c.printed(), "\tInit Duration: ") {
		t.Errorf("no Init Duration of the cold start in:\n%s", c.printed())
	}
	if v := aws.ToString(out.ExecutedVersion); v != "$LATEST" {
		t.Errorf("executed version %q", v)
	}

	out = c.invoke(t, "hello", `{"Do":"error","Text":"no luck"}`)
	if got, want := string(out.Payload), `{"errorMessage":"no luck","errorType":"errorString"}`; got != want || aws.ToString(out.FunctionError) != "Unhandled" {
		t.Errorf("error = %s %s, want %s", aws.ToString(out.FunctionError), got, want)
	}

	var info struct {
		ID, ARN string
		Left    int
	}
	if err := json.Unmarshal(c.invoke(t, "hello", `{"Do":"context"}`).Payload, &info); err != nil {
		t.Fatal(err)
	}
	if info.ARN != "arn:aws:lambda:us-east-1:000000000000:function:hello" || info.Left < 8000 || info.Left > 10000 || len(info.ID) != 36 {
		t.Errorf("context = %+v", info)
	}
}

func TestEnvironmentIsAWSsAndNothingOfTheParents(t *testing.T) {
	t.Setenv("AWS_PROFILE", "production")
	t.Setenv("GITHUB_TOKEN", "secret")
	c := newCloud(t, nil)
	c.createGo(t, "hello", func(in *awslambda.CreateFunctionInput) {
		in.Environment = &types.Environment{Variables: map[string]string{"COLOUR": "blue"}}
	})
	var list []string
	if err := json.Unmarshal(c.invoke(t, "hello", `{"Do":"env"}`).Payload, &list); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, kv := range list {
		k, v, _ := strings.Cut(kv, "=")
		got[k] = v
	}
	allowed := strings.Fields(`_HANDLER _X_AMZN_TRACE_ID AWS_REGION AWS_DEFAULT_REGION AWS_EXECUTION_ENV AWS_LAMBDA_FUNCTION_NAME AWS_LAMBDA_FUNCTION_MEMORY_SIZE
		AWS_LAMBDA_FUNCTION_VERSION AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME AWS_LAMBDA_INITIALIZATION_TYPE AWS_LAMBDA_RUNTIME_API
		LAMBDA_TASK_ROOT LAMBDA_RUNTIME_DIR AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN TZ LANG PATH HOME TMPDIR AWS_ENDPOINT_URL COLOUR`)
	for k := range got {
		if !strings.Contains(" "+strings.Join(allowed, " ")+" ", " "+k+" ") {
			t.Errorf("the function sees %s", k)
		}
	}
	for _, k := range allowed {
		if _, ok := got[k]; !ok && k != "AWS_EXECUTION_ENV" {
			t.Errorf("the function lacks %s", k)
		}
	}
	for k, want := range map[string]string{
		"COLOUR": "blue", "AWS_ENDPOINT_URL": c.url, "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/hello", "AWS_REGION": region, "_HANDLER": "bootstrap",
	} {
		if got[k] != want {
			t.Errorf("%s = %q, want %q", k, got[k], want)
		}
	}
	if !regexp.MustCompile(`^\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}$`).MatchString(got["AWS_LAMBDA_LOG_STREAM_NAME"]) {
		t.Errorf("log stream %q", got["AWS_LAMBDA_LOG_STREAM_NAME"])
	}
}

func TestFailuresOfAProcess(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	c.createGo(t, "hello", func(in *awslambda.CreateFunctionInput) { in.Timeout = aws.Int32(1) })
	for name, script := range map[string]string{
		"dies":   "#!/bin/sh\nexit 7\n",
		"leaves": "#!/bin/sh\nexit 0\n",
	} {
		c.create(t, name, zipOf(map[string]string{"bootstrap": script}), nil)
	}
	c.create(t, "garbage", zipOf(map[string]string{"bootstrap": "not a program"}), nil)
	c.create(t, "empty", zipOf(map[string]string{"README": "nothing"}), nil)
	for _, tc := range []struct{ function, payload, want string }{
		{"hello", `{"Do":"sleep","N":3000}`, `{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: ID Error: Task timed out after 1.00 seconds"}`},
		{"hello", `{"Do":"exit","N":3}`, `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited with error: exit status 3"}`},
		{"hello", `{"Do":"exit"}`, `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited without providing a reason"}`},
		{"dies", `{}`, `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited with error: exit status 7"}`},
		{"leaves", `{}`, `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ID Error: Runtime exited without providing a reason"}`},
		{"empty", `{}`, `{"errorType":"Runtime.InvalidEntrypoint","errorMessage":"Error: Couldn't find valid bootstrap(s): [`},
		{"garbage", `{}`, `{"errorType":"Runtime.InvalidEntrypoint","errorMessage":"Error: fork/exec `},
		{"hello", `{"Do":"big","N":6291600}`, `{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes)."}`},
		{"hello", `{"Do":"panic","Text":"oh"}`, `{"errorMessage":"oh","errorType":"string","stackTrace":[`},
	} {
		out := c.invoke(t, tc.function, tc.payload)
		got := regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`).ReplaceAllString(string(out.Payload), "ID")
		if !strings.HasPrefix(got, tc.want) || aws.ToString(out.FunctionError) != "Unhandled" {
			t.Errorf("%s(%s) = %s %.200s\nwant %s", tc.function, tc.payload, aws.ToString(out.FunctionError), got, tc.want)
		}
		if tc.function == "hello" { // the next invocation is served by a sound process
			c.want(t, "hello", `{"Do":"echo","Text":"again"}`, `"again"`)
		}
	}
	for _, want := range []string{"Task timed out after 1.00 seconds", "\tStatus: timeout", "Runtime.ExitError"} {
		if !strings.Contains(c.printed(), want) {
			t.Errorf("the log lacks %q", want)
		}
	}
	// The largest answer that is allowed.
	if out := c.invoke(t, "hello", `{"Do":"big","N":6291000}`); out.FunctionError != nil || len(out.Payload) != 6291002 {
		t.Errorf("an answer within the bound: %v, %d bytes", out.FunctionError, len(out.Payload))
	}
}

func TestConcurrencyIsMoreProcesses(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	c.createGo(t, "hello", nil)
	run := func(n int) map[string]int {
		var mu sync.Mutex
		var wg sync.WaitGroup
		pids := map[string]int{}
		client := c.client(t, "admin")
		for range n {
			wg.Go(func() {
				out, err := client.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String("hello"), Payload: []byte(`{"Do":"sleep","N":300}`)})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				pids[string(out.Payload)]++
			})
		}
		wg.Wait()
		return pids
	}
	if pids := run(6); len(pids) != 6 {
		t.Errorf("6 invocations at once ran in %v", pids)
	}
	for range 20 { // one after the other: always the same process
		c.invoke(t, "hello", `{"Do":"pid"}`)
	}
	seen := map[string]bool{}
	for range 20 {
		seen[string(c.invoke(t, "hello", `{"Do":"pid"}`).Payload)] = true
	}
	if len(seen) != 1 {
		t.Errorf("20 invocations in a row ran in %d processes", len(seen))
	}
}

func TestBoundedProcessesAreWaitedFor(t *testing.T) {
	t.Parallel()
	c := newCloud(t, func(cfg *lambdaConfig) { cfg.MaxPerFunction, cfg.MaxProcesses = 2, 3 })
	c.createGo(t, "one", nil)
	c.createGo(t, "two", nil)
	var wg sync.WaitGroup
	client := c.client(t, "admin")
	for i := range 24 {
		wg.Go(func() {
			name := []string{"one", "two"}[i%2]
			out, err := client.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String(name), Payload: []byte(`{"Do":"sleep","N":20}`)})
			if err != nil || out.FunctionError != nil {
				t.Error(err, out)
			}
		})
	}
	wg.Wait()
}

func TestHotReload(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	c.createGo(t, "hello", nil)
	c.want(t, "hello", `{"Do":"echo","Text":"hi"}`, `"hi"`)
	client := c.client(t, "admin")
	slow := make(chan string, 1)
	go func() {
		out, err := client.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String("hello"), Payload: []byte(`{"Do":"sleep","N":1000}`)})
		slow <- fmt.Sprint(err, out != nil && out.FunctionError == nil)
	}()
	time.Sleep(200 * time.Millisecond)
	_, err := client.UpdateFunctionCode(t.Context(), &awslambda.UpdateFunctionCodeInput{
		FunctionName: aws.String("hello"), ZipFile: zipOf(map[string]string{"bootstrap": "#!/bin/sh\nexit 9\n"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if out := c.invoke(t, "hello", `{}`); !strings.Contains(string(out.Payload), "exit status 9") {
		t.Errorf("after the update: %s", out.Payload)
	}
	if got := <-slow; got != "<nil> true" {
		t.Errorf("the invocation under way: %s", got)
	}
}

func TestNode(t *testing.T) {
	t.Parallel()
	if out, err := exec.Command("node", "--version").CombinedOutput(); err != nil {
		t.Skipf("no node here: %v %s", err, out)
	}
	c := newCloud(t, nil)
	make := func(name, handler string, files map[string]string) {
		c.create(t, name, zipOf(files), func(in *awslambda.CreateFunctionInput) {
			in.Runtime, in.Handler = types.RuntimeNodejs22x, aws.String(handler)
		})
	}
	make("cjs", "index.handler", map[string]string{"index.js": `
exports.handler = async (event, context) => {
  console.log('two\nlines', { a: 1 });
  if (event.fail) { const e = new TypeError('bad ' + event.fail); throw e; }
  if (event.reject) { Promise.reject(new Error('nobody listens')); await new Promise(r => setTimeout(r, 2000)); }
  if (event.context) return { name: context.functionName, arn: context.invokedFunctionArn, left: context.getRemainingTimeInMillis() > 5000, id: context.awsRequestId.length };
  return { got: event };
};`})
	make("esm", "src/app.nested.run", map[string]string{"src/app.mjs": `export const nested = { run: async (e) => e.n + 1 };`})
	make("callback", "index.handler", map[string]string{"index.js": `
exports.handler = (event, context, callback) => {
  if (event.none) return;
  setTimeout(() => callback(event.fail ? new Error('called back') : null, { late: true }), 20);
};`})
	make("lost", "index.handler", map[string]string{"index.js": `require('not-there')`})
	make("nohandler", "index.other", map[string]string{"index.js": `exports.handler = 1`})
	make("broken", "index.handler", map[string]string{"index.js": `exports.handler = (`})

	c.want(t, "cjs", `{"x":[1,"ü"]}`, `{"got":{"x":[1,"ü"]}}`)
	c.want(t, "cjs", `{"context":1}`, `{"name":"cjs","arn":"arn:aws:lambda:us-east-1:000000000000:function:cjs","left":true,"id":36}`)
	c.want(t, "esm", `{"n":41}`, `42`)
	c.want(t, "callback", `{}`, `{"late":true}`)
	c.want(t, "callback", `{"none":1}`, `null`)
	if !strings.Contains(c.printed(), "\tINFO\ttwo\nlines { a: 1 }") {
		t.Errorf("console.log is not one line with time, id and level:\n%s", c.printed())
	}
	for _, tc := range []struct{ function, payload, kind, message string }{
		{"cjs", `{"fail":"luck"}`, "TypeError", "bad luck"},
		{"cjs", `{"reject":1}`, "Runtime.UnhandledPromiseRejection", "Error: nobody listens"},
		{"callback", `{"fail":1}`, "Error", "called back"},
		{"lost", `{}`, "Runtime.ImportModuleError", "Error: Cannot find module 'not-there'"},
		{"nohandler", `{}`, "Runtime.HandlerNotFound", "index.other is undefined or not exported"},
		{"broken", `{}`, "Runtime.UserCodeSyntaxError", "SyntaxError: Unexpected end of input"},
	} {
		c.wantError(t, tc.function, tc.payload, tc.kind, tc.message)
	}
	c.want(t, "cjs", `1`, `{"got":1}`) // after the unhandled rejection, in a new process
}

func TestPython(t *testing.T) {
	t.Parallel()
	if out, err := exec.Command("python3", "--version").CombinedOutput(); err != nil {
		t.Skipf("no python3 here: %v %s", err, out)
	}
	c := newCloud(t, nil)
	make := func(name, handler string, files map[string]string) {
		c.create(t, name, zipOf(files), func(in *awslambda.CreateFunctionInput) {
			in.Runtime, in.Handler = types.RuntimePython313, aws.String(handler)
		})
	}
	make("py", "app.handler", map[string]string{"app.py": `
import logging, decimal, sys
logger = logging.getLogger()
logger.setLevel("INFO")
def handler(event, context):
    print("printed", event)
    logger.info("logged %s", 1)
    if "fail" in event:
        raise ValueError("bad " + event["fail"])
    if "exit" in event:
        sys.exit(4)
    if "context" in event:
        return {"name": context.function_name, "left": context.get_remaining_time_in_millis() > 5000, "id": len(context.aws_request_id)}
    if "object" in event:
        return object()
    return {"got": event, "n": decimal.Decimal("1.5")}
`})
	make("deep", "src/app.handler", map[string]string{"src/app.py": "from src import other\nhandler = lambda e, c: other.x", "src/other.py": "x = 5", "src/__init__.py": ""})
	make("lost", "app.handler", map[string]string{"app.py": "import nothing_there"})
	make("nohandler", "app.other", map[string]string{"app.py": ""})
	make("broken", "app.handler", map[string]string{"app.py": "def handler(:"})
	make("raises", "app.handler", map[string]string{"app.py": "1/0"})

	c.want(t, "py", `{"x":[1,"ü"]}`, `{"got": {"x": [1, "\u00fc"]}, "n": 1.5}`)
	c.want(t, "py", `{"context":1}`, `{"name": "py", "left": true, "id": 36}`)
	c.want(t, "deep", `{}`, `5`)
	if !regexp.MustCompile(`py: \[INFO\]\t\S+Z\t[0-9a-f-]{36}\tlogged 1\n`).MatchString(c.printed() + "\n") {
		t.Errorf("logging is not AWS's line:\n%s", c.printed())
	}
	for _, tc := range []struct{ function, payload, kind, message string }{
		{"py", `{"fail":"luck"}`, "ValueError", "bad luck"},
		{"py", `{"object":1}`, "Runtime.MarshalError", "Unable to marshal response: Object of type object is not JSON serializable"},
		{"py", `{"exit":1}`, "Runtime.ExitError", "RequestId: ID Error: Runtime exited with error: exit status 4"},
		{"lost", `{}`, "Runtime.ImportModuleError", "Unable to import module 'app': No module named 'nothing_there'"},
		{"nohandler", `{}`, "Runtime.HandlerNotFound", "Handler 'other' missing on module 'app'"},
		{"broken", `{}`, "Runtime.UserCodeSyntaxError", "Syntax error in module 'app': invalid syntax (app.py, line 1)"},
		{"raises", `{}`, "ZeroDivisionError", "division by zero"},
	} {
		c.wantError(t, tc.function, tc.payload, tc.kind, tc.message)
	}
}

func (c *cloud) wantError(t *testing.T, function, payload, kind, message string) {
	t.Helper()
	out := c.invoke(t, function, payload)
	var got struct{ ErrorType, ErrorMessage string }
	if err := json.Unmarshal(out.Payload, &got); err != nil {
		t.Errorf("%s(%s) = %s", function, payload, out.Payload)
		return
	}
	text := regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`).ReplaceAllString(got.ErrorMessage, "ID")
	if first, _, _ := strings.Cut(text, "\n"); aws.ToString(out.FunctionError) != "Unhandled" || got.ErrorType != kind || first != message {
		t.Errorf("%s(%s) = %s %s: %s\nwant %s: %s", function, payload, aws.ToString(out.FunctionError), got.ErrorType, text, kind, message)
	}
}

func TestMissingInterpreterSaysWhatToInstall(t *testing.T) {
	t.Parallel()
	c := newCloud(t, func(cfg *lambdaConfig) {
		cfg.Getenv = func(k string) string { return map[string]string{"PATH": "/nowhere"}[k] }
	})
	for runtime, word := range map[types.Runtime]string{types.RuntimeNodejs22x: "install Node.js", types.RuntimePython313: "install Python", types.RuntimeJava21: "does not run locally yet"} {
		name := regexp.MustCompile(`\W`).ReplaceAllString(string(runtime), "-")
		c.create(t, name, zipOf(map[string]string{"x": "x"}), func(in *awslambda.CreateFunctionInput) { in.Runtime = runtime })
		if out := c.invoke(t, name, `{}`); !strings.Contains(string(out.Payload), word) || out.FunctionError == nil {
			t.Errorf("%s: %s", runtime, out.Payload)
		}
	}
}

func TestShellBootstrapWithCurl(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("no curl here")
	}
	c := newCloud(t, nil)
	c.create(t, "shell", zipOf(map[string]string{"bootstrap": `#!/bin/sh
api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime
while true; do
  head="$TMPDIR/head"
  event=$(curl -sS -D "$head" "$api/invocation/next")
  id=$(grep -i '^lambda-runtime-aws-request-id:' "$head" | tr -d '\r' | cut -d' ' -f2)
  curl -sS -o /dev/null -X POST "$api/invocation/wrong-id/response" -d '{}'
  curl -sS -o /dev/null -X POST "$api/invocation/$id/response" -d "{\"got\":$event}"
done
`}), nil)
	c.want(t, "shell", `{"a":1}`, `{"got":{"a":1}}`)
	c.want(t, "shell", `2`, `{"got":2}`)
}
