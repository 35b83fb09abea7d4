package iam_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
)

const document = `{
  "Version": "2012-10-17",
  "Id": "p",
  "Statement": [
    {"Sid": "A", "Effect": "Allow", "Principal": {"AWS": ["111122223333", "*"], "Service": "lambda.amazonaws.com"},
     "Action": ["s3:Get*"], "Resource": "arn:aws:s3:::b/\u00e9\ud83d\ude00\"<&>",
     "Condition": {"Bool": {"aws:SecureTransport": true}, "NumericLessThan": {"s3:max-keys": [10, "2.5"]}}},
    {"Effect": "Deny", "NotPrincipal": "*", "NotAction": [], "NotResource": ["*", "x"]}
  ]
}`

func TestParseKeepsEverything(t *testing.T) {
	t.Parallel()
	doc, err := iam.Parse([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	want := &iam.Document{Version: iam.Version2012, ID: "p", Statements: []iam.Statement{
		{
			Sid: "A", Effect: iam.Allow,
			Principal: &iam.PrincipalElement{
				AWS: []string{"111122223333", "*"}, Service: []string{"lambda.amazonaws.com"},
				AWSAt: places(5, 59, 5, 75), ServiceAt: places(5, 92),
			},
			Action: []string{"s3:Get*"}, Resource: []string{"arn:aws:s3:::b/é😀\"<&>"},
			Conditions: []iam.ConditionElement{
				{
					Operator: "Bool", Key: "aws:SecureTransport", Values: []string{"true"},
					Position: place(7, 52), OperatorAt: place(7, 20), KeyAt: place(7, 29), ValueAt: places(7, 52),
				},
				{
					Operator: "NumericLessThan", Key: "s3:max-keys", Values: []string{"10", "2.5"},
					Position: place(7, 94), OperatorAt: place(7, 59), KeyAt: place(7, 79), ValueAt: places(7, 95, 7, 99),
				},
			},
			Position: place(5, 5), SidAt: place(5, 13), PrincipalAt: place(5, 50), ActionAt: places(6, 17), ResourceAt: places(6, 41),
		},
		{
			Effect: iam.Deny, NotPrincipal: &iam.PrincipalElement{All: true}, NotAction: []string{}, NotResource: []string{"*", "x"},
			Position: place(8, 5), PrincipalAt: place(8, 40), ActionAt: places(), ResourceAt: places(8, 78, 8, 83),
		},
	}}
	if diff := cmp.Diff(want, doc); diff != "" {
		t.Error(diff)
	}
	roundTrip(t, doc)
}

func place(line, col int) writ.Position { return writ.Position{Line: line, Col: col} }

// places takes pairs of line and column.
func places(numbers ...int) []writ.Position {
	all := []writ.Position{}
	for i := 0; i < len(numbers); i += 2 {
		all = append(all, place(numbers[i], numbers[i+1]))
	}
	return all
}

// roundTrip writes a document and reads it again; only positions may differ.
func roundTrip(tb testing.TB, doc *iam.Document) {
	tb.Helper()
	raw, err := doc.MarshalJSON()
	if err != nil {
		tb.Fatal(err)
	}
	again, err := iam.Parse(raw)
	if err != nil {
		tb.Fatalf("what was written cannot be read: %v\n%s", err, raw)
	}
	if diff := cmp.Diff(doc, again, cmpopts.IgnoreTypes(writ.Position{})); diff != "" {
		tb.Error(diff)
	}
}

func TestParseOneStatement(t *testing.T) {
	t.Parallel()
	doc, err := iam.Parse([]byte(`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`))
	if err != nil || len(doc.Statements) != 1 {
		t.Fatal(doc, err)
	}
	roundTrip(t, doc)
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ src, want, hint string }{
		{``, "1:1: a policy document must be an object, not the end", ""},
		{`[]`, "1:1: a policy document must be an object, not a list", ""},
		{`{"Version":"2012-10-17"}`, "1:1: the policy document has no Statement", ""},
		{`{"Version":"2020-01-01","Statement":[]}`, `1:12: Version "2020-01-01" is not a version of the policy language`, "2012-10-17"},
		{"{\"Statement\":[],\n \"Statment\":[]}", `2:2: "Statment" is not an element of a policy document`, `"Statement"`},
		{`{"Statement":[],"Statement":[]}`, `1:17: a policy document has the key "Statement" twice`, ""},
		{`{"Statement":{"Effect":"Allow","Action":"*","action":"*"}}`, `1:45: "action" is not an element of a statement`, `"Action"`},
		{`{"Statement":{"Effect":"allow","Action":"*"}}`, `1:24: Effect must be "Allow" or "Deny", not "allow"`, ""},
		{`{"Statement":{"Action":"*"}}`, "1:14: the statement has no Effect", "Allow"},
		{`{"Statement":{"Effect":"Allow"}}`, "1:14: the statement has neither Action nor NotAction", ""},
		{`{"Statement":{"Effect":"Allow","Action":"*","NotAction":"*"}}`, "1:45: the statement has both Action and NotAction", "two statements"},
		{`{"Statement":{"Effect":"Allow","Action":["*",1]}}`, "1:46: an entry of Action must be a string, not a number", ""},
		{`{"Statement":{"Effect":"Allow","Action":null}}`, "1:41: Action must be a string, not null", ""},
		{`{"Statement":{"Effect":"Allow","Action":"*","Principal":"me"}}`, `1:57: Principal must be "*" or an object such as {"AWS": …}, not "me"`, ""},
		{`{"Statement":{"Effect":"Allow","Action":"*","Principal":{"Aws":"*"}}}`, `1:58: "Aws" is not an element of Principal`, `"AWS"`},
		{`{"Statement":{"Effect":"Allow","Action":"*","Condition":{"Bool":{"k":{}}}}}`, "1:70: a value of k must be a string, a number or a boolean, not an object", ""},
		{`{"Statement":{"Effect":"Allow","Action":"*","Condition":{"Bool":{"k":01}}}}`, `1:70: "01" is not JSON`, ""},
		{`{"Statement":[]} x`, "1:18: expected nothing after the policy document, not 'x'", ""},
		{`{"Statement":[`, "1:15: a statement must be an object, not the end", ""},
		{`{"Id":"a\ud800b","Statement":[]}`, `1:9: \ud800 is half of a surrogate pair`, ""},
		{"{\"Id\":\"a\nb\"}", "1:9: a string must not hold the control character U+000A as it is", `\n`},
		{`{"Id":"a`, "1:7: this string does not end", ""},
		{"{\"Id\":\"\xff\"}", "1:8: Id holds the byte 0xff, which is not UTF-8", ""},
		{"{}\x00", "1:1: the policy document has no Statement", ""},
		{"{\"Statement\":[]}\x00", "1:17: expected nothing after", ""},
		{strings.Repeat(`{"Statement":`, 10000), `"Statement" is not an element of a statement`, ""},
		{strings.Repeat(`[`, 100000), "must be an object", ""},
	} {
		_, err := iam.Parse([]byte(row.src))
		var e *writ.Error
		if !errors.As(err, &e) {
			t.Errorf("%.60s: %v, want an error", row.src, err)
			continue
		}
		if !strings.Contains(e.Error(), row.want) || !strings.Contains(e.Hint, row.hint) || e.Source == "" && row.src != "" {
			t.Errorf("%.60s:\n got %v (hint %q, source %q)\nwant %s (hint %q)", row.src, e, e.Hint, e.Source, row.want, row.hint)
		}
	}
	if _, err := iam.Parse(make([]byte, iam.MaxDocumentSize+1)); writ.CodeOf(err) != writ.CodeTooLarge {
		t.Errorf("a huge document: %v", err)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	const identity = `{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}`
	for _, row := range []struct {
		kind            iam.PolicyType
		statement, want string
	}{
		{iam.TypeIdentity, identity, ""},
		{iam.TypeIdentity, `{"Effect":"Allow","Action":"s3:Get*"}`, "no Resource"},
		{iam.TypeIdentity, `{"Effect":"Allow","Action":"s3:Get*","Resource":"bucket"}`, "neither an ARN"},
		{iam.TypeIdentity, `{"Effect":"Allow","Action":"s3:Get*","Resource":[]}`, "no Resource"},
		{iam.TypeIdentity, `{"Effect":"Allow","Action":[],"Resource":"*"}`, "empty list"},
		{iam.TypeIdentity, `{"Effect":"Allow","Action":"GetObject","Resource":"*"}`, "service:Name"},
		{iam.TypeIdentity, `{"Effect":"Allow","Action":"s*:Get","Resource":"*"}`, "has a wildcard in the name of its service"},
		{iam.TypeIdentity, `{"Effect":"Allow","Action":"s 3:Get","Resource":"*"}`, "no name of a service"},
		{iam.TypeIdentity, `{"Effect":"Allow","Principal":"*","Action":"s3:Get*","Resource":"*"}`, "must not have Principal"},
		{iam.TypeIdentity, `{"Effect":"Allow","Action":"s3:Get*","Resource":"*","Condition":{"StringEqual":{"a":"b"}}}`, `"StringEqual" is not a condition operator`},
		{iam.TypeIdentity, `{"Effect":"Allow","Action":"s3:Get*","Resource":"*","Condition":{"NullIfExists":{"a":"b"}}}`, "not a condition operator"},
		{iam.TypeIdentity, `{"Effect":"Allow","Action":"s3:Get*","Resource":"*","Condition":{"forallvalues:StringLikeIfExists":{"a":"b"}}}`, ""},
		{iam.TypeIdentity, `{"Sid":"A","Effect":"Allow","Action":"s3:Get*","Resource":"*"},{"Sid":"A","Effect":"Allow","Action":"s3:Put*","Resource":"*"}`, "twice"},
		{iam.TypeTrust, identity, "Principal"},
		{iam.TypeTrust, `{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}`, ""},
		{iam.TypeTrust, `{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}`, "must not have Resource"},
		{iam.TypeTrust, `{"Effect":"Deny","NotPrincipal":"*","Action":"sts:AssumeRole"}`, "NotPrincipal"},
		{iam.TypeResource, identity, "must have a Principal"},
		{iam.TypeResource, `{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"}`, ""},
		{iam.TypeRCP, `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}`, ""},
		{iam.TypeRCP, `{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}`, "only deny"},
		{iam.TypeRCP, `{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}`, "name a service"},
		{iam.TypeRCP, `{"Effect":"Deny","Principal":{"AWS":"111122223333"},"Action":"s3:*","Resource":"*"}`, "must be"},
		{iam.TypeSCP, `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}`, "must not have Principal"},
		{"", identity, ""},
	} {
		_, err := iam.Load([]byte(`{"Version":"2012-10-17","Statement":[`+row.statement+`]}`), iam.Origin{Type: row.kind})
		switch {
		case row.want == "" && err != nil, row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)):
			t.Errorf("%s %s: %v, want %q", row.kind, row.statement, err, row.want)
		}
		var e *writ.Error
		if err != nil && (!errors.As(err, &e) || e.Position.Line != 1 || e.Source == "") {
			t.Errorf("%s: no position or source in %#v", row.statement, err)
		}
	}
}

