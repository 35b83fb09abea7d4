package synth

import (
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
)

// sender is an AWS service that may put something into a queue or a topic, for
// one entity of the topology: a statement of the queue's or topic's own policy.
type sender struct {
	sid     string
	service string
	source  any // without a reference: see sourceARN
	edge    string
	pos     writ.Position
}

// mayInvoke lets a service invoke a function for one source: a statement of the
// function's own policy. It gives the permission's logical id.
func (b *builder) mayInvoke(function, what string, s sender) string {
	id := logicalID(function)
	policy := id + "Permission" + what
	b.add(policy, "the permission of "+s.edge, s.pos, cfn.Obj(
		"Type", "AWS::Lambda::Permission",
		"Properties", cfn.Obj(
			"Action", "lambda:InvokeFunction",
			"FunctionName", getAtt(id+"Function", "Arn"),
			"Principal", s.service,
			"SourceAccount", ref("AWS::AccountId"),
			"SourceArn", s.source,
		),
	))
	b.out.Permissions = append(b.out.Permissions, Provenance{
		Kind: topology.KindFunction, Name: function, Policy: policy, Position: s.pos, Edge: s.edge,
	})
	return policy
}

// maySend lets a service send to a queue or publish to a topic. Nobody but its
// owner can let a service into one that is external.
func (b *builder) maySend(kind topology.Kind, name string, s sender) {
	if b.things[node{Kind: kind, Name: name}].external != "" {
		b.skip("permission", s.edge, s.pos, "the policy of an external "+string(kind)+" is its owner's: it must let "+s.service+" in")
		return
	}
	n := node{Kind: kind, Name: name}
	b.senders[n] = append(b.senders[n], s)
}

// sendPolicyID is the logical id of a queue's or topic's own policy, "" when it
// has none. All senders must be known.
func (b *builder) sendPolicyID(n node) string {
	if len(b.senders[n]) == 0 {
		return ""
	}
	return b.things[n].id() + "Policy"
}

// sendPolicies adds the policies of queues and topics that services send to.
func (b *builder) sendPolicies() {
	for _, x := range things(b.t, b.o.Sandbox) {
		n := node{Kind: x.kind, Name: x.name}
		id := b.sendPolicyID(n)
		if id == "" {
			continue
		}
		resourceType, list, target, action := "AWS::SQS::QueuePolicy", "Queues", any(ref(x.id())), "sqs:SendMessage"
		if x.kind == topology.KindTopic {
			resourceType, list, action = "AWS::SNS::TopicPolicy", "Topics", "sns:Publish"
		}
		var document []any
		for _, s := range sorted(b.senders[n], func(s sender) string { return s.sid }) {
			b.out.Permissions = append(b.out.Permissions, Provenance{
				Kind: x.kind, Name: x.name, Policy: id, Index: len(document), Sid: s.sid, Position: s.pos, Edge: s.edge,
			})
			document = append(document, cfn.Obj(
				"Sid", s.sid, "Effect", "Allow", "Principal", cfn.Obj("Service", s.service),
				"Action", action, "Resource", b.thingARN(x.kind, x.name), "Condition", fromSource(s.source, true),
			))
		}
		b.add(id, "the policy of "+string(x.kind)+" "+x.name, x.pos, cfn.Obj(
			"Type", resourceType,
			"Properties", cfn.Obj(list, []any{target}, "PolicyDocument", cfn.Obj("Version", "2012-10-17", "Statement", document)),
		))
	}
}
