package identity

import (
	"errors"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/writ-dev/writ"
)

// refusal is all that a caller who is refused may learn.
type refusal string

func (r refusal) Error() string { return string(r) }

const (
	tokenExpired        refusal = "token expired"
	tokenNotValid       refusal = "token not valid"
	keyNotValid         refusal = "key not valid"
	certificateNotValid refusal = "certificate not valid"
)

// because gives the error of a refusal, with the reason for the log.
func (r refusal) because(format string, args ...any) *writ.Error {
	e := writ.Errorf(writ.CodeAuth, string(r)+": "+format, args...)
	e.Err = r
	return e
}

// Public is what the caller may be told of an error of this package: that the token expired, or
// that the proof is not valid, and no more. The whole message belongs in the log.
func Public(err error) string {
	var r refusal
	switch {
	case err == nil:
		return ""
	case errors.As(err, &r):
		return string(r)
	}
	return "the caller cannot be identified now"
}

// shown quotes text that a stranger wrote, within bounds.
func shown(s string) string {
	const most = 100
	if len(s) <= most {
		return strconv.Quote(s)
	}
	return strconv.Quote(strings.ToValidUTF8(s[:most], "")) + "..."
}

// CheckSubject says what keeps a text from being the ID of a caller, nil when nothing does: it has 1 to 512 bytes, no control
// characters, and no space at its ends. It is for those who make IDs of claims, which are checked like `sub`.
func CheckSubject(s string) error { return checkSubject(s) }

// checkSubject refuses what cannot be an ID: what is empty or long, what would break a line of a log, and
// text that lost a character on the way, since two could become the same.
func checkSubject(s string) error {
	const most = 512
	switch {
	case s == "":
		return errors.New("is empty")
	case len(s) > most:
		return errors.New("has more than " + strconv.Itoa(most) + " bytes")
	case !utf8.ValidString(s) || strings.ContainsRune(s, utf8.RuneError) || strings.ContainsFunc(s, unicode.IsControl):
		return errors.New("has characters that no ID has")
	case strings.TrimSpace(s) != s:
		return errors.New("begins or ends with a space")
	}
	return nil
}
