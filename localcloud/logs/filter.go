package logs

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// filterEvents searches a group in the order of time. A page may be short of
// its limit, or empty, and still have a token, when much had to be looked at.
func (s *Service) filterEvents(_ *gate.Call, q *request) (any, error) {
	limit, err := q.limit(maxPage, maxPage)
	if err != nil {
		return nil, err
	}
	if len(q.LogStreamNames) > 0 && q.LogStreamNamePrefix != "" {
		return nil, invalid("logStreamNames and logStreamNamePrefix are mutually exclusive.")
	}
	if len(q.LogStreamNames) > 100 {
		return nil, constraint("logStreamNames", "[...]", "Member must have length less than or equal to 100")
	}
	match, err := ParsePattern(q.FilterPattern)
	if err != nil {
		return nil, err
	}
	f := filter{q: q, match: match, limit: limit, now: s.cfg.Now().UnixMilli()}
	if f.from, err = q.filterStart(); err != nil {
		return nil, err
	}
	if err := s.cfg.DB.View(f.run); err != nil {
		return nil, err
	}
	return withToken(map[string]any{"events": f.found, "searchedLogStreams": []any{}}, f.next), nil
}

// filterStart gives the key to start at: after the token's, or the start time's.
func (q *request) filterStart() ([]byte, error) {
	if q.NextToken != "" {
		after, err := hex.DecodeString(q.NextToken)
		if err != nil || len(after) != 16 {
			return nil, invalid("The specified nextToken is invalid.")
		}
		return append(after, 0), nil // the first key behind it
	}
	if q.StartTime != nil {
		return eventKey(*q.StartTime, 0), nil
	}
	return eventKey(0, 0), nil
}

// filter is one search.
type filter struct {
	q     *request
	match Pattern
	limit int
	now   int64
	from  []byte
	found []any
	next  string
}

func (f *filter) run(tx *store.Tx) error {
	f.found = []any{}
	g, err := readGroup(tx, f.q.LogGroupName)
	if err != nil {
		return err
	}
	wanted, err := f.wanted(tx)
	if err != nil {
		return err
	}
	events, err := eventsOf(tx, g.Name)
	if err != nil {
		return err
	}
	size, looked := 0, 0
	var before []byte
	c := events.Cursor()
	for k, v := c.Seek(f.from); k != nil; k, v = c.Next() {
		e := event{key: bytes.Clone(k)}
		if f.q.EndTime != nil && e.time() > *f.q.EndTime {
			return nil
		}
		if looked++; len(f.found) == f.limit || looked > maxLooked || size > maxPageBytes {
			f.next = hex.EncodeToString(before)
			return nil
		}
		before = e.key
		if g.expired(e.time(), f.now) {
			continue
		}
		if err := json.Unmarshal(v, &e); err != nil {
			return fmt.Errorf("decode log event: %w", err)
		}
		if !wanted(e.Stream) || !f.match.Match(e.Message) {
			continue
		}
		size += len(e.Message) + eventOverhead
		f.found = append(f.found, map[string]any{
			"logStreamName": e.Stream, "timestamp": e.time(), "message": e.Message, "ingestionTime": e.Ingested, "eventId": e.id(),
		})
	}
	return nil
}

// wanted says which streams are searched; naming one that is not there is an error.
func (f *filter) wanted(tx *store.Tx) (func(string) bool, error) {
	if len(f.q.LogStreamNames) == 0 {
		return func(name string) bool { return strings.HasPrefix(name, f.q.LogStreamNamePrefix) }, nil
	}
	names := map[string]bool{}
	for _, name := range f.q.LogStreamNames {
		if _, err := readStream(tx, f.q.LogGroupName, name); err != nil {
			return nil, err
		}
		names[name] = true
	}
	return func(name string) bool { return names[name] }, nil
}
