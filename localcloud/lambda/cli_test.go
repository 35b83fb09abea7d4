package lambda_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// TestAWSCLI uses the real command line: list-functions, invoke, logs tail.
func TestAWSCLI(t *testing.T) {
	t.Parallel()
	if out, err := exec.Command("aws", "--version").CombinedOutput(); err != nil {
		t.Skipf("no aws here: %v %s", err, out)
	}
	c := newCloud(t, nil)
	c.createGo(t, "hello", nil)
	c.invoke(t, "hello", `{"Do":"print","Text":"needle"}`)
	eventually(t, "the log is stored", func() bool {
		found, err := c.logs(t).FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/aws/lambda/hello")})
		return err == nil && len(found.Events) == 5
	})
	keys, err := c.config(t, "admin").Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) string {
		cmd := exec.Command("aws", args...)
		cmd.Env = []string{
			"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_ENDPOINT_URL=" + c.url, "AWS_REGION=" + region, "AWS_DEFAULT_REGION=" + region,
			"AWS_ACCESS_KEY_ID=" + keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + keys.SecretAccessKey, "AWS_SESSION_TOKEN=" + keys.SessionToken,
		}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("aws %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	if out := run("lambda", "list-functions", "--query", "Functions[].FunctionName", "--output", "text"); strings.TrimSpace(out) != "hello" {
		t.Errorf("list-functions: %s", out)
	}
	if out := run("lambda", "invoke", "--function-name", "hello", "--payload", `{"Do":"echo","Text":"cli"}`, "/dev/stdout"); !strings.Contains(out, `"cli"`) {
		t.Errorf("invoke: %s", out)
	}
	// Version 1 of the CLI has no `logs tail`; it would use this call.
	if out := run("logs", "filter-log-events", "--log-group-name", "/aws/lambda/hello", "--interleaved", "--filter-pattern", "needle", "--query", "events[].message", "--output", "text"); !strings.Contains(out, "printed needle") {
		t.Errorf("filter-log-events: %s", out)
	}
}
