package wire_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/writ-dev/writ/localcloud/dynamodb/wire"
)

type tag struct{ Key, Value string }

type input struct {
	TableName string
	Limit     *int64
	Forward   *bool
	Tags      []tag
	Names     map[string]string
	Data      []byte
}

func Example() {
	var in input
	fmt.Println(wire.Unmarshal([]byte(`{"TableName":"hits","Limit":3,"New":[{}]}`), &in), in.TableName, *in.Limit)
	fmt.Println(wire.Unmarshal([]byte(`{"TableName":3}`), &in))
	out, _ := wire.Marshal(input{TableName: "hits", Tags: []tag{{"a", "\"b\""}}})
	fmt.Println(string(out))
	// Output:
	// <nil> hits 3
	// NUMBER_VALUE cannot be converted to String
	// {"TableName":"hits","Tags":[{"Key":"a","Value":"\"b\""}]}
}

func TestWrongTypesAreToldInAWSWords(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"TableName":true}`:           "TRUE_VALUE cannot be converted to String",
		`{"TableName":3.5}`:            "DECIMAL_VALUE cannot be converted to String",
		`{"TableName":[]}`:             "Unrecognized collection type class java.lang.String",
		`{"TableName":{}}`:             "Start of structure or map found where not expected",
		`{"Limit":"3"}`:                "STRING_VALUE cannot be converted to Long",
		`{"Forward":3}`:                "NUMBER_VALUE cannot be converted to Boolean",
		`{"Forward":"maybe"}`:          "Unexpected token received from parser",
		`{"Tags":"x"}`:                 "Unexpected field type",
		`{"Tags":{}}`:                  "Start of structure or map found where not expected",
		`{"Tags":["x"]}`:               "Unexpected field type",
		`{"Names":[]}`:                 "Unrecognized collection type java.util.Map<java.lang.String, java.lang.String>",
		`{"Data":3}`:                   "only base-64-encoded strings are convertible to bytes",
		`{"Data":"abc"}`:               "Base64 encoded length is expected a multiple of 4 bytes but found: 3",
		`{"TableName":"a"`:             "the body is not JSON",
		`{"TableName":"a"}x`:           "the body is not JSON",
		`{"TableName":"` + "\n" + `"}`: "the body is not JSON",
		``:                             "the body is not JSON",
		`{"TableName":"a",}`:           "the body is not JSON",
		`{"X":` + deep(300, '[') + `}`: "the body is not JSON",
		`{"Limit":1e}`:                 "the body is not JSON",
	} {
		var in input
		if err := wire.Unmarshal([]byte(body), &in); err == nil || err.Error() != want {
			t.Errorf("%.60s: %v, want %s", body, err, want)
		}
	}
}

func deep(n int, c byte) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = c
	}
	return string(b)
}

func TestNullIsAbsent(t *testing.T) {
	t.Parallel()
	var in input
	if err := wire.Unmarshal([]byte(`{"TableName":null,"Limit":null,"Tags":null,"Names":{"a":null,"b":"c"}}`), &in); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(input{Names: map[string]string{"b": "c"}}, in); diff != "" {
		t.Error(diff)
	}
}

// FuzzDecodeRequest compares with encoding/json, which must agree on what is
// JSON and on every string.
func FuzzDecodeRequest(f *testing.F) {
	for _, s := range []string{`{"TableName":"a\u00e9\ud83d\ude00\ud800x"}`, `{"Names":{"a":"\n\/"},"Tags":[{"Key":"k"}]}`, `{"Data":"AAE="}`, `{`, `{"a":-1.5e+3}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var in input
		err := wire.Unmarshal(body, &in)
		if err != nil {
			return
		}
		var std struct{ TableName string }
		if json.Unmarshal(body, &map[string]any{}) == nil && json.Valid(body) {
			var exact map[string]any
			if err := json.Unmarshal(body, &exact); err != nil {
				t.Fatal(err)
			}
			if s, ok := exact["TableName"].(string); ok && s != in.TableName {
				t.Fatalf("TableName %q, encoding/json has %q", in.TableName, s)
			}
		}
		out, err := wire.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(out, &std); err != nil || std.TableName != in.TableName {
			t.Fatalf("%s: %v", out, err)
		}
	})
}
