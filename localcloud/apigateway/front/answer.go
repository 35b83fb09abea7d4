package front

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// Answer is a function's answer as HTTP.
type Answer struct {
	Status int
	Header map[string][]string
	Body   []byte
	// Base64 says that the function marked its body as base64: a REST API
	// decodes it only for clients that accept a binary type. Body holds the text.
	Base64 bool
}

var (
	errNotObject = errors.New("the answer is not a JSON object")
	errBody      = errors.New("body is not a string")
)

// ParseREST reads a function's answer as a REST API does: exactly the members
// of the proxy format, else it is malformed.
func ParseREST(payload []byte) (*Answer, error) {
	members, err := decodeObject(payload)
	if err != nil {
		return nil, err
	}
	a := &Answer{Status: 200, Header: map[string][]string{}}
	for name := range members {
		switch name {
		case "statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded":
		default:
			return nil, fmt.Errorf("the answer has the member %q, which the proxy format does not know", name)
		}
	}
	if err := a.readCommon(members); err != nil {
		return nil, err
	}
	if err := a.readMultiHeaders(members["multiValueHeaders"]); err != nil {
		return nil, err
	}
	return a, nil
}

// ParseHTTP reads a function's answer as an HTTP API does in a payload format.
// In 2.0, JSON without a statusCode is itself the body.
func ParseHTTP(payload []byte, format string) (*Answer, error) {
	members, err := decodeObject(payload)
	if format != "1.0" {
		if _, full := members["statusCode"]; err != nil || !full {
			return inferred(payload)
		}
	}
	if err != nil {
		return nil, err
	}
	a := &Answer{Status: 200, Header: map[string][]string{}}
	if err := a.readCommon(members); err != nil {
		return nil, err
	}
	if format == "1.0" {
		if err := a.readMultiHeaders(members["multiValueHeaders"]); err != nil {
			return nil, err
		}
	} else if err := a.readCookies(members["cookies"]); err != nil {
		return nil, err
	}
	if a.Base64 {
		decoded, err := base64.StdEncoding.DecodeString(string(a.Body))
		if err != nil {
			return nil, fmt.Errorf("body is marked as base64 but is not: %w", err)
		}
		a.Body, a.Base64 = decoded, false
	}
	return a, nil
}

// inferred is the 2.0 answer for JSON that is not a full answer: a string is
// the body's text, anything else the body itself.
func inferred(payload []byte) (*Answer, error) {
	payload = bytes.Trim(payload, " \t\r\n") // the white space of JSON
	if !json.Valid(payload) {
		return nil, errors.New("the answer is not JSON")
	}
	a := &Answer{Status: 200, Header: map[string][]string{"Content-Type": {"application/json"}}, Body: payload}
	var text string
	if payload[0] == '"' && json.Unmarshal(payload, &text) == nil {
		a.Body = []byte(text)
	}
	if string(payload) == "null" {
		a.Body = nil
	}
	return a, nil
}

func decodeObject(payload []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber()
	var members map[string]any
	if err := d.Decode(&members); err != nil || members == nil {
		return nil, errNotObject
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errNotObject
	}
	return members, nil
}

// readCommon reads the members that all formats share.
func (a *Answer) readCommon(members map[string]any) error {
	status, err := readStatus(members["statusCode"])
	if err != nil {
		return err
	}
	a.Status = status
	switch body := members["body"].(type) {
	case nil:
	case map[string]any, []any:
		return errBody
	default:
		text, _ := scalar(body)
		a.Body = []byte(text)
	}
	switch encoded := members["isBase64Encoded"].(type) {
	case nil:
	case bool:
		a.Base64 = encoded
	case string:
		a.Base64 = strings.EqualFold(encoded, "true")
	default:
		return errors.New("isBase64Encoded is not a boolean")
	}
	switch headers := members["headers"].(type) {
	case nil:
	case map[string]any:
		for name, value := range headers {
			text, ok := scalar(value)
			if !ok {
				return fmt.Errorf("the header %q is not a string", name)
			}
			a.Header[name] = append(a.Header[name], text)
		}
	default:
		return errors.New("headers is not an object")
	}
	return nil
}

// readMultiHeaders adds the multi-valued headers; where a name stands in both,
// the two lists are joined without doubling a value.
func (a *Answer) readMultiHeaders(v any) error {
	if v == nil {
		return nil
	}
	headers, ok := v.(map[string]any)
	if !ok {
		return errors.New("multiValueHeaders is not an object")
	}
	for name, value := range headers {
		list, ok := value.([]any)
		if !ok {
			return fmt.Errorf("the multi-value header %q is not a list", name)
		}
		var texts []string
		for _, item := range list {
			text, ok := scalar(item)
			if !ok {
				return fmt.Errorf("the multi-value header %q holds something that is not a string", name)
			}
			texts = append(texts, text)
		}
		for single, values := range a.Header {
			if !strings.EqualFold(single, name) {
				continue
			}
			delete(a.Header, single)
			for _, before := range values {
				if !contains(texts, before) {
					texts = append([]string{before}, texts...)
				}
			}
		}
		a.Header[name] = texts
	}
	return nil
}

func (a *Answer) readCookies(v any) error {
	if v == nil {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		return errors.New("cookies is not a list")
	}
	for _, item := range list {
		text, ok := scalar(item)
		if !ok {
			return errors.New("cookies holds something that is not a string")
		}
		a.Header["Set-Cookie"] = append(a.Header["Set-Cookie"], text)
	}
	return nil
}

// readStatus accepts a number or a string of digits, from 200 to 599; without one it is 200.
func readStatus(v any) (int, error) {
	var text string
	switch status := v.(type) {
	case nil:
		return 200, nil
	case json.Number:
		text = status.String()
	case string:
		text = strings.TrimSpace(status)
	default:
		return 0, errors.New("statusCode is not a number")
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n != math.Trunc(n) || n < 200 || n > 599 {
		return 0, fmt.Errorf("statusCode %.20q is not an HTTP status from 200 to 599", text)
	}
	return int(n), nil
}

// scalar gives the text of a JSON string, number or boolean; null is "".
func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

func contains(list []string, s string) bool {
	for _, item := range list {
		if item == s {
			return true
		}
	}
	return false
}
