package iam_test

import (
	"math/rand/v2"
	"strings"
	"unicode/utf8"

	"github.com/writ-dev/writ/iam"
)

// dice makes the choices of a generator: below(n) is from 0 to n-1. A seeded
// source gives bulk, rapid gives shrinking.
type dice func(n int) int

func seeded(seed uint64) dice {
	r := rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)) //nolint:gosec // cases, not secrets
	return r.IntN
}

func (d dice) chance(percent int) bool { return d(100) >= 100-percent }

func pick[T any](d dice, list ...T) T { return list[d(len(list))] }

const (
	here      = "111122223333"
	elsewhere = "444455556666"
)

// A call is an action and a resource that belong together.
type call struct {
	action, resource string
	wildcardOnly     bool
}

var calls = []call{
	{"s3:GetObject", "arn:aws:s3:::bucket/home/alice/file.txt", false},
	{"s3:GetObject", "arn:aws:s3:::bucket/ключ/😀/e\u0301", false},
	{"sqs:SendMessage", "arn:aws:sqs:us-east-1:" + here + ":очередь-é-😀", false},
	{"dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:" + here + ":table/表/Алиса", false},
	{"s3:PutObject", "arn:aws:s3:::bucket/*/${aws:username}?", false},
	{"s3:PutObject", "arn:aws:s3:::bucket/a.b+c(d)[e]^$|\\", false},
	{"s3:ListBucket", "arn:aws:s3:::bucket", false},
	{"s3:ListAllMyBuckets", "*", true},
	{"sqs:SendMessage", "arn:aws:sqs:us-east-1:" + here + ":queue", false},
	{"sqs:SendMessage", "arn:aws:sqs:us-east-1:" + here + ":team:blue:queue", false},
	{"dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:" + here + ":table/Hits", false},
	{"dynamodb:Query", "arn:aws:dynamodb:us-east-1:" + here + ":table/Hits/index/ByDay", false},
	{"lambda:InvokeFunction", "arn:aws:lambda:us-east-1:" + here + ":function:hello:live", false},
	{"kms:Decrypt", "arn:aws:kms:us-east-1:" + here + ":key/1234", false},
	{"kms:Encrypt", "arn:aws:kms:us-east-1:" + here + ":key/1234", false},
	{"kms:UpdateAlias", "arn:aws:kms:us-east-1:" + here + ":alias/aws/s3", false},
	{"sts:AssumeRole", "arn:aws:iam::" + here + ":role/path/target", false},
	{"sts:AssumeRoleWithWebIdentity", "arn:aws:iam::" + here + ":role/target", false},
	{"sts:GetCallerIdentity", "*", true},
	{"iam:DeleteRole", "arn:aws:iam::" + here + ":role/aws-reserved/sso.amazonaws.com/X", false},
	{"iam:CreatePolicyVersion", "arn:aws:iam::aws:policy/ReadOnlyAccess", false},
	{"iam:PassRole", "arn:aws:iam::" + here + ":role/app", false},
	{"ec2:DescribeInstances", "*", true},
	{"ec2:RunInstances", "arn:aws:ec2:us-east-1:" + here + ":instance/*", false},
	{"states:StartExecution", "*", false},
	{"odd:Thing", "arn:aws:odd", false},
	{"odd:Thing", "", false},
	{"odd:Thing", "arn:aws:odd::::::x::", false},
}

// A word of context: a key, the family of operators that fits it, what a
// request may hold, and what a policy may want besides.
type word struct {
	key, family string
	values      []string
}

var words = []word{
	{"aws:username", "String", []string{"alice", "bob", "*", "al*", "?", "${aws:userid}", "", "Алиса", "😀", "\u212Aim", "home", "\u0131", "e\u0301"}},
	{"aws:userid", "String", []string{"AIDAEXAMPLE", "AROA:alice", "alice"}},
	{"aws:PrincipalTag/Team", "String", []string{"blue", "red", "blue:queue", "*", "BLUE", "${*}", "bucket", "aws"}},
	{"aws:PrincipalTag/\u212A", "String", []string{"k", "K"}},
	{"s3:prefix", "String", []string{"home/alice/", "home/", "", "a.c", "abc"}},
	{"aws:TagKeys", "String", []string{"env", "Env", "team", "*", ""}},
	{"dynamodb:LeadingKeys", "String", []string{"alice", "bob", "alice#1"}},
	{"aws:SourceIp", "Ip", []string{"203.0.113.7", "203.0.113.0/24", "198.51.100.1", "2001:db8::1", "2001:DB8:0::1", "0.0.0.0/0", "::/0", "::ffff:203.0.113.7", "203.0.113.07", "fe80::1%eth0", "203.0.113.9/24", "10.0.0.0/33", "x", "", "2001:db8::/32"}},
	{"aws:CurrentTime", "Date", []string{"2026-01-01T00:00:00Z", "2026", "2026-01", "2026-01-01", "1767225600", "2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00.5Z", "2026-02-30", "2026-1-1", "x", "", "2026-01-01T00:00Z", "2026-01-01T00:00:60Z", "2026-01-01T24:00:00Z", "2026-01-01t00:00:00z", "-1", "1e9", "1969-12-31T23:59:59Z", "99999999999999999999", "2026-01-01T00:00:00", "2026-01-01T00:00:00+0200", "1767225600.5", "0000", "+1767225600"}},
	{"aws:EpochTime", "Date", []string{"1767225600", "1767225601", "2026-01-01", "0", "17672256000"}},
	{"s3:max-keys", "Numeric", []string{"10", "10.0", "9", "-1", "-0.0", "0", "9007199254740993", "9007199254740992", "1e1", "+10", ".5", "5.", "0x0A", "five", "", " 10", "10 ", "0010", "--1", "1.2.3", ".", "-", "123456789012345678901234567890.000000000000000000001", "٣"}},
	{"aws:SecureTransport", "Bool", []string{"true", "false", "TRUE", "False", "1", "", "yes"}},
	{"aws:MultiFactorAuthPresent", "Bool", []string{"true", "false"}},
	{"aws:SourceArn", "Arn", []string{"arn:aws:s3:::bucket", "arn:aws:sqs:us-east-1:" + here + ":queue", "arn:aws:sqs:us-east-1:" + here + ":a:b:c", "arn:aws:s3", "x", "", "arn:aws:s3:::*", "arn:aws:s3:::b?cket", "arn:aws:s3:::${aws:username}", "ARN:aws:s3:::bucket", "arn:aws:S3:::bucket", "::::::"}},
	{"aws:PrincipalArn", "Arn", []string{"arn:aws:iam::" + here + ":role/app", "arn:aws:iam::" + here + ":user/alice"}},
	{"x:blob", "Binary", []string{"YWI=", "ab", "YWI", "", "////", "YWI=\n", "Y WI="}},
}

