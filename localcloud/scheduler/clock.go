package scheduler

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/writ-dev/writ/localcloud/delivery"
)

// run looks at the clock until the service is closed.
func (s *Service) run() {
	ticker := time.NewTicker(s.cfg.Every)
	defer ticker.Stop()
	for {
		s.Tick()
		select {
		case <-ticker.C:
		case <-s.stop:
			return
		}
	}
}

// Tick runs the schedules that are due by the configured clock; the service
// calls it by itself. What was missed while the cloud stood still happens once.
func (s *Service) Tick() {
	now := s.cfg.Now()
	for _, one := range s.list(func(r *scheduleRecord) bool { return r.due(now) }) {
		if err := s.fire(one.record.Group, one.record.Name, now); err != nil {
			s.cfg.Log.Warn("a schedule could not be run", "schedule", s.scheduleARN(one.record.Group, one.record.Name), "error", err.Error())
		}
	}
}

func (r *scheduleRecord) due(now time.Time) bool {
	return r.State == "ENABLED" && r.Next != 0 && r.Next <= now.Unix()
}

// fire sends the call of a schedule that is due, and notes when the next one
// is. One that has no next is complete.
func (s *Service) fire(group, name string, now time.Time) error {
	s.changes.Lock()
	defer s.changes.Unlock()
	one := s.scheduleNamed(group, name)
	if one == nil || !one.record.due(now) {
		return nil // changed meanwhile
	}
	r := one.record
	letter, err := s.letter(&r)
	if err != nil {
		return err
	}
	r.Next = one.next(now, &r)
	if r.Next == 0 && r.Completion == "DELETE" {
		err = s.drop(group, name)
	} else {
		err = s.save(r)
	}
	if err != nil {
		return err
	}
	if !delivery.Reaches(r.Target.Arn) {
		s.cfg.Log.Warn("a schedule is due, but the local cloud does not run its target", "schedule", s.scheduleARN(group, name), "target", r.Target.Arn)
		return nil
	}
	return s.post.Send(letter)
}

// attemptMark stands in an input for the number of the attempt.
const attemptMark = "<aws.scheduler.attempt-number>"

// letter is the call of a schedule that is due.
func (s *Service) letter(r *scheduleRecord) (delivery.Letter, error) {
	arn, t := s.scheduleARN(r.Group, r.Name), r.Target
	execution, err := s.uuid()
	if err != nil {
		return delivery.Letter{}, err
	}
	at := time.Unix(r.Next, 0).UTC().Format(time.RFC3339)
	body := t.Input
	if body == "" {
		raw, err := json.Marshal(map[string]any{
			"version": "0", "id": execution, "detail-type": "Scheduled Event", "source": "aws.scheduler", "account": s.cfg.Account,
			"time": at, "region": s.cfg.Region, "resources": []string{arn}, "detail": "{}",
		})
		if err != nil {
			return delivery.Letter{}, err
		}
		body = string(raw)
	}
	body = strings.NewReplacer("<aws.scheduler.schedule-arn>", arn, "<aws.scheduler.scheduled-time>", at, "<aws.scheduler.execution-id>", execution).Replace(body)
	from := delivery.Sender{Service: Principal, Source: s.groupARN(r.Group), Role: t.RoleArn}
	l := delivery.Letter{
		From: from, DeadFrom: from, To: t.Arn, Body: body, AttemptMark: attemptMark, Retries: usualRetries, Until: s.cfg.Now().Add(longestAge * time.Second),
		About: map[string]string{"SCHEDULE_ARN": arn, "TARGET_ARN": t.Arn, "EXECUTION_ID": execution, "IS_PAYLOAD_TRUNCATED": "false"},
	}
	if t.SqsParameters != nil {
		l.Group = t.SqsParameters.MessageGroupID
	}
	if t.DeadLetterConfig != nil {
		l.Dead = t.DeadLetterConfig.Arn
	}
	if p := t.EventBridgeParameters; p != nil {
		l.BusSource, l.BusType = p.Source, p.DetailType
	}
	if p := t.RetryPolicy; p != nil && p.MaximumRetryAttempts != nil {
		l.Retries = *p.MaximumRetryAttempts
	}
	if p := t.RetryPolicy; p != nil && p.MaximumEventAgeInSeconds != nil {
		l.Until = s.cfg.Now().Add(time.Duration(*p.MaximumEventAgeInSeconds) * time.Second)
	}
	return l, nil
}
