package expr_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/writ-dev/writ/localcloud/dynamodb/expr"
	"github.com/writ-dev/writ/localcloud/dynamodb/item"
	"github.com/writ-dev/writ/localcloud/dynamodb/wire"
)

// it reads an item from DynamoDB's JSON.
func it(text string) item.Item {
	var in item.Item
	d := wire.NewDecoder([]byte(text))
	if err := in.UnmarshalWire(d); err != nil {
		panic(err)
	}
	return in
}

func Example() {
	values := item.Item{":one": item.Int(1)}
	scope, _ := expr.NewScope(map[string]string{"#n": "hits"}, values, false)
	update, _ := scope.Update("SET #n = if_not_exists(#n, :one) + :one")
	counter := item.Item{"path": item.String("/hello")}
	fmt.Println(update.Apply(counter), string(counter.AppendWire(nil)))
	// Output: <nil> {"hits":{"N":"2"},"path":{"S":"/hello"}}
}

const record = `{"s":{"S":"hello"},"n":{"N":"12.5"},"b":{"B":"AAEC"},"t":{"BOOL":true},"z":{"NULL":true},"ss":{"SS":["x","y"]},"ns":{"NS":["1","2"]},
	"l":{"L":[{"S":"a"},{"N":"1"},{"M":{"k":{"S":"v"}}}]},"m":{"M":{"in":{"M":{"deep":{"N":"7"}}},"e":{"L":[]}}},"date":{"S":"reserved"}}`

const placeholders = `{":hello":{"S":"hello"},":he":{"S":"he"},":n":{"N":"12.50"},":big":{"N":"100"},":small":{"N":"-3"},":x":{"S":"x"},":one":{"N":"1"},
	":seven":{"N":"7"},":five":{"N":"5"},":tS":{"S":"S"},":tN":{"S":"N"},":true":{"BOOL":true},":xy":{"SS":["y","x"]},":zero":{"N":"0"},":bin":{"B":"AAE="},":v":{"M":{"k":{"S":"v"}}}}`

func TestConditions(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"s = :hello": true, "s <> :hello": false, "nope = :hello": false, "nope <> :hello": true, "NOT s = :hello": false,
		"n = :n": true, "n < :big": true, "n <= :n": true, "n > :small": true, "n >= :big": false, "n < :hello": false,
		"n BETWEEN :small AND :big": true, "n between :n and :n": true, "s IN (:he, :hello)": true, "s in (:he)": false,
		"attribute_exists(s)": true, "attribute_exists(m.#in.deep)": true, "attribute_exists(m.nope.deep)": false, "attribute_not_exists(l[9])": true,
		"attribute_type(s, :tS)": true, "attribute_type(n, :tS)": false, "attribute_type(n, :tN)": true,
		"begins_with(s, :he)": true, "begins_with(b, :bin)": true, "begins_with(s, :bin)": false,
		"contains(s, :he)": true, "contains(ss, :x)": true, "contains(ns, :one)": true, "contains(l, :one)": true, "contains(l, :v)": true, "contains(s, :one)": false,
		"size(s) = :five": true, "size(b) > :one": true, "size(l) > :one": true, "size(m.e) = :zero": true, "size(n) = :one": false, "size(s) > size(ss)": true,
		"m.#in.deep = :seven": true, "l[2].k = :x": false, "l[2] = :v": true, "ss = :xy": true, "t = :true": true, "#date = :hello": false,
		"s = :he OR n = :n AND t = :true": true, "(s = :he OR n = :n) AND NOT t = :true": false, "NOT (s = :he) AND (n = :n)": true,
		":hello = s": true, "NOT NOT s = :hello": true, "(s) = :hello": true, "size(s) BETWEEN :one AND :big": true,
	} {
		c, err := scope(t).Condition("ConditionExpression", text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		record := it(record)
		if got := c.Matches(record); got != want {
			t.Errorf("%s = %t", text, got)
		}
		if got := c.Matches(record.Raw()); got != want {
			t.Errorf("%s = %t on the stored bytes", text, got)
		}
	}
}

