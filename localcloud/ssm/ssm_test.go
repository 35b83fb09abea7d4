package ssm_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsssm "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/ssm"
	"github.com/writ-dev/writ/localcloud/store"
)

func overwrite(in *awsssm.PutParameterInput) { in.Overwrite, in.Type = aws.Bool(true), "" }

func secure(in *awsssm.PutParameterInput) { in.Type = types.ParameterTypeSecureString }

func TestParameters(t *testing.T) {
	t.Parallel()
	c, ctx := newCloud(t), t.Context()
	for _, row := range []struct {
		name, value string
		change      func(*awsssm.PutParameterInput)
		want        string
	}{
		{"/app/url", "one", nil, ""},
		{"/app/url", "two", nil, "ParameterAlreadyExists"},
		{"/app/url", "two", overwrite, ""},
		{"/app/url", "two", func(in *awsssm.PutParameterInput) { in.Overwrite, in.Type = aws.Bool(true), "SecureString" }, "HierarchyTypeMismatchException"},
		{"/app/db/password", "hush hush", secure, ""},
		{"/app/db/user", "me", func(in *awsssm.PutParameterInput) { in.AllowedPattern = aws.String("^[a-z]+$") }, ""},
		{"/app/db/user", "ME", overwrite, "ParameterPatternMismatchException"},
		{"plain", "x", nil, ""},
		{"a/b", "x", nil, "ValidationException"},
		{"/aws/x", "x", nil, "AccessDeniedException"},
		{"/ssmx", "x", nil, "ValidationException"},
		{"/a b", "x", nil, "ValidationException"},
		{"/a/", "x", nil, "ValidationException"},
		{strings.Repeat("/x", 16), "x", nil, "HierarchyLevelLimitExceededException"},
		{"/big", strings.Repeat("x", 4097), nil, "ValidationException"},
		{"/big", strings.Repeat("x", 4097), func(in *awsssm.PutParameterInput) { in.Tier = types.ParameterTierAdvanced }, ""},
		{"/new", "x", func(in *awsssm.PutParameterInput) { in.Type = "" }, "ValidationException"},
	} {
		same(t, row.name+" "+fmt.Sprintf("%.20s", row.value), c.put(c.Client, row.name, row.value, row.change), row.want)
	}
	c.restart()
	for name, want := range map[string]string{
		"/app/url": "two", "/app/url:1": "one", "/app/url:3": "ParameterVersionNotFound", "plain": "x", "/none": "ParameterNotFound",
		"/app/db/password": "hush hush", "arn:aws:ssm:us-east-1:000000000000:parameter/app/url": "two", "arn:aws:ssm:us-east-1:000000000000:parameter/plain": "x",
	} {
		same(t, name, get(t, c.Client, name), want)
	}
	out, err := c.GetParameter(ctx, &awsssm.GetParameterInput{Name: aws.String("/app/db/password")})
	if err != nil || strings.Contains(*out.Parameter.Value, "hush") {
		t.Error("without decryption it is open", out, err)
	}
	many, err := c.GetParameters(ctx, &awsssm.GetParametersInput{Names: []string{"/app/url", "/none"}})
	if err != nil || len(many.Parameters) != 1 || len(many.InvalidParameters) != 1 {
		t.Error(many, err)
	}
	path := func(path string, recursive bool) (names string) {
		pages := awsssm.NewGetParametersByPathPaginator(c.Client, &awsssm.GetParametersByPathInput{Path: &path, Recursive: &recursive, MaxResults: aws.Int32(1)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return code(err)
			}
			for _, p := range page.Parameters {
				names += *p.Name + " "
			}
		}
		return names
	}
	same(t, "one level", path("/app", false), "/app/url ")
	same(t, "a slash at the end", path("/app/", false), "/app/url ")
	same(t, "all levels", path("/app", true), "/app/db/password /app/db/user /app/url ")
	same(t, "no neighbours", path("/ap", true), "")
	same(t, "root", path("/", false), "/big plain ")
	history, err := c.GetParameterHistory(ctx, &awsssm.GetParameterHistoryInput{Name: aws.String("/app/url")})
	if err != nil || len(history.Parameters) != 2 || *history.Parameters[0].Value != "one" || *history.Parameters[1].LastModifiedUser != "arn:aws:sts::000000000000:assumed-role/admin/s" {
		t.Error(history, err)
	}
	id := aws.String("/app/url")
	_, err = c.AddTagsToResource(ctx, &awsssm.AddTagsToResourceInput{ResourceType: "Parameter", ResourceId: id, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}, {Key: aws.String("c"), Value: aws.String("d")}}})
	same(t, "tag", code(err), "")
	_, err = c.RemoveTagsFromResource(ctx, &awsssm.RemoveTagsFromResourceInput{ResourceType: "Parameter", ResourceId: id, TagKeys: []string{"c"}})
	same(t, "untag", code(err), "")
	tags, err := c.ListTagsForResource(ctx, &awsssm.ListTagsForResourceInput{ResourceType: "Parameter", ResourceId: id})
	if err != nil || len(tags.TagList) != 1 || *tags.TagList[0].Key != "a" {
		t.Error(tags, err)
	}
	for _, row := range []struct {
		key, option string
		values      []string
		n           int
	}{{"Type", "Equals", []string{"SecureString"}, 1}, {"Name", "BeginsWith", []string{"/app"}, 3}, {"tag:a", "", nil, 1}, {"Path", "OneLevel", []string{"/app/db"}, 2}, {"Name", "Contains", []string{"url", "big"}, 2}} {
		filter := types.ParameterStringFilter{Key: &row.key, Values: row.values}
		if row.option != "" {
			filter.Option = &row.option
		}
		list, err := c.DescribeParameters(ctx, &awsssm.DescribeParametersInput{ParameterFilters: []types.ParameterStringFilter{filter}})
		if err != nil || len(list.Parameters) != row.n {
			t.Errorf("%v: %v %v", row, list, err)
		}
	}
	_, err = c.DeleteParameter(ctx, &awsssm.DeleteParameterInput{Name: aws.String("plain")})
	same(t, "delete", code(err), "")
	gone, err := c.DeleteParameters(ctx, &awsssm.DeleteParametersInput{Names: []string{"plain", "/big"}})
	if err != nil || len(gone.DeletedParameters) != 1 || len(gone.InvalidParameters) != 1 {
		t.Error(gone, err)
	}
	data, err := os.ReadFile(c.path)
	if err != nil || bytes.Contains(data, []byte("hush hush")) {
		t.Error("the value can be read on disk", err)
	}
}

