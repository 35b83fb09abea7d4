package events

import (
	"context"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/writ-dev/writ/localcloud/gate"
)

// checkTags adds tags to those that there are.
func checkTags(there map[string]string, list []tag) (map[string]string, error) {
	all := maps.Clone(there)
	if all == nil {
		all = map[string]string{}
	}
	for _, t := range list {
		switch {
		case t.Key == "" || utf8.RuneCountInString(t.Key) > 128 || strings.HasPrefix(strings.ToLower(t.Key), "aws:"):
			return nil, invalid("Tag key %q is not valid.", t.Key)
		case utf8.RuneCountInString(t.Value) > 256:
			return nil, invalid("The value of tag %s is not valid.", t.Key)
		}
		all[t.Key] = t.Value
	}
	if len(all) > maxTags {
		return nil, gate.Errorf("LimitExceededException", "A resource has at most %d tags.", maxTags)
	}
	return all, nil
}

// changeTags edits the tags of the bus or the rule of an ARN.
func (s *Service) changeTags(arn string, edit func(map[string]string) (map[string]string, error)) error {
	busName, name, err := s.parseARN(arn)
	if err != nil {
		return err
	}
	if name == "" {
		_, err := s.changeBus(busName, func(r *busRecord) (err error) {
			r.Tags, err = edit(r.Tags)
			return err
		})
		return err
	}
	return s.changeRule(&request{Name: name, EventBusName: busName}, func(r *ruleRecord) (err error) {
		r.Tags, err = edit(r.Tags)
		return err
	})
}

func (s *Service) tagResource(_ context.Context, _ *gate.Call, q *request) (any, error) {
	return nil, s.changeTags(q.ResourceARN, func(all map[string]string) (map[string]string, error) { return checkTags(all, q.Tags) })
}

func (s *Service) untagResource(_ context.Context, _ *gate.Call, q *request) (any, error) {
	return nil, s.changeTags(q.ResourceARN, func(all map[string]string) (map[string]string, error) {
		for _, key := range q.TagKeys {
			delete(all, key)
		}
		return all, nil
	})
}

func (s *Service) listTags(_ context.Context, _ *gate.Call, q *request) (any, error) {
	busName, name, err := s.parseARN(q.ResourceARN)
	if err != nil {
		return nil, err
	}
	var all map[string]string
	if name == "" {
		b, err := s.needBus(busName)
		if err != nil {
			return nil, err
		}
		all = b.record.Tags
	} else {
		r, err := s.needRule(busName, name)
		if err != nil {
			return nil, err
		}
		all = r.record.Tags
	}
	list := []tag{}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		list = append(list, tag{key, all[key]})
	}
	return map[string]any{"Tags": list}, nil
}
