package scheduler_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	awsscheduler "github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// TestTimes: rates, cron expressions with a zone, one-time schedules, start and
// end, by the clock and across a restart.
func TestTimes(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	begin := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	c.SetNow(begin)
	role := c.runner()
	for _, name := range []string{"rate", "berlin", "once", "window"} {
		in := input(name, "rate(1 hour)", c.Queue(name, "", ""), role)
		in.Target.Input = str(name + " at <aws.scheduler.scheduled-time>")
		switch name {
		case "berlin":
			in.ScheduleExpression, in.ScheduleExpressionTimezone = str("cron(0 9 * * ? *)"), str("Europe/Berlin")
		case "once":
			in.ScheduleExpression, in.ActionAfterCompletion = str("at(2026-03-28T18:30:00)"), types.ActionAfterCompletionDelete
		case "window":
			in.StartDate, in.EndDate = aws.Time(begin.Add(30*time.Minute)), aws.Time(begin.Add(100*time.Minute))
		}
		c.create(in)
	}
	same(t, "a rate is due at once", c.Receive("rate").Body, "rate at 2026-03-28T12:00:00Z")
	c.none("rate")
	c.none("window")
	c.SetNow(begin.Add(time.Hour))
	same(t, "an hour later", c.Receive("rate").Body, "rate at 2026-03-28T13:00:00Z")
	same(t, "from the start date", c.Receive("window").Body, "window at 2026-03-28T12:30:00Z")
	c.SetNow(begin.Add(90 * time.Minute))
	same(t, "before the end date", c.Receive("window").Body, "window at 2026-03-28T13:30:00Z")
	c.SetNow(begin.Add(7 * time.Hour))
	c.none("window")
	same(t, "once", c.Receive("once").Body, "once at 2026-03-28T18:30:00Z")
	c.Eventually("it is gone then", func() bool {
		_, err := c.admin().GetSchedule(t.Context(), &awsscheduler.GetScheduleInput{Name: str("once")})
		return code(err) == "ResourceNotFoundException"
	})
	c.none("once")
	c.none("berlin")
	c.Restart()
	c.SetNow(time.Date(2026, 3, 29, 7, 30, 0, 0, time.UTC)) // summer time since 02:00
	same(t, "nine o'clock in Berlin", c.Receive("berlin").Body, "berlin at 2026-03-29T07:00:00Z")
	// What was missed for three days happens once.
	c.SetNow(time.Date(2026, 4, 1, 6, 30, 0, 0, time.UTC))
	c.Receive("berlin")
	c.none("berlin")
}

// TestTargets: each target gets its call as the schedule's role.
func TestTargets(t *testing.T) {
	t.Parallel()
	c, ctx := newCloud(t), t.Context()
	role := c.Role("runner", service, `{"Effect":"Allow","Action":["sqs:SendMessage","lambda:InvokeFunction","sns:Publish","events:PutEvents"],"Resource":"*"}`)
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c.SetNow(begin)
	topics := sns.NewFromConfig(c.As("admin"))
	topic, err := topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: str("news")})
	c.Must(err)
	letters := c.Queue("letters", "sns.amazonaws.com", *topic.TopicArn)
	_, err = topics.Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: str("sqs"), Endpoint: &letters, Attributes: map[string]string{"RawMessageDelivery": "true"}})
	c.Must(err)
	buses := eventbridge.NewFromConfig(c.As("admin"))
	_, err = buses.PutRule(ctx, &eventbridge.PutRuleInput{Name: str("r"), EventPattern: str(`{"source":["nightly"],"detail":{"n":[1]}}`)})
	c.Must(err)
	caught := c.Queue("caught", "events.amazonaws.com", "arn:aws:events:us-east-1:000000000000:rule/r")
	_, err = buses.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: str("r"), Targets: []ebtypes.Target{{Id: str("1"), Arn: &caught}}})
	c.Must(err)

	line := input("line", "rate(1 day)", c.Queue("line.fifo", "", ""), role)
	line.Target.SqsParameters, line.Target.Input = &types.SqsParameters{MessageGroupId: str("g")}, str("plain text, attempt <aws.scheduler.attempt-number>")
	c.create(line)
	got := c.Receive("line.fifo")
	same(t, "a queue in order", got.Body+" "+got.Attributes["MessageGroupId"], "plain text, attempt 1 g")
	news := input("news", "rate(1 day)", *topic.TopicArn, role)
	news.Target.Input = str("extra")
	c.create(news)
	same(t, "a topic", c.Receive("letters").Body, "extra")
	bus := input("bus", "rate(1 day)", "arn:aws:events:us-east-1:000000000000:event-bus/default", role)
	bus.Target.EventBridgeParameters, bus.Target.Input = &types.EventBridgeParameters{Source: str("nightly"), DetailType: str("d")}, str(`{"n":1}`)
	c.create(bus)
	if body := c.Receive("caught").Body; !strings.Contains(body, `"source":"nightly"`) {
		t.Errorf("the bus: %s", body)
	}
	c.Lambda.Throttle(2)
	f := input("f", "rate(1 day)", hello, role)
	f.Target.Input = str(`{"attempt":"<aws.scheduler.attempt-number>","arn":"<aws.scheduler.schedule-arn>"}`)
	c.create(f)
	c.Eventually("the function runs at the third attempt", func() bool { return len(c.Lambda.Calls()) == 1 })
	same(t, "a function", c.Lambda.Calls()[0], `Event {"attempt":"3","arn":"`+prefix+`schedule/default/f"}`)
	c.create(input("plain", "rate(1 day)", c.Queue("plain", "", ""), role))
	var event map[string]any
	c.Must(json.Unmarshal([]byte(c.Receive("plain").Body), &event))
	same(t, "without an input", fmt.Sprint(event["detail-type"], event["source"], event["time"], event["resources"], event["detail"]),
		"Scheduled Eventaws.scheduler2026-01-01T00:00:00Z["+prefix+"schedule/default/plain]{}")
	c.create(input("machine", "rate(1 day)", "arn:aws:states:us-east-1:000000000000:stateMachine:m", role))
	c.Eventually("what does not run is said", func() bool { return strings.Contains(c.Said(), "does not run its target") })
}