func scope(t *testing.T) *expr.Scope {
	t.Helper()
	s, err := expr.NewScope(map[string]string{"#in": "in", "#date": "date"}, it(placeholders), false)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMessages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, text, want string }{
		{"C", "", "The expression can not be empty;"},
		{"C", "foo", `Syntax error; token: "<EOF>", near: "foo"`},
		{"C", "s = ", `Syntax error; token: "<EOF>", near: "="`},
		{"C", "s == :x", `Syntax error; token: "=", near: "== :x"`},
		{"C", "s = :x)", `Syntax error; token: ")", near: ":x)"`},
		{"C", "user-name = :x", `Syntax error; token: "-", near: "user-name"`},
		{"C", "_id = :x", `Syntax error; token: "_", near: "_id"`},
		{"C", "attribute_not_exists(", `Syntax error; token: "<EOF>", near: "("`},
		{"C", "((s = :x))", "The expression has redundant parentheses;"},
		{"C", "date = :x", "Attribute name is a reserved keyword; reserved keyword: date"},
		{"C", "#q = :x", "An expression attribute name used in the document path is not defined; attribute name: #q"},
		{"C", "s = :q", "An expression attribute value used in expression is not defined; attribute value: :q"},
		{"C", "foo(s)", "Invalid function name; function: foo"},
		{"C", "attribute_exists(s, n)", "Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2"},
		{"C", "attribute_exists(:x)", "Operator or function requires a document path; operator or function: attribute_exists"},
		{"C", "attribute_type(s, :x)", "Invalid attribute type name found; type: x, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"},
		{"C", "begins_with(s, :n)", "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N"},
		{"C", "s < :true", "Incorrect operand type for operator or function; operator or function: <, operand type: BOOL"},
		{"C", "size(s)", "The function is not allowed to be used this way in an expression; function: size"},
		{"C", "attribute_exists(s) = :x", "The function is not allowed to be used this way in an expression; function: attribute_exists"},
		{"C", "s = s", "The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [s]"},
		{"C", "n BETWEEN :big AND :one", "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:100}, upper bound operand: AttributeValue: {N:1}"},
		{"C", "n BETWEEN :one AND :x", "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:x}"},
		{"C", "s IN (" + strings.Repeat(":x,", 100) + ":x)", "The IN operator is provided with too many operands; number of operands: 101"},
		{"C", strings.Repeat("n<s or ", 300) + "n<s", "The expression contains too many operators; operator count: 301"},
		{"C", strings.Repeat("a", 4097), "Expression size has exceeded the maximum allowed size; expression size: 4097"},
		{"C", "a" + strings.Repeat(".a", 33) + " = :x", "The document path has too many nesting elements; nesting level: 34"},
		{"U", "INVALID SYNTAX HERE", `Syntax error; token: "INVALID", near: "INVALID SYNTAX"`},
		{"U", "SET", `Syntax error; token: "<EOF>", near: "SET"`},
		{"U", "SET s = :x,", `Syntax error; token: "<EOF>", near: ","`},
		{"U", "SET s = :x SET n = :one", `The "SET" section can only be used once in an update expression;`},
		{"U", "SET s = :x, s.a = :x", "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [s], path two: [s, a]"},
		{"U", "SET s.a = :x, s[0] = :x", "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [s, a], path two: [s, [0]]"},
		{"U", "ADD s :x", "Incorrect operand type for operator or function; operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND"},
		{"U", "DELETE s :n", "Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER, typeSet: ALLOWED_FOR_DELETE_OPERAND"},
		{"U", "SET s = n + :x", "Incorrect operand type for operator or function; operator or function: +, operand type: S"},
		{"U", "SET s = if_not_exists(:x, s)", "Operator or function requires a document path; operator or function: if_not_exists"},
		{"P", "!!!", `Syntax error; token: "!", near: "!!"`},
		{"P", "s, s", "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [s], path two: [s]"},
		{"P", "s,", `Syntax error; token: "<EOF>", near: ","`},
	} {
		var err error
		param := map[string]string{"C": "ConditionExpression", "U": "UpdateExpression", "P": "ProjectionExpression"}[c.kind]
		switch c.kind {
		case "C":
			_, err = scope(t).Condition(param, c.text)
		case "U":
			_, err = scope(t).Update(c.text)
		case "P":
			_, err = scope(t).Projection(c.text)
		}
		if want := "Invalid " + param + ": " + c.want; err == nil || err.Error() != want {
			t.Errorf("%.60s\n got %v\nwant %s", c.text, err, want)
		}
	}
}

