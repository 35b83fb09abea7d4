package lambda

import (
	"encoding/hex"
	"encoding/json"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/writ-dev/writ/localcloud/delivery"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/lambda/process"
)

// The conditions of an invocation record, and the detail types of the events
// that carry one.
const (
	succeeded    = "Success"
	exhausted    = "RetriesExhausted"
	tooOld       = "EventAgeExceeded"
	resultOfType = "Lambda Function Invocation Result - "
)

const (
	// sendRetries is how often a destination is tried again that did not answer.
	sendRetries = 3
	// maxLoop is how often a chain of destinations may come by one function:
	// Lambda Developer Guide, "Use Lambda recursive loop detection".
	maxLoop = 16
	// maxErrorText is how much of the error a dead letter tells, in bytes.
	maxErrorText = 1024
)

// invocationRecord is what a destination gets: Lambda Developer Guide,
// "Retaining records of asynchronous invocations".
type invocationRecord struct {
	Version        string          `json:"version"`
	Timestamp      string          `json:"timestamp"`
	RequestContext requestContext  `json:"requestContext"`
	RequestPayload json.RawMessage `json:"requestPayload"`
	// ResponseContext and ResponsePayload are of the last attempt; there are
	// none when the function was not run.
	ResponseContext *responseContext `json:"responseContext,omitempty"`
	ResponsePayload json.RawMessage  `json:"responsePayload,omitempty"`
}

type requestContext struct {
	RequestID   string `json:"requestId"`
	FunctionARN string `json:"functionArn"`
	Condition   string `json:"condition"`
	Count       int    `json:"approximateInvokeCount"`
}

type responseContext struct {
	StatusCode      int    `json:"statusCode"`
	ExecutedVersion string `json:"executedVersion"`
	FunctionError   string `json:"functionError,omitempty"`
}

// outcome is what an asynchronous invocation came to.
type outcome struct {
	in        *input
	event     process.Event
	fn        *function
	condition string
	calls     int            // how often the function was invoked
	last      process.Result // of the last attempt
	failed    error          // why the last attempt did not come to the function
}

// conclude sends what follows an asynchronous invocation, with the function's
// own role: IAM decides whether it may.
func (s *Service) conclude(o *outcome) {
	var letters []delivery.Letter
	from := delivery.Sender{Service: "lambda.amazonaws.com", Source: s.functionARN(o.in.name, ""), Role: o.fn.record.Role, Session: o.in.name}
	if to := o.fn.record.Async.destination(o.condition == succeeded); to != "" {
		if l, ok := s.recordLetter(o, to); ok {
			letters = append(letters, l)
		}
	}
	if to := o.fn.record.deadLetter(); to != "" && o.condition != succeeded {
		letters = append(letters, delivery.Letter{To: to, Body: string(o.event.Payload), Attributes: o.about()})
	}
	for i := range letters {
		letters[i].From, letters[i].Retries = from, sendRetries
	}
	if err := s.post.Send(letters...); err != nil {
		s.cfg.Log.Warn("the record of an asynchronous invocation is lost", "function", o.in.name, "request", o.event.RequestID, "error", err.Error())
	}
}

// recordLetter is the record on its way; ok is false when a loop ends here.
func (s *Service) recordLetter(o *outcome, to string) (l delivery.Letter, ok bool) {
	arn := s.functionARN(o.in.name, orText(o.in.qualifier, latest))
	r := invocationRecord{
		Version: "1.0", Timestamp: s.cfg.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
		RequestContext: requestContext{o.event.RequestID, arn, o.condition, o.calls},
		RequestPayload: o.event.Payload,
	}
	if o.failed == nil {
		r.ResponseContext = &responseContext{200, o.fn.record.Version, o.last.Error}
		r.ResponsePayload = asJSON(o.last.Payload)
	}
	body, err := json.Marshal(r)
	if err != nil { // all parts are JSON
		s.cfg.Log.Error("the record of an asynchronous invocation could not be made", "function", o.in.name, "error", err.Error())
		return l, false
	}
	l = delivery.Letter{To: to, Body: string(body)}
	switch {
	case strings.HasPrefix(to, "arn:aws:events:"):
		kind := "Failure"
		if o.condition == succeeded {
			kind = succeeded
		}
		l.BusSource, l.BusType, l.BusResources = "lambda", resultOfType+kind, []string{arn, to}
	case strings.HasPrefix(to, "arn:aws:lambda:"):
		var times int
		if l.Trace, times = lineage(o.event.TraceID, to); times > maxLoop {
			s.cfg.Log.Warn("functions that follow one another go round in a loop, which ends here", "function", o.in.name, "destination", to, "times", maxLoop)
			return l, false
		}
	}
	return l, true
}

