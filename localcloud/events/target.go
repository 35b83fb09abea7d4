package events

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/writ-dev/writ/localcloud/delivery"
	"github.com/writ-dev/writ/localcloud/gate"
)

const (
	maxTargets = 5
	maxInput   = 8192
)

// target is a target as AWS writes it. What only targets need that are not run
// here is kept and given back.
type target struct {
	ID               string `json:"Id"`
	Arn              string
	RoleArn          string            `json:",omitempty"`
	Input            string            `json:",omitempty"`
	InputPath        string            `json:",omitempty"`
	InputTransformer *inputTransformer `json:",omitempty"`
	SqsParameters    *struct {
		MessageGroupID string `json:"MessageGroupId,omitempty"`
	} `json:",omitempty"`
	DeadLetterConfig *deadLetter  `json:",omitempty"`
	RetryPolicy      *retryPolicy `json:",omitempty"`

	KinesisParameters           json.RawMessage `json:",omitempty"`
	RunCommandParameters        json.RawMessage `json:",omitempty"`
	EcsParameters               json.RawMessage `json:",omitempty"`
	BatchParameters             json.RawMessage `json:",omitempty"`
	HTTPParameters              json.RawMessage `json:"HttpParameters,omitempty"`
	RedshiftDataParameters      json.RawMessage `json:",omitempty"`
	SageMakerPipelineParameters json.RawMessage `json:",omitempty"`
	AppSyncParameters           json.RawMessage `json:",omitempty"`
}

type inputTransformer struct {
	InputPathsMap map[string]string `json:",omitempty"`
	InputTemplate string
}

type retryPolicy struct {
	MaximumRetryAttempts     *int `json:",omitempty"`
	MaximumEventAgeInSeconds *int `json:",omitempty"`
}

// The defaults and bounds of a retry policy, of Scheduler's too.
const (
	usualRetries = 185
	longestAge   = 24 * 60 * 60
)

var (
	targetID  = regexp.MustCompile(`^[.\-_A-Za-z0-9]{1,64}$`)
	targetARN = regexp.MustCompile(`^arn:aws[\w-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12})?:.+$`)
)

// failedEntry is what could not be done with one target.
type failedEntry struct{ TargetId, ErrorCode, ErrorMessage string }

// check says what is wrong with a target.
func (t *target) check() error {
	given := 0
	for _, there := range []bool{t.Input != "", t.InputPath != "", t.InputTransformer != nil} {
		if there {
			given++
		}
	}
	switch {
	case !targetID.MatchString(t.ID):
		return constraint(t.ID, "targets.id", `Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+`)
	case !targetARN.MatchString(t.Arn):
		return invalid("Parameter %s is not valid. Reason: Provided Arn is not in correct format.", t.Arn)
	case t.RoleArn != "" && !roleRule.MatchString(t.RoleArn):
		return invalid("RoleArn %s of target %s is not a role.", t.RoleArn, t.ID)
	case given > 1:
		return invalid("Only one of Input, InputPath, or InputTransformer must be provided for target %s.", t.ID)
	case len(t.Input) > maxInput:
		return constraint("...", "targets.input", "Member must have length less than or equal to 8192")
	case t.Input != "" && !json.Valid([]byte(t.Input)):
		return invalid("JSON syntax error in input for target %s", t.ID)
	case t.DeadLetterConfig != nil && t.DeadLetterConfig.Arn != "" && !strings.HasPrefix(t.DeadLetterConfig.Arn, "arn:aws:sqs:"):
		return invalid("Invalid DeadLetterConfig of target %s: a dead-letter queue is a standard queue of SQS.", t.ID)
	case t.fifo() && (t.SqsParameters == nil || t.SqsParameters.MessageGroupID == ""):
		return invalid("Parameter(s) SqsParameters must be specified for target: %s.", t.ID)
	case !t.fifo() && t.SqsParameters != nil && t.SqsParameters.MessageGroupID != "" && !strings.HasPrefix(t.Arn, "arn:aws:sqs:"):
		return invalid("Parameter(s) SqsParameters are only for queues, not for target: %s.", t.ID)
	}
	if p := t.RetryPolicy; p != nil {
		if n := p.MaximumRetryAttempts; n != nil && (*n < 0 || *n > usualRetries) {
			return constraint(fmt.Sprint(*n), "targets.retryPolicy.maximumRetryAttempts", "Member must have value between 0 and 185")
		}
		if n := p.MaximumEventAgeInSeconds; n != nil && (*n < 60 || *n > longestAge) {
			return constraint(fmt.Sprint(*n), "targets.retryPolicy.maximumEventAgeInSeconds", "Member must have value between 60 and 86400")
		}
	}
	if t.InputPath != "" {
		if _, err := parsePath(t.InputPath); err != nil {
			return invalid("Invalid InputPath for target %s: %s", t.ID, err)
		}
	}
	if t.InputTransformer != nil {
		if err := t.InputTransformer.check(); err != nil {
			return invalid("Invalid InputTemplate for target %s : %s", t.ID, err)
		}
	}
	return nil
}

