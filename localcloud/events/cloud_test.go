package events_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/writ-dev/writ/localcloud/delivery/deliverytest"
	"github.com/writ-dev/writ/localcloud/events"
	"github.com/writ-dev/writ/localcloud/logs"
)

const (
	service = "events.amazonaws.com"
	prefix  = "arn:aws:events:us-east-1:000000000000:"
	hello   = "arn:aws:lambda:us-east-1:000000000000:function:hello"
)

// cloud is EventBridge in a world of targets, spoken to by the real SDK.
type cloud struct {
	*deliverytest.World
	service *events.Service
	logs    *logs.Service
}

func newCloud(t testing.TB) *cloud {
	t.Helper()
	c := &cloud{}
	c.World = deliverytest.New(t, func(w *deliverytest.World) []deliverytest.Service {
		var err error
		c.service, err = events.New(events.Config{
			DB: w.DB, Account: deliverytest.Account, Region: deliverytest.Region, Do: w.Do, Roles: w.Roles, Now: w.Now, Log: w.Log,
			Pause: time.Millisecond, Every: 5 * time.Millisecond,
		})
		w.Must(err)
		c.logs = logs.New(logs.Config{DB: w.DB, Account: deliverytest.Account, Region: deliverytest.Region})
		return []deliverytest.Service{c.service, still{c.logs}}
	})
	return c
}

// still is a service that runs nothing of its own.
type still struct{ *logs.Service }

func (still) Resume() error { return nil }
func (still) Close()        {}

func (c *cloud) as(role string) *eventbridge.Client { return eventbridge.NewFromConfig(c.As(role)) }
func (c *cloud) admin() *eventbridge.Client         { return c.as("admin") }

// rule makes a rule with targets; what is a pattern or a schedule.
func (c *cloud) rule(bus, name, what string, targets ...types.Target) {
	c.T.Helper()
	in := &eventbridge.PutRuleInput{Name: &name, EventBusName: &bus}
	if strings.HasPrefix(what, "{") {
		in.EventPattern = &what
	} else {
		in.ScheduleExpression = &what
	}
	_, err := c.admin().PutRule(c.T.Context(), in)
	c.Must(err)
	if len(targets) == 0 {
		return
	}
	out, err := c.admin().PutTargets(c.T.Context(), &eventbridge.PutTargetsInput{Rule: &name, EventBusName: &bus, Targets: targets})
	c.Must(err)
	if out.FailedEntryCount > 0 {
		c.T.Fatal(out.FailedEntries)
	}
}

// put puts an event on a bus.
func (c *cloud) put(bus, source, detail string) {
	c.T.Helper()
	out, err := c.admin().PutEvents(c.T.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
		EventBusName: &bus, Source: &source, DetailType: aws.String("order"), Detail: &detail,
	}}})
	c.Must(err)
	if out.FailedEntryCount > 0 {
		c.T.Fatal(*out.Entries[0].ErrorCode, *out.Entries[0].ErrorMessage)
	}
}

func target(id, arn string) types.Target { return types.Target{Id: &id, Arn: &arn} }

func same(t testing.TB, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %s\nwant %s", what, got, want)
	}
}

// member reads one member of a JSON object, as JSON.
func member(t testing.TB, text, name string) string {
	t.Helper()
	var all map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return string(all[name])
}
