package topology

import (
	"slices"

	"github.com/writ-dev/writ"
)

var (
	eventKeys = []string{
		"producer", "producers", "function", "functions", "mutation", "channel", "state", "stepfunction", "queue",
		"doc_only", "doc-only", "producer_ns", "nth", "filter", "rule_name", "pattern", "sandboxes", "retries", "dead_letter_queue",
		"bus", "topic", "trigger",
	}
	queueKeys = []string{
		"function", "state", "name", "producer", "consumer", "fifo", "batch_size", "visibility_timeout", "retention", "dead_letter_queue",
		"max_receives", "external",
	}
)

// consumed gives the entries of events:, those under consumes: (tc's older form)
// among them. What it says is produced has no rule: it is kept.
func (p *reader) consumed(t *Topology, f fields) []entry {
	var all []entry
	for _, e := range p.named(f.value("events"), "events") {
		group := e.value.kind == mapNode && !slices.ContainsFunc(e.value.entries, func(inner entry) bool {
			return slices.Contains(eventKeys, inner.key) || inner.value.kind != mapNode && !inner.value.null()
		})
		switch {
		case group && e.key == "consumes":
			all = append(all, p.named(e.value, "events")...)
		case group && e.key == "produces":
			t.Others = append(t.Others, &Section{Key: "events.produces", YAML: e.value.yaml(), Pos: e.value.pos})
		default:
			all = append(all, e)
		}
	}
	return all
}

// events reads the EventBridge rules. An event without a target starts the
// state machine, as in tc.
func (p *reader) events(t *Topology, f fields) {
	for _, e := range p.consumed(t, f) {
		ef, ok := p.object(e.value, "event "+e.key, eventKeys)
		if !ok {
			p.fail(KindEvent, e.key)
			continue
		}
		ev := p.event(e, ef)
		ev.Producers = append(p.texts(ef.value("producer"), "producer"), p.texts(ef.value("producers"), "producers")...)
		for _, k := range []struct {
			kind Kind
			keys []string
		}{
			{KindFunction, []string{"function", "functions"}},
			{KindMutation, []string{"mutation"}},
			{KindChannel, []string{"channel"}},
			{KindState, []string{"state", "stepfunction"}},
			{KindQueue, []string{"queue"}},
			{KindTopic, []string{"topic"}},
		} {
			ev.Targets = append(ev.Targets, p.targets(ef, k.kind, k.keys...)...)
		}
		if len(ev.Targets) == 0 && !ev.DocOnly && f.value("states", "flow") != nil {
			ev.Targets = []Target{{Kind: KindState, Name: t.Name, Pos: e.pos}}
		}
		t.Events = append(t.Events, ev)
	}
}

// event reads what an event says of its rule.
func (p *reader) event(e entry, f fields) *Event {
	ev := &Event{
		Name: e.key, Pos: e.pos, Bus: p.text(f.value("bus"), "bus"), RuleName: p.text(f.value("rule_name"), "rule_name"),
		Pattern: p.json(f.value("pattern"), "pattern"), Filter: p.json(f.value("filter"), "filter"),
		Sandboxes: p.texts(f.value("sandboxes"), "sandboxes"), DocOnly: p.boolean(f.value("doc_only", "doc-only"), "doc_only"),
		DeadLetter: p.deadLetter(f), Others: slices.Concat(f.only("producer_ns"), f.only("nth"), f.only("trigger")),
	}
	if n := f.value("retries"); n != nil {
		retries := p.number(n, "retries")
		ev.Retries = &retries
	}
	p.markAll(e.pos, f, "bus", "pattern", "filter", "rule_name", "retries")
	return ev
}

// deadLetter reads the name of the queue for what failed.
func (p *reader) deadLetter(f fields) *Target {
	if all := p.targets(f, KindQueue, "dead_letter_queue"); len(all) > 0 {
		return &all[0]
	}
	return nil
}

// queues reads the SQS queues; consumer is tc's older word for function.
func (p *reader) queues(t *Topology, f fields) {
	for _, e := range p.named(f.value("queues"), "queues") {
		qf, ok := p.object(e.value, "queue "+e.key, queueKeys)
		if !ok {
			p.fail(KindQueue, e.key)
			continue
		}
		q := &Queue{
			Name: e.key, Pos: e.pos, External: p.text(qf.value("external"), "external"), FIFO: p.boolean(qf.value("fifo"), "fifo"),
			BatchSize: p.number(qf.value("batch_size"), "batch_size"), RetentionSec: p.number(qf.value("retention"), "retention"),
			VisibilitySec: p.number(qf.value("visibility_timeout"), "visibility_timeout"),
			DeadLetter:    p.deadLetter(qf), MaxReceives: p.number(qf.value("max_receives"), "max_receives"),
			Others: append(qf.only("name"), qf.only("producer")...),
		}
		p.markAll(e.pos, qf, "external", "batch_size", "retention", "visibility_timeout", "max_receives")
		q.Target = p.oneTarget(qf, e.pos, "queue "+e.key, map[string]Kind{"function": KindFunction, "consumer": KindFunction, "state": KindState})
		t.Queues = append(t.Queues, q)
	}
}

// foreignName reports whether a target is written as the full name of
// something outside this topology, as tc allows: an ARN or a template.
func foreignName(name string) bool {
	return len(name) > 4 && (name[:4] == "arn:" || containsTemplate(name))
}

// missing notes a reference that leads nowhere.
func (p *problems) missing(at writ.Position, kind Kind, name string, have []string, addHint string) {
	e := p.add(at, "there is no %s %s", kind, quoted(name))
	p.suggest(e, name, have, addHint)
}
