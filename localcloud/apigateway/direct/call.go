package direct

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/writ-dev/writ/localcloud/gate"
)

// Call makes the service's call of a request. The caller fills in who calls.
// An error says what the request does not have; API Gateway then calls nothing.
func (i *Integration) Call(r *Request) (*gate.Call, error) {
	members := map[string]any{}
	for _, p := range i.subtype.parameters {
		value, given := i.values[p.name]
		if !given {
			continue
		}
		read, err := value.Read(r)
		if err != nil {
			return nil, fmt.Errorf("the parameter %s cannot be filled: %w", p.name, err)
		}
		if p.kind == asRegion {
			if read != i.region {
				return nil, fmt.Errorf("the parameter Region names another region: %.40q", read)
			}
			continue
		}
		if members[p.name], err = p.kind.of(read); err != nil {
			return nil, fmt.Errorf("the parameter %s cannot be filled: %w", p.name, err)
		}
	}
	body, err := json.Marshal(i.subtype.body(members))
	if err != nil {
		return nil, err
	}
	return &gate.Call{Service: i.subtype.service, Operation: i.subtype.operation, Method: http.MethodPost, Path: "/", Header: http.Header{}, Body: body}, nil
}

// of makes the member of a call of a parameter's text. AWS documents the form
// of none but texts.
func (k kind) of(read string) (any, error) {
	switch k {
	case asNumber:
		if _, err := strconv.Atoi(read); err != nil {
			return nil, fmt.Errorf("%.40q is not a number", read)
		}
		return json.Number(read), nil
	case asObject:
		var members map[string]json.RawMessage
		if err := json.Unmarshal([]byte(read), &members); err != nil || members == nil {
			return nil, fmt.Errorf("%.40q is not a JSON object", read)
		}
		return members, nil
	case asList:
		var items []string
		if json.Unmarshal([]byte(read), &items) == nil {
			return items, nil
		}
		return []string{read}, nil
	case asTime:
		if seconds, err := strconv.ParseInt(read, 10, 64); err == nil {
			return seconds, nil
		}
		at, err := time.Parse(time.RFC3339, read)
		if err != nil {
			return nil, fmt.Errorf("%.40q is not a time", read)
		}
		return at.Unix(), nil
	case asText, asRegion:
	}
	return read, nil
}

// Answer gives what the client gets for a service's answer.
func (i *Integration) Answer(c *gate.Call, reply *gate.Reply) (contentType string, body []byte, err error) {
	return i.subtype.answer(c, reply)
}

// asItIs passes the answer of a service of the JSON protocol on: AWS's own
// sample shows {"Entries":[{"EventId":"…"}],"FailedEntryCount":0}
// (aws-samples/serverless-patterns, apigw-http-api-eventbridge-lambda-sls).
// The Content-Type is the service's, which is not documented.
func asItIs(_ *gate.Call, reply *gate.Reply) (string, []byte, error) {
	return "application/x-amz-json-1.1", reply.Body, nil
}

// sentMessage writes the answer of SendMessage as XML: API Gateway speaks the
// Query protocol with SQS, and passes its answer on (aws-samples/
// serverless-patterns, apigw-http-api-sqs-lambda-sls, "Expected output").
func sentMessage(c *gate.Call, reply *gate.Reply) (string, []byte, error) {
	type result struct {
		MessageID    string `json:"MessageId" xml:"MessageId"`
		MD5          string `json:"MD5OfMessageBody" xml:"MD5OfMessageBody"`
		OfAttributes string `json:"MD5OfMessageAttributes" xml:"MD5OfMessageAttributes,omitempty"`
		OfSystem     string `json:"MD5OfMessageSystemAttributes" xml:"MD5OfMessageSystemAttributes,omitempty"`
		Sequence     string `json:"SequenceNumber" xml:"SequenceNumber,omitempty"`
	}
	answer := struct {
		XMLName   xml.Name `xml:"http://queue.amazonaws.com/doc/2012-11-05/ SendMessageResponse"`
		Result    result   `xml:"SendMessageResult"`
		RequestID string   `xml:"ResponseMetadata>RequestId"`
	}{RequestID: c.RequestID}
	if err := json.Unmarshal(reply.Body, &answer.Result); err != nil {
		return "", nil, fmt.Errorf("read the answer of SendMessage: %w", err)
	}
	body, err := xml.Marshal(answer)
	return "text/xml", append([]byte(`<?xml version="1.0"?>`), body...), err
}