// asJSON gives a payload that is no JSON, as custom runtimes may answer, as text.
func asJSON(payload []byte) json.RawMessage {
	if json.Valid(payload) {
		return payload
	}
	text, err := json.Marshal(string(payload))
	if err != nil { // a string always encodes
		return nil
	}
	return text
}

// about are the attributes of a dead letter: Lambda Developer Guide, "Adding a
// dead-letter queue".
func (o *outcome) about() []delivery.Attribute {
	code, text := 200, string(o.last.Payload)
	if o.failed != nil {
		code, text = 500, o.failed.Error()
		if gate.CodeOf(o.failed) == "TooManyRequestsException" {
			code = 429
		}
	} else {
		var said struct {
			ErrorMessage string `json:"errorMessage"`
		}
		if json.Unmarshal(o.last.Payload, &said) == nil && said.ErrorMessage != "" {
			text = said.ErrorMessage
		}
	}
	if len(text) > maxErrorText {
		text = strings.ToValidUTF8(text[:maxErrorText], "")
	}
	return []delivery.Attribute{
		{Name: "RequestID", Type: "String", Value: o.event.RequestID},
		{Name: "ErrorCode", Type: "Number", Value: strconv.Itoa(code)},
		{Name: "ErrorMessage", Type: "String", Value: orText(text, "-")},
	}
}

// deadLetter is the ARN of the function's dead-letter queue or topic, "" for none.
func (r *Record) deadLetter() string {
	var c struct{ TargetArn string }
	if json.Unmarshal(r.Kept["DeadLetterConfig"], &c) != nil {
		return ""
	}
	return c.TargetArn
}

// checkDeadLetter says what is wrong with a dead-letter queue. One of an empty
// ARN is none.
func checkDeadLetter(r *Record) error {
	arn := r.deadLetter()
	switch {
	case arn == "":
		delete(r.Kept, "DeadLetterConfig")
		return nil
	case !strings.HasPrefix(arn, "arn:aws:sqs:") && !strings.HasPrefix(arn, "arn:aws:sns:"), !destinationRule.MatchString(arn), strings.HasSuffix(arn, ".fifo"):
		return invalid("The provided dead-letter target %s is invalid: it is a standard queue or topic.", arn)
	}
	return nil
}

// lineage counts in a trace header that a chain of destinations comes to a
// function once more, and gives how often it then did. The header goes with the
// event, also through the functions.
func lineage(trace, function string) (header string, times int) {
	h := fnv.New32a()
	_, _ = h.Write([]byte(function)) // a hash takes everything
	id := hex.EncodeToString(h.Sum(nil))
	var others, chain []string
	for _, part := range strings.Split(trace, ";") {
		list, ok := strings.CutPrefix(part, "Lineage=")
		if !ok {
			others = append(others, part)
			continue
		}
		for _, one := range strings.Split(list, "|") {
			if name, n, _ := strings.Cut(one, ":"); name == id {
				times, _ = strconv.Atoi(n) // what is no number counts from 0
			} else {
				chain = append(chain, one)
			}
		}
	}
	times++
	chain = append(chain, id+":"+strconv.Itoa(times))
	return strings.Join(append(others, "Lineage="+strings.Join(chain, "|")), ";"), times
}

// pause is the wait before a failed event is tried again.
func (s *Service) pause(failures int) time.Duration {
	if len(s.cfg.Retries) == 0 {
		return 0
	}
	return s.cfg.Retries[min(failures, len(s.cfg.Retries))-1]
}
