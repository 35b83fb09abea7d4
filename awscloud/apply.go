package awscloud

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/writ-dev/writ"
)

// StackEvent is one step of a deploy.
type StackEvent struct {
	Time      time.Time
	LogicalID string
	Type      string
	Status    string
	Reason    string
}

// Failed reports whether the step is a failure.
func (e StackEvent) Failed() bool { return strings.HasSuffix(e.Status, "_FAILED") }

// Apply executes a plan and waits for its end. onEvent, which may be nil, gets
// the stack's events in order. A deploy that rolled back is an error that
// holds the first real cause.
func (a *Account) Apply(ctx context.Context, plan *Plan, onEvent func(StackEvent)) (Stack, error) {
	if plan.Empty {
		s, _, err := a.Stack(ctx, plan.Stack)
		return s, err
	}
	seen, err := a.eventsSoFar(ctx, plan.Stack)
	if err != nil {
		return Stack{}, err
	}
	_, err = a.stacks.ExecuteChangeSet(ctx, &cloudformation.ExecuteChangeSetInput{StackName: &plan.Stack, ChangeSetName: &plan.changeSet})
	if err != nil {
		return Stack{}, explain(err, "deploy stack "+plan.Stack)
	}
	s, cause, err := a.follow(ctx, plan.Stack, seen, onEvent)
	if err != nil {
		return s, err
	}
	if s.Status == string(types.StackStatusCreateComplete) || s.Status == string(types.StackStatusUpdateComplete) {
		return s, nil
	}
	return s, failure(plan.Stack, s.Status, cause)
}

func failure(stack, status string, cause *StackEvent) error {
	if cause == nil {
		return writ.Errorf(writ.CodeExternal, "stack %s ended as %s", stack, status)
	}
	return writ.Errorf(writ.CodeExternal, "stack %s ended as %s: %s (%s): %s", stack, status, cause.LogicalID, cause.Type, cause.Reason)
}

// Delete deletes a stack and waits until it is gone.
func (a *Account) Delete(ctx context.Context, name string, onEvent func(StackEvent)) error {
	s, found, err := a.Stack(ctx, name)
	if err != nil || !found {
		return err
	}
	seen, err := a.eventsSoFar(ctx, s.ID)
	if err != nil {
		return err
	}
	if _, err := a.stacks.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: &s.ID}); err != nil {
		return explain(err, "delete stack "+name)
	}
	// By id, since a deleted stack no longer answers to its name.
	s, cause, err := a.follow(ctx, s.ID, seen, onEvent)
	if err != nil {
		return err
	}
	if s.Status != "" && s.Status != string(types.StackStatusDeleteComplete) {
		return failure(name, s.Status, cause)
	}
	return nil
}

// follow reports events until the stack stands still. cause is the first
// failure that is not the mere consequence of another.
func (a *Account) follow(ctx context.Context, name string, seen map[string]bool, onEvent func(StackEvent)) (s Stack, cause *StackEvent, err error) {
	for wait := a.poll(); ; wait() {
		s, found, err := a.Stack(ctx, name)
		if err != nil {
			return s, nil, err
		}
		events, err := a.newEvents(ctx, name, seen)
		if err != nil && !noSuchStack(err) {
			return s, nil, explain(err, "read the events of stack "+name)
		}
		for _, e := range events {
			if cause == nil && e.Failed() && !strings.Contains(e.Reason, "cancelled") {
				cause = &e
			}
			if onEvent != nil {
				onEvent(e)
			}
		}
		if !found || !strings.HasSuffix(s.Status, "_IN_PROGRESS") {
			return s, cause, nil
		}
		if ctx.Err() != nil {
			return s, cause, writ.Errorf(writ.CodeCancelled, "stopped waiting for stack %s, which goes on", name)
		}
	}
}

// eventsSoFar marks what happened to the stack before now as seen. Ids are
// compared, not times: the account's clock is not ours.
func (a *Account) eventsSoFar(ctx context.Context, name string) (map[string]bool, error) {
	out, err := a.stacks.DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: &name})
	if noSuchStack(err) {
		return map[string]bool{}, nil
	}
	if err != nil {
		return nil, explain(err, "read the events of stack "+name)
	}
	seen := map[string]bool{}
	for _, e := range out.StackEvents {
		seen[aws.ToString(e.EventId)] = true
	}
	return seen, nil
}

// newEvents gives the events that were not seen yet, oldest first.
func (a *Account) newEvents(ctx context.Context, name string, seen map[string]bool) ([]StackEvent, error) {
	var events []StackEvent
	pages := cloudformation.NewDescribeStackEventsPaginator(a.stacks, &cloudformation.DescribeStackEventsInput{StackName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, e := range page.StackEvents {
			if seen[aws.ToString(e.EventId)] {
				slices.Reverse(events)
				return events, nil // newest first: all that follows is older
			}
			seen[aws.ToString(e.EventId)] = true
			events = append(events, StackEvent{
				Time: aws.ToTime(e.Timestamp), LogicalID: aws.ToString(e.LogicalResourceId), Type: aws.ToString(e.ResourceType),
				Status: string(e.ResourceStatus), Reason: aws.ToString(e.ResourceStatusReason),
			})
		}
	}
	slices.Reverse(events)
	return events, nil
}
