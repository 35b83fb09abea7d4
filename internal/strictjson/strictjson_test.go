package strictjson_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/writ-dev/writ/internal/strictjson"
)

// FuzzObject: what is read is what encoding/json reads, but for names that come twice.
func FuzzObject(f *testing.F) {
	for _, text := range []string{
		`{}`, ` { "a" : [ 1 , -2.5e+3, true,false , null ] , "b":{"c":"d\"\\\u00e9\ud83d\ude00"}}`, `{"a":1,"a":2}`, `{"a":1,"A":2}`, `[{}]`, `{"a":"\ud800"}`,
		"{\"a\":\"\u2028\"}", `{"":{"":[[],[{}]]}}`, `{"\u0061":1,"a":2}`, `1`, `"x"`, `{"a":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := strictjson.Object(text)
		if err != nil {
			return
		}
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		var want map[string]any
		if err := d.Decode(&want); err != nil {
			t.Fatalf("%q is read, and encoding/json says %v", text, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%q is read as %v, want %v", text, got, want)
		}
	})
}

func TestNamesTwiceAndNesting(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"a":1,"a":1}`: `has the name "a" twice`, `{"\u0061":1,"a":2}`: `has the name "a" twice`, `{"x":[{"b":1,"b":1}]}`: `has the name "b" twice`,
		`{"a":1,"A":2}`: "", `[]`: "is not a JSON object", `{`: "is not JSON", ``: "is not JSON", ` `: "is not JSON", `{"a":1}x`: "is not JSON", `null`: "is not a JSON object",
	} {
		_, err := strictjson.Object([]byte(text))
		if err == nil && want != "" || err != nil && err.Error() != want {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
