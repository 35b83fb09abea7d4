package awscloud

import (
	"context"
	"encoding/base64"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
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
		return Answer{}, explain(err, "read the log of function "+function)
	}
	return Answer{Payload: out.Payload, FunctionError: aws.ToString(out.FunctionError), LogTail: string(tail)}, nil
}

// LogLine is one line of a log group.
type LogLine struct {
	Time    time.Time `json:"time"`
	Stream  string    `json:"stream"`
	Message string    `json:"message"`
}

// Logs gives the lines of a log group since a time, oldest first; with follow
// it goes on with new ones until ctx ends.
func (a *Account) Logs(ctx context.Context, group string, since time.Time, follow bool, onLine func(LogLine)) error {
	seen := map[string]bool{}
	for {
		start := since.UnixMilli()
		pages := cloudwatchlogs.NewFilterLogEventsPaginator(a.logs, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group, StartTime: &start})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				if follow && ctx.Err() != nil {
					return nil
				}
				return explain(err, "read the log "+group)
			}
			for _, e := range page.Events {
				if seen[aws.ToString(e.EventId)] {
					continue
				}
				seen[aws.ToString(e.EventId)] = true
				at := time.UnixMilli(aws.ToInt64(e.Timestamp))
				onLine(LogLine{Time: at, Stream: aws.ToString(e.LogStreamName), Message: aws.ToString(e.Message)})
				// Look a little behind: lines of two streams may arrive out of order.
				if late := at.Add(-10 * time.Second); late.After(since) {
					since = late
				}
			}
		}
		if !follow {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(300 * time.Millisecond):
		}
	}
}
