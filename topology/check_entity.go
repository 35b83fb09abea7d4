package topology

import (
	"regexp"
	"strings"

	"github.com/writ-dev/writ"
)

// SQS's bounds: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
const (
	maxVisibilitySec = 43200
	minRetentionSec  = 60
	maxRetentionSec  = 1209600
	maxBatch         = 10000
	maxRetries       = 185
)

// entities looks at what stands beside functions, stores and routes.
func (c *checker) entities() {
	for _, q := range c.t.Queues {
		c.queue(q)
	}
	for _, e := range c.t.Events {
		c.event(e)
	}
	for _, s := range c.t.Schedules {
		c.named(KindSchedule, s.Name, s.Pos)
		if s.Target != nil {
			c.target(*s.Target)
		}
		if s.Cron != "" && !cronPattern.MatchString(s.Cron) {
			c.add(c.spot(s.Pos, "cron"), "%s is no time of schedule %s", quoted(s.Cron), s.Name).
				WithHint(`AWS takes six fields, as in  cron: "0 3 * * ? *" , or  rate(1 hour)  or  at(2027-01-31T12:00:00)`)
		}
	}
	for _, x := range c.t.Topics {
		c.made(KindTopic, x.Name, x.External, x.Pos)
		c.targets(x.Targets)
		c.standard("topic "+x.Name, x.Targets...)
	}
	for _, x := range c.t.Streams {
		c.made(KindStream, x.Name, x.External, x.Pos)
		if x.Target != nil {
			c.target(*x.Target)
		}
		c.within(x.Pos, "shards", "stream "+x.Name, x.Shards, 1, 10000)
		c.within(x.Pos, "retention", "stream "+x.Name, x.RetentionHours, 24, 8760)
		c.within(x.Pos, "batch_size", "stream "+x.Name, x.BatchSize, 1, maxBatch)
	}
	for _, x := range c.t.Buses {
		c.made(KindBus, x.Name, x.External, x.Pos)
	}
	for _, x := range c.t.Secrets {
		c.made(KindSecret, x.Name, x.External, x.Pos)
	}
	for _, x := range c.t.Parameters {
		c.made(KindParameter, x.Name, x.External, x.Pos)
		if (x.Value == "") == (x.External == "") {
			c.add(x.Pos, "parameter %s needs a value, or says that it is external", x.Name).
				WithHint("as in  %s: {value: text}  or  %s: {external: /name/of/it}", x.Name, x.Name)
		}
	}
	for _, x := range c.t.Keys {
		c.made(KindKey, x.Name, x.External, x.Pos)
	}
	for _, s := range c.t.Stores {
		for _, n := range s.Notify {
			c.target(n.Target)
			c.standard("bucket "+s.Name, n.Target)
		}
	}
}

// cronPattern knows the three forms that EventBridge Scheduler takes.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
var cronPattern = regexp.MustCompile(`^(\S+( +\S+){5}|cron\(\S+( +\S+){5}\)|rate\(\d+ +(minute|hour|day)s?\)|at\(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\))$`)

func (c *checker) queue(q *Queue) {
	c.made(KindQueue, q.Name, q.External, q.Pos)
	if q.Target != nil {
		c.target(*q.Target)
	}
	c.deadLetter(q.DeadLetter)
	if q.DeadLetter != nil {
		for _, other := range c.t.Queues {
			if other.Name == q.DeadLetter.Name && other.External == "" && q.External == "" && other.FIFO != q.FIFO {
				c.add(q.DeadLetter.Pos, "queue %s and its dead_letter_queue %s are not of one kind", q.Name, other.Name).
					WithHint("fifo must be the same for both")
			}
		}
		if c.deadLetterCircle(q) {
			c.add(q.DeadLetter.Pos, "the dead_letter_queues of queue %s go in a circle", q.Name).WithHint("the last of them has none")
		}
	} else if q.MaxReceives != 0 {
		c.add(c.spot(q.Pos, "max_receives"), "queue %s has max_receives and no dead_letter_queue", q.Name)
	}
	what := "queue " + q.Name
	c.within(q.Pos, "batch_size", what, q.BatchSize, 1, maxBatch)
	c.within(q.Pos, "visibility_timeout", what, q.VisibilitySec, 1, maxVisibilitySec)
	c.within(q.Pos, "retention", what, q.RetentionSec, minRetentionSec, maxRetentionSec)
	c.within(q.Pos, "max_receives", what, q.MaxReceives, 1, 1000)
	if q.FIFO && q.BatchSize > 10 {
		c.add(c.spot(q.Pos, "batch_size"), "batch_size %d of queue %s is out of range", q.BatchSize, q.Name).WithHint("a FIFO queue gives 10 at most")
	}
}

