package filter_test

import (
	"fmt"
	"testing"

	"github.com/writ-dev/writ/localcloud/sns/filter"
)

func ExamplePolicy_Match() {
	policy, err := filter.Parse(`{"store":["example_corp"],"price":[{"numeric":[">=",100]}]}`, false)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(policy.Match("", map[string]filter.Attribute{"store": {"String", "example_corp"}, "price": {"Number", "100.0"}}))
	fmt.Println(policy.Match("", map[string]filter.Attribute{"store": {"String", "example_corp"}}))
	// Output:
	// true
	// false
}

func TestBodies(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		policy, body string
		want         bool
	}{
		{`{"a":["x"]}`, `{"a":"x"}`, true},
		{`{"a":["x"]}`, `{"a":["y","x"]}`, true},
		{`{"a":["x"]}`, `{"b":"x"}`, false},
		{`{"a":["x"]}`, `not json`, false},
		{`{"a":["x"]}`, `["x"]`, false},
		{`{"a":[1]}`, `{"a":1.0}`, true},
		{`{"a":[1]}`, `{"a":"1"}`, false},
		{`{"a":[null]}`, `{"a":null}`, true},
		{`{"a":[null]}`, `{}`, false},
		{`{"a":[true,"x"]}`, `{"a":true}`, true},
		{`{"a":{"b":["x"]}}`, `{"a":{"b":"x"}}`, true},
		{`{"a":{"b":["x"]}}`, `{"a":[{"b":"y"},{"b":"x"}]}`, true},
		{`{"a":{"b":["x"]}}`, `{"a":"x"}`, false},
		{`{"a":{"b":[{"exists":false}]}}`, `{}`, true},
		{`{"a":[{"exists":true}]}`, `{"a":{"b":1}}`, true},
		{`{"a":[{"exists":false}]}`, `{"a":1}`, false},
		{`{"a":[{"prefix":"ab"}]}`, `{"a":"abc"}`, true},
		{`{"a":[{"suffix":"ab"}]}`, `{"a":"abc"}`, false},
		{`{"a":[{"equals-ignore-case":"AB"}]}`, `{"a":"ab"}`, true},
		{`{"a":[{"wildcard":"a*c*"}]}`, `{"a":"abcd"}`, true},
		{`{"a":[{"wildcard":"a*a"}]}`, `{"a":"a"}`, false},
		{`{"a":[{"anything-but":["x",1]}]}`, `{"a":"y"}`, true},
		{`{"a":[{"anything-but":["x",1]}]}`, `{"a":1}`, false},
		{`{"a":[{"anything-but":"x"}]}`, `{}`, false},
		{`{"a":[{"anything-but":{"prefix":"x"}}]}`, `{"a":"xy"}`, false},
		{`{"a":[{"numeric":[">",0,"<=",5]}]}`, `{"a":5}`, true},
		{`{"a":[{"numeric":[">",0,"<=",5]}]}`, `{"a":0}`, false},
		{`{"a":[{"numeric":["=",5]}]}`, `{"a":"5"}`, false},
		{`{"a":[{"cidr":"10.0.0.0/24"}]}`, `{"a":"10.0.0.7"}`, true},
		{`{"$or":[{"a":["x"]},{"b":["y"]}]}`, `{"b":"y"}`, true},
		{`{"$or":[{"a":["x"]},{"b":["y"]}],"c":["z"]}`, `{"b":"y"}`, false},
		{`{}`, `{"a":1}`, true},
	} {
		p, err := filter.Parse(row.policy, true)
		if err != nil {
			t.Errorf("%s: %v", row.policy, err)
			continue
		}
		if got := p.Match(row.body, nil); got != row.want {
			t.Errorf("%s of %s: %v", row.policy, row.body, got)
		}
	}
}

func TestAttributes(t *testing.T) {
	t.Parallel()
	all := map[string]filter.Attribute{
		"s": {"String", "x"}, "n": {"Number", "1e2"}, "list": {"String.Array", `["a",5,true]`}, "b": {"Binary", "x"},
	}
	for policy, want := range map[string]bool{
		`{"s":["x"]}`: true, `{"s":["y"]}`: false, `{"n":[100]}`: true, `{"list":["a"]}`: true, `{"list":[5]}`: true, `{"list":["b"]}`: false,
		`{"b":["x"]}`: false, `{"none":[{"exists":false}]}`: true, `{"s":["x"],"n":[1]}`: false,
	} {
		p, err := filter.Parse(policy, false)
		if err != nil {
			t.Fatal(policy, err)
		}
		if got := p.Match("", all); got != want {
			t.Errorf("%s: %v", policy, got)
		}
	}
}

func TestPoliciesThatAreNone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "{", "[]", `{"a":"x"}`, `{"a":[]}`, `{"a":[[]]}`, `{"a":[{"nope":1}]}`, `{"a":[{"prefix":1}]}`, `{"a":[{"prefix":"a","suffix":"b"}]}`,
		`{"a":[{"numeric":["<"]}]}`, `{"a":[{"numeric":["~",1]}]}`, `{"a":[{"exists":"x"}]}`, `{"a":[1],"b":[1],"c":[1],"d":[1],"e":[1],"f":[1]}`,
		`{} {}`,
	} {
		if _, err := filter.Parse(text, true); err == nil {
			t.Errorf("%s is a policy", text)
		}
	}
	if _, err := filter.Parse(`{"a":{"b":["x"]}}`, false); err == nil {
		t.Error("a policy of attributes is nested")
	}
}

func FuzzFilter(f *testing.F) {
	f.Add(`{"a":[{"numeric":[">",0]}],"$or":[{"b":["x"]},{"c":[null]}]}`, `{"a":1,"b":["x"]}`)
	f.Add(`{"a":[{"anything-but":{"wildcard":"*a"}}]}`, `{"a":{}}`)
	f.Add(`{"a":[1e99]}`, `{"a":1e999999999}`)
	f.Fuzz(func(_ *testing.T, policy, body string) {
		for _, ofBody := range []bool{true, false} {
			if p, err := filter.Parse(policy, ofBody); err == nil {
				p.Match(body, map[string]filter.Attribute{"a": {"String.Array", body}, "b": {"Number", body}})
			}
		}
	})
}
