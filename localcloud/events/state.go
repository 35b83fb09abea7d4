package events

import (
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/events/pattern"
	"github.com/writ-dev/writ/localcloud/store"
	"github.com/writ-dev/writ/localcloud/timetable"
)

// busRecord is a bus as it is stored; the default bus is stored once it has a
// policy, tags or settings.
type busRecord struct {
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	Key         string            `json:"key,omitempty"`
	Policy      string            `json:"policy,omitempty"`
	Dead        string            `json:"dead,omitempty"`
	Tags        map[string]string `json:"tags,omitempty"`
	Created     int64             `json:"created"` // seconds
	Modified    int64             `json:"modified"`
}

// ruleRecord is a rule as it is stored.
type ruleRecord struct {
	Bus         string            `json:"bus"`
	Name        string            `json:"name"`
	Pattern     string            `json:"pattern,omitempty"`
	Schedule    string            `json:"schedule,omitempty"`
	State       string            `json:"state"`
	Description string            `json:"description,omitempty"`
	Role        string            `json:"role,omitempty"`
	Tags        map[string]string `json:"tags,omitempty"`
	Targets     []target          `json:"targets,omitempty"`
	// Begun is what a rate counts from, Next when the schedule is due.
	Begun int64 `json:"begun,omitempty"`
	Next  int64 `json:"next,omitempty"`
}

// bus and rule are as they stand; they are replaced as a whole.
type bus struct {
	record busRecord
	policy *iam.Policy
}

type rule struct {
	record  ruleRecord
	pattern *pattern.Pattern // nil for none
	table   timetable.Table
}

func ruleKey(busName, name string) string { return busName + "\x00" + name }

func liveBus(r busRecord) (*bus, error) {
	b := &bus{record: r}
	if r.Policy == "" {
		return b, nil
	}
	var err error
	b.policy, err = iam.Load([]byte(r.Policy), iam.Origin{Type: iam.TypeResource, Name: "policy of event bus " + r.Name})
	return b, err
}

func liveRule(r ruleRecord) (*rule, error) {
	one := &rule{record: r}
	var err error
	if r.Pattern != "" {
		if one.pattern, err = pattern.Parse([]byte(r.Pattern)); err != nil {
			return nil, invalidPattern(err)
		}
	}
	if r.Schedule != "" {
		if one.table, err = timetable.ParseRule(r.Schedule); err != nil {
			return nil, invalid("Parameter ScheduleExpression is not valid. %s", err)
		}
	}
	return one, nil
}

// bus finds a bus; the default one is always there.
func (s *Service) bus(name string) *bus {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if b, ok := s.buses[name]; ok || name != "default" {
		return b
	}
	return &bus{record: busRecord{Name: name}}
}

func (s *Service) rule(busName, name string) *rule {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.rules[ruleKey(busName, name)]
}

// needBus and needRule give AWS's error for what is not there.
func (s *Service) needBus(name string) (*bus, error) {
	if b := s.bus(name); b != nil {
		return b, nil
	}
	return nil, notFound("Event bus %s does not exist.", name)
}

func (s *Service) needRule(busName, name string) (*rule, error) {
	if _, err := s.needBus(busName); err != nil {
		return nil, err
	}
	if r := s.rule(busName, name); r != nil {
		return r, nil
	}
	return nil, notFound("Rule %s does not exist on EventBus %s.", name, busName)
}

// saveBus stores a bus and makes it the one that stands. The caller holds s.changes.
func (s *Service) saveBus(r busRecord) error {
	b, err := liveBus(r)
	if err != nil {
		return invalid("The policy document is not valid: %s", err)
	}
	if err := s.put("buses", r.Name, r); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buses[r.Name] = b
	return nil
}

// saveRule is saveBus for rules.
func (s *Service) saveRule(r ruleRecord) error {
	one, err := liveRule(r)
	if err != nil {
		return err
	}
	if err := s.put("rules", ruleKey(r.Bus, r.Name), r); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules[ruleKey(r.Bus, r.Name)] = one
	return nil
}

func (s *Service) put(bucket, key string, v any) error {
	return s.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := tx.Bucket("events", bucket)
		if err != nil {
			return err
		}
		return b.PutJSON(key, v)
	})
}

func (s *Service) remove(bucket, key string) error {
	return s.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := tx.Bucket("events", bucket)
		if err != nil {
			return err
		}
		return b.Delete([]byte(key))
	})
}

// load reads all buses and rules.
func (s *Service) load() error {
	return s.cfg.DB.View(func(tx *store.Tx) error {
		err := store.Each(tx, []string{"events", "buses"}, func(r busRecord) error {
			b, err := liveBus(r)
			s.buses[r.Name] = b
			return err
		})
		if err != nil {
			return err
		}
		return store.Each(tx, []string{"events", "rules"}, func(r ruleRecord) error {
			one, err := liveRule(r)
			s.rules[ruleKey(r.Bus, r.Name)] = one
			return err
		})
	})
}
