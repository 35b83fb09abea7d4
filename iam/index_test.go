package iam_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ/iam"
)

// chance makes documents and requests that meet often: few actions, and
// resources that share their beginnings.
type chance struct{ *rand.Rand }

func (c chance) of(list ...string) string { return list[c.IntN(len(list))] }

func (c chance) action() string {
	return c.of("s3:GetObject", "S3:GETOBJECT", "s3:PutObject", "s3:Get*", "s3:*Object", "s3:?etObject", "s3:*", "s3:", "*", "*:*", "s*:Get*",
		"sqs:SendMessage", "sqs:*", "dynamodb:GetItem", "dynamodb:*", "s3:GetObject ", "s3")
}

func (c chance) resource() string {
	bucket := fmt.Sprintf("bucket-%d", c.IntN(30))
	return c.of("*", "arn:aws:s3:::"+bucket, "arn:aws:s3:::"+bucket+"/*", "arn:aws:s3:::"+bucket+"/*.csv", "arn:aws:s3:::bucket-*",
		"arn:aws:s3:::bucket-?/a.csv", "arn:*:s3:::"+bucket+"/*", "arn:aws:s3:*", "arn:aws:s3:::${aws:username}/*", "arn:aws:s3:::"+bucket+"/${aws:username}",
		"arn:aws:sqs:us-east-1:111122223333:"+bucket, "a:b:c:d:e:f", "text", "arn", "*:aws:s3:::"+bucket)
}

func (c chance) document(most int) *iam.Document {
	doc := &iam.Document{Version: iam.Version2012}
	for range 1 + c.IntN(most) {
		s := iam.Statement{Effect: iam.Allow}
		if c.IntN(3) == 0 {
			s.Effect = iam.Deny
		}
		var actions, resources []string
		for range 1 + c.IntN(3) {
			actions, resources = append(actions, c.action()), append(resources, c.resource())
		}
		if c.IntN(8) == 0 {
			s.NotAction = actions
		} else {
			s.Action = actions
		}
		if c.IntN(8) == 0 {
			s.NotResource = resources
		} else {
			s.Resource = resources
		}
		doc.Statements = append(doc.Statements, s)
	}
	return doc
}

func (c chance) request() *iam.Request {
	bucket := fmt.Sprintf("bucket-%d", c.IntN(30))
	return &iam.Request{
		Principal: iam.ParsePrincipal(user),
		Action: c.of("s3:GetObject", "s3:getobject", "S3:PutObject", "s3:", "s3", "", "sqs:SendMessage", "SQS:ReceiveMessage", "dynamodb:GetItem",
			"dynamodb:DescribeKinesisStreamingDestination", "s3:GetObject\u212a"),
		Resource: c.of("arn:aws:s3:::"+bucket, "arn:aws:s3:::"+bucket+"/a.csv", "arn:aws:s3:::"+bucket+"/alice", "arn:aws:s3:::alice/x", "arn:aws-cn:s3:::"+bucket+"/a",
			"arn:aws:sqs:us-east-1:111122223333:"+bucket, "*", "text", "arn:aws:s3", "", "a:b:c:d:e:f"),
		WildcardOnly: c.IntN(10) == 0,
		Context:      iam.Context{"aws:username": iam.One("alice")},
	}
}

// What the index finds is what testing every statement finds.
func TestIndexIsTheScan(t *testing.T) {
	t.Parallel()
	verdicts := map[iam.Verdict]int{}
	for seed := range uint64(1500) {
		c := chance{rand.New(rand.NewPCG(seed, 1))}
		p := iam.Compile(c.document([]int{3, 12, 120}[seed%3]), iam.Origin{Type: iam.TypeIdentity})
		indexed, scanned := &iam.Policies{Identity: []*iam.Policy{p}}, &iam.Policies{Identity: []*iam.Policy{iam.Unindexed(p)}}
		for range 10 {
			req := c.request()
			got, want := iam.Decide(req, indexed), iam.Decide(req, scanned)
			verdicts[want]++
			if got != want {
				t.Fatalf("seed %d, %s on %s: the index says %s, the scan %s", seed, req.Action, req.Resource, got, want)
			}
		}
	}
	for _, v := range []iam.Verdict{iam.Allowed, iam.ImplicitlyDenied, iam.ExplicitlyDenied} {
		if verdicts[v] < 500 {
			t.Errorf("%d of the verdicts are %s: too few to tell", verdicts[v], v)
		}
	}
}

// Folding eight bytes at a time is folding each byte.
func TestFolding(t *testing.T) {
	t.Parallel()
	fold := func(b byte) byte {
		if 'A' <= b && b <= 'Z' {
			return b + 'a' - 'A'
		}
		return b
	}
	for length := range 20 {
		for at := range length {
			for b := range 256 {
				text := []byte(strings.Repeat("x", length))
				text[at] = byte(b)
				for _, other := range []byte{byte(b), byte(b) ^ 0x20, byte(b) + 1, byte(b) ^ 0x80, 'a', 'z'} {
					want := []byte(strings.Repeat("x", length))
					want[at] = fold(other)
					same := fold(byte(b)) == want[at]
					if iam.SameFold(string(want), string(text)) != same {
						t.Fatalf("%q and %q: same is not %t", want, text, same)
					}
					if same && iam.HashFold(string(want)) != iam.HashFold(string(text)) {
						t.Fatalf("%q and %q have different hashes", want, text)
					}
				}
			}
		}
	}
}

// A hundred times the statements is not a hundred times the work. The best of
// several rounds is compared: what else the machine does only adds.
func TestLargeRoles(t *testing.T) {
	best := func(w *workload) time.Duration {
		least := time.Hour
		for range 20 {
			begin := time.Now()
			for i := range 2000 {
				iam.Decide(w.next(i), w.policies)
			}
			least = min(least, time.Since(begin))
		}
		return least
	}
	small, big := best(large(t, 100)), best(large(t, 10_000))
	if big > 10*small {
		t.Errorf("2000 decisions with 100 statements: %v, with 10,000: %v", small, big)
	}
}
