package logs

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// Bounds of "CloudWatch Logs quotas" and the API reference.
const (
	maxPutEvents  = 10_000
	maxPutBytes   = 1 << 20
	eventOverhead = 26
	maxPage       = 10_000
	maxPageBytes  = 1 << 20
	// maxLooked bounds the events that one FilterLogEvents looks at; the
	// answer then holds a token to go on with, as in AWS.
	maxLooked = 100_000
	// purgeBatch is how many expired events one PutLogEvents removes.
	purgeBatch = 1_000
	day        = 24 * 60 * 60 * 1000
)

type inputEvent struct {
	Timestamp *int64
	Message   *string
}

// event is a stored event. Its key is the time and a number that makes it
// unique in its group, both big-endian: keys sort by time, then by arrival.
type event struct {
	key      []byte
	Stream   string `json:"s"`
	Ingested int64  `json:"i"`
	Message  string `json:"m"`
}

func eventKey(ts int64, seq uint64) []byte {
	k := make([]byte, 16)
	binary.BigEndian.PutUint64(k, uint64(max(ts, 0)))
	binary.BigEndian.PutUint64(k[8:], seq)
	return k
}

func (e *event) time() int64 { return int64(binary.BigEndian.Uint64(e.key)) }

// id is the event's id: 56 digits, as AWS's are.
func (e *event) id() string {
	return fmt.Sprintf("%036d%020d", e.time(), binary.BigEndian.Uint64(e.key[8:]))
}

func checkPut(in []inputEvent) error {
	if len(in) == 0 {
		return constraint("logEvents", "[]", "Member must have length greater than or equal to 1")
	}
	if len(in) > maxPutEvents {
		return constraint("logEvents", "[...]", "Member must have length less than or equal to 10000")
	}
	size := 0
	for i, e := range in {
		switch {
		case e.Timestamp == nil || e.Message == nil || *e.Message == "":
			return constraint(fmt.Sprintf("logEvents.%d.member.message", i+1), "", "Member must have length greater than or equal to 1")
		case *e.Timestamp < 0:
			return constraint(fmt.Sprintf("logEvents.%d.member.timestamp", i+1), fmt.Sprint(*e.Timestamp), "Member must have value greater than or equal to 0")
		case i > 0 && *e.Timestamp < *in[i-1].Timestamp:
			return invalid("Log events in a single PutLogEvents request must be in chronological order.")
		}
		size += len(*e.Message) + eventOverhead
	}
	if size > maxPutBytes {
		return invalid("Upload too large: %d bytes exceeds limit of %d", size, maxPutBytes)
	}
	if *in[len(in)-1].Timestamp-*in[0].Timestamp > day {
		return invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
	}
	return nil
}

func (s *Service) putEvents(_ *gate.Call, q *request) (any, error) {
	if err := checkPut(q.LogEvents); err != nil {
		return nil, err
	}
	now := s.cfg.Now().UnixMilli()
	rejected := map[string]int{}
	err := s.cfg.DB.Update(func(tx *store.Tx) error {
		clear(rejected)
		g, err := readGroup(tx, q.LogGroupName)
		if err != nil {
			return err
		}
		st, err := readStream(tx, q.LogGroupName, q.LogStreamName)
		if err != nil {
			return err
		}
		if err := purge(tx, &g, now); err != nil {
			return err
		}
		size, err := appendEvents(tx, &g, &st, q.LogEvents, now, rejected)
		if err != nil {
			return err
		}
		g.Bytes += size
		st.Bytes += size
		st.Ingest = now
		groupBucket, err := groups(tx)
		if err != nil {
			return err
		}
		if err := groupBucket.PutJSON(g.Name, g); err != nil {
			return err
		}
		streamBucket, err := streamsOf(tx, g.Name)
		if err != nil {
			return err
		}
		return streamBucket.PutJSON(st.Name, st)
	})
	if err != nil {
		return nil, err
	}
	answer := map[string]any{"nextSequenceToken": sequenceToken}
	if len(rejected) > 0 {
		answer["rejectedLogEventsInfo"] = rejected
	}
	return answer, nil
}

// appendEvents stores the events that are neither too old nor too new.
func appendEvents(tx *store.Tx, g *group, st *stream, in []inputEvent, now int64, rejected map[string]int) (size int64, err error) {
	events, err := eventsOf(tx, g.Name)
	if err != nil {
		return 0, err
	}
	index, err := indexOf(tx, g.Name, st.Name)
	if err != nil {
		return 0, err
	}
	for i, e := range in {
		switch ts := *e.Timestamp; {
		case g.expired(ts, now):
			rejected["expiredLogEventEndIndex"] = i + 1
			continue
		case ts < now-14*day:
			rejected["tooOldLogEventEndIndex"] = i + 1
			continue
		case ts > now+2*60*60*1000:
			if _, set := rejected["tooNewLogEventStartIndex"]; !set {
				rejected["tooNewLogEventStartIndex"] = i
			}
			continue
		}
		seq, err := events.NextSequence()
		if err != nil {
			return 0, err
		}
		key := eventKey(*e.Timestamp, seq)
		value, err := json.Marshal(event{Stream: st.Name, Ingested: now, Message: *e.Message})
		if err != nil {
			return 0, err
		}
		if err := events.Put(key, value); err != nil {
			return 0, err
		}
		if err := index.Put(key, []byte{}); err != nil {
			return 0, err
		}
		size += int64(len(*e.Message) + eventOverhead)
		if st.First == 0 || *e.Timestamp < st.First {
			st.First = *e.Timestamp
		}
		st.Last = max(st.Last, *e.Timestamp)
	}
	return size, nil
}