func TestUpdates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ old, text, want string }{
		{`{}`, "SET a = :one", `{"a":{"N":"1"}}`},
		{`{"a":{"N":"5"}}`, "SET a = a - :seven, b = a", `{"a":{"N":"-2"},"b":{"N":"5"}}`},
		{`{"a":{"N":"5"}}`, "ADD a :one, c :one, s :xy", `{"a":{"N":"6"},"c":{"N":"1"},"s":{"SS":["x","y"]}}`},
		{`{"s":{"SS":["x","z"]}}`, "ADD s :xy", `{"s":{"SS":["x","y","z"]}}`},
		{`{"s":{"SS":["x","z"]}}`, "DELETE s :xy", `{"s":{"SS":["z"]}}`},
		{`{"s":{"SS":["x"]}}`, "DELETE s :xy", `{}`},
		{`{"l":{"L":[{"N":"0"},{"N":"1"},{"N":"2"}]}}`, "REMOVE l[0], l[2]", `{"l":{"L":[{"N":"1"}]}}`},
		{`{"l":{"L":[{"N":"0"},{"N":"1"}]}}`, "SET l[9] = :seven, l[5] = :five, l[0] = :one", `{"l":{"L":[{"N":"1"},{"N":"1"},{"N":"5"},{"N":"7"}]}}`},
		{`{"l":{"L":[{"N":"0"}]}}`, "SET l = list_append(l, l)", `{"l":{"L":[{"N":"0"},{"N":"0"}]}}`},
		{`{"m":{"M":{"a":{"N":"1"}}}}`, "SET m.b = m.a + :one, k = m REMOVE m.a", `{"k":{"M":{"a":{"N":"1"}}},"m":{"M":{"b":{"N":"2"}}}}`},
		{`{}`, "REMOVE nope", `{}`},
		{`{"l":{"L":[]}}`, "REMOVE l[3]", `{"l":{"L":[]}}`},
		{`{}`, "SET a.b = :one", "The document path provided in the update expression is invalid for update"},
		{`{}`, "REMOVE a.b", "The document path provided in the update expression is invalid for update"},
		{`{}`, "SET a = b", "The provided expression refers to an attribute that does not exist in the item"},
		{`{"a":{"S":"x"}}`, "SET a = a + :one", "An operand in the update expression has an incorrect data type"},
		{`{"a":{"S":"x"}}`, "ADD a :one", "An operand in the update expression has an incorrect data type"},
	} {
		u, err := scope(t).Update(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		got, err := it(c.old), error(nil)
		err = u.Apply(got)
		text := string(got.AppendWire(nil))
		if err != nil {
			text = err.Error()
		}
		if text != c.want {
			t.Errorf("%s on %s\n got %s\nwant %s", c.text, c.old, text, c.want)
		}
	}
}

func TestProjections(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"s, nope":                  `{"s":{"S":"hello"}}`,
		"m.#in.deep, l[2].k, l[0]": `{"l":{"L":[{"S":"a"},{"M":{"k":{"S":"v"}}}]},"m":{"M":{"in":{"M":{"deep":{"N":"7"}}}}}}`,
		"s.x, l[7], m.nope":        `{}`,
		"#date":                    `{"date":{"S":"reserved"}}`,
	} {
		p, err := scope(t).Projection(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(p.Of(it(record).Raw()).AppendWire(nil))); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func TestUnusedPlaceholders(t *testing.T) {
	t.Parallel()
	s, err := expr.NewScope(map[string]string{"#a": "a"}, item.Item{":v": item.Int(1)}, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Unused(); err == nil || err.Error() != "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}" {
		t.Error(err)
	}
	if _, err := s.Projection("#a"); err != nil {
		t.Fatal(err)
	}
	if err := s.Unused(); err == nil || err.Error() != "Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}" {
		t.Error(err)
	}
}

func FuzzExpression(f *testing.F) {
	for _, s := range []string{
		"a = :one AND (b.c[1] <> :x OR NOT size(d) > :n)", "SET a = if_not_exists(b, :one) + :n REMOVE c[0] ADD d :one DELETE e :xy",
		"a, b.c[2], #in", "a BETWEEN :one AND :n", "a IN (:x, :he)", "((a))", "NOT", "SET a=(b)", "é",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := expr.NewScope(map[string]string{"#in": "in"}, it(placeholders), false)
		if err != nil {
			t.Fatal(err)
		}
		record := it(record)
		if c, err := s.Condition("FilterExpression", text); err == nil {
			if c.Matches(record) != c.Matches(record.Raw()) {
				t.Fatalf("%q is one thing on the item and another on its bytes", text)
			}
		}
		if u, err := s.Update(text); err == nil {
			before := record.Clone()
			after := record.Clone()
			_ = u.Apply(after)
			for name := range before {
				if !before[name].Equal(record[name]) {
					t.Fatalf("%q changed a shared value", text)
				}
			}
		}
		if p, err := s.Projection(text); err == nil {
			if !p.Of(record).Equal(p.Of(record.Raw())) {
				t.Fatalf("%q picks different parts of the item and its bytes", text)
			}
		}
		_, _ = s.KeyConditions(text)
	})
}
