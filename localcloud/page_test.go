package localcloud_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/writ-dev/writ/localcloud"
)

var update = flag.Bool("update", false, "write the list of operations into docs/local-cloud.md anew")

const (
	pageBegin = "<!-- operations: written by `go test ./localcloud -run TestPage -update` -->\n"
	pageEnd   = "<!-- end -->\n"
)

// titles are how people call the services.
var titles = map[string]string{
	"apigateway": "API Gateway, REST APIs", "apigatewayv2": "API Gateway, HTTP APIs", "cloudformation": "CloudFormation", "dynamodb": "DynamoDB",
	"iam": "IAM", "lambda": "Lambda", "logs": "CloudWatch Logs", "s3": "S3", "secretsmanager": "Secrets Manager", "sns": "SNS", "sqs": "SQS",
	"ssm": "SSM, parameters", "sts": "STS",
}

// operationsTable is the part of the page that is made from the code.
func operationsTable() string {
	var b strings.Builder
	b.WriteString("\n| service (`aws` …) | operations |\n| --- | --- |\n")
	all, n := localcloud.Operations(), 0
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&b, "| %s (`%s`) | %s |\n", titles[name], name, strings.Join(all[name], ", "))
		n += len(all[name])
	}
	fmt.Fprintf(&b, "\n%d operations. CloudFormation makes these types of resources:\n\n", n)
	for _, name := range localcloud.ResourceTypes() {
		fmt.Fprintf(&b, "- `%s`\n", name)
	}
	return b.String() + "\n"
}

// TestPageSaysWhatTheCodeDoes compares docs/local-cloud.md with the code.
func TestPageSaysWhatTheCodeDoes(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "docs", "local-cloud.md")
	page := string(must[[]byte](t)(os.ReadFile(path)))
	before, rest, found := strings.Cut(page, pageBegin)
	table, after, ended := strings.Cut(rest, pageEnd)
	if !found || !ended {
		t.Fatalf("%s has no place for the operations", path)
	}
	want := operationsTable()
	if *update {
		if err := os.WriteFile(path, []byte(before+pageBegin+want+pageEnd+after), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if table != want {
		t.Errorf("%s differs from the code: run `go test ./localcloud -run TestPage -update`", path)
	}
}

// The page names each context key that the gate and the services set.
func TestPageNamesTheContextKeys(t *testing.T) {
	t.Parallel()
	page := strings.ToLower(string(must[[]byte](t)(os.ReadFile(filepath.Join("..", "docs", "local-cloud.md")))))
	key := regexp.MustCompile(`"((?:aws|dynamodb|iam|lambda|s3|secretsmanager|sns|ssm|sts):[a-z]+/?)"`)
	found := map[string]bool{}
	for _, file := range must[[]string](t)(filepath.Glob(filepath.Join("*", "*.go"))) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, match := range key.FindAllSubmatch(must[[]byte](t)(os.ReadFile(file)), -1) {
			found[string(match[1])] = true
		}
	}
	for _, source := range []string{"aws:sns", "aws:sqs"} { // what events name as their source
		delete(found, source)
	}
	if len(found) < 40 {
		t.Fatalf("only %d keys were found: the test looks at nothing", len(found))
	}
	for name := range found {
		if !strings.Contains(page, "`"+name) {
			t.Errorf("the page does not name %s", name)
		}
	}
}