// expired says whether the group's retention has passed for a time.
func (g *group) expired(ts, now int64) bool {
	return g.Retention > 0 && ts < now-int64(g.Retention)*day
}

// purge removes some of the expired events.
func purge(tx *store.Tx, g *group, now int64) error {
	if g.Retention == 0 {
		return nil
	}
	events, err := eventsOf(tx, g.Name)
	if err != nil {
		return err
	}
	var old []event
	c := events.Cursor()
	for k, v := c.First(); k != nil && len(old) < purgeBatch; k, v = c.Next() {
		e := event{key: bytes.Clone(k)}
		if !g.expired(e.time(), now) {
			break
		}
		if err := json.Unmarshal(v, &e); err != nil {
			return fmt.Errorf("decode log event: %w", err)
		}
		old = append(old, e)
	}
	for _, e := range old {
		if err := events.Delete(e.key); err != nil {
			return err
		}
		index, err := indexOf(tx, g.Name, e.Stream)
		if err != nil {
			return err
		}
		if err := index.Delete(e.key); err != nil {
			return err
		}
		g.Bytes -= int64(len(e.Message) + eventOverhead)
	}
	return nil
}

// getEvents reads one stream, forwards from a place or backwards from one.
func (s *Service) getEvents(_ *gate.Call, q *request) (any, error) {
	limit, err := q.limit(maxPage, maxPage)
	if err != nil {
		return nil, err
	}
	from, forward, err := q.position()
	if err != nil {
		return nil, err
	}
	var list []event
	err = s.cfg.DB.View(func(tx *store.Tx) error {
		g, err := readGroup(tx, q.LogGroupName)
		if err != nil {
			return err
		}
		if _, err := readStream(tx, q.LogGroupName, q.LogStreamName); err != nil {
			return err
		}
		list, err = readPage(tx, &g, q, pageOf{from: from, forward: forward, limit: limit, now: s.cfg.Now().UnixMilli()})
		return err
	})
	if err != nil {
		return nil, err
	}
	first, last := from, from
	if len(list) > 0 {
		first, last = list[0].key, list[len(list)-1].key
	} else if from == nil {
		first, last = eventKey(0, 0), eventKey(0, 0)
	}
	events := make([]any, 0, len(list))
	for _, e := range list {
		events = append(events, map[string]any{"timestamp": e.time(), "message": e.Message, "ingestionTime": e.Ingested})
	}
	return map[string]any{"events": events, "nextForwardToken": "f/" + hex.EncodeToString(last) + "/s", "nextBackwardToken": "b/" + hex.EncodeToString(first) + "/s"}, nil
}

// position reads where to start: after the place of a forward token, before
// the one of a backward token. A nil place is the stream's head or end.
func (q *request) position() (from []byte, forward bool, err error) {
	if q.NextToken == "" {
		return nil, q.StartFromHead, nil
	}
	kind, rest, _ := strings.Cut(q.NextToken, "/")
	place, suffix, _ := strings.Cut(rest, "/")
	from, err = hex.DecodeString(place)
	if err != nil || len(from) != 16 || suffix != "s" || (kind != "f" && kind != "b") {
		return nil, false, invalid("The specified nextToken is invalid.")
	}
	return from, kind == "f", nil
}

// pageOf says which part of a stream to read.
type pageOf struct {
	from    []byte
	forward bool
	limit   int
	now     int64
}

// readPage gives the events of a page in the order of time.
func readPage(tx *store.Tx, g *group, q *request, p pageOf) ([]event, error) {
	index, err := indexOf(tx, q.LogGroupName, q.LogStreamName)
	if err != nil {
		return nil, err
	}
	events, err := eventsOf(tx, q.LogGroupName)
	if err != nil {
		return nil, err
	}
	var list []event
	size := 0
	c := index.Cursor()
	k, step := p.begin(c)
	for ; k != nil && len(list) < p.limit; k, _ = step() {
		e := event{key: bytes.Clone(k)}
		ts := e.time()
		if q.StartTime != nil && ts < *q.StartTime || q.EndTime != nil && ts >= *q.EndTime || g.expired(ts, p.now) {
			continue
		}
		if err := json.Unmarshal(events.Get(k), &e); err != nil {
			return nil, fmt.Errorf("decode log event: %w", err)
		}
		if size += len(e.Message) + eventOverhead; size > maxPageBytes && len(list) > 0 {
			break
		}
		list = append(list, e)
	}
	if !p.forward {
		for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
			list[i], list[j] = list[j], list[i]
		}
	}
	return list, nil
}

// begin puts the cursor on the first key of the page and gives how to go on.
func (p pageOf) begin(c *store.Cursor) ([]byte, func() ([]byte, []byte)) {
	if p.forward {
		k, _ := c.First()
		if p.from != nil {
			if k, _ = c.Seek(p.from); bytes.Equal(k, p.from) {
				k, _ = c.Next()
			}
		}
		return k, c.Next
	}
	k, _ := c.Last()
	if p.from != nil {
		if k, _ = c.Seek(p.from); k != nil {
			k, _ = c.Prev()
		} else {
			k, _ = c.Last()
		}
	}
	return k, c.Prev
}
