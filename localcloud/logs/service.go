// Package logs is Amazon CloudWatch Logs of the local cloud: groups, streams
// and events, kept durably, read page by page, filtered by simple patterns.
package logs

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// Config is what the service is made of. DB, Account and Region are required.
type Config struct {
	DB              *store.DB
	Account, Region string
	Now             func() time.Time
}

// Service is CloudWatch Logs. It implements gate.Service and holds no state
// besides the store's.
type Service struct {
	cfg Config
	ops map[string]operation
}

// operation is one row of the service.
type operation struct {
	decode func(*gate.Call) (any, error)
	asks   func(any) ([]gate.Ask, error)
	run    func(*gate.Call, any) (any, error)
}

// New makes the service.
func New(cfg Config) *Service {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Service{cfg: cfg}
	s.ops = map[string]operation{
		"CreateLogGroup":        op(s.askCreateGroup, s.createGroup),
		"DeleteLogGroup":        op(s.onGroup("DeleteLogGroup"), s.deleteGroup),
		"DescribeLogGroups":     op(s.askDescribeGroups, s.describeGroups),
		"PutRetentionPolicy":    op(s.onGroup("PutRetentionPolicy"), s.putRetention),
		"DeleteRetentionPolicy": op(s.onGroup("DeleteRetentionPolicy"), s.deleteRetention),
		"CreateLogStream":       op(s.onStream("CreateLogStream"), s.createStream),
		"DeleteLogStream":       op(s.onStream("DeleteLogStream"), s.deleteStream),
		"DescribeLogStreams":    op(s.onGroup("DescribeLogStreams"), s.describeStreams),
		"PutLogEvents":          op(s.onStream("PutLogEvents"), s.putEvents),
		"GetLogEvents":          op(s.onStream("GetLogEvents"), s.getEvents),
		"FilterLogEvents":       op(s.onGroup("FilterLogEvents"), s.filterEvents),
		"TagResource":           op(s.askTag("TagResource"), s.tagResource),
		"UntagResource":         op(s.askTag("UntagResource"), s.untagResource),
		"ListTagsForResource":   op(s.askTag("ListTagsForResource"), s.listTags),
		"TagLogGroup":           op(s.askTag("TagLogGroup"), s.tagResource),
		"UntagLogGroup":         op(s.askTag("UntagLogGroup"), s.untagResource),
		"ListTagsLogGroup":      op(s.askTag("ListTagsLogGroup"), s.listTags),

		"PutResourcePolicy":        op(anywhere("PutResourcePolicy"), s.putPolicy),
		"DeleteResourcePolicy":     op(anywhere("DeleteResourcePolicy"), s.deletePolicy),
		"DescribeResourcePolicies": op(anywhere("DescribeResourcePolicies"), s.describePolicies),
	}
	return s
}

// request holds the members of all requests; each operation reads its own.
type request struct {
	LogGroupName, LogGroupIdentifier   string
	LogStreamName, LogStreamNamePrefix string
	LogGroupNamePrefix                 string
	LogGroupNamePattern                string
	LogGroupClass                      string
	KmsKeyID                           string `json:"kmsKeyId"`
	LogStreamNames                     []string
	LogEvents                          []inputEvent
	RetentionInDays                    *int
	StartTime, EndTime                 *int64
	StartFromHead                      bool
	NextToken                          string
	Limit                              *int
	FilterPattern                      string
	OrderBy                            string
	Descending                         bool
	ResourceARN                        string `json:"resourceArn"`
	// Tags is a map, except for UntagLogGroup, where it is a list of keys.
	Tags    json.RawMessage
	TagKeys []string

	PolicyName, PolicyDocument string
}

func op(asks func(*request) ([]gate.Ask, error), run func(*gate.Call, *request) (any, error)) operation {
	return operation{
		decode: func(c *gate.Call) (any, error) {
			q := &request{}
			if len(c.Body) > 0 {
				if err := json.Unmarshal(c.Body, q); err != nil {
					return nil, gate.Errorf("SerializationException", "The request could not be read: %s", err)
				}
			}
			return q, q.settleGroup()
		},
		asks: func(q any) ([]gate.Ask, error) { return asks(q.(*request)) },
		run:  func(c *gate.Call, q any) (any, error) { return run(c, q.(*request)) },
	}
}

var groupOfARN = regexp.MustCompile(`^arn:aws[a-z-]*:logs:[a-z0-9-]*:\d{12}:log-group:([^:]+)(:\*)?$`)

// settleGroup finds the group's name in the members that may carry it.
func (q *request) settleGroup() error {
	for _, id := range []string{q.LogGroupIdentifier, q.ResourceARN} {
		if id == "" || q.LogGroupName != "" {
			continue
		}
		if m := groupOfARN.FindStringSubmatch(id); m != nil {
			q.LogGroupName = m[1]
		} else if id == q.LogGroupIdentifier && nameRule.MatchString(id) {
			q.LogGroupName = id
		} else {
			return invalid("The specified ARN or name is not a log group's: %s", id)
		}
	}
	return nil
}

