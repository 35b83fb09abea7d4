package events

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParsePath(t *testing.T) {
	t.Parallel()
	tree, err := decode(`{"a":{"b c":[{"d":1},{"d":2},{"e":3}]},"n":null}`)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"$": `{"a":{"b c":[{"d":1},{"d":2},{"e":3}]},"n":null}`, "$.a['b c'][0].d": "1", "$.a['b c'][*].d": "[1,2]", "$.n": "null",
		"$.a['b c'][3]": "none", "$.a.x": "none", "$.n.x": "none", "$.a[0]": "none",
		"a": "error", "$..a": "error", "$.": "error", "$.a[": "error", "$.a[-1]": "error", "$.a[?(@.x)]": "error", "$.a['": "error", "$.*": "error", "": "error",
	} {
		got := "error"
		if steps, err := parsePath(path); err == nil {
			got = "none"
			if v, ok := follow(tree, steps); ok {
				got = encode(v)
			}
		}
		if got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

// FuzzTemplate: a template that is taken makes JSON of every text.
func FuzzTemplate(f *testing.F) {
	f.Add(`{"a": <x>, "b": "<x> and <y>"}`, "$.detail.x", "v\"\n<y>")
	f.Add(`"one <x>"`+"\n"+`"two \"<x>\\"`, "$", "\\")
	f.Add(`[<aws.events.rule-name>, "<aws.events.event.json>"]`, "$['a'][*]", "\u2028</script>")
	f.Fuzz(func(t *testing.T, template, path, value string) {
		tr := &inputTransformer{InputPathsMap: map[string]string{"x": path, "y": "$.y"}, InputTemplate: template}
		if tr.check() != nil || !utf8.ValidString(value) {
			return
		}
		values := map[string]any{"x": value, "y": value}
		for name := range reserved {
			values[name] = value
		}
		out := tr.fill(values)
		for _, line := range tr.documents(out) {
			if !json.Valid([]byte(line)) {
				t.Fatalf("%s with %q makes %s", template, value, out)
			}
		}
		if strings.Count(out, "\n") != strings.Count(template, "\n") {
			t.Fatalf("%q breaks a line of %s", value, template)
		}
	})
}