func (c *checker) event(e *Event) {
	c.targets(e.Targets)
	c.deadLetter(e.DeadLetter)
	if e.DeadLetter != nil {
		c.standard("the dead_letter_queue of event "+e.Name, *e.DeadLetter)
	}
	if e.Bus != "" {
		c.target(Target{Kind: KindBus, Name: e.Bus, Pos: c.spot(e.Pos, "bus")})
	}
	if e.Pattern != "" && e.Filter != "" {
		c.add(c.spot(e.Pos, "filter"), "event %s has a pattern and a filter", e.Name).WithHint("a pattern is the whole; write what is filtered into its detail")
	}
	if e.Retries != nil && (*e.Retries < 0 || *e.Retries > maxRetries) {
		c.add(c.spot(e.Pos, "retries"), "retries %d of event %s is out of range", *e.Retries, e.Name).WithHint("EventBridge takes 0 to %d", maxRetries)
	}
}

func (c *checker) deadLetter(to *Target) {
	if to != nil {
		c.target(*to)
	}
}

// deadLetterCircle reports whether a queue's own dead letters come back to it.
func (c *checker) deadLetterCircle(q *Queue) bool {
	at := q
	for range c.t.Queues {
		if at.DeadLetter == nil {
			return false
		}
		var next *Queue
		for _, other := range c.t.Queues {
			if other.Name == at.DeadLetter.Name {
				next = other
			}
		}
		if next == nil || next == q {
			return next == q
		}
		at = next
	}
	return false
}

// standard checks that what services send to in no order is no FIFO queue: SNS's
// standard topics, S3, Lambda and EventBridge's dead letters refuse those.
func (c *checker) standard(from string, targets ...Target) {
	for _, to := range targets {
		for _, q := range c.t.Queues {
			if to.Kind == KindQueue && q.Name == to.Name && q.FIFO {
				c.add(to.Pos, "%s leads to the FIFO queue %s", from, q.Name).WithHint("AWS takes a queue without  fifo: true  there")
			}
		}
	}
}

// within checks a number; 0 stands for AWS's own.
func (c *checker) within(at writ.Position, key, what string, n, least, most int) {
	if n != 0 && (n < least || n > most) {
		c.add(c.spot(at, key), "%s %d of %s is out of range", key, n, what).WithHint("AWS takes %d to %d", least, most)
	}
}

func (c *checker) named(kind Kind, name string, at writ.Position) {
	if !storeNamePattern.MatchString(name) {
		c.add(at, "%s cannot be a %s's name", quoted(name), kind).WithHint("use letters, digits, -, _ and ., 64 at most")
	}
}

// externalServices are the services of the ARNs of external entities.
var externalServices = map[Kind]string{
	KindQueue: "sqs", KindTopic: "sns", KindStream: "kinesis", KindBus: "events", KindSecret: "secretsmanager", KindParameter: "ssm", KindKey: "kms",
}

var (
	externalARN  = regexp.MustCompile(`^arn:[a-z-]+:([a-z]+):[a-z0-9-]*:[0-9]{12}:[^*?$\s]+$`)
	externalName = regexp.MustCompile(`^[A-Za-z0-9/_.+=@-]{1,512}$`)
)

// made checks the name of an entity, and what it is called elsewhere when it is
// external. No wildcard may come in by that way.
func (c *checker) made(kind Kind, name, external string, pos writ.Position) {
	c.named(kind, name, pos)
	if external == "" {
		return
	}
	at := c.spot(pos, "external")
	text := templatePattern.ReplaceAllString(external, "000000000000")
	if strings.HasPrefix(external, "arn:") {
		if m := externalARN.FindStringSubmatch(text); m == nil || m[1] != externalServices[kind] {
			c.add(at, "%s is no ARN of a %s", quoted(external), kind).
				WithHint("as in  arn:aws:%s:REGION:ACCOUNT:...", externalServices[kind])
		}
		return
	}
	if !externalName.MatchString(text) || kind == KindKey && strings.HasPrefix(text, "alias/") {
		e := c.add(at, "%s is no AWS name of a %s", quoted(external), kind)
		if kind == KindKey {
			e.Hint = "write the key's ARN or id: rights are given on keys, not on their aliases"
		}
	}
}
