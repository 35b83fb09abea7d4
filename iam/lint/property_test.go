package lint_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/lint"
)

// The vocabulary is small on purpose, so that statements cover each other.
var (
	someActions   = []string{"s3:GetObject", "s3:PutObject", "s3:Get*", "s3:*", "S3:getobject", "s3:?etObject", "sqs:*", "*", "s3:Get Object", "s3"}
	someResources = []string{
		"*", "arn:aws:s3:::b/k", "arn:aws:s3:::b/*", "arn:aws:s3:::b/${aws:username}", "arn:aws:s3:::*/k", "arn:aws:s3:::b/${aws:username}*",
		"arn:aws:sqs:*", "arn:aws:s3:::b/?", "arn:aws:s3:::b/${*}", "arn:aws:s3*:::b/*", "arn:aws:s3:::b/${aws:userid, 'k'}",
	}
	somePrincipals = []iam.PrincipalElement{
		{All: true},
		{AWS: []string{"111122223333"}},
		{AWS: []string{"arn:aws:iam::111122223333:user/alice"}},
		{AWS: []string{"arn:aws:iam::111122223333:role/app", "111122223333"}},
		{AWS: []string{"*"}},
		{Service: []string{"lambda.amazonaws.com"}},
	}
	someCallers = []string{
		"arn:aws:iam::111122223333:user/alice", "arn:aws:sts::111122223333:assumed-role/app/s", "arn:aws:iam::111122223333:root",
		"arn:aws:iam::444455556666:user/bob", "lambda.amazonaws.com", "anonymous",
	}
	someOperators = map[string][]string{
		"aws:username":        {"StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIfExists", "ForAllValues:StringLike", "ForAnyValue:StringEquals", "Null", "StringEqualsIgnoreCase"},
		"s3:max-keys":         {"NumericLessThan", "NumericGreaterThan", "NumericEquals", "NumericLessThanEquals", "NumericGreaterThanEquals", "NumericNotEquals", "NumericLessThanIfExists"},
		"aws:SourceIp":        {"IpAddress", "NotIpAddress"},
		"aws:CurrentTime":     {"DateLessThan", "DateGreaterThan", "DateGreaterThanEquals"},
		"aws:SecureTransport": {"Bool", "BoolIfExists", "Null", "StringEquals"},
		"aws:SourceArn":       {"ArnLike", "ArnEquals", "ArnNotLike"},
	}
	someOperands = map[string][]string{
		"aws:username":        {"alice", "bob", "a*", "${aws:userid}", "*", "true", "false", "ALICE"},
		"s3:max-keys":         {"5", "10", "7.0", "x"},
		"aws:SourceIp":        {"10.0.0.0/8", "10.1.0.0/16", "192.168.0.1", "x"},
		"aws:CurrentTime":     {"2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z", "2026", "x"},
		"aws:SecureTransport": {"true", "false", "TRUE"},
		"aws:SourceArn":       {"arn:aws:s3:::b", "arn:aws:s3:::*", "arn:aws:sns:*:*:t", "x"},
	}
	someValues = map[string][]string{
		"aws:username": {"alice", "bob", "*", "true", "ALICE"}, "s3:max-keys": {"5", "7", "10", "20", "x"}, "aws:SourceIp": {"10.1.2.3", "192.168.0.1"},
		"aws:CurrentTime":     {"2025-12-31T00:00:00Z", "2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z", "2026-06-01T00:00:00Z"},
		"aws:SecureTransport": {"true", "false", "True"}, "aws:userid": {"alice", "k", "b/k"}, "aws:SourceArn": {"arn:aws:s3:::b", "arn:aws:sns:x:y:t"},
	}
	conditionKeys = []string{"aws:username", "s3:max-keys", "aws:SourceIp", "aws:CurrentTime", "aws:SecureTransport", "aws:SourceArn"}
)

func genStatement(t *rapid.T, kind iam.PolicyType) iam.Statement {
	s := iam.Statement{Effect: rapid.SampledFrom([]iam.Effect{iam.Allow, iam.Allow, iam.Deny}).Draw(t, "effect")}
	actions := rapid.SliceOfN(rapid.SampledFrom(someActions), 1, 2).Draw(t, "actions")
	if rapid.IntRange(0, 4).Draw(t, "notaction") == 0 {
		s.NotAction = actions
	} else {
		s.Action = actions
	}
	resources := rapid.SliceOfN(rapid.SampledFrom(someResources), 1, 2).Draw(t, "resources")
	switch rapid.IntRange(0, 5).Draw(t, "notresource") {
	case 0:
		s.NotResource = resources
	case 1:
		s.Resource = nil
	default:
		s.Resource = resources
	}
	if kind == iam.TypeResource {
		p := rapid.SampledFrom(somePrincipals).Draw(t, "principal")
		if rapid.IntRange(0, 5).Draw(t, "notprincipal") == 0 {
			s.NotPrincipal = &p
		} else {
			s.Principal = &p
		}
	}
	key := rapid.SampledFrom(conditionKeys).Draw(t, "key")
	for range rapid.IntRange(0, 3).Draw(t, "conditions") {
		if rapid.IntRange(0, 3).Draw(t, "otherkey") == 0 {
			key = rapid.SampledFrom(conditionKeys).Draw(t, "key2")
		}
		s.Conditions = append(s.Conditions, iam.ConditionElement{
			Operator: rapid.SampledFrom(someOperators[key]).Draw(t, "operator"), Key: key,
			Values: rapid.SliceOfN(rapid.SampledFrom(someOperands[key]), 1, 2).Draw(t, "operands"),
		})
	}
	return s
}