// Info describes the service to the gate.
func (s *Service) Info() gate.Info {
	return gate.Info{Name: "logs", Protocol: gate.JSON11, Target: "Logs_20140328", ErrorPrefix: "com.amazonaws.cloudwatchlogs#"}
}

// Describe gives what IAM has to decide.
func (s *Service) Describe(c *gate.Call) ([]gate.Ask, error) {
	o, ok := s.ops[c.Operation]
	if !ok {
		return nil, gate.Errorf("UnknownOperationException", "The local cloud has no operation logs:%s.", c.Operation)
	}
	in, err := o.decode(c)
	if err != nil {
		return nil, err
	}
	c.Input = in
	return o.asks(in)
}

// Handle does the call.
func (s *Service) Handle(_ context.Context, c *gate.Call) (*gate.Reply, error) {
	o, ok := s.ops[c.Operation]
	if !ok || c.Input == nil {
		return nil, fmt.Errorf("call of logs:%s was not described", c.Operation)
	}
	answer, err := o.run(c, c.Input)
	if err != nil {
		return nil, err
	}
	r := &gate.Reply{Status: 200, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}}}
	if answer != nil {
		if r.Body, err = json.Marshal(answer); err != nil {
			return nil, fmt.Errorf("encode answer: %w", err)
		}
	}
	return r, nil
}

// groupARN is a group's own ARN, without the ":*" that DescribeLogGroups adds.
func (s *Service) groupARN(name string) string {
	return "arn:aws:logs:" + s.cfg.Region + ":" + s.cfg.Account + ":log-group:" + name
}

// onGroup asks for an action of a group. AWS names such a resource with an
// empty stream, as its AccessDenied messages show; the usual "log-group:NAME:*" matches it.
func (s *Service) onGroup(action string) func(*request) ([]gate.Ask, error) {
	return func(q *request) ([]gate.Ask, error) {
		return []gate.Ask{{Action: "logs:" + action, Resource: s.groupARN(q.LogGroupName) + ":log-stream:", ResourceTags: s.tagsOf(q.LogGroupName)}}, nil
	}
}

func (s *Service) onStream(action string) func(*request) ([]gate.Ask, error) {
	return func(q *request) ([]gate.Ask, error) {
		policy, err := s.policy()
		if err != nil {
			return nil, err
		}
		return []gate.Ask{{Action: "logs:" + action, Resource: s.groupARN(q.LogGroupName) + ":log-stream:" + q.LogStreamName, ResourcePolicy: policy}}, nil
	}
}

func (s *Service) askDescribeGroups(*request) ([]gate.Ask, error) {
	return []gate.Ask{{Action: "logs:DescribeLogGroups", Resource: s.groupARN("") + ":log-stream:"}}, nil
}

func (s *Service) askCreateGroup(q *request) ([]gate.Ask, error) {
	tags, err := q.tags()
	if err != nil {
		return nil, err
	}
	ask := gate.Ask{Action: "logs:CreateLogGroup", Resource: s.groupARN(q.LogGroupName) + ":log-stream:", Context: tagContext(tags)}
	if len(tags) == 0 {
		return []gate.Ask{ask}, nil
	}
	return []gate.Ask{ask, {Action: "logs:TagResource", Resource: s.groupARN(q.LogGroupName), Context: tagContext(tags)}}, nil
}

func (s *Service) askTag(action string) func(*request) ([]gate.Ask, error) {
	return func(q *request) ([]gate.Ask, error) {
		tags, err := q.tags()
		if err != nil {
			return nil, err
		}
		keys := tagContext(tags)
		if removed := q.removedKeys(); len(removed) > 0 {
			keys = iam.Context{"aws:tagkeys": iam.Many(removed...)}
		}
		return []gate.Ask{{Action: "logs:" + action, Resource: s.groupARN(q.LogGroupName), Context: keys, ResourceTags: s.tagsOf(q.LogGroupName)}}, nil
	}
}

// tagsOf gives a group's tags; a group that cannot be read has none.
func (s *Service) tagsOf(name string) map[string]string {
	g, err := s.group(name)
	if err != nil {
		return nil
	}
	return g.Tags
}

func invalid(format string, args ...any) *gate.Error {
	return gate.Errorf("InvalidParameterException", format, args...)
}

func constraint(field, value, rule string) *gate.Error {
	return invalid("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, field, rule)
}

var (
	errNoGroup  = gate.Errorf("ResourceNotFoundException", "The specified log group does not exist.")
	errNoStream = gate.Errorf("ResourceNotFoundException", "The specified log stream does not exist.")
)
