package cases_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/cases"
)

const request = `"request": {"principal": "arn:aws:iam::111122223333:user/ann", "action": "s3:GetObject", "resource": "*"}`

// TestErrors: every mistake in a line is said with its place, and none is passed over.
func TestErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, line, want string }{
		{"no object", `[]`, `f:1:1: this must be an object`},
		{"cut off", `{"id": "a", ` + request, `a comma or the end of this object or list is missing`},
		{"two on a line", `{` + request + `} {}`, `f:1:109: more text follows`},
		{"no comma", `{"id": "a" "name": "b"}`, `f:1:12: a comma or the end of this object or list is missing`},
		{"no value", `{"id": }`, `f:1:8: a value must stand here`},
		{"no key", `{1: 2}`, `f:1:2: a key and a colon must stand here`},
		{"not a string", `{"id": 1}`, `f:1:8: this must be a string`},
		{"control character", "{\"id\": \"a\x01\"}", `f:1:8: this must be a string`},
		{"twice", `{"id": "a", "id": "b"}`, `f:1:13: the key "id" is there twice`},
		{"twice, escaped", `{"id": "a", "i\u0064": "b"}`, `f:1:13: the key "id" is there twice`},
		{"misspelt", `{"sessionPolicies": []}`, `f:1:2: a case has no "sessionPolicies"`},
		{"misspelt in the request", `{"request": {"principle": "a"}}`, `f:1:14: a request has no "principle"`},
		{"no request", `{"id": "a"}`, `f:1:1: the case has no request`},
		{"no action", `{"request": {"principal": "anonymous", "resource": "*"}}`, `f:1:2: the request has no action`},
		{"context of a number", `{"request": {"contextKeys": {"a": 1}}}`, `f:1:35: this must be a string`},
		{"context key twice", `{"request": {"contextKeys": {"a:B": "1", "A:b": "2"}}}`, `f:1:42: the context key "A:b" is there twice`},
		{"no verdict", `{"expected": "allowed"}`, `f:1:14: "allowed" is no verdict`},
		{"a list is no document", `{` + request + `, "boundary": []}`, `f:1:121: boundary policy: `},
		{"inside a document", `{` + request + `, "identityPolicies": [{"Statement": [{"Effect": "Alow", "Action": "*", "Resource": "*"}]}]}`, `f:1:156: identity policy: `},
		{"ignored, but not JSON", `{"source": nonsense}`, `f:1:12: the value of "source" is not JSON`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			line := cases.Line{Number: 1, Text: []byte(c.line)}
			got, err := line.Case("f")
			if err == nil {
				if _, _, err = got.IAM(); err != nil {
					err = line.In("f", err)
				}
			}
			if err == nil || !strings.HasPrefix(err.Error(), c.want) && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// TestLongLine: what is too long is passed over, and the next line is read.
func TestLongLine(t *testing.T) {
	t.Parallel()
	file := strings.NewReader("\n" + strings.Repeat("x", cases.MaxLine+1) + "\n{" + request + "}")
	var numbers []int
	for line, err := range cases.Lines(file) {
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, line.Number)
		if _, err := line.Case("f"); (err != nil) != (line.Number == 2) {
			t.Errorf("line %d: %v", line.Number, err)
		}
	}
	if len(numbers) != 2 || numbers[0] != 2 || numbers[1] != 3 {
		t.Errorf("lines %v were read, want 2 and 3", numbers)
	}
}

// FuzzCase: no line makes the reader fail but with an error, and what it reads
// encoding/json takes as well.
func FuzzCase(f *testing.F) {
	f.Add([]byte(`{` + request + `, "identityPolicies": [{"Statement": []}], "scps": [{"policies": []}], "expected": "Denied"}`))
	f.Add([]byte(`{"id": "\"", ` + request + `, "tags": ["a"], "x": [1, {"y": "]"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if bytes.ContainsAny(text, "\r\n") {
			return
		}
		c, err := cases.Line{Number: 1, Text: text}.Case("f")
		if err != nil {
			return
		}
		req, policies, err := c.IAM()
		if err != nil {
			return
		}
		iam.Evaluate(req, policies)
		if !json.Valid(text) {
			t.Errorf("read what is not JSON: %q", text)
		}
	})
}

// A context of very many keys is read in a time in proportion to it, and one of
// them that is there twice is found.
func TestManyKeys(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 300_000 {
		fmt.Fprintf(&b, `"a:%d":"x",`, i)
	}
	for last, want := range map[string]string{"a:b": "", "a:299999": `the key "a:299999" is there twice`, "a:7": `the key "a:7" is there twice`} {
		line := cases.Line{Number: 1, Text: []byte(`{"request": {"principal": "anonymous", "action": "s3:GetObject", "resource": "*", "contextKeys": {` + b.String() + `"` + last + `":"x"}}}`)}
		_, err := line.Case("f")
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", last, err)
		}
	}
}