// A document is refused with a place in it, or it is written so that it is read
// as the same again and decides the same.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		document, `{"Statement":{"Effect":"Deny","NotAction":"*","Resource":[]}}`, `{"Statement":[[[[`, `{"Statement":[],"Statement":[]}`,
		"{\"Id\":\"\\u12\"}", "\xef\xbb\xbf{}", "{\"Id\":\"\\ud83d\"}", "{\"Id\":\"\xff\"}", "{\"Statement\":[]}\x00",
		`{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::111122223333:role/*"}}}`,
		`{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:iam::*:u*","Condition":{"DateLessThan":{"k":["01T","2026-13-01"]}}}}`,
	} {
		f.Add([]byte(seed))
	}
	kinds := []iam.PolicyType{
		"", iam.TypeIdentity, iam.TypeResource, iam.TypeTrust, iam.TypeKey, iam.TypeBoundary, iam.TypeSession, iam.TypeSCP, iam.TypeRCP, iam.TypeEndpoint,
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		doc, err := iam.Parse(src)
		if err != nil {
			placed(t, err, src)
			return
		}
		roundTrip(t, doc)
		for _, kind := range kinds {
			if _, err := iam.Load(src, iam.Origin{Type: kind}); err != nil {
				placed(t, err, src)
			}
		}
		raw, _ := doc.MarshalJSON()
		again, _ := iam.Parse(raw)
		request := &iam.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k"}
		if a, b := verdict(doc, request), verdict(again, request); a != b {
			t.Errorf("%s before it was written, %s after", a, b)
		}
	})
}

func verdict(doc *iam.Document, request *iam.Request) iam.Verdict {
	p := iam.Compile(doc, iam.Origin{Type: iam.TypeIdentity})
	return iam.Decide(request, &iam.Policies{Identity: []*iam.Policy{p}, Resource: p})
}

// placed checks that an error points into its source.
func placed(t *testing.T, err error, src []byte) {
	t.Helper()
	var e *writ.Error
	if !errors.As(err, &e) {
		t.Fatalf("%T: %v", err, err)
	}
	lines := strings.Split(string(src), "\n")
	if e.Code == writ.CodeTooLarge {
		return
	}
	if e.Position.Line < 1 || e.Position.Line > len(lines) || e.Position.Col < 1 || e.Position.Col > utf8.RuneCountInString(lines[e.Position.Line-1])+1 {
		t.Errorf("%v is not in the document", e)
	}
	if !utf8.ValidString(e.Source) {
		t.Errorf("the source line of %v is not UTF-8", e)
	}
}
