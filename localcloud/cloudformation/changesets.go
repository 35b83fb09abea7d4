package cloudformation

import (
	"context"
	"slices"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// noChanges is AWS's reason of a change set that would change nothing.
const noChanges = "The submitted information didn't contain changes. Submit different information to create a change set."

type changeSetResult struct {
	ID      string `xml:"Id"`
	StackID string `xml:"StackId"`
}

func (s *Service) createChangeSet(ctx context.Context, c *gate.Call) (any, error) {
	name, err := required(c, "ChangeSetName")
	if err != nil {
		return nil, err
	}
	if !stackNamePattern.MatchString(name) {
		return nil, invalid("1 validation error detected: Value '%s' at 'changeSetName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*", name)
	}
	stack, isNew, err := s.changeSetStack(c)
	if err != nil {
		return nil, err
	}
	set := &changeSetRecord{
		Name: name, StackID: stack.ID, StackName: stack.Name, Description: c.Form.Get("Description"), Created: s.cfg.Now(),
		Token: c.Form.Get("ClientToken"), OnFailure: onFailure(c, "ROLLBACK"), Status: "CREATE_COMPLETE", ExecutionStatus: "AVAILABLE",
		Type: "UPDATE",
	}
	set.ID = "arn:aws:cloudformation:" + s.cfg.Region + ":" + s.cfg.Account + ":changeSet/" + name + "/" + s.newUUID()
	var previous *stackRecord
	if stack.Status == "REVIEW_IN_PROGRESS" {
		set.Type = "CREATE"
	} else {
		previous = stack
	}
	p, err := s.prepare(ctx, c, stack.Name, stack.ID, previous)
	if err != nil {
		return nil, err
	}
	set.goal = p.goal
	if set.Changes, err = s.changesOf(p, stack); err != nil {
		return nil, err
	}
	if len(set.Changes) == 0 && previous != nil && s.sameOutside(p, stack) {
		set.Status, set.StatusReason, set.ExecutionStatus = "FAILED", noChanges, "UNAVAILABLE"
	}
	replay := ""
	err = s.cfg.DB.Update(func(tx *store.Tx) error {
		replay = ""
		sets, err := changeSetsIn(tx, stack.ID)
		if err != nil {
			return err
		}
		for _, other := range sets {
			if other.Name != name {
				continue
			}
			if other.Token != "" && other.Token == set.Token {
				replay = other.ID
				return nil
			}
			if other.ExecutionStatus != "EXECUTE_COMPLETE" {
				return gate.Errorf("AlreadyExistsException", "ChangeSet %s already exists", name)
			}
			if err := dropChangeSet(tx, other); err != nil {
				return err
			}
		}
		if isNew {
			e := &execution{s: s, stack: stack}
			e.setStatus("REVIEW_IN_PROGRESS", "User Initiated")
			if err := putEvents(tx, stack.uuid(), e.events); err != nil {
				return err
			}
			if err := putName(tx, stack); err != nil {
				return err
			}
			if err := putStack(tx, stack); err != nil {
				return err
			}
		}
		return putChangeSet(tx, set)
	})
	if replay != "" {
		set.ID = replay
	}
	return changeSetResult{set.ID, set.StackID}, err
}

// changeSetStack gives the stack that a new change set is for; one of type
// CREATE makes a stack that waits for review.
func (s *Service) changeSetStack(c *gate.Call) (stack *stackRecord, isNew bool, err error) {
	name, err := required(c, "StackName")
	if err != nil {
		return nil, false, err
	}
	if stack, err = s.findStack(name); err != nil {
		return nil, false, err
	}
	if stack != nil && stack.Status == "DELETE_COMPLETE" {
		stack = nil
	}
	kind := c.Form.Get("ChangeSetType")
	switch {
	case kind != "" && kind != "CREATE" && kind != "UPDATE":
		return nil, false, invalid("ChangeSetType %s is not supported by the local cloud", kind)
	case kind == "CREATE" && stack == nil:
		if err := checkStackName(name); err != nil {
			return nil, false, err
		}
		return &stackRecord{ID: s.stackARN(name, s.newUUID()), Name: name, Created: s.cfg.Now(), Status: "REVIEW_IN_PROGRESS"}, true, nil
	case stack == nil:
		return nil, false, invalid("Stack [%s] does not exist", name)
	case kind == "CREATE" && stack.Status != "REVIEW_IN_PROGRESS":
		return nil, false, invalid("Stack [%s] already exists and cannot be created again with the changeSet [%s].", stack.Name, c.Form.Get("ChangeSetName"))
	case kind == "CREATE":
		return stack, false, nil
	}
	return stack, false, checkUpdatable(stack)
}

// findChangeSet gives the change set that a call names, by ARN or by name and stack.
func (s *Service) findChangeSet(c *gate.Call) (*changeSetRecord, *stackRecord, error) {
	name, err := required(c, "ChangeSetName")
	if err != nil {
		return nil, nil, err
	}
	// A stack that is named is the one IAM was asked about: the change set must be its own.
	stackID := c.Form.Get("StackName")
	if stackID == "" {
		var ok bool
		if stackID, ok = s.stackOfChangeSet(name); !ok {
			return nil, nil, invalid("StackName must be specified if ChangeSetName is not specified as an ARN.")
		}
	}
	stack, err := s.findStack(stackID)
	if err != nil {
		return nil, nil, err
	}
	if stack == nil {
		return nil, nil, invalid("Stack [%s] does not exist", stackID)
	}
	sets, err := s.changeSets(stack.ID)
	if err != nil {
		return nil, nil, err
	}
	at := slices.IndexFunc(sets, func(set *changeSetRecord) bool { return set.ID == name || set.Name == name })
	if at < 0 {
		return nil, nil, gate.Errorf("ChangeSetNotFound", "ChangeSet [%s] does not exist", name).WithStatus(404)
	}
	return sets[at], stack, nil
}

func (s *Service) executeChangeSet(_ context.Context, c *gate.Call) (any, error) {
	set, stack, err := s.findChangeSet(c)
	if err != nil {
		return nil, err
	}
	type result struct{}
	if token := c.Form.Get("ClientRequestToken"); token != "" && stack.Work.Token == token && stack.ChangeSetID == set.ID {
		return result{}, nil
	}
	if set.ExecutionStatus != "AVAILABLE" {
		return nil, gate.Errorf("InvalidChangeSetStatus", "ChangeSet [%s] cannot be executed in its current status of [%s]", set.ID, set.Status)
	}
	failure := set.OnFailure
	if flag(c, "DisableRollback") {
		failure = "DO_NOTHING"
	}
	stack.ChangeSetID = set.ID
	finish := func(tx *store.Tx) error { return s.consume(tx, set) }
	if set.Type == "UPDATE" {
		return result{}, s.beginUpdate(stack, set.goal, c, failure, finish)
	}
	stack.goal, stack.Updated = set.goal, s.cfg.Now()
	stack.Work = operationRecord{Token: c.Form.Get("ClientRequestToken"), Caller: c.Caller, OnFailure: failure}
	return result{}, s.begin(stack, "CREATE_IN_PROGRESS", func(tx *store.Tx) error {
		if err := stillIn(tx, stack.ID, "REVIEW_IN_PROGRESS"); err != nil {
			return err
		}
		return finish(tx)
	}, (*execution).run)
}

// consume marks a change set as executed and drops the stack's others, which
// no longer say what would happen.
func (s *Service) consume(tx *store.Tx, set *changeSetRecord) error {
	sets, err := changeSetsIn(tx, set.StackID)
	if err != nil {
		return err
	}
	for _, other := range sets {
		if other.ID != set.ID {
			if err := dropChangeSet(tx, other); err != nil {
				return err
			}
		}
	}
	executed := *set
	executed.ExecutionStatus = "EXECUTE_COMPLETE"
	return putChangeSet(tx, &executed)
}

func (s *Service) deleteChangeSet(_ context.Context, c *gate.Call) (any, error) {
	type result struct{}
	set, _, err := s.findChangeSet(c)
	if gate.CodeOf(err) == "ChangeSetNotFound" {
		return result{}, nil
	}
	if err != nil {
		return nil, err
	}
	return result{}, s.cfg.DB.Update(func(tx *store.Tx) error { return dropChangeSet(tx, set) })
}
