package jsonread_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/server/internal/jsonread"
)

var texts = []string{
	`{}`, `[]`, `null`, ` true `, `false`, `0`, `-0`, `1.5e3`, `-12E-2`, `"a"`, `"\u00e9\n\/"`, `"\ud83d\ude00"`, `{"a":[1,{"b":null}],"c":"ü"}`,
	``, ` `, `{`, `[1,]`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, `[,]`, `01`, `1.`, `.5`, `+1`, `1e`, `-`, `tru`, `nul`, `"`, `"\x"`, `"\u12"`, "\"\n\"", "\"\xff\"",
	`1 2`, `{"a":1 "b":2}`, `[1 2]`, `'a'`, `{a:1}`, `NaN`, `1e999`, "\ufeff{}", `{"a":1}}`, `]`, `"\ud800"`, `"\ud800\u0041"`,
}

func read(text string) (any, error) {
	r := jsonread.New([]byte(text))
	v, err := r.Value()
	if err != nil {
		return nil, err
	}
	return v, r.End()
}

// check holds the reader against encoding/json, which takes more: halves of characters, wrong UTF-8, names given twice, any depth.
func check(t *testing.T, text string) {
	t.Helper()
	got, err := read(text)
	if (jsonread.Validate([]byte(text)) == nil) != (err == nil) && !strings.Contains(err.Error(), "too large") {
		t.Errorf("%q: Validate and Value do not agree: %v", text, err)
	}
	var want any
	stdErr := json.Unmarshal([]byte(text), &want)
	if err != nil {
		if writ.CodeOf(err) != writ.CodeInvalid {
			t.Errorf("%q: %v is no CodeInvalid", text, err)
		}
		return
	}
	if stdErr != nil {
		t.Errorf("%q is read, and is no JSON: %v", text, stdErr)
	} else if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%q: %s", text, d)
	}
}

func TestAgainstEncodingJSON(t *testing.T) {
	t.Parallel()
	read1 := 0
	for _, text := range texts {
		check(t, text)
		var v any
		_, err := read(text)
		if stricter := strings.Contains(text, `\ud800`) || strings.Contains(text, "\xff"); json.Unmarshal([]byte(text), &v) == nil && err != nil && !stricter {
			t.Errorf("%q is JSON, and is not read: %v", text, err)
		}
		if err == nil {
			read1++
		}
	}
	if read1 < 10 {
		t.Errorf("only %d texts are read: the test shows nothing", read1)
	}
}

func TestStricterThanJSON(t *testing.T) {
	t.Parallel()
	wide := `{`
	for i := range 100 {
		wide += `"k` + strings.Repeat("x", i) + `":1,`
	}
	for text, says := range map[string]string{
		`{"a":1,"a":2}`:                      `the field "a" is given twice, the second time at line 1, column 11`,
		`{"a":1,"\u0061":2}`:                 `the field "a" is given twice`,
		wide + `"k":2}`:                      `the field "k" is given twice`,
		strings.Repeat("[", 65):              "nested deeper than the 64 levels",
		strings.Repeat(`{"a":`, 65):          "nested deeper than the 64 levels",
		"{\n  \"a\": tru\n}":                 "line 2, column 8: a value is missing",
		`{"a": "` + "\xff" + `"}`:            "not UTF-8",
		`"\ud800x"`:                          "half a character",
		"[" + strings.Repeat("9", 400) + "]": "is too large",
	} {
		_, err := read(text)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.40q: %v, want %q", text, err, says)
		}
	}
}

// Bodies that were decided otherwise than a reader before Writ had read them: encoding/json
// takes any case of a field's name, and of two the last.
func TestNamesThatFold(t *testing.T) {
	t.Parallel()
	many := `{"a1":1,"a2":1,"a3":1,"a4":1,"a5":1,"a6":1,"a7":1,"a8":1,"a9":1,`
	for _, text := range []string{
		`{"tenant":"acme","Tenant":"evil"}`, `[{"user":{"key":"ann","KEY":"bob"}}]`,
		"{\"key\":1,\"\u212aey\":2}", "{\"resource\":1,\"re\u017fource\":2}", `{"key":1,"\u212aey":2}`,
		many + `"A3":2}`, many + "\"k\":1,\"\u212a\":2}", `{"attributes":{},"Attributes":{}}`,
	} {
		if err := jsonread.ValidateFolded([]byte(text)); err == nil || !strings.Contains(err.Error(), "is given twice") {
			t.Errorf("%s: %v, want that a field is given twice", text, err)
		}
		if err := jsonread.Validate([]byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{
		`{"attributes":{"a":1,"A":{"b":1,"B":2}},"context":{"k":1,"K":2}}`, `{"actions":{"read":{},"Read":{}}}`, many + `"b":2}`,
	} {
		if err := jsonread.ValidateFolded([]byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzReader(f *testing.F) {
	for _, text := range texts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { check(t, text) })
}
