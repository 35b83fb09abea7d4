package synth

import (
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
)

// topic adds an SNS topic, its subscriptions and what lets it reach them.
func (b *builder) topic(t *topology.Topic) {
	x := b.things[node{Kind: topology.KindTopic, Name: t.Name}]
	if t.External == "" {
		b.add(x.id(), "topic "+t.Name, t.Pos, cfn.Obj(
			"Type", "AWS::SNS::Topic", "Properties", cfn.Obj("TopicName", x.physical, "Tags", b.tags())))
		b.output(x.id()+"Arn", "ARN of topic "+t.Name, ref(x.id()))
	}
	for _, to := range sorted(t.Targets, targetKey) {
		edge := "topic " + t.Name + " -> " + string(to.Kind) + " " + to.Name
		s := sender{sid: "Topic" + logicalID(t.Name), service: "sns.amazonaws.com", source: b.sourceARN(topology.KindTopic, t.Name), edge: edge, pos: to.Pos}
		p := cfn.Obj("TopicArn", b.thingARN(topology.KindTopic, t.Name))
		switch to.Kind {
		case topology.KindFunction:
			if !b.isFunction("edge", "topic "+t.Name, to) {
				continue
			}
			b.mayInvoke(to.Name, "Topic"+logicalID(t.Name), s)
			p.Set("Protocol", "lambda")
			p.Set("Endpoint", getAtt(logicalID(to.Name)+"Function", "Arn"))
		case topology.KindQueue:
			if !b.isThing("edge", "topic "+t.Name, to) {
				continue
			}
			b.maySend(topology.KindQueue, to.Name, s)
			p.Set("Protocol", "sqs")
			p.Set("Endpoint", b.thingARN(topology.KindQueue, to.Name))
		default:
			b.skip("edge", edge, to.Pos, "a topic reaches functions and queues")
			continue
		}
		b.add(x.id()+title(string(to.Kind))+logicalID(to.Name)+"Subscription", "the subscription of "+edge, to.Pos,
			cfn.Obj("Type", "AWS::SNS::Subscription", "Properties", p))
	}
}

func targetKey(t topology.Target) string { return string(t.Kind) + "\x00" + t.Name }

// notifications gives the NotificationConfiguration of a bucket and the
// resources that have to be there first: S3 looks whether it may call before it
// takes the configuration.
func (b *builder) notifications(s *topology.Store) (configuration *cfn.Object, first []string) {
	lists := map[topology.Kind][]any{}
	for _, n := range sorted(s.Notify, notificationKey) {
		edge := "store " + s.Name + " -> " + string(n.Target.Kind) + " " + n.Target.Name
		from := sender{sid: "Store" + logicalID(s.Name), service: "s3.amazonaws.com", source: b.bucketSource(s.Name), edge: edge, pos: n.Target.Pos}
		var arn any
		member := title(string(n.Target.Kind))
		switch n.Target.Kind {
		case topology.KindFunction:
			if !b.isFunction("edge", "store "+s.Name, n.Target) {
				continue
			}
			arn = b.functionARN(node{Kind: topology.KindStore, Name: s.Name}, n.Target.Name, "")
			policy := logicalID(n.Target.Name) + "PermissionStore" + logicalID(s.Name)
			if b.meaning[policy] == "" { // one permission for all notifications of a function
				b.mayInvoke(n.Target.Name, "Store"+logicalID(s.Name), from)
				first = append(first, policy)
			}
		case topology.KindQueue, topology.KindTopic:
			if !b.isThing("edge", "store "+s.Name, n.Target) {
				continue
			}
			to := node{Kind: n.Target.Kind, Name: n.Target.Name}
			arn = b.thingARN(n.Target.Kind, n.Target.Name)
			if !b.hasSender(to, from.sid) {
				b.maySend(n.Target.Kind, n.Target.Name, from)
				if id := b.sendPolicyID(to); id != "" {
					first = append(first, id)
				}
			}
		default:
			b.skip("edge", edge, n.Target.Pos, "a bucket tells functions, queues and topics")
			continue
		}
		for _, event := range n.Events {
			entry := cfn.Obj("Event", event)
			if filter := keyFilter(n); filter != nil {
				entry.Set("Filter", filter)
			}
			entry.Set(member, arn)
			lists[n.Target.Kind] = append(lists[n.Target.Kind], entry)
		}
	}
	configuration = &cfn.Object{}
	for _, l := range []struct {
		kind topology.Kind
		key  string
	}{{topology.KindFunction, "LambdaConfigurations"}, {topology.KindQueue, "QueueConfigurations"}, {topology.KindTopic, "TopicConfigurations"}} {
		if len(lists[l.kind]) > 0 {
			configuration.Set(l.key, lists[l.kind])
		}
	}
	return configuration, first
}

func notificationKey(n topology.Notification) string {
	key := targetKey(n.Target) + "\x00" + n.Prefix + "\x00" + n.Suffix
	for _, e := range n.Events {
		key += "\x00" + e
	}
	return key
}

func (b *builder) hasSender(n node, sid string) bool {
	for _, s := range b.senders[n] {
		if s.sid == sid {
			return true
		}
	}
	return false
}

// keyFilter is the part of a notification that looks at objects' keys, nil for all.
func keyFilter(n topology.Notification) *cfn.Object {
	var rules []any
	for _, r := range [][2]string{{"prefix", n.Prefix}, {"suffix", n.Suffix}} {
		if r[1] != "" {
			rules = append(rules, cfn.Obj("Name", r[0], "Value", r[1]))
		}
	}
	if rules == nil {
		return nil
	}
	return cfn.Obj("S3Key", cfn.Obj("Rules", rules))
}
