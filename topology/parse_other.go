package topology

var (
	scheduleKeys = []string{"cron", "target", "payload", "function", "state", "queue", "timezone"}
	testKeys     = []string{
		"payload", "name", "namespace", "expect", "condition", "auth", "entity", "fixture", "command",
	}
)

// schedules reads name: {cron, target, payload}, of the topology or of tc's
// schedules.json. A target that is no function is the state machine.
func (p *reader) schedules(t *Topology, n *node, what string) {
	for _, e := range p.named(n, what) {
		f, ok := p.object(e.value, "schedule "+e.key, scheduleKeys)
		if !ok {
			continue
		}
		s := &Schedule{
			Name: e.key, Cron: p.text(f.value("cron"), "cron"), Pos: e.pos,
			Payload: p.payload(f.value("payload")), Timezone: p.text(f.value("timezone"), "timezone"),
		}
		p.markAll(e.pos, f, "cron")
		if s.Cron == "" {
			p.add(e.pos, "schedule %s has no cron", e.key).WithHint(`add  cron: "0 3 * * ? *"  (AWS's six fields) or  cron: rate(1 hour)`)
		}
		s.Target = p.oneTarget(f, e.pos, "schedule "+e.key,
			map[string]Kind{"target": KindState, "function": KindFunction, "state": KindState, "queue": KindQueue})
		t.Schedules = append(t.Schedules, s)
	}
}

func (p *reader) tests(t *Topology, f fields) {
	for _, e := range p.named(f.value("tests"), "tests") {
		if _, ok := p.object(e.value, "test "+e.key, testKeys); ok {
			t.Tests = append(t.Tests, &Test{Name: e.key, Body: e.section(), Pos: e.pos})
		}
	}
}
