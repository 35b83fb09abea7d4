package asl_test

import (
	"encoding/json"
	"testing"

	"github.com/writ-dev/writ/asl"
)

// What plain YAML looks like is what the definition says; quotes make text.
func TestJSON(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text   string
		quoted bool
		want   string
	}{
		{"true", false, `true`},
		{"True", false, `true`},
		{"true", true, `"true"`},
		{"3", false, `3`},
		{"-1.5e3", false, `-1.5e3`},
		{"3", true, `"3"`},
		{"007", false, `"007"`},
		{"1_000", false, `"1_000"`},
		{".inf", false, `".inf"`},
		{"$.a && b < c", false, `"$.a && b < c"`},
		{"line\n\"two\"", true, `"line\n\"two\""`},
		{"\xff", true, `"` + "\uFFFD" + `"`},
	} {
		got := (&asl.Value{Kind: asl.Scalar, Text: c.text, Quoted: c.quoted}).JSON()
		if got != c.want || !json.Valid([]byte(got)) {
			t.Errorf("%q (quoted %v) is %s, want %s", c.text, c.quoted, got, c.want)
		}
	}
	if got := object("a", &asl.Value{Kind: asl.List, Items: []*asl.Value{scalar("1"), nil, {}}}, "b", object()).JSON(); got != `{"a":[1,null,null],"b":{}}` {
		t.Errorf("got %s", got)
	}
}
