package jsonread

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
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
func Into(text []byte, v any) error { return told(json.Unmarshal(text, v)) }

// IntoStrict is Into where a field that v lacks is an error too.
func IntoStrict(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return told(d.Decode(v))
}

func told(err error) error {
	if err == nil {
		return nil
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		if kind.Field == "" {
			return writ.Errorf(writ.CodeInvalid, "the body cannot be read: a JSON %s cannot stand here", Brief(kind.Value))
		}
		return writ.Errorf(writ.CodeInvalid, "%s: a JSON %s cannot stand here", Brief(kind.Field), Brief(kind.Value))
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok { // which has no type of its own
		return writ.Errorf(writ.CodeInvalid, "the body has a field %s, which is not known here", Brief(name))
	}
	return writ.Errorf(writ.CodeInvalid, "the body cannot be read: %s", Brief(err.Error()))
}
