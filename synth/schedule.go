package synth

import (
	"strings"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
)

// schedules adds the schedules of a topology, in a group of their own. The
// scheduler acts for all of them with one role, which it takes on only for this
// group: EventBridge Scheduler User Guide, "Prevent confused deputy".
func (b *builder) schedules() {
	group := sub("arn:${AWS::Partition}:scheduler:${AWS::Region}:${AWS::AccountId}:schedule-group/" + GroupName(b.t, b.o.Sandbox))
	p := principal{kind: topology.KindSchedule, service: "scheduler.amazonaws.com", source: group, account: true, pos: b.t.Pos}
	var edges []edge
	var wired []*topology.Schedule
	arns := map[*topology.Schedule]any{}
	for _, s := range sorted(b.t.Schedules, func(s *topology.Schedule) string { return s.Name }) {
		arn, e, ok := b.scheduleTarget(p, s)
		if !ok {
			continue
		}
		arns[s], wired, edges = arn, append(wired, s), append(edges, e)
	}
	if len(wired) == 0 {
		return
	}
	b.claim("schedule group", GroupName(b.t, b.o.Sandbox), "the group of schedules", b.t.Pos)
	b.add("ScheduleGroup", "the group of schedules", b.t.Pos, cfn.Obj(
		"Type", "AWS::Scheduler::ScheduleGroup", "Properties", cfn.Obj("Name", GroupName(b.t, b.o.Sandbox), "Tags", b.tags())))
	p.pos = wired[0].Pos
	role := b.roleOf(p, b.statements(p.node(), edges))
	for _, s := range wired {
		b.schedule(s, arns[s], role)
	}
}

// scheduleTarget gives the ARN of what a schedule starts and the edge to it;
// what is not synthesised is listed.
func (b *builder) scheduleTarget(p principal, s *topology.Schedule) (arn any, e edge, ok bool) {
	if s.Target == nil {
		b.skip("schedule", s.Name, s.Pos, "it leads nowhere")
		return nil, edge{}, false
	}
	from, to := "schedule "+s.Name, *s.Target
	kind := entity(to.Kind)
	switch to.Kind {
	case topology.KindFunction:
		ok = b.isFunction("schedule", from, to)
	case topology.KindQueue:
		ok = b.isThing("schedule", from, to)
	case topology.KindState:
		if why := b.unreachable(to.Kind, to.Name); why != "" {
			b.skip("schedule", s.Name, to.Pos, why)
			return nil, edge{}, false
		}
		ok = true
	default:
		b.skip("schedule", s.Name, to.Pos, "schedules of a "+string(to.Kind)+" are not synthesised yet")
	}
	if !ok {
		return nil, edge{}, false
	}
	return b.resourceOf(p.node(), kind, to.Name, formSelf),
		edge{entity: kind, name: to.Name, verb: drawn[kind], pos: to.Pos, text: from + " -> " + string(to.Kind) + " " + to.Name}, true
}

func (b *builder) schedule(s *topology.Schedule, arn any, r role) {
	target := cfn.Obj("Arn", arn, "RoleArn", r.arn)
	if s.Payload != "" {
		target.Set("Input", b.render(s.Payload, s.Pos))
	}
	if s.Target.Kind == topology.KindQueue && isFIFO(b.t, s.Target.Name) {
		target.Set("SqsParameters", cfn.Obj("MessageGroupId", EntityName(b.t, topology.KindSchedule, s.Name, b.o.Sandbox)))
	}
	p := cfn.Obj(
		"Name", EntityName(b.t, topology.KindSchedule, s.Name, b.o.Sandbox),
		"GroupName", ref("ScheduleGroup"),
		"ScheduleExpression", scheduleExpression(s.Cron),
		"FlexibleTimeWindow", cfn.Obj("Mode", "OFF"),
	)
	if s.Timezone != "" {
		p.Set("ScheduleExpressionTimezone", s.Timezone)
	}
	p.Set("Target", target)
	b.claim("schedule in "+GroupName(b.t, b.o.Sandbox), EntityName(b.t, topology.KindSchedule, s.Name, b.o.Sandbox), s.Name, s.Pos)
	b.add(logicalID(s.Name)+"Schedule", "schedule "+s.Name, s.Pos, waiting("AWS::Scheduler::Schedule", r, p))
}

// scheduleExpression puts AWS's six fields into cron().
func scheduleExpression(text string) string {
	if strings.ContainsRune(text, '(') {
		return text
	}
	return "cron(" + strings.Join(strings.Fields(text), " ") + ")"
}
