package jsonread

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/writ-dev/writ"
)

// A number of a megabyte where a short one stands came back whole in the message, and in the log.
func TestMessagesAreShortWhateverTheValue(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("7", 1<<20)
	for name, text := range map[string]string{
		"a number that is too large": `{"count":` + long + `}`,
		"a fraction":                 `{"count":0.` + long + `}`,
		"a number for a text":        `{"text":` + long + `}`,
		"a text for a number":        `{"count":"` + long + `"}`,
		"no time":                    `{"time":"` + long + `"}`,
		"no time, in other letters":  `{"time":"` + strings.Repeat("é", 1<<19) + `"}`,
		"at the top":                 long,
	} {
		var v struct {
			Count int       `json:"count"`
			Text  string    `json:"text"`
			Time  time.Time `json:"time"`
		}
		err := Into([]byte(text), &v)
		if writ.CodeOf(err) != writ.CodeInvalid {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if said := err.Error(); len(said) > 3*maxShown || !utf8.ValidString(said) {
			t.Errorf("%s: a message of %d bytes: %.400s", name, len(said), said)
		}
	}
	twice := `{"` + long + `":1,"` + long + `":1}`
	if err := Validate([]byte(twice)); err == nil || len(err.Error()) > 3*maxShown {
		t.Errorf("a long name twice: %.400v", err)
	}
	var fine struct{ Count int }
	if err := Into([]byte(`{"count":7}`), &fine); err != nil || fine.Count != 7 {
		t.Errorf("%v, %v", fine, err)
	}
}
