package server

import (
	"errors"
	"io"
	"net/http"
	"os"
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
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil, &StatusError{Status: http.StatusRequestTimeout, Err: writ.Errorf(writ.CodeCancelled, "the body did not come in time")}
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
	if strict {
		return jsonread.IntoStrict(text, v)
	}
	return jsonread.Into(text, v)
}
