package iam_test

import (
	"testing"
	"unicode/utf8"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/internal/oracle"
)

// standing puts a document where kind says, beside policies that let everything through.
func standing(kind iam.PolicyType, doc *iam.Document) oracle.World {
	all := &iam.Document{Version: iam.Version2012, Statements: []iam.Statement{{Effect: iam.Allow, Action: []string{"*"}, Resource: []string{"*"}}}}
	w := oracle.World{Identity: []*iam.Document{all}, ResourceKind: iam.TypeResource}
	switch kind {
	case iam.TypeIdentity:
		w.Identity = []*iam.Document{doc}
	case iam.TypeResource, iam.TypeTrust, iam.TypeKey:
		w.ResourceKind, w.Resource = kind, doc
	case iam.TypeBoundary:
		w.Boundary = doc
	case iam.TypeSession:
		w.Session = []*iam.Document{doc}
	case iam.TypeSCP:
		w.SCPs = [][]*iam.Document{{doc}}
	case iam.TypeRCP:
		w.RCPs = [][]*iam.Document{{doc}}
	case iam.TypeEndpoint:
		w.Endpoint = doc
	}
	return w
}

var kinds = []iam.PolicyType{
	iam.TypeIdentity, iam.TypeResource, iam.TypeTrust, iam.TypeKey, iam.TypeBoundary, iam.TypeSession, iam.TypeSCP, iam.TypeRCP, iam.TypeEndpoint,
}

// agree fails when the engine and the oracle differ.
func (s situation) agree(t *testing.T) {
	t.Helper()
	if want, got := s.answers(); want != got {
		t.Fatalf("oracle %v, engine %v\n%s", want, got, s)
	}
}

// Whatever a document and a request hold: an answer, and the oracle's.
func FuzzEvaluate(f *testing.F) {
	for seed := range uint64(12) {
		s := seeded(seed).situation()
		s.each(func(kind iam.PolicyType, doc *iam.Document) *iam.Document {
			if src, err := doc.MarshalJSON(); err == nil && len(src) < 2000 {
				for i, k := range kinds {
					if k == kind {
						f.Add(src, uint8(i), s.req.Principal.ARN, s.req.Action, s.req.Resource, s.req.ResourceAccount, "aws:username", "alice")
					}
				}
			}
			return doc
		})
	}
	f.Add([]byte(`{"Statement":{"Effect":"Deny","NotPrincipal":{"AWS":"111122223333"},"NotAction":"*:*","NotResource":["arn:aws:s3"]}}`), uint8(1), user, "s3:GetObject", object, "", "k", "")
	f.Fuzz(func(t *testing.T, src []byte, kind uint8, principal, action, resource, account, key, value string) {
		doc, err := iam.Parse(src)
		if err != nil || len(src) > 10_000 || len(resource) > 1000 {
			return
		}
		s := situation{
			world: standing(kinds[int(kind)%len(kinds)], doc),
			req: iam.Request{
				Principal: iam.ParsePrincipal(principal), Action: action, Resource: resource, ResourceAccount: account,
				WildcardOnly: kind >= 128, Context: iam.Context{iam.Key(key): {Values: []string{value}, Multi: kind&64 != 0}},
			},
		}
		s.world.BlockPublicAccess = kind&32 != 0
		s.agree(t)
	})
}

// Patterns of actions, of resources in every kind of policy, and of text.
func FuzzMatch(f *testing.F) {
	f.Add("a*b?c", "axxbyc")
	f.Add("**", "")
	f.Add("?*?", "é")
	f.Add("*ab", "aab")
	f.Add("s3:Get*", "S3:getobject")
	f.Add("\u212Ams:*", "kms:Decrypt")
	f.Add("arn:aws:s3:::b/${aws:username}/*", object)
	f.Add("arn:aws:sqs:*:${aws:username}", "arn:aws:sqs:us-east-1:111122223333:q:x")
	f.Add("arn:aws:*", "arn:aws:s3:::b")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 500 || len(text) > 500 || !utf8.ValidString(pattern) {
			return
		}
		if got, want := iam.MatchPattern(pattern, text, false), oracle.Glob(pattern, text); got != want {
			t.Fatalf("%q against %q: %v, want %v", pattern, text, got, want)
		}
		req := iam.Request{Principal: iam.ParsePrincipal(user), Action: "s3:GetObject", Resource: object, ResourceAccount: here, Context: iam.Context{"aws:username": iam.One("al*ce")}}
		for _, not := range []bool{false, true} {
			st := iam.Statement{Effect: iam.Allow, Action: []string{pattern}, Resource: []string{"*"}, Principal: &iam.PrincipalElement{All: true}}
			if not {
				st.Action, st.NotAction = nil, []string{pattern}
			}
			s := situation{req: req, world: standing(iam.TypeIdentity, &iam.Document{Version: iam.Version2012, Statements: []iam.Statement{st}})}
			s.req.Action = text
			s.agree(t)
			for _, version := range []string{iam.Version2012, ""} {
				for _, kind := range kinds {
					st := iam.Statement{Effect: iam.Deny, Action: []string{"*"}, Resource: []string{pattern}, Principal: &iam.PrincipalElement{All: true}}
					if not {
						st.Resource, st.NotResource = nil, []string{pattern}
					}
					s := situation{req: req, world: standing(kind, &iam.Document{Version: version, Statements: []iam.Statement{st}})}
					s.req.Resource = text
					s.agree(t)
				}
			}
		}
	})
}

// Operators against values, with and without variables.
func FuzzCondition(f *testing.F) {
	f.Add("StringLike", "a${aws:username}*", "alice")
	f.Add("DateLessThan", "2020-01-01T00:00:00Z", "1577836800")
	f.Add("DateNotEquals", "7", "0007")
	f.Add("NumericEquals", "-0.50", "-.5")
	f.Add("NotIpAddress", "10.0.0.0/8", "::1")
	f.Add("IpAddress", "fe80::1%eth0", "fe80::1")
	f.Add("ArnNotLike", "arn:aws:s3:::b*", "arn:aws:s3:::bucket:x")
	f.Add("ArnEquals", "${k}", "arn:aws:s3:::b")
	f.Add("ForAnyValue:Bool", "TRUE", "true")
	f.Add("ForAllValues:StringNotEqualsIfExists", "${gone, 'x}'}", "")
	f.Add("BinaryEquals", "YWI=", "ab")
	f.Add("Null", "false", "")
	f.Fuzz(func(t *testing.T, operator, want, value string) {
		if len(want) > 500 || len(value) > 500 || !utf8.ValidString(want) {
			return
		}
		for _, found := range []iam.Value{iam.One(value), iam.Many(value), iam.Many(value, "x"), iam.Many(), {}} {
			ctx := iam.Context{"k": found, "aws:username": iam.One("al*ce")}
			c := iam.ConditionElement{Operator: operator, Key: "K", Values: []string{want}}
			if got, should := iam.MatchCondition(c, ctx), oracle.Condition(&c, ctx, true); got != should {
				t.Fatalf("%s %q on %q: %v, want %v", operator, want, found.Values, got, should)
			}
		}
	})
}
