package topology

import (
	"encoding/json"
	"slices"

	"github.com/writ-dev/writ"
)

// QueueProps are the properties of an SQS queue; zero fields take AWS's
// defaults. With External, the ARN or name of a queue that exists, none is made.
type QueueProps struct {
	Consumer      *Function
	External      string
	FIFO          bool
	BatchSize     int
	VisibilitySec int
	RetentionSec  int
	// DeadLetter takes what was received MaxReceives times (0: 3).
	DeadLetter  *Queue
	MaxReceives int
}

// Queue makes an SQS queue.
func (s *Scope) Queue(id string, props QueueProps) *Queue {
	at := callerPosition()
	q := &Queue{
		Name: s.claim(id, "queue"), Pos: at, External: props.External, FIFO: props.FIFO, BatchSize: props.BatchSize,
		VisibilitySec: props.VisibilitySec, RetentionSec: props.RetentionSec, DeadLetter: queueTarget(props.DeadLetter, at), MaxReceives: props.MaxReceives,
	}
	if props.Consumer != nil {
		q.Target = &Target{Kind: KindFunction, Name: props.Consumer.Name, Pos: at}
	}
	s.made.topology.Queues = append(s.made.topology.Queues, q)
	return q
}

func queueTarget(q *Queue, at writ.Position) *Target {
	if q == nil {
		return nil
	}
	return &Target{Kind: KindQueue, Name: q.Name, Pos: at}
}

// EventProps are the properties of an EventBridge rule.
type EventProps struct {
	// Producers are the sources that the rule matches.
	Producers []string
	// Bus is the bus that the rule is on; nil is the account's default bus.
	Bus *Bus
	// Pattern is the whole event pattern, Filter that of detail alone; give at
	// most one. They hold text, numbers, lists and maps.
	Pattern, Filter map[string]any
	RuleName        string
	// Retries is how often a delivery is tried again; nil: AWS's 185 times.
	Retries    *int
	DeadLetter *Queue
	// Functions are called with the event; queues and topics are sent it.
	Functions []*Function
	Queues    []*Queue
	Topics    []*Topic
}

// Event makes an EventBridge rule. Its id is the event's detail-type, and not
// joined with the scope's.
func (s *Scope) Event(id string, props EventProps) *Event {
	at := callerPosition()
	e := &Event{
		Name: (&Scope{made: s.made}).claim(id, "event"), Producers: slices.Clone(props.Producers), RuleName: props.RuleName,
		DeadLetter: queueTarget(props.DeadLetter, at), Pattern: s.json(props.Pattern, at), Filter: s.json(props.Filter, at), Pos: at,
	}
	if props.Retries != nil {
		retries := *props.Retries
		e.Retries = &retries
	}
	if props.Bus != nil {
		e.Bus = props.Bus.Name
	}
	e.Targets = append(e.Targets, s.functions("event "+id, props.Functions, at)...)
	e.Targets = append(e.Targets, s.queues("event "+id, props.Queues, at)...)
	for _, t := range props.Topics {
		if t == nil {
			s.made.wrong(at, "event "+id+" has a topic that is nil", "make the topic first")
			continue
		}
		e.Targets = append(e.Targets, Target{Kind: KindTopic, Name: t.Name, Pos: at})
	}
	s.made.topology.Events = append(s.made.topology.Events, e)
	return e
}

func (s *Scope) functions(what string, list []*Function, at writ.Position) []Target {
	var all []Target
	for _, f := range list {
		if f == nil {
			s.made.wrong(at, what+" has a function that is nil", "make the function first")
			continue
		}
		all = append(all, Target{Kind: KindFunction, Name: f.Name, Pos: at})
	}
	return all
}

func (s *Scope) queues(what string, list []*Queue, at writ.Position) []Target {
	var all []Target
	for _, q := range list {
		if q == nil {
			s.made.wrong(at, what+" has a queue that is nil", "make the queue first")
			continue
		}
		all = append(all, *queueTarget(q, at))
	}
	return all
}

// json gives a map in the form that YAML's takes.
func (s *Scope) json(m map[string]any, at writ.Position) string {
	if m == nil {
		return ""
	}
	if _, err := json.Marshal(m); err != nil {
		s.made.wrong(at, "the value is no JSON: "+err.Error(), "use text, numbers, lists and maps")
	}
	return compactJSON(m)
}

// Bus makes an EventBridge event bus; external is the ARN or name of one that
// exists, "" to make one.
func (s *Scope) Bus(id, external string) *Bus {
	b := &Bus{Name: s.claim(id, "bus"), External: external, Pos: callerPosition()}
	s.made.topology.Buses = append(s.made.topology.Buses, b)
	return b
}

// ScheduleProps are the properties of a schedule. Just one of Function and
// Queue is what it starts.
type ScheduleProps struct {
	// Cron is AWS's six fields, or rate(...), cron(...) or at(...).
	Cron     string
	Timezone string
	// Payload is JSON or text.
	Payload  string
	Function *Function
	Queue    *Queue
}

