package cloudformation

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/localcloud/cloudformation/resource"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// step is the work on one resource of a level.
type step struct {
	record *resourceRecord
	// begin is the status that the record gets when the work begins, "" when
	// there is none to do; reason goes with it.
	begin, reason string
	work          *resource.Work
	kind          resource.Type
	result        resource.Result
	err           error
}

// run brings a stack to its goal: every level of the template's order at once,
// one after the other. It ends in success, or in a rollback.
func (e *execution) run() error {
	update := e.stack.Work.Before != nil
	failed, reason, err := e.apply()
	if err != nil {
		return err
	}
	if reason == "" {
		reason, err = e.commit(update)
		if err != nil {
			return err
		}
	}
	switch {
	case reason == "" && !update:
		return nil
	case reason == "":
		return e.cleanUp()
	}
	if len(failed) > 0 {
		verb := "create"
		if update {
			verb = "update"
		}
		reason = fmt.Sprintf("The following resource(s) failed to %s: [%s]. ", verb, strings.Join(failed, ", "))
	}
	return e.afterFailure(update, reason)
}

// afterFailure does what the operation is to do when it fails.
func (e *execution) afterFailure(update bool, reason string) error {
	if err := e.save(); err != nil {
		return err
	}
	switch {
	case e.stack.Work.OnFailure == "DO_NOTHING" && update:
		e.setStatus("UPDATE_FAILED", reason)
		return e.save()
	case e.stack.Work.OnFailure == "DO_NOTHING":
		e.setStatus("CREATE_FAILED", reason)
		return e.save()
	case update:
		e.setStatus("UPDATE_ROLLBACK_IN_PROGRESS", reason)
		return e.rollBackUpdate()
	case e.stack.Work.OnFailure == "DELETE":
		e.setStatus("DELETE_IN_PROGRESS", reason+"Delete requested by user.")
		return e.removeStack()
	}
	e.setStatus("ROLLBACK_IN_PROGRESS", reason+"Rollback requested by user.")
	return e.rollBackCreate()
}

// apply makes and changes resources. failed names those that went wrong;
// reason is not empty when anything did.
func (e *execution) apply() (failed []string, reason string, err error) {
	t, r, err := e.s.resolverOf(e.ctx, e.stack, &e.stack.goal, e.known)
	if err != nil {
		return nil, errorText(err), nil
	}
	levels, err := r.Levels()
	if err != nil {
		return nil, errorText(err), nil
	}
	for _, level := range levels {
		if failed, err = e.applyLevel(t, r, level); err != nil || len(failed) > 0 {
			return failed, "failed", err
		}
	}
	return nil, "", nil
}

// applyLevel does the work of one level. Nothing of it is begun unless all of
// it can be planned.
func (e *execution) applyLevel(t *cfn.Template, r *cfn.Resolver, level []string) (failed []string, err error) {
	var steps []*step
	var records []*resourceRecord
	for _, id := range level {
		s, err := e.plan(t, r, id)
		if err != nil {
			failed = append(failed, id)
			e.refuse(id, t, err)
			records = append(records, e.resources[id])
			continue
		}
		if s.begin != "" {
			steps = append(steps, s)
		}
	}
	if len(failed) > 0 {
		return failed, e.save(records...)
	}
	e.parallel(len(steps), func(i int) { e.checkName(steps[i]) })
	for _, id := range level {
		records = append(records, e.resources[id])
	}
	for _, s := range steps {
		e.mark(s.record, s.begin, s.reason)
	}
	if err := e.save(records...); err != nil || len(steps) == 0 {
		return nil, err
	}
	e.parallel(len(steps), func(i int) { e.perform(steps[i]) })
	if e.ctx.Err() != nil {
		return nil, errInterrupted
	}
	records = nil
	for _, s := range steps {
		records = append(records, s.record)
		if s.err != nil {
			failed = append(failed, s.record.LogicalID)
			e.mark(s.record, failedStatus(s.record), failureReason(s))
			continue
		}
		e.mark(s.record, strings.Replace(s.begin, "IN_PROGRESS", "COMPLETE", 1), "")
	}
	// What was made is stored already; that it is complete is stored together
	// with the beginning of the next level.
	e.pending = records
	return failed, nil
}

// refuse records that a resource's change could not be planned.
func (e *execution) refuse(id string, t *cfn.Template, cause error) {
	record, exists := e.resources[id]
	if exists && record.Status != "DELETE_COMPLETE" {
		e.mark(record, "UPDATE_FAILED", errorText(cause))
		return
	}
	res, _ := t.Resource(id)
	record = &resourceRecord{
		LogicalID: id, Type: res.Type, Change: changeCreate, Properties: storedObject{&cfn.Object{}},
		FromTemplate: slices.Index(t.Resources().Keys(), id),
	}
	e.resources[id] = record
	e.mark(record, "CREATE_FAILED", errorText(cause))
}

// checkName finds out whether a resource with a name of its own is there
// already, so that taking up a creation after a crash never removes what
// somebody else had made. What cannot be found out counts as there.
func (e *execution) checkName(s *step) {
	if s.record.Change == changeUpdate || !s.kind.CustomName(s.record.Properties.Object) {
		return
	}
	finder, ok := s.kind.Handler.(resource.Finder)
	if !ok {
		return
	}
	exists, err := finder.Exists(e.ctx, s.work)
	s.record.Existed = exists || err != nil
}

