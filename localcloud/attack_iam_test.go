package localcloud_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// The known ways around policies, over HTTP: each row is the trick, and beside
// it the same without the trick, which works. Here: letters in other cases.
func TestAttackCaseOfActions(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	a.run([]row{
		{"an Allow in other letters is the action", statements(allow("DynamoDB:getitem", tableARN+"open")), getItem(t, "open"), "", nil},
		{"and of no other", statements(allow("DynamoDB:getitem", tableARN+"open")), getItem(t, "secret"), "AccessDenied", nil},
		{"a Deny in other letters denies", statements(allow("*", "*"), deny("DYNAMODB:GETITEM", "*")), getItem(t, "open"), "AccessDenied", nil},
		{"a NotAction in other letters excepts", statements(`"Effect":"Allow","NotAction":"dynamodb:GETitem","Resource":"*"`), getItem(t, "open"), "AccessDenied", nil},
		{"with a wildcard", statements(allow("*", "*"), deny("dynamodb:g*ITEM", "*")), getItem(t, "open"), "AccessDenied", nil},
		{"resources keep their case", statements(allow("dynamodb:GetItem", tableARN+"OPEN")), getItem(t, "open"), "AccessDenied", nil},
	})
	cfg, err := a.with(statements(allow("*", "*"), deny("dynamodb:GetItem", "*"), deny("iam:ListRoles", "*")))
	wantCode(t, "a caller", err, "")
	read := map[string]any{"TableName": "open", "Key": map[string]any{"k": map[string]string{"S": "k"}}}
	for target, want := range map[string]string{
		"DynamoDB_20120810.Scan":    `"Count":1`,
		"DynamoDB_20120810.GetItem": "AccessDenied",
		"DynamoDB_20120810.getItem": "UnknownOperation", "DynamoDB_20120810.GETITEM": "UnknownOperation", "DynamoDB_20120810. GetItem": "UnknownOperation",
		"dynamodb_20120810.GetItem": "UnknownOperation", "DynamoDB_20120810.GetItem ": "AccessDenied",
	} {
		in := map[string]any{"TableName": "open"}
		if !strings.HasSuffix(target, "Scan") {
			in = read
		}
		wantBody(t, target, a.raw(cfg, jsonCall("dynamodb", target, in)), want)
	}
	for action, want := range map[string]string{"ListRoles": "AccessDenied", "listroles": "InvalidAction", "LISTROLES": "InvalidAction", "ListPolicies": "AdministratorAccess"} {
		wantBody(t, action, a.raw(cfg, queryCall("iam", action, url.Values{})), want)
	}
}

// Letters that look like others, or become them in some other alphabet's
// case, are other letters: the Kelvin sign, the long s, the dotless i, letters
// of full width.
func TestAttackLookalikes(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	list := listPrefix(t, "", "a")
	tag := func(key string) string {
		return statements(allow("dynamodb:GetItem", "*", `"Condition":{"StringEquals":{"aws:PrincipalTag/`+key+`":"yes"}}`))
	}
	a.run([]row{
		{"plain", statements(allow("s3:ListBucket", bucketARN)), list, "", nil},
		{"a Kelvin sign in the action", statements(allow("s3:ListBuc\u212aet", bucketARN)), list, "AccessDenied", nil},
		{"a long s in the action", statements(allow("s3:Li\u017ftBucket", bucketARN)), list, "AccessDenied", nil},
		{"a dotless i in the action", statements(allow("s3:L\u0131stBucket", bucketARN)), list, "AccessDenied", nil},
		{"full width in the action", statements(allow("s3:\uff2cistBucket", bucketARN)), list, "AccessDenied", nil},
		{"a long s in the service", statements(allow("\u017f3:ListBucket", bucketARN)), list, "MalformedPolicyDocument", nil},
		{"a full-width colon", statements(allow("s3\uff1aListBucket", bucketARN)), list, "MalformedPolicyDocument", nil},
		{"an exception that is none", statements(`"Effect":"Allow","NotAction":"s3:ListBuc\u212aet","Resource":"*"`), list, "", nil},

		{"the object K", statements(allow("s3:GetObject", bucketARN+"/K")), getObject(t, "K"), "", nil},
		{"the Kelvin sign is not K", statements(allow("s3:GetObject", bucketARN+"/K"), allow("s3:ListBucket", "*")), getObject(t, "\u212a"), "AccessDenied", nil},
		{"K is not the Kelvin sign", statements(allow("s3:GetObject", bucketARN+"/\u212a")), getObject(t, "K"), "AccessDenied", nil},
		{"one sign for ?, however many bytes", statements(allow("s3:GetObject", bucketARN+"/?")), getObject(t, "\u212a"), "", nil},

		{"a tag", tag("Kind"), getItem(t, "open"), "", []string{"Kind", "yes"}},
		{"a tag in other letters", tag("kIND"), getItem(t, "open"), "", []string{"Kind", "yes"}},
		{"a tag with a Kelvin sign", tag("Kind"), getItem(t, "open"), "AccessDenied", []string{"\u212aind", "yes"}},
		{"a test with a Kelvin sign", tag("\u212aind"), getItem(t, "open"), "AccessDenied", []string{"Kind", "yes"}},
		{"both", tag("\u212aind"), getItem(t, "open"), "", []string{"\u212aind", "yes"}},
		{"a tag of other alphabets", tag("Équipe"), getItem(t, "open"), "", []string{"Équipe", "yes"}},
	})
}

