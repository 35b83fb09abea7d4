package iam_test

import (
	"fmt"
	"testing"

	"github.com/writ-dev/writ/iam"
)

// workload is a fixed set of S3 requests in rotation over one role's policies.
type workload struct {
	requests []*iam.Request
	policies *iam.Policies
}

// next gives the requests in rotation.
func (w *workload) next(i int) *iam.Request { return w.requests[i%len(w.requests)] }

var s3Actions = []string{"GetObject", "PutObject", "DeleteObject", "ListBucket", "GetBucketPolicy", "PutObjectTagging", "GetObjectTagging", "GetBucketLocation"}

// requests gives 64 requests by one user on eight buckets.
func requests() []*iam.Request {
	var list []*iam.Request
	for i := range 64 {
		list = append(list, &iam.Request{
			Principal: iam.ParsePrincipal("arn:aws:iam::111122223333:user/alice"),
			Action:    "s3:" + s3Actions[i%len(s3Actions)],
			Resource:  fmt.Sprintf("arn:aws:s3:::bucket-%d/team/%d/report.csv", i/8, i),
			Context: iam.Context{
				"aws:sourceip":          iam.One("203.0.113.7"),
				"aws:username":          iam.One("alice"),
				"aws:securetransport":   iam.One("true"),
				"aws:requestedregion":   iam.One("us-east-1"),
				"aws:principalarn":      iam.One("arn:aws:iam::111122223333:user/alice"),
				"aws:principaltag/team": iam.One("blue"),
			},
		})
	}
	return list
}

