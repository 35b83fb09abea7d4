package poller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/writ-dev/writ/localcloud/gate"
)

// Mapping is an event source mapping as it is stored.
type Mapping struct {
	UUID      string            `json:"uuid"`
	Source    string            `json:"source"` // the queue's ARN
	Function  string            `json:"function"`
	Qualifier string            `json:"qualifier,omitempty"`
	Enabled   bool              `json:"enabled"`
	Batch     int               `json:"batch"`
	Window    int               `json:"window,omitempty"` // seconds
	Most      int               `json:"most,omitempty"`   // concurrent invocations, 0 for the default
	Partial   bool              `json:"partial,omitempty"`
	Modified  time.Time         `json:"modified"`
	Tags      map[string]string `json:"tags,omitempty"`
	// Result says how the last work went. It is not kept over a restart.
	Result string `json:"-"`
}

// Settings are what a call says of a mapping; nil leaves as it is.
type Settings struct {
	Source              string
	Function, Qualifier string
	Enabled             *bool
	Batch, Window       *int
	// ResponseTypes is nil, empty, or ReportBatchItemFailures.
	ResponseTypes []string
	// Most is nil when the call says nothing of scaling, 0 for no bound.
	Most *int
	Tags map[string]string
}

func failure(status int, code, format string, args ...any) *gate.Error {
	return &gate.Error{Code: code, Message: fmt.Sprintf(format, args...), Status: status, Fields: map[string]any{"Type": "User"}}
}

func invalid(format string, args ...any) *gate.Error {
	return failure(400, "InvalidParameterValueException", format, args...)
}

// NotFound is the error of a mapping that is not there.
func NotFound() *gate.Error {
	return failure(404, "ResourceNotFoundException", "The resource you requested does not exist.")
}

func constraint(field string, value int, rule string) *gate.Error {
	return failure(400, "ValidationException", "1 validation error detected: Value '%d' at '%s' failed to satisfy constraint: %s", value, field, rule)
}

var queueRule = regexp.MustCompile(`^arn:aws:sqs:([a-z0-9-]+):(\d{12}):([A-Za-z0-9_-]{1,80}(?:\.fifo)?)$`)

func (m *Mapping) fifo() bool { return strings.HasSuffix(m.Source, ".fifo") }

// settle applies settings to a mapping and checks that it can work: the same
// checks that AWS makes when a mapping is made or changed.
func (p *Pollers) settle(ctx context.Context, m *Mapping, s Settings) error {
	part := queueRule.FindStringSubmatch(m.Source)
	switch {
	case part == nil:
		return invalid("The local cloud reads event sources of SQS only, and this is none: %s", m.Source)
	case part[1] != p.cfg.Region || part[2] != p.cfg.Account:
		return invalid("The queue must be in the account and region of the local cloud: %s", m.Source)
	}
	if s.Function != "" {
		m.Function, m.Qualifier = s.Function, s.Qualifier
	}
	if s.Enabled != nil {
		m.Enabled = *s.Enabled
	}
	if s.Batch != nil {
		m.Batch = *s.Batch
	}
	if s.Window != nil {
		m.Window = *s.Window
	}
	if s.Most != nil {
		m.Most = *s.Most
	}
	if s.ResponseTypes != nil {
		m.Partial = false
		for _, kind := range s.ResponseTypes {
			if kind != "ReportBatchItemFailures" {
				return invalid("The function response type is not known: %s", kind)
			}
			m.Partial = true
		}
	}
	if err := m.check(); err != nil {
		return err
	}
	return p.try(ctx, m)
}

func (m *Mapping) check() error {
	switch {
	case m.Batch < 1 || m.Batch > 10_000:
		return constraint("batchSize", m.Batch, "Member must have value between 1 and 10000")
	case m.Window < 0 || m.Window > 300:
		return constraint("maximumBatchingWindowInSeconds", m.Window, "Member must have value between 0 and 300")
	case m.fifo() && m.Window > 0:
		return invalid("Batching window is not supported for FIFO queues")
	case m.fifo() && m.Batch > 10:
		return invalid("Batch size is limited to 10 for FIFO queues")
	case m.Batch > 10 && m.Window == 0:
		return invalid("Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10")
	case m.Most != 0 && (m.Most < 2 || m.Most > 1000):
		return constraint("scalingConfig.maximumConcurrency", m.Most, "Member must have value between 2 and 1000")
	}
	return nil
}