func failedStatus(r *resourceRecord) string {
	if r.Change == changeCreate {
		return "CREATE_FAILED"
	}
	return "UPDATE_FAILED"
}

func failureReason(s *step) string {
	handler := "CreateResource"
	if s.record.Change == changeUpdate {
		handler = "UpdateResource"
	}
	return "Resource handler returned message: \"" + errorText(s.err) + "\" (" + handler + ")"
}

// perform does one step and stores at once what it made.
func (e *execution) perform(s *step) {
	if s.record.Change == changeUpdate {
		s.result, s.err = s.kind.Handler.Update(e.ctx, s.work)
	} else {
		s.result, s.err = s.kind.Handler.Create(e.ctx, s.work)
	}
	if s.result.Attributes != nil {
		s.record.Attributes = s.result.Attributes
	}
	if s.record.Change == changeUpdate {
		return // its physical id is stored already
	}
	if s.result.Physical != "" {
		s.record.Physical, s.record.Made = s.result.Physical, true
	}
	// A fault that is not the service's plain refusal leaves open whether the
	// resource was made.
	if refused := (*gate.Error)(nil); s.err != nil && !s.record.Existed && (!errors.As(s.err, &refused) || refused.Status >= 500) {
		s.record.Made = true
	}
	snapshot := *s.record
	err := e.s.cfg.DB.Update(func(tx *store.Tx) error { return putResource(tx, e.stack.uuid(), &snapshot) })
	if s.err == nil {
		s.err = err
	}
}

// plan works out what is to be done for a resource and puts its new record
// into e.resources. A step without begin has nothing to do.
func (e *execution) plan(t *cfn.Template, r *cfn.Resolver, id string) (*step, error) {
	res, _ := t.Resource(id)
	kind, ok := resource.Find(res.Type)
	if !ok {
		return nil, fmt.Errorf("unrecognized resource type %s", res.Type)
	}
	properties, err := r.Properties(id)
	if err != nil {
		return nil, err
	}
	next := &resourceRecord{
		LogicalID: id, Type: res.Type, Tags: e.stack.Tags, Metadata: metadataText(res), Deletion: res.DeletionPolicy,
		Replacement: res.UpdateReplacePolicy, Needs: r.Dependencies(id), FromTemplate: slices.Index(t.Resources().Keys(), id),
		Properties: storedObject{properties},
	}
	s := &step{record: next, kind: kind}
	if inert := kind.InertProperties(properties); len(inert) > 0 {
		s.reason = "no effect in the local cloud: " + strings.Join(inert, ", ")
	}
	old, exists := e.resources[id]
	if exists && old.Status != "DELETE_COMPLETE" {
		err = e.planChange(s, old)
	} else {
		next.Change = changeCreate
		e.planCreate(s)
	}
	if err == nil {
		e.resources[id] = next
	}
	return s, err
}

func (e *execution) planCreate(s *step) {
	s.record.Physical = s.kind.PhysicalName(e.stack.Name, s.record.LogicalID, s.record.Properties.Object, e.s.randomText(12))
	s.work = e.work(s.record)
	s.begin = "CREATE_IN_PROGRESS"
	if s.record.Change == changeReplace {
		s.begin = "UPDATE_IN_PROGRESS"
	}
}

// planChange decides between nothing, an update in place, and a replacement.
func (e *execution) planChange(s *step, old *resourceRecord) error {
	next := s.record
	if old.Type != next.Type {
		return fmt.Errorf("update of resource type is not permitted")
	}
	before := *old
	next.Before = &before
	next.Physical, next.Attributes, next.Made = old.Physical, old.Attributes, old.Made
	next.Status, next.Reason, next.Time = old.Status, old.Reason, old.Time
	changed, replaces := s.compare(old)
	if !changed {
		return nil // at most what CloudFormation keeps for itself, such as the metadata
	}
	if !replaces {
		next.Change = changeUpdate
		s.begin, s.work = "UPDATE_IN_PROGRESS", e.work(next)
		s.work.Old = old.Properties.Object
		if s.kind.Tagged {
			s.work.OldTags = old.Tags
		}
		return nil
	}
	if s.kind.CustomName(next.Properties.Object) {
		before, _ := old.Properties.Get(s.kind.NameProperty)
		after, _ := next.Properties.Get(s.kind.NameProperty)
		if resource.Equal(before, after) {
			//lint:ignore ST1005 AWS's own sentence
			return fmt.Errorf("CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename %v and update the stack again.", after)
		}
	}
	next.Change, next.Attributes, next.Made = changeReplace, nil, false
	e.planCreate(s)
	if s.reason == "" {
		s.reason = "Requested update requires the creation of a new physical resource; hence creating one."
	}
	return nil
}

// compare reports whether anything differs that a service must be told of,
// and whether that makes a new resource.
func (s *step) compare(old *resourceRecord) (changed, replaces bool) {
	for _, key := range unionKeys(old.Properties.Object, s.record.Properties.Object) {
		before, had := old.Properties.Get(key)
		after, has := s.record.Properties.Get(key)
		if had == has && resource.Equal(before, after) {
			continue
		}
		changed = true
		replaces = replaces || s.kind.Replaces(key)
	}
	return changed || s.kind.Tagged && !sameTags(old.Tags, s.record.Tags), replaces
}
