package cloudformation

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

type stackIDResult struct {
	StackID string `xml:"StackId"`
}

// nameOf gives the stack's name in a stack's ARN.
func nameOf(arn string) string {
	parts := strings.Split(arn, "/")
	if len(parts) < 3 {
		return arn
	}
	return parts[1]
}

// mustFind gives the stack that StackName means, or AWS's error.
func (s *Service) mustFind(c *gate.Call) (*stackRecord, error) {
	name, err := required(c, "StackName")
	if err != nil {
		return nil, err
	}
	stack, err := s.findStack(name)
	if err == nil && stack == nil {
		err = invalid("Stack with id %s does not exist", name)
	}
	return stack, err
}

func (s *Service) createStack(ctx context.Context, c *gate.Call) (any, error) {
	name, err := required(c, "StackName")
	if err != nil {
		return nil, err
	}
	if err := checkStackName(name); err != nil {
		return nil, err
	}
	token := c.Form.Get("ClientRequestToken")
	if existing, err := s.findStack(name); err != nil || existing != nil && existing.Status != "REVIEW_IN_PROGRESS" {
		if err == nil && token != "" && existing.Token == token {
			return stackIDResult{existing.ID}, nil // the same request again
		}
		return nil, errors.Join(err, alreadyExists(name))
	}
	stack := &stackRecord{ID: s.stackARN(name, s.newUUID()), Name: name, Created: s.cfg.Now(), Token: token}
	p, err := s.prepare(ctx, c, name, stack.ID, nil)
	if err != nil {
		return nil, err
	}
	if err := setOptions(stack, c); err != nil {
		return nil, err
	}
	stack.goal = p.goal
	stack.Work = operationRecord{Token: token, Caller: c.Caller, OnFailure: onFailure(c, "ROLLBACK")}
	err = s.begin(stack, "CREATE_IN_PROGRESS", func(tx *store.Tx) error {
		existing, err := lookUpStack(tx, name)
		if err == nil && existing != nil {
			err = alreadyExists(name)
		}
		if err != nil {
			return err
		}
		return putName(tx, stack)
	}, (*execution).run)
	return stackIDResult{stack.ID}, err
}

func alreadyExists(name string) error {
	return gate.Errorf("AlreadyExistsException", "Stack [%s] already exists", name)
}

func setOptions(stack *stackRecord, c *gate.Call) error {
	stack.DisableRollback = flag(c, "DisableRollback")
	stack.TerminationProtection = flag(c, "EnableTerminationProtection")
	if v := c.Form.Get("TimeoutInMinutes"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			return invalid("1 validation error detected: Value '%s' at 'timeoutInMinutes' failed to satisfy constraint: Member must have value greater than or equal to 1", v)
		}
		stack.TimeoutInMinutes = n
	}
	if c.Form.Get("OnFailure") != "" && c.Form.Has("DisableRollback") {
		return invalid("Either DisableRollback or OnFailure can be specified, not both.")
	}
	return nil
}

func onFailure(c *gate.Call, otherwise string) string {
	for _, member := range []string{"OnFailure", "OnStackFailure"} {
		switch v := c.Form.Get(member); v {
		case "ROLLBACK", "DELETE", "DO_NOTHING":
			return v
		}
	}
	if flag(c, "DisableRollback") {
		return "DO_NOTHING"
	}
	return otherwise
}

// begin stores the stack with its new status and starts the operation. check
// runs in the same transaction.
func (s *Service) begin(stack *stackRecord, status string, check func(*store.Tx) error, do func(*execution) error) error {
	e := &execution{s: s, stack: stack}
	reason := ""
	if !strings.HasPrefix(status, "UPDATE_ROLLBACK") {
		reason = "User Initiated"
	}
	e.setStatus(status, reason)
	e.stack.StatusReason = reason
	err := s.cfg.DB.Update(func(tx *store.Tx) error {
		if err := check(tx); err != nil {
			return err
		}
		if err := putEvents(tx, stack.uuid(), e.events); err != nil {
			return err
		}
		return putStack(tx, stack)
	})
	if err != nil {
		return err
	}
	return s.start(func(ctx context.Context) { s.carryOut(ctx, stack, do) })
}

