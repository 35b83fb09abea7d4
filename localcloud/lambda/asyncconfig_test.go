package lambda_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
)

// shown writes a configuration of asynchronous invocations on one line.
func shown(arn *string, retries, age *int32, to *types.DestinationConfig) string {
	return fmt.Sprintf("%s retries %d age %d success %q failure %q", *arn, aws.ToInt32(retries), aws.ToInt32(age), aws.ToString(to.OnSuccess.Destination), aws.ToString(to.OnFailure.Destination))
}

// TestAsyncConfig: put makes anew, update changes, and each version has its own.
func TestAsyncConfig(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := newCloudIn(t, dir, nil)
	c.createGo(t, "hello", nil)
	client, name := c.client(t, "admin"), aws.String("hello")
	arn := "arn:aws:lambda:us-east-1:000000000000:function:hello:"
	none := "The function " + arn + "$LATEST doesn't have an EventInvokeConfig"
	_, err := client.GetFunctionEventInvokeConfig(t.Context(), &awslambda.GetFunctionEventInvokeConfigInput{FunctionName: name})
	wantRefusal(t, err, "ResourceNotFoundException: "+none)
	_, err = client.UpdateFunctionEventInvokeConfig(t.Context(), &awslambda.UpdateFunctionEventInvokeConfigInput{FunctionName: name})
	wantRefusal(t, err, "ResourceNotFoundException: "+none)
	_, err = client.DeleteFunctionEventInvokeConfig(t.Context(), &awslambda.DeleteFunctionEventInvokeConfigInput{FunctionName: name})
	wantRefusal(t, err, "ResourceNotFoundException: "+none)

	put, err := client.PutFunctionEventInvokeConfig(t.Context(), &awslambda.PutFunctionEventInvokeConfigInput{
		FunctionName: name, MaximumRetryAttempts: aws.Int32(1),
		DestinationConfig: &types.DestinationConfig{OnSuccess: &types.OnSuccess{Destination: aws.String(jobsARN)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := shown(put.FunctionArn, put.MaximumRetryAttempts, put.MaximumEventAgeInSeconds, put.DestinationConfig); got != arn+`$LATEST retries 1 age 0 success "`+jobsARN+`" failure ""` {
		t.Error(got)
	}
	if _, err := client.UpdateFunctionEventInvokeConfig(t.Context(), &awslambda.UpdateFunctionEventInvokeConfigInput{
		FunctionName: name, Qualifier: aws.String("$LATEST"), MaximumEventAgeInSeconds: aws.Int32(60),
		DestinationConfig: &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: aws.String(jobsARN + "-failed")}},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PublishVersion(t.Context(), &awslambda.PublishVersionInput{FunctionName: name}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutFunctionEventInvokeConfig(t.Context(), &awslambda.PutFunctionEventInvokeConfigInput{FunctionName: name, Qualifier: aws.String("1")}); err != nil {
		t.Fatal(err)
	}
	c.close(t) // it is stored
	c = openCloud(t, dir, nil)
	client = c.client(t, "admin")
	list, err := client.ListFunctionEventInvokeConfigs(t.Context(), &awslambda.ListFunctionEventInvokeConfigsInput{FunctionName: name})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, one := range list.FunctionEventInvokeConfigs {
		got = append(got, shown(one.FunctionArn, one.MaximumRetryAttempts, one.MaximumEventAgeInSeconds, one.DestinationConfig))
	}
	want := arn + `$LATEST retries 1 age 60 success "` + jobsARN + `" failure "` + jobsARN + "-failed\"\n" + arn + `1 retries 0 age 0 success "" failure ""`
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("listed\n%s\nwant\n%s", text, want)
	}
	if _, err := client.DeleteFunctionEventInvokeConfig(t.Context(), &awslambda.DeleteFunctionEventInvokeConfigInput{FunctionName: name}); err != nil {
		t.Fatal(err)
	}
	_, err = client.GetFunctionEventInvokeConfig(t.Context(), &awslambda.GetFunctionEventInvokeConfigInput{FunctionName: name})
	wantRefusal(t, err, none)
	_, err = c.client(t, "nobody").PutFunctionEventInvokeConfig(t.Context(), &awslambda.PutFunctionEventInvokeConfigInput{FunctionName: name})
	wantRefusal(t, err, "not authorized to perform: lambda:PutFunctionEventInvokeConfig on resource: arn:aws:lambda:us-east-1:000000000000:function:hello because")
}

func wantRefusal(t *testing.T, err error, text string) {
	t.Helper()
	var refused smithy.APIError
	if !errors.As(err, &refused) || !strings.Contains(refused.ErrorCode()+": "+refused.ErrorMessage(), text) {
		t.Errorf("got %v, want %s", err, text)
	}
}

// TestAsyncConfigRefused: each mistake in AWS's words.
func TestAsyncConfigRefused(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	c.createGo(t, "hello", nil)
	success := func(arn string) *awslambda.PutFunctionEventInvokeConfigInput {
		return &awslambda.PutFunctionEventInvokeConfigInput{DestinationConfig: &types.DestinationConfig{OnSuccess: &types.OnSuccess{Destination: &arn}}}
	}
	here := "arn:aws:lambda:us-east-1:000000000000:function:"
	for _, row := range []struct {
		in   *awslambda.PutFunctionEventInvokeConfigInput
		want string
	}{
		{&awslambda.PutFunctionEventInvokeConfigInput{MaximumRetryAttempts: aws.Int32(3)}, "Value '3' at 'maximumRetryAttempts' failed to satisfy constraint: Member must have value less than or equal to 2"},
		{&awslambda.PutFunctionEventInvokeConfigInput{MaximumRetryAttempts: aws.Int32(-1)}, "Value '-1' at 'maximumRetryAttempts' failed to satisfy constraint: Member must have value greater than or equal to 0"},
		{&awslambda.PutFunctionEventInvokeConfigInput{MaximumEventAgeInSeconds: aws.Int32(59)}, "greater than or equal to 60"},
		{&awslambda.PutFunctionEventInvokeConfigInput{MaximumEventAgeInSeconds: aws.Int32(21601)}, "less than or equal to 21600"},
		{success("jobs"), "Value 'jobs' at 'destinationConfig.onSuccess.destination' failed to satisfy constraint"},
		{success(strings.Repeat("a", 351)), "less than or equal to 350"},
		{success(jobsARN + ".fifo"), "The destination ARN " + jobsARN + ".fifo is invalid."},
		{success("arn:aws:states:us-east-1:000000000000:stateMachine:m"), "is invalid."},
		{success("arn:aws:s3:::bucket"), "not supported by the local cloud"},
		{success(here + "hello"), "You can't specify the function as a destination for itself."},
		{success(here + "gone"), "The destination ARN " + here + "gone is invalid."},
	} {
		row.in.FunctionName = aws.String("hello")
		_, err := c.client(t, "admin").PutFunctionEventInvokeConfig(t.Context(), row.in)
		wantRefusal(t, err, row.want)
	}
	_, err := c.client(t, "admin").PutFunctionEventInvokeConfig(t.Context(), &awslambda.PutFunctionEventInvokeConfigInput{FunctionName: aws.String("gone")})
	wantRefusal(t, err, "ResourceNotFoundException: Function not found")
	_, err = c.client(t, "admin").UpdateFunctionConfiguration(t.Context(), &awslambda.UpdateFunctionConfigurationInput{
		FunctionName: aws.String("hello"), DeadLetterConfig: &types.DeadLetterConfig{TargetArn: aws.String(here + "hello")},
	})
	wantRefusal(t, err, "a standard queue or topic")
}

// lockedText is a log that can be read while it is written.
type lockedText struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedText) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestRetriesAreAsConfigured counts the attempts of an event that always fails.
func TestRetriesAreAsConfigured(t *testing.T) {
	t.Parallel()
	var told lockedText
	c := newCloud(t, func(cfg *lambdaConfig) { cfg.Log = slog.New(slog.NewTextHandler(&told, nil)) })
	for name, retries := range map[string]int32{"zero": 0, "once": 1, "usual": -1} {
		c.createGo(t, name, nil)
		if retries >= 0 {
			if _, err := c.client(t, "admin").PutFunctionEventInvokeConfig(t.Context(), &awslambda.PutFunctionEventInvokeConfigInput{FunctionName: &name, MaximumRetryAttempts: &retries}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := c.client(t, "admin").Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: &name, InvocationType: types.InvocationTypeEvent, Payload: []byte(`{"Do":"error","Text":"no"}`)}); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all three are given up", func() bool { return strings.Count(told.text(), "was given up") == 3 })
	for name, want := range map[string]int{"zero": 1, "once": 2, "usual": 3} {
		if got := strings.Count(c.printed(), name+": START"); got != want {
			t.Errorf("%s: %d attempts, want %d", name, got, want)
		}
	}
}

// TestAnEventThatBecomesTooOld: a throttled event is given up at its age, and its
// record says that the function was never run.
func TestAnEventThatBecomesTooOld(t *testing.T) {
	t.Parallel()
	var later atomic.Int64
	c := newCloud(t, func(cfg *lambdaConfig) {
		cfg.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	})
	url, name := c.queue(t, "jobs", nil), aws.String("hello")
	c.createGo(t, *name, func(in *awslambda.CreateFunctionInput) {
		in.Role = aws.String("arn:aws:iam::" + account + ":role/sender")
	})
	client := c.client(t, "admin")
	_, err := client.PutFunctionConcurrency(t.Context(), &awslambda.PutFunctionConcurrencyInput{FunctionName: name, ReservedConcurrentExecutions: aws.Int32(0)})
	if err == nil {
		_, err = client.PutFunctionEventInvokeConfig(t.Context(), &awslambda.PutFunctionEventInvokeConfigInput{
			FunctionName: name, MaximumEventAgeInSeconds: aws.Int32(60), DestinationConfig: &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: aws.String(jobsARN)}},
		})
	}
	if err == nil {
		_, err = client.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: name, InvocationType: types.InvocationTypeEvent, Payload: []byte(`{"a": 1}`)})
	}
	if err != nil {
		t.Fatal(err)
	}
	later.Store(int64(time.Minute))
	out, err := awssqs.NewFromConfig(c.config(t, "admin")).ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: 20})
	if err != nil || len(out.Messages) != 1 {
		t.Fatalf("%v, %d messages", err, len(out.Messages))
	}
	got := *out.Messages[0].Body
	if want := `"condition":"EventAgeExceeded","approximateInvokeCount":0},"requestPayload":{"a":1}}`; !strings.HasSuffix(got, want) {
		t.Errorf("record %s, want %s", got, want)
	}
}
