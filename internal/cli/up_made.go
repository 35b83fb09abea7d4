package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/writ-dev/writ/cfn"
)

// madeKinds are the types of the things that a system has beside functions,
// tables and buckets, in the order in which they are shown, and the property
// that names each.
var madeKinds = []struct{ resource, kind, name string }{
	{"AWS::SQS::Queue", "queue", "QueueName"},
	{"AWS::SNS::Topic", "topic", "TopicName"},
	{"AWS::Events::EventBus", "bus", "Name"},
	{"AWS::Events::Rule", "rule", "Name"},
	{"AWS::Scheduler::Schedule", "schedule", "Name"},
	{"AWS::SecretsManager::Secret", "secret", "Name"},
	{"AWS::SSM::Parameter", "parameter", "Name"},
}

// madeThings gives a line for each such thing in a template: what a topology
// declares but this cloud or this sandbox leaves out is not there.
func madeThings(t *cfn.Template) []string {
	var lines []string
	for _, k := range madeKinds {
		var names []string
		for id := range t.Resources().All() {
			r, ok := t.Resource(id)
			if !ok || r.Type != k.resource {
				continue
			}
			// Without a name in plain text CloudFormation makes it.
			names = append(names, cmp.Or(r.Properties.Text(k.name), id))
		}
		slices.Sort(names)
		for _, name := range names {
			lines = append(lines, fmt.Sprintf("%-9s %s", k.kind, strings.TrimSpace(name)))
		}
	}
	return lines
}
