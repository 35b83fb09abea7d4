package awscloud

import (
	"context"
	"encoding/base64"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/writ-dev/writ"
)

// Answer is what a function answered.
type Answer struct {
	Payload []byte
	// FunctionError is "" when the function ran to its end, else Handled or Unhandled.
	FunctionError string
	// LogTail is the end of the call's log, at most 4 KB.
	LogTail string
}

// Invoke calls a function and waits for its answer.
func (a *Account) Invoke(ctx context.Context, function string, payload []byte) (Answer, error) {
	out, err := a.functions.Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, Payload: payload, LogType: types.LogTypeTail})
	if err != nil {
		return Answer{}, explain(err, "call function "+function)
	}
	tail, err := base64.StdEncoding.DecodeString(aws.ToString(out.LogResult))
	if err != nil {
		return Answer{}, writ.Errorf(writ.CodeExternal, "read the log of function %s: %w", function, err)
	}
	return Answer{Payload: out.Payload, FunctionError: aws.ToString(out.FunctionError), LogTail: string(tail)}, nil
}

// LostCode reports whether a function is there whose code is not, which can
// happen to a local cloud alone.
func (a *Account) LostCode(ctx context.Context, function string) (bool, error) {
	out, err := a.functions.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &function})
	if isNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, explain(err, "look at function "+function)
	}
	return out.State == types.StateFailed && out.StateReasonCode == types.StateReasonCodeInternalError, nil
}

// UpdateCode gives a function the code of an asset.
func (a *Account) UpdateCode(ctx context.Context, function, bucket, key string) error {
	_, err := a.functions.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: &function, S3Bucket: &bucket, S3Key: &key})
	if err != nil {
		return explain(err, "update the code of function "+function)
	}
	return nil
}

// LogLine is one line of a log group.
type LogLine struct {
	Time    time.Time `json:"time"`
	Stream  string    `json:"stream"`
	Message string    `json:"message"`
}

// late is how far behind the newest line others may still arrive: those of two
// streams come out of order.
const late = 10 * time.Second

// Logs gives the lines of a log group since a time, oldest first; with follow
// it goes on with new ones until ctx ends.
func (a *Account) Logs(ctx context.Context, group string, since time.Time, follow bool, onLine func(LogLine)) error {
	seen := map[string]time.Time{}
	for {
		newest, err := a.newLines(ctx, group, since, seen, onLine)
		if ctx.Err() != nil && follow {
			return nil
		}
		if err != nil {
			return explain(err, "read the log "+group)
		}
		if !follow {
			return nil
		}
		if behind := newest.Add(-late); behind.After(since) {
			since = behind
		}
		for id, at := range seen { // what is never asked for again
			if at.Before(since.Truncate(time.Millisecond)) {
				delete(seen, id)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(max(a.pause/4, 100*time.Millisecond)):
		}
	}
}

// newLines gives the lines that were not seen yet, and the time of the newest.
func (a *Account) newLines(ctx context.Context, group string, since time.Time, seen map[string]time.Time, onLine func(LogLine)) (newest time.Time, err error) {
	start := since.UnixMilli()
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(a.logs, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group, StartTime: &start})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return newest, err
		}
		for _, e := range page.Events {
			at, id := time.UnixMilli(aws.ToInt64(e.Timestamp)), aws.ToString(e.EventId)
			if at.After(newest) {
				newest = at
			}
			if _, ok := seen[id]; ok {
				continue
			}
			seen[id] = at
			onLine(LogLine{Time: at, Stream: aws.ToString(e.LogStreamName), Message: aws.ToString(e.Message)})
		}
	}
	return newest, nil
}