// carryOut runs an operation to its end. A fault of the store or of Writ
// itself leaves the stack as stored; the next start takes it up.
func (s *Service) carryOut(ctx context.Context, stack *stackRecord, do func(*execution) error) {
	e, err := s.newExecution(ctx, stack)
	if err == nil {
		err = do(e)
	}
	if err != nil && !errors.Is(err, errInterrupted) {
		s.cfg.Log.Error("a stack operation stopped half way; it is taken up at the next start", "stack", stack.Name, "status", stack.Status, "error", err.Error())
	}
}

// updatable are the states that an update may start from.
var updatable = []string{"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}

func checkUpdatable(stack *stackRecord) error {
	if slices.Contains(updatable, stack.Status) {
		return nil
	}
	return invalid("Stack:%s is in %s state and can not be updated.", stack.ID, stack.Status)
}

func (s *Service) updateStack(ctx context.Context, c *gate.Call) (any, error) {
	stack, err := s.mustFind(c)
	if err != nil {
		return nil, err
	}
	if stack.Status == "DELETE_COMPLETE" {
		return nil, invalid("Stack [%s] does not exist", c.Form.Get("StackName"))
	}
	token := c.Form.Get("ClientRequestToken")
	if token != "" && stack.Work.Token == token {
		return stackIDResult{stack.ID}, nil
	}
	if err := checkUpdatable(stack); err != nil {
		return nil, err
	}
	p, err := s.prepare(ctx, c, stack.Name, stack.ID, stack)
	if err != nil {
		return nil, err
	}
	changes, err := s.changesOf(p, stack)
	if err != nil {
		return nil, err
	}
	if len(changes) == 0 && s.sameOutside(p, stack) {
		return nil, invalid("No updates are to be performed.")
	}
	return stackIDResult{stack.ID}, s.beginUpdate(stack, p.goal, c, onFailure(c, "ROLLBACK"), nil)
}

// beginUpdate starts an update of a stack to a goal.
func (s *Service) beginUpdate(stack *stackRecord, g goal, c *gate.Call, failure string, check func(*store.Tx) error) error {
	before := stack.goal
	stack.goal, stack.Updated = g, s.cfg.Now()
	stack.Work = operationRecord{Token: c.Form.Get("ClientRequestToken"), Caller: c.Caller, Before: &before, OnFailure: failure}
	return s.begin(stack, "UPDATE_IN_PROGRESS", func(tx *store.Tx) error {
		now, err := lookUpStack(tx, stack.ID)
		if err == nil {
			err = checkUpdatable(now)
		}
		if err != nil || check == nil {
			return err
		}
		return check(tx)
	}, (*execution).run)
}

func (s *Service) changesOf(p *prepared, stack *stackRecord) ([]resourceChange, error) {
	resources, err := s.resourcesOf(stack.uuid())
	if err != nil {
		return nil, err
	}
	return s.changesTo(p, stack, resources)
}

// sameOutside reports whether nothing but resources could differ: tags, outputs.
func (s *Service) sameOutside(p *prepared, stack *stackRecord) bool {
	if !sameTags(p.Tags, stack.Tags) {
		return false
	}
	before, err := parseTemplate(stack.Template)
	if err != nil {
		return false
	}
	resources, err := s.resourcesOf(stack.uuid())
	if err != nil {
		return false
	}
	e := &execution{s: s, stack: stack, resources: map[string]*resourceRecord{}}
	for _, r := range resources {
		e.resources[r.LogicalID] = r
	}
	_, r, err := s.resolverOf(s.ctx, stack, &p.goal, e.known)
	if err != nil {
		return false
	}
	outputs, err := e.outputs(p.template, r)
	return err == nil && slices.Equal(outputs, stack.Outputs) && before.Description() == p.template.Description()
}

func (s *Service) deleteStack(_ context.Context, c *gate.Call) (any, error) {
	name, err := required(c, "StackName")
	if err != nil {
		return nil, err
	}
	stack, err := s.findStack(name)
	if err != nil || stack == nil || stack.Status == "DELETE_COMPLETE" || stack.Status == "DELETE_IN_PROGRESS" {
		return nil, err // as AWS has it: what is not there is deleted
	}
	if stack.inProgress() {
		return nil, invalid("Stack [%s] cannot be deleted while in status %s", stack.Name, stack.Status)
	}
	if stack.TerminationProtection {
		return nil, invalid("Stack [%s] cannot be deleted while TerminationProtection is enabled", stack.Name)
	}
	if c.Form.Get("RoleARN") != "" {
		return nil, invalid("RoleARN is not supported by the local cloud: resources are removed with the caller's own identity")
	}
	retain := memberTexts(c.Form, "RetainResources")
	if len(retain) > 0 && stack.Status != "DELETE_FAILED" {
		return nil, invalid("Invalid operation on stack [%s]. RetainResources can only be given for a stack in DELETE_FAILED state", stack.ID)
	}
	for _, out := range stack.Outputs {
		users, err := s.importers(out.Export)
		if err != nil {
			return nil, err
		}
		if out.Export != "" && len(users) > 0 {
			return nil, invalid("Export %s cannot be deleted as it is in use by %s", out.Export, strings.Join(users, ", "))
		}
	}
	stack.Work = operationRecord{Token: c.Form.Get("ClientRequestToken"), Caller: c.Caller, Retain: retain}
	status := stack.Status
	return nil, s.begin(stack, "DELETE_IN_PROGRESS", func(tx *store.Tx) error {
		return stillIn(tx, stack.ID, status)
	}, (*execution).removeStack)
}

// stillIn checks that nobody has changed the stack's status meanwhile.
func stillIn(tx *store.Tx, id, status string) error {
	now, err := lookUpStack(tx, id)
	if err == nil && now.Status != status {
		err = invalid("Stack:%s is in %s state.", id, now.Status)
	}
	return err
}

// importers gives the names of the stacks that import an export.
func (s *Service) importers(name string) ([]string, error) {
	if name == "" {
		return nil, nil
	}
	stacks, err := s.allStacks()
	var users []string
	for _, stack := range stacks {
		if stack.Status != "DELETE_COMPLETE" && slices.Contains(stack.Imports, name) {
			users = append(users, stack.Name)
		}
	}
	slices.Sort(users)
	return users, err
}

func (s *Service) rollbackStack(_ context.Context, c *gate.Call) (any, error) {
	stack, err := s.mustFind(c)
	if err != nil {
		return nil, err
	}
	stack.Work.Token, stack.Work.Caller = c.Form.Get("ClientRequestToken"), c.Caller
	was := stack.Status
	check := func(tx *store.Tx) error { return stillIn(tx, stack.ID, was) }
	switch was {
	case "CREATE_FAILED":
		return stackIDResult{stack.ID}, s.begin(stack, "ROLLBACK_IN_PROGRESS", check, (*execution).rollBackCreate)
	case "UPDATE_FAILED":
		return stackIDResult{stack.ID}, s.begin(stack, "UPDATE_ROLLBACK_IN_PROGRESS", check, (*execution).rollBackUpdate)
	}
	return nil, invalid("Stack [%s] is in %s state and can not be rolled back.", stack.Name, was)
}

func (s *Service) continueUpdateRollback(_ context.Context, c *gate.Call) (any, error) {
	stack, err := s.mustFind(c)
	if err != nil {
		return nil, err
	}
	if stack.Status != "UPDATE_ROLLBACK_FAILED" {
		return nil, invalid("Stack:%s is in %s state and can not continue update rollback.", stack.ID, stack.Status)
	}
	stack.Work.Token, stack.Work.Caller = c.Form.Get("ClientRequestToken"), c.Caller
	stack.Work.Skip = memberTexts(c.Form, "ResourcesToSkip")
	type result struct{}
	return result{}, s.begin(stack, "UPDATE_ROLLBACK_IN_PROGRESS", func(tx *store.Tx) error {
		return stillIn(tx, stack.ID, "UPDATE_ROLLBACK_FAILED")
	}, (*execution).rollBackUpdate)
}

func (s *Service) updateTerminationProtection(_ context.Context, c *gate.Call) (any, error) {
	stack, err := s.mustFind(c)
	if err != nil {
		return nil, err
	}
	return stackIDResult{stack.ID}, s.cfg.DB.Update(func(tx *store.Tx) error {
		now, err := lookUpStack(tx, stack.ID)
		if err == nil && now.inProgress() {
			err = invalid("Stack:%s is in %s state and can not be updated.", now.ID, now.Status)
		}
		if err != nil {
			return err
		}
		now.TerminationProtection = flag(c, "EnableTerminationProtection")
		return putStack(tx, now)
	})
}