// TestTheRoleDecides: its trust when the schedule is put, its rights when it is
// due; a denial is shown, and the call goes to the dead-letter queue.
func TestTheRoleDecides(t *testing.T) {
	t.Parallel()
	c, ctx := newCloud(t), t.Context()
	box, dead := c.Queue("box", "", ""), c.Queue("dead", "", "")
	stranger := c.Role("stranger", "lambda.amazonaws.com", `{"Effect":"Allow","Action":"*","Resource":"*"}`)
	_, err := c.admin().CreateSchedule(ctx, input("s", "rate(1 day)", box, stranger))
	same(t, "a role that does not trust Scheduler", code(err), "ValidationException")
	_, err = c.admin().CreateSchedule(ctx, input("s", "rate(1 day)", box, "arn:aws:iam::000000000000:role/none"))
	same(t, "a role that is not there", code(err), "ValidationException")

	weak := c.Role("weak", service, `{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"`+dead+`"}`)
	in := input("weak", "rate(1 day)", box, weak)
	in.Target.DeadLetterConfig = &types.DeadLetterConfig{Arn: &dead}
	in.Target.Input = str("secret")
	c.create(in)
	m := c.Receive("dead")
	same(t, "the dead letter", m.Body+" "+m.About["ERROR_CODE"].StringValue+" "+m.About["SCHEDULE_ARN"].StringValue+" "+m.About["TARGET_ARN"].StringValue,
		"secret AccessDeniedException "+prefix+"schedule/default/weak "+box)
	if said := c.Said(); !strings.Contains(said, "assumed-role/weak/to-schedule-group-default is not authorized to perform: sqs:SendMessage on resource: "+box) {
		t.Errorf("the denial is not shown:\n%s", said)
	}
	c.none("box")

	// Trust that is taken away later binds at the next time.
	c.SetNow(c.Now().Truncate(time.Second))
	c.Role("weak", "lambda.amazonaws.com", `{"Effect":"Allow","Action":"*","Resource":"*"}`)
	c.SetNow(c.Now().Add(25 * time.Hour))
	c.Eventually("the role cannot be taken on", func() bool {
		return strings.Contains(c.Said(), "scheduler.amazonaws.com is not authorized to perform: sts:AssumeRole")
	})
	c.none("box")
}

