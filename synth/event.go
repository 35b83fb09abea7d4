package synth

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
)

// maxTargets is how many targets a rule has: EventBridge User Guide, "Quotas".
const maxTargets = 5

// lambdaResult is the detail-type of what Lambda publishes when an asynchronous
// call has succeeded: Lambda Developer Guide, "Retaining records of
// asynchronous invocations".
const lambdaResult = "Lambda Function Invocation Result - Success"

// event adds the rule of an event, and what lets its targets be reached.
func (b *builder) event(e *topology.Event) {
	for _, o := range e.Others {
		b.skip("key", "event "+e.Name+" "+o.Key, o.Pos, "not synthesised")
	}
	switch {
	case e.DocOnly:
		return // it only says that the event is there
	case len(e.Sandboxes) > 0 && !slices.Contains(e.Sandboxes, b.o.Sandbox):
		b.skip("event", e.Name, e.Pos, "it is for the sandboxes "+strings.Join(e.Sandboxes, ", "))
		return
	}
	b.ruleRole(e)
	var targets []any
	for _, to := range sorted(e.Targets, targetKey) {
		if target := b.eventTarget(e, to); target != nil {
			b.delivery(e, target)
			targets = append(targets, target)
		}
	}
	if len(targets) == 0 {
		if len(e.Targets) == 0 {
			b.skip("event", e.Name, e.Pos, "it leads nowhere, so there is no rule")
		}
		return
	}
	if len(targets) > maxTargets {
		b.fail(writ.Errorf(writ.CodeInvalid, "event %s has %d targets, and EventBridge takes %d", e.Name, len(targets), maxTargets).
			WithHint("lead it to a topic, and that to the others").At(e.Pos, ""))
	}
	p, kind := cfn.Obj("Name", b.ruleName(e)), "rule"
	if bus := b.busOf(e); bus != nil {
		kind += " on " + cmp.Or(bus.external, bus.physical)
		p.Set("EventBusName", b.busName(*bus))
	}
	b.claim(kind, b.ruleName(e), e.Name, e.Pos)
	p.Set("EventPattern", b.pattern(e))
	p.Set("Targets", targets)
	p.Set("Tags", b.tags())
	b.add(logicalID(e.Name)+"Rule", "the rule of event "+e.Name, e.Pos, cfn.Obj("Type", "AWS::Events::Rule", "Properties", p))
}

func (b *builder) busName(bus thing) any {
	if bus.external != "" {
		return b.render(bus.external, bus.pos)
	}
	return ref(bus.id())
}

// eventTarget gives one target of a rule, nil for one that is not synthesised.
func (b *builder) eventTarget(e *topology.Event, to topology.Target) *cfn.Object {
	from := "event " + e.Name
	s := sender{
		sid: "Event" + logicalID(e.Name), service: "events.amazonaws.com", source: b.ruleARN(e),
		edge: from + " -> " + string(to.Kind) + " " + to.Name, pos: to.Pos,
	}
	id := title(string(to.Kind)) + logicalID(to.Name)
	switch to.Kind {
	case topology.KindFunction:
		if !b.isFunction("edge", from, to) {
			return nil
		}
		b.mayInvoke(to.Name, s.sid, s)
		return cfn.Obj("Id", id, "Arn", getAtt(logicalID(to.Name)+"Function", "Arn"))
	case topology.KindQueue, topology.KindTopic:
		if !b.isThing("edge", from, to) {
			return nil
		}
		b.maySend(to.Kind, to.Name, s)
		target := cfn.Obj("Id", id, "Arn", b.thingARN(to.Kind, to.Name))
		if to.Kind == topology.KindQueue && isFIFO(b.t, to.Name) {
			target.Set("SqsParameters", cfn.Obj("MessageGroupId", b.ruleName(e)))
		}
		return target
	}
	return b.roleTarget(e, to, id, s.edge)
}

// delivery says how often EventBridge tries, and where what it could not deliver goes.
func (b *builder) delivery(e *topology.Event, target *cfn.Object) {
	if e.Retries != nil {
		target.Set("RetryPolicy", cfn.Obj("MaximumRetryAttempts", number(*e.Retries)))
	}
	if e.DeadLetter == nil {
		return
	}
	arn := b.deadLetterARN("event "+e.Name, e.DeadLetter)
	if arn == nil {
		return
	}
	n, sid := node{Kind: topology.KindQueue, Name: e.DeadLetter.Name}, "Event"+logicalID(e.Name)+"DeadLetter"
	if !b.hasSender(n, sid) {
		b.maySend(topology.KindQueue, e.DeadLetter.Name, sender{
			sid: sid, service: "events.amazonaws.com", source: b.ruleARN(e), pos: e.DeadLetter.Pos,
			edge: "event " + e.Name + " -> queue " + e.DeadLetter.Name + " (dead_letter_queue)",
		})
	}
	target.Set("DeadLetterConfig", cfn.Obj("Arn", arn))
}

