// Package gatetest holds the services of the local cloud to what AWS's own do,
// in their tests.
package gatetest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/writ-dev/writ/iam/catalog"
	"github.com/writ-dev/writ/localcloud/gate"
)

// everywhere are keys that AWS sets for every action without listing them with
// the actions, besides the global ones. lambda:SourceFunctionArn comes with each
// call that a function's credentials make (AWS Lambda Developer Guide,
// "Working with source function ARN").
var everywhere = []string{"lambda:sourcefunctionarn"}

// documented are keys that the guide of the service gives for an action, though
// the reference does not list them with it.
var documented = map[string]string{
	// Amazon DynamoDB Developer Guide, "Using IAM with DynamoDB transactions", example 2.
	"dynamodb:ConditionCheckItem": "dynamodb:enclosingoperation",
}

// Keys gives a hook for gate.Config.OnVerdict that fails the test when a request
// has a context key that AWS does not set for its action: a policy that tests
// such a key would decide otherwise on AWS.
func Keys(t testing.TB) func(gate.Verdict) {
	t.Helper()
	type use struct{ action, key string }
	var mu sync.Mutex
	ended, known := false, map[use]bool{}
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		ended = true
	})
	return func(v gate.Verdict) {
		mu.Lock()
		defer mu.Unlock()
		if ended { // a call that outlives the test
			return
		}
		news := !known[use{v.Ask.Action, ""}]
		for key := range v.Request.Context {
			news = news || !known[use{v.Ask.Action, key}]
		}
		if !news { // tests that count allocations see none
			return
		}
		for _, problem := range Problems(v) {
			t.Errorf("context keys: %s", problem)
		}
		known[use{v.Ask.Action, ""}] = true
		for key := range v.Request.Context {
			known[use{v.Ask.Action, key}] = true
		}
	}
}

// Problems says what of a request AWS's catalogue does not know.
func Problems(v gate.Verdict) []string {
	action, ok := catalog.AWS().Action(v.Ask.Action)
	if !ok {
		return []string{v.Ask.Action + " is not an action"}
	}
	listed := catalog.AWS().KeysOf(action)
	var problems []string
	for key := range v.Request.Context {
		is := func(name string) bool { return catalog.KeyMatches(name, key) }
		if slices.Contains(everywhere, key) || documented[v.Ask.Action] == key || slices.ContainsFunc(listed, is) {
			continue
		}
		// The tags of a request and of a resource are there for the actions that list them.
		ofTags := strings.HasPrefix(key, "aws:resourcetag/") || strings.HasPrefix(key, "aws:requesttag/") || key == "aws:tagkeys"
		if catalog.AWS().IsGlobal(key) && !ofTags {
			continue
		}
		problems = append(problems, fmt.Sprintf("%s has %s, which AWS does not list for it", v.Ask.Action, key))
	}
	slices.Sort(problems)
	return problems
}