// Schedule starts a function, or sends to a queue, by the clock.
func (s *Scope) Schedule(id string, props ScheduleProps) *Schedule {
	at := callerPosition()
	x := &Schedule{Name: s.claim(id, "schedule"), Cron: props.Cron, Timezone: props.Timezone, Payload: props.Payload, Pos: at}
	switch {
	case props.Function != nil && props.Queue == nil:
		x.Target = &Target{Kind: KindFunction, Name: props.Function.Name, Pos: at}
	case props.Queue != nil && props.Function == nil:
		x.Target = queueTarget(props.Queue, at)
	default:
		s.made.wrong(at, "schedule "+id+" does not lead to just one thing", "set one of Function and Queue")
	}
	if props.Cron == "" {
		s.made.wrong(at, "schedule "+id+" has no cron", `set  Cron: "rate(1 hour)"`)
	}
	s.made.topology.Schedules = append(s.made.topology.Schedules, x)
	return x
}

// TopicProps are the properties of an SNS topic. With External, the ARN or name
// of a topic that exists, none is made.
type TopicProps struct {
	External string
	// Functions are called with what is published; queues are sent it.
	Functions []*Function
	Queues    []*Queue
}

// Topic makes an SNS topic.
func (s *Scope) Topic(id string, props TopicProps) *Topic {
	at := callerPosition()
	t := &Topic{Name: s.claim(id, "topic"), External: props.External, Pos: at}
	t.Targets = append(s.functions("topic "+id, props.Functions, at), s.queues("topic "+id, props.Queues, at)...)
	s.made.topology.Topics = append(s.made.topology.Topics, t)
	return t
}

// StreamProps are the properties of a Kinesis stream. With External, the ARN or
// name of a stream that exists, none is made.
type StreamProps struct {
	Consumer *Function
	External string
	// Shards is their number; 0 lets AWS scale on demand.
	Shards         int
	RetentionHours int
	BatchSize      int
}

// Stream makes a Kinesis data stream.
func (s *Scope) Stream(id string, props StreamProps) *Stream {
	at := callerPosition()
	x := &Stream{
		Name: s.claim(id, "stream"), External: props.External, Shards: props.Shards, RetentionHours: props.RetentionHours,
		BatchSize: props.BatchSize, Pos: at,
	}
	if props.Consumer != nil {
		x.Target = &Target{Kind: KindFunction, Name: props.Consumer.Name, Pos: at}
	}
	s.made.topology.Streams = append(s.made.topology.Streams, x)
	return x
}

// SecretProps are the properties of a secret. With External, the ARN or name of
// a secret that exists, none is made.
type SecretProps struct{ Description, External string }

// Secret makes a secret with a random value.
func (s *Scope) Secret(id string, props SecretProps) *Secret {
	x := &Secret{Name: s.claim(id, "secret"), External: props.External, Description: props.Description, Pos: callerPosition()}
	s.made.topology.Secrets = append(s.made.topology.Secrets, x)
	return x
}

// ParameterProps are the properties of a parameter: a Value for a new one, or
// External, the ARN or name of one that exists.
type ParameterProps struct{ Description, Value, External string }

// Parameter makes a parameter of SSM's Parameter Store.
func (s *Scope) Parameter(id string, props ParameterProps) *Parameter {
	x := &Parameter{Name: s.claim(id, "parameter"), External: props.External, Description: props.Description, Value: props.Value, Pos: callerPosition()}
	s.made.topology.Parameters = append(s.made.topology.Parameters, x)
	return x
}

// EncryptionKeyProps are the properties of a key. With External, the ARN or id
// of a key that exists, none is made.
type EncryptionKeyProps struct{ Description, External string }

// EncryptionKey makes a symmetric key of KMS.
func (s *Scope) EncryptionKey(id string, props EncryptionKeyProps) *EncryptionKey {
	x := &EncryptionKey{Name: s.claim(id, "key"), External: props.External, Description: props.Description, Pos: callerPosition()}
	s.made.topology.Keys = append(s.made.topology.Keys, x)
	return x
}

// NotifyProps narrow what a bucket tells: S3's names of events, and the first
// and last letters of the objects' keys. Zero: all objects that are created.
type NotifyProps struct {
	Events         []string
	Prefix, Suffix string
}

// NotifyFunction calls f about the bucket's objects.
func (s *Store) NotifyFunction(f *Function, props NotifyProps) {
	if s != nil && f != nil {
		s.notify(Target{Kind: KindFunction, Name: f.Name}, props)
	}
}

// NotifyQueue sends messages about the bucket's objects.
func (s *Store) NotifyQueue(q *Queue, props NotifyProps) {
	if s != nil && q != nil {
		s.notify(Target{Kind: KindQueue, Name: q.Name}, props)
	}
}

// NotifyTopic publishes about the bucket's objects.
func (s *Store) NotifyTopic(t *Topic, props NotifyProps) {
	if s != nil && t != nil {
		s.notify(Target{Kind: KindTopic, Name: t.Name}, props)
	}
}

func (s *Store) notify(to Target, props NotifyProps) {
	to.Pos = callerPosition()
	n := Notification{Target: to, Events: slices.Clone(props.Events), Prefix: props.Prefix, Suffix: props.Suffix, Pos: to.Pos}
	if s.Kind != StoreBucket {
		s.Misuse = append(s.Misuse, misuse(to.Pos, "table "+s.Name+" has no notifications", "only a bucket tells of its objects"))
		return
	}
	if len(n.Events) == 0 {
		n.Events = []string{notifyEvents["created"]}
	}
	slices.Sort(n.Events)
	s.Notify = append(s.Notify, n)
}
