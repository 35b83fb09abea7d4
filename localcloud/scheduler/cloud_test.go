package scheduler_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsscheduler "github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/writ-dev/writ/localcloud/delivery/deliverytest"
	"github.com/writ-dev/writ/localcloud/events"
	"github.com/writ-dev/writ/localcloud/scheduler"
)

const (
	service = "scheduler.amazonaws.com"
	prefix  = "arn:aws:scheduler:us-east-1:000000000000:"
	hello   = "arn:aws:lambda:us-east-1:000000000000:function:hello"
	queues  = "arn:aws:sqs:us-east-1:000000000000:"
)

// cloud is Scheduler in a world of targets, spoken to by the real SDK.
type cloud struct {
	*deliverytest.World
	service *scheduler.Service
}

func newCloud(t testing.TB) *cloud {
	t.Helper()
	c := &cloud{}
	c.World = deliverytest.New(t, func(w *deliverytest.World) []deliverytest.Service {
		var err error
		c.service, err = scheduler.New(scheduler.Config{
			DB: w.DB, Account: deliverytest.Account, Region: deliverytest.Region, Do: w.Do, Roles: w.Roles, Now: w.Now, Log: w.Log,
			Pause: time.Millisecond, Every: 5 * time.Millisecond,
		})
		w.Must(err)
		buses, err := events.New(events.Config{DB: w.DB, Account: deliverytest.Account, Region: deliverytest.Region, Do: w.Do, Roles: w.Roles, Now: w.Now, Log: w.Log})
		w.Must(err)
		return []deliverytest.Service{c.service, buses}
	})
	return c
}

func (c *cloud) as(role string) *awsscheduler.Client { return awsscheduler.NewFromConfig(c.As(role)) }
func (c *cloud) admin() *awsscheduler.Client         { return c.as("admin") }

// input is a schedule of a queue or a function.
func input(name, expression, target, role string) *awsscheduler.CreateScheduleInput {
	return &awsscheduler.CreateScheduleInput{
		Name: &name, ScheduleExpression: &expression, FlexibleTimeWindow: &types.FlexibleTimeWindow{Mode: types.FlexibleTimeWindowModeOff},
		Target: &types.Target{Arn: &target, RoleArn: &role},
	}
}

func (c *cloud) create(in *awsscheduler.CreateScheduleInput) {
	c.T.Helper()
	_, err := c.admin().CreateSchedule(c.T.Context(), in)
	c.Must(err)
}

// runner is the role of schedules that may send to all queues.
func (c *cloud) runner() string {
	return c.Role("runner", service, `{"Effect":"Allow","Action":["sqs:SendMessage","lambda:InvokeFunction"],"Resource":"*"}`)
}

// none checks that nothing is due.
func (c *cloud) none(queue string) {
	c.T.Helper()
	c.service.Tick()
	time.Sleep(10 * time.Millisecond)
	if m, ok := c.Poll(queue, 0); ok {
		c.T.Fatalf("%s at %v: %s", queue, c.Now(), m.Body)
	}
}

func same(t testing.TB, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %s\nwant %s", what, got, want)
	}
}

func code(err error) string { return deliverytest.Code(err) }

var str = aws.String
