// Command gohandler is the Go function of the tests: its event says what to do.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Do   string
	Text string
	N    int
	// Records are messages of a queue.
	Records []struct {
		MessageID string `json:"messageId"`
		Body      string `json:"body"`
	}
}

// messages prints each message. One that begins with "partly" is reported as
// failed, one that begins with "error" fails the whole batch.
func messages(e event) (any, error) {
	failures := []map[string]string{}
	fmt.Println("batch of", len(e.Records))
	for _, r := range e.Records {
		fmt.Println("message", r.Body)
		if strings.HasPrefix(r.Body, "error") {
			return nil, errors.New(r.Body)
		}
		if strings.HasPrefix(r.Body, "partly") {
			failures = append(failures, map[string]string{"itemIdentifier": r.MessageID})
		}
	}
	return map[string]any{"batchItemFailures": failures}, nil
}

func handle(ctx context.Context, e event) (any, error) {
	if e.Records != nil {
		return messages(e)
	}
	switch e.Do {
	case "echo":
		return e.Text, nil
	case "print":
		fmt.Println("printed", e.Text)
		fmt.Fprintln(os.Stderr, "to stderr", e.Text)
		return nil, nil
	case "env":
		return os.Environ(), nil
	case "pid":
		return os.Getpid(), nil
	case "sleep":
		time.Sleep(time.Duration(e.N) * time.Millisecond)
		return os.Getpid(), nil
	case "exit":
		os.Exit(e.N)
	case "error":
		return nil, errors.New(e.Text)
	case "panic":
		panic(e.Text)
	case "big":
		return strings.Repeat("x", e.N), nil
	case "context":
		lc, _ := lambdacontext.FromContext(ctx)
		deadline, _ := ctx.Deadline()
		return map[string]any{"id": lc.AwsRequestID, "arn": lc.InvokedFunctionArn, "left": time.Until(deadline).Milliseconds()}, nil
	case "children": // two that outlive the handler: one in its group, one in a session of its own
		var pids []int
		for _, own := range []bool{false, true} {
			cmd := exec.Command("/bin/sleep", "300")
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: own}
			if err := cmd.Start(); err != nil {
				return nil, err
			}
			pids = append(pids, cmd.Process.Pid)
		}
		if e.N > 0 {
			time.Sleep(time.Duration(e.N) * time.Millisecond)
		}
		return pids, nil
	}
	return nil, fmt.Errorf("what is %q", e.Do)
}

func main() { lambda.Start(handle) }
