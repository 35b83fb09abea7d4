package gate

import (
	"errors"
	"fmt"
	"net/http"
)

// Error is an error of an AWS API. The gate renders it in the shape of the
// service's protocol.
type Error struct {
	// Code is AWS's: "ResourceNotFoundException".
	Code    string
	Message string
	// Status defaults to 400.
	Status int
	// Fields are further members of the error's shape (JSON protocols), such
	// as CancellationReasons.
	Fields map[string]any
	// Header is added to the answer.
	Header http.Header
}

// Error gives AWS's code and message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf makes an error with status 400.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// WithStatus sets the HTTP status and returns e.
func (e *Error) WithStatus(status int) *Error {
	e.Status = status
	return e
}

// CodeOf gives AWS's code of the first *Error in err's chain, else "".
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
