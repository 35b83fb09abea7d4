package events

import (
	"encoding/json"
	"time"
)

// run looks at the rules with a schedule until the service is closed.
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

// Tick runs the rules whose schedule is due by the configured clock; the
// service calls it by itself. What was missed while the cloud stood still
// happens once.
func (s *Service) Tick() {
	now := s.cfg.Now()
	for _, r := range s.rulesOf("default") {
		if r.record.Schedule != "" && r.record.State != disabled && r.record.Next > 0 && r.record.Next <= now.Unix() {
			if err := s.due(r.record.Name, now); err != nil {
				s.cfg.Log.Warn("a rule with a schedule could not be run", "rule", r.record.Name, "error", err.Error())
			}
		}
	}
}

// due sends the event of a rule's schedule, and notes when the next one is.
func (s *Service) due(name string, now time.Time) error {
	s.changes.Lock()
	defer s.changes.Unlock()
	one := s.rule("default", name)
	if one == nil || one.record.Next == 0 || one.record.Next > now.Unix() || one.record.State == disabled {
		return nil // changed meanwhile
	}
	id, err := s.uuid()
	if err != nil {
		return err
	}
	r := one.record
	ev, err := s.happen(envelope{
		ID: id, DetailType: "Scheduled Event", Source: "aws.events", Time: time.Unix(r.Next, 0).UTC().Format(time.RFC3339),
		Resources: []string{s.ruleARN(r.Bus, r.Name)}, Detail: json.RawMessage("{}"),
	})
	if err != nil {
		return err
	}
	letters := s.lettersOf(&r, ev)
	r.Next = 0
	if next, ok := one.table.Next(now, time.Unix(r.Begun, 0), time.UTC); ok {
		r.Next = next.Unix()
	}
	if err := s.saveRule(r); err != nil {
		return err
	}
	return s.post.Send(letters...)
}
