package harvest_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/iam/harvest"
	"github.com/writ-dev/writ/iam/lint"
)

var update = flag.Bool("update", false, "write the golden file")

func parse(t *testing.T, text string) *cfn.Template {
	t.Helper()
	template, err := cfn.Parse([]byte(text), "t.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return template
}

// Every policy comes with its type, its owner and its document, in which only
// text is left.
func TestTemplate(t *testing.T) {
	t.Parallel()
	src, err := os.ReadFile("testdata/policies.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, in := range harvest.Template(parse(t, string(src))) {
		if in.Err != nil {
			fmt.Fprintf(&b, "%s: %v\n", in.Name, in.Err)
			continue
		}
		text, err := json.Marshal(in.Document)
		if err != nil {
			t.Fatal(err)
		}
		// A part of what begins unknown text is random.
		readable := strings.ReplaceAll(string(text), strings.TrimSuffix(lint.Unknown(""), "}"), "${writ:")
		fmt.Fprintf(&b, "%s %s (%s) %s\n", in.Type, in.Name, in.Owner, readable)
	}
	if *update {
		if err := os.WriteFile("testdata/policies.txt", []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/policies.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A place in a document is found again in the template, behind conditions and
// single values too.
func TestPlace(t *testing.T) {
	t.Parallel()
	found := harvest.Template(parse(t, `Resources:
  R:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          - Fn::If:
              - C
              - {Effect: Allow, Principal: {Service: a.amazonaws.com}, Action: sts:AssumeRole}
              - {Effect: Allow, Principal: {Service: b.amazonaws.com}, Action: [sts:AssumeRole, sts:TagSession]}
Conditions: {C: {Fn::Equals: [a, b]}}
`))
	if len(found) != 1 || len(found[0].Document.Statements) != 2 {
		t.Fatalf("found %+v", found)
	}
	for path, want := range map[string]string{
		"Statement 0 Action 0":  "t.yaml:9:72",
		"Statement 1 Action 1":  "t.yaml:10:97",
		"Statement 1 Nothing":   "t.yaml:10:17",
		"Version":               "t.yaml:5:7",
		"Statement 0 Principal": "t.yaml:9:33",
	} {
		at, line := found[0].Place(strings.Fields(path)...)
		if at.String() != want || line == "" {
			t.Errorf("%s is at %s %q, want %s", path, at, line, want)
		}
	}
}

// What Ref and attributes give has the form that CloudFormation gives it; what
// is not an ARN stays unknown.
func TestForms(t *testing.T) {
	t.Parallel()
	found := harvest.Template(parse(t, `Parameters: {Where: {Type: String}}
Resources:
  Plain: {Type: AWS::IAM::Role}
  Under: {Type: AWS::IAM::Role, Properties: {Path: /team/}}
  Open: {Type: AWS::IAM::Role, Properties: {Path: !Ref Where}}
  Jobs: {Type: AWS::SQS::Queue}
  Live: {Type: AWS::Lambda::Alias}
  P:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Statement:
          Effect: Allow
          Action: "*"
          Resource: [!GetAtt Plain.Arn, !GetAtt Under.Arn, !GetAtt Open.Arn, !Ref Jobs, !Ref Live, !Ref P, !GetAtt Jobs.QueueName]
`))
	unknown := lint.Unknown
	iamARN := "arn:" + unknown("AWS.Partition") + ":iam::" + unknown("AWS.AccountId") + ":"
	want := []string{
		iamARN + "role/" + unknown("AWS.name.Plain"), iamARN + "role/team/" + unknown("AWS.name.Under"),
		iamARN + "role" + unknown("AWS.path.Open") + unknown("AWS.name.Open"),
		unknown("Jobs"), unknown("Live"), iamARN + "policy/" + unknown("AWS.name.P"), unknown("Jobs.QueueName"),
	}
	if len(found) != 1 {
		t.Fatalf("found %+v", found)
	}
	if diff := cmp.Diff(want, found[0].Document.Statements[0].Resource); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A Deny that hangs on a condition of the template is no ground to call an
// Allow dead; what a parameter holds is not known.
func TestUnknownIsNoGround(t *testing.T) {
	t.Parallel()
	found := harvest.Template(parse(t, `Parameters: {What: {Type: String}}
Conditions: {C: {Fn::Equals: [a, b]}, D: {Fn::Equals: [b, b]}}
Resources:
  R:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyName: p
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - {Effect: Allow, Action: "sns:Publish", Resource: {Ref: What}}
              - {Effect: Allow, Action: {Ref: What}, Resource: "arn:aws:sns:eu-west-1:111122223333:t"}
              - {Effect: Allow, Principal: {Ref: "AWS::NoValue"}, Action: "s3:GetObject", Resource: {"Fn::Sub": "arn:aws:s3:::${What}"}}
              - {Effect: Allow, Action: "kms:Decrypt", Resource: {"Fn::ImportValue": "key"}, Condition: {StringEquals: {"kms:ViaService": {Ref: What}}, StringLike: {"kms:ViaService": "s3*"}}}
              - Fn::If: [C, {Effect: Deny, Action: "*", Resource: "*"}, {Ref: "AWS::NoValue"}]
  More:
    Type: AWS::IAM::Policy
    Condition: D
    Properties:
      Roles: [{Ref: R}]
      PolicyDocument:
        Statement: {Effect: Deny, Action: "*", Resource: "*"}
`))
	for _, f := range lint.Policies(found) {
		t.Errorf("%+v", f)
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add(`{"Resources":{"R":{"Type":"AWS::IAM::Role","Properties":{"Policies":[{"PolicyDocument":{"Statement":[{"Effect":"Allow","Action":{"Fn::Join":["",["s3:",{"Ref":"X"}]]},"Resource":{"Fn::Sub":"${R.Arn}${!a}${"}},{"Fn::If":["C",{"Effect":"Deny"},{"Ref":"AWS::NoValue"}]}]}}]}}}}`)
	f.Add("Resources:\n  P:\n    Type: AWS::SQS::QueuePolicy\n    Properties:\n      PolicyDocument: {Statement: {Effect: Allow, Principal: !Ref X, Action: '*', Condition: !If [a, b, c]}}\n")
	f.Fuzz(func(t *testing.T, text string) {
		template, err := cfn.Parse([]byte(text), "t.yaml")
		if err != nil {
			return
		}
		lint.Policies(harvest.Template(template)) // must end, and not panic
	})
}

// Policies are found however they are written, and what may not be there at
// the same time is not judged together: no branch makes another one dead.
func TestHiddenPolicies(t *testing.T) {
	t.Parallel()
	const (
		allow = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
		deny  = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`
	)
	for name, document := range map[string]string{
		"an object":            allow,
		"text":                 `'` + allow + `'`,
		"text put together":    `!Sub '` + allow + `'`,
		"joined":               `!Join ["", ['{"Version":"2012-10-17","Statement":', '[{"Effect":"Allow","Action":"*","Resource":"*"}]}']]`,
		"a branch":             `!If [Prod, ` + deny + `, ` + allow + `]`,
		"the other branch":     `!If [Prod, ` + allow + `, ` + deny + `]`,
		"one of a list":        `!Select [1, [` + deny + `, ` + allow + `]]`,
		"one of a list, first": `!Select [0, [` + allow + `, ` + deny + `]]`,
	} {
		found := lint.Policies(harvest.Template(parse(t, `
Conditions: {Prod: !Equals [!Ref "AWS::Region", x]}
Resources:
  P:
    Type: AWS::IAM::RolePolicy
    Properties:
      RoleName: !Ref R
      PolicyName: p
      PolicyDocument: `+document+`
`)))
		all, dead := 0, 0
		for _, f := range found {
			switch f.Code {
			case "allow-all":
				all++
			case "shadowed-statement":
				dead++
			}
		}
		if all != 1 || dead != 0 {
			t.Errorf("%s: %d findings that all is allowed, %d that a statement is dead: %v", name, all, dead, found)
		}
	}
}