func TestWhoMay(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	for _, name := range []string{"/app/a", "/app/b", "/other/a"} {
		c.put(c.Client, name, name, nil)
	}
	const arn, denied = "arn:aws:ssm:us-east-1:000000000000:parameter", "AccessDeniedException"
	c.role("one", `{"Effect":"Allow","Action":["ssm:GetParameter","ssm:GetParameters"],"Resource":"`+arn+`/app/a"}`)
	c.role("path", `{"Effect":"Allow","Action":"ssm:GetParametersByPath","Resource":"`+arn+`/app","Condition":{"StringEquals":{"ssm:Recursive":"false"}}}`)
	c.role("maker", `{"Effect":"Allow","Action":"ssm:PutParameter","Resource":"`+arn+`/app/*","Condition":{"Bool":{"ssm:Overwrite":"false"}}}`)
	c.role("team", `{"Effect":"Allow","Action":"ssm:GetParameter","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"blue"}}}`)
	same(t, "one", get(t, c.as("one"), "/app/a"), "/app/a")
	same(t, "one by version", get(t, c.as("one"), "/app/a:1"), "/app/a")
	same(t, "another", get(t, c.as("one"), "/app/b"), denied)
	same(t, "one that is not there", get(t, c.as("one"), "/none"), denied)
	both := func(names ...string) string {
		_, err := c.as("one").GetParameters(t.Context(), &awsssm.GetParametersInput{Names: names})
		return code(err)
	}
	same(t, "names", both("/app/a"), "")
	same(t, "names, one of which is not allowed", both("/app/a", "/app/b"), denied)
	path := func(path string, recursive bool) string {
		_, err := c.as("path").GetParametersByPath(t.Context(), &awsssm.GetParametersByPathInput{Path: &path, Recursive: &recursive})
		return code(err)
	}
	same(t, "path", path("/app", false)+path("/app/", false), "")
	same(t, "recursive", path("/app", true), denied)
	same(t, "another path", path("/other", false), denied)
	same(t, "root", path("/", false), denied)
	same(t, "make", c.put(c.as("maker"), "/app/new", "x", nil), "")
	same(t, "overwrite", c.put(c.as("maker"), "/app/new", "x", overwrite), denied)
	same(t, "make with tags", c.put(c.as("maker"), "/app/more", "x", func(in *awsssm.PutParameterInput) {
		in.Tags = []types.Tag{{Key: aws.String("team"), Value: aws.String("blue")}}
	}), denied)
	same(t, "no tag", get(t, c.as("team"), "/app/a"), denied)
	c.put(c.Client, "/app/blue", "blue", func(in *awsssm.PutParameterInput) {
		in.Tags = []types.Tag{{Key: aws.String("team"), Value: aws.String("blue")}}
	})
	same(t, "tag", get(t, c.as("team"), "/app/blue"), "blue")
}

