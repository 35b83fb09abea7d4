package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/server/internal/jsonread"
)

func tooLong(limit int64) error {
	return writ.Errorf(writ.CodeTooLarge, "the body is longer than the %d bytes that are allowed here", limit)
}

// Body appends a request's body to into, which may be nil. A body over the limit is a CodeTooLarge error.
func Body(r *http.Request, into []byte) ([]byte, error) {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, writ.Errorf(writ.CodeInvalid, "the content encoding %q is not known: send the body as it is", clip(encoding))
	}
	if r.Body == nil {
		return into, nil
	}
	for {
		if len(into) == cap(into) {
			into = append(into, 0)[:len(into)]
		}
		n, err := r.Body.Read(into[len(into):cap(into)])
		into = into[:len(into)+n]
		var long *http.MaxBytesError
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			return into, nil
		case errors.As(err, &long):
			return nil, tooLong(long.Limit)
		default:
			return nil, writ.Errorf(writ.CodeCancelled, "the body could not be read: %w", err)
		}
	}
}

// Decode reads a request's JSON body into v. What is not JSON, nested too deep, or names a
// field twice, be it in another case, is a CodeInvalid error; fields that v lacks are ignored.
func Decode(r *http.Request, v any) error { return decode(r, v, false) }

// DecodeStrict is Decode where a field that v lacks is a CodeInvalid error too: of a write a part that
// is not understood must not be left out.
func DecodeStrict(r *http.Request, v any) error { return decode(r, v, true) }

func decode(r *http.Request, v any, strict bool) error {
	text, err := Body(r, nil)
	if err != nil {
		return err
	}
	if err := jsonread.ValidateFolded(text); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if strict {
		d.DisallowUnknownFields()
	}
	err = d.Decode(v)
	var kind *json.UnmarshalTypeError
	if name, ok := unknownField(err); ok {
		return writ.Errorf(writ.CodeInvalid, "the body has a field %s, which is not known here", clip(name))
	}
	if errors.As(err, &kind) {
		return writ.Errorf(writ.CodeInvalid, "%s: a JSON %s cannot stand here", kind.Field, kind.Value)
	}
	if err != nil {
		return writ.Errorf(writ.CodeInvalid, "the body cannot be read: %w", err)
	}
	return nil
}

// unknownField gives the quoted name in encoding/json's error of a field that is not known, which has no type of its own.
func unknownField(err error) (string, bool) {
	if err == nil {
		return "", false
	}
	return strings.CutPrefix(err.Error(), "json: unknown field ")
}
