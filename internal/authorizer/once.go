package authorizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode"

	"github.com/writ-dev/writ"
)

// maxNested is how deep a question may nest.
const maxNested = 64

// once says whether a text is one value of JSON in which no object has a name twice. Names that fold to one are the same:
// encoding/json takes "Subject" and even "\u017fubject" for the field subject.
func once(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := onceValue(d, 0); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return writ.Errorf(writ.CodeInvalid, "something follows the question")
	}
	return nil
}

func onceValue(d *json.Decoder, depth int) error {
	token, err := d.Token()
	if err != nil {
		return writ.Errorf(writ.CodeInvalid, "the question is no JSON")
	}
	delim, is := token.(json.Delim)
	if !is {
		return nil
	}
	if depth >= maxNested {
		return writ.Errorf(writ.CodeInvalid, "the question is nested over %d deep", maxNested)
	}
	seen := map[string]bool{}
	for d.More() {
		if delim == '{' {
			token, err := d.Token()
			name, ok := token.(string)
			if err != nil || !ok {
				return writ.Errorf(writ.CodeInvalid, "the question is no JSON")
			}
			if name = folded(name); seen[name] {
				return writ.Errorf(writ.CodeInvalid, "the question has %.40q twice in one object", name)
			}
			seen[name] = true
		}
		if err := onceValue(d, depth+1); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return writ.Errorf(writ.CodeInvalid, "the question is no JSON")
	}
	return nil
}

// folded is what a name is known by. Folding is that of encoding/json: all letters that are one but for their case have the same
// smallest one.
func folded(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, name)
}
