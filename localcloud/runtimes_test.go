package localcloud_test

import (
	"os/exec"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// TestInterpretersCallTheCloud: handlers in Node.js and Python write to a table
// with their own role's credentials, which they find in their environment.
func TestInterpretersCallTheCloud(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, runtime string
		files         map[string]string
		probe         []string // says whether the runtime and what it imports are here
	}{
		{"node", "nodejs22.x", map[string]string{"signed.js": signedJS, "index.js": `const {dynamodb} = require("./signed.js");
exports.handler = (e) => dynamodb("PutItem", {TableName: e.Table, Item: {k: {S: e.Key}}});`}, []string{"node", "--version"}},
		{"python", "python3.13", map[string]string{"index.py": `import boto3
def handler(event, context):
    return boto3.client("dynamodb").put_item(TableName=event["Table"], Item={"k": {"S": event["Key"]}})["ResponseMetadata"]["HTTPStatusCode"]
`}, []string{"python3", "-c", "import boto3"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if out, err := exec.Command(test.probe[0], test.probe[1:]...).CombinedOutput(); err != nil {
				t.Skipf("%s does not run here: %v %s", test.name, err, out)
			}
			c := newCloud(t, nil)
			tables := dynamodb.NewFromConfig(c.dev())
			makeTable(t, tables, "things")
			role := c.role(t, "worker-role", trustLambda, mayWriteThings)
			must[*lambda.CreateFunctionOutput](t)(lambda.NewFromConfig(c.dev()).CreateFunction(t.Context(), &lambda.CreateFunctionInput{
				FunctionName: aws.String("worker"), Role: &role, Runtime: types.Runtime(test.runtime), Handler: aws.String("index.handler"),
				Code: &types.FunctionCode{ZipFile: zipped(t, test.files)}, Timeout: aws.Int32(30),
			}))
			if out := c.invoke(t, "worker", `{"Table":"things","Key":"1"}`); out.FunctionError != nil {
				t.Fatalf("the function failed: %s", out.Payload)
			}
			got := must[*dynamodb.GetItemOutput](t)(tables.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("things"), Key: item{"k": text("1")}}))
			if got.Item == nil {
				t.Error("the function wrote nothing")
			}
		})
	}
}
