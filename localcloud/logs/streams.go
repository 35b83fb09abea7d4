package logs

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// stream is a log stream as it is stored.
type stream struct {
	Name    string `json:"name"`
	Created int64  `json:"created"`
	First   int64  `json:"first,omitempty"`
	Last    int64  `json:"last,omitempty"`
	Ingest  int64  `json:"ingest,omitempty"`
	Bytes   int64  `json:"bytes,omitempty"`
}

func readStream(tx *store.Tx, group, name string) (st stream, err error) {
	if _, err := readGroup(tx, group); err != nil {
		return st, err
	}
	b, err := streamsOf(tx, group)
	if err != nil {
		return st, err
	}
	found, err := b.GetJSON(name, &st)
	if err == nil && !found {
		err = errNoStream
	}
	return st, err
}

func (s *Service) createStream(_ *gate.Call, q *request) (any, error) {
	if q.LogStreamName == "" || len(q.LogStreamName) > 512 || strings.ContainsAny(q.LogStreamName, ":*") {
		return nil, constraint("logStreamName", q.LogStreamName, "Member must satisfy regular expression pattern: [^:*]*")
	}
	return nil, s.cfg.DB.Update(func(tx *store.Tx) error {
		_, err := readStream(tx, q.LogGroupName, q.LogStreamName)
		if err == nil {
			return gate.Errorf("ResourceAlreadyExistsException", "The specified log stream already exists")
		}
		if !errors.Is(err, errNoStream) {
			return err
		}
		b, err := streamsOf(tx, q.LogGroupName)
		if err != nil {
			return err
		}
		return b.PutJSON(q.LogStreamName, stream{Name: q.LogStreamName, Created: s.cfg.Now().UnixMilli()})
	})
}

func (s *Service) deleteStream(_ *gate.Call, q *request) (any, error) {
	return nil, s.cfg.DB.Update(func(tx *store.Tx) error {
		if _, err := readStream(tx, q.LogGroupName, q.LogStreamName); err != nil {
			return err
		}
		index, err := indexOf(tx, q.LogGroupName, q.LogStreamName)
		if err != nil {
			return err
		}
		events, err := eventsOf(tx, q.LogGroupName)
		if err != nil {
			return err
		}
		c := index.Cursor()
		for k, _ := c.First(); k != nil; k, _ = c.Next() {
			if err := events.Delete(k); err != nil {
				return err
			}
		}
		if err := tx.DeleteBucket("logs", "index", q.LogGroupName, q.LogStreamName); err != nil {
			return err
		}
		b, err := streamsOf(tx, q.LogGroupName)
		if err != nil {
			return err
		}
		return b.Delete([]byte(q.LogStreamName))
	})
}

func (s *Service) describeStreams(_ *gate.Call, q *request) (any, error) {
	limit, err := q.limit(50, 50)
	if err != nil {
		return nil, err
	}
	byTime := q.OrderBy == "LastEventTime"
	if byTime && q.LogStreamNamePrefix != "" {
		return nil, invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	all, err := s.streams(q.LogGroupName, q.LogStreamNamePrefix)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b stream) int {
		order := 0
		if byTime {
			order = cmp.Compare(a.Last, b.Last)
		}
		if order == 0 {
			order = strings.Compare(a.Name, b.Name)
		}
		if q.Descending {
			return -order
		}
		return order
	})
	from := 0
	if q.NextToken != "" {
		after, err := base64.RawURLEncoding.DecodeString(q.NextToken)
		if err != nil {
			return nil, invalid("The specified nextToken is invalid.")
		}
		from = slices.IndexFunc(all, func(st stream) bool { return st.Name == string(after) }) + 1
	}
	next, list := "", []any{}
	for i, st := range all[from:] {
		if i == limit {
			next = base64.RawURLEncoding.EncodeToString([]byte(all[from+i-1].Name))
			break
		}
		list = append(list, s.describeStream(q.LogGroupName, st))
	}
	return withToken(map[string]any{"logStreams": list}, next), nil
}

// streams gives a group's streams with a prefix.
func (s *Service) streams(group, prefix string) (all []stream, err error) {
	err = s.cfg.DB.View(func(tx *store.Tx) error {
		if _, err := readGroup(tx, group); err != nil {
			return err
		}
		b, err := streamsOf(tx, group)
		if err != nil {
			return err
		}
		c := b.Cursor()
		for k, v := c.Seek([]byte(max(prefix, "\x00"))); k != nil && strings.HasPrefix(string(k), prefix); k, v = c.Next() {
			var st stream
			if err := json.Unmarshal(v, &st); err != nil {
				return fmt.Errorf("decode log stream %s: %w", k, err)
			}
			all = append(all, st)
		}
		return nil
	})
	return all, err
}

func (s *Service) describeStream(group string, st stream) map[string]any {
	d := map[string]any{
		"logStreamName": st.Name, "creationTime": st.Created, "arn": s.groupARN(group) + ":log-stream:" + st.Name, "storedBytes": 0,
		"uploadSequenceToken": sequenceToken,
	}
	if st.Last > 0 {
		d["firstEventTimestamp"], d["lastEventTimestamp"], d["lastIngestionTime"] = st.First, st.Last, st.Ingest
	}
	return d
}

// sequenceToken is given out where AWS still gives one; it is never looked at.
const sequenceToken = "49039859603130206341"
