package localcloud_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// TestAWSCLI uses the real command line with the developer's credentials.
func TestAWSCLI(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: `aws cloudformation deploy` looks every 30 s only")
	}
	if out, err := exec.Command("aws", "--version").CombinedOutput(); err != nil {
		t.Skipf("there is no aws command here: %v %s", err, out)
	}
	c := newCloud(t, nil)
	c.deploy(t, "worker")
	c.invoke(t, "worker", `{"Key":"needle"}`)
	makeTable(t, dynamodb.NewFromConfig(c.dev()), "things")
	must[*dynamodb.PutItemOutput](t)(dynamodb.NewFromConfig(c.dev()).PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("things"), Item: item{"k": text("1")}}))
	must[*s3.CreateBucketOutput](t)(pathStyle(c.dev()).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("things")}))
	work := t.TempDir()
	template, file := filepath.Join(work, "template.json"), filepath.Join(work, "file.txt")
	for path, data := range map[string]string{template: firstTemplate, file: "bytes of a file"} {
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the log is stored", func() bool { return c.seen(&c.lines, "REPORT") })
	for _, test := range []struct{ line, want string }{
		{"lambda list-functions --query Functions[].FunctionName --output text", "worker"},
		{"dynamodb scan --table-name things --query Items[].k.S --output text", "1"},
		{"logs filter-log-events --log-group-name /aws/lambda/worker --filter-pattern needle --query events[].message --output text", "the function ran for needle"},
		{"cloudformation deploy --stack-name system --template-file " + template, "Successfully created/updated stack - system"},
		{"cloudformation deploy --no-fail-on-empty-changeset --stack-name system --template-file " + template, "No changes to deploy"},
		{"s3 cp " + file + " s3://things/folder/file.txt", "upload: "},
		{"s3 ls s3://things/folder/", "file.txt"},
		{"s3 cp s3://things/folder/file.txt -", "bytes of a file"},
		{"s3 rb s3://things --force", "remove_bucket: things"},
		{"sts get-caller-identity --query Arn --output text", "assumed-role/writ-developer/developer"},
		{"iam get-role --role-name worker-role --query Role.Arn --output text", "arn:aws:iam::000000000000:role/worker-role"},
	} {
		if out := c.aws(t, strings.Fields(test.line)); !strings.Contains(out, test.want) {
			t.Errorf("aws %s:\n%s\nwant %q in it", test.line, out, test.want)
		}
	}
}

// aws runs the AWS CLI against the cloud with nothing of the host's configuration.
func (c *cloud) aws(t *testing.T, args []string) string {
	t.Helper()
	keys := must[aws.Credentials](t)(c.developer.Retrieve(t.Context()))
	cmd := exec.CommandContext(t.Context(), "aws", append([]string{"--endpoint-url", c.api.URL}, args...)...)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_REGION=" + c.Region(), "AWS_DEFAULT_REGION=" + c.Region(),
		"AWS_ACCESS_KEY_ID=" + keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + keys.SecretAccessKey, "AWS_SESSION_TOKEN=" + keys.SessionToken,
		"PYENV_ROOT=" + os.Getenv("PYENV_ROOT"), "PYENV_VERSION=" + os.Getenv("PYENV_VERSION"),
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("aws %s: %v", strings.Join(args, " "), err)
	}
	return string(out)
}
