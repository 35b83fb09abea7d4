package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam/catalog"
	"github.com/writ-dev/writ/localcloud"
)

// try is one request of a role on one target.
type try struct {
	by      *role
	action  string
	target  target
	request request
	fine    string
}

func (t try) String() string { return t.by.name + ": " + t.action + " on " + t.target.arn }

// tally is what came of tries.
type tally struct {
	n        int
	failures []string
}

func (t *tally) fail(format string, args ...any) {
	t.failures = append(t.failures, fmt.Sprintf(format, args...))
}

// sender makes the requests of a role, and gives as many answers.
type sender func(ctx context.Context, by *role, requests []request) ([]answer, error)

// directly sends with the credentials of the role.
func directly(ctx context.Context, by *role, requests []request) ([]answer, error) {
	var answers []answer
	for _, q := range requests {
		a, err := by.as.send(ctx, q)
		if err != nil {
			return nil, err
		}
		answers = append(answers, a)
	}
	return answers, nil
}

// byFunction lets the code of the role's function send. A role without a
// function sends nothing.
func byFunction(dev *cloud) sender {
	return func(ctx context.Context, by *role, requests []request) ([]answer, error) {
		var answers []answer
		for batch := range slices.Chunk(requests, 25) {
			body, err := json.Marshal(m{"requests": batch})
			if err != nil {
				return nil, err
			}
			said, err := dev.must(ctx, request{Service: "lambda", Method: "POST", Path: "/2015-03-31/functions/" + by.function + "/invocations", Body: string(body)})
			if err != nil {
				return nil, err
			}
			var some []answer
			if err := json.Unmarshal([]byte(said), &some); err != nil || len(some) != len(batch) {
				return nil, fmt.Errorf("function %s: %s", by.function, said)
			}
			answers = append(answers, some...)
		}
		return answers, nil
	}
}

// actions lists the actions of a role, wildcards spelled out by AWS's
// catalogue; absent are those that the local cloud has no operation for.
func (r *role) actions() (tried, absent []string, err error) {
	all := map[string]bool{}
	for _, st := range r.statements {
		if st.Effect != "Allow" || len(st.Action) == 0 {
			return nil, nil, fmt.Errorf("role %s has a statement that this check does not understand: %+v", r.name, st)
		}
		for _, pattern := range st.Action {
			service, _, _ := strings.Cut(pattern, ":")
			for _, a := range catalog.AWS().Expand(pattern) {
				all[service+":"+a.Name] = true
			}
			if len(catalog.AWS().Expand(pattern)) == 0 {
				return nil, nil, fmt.Errorf("role %s: %s is no action", r.name, pattern)
			}
		}
	}
	for _, action := range slices.Sorted(maps.Keys(all)) {
		service, operation, _ := strings.Cut(action, ":")
		switch {
		case requests[action] != nil:
			tried = append(tried, action)
		case slices.Contains(localcloud.Operations()[service], operation):
			return nil, nil, fmt.Errorf("role %s may %s, and there is no request for it here: add one to requests.go", r.name, action)
		default:
			absent = append(absent, action)
		}
	}
	return tried, absent, nil
}

// tries are all that a role may do, on all of a stack.
func tries(by *role, on *stack) ([]try, error) {
	actions, _, err := by.actions()
	if err != nil {
		return nil, err
	}
	var all []try
	for _, action := range actions {
		for _, a := range requests[action] {
			for _, t := range on.targets {
				if t.kind == a.kind {
					all = append(all, try{by, action, t, a.make(t, by), a.fine})
				}
			}
		}
	}
	return all, nil
}

func requestsOf(all []try) (list []request) {
	for _, t := range all {
		list = append(list, t.request)
	}
	return list
}

// denied reports whether IAM denied just this: the service's own error, and the
// action and the resource in its sentence.
func (t try) denied(a answer) bool {
	code, message := failure(a)
	return code == denials[t.request.Service] && strings.Contains(message, "not authorized to perform: "+t.action+" on resource: "+t.target.arn)
}

