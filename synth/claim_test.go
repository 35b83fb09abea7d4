package synth_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// together synthesises topologies as those of one tree.
func together(t *testing.T, sources ...string) error {
	t.Helper()
	var outputs []*synth.Output
	for i, source := range sources {
		top, err := topology.Parse([]byte(source), string(rune('a'+i))+".yml", "")
		if err != nil {
			t.Fatalf("%v\nin\n%s", err, source)
		}
		outputs = append(outputs, build(t, top, "dev"))
	}
	return synth.Distinct(outputs)
}

// Two namespaces of a tree may not take one AWS name: each of these pairs would,
// and the one beside it does not.
func TestNamespacesShareNoName(t *testing.T) {
	t.Parallel()
	const fn = "\nfunctions: {work: {runtime: {lang: python3.13, handler: a.b}}}"
	cases := []struct{ name, first, second, want, hint string }{
		{"different", "name: a" + fn, "name: b" + fn, "", ""},
		{
			"roles", "name: a\nfunctions:\n  b-c: {runtime: {lang: python3.13, handler: a.b}}", "name: a-b\nfunctions:\n  c: {runtime: {lang: python3.13, handler: a.b}}",
			"b.yml:3:3: function b-c of namespace a and function c of namespace a-b would share the AWS name tc-a-b-c-dev",
			"the first is at a.yml:3:3; rename one of them, or a namespace",
		},
		{
			"roles, in which case does not count", "name: a\nfunctions:\n  b-C: {runtime: {lang: python3.13, handler: a.b}}", "name: a-b\nfunctions:\n  c: {runtime: {lang: python3.13, handler: a.b}}",
			"would share the AWS name tc-a-b-c-dev", "a.yml:3:3",
		},
		{
			"functions", "name: a\nfunctions:\n  b_c: {runtime: {lang: python3.13, handler: a.b}}", "name: a_b\nfunctions:\n  c: {runtime: {lang: python3.13, handler: a.b}}",
			"b.yml:3:3: b_c of namespace a and c of namespace a_b would share the AWS name a_b_c_dev", "a.yml:3:3",
		},
		{
			"stacks", "name: 1a" + fn, "name: s-1a" + fn,
			"b.yml:1:7: the stack of namespace 1a and the stack of namespace s-1a would share the AWS name s-1a-dev", "a.yml:1:7",
		},
		{
			"queues", "name: a\nqueues:\n  b_c:\n", "name: a_b\nqueues:\n  c:\n",
			"b_c of namespace a and c of namespace a_b would share the AWS name a_b_c_dev", "a.yml:3:3",
		},
		{
			"buckets, whose names have no capitals", "name: A\nstores:\n  b-c: {kind: bucket}\n", "name: A-b\nstores:\n  c: {kind: bucket}\n",
			"would share the AWS name a-b-c-dev-", "a.yml:3:3",
		},
		{
			"buckets", "name: a\nstores:\n  b-c: {kind: bucket}\n", "name: a-b\nstores:\n  c: {kind: bucket}\n",
			"would share the AWS name a-b-c-dev", "a.yml:3:3",
		},
		{"a queue and a topic", "name: a\nqueues:\n  b_c:\n", "name: a_b\ntopics:\n  c:\n", "", ""},
		{
			"rules of one bus", "name: a" + fn + "\nevents:\n  e: {producer: work, function: work, rule_name: mine}\n",
			"name: b" + fn + "\nevents:\n  f: {producer: work, function: work, rule_name: mine}\n",
			"b.yml:4:3: e of namespace a and f of namespace b would share the AWS name mine", "a.yml:4:3",
		},
		{
			"rules of two buses", "name: a" + fn + "\nbuses: {x: {}}\nevents:\n  e: {producer: work, function: work, bus: x, rule_name: mine}\n",
			"name: b" + fn + "\nbuses: {x: {}}\nevents:\n  f: {producer: work, function: work, bus: x, rule_name: mine}\n", "", "",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := together(t, c.first, c.second)
			if c.want == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			var known *writ.Error
			if !errors.As(err, &known) || known.Code != writ.CodeConflict || !strings.Contains(err.Error(), c.want) || !strings.Contains(known.Hint, c.hint) {
				t.Fatalf("got %v, want %q with the hint %q", err, c.want, c.hint)
			}
		})
	}
}

// named are the properties that name a resource, but where only its own stack
// or API looks for it.
var named = map[string]string{
	"AWS::IAM::Role": "RoleName", "AWS::Lambda::Function": "FunctionName", "AWS::DynamoDB::Table": "TableName", "AWS::S3::Bucket": "BucketName",
	"AWS::SQS::Queue": "QueueName", "AWS::SNS::Topic": "TopicName", "AWS::Kinesis::Stream": "Name", "AWS::Events::Rule": "Name",
	"AWS::Events::EventBus": "Name", "AWS::Events::Connection": "Name", "AWS::Events::ApiDestination": "Name",
	"AWS::SecretsManager::Secret": "Name", "AWS::SSM::Parameter": "Name", "AWS::Scheduler::ScheduleGroup": "Name",
	"AWS::Scheduler::Schedule": "Name", "AWS::StepFunctions::StateMachine": "StateMachineName", "AWS::Cognito::UserPool": "UserPoolName",
}

// TestEveryNameIsClaimed: what a template names is among its claims, or two
// namespaces could share it unseen.
func TestEveryNameIsClaimed(t *testing.T) {
	t.Parallel()
	n, types := 0, map[string]bool{}
	for _, path := range golden(t) {
		out := build(t, parse(t, path), "dev")
		claimed := map[string]bool{}
		for _, c := range out.Claims {
			claimed[c.Name] = true
			if c.Position.Line == 0 {
				t.Errorf("%s: claim %s %s has no position", path, c.Kind, c.Name)
			}
		}
		for id, r := range out.Template.Root.Object("Resources").All() {
			resource := r.(*cfn.Object)
			name, _ := resource.Object("Properties").Get(named[resource.Text("Type")])
			if with, ok := name.(*cfn.Object); ok { // a bucket's name ends in the account and the region
				name = strings.TrimSuffix(with.Text("Fn::Sub"), "-${AWS::AccountId}-${AWS::Region}")
			}
			if name == nil {
				continue
			}
			n, types[resource.Text("Type")] = n+1, true
			if !claimed[name.(string)] {
				t.Errorf("%s: the name %s of %s is not claimed", path, name, id)
			}
		}
	}
	for kind := range named {
		if !types[kind] {
			t.Errorf("no template names a %s: the test does not look at it", kind)
		}
	}
	t.Logf("%d names of %d types are claimed", n, len(types))
}
