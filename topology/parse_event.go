package topology

import (
	"github.com/writ-dev/writ"
)

var (
	eventKeys = []string{
		"producer", "producers", "function", "functions", "mutation", "channel", "state", "stepfunction", "queue",
		"doc_only", "doc-only", "producer_ns", "nth", "filter", "rule_name", "pattern", "sandboxes", "retries", "dead_letter_queue",
	}
	eventActed = []string{"producer", "producers", "function", "functions", "mutation", "channel", "state", "stepfunction", "queue"}
	queueKeys  = []string{"function", "state", "name", "producer", "consumer", "fifo", "batch_size", "visibility_timeout", "retention", "dead_letter_queue"}
)

// events reads the EventBridge rules. An event without a target starts the
// state machine, as in tc.
func (p *reader) events(t *Topology, f fields) {
	for _, e := range p.named(f.value("events"), "events") {
		ef, ok := p.object(e.value, "event "+e.key, eventKeys)
		if !ok {
			p.fail(KindEvent, e.key)
			continue
		}
		ev := &Event{Name: e.key, Pos: e.pos, Body: ef.body(e, eventActed...)}
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
		} {
			ev.Targets = append(ev.Targets, p.targets(ef, k.kind, k.keys...)...)
		}
		docOnly := p.boolean(ef.value("doc_only", "doc-only"), "doc_only")
		if len(ev.Targets) == 0 && !docOnly && f.value("states", "flow") != nil {
			ev.Targets = []Target{{Kind: KindState, Name: t.Name, Pos: e.pos}}
		}
		t.Events = append(t.Events, ev)
	}
}

// queues reads the SQS queues; consumer is tc's older word for function.
func (p *reader) queues(t *Topology, f fields) {
	for _, e := range p.named(f.value("queues"), "queues") {
		qf, ok := p.object(e.value, "queue "+e.key, queueKeys)
		if !ok {
			p.fail(KindQueue, e.key)
			continue
		}
		q := &Queue{Name: e.key, Pos: e.pos, Body: qf.body(e, "function", "consumer", "state")}
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
