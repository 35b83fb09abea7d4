package logs

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// group is a log group as it is stored, by its name.
type group struct {
	Name      string            `json:"name"`
	Created   int64             `json:"created"` // epoch milliseconds, as all times of CloudWatch Logs
	Retention int               `json:"retention,omitempty"`
	Class     string            `json:"class"`
	KmsKeyID  string            `json:"kmsKeyId,omitempty"`
	Bytes     int64             `json:"bytes"`
	Tags      map[string]string `json:"tags,omitempty"`
}

var nameRule = regexp.MustCompile(`^[\.\-_/#A-Za-z0-9]{1,512}$`)

func groups(tx *store.Tx) (*store.Bucket, error) { return tx.Bucket("logs", "groups") }
func streamsOf(tx *store.Tx, group string) (*store.Bucket, error) {
	return tx.Bucket("logs", "streams", group)
}

// eventsOf holds a group's events in the order of their time; indexOf the same
// keys of one stream alone.
func eventsOf(tx *store.Tx, group string) (*store.Bucket, error) {
	return tx.Bucket("logs", "events", group)
}

func indexOf(tx *store.Tx, group, stream string) (*store.Bucket, error) {
	return tx.Bucket("logs", "index", group, stream)
}

// group reads one group.
func (s *Service) group(name string) (g group, err error) {
	err = s.cfg.DB.View(func(tx *store.Tx) error {
		g, err = readGroup(tx, name)
		return err
	})
	return g, err
}

func readGroup(tx *store.Tx, name string) (g group, err error) {
	if name == "" {
		return g, constraint("logGroupName", "", "Member must have length greater than or equal to 1")
	}
	b, err := groups(tx)
	if err != nil {
		return g, err
	}
	found, err := b.GetJSON(name, &g)
	if err == nil && !found {
		err = errNoGroup
	}
	return g, err
}

// changeGroup reads, edits and writes one group.
func (s *Service) changeGroup(name string, edit func(*group) error) error {
	return s.cfg.DB.Update(func(tx *store.Tx) error {
		g, err := readGroup(tx, name)
		if err != nil {
			return err
		}
		if err := edit(&g); err != nil {
			return err
		}
		b, err := groups(tx)
		if err != nil {
			return err
		}
		return b.PutJSON(name, g)
	})
}

func (s *Service) createGroup(_ *gate.Call, q *request) (any, error) {
	if !nameRule.MatchString(q.LogGroupName) {
		return nil, constraint("logGroupName", q.LogGroupName, `Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+`)
	}
	tags, err := q.tags()
	if err != nil {
		return nil, err
	}
	g := group{Name: q.LogGroupName, Created: s.cfg.Now().UnixMilli(), Class: q.LogGroupClass, KmsKeyID: q.KmsKeyID, Tags: tags}
	if g.Class == "" {
		g.Class = "STANDARD"
	}
	return nil, s.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := groups(tx)
		if err != nil {
			return err
		}
		if b.Get([]byte(g.Name)) != nil {
			return gate.Errorf("ResourceAlreadyExistsException", "The specified log group already exists")
		}
		return b.PutJSON(g.Name, g)
	})
}

