package events

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/writ-dev/writ/localcloud/delivery"
	"github.com/writ-dev/writ/localcloud/gate"
)

const (
	maxEntries = 10
	maxBytes   = 1 << 20 // of all entries of a call
	maxHops    = 5       // the buses that send one event on, so that a ring of rules comes to an end
)

// entry is one event of PutEvents.
type entry struct {
	Source, DetailType, Detail string
	EventBusName               string
	Resources                  []string
	Time                       *float64
	TraceHeader                string

	bus string
}

// envelope is an event as targets see it.
type envelope struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       string          `json:"time"`
	Region     string          `json:"region"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

// happening is an event that came to a bus.
type happening struct {
	envelope
	text string
	tree any // the text, decoded
	came time.Time
	hops int
}

// result answers one entry.
type result struct {
	EventID      string `json:"EventId,omitempty"`
	ErrorCode    string `json:",omitempty"`
	ErrorMessage string `json:",omitempty"`
}

// refuse says why an entry is not taken.
func (e *entry) refuse() (code, message string) {
	required := "Parameter %[1]s is not valid. Reason: %[1]s is a required argument."
	var detail map[string]json.RawMessage
	switch {
	case e.Source == "":
		return "InvalidArgument", fmt.Sprintf(required, "Source")
	case e.DetailType == "":
		return "InvalidArgument", fmt.Sprintf(required, "DetailType")
	case len(e.DetailType) > 128:
		return "InvalidArgument", "Parameter DetailType is not valid. Reason: it is longer than 128 characters."
	case e.Detail == "":
		return "InvalidArgument", fmt.Sprintf(required, "Detail")
	case strings.HasPrefix(e.Source, "aws."):
		return "NotAuthorizedForSource", "Not authorized for the source."
	case json.Unmarshal([]byte(e.Detail), &detail) != nil || detail == nil:
		return "MalformedDetail", "Detail is malformed."
	}
	return "", ""
}

func (s *Service) putEvents(_ context.Context, c *gate.Call, q *request) (any, error) {
	size := 0
	for i := range q.Entries {
		e := &q.Entries[i]
		size += len(e.Source) + len(e.DetailType) + len(e.Detail) + len(strings.Join(e.Resources, ""))
	}
	if size > maxBytes {
		return nil, invalid("Total size of the entries in the request is over the limit.")
	}
	if q.letter != nil && q.letter.BusEvent != nil {
		return s.forwarded(q)
	}
	results, failed := make([]result, len(q.Entries)), 0
	var letters []delivery.Letter
	for i := range q.Entries {
		e := &q.Entries[i]
		if code, message := e.refuse(); code != "" {
			results[i] = result{ErrorCode: code, ErrorMessage: message}
			failed++
			continue
		}
		id, err := s.uuid()
		if err != nil {
			return nil, err
		}
		at := c.Time
		if e.Time != nil {
			at = time.Unix(int64(*e.Time), 0)
		}
		results[i].EventID = id
		ev, err := s.happen(envelope{
			ID: id, DetailType: e.DetailType, Source: e.Source, Time: at.UTC().Format(time.RFC3339), Resources: e.Resources, Detail: json.RawMessage(e.Detail),
		})
		if err != nil {
			return nil, err
		}
		letters = append(letters, s.letters(e.bus, ev)...)
	}
	if q.letter != nil && failed > 0 { // a service's delivery, which fails as a whole
		return nil, gate.Errorf(results[0].ErrorCode, "%s", results[0].ErrorMessage)
	}
	if err := s.post.Send(letters...); err != nil {
		return nil, err
	}
	return map[string]any{"FailedEntryCount": failed, "Entries": results}, nil
}

// forwarded takes an event that a rule of another bus sent on: it stays the
// event that it was.
func (s *Service) forwarded(q *request) (any, error) {
	l := q.letter
	ev := &happening{text: string(l.BusEvent), came: s.cfg.Now(), hops: l.Hops}
	if err := json.Unmarshal(l.BusEvent, &ev.envelope); err != nil {
		return nil, fmt.Errorf("read an event of another bus: %w", err)
	}
	var err error
	if ev.tree, err = decode(ev.text); err != nil {
		return nil, err
	}
	if err := s.post.Send(s.letters(q.Entries[0].bus, ev)...); err != nil {
		return nil, err
	}
	return map[string]any{"FailedEntryCount": 0, "Entries": []result{{EventID: ev.ID}}}, nil
}

func decode(text string) (v any, err error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

// happen completes an event.
func (s *Service) happen(e envelope) (*happening, error) {
	e.Version, e.Account, e.Region = "0", s.cfg.Account, s.cfg.Region
	if e.Resources == nil {
		e.Resources = []string{}
	}
	var tight bytes.Buffer
	if err := json.Compact(&tight, e.Detail); err != nil {
		return nil, err
	}
	e.Detail = tight.Bytes()
	ev := &happening{envelope: e, text: encode(e), came: s.cfg.Now()}
	var err error
	ev.tree, err = decode(ev.text)
	return ev, err
}

// Emit takes an event of an AWS service into the default bus, where no policy
// stands in the way, as on AWS. Its source begins with "aws.".
func (s *Service) Emit(source, detailType string, resources []string, detail any) error {
	raw, err := json.Marshal(detail)
	if err != nil {
		return fmt.Errorf("encode an event of %s: %w", source, err)
	}
	id, err := s.uuid()
	if err != nil {
		return err
	}
	ev, err := s.happen(envelope{
		ID: id, DetailType: detailType, Source: source, Time: s.cfg.Now().UTC().Format(time.RFC3339), Resources: resources, Detail: raw,
	})
	if err != nil {
		return err
	}
	return s.post.Send(s.letters("default", ev)...)
}

// letters gives the deliveries of an event to the targets of the rules of a bus
// that it matches. A bus that is not there drops it, as on AWS.
func (s *Service) letters(busName string, ev *happening) (out []delivery.Letter) {
	if s.bus(busName) == nil {
		s.cfg.Log.Warn("an event was put on an event bus that is not there, and is dropped", "bus", busName, "source", ev.Source)
		return nil
	}
	for _, r := range s.rulesOf(busName) {
		if r.record.State != disabled && r.pattern != nil && r.pattern.Match(ev.tree) {
			out = append(out, s.lettersOf(&r.record, ev)...)
		}
	}
	return out
}

// lettersOf gives the deliveries of an event to the targets of one rule.
func (s *Service) lettersOf(r *ruleRecord, ev *happening) (out []delivery.Letter) {
	arn := s.ruleARN(r.Bus, r.Name)
	for i := range r.Targets {
		t := &r.Targets[i]
		log := s.cfg.Log.With("rule", arn, "target", t.Arn)
		if !delivery.Reaches(t.Arn) {
			log.Warn("an event matched, but the local cloud does not run this target")
			continue
		}
		l := delivery.Letter{
			From: delivery.Sender{Service: Principal, Source: arn, Role: t.RoleArn}, To: t.Arn, Body: s.input(r, t, ev),
			Retries: usualRetries, Until: ev.came.Add(longestAge * time.Second),
			DeadFrom: delivery.Sender{Service: Principal, Source: arn}, About: map[string]string{"RULE_ARN": arn, "TARGET_ARN": t.Arn},
		}
		if t.SqsParameters != nil {
			l.Group = t.SqsParameters.MessageGroupID
		}
		if t.DeadLetterConfig != nil {
			l.Dead = t.DeadLetterConfig.Arn
		}
		if p := t.RetryPolicy; p != nil && p.MaximumRetryAttempts != nil {
			l.Retries = *p.MaximumRetryAttempts
		}
		if p := t.RetryPolicy; p != nil && p.MaximumEventAgeInSeconds != nil {
			l.Until = ev.came.Add(time.Duration(*p.MaximumEventAgeInSeconds) * time.Second)
		}
		if strings.HasPrefix(t.Arn, "arn:aws:events:") {
			if l.Hops = ev.hops + 1; l.Hops > maxHops {
				log.Warn("an event went from bus to bus too often, and is dropped", "event", ev.ID)
				continue
			}
			l.BusSource, l.BusType, l.Body, l.BusEvent = ev.Source, ev.DetailType, string(ev.Detail), json.RawMessage(ev.text)
		}
		out = append(out, l)
	}
	return out
}
