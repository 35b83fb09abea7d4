package scheduler

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // zones are the same on every machine

	"github.com/writ-dev/writ/localcloud/session"
	"github.com/writ-dev/writ/localcloud/store"
	"github.com/writ-dev/writ/localcloud/timetable"
)

// scheduleInput is what a request says of a schedule.
type scheduleInput struct {
	GroupName                  string
	ScheduleExpression         string
	ScheduleExpressionTimezone string
	StartDate, EndDate         *float64 // seconds
	State                      string
	Description                string
	KmsKeyArn                  string
	ActionAfterCompletion      string
	FlexibleTimeWindow         *flexible
	Target                     *target
}

// flexible is a FlexibleTimeWindow. It is kept and taken as OFF.
type flexible struct {
	Mode                   string
	MaximumWindowInMinutes *int `json:",omitempty"`
}

// scheduleRecord is a schedule as it is stored. Times are seconds, 0 for none.
type scheduleRecord struct {
	Group       string    `json:"group"`
	Name        string    `json:"name"`
	Expression  string    `json:"expression"`
	Zone        string    `json:"zone"`
	Start       int64     `json:"start,omitempty"`
	End         int64     `json:"end,omitempty"`
	State       string    `json:"state"`
	Description string    `json:"description,omitempty"`
	Key         string    `json:"key,omitempty"`
	Completion  string    `json:"completion"`
	Flexible    *flexible `json:"flexible"`
	Target      *target   `json:"target"`
	Created     int64     `json:"created"`
	Modified    int64     `json:"modified"`
	Token       string    `json:"token,omitempty"`
	// Begun is what a rate counts from, Next when the schedule is due.
	Begun int64 `json:"begun"`
	Next  int64 `json:"next,omitempty"`
}

// schedule is a schedule as it stands; it is replaced as a whole.
type schedule struct {
	record scheduleRecord
	table  timetable.Table
	zone   *time.Location
}

func key(group, name string) string { return group + "/" + name }

func live(r scheduleRecord) (*schedule, error) {
	one := &schedule{record: r}
	var err error
	if one.table, err = timetable.ParseSchedule(r.Expression); err != nil {
		return nil, invalid("Invalid Schedule Expression %s.", err)
	}
	if one.zone, err = time.LoadLocation(r.Zone); err != nil || r.Zone == "Local" {
		return nil, invalid("Provided timezone %s is invalid.", r.Zone)
	}
	return one, nil
}

func (s *Service) scheduleNamed(group, name string) *schedule {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.schedules[key(group, name)]
}

func (s *Service) need(q *request) (*schedule, error) {
	if _, err := s.needGroup(q.group); err != nil {
		return nil, err
	}
	one := s.scheduleNamed(q.group, q.name)
	if one == nil {
		return nil, failure(http.StatusNotFound, "ResourceNotFoundException", "Schedule %s does not exist.", q.name)
	}
	return one, nil
}

// list gives the schedules that are wanted, by group and name.
func (s *Service) list(want func(*scheduleRecord) bool) []*schedule {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var list []*schedule
	for _, one := range s.schedules {
		if want(&one.record) {
			list = append(list, one)
		}
	}
	slices.SortFunc(list, func(a, b *schedule) int {
		return cmp.Or(strings.Compare(a.record.Group, b.record.Group), strings.Compare(a.record.Name, b.record.Name))
	})
	return list
}

// record makes a record of a request.
func (s *Service) record(ctx context.Context, q *request) (scheduleRecord, error) {
	r := scheduleRecord{
		Group: q.group, Name: q.name, Expression: q.ScheduleExpression, Zone: cmp.Or(q.ScheduleExpressionTimezone, "UTC"),
		State: cmp.Or(q.State, "ENABLED"), Description: q.Description, Key: q.KmsKeyArn, Completion: cmp.Or(q.ActionAfterCompletion, "NONE"),
		Flexible: q.FlexibleTimeWindow, Target: q.Target,
	}
	if q.StartDate != nil {
		r.Start = int64(*q.StartDate)
	}
	if q.EndDate != nil {
		r.End = int64(*q.EndDate)
	}
	if err := r.check(); err != nil {
		return r, err
	}
	if _, err := live(r); err != nil {
		return r, err
	}
	// AWS looks at the trust policy when the schedule is put.
	_, _, err := s.cfg.Roles.AssumeForService(ctx, session.ServiceRole{
		Principal: Principal, RoleARN: r.Target.RoleArn, SessionName: "check", SourceARN: s.groupARN(r.Group), Duration: time.Hour,
	})
	if err != nil {
		return r, invalid("The execution role you provide must allow AWS EventBridge Scheduler to assume the role.")
	}
	return r, nil
}

