package synth_test

import (
	"slices"

	"pgregory.net/rapid"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/inventory"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// lambdaResult is what Lambda publishes on success.
const lambdaResult = "Lambda Function Invocation Result - Success"

// randomWorld draws a system with every kind of entity and edges between them.
func randomWorld(t *rapid.T) *topology.Topology {
	top := randomSystem(t)
	functions := make([]string, len(top.Functions))
	for i, f := range top.Functions {
		functions[i] = f.Name
	}
	coin := func(what string) bool { return rapid.Bool().Draw(t, what) }
	function := func(what string) *topology.Target {
		return &topology.Target{Kind: topology.KindFunction, Name: rapid.SampledFrom(functions).Draw(t, what)}
	}
	queue := func(name string) *topology.Target { return &topology.Target{Kind: topology.KindQueue, Name: name} }
	topic := topology.Target{Kind: topology.KindTopic, Name: "one"}

	top.Queues = []*topology.Queue{{Name: "one"}, {Name: "two"}, {Name: "theirs", External: "shop_theirs"}}
	if coin("consumed") {
		top.Queues[0].Target = function("consumer")
	}
	if coin("fails") {
		top.Queues[0].DeadLetter = queue("two")
	}
	top.Topics = []*topology.Topic{{Name: "one"}, {Name: "two"}}
	if coin("subscribed") {
		top.Topics[0].Targets = []topology.Target{*function("subscriber"), *queue("two")}
	}
	top.Streams = []*topology.Stream{{Name: "one", Shards: 1}}
	if coin("read") {
		top.Streams[0].Target = function("reader")
	}
	top.Buses = []*topology.Bus{{Name: "one"}}
	top.Secrets = []*topology.Secret{{Name: "one"}, {Name: "theirs", External: "arn:aws:secretsmanager:us-east-1:000000000000:secret:theirs-AbCdEf"}}
	top.Parameters = []*topology.Parameter{{Name: "one", Value: "1"}}
	top.Keys = []*topology.EncryptionKey{{Name: "one"}}
	top.Events = []*topology.Event{{Name: "Made", Producers: []string{"shop"}}, {Name: "Gone", Bus: "one"}}
	for _, e := range top.Events {
		if coin("starts") {
			e.Targets = append(e.Targets, *function("started"))
		}
		if coin("queued") {
			e.Targets = append(e.Targets, *queue("one"), topic)
			e.DeadLetter = queue("two")
		}
	}
	if coin("clock") {
		top.Schedules = []*topology.Schedule{{Name: "one", Cron: "rate(1 hour)", Target: function("clocked")}}
	}
	if coin("clock of a queue") {
		top.Schedules = append(top.Schedules, &topology.Schedule{Name: "two", Cron: "rate(1 day)", Target: queue("two")})
	}
	for _, s := range top.Stores {
		if s.Kind == topology.StoreBucket && coin("notify") {
			for _, to := range []topology.Target{*function("told"), *queue("one"), topic} {
				s.Notify = append(s.Notify, topology.Notification{Target: to, Events: []string{"s3:ObjectCreated:*"}})
			}
		}
	}
	targets := []topology.Target{*function("next"), *queue("one"), topic, {Kind: topology.KindEvent, Name: "Made"}, {Kind: topology.KindEvent, Name: "Gone"}}
	for _, f := range top.Functions {
		for range rapid.IntRange(0, 3).Draw(t, "rights") {
			f.Grants = append(f.Grants, randomRight(t))
		}
		if coin("leads on") {
			f.Targets = []topology.Target{rapid.SampledFrom(targets).Draw(t, "target")}
		}
		if coin("gives up") {
			f.DeadLetter = queue("two")
		}
		if coin("in a network") {
			f.Network = &topology.Network{Subnets: []string{"subnet-0a1b2c3d"}, SecurityGroups: []string{"sg-0a1b2c3d"}}
		}
	}
	return top
}

func randomRight(t *rapid.T) topology.Grant {
	all := []topology.Grant{
		{Kind: topology.KindQueue, Name: "one"},
		{Kind: topology.KindQueue, Name: "theirs"},
		{Kind: topology.KindTopic, Name: "one"},
		{Kind: topology.KindStream, Name: "one"},
		{Kind: topology.KindBus, Name: "one"},
		{Kind: topology.KindEvent, Name: "Made"},
		{Kind: topology.KindEvent, Name: "Gone"},
		{Kind: topology.KindSecret, Name: "one"},
		{Kind: topology.KindSecret, Name: "theirs"},
		{Kind: topology.KindParameter, Name: "one"},
		{Kind: topology.KindKey, Name: "one"},
	}
	g := rapid.SampledFrom(all).Draw(t, "right")
	g.Access = rapid.SampledFrom(topology.Verbs(g.Kind, "")).Draw(t, "verb")
	return g
}

// arn gives the ARN of a thing in the world of the tests.
func arn(top *topology.Topology, kind topology.Kind, name, sandbox string) string {
	physical := synth.EntityName(top, kind, name, sandbox)
	at := ":" + region + ":" + account + ":"
	switch kind {
	case topology.KindQueue:
		return "arn:aws:sqs" + at + physical
	case topology.KindTopic:
		return "arn:aws:sns" + at + physical
	case topology.KindStream:
		return "arn:aws:kinesis" + at + "stream/" + physical
	case topology.KindBus:
		return "arn:aws:events" + at + "event-bus/" + physical
	case topology.KindSecret:
		return "arn:aws:secretsmanager" + at + "secret:" + physical + "-XXXXXX"
	case topology.KindParameter:
		return "arn:aws:ssm" + at + "parameter" + physical
	case topology.KindKey: // the inventory's stand-in, the same in all sandboxes
		return "arn:aws:kms" + at + "key/OneKey"
	}
	panic(kind)
}

// thingsUniverse lists the calls on queues, topics and the like: which verbs
// should allow them stands here a second time, by hand.
func thingsUniverse(top *topology.Topology, sandbox string) []ask {
	var all []ask
	add := func(kind topology.Kind, name, resource string, rows ...[2]string) {
		for _, row := range rows {
			all = append(all, ask{action: row[0], resource: resource, kind: kind, to: name, words: row[1]})
		}
	}
	for _, q := range top.Queues {
		where := arn(top, topology.KindQueue, q.Name, sandbox)
		if q.External != "" {
			where = "arn:aws:sqs:" + region + ":" + account + ":" + q.External
			if sandbox != "dev" || top.Name != "shop" {
				continue // it is the same queue in all sandboxes
			}
		}
		add(topology.KindQueue, q.Name, where,
			[2]string{"sqs:SendMessage", "send drawn"}, [2]string{"sqs:ReceiveMessage", "consume polled"},
			[2]string{"sqs:DeleteMessage", "consume polled"}, [2]string{"sqs:ChangeMessageVisibility", "consume polled"},
			[2]string{"sqs:GetQueueAttributes", "send consume purge polled"}, [2]string{"sqs:GetQueueUrl", "send consume purge"},
			[2]string{"sqs:PurgeQueue", "purge"}, [2]string{"sqs:DeleteQueue", ""}, [2]string{"sqs:SetQueueAttributes", ""})
	}
	for _, x := range top.Topics {
		add(topology.KindTopic, x.Name, arn(top, topology.KindTopic, x.Name, sandbox),
			[2]string{"sns:Publish", "publish drawn"}, [2]string{"sns:Subscribe", "subscribe"}, [2]string{"sns:SetTopicAttributes", ""})
	}
	for _, x := range top.Streams {
		add(topology.KindStream, x.Name, arn(top, topology.KindStream, x.Name, sandbox),
			[2]string{"kinesis:GetRecords", "read readWrite polled"}, [2]string{"kinesis:DescribeStream", "read readWrite polled"},
			[2]string{"kinesis:ListShards", "read write readWrite polled"}, [2]string{"kinesis:PutRecords", "write readWrite"}, [2]string{"kinesis:DeleteStream", ""})
	}
	for _, x := range top.Secrets {
		where := arn(top, topology.KindSecret, x.Name, sandbox)
		if x.External != "" {
			if where = x.External; sandbox != "dev" || top.Name != "shop" {
				continue
			}
		}
		add(topology.KindSecret, x.Name, where,
			[2]string{"secretsmanager:GetSecretValue", "read"}, [2]string{"secretsmanager:PutSecretValue", "write"}, [2]string{"secretsmanager:DeleteSecret", ""})
	}
	for _, x := range top.Parameters {
		add(topology.KindParameter, x.Name, arn(top, topology.KindParameter, x.Name, sandbox),
			[2]string{"ssm:GetParameter", "read"}, [2]string{"ssm:PutParameter", "write"}, [2]string{"ssm:DeleteParameter", ""},
			[2]string{"ssm:GetParametersByPath", ""})
	}
	if sandbox == "dev" && top.Name == "shop" {
		for _, x := range top.Keys {
			add(topology.KindKey, x.Name, arn(top, topology.KindKey, x.Name, sandbox),
				[2]string{"kms:Decrypt", "decrypt encryptDecrypt"}, [2]string{"kms:Encrypt", "encrypt encryptDecrypt"},
				[2]string{"kms:GenerateDataKeyWithoutPlaintext", "encrypt encryptDecrypt"}, [2]string{"kms:ScheduleKeyDeletion", ""},
				[2]string{"kms:Sign", "sign signVerify"}, [2]string{"kms:Verify", "verify signVerify"}, [2]string{"kms:GenerateMac", "generateMac"})
		}
	}
	for _, action := range []string{"ec2:CreateNetworkInterface", "ec2:DescribeSubnets", "ec2:RunInstances"} {
		all = append(all, ask{action: action, resource: "*"}) // Lambda may, the function's code may not
	}
	return append(all, publications(top, sandbox)...)
}

// publications lists events on buses: their right depends on what they say they are.
func publications(top *topology.Topology, sandbox string) []ask {
	var all []ask
	if len(top.Events) == 0 {
		return nil
	}
	for _, bus := range []string{"", "one"} {
		where := "arn:aws:events:" + region + ":" + account + ":event-bus/default"
		if bus != "" {
			where = arn(top, topology.KindBus, bus, sandbox)
		}
		for _, about := range [][]string{{"Made"}, {"Gone"}, {lambdaResult}, {"Other"}, {"Made", "Other"}, nil} {
			for _, source := range []string{"shop", "lambda", "crook"} {
				q := ask{action: "events:PutEvents", resource: where, context: iam.Context{"events:source": iam.Many(source)}}
				if about != nil {
					q.context["events:detail-type"] = iam.Many(about...)
				}
				q.judge = func(f *topology.Function) bool { return publishes(top, f, bus, about, source) }
				all = append(all, q)
			}
		}
	}
	return all
}

func publishes(top *topology.Topology, f *topology.Function, bus string, about []string, source string) bool {
	event := func(name string) *topology.Event {
		i := slices.IndexFunc(top.Events, func(e *topology.Event) bool { return e.Name == name })
		return top.Events[i]
	}
	for _, g := range f.Grants {
		if g.Kind == topology.KindBus && g.Name == bus {
			return true
		}
		if g.Kind == topology.KindEvent {
			e := event(g.Name)
			if e.Bus == bus && slices.Equal(about, []string{e.Name}) && (len(e.Producers) == 0 || slices.Contains(e.Producers, source)) {
				return true
			}
		}
	}
	for _, to := range f.Targets {
		if to.Kind == topology.KindEvent && event(to.Name).Bus == bus && slices.Equal(about, []string{lambdaResult}) && source == "lambda" {
			return true
		}
	}
	return false
}

// shared says that a resource is one of the account, the same in all sandboxes.
func shared(q ask) bool {
	return q.judge != nil && q.resource[len(q.resource)-len("/default"):] == "/default"
}

// scheduled is the oracle for the scheduler's role.
func scheduled(top *topology.Topology, q ask) bool {
	if q.action != "lambda:InvokeFunction" && q.action != "sqs:SendMessage" {
		return false
	}
	for _, s := range top.Schedules {
		if s.Target.Kind == q.kind && s.Target.Name == q.to {
			return true
		}
	}
	return false
}

// serviceAsk is a call of a service for one of the system's entities.
type serviceAsk struct {
	ask
	service, source string
	want            bool
}

func (q serviceAsk) caller() inventory.Caller {
	return inventory.Caller{Principal: iam.Principal{Kind: iam.PrincipalService, ARN: q.service}}
}

// serviceUniverse lists all that services could do for all sources.
func serviceUniverse(top *topology.Topology) []serviceAsk {
	var all []serviceAsk
	each := func(service, source string, reaches func(topology.Target) bool) {
		ask := func(action, resource string, to topology.Target) {
			for _, from := range []struct {
				account string
				real    bool
			}{{account, true}, {"999999999999", false}} {
				q := serviceAsk{service: service, source: source, want: from.real && reaches(to)}
				q.action, q.resource = action, resource
				q.context = iam.Context{"aws:sourcearn": iam.One(source), "aws:sourceaccount": iam.One(from.account)}
				all = append(all, q)
			}
		}
		for _, f := range top.Functions {
			ask("lambda:InvokeFunction", functionARN(top, f.Name, "dev"), topology.Target{Kind: topology.KindFunction, Name: f.Name})
		}
		for _, q := range top.Queues {
			if q.External == "" {
				ask("sqs:SendMessage", arn(top, topology.KindQueue, q.Name, "dev"), topology.Target{Kind: topology.KindQueue, Name: q.Name})
			}
		}
		for _, x := range top.Topics {
			ask("sns:Publish", arn(top, topology.KindTopic, x.Name, "dev"), topology.Target{Kind: topology.KindTopic, Name: x.Name})
		}
	}
	among := func(targets []topology.Target) func(topology.Target) bool {
		return func(to topology.Target) bool { return slices.Contains(targets, to) }
	}
	for _, sandbox := range []string{"dev", "prod"} {
		for _, e := range top.Events {
			rule := synth.RuleName(top, e, sandbox)
			if e.Bus != "" {
				rule = synth.EntityName(top, topology.KindBus, e.Bus, sandbox) + "/" + rule
			}
			targets := slices.Clone(e.Targets)
			if e.DeadLetter != nil && len(targets) > 0 {
				targets = append(targets, *e.DeadLetter)
			}
			if sandbox != "dev" || top.Name != "shop" {
				targets = nil
			}
			each("events.amazonaws.com", "arn:aws:events:"+region+":"+account+":rule/"+rule, among(targets))
		}
		for _, x := range top.Topics {
			targets := x.Targets
			if sandbox != "dev" || top.Name != "shop" {
				targets = nil
			}
			each("sns.amazonaws.com", arn(top, topology.KindTopic, x.Name, sandbox), among(targets))
		}
		for _, s := range top.Stores {
			if s.Kind != topology.StoreBucket {
				continue
			}
			var targets []topology.Target
			for _, n := range s.Notify {
				if sandbox == "dev" {
					targets = append(targets, n.Target)
				}
			}
			each("s3.amazonaws.com", bucketARN(top, s.Name, sandbox), among(targets))
		}
	}
	each("sqs.amazonaws.com", "arn:aws:sqs:"+region+":"+account+":x", among(nil))
	return all
}

// trustUniverse lists the services that could take on each role: only Lambda a
// function's, only the scheduler that of the schedules, for its own group.
func trustUniverse(top *topology.Topology, inv *inventory.Inventory) []serviceAsk {
	group := "arn:aws:scheduler:" + region + ":" + account + ":schedule-group/" + synth.GroupName(top, "dev")
	var all []serviceAsk
	for _, p := range inv.Principals {
		clock := p.Name == synth.PrincipalRoleName(top, topology.KindSchedule, "", "dev")
		for _, service := range []string{
			"lambda.amazonaws.com", "scheduler.amazonaws.com", "events.amazonaws.com", "states.amazonaws.com",
			"apigateway.amazonaws.com", "appsync.amazonaws.com", "logs.amazonaws.com",
		} {
			for _, source := range []string{group, group + "-else", "arn:aws:scheduler:" + region + ":" + account + ":schedule-group/default"} {
				for _, from := range []string{account, "999999999999"} {
					q := serviceAsk{service: service, source: source, want: service == "lambda.amazonaws.com"}
					if clock {
						q.want = service == "scheduler.amazonaws.com" && source == group && from == account
					}
					q.action, q.resource = "sts:AssumeRole", p.ARN
					q.context = iam.Context{"aws:sourcearn": iam.One(source), "aws:sourceaccount": iam.One(from)}
					all = append(all, q)
				}
			}
		}
	}
	return all
}
