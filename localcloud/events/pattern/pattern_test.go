package pattern_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ/localcloud/events/pattern"
)

func Example() {
	p, err := pattern.Parse([]byte(`{"source": ["shop"], "detail": {"total": [{"numeric": [">", 100]}]}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, event := range []string{`{"source": "shop", "detail": {"total": 120}}`, `{"source": "shop", "detail": {"total": 80}}`} {
		fmt.Println(p.MatchJSON([]byte(event)))
	}
	// Output:
	// true <nil>
	// false <nil>
}

// TestMatch holds the language to the EventBridge User Guide, section by section.
func TestMatch(t *testing.T) {
	t.Parallel()
	n := 0
	for _, c := range []struct {
		pattern string
		yes, no []string
	}{
		// Values: texts, numbers by their text, null, and arrays.
		{`{"a":["x"]}`, []string{`{"a":"x"}`, `{"a":["y","x"]}`, `{"a":[["x"]]}`, `{"b":1,"a":"x"}`}, []string{`{"a":"X"}`, `{"a":"xx"}`, `{"a":{"b":"x"}}`, `{"b":"x"}`, `{}`, `{"a":[]}`}},
		{`{"a":[300]}`, []string{`{"a":300}`}, []string{`{"a":300.0}`, `{"a":3.0e2}`, `{"a":"300"}`}},
		{`{"a":[null]}`, []string{`{"a":null}`}, []string{`{}`, `{"a":"null"}`, `{"a":""}`}},
		{`{"a":[""]}`, []string{`{"a":""}`}, []string{`{}`, `{"a":null}`}},
		{`{"a":[true,"x"]}`, []string{`{"a":true}`, `{"a":"x"}`}, []string{`{"a":"true"}`, `{"a":false}`}},
		{`{"a":["x"],"b":{"c":["y"]}}`, []string{`{"a":"x","b":{"c":"y","d":1}}`}, []string{`{"a":"x"}`, `{"a":"x","b":{"c":"z"}}`, `{"b":{"c":"y"}}`, `{"a":"x","b":"y"}`}},
		{`{"p":{"a":["\u00e9"]}}`, []string{`{"p":{"a":"é"}}`}, nil},
		// Prefix and suffix, also without regard to case.
		{`{"t":[{"prefix":"2017-10-02"}]}`, []string{`{"t":"2017-10-02T18:43:48Z"}`, `{"t":"2017-10-02"}`}, []string{`{"t":"2017-10-0"}`, `{"t":20171002}`, `{}`}},
		{`{"a":[{"prefix":{"equals-ignore-case":"EventB"}}]}`, []string{`{"a":"eventbridge"}`, `{"a":"EVENTBRIDGE"}`}, []string{`{"a":"event"}`}},
		{`{"a":[{"suffix":".png"}]}`, []string{`{"a":"x.png"}`, `{"a":".png"}`}, []string{`{"a":"png"}`, `{"a":"x.PNG"}`, `{"a":1}`}},
		{`{"a":[{"suffix":{"equals-ignore-case":".png"}}]}`, []string{`{"a":"x.PNG"}`}, []string{`{"a":"x.jpg"}`, `{"a":"ng"}`}},
		{`{"a":[{"equals-ignore-case":"alice"}]}`, []string{`{"a":"ALICE"}`}, []string{`{"a":"alice "}`, `{"a":null}`}},
		// Anything-but.
		{`{"a":[{"anything-but":"x"}]}`, []string{`{"a":"y"}`, `{"a":1}`, `{"a":null}`, `{"a":["x","y"]}`}, []string{`{"a":"x"}`, `{}`, `{"a":["x"]}`, `{"a":{"b":1}}`}},
		{`{"a":[{"anything-but":["x",404]}]}`, []string{`{"a":"404"}`, `{"a":405}`}, []string{`{"a":"x"}`, `{"a":404}`}},
		{`{"a":[{"anything-but":{"prefix":"init"}}]}`, []string{`{"a":"x"}`, `{"a":5}`}, []string{`{"a":"initial"}`, `{}`}},
		{`{"a":[{"anything-but":{"prefix":["a","b"]}}]}`, []string{`{"a":"c"}`}, []string{`{"a":"ax"}`, `{"a":"bx"}`}},
		{`{"a":[{"anything-but":{"suffix":[".png",".txt"]}}]}`, []string{`{"a":"x.jpg"}`}, []string{`{"a":"x.png"}`, `{"a":"x.txt"}`}},
		{`{"a":[{"anything-but":{"equals-ignore-case":["one","two"]}}]}`, []string{`{"a":"three"}`}, []string{`{"a":"ONE"}`, `{"a":"Two"}`}},
		{`{"a":[{"anything-but":{"wildcard":"*/lib/*"}}]}`, []string{`{"a":"/bin/x"}`}, []string{`{"a":"/usr/lib/x"}`}},
		// Numbers.
		{`{"a":[{"numeric":[">",0,"<=",5]}]}`, []string{`{"a":5}`, `{"a":0.001}`, `{"a":5.0}`}, []string{`{"a":0}`, `{"a":5.01}`, `{"a":"3"}`, `{}`}},
		{`{"a":[{"numeric":["=",3e2]}]}`, []string{`{"a":300}`, `{"a":300.0}`}, []string{`{"a":301}`}},
		{`{"a":[{"numeric":["<",-10]}]}`, []string{`{"a":-10.5}`}, []string{`{"a":-10}`, `{"a":-5000000001}`}},
		// Addresses.
		{`{"a":[{"cidr":"10.0.0.0/24"}]}`, []string{`{"a":"10.0.0.255"}`}, []string{`{"a":"10.0.1.0"}`, `{"a":"x"}`, `{"a":"::ffff:10.0.0.1"}`}},
		{`{"a":[{"cidr":"2001:db8::/32"}]}`, []string{`{"a":"2001:DB8::1"}`}, []string{`{"a":"2001:db9::1"}`, `{"a":"10.0.0.1"}`}},
		// Exists looks at leaves alone.
		{`{"a":[{"exists":true}]}`, []string{`{"a":""}`, `{"a":null}`, `{"a":[1]}`}, []string{`{}`, `{"a":{"b":1}}`, `{"a":[]}`}},
		{`{"a":[{"exists":false}]}`, []string{`{}`, `{"a":{"b":1}}`, `{"a":[]}`}, []string{`{"a":null}`, `{"a":1}`}},
		{`{"a":{"b":[{"exists":false},"x"]}}`, []string{`{}`, `{"a":{"b":"x"}}`, `{"a":1}`}, []string{`{"a":{"b":"y"}}`}},
		// Wildcards.
		{`{"a":[{"wildcard":"dir/*.png"}]}`, []string{`{"a":"dir/x.png"}`, `{"a":"dir/.png"}`, `{"a":"dir/a.png.png"}`}, []string{`{"a":"dir/x.jpg"}`, `{"a":"di/x.png"}`, `{"a":"dir.png"}`}},
		{`{"a":[{"wildcard":"*a*a*"}]}`, []string{`{"a":"aa"}`, `{"a":"xaya"}`}, []string{`{"a":"a"}`}},
		{`{"a":[{"wildcard":"a\\*\\\\b"}]}`, []string{`{"a":"a*\\b"}`}, []string{`{"a":"ax\\b"}`}},
		// Arrays: the fields of one object of an array belong together.
		{`{"a":{"b":["x"],"c":["y"]}}`, []string{`{"a":[{"b":"n"},{"b":"x","c":"y"}]}`, `{"a":[[{"b":["x"],"c":"y"}]]}`}, []string{`{"a":[{"b":"x","c":"n"},{"b":"n","c":"y"}]}`}},
		{`{"a":{"b":[{"exists":false}]}}`, []string{`{"a":[{"c":1}]}`}, []string{`{"a":[{"c":1},{"b":1}]}`}},
		// $or, at any level, multiplied with what stands beside it.
		{`{"s":["x"],"$or":[{"a":[1]},{"b":{"c":[{"numeric":[">",5]}]}}]}`, []string{`{"s":"x","a":1}`, `{"s":"x","b":{"c":6}}`}, []string{`{"s":"x"}`, `{"a":1}`, `{"s":"x","a":2,"b":{"c":5}}`}},
		{`{"d":{"$or":[{"a":["1"],"b":["2"]},{"c":["3"]}]}}`, []string{`{"d":{"a":"1","b":"2"}}`, `{"d":{"c":"3"}}`}, []string{`{"d":{"a":"1"}}`, `{"d":{"b":"2"}}`}},
		{`{"$or":[{"a":{"b":["x"]}},{"n":[1]}],"a":{"c":["y"]}}`, []string{`{"a":[{"b":"x","c":"y"}]}`, `{"a":{"c":"y"},"n":1}`}, []string{`{"a":[{"b":"x"},{"c":"y"}]}`}},
		{`{"$or":["x","y"]}`, []string{`{"$or":"x"}`}, []string{`{"a":"x"}`}},
		{`{"$or":[{"prefix":"x"},{"suffix":"y"}]}`, []string{`{"$or":"xa"}`, `{"$or":"ay"}`}, []string{`{"$or":"a"}`}},
		{`{"$or":[{"a":["x"]},{"a":["y"]}],"a":[{"anything-but":"z"}]}`, []string{`{"a":"x"}`, `{"a":"y"}`}, []string{`{"a":"z"}`, `{"a":"w"}`}},
		{`{"$or":[{"$or":[{"a":[1]},{"b":[1]}]},{"c":[1]}]}`, []string{`{"a":1}`, `{"b":1}`, `{"c":1}`}, []string{`{"d":1}`}},
	} {
		p, err := pattern.Parse([]byte(c.pattern))
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		for i, event := range slices.Concat(c.yes, c.no) {
			n++
			got, err := p.MatchJSON([]byte(event))
			if want := i < len(c.yes); err != nil || got != want {
				t.Errorf("%s on %s: %v %v, want %v", c.pattern, event, got, err, want)
			}
		}
	}
	t.Logf("%d events", n)
}

func TestWhatIsNoPattern(t *testing.T) {
	t.Parallel()
	many := strings.TrimSuffix(strings.Repeat(`{"a":["x"]},`, 11), ",")
	or := `"$or":[` + many + `]`
	for text, says := range map[string]string{
		``: "not JSON", `[]`: "an object", `{}`: "not empty", `{"a":["x"]} x`: "after the first", `{"a":"x"}`: "a: it must be an object or an array",
		`{"a":[]}`: "empty arrays", `{"a":{}}`: "empty objects", `{"a":{"b":1}}`: "a.b: ", `{"a":[[1]]}`: "array must not hold",
		`{"a":[{}]}`: "one name, not 0", `{"a":[{"prefix":"a","suffix":"b"}]}`: "one name, not 2", `{"a":[{"like":"b"}]}`: "unrecognized match type like",
		`{"a":[{"exists":"yes"}]}`: "true or false", `{"a":[{"prefix":1}]}`: "prefix must be", `{"a":[{"prefix":{"x":"y"}}]}`: "prefix must be",
		`{"a":[{"suffix":""}]}`: "null prefix", `{"a":[{"cidr":"10.0.0.0"}]}`: "a network", `{"a":[{"equals-ignore-case":1}]}`: "must be a string",
		`{"a":[{"numeric":[]}]}`: "numeric must be", `{"a":[{"numeric":[">","1"]}]}`: "must be numeric", `{"a":[{"numeric":["!",1]}]}`: "range operator",
		`{"a":[{"numeric":["<",1,">",0]}]}`: "range operator", `{"a":[{"numeric":[">",5,"<",5]}]}`: "less than top", `{"a":[{"numeric":["<",5000000001]}]}`: "between",
		`{"a":[{"wildcard":"a**b"}]}`: "consecutive", `{"a":[{"wildcard":"a\\b"}]}`: "escape", `{"a":[{"anything-but":[]}]}`: "empty arrays",
		`{"a":[{"anything-but":null}]}`: "only strings", `{"a":[{"anything-but":[true]}]}`: "only strings", `{"a":[{"anything-but":{"numeric":["=",1]}}]}`: "unsupported anything-but",
		`{"a":[{"anything-but":{"prefix":""}}]}`: "null prefix", `{"a":[{"anything-but":{"wildcard":1}}]}`: "must be a string", `{"$or":[{},{"a":["x"]}]}`: "is empty",
		`{` + or + `,"b":{` + or + `},"c":{` + or + `}}`:                "more than 1000",
		strings.Repeat(`{"a":`, 65) + `["x"]` + strings.Repeat(`}`, 65): "nests deeper",
		`{"a":["` + strings.Repeat("x", pattern.MaxBytes) + `"]}`:       "longer than",
	} {
		_, err := pattern.Parse([]byte(text))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
	}
}

// Texts are what a policy's condition on the pattern of PutRule sees.
func TestTexts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"source":["a","b"]}`:                             "[a b]",
		`{"source":["a",{"prefix":"b"}]}`:                  "[]",
		`{"source":["a",1]}`:                               "[]",
		`{"detail":{"a":["x"]}}`:                           "[]",
		`{"$or":[{"source":["a"]},{"source":["b"]}]}`:      "[a b]",
		`{"$or":[{"source":["a"]},{"detail-type":["b"]}]}`: "[]",
		`{"source":["a",{"exists":false}]}`:                "[]",
	} {
		p, err := pattern.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(p.Texts("source")); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// TestAttacks: patterns and events that are made to be slow.
func TestAttacks(t *testing.T) {
	t.Parallel()
	alternatives := func(n int) string {
		return `{"$or":[` + strings.TrimSuffix(strings.Repeat(`{"a":[1]},`, n), ",") + `]}`
	}
	var wide strings.Builder
	for i := range 250 {
		fmt.Fprintf(&wide, `,"%03d":[1]`, i)
	}
	for name, row := range map[string]struct {
		pattern, event string
		want           bool
	}{
		"alternatives times fields": {`{"x":` + alternatives(32) + `,"y":` + alternatives(31) + wide.String() + `}`, `{"x":{"a":1}}`, false},
		"absence in a long array":   {`{"a":{"b":[{"exists":false}]}}`, `{"a":[` + strings.Repeat("1,", 200_000) + `{"b":1}]}`, false},
		"a wildcard of many stars":  {`{"a":[{"wildcard":"` + strings.Repeat("*a", 1000) + `*b"}]}`, `{"a":"` + strings.Repeat("a", 200_000) + `"}`, false},
		"nested arrays":             {`{"a":{"b":["x"]}}`, `{"a":` + strings.Repeat("[", 60) + strings.Repeat("]", 60) + `}`, false},
	} {
		begun := time.Now()
		p, err := pattern.Parse([]byte(row.pattern))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, err := p.MatchJSON([]byte(row.event)); err != nil || got != row.want {
			t.Errorf("%s: %v %v", name, got, err)
		}
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}
