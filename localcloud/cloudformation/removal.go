package cloudformation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/writ-dev/writ/localcloud/cloudformation/resource"
	"github.com/writ-dev/writ/localcloud/store"
)

// removal is one physical resource that is to go.
type removal struct {
	// record is the resource's record, of the one to remove: the record itself
	// or the one that it had before a replacement.
	record, of *resourceRecord
	// keep leaves the resource alone, by its DeletionPolicy or UpdateReplacePolicy.
	keep bool
	// gone drops the record when done, or puts back the one of before.
	gone bool
	err  error
}

// remove removes resources, those first that others do not need. What a
// resource that could not be removed needs is left as well.
func (e *execution) remove(list []*removal) (failed []string, err error) {
	byRecord := map[*resourceRecord]*removal{}
	var records []*resourceRecord
	for _, r := range list {
		byRecord[r.of] = r
		records = append(records, r.of)
	}
	levels := levelsOf(records)
	slices.Reverse(levels)
	blocked := map[string]bool{}
	for _, level := range levels {
		var batch []*removal
		for _, record := range level {
			if !blocked[record.LogicalID] {
				batch = append(batch, byRecord[record])
				continue
			}
			for _, need := range record.Needs {
				blocked[need] = true
			}
		}
		if err := e.removeLevel(batch); err != nil {
			return nil, err
		}
		for _, r := range batch {
			if r.err == nil {
				continue
			}
			failed = append(failed, r.of.LogicalID)
			for _, need := range r.of.Needs {
				blocked[need] = true
			}
		}
	}
	return failed, nil
}

func (e *execution) removeLevel(batch []*removal) error {
	var calls []*removal
	for _, r := range batch {
		switch {
		case r.keep:
			e.note(r.of, r.of.Physical, "DELETE_SKIPPED", "")
		case !r.of.begun():
			e.note(r.of, "", "DELETE_COMPLETE", "")
		default:
			e.note(r.of, r.of.Physical, "DELETE_IN_PROGRESS", "")
			calls = append(calls, r)
		}
	}
	if len(calls) > 0 {
		var begun []*resourceRecord
		for _, r := range calls {
			if r.record == r.of && !r.gone {
				r.record.Made = true // a removal that a crash cuts short is taken up
				r.record.Status = "DELETE_IN_PROGRESS"
				begun = append(begun, r.record)
			}
		}
		if err := e.save(begun...); err != nil {
			return err
		}
	}
	e.parallel(len(calls), func(i int) {
		r := calls[i]
		kind, ok := resource.Find(r.of.Type)
		if !ok {
			r.err = fmt.Errorf("unrecognized resource type %s", r.of.Type)
			return
		}
		r.err = kind.Handler.Delete(e.ctx, e.work(r.of))
	})
	if e.ctx.Err() != nil {
		return errInterrupted
	}
	for _, r := range calls {
		if r.err != nil {
			e.note(r.of, r.of.Physical, "DELETE_FAILED", "Resource handler returned message: \""+errorText(r.err)+"\" (DeleteResource)")
			continue
		}
		e.note(r.of, r.of.Physical, "DELETE_COMPLETE", "")
	}
	return e.forget(batch)
}

// forget stores what has become of the records of a level.
func (e *execution) forget(batch []*removal) error {
	var keep, drop []*resourceRecord
	for _, r := range batch {
		id := r.record.LogicalID
		switch {
		case r.gone && r.record.Change == changeReplace && r.record.Before != nil: // a replacement that is undone
			before := r.record.Before
			before.Change, before.Before = changeNone, nil
			before.Status, before.Reason, before.Time = "UPDATE_COMPLETE", "", e.s.cfg.Now()
			e.resources[id] = before
			keep = append(keep, before)
		case r.gone:
			delete(e.resources, id)
			drop = append(drop, r.record)
		case r.record != r.of: // the old one of a replacement
			r.record.Change, r.record.Before = changeNone, nil
			keep = append(keep, r.record)
		default:
			r.record.Status, r.record.Reason, r.record.Time = "DELETE_COMPLETE", "", e.s.cfg.Now()
			switch {
			case r.keep:
				r.record.Status = "DELETE_SKIPPED"
			case r.err != nil:
				r.record.Status, r.record.Reason = "DELETE_FAILED", errorText(r.err)
			}
			keep = append(keep, r.record)
		}
	}
	err := e.s.cfg.DB.Update(func(tx *store.Tx) error {
		for _, r := range drop {
			if err := dropResource(tx, e.stack.uuid(), r.LogicalID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return e.save(keep...)
}

// removeStack removes all resources of a stack and then the stack itself.
func (e *execution) removeStack() error {
	var removals []*removal
	for _, r := range e.resources {
		if r.Status == "DELETE_COMPLETE" || r.Status == "DELETE_SKIPPED" {
			continue
		}
		if r.Change == changeReplace && r.Before != nil { // an update that failed and was left so
			removals = append(removals, &removal{record: r, of: r.Before, keep: retains(r.Replacement)})
		}
		keep := slices.Contains(e.stack.Work.Retain, r.LogicalID) || r.Deletion == "Retain" || r.Deletion == "RetainExceptOnCreate" && r.Status != "CREATE_FAILED"
		removals = append(removals, &removal{record: r, of: r, keep: keep})
	}
	failed, err := e.remove(removals)
	if err != nil {
		return err
	}
	if len(failed) > 0 {
		slices.Sort(failed)
		e.setStatus("DELETE_FAILED", fmt.Sprintf("The following resource(s) failed to delete: [%s]. ", strings.Join(failed, ", ")))
		return e.save()
	}
	e.setStatus("DELETE_COMPLETE", "")
	e.stack.Deleted = e.s.cfg.Now()
	events := e.events
	outputs := e.stack.Outputs
	err = e.s.cfg.DB.Update(func(tx *store.Tx) error {
		if err := dropName(tx, e.stack); err != nil {
			return err
		}
		if err := putExports(tx, e.stack.ID, outputs, nil); err != nil {
			return err
		}
		sets, err := changeSetsIn(tx, e.stack.ID)
		if err != nil {
			return err
		}
		for _, set := range sets {
			if err := dropChangeSet(tx, set); err != nil {
				return err
			}
		}
		if err := putEvents(tx, e.stack.uuid(), events); err != nil {
			return err
		}
		return putStack(tx, e.stack)
	})
	e.events = nil
	return err
}
