// Package delivery brings events to their targets: later, with retries, and to
// a dead-letter queue when nothing helps. Each attempt is a call through the
// gate, as the service itself or as a role that the service takes on.
//
// What was accepted is stored, and arrives also after a stop.
package delivery

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/session"
)

// Sender is who delivers.
type Sender struct {
	Service string // "events.amazonaws.com"
	// Source is the ARN on whose behalf it delivers: aws:SourceArn.
	Source string
	// Role is the ARN of the role that the service takes on; "" when it calls as itself.
	Role string `json:",omitempty"`
	// Session names the session of the role; "" makes a name of Source.
	Session string `json:",omitempty"`
}

// Letter is an event on its way to one target.
type Letter struct {
	From Sender
	To   string // the target's ARN; see [Reaches]
	// Body is what the target gets; for an event bus the detail.
	Body string
	// AttemptMark stands in Body for the number of the attempt, "" for nothing.
	AttemptMark string `json:",omitempty"`
	// Group is the message group of a FIFO queue.
	Group string `json:",omitempty"`
	// Attributes are those of the message that a queue or topic gets.
	Attributes []Attribute `json:",omitempty"`
	// Trace is the X-Ray trace header that a function is invoked with.
	Trace string `json:",omitempty"`
	// BusSource, BusType and BusResources are the source, the detail type and
	// the resources for an event bus.
	BusSource    string   `json:",omitempty"`
	BusType      string   `json:",omitempty"`
	BusResources []string `json:",omitempty"`
	// BusEvent is the whole event that a rule sends on to another bus. The bus
	// finds the letter in gate.Call.Input, where no call from outside has anything.
	BusEvent json.RawMessage `json:",omitempty"`
	// Hops counts the buses that the event came by.
	Hops int `json:",omitempty"`

	// Retries bounds the attempts after the first, Until the time of the last
	// one; the zero time does not.
	Retries  int
	Until    time.Time `json:",omitzero"`
	Attempts int       `json:",omitempty"` // so far

	// Dead is the ARN of the dead-letter queue, DeadFrom who writes to it, About
	// its messages' attributes beside those of the failure.
	Dead     string            `json:",omitempty"`
	DeadFrom Sender            `json:",omitzero"`
	About    map[string]string `json:",omitempty"`
}

// Attribute is one attribute of a message.
type Attribute struct {
	Name, Value string
	Type        string // "String" or "Number"
}

// Reaches says whether letters can be brought to a target in the local cloud:
// to functions, queues, topics, event buses and log groups.
func Reaches(arn string) bool {
	part := strings.SplitN(arn, ":", 6)
	if len(part) < 6 {
		return false
	}
	switch part[2] {
	case "sqs", "sns":
		return true
	case "lambda":
		return strings.HasPrefix(part[5], "function:")
	case "events":
		return strings.HasPrefix(part[5], "event-bus/")
	case "logs":
		return strings.HasPrefix(part[5], "log-group:")
	}
	return false
}

// caller is who a sender calls as.
func (p *Post) caller(ctx context.Context, from Sender) (gate.Caller, error) {
	if from.Role == "" {
		return gate.ServiceCaller(from.Service, p.cfg.Account, from.Source), nil
	}
	_, caller, err := p.cfg.Roles.AssumeForService(ctx, session.ServiceRole{
		Principal: from.Service, RoleARN: from.Role, SessionName: cmp.Or(from.Session, sessionName(from.Source)), SourceARN: from.Source, Duration: 15 * time.Minute,
	})
	return caller, err
}

var unfit = regexp.MustCompile(`[^\w+=,.@-]+`)

// sessionName names a session after what it acts for.
func sessionName(arn string) string {
	name := unfit.ReplaceAllString(arn[strings.LastIndexByte(arn, ':')+1:], "-")
	return "to-" + name[:min(len(name), 60)]
}

