package synth

import (
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
)

// queue adds an SQS queue and what feeds its consumer from it.
func (b *builder) queue(q *topology.Queue) {
	for _, o := range q.Others {
		b.skip("key", "queue "+q.Name+" "+o.Key, o.Pos, "the queue's name is made of namespace, name and sandbox; who may send is written under grants")
	}
	x := b.things[node{Kind: topology.KindQueue, Name: q.Name}]
	if q.External == "" {
		p := cfn.Obj("QueueName", x.physical)
		if q.FIFO {
			p.Set("FifoQueue", true)
			p.Set("ContentBasedDeduplication", true)
		}
		p.Set("VisibilityTimeout", number(b.visibility(q)))
		if q.RetentionSec != 0 {
			p.Set("MessageRetentionPeriod", number(q.RetentionSec))
		}
		if q.DeadLetter != nil {
			if arn := b.deadLetterARN("queue "+q.Name, q.DeadLetter); arn != nil {
				receives := q.MaxReceives
				if receives == 0 {
					receives = 3
				}
				p.Set("RedrivePolicy", cfn.Obj("deadLetterTargetArn", arn, "maxReceiveCount", number(receives)))
			}
		}
		p.Set("Tags", b.tags())
		b.add(x.id(), "queue "+q.Name, q.Pos, cfn.Obj("Type", "AWS::SQS::Queue", "DeletionPolicy", "Delete", "UpdateReplacePolicy", "Delete", "Properties", p))
		b.output(x.id()+"Url", "URL of queue "+q.Name, ref(x.id()))
	}
	if q.Target == nil {
		return
	}
	if q.Target.Kind != topology.KindFunction {
		b.skip("edge", "queue "+q.Name+" -> "+string(q.Target.Kind)+" "+q.Target.Name, q.Target.Pos, "a queue is consumed by a function; another consumer needs a pipe, which is not synthesised yet")
		return
	}
	batch := q.BatchSize
	if batch == 0 {
		batch = 10
	}
	p := cfn.Obj("EventSourceArn", b.thingARN(topology.KindQueue, q.Name), "BatchSize", number(batch))
	if batch > 10 {
		p.Set("MaximumBatchingWindowInSeconds", number(1)) // Lambda asks for a window with larger batches
	}
	b.source(x, *q.Target, p)
}

// visibility gives the seconds that a received message stays hidden. AWS asks
// for six times the function's timeout: Lambda Developer Guide, "Creating and
// configuring an Amazon SQS event source mapping".
func (b *builder) visibility(q *topology.Queue) int {
	if q.VisibilitySec != 0 || q.Target == nil || b.functions[q.Target.Name] == nil || q.Target.Kind != topology.KindFunction {
		if q.VisibilitySec == 0 {
			return 30
		}
		return q.VisibilitySec
	}
	timeout := b.functions[q.Target.Name].Runtime.TimeoutSec
	if timeout == 0 {
		timeout = 3
	}
	return max(30, 6*timeout)
}

// source adds the event source mapping by which Lambda reads a queue or a stream
// for a function.
func (b *builder) source(x thing, to topology.Target, properties *cfn.Object) {
	if !b.isFunction("edge", string(x.kind)+" "+x.name, to) {
		return
	}
	properties.Set("FunctionName", ref(logicalID(to.Name)+"Function"))
	properties.Set("Tags", b.tags())
	b.add(x.id()+"Source", "what feeds function "+to.Name+" from "+string(x.kind)+" "+x.name, to.Pos,
		cfn.Obj("Type", "AWS::Lambda::EventSourceMapping", "Properties", properties))
}

// isFunction reports whether a target is a function of the topology; what it is
// otherwise is an error or listed as skipped.
func (b *builder) isFunction(kind, from string, to topology.Target) bool {
	switch {
	case b.away(topology.KindFunction, to.Name) != "":
		b.skip(kind, from+" -> function "+to.Name, to.Pos, b.away(topology.KindFunction, to.Name))
	case b.functions[to.Name] == nil:
		b.missing("function", to.Name, to.Pos, names(b.t.Functions, functionName))
	default:
		return true
	}
	return false
}

// isThing does the same for a queue, topic or other thing.
func (b *builder) isThing(kind, from string, to topology.Target) bool {
	if _, ok := b.things[node{Kind: to.Kind, Name: to.Name}]; ok {
		return true
	}
	if foreign(to.Name) {
		b.skip(kind, from+" -> "+string(to.Kind)+" "+to.Name, to.Pos, elsewhere)
		return false
	}
	b.missing(string(to.Kind), to.Name, to.Pos, b.namesOf(to.Kind))
	return false
}

// namesOf gives the names of all things of a kind.
func (b *builder) namesOf(kind topology.Kind) []string {
	var all []string
	for _, x := range things(b.t, b.o.Sandbox) {
		if x.kind == kind {
			all = append(all, x.name)
		}
	}
	return all
}

// deadLetterARN gives the ARN of the queue for what failed, nil when it is not
// synthesised.
func (b *builder) deadLetterARN(from string, to *topology.Target) any {
	if !b.isThing("dead_letter_queue", from, *to) {
		return nil
	}
	return b.thingARN(topology.KindQueue, to.Name)
}

// stream adds a Kinesis stream and what feeds its consumer from it.
func (b *builder) stream(s *topology.Stream) {
	x := b.things[node{Kind: topology.KindStream, Name: s.Name}]
	if x.external == "" {
		p := cfn.Obj("Name", x.physical)
		if s.Shards == 0 {
			p.Set("StreamModeDetails", cfn.Obj("StreamMode", "ON_DEMAND"))
		} else {
			p.Set("ShardCount", number(s.Shards))
		}
		if s.RetentionHours != 0 {
			p.Set("RetentionPeriodHours", number(s.RetentionHours))
		}
		p.Set("StreamEncryption", cfn.Obj("EncryptionType", "KMS", "KeyId", "alias/aws/kinesis"))
		p.Set("Tags", b.tags())
		b.add(x.id(), "stream "+s.Name, s.Pos, cfn.Obj("Type", "AWS::Kinesis::Stream", "DeletionPolicy", "Delete", "UpdateReplacePolicy", "Delete", "Properties", p))
		b.output(x.id()+"Name", "Name of stream "+s.Name, ref(x.id()))
	}
	if s.Target != nil && !b.o.Local {
		batch := s.BatchSize
		if batch == 0 {
			batch = 100
		}
		b.source(x, *s.Target, cfn.Obj(
			"EventSourceArn", b.thingARN(topology.KindStream, s.Name), "BatchSize", number(batch), "StartingPosition", "TRIM_HORIZON"))
	}
}