func TestWhoMay(t *testing.T) {
	t.Parallel()
	c, ctx := newCloud(t), t.Context()
	role, box := c.runner(), c.Queue("box", "", "")
	_, err := c.admin().CreateScheduleGroup(ctx, &awsscheduler.CreateScheduleGroupInput{Name: str("blue"), Tags: []types.Tag{{Key: str("team"), Value: str("blue")}}})
	c.Must(err)
	pass := `{"Effect":"Allow","Action":"iam:PassRole","Resource":"` + role + `","Condition":{"StringEquals":{"iam:PassedToService":"` + service + `"}}}`
	put := `{"Effect":"Allow","Action":["scheduler:CreateSchedule","scheduler:GetSchedule"],"Resource":"` + prefix + `schedule/blue/*","Condition":{"StringEquals":{"aws:ResourceTag/team":"blue"}}}`
	c.Role("both", "lambda.amazonaws.com", pass+","+put)
	c.Role("put", "lambda.amazonaws.com", put)
	c.Role("pass", "lambda.amazonaws.com", pass)
	c.Role("elsewhere", "lambda.amazonaws.com", strings.Replace(pass, service, "events.amazonaws.com", 1)+","+put)
	const denied = "AccessDeniedException"
	for role, want := range map[string]string{"both": "", "put": denied, "pass": denied, "elsewhere": denied} {
		in := input("s-"+role, "rate(1 day)", box, "arn:aws:iam::000000000000:role/runner")
		in.GroupName = str("blue")
		_, err := c.as(role).CreateSchedule(ctx, in)
		same(t, role, code(err), want)
	}
	in := input("s", "rate(1 day)", box, role)
	_, err = c.as("both").CreateSchedule(ctx, in)
	same(t, "in another group", code(err), denied)
	_, err = c.as("both").GetSchedule(ctx, &awsscheduler.GetScheduleInput{Name: str("s-both"), GroupName: str("blue")})
	same(t, "read", code(err), "")
	_, err = c.as("both").DeleteSchedule(ctx, &awsscheduler.DeleteScheduleInput{Name: str("s-both"), GroupName: str("blue")})
	same(t, "delete", code(err), denied)
	_, err = c.as("both").ListSchedules(ctx, &awsscheduler.ListSchedulesInput{GroupName: str("blue")})
	same(t, "list", code(err), denied)
}

