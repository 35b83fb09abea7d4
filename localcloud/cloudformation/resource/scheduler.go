package resource

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/writ-dev/writ/cfn"
)

// scheduleGroup is AWS::Scheduler::ScheduleGroup. Its physical id is its name.
type scheduleGroup struct{}

func scheduleGroupPath(name string) string { return "/schedule-groups/" + url.PathEscape(name) }

func (scheduleGroup) Create(ctx context.Context, w *Work) (Result, error) {
	in := &cfn.Object{}
	if all := tags(w.Tags, w.Properties); len(all) > 0 {
		in.Set("Tags", tagList(all))
	}
	if err := w.Cloud.rest(ctx, "scheduler", http.MethodPost, scheduleGroupPath(w.Physical), in, nil); err != nil {
		return Result{}, err
	}
	var out struct{ CreationDate, LastModificationDate float64 }
	arn := w.Cloud.arn("scheduler", w.Cloud.Region, "schedule-group/"+w.Physical)
	result := Result{Physical: w.Physical, Attributes: map[string]string{"Arn": arn, "State": "ACTIVE"}}
	if err := w.Cloud.rest(ctx, "scheduler", http.MethodGet, scheduleGroupPath(w.Physical), nil, &out); err != nil {
		return result, err
	}
	result.Attributes["CreationDate"] = time.Unix(int64(out.CreationDate), 0).UTC().Format(time.RFC3339)
	result.Attributes["LastModificationDate"] = time.Unix(int64(out.LastModificationDate), 0).UTC().Format(time.RFC3339)
	return result, nil
}

func (scheduleGroup) Update(ctx context.Context, w *Work) (Result, error) {
	result := Result{Physical: w.Physical, Attributes: w.Attributes}
	path := "/tags/" + url.PathEscape(w.Cloud.arn("scheduler", w.Cloud.Region, "schedule-group/"+w.Physical))
	set, remove := w.tagChange()
	if len(set) > 0 {
		if err := w.Cloud.rest(ctx, "scheduler", http.MethodPost, path, cfn.Obj("Tags", tagList(set)), nil); err != nil {
			return result, err
		}
	}
	if len(remove) > 0 {
		return result, w.Cloud.rest(ctx, "scheduler", http.MethodDelete, path+"?"+url.Values{"TagKeys": remove}.Encode(), nil, nil)
	}
	return result, nil
}

func (scheduleGroup) Delete(ctx context.Context, w *Work) error {
	return gone(w.Cloud.rest(ctx, "scheduler", http.MethodDelete, scheduleGroupPath(w.Physical), nil, nil))
}

// Exists asks Scheduler.
func (scheduleGroup) Exists(ctx context.Context, w *Work) (bool, error) {
	return found(w.Cloud.rest(ctx, "scheduler", http.MethodGet, scheduleGroupPath(w.Physical), nil, nil))
}

// timer is AWS::Scheduler::Schedule. Its physical id is its name.
type timer struct{}

func schedulePath(name string, properties *cfn.Object, reads bool) string {
	path := "/schedules/" + url.PathEscape(name)
	if group, ok := text(properties, "GroupName"); ok && reads {
		path += "?" + query("groupName", group)
	}
	return path
}

// body is what CreateSchedule and UpdateSchedule take; dates are seconds there.
func (timer) body(w *Work) (*cfn.Object, error) {
	in := pick(w.Properties, "Description FlexibleTimeWindow GroupName KmsKeyArn ScheduleExpression ScheduleExpressionTimezone State Target")
	for _, name := range words("StartDate EndDate") {
		date, ok := text(w.Properties, name)
		if !ok {
			continue
		}
		at, err := time.Parse(time.RFC3339, date)
		if err != nil {
			if at, err = time.Parse("2006-01-02T15:04:05", date); err != nil {
				return nil, fmt.Errorf("%s: %q is no time as 2030-01-01T00:00:00Z", name, date)
			}
		}
		in.Set(name, at.Unix())
	}
	return in, nil
}

func (timer) result(w *Work) Result {
	group, ok := text(w.Properties, "GroupName")
	if !ok {
		group = "default"
	}
	return Result{Physical: w.Physical, Attributes: map[string]string{
		"Arn": w.Cloud.arn("scheduler", w.Cloud.Region, "schedule/"+group+"/"+w.Physical),
	}}
}

func (t timer) put(ctx context.Context, w *Work, method string) error {
	in, err := t.body(w)
	if err != nil {
		return err
	}
	return w.Cloud.rest(ctx, "scheduler", method, schedulePath(w.Physical, nil, false), in, nil)
}

func (t timer) Create(ctx context.Context, w *Work) (Result, error) {
	if err := t.put(ctx, w, http.MethodPost); err != nil {
		return Result{}, err
	}
	return t.result(w), nil
}

// Update changes the schedule. One whose group is another is made there anew,
// as Scheduler moves none.
func (t timer) Update(ctx context.Context, w *Work) (Result, error) {
	if !w.changed("GroupName") {
		return t.result(w), t.put(ctx, w, http.MethodPut)
	}
	exists, err := t.Exists(ctx, w)
	if err == nil && !exists { // else an update that was cut short has made it
		err = t.put(ctx, w, http.MethodPost)
	}
	if err != nil {
		return Result{Physical: w.Physical, Attributes: w.Attributes}, err
	}
	return t.result(w), gone(w.Cloud.rest(ctx, "scheduler", http.MethodDelete, schedulePath(w.Physical, w.Old, true), nil, nil))
}

func (timer) Delete(ctx context.Context, w *Work) error {
	return gone(w.Cloud.rest(ctx, "scheduler", http.MethodDelete, schedulePath(w.Physical, w.Properties, true), nil, nil))
}

// Exists asks Scheduler.
func (timer) Exists(ctx context.Context, w *Work) (bool, error) {
	return found(w.Cloud.rest(ctx, "scheduler", http.MethodGet, schedulePath(w.Physical, w.Properties, true), nil, nil))
}