// went reports whether a call got through IAM and the service did it, or could
// not for the reason that the request was made with.
func (t try) went(a answer) bool {
	code, _ := failure(a)
	switch {
	case code != "":
		return code == t.fine
	case t.action == "events:PutEvents":
		return strings.Contains(a.Body, `"FailedEntryCount":0`)
	}
	return true
}

// attack lets every role of a stack try all that it may do on all of another;
// every one must be denied.
func attack(ctx context.Context, send sender, from, on *stack, got *tally) error {
	for _, by := range from.roles {
		all, err := tries(by, on)
		if err != nil {
			return err
		}
		answers, err := send(ctx, by, requestsOf(all))
		if err != nil {
			return err
		}
		for i, a := range answers {
			got.n++
			if !all[i].denied(a) {
				got.fail("%s was not denied by IAM: %d %s\n  request %s", all[i], a.Status, a.Body, all[i].request)
			}
		}
	}
	return nil
}

// control lets every role try the same requests on its own stack: where its
// policy names the resource the call must go through, which shows that the
// request is a good one; elsewhere it must be denied.
func control(ctx context.Context, send sender, s *stack, through, closed *tally) error {
	for _, by := range s.roles {
		all, err := tries(by, s)
		if err != nil {
			return err
		}
		answers, err := send(ctx, by, requestsOf(all))
		if err != nil || answers == nil {
			return err
		}
		shown := map[string]bool{}
		for i, a := range answers {
			t := all[i]
			if slices.ContainsFunc(by.statements, func(st statement) bool { return st.allows(t.action, t.target.arn) }) {
				through.n++
				shown[t.action+" "+t.target.kind] = true
				if !t.went(a) {
					through.fail("%s, which an edge allows, failed: %d %s\n  request %s", t, a.Status, a.Body, t.request)
				}
				continue
			}
			closed.n++
			if !t.denied(a) {
				closed.fail("%s, without an edge, was not denied by IAM: %d %s\n  request %s", t, a.Status, a.Body, t.request)
			}
		}
		actions, _, err := by.actions()
		if err != nil {
			return err
		}
		for _, action := range actions {
			if !slices.ContainsFunc(requests[action], func(a attempt) bool { return shown[action+" "+a.kind] }) {
				through.fail("%s: no request shows that %s goes through where it is allowed", by.name, action)
			}
		}
	}
	return nil
}

// simulate asks IAM about the actions that the local cloud has no operation
// for, so that there is no request to send.
func simulate(ctx context.Context, dev *cloud, from, on *stack, want string, got *tally) error {
	for _, by := range from.roles {
		_, absent, err := by.actions()
		if err != nil {
			return err
		}
		for _, t := range on.targets {
			service := strings.Split(t.arn, ":")[2]
			parameters := []string{
				"Action", "SimulatePrincipalPolicy", "PolicySourceArn", "arn:aws:iam::" + localcloud.DefaultAccount + ":role/" + by.name,
				"ResourceArns.member.1", t.arn, "MaxItems", "1000",
			}
			n := 0
			for _, action := range absent {
				if strings.HasPrefix(action, service+":") {
					n++
					parameters = append(parameters, fmt.Sprintf("ActionNames.member.%d", n), action)
				}
			}
			if n == 0 {
				continue
			}
			var said struct {
				Results []struct{ EvalActionName, EvalDecision string } `xml:"SimulatePrincipalPolicyResult>EvaluationResults>member"`
			}
			if err := dev.query(ctx, "iam", iamVersion, &said, parameters...); err != nil {
				return err
			}
			if len(said.Results) != n {
				return fmt.Errorf("the simulation of %s gave %d results for %d actions", by.name, len(said.Results), n)
			}
			for _, r := range said.Results {
				got.n++
				if r.EvalDecision != want {
					got.fail("%s: %s on %s is %s, not %s", by.name, r.EvalActionName, t.arn, r.EvalDecision, want)
				}
			}
		}
	}
	return nil
}
