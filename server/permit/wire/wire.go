// Package wire is what Permit's interfaces, decisions and management, have in common: errors in
// the shapes that its SDKs understand, ids, lists, and a request on its way.
package wire

import (
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/server/internal/jsonread"
)

// Unmarshal reads a part of a body; its errors are told in the caller's terms.
func Unmarshal(text []byte, v any) error { return jsonread.Into(text, v) }

// Status is the status of an error. It differs from the usual one where an SDK would
// take the error for an answer: Permit's Go SDK does so with 400 and 413.
func Status(err error) int {
	var own *server.StatusError
	if errors.As(err, &own) {
		return own.Status
	}
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
func message(r *http.Request, err error) string {
	_, text := server.Public(r, err)
	var e *writ.Error
	if errors.As(err, &e) && e.Hint != "" && e.Code != writ.CodeInternal {
		return text + "; " + e.Hint
	}
	return text
}

// FailDecision writes an error of the decision interface. It has no field `allow`:
// an SDK that does not look at the status still denies.
func FailDecision(w http.ResponseWriter, r *http.Request, err error) {
	status := Status(err)
	if errors.Is(err, server.ErrWrongKey) {
		status = http.StatusForbidden // a key that is missing is 401, a wrong one 403
	}
	server.WriteJSON(w, status, map[string]any{"detail": message(r, err)})
}

// FailManagement writes an error of the management interface, with the fields that the SDKs of Node and Python read.
func FailManagement(w http.ResponseWriter, r *http.Request, err error) {
	status := Status(err)
	title, code := "The request cannot be served", "UNEXPECTED_ERROR"
	switch status {
	case http.StatusUnauthorized:
		title, code = "The API key is missing or wrong", "UNAUTHORIZED"
	case http.StatusForbidden:
		title, code = "The API key does not allow this", "FORBIDDEN_ACCESS"
	case http.StatusNotFound:
		title, code = "There is no such thing", "NOT_FOUND"
	case http.StatusConflict:
		title, code = "It is in conflict with what is there", "DUPLICATE_ENTITY"
	case http.StatusUnprocessableEntity, http.StatusBadRequest:
		title, code = "The request is not valid", "BAD_REQUEST"
	}
	text := message(r, err)
	body := map[string]any{"id": server.RequestID(r.Context()), "title": title, "error_code": code, "message": text}
	if status == http.StatusUnprocessableEntity {
		body["detail"] = []any{map[string]any{"loc": []string{"body"}, "msg": text, "type": "value_error"}}
	}
	server.WriteJSON(w, status, body)
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
	return dashed(hex.EncodeToString(b))
}

// CanonicalID reads a UUID in the form that [ID] gives or in another of [idForms]. In any other, with letters of both
// cases or dashes elsewhere, it is a key like others.
func CanonicalID(text string) (string, bool) {
	if len(text) != 32 && len(text) != 36 {
		return "", false
	}
	plain := strings.ToLower(strings.ReplaceAll(text, "-", ""))
	if _, err := hex.DecodeString(plain); err != nil || len(plain) != 32 {
		return "", false
	}
	id := dashed(plain)
	if !slices.Contains(idForms(id), text) {
		return "", false
	}
	return id, true
}

// idForms are the ways in which an id may be written: with dashes or without, in small letters or in capital ones.
func idForms(id string) []string {
	plain := strings.ReplaceAll(id, "-", "")
	return []string{id, plain, strings.ToUpper(id), strings.ToUpper(plain)}
}

func dashed(s string) string {
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
