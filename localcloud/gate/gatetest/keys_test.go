package gatetest_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/gate/gatetest"
)

func ExampleProblems() {
	v := gate.Verdict{
		Ask:     gate.Ask{Action: "s3:GetObject"},
		Request: &iam.Request{Context: iam.Context{"aws:sourceip": iam.One("127.0.0.1"), "s3:colour": iam.One("red")}},
	}
	fmt.Println(gatetest.Problems(v))
	// Output: [s3:GetObject has s3:colour, which AWS does not list for it]
}

func TestProblems(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		action string
		keys   []string
		want   []string
	}{
		{"dynamodb:GetItem", []string{"aws:sourceip", "dynamodb:leadingkeys", "lambda:sourcefunctionarn"}, nil},
		{"s3:GetObject", []string{"s3:existingobjecttag/team"}, nil},
		{"s3:GetObject", []string{"aws:requesttag/team"}, []string{"s3:GetObject has aws:requesttag/team, which AWS does not list for it"}},
		{"dynamodb:GetItem", []string{"dynamodb:nokey"}, []string{"dynamodb:GetItem has dynamodb:nokey, which AWS does not list for it"}},
		{"dynamodb:GetIten", nil, []string{"dynamodb:GetIten is not an action"}},
	} {
		context := iam.Context{}
		for _, key := range c.keys {
			context[key] = iam.One("x")
		}
		got := gatetest.Problems(gate.Verdict{Ask: gate.Ask{Action: c.action}, Request: &iam.Request{Context: context}})
		if !slices.Equal(got, c.want) {
			t.Errorf("%s %v: %q, want %q", c.action, c.keys, got, c.want)
		}
	}
}