// pattern gives what a rule matches: events of the event's name and producers,
// and what Lambda publishes for the functions that lead to it.
func (b *builder) pattern(e *topology.Event) any {
	var own *cfn.Object
	var filter any
	if e.Pattern != "" {
		own, _ = b.json(e.Pattern, e.Pos).(*cfn.Object)
	} else {
		own = cfn.Obj("detail-type", []any{e.Name})
		if len(e.Producers) > 0 {
			own.Set("source", b.rendered(e.Producers, e.Pos))
		}
		if e.Filter != "" {
			filter = b.json(e.Filter, e.Pos)
			own.Set("detail", filter)
		}
	}
	var functions []any
	for _, f := range sorted(b.t.Functions, functionName) {
		for _, to := range f.Targets {
			if to.Kind == topology.KindEvent && to.Name == e.Name && len(f.Targets) == 1 && b.functions[f.Name] != nil {
				functions = append(functions, sub("arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:"+
					FunctionName(b.t, f.Name, b.o.Sandbox)+":$LATEST"))
			}
		}
	}
	if functions == nil {
		return own
	}
	result := cfn.Obj("detail-type", []any{lambdaResult}, "source", []any{"lambda"}, "resources", functions)
	if filter != nil {
		result.Set("detail", cfn.Obj("responsePayload", filter))
	}
	return cfn.Obj("$or", []any{own, result})
}

func (b *builder) rendered(list []string, pos writ.Position) []any {
	all := make([]any, len(list))
	for i, text := range slices.Sorted(slices.Values(list)) {
		all[i] = b.render(text, pos)
	}
	return all
}

// json reads JSON into the values of a template, with template variables
// filled in and keys sorted.
func (b *builder) json(text string, pos writ.Position) any {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		b.fail(writ.Errorf(writ.CodeInvalid, "%q is no JSON", text).At(pos, ""))
		return nil
	}
	return b.templateValue(v, pos)
}

func (b *builder) templateValue(v any, pos writ.Position) any {
	switch v := v.(type) {
	case map[string]any:
		o := &cfn.Object{}
		for _, key := range sortedKeys(v) {
			o.Set(key, b.templateValue(v[key], pos))
		}
		return o
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = b.templateValue(item, pos)
		}
		return list
	case json.Number:
		return cfn.Number(v)
	case string:
		return b.render(v, pos)
	}
	return v
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// published is the condition on publishing an event: of its detail-type, from
// its producers, as far as the topology names them. Every entry of a call has
// to be so, and a call has to say (both keys have several values in a batch:
// Service Authorization Reference, Amazon EventBridge).
func (b *builder) published(e *topology.Event, part string) *cfn.Object {
	types, sources := []any{e.Name}, b.rendered(e.Producers, e.Pos)
	switch {
	case part == partDestination:
		types, sources = []any{lambdaResult}, []any{"lambda"}
	case part == partSent:
		source, detailType := b.sent(e)
		types, sources = []any{detailType}, []any{source}
	case e.Pattern != "":
		pattern, _ := b.json(e.Pattern, e.Pos).(*cfn.Object)
		types, sources = onlyText(pattern.List("detail-type")), onlyText(pattern.List("source"))
	}
	all, never := &cfn.Object{}, &cfn.Object{}
	for _, c := range []struct {
		key    string
		values []any
	}{{"events:detail-type", types}, {"events:source", sources}} {
		if len(c.values) > 0 {
			all.Set(c.key, scalar(c.values))
			never.Set(c.key, "false")
		}
	}
	if all.Len() == 0 {
		return nil
	}
	return cfn.Obj("ForAllValues:StringEquals", all, "Null", never)
}

// onlyText gives a list of a pattern if it holds nothing but plain text.
func onlyText(list []any) []any {
	for _, v := range list {
		if _, isMap := v.(*cfn.Object); isMap {
			return nil
		}
	}
	return list
}
