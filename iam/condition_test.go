package iam_test

import (
	"testing"

	"github.com/writ-dev/writ/iam"
)

func TestConditions(t *testing.T) {
	t.Parallel()
	one, many := iam.One, iam.Many
	absent := iam.Value{}
	for _, row := range []struct {
		operator string
		wanted   []string
		value    iam.Value
		want     bool
	}{
		{"StringEquals", []string{"a", "b"}, one("b"), true},
		{"StringEquals", []string{"a*"}, one("ab"), false},
		{"stringequals", []string{"a"}, one("a"), true},
		{"StringEquals", []string{"a"}, one("A"), false},
		{"StringEquals", []string{"${aws:username}"}, one("alice"), true},
		{"StringEquals", []string{"${aws:username}"}, one("${aws:username}"), false},
		{"StringEquals", []string{"${*}"}, one("*"), true},
		{"StringEquals", []string{"${gone, 'x'}"}, one("x"), true},
		{"StringEquals", []string{"${gone}"}, one("x"), false},
		{"StringNotEquals", []string{"${gone}"}, one("x"), true},
		{"StringEquals", []string{"${list}"}, one("x"), false},
		{"StringNotEquals", []string{"a", "b"}, one("b"), false},
		{"StringNotEquals", []string{"a"}, absent, true},
		{"StringEquals", []string{"a"}, absent, false},
		{"StringEqualsIfExists", []string{"a"}, absent, true},
		{"StringEqualsIfExists", []string{"a"}, one("b"), false},
		{"StringEqualsIgnoreCase", []string{"Straße"}, one("STRAßE"), true},
		{"StringLike", []string{"a?c*"}, one("abcd"), true},
		{"StringLike", []string{"${tag}"}, one("anything"), false},
		{"StringLike", []string{"${tag}"}, one("any*"), true},
		{"StringEquals", []string{"a"}, many("a"), false},
		{"StringNotEquals", []string{"b"}, many("a"), false},
		{"NumericEquals", []string{"5"}, one("5.0"), true},
		{"NumericEquals", []string{"9007199254740993"}, one("9007199254740992"), false},
		{"NumericEquals", []string{"0"}, one("-0.0"), true},
		{"NumericLessThan", []string{"-1"}, one("-1.5"), true},
		{"NumericLessThan", []string{"10"}, one("9"), true},
		{"NumericGreaterThanEquals", []string{"2.50"}, one("2.5"), true},
		{"NumericEquals", []string{"5"}, one("5abc"), false},
		{"NumericNotEquals", []string{"5"}, one("five"), false},
		{"NumericEquals", []string{"1000"}, one("1e3"), false},
		{"DateEquals", []string{"2026-01-01T00:00:00Z"}, one("1767225600"), true},
		{"DateEquals", []string{"2026"}, one("2026-01-01"), true},
		{"DateEquals", []string{"2026-01-01T00:00:00Z"}, one("2026-01-01T02:00:00.000+02:00"), true},
		{"DateLessThan", []string{"2026-01-01T00:00:00.5Z"}, one("2026-01-01T00:00:00.25Z"), true},
		{"DateGreaterThan", []string{"2026-02-30"}, one("2027-01-01"), false},
		{"DateNotEquals", []string{"2026-01-01"}, one("yesterday"), false},
		{"Bool", []string{"true"}, one("TRUE"), true},
		{"Bool", []string{"true"}, one("1"), false},
		{"Bool", []string{"false"}, absent, false},
		{"Bool", []string{"${secure}"}, one("true"), true},
		{"BinaryEquals", []string{"YWI="}, one("ab"), true},
		{"IpAddress", []string{"203.0.113.0/24"}, one("203.0.113.7"), true},
		{"IpAddress", []string{"203.0.113.99/24"}, one("203.0.113.7"), true},
		{"IpAddress", []string{"0.0.0.0/0"}, one("198.51.100.1"), true},
		{"IpAddress", []string{"::/0"}, one("198.51.100.1"), false},
		{"IpAddress", []string{"2001:db8:0::1"}, one("2001:DB8::1"), true},
		{"NotIpAddress", []string{"203.0.113.7"}, one("2001:db8::1"), true},
		{"IpAddress", []string{"203.0.113.7"}, one("203.0.113.07"), false},
		{"ArnLike", []string{"arn:aws:s3:::b*"}, one("arn:aws:s3:::bucket/k:x"), true},
		{"ArnEquals", []string{"arn:aws:execute-api:*:111122223333:abc/*/GET/"}, one("arn:aws:execute-api:us-east-1:111122223333:abc/prod/GET/"), true},
		{"ArnLike", []string{"arn:aws:*:finance"}, one("arn:aws:s3:::x:finance"), false},
		{"ArnLike", []string{"*"}, one("arn:aws:s3:::x"), false},
		{"ArnLike", []string{"arn:aws:s3:::${aws:username}"}, one("arn:aws:s3:::alice"), true},
		{"Null", []string{"true"}, absent, true},
		{"Null", []string{"false"}, one("x"), true},
		{"Null", []string{"true"}, one(""), false},
		{"ForAllValues:StringEquals", []string{"a", "b"}, many("a", "b"), true},
		{"ForAllValues:StringEquals", []string{"a", "b"}, many("a", "c"), false},
		{"ForAllValues:StringEquals", []string{"a"}, absent, true},
		{"ForAllValues:StringEquals", []string{"a"}, many(""), true},
		{"ForAllValues:StringNotEquals", []string{"a", "b"}, many("c", "a"), false},
		{"ForAllValues:StringEquals", []string{"a"}, one("a"), true},
		{"ForAnyValue:StringEquals", []string{"a"}, many("x", "a"), true},
		{"ForAnyValue:StringEquals", []string{"a"}, absent, false},
		{"ForAnyValue:StringNotEquals", []string{"a"}, absent, false},
		{"ForAnyValue:StringEqualsIfExists", []string{"a"}, absent, false},
		{"ForSomeValues:StringEquals", []string{"a"}, one("a"), false},
		{"StringMatches", []string{"a"}, one("a"), false},
		{"NullIfExists", []string{"true"}, absent, false},
	} {
		ctx := iam.Context{"aws:username": one("alice"), "tag": one("any*"), "list": many("x"), "secure": one("true")}
		if row.value.Values != nil {
			ctx["the:key"] = row.value
		}
		c := iam.ConditionElement{Operator: row.operator, Key: "The:Key", Values: row.wanted}
		if got := iam.MatchCondition(c, ctx); got != row.want {
			t.Errorf("%s wanted %q, found %q: %v", row.operator, row.wanted, row.value.Values, got)
		}
	}
}