// What a caller can choose - a tag, a header, a parameter - is text when it
// comes into a policy by a variable: no wildcard, and no variable again.
func TestAttackWildcardsFromValues(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	byReferer := statements(allow("s3:ListBucket", "*", `"Condition":{"StringLike":{"s3:prefix":"home/${aws:Referer}/*"}}`))
	notReferer := statements(allow("s3:ListBucket", "*"), deny("s3:ListBucket", "*", `"Condition":{"StringNotLike":{"s3:prefix":"home/${aws:Referer}/*"}}`))
	mine := statements(allow("s3:GetObject", bucketARN+"/home/${aws:PrincipalTag/team}/file"), allow("s3:ListBucket", "*"))
	byPrefix := statements(allow("s3:ListBucket", "arn:aws:s3:::${s3:prefix}"))
	a.run([]row{
		{"one's own prefix", byReferer, listPrefix(t, "home/tester/x", "tester"), "", nil},
		{"another's", byReferer, listPrefix(t, "home/other/x", "tester"), "AccessDenied", nil},
		{"a Referer of *", byReferer, listPrefix(t, "home/other/x", "*"), "AccessDenied", nil},
		{"a Referer of ?????", byReferer, listPrefix(t, "home/other/x", "?????"), "AccessDenied", nil},
		{"a Referer that is a variable", byReferer, listPrefix(t, "home/tester/x", "${aws:PrincipalTag/team}"), "AccessDenied", []string{"team", "tester"}},
		{"which is what it says", byReferer, listPrefix(t, "home/*/x", "*"), "", nil},
		{"a Deny of others' prefixes", notReferer, listPrefix(t, "home/tester/x", "tester"), "", nil},
		{"is not lifted by *", notReferer, listPrefix(t, "home/other/x", "*"), "AccessDenied", nil},

		{"one's own folder by a tag", mine, getObject(t, "home/tester/file"), "", []string{"team", "tester"}},
		{"another's", mine, getObject(t, "home/other/file"), "AccessDenied", []string{"team", "tester"}},
		{"a tag that leads elsewhere", mine, getObject(t, "home/other/file"), "AccessDenied", []string{"team", "tester/file/../other"}},
		{"no tag", mine, getObject(t, "home/other/file"), "AccessDenied", nil},
		{"a tag of *, which AWS does not take", mine, getObject(t, "home/other/file"), "ValidationError", []string{"team", "*"}},
		{"a tag that is a variable, nor that", mine, getObject(t, "home/other/file"), "ValidationError", []string{"team", "${s3:prefix}"}},

		{"a parameter that is the bucket", byPrefix, listPrefix(t, "arena", "a"), "", nil},
		{"a parameter that is a pattern of it", byPrefix, listPrefix(t, "are*", "a"), "AccessDenied", nil},
		{"a parameter that names a whole ARN", byPrefix, listPrefix(t, "*:arena", "a"), "AccessDenied", nil},
	})
	tagged := a.role(t, "tagged", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":["sts:AssumeRole","sts:TagSession"]}]}`, mine)
	for value, want := range map[string]string{"tester": "", "*": "ValidationError", "?????": "ValidationError", "${aws:userid}": "ValidationError"} {
		_, err := sts.NewFromConfig(a.dev()).AssumeRole(t.Context(), &sts.AssumeRoleInput{
			RoleArn: &tagged, RoleSessionName: aws.String("tester"), Tags: []ststypes.Tag{{Key: aws.String("team"), Value: &value}},
		})
		wantCode(t, "a session tag "+value, err, want)
	}
}

// Names are what they are: a name in a request is no pattern, and one that
// would be something else in an ARN is not taken.
func TestAttackNames(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	object := func(key string) string { return statements(allow("s3:GetObject", bucketARN+"/"+key)) }
	a.run([]row{
		{"the object *", object("${*}"), getObject(t, "*"), "", nil},
		{"nothing but the object *", object("${*}"), getObject(t, "secret"), "AccessDenied", nil},
		{"an object whose name is a pattern", object("secret"), getObject(t, "secre?"), "AccessDenied", nil},
		{"a Deny of another name", statements(allow("s3:*", "*"), deny("s3:GetObject", bucketARN+"/secret")), getObject(t, "secre?"), "", nil},
		{"a Deny of the name", statements(allow("s3:*", "*"), deny("s3:GetObject", bucketARN+"/secret")), getObject(t, "secret"), "AccessDenied", nil},
		{"a name that is a variable", object("team"), getObject(t, "${aws:PrincipalTag/team}"), "AccessDenied", []string{"team", "team"}},
		{"the variable in the policy", object("${aws:PrincipalTag/team}"), getObject(t, "team"), "", []string{"team", "team"}},
		{"which is not the name that looks so", object("${aws:PrincipalTag/team}"), getObject(t, "${aws:PrincipalTag/team}"), "AccessDenied", []string{"team", "team"}},
		{"a name with a colon", object("a:b"), getObject(t, "a:b"), "", nil},
		{"a pattern over the colon", object("a*"), getObject(t, "a:b"), "", nil},
		{"a name with a colon is whole", object("a"), getObject(t, "a:b"), "AccessDenied", nil},
	})
	role := "arn:aws:iam::000000000000:role/caller-1"
	for session, want := range map[string]string{
		"plain": "", "a=b,c.d@e-f_g": "", "a/b": "ValidationError", "a:b": "ValidationError", "${aws:userid}": "ValidationError", "**": "ValidationError", "ab\u212a": "ValidationError", "ab\n": "ValidationError",
	} {
		_, err := sts.NewFromConfig(a.dev()).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: &session})
		wantCode(t, "a session "+session, err, want)
	}
	for _, name := range []string{"ro*le", "ro?le", "${aws:userid}", "ro/le", "ro:le", "r\u212a"} {
		_, err := awsiam.NewFromConfig(a.dev()).CreateRole(t.Context(), &awsiam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(trustAll)})
		wantCode(t, "a role "+name, err, "ValidationError")
		_, err = dynamodb.NewFromConfig(a.dev()).DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &name})
		if code, _ := codeOf(err); code != "ValidationException" && code != "ResourceNotFoundException" {
			t.Errorf("a table %s: %q", name, code)
		}
	}
}