// contextKey is the key as a request has it, in lower case.
var contextKey = func() map[string]string {
	keys := map[string]string{}
	for _, w := range words {
		keys[w.key] = iam.Key(w.key)
	}
	return keys
}()

var (
	escaped    = strings.NewReplacer("*", "${*}", "?", "${?}", "$", "${$}")
	lookalikes = strings.NewReplacer("k", "\u212A", "i", "\u0131", "a", ".")
)

var families = map[string][]string{
	"String":  {"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike"},
	"Ip":      {"IpAddress", "NotIpAddress"},
	"Date":    {"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"},
	"Numeric": {"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals"},
	"Bool":    {"Bool"},
	"Arn":     {"ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"},
	"Binary":  {"BinaryEquals"},
}

// recase changes the case of letters here and there.
func (d dice) recase(s string) string {
	b := []byte(s)
	for i, c := range b {
		if ('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z') && d.chance(40) {
			b[i] = c ^ 0x20
		}
	}
	return string(b)
}

// like writes a pattern with wildcards that s matches.
func (d dice) like(s string) string {
	runes := []rune(s)
	switch d(6) {
	case 0:
		return s
	case 1:
		return string(runes[:d(len(runes)+1)]) + "*"
	case 2:
		return "*" + string(runes[d(len(runes)+1):])
	case 3:
		if len(runes) > 0 {
			runes[d(len(runes))] = '?'
		}
		return string(runes)
	case 4:
		i := d(len(runes) + 1)
		return string(runes[:i]) + "*" + string(runes[i+d(len(runes)-i+1):])
	}
	out := ""
	for _, r := range runes {
		switch d(8) {
		case 0:
			out += "?"
		case 1:
			out += "*"
		case 2:
			out += string(r) + "*"
		default:
			out += string(r)
		}
	}
	return out
}

// spoil changes a text a little, so that it mostly no longer matches.
func (d dice) spoil(s string) string {
	i := d(len(s) + 1)
	for i < len(s) && !utf8.RuneStart(s[i]) {
		i++
	}
	switch d(7) {
	case 0:
		return s[:i]
	case 1:
		return s[:i] + pick(d, "x", "?", ".", ":", "/", "${", "}", "\u212A", "é", "😀", " ", "\n") + s[i:]
	case 2:
		return d.recase(s)
	case 3:
		return strings.Replace(s, ":", "", 1)
	case 4:
		return strings.Replace(s, ":", "::", 1)
	case 5:
		return lookalikes.Replace(s)
	}
	return s + pick(d, "x", "?", ":", "/x", "${aws:username}")
}

// variables writes s with a policy variable for a part of it that the context
// holds, or for one of the three characters that have one.
func (d dice) variables(s string, ctx iam.Context) string {
	var found []string
	for _, w := range words { // in the order of the list: a seed gives one case
		v, ok := ctx[contextKey[w.key]]
		if ok && len(v.Values) == 1 && v.Values[0] != "" && strings.Contains(s, v.Values[0]) {
			found = append(found, v.Values[0]+"\x00"+w.key)
		}
	}
	switch {
	case len(found) > 0 && d.chance(70):
		value, key, _ := strings.Cut(pick(d, found...), "\x00")
		return strings.Replace(s, value, pick(d, "${"+key+"}", "${"+d.recase(key)+"}", "${"+key+", 'zzz'}"), 1)
	case d.chance(30):
		return escaped.Replace(s)
	}
	runes := []rune(s)
	i := d(len(runes) + 1)
	j := i + d(len(runes)-i+1)
	return string(runes[:i]) + pick(d, "${gone, '"+string(runes[i:j])+"'}", "${gone, '"+string(runes[i:j])+"'}", "${gone}", "${aws:TagKeys}", "${aws:username", "${}", "${gone,'x'}", "${ aws:username }", "$", "${aws:username}", "${aws:TagKeys, 'x'}", "${gone, 'it's'}", "${gone, ''}", "${gone, '*'}", "${*, 'x'}", "${gone , 'x'}") + string(runes[j:])
}
