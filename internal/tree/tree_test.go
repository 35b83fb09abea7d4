package tree_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/tree"
)

// TestValues reads YAML into what JSON would have; colons end a key only before a space, in braces too.
func TestValues(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a: 1\nb: [x, 2.5, true, null, \"3\"]\n":               `{"a": 1, "b": ["x", 2.5, true, null, "3"]}`,
		"a: [b:c]\n":                                           `{"a": ["b:c"]}`,
		"{may: [b:c, b:*, d:e:f, 'x:y']}\n":                    `{"may": ["b:c", "b:*", "d:e:f", "x:y"]}`,
		"{doc:a: viewer, doc:b: {t: [c:d]}, doc:c: [e]}\n":     `{"doc:a": "viewer", "doc:b": {"t": ["c:d"]}, "doc:c": ["e"]}`,
		"{\"a\":1, b: c:d, e: [f: g]}\n":                       `{"a": 1, "b": "c:d", "e": [{"f": "g"}]}`,
		"a: &x {b: 1}\nc: *x\nd:\n  <<: *x\n  e: 2\n":          `{"a": {"b": 1}, "c": {"b": 1}, "d": {"b": 1, "e": 2}}`,
		"a: |\n  one\n    two\n":                               `{"a": "one\n    two"}`,
		"t: 2030-01-01T00:00:00Z\nv: 1.2.3\ne: 1e400\nx: 0x1F": `{"t": "2030-01-01T00:00:00Z", "v": "1.2.3", "e": "1e400", "x": "0x1F"}`,
	} {
		f := tree.Read([]byte(text), writ.Position{File: "f.yml", Line: 1, Col: 1})
		if err := f.Err(); err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var expected any
		if err := json.Unmarshal([]byte(want), &expected); err != nil {
			t.Fatal(err)
		}
		got := f.Root.Value()
		if strings.HasPrefix(text, "a: |") {
			got = strings.ReplaceAll(got.(map[string]any)["a"].(string), "\n      ", "\n    ")
			expected = expected.(map[string]any)["a"]
		}
		if diff := cmp.Diff(expected, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

// TestPlaces holds positions in a section of a larger file against that file.
func TestPlaces(t *testing.T) {
	t.Parallel()
	f := tree.Read([]byte("a: {b: \"c d\"}\ne: |\n\n  first\n  second\n"), writ.Position{File: "f.yml", Line: 10, Col: 3})
	if err := f.Err(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		got  writ.Position
		want string
	}{
		"the value behind its quote": {f.Root.Get("a").Get("b").Pos, "f.yml:10:11"},
		"a block's first line":       {f.Root.Get("e").Pos, "f.yml:13:5"},
		"a key":                      {f.Root.Entries[1].Pos, "f.yml:11:3"},
	} {
		if c.got.String() != c.want {
			t.Errorf("%s: %s, want %s", name, c.got, c.want)
		}
	}
	if got, want := f.Root.Get("e").Text, "first\n    second"; got != want {
		t.Errorf("the lines of a block stand as in the file: %q, want %q", got, want)
	}
	if got, want := f.Line(writ.Position{File: "f.yml", Line: 10, Col: 1}), "  a: {b: \"c d\"}"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	bomb := "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
	for _, n := range []string{"1", "2", "3", "4", "5", "6", "7"} {
		before := "*a" + string(n[0]-1)
		bomb += "a" + n + ": &a" + n + " [" + strings.Repeat(before+", ", 9) + before + "]\n"
	}
	for want, text := range map[string]string{
		"the quote ' is not closed":   "x: 1\na: 'b\nc: d\n",
		"the bracket { is not closed": "x: 1\na: {b: c\nd: e\n",
		"f.yml:1:7: broken YAML":      "a: " + strings.Repeat("'' ", 100_000), // minutes, were the library's own message asked for
		"larger than 4 MiB":           strings.Repeat("a", 5<<20),
		"nests deeper":                strings.Repeat("[", 200),
		"more than 50000 lines":       strings.Repeat("\n", 60_000),
		"not UTF-8":                   "a: \xff",
		"once its aliases":            bomb,
		"refers to itself":            "a: &a [*a]",
		"not above it":                "a: *b",
		"more than one YAML":          "a: 1\n---\nb: 2\n",
		"a is written twice":          "a: 1\na: 2\n",
		"broken YAML":                 "a: [",
		"!include is not understood":  "a: !include b.yml\n",
	} {
		err := tree.Read([]byte(text), writ.Position{File: "f.yml"}).Err()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %s", text, err, want)
		}
	}
}

// A time before 1970, of which the first of year 1 would be read as none, is a problem.
func TestTimes(t *testing.T) {
	t.Parallel()
	for text, fine := range map[string]bool{
		"2030-01-31T09:00:00Z": true, "2030-01-31": true, "1970-01-01": true, "0001-01-01": false, "0001-01-01T00:00:00Z": false,
		"0001-01-01T00:00:00.0000001Z": false, "1969-12-31T23:59:59Z": false, "tomorrow": false,
	} {
		f := tree.Read([]byte("at: \""+text+"\"\n"), writ.Position{File: "f.yml", Line: 1, Col: 1})
		if at := f.Time(f.Root.Get("at"), "at"); at.IsZero() == fine || (f.Err() == nil) != fine {
			t.Errorf("%s: %s, %v", text, at, f.Err())
		}
	}
}
