package scheduler

import (
	"context"
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/writ-dev/writ/localcloud/store"
)

const (
	maxGroups = 500 // "EventBridge Scheduler quotas"
	maxTags   = 50
)

// groupRecord is a schedule group as it is stored. The group "default" is
// always there.
type groupRecord struct {
	Name     string            `json:"name"`
	Tags     map[string]string `json:"tags,omitempty"`
	Created  int64             `json:"created"` // seconds
	Modified int64             `json:"modified"`
	Token    string            `json:"token,omitempty"`
}

func (s *Service) groupNamed(name string) (groupRecord, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	g, ok := s.groups[name]
	if !ok && name == "default" {
		return groupRecord{Name: name}, true
	}
	return g, ok
}

func (s *Service) needGroup(name string) (groupRecord, error) {
	g, ok := s.groupNamed(name)
	if !ok {
		return g, failure(http.StatusNotFound, "ResourceNotFoundException", "Schedule group %s does not exist.", name)
	}
	return g, nil
}

// saveGroup stores a group and makes it the one that stands. The caller holds s.changes.
func (s *Service) saveGroup(g groupRecord) error {
	if err := s.put("groups", g.Name, g); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups[g.Name] = g
	return nil
}

func (s *Service) createGroup(_ context.Context, q *request) (any, error) {
	tags, err := addTags(nil, q.Tags)
	if err != nil {
		return nil, err
	}
	s.changes.Lock()
	defer s.changes.Unlock()
	answer := map[string]string{"ScheduleGroupArn": s.groupARN(q.name)}
	if there, ok := s.groupNamed(q.name); ok {
		if q.ClientToken != "" && q.ClientToken == there.Token {
			return answer, nil
		}
		return nil, failure(http.StatusConflict, "ConflictException", "Schedule group %s already exists.", q.name)
	}
	s.mu.RLock()
	full := len(s.groups) >= maxGroups
	s.mu.RUnlock()
	if full {
		return nil, failure(http.StatusPaymentRequired, "ServiceQuotaExceededException", "There are at most %d schedule groups.", maxGroups)
	}
	now := s.cfg.Now().Unix()
	return answer, s.saveGroup(groupRecord{Name: q.name, Tags: tags, Created: now, Modified: now, Token: q.ClientToken})
}

func (s *Service) viewGroup(g groupRecord) map[string]any {
	return map[string]any{"Arn": s.groupARN(g.Name), "Name": g.Name, "State": "ACTIVE", "CreationDate": g.Created, "LastModificationDate": g.Modified}
}

func (s *Service) getGroup(_ context.Context, q *request) (any, error) {
	g, err := s.needGroup(q.name)
	if err != nil {
		return nil, err
	}
	return s.viewGroup(g), nil
}

// deleteGroup removes a group with its schedules.
func (s *Service) deleteGroup(_ context.Context, q *request) (any, error) {
	if q.name == "default" {
		return nil, invalid("The default schedule group cannot be deleted.")
	}
	s.changes.Lock()
	defer s.changes.Unlock()
	if _, err := s.needGroup(q.name); err != nil {
		return nil, err
	}
	list := s.list(func(r *scheduleRecord) bool { return r.Group == q.name })
	err := s.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := tx.Bucket("scheduler", "schedules")
		if err != nil {
			return err
		}
		for _, one := range list {
			if err := b.Delete([]byte(key(q.name, one.record.Name))); err != nil {
				return err
			}
		}
		if b, err = tx.Bucket("scheduler", "groups"); err != nil {
			return err
		}
		return b.Delete([]byte(q.name))
	})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range list {
		delete(s.schedules, key(q.name, one.record.Name))
	}
	delete(s.groups, q.name)
	return nil, nil
}

func (s *Service) listGroups(_ context.Context, q *request) (any, error) {
	s.mu.RLock()
	names := slices.Collect(maps.Keys(s.groups))
	s.mu.RUnlock()
	names = append(names, "default")
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(name string) bool { return !strings.HasPrefix(name, q.query.Get("NamePrefix")) })
	part, next, err := page(q, names)
	if err != nil {
		return nil, err
	}
	list := []map[string]any{}
	for _, name := range part {
		if g, ok := s.groupNamed(name); ok {
			list = append(list, s.viewGroup(g))
		}
	}
	return withNext(map[string]any{"ScheduleGroups": list}, next), nil
}

// page cuts a sorted list of names.
func page(q *request, names []string) (part []string, next string, err error) {
	limit := 100
	if text := q.query.Get("MaxResults"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > 100 {
			return nil, "", constraint(text, "maxResults", "Member must have value between 1 and 100")
		}
	}
	if token := q.query.Get("NextToken"); token != "" {
		after, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil {
			return nil, "", invalid("Invalid NextToken.")
		}
		i, found := slices.BinarySearch(names, string(after))
		if found {
			i++
		}
		names = names[i:]
	}
	if len(names) <= limit {
		return names, "", nil
	}
	return names[:limit], base64.RawURLEncoding.EncodeToString([]byte(names[limit-1])), nil
}

func withNext(out map[string]any, next string) map[string]any {
	if next != "" {
		out["NextToken"] = next
	}
	return out
}

func addTags(there map[string]string, list []tag) (map[string]string, error) {
	all := maps.Clone(there)
	if all == nil {
		all = map[string]string{}
	}
	for _, t := range list {
		if t.Key == "" || utf8.RuneCountInString(t.Key) > 128 || strings.HasPrefix(strings.ToLower(t.Key), "aws:") || utf8.RuneCountInString(t.Value) > 256 {
			return nil, invalid("The tag %q is not valid.", t.Key)
		}
		all[t.Key] = t.Value
	}
	if len(all) > maxTags {
		return nil, invalid("A schedule group has at most %d tags.", maxTags)
	}
	return all, nil
}

// changeTags edits the tags of the group that a request names.
func (s *Service) changeTags(q *request, edit func(map[string]string) (map[string]string, error)) error {
	name, err := s.groupOf(q.arn)
	if err != nil {
		return err
	}
	s.changes.Lock()
	defer s.changes.Unlock()
	g, err := s.needGroup(name)
	if err != nil {
		return err
	}
	if g.Tags, err = edit(maps.Clone(g.Tags)); err != nil {
		return err
	}
	return s.saveGroup(g)
}

func (s *Service) tagResource(_ context.Context, q *request) (any, error) {
	return nil, s.changeTags(q, func(all map[string]string) (map[string]string, error) { return addTags(all, q.Tags) })
}

func (s *Service) untagResource(_ context.Context, q *request) (any, error) {
	return nil, s.changeTags(q, func(all map[string]string) (map[string]string, error) {
		for _, key := range q.query["TagKeys"] {
			delete(all, key)
		}
		return all, nil
	})
}

func (s *Service) listTags(_ context.Context, q *request) (any, error) {
	name, err := s.groupOf(q.arn)
	if err != nil {
		return nil, err
	}
	g, err := s.needGroup(name)
	if err != nil {
		return nil, err
	}
	list := []tag{}
	for _, key := range slices.Sorted(maps.Keys(g.Tags)) {
		list = append(list, tag{key, g.Tags[key]})
	}
	return map[string]any{"Tags": list}, nil
}
