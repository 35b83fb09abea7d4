package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
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
func madeThings(template []byte) []string {
	var t struct {
		Resources map[string]struct {
			Type       string
			Properties map[string]any
		}
	}
	if err := json.Unmarshal(template, &t); err != nil { // our own output: it decodes
		return nil
	}
	var lines []string
	for _, k := range madeKinds {
		var names []string
		for id, r := range t.Resources {
			if r.Type != k.resource {
				continue
			}
			name, ok := r.Properties[k.name].(string)
			if !ok { // CloudFormation makes the name
				name = id
			}
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			lines = append(lines, fmt.Sprintf("%-9s %s", k.kind, strings.TrimSpace(name)))
		}
	}
	return lines
}
