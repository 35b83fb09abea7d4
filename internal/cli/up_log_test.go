package cli

import (
	"strings"
	"testing"

	"github.com/writ-dev/writ/localcloud/gate"
)

// A service that a resource does not let in is shown with whom it acts for:
// that is what the resource's policy must name.
func TestDeniedService(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	u := &up{log: &log}
	const queue, rule = "arn:aws:sqs:us-east-1:000000000000:box", "arn:aws:events:us-east-1:000000000000:rule/orders"
	u.denied(gate.Verdict{
		Call: &gate.Call{Caller: gate.ServiceCaller("events.amazonaws.com", "000000000000", rule)}, Ask: gate.Ask{Action: "sqs:SendMessage", Resource: queue},
		Message: "User: events.amazonaws.com is not authorized to perform: sqs:SendMessage on resource: " + queue + " because no resource-based policy allows the sqs:SendMessage action",
	})
	want := "DENIED sqs:SendMessage on " + queue + "\n" +
		"  User: events.amazonaws.com is not authorized to perform: sqs:SendMessage on resource: " + queue + " because no resource-based policy allows the sqs:SendMessage action\n" +
		"  it acts for " + rule + ": the policy of the resource itself has to let it in\n"
	if log.String() != want {
		t.Errorf("got\n%swant\n%s", &log, want)
	}
}