func genRequest(t *rapid.T) *iam.Request {
	req := &iam.Request{
		Principal:       iam.ParsePrincipal(rapid.SampledFrom(someCallers).Draw(t, "caller")),
		Action:          rapid.SampledFrom([]string{"s3:GetObject", "s3:PutObject", "sqs:SendMessage"}).Draw(t, "action"),
		Resource:        rapid.SampledFrom([]string{"arn:aws:s3:::b/k", "arn:aws:s3:::b/alice", "arn:aws:sqs:us-east-1:111122223333:q", "*", "arn:aws:s3:::b/*"}).Draw(t, "resource"),
		ResourceAccount: "111122223333",
		Context:         iam.Context{},
	}
	for key, values := range someValues {
		lower := map[string]string{"aws:username": "aws:username", "aws:SourceIp": "aws:sourceip", "s3:max-keys": "s3:max-keys", "aws:CurrentTime": "aws:currenttime", "aws:SecureTransport": "aws:securetransport", "aws:userid": "aws:userid", "aws:SourceArn": "aws:sourcearn"}[key]
		switch rapid.IntRange(0, 5).Draw(t, "has "+key) {
		case 0:
		case 1:
			req.Context[lower] = iam.Many(rapid.SliceOfN(rapid.SampledFrom(values), 0, 2).Draw(t, key+"s")...)
		default:
			req.Context[lower] = iam.One(rapid.SampledFrom(values).Draw(t, key))
		}
	}
	return req
}

// dead are the codes that say that a statement has no effect whatever.
var dead = []string{"redundant-statement", "shadowed-statement", "contradiction"}

func policies(in []lint.Input) *iam.Policies {
	p := &iam.Policies{BlockPublicAccess: true}
	for i := range in {
		compiled := iam.Compile(in[i].Document, iam.Origin{Type: in[i].Type, Name: in[i].Name})
		switch in[i].Type {
		case iam.TypeIdentity:
			p.Identity = append(p.Identity, compiled)
		case iam.TypeBoundary:
			p.Boundary = compiled
		case iam.TypeResource:
			p.Resource = compiled
		}
	}
	return p
}

// Taking away every statement that is reported as dead changes no verdict.
func TestDeadStatementsAreDead(t *testing.T) {
	t.Parallel()
	reported, byCode := 0, map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		var in []lint.Input
		for i, kind := range rapid.SampledFrom([][]iam.PolicyType{
			{iam.TypeIdentity},
			{iam.TypeIdentity, iam.TypeIdentity},
			{iam.TypeIdentity, iam.TypeBoundary},
			{iam.TypeResource},
			{iam.TypeIdentity, iam.TypeResource},
		}).Draw(t, "kinds") {
			doc := &iam.Document{Version: rapid.SampledFrom([]string{iam.Version2012, iam.Version2012, iam.Version2008}).Draw(t, "version")}
			for range rapid.IntRange(1, 4).Draw(t, "statements") {
				doc.Statements = append(doc.Statements, genStatement(t, kind))
			}
			input := lint.Input{Document: doc, Type: kind, Name: fmt.Sprint(i)}
			if kind != iam.TypeResource {
				input.Owner = "role app"
			}
			in = append(in, input)
		}
		without := slices.Clone(in)
		for i := range without {
			doc := *without[i].Document
			doc.Statements = slices.Clone(doc.Statements)
			without[i].Document = &doc
		}
		found := lint.Policies(in)
		for _, f := range slices.Backward(found) {
			if slices.Contains(dead, f.Code) {
				list := &without[f.Input].Document.Statements
				*list = slices.Delete(*list, f.Statement, f.Statement+1)
				reported++
				byCode[f.Code]++
			}
		}
		before, after := policies(in), policies(without)
		for range 20 {
			req := genRequest(t)
			if a, b := iam.Decide(req, before), iam.Decide(req, after); a != b {
				t.Fatalf("%s with the statements, %s without those reported as dead:\n%s", a, b, text(found))
			}
		}
	})
	if reported == 0 {
		t.Error("nothing was reported as dead: the test is worth nothing")
	}
	t.Logf("%d statements were reported as dead: %v", reported, byCode)
}