// attempt makes the calls of one attempt.
func (p *Post) attempt(ctx context.Context, l *Letter) error {
	as, err := p.caller(ctx, l.From)
	if err != nil {
		return err
	}
	do := func(c *gate.Call) error {
		c.Caller, c.Account, c.Region, c.Secure, c.UserAgent = as, p.cfg.Account, p.cfg.Region, true, l.From.Service
		c.Method = http.MethodPost
		if c.Header == nil {
			c.Header = http.Header{}
		}
		_, err := p.cfg.Do.Do(ctx, c)
		return err
	}
	body := l.Body
	if l.AttemptMark != "" {
		body = strings.ReplaceAll(body, l.AttemptMark, strconv.Itoa(l.Attempts+1))
	}
	switch part := strings.SplitN(l.To, ":", 6); part[2] {
	case "lambda":
		header := http.Header{"X-Amz-Invocation-Type": {"Event"}}
		if l.Trace != "" {
			header.Set("X-Amzn-Trace-Id", l.Trace)
		}
		return do(&gate.Call{
			Service: "lambda", Operation: "Invoke", Path: "/2015-03-31/functions/" + url.PathEscape(l.To) + "/invocations",
			Vars: map[string]string{"FunctionName": l.To}, Header: header, Body: []byte(body),
		})
	case "sqs":
		return p.toQueue(do, l.To, body, l.Group, l.Attributes)
	case "sns":
		return do(&gate.Call{Service: "sns", Operation: "Publish", Path: "/", Form: l.published(body)})
	case "events":
		type entry struct {
			EventBusName, Source, DetailType, Detail string
			Resources                                []string `json:",omitempty"`
		}
		body, err := json.Marshal(map[string][]entry{"Entries": {{l.To, l.BusSource, l.BusType, body, l.BusResources}}})
		if err != nil {
			return err
		}
		return do(&gate.Call{Service: "events", Operation: "PutEvents", Path: "/", Body: body, Input: l})
	case "logs":
		return p.toLogs(do, l.From.Source, part[5], body)
	}
	return gate.Errorf("NO_RESOURCE", "the local cloud delivers nothing to %s", l.To)
}

// published is the request of Publish.
func (l *Letter) published(body string) url.Values {
	form := url.Values{"TopicArn": {l.To}, "Message": {body}}
	for i, a := range l.Attributes {
		at := "MessageAttributes.entry." + strconv.Itoa(i+1) + "."
		form.Set(at+"Name", a.Name)
		form.Set(at+"Value.DataType", a.Type)
		form.Set(at+"Value.StringValue", a.Value)
	}
	return form
}

// toQueue sends a message; SQS reads the path of a queue's URL alone.
func (p *Post) toQueue(do func(*gate.Call) error, arn, body, group string, about []Attribute) error {
	part := strings.Split(arn, ":")
	in := map[string]any{"QueueUrl": "https://sqs." + part[3] + ".amazonaws.com/" + part[4] + "/" + part[5], "MessageBody": body}
	if group != "" {
		in["MessageGroupId"] = group
	}
	if len(about) > 0 {
		attributes := map[string]map[string]string{}
		for _, a := range about {
			if a.Value != "" { // SQS takes no empty values
				attributes[a.Name] = map[string]string{"DataType": a.Type, "StringValue": a.Value}
			}
		}
		in["MessageAttributes"] = attributes
	}
	raw, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return do(&gate.Call{Service: "sqs", Operation: "SendMessage", Path: "/", Body: raw})
}

// toLogs writes the event into a stream of its source's own.
func (p *Post) toLogs(do func(*gate.Call) error, source, group, body string) error {
	group = strings.TrimSuffix(strings.TrimPrefix(group, "log-group:"), ":*")
	sum := sha256.Sum256([]byte(source))
	of := map[string]any{"logGroupName": group, "logStreamName": hex.EncodeToString(sum[:16])}
	call := func(operation string) error {
		raw, err := json.Marshal(of)
		if err != nil {
			return err
		}
		return do(&gate.Call{Service: "logs", Operation: operation, Path: "/", Body: raw})
	}
	if err := call("CreateLogStream"); err != nil && gate.CodeOf(err) != "ResourceAlreadyExistsException" {
		return err
	}
	of["logEvents"] = []map[string]any{{"timestamp": p.cfg.Now().UnixMilli(), "message": body}}
	return call("PutLogEvents")
}
