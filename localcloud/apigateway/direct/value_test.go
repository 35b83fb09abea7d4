package direct_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/writ-dev/writ/localcloud/apigateway/direct"
)

func request(body string) *direct.Request {
	return &direct.Request{
		Header: http.Header{"X-One": {"a"}, "X-Two": {"a", "b"}}, Query: url.Values{"q": {"1", "2"}, "none": {""}},
		Path: map[string]string{"id": "7", "proxy": "a/b"}, Body: []byte(body), Stage: map[string]string{"queue": "mail"},
		Context: func(name string) (string, bool) {
			value, ok := map[string]string{"requestId": "r-1", "identity.sourceIp": "127.0.0.1"}[name]
			return value, ok
		},
	}
}

const order = `{"id":"a-1","n":2.50,"paid":true,"none":null,"lines":[{"sku":"x"},{"sku":"y"}],"a key":{"b":[1, 2]},"$":"no"}`

// TestValues reads each form of value from a request.
func TestValues(t *testing.T) {
	t.Parallel()
	const missing = "\x00" // the request does not have it
	rows := []struct{ value, want string }{
		{"", ""},
		{"plain text", "plain text"},
		{"5 $ or more", "5 $ or more"},
		{"https://sqs.us-east-1.amazonaws.com/0/q", "https://sqs.us-east-1.amazonaws.com/0/q"},
		{"$request.body", order},
		{"$request.header.X-ONE", "a"},
		{"$request.header.x-two", "a,b"},
		{"$request.header.x-none", missing},
		{"$request.querystring.q", "1,2"},
		{"$request.querystring.Q", missing},
		{"$request.querystring.none", ""},
		{"$request.path.id", "7"},
		{"$request.path.proxy", "a/b"},
		{"$request.path.other", missing},
		{"$context.requestId", "r-1"},
		{"$context.identity.sourceIp", "127.0.0.1"},
		{"$context.authorizer.claims.sub", missing},
		{"$stageVariables.queue", "mail"},
		{"$stageVariables.other", missing},
		{"${request.path.id}", "7"},
		{"a-${request.path.id}/${context.requestId}!", "a-7/r-1!"},
		{"${request.path.id}${request.path.other}", missing},
		{`{"id": "${request.path.id}"}`, `{"id": "7"}`},
		{"$request.body.id", "a-1"},
		{"$request.body.n", "2.50"},
		{"$request.body.paid", "true"},
		{"$request.body.none", missing},
		{"$request.body.other", missing},
		{"$request.body.id.deeper", missing},
		{"$request.body.lines", `[{"sku":"x"},{"sku":"y"}]`},
		{"$request.body.lines[1].sku", "y"},
		{"$request.body.lines[2]", missing},
		{"$request.body['a key']", `{"b":[1,2]}`},
		{"$request.body['a key'].b[0]", "1"},
		{"id ${request.body.id}, ${request.body.lines[0].sku}", "id a-1, x"},
	}
	for _, row := range rows {
		v, err := direct.Parse(row.value)
		if err != nil {
			t.Errorf("%s: %v", row.value, err)
			continue
		}
		got, err := v.Read(request(order))
		if err != nil {
			got = missing
		}
		if got != row.want {
			t.Errorf("%s is %q (%v), want %q", row.value, got, err, row.want)
		}
	}
}

func TestWhatIsNoValue(t *testing.T) {
	t.Parallel()
	for _, value := range []string{
		"$", "$request", "$request.path", "$request.header.", "$request.cookie.a", "$context.", "$method", "${", "${}", "a${request.body", "${request.nothing.x}",
		"$request.header.a b", "$request.header.a${request.path.id}", "$request.body.", "$request.body..id", "$request.body[?(@.a)]", "$request.body.*", "$request.body[*]", "$request.body[-1]",
		"$request.bodyx",
	} {
		if _, err := direct.Parse(value); err == nil {
			t.Errorf("%q is read as a value", value)
		}
	}
}

// Bodies that are none, are no JSON or are over 100 KB have no members, but
// they are bodies.
func TestBodies(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		body         string
		whole, piece bool
	}{
		"none":     {"", false, false},
		"text":     {"hello", true, false},
		"no JSON":  {`{"id":"x"`, true, false},
		"JSON":     {`{"id":"x"}`, true, true},
		"large":    {`{"id":"x","rest":"` + strings.Repeat("x", 100<<10) + `"}`, true, false},
		"no UTF-8": {"\xff\xfe", true, false},
	} {
		for value, want := range map[string]bool{"$request.body": row.whole, "$request.body.id": row.piece} {
			v, err := direct.Parse(value)
			if err != nil {
				t.Fatal(err)
			}
			if text, err := v.Read(request(row.body)); (err == nil) != want || strings.ToValidUTF8(text, "") != text {
				t.Errorf("%s of a body that is %s: %.20q, %v", value, name, text, err)
			}
		}
	}
}

// FuzzValue: no value and no request stop the reading, and what a request says
// is never read again as a variable.
func FuzzValue(f *testing.F) {
	for _, seed := range []string{"$request.body", "${request.path.id}", "$request.body.a[0]['b']", "x${", "$request.header.x-one", "${context.requestId}${stageVariables.queue}"} {
		f.Add(seed, order)
	}
	f.Add("$request.body.id", `{"id":"${request.path.id}"}`)
	f.Fuzz(func(t *testing.T, value, body string) {
		v, err := direct.Parse(value)
		if err != nil {
			return
		}
		got, err := v.Read(request(body))
		if err == nil && value == "$request.body" && got != strings.ToValidUTF8(body, "\uFFFD") {
			t.Errorf("the body %q is read as %q", body, got)
		}
		if !strings.Contains(value, "$") && got != value {
			t.Errorf("the text %q is read as %q", value, got)
		}
	})
}

// What a client sends stays a value: it writes no other member of the call, and
// does not multiply without bound.
func TestAttackValues(t *testing.T) {
	t.Parallel()
	i, err := direct.New("EventBridge-PutEvents", map[string]string{
		"Source": "shop", "DetailType": "$request.body.type", "Detail": "$request.body", "EventBusName": "office",
	}, "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	const hostile = `{"type": "a\", \"EventBusName\": \"default", "EventBusName": "default", "Source": "aws.iam"}`
	call, err := i.Call(&direct.Request{Body: []byte(hostile)})
	if err != nil {
		t.Fatal(err)
	}
	var sent struct{ Entries []map[string]string }
	if err := json.Unmarshal(call.Body, &sent); err != nil {
		t.Fatal(err)
	}
	want := []map[string]string{{"Source": "shop", "DetailType": `a", "EventBusName": "default`, "Detail": hostile, "EventBusName": "office"}}
	if diff := cmp.Diff(want, sent.Entries); diff != "" {
		t.Error(diff)
	}
	many, err := direct.Parse(strings.Repeat("${request.body}", 30))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := many.Read(&direct.Request{Body: make([]byte, 1<<10)}); err != nil || len(text) != 30<<10 {
		t.Errorf("the control: %d bytes, %v", len(text), err)
	}
	if text, err := many.Read(&direct.Request{Body: make([]byte, 1<<20)}); err == nil {
		t.Errorf("a value of %d bytes", len(text))
	}
}