func mustCompile(tb testing.TB, t iam.PolicyType, doc *iam.Document) *iam.Policy {
	tb.Helper()
	raw, err := doc.MarshalJSON()
	if err != nil {
		tb.Fatal(err)
	}
	p, err := iam.Load(raw, iam.Origin{Type: t, Name: "bench"})
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// w1 is one policy of five statements without conditions.
func w1(tb testing.TB) *workload {
	doc := &iam.Document{Version: iam.Version2012, Statements: []iam.Statement{
		{Effect: iam.Allow, Action: []string{"s3:GetObject", "s3:ListBucket"}, Resource: []string{"arn:aws:s3:::bucket-1/*", "arn:aws:s3:::bucket-2/*"}},
		{Effect: iam.Allow, Action: []string{"s3:Put*"}, Resource: []string{"arn:aws:s3:::bucket-3/team/*"}},
		{Effect: iam.Allow, Action: []string{"s3:Get*"}, Resource: []string{"arn:aws:s3:::bucket-?/team/*/report.csv"}},
		{Effect: iam.Deny, Action: []string{"s3:DeleteObject"}, Resource: []string{"*"}},
		{Effect: iam.Allow, Action: []string{"dynamodb:*"}, Resource: []string{"arn:aws:dynamodb:us-east-1:111122223333:table/hits"}},
	}}
	return &workload{requests(), &iam.Policies{Identity: []*iam.Policy{mustCompile(tb, iam.TypeIdentity, doc)}}}
}

// w2 is ten policies of twenty statements, ten of them Deny, each with one condition.
func w2(tb testing.TB) *workload {
	conditions := []iam.ConditionElement{
		{Operator: "IpAddress", Key: "aws:SourceIp", Values: []string{"203.0.113.0/24"}},
		{Operator: "StringLike", Key: "aws:username", Values: []string{"al*"}},
		{Operator: "Bool", Key: "aws:SecureTransport", Values: []string{"true"}},
		{Operator: "StringEquals", Key: "aws:RequestedRegion", Values: []string{"us-east-1"}},
	}
	w := &workload{requests(), &iam.Policies{}}
	for p := range 10 {
		doc := &iam.Document{Version: iam.Version2012}
		for i := range 20 {
			s := iam.Statement{
				Effect:     iam.Allow,
				Action:     []string{"s3:" + s3Actions[i%len(s3Actions)], "s3:" + s3Actions[(i+3)%len(s3Actions)][:3] + "*"},
				Resource:   []string{fmt.Sprintf("arn:aws:s3:::bucket-%d/team/%d*", (p+i)%12, i)},
				Conditions: conditions[i%4 : i%4+1],
			}
			if i%2 == 1 {
				s.Effect, s.Resource = iam.Deny, []string{fmt.Sprintf("arn:aws:s3:::bucket-%d/private/*", p)}
			}
			doc.Statements = append(doc.Statements, s)
		}
		w.policies.Identity = append(w.policies.Identity, mustCompile(tb, iam.TypeIdentity, doc))
	}
	return w
}

// role is what a function's role looks like in practice: a few exact statements.
func role(tb testing.TB) *workload {
	doc := &iam.Document{Version: iam.Version2012, Statements: []iam.Statement{
		{Effect: iam.Allow, Action: []string{"logs:CreateLogStream", "logs:PutLogEvents"}, Resource: []string{"arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/counter:*"}},
		{Effect: iam.Allow, Action: []string{"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query"}, Resource: []string{"arn:aws:dynamodb:us-east-1:111122223333:table/hits"}},
		{Effect: iam.Allow, Action: []string{"lambda:InvokeFunction"}, Resource: []string{"arn:aws:lambda:us-east-1:111122223333:function:hello", "arn:aws:lambda:us-east-1:111122223333:function:hello:*"}},
	}}
	req := &iam.Request{
		Principal: iam.ParsePrincipal("arn:aws:sts::111122223333:assumed-role/counter/counter"),
		Action:    "dynamodb:UpdateItem", Resource: "arn:aws:dynamodb:us-east-1:111122223333:table/hits",
		Context: iam.Context{"aws:sourceip": iam.One("127.0.0.1")},
	}
	return &workload{[]*iam.Request{req}, &iam.Policies{Identity: []*iam.Policy{mustCompile(tb, iam.TypeIdentity, doc)}}}
}

// large is one role of n statements, all about one action.
func large(tb testing.TB, n int) *workload {
	doc := &iam.Document{Version: iam.Version2012}
	for i := range n {
		doc.Statements = append(doc.Statements, iam.Statement{
			Effect: iam.Allow, Action: []string{"s3:GetObject"},
			Resource: []string{fmt.Sprintf("arn:aws:s3:::bucket-%d/*", i)},
		})
	}
	w := &workload{requests(), &iam.Policies{Identity: []*iam.Policy{mustCompile(tb, iam.TypeIdentity, doc)}}}
	for i, req := range w.requests {
		if i%2 == 0 { // half of the requests find nothing
			req.Action, req.Resource = "s3:GetObject", fmt.Sprintf("arn:aws:s3:::bucket-%dx/%d", i, i)
		} else {
			req.Action, req.Resource = "s3:GetObject", fmt.Sprintf("arn:aws:s3:::bucket-%d/%d", n-1-i, i)
		}
	}
	return w
}

// union is a workload with its identity policies made one.
func (w *workload) union() *workload {
	return &workload{w.requests, &iam.Policies{Identity: []*iam.Policy{iam.Union(w.policies.Identity)}}}
}

func BenchmarkDecide(b *testing.B) {
	for name, w := range map[string]*workload{"W1": w1(b), "W2": w2(b), "W2Union": w2(b).union(), "Role": role(b), "Statements100": large(b, 100), "Statements10000": large(b, 10000)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				iam.Decide(w.next(i), w.policies)
			}
		})
	}
}

func BenchmarkEvaluate(b *testing.B) {
	for name, w := range map[string]*workload{"W1": w1(b), "W2": w2(b), "Role": role(b)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				iam.Evaluate(w.next(i), w.policies)
			}
		})
	}
}

func BenchmarkExplain(b *testing.B) {
	for name, w := range map[string]*workload{"W1": w1(b), "W2": w2(b)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				iam.Explain(w.next(i), w.policies)
			}
		})
	}
}