// An ARN has six parts, in policies and in requests.
func TestAttackColons(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	table := func(resource string) string { return statements(allow("dynamodb:GetItem", resource)) }
	barred := statements(allow("*", "*"), deny("dynamodb:*", tableARN+"secret"), deny("lambda:*", "arn:aws:lambda:us-east-1:000000000000:function:worker"))
	a.run([]row{
		{"the table", table(tableARN + "open"), getItem(t, "open"), "", nil},
		{"by its ARN", table(tableARN + "open"), getItem(t, tableARN+"open"), "", nil},
		{"a colon too many", table(tableARN + "open:"), getItem(t, "open"), "AccessDenied", nil},
		{"a part too many in front", table("arn:aws::dynamodb:us-east-1:000000000000:table/open"), getItem(t, "open"), "MalformedPolicyDocument", nil},
		{"no account", table("arn:aws:dynamodb:us-east-1::table/open"), getItem(t, "open"), "AccessDenied", nil},
		{"no region", table("arn:aws:dynamodb::000000000000:table/open"), getItem(t, "open"), "AccessDenied", nil},
		{"a wildcard does not cross colons", table("arn:aws:dynamodb:*:table/open"), getItem(t, "open"), "AccessDenied", nil},
		{"nor a wildcard for two parts", table("arn:aws:dynamodb:us-east-1*:table/open"), getItem(t, "open"), "AccessDenied", nil},
		{"no ARN at all", table("table/open"), getItem(t, "open"), "MalformedPolicyDocument", nil},
		{"upper case", table("ARN:aws:dynamodb:us-east-1:000000000000:table/open"), getItem(t, "open"), "MalformedPolicyDocument", nil},

		{"what a Deny leaves", barred, getItem(t, "open"), "", nil},
		{"what a Deny names", barred, getItem(t, "secret"), "AccessDenied", nil},
		{"by its ARN", barred, getItem(t, tableARN+"secret"), "AccessDenied", nil},
		{"by the ARN of another region", barred, getItem(t, "arn:aws:dynamodb:us-west-2:000000000000:table/secret"), "ResourceNotFound", nil},
		{"of another account", barred, getItem(t, "arn:aws:dynamodb:us-east-1:111122223333:table/secret"), "ResourceNotFound", nil},
		{"of another partition", barred, getItem(t, "arn:aws-cn:dynamodb:us-east-1:000000000000:table/secret"), "ResourceNotFound", nil},
	})
	a.deploy(t, "worker")
	cfg, err := a.with(barred)
	wantCode(t, "a caller", err, "")
	for _, name := range []string{"worker", "000000000000:function:worker", "arn:aws:lambda:us-east-1:000000000000:function:worker"} {
		_, err := lambda.NewFromConfig(cfg).GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: &name})
		wantCode(t, name, err, "AccessDeniedException")
		_, err = lambda.NewFromConfig(a.dev()).GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: &name})
		wantCode(t, name+" for who may", err, "")
	}
	read := `{"TableName":"%s","Key":{"k":{"S":"k"}}}`
	for _, name := range []string{
		tableARN + "secret:", tableARN + ":secret", tableARN + "secret/", tableARN + "secret/index/x", tableARN + "/secret", "arn:aws:dynamodb:us-east-1:000000000000:table:secret",
		"arn:aws:dynamodb:us-east-1::table/secret", "arn:aws:dynamodb:table/secret", "ARN:aws:dynamodb:us-east-1:000000000000:table/secret", tableARN + "*", tableARN + "s?cret",
	} {
		call := jsonCall("dynamodb", "DynamoDB_20120810.GetItem", nil)
		call.body = fmt.Sprintf(read, name)
		if got := a.raw(cfg, call); strings.HasPrefix(got, "200") {
			t.Errorf("%s: %s", name, got)
		}
	}
	for _, name := range []string{
		"arn:aws:lambda:us-east-1:000000000000:function:worker:1:2", "arn:aws:lambda:us-east-1:000000000000:function::worker", "arn:aws:lambda::000000000000:function:worker", "function:worker",
		"arn:aws:lambda:us-east-1:000000000000:worker", "worker:",
	} {
		call := &rawCall{service: "lambda", method: http.MethodGet, path: "/2015-03-31/functions/" + name}
		if got := a.raw(cfg, call); strings.HasPrefix(got, "200") {
			t.Errorf("%s: %s", name, got)
		}
	}
}
