package writ

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Code sorts errors by what the caller can do about them.
type Code string

// Every error of Writ has one of these codes; [CodeOf] gives CodeInternal for all others.
const (
	CodeInvalid   Code = "invalid"   // the input is wrong; Position says where
	CodeUsage     Code = "usage"     // the command line is wrong
	CodeDenied    Code = "denied"    // not allowed
	CodeAuth      Code = "auth"      // the caller is not known
	CodeNotFound  Code = "not_found" // no such thing
	CodeConflict  Code = "conflict"  // it exists already, or changed meanwhile
	CodeTooLarge  Code = "too_large" // over a bound
	CodeExternal  Code = "external"  // a tool or service that Writ calls failed
	CodeInternal  Code = "internal"  // a fault of Writ; not shown over the network
	CodeCancelled Code = "cancelled" // the caller went away
)

var codes = map[Code]struct{ http, exit int }{
	CodeInvalid:   {http.StatusBadRequest, 1},
	CodeUsage:     {http.StatusBadRequest, 2},
	CodeDenied:    {http.StatusForbidden, 3},
	CodeAuth:      {http.StatusUnauthorized, 3},
	CodeNotFound:  {http.StatusNotFound, 1},
	CodeConflict:  {http.StatusConflict, 1},
	CodeTooLarge:  {http.StatusRequestEntityTooLarge, 1},
	CodeExternal:  {http.StatusBadGateway, 1},
	CodeInternal:  {http.StatusInternalServerError, 1},
	CodeCancelled: {499, 1},
}

// HTTPStatus is the status that a server answers an error of this code with.
func (c Code) HTTPStatus() int {
	if row, ok := codes[c]; ok {
		return row.http
	}
	return http.StatusInternalServerError
}

// ExitStatus is the status that a command ends with on an error of this code.
func (c Code) ExitStatus() int {
	if row, ok := codes[c]; ok {
		return row.exit
	}
	return 1
}

// Position is a place in a user's file. Line and Col count from 1; zero means unknown.
type Position struct {
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
	Col  int    `json:"col,omitempty"`
}

// IsZero reports whether nothing is known of the place.
func (p Position) IsZero() bool { return p == Position{} }

// String gives file:line:col, leaving out what is unknown.
func (p Position) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	for _, n := range []int{p.Line, p.Col} {
		if n == 0 {
			break
		}
		if b.Len() > 0 {
			b.WriteByte(':')
		}
		fmt.Fprint(&b, n)
	}
	return b.String()
}

// Error is the one error type. Message says what is wrong in the user's terms
// and Hint what to do about it; both are sentences without a final stop.
type Error struct {
	Code     Code
	Message  string
	Hint     string
	Position Position
	// Source is the text of the line at Position, for the caret.
	Source string
	// Err is the cause, for errors.Is and errors.As; its text is part of Message.
	Err error
}

// Error gives one line: position and message.
func (e *Error) Error() string {
	if e.Position.IsZero() {
		return e.Message
	}
	return e.Position.String() + ": " + e.Message
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an error of the given code. A %w verb sets its cause.
func Errorf(code Code, format string, args ...any) *Error {
	wrapped := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: wrapped.Error(), Err: errors.Unwrap(wrapped)}
}

// WithHint sets the hint and returns e.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// At sets the position and the text of its line, and returns e.
func (e *Error) At(p Position, source string) *Error {
	e.Position, e.Source = p, source
	return e
}

// CodeOf gives the code of the first *Error in err's chain, else CodeInternal.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}