func (r *scheduleRecord) check() error {
	f := r.Flexible
	switch {
	case r.Expression == "":
		return constraint("null", "scheduleExpression", "Member must not be null")
	case f == nil:
		return constraint("null", "flexibleTimeWindow", "Member must not be null")
	case f.Mode != "OFF" && f.Mode != "FLEXIBLE":
		return constraint(f.Mode, "flexibleTimeWindow.mode", "Member must satisfy enum value set: [OFF, FLEXIBLE]")
	case (f.Mode == "FLEXIBLE") != (f.MaximumWindowInMinutes != nil), f.MaximumWindowInMinutes != nil && (*f.MaximumWindowInMinutes < 1 || *f.MaximumWindowInMinutes > 1440):
		return invalid("FlexibleTimeWindow.MaximumWindowInMinutes is between 1 and 1440 for the mode FLEXIBLE, and is not given for OFF.")
	case r.State != "ENABLED" && r.State != "DISABLED":
		return constraint(r.State, "state", "Member must satisfy enum value set: [ENABLED, DISABLED]")
	case r.Completion != "NONE" && r.Completion != "DELETE":
		return constraint(r.Completion, "actionAfterCompletion", "Member must satisfy enum value set: [NONE, DELETE]")
	case r.Start != 0 && r.End != 0 && r.End <= r.Start:
		return invalid("The EndDate you specify must come after the StartDate.")
	case len(r.Description) > 512:
		return constraint(r.Description, "description", "Member must have length less than or equal to 512")
	}
	return r.Target.check()
}

// begin lets a schedule count from now on. A rate without a start date is due
// at once (EventBridge Scheduler User Guide, "Schedule types").
func (s *Service) begin(r *scheduleRecord) error {
	one, err := live(*r)
	if err != nil {
		return err
	}
	now := s.cfg.Now().Truncate(time.Second)
	r.Begun = max(now.Unix(), r.Start)
	if one.table.Once() {
		r.Begun = now.Unix()
	}
	r.Next = one.next(time.Unix(r.Begun, 0).Add(-time.Second), r)
	return nil
}

// next gives when a schedule is due after a moment, 0 for never.
func (one *schedule) next(after time.Time, r *scheduleRecord) int64 {
	next, ok := one.table.Next(after, time.Unix(r.Begun, 0), one.zone)
	if !ok || r.End != 0 && next.Unix() > r.End && !one.table.Once() {
		return 0
	}
	return next.Unix()
}

// save stores a schedule and makes it the one that stands. The caller holds s.changes.
func (s *Service) save(r scheduleRecord) error {
	one, err := live(r)
	if err != nil {
		return err
	}
	if err := s.put("schedules", key(r.Group, r.Name), r); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.schedules[key(r.Group, r.Name)] = one
	return nil
}

func (s *Service) createSchedule(ctx context.Context, q *request) (any, error) {
	s.changes.Lock()
	defer s.changes.Unlock()
	if _, err := s.needGroup(q.group); err != nil {
		return nil, err
	}
	answer := map[string]string{"ScheduleArn": s.scheduleARN(q.group, q.name)}
	if there := s.scheduleNamed(q.group, q.name); there != nil {
		if q.ClientToken != "" && q.ClientToken == there.record.Token {
			return answer, nil
		}
		return nil, failure(http.StatusConflict, "ConflictException", "Schedule %s already exists.", q.name)
	}
	r, err := s.record(ctx, q)
	if err != nil {
		return nil, err
	}
	r.Created, r.Token = s.cfg.Now().Unix(), q.ClientToken
	r.Modified = r.Created
	if err := s.begin(&r); err != nil {
		return nil, err
	}
	s.tell(&r)
	return answer, s.save(r)
}