func (s *Service) deleteGroup(_ *gate.Call, q *request) (any, error) {
	return nil, s.cfg.DB.Update(func(tx *store.Tx) error {
		if _, err := readGroup(tx, q.LogGroupName); err != nil {
			return err
		}
		b, err := groups(tx)
		if err != nil {
			return err
		}
		if err := b.Delete([]byte(q.LogGroupName)); err != nil {
			return err
		}
		for _, kind := range []string{"streams", "events", "index"} {
			if err := tx.DeleteBucket("logs", kind, q.LogGroupName); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) describeGroups(_ *gate.Call, q *request) (any, error) {
	limit, err := q.limit(50, 50)
	if err != nil {
		return nil, err
	}
	if q.LogGroupNamePrefix != "" && q.LogGroupNamePattern != "" {
		return nil, invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
	}
	list, next := []any{}, ""
	err = s.cfg.DB.View(func(tx *store.Tx) error {
		b, err := groups(tx)
		if err != nil {
			return err
		}
		c := b.Cursor()
		for k, v := c.Seek([]byte(max(q.NextToken, q.LogGroupNamePrefix, "\x00"))); k != nil; k, v = c.Next() {
			name := string(k)
			if !strings.HasPrefix(name, q.LogGroupNamePrefix) {
				break
			}
			if !strings.Contains(strings.ToLower(name), strings.ToLower(q.LogGroupNamePattern)) {
				continue
			}
			if len(list) == limit {
				next = name
				break
			}
			var g group
			if err := json.Unmarshal(v, &g); err != nil {
				return fmt.Errorf("decode log group %s: %w", name, err)
			}
			list = append(list, s.describeGroup(g))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return withToken(map[string]any{"logGroups": list}, next), nil
}

func (s *Service) describeGroup(g group) map[string]any {
	d := map[string]any{
		"logGroupName": g.Name, "arn": s.groupARN(g.Name) + ":*", "logGroupArn": s.groupARN(g.Name),
		"creationTime": g.Created, "metricFilterCount": 0, "storedBytes": g.Bytes, "logGroupClass": g.Class,
	}
	if g.Retention > 0 {
		d["retentionInDays"] = g.Retention
	}
	if g.KmsKeyID != "" {
		d["kmsKeyId"] = g.KmsKeyID
	}
	return d
}

func withToken(answer map[string]any, next string) map[string]any {
	if next != "" {
		answer["nextToken"] = next
	}
	return answer
}

// limit reads the member limit within 1 and most.
func (q *request) limit(otherwise, most int) (int, error) {
	switch {
	case q.Limit == nil:
		return otherwise, nil
	case *q.Limit < 1:
		return 0, constraint("limit", fmt.Sprint(*q.Limit), "Member must have value greater than or equal to 1")
	case *q.Limit > most:
		return 0, constraint("limit", fmt.Sprint(*q.Limit), fmt.Sprintf("Member must have value less than or equal to %d", most))
	}
	return *q.Limit, nil
}

func (s *Service) putRetention(_ *gate.Call, q *request) (any, error) {
	days := []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
	if q.RetentionInDays == nil || !slices.Contains(days, *q.RetentionInDays) {
		value := "null"
		if q.RetentionInDays != nil {
			value = fmt.Sprint(*q.RetentionInDays)
		}
		return nil, constraint("retentionInDays", value, "Member must satisfy enum value set: "+strings.ReplaceAll(fmt.Sprint(days), " ", ", "))
	}
	return nil, s.changeGroup(q.LogGroupName, func(g *group) error {
		g.Retention = *q.RetentionInDays
		return nil
	})
}

func (s *Service) deleteRetention(_ *gate.Call, q *request) (any, error) {
	return nil, s.changeGroup(q.LogGroupName, func(g *group) error {
		g.Retention = 0
		return nil
	})
}

// tags reads the member tags as a map; nil for a list of keys.
func (q *request) tags() (map[string]string, error) {
	if len(q.Tags) == 0 || q.Tags[0] != '{' {
		return nil, nil
	}
	var tags map[string]string
	if err := json.Unmarshal(q.Tags, &tags); err != nil {
		return nil, gate.Errorf("SerializationException", "The tags could not be read: %s", err)
	}
	for k, v := range tags {
		if k == "" || len(k) > 128 || len(v) > 256 {
			return nil, invalid("The tag key or value is not valid: %s", k)
		}
	}
	return tags, nil
}

// removedKeys gives the tag keys to remove.
func (q *request) removedKeys() []string {
	if len(q.Tags) == 0 || q.Tags[0] != '[' {
		return q.TagKeys
	}
	var keys []string
	if err := json.Unmarshal(q.Tags, &keys); err != nil {
		return nil // not a list of texts: nothing is removed
	}
	return keys
}

func (s *Service) tagResource(_ *gate.Call, q *request) (any, error) {
	tags, err := q.tags()
	if err != nil {
		return nil, err
	}
	return nil, s.changeGroup(q.LogGroupName, func(g *group) error {
		if g.Tags == nil {
			g.Tags = map[string]string{}
		}
		for k, v := range tags {
			g.Tags[k] = v
		}
		if len(g.Tags) > 50 {
			return gate.Errorf("TooManyTagsException", "A resource can have no more than 50 tags.")
		}
		return nil
	})
}

func (s *Service) untagResource(_ *gate.Call, q *request) (any, error) {
	return nil, s.changeGroup(q.LogGroupName, func(g *group) error {
		for _, k := range q.removedKeys() {
			delete(g.Tags, k)
		}
		return nil
	})
}

func (s *Service) listTags(_ *gate.Call, q *request) (any, error) {
	g, err := s.group(q.LogGroupName)
	if err != nil {
		return nil, err
	}
	if g.Tags == nil {
		g.Tags = map[string]string{}
	}
	return map[string]any{"tags": g.Tags}, nil
}

// tagContext gives the keys that a request with tags has.
func tagContext(tags map[string]string) iam.Context {
	if len(tags) == 0 {
		return nil
	}
	keys := iam.Context{}
	names := make([]string, 0, len(tags))
	for k, v := range tags {
		keys["aws:requesttag/"+iam.Key(k)] = iam.One(v)
		names = append(names, k)
	}
	keys["aws:tagkeys"] = iam.Many(names...)
	return keys
}
