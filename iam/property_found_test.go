package iam_test

import (
	"strings"
	"testing"

	"github.com/writ-dev/writ/iam"
)

// What the oracle found in the engine, one row each.
func TestWhatTheOracleFound(t *testing.T) {
	t.Parallel()
	arn := "arn:aws:iam::111122223333:role/app"
	for _, row := range []struct {
		why           string
		operator, key string
		wanted        string
		ctx           iam.Context
		want          bool
	}{
		{"a tag key folds A to Z, and keeps other letters", "StringEquals", "aws:PrincipalTag/ÄNDERUNG", "x", iam.Context{iam.Key("aws:PrincipalTag/ÄNDERUNG"): iam.One("x")}, true},
		{"so does one in a variable", "StringEquals", "k", "${aws:PrincipalTag/ÄNDERUNG}", iam.Context{"k": iam.One("x"), iam.Key("aws:PrincipalTag/ÄNDERUNG"): iam.One("x")}, true},
		{"the Kelvin sign is no k", "StringEquals", "aws:PrincipalTag/\u212aey", "x", iam.Context{"aws:principaltag/key": iam.One("x")}, false},
		{"a variable may be the whole ARN", "ArnEquals", "aws:SourceArn", "${aws:PrincipalArn}", iam.Context{"aws:sourcearn": iam.One(arn), "aws:principalarn": iam.One(arn)}, true},
		{"what it holds is no pattern", "ArnLike", "aws:SourceArn", "${tag}", iam.Context{"aws:sourcearn": iam.One(arn), "tag": iam.One("arn:aws:iam::*:role/*")}, false},
		{"seconds of fewer than four digits are a date", "DateGreaterThan", "aws:EpochTime", "0", iam.Context{"aws:epochtime": iam.One("1767225600")}, true},
		{"a variable that does not end is text", "StringEquals", "k", "${" + strings.Repeat("a", 3000) + "}", iam.Context{"k": iam.One("${" + strings.Repeat("a", 3000) + "}")}, true},
	} {
		c := iam.ConditionElement{Operator: row.operator, Key: row.key, Values: []string{row.wanted}}
		if got := iam.MatchCondition(c, row.ctx); got != row.want {
			t.Errorf("%s: %v", row.why, got)
		}
	}
	req := &iam.Request{Principal: iam.ParsePrincipal("accounts.google.com"), Action: "sts:GetCallerIdentity", Resource: "*"}
	if iam.Decide(req, &iam.Policies{}) == iam.Allowed {
		t.Error("a caller without credentials of AWS learns who it is")
	}
}
