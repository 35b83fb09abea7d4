package events

import (
	"context"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ/localcloud/events/pattern"
	"github.com/writ-dev/writ/localcloud/gate"
)

const maxRules = 300 // of one bus

var (
	ruleRule = regexp.MustCompile(`^[.\-_A-Za-z0-9]{1,64}$`)
	roleRule = regexp.MustCompile(`^arn:aws:iam::\d{12}:role/.+$`)
)

// The states of a rule. The last one also hears management events of CloudTrail,
// of which the local cloud has none.
const (
	enabled  = "ENABLED"
	disabled = "DISABLED"
	enabledT = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
)

func (s *Service) ruleARN(busName, name string) string {
	if busName == "default" {
		return s.arn("rule/" + name)
	}
	return s.arn("rule/" + busName + "/" + name)
}

func invalidPattern(err error) error {
	return gate.Errorf("InvalidEventPatternException", "Event pattern is not valid. Reason: %s", err)
}

// rulesOf gives the rules of a bus, by name.
func (s *Service) rulesOf(busName string) []*rule {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var list []*rule
	for _, r := range s.rules {
		if r.record.Bus == busName {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b *rule) int { return strings.Compare(a.record.Name, b.record.Name) })
	return list
}

// putRule makes a rule, or replaces what one is; its targets stay, and its
// tags: those of the request are heeded for a new rule alone.
func (s *Service) putRule(_ context.Context, _ *gate.Call, q *request) (any, error) {
	busName, name, err := s.ruleOf(q)
	if err != nil {
		return nil, err
	}
	if err := checkRule(busName, q); err != nil {
		return nil, err
	}
	s.changes.Lock()
	defer s.changes.Unlock()
	if _, err := s.needBus(busName); err != nil {
		return nil, err
	}
	r := ruleRecord{Bus: busName, Name: name}
	there := s.rule(busName, name)
	switch {
	case there != nil:
		r = there.record
	case len(s.rulesOf(busName)) >= maxRules:
		return nil, gate.Errorf("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
	default:
		if r.Tags, err = checkTags(nil, q.Tags); err != nil {
			return nil, err
		}
	}
	anew := r.Schedule != q.ScheduleExpression || r.State == disabled
	r.Pattern, r.Schedule, r.State, r.Description, r.Role = q.EventPattern, q.ScheduleExpression, q.State, q.Description, q.RoleArn
	if r.State == "" {
		r.State = enabled
	}
	if anew {
		s.begin(&r)
	}
	return map[string]string{"RuleArn": s.ruleARN(busName, name)}, s.saveRule(r)
}

func checkRule(busName string, q *request) error {
	switch {
	case q.EventPattern == "" && q.ScheduleExpression == "":
		return invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.")
	case q.ScheduleExpression != "" && busName != "default":
		return invalid("ScheduleExpression is supported only on the default event bus.")
	case q.State != "" && q.State != enabled && q.State != disabled && q.State != enabledT:
		return constraint(q.State, "state", "Member must satisfy enum value set: [ENABLED, DISABLED, ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS]")
	case len(q.Description) > 512:
		return constraint(q.Description, "description", "Member must have length less than or equal to 512")
	case q.RoleArn != "" && !roleRule.MatchString(q.RoleArn):
		return invalid("RoleArn %s is not a role.", q.RoleArn)
	}
	_, err := liveRule(ruleRecord{Pattern: q.EventPattern, Schedule: q.ScheduleExpression})
	return err
}

// begin lets a schedule count from now on.
func (s *Service) begin(r *ruleRecord) {
	now := s.cfg.Now().Truncate(time.Second)
	r.Begun, r.Next = now.Unix(), 0
	if one, err := liveRule(*r); err == nil && r.Schedule != "" {
		if next, ok := one.table.Next(now, now, time.UTC); ok {
			r.Next = next.Unix()
		}
	}
}

// changeRule edits a copy of a rule's record and saves it.
func (s *Service) changeRule(q *request, edit func(*ruleRecord) error) error {
	busName, name, err := s.ruleOf(q)
	if err != nil {
		return err
	}
	s.changes.Lock()
	defer s.changes.Unlock()
	there, err := s.needRule(busName, name)
	if err != nil {
		return err
	}
	r := there.record
	r.Tags, r.Targets = maps.Clone(r.Tags), slices.Clone(r.Targets)
	if err := edit(&r); err != nil {
		return err
	}
	return s.saveRule(r)
}

func (s *Service) enableRule(_ context.Context, _ *gate.Call, q *request) (any, error) {
	return nil, s.changeRule(q, func(r *ruleRecord) error {
		if r.State == disabled {
			r.State = enabled
			s.begin(r)
		}
		return nil
	})
}

func (s *Service) disableRule(_ context.Context, _ *gate.Call, q *request) (any, error) {
	return nil, s.changeRule(q, func(r *ruleRecord) error {
		r.State = disabled
		return nil
	})
}

// deleteRule removes a rule without targets; one that is gone is no error.
func (s *Service) deleteRule(_ context.Context, _ *gate.Call, q *request) (any, error) {
	busName, name, err := s.ruleOf(q)
	if err != nil {
		return nil, err
	}
	s.changes.Lock()
	defer s.changes.Unlock()
	if _, err := s.needBus(busName); err != nil {
		return nil, err
	}
	r := s.rule(busName, name)
	switch {
	case r == nil:
		return nil, nil
	case len(r.record.Targets) > 0:
		return nil, invalid("Rule can't be deleted since it has targets.")
	}
	if err := s.remove("rules", ruleKey(busName, name)); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.rules, ruleKey(busName, name))
	return nil, nil
}

