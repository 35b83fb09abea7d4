package synth_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
)

// What follows from an edge without a grant is what CDK's sources, targets and
// subscriptions give, but for the listed differences. A service is let in for
// its source and for this account, where CDK names the source alone or nobody.
func TestEdgesFollowCDK(t *testing.T) {
	t.Parallel()
	handler := topology.Target{Kind: topology.KindFunction, Name: "handler"}
	queue := topology.Target{Kind: topology.KindQueue, Name: "queue"}
	topic := topology.Target{Kind: topology.KindTopic, Name: "topic"}
	notify := func(to topology.Target) func(*topology.Topology) {
		return func(top *topology.Topology) {
			top.Stores[1].Notify = []topology.Notification{{Target: to, Events: []string{"s3:ObjectCreated:*"}}}
		}
	}
	event := func(to topology.Target) func(*topology.Topology) {
		return func(top *topology.Topology) {
			top.Events = []*topology.Event{{Name: "event", Targets: []topology.Target{to}}}
		}
	}
	leads := func(to topology.Target) func(*topology.Topology) {
		return func(top *topology.Topology) { top.Functions[0].Targets = []topology.Target{to} }
	}
	cases, ran := map[string]struct {
		call   string
		change func(*topology.Topology)
		policy string // the logical id of the policy or permission
	}{
		"SqsEventSource(queue)":                    {"fn.addEventSource(SqsEventSource(queue))", func(top *topology.Topology) { top.Queues[0].Target = &handler }, "HandlerPolicy"},
		"KinesisEventSource(stream)":               {"fn.addEventSource(KinesisEventSource(stream))", func(top *topology.Topology) { top.Streams[0].Target = &handler }, "HandlerPolicy"},
		"SqsDestination(queue)":                    {"onSuccess: SqsDestination(queue)", leads(queue), "GranteePolicy"},
		"SnsDestination(topic)":                    {"onSuccess: SnsDestination(topic)", leads(topic), "GranteePolicy"},
		"LambdaDestination(next)":                  {"onFailure: LambdaDestination(next)", leads(handler), "GranteePolicy"},
		"LambdaSubscription(fn)":                   {"topic.addSubscription(LambdaSubscription(fn))", func(top *topology.Topology) { top.Topics[0].Targets = []topology.Target{handler} }, "HandlerPermissionTopicTopic"},
		"SqsSubscription(queue)":                   {"topic.addSubscription(SqsSubscription(queue))", func(top *topology.Topology) { top.Topics[0].Targets = []topology.Target{queue} }, "QueueQueuePolicy"},
		"EventNotification(LambdaDestination(fn))": {"bucket.addEventNotification(LambdaDestination(fn))", notify(handler), "HandlerPermissionStoreBucket"},
		"EventNotification(SqsDestination(queue))": {"bucket.addEventNotification(SqsDestination(queue))", notify(queue), "QueueQueuePolicy"},
		"EventNotification(SnsDestination(topic))": {"bucket.addEventNotification(SnsDestination(topic))", notify(topic), "TopicTopicPolicy"},
		"Target(LambdaFunction(fn))":               {"rule.addTarget(LambdaFunction(fn))", event(handler), "HandlerPermissionEventEvent"},
		"Target(SqsQueue(queue))":                  {"rule.addTarget(SqsQueue(queue))", event(queue), "QueueQueuePolicy"},
		"Target(SnsTopic(topic))":                  {"rule.addTarget(SnsTopic(topic))", event(topic), "TopicTopicPolicy"},
		"Schedule(LambdaInvoke(fn))": {"new Schedule({target: LambdaInvoke(fn)})", func(top *topology.Topology) {
			top.Schedules = []*topology.Schedule{{Name: "one", Cron: "rate(1 hour)", Target: &handler}}
		}, "SchedulePolicy"},
	}, 0
	all := cdkGrants(t)
	for name, c := range cases {
		i := slices.IndexFunc(all, func(g cdkGrant) bool { return g.Call == c.call })
		if i < 0 {
			t.Errorf("%s is not among CDK's grants", c.call)
			continue
		}
		ran++
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			top := worldOf(cdkGrant{})
			c.change(top)
			policy, _ := build(t, top, "dev").Template.Resource(c.policy)
			compareEdge(t, differences[name].actions, all[i], policy)
		})
	}
	t.Logf("%d edges compared", ran)
}

func compareEdge(t *testing.T, left []string, g cdkGrant, policy cfn.Resource) {
	t.Helper()
	want, got := cdkEdge(left, g), ourEdge(policy)
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) || len(got) == 0 {
		t.Errorf("CDK gives\n%s\nwe give\n%s", strings.Join(want, "\n"), strings.Join(got, "\n"))
	}
}

// cdkEdge writes out what an implicit grant of CDK's allows: "WHO action resource".
func cdkEdge(left []string, g cdkGrant) []string {
	var want []string
	add := func(who any, actions, resources []string) {
		for _, a := range actions {
			for _, r := range resources {
				if a != "s3:PutBucketNotification" && !slices.Contains(left, a) { // that is what CDK's own function does, in place of CloudFormation
					want = append(want, fmt.Sprint(who, " ", a, " ", strings.ReplaceAll(r, "Next", "Handler")))
				}
			}
		}
	}
	if g.ResourcePolicy == nil {
		for _, s := range g.IdentityPolicy {
			add("role", s.Actions, s.Resources)
		}
	}
	for _, s := range g.ResourcePolicy {
		if s.Via == "AWS::Lambda::Permission" {
			add(s.Principal, []string{s.Action}, []string{s.FunctionName})
			continue
		}
		add(s.Principal.(map[string]any)["Service"], s.Actions, s.Resources)
	}
	return want
}

// ourEdge writes out what a policy or permission of ours allows; a service must
// be held to a source and to the account.
func ourEdge(policy cfn.Resource) []string {
	p := policy.Properties
	if policy.Type == "AWS::Lambda::Permission" {
		function, _ := p.Get("FunctionName")
		_, source := p.Get("SourceArn")
		_, inAccount := p.Get("SourceAccount")
		if !source || !inAccount {
			return nil
		}
		return []string{p.Text("Principal") + " " + p.Text("Action") + " " + rendered(function)}
	}
	var got []string
	for _, item := range p.Object("PolicyDocument").List("Statement") {
		s := item.(*cfn.Object)
		if s.Text("Sid") == "Logs" {
			continue
		}
		who := "role"
		if service := s.Object("Principal").Text("Service"); service != "" {
			if who = service; s.Object("Condition").Object("ArnLike") == nil || s.Object("Condition").Object("StringEquals") == nil {
				return nil
			}
		}
		for _, c := range calls(s) {
			got = append(got, who+" "+c)
		}
	}
	return got
}
