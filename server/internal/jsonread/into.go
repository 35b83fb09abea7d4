package jsonread

import (
	"encoding/json"
	"errors"
	"unicode/utf8"

	"github.com/writ-dev/writ"
)

// maxShown is how many bytes of what a caller sent stand in a message.
const maxShown = 100

// Brief cuts a text of a caller's, for a message, between two characters.
func Brief(s string) string {
	if len(s) <= maxShown {
		return s
	}
	end := maxShown
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "..."
}

// Into puts a text into v as encoding/json does. Its errors are *writ.Error with CodeInvalid, short however
// long the value is that cannot stand where it stands: encoding/json repeats numbers and times whole.
func Into(text []byte, v any) error {
	err := json.Unmarshal(text, v)
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &kind) && kind.Field != "":
		return writ.Errorf(writ.CodeInvalid, "%s: a JSON %s cannot stand here", Brief(kind.Field), Brief(kind.Value))
	case errors.As(err, &kind):
		return writ.Errorf(writ.CodeInvalid, "the body cannot be read: a JSON %s cannot stand here", Brief(kind.Value))
	}
	return writ.Errorf(writ.CodeInvalid, "the body cannot be read: %s", Brief(err.Error()))
}