// updateSchedule replaces all that a schedule is. It counts anew only when its
// times are others.
func (s *Service) updateSchedule(ctx context.Context, q *request) (any, error) {
	s.changes.Lock()
	defer s.changes.Unlock()
	there, err := s.need(q)
	if err != nil {
		return nil, err
	}
	old := there.record
	r, err := s.record(ctx, q)
	if err != nil {
		return nil, err
	}
	r.Created, r.Token, r.Modified, r.Begun, r.Next = old.Created, old.Token, s.cfg.Now().Unix(), old.Begun, old.Next
	if r.Expression != old.Expression || r.Zone != old.Zone || r.Start != old.Start || r.End != old.End || old.State == "DISABLED" {
		if err := s.begin(&r); err != nil {
			return nil, err
		}
	}
	s.tell(&r)
	return map[string]string{"ScheduleArn": s.scheduleARN(q.group, q.name)}, s.save(r)
}

func (s *Service) getSchedule(_ context.Context, q *request) (any, error) {
	one, err := s.need(q)
	if err != nil {
		return nil, err
	}
	r := one.record
	out := map[string]any{
		"Arn": s.scheduleARN(r.Group, r.Name), "Name": r.Name, "GroupName": r.Group, "ScheduleExpression": r.Expression, "ScheduleExpressionTimezone": r.Zone,
		"State": r.State, "ActionAfterCompletion": r.Completion, "FlexibleTimeWindow": r.Flexible, "Target": r.Target,
		"CreationDate": r.Created, "LastModificationDate": r.Modified,
	}
	for name, text := range map[string]string{"Description": r.Description, "KmsKeyArn": r.Key} {
		if text != "" {
			out[name] = text
		}
	}
	for name, at := range map[string]int64{"StartDate": r.Start, "EndDate": r.End} {
		if at != 0 {
			out[name] = at
		}
	}
	return out, nil
}

func (s *Service) deleteSchedule(_ context.Context, q *request) (any, error) {
	s.changes.Lock()
	defer s.changes.Unlock()
	if _, err := s.need(q); err != nil {
		return nil, err
	}
	return nil, s.drop(q.group, q.name)
}

// drop removes a schedule. The caller holds s.changes.
func (s *Service) drop(group, name string) error {
	err := s.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := tx.Bucket("scheduler", "schedules")
		if err != nil {
			return err
		}
		return b.Delete([]byte(key(group, name)))
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.schedules, key(group, name))
	return nil
}

func (s *Service) listSchedules(_ context.Context, q *request) (any, error) {
	group, state, prefix := q.query.Get("ScheduleGroup"), q.query.Get("State"), q.query.Get("NamePrefix")
	if group != "" {
		if _, err := s.needGroup(group); err != nil {
			return nil, err
		}
	}
	byKey, keys := map[string]*schedule{}, []string{}
	for _, one := range s.list(func(r *scheduleRecord) bool {
		return (group == "" || r.Group == group) && (state == "" || r.State == state) && strings.HasPrefix(r.Name, prefix)
	}) {
		k := key(one.record.Group, one.record.Name)
		byKey[k], keys = one, append(keys, k)
	}
	slices.Sort(keys)
	part, next, err := page(q, keys)
	if err != nil {
		return nil, err
	}
	list := []map[string]any{}
	for _, k := range part {
		r := byKey[k].record
		list = append(list, map[string]any{
			"Arn": s.scheduleARN(r.Group, r.Name), "Name": r.Name, "GroupName": r.Group, "State": r.State, "Target": map[string]string{"Arn": r.Target.Arn},
			"CreationDate": r.Created, "LastModificationDate": r.Modified,
		})
	}
	return withNext(map[string]any{"Schedules": list}, next), nil
}

func (s *Service) put(bucket, key string, v any) error {
	return s.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := tx.Bucket("scheduler", bucket)
		if err != nil {
			return err
		}
		return b.PutJSON(key, v)
	})
}

// load reads all groups and schedules.
func (s *Service) load() error {
	return s.cfg.DB.View(func(tx *store.Tx) error {
		err := store.Each(tx, []string{"scheduler", "groups"}, func(g groupRecord) error {
			s.groups[g.Name] = g
			return nil
		})
		if err != nil {
			return err
		}
		return store.Each(tx, []string{"scheduler", "schedules"}, func(r scheduleRecord) error {
			one, err := live(r)
			s.schedules[key(r.Group, r.Name)] = one
			return err
		})
	})
}
