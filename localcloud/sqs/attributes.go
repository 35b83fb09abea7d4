package sqs

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/writ-dev/writ/localcloud/gate"
)

// settableAttribute is what SetQueueAttributes takes for one attribute.
type settableAttribute struct {
	// low, high and usual bound and default the numbers.
	low, high, usual int64
	// words are the values of the others; nil for any text.
	words []string
	fifo  bool // FIFO queues only
}

const day = 24 * 60 * 60

// settable are the attributes of "SetQueueAttributes" in the API reference.
var settable = map[string]settableAttribute{
	"DelaySeconds":                  {low: 0, high: 900},
	"MaximumMessageSize":            {low: 1024, high: maxMessage, usual: maxMessage},
	"MessageRetentionPeriod":        {low: 60, high: 14 * day, usual: 4 * day},
	"ReceiveMessageWaitTimeSeconds": {low: 0, high: 20},
	"VisibilityTimeout":             {low: 0, high: maxVisibility, usual: 30},
	"KmsDataKeyReusePeriodSeconds":  {low: 60, high: day, usual: 300},
	"Policy":                        {},
	"RedrivePolicy":                 {},
	"RedriveAllowPolicy":            {},
	"KmsMasterKeyId":                {},
	"SqsManagedSseEnabled":          {words: []string{"true", "false"}},
	"FifoQueue":                     {words: []string{"true"}, fifo: true},
	"ContentBasedDeduplication":     {words: []string{"true", "false"}, fifo: true},
	"DeduplicationScope":            {words: []string{"messageGroup", "queue"}, fifo: true},
	"FifoThroughputLimit":           {words: []string{"perQueue", "perMessageGroupId"}, fifo: true},
}

// computed are the attributes that only GetQueueAttributes knows.
var computed = []string{
	"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessagesNotVisible", "CreatedTimestamp",
	"LastModifiedTimestamp", "QueueArn",
}

// alwaysShown are the settable ones that a queue always has.
var alwaysShown = []string{
	"DelaySeconds", "MaximumMessageSize", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds", "VisibilityTimeout",
}

// apply checks attributes and sets them; an empty policy removes it.
func (s *Service) apply(r *record, attributes map[string]string) error {
	for name, value := range attributes {
		rule, ok := settable[name]
		if !ok || rule.fifo && !r.fifo() {
			return failure("InvalidAttributeName", "InvalidAttributeName", "Unknown Attribute %s.", name)
		}
		switch {
		case rule.high > 0:
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil || n < rule.low || n > rule.high {
				return badAttribute(name)
			}
			value = strconv.FormatInt(n, 10)
		case rule.words != nil:
			if !slices.Contains(rule.words, value) {
				return badAttribute(name)
			}
		case name == "RedrivePolicy" && value != "":
			if _, err := s.readRedrive(r, value); err != nil {
				return err
			}
		case name == "RedriveAllowPolicy" && value != "":
			if _, err := readAllow(value); err != nil {
				return err
			}
		}
		if value == "" {
			delete(r.Attributes, name)
			continue
		}
		r.Attributes[name] = value
	}
	return nil
}

// redrive says where messages go that were received too often.
type redrive struct {
	name  string // of the dead-letter queue
	limit int
}

// readRedrive reads a redrive policy and checks its target, which must allow
// the source. The count may be a number or text, as on AWS.
func (s *Service) readRedrive(r *record, text string) (redrive, error) {
	var in struct {
		DeadLetterTargetArn string          `json:"deadLetterTargetArn"`
		MaxReceiveCount     json.RawMessage `json:"maxReceiveCount"`
	}
	bad := func(reason string) (redrive, error) { return redrive{}, invalidReason(text, "RedrivePolicy", reason) }
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		return bad("Redrive policy is not a valid JSON map.")
	}
	switch {
	case in.DeadLetterTargetArn == "":
		return bad("Redrive policy does not contain mandatory attribute: deadLetterTargetArn.")
	case in.MaxReceiveCount == nil:
		return bad("Redrive policy does not contain mandatory attribute: maxReceiveCount.")
	}
	limit, err := strconv.Atoi(strings.Trim(string(in.MaxReceiveCount), `"`))
	if err != nil || limit < 1 || limit > 1000 {
		return bad("Invalid value for maxReceiveCount: " + strings.Trim(string(in.MaxReceiveCount), `"`) + ", valid values are from 1 to 1000 both inclusive.")
	}
	name, ok := s.nameOfARN(in.DeadLetterTargetArn)
	target := s.find(name)
	switch {
	case !ok:
		return bad("Invalid value for deadLetterTargetArn.")
	case target == nil:
		return bad("Dead letter target does not exist.")
	case strings.HasSuffix(name, ".fifo") != r.fifo():
		return bad("Dead-letter queue must be same type of queue as the source.")
	}
	definition, _ := target.definition()
	if !definition.allowsSource(s.arn(r.Name)) {
		return bad("Queue " + s.arn(r.Name) + " is not allowed by the redrive allow policy of the dead-letter queue.")
	}
	return redrive{name, limit}, nil
}

