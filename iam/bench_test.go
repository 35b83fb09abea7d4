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

var (
	objectActions = []string{"GetObject", "PutObject", "DeleteObject", "GetObjectTagging", "PutObjectTagging"}
	bucketActions = []string{"ListBucket", "GetBucketLocation", "GetBucketPolicy"}
)

// requests gives 64 requests by one user: eight actions on each of eight
// buckets, from two places, some without TLS. With w1 and w2 they are those of
// the benchmark beside a peer, bench/iam.
func requests() []*iam.Request {
	var list []*iam.Request
	for i := range 64 {
		req := &iam.Request{
			Principal: iam.ParsePrincipal("arn:aws:iam::111122223333:user/alice"),
			Resource:  fmt.Sprintf("arn:aws:s3:::bucket-%d", i/8),
			Context: iam.Context{
				"aws:sourceip":        iam.One("203.0.113.7"),
				"aws:useragent":       iam.One("aws-sdk-go-v2/1.47"),
				"aws:securetransport": iam.One(fmt.Sprint(i%13 != 0)),
				"aws:username":        iam.One("alice"),
				"aws:userid":          iam.One("AIDAEXAMPLEALICE"),
			},
		}
		if i%5 == 0 {
			req.Context["aws:sourceip"] = iam.One("198.51.100.20")
		}
		if kind := i % 8; kind < len(objectActions) {
			req.Action = "s3:" + objectActions[kind]
			req.Resource += fmt.Sprintf("/team/%d/report-%d.csv", i%3, i)
		} else {
			req.Action = "s3:" + bucketActions[kind-len(objectActions)]
		}
		list = append(list, req)
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
		{Effect: iam.Allow, Action: []string{"s3:GetObject", "s3:GetObjectTagging"}, Resource: []string{"arn:aws:s3:::bucket-1/*", "arn:aws:s3:::bucket-2/*"}},
		{Effect: iam.Allow, Action: []string{"s3:Put*"}, Resource: []string{"arn:aws:s3:::bucket-3/team/*"}},
		{Effect: iam.Allow, Action: []string{"s3:Get*"}, Resource: []string{"arn:aws:s3:::bucket-?/team/*/report-1*.csv"}},
		{Effect: iam.Deny, Action: []string{"s3:DeleteObject"}, Resource: []string{"arn:aws:s3:::*"}},
		{Effect: iam.Allow, Action: []string{"s3:ListBucket", "s3:GetBucketLocation"}, Resource: []string{"arn:aws:s3:::bucket-1", "arn:aws:s3:::bucket-2", "arn:aws:s3:::bucket-4", "arn:aws:s3:::bucket-7"}},
	}}
	return &workload{requests(), &iam.Policies{Identity: []*iam.Policy{mustCompile(tb, iam.TypeIdentity, doc)}}}
}

// w2 is ten policies of twenty statements, ten of them Deny, each with one condition.
func w2(tb testing.TB) *workload {
	conditions := []iam.ConditionElement{
		{Operator: "IpAddress", Key: "aws:SourceIp", Values: []string{"203.0.113.0/24"}},
		{Operator: "StringLike", Key: "aws:username", Values: []string{"al*"}},
		{Operator: "Bool", Key: "aws:SecureTransport", Values: []string{"true"}},
		{Operator: "StringEquals", Key: "aws:userid", Values: []string{"AIDAEXAMPLEALICE"}},
	}
	w := &workload{requests(), &iam.Policies{}}
	for p := range 10 {
		doc := &iam.Document{Version: iam.Version2012}
		for i := range 20 {
			s := iam.Statement{
				Effect:     iam.Allow,
				Action:     []string{"s3:" + objectActions[(p+i)%len(objectActions)], "s3:" + bucketActions[i%len(bucketActions)][:3] + "*"},
				Resource:   []string{fmt.Sprintf("arn:aws:s3:::bucket-%d/team/%d/*", (p+i)%16, i%5)},
				Conditions: []iam.ConditionElement{conditions[(p+i/2)%len(conditions)]},
			}
			switch {
			case i%2 == 1:
				s.Effect, s.Resource = iam.Deny, []string{fmt.Sprintf("arn:aws:s3:::bucket-%d/*/report-%d.csv", (p+i)%8, 3*i)}
			case i%4 == 2:
				s.Resource = []string{fmt.Sprintf("arn:aws:s3:::bucket-%d", (5*p+i)%40)}
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
		req.Action, req.Resource = "s3:GetObject", fmt.Sprintf("arn:aws:s3:::bucket-%d/report.csv", n-1-i)
		if i%2 == 0 { // half of the requests find nothing
			req.Resource = fmt.Sprintf("arn:aws:s3:::bucket-%dx/report.csv", n-1-i)
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