// ruleView is a rule as it is shown.
type ruleView struct {
	Name, Arn, EventBusName, State string
	EventPattern                   string `json:",omitempty"`
	ScheduleExpression             string `json:",omitempty"`
	Description                    string `json:",omitempty"`
	RoleArn                        string `json:",omitempty"`
	CreatedBy                      string `json:",omitempty"`
}

func (s *Service) viewRule(r *ruleRecord) ruleView {
	return ruleView{
		Name: r.Name, Arn: s.ruleARN(r.Bus, r.Name), EventBusName: r.Bus, State: r.State, EventPattern: r.Pattern,
		ScheduleExpression: r.Schedule, Description: r.Description, RoleArn: r.Role,
	}
}

func (s *Service) describeRule(_ context.Context, _ *gate.Call, q *request) (any, error) {
	busName, name, err := s.ruleOf(q)
	if err != nil {
		return nil, err
	}
	r, err := s.needRule(busName, name)
	if err != nil {
		return nil, err
	}
	view := s.viewRule(&r.record)
	view.CreatedBy = s.cfg.Account
	return view, nil
}

// chosen gives the names of a bus's rules, as a list request wants them.
func (s *Service) chosen(q *request, want func(*rule) bool) (busName string, part []string, next string, err error) {
	if busName, err = s.busName(q.EventBusName); err != nil {
		return "", nil, "", err
	}
	if _, err = s.needBus(busName); err != nil {
		return "", nil, "", err
	}
	var names []string
	for _, r := range s.rulesOf(busName) {
		if want(r) {
			names = append(names, r.record.Name)
		}
	}
	part, next, err = page(q, names)
	return busName, part, next, err
}

func (s *Service) listRules(_ context.Context, _ *gate.Call, q *request) (any, error) {
	busName, part, next, err := s.chosen(q, func(r *rule) bool { return strings.HasPrefix(r.record.Name, q.NamePrefix) })
	if err != nil {
		return nil, err
	}
	list := []ruleView{}
	for _, name := range part {
		if r := s.rule(busName, name); r != nil {
			list = append(list, s.viewRule(&r.record))
		}
	}
	return withNext(map[string]any{"Rules": list}, next), nil
}

func (s *Service) listRuleNames(_ context.Context, _ *gate.Call, q *request) (any, error) {
	_, part, next, err := s.chosen(q, func(r *rule) bool {
		return slices.ContainsFunc(r.record.Targets, func(t target) bool { return t.Arn == q.TargetArn })
	})
	if err != nil {
		return nil, err
	}
	return withNext(map[string]any{"RuleNames": append([]string{}, part...)}, next), nil
}

// testPattern says whether an event matches; the event must have what every
// event has.
func (s *Service) testPattern(_ context.Context, _ *gate.Call, q *request) (any, error) {
	p, err := pattern.Parse([]byte(q.EventPattern))
	if err != nil {
		return nil, invalidPattern(err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(q.Event), &fields); err != nil {
		return nil, invalid("Parameter Event is not valid.")
	}
	for _, name := range []string{"id", "account", "source", "time", "region", "resources", "detail-type"} {
		if _, ok := fields[name]; !ok {
			return nil, invalid("Parameter Event is not valid. Reason: the field %s is missing.", name)
		}
	}
	matches, err := p.MatchJSON([]byte(q.Event))
	if err != nil {
		return nil, invalid("Parameter Event is not valid.")
	}
	return map[string]bool{"Result": matches}, nil
}