// redriveAllow says which queues may use this one for their dead letters.
type redriveAllow struct {
	RedrivePermission string   `json:"redrivePermission"`
	SourceQueueArns   []string `json:"sourceQueueArns"`
}

func readAllow(text string) (redriveAllow, error) {
	var allow redriveAllow
	bad := invalidReason(text, "RedriveAllowPolicy", "Amazon SQS can't create the redrive allow policy, as it's in an unsupported format.")
	if err := json.Unmarshal([]byte(text), &allow); err != nil {
		return allow, bad
	}
	listed := len(allow.SourceQueueArns) > 0
	switch allow.RedrivePermission {
	case "allowAll", "denyAll":
		if listed {
			return allow, bad
		}
	case "byQueue":
		if !listed || len(allow.SourceQueueArns) > 10 {
			return allow, bad
		}
	default:
		return allow, bad
	}
	return allow, nil
}

func (r *record) allowsSource(arn string) bool {
	text := r.Attributes["RedriveAllowPolicy"]
	if text == "" {
		return true
	}
	allow, err := readAllow(text)
	return err == nil && (allow.RedrivePermission == "allowAll" || slices.Contains(allow.SourceQueueArns, arn))
}

func (s *Service) setAttributes(_ context.Context, _ *gate.Call, in *request) (any, error) {
	q, err := s.need(in)
	if err != nil {
		return nil, err
	}
	if in.Attributes == nil {
		return nil, missing("Attribute.Name")
	}
	return nil, s.change(q, func(r *record) error {
		if _, ok := in.Attributes["FifoQueue"]; ok {
			return badAttribute("FifoQueue")
		}
		r.Modified = s.cfg.Now().Unix()
		return s.apply(r, in.Attributes)
	})
}

func (s *Service) getAttributes(_ context.Context, _ *gate.Call, in *request) (any, error) {
	q, err := s.need(in)
	if err != nil {
		return nil, err
	}
	for _, name := range in.AttributeNames {
		if _, ok := settable[name]; !ok && name != "All" && !slices.Contains(computed, name) {
			return nil, failure("InvalidAttributeName", "InvalidAttributeName", "Unknown Attribute %s.", name)
		}
	}
	all := s.describe(q)
	if !slices.Contains(in.AttributeNames, "All") {
		maps.DeleteFunc(all, func(name, _ string) bool { return !slices.Contains(in.AttributeNames, name) })
	}
	return map[string]any{"Attributes": all}, nil
}

// describe gives all attributes of a queue.
func (s *Service) describe(q *queue) map[string]string {
	now := s.cfg.Now()
	q.mu.Lock()
	defer q.mu.Unlock()
	visible, flying, delayed := q.count(now)
	all := map[string]string{
		"ApproximateNumberOfMessages": strconv.Itoa(visible), "ApproximateNumberOfMessagesNotVisible": strconv.Itoa(flying),
		"ApproximateNumberOfMessagesDelayed": strconv.Itoa(delayed), "CreatedTimestamp": strconv.FormatInt(q.record.Created, 10),
		"LastModifiedTimestamp": strconv.FormatInt(q.record.Modified, 10), "QueueArn": s.arn(q.name), "SqsManagedSseEnabled": "true",
	}
	if q.record.Attributes["KmsMasterKeyId"] != "" {
		all["SqsManagedSseEnabled"] = "false"
		all["KmsDataKeyReusePeriodSeconds"] = "300"
	}
	if q.record.fifo() {
		all["FifoQueue"], all["ContentBasedDeduplication"], all["DeduplicationScope"], all["FifoThroughputLimit"] = "true", "false", "queue", "perQueue"
	}
	for _, name := range alwaysShown {
		all[name] = strconv.FormatInt(q.record.number(name), 10)
	}
	maps.Copy(all, q.record.Attributes)
	return all
}

// count tells the messages apart. The caller holds q.mu.
func (q *queue) count(now time.Time) (visible, flying, delayed int) {
	at := now.UnixMilli()
	oldest := at - q.record.seconds("MessageRetentionPeriod").Milliseconds()
	for _, m := range q.messages {
		switch {
		case m.sent < oldest:
		case m.visible <= at:
			visible++
		case m.flying:
			flying++
		default:
			delayed++
		}
	}
	return visible, flying, delayed
}
