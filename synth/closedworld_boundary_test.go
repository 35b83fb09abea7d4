package synth_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/writ-dev/writ/roles"
	"github.com/writ-dev/writ/topology"
)

// Closed world with boundaries: a role may make a call if and only if the
// topology has the edge and the platform team's file lets it through.
func TestClosedWorldWithBoundaries(t *testing.T) {
	t.Parallel()
	closedWorld(t, func(rt *rapid.T, top *topology.Topology) (*roles.Set, bounds) {
		return randomBoundaries(rt, top, topology.KindFunction, topology.KindSchedule)
	})
}

// randomBoundaries draws files for some of the kinds.
func randomBoundaries(rt *rapid.T, top *topology.Topology, kinds ...topology.Kind) (*roles.Set, bounds) {
	files, bound := map[string]string{}, bounds{}
	for _, kind := range kinds {
		if !rapid.Bool().Draw(rt, "has file") {
			continue
		}
		document := randomBoundary(rt)
		raw, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": document})
		if err != nil {
			rt.Fatal(err)
		}
		files[string(kind)+".json"] = string(raw)
		bound[kind] = func(action, resource string) bool { return lets(top, document, action, resource) }
	}
	found, err := roles.Given(top, files)
	if err != nil {
		rt.Fatal(err)
	}
	return found.Choose(roles.Settings{Mode: roles.Shared, Way: roles.Boundary}), bound
}

// bounding is a statement of a boundary, as its author writes it.
type bounding struct {
	Effect      string
	Action      []string `json:",omitempty"`
	NotAction   []string `json:",omitempty"`
	Resource    []string `json:",omitempty"`
	NotResource []string `json:",omitempty"`
}

func randomBoundary(t *rapid.T) []bounding {
	actions := []string{"*", "dynamodb:*", "dynamodb:Get*", "dynamodb:PutItem", "s3:*Object", "lambda:InvokeFunction", "logs:*", "sqs:*", "SQS:sendmessage", "events:PutEvents", "sns:?ublish", "states:Start*", "appsync:*", "events:*"}
	resources := []string{
		"*", "arn:aws:dynamodb:{{region}}:{{account}}:table/*", "arn:aws:lambda:*:*:function:{{namespace}}_one_{{sandbox}}*",
		"arn:aws:lambda:{{region}}:{{account}}:*{{sandbox}}", "arn:aws:s3:::*/a/*", "arn:aws:logs:*:*:*", "arn:aws:sqs:*:*:*two*",
	}
	pick := func(from []string, what string) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(from), 1, 3, rapid.ID[string]).Draw(t, what)
	}
	all := []bounding{{Effect: "Allow", Action: pick(actions, "allowed"), Resource: pick(resources, "where")}}
	for range rapid.IntRange(0, 3).Draw(t, "more statements") {
		s := bounding{Effect: rapid.SampledFrom([]string{"Allow", "Deny"}).Draw(t, "effect")}
		if rapid.IntRange(0, 4).Draw(t, "but") == 0 {
			s.NotAction = pick(actions, "not")
		} else {
			s.Action = pick(actions, "action")
		}
		if rapid.IntRange(0, 4).Draw(t, "elsewhere") == 0 {
			s.NotResource = pick(resources, "nowhere")
		} else {
			s.Resource = pick(resources, "resource")
		}
		all = append(all, s)
	}
	return all
}

// lets is the oracle: it reads a boundary without the policy engine.
func lets(top *topology.Topology, document []bounding, action, resource string) bool {
	values := strings.NewReplacer("{{region}}", region, "{{account}}", account, "{{namespace}}", top.Name, "{{sandbox}}", "dev")
	matches := func(patterns []string, text string, fold bool) bool {
		return slices.ContainsFunc(patterns, func(p string) bool {
			p = values.Replace(p)
			if fold {
				p, text = strings.ToLower(p), strings.ToLower(text)
			}
			return wild(p, text)
		})
	}
	allow := false
	for _, s := range document {
		is := matches(s.Action, action, true) || s.NotAction != nil && !matches(s.NotAction, action, true)
		on := matches(s.Resource, resource, false) || s.NotResource != nil && !matches(s.NotResource, resource, false)
		if is && on && s.Effect == "Deny" {
			return false
		}
		allow = allow || is && on
	}
	return allow
}

// wild matches text against a pattern with * and ?, slowly.
func wild(pattern, text string) bool {
	switch {
	case pattern == "":
		return text == ""
	case pattern[0] == '*':
		return wild(pattern[1:], text) || text != "" && wild(pattern, text[1:])
	}
	return text != "" && (pattern[0] == '?' || pattern[0] == text[0]) && wild(pattern[1:], text[1:])
}
