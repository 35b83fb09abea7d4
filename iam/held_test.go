package iam_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/writ-dev/writ/iam"
)

// explained decides for a user who reads an object, with one identity policy.
func explained(t *testing.T, statement string, ctx iam.Context) (iam.Explanation, *iam.Request) {
	t.Helper()
	p, err := iam.Load([]byte(`{"Version":"2012-10-17","Statement":[`+statement+`]}`), iam.Origin{Type: iam.TypeIdentity, Name: "own"})
	if err != nil {
		t.Fatal(err)
	}
	req := &iam.Request{Principal: iam.ParsePrincipal("arn:aws:iam::111122223333:user/ann"), Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Context: ctx}
	return iam.Explain(req, &iam.Policies{Identity: []*iam.Policy{p}}), req
}

// Why a condition of a Deny holds, above all where the key is absent.
func TestHeldConditions(t *testing.T) {
	t.Parallel()
	ctx := iam.Context{"aws:principaltag/team": iam.One("red"), "aws:username": iam.One("ann"), "s3:x": iam.One("home/*")}
	rows := []struct{ condition, wanted, found, note string }{
		{`"StringNotEquals":{"aws:PrincipalTag/Team":"blue"}`, "blue", "red", ""},
		{`"StringNotEquals":{"aws:PrincipalTag/Team":"re*"}`, "re*", "red", "wildcards only in StringNotLike"},
		{`"StringNotEquals":{"aws:PrincipalTag/Team":"Red"}`, "Red", "red", "differ in case"},
		{`"StringNotEquals":{"aws:SourceVpce":"vpce-1"}`, "vpce-1", "", "does not have this key: StringNotEquals is negated"},
		{`"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}`, "false", "", "as IfExists has it"},
		{`"ForAllValues:StringLike":{"aws:TagKeys":"a*"}`, "a*", "", "ForAllValues holds over nothing"},
		{`"Null":{"aws:TokenIssueTime":"true"}`, "true", "", "does not have this key"},
		{`"Null":{"aws:username":"false"}`, "false", "ann", "has this key"},
		{`"StringEquals":{"aws:username":"${aws:username}"}`, "${aws:username}=ann", "ann", ""},
	}
	for _, row := range rows {
		e, req := explained(t, `{"Effect":"Deny","Action":"*","Resource":"*","Condition":{`+row.condition+`}}`, ctx)
		if len(e.Matched) != 1 {
			t.Errorf("%s does not match", row.condition)
			continue
		}
		held := e.Matched[0].Held(req)
		if len(held) != 1 {
			t.Errorf("%s: %v", row.condition, held)
			continue
		}
		h := held[0]
		wanted := strings.Join(append(slices.Clone(h.Wanted), h.Resolved...), "=")
		if wanted != row.wanted || strings.Join(h.Found, ",") != row.found || !strings.Contains(h.Note, row.note) || row.note == "" && h.Note != "" {
			t.Errorf("%s: wanted %s, found %v, note %q", row.condition, wanted, h.Found, h.Note)
		}
	}
}

// Variables in a near miss: what they stand for here, or why for nothing.
func TestMissesResolveVariables(t *testing.T) {
	t.Parallel()
	ctx := iam.Context{"aws:principaltag/team": iam.One("blue")}
	rows := []struct{ statement, resolved, note string }{
		{`"Resource":"arn:aws:s3:::b/${aws:PrincipalTag/team}/*"`, "arn:aws:s3:::b/blue/*", ""},
		{`"Resource":"arn:aws:s3:::b/${aws:PrincipalTag/Cost}/*"`, "arn:aws:s3:::b/${aws:PrincipalTag/Cost}/*", "the caller has no tag Cost"},
		{`"Resource":"arn:aws:s3:::b/${aws:PrincipalTag/cost, 'none'}${*}"`, "arn:aws:s3:::b/none*", ""},
		{`"Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"${aws:userid}"}}`, "${aws:userid}", "does not have this key"},
	}
	for _, row := range rows {
		e, _ := explained(t, `{"Effect":"Allow","Action":"s3:GetObject",`+row.statement+`}`, ctx)
		if len(e.Misses) != 1 {
			t.Errorf("%s: %v", row.statement, e.Misses)
			continue
		}
		f := e.Misses[0].Failures[0]
		if strings.Join(f.Resolved, ",") != row.resolved || !strings.Contains(f.Note, row.note) {
			t.Errorf("%s: resolved %q, note %q", row.statement, f.Resolved, f.Note)
		}
	}
}

// Where a statement misses by its conditions alone, meeting them is the fix: an
// Allow without them is never proposed.
func TestConditionsAreMetNotGoneAround(t *testing.T) {
	t.Parallel()
	e, _ := explained(t, `{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-1"}}}`, nil)
	if e.Missing != nil || len(e.Unmet) != 1 || e.Where != iam.TypeIdentity || e.Unmet[0].Failures[0].Key != "aws:SourceVpce" {
		t.Errorf("missing %v, unmet %v in %s", e.Missing, e.Unmet, e.Where)
	}
	e, _ = explained(t, `{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::other/*","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-1"}}}`, nil)
	if e.Missing == nil || len(e.Unmet) != 0 {
		t.Errorf("a statement about something else is in the way: %v, %v", e.Missing, e.Unmet)
	}
}

// Trust in an identity provider is bound to the subject of the caller's token.
func TestMissingTrustInProviders(t *testing.T) {
	t.Parallel()
	const github = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
	rows := []struct {
		principal string
		ctx       iam.Context
		want      []string
	}{
		{github, nil, nil},
		{github, iam.Context{"token.actions.githubusercontent.com:aud": iam.One("sts.amazonaws.com")}, nil},
		{
			github,
			iam.Context{"token.actions.githubusercontent.com:aud": iam.One("sts.amazonaws.com"), "token.actions.githubusercontent.com:sub": iam.One("repo:o/r:ref:refs/heads/main")},
			[]string{"StringEquals token.actions.githubusercontent.com:aud sts.amazonaws.com", "StringEquals token.actions.githubusercontent.com:sub repo:o/r:ref:refs/heads/main"},
		},
		{"accounts.google.com", iam.Context{"accounts.google.com:sub": iam.One("1")}, []string{"StringEquals accounts.google.com:sub 1"}},
		{"arn:aws:iam::111122223333:saml-provider/idp", iam.Context{"saml:aud": iam.One("https://signin.aws.amazon.com/saml")}, []string{"StringEquals SAML:aud https://signin.aws.amazon.com/saml"}},
	}
	for _, row := range rows {
		req := &iam.Request{Principal: iam.ParsePrincipal(row.principal), Action: "sts:AssumeRoleWithWebIdentity", Resource: "arn:aws:iam::111122223333:role/r", Context: row.ctx}
		s, where := iam.Evaluate(req, &iam.Policies{}).Missing(req)
		var got []string
		if s != nil {
			for _, c := range s.Conditions {
				got = append(got, c.Operator+" "+c.Key+" "+strings.Join(c.Values, ","))
			}
		}
		if where != iam.TypeTrust || !slices.Equal(got, row.want) || (s == nil) != (row.want == nil) {
			t.Errorf("%s with %v: %q in %s, want %q", row.principal, row.ctx, got, where, row.want)
		}
	}
}
