package localcloud_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/writ-dev/writ/localcloud"
)

var assetKey = regexp.MustCompile(`[0-9a-f]{64}\.zip`)

// steps are the states of the CDK workshop: what its HTTP API answers, and
// what the log says was refused.
var steps = []struct {
	template string
	status   int
	body     string
	denied   string
	hits     int // after the call
}{
	{"a-hello", 200, "Good Night, CDK! You've hit /hello\n", "", 0},
	{"b-hitcounter-no-grants", 502, `{"message": "Internal server error"}`, "is not authorized to perform: dynamodb:UpdateItem on resource: ", 0},
	{"c-table-grant", 502, `{"message": "Internal server error"}`, "is not authorized to perform: lambda:InvokeFunction on resource: ", 1},
	{"d-invoke-grant", 200, "Good Night, CDK! You've hit /hello\n", "", 2},
}

// bootstrap is the version that `cdk bootstrap` leaves in the parameter store.
const bootstrap = "/cdk-bootstrap/hnb659fds/version"

// TestCDKWorkshop deploys what the AWS CDK made of its own lesson, template
// after template by change set, and calls its HTTP API after each.
func TestCDKWorkshop(t *testing.T) {
	t.Parallel()
	needNode(t)
	folder := filepath.Join("..", "..", "shared", "reference", "workshop")
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("the templates are not beside the repository: %v", err)
	}
	c := newCloud(t, func(cfg *localcloud.Config) { cfg.Parameters = map[string]string{bootstrap: "30"} })
	stacks, name := cloudformation.NewFromConfig(c.dev()), "CdkWorkshopStack"
	code := zipped(t, map[string]string{"hello.js": helloJS, "hitcounter.js": hitcounterJS, "signed.js": signedJS})
	must[*s3.CreateBucketOutput](t)(pathStyle(c.dev()).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(assets)}))
	kind := cfntypes.ChangeSetTypeCreate
	for _, step := range steps {
		body := string(must[[]byte](t)(os.ReadFile(filepath.Join(folder, step.template+".template.json"))))
		for _, key := range assetKey.FindAllString(body, -1) {
			must[*s3.PutObjectOutput](t)(pathStyle(c.dev()).PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(assets), Key: &key, Body: bytes.NewReader(code)}))
		}
		if status := deployStack(t, stacks, name, kind, body, nil); status != cfntypes.StackStatusCreateComplete && status != cfntypes.StackStatusUpdateComplete {
			t.Fatalf("%s: the stack is %s", step.template, status)
		}
		kind = cfntypes.ChangeSetTypeUpdate
		status, answer := c.get(t, "/hello")
		if status != step.status || answer != step.body {
			t.Errorf("%s: %d %q, want %d %q", step.template, status, answer, step.status, step.body)
		}
		if step.denied != "" && !c.seen(&c.denied, step.denied) {
			t.Errorf("%s: denied was only %q", step.template, c.denied)
		}
		if got := countHits(t, c); got != step.hits {
			t.Errorf("%s: the table says %d hits, want %d", step.template, got, step.hits)
		}
		t.Logf("%s: GET /hello -> %d", step.template, status)
	}
	t.Logf("%d steps ran", len(steps))
}

const assets = "cdk-hnb659fds-assets-000000000000-us-east-1"

// countHits adds up the hits in the workshop's table.
func countHits(t *testing.T, c *cloud) (n int) {
	t.Helper()
	client := dynamodb.NewFromConfig(c.dev())
	for _, table := range must[*dynamodb.ListTablesOutput](t)(client.ListTables(t.Context(), &dynamodb.ListTablesInput{})).TableNames {
		for _, i := range must[*dynamodb.ScanOutput](t)(client.Scan(t.Context(), &dynamodb.ScanInput{TableName: &table})).Items {
			n += must[int](t)(strconv.Atoi(describe(i["hits"])))
		}
	}
	return n
}

// TestCDKBootstrapParameter: templates find the parameters of the configuration.
func TestCDKBootstrapParameter(t *testing.T) {
	t.Parallel()
	template := strings.Replace(firstTemplate, `{"Resources"`, `{"Parameters":{"BootstrapVersion":{"Type":"AWS::SSM::Parameter::Value<String>","Default":"`+bootstrap+`"}},
		"Rules":{"CheckBootstrapVersion":{"Assertions":[{"Assert":{"Fn::Not":[{"Fn::Contains":[["1","2","3","4","5"],{"Ref":"BootstrapVersion"}]}]},"AssertDescription":"too old"}]}},"Resources"`, 1)
	for _, test := range []struct {
		parameters map[string]string
		want       string
	}{
		{map[string]string{bootstrap: "30"}, ""},
		{map[string]string{bootstrap: "5"}, "too old"},
		{nil, bootstrap},
	} {
		c := newCloud(t, func(cfg *localcloud.Config) { cfg.Parameters = test.parameters })
		_, err := cloudformation.NewFromConfig(c.dev()).CreateChangeSet(t.Context(), &cloudformation.CreateChangeSetInput{
			StackName: aws.String("system"), ChangeSetName: aws.String("deploy"), ChangeSetType: cfntypes.ChangeSetTypeCreate, TemplateBody: &template,
		})
		code, message := codeOf(err)
		if (test.want == "") != (code == "") || !strings.Contains(message, test.want) {
			t.Errorf("with %v: %s %s, want %q", test.parameters, code, message, test.want)
		}
	}
}
