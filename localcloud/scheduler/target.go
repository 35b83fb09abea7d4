package scheduler

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/writ-dev/writ/localcloud/delivery"
)

// The defaults and bounds of a retry policy.
const (
	usualRetries = 185
	longestAge   = 24 * 60 * 60
)

// target is a target as AWS writes it. What only targets need that are not run
// here is kept and given back.
type target struct {
	Arn              string
	RoleArn          string
	Input            string      `json:",omitempty"`
	DeadLetterConfig *deadLetter `json:",omitempty"`
	RetryPolicy      *struct {
		MaximumRetryAttempts     *int `json:",omitempty"`
		MaximumEventAgeInSeconds *int `json:",omitempty"`
	} `json:",omitempty"`
	SqsParameters *struct {
		MessageGroupID string `json:"MessageGroupId,omitempty"`
	} `json:",omitempty"`
	EventBridgeParameters *struct{ DetailType, Source string } `json:",omitempty"`

	EcsParameters               json.RawMessage `json:",omitempty"`
	KinesisParameters           json.RawMessage `json:",omitempty"`
	SageMakerPipelineParameters json.RawMessage `json:",omitempty"`
}

type deadLetter struct {
	Arn string `json:",omitempty"`
}

var (
	targetARN = regexp.MustCompile(`^arn:aws[\w-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12})?:.+$`)
	roleRule  = regexp.MustCompile(`^arn:aws:iam::\d{12}:role/[\w+=,.@/-]+$`)
)

// check says what is wrong with a target.
func (t *target) check() error {
	bus := strings.HasPrefix(t.Arn, "arn:aws:events:")
	queue := strings.HasPrefix(t.Arn, "arn:aws:sqs:")
	switch {
	case !targetARN.MatchString(t.Arn):
		return invalid("Provided Arn is not in correct format: %s", t.Arn)
	case !roleRule.MatchString(t.RoleArn):
		return constraint(t.RoleArn, "target.roleArn", `Member must satisfy regular expression pattern: arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@\/-]+`)
	case queue && strings.HasSuffix(t.Arn, ".fifo") && (t.SqsParameters == nil || t.SqsParameters.MessageGroupID == ""):
		return invalid("SqsParameters.MessageGroupId must be given for a FIFO queue.")
	case !queue && t.SqsParameters != nil:
		return invalid("SqsParameters are for queues alone.")
	case bus && (t.EventBridgeParameters == nil || t.EventBridgeParameters.Source == "" || t.EventBridgeParameters.DetailType == ""):
		return invalid("EventBridgeParameters must be given for an event bus.")
	case !bus && t.EventBridgeParameters != nil:
		return invalid("EventBridgeParameters are for event buses alone.")
	case bus && strings.HasPrefix(t.EventBridgeParameters.Source, "aws."):
		return invalid("The source of an event must not begin with aws.")
	case bus && t.Input == "":
		return invalid("Input must be given for an event bus: the detail of the event.")
	case (bus || strings.HasPrefix(t.Arn, "arn:aws:lambda:")) && t.Input != "" && !json.Valid([]byte(t.Input)):
		return invalid("Input for target must be JSON.")
	case t.DeadLetterConfig != nil && t.DeadLetterConfig.Arn != "" && !strings.HasPrefix(t.DeadLetterConfig.Arn, "arn:aws:sqs:"):
		return invalid("A dead-letter queue is a standard queue of SQS.")
	}
	if p := t.RetryPolicy; p != nil {
		if n := p.MaximumRetryAttempts; n != nil && (*n < 0 || *n > usualRetries) {
			return constraint(fmt.Sprint(*n), "target.retryPolicy.maximumRetryAttempts", "Member must have value between 0 and 185")
		}
		if n := p.MaximumEventAgeInSeconds; n != nil && (*n < 60 || *n > longestAge) {
			return constraint(fmt.Sprint(*n), "target.retryPolicy.maximumEventAgeInSeconds", "Member must have value between 60 and 86400")
		}
	}
	return nil
}

// tell says what a schedule will not do here.
func (s *Service) tell(r *scheduleRecord) {
	log := s.cfg.Log.With("schedule", s.scheduleARN(r.Group, r.Name))
	if !delivery.Reaches(r.Target.Arn) {
		log.Warn("a schedule is kept, but the local cloud does not run its target", "target", r.Target.Arn)
	}
	if r.Flexible.Mode == "FLEXIBLE" {
		log.Warn("the flexible time window of a schedule is taken as OFF")
	}
	if r.Next == 0 && r.State == "ENABLED" {
		log.Warn("a schedule is never due", "expression", r.Expression)
	}
}