func TestGroupsAndSchedules(t *testing.T) {
	t.Parallel()
	c, ctx := newCloud(t), t.Context()
	client, role, box := c.admin(), c.runner(), c.Queue("box", "", "")
	made, err := client.CreateScheduleGroup(ctx, &awsscheduler.CreateScheduleGroupInput{Name: str("blue"), Tags: []types.Tag{{Key: str("a"), Value: str("b")}}})
	c.Must(err)
	same(t, "ARN", *made.ScheduleGroupArn, prefix+"schedule-group/blue")
	_, err = client.CreateScheduleGroup(ctx, &awsscheduler.CreateScheduleGroupInput{Name: str("blue")})
	same(t, "again", code(err), "ConflictException")
	groups, err := client.ListScheduleGroups(ctx, &awsscheduler.ListScheduleGroupsInput{})
	c.Must(err)
	same(t, "groups", *groups.ScheduleGroups[0].Name+" "+*groups.ScheduleGroups[1].Name, "blue default")
	_, err = client.TagResource(ctx, &awsscheduler.TagResourceInput{ResourceArn: made.ScheduleGroupArn, Tags: []types.Tag{{Key: str("c"), Value: str("d")}}})
	c.Must(err)
	_, err = client.UntagResource(ctx, &awsscheduler.UntagResourceInput{ResourceArn: made.ScheduleGroupArn, TagKeys: []string{"a"}})
	c.Must(err)
	tags, err := client.ListTagsForResource(ctx, &awsscheduler.ListTagsForResourceInput{ResourceArn: made.ScheduleGroupArn})
	c.Must(err)
	same(t, "tags", fmt.Sprint(len(tags.Tags), *tags.Tags[0].Key), "1c")

	in := input("s", "cron(0 0 1 1 ? *)", box, role)
	in.GroupName, in.Description, in.StartDate = str("blue"), str("d"), aws.Time(time.Unix(1900000000, 0))
	in.FlexibleTimeWindow = &types.FlexibleTimeWindow{Mode: types.FlexibleTimeWindowModeFlexible, MaximumWindowInMinutes: aws.Int32(5)}
	in.ClientToken = str("token-1")
	for range 2 { // the same token is the same request
		_, err = client.CreateSchedule(ctx, in)
		c.Must(err)
	}
	in.ClientToken = str("token-2")
	_, err = client.CreateSchedule(ctx, in)
	same(t, "again", code(err), "ConflictException")
	c.Restart()
	client = c.admin()
	got, err := client.GetSchedule(ctx, &awsscheduler.GetScheduleInput{Name: str("s"), GroupName: str("blue")})
	c.Must(err)
	same(t, "schedule", fmt.Sprint(*got.Arn, *got.ScheduleExpression, *got.ScheduleExpressionTimezone, got.State, *got.Description, got.StartDate.Unix(), *got.FlexibleTimeWindow.MaximumWindowInMinutes, *got.Target.RoleArn),
		fmt.Sprint(prefix+"schedule/blue/s", "cron(0 0 1 1 ? *)", "UTC", "ENABLED", "d", 1900000000, 5, role))
	_, err = client.UpdateSchedule(ctx, &awsscheduler.UpdateScheduleInput{
		Name: str("s"), GroupName: str("blue"), ScheduleExpression: str("rate(2 hours)"), State: types.ScheduleStateDisabled, FlexibleTimeWindow: &types.FlexibleTimeWindow{Mode: types.FlexibleTimeWindowModeOff}, Target: in.Target,
	})
	c.Must(err)
	list, err := client.ListSchedules(ctx, &awsscheduler.ListSchedulesInput{GroupName: str("blue"), State: types.ScheduleStateDisabled})
	c.Must(err)
	same(t, "list", fmt.Sprint(len(list.Schedules), *list.Schedules[0].Target.Arn), "1"+box)
	_, err = client.DeleteScheduleGroup(ctx, &awsscheduler.DeleteScheduleGroupInput{Name: str("default")})
	same(t, "the default group", code(err), "ValidationException")
	_, err = client.DeleteScheduleGroup(ctx, &awsscheduler.DeleteScheduleGroupInput{Name: str("blue")})
	c.Must(err)
	_, err = client.GetScheduleGroup(ctx, &awsscheduler.GetScheduleGroupInput{Name: str("blue")})
	same(t, "gone", code(err), "ResourceNotFoundException")
	list, err = client.ListSchedules(ctx, &awsscheduler.ListSchedulesInput{})
	c.Must(err)
	if len(list.Schedules) > 0 {
		t.Error("a schedule outlives its group")
	}
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	c, ctx := newCloud(t), t.Context()
	role, box := c.runner(), c.Queue("box", "", "")
	for name, edit := range map[string]func(*awsscheduler.CreateScheduleInput){
		"expression": func(in *awsscheduler.CreateScheduleInput) { in.ScheduleExpression = str("rate(0 minutes)") },
		"zone":       func(in *awsscheduler.CreateScheduleInput) { in.ScheduleExpressionTimezone = str("Mars/Olympus") },
		"zone local": func(in *awsscheduler.CreateScheduleInput) { in.ScheduleExpressionTimezone = str("Local") },
		"zone path":  func(in *awsscheduler.CreateScheduleInput) { in.ScheduleExpressionTimezone = str("../../etc/passwd") },
		"window": func(in *awsscheduler.CreateScheduleInput) {
			in.FlexibleTimeWindow = &types.FlexibleTimeWindow{Mode: types.FlexibleTimeWindowModeFlexible}
		},
		"end before start": func(in *awsscheduler.CreateScheduleInput) {
			in.StartDate, in.EndDate = aws.Time(time.Unix(2000000000, 0)), aws.Time(time.Unix(1900000000, 0))
		},
		"name":   func(in *awsscheduler.CreateScheduleInput) { in.Name = str("a b") },
		"group":  func(in *awsscheduler.CreateScheduleInput) { in.GroupName = str("*") },
		"target": func(in *awsscheduler.CreateScheduleInput) { in.Target.Arn = str("box") },
		"FIFO":   func(in *awsscheduler.CreateScheduleInput) { in.Target.Arn = str(queues + "q.fifo") },
		"bus": func(in *awsscheduler.CreateScheduleInput) {
			in.Target.Arn = str("arn:aws:events:us-east-1:000000000000:event-bus/default")
		},
		"dead letter": func(in *awsscheduler.CreateScheduleInput) {
			in.Target.DeadLetterConfig = &types.DeadLetterConfig{Arn: str(hello)}
		},
	} {
		in := input("s", "rate(1 day)", box, role)
		edit(in)
		_, err := c.admin().CreateSchedule(ctx, in)
		same(t, name, code(err), "ValidationException")
	}
	in := input("s", "rate(1 day)", box, role)
	in.GroupName = str("none")
	_, err := c.admin().CreateSchedule(ctx, in)
	same(t, "a group that is not there", code(err), "ResourceNotFoundException")
}
