package scheduler

import (
	"regexp"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
)

var nameRule = regexp.MustCompile(`^[0-9a-zA-Z-_.]{1,64}$`)

const namePattern = "Member must satisfy regular expression pattern: [0-9a-zA-Z-_.]+"

func anywhere(action string) func(*request) ([]gate.Ask, error) {
	return func(*request) ([]gate.Ask, error) {
		return []gate.Ask{{Action: "scheduler:" + action, Resource: "*"}}, nil
	}
}

// tagsOf gives a group's tags, which its schedules are also known by.
func (s *Service) tagsOf(group string) map[string]string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.groups[group].Tags
}

func (s *Service) onGroup(action string) func(*request) ([]gate.Ask, error) {
	return func(q *request) ([]gate.Ask, error) {
		if !nameRule.MatchString(q.name) {
			return nil, constraint(q.name, "name", namePattern)
		}
		return []gate.Ask{{Action: "scheduler:" + action, Resource: s.groupARN(q.name), ResourceTags: s.tagsOf(q.name)}}, nil
	}
}

func (s *Service) askCreateGroup(q *request) ([]gate.Ask, error) {
	asks, err := s.onGroup("CreateScheduleGroup")(q)
	if err != nil {
		return nil, err
	}
	asks[0].Context = tagKeys(q.Tags)
	if len(q.Tags) > 0 {
		asks = append(asks, gate.Ask{Action: "scheduler:TagResource", Resource: s.groupARN(q.name), Context: tagKeys(q.Tags), ResourceTags: s.tagsOf(q.name)})
	}
	return asks, nil
}

func (s *Service) onSchedule(action string) func(*request) ([]gate.Ask, error) {
	return func(q *request) ([]gate.Ask, error) {
		switch {
		case !nameRule.MatchString(q.name):
			return nil, constraint(q.name, "name", namePattern)
		case !nameRule.MatchString(q.group):
			return nil, constraint(q.group, "groupName", namePattern)
		}
		return []gate.Ask{{Action: "scheduler:" + action, Resource: s.scheduleARN(q.group, q.name), ResourceTags: s.tagsOf(q.group)}}, nil
	}
}

// askPut also asks whether the caller may give the role to Scheduler.
func (s *Service) askPut(action string) func(*request) ([]gate.Ask, error) {
	return func(q *request) ([]gate.Ask, error) {
		asks, err := s.onSchedule(action)(q)
		switch {
		case err != nil:
			return nil, err
		case q.Target == nil || q.Target.RoleArn == "":
			return nil, constraint("null", "target.roleArn", "Member must not be null")
		}
		return append(asks, gate.Ask{Action: "iam:PassRole", Resource: q.Target.RoleArn, Context: iam.Context{
			"iam:passedtoservice":       iam.One(Principal),
			"iam:associatedresourcearn": iam.One(s.scheduleARN(q.group, q.name)),
		}}), nil
	}
}

// askTag asks for the group of an ARN: only groups have tags.
func (s *Service) askTag(action string) func(*request) ([]gate.Ask, error) {
	return func(q *request) ([]gate.Ask, error) {
		group, err := s.groupOf(q.arn)
		if err != nil {
			return nil, err
		}
		ask := gate.Ask{Action: "scheduler:" + action, Resource: s.groupARN(group), ResourceTags: s.tagsOf(group)}
		switch action {
		case "TagResource":
			ask.Context = tagKeys(q.Tags)
		case "UntagResource":
			ask.Context = iam.Context{"aws:tagkeys": iam.Many(q.query["TagKeys"]...)}
		}
		return []gate.Ask{ask}, nil
	}
}

func (s *Service) groupOf(arn string) (string, error) {
	group, ok := strings.CutPrefix(arn, s.groupARN(""))
	if !ok || !nameRule.MatchString(group) {
		return "", invalid("%s is not the ARN of a schedule group of this account and region.", arn)
	}
	return group, nil
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
