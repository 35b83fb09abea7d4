package authorizer

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
)

// document is a text of JSON with the place of each of its values.
type document struct {
	file   string
	text   []byte
	places map[string]int // "decide.snapshot.sha256" -> offset of the value
	// shown is where the value of "gateway" begins and ends, as far as it was read: source lines are shown of it alone. Who
	// writes a secret into the file by mistake must not find it in a log.
	shown [2]int
	// later, unless nil, takes the variables that are to bring what is missing.
	later *[]string
}

// readStrict reads a text into the struct that v points to. A member that is not known, one given twice and one of
// another kind are errors with their place.
func readStrict(file string, text []byte, v any) (*document, error) {
	d := &document{file: file, text: text, places: map[string]int{}}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := d.value(decoder, reflect.ValueOf(v).Elem(), ""); err != nil {
		return d, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return d, d.fail(d.next(decoder), "something follows the end of the configuration")
	}
	return d, nil
}

// next is the offset of the value that comes.
func (d *document) next(decoder *json.Decoder) int {
	at := int(decoder.InputOffset())
	for at < len(d.text) && strings.ContainsRune(" \t\r\n,:", rune(d.text[at])) {
		at++
	}
	return at
}

// value reads the next value into v.
func (d *document) value(decoder *json.Decoder, v reflect.Value, path string) error {
	at := d.next(decoder)
	d.places[path] = at
	if v.Kind() == reflect.Pointer {
		if bytes.HasPrefix(d.text[at:], []byte("null")) {
			return d.plain(decoder, v, at)
		}
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	if _, own := v.Addr().Interface().(json.Unmarshaler); own {
		return d.plain(decoder, v, at)
	}
	switch {
	case v.Kind() == reflect.Struct && d.begins(at, '{'):
		return d.object(decoder, v, path)
	case v.Kind() == reflect.Slice && d.begins(at, '['):
		return d.list(decoder, v, path)
	}
	return d.plain(decoder, v, at)
}

func (d *document) begins(at int, c byte) bool { return at < len(d.text) && d.text[at] == c }

// plain reads a value that has no places of its own.
func (d *document) plain(decoder *json.Decoder, v reflect.Value, at int) error {
	var raw json.RawMessage
	if err := decoder.Decode(&raw); err != nil {
		return d.broken(err, at)
	}
	err := json.Unmarshal(raw, v.Addr().Interface())
	var kind *json.UnmarshalTypeError
	var known *writ.Error
	switch {
	case err == nil:
		return nil
	case v.Type() == reflect.TypeFor[Secret](): // whose text must not come into a log
		e := d.fail(at, "a secret does not stand in the file; the file says where it is").WithHint(`{"env": NAME} or {"secret": ARN}`)
		return e.At(e.Position, "")
	case errors.As(err, &kind):
		return d.fail(at, "this is %s, and wanted is %s", article(kind.Value), wanted(v.Type()))
	case errors.As(err, &known):
		return d.fail(at, "%s", known.Message).WithHint("%s", known.Hint)
	}
	return d.fail(at, "%v", err)
}

func article(kind string) string {
	switch kind {
	case "object", "array":
		return "an " + kind
	case "bool":
		return "a boolean"
	}
	if strings.HasPrefix(kind, "number ") {
		return "a number"
	}
	return "a " + kind
}

func wanted(t reflect.Type) string {
	if t.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) || reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return "a string"
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Slice:
		return "an array"
	}
	return "an object"
}

func (d *document) list(decoder *json.Decoder, v reflect.Value, path string) error {
	if _, err := decoder.Token(); err != nil {
		return d.broken(err, d.next(decoder))
	}
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	for i := 0; decoder.More(); i++ {
		item := reflect.New(v.Type().Elem()).Elem()
		if err := d.value(decoder, item, fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
		v.Set(reflect.Append(v, item))
	}
	return d.end(decoder)
}

func (d *document) object(decoder *json.Decoder, v reflect.Value, path string) error {
	if _, err := decoder.Token(); err != nil {
		return d.broken(err, d.next(decoder))
	}
	fields := map[string]int{}
	for i := range v.NumField() {
		if name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ","); name != "" {
			fields[name] = i
		}
	}
	seen := map[string]bool{}
	for decoder.More() {
		at := d.next(decoder)
		token, err := decoder.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return d.broken(err, at)
		}
		field, known := fields[name]
		switch {
		case !known:
			return d.unknown(at, name, path, slices.Sorted(maps.Keys(fields)))
		case seen[name]:
			return d.fail(at, "%q is given twice", name)
		}
		seen[name] = true
		inner := strings.TrimPrefix(path+"."+name, ".")
		if inner == "gateway" {
			d.shown = [2]int{d.next(decoder), len(d.text)}
		}
		if err := d.value(decoder, v.Field(field), inner); err != nil {
			return err
		}
		if inner == "gateway" {
			d.shown[1] = int(decoder.InputOffset())
		}
	}
	return d.end(decoder)
}

