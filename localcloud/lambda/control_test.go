package lambda_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
)

// codeOf gives AWS's error code and message.
func codeOf(err error) (string, string) {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode(), api.ErrorMessage()
	}
	return "", ""
}

func wantCode(t *testing.T, what string, err error, code, message string) {
	t.Helper()
	gotCode, gotMessage := codeOf(err)
	if gotCode != code || !strings.Contains(gotMessage, message) {
		t.Errorf("%s: %v, want %s: %s", what, err, code, message)
	}
}

func TestLifeOfAFunction(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	cl, ctx := c.client(t, "admin"), t.Context()
	name := aws.String("hello")
	c.createGo(t, "hello", func(in *awslambda.CreateFunctionInput) { in.Tags = map[string]string{"team": "blue"} })
	if err := awslambda.NewFunctionActiveV2Waiter(cl).Wait(ctx, &awslambda.GetFunctionInput{FunctionName: name}, time.Second); err != nil {
		t.Fatal(err)
	}
	got, err := cl.GetFunction(ctx, &awslambda.GetFunctionInput{FunctionName: aws.String("arn:aws:lambda:us-east-1:000000000000:function:hello")})
	if err != nil || got.Tags["team"] != "blue" || aws.ToString(got.Configuration.Handler) != "bootstrap" || aws.ToInt32(got.Configuration.Timeout) != 10 {
		t.Fatalf("GetFunction = %+v, %v", got, err)
	}
	_, err = cl.UpdateFunctionConfiguration(ctx, &awslambda.UpdateFunctionConfigurationInput{
		FunctionName: name, Timeout: aws.Int32(5), Environment: &types.Environment{Variables: map[string]string{"NEW": "1"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if out := c.invoke(t, "hello", `{"Do":"env"}`); !strings.Contains(string(out.Payload), "NEW=1") {
		t.Errorf("the new environment is not there: %s", out.Payload)
	}
	version, err := cl.PublishVersion(ctx, &awslambda.PublishVersionInput{FunctionName: name})
	if err != nil || aws.ToString(version.Version) != "1" {
		t.Fatalf("PublishVersion = %v, %v", version, err)
	}
	out, err := cl.Invoke(ctx, &awslambda.InvokeInput{FunctionName: name, Qualifier: aws.String("1"), Payload: []byte(`{"Do":"echo","Text":"v1"}`)})
	if err != nil || aws.ToString(out.ExecutedVersion) != "1" || string(out.Payload) != `"v1"` {
		t.Errorf("version 1 = %+v, %v", out, err)
	}
	if list, err := cl.ListVersionsByFunction(ctx, &awslambda.ListVersionsByFunctionInput{FunctionName: name}); err != nil || len(list.Versions) != 2 {
		t.Errorf("versions = %+v, %v", list, err)
	}
	if _, err := cl.GetFunctionCodeSigningConfig(ctx, &awslambda.GetFunctionCodeSigningConfigInput{FunctionName: name}); err != nil {
		t.Error(err)
	}
	arn := got.Configuration.FunctionArn
	if _, err := cl.TagResource(ctx, &awslambda.TagResourceInput{Resource: arn, Tags: map[string]string{"a": "b"}}); err != nil {
		t.Error(err)
	}
	if _, err := cl.UntagResource(ctx, &awslambda.UntagResourceInput{Resource: arn, TagKeys: []string{"team"}}); err != nil {
		t.Error(err)
	}
	if tags, err := cl.ListTags(ctx, &awslambda.ListTagsInput{Resource: arn}); err != nil || len(tags.Tags) != 1 || tags.Tags["a"] != "b" {
		t.Errorf("tags = %+v, %v", tags, err)
	}
	if _, err := cl.DeleteFunction(ctx, &awslambda.DeleteFunctionInput{FunctionName: name}); err != nil {
		t.Fatal(err)
	}
	_, err = cl.GetFunction(ctx, &awslambda.GetFunctionInput{FunctionName: name})
	wantCode(t, "deleted", err, "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:hello")
}

func TestFunctionsOutliveTheCloud(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	c.createGo(t, "hello", nil)
	c.want(t, "hello", `{"Do":"echo","Text":"hi"}`, `"hi"`)
	c.close(t)
	c = openCloud(t, c.dir, nil)
	c.want(t, "hello", `{"Do":"echo","Text":"again"}`, `"again"`)
}

func TestErrorsOfTheAPI(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	cl, ctx := c.client(t, "admin"), t.Context()
	good := func() *awslambda.CreateFunctionInput {
		return &awslambda.CreateFunctionInput{
			FunctionName: aws.String("new"), Runtime: types.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
			Role: aws.String("arn:aws:iam::000000000000:role/runner"), Code: &types.FunctionCode{ZipFile: zipOf(map[string]string{"bootstrap": "x"})},
		}
	}
	if _, err := cl.CreateFunction(ctx, func() *awslambda.CreateFunctionInput { in := good(); in.FunctionName = aws.String("old"); return in }()); err != nil {
		t.Fatal(err)
	}
	for what, tc := range map[string]struct {
		change        func(*awslambda.CreateFunctionInput)
		code, message string
	}{
		"a taken name":       {func(in *awslambda.CreateFunctionInput) { in.FunctionName = aws.String("old") }, "ResourceConflictException", "Function already exist: old"},
		"a bad name":         {func(in *awslambda.CreateFunctionInput) { in.FunctionName = aws.String("a b") }, "ValidationException", "at 'functionName'"},
		"an unknown runtime": {func(in *awslambda.CreateFunctionInput) { in.Runtime = "cobol" }, "InvalidParameterValueException", "Value cobol at 'runtime'"},
		"a role Lambda may not have": {
			func(in *awslambda.CreateFunctionInput) {
				in.Role = aws.String("arn:aws:iam::000000000000:role/untrusting")
			},
			"InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda.",
		},
		"a missing role": {func(in *awslambda.CreateFunctionInput) { in.Role = aws.String("arn:aws:iam::000000000000:role/none") }, "InvalidParameterValueException", "cannot be assumed"},
		"a reserved variable": {func(in *awslambda.CreateFunctionInput) {
			in.Environment = &types.Environment{Variables: map[string]string{"AWS_REGION": "x"}}
		}, "InvalidParameterValueException", "Reserved keys used in this request: AWS_REGION"},
		"too long a time-out": {func(in *awslambda.CreateFunctionInput) { in.Timeout = aws.Int32(901) }, "ValidationException", "Member must have value less than or equal to 900"},
		"no archive":          {func(in *awslambda.CreateFunctionInput) { in.Code = &types.FunctionCode{ZipFile: []byte("text")} }, "InvalidParameterValueException", "Could not unzip uploaded file"},
		"an empty archive":    {func(in *awslambda.CreateFunctionInput) { in.Code = &types.FunctionCode{ZipFile: zipOf(nil)} }, "InvalidParameterValueException", "non-empty zip"},
		"a path out": {func(in *awslambda.CreateFunctionInput) {
			in.Code = &types.FunctionCode{ZipFile: zipOf(map[string]string{"../x": ""})}
		}, "InvalidParameterValueException", "Could not unzip"},
		"a missing object": {func(in *awslambda.CreateFunctionInput) {
			in.Code = &types.FunctionCode{S3Bucket: aws.String("assets"), S3Key: aws.String("none")}
		}, "InvalidParameterValueException", "S3 Error Code: NoSuchKey"},
	} {
		in := good()
		tc.change(in)
		_, err := cl.CreateFunction(ctx, in)
		wantCode(t, what, err, tc.code, tc.message)
	}
	in := good()
	in.Code = &types.FunctionCode{S3Bucket: aws.String("assets"), S3Key: aws.String("code of/hello.zip")}
	if _, err := cl.CreateFunction(ctx, in); err != nil {
		t.Errorf("code from S3: %v", err)
	}
	_, err := cl.Invoke(ctx, &awslambda.InvokeInput{FunctionName: aws.String("old"), Payload: []byte(`{`)})
	wantCode(t, "a payload that is not JSON", err, "InvalidRequestContentException", "Could not parse request body into json")
	_, err = cl.Invoke(ctx, &awslambda.InvokeInput{FunctionName: aws.String("old"), Payload: []byte(`"` + strings.Repeat("x", 6<<20) + `"`)})
	wantCode(t, "a payload too large", err, "RequestEntityTooLargeException", "Request must be smaller than 6291456 bytes for the InvokeFunction operation")
	_, err = cl.Invoke(ctx, &awslambda.InvokeInput{FunctionName: aws.String("old"), InvocationType: types.InvocationTypeEvent, Payload: []byte(`"` + strings.Repeat("x", 1<<20) + `"`)})
	wantCode(t, "an event too large", err, "RequestEntityTooLargeException", "1048576")
	_, err = cl.Invoke(ctx, &awslambda.InvokeInput{FunctionName: aws.String("none")})
	wantCode(t, "no function", err, "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:none")
	_, err = c.client(t, "nobody").Invoke(ctx, &awslambda.InvokeInput{FunctionName: aws.String("old")})
	wantCode(t, "no permission", err, "AccessDeniedException",
		"User: arn:aws:sts::000000000000:assumed-role/nobody/tester is not authorized to perform: lambda:InvokeFunction on resource: arn:aws:lambda:us-east-1:000000000000:function:old because no identity-based policy allows the lambda:InvokeFunction action")
}

func TestFunctionPolicy(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	c.createGo(t, "hello", nil)
	cl, ctx, name := c.client(t, "admin"), t.Context(), aws.String("hello")
	_, err := cl.GetPolicy(ctx, &awslambda.GetPolicyInput{FunctionName: name})
	wantCode(t, "no policy", err, "ResourceNotFoundException", "The resource you requested does not exist.")
	add := &awslambda.AddPermissionInput{
		FunctionName: name, StatementId: aws.String("api"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("apigateway.amazonaws.com"),
		SourceArn: aws.String("arn:aws:execute-api:us-east-1:000000000000:abc/*/GET/"), SourceAccount: aws.String(account),
	}
	out, err := cl.AddPermission(ctx, add)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"Sid":"api","Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:us-east-1:000000000000:function:hello",` +
		`"Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:execute-api:us-east-1:000000000000:abc/*/GET/"},"StringEquals":{"AWS:SourceAccount":"000000000000"}}}`
	if got := aws.ToString(out.Statement); got != want {
		t.Errorf("statement:\n%s\nwant\n%s", got, want)
	}
	_, err = cl.AddPermission(ctx, add)
	wantCode(t, "the same id twice", err, "ResourceConflictException", "The statement id (api) provided already exists")
	add.StatementId, add.Principal = aws.String("bad"), aws.String("not a principal")
	_, err = cl.AddPermission(ctx, add)
	wantCode(t, "a bad principal", err, "InvalidParameterValueException", "The provided principal was invalid")
	_, err = cl.AddPermission(ctx, &awslambda.AddPermissionInput{
		FunctionName: name, StatementId: aws.String("nobody"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("arn:aws:iam::000000000000:role/nobody"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.client(t, "nobody").Invoke(ctx, &awslambda.InvokeInput{FunctionName: name, Payload: []byte(`{"Do":"echo"}`)}); err != nil {
		t.Errorf("the policy grants it: %v", err)
	}
	policy, err := cl.GetPolicy(ctx, &awslambda.GetPolicyInput{FunctionName: name})
	if err != nil || !json.Valid([]byte(aws.ToString(policy.Policy))) {
		t.Errorf("policy = %+v, %v", policy, err)
	}
	_, err = cl.RemovePermission(ctx, &awslambda.RemovePermissionInput{FunctionName: name, StatementId: aws.String("nobody"), RevisionId: aws.String("old")})
	wantCode(t, "an old revision", err, "PreconditionFailedException", "RevisionId")
	if _, err := cl.RemovePermission(ctx, &awslambda.RemovePermissionInput{FunctionName: name, StatementId: aws.String("nobody"), RevisionId: policy.RevisionId}); err != nil {
		t.Fatal(err)
	}
	_, err = c.client(t, "nobody").Invoke(ctx, &awslambda.InvokeInput{FunctionName: name})
	wantCode(t, "the permission was removed", err, "AccessDeniedException", "")
}

func TestReservedConcurrency(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	c.createGo(t, "hello", nil)
	cl, ctx, name := c.client(t, "admin"), t.Context(), aws.String("hello")
	if _, err := cl.PutFunctionConcurrency(ctx, &awslambda.PutFunctionConcurrencyInput{FunctionName: name, ReservedConcurrentExecutions: aws.Int32(0)}); err != nil {
		t.Fatal(err)
	}
	_, err := cl.Invoke(ctx, &awslambda.InvokeInput{FunctionName: name})
	wantCode(t, "no concurrency", err, "TooManyRequestsException", "Rate Exceeded.")
	var throttled *types.TooManyRequestsException
	if !errors.As(err, &throttled) || throttled.Reason != types.ThrottleReasonReservedFunctionConcurrentInvocationLimitExceeded {
		t.Errorf("reason of %v", err)
	}
	_, err = cl.PutFunctionConcurrency(ctx, &awslambda.PutFunctionConcurrencyInput{FunctionName: name, ReservedConcurrentExecutions: aws.Int32(901)})
	wantCode(t, "too much", err, "InvalidParameterValueException", "below its minimum value of [100]")
	if _, err := cl.DeleteFunctionConcurrency(ctx, &awslambda.DeleteFunctionConcurrencyInput{FunctionName: name}); err != nil {
		t.Fatal(err)
	}
	c.want(t, "hello", `{"Do":"echo","Text":"free"}`, `"free"`)
}

func TestAsynchronousInvocation(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	c.createGo(t, "hello", nil)
	out, err := c.client(t, "admin").Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String("hello"), InvocationType: types.InvocationTypeEvent, Payload: []byte(`{"Do":"error","Text":"each time"}`)})
	if err != nil || out.StatusCode != 202 {
		t.Fatalf("%+v, %v", out, err)
	}
	eventually(t, "three attempts", func() bool { return strings.Count(c.printed(), "hello: START") == 3 })
	time.Sleep(100 * time.Millisecond)
	if n := strings.Count(c.printed(), "hello: START"); n != 3 {
		t.Errorf("%d attempts, want 3", n)
	}
	dry, err := c.client(t, "admin").Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String("hello"), InvocationType: types.InvocationTypeDryRun})
	if err != nil || dry.StatusCode != 204 {
		t.Errorf("dry run: %+v, %v", dry, err)
	}
}

func TestLogsAreWrittenWithTheFunctionsRole(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	c.createGo(t, "loud", nil)
	c.createGo(t, "mute", func(in *awslambda.CreateFunctionInput) { in.Role = aws.String("arn:aws:iam::000000000000:role/mute") })
	c.invoke(t, "loud", `{"Do":"print","Text":"needle"}`)
	c.invoke(t, "mute", `{"Do":"print","Text":"unheard"}`)
	eventually(t, "the log is stored", func() bool {
		found, err := c.logs(t).FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/aws/lambda/loud")})
		return err == nil && len(found.Events) == 5 // START, two lines, END, REPORT
	})
	eventually(t, "one line says why", func() bool {
		return strings.Contains(c.printed(), "mute: writ: the log of mute is shown here but not stored, because its role may not write it: User: arn:aws:sts::000000000000:assumed-role/mute/mute is not authorized to perform: logs:CreateLogStream on resource: arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/mute:log-stream:")
	})
	_, err := c.logs(t).FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/aws/lambda/mute")})
	wantCode(t, "the mute function's group", err, "ResourceNotFoundException", "The specified log group does not exist.")
}
