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
	// PhysicalID is the deployed name, "" before there is one.
	PhysicalID string
	Type       string
	Status     string
	Reason     string
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

// failure says how a stack ended, the cause, and what to do next.
func failure(stack, status string, cause *StackEvent) error {
	e := writ.Errorf(writ.CodeExternal, "stack %s ended as %s", stack, status)
	if cause != nil {
		e = writ.Errorf(writ.CodeExternal, "stack %s ended as %s: %s (%s): %s", stack, status, cause.LogicalID, cause.Type, cause.Reason)
	}
	switch types.StackStatus(status) {
	case types.StackStatusRollbackComplete:
		return e.WithHint("nothing of it is left; mend the cause and deploy again")
	case types.StackStatusUpdateRollbackComplete:
		return e.WithHint("it is as it was before; mend the cause and deploy again")
	case types.StackStatusUpdateRollbackFailed:
		return e.WithHint("mend the cause, then `aws cloudformation continue-update-rollback --stack-name %s`", stack)
	case types.StackStatusRollbackFailed, types.StackStatusCreateFailed, types.StackStatusDeleteFailed:
		return e.WithHint("mend the cause, then delete it with `writ destroy`")
	default:
		return e
	}
}

// Delete deletes a stack and waits until it is gone.
func (a *Account) Delete(ctx context.Context, name string, onEvent func(StackEvent)) error {
	s, found, err := a.Stack(ctx, name)
	if err != nil || !found {
		return err
	}
	if strings.HasSuffix(s.Status, "_IN_PROGRESS") && s.Status != string(types.StackStatusReviewInProgress) && s.Status != string(types.StackStatusDeleteInProgress) {
		return refuse(s, true)
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
	started := false
	for looks := 0; ; looks++ {
		s, found, err := a.Stack(ctx, name)
		if err != nil {
			return s, cause, stopped(ctx, name, err)
		}
		events, err := a.newEvents(ctx, name, seen)
		if err != nil && !noSuchStack(err) {
			return s, cause, stopped(ctx, name, explain(err, "read the events of stack "+name))
		}
		for _, e := range events {
			started = true
			if cause == nil && e.Failed() && !strings.Contains(e.Reason, "cancelled") {
				cause = &e
			}
			if onEvent != nil {
				onEvent(e)
			}
		}
		// AWS may tell the old state for a moment: one that moves has events.
		still := !strings.HasSuffix(s.Status, "_IN_PROGRESS") && (started || looks >= looksWithoutEvents)
		if !found || still {
			return s, cause, nil
		}
		if err := a.wait(ctx); err != nil {
			return s, cause, stopped(ctx, name, err)
		}
	}
}

// looksWithoutEvents is how often a stack that shows no event is looked at.
const looksWithoutEvents = 5

// stopped says, when ctx ended, that only the waiting did; else it gives err.
func stopped(ctx context.Context, name string, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return writ.Errorf(writ.CodeCancelled, "stopped waiting for stack %s, which goes on: %w", name, ctx.Err()).
		WithHint("look at it with `aws cloudformation describe-stack-events`, or deploy again once it is done")
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
				Time: aws.ToTime(e.Timestamp), LogicalID: aws.ToString(e.LogicalResourceId), PhysicalID: aws.ToString(e.PhysicalResourceId), Type: aws.ToString(e.ResourceType),
				Status: string(e.ResourceStatus), Reason: aws.ToString(e.ResourceStatusReason),
			})
		}
	}
	slices.Reverse(events)
	return events, nil
}
