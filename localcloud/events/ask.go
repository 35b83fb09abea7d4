package events

import (
	"strconv"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/events/pattern"
	"github.com/writ-dev/writ/localcloud/gate"
)

func anywhere(action string) func(*gate.Call, *request) ([]gate.Ask, error) {
	return func(*gate.Call, *request) ([]gate.Ask, error) {
		return []gate.Ask{{Action: "events:" + action, Resource: "*"}}, nil
	}
}

// ofBus asks for an action on a bus, which its policy may decide.
func (s *Service) ofBus(action, name string, keys iam.Context) gate.Ask {
	ask := gate.Ask{Action: "events:" + action, Resource: s.arn("event-bus/" + name), Context: keys}
	if b := s.bus(name); b != nil {
		ask.ResourcePolicy, ask.ResourceTags = b.policy, b.record.Tags
	}
	return ask
}

// ofRule asks for an action on a rule.
func (s *Service) ofRule(action, busName, name string, keys iam.Context) gate.Ask {
	ask := gate.Ask{Action: "events:" + action, Resource: s.ruleARN(busName, name), Context: keys}
	if ask.Context == nil {
		ask.Context = iam.Context{}
	}
	if r := s.rule(busName, name); r != nil {
		ask.ResourceTags = r.record.Tags
		ask.Context["events:creatoraccount"] = iam.One(s.cfg.Account)
	}
	if b := s.bus(busName); b != nil { // a bus's policy speaks of its rules too
		ask.ResourcePolicy = b.policy
	}
	return ask
}

func (s *Service) onBus(action string) func(*gate.Call, *request) ([]gate.Ask, error) {
	return func(_ *gate.Call, q *request) ([]gate.Ask, error) {
		name, err := s.busName(q.Name)
		if err != nil {
			return nil, err
		}
		return []gate.Ask{s.ofBus(action, name, nil)}, nil
	}
}

func (s *Service) askCreateBus(_ *gate.Call, q *request) ([]gate.Ask, error) {
	if !busRule.MatchString(q.Name) {
		return nil, constraint(q.Name, "name", `Member must satisfy regular expression pattern: [/\.\-_A-Za-z0-9]+`)
	}
	asks := []gate.Ask{s.ofBus("CreateEventBus", q.Name, tagKeys(q.Tags))}
	if len(q.Tags) > 0 {
		asks = append(asks, s.ofBus("TagResource", q.Name, tagKeys(q.Tags)))
	}
	return asks, nil
}

// ruleOf gives the rule that a request names.
func (s *Service) ruleOf(q *request) (busName, name string, err error) {
	if name = q.Name; name == "" {
		name = q.Rule
	}
	if !ruleRule.MatchString(name) {
		return "", "", constraint(name, "name", `Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+`)
	}
	busName, err = s.busName(q.EventBusName)
	return busName, name, err
}

func (s *Service) onRule(action string) func(*gate.Call, *request) ([]gate.Ask, error) {
	return func(_ *gate.Call, q *request) ([]gate.Ask, error) {
		busName, name, err := s.ruleOf(q)
		if err != nil {
			return nil, err
		}
		return []gate.Ask{s.ofRule(action, busName, name, nil)}, nil
	}
}

// askPutRule shows IAM what the pattern plainly asks for.
func (s *Service) askPutRule(_ *gate.Call, q *request) ([]gate.Ask, error) {
	busName, name, err := s.ruleOf(q)
	if err != nil {
		return nil, err
	}
	keys := tagKeys(q.Tags)
	if q.EventPattern != "" {
		p, err := pattern.Parse([]byte(q.EventPattern))
		if err != nil {
			return nil, invalidPattern(err)
		}
		for key, path := range map[string][]string{
			"events:source": {"source"}, "events:detail-type": {"detail-type"}, "events:detail.service": {"detail", "service"},
			"events:detail.eventtypecode":            {"detail", "eventTypeCode"},
			"events:detail.useridentity.principalid": {"detail", "userIdentity", "principalId"},
		} {
			if texts := p.Texts(path...); texts != nil {
				keys[key] = iam.Many(texts...)
			}
		}
	}
	asks := []gate.Ask{s.ofRule("PutRule", busName, name, keys)}
	if len(q.Tags) > 0 {
		asks = append(asks, s.ofRule("TagResource", busName, name, tagKeys(q.Tags)))
	}
	return append(asks, s.passRoles(busName, name, q.RoleArn)...), nil
}