func (d *document) unknown(at int, name, path string, known []string) error {
	in := "the configuration"
	if path != "" {
		in = path
	}
	e := d.fail(at, "%s has no %q", in, name)
	if near := writ.Nearest(name, known); near != "" {
		return e.WithHint("did you mean %q?", near)
	}
	return e.WithHint("it has %s", strings.Join(known, ", "))
}

func (d *document) end(decoder *json.Decoder) error {
	if _, err := decoder.Token(); err != nil {
		return d.broken(err, d.next(decoder))
	}
	return nil
}

// broken is the error of a text that is no JSON.
func (d *document) broken(err error, at int) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		at = max(int(syntax.Offset)-1, 0)
	}
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || at >= len(d.text) {
		return d.fail(len(d.text), "this is no JSON: it ends too early")
	}
	return d.fail(at, "this is no JSON")
}

// at is where a value stands, or the nearest one around it that is there.
func (d *document) at(path string) int {
	for {
		if at, ok := d.places[path]; ok {
			return at
		}
		cut := strings.LastIndexAny(path, ".[")
		if cut < 0 {
			return d.places[""]
		}
		path = path[:cut]
	}
}

// fail is an error at an offset.
func (d *document) fail(at int, format string, args ...any) *writ.Error {
	before := d.text[:min(at, len(d.text))]
	start := bytes.LastIndexByte(before, '\n') + 1
	position := writ.Position{File: d.file, Line: 1 + bytes.Count(before, []byte("\n")), Col: len(before) - start + 1}
	return writ.Errorf(writ.CodeInvalid, format, args...).At(position, d.source(at))
}

// longestShown is how long a line may be that is shown, in bytes.
const longestShown = 200

// source is the line around an offset, and empty where something else than the gateway may stand in it.
func (d *document) source(at int) string {
	at = min(at, len(d.text))
	start := bytes.LastIndexByte(d.text[:at], '\n') + 1
	line, _, _ := bytes.Cut(d.text[start:], []byte("\n"))
	if d.shown[1] == 0 || at < d.shown[0] || at > d.shown[1] || len(line) > longestShown {
		return ""
	}
	before := string(d.text[start:max(start, d.shown[0])])
	if strings.Trim(strings.Replace(before, `"gateway"`, "", 1), " \t\r{,:") != "" {
		return ""
	}
	if end := start + len(line); strings.Trim(string(d.text[min(d.shown[1], end):end]), " \t\r},") != "" {
		return ""
	}
	// A gateway that was not read to its end may run into what follows it.
	for _, hidden := range []string{`"decide"`, `"identity"`, `\u`} {
		if strings.Contains(strings.ToLower(string(line)), hidden) {
			return ""
		}
	}
	return strings.ToValidUTF8(string(line), "\uFFFD")
}

// placed puts the place of a value into an error that has none.
func (d *document) placed(err error, path string) error {
	var e *writ.Error
	if !errors.As(err, &e) {
		return d.fail(d.at(path), "%v", err)
	}
	switch {
	case e.Position.IsZero():
		where := d.fail(d.at(path), "")
		e.Position, e.Source = where.Position, where.Source
	case e.Position.File == d.file && e.Source == "":
		if lines := bytes.SplitAfter(d.text, []byte("\n")); e.Position.Line <= len(lines) {
			e.Source = d.source(len(bytes.Join(lines[:e.Position.Line-1], nil)) + e.Position.Col - 1)
		}
	}
	return e
}
