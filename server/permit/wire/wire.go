// Package wire is what Permit's two interfaces, decisions and management, have in common:
// bodies, errors in the shapes that its SDKs understand, and ids.
package wire

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/writ-dev/writ"
)

// MaxBody is how many bytes a body may have when no other limit is set.
const MaxBody = 8 << 20

// Decode reads a JSON body of at most limit bytes (0 is [MaxBody]) into v. Fields
// that v lacks are ignored: SDKs send more than they document. An empty body is an error.
func Decode(r *http.Request, limit int64, v any) error {
	if limit <= 0 {
		limit = MaxBody
	}
	text, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, limit))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return writ.Errorf(writ.CodeTooLarge, "the body has more than %d bytes", limit)
	case err != nil:
		return writ.Errorf(writ.CodeCancelled, "the body broke off")
	case len(bytes.TrimSpace(text)) == 0:
		return writ.Errorf(writ.CodeInvalid, "the body is empty")
	}
	return Unmarshal(text, v)
}

// Unmarshal reads JSON; its errors are told in the caller's terms.
func Unmarshal(text []byte, v any) error {
	err := json.Unmarshal(text, v)
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind) && kind.Field != "":
		return writ.Errorf(writ.CodeInvalid, "%s cannot be a %s", kind.Field, kind.Value)
	case errors.As(err, &kind):
		return writ.Errorf(writ.CodeInvalid, "the body cannot be a %s", kind.Value)
	case err != nil:
		return writ.Errorf(writ.CodeInvalid, "the body is not JSON: %v", err)
	}
	return nil
}

// Send writes a JSON answer.
func Send(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"detail":"the answer cannot be written"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // an error means that the caller went away
}

// Status is the status of an error. It differs from HTTP's usual one where an SDK would
// otherwise take the error for an answer: Permit's Go SDK does so with 400 and 413.
func Status(err error) int {
	switch code := writ.CodeOf(err); code {
	case writ.CodeInvalid, writ.CodeTooLarge:
		return http.StatusUnprocessableEntity
	case writ.CodeCancelled:
		return http.StatusGatewayTimeout
	default:
		return code.HTTPStatus()
	}
}

// message is what the caller may read of an error.
func message(err error) string {
	if writ.CodeOf(err) == writ.CodeInternal {
		return "an error inside the server; its log says more"
	}
	var e *writ.Error
	if errors.As(err, &e) && e.Hint != "" {
		return err.Error() + "; " + e.Hint
	}
	return err.Error()
}

// FailDecision writes an error of the decision interface. It has no field `allow`:
// an SDK that does not look at the status still denies.
func FailDecision(w http.ResponseWriter, _ *http.Request, err error) {
	Send(w, Status(err), map[string]any{"detail": message(err)})
}

// FailManagement writes an error of the management interface.
func FailManagement(w http.ResponseWriter, r *http.Request, err error) {
	status := Status(err)
	title, code := "The request cannot be served", "UNEXPECTED_ERROR"
	switch status {
	case http.StatusUnauthorized:
		title, code = "The API key is missing or wrong", "UNAUTHORIZED"
	case http.StatusForbidden:
		title, code = "The API key does not allow this", "FORBIDDEN_ACCESS"
	case http.StatusNotFound:
		title, code = "It was not found", "NOT_FOUND"
	case http.StatusConflict:
		title, code = "It is in conflict with what is there", "DUPLICATE_ENTITY"
	case http.StatusUnprocessableEntity, http.StatusBadRequest:
		title, code = "The request is not valid", "BAD_REQUEST"
	}
	body := map[string]any{
		"id": w.Header().Get("X-Request-ID"), "title": title, "error_code": code, "message": message(err),
	}
	if status == http.StatusUnprocessableEntity {
		body["detail"] = []any{map[string]any{"loc": []string{"body"}, "msg": message(err), "type": "value_error"}}
	}
	Send(w, status, body)
}

// ID gives the id of a thing: a UUID that follows from its names alone, so that nothing
// needs to be stored and every node gives the same.
func ID(names ...string) string {
	h := sha1.New()
	for _, name := range names {
		// Lengths keep "ab","c" and "a","bc" apart.
		_, _ = h.Write([]byte{byte(len(name) >> 8), byte(len(name))})
		_, _ = io.WriteString(h, name)
	}
	b := h.Sum(nil)[:16]
	b[6] = b[6]&0x0f | 0x50
	b[8] = b[8]&0x3f | 0x80
	s := hex.EncodeToString(b)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// CanonicalID reads a UUID, with or without dashes, in the form that [ID] gives.
func CanonicalID(text string) (string, bool) {
	plain := strings.ToLower(strings.ReplaceAll(text, "-", ""))
	if len(plain) != 32 || len(text) != 32 && len(text) != 36 {
		return "", false
	}
	if _, err := hex.DecodeString(plain); err != nil {
		return "", false
	}
	return plain[:8] + "-" + plain[8:12] + "-" + plain[12:16] + "-" + plain[16:20] + "-" + plain[20:], true
}