// TestAttacks: however a parameter is named, IAM is asked about that parameter.
func TestAttacks(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.put(c.Client, "/app/a", "x", nil)
	const arn = "arn:aws:ssm:us-east-1:000000000000:parameter/"
	for _, row := range []struct{ operation, body, want string }{
		{"GetParameter", `{"Name":"/app/a"}`, "ssm:GetParameter " + arn + "app/a"},
		{"GetParameter", `{"Name":"` + arn + `app/a"}`, "ssm:GetParameter " + arn + "app/a"},
		{"GetParameter", `{"Name":"/app/a:1"}`, "ssm:GetParameter " + arn + "app/a"},
		{"GetParameter", `{"Name":"/app/../x","Names":["y"]}`, "ssm:GetParameter " + arn + "app/../x"},
		{"GetParameter", `{"Name":"arn:aws:ssm:us-east-1:111111111111:parameter/x"}`, "ssm:GetParameter arn:aws:ssm:us-east-1:111111111111:parameter/x"},
		{"GetParameter", `{}`, "ValidationException"},
		{"GetParameters", `{"Names":[]}`, "ValidationException"},
		{"GetParametersByPath", `{"Path":"/app//"}`, "ssm:GetParametersByPath " + arn + "app"},
		{"RemoveTagsFromResource", `{"ResourceType":"Document","ResourceId":"x"}`, "InvalidResourceType"},
		{"SendCommand", `{}`, "UnknownOperationException"},
	} {
		asks, err := c.service.Describe(&gate.Call{Operation: row.operation, Body: []byte(row.body)})
		var got []string
		if err != nil {
			got, asks = append(got, gate.CodeOf(err)), nil
		}
		for _, a := range asks {
			got = append(got, a.Action+" "+a.Resource)
		}
		same(t, row.operation+row.body, strings.Join(got, " "), row.want)
	}
}

func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	db, err := store.Open(filepath.Join(dir, "cloud.db"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = db.Close() }()
	service, err := ssm.New(ssm.Config{DB: db, Account: "000000000000", Region: "us-east-1", Key: make([]byte, 32)})
	if err != nil {
		fmt.Println(err)
		return
	}
	call := &gate.Call{Operation: "PutParameter", Body: []byte(`{"Name":"/app/url","Type":"String","Value":"https://example.com"}`)}
	asks, err := service.Describe(call) // what IAM would have to allow
	if err != nil {
		fmt.Println(err)
		return
	}
	reply, err := service.Handle(context.Background(), call)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(asks[0].Action, asks[0].Resource, string(reply.Body))
	// Output:
	// ssm:PutParameter arn:aws:ssm:us-east-1:000000000000:parameter/app/url {"Tier":"Standard","Version":1}
}
