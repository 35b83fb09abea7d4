package secretsmanager

import (
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ/localcloud/gate"
)

const maxPolicy = 20480

// deleteSecret marks a secret for deletion, or removes it at once.
func (s *Service) deleteSecret(q *request) (any, error) {
	days := 30
	switch {
	case q.ForceDeleteWithoutRecovery && q.RecoveryWindowInDays != nil:
		return nil, invalidParameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
	case q.RecoveryWindowInDays != nil:
		if days = *q.RecoveryWindowInDays; days < 7 || days > 30 {
			return nil, invalidParameter("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
		}
	}
	answer := func(r *record, at time.Time) any {
		return map[string]any{"ARN": r.ARN, "Name": r.Name, "DeletionDate": seconds(at)}
	}
	now := s.cfg.Now()
	if q.ForceDeleteWithoutRecovery {
		s.changes.Lock()
		defer s.changes.Unlock()
		found, err := s.need(q, true)
		if err != nil {
			return nil, err
		}
		return answer(&found.record, now), s.remove(found.record.Name)
	}
	r, err := s.change(q, true, func(r *record) error {
		if r.Deleted.IsZero() {
			r.Deleted, r.Ends = now, now.AddDate(0, 0, days)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return answer(&r, r.Ends), nil
}

func (s *Service) restoreSecret(q *request) (any, error) {
	r, err := s.change(q, true, func(r *record) error {
		r.Deleted, r.Ends = time.Time{}, time.Time{}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return versionAnswer{ARN: r.ARN, Name: r.Name}, nil
}

// describe gives what there is to know of a secret but its values.
func (r *record) describe(versions string) map[string]any {
	out := map[string]any{"ARN": r.ARN, "Name": r.Name, "CreatedDate": seconds(r.Created), "LastChangedDate": seconds(r.Changed), "Tags": tagList(r.Tags)}
	if r.Description != "" {
		out["Description"] = r.Description
	}
	if r.KmsKeyID != "" {
		out["KmsKeyId"] = r.KmsKeyID
	}
	if !r.Accessed.IsZero() {
		out["LastAccessedDate"] = seconds(r.Accessed)
	}
	if !r.Deleted.IsZero() {
		out["DeletedDate"] = seconds(r.Deleted)
	}
	stages := map[string][]string{}
	for id, v := range r.Versions {
		if len(v.Stages) > 0 {
			stages[id] = v.Stages
		}
	}
	if len(stages) > 0 {
		out[versions] = stages
	}
	return out
}

func tagList(tags map[string]string) []tag {
	list := []tag{}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, tag{k, tags[k]})
	}
	return list
}

func (s *Service) describeSecret(q *request) (any, error) {
	found, err := s.need(q, true)
	if err != nil {
		return nil, err
	}
	return found.record.describe("VersionIdsToStages"), nil
}

// filter chooses secrets: one of the values must match, and "!" before a value
// turns it round.
type filter struct {
	Key    string
	Values []string
}

var filterKeys = []string{"all", "description", "name", "owning-service", "primary-region", "tag-key", "tag-value"}

func (f *filter) match(r *record) bool {
	for _, want := range f.Values {
		want, not := strings.CutPrefix(want, "!")
		if f.one(r, want) != not {
			return true
		}
	}
	return false
}

func (f *filter) one(r *record, want string) bool {
	prefix := func(text string) bool { return strings.HasPrefix(text, want) }
	key := func(k string) bool { return f.Key != "tag-value" && prefix(k) }
	val := func(k string) bool { return f.Key != "tag-key" && prefix(r.Tags[k]) }
	inTags := slices.ContainsFunc(slices.Collect(maps.Keys(r.Tags)), func(k string) bool { return key(k) || val(k) })
	switch f.Key {
	case "name":
		return prefix(r.Name)
	case "description":
		return prefix(r.Description)
	case "tag-key", "tag-value":
		return inTags
	case "all":
		return inTags || prefix(r.Name) || prefix(r.Description)
	}
	return false
}

func (s *Service) listSecrets(q *request) (any, error) {
	limit := 100
	if q.MaxResults != nil {
		if limit = *q.MaxResults; limit < 1 || limit > 100 {
			return nil, gate.Errorf("ValidationException", "1 validation error detected: Value '%d' at 'maxResults' failed to satisfy constraint: Member must have value between 1 and 100", limit)
		}
	}
	for _, f := range q.Filters {
		if !slices.Contains(filterKeys, f.Key) || len(f.Values) == 0 {
			return nil, gate.Errorf("ValidationException", "1 validation error detected: Value '%s' at 'filters.1.member.key' failed to satisfy constraint: Member must satisfy enum value set: [%s]", f.Key, strings.Join(filterKeys, ", "))
		}
	}
	after, err := base64.RawURLEncoding.DecodeString(q.NextToken)
	if err != nil {
		return nil, gate.Errorf("InvalidNextTokenException", "The NextToken value is invalid.")
	}
	s.mu.RLock()
	names := slices.Sorted(maps.Keys(s.secrets))
	s.mu.RUnlock()
	list, answer, last := []any{}, map[string]any{}, ""
	for _, name := range names {
		found := s.find(name)
		if name <= string(after) || found == nil || !found.record.Deleted.IsZero() && !q.IncludePlannedDeletion ||
			slices.ContainsFunc(q.Filters, func(f filter) bool { return !f.match(&found.record) }) {
			continue
		}
		if len(list) == limit {
			answer["NextToken"] = base64.RawURLEncoding.EncodeToString([]byte(last))
			break
		}
		list, last = append(list, found.record.describe("SecretVersionsToStages")), name
	}
	answer["SecretList"] = list
	return answer, nil
}

func (s *Service) listVersions(q *request) (any, error) {
	found, err := s.need(q, true)
	if err != nil {
		return nil, err
	}
	r := &found.record
	ids := slices.SortedFunc(maps.Keys(r.Versions), func(a, b string) int { return r.Versions[b].Created.Compare(r.Versions[a].Created) })
	list := []any{}
	for _, id := range ids {
		if v := r.Versions[id]; len(v.Stages) > 0 || q.IncludeDeprecated {
			list = append(list, map[string]any{"VersionId": id, "VersionStages": v.Stages, "CreatedDate": seconds(v.Created)})
		}
	}
	return map[string]any{"ARN": r.ARN, "Name": r.Name, "Versions": list}, nil
}

func (r *record) tag(list []tag) error {
	for _, t := range list {
		if t.Key == "" || len(t.Key) > 128 || len(t.Value) > 256 || strings.HasPrefix(strings.ToLower(t.Key), "aws:") {
			return invalidParameter("The tag key or value is not valid: %s", t.Key)
		}
		r.Tags[t.Key] = t.Value
	}
	if len(r.Tags) > 50 {
		return invalidParameter("The number of tags exceeds the limit of 50.")
	}
	return nil
}

func (s *Service) tagResource(q *request) (any, error) {
	_, err := s.change(q, false, func(r *record) error { return r.tag(q.Tags) })
	return nil, err
}

func (s *Service) untagResource(q *request) (any, error) {
	_, err := s.change(q, false, func(r *record) error {
		for _, k := range q.TagKeys {
			delete(r.Tags, k)
		}
		return nil
	})
	return nil, err
}

func (s *Service) putPolicy(q *request) (any, error) {
	switch {
	case q.ResourcePolicy == "" || len(q.ResourcePolicy) > maxPolicy:
		return nil, gate.Errorf("ValidationException", "1 validation error detected: Value at 'resourcePolicy' failed to satisfy constraint: Member must have length between 1 and %d", maxPolicy)
	case q.BlockPublicPolicy:
		return nil, invalidParameter("The local cloud does not know BlockPublicPolicy.")
	}
	r, err := s.change(q, false, func(r *record) error {
		r.Policy = q.ResourcePolicy
		return nil
	})
	if err != nil {
		return nil, err
	}
	return versionAnswer{ARN: r.ARN, Name: r.Name}, nil
}

func (s *Service) getPolicy(q *request) (any, error) {
	found, err := s.need(q, true)
	if err != nil {
		return nil, err
	}
	out := map[string]string{"ARN": found.record.ARN, "Name": found.record.Name}
	if found.record.Policy != "" {
		out["ResourcePolicy"] = found.record.Policy
	}
	return out, nil
}

func (s *Service) deletePolicy(q *request) (any, error) {
	r, err := s.change(q, false, func(r *record) error {
		r.Policy = ""
		return nil
	})
	if err != nil {
		return nil, err
	}
	return versionAnswer{ARN: r.ARN, Name: r.Name}, nil
}