func (t *target) fifo() bool {
	return strings.HasPrefix(t.Arn, "arn:aws:sqs:") && strings.HasSuffix(t.Arn, ".fifo")
}

// putTargets adds targets to a rule, or replaces those of the same ids.
func (s *Service) putTargets(_ context.Context, _ *gate.Call, q *request) (any, error) {
	if len(q.Targets) == 0 {
		return nil, constraint("[]", "targets", "Member must have length greater than or equal to 1")
	}
	for i := range q.Targets {
		if err := q.Targets[i].check(); err != nil {
			return nil, err
		}
	}
	arn := ""
	err := s.changeRule(q, func(r *ruleRecord) error {
		arn = s.ruleARN(r.Bus, r.Name)
		for _, t := range q.Targets {
			i := slices.IndexFunc(r.Targets, func(other target) bool { return other.ID == t.ID })
			if i < 0 {
				r.Targets = append(r.Targets, t)
			} else {
				r.Targets[i] = t
			}
		}
		if len(r.Targets) > maxTargets {
			return gate.Errorf("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i := range q.Targets {
		if t := &q.Targets[i]; !delivery.Reaches(t.Arn) {
			s.cfg.Log.Warn("a target of EventBridge is kept, but the local cloud does not run it", "rule", arn, "target", t.Arn)
		}
	}
	return map[string]any{"FailedEntryCount": 0, "FailedEntries": []failedEntry{}}, nil
}

func (s *Service) removeTargets(_ context.Context, _ *gate.Call, q *request) (any, error) {
	if len(q.IDs) == 0 {
		return nil, constraint("[]", "ids", "Member must have length greater than or equal to 1")
	}
	failed := []failedEntry{}
	err := s.changeRule(q, func(r *ruleRecord) error {
		for _, id := range q.IDs {
			i := slices.IndexFunc(r.Targets, func(t target) bool { return t.ID == id })
			if i < 0 {
				failed = append(failed, failedEntry{id, "ResourceNotFoundException", "Rule " + r.Name + " does not have a target with the Id " + id + "."})
				continue
			}
			r.Targets = slices.Delete(r.Targets, i, i+1)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"FailedEntryCount": len(failed), "FailedEntries": failed}, nil
}

func (s *Service) listTargets(_ context.Context, _ *gate.Call, q *request) (any, error) {
	busName, name, err := s.ruleOf(q)
	if err != nil {
		return nil, err
	}
	r, err := s.needRule(busName, name)
	if err != nil {
		return nil, err
	}
	byID := map[string]target{}
	var ids []string
	for _, t := range r.record.Targets {
		byID[t.ID], ids = t, append(ids, t.ID)
	}
	slices.Sort(ids)
	part, next, err := page(q, ids)
	if err != nil {
		return nil, err
	}
	list := []target{}
	for _, id := range part {
		list = append(list, byID[id])
	}
	return withNext(map[string]any{"Targets": list}, next), nil
}