func (s *Service) askPutTargets(_ *gate.Call, q *request) ([]gate.Ask, error) {
	busName, name, err := s.ruleOf(q)
	if err != nil {
		return nil, err
	}
	var arns, roles []string
	for i := range q.Targets {
		arns, roles = append(arns, q.Targets[i].Arn), append(roles, q.Targets[i].RoleArn)
	}
	keys := iam.Context{}
	if len(arns) > 0 {
		keys["events:targetarn"] = iam.Many(arns...)
	}
	return append([]gate.Ask{s.ofRule("PutTargets", busName, name, keys)}, s.passRoles(busName, name, roles...)...), nil
}

// passRoles asks whether the caller may give roles to EventBridge.
func (s *Service) passRoles(busName, name string, roles ...string) (asks []gate.Ask) {
	seen := map[string]bool{"": true}
	for _, role := range roles {
		if !seen[role] {
			asks = append(asks, gate.Ask{Action: "iam:PassRole", Resource: role, Context: iam.Context{
				"iam:passedtoservice":       iam.One(Principal),
				"iam:associatedresourcearn": iam.One(s.ruleARN(busName, name)),
			}})
		}
		seen[role] = true
	}
	return asks
}

// askPutEvents asks for each entry. What it is asked for is decided by what the
// entry says, also where the entry is refused afterwards.
func (s *Service) askPutEvents(_ *gate.Call, q *request) ([]gate.Ask, error) {
	if n := len(q.Entries); n < 1 || n > maxEntries {
		return nil, constraint("["+strings.Repeat("...", min(n, 1))+"]", "entries", "Member must have length between 1 and 10")
	}
	var asks []gate.Ask
	for i := range q.Entries {
		e := &q.Entries[i]
		name, err := s.busName(e.EventBusName)
		if err != nil {
			return nil, err
		}
		keys := iam.Context{"events:eventbusinvocation": iam.One(strconv.FormatBool(q.letter != nil && q.letter.BusEvent != nil))}
		if e.Source != "" {
			keys["events:source"] = iam.One(e.Source)
		}
		if e.DetailType != "" {
			keys["events:detail-type"] = iam.One(e.DetailType)
		}
		e.bus = name
		asks = append(asks, s.ofBus("PutEvents", name, keys))
	}
	return asks, nil
}

// askTag asks for the bus or the rule of an ARN.
func (s *Service) askTag(action string) func(*gate.Call, *request) ([]gate.Ask, error) {
	return func(_ *gate.Call, q *request) ([]gate.Ask, error) {
		keys := iam.Context{}
		switch action {
		case "TagResource":
			keys = tagKeys(q.Tags)
		case "UntagResource":
			keys["aws:tagkeys"] = iam.Many(q.TagKeys...)
		}
		busName, name, err := s.parseARN(q.ResourceARN)
		if err != nil {
			return nil, err
		}
		if name == "" {
			return []gate.Ask{s.ofBus(action, busName, keys)}, nil
		}
		return []gate.Ask{s.ofRule(action, busName, name, keys)}, nil
	}
}

// parseARN reads the ARN of a bus, or of a rule.
func (s *Service) parseARN(arn string) (busName, name string, err error) {
	bad := invalid("Parameter ResourceARN is not valid. Reason: Provided Arn is not in correct format.")
	if rest, ok := strings.CutPrefix(arn, s.arn("event-bus/")); ok && busRule.MatchString(rest) {
		return rest, "", nil
	}
	rest, ok := strings.CutPrefix(arn, s.arn("rule/"))
	if !ok {
		return "", "", bad
	}
	busName, name = "default", rest
	if i := strings.LastIndexByte(rest, '/'); i >= 0 {
		busName, name = rest[:i], rest[i+1:]
	}
	if !busRule.MatchString(busName) || !ruleRule.MatchString(name) {
		return "", "", bad
	}
	return busName, name, nil
}

func tagKeys(tags []tag) iam.Context {
	keys := iam.Context{}
	var names []string
	for _, t := range tags {
		keys["aws:requesttag/"+iam.Key(t.Key)] = iam.One(t.Value)
		names = append(names, t.Key)
	}
	if len(names) > 0 {
		keys["aws:tagkeys"] = iam.Many(names...)
	}
	return keys
}
