package cloudformation

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/localcloud/cloudformation/resource"
	"github.com/writ-dev/writ/localcloud/store"
)

// commit works out outputs and exports and makes the new state the stack's
// own; after it there is no way back. reason is not empty when it cannot.
func (e *execution) commit(update bool) (reason string, err error) {
	t, r, err := e.s.resolverOf(e.ctx, e.stack, &e.stack.goal, func(in *cfn.Inputs) {
		in.Ref, in.GetAtt = e.ref, e.attribute
		lookUp := in.Import
		in.Import = func(name string) (string, error) {
			if !slices.Contains(e.stack.Imports, name) {
				e.stack.Imports = append(e.stack.Imports, name)
			}
			return lookUp(name)
		}
	})
	if err != nil {
		return errorText(err), nil
	}
	imports := e.stack.Imports
	e.stack.Imports = nil
	for _, res := range t.ResourceList() { // once more, to learn what is imported
		if r.Active(res.ID) {
			if _, err := r.Properties(res.ID); err != nil {
				return errorText(err), nil
			}
		}
	}
	outputs, err := e.outputs(t, r)
	if err == nil {
		err = e.checkExports(outputs)
	}
	if err != nil {
		e.stack.Imports = imports
		return errorText(err), nil
	}
	before := e.stack.Outputs
	e.stack.Outputs = outputs
	if update {
		e.setStatus("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "")
	} else {
		e.setStatus("CREATE_COMPLETE", "")
		for _, r := range e.resources {
			r.Change, r.Before = changeNone, nil
		}
	}
	records := e.pending
	if !update {
		records = slices.Collect(maps.Values(e.resources))
	}
	events := e.events
	err = e.s.cfg.DB.Update(func(tx *store.Tx) error {
		for _, r := range records {
			if err := putResource(tx, e.stack.uuid(), r); err != nil {
				return err
			}
		}
		if err := putExports(tx, e.stack.ID, before, outputs); err != nil {
			return err
		}
		if err := putEvents(tx, e.stack.uuid(), events); err != nil {
			return err
		}
		return putStack(tx, e.stack)
	})
	e.events, e.pending = nil, nil
	return "", err
}

// checkExports sees that no other stack exports the same name, and that what
// other stacks import stays as it is.
func (e *execution) checkExports(outputs []outputRecord) error {
	list, err := e.s.exports()
	if err != nil {
		return err
	}
	after := map[string]string{}
	for _, out := range outputs {
		if out.Export == "" {
			continue
		}
		if _, twice := after[out.Export]; twice {
			return invalid("Duplicate Export names detected in the template: %s", out.Export)
		}
		after[out.Export] = out.Value
	}
	for _, export := range list {
		value, stays := after[export.Name]
		if export.StackID != e.stack.ID {
			if stays {
				return invalid("Export with name %s is already exported by stack %s", export.Name, nameOf(export.StackID))
			}
			continue
		}
		if stays && value == export.Value {
			continue
		}
		users, err := e.s.importers(export.Name)
		if err != nil {
			return err
		}
		if len(users) > 0 {
			verb := "deleted"
			if stays {
				verb = "updated"
			}
			return invalid("Export %s cannot be %s as it is in use by %s", export.Name, verb, strings.Join(users, ", "))
		}
	}
	return nil
}

func putExports(tx *store.Tx, stackID string, before, after []outputRecord) error {
	b, err := tx.Bucket(root, bucketExports)
	if err != nil {
		return err
	}
	for _, out := range before {
		if out.Export != "" {
			if err := b.Delete([]byte(out.Export)); err != nil {
				return err
			}
		}
	}
	for _, out := range after {
		if out.Export != "" {
			if err := b.PutJSON(out.Export, exportRecord{out.Export, out.Value, stackID}); err != nil {
				return err
			}
		}
	}
	return nil
}

// cleanUp removes what an update has replaced or left out. It cannot fail the
// update any more: what cannot be removed is told in an event.
func (e *execution) cleanUp() error {
	t, err := cfn.Parse([]byte(e.stack.Template), "template")
	if err != nil {
		return err
	}
	_, r, err := e.s.resolverOf(e.ctx, e.stack, &e.stack.goal, func(*cfn.Inputs) {})
	if err != nil {
		return err
	}
	var removals []*removal
	for _, record := range e.resources {
		active := t.Resources().Object(record.LogicalID) != nil && r.Active(record.LogicalID)
		switch {
		case !active:
			removals = append(removals, &removal{record: record, of: record, keep: retains(record.Deletion), gone: true})
		case record.Change == changeReplace && record.Before != nil:
			removals = append(removals, &removal{record: record, of: record.Before, keep: retains(record.Replacement)})
		}
	}
	if _, err := e.remove(removals); err != nil {
		return err
	}
	return e.settle("UPDATE_COMPLETE")
}

// settle ends an operation: every record stands for itself again.
func (e *execution) settle(status string) error {
	var records []*resourceRecord
	for _, r := range e.resources {
		if r.Change != changeNone || r.Before != nil {
			r.Change, r.Before = changeNone, nil
			records = append(records, r)
		}
	}
	e.stack.Work.Before = nil
	e.setStatus(status, "")
	return e.save(records...)
}

// rollBackCreate removes whatever a failed creation has made.
func (e *execution) rollBackCreate() error {
	var removals []*removal
	for _, r := range e.resources {
		if r.Status == "DELETE_COMPLETE" || r.Status == "DELETE_SKIPPED" {
			continue
		}
		keep := r.Deletion == "Retain" && r.Status == "CREATE_COMPLETE"
		removals = append(removals, &removal{record: r, of: r, keep: keep})
	}
	failed, err := e.remove(removals)
	if err != nil {
		return err
	}
	if len(failed) > 0 {
		e.setStatus("ROLLBACK_FAILED", fmt.Sprintf("The following resource(s) failed to delete: [%s]. ", strings.Join(failed, ", ")))
		return e.save()
	}
	e.setStatus("ROLLBACK_COMPLETE", "")
	return e.save()
}

// rollBackUpdate brings a stack back to what it was before its update: first
// what was changed is changed back, then what was made is removed.
func (e *execution) rollBackUpdate() error {
	if e.stack.Status != "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS" {
		if err := e.save(); err != nil {
			return err
		}
		failed, err := e.changeBack()
		if err != nil {
			return err
		}
		if len(failed) > 0 {
			e.setStatus("UPDATE_ROLLBACK_FAILED", fmt.Sprintf("The following resource(s) failed to update: [%s]. ", strings.Join(failed, ", ")))
			return e.save()
		}
		if e.stack.Work.Before != nil {
			e.stack.goal = *e.stack.Work.Before
		}
		e.setStatus("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "")
		if err := e.save(); err != nil {
			return err
		}
	}
	var removals []*removal
	for _, r := range e.resources {
		if r.Change == changeCreate || r.Change == changeReplace {
			keep := r.Change == changeCreate && r.Deletion == "Retain" && r.Status == "CREATE_COMPLETE"
			removals = append(removals, &removal{record: r, of: r, gone: true, keep: keep})
		}
	}
	if _, err := e.remove(removals); err != nil {
		return err
	}
	return e.settle("UPDATE_ROLLBACK_COMPLETE")
}

// changeBack undoes the updates in place, in the order of creation.
func (e *execution) changeBack() (failed []string, err error) {
	var changed []*resourceRecord
	for id, r := range e.resources {
		switch {
		case r.Change == changeUpdate:
			changed = append(changed, r)
		case r.Change == changeNone && r.Before != nil: // only the metadata was changed
			e.resources[id] = r.Before
			changed = append(changed, r.Before)
		case r.Change == changeNone && r.Status == "UPDATE_FAILED":
			changed = append(changed, r)
		}
	}
	for _, level := range levelsOf(changed) {
		var steps []*step
		for _, r := range level {
			switch {
			case r.Change == changeNone:
				r.Status, r.Reason = "UPDATE_COMPLETE", ""
			case slices.Contains(e.stack.Work.Skip, r.LogicalID):
				e.restore(r)
			default:
				steps = append(steps, e.backStep(r))
			}
		}
		var records []*resourceRecord
		for _, r := range level {
			records = append(records, e.resources[r.LogicalID])
		}
		if err := e.save(records...); err != nil {
			return nil, err
		}
		e.parallel(len(steps), func(i int) {
			s := steps[i]
			s.result, s.err = s.kind.Handler.Update(e.ctx, s.work)
		})
		if e.ctx.Err() != nil {
			return nil, errInterrupted
		}
		records = nil
		for _, s := range steps {
			if s.err != nil {
				failed = append(failed, s.record.LogicalID)
				e.mark(s.record, "UPDATE_FAILED", errorText(s.err))
				records = append(records, s.record)
				continue
			}
			if s.result.Attributes != nil {
				s.record.Before.Attributes = s.result.Attributes
			}
			records = append(records, e.restore(s.record))
		}
		if err := e.save(records...); err != nil || len(failed) > 0 {
			return failed, err
		}
	}
	return nil, nil
}

// backStep is the update from what was wanted to what was before.
func (e *execution) backStep(r *resourceRecord) *step {
	kind, _ := resource.Find(r.Type)
	w := e.work(r.Before)
	w.Old = r.Properties.Object
	if kind.Tagged {
		w.OldTags = r.Tags
	}
	e.mark(r, "UPDATE_IN_PROGRESS", "")
	return &step{record: r, kind: kind, work: w}
}

// restore puts the record of before back in its place.
func (e *execution) restore(r *resourceRecord) *resourceRecord {
	before := r.Before
	before.Change, before.Before = changeNone, nil
	e.resources[r.LogicalID] = before
	e.mark(before, "UPDATE_COMPLETE", "")
	return before
}
