package cfn_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
)

func TestParseYAMLShortForms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ yaml, want string }{
		{`A: !Ref B`, `{"A":{"Ref":"B"}}`},
		{`A: !GetAtt B.Arn`, `{"A":{"Fn::GetAtt":["B","Arn"]}}`},
		{`A: !GetAtt B.Outputs.X`, `{"A":{"Fn::GetAtt":["B","Outputs.X"]}}`},
		{`A: !GetAtt [B, Arn]`, `{"A":{"Fn::GetAtt":["B","Arn"]}}`},
		{`A: !Sub "${B}-x"`, `{"A":{"Fn::Sub":"${B}-x"}}`},
		{"A: !Sub\n  - ${B}-${C}\n  - C: !Ref D", `{"A":{"Fn::Sub":["${B}-${C}",{"C":{"Ref":"D"}}]}}`},
		{"A: !Sub |\n  line ${B}\n  two\n", `{"A":{"Fn::Sub":"line ${B}\ntwo\n"}}`},
		{`A: !Join [":", [a, !Ref B, !GetAtt C.Arn]]`, `{"A":{"Fn::Join":[":",["a",{"Ref":"B"},{"Fn::GetAtt":["C","Arn"]}]]}}`},
		{`A: !If [Prod, !Ref B, !Ref "AWS::NoValue"]`, `{"A":{"Fn::If":["Prod",{"Ref":"B"},{"Ref":"AWS::NoValue"}]}}`},
		{"A:\n  Fn::Base64: !Sub ${B}", `{"A":{"Fn::Base64":{"Fn::Sub":"${B}"}}}`},
		{"A: !Or\n  - !Condition X\n  - !Equals [!Ref B, '']", `{"A":{"Fn::Or":[{"Condition":"X"},{"Fn::Equals":[{"Ref":"B"},""]}]}}`},
		{`A: !GetAZs ""`, `{"A":{"Fn::GetAZs":""}}`},
		{`A: {B: !Ref AWS::Region, Fn::Sub: "::", C: [AWS::S3::Bucket, a:::b], "D":e, F: {g: h}}`, `{"A":{"B":{"Ref":"AWS::Region"},"Fn::Sub":"::","C":["AWS::S3::Bucket","a:::b"],"D":"e","F":{"g":"h"}}}`},
		{"A: [\"arn:aws:s3:::x/*\", arn:aws:s3:::y/*, http://z:80]\nB:: c", `{"A":["arn:aws:s3:::x/*","arn:aws:s3:::y/*","http://z:80"],"B:":"c"}`},
		{`A: 2012-10-17`, `{"A":"2012-10-17"}`},
		{`A: 012345678901`, `{"A":"012345678901"}`},
		{`A: [1, -2.50, true, null, ~, "1"]`, `{"A":[1,-2.50,true,null,null,"1"]}`},
		{`A: 0x1F`, `{"A":31}`},
		{`A: !!str 5`, `{"A":"5"}`},
		{"A:\nB: {}\nC: []", `{"A":null,"B":{},"C":[]}`},
		{"80: x", `{"80":"x"}`},
		{"A: >-\n  folded\n  text", `{"A":"folded text"}`},
		{"# comment\nA: b # more\n", `{"A":"b"}`},
		{"---\nA: b\n...\n", `{"A":"b"}`},
	} {
		template, err := cfn.Parse([]byte(c.yaml), "t.yml")
		if err != nil {
			t.Errorf("%s: %v", c.yaml, err)
			continue
		}
		got, err := template.Root.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.yaml, got, c.want)
		}
	}
}

func TestParseErrorsPointAtTheFault(t *testing.T) {
	t.Parallel()
	deepJSON := strings.Repeat(`{"a":`, 300) + "1" + strings.Repeat("}", 300)
	for _, c := range []struct{ name, src, want string }{
		{"empty", " \n", `t: 1:1: template is empty`},
		{"list", `[1]`, `1:1: template must be an object`},
		{"scalar", `hello`, `1:1: template must be an object`},
		{"json syntax", "{\n  \"A\": 1,\n}", `3:1: template is not valid JSON`},
		{"json cut off", `{"A": `, `template is not valid JSON`},
		{"json twice", "{\"A\": 1,\n \"A\": 2}", `2:2: key "A" stands twice`},
		{"json deep", deepJSON, `nested more than 200`},
		{"json after", `{"A":1} {"B":2}`, `template is not valid JSON`},
		{"yaml twice", "A: 1\nB: 2\nA: 3", `3:1: key "A" stands twice`},
		{"yaml tag", "A: !Reff B", `1:4: tag !Reff is not known`},
		{"yaml alias", "A: &x 1\nB: *x", `YAML aliases are not allowed`},
		{"yaml merge", "A:\n  <<: {B: 1}", `2:3: YAML merge keys are not allowed`},
		{"yaml indent", "A:\n  B: 1\n C: 2", `template is not valid YAML`},
		{"yaml two docs", "A: 1\n---\nB: 2", `more than one YAML document`},
		{"yaml deep flow", "A: " + strings.Repeat("[", 100_000), `nested more than 200`},
		{"yaml deep dashes", "A:\n" + strings.Repeat("- ", 100_000), `nested more than 200`},
		{"yaml getatt", "A: !GetAtt B", `!GetAtt must name a resource and an attribute`},
		{"not text", "A: \xff", `not UTF-8`},
		{"too large", strings.Repeat(" ", cfn.MaxSize+1), `over the limit`},
	} {
		_, err := cfn.Parse([]byte(c.src), "t")
		if err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		if !strings.Contains(err.Error(), strings.TrimPrefix(c.want, "t: ")) {
			t.Errorf("%s: got %q, want %q in it", c.name, err, c.want)
		}
		if code := writ.CodeOf(err); code != writ.CodeInvalid && code != writ.CodeTooLarge {
			t.Errorf("%s: code %s", c.name, code)
		}
	}
}

// workshopTemplates gives the real CDK templates that lie beside the
// repository, and skips the test when they are not there.
func workshopTemplates(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../shared/reference/workshop/*.template.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skip("no reference templates beside the repository")
	}
	t.Logf("%d templates", len(files))
	return files
}

func TestFormatRoundTrip(t *testing.T) {
	t.Parallel()
	for _, file := range workshopTemplates(t) {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		first := reformat(t, src)
		if diff := cmp.Diff(string(first), string(reformat(t, first))); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
	}
}

func reformat(t *testing.T, src []byte) []byte {
	t.Helper()
	template, err := cfn.Parse(src, "t.json")
	if err != nil {
		t.Fatal(err)
	}
	out, err := cfn.Format(template.Root)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPositions(t *testing.T) {
	t.Parallel()
	for name, src := range map[string]string{
		"json": "{\n  \"Resources\": {\n    \"A\": {\n      \"Type\": \"T\",\n      \"DependsOn\": [\"x\",\n        \"y\"]\n    }\n  }\n}",
		"yaml": "\nResources:\n    A:\n      Type: T\n      DependsOn: [x,\n        y]\n",
	} {
		template, err := cfn.Parse([]byte(src), "f")
		if err != nil {
			t.Fatal(err)
		}
		if got := template.Position("Resources", "A", "Type").String(); got != "f:4:7" {
			t.Errorf("%s: Type stands at %s", name, got)
		}
		if got := template.Position("Resources", "A", "DependsOn", "1").String(); got != "f:6:9" {
			t.Errorf("%s: list item stands at %s", name, got)
		}
		if got := template.Position("Resources", "A", "Type", "none").String(); got != "f:4:7" {
			t.Errorf("%s: nearest ancestor stands at %s", name, got)
		}
	}
}