// try checks that the function's role may read the queue, without receiving a
// message: the calls miss something that SQS looks for after IAM has decided.
func (p *Pollers) try(ctx context.Context, m *Mapping) error {
	_, timeout, ok := p.cfg.Functions.Role(m.Function, m.Qualifier)
	if !ok {
		return failure(404, "ResourceNotFoundException", "Function not found: %s", m.Function)
	}
	_, as, err := p.assume(ctx, m)
	if err != nil {
		p.cfg.Log.Info("a function's role cannot be assumed", "function", m.Function, "error", err)
		return invalid("The role defined for the function cannot be assumed by Lambda.")
	}
	url := p.url(m.Source)
	for _, one := range []struct {
		operation string
		in        map[string]any
	}{
		{"ReceiveMessage", map[string]any{"QueueUrl": url, "MaxNumberOfMessages": 0}},
		{"DeleteMessage", map[string]any{"QueueUrl": url}},
	} {
		if err := p.call(ctx, as, one.operation, one.in, nil); !harmless(err) {
			return refused(one.operation, err)
		}
	}
	hidden, err := p.hidden(ctx, as, m)
	if err != nil {
		return refused("GetQueueAttributes", err)
	}
	if hidden < timeout {
		return invalid("Queue visibility timeout: %d seconds is less than Function timeout: %d seconds", int(hidden.Seconds()), int(timeout.Seconds()))
	}
	return nil
}

// harmless tells the error that a call was meant to run into.
func harmless(err error) bool {
	code := gate.CodeOf(err)
	return err == nil || strings.HasSuffix(code, "#InvalidParameterValueException") || strings.HasSuffix(code, "#MissingRequiredParameterException")
}

// hidden gives a queue's visibility timeout.
func (p *Pollers) hidden(ctx context.Context, as gate.Caller, m *Mapping) (time.Duration, error) {
	var out struct{ Attributes map[string]string }
	in := map[string]any{"QueueUrl": p.url(m.Source), "AttributeNames": []string{"VisibilityTimeout"}}
	if err := p.call(ctx, as, "GetQueueAttributes", in, &out); err != nil {
		return 0, err
	}
	seconds, err := strconv.Atoi(out.Attributes["VisibilityTimeout"])
	return time.Duration(seconds) * time.Second, err
}

// refused words why a queue cannot be read, as Lambda does.
func refused(operation string, err error) error {
	var known *gate.Error
	if !errors.As(err, &known) {
		return err
	}
	if denied(err) {
		return invalid("The function execution role does not have permissions to call %s on SQS", operation)
	}
	code, _, ok := strings.Cut(known.Header.Get("X-Amzn-Query-Error"), ";") // what SQS calls it elsewhere
	if !ok {
		code = known.Code
	}
	return invalid("Error occurred while %s. SQS Error Code: %s. SQS Error Message: %s", operation, code, known.Message)
}

func denied(err error) bool { return strings.HasPrefix(gate.CodeOf(err), "AccessDenied") }

// record is one message in the event that a function gets.
type record struct {
	MessageID              string                   `json:"messageId"`
	ReceiptHandle          string                   `json:"receiptHandle"`
	Body                   string                   `json:"body"`
	Attributes             map[string]string        `json:"attributes"`
	MessageAttributes      map[string]attributeView `json:"messageAttributes"`
	MD5OfMessageAttributes string                   `json:"md5OfMessageAttributes,omitempty"`
	MD5OfBody              string                   `json:"md5OfBody"`
	EventSource            string                   `json:"eventSource"`
	EventSourceARN         string                   `json:"eventSourceARN"`
	AWSRegion              string                   `json:"awsRegion"`
}

type attributeView struct {
	StringValue      *string  `json:"stringValue,omitempty"`
	BinaryValue      *string  `json:"binaryValue,omitempty"`
	StringListValues []string `json:"stringListValues"`
	BinaryListValues []string `json:"binaryListValues"`
	DataType         string   `json:"dataType"`
}

// message is one message as SQS gives it.
type message struct {
	MessageID         string `json:"MessageId"`
	ReceiptHandle     string
	Body              string
	MD5OfBody         string
	Attributes        map[string]string
	MessageAttributes map[string]struct {
		DataType                 string
		StringValue, BinaryValue *string
	}
	MD5OfMessageAttributes string
}

// event is the event of a batch.
func (p *Pollers) event(m *Mapping, batch []message) ([]byte, error) {
	records := make([]record, len(batch))
	for i, one := range batch {
		r := record{
			MessageID: one.MessageID, ReceiptHandle: one.ReceiptHandle, Body: one.Body, Attributes: one.Attributes, MD5OfBody: one.MD5OfBody,
			MessageAttributes: map[string]attributeView{}, MD5OfMessageAttributes: one.MD5OfMessageAttributes,
			EventSource: "aws:sqs", EventSourceARN: m.Source, AWSRegion: p.cfg.Region,
		}
		for name, a := range one.MessageAttributes {
			r.MessageAttributes[name] = attributeView{a.StringValue, a.BinaryValue, []string{}, []string{}, a.DataType}
		}
		records[i] = r
	}
	return json.Marshal(map[string]any{"Records": records})
}
