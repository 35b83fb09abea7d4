package iam_test

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
)

// What the AWS CLI prints around a document, with the place of the statement
// in the whole.
func TestUnwrap(t *testing.T) {
	t.Parallel()
	const doc = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::ä/*"}]}`
	quoted := strconv.Quote(doc)
	encoded := url.PathEscape(doc)
	rows := []struct {
		name, src string
		kind      iam.PolicyType
		called    string
		at        string
	}{
		{"the document itself", "\n" + doc, "", "", "2:38"},
		{"get-role-policy", "{\n  \"RoleName\": \"r\",\n  \"PolicyName\": \"own\",\n  \"PolicyDocument\": " + doc + "\n}", "", "own", "4:58"},
		{"a name that is wide", `{"PolicyName": "ä", "PolicyDocument": ` + doc + `}`, "", "ä", "1:76"},
		{"URL-encoded, as the API has it", `{"PolicyName": "own", "PolicyDocument": "` + encoded + `"}`, "", "own", fmt.Sprintf("1:%d", 42+strings.Index(encoded, "%7B%22Effect"))},
		{"get-policy-version", `{"PolicyVersion": {"Document": ` + doc + `, "VersionId": "v1"}}`, "", "", "1:69"},
		{"get-bucket-policy", "{\n    \"Policy\": " + quoted + "\n}", "", "", fmt.Sprintf("2:%d", 15+strings.Index(quoted, `{\"Effect`))},
		{"get-role", `{"Role": {"RoleName": "r", "AssumeRolePolicyDocument": ` + doc + `}}`, iam.TypeTrust, "r", "1:93"},
		{"get-queue-attributes", `{"Attributes": {"Policy": ` + quoted + `}}`, iam.TypeResource, "", fmt.Sprintf("1:%d", 27+strings.Index(quoted, `{\"Effect`))},
		{"describe-policy", `{"Policy": {"PolicySummary": {"Name": "guard"}, "Content": ` + quoted + `}}`, "", "guard", fmt.Sprintf("1:%d", 60+strings.Index(quoted, `{\"Effect`))},
		{"URL-encoded alone", encoded + "\n", "", "", fmt.Sprintf("1:%d", 1+strings.Index(encoded, "%7B%22Effect"))},
		{"a string alone", quoted, "", "", fmt.Sprintf("1:%d", 1+strings.Index(quoted, `{\"Effect`))},
	}
	for _, row := range rows {
		w := iam.Unwrap([]byte(row.src))
		got, err := w.Parse()
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		s := got.Statements[0]
		if at := fmt.Sprintf("%d:%d", s.Position.Line, s.Position.Col); at != row.at || s.Resource[0] != "arn:aws:s3:::ä/*" {
			t.Errorf("%s: %v at %s, want %s", row.name, s.Resource, at, row.at)
		}
		if w.Type != row.kind || w.Name != row.called || w.IsWrapped() == (row.name == "the document itself") {
			t.Errorf("%s: type %q, name %q, wrapped %v", row.name, w.Type, w.Name, w.IsWrapped())
		}
	}
}

// An error in a wrapped document points into what the user has.
func TestUnwrapErrors(t *testing.T) {
	t.Parallel()
	rows := []struct{ src, want, source string }{
		{"{\n \"PolicyDocument\": {\"Statement\": [{\"Effect\": \"Alow\"}]}\n}", "2:46", ` "PolicyDocument": {"Statement": [{"Effect": "Alow"}]}`},
		{`{"Policy": "{\"Statement\": [{\"Effect\": \"Alow\"}]}"}`, "1:43", `{"Policy": "{\"Statement\": [{\"Effect\": \"Alow\"}]}"}`},
		{`%7B%22Statement%22:[%7B%22Effect%22:%22Alow%22%7D]%7D`, "1:37", `%7B%22Statement%22:[%7B%22Effect%22:%22Alow%22%7D]%7D`},
	}
	for _, row := range rows {
		_, err := iam.Unwrap([]byte(row.src)).Parse()
		var e *writ.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", row.src, err)
			continue
		}
		if at := fmt.Sprintf("%d:%d", e.Position.Line, e.Position.Col); at != row.want || e.Source != row.source {
			t.Errorf("%s: at %s, %q, want %s", row.src, at, e.Source, row.want)
		}
	}
}

// A wrapped document means what it means alone; nothing makes Unwrap fall over.
func FuzzUnwrap(f *testing.F) {
	f.Add([]byte(`{"PolicyDocument": {"Statement": []}}`))
	f.Add([]byte(`{"Policy": "{\"Statement\": \u005b\ud83d\ude00]}"}`))
	f.Add([]byte(`%7B%22Statement%22:%5B%5D%7D`))
	f.Add([]byte("{\"Policy\": \"%7B\\ud800\"}"))
	f.Fuzz(func(t *testing.T, src []byte) {
		_, _ = iam.Unwrap(src).Parse()
		doc, err := iam.Parse(src)
		if err != nil {
			return
		}
		again, err := iam.Unwrap([]byte(`{"Policy": ` + strconv.QuoteToASCII(string(src)) + `}`)).Parse()
		if err == nil && len(again.Statements) != len(doc.Statements) {
			t.Errorf("%q has %d statements, wrapped %d", src, len(doc.Statements), len(again.Statements))
		}
	})
}
