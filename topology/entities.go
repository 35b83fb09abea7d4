package topology

import "github.com/writ-dev/writ"

// Entities that are External exist outside this topology: the field holds
// their ARN or their AWS name (of the same account and region). They are
// neither made nor tagged.

// Queue is an SQS queue and what consumes it, if anything.
type Queue struct {
	Name     string  `json:"name"`
	Target   *Target `json:"target,omitempty"`
	External string  `json:"external,omitempty"`
	FIFO     bool    `json:"fifo,omitempty"`
	// BatchSize is how many messages the consumer gets at once; 0: 10.
	BatchSize int `json:"batchSize,omitempty"`
	// VisibilitySec is how long a message that was received stays hidden; 0:
	// six times the consumer's timeout, or 30 without one.
	VisibilitySec int `json:"visibility,omitempty"`
	// RetentionSec is how long messages are kept; 0: four days.
	RetentionSec int `json:"retention,omitempty"`
	// DeadLetter is the queue for messages received MaxReceives times (0: 3).
	DeadLetter  *Target `json:"deadLetter,omitempty"`
	MaxReceives int     `json:"maxReceives,omitempty"`
	// Others are keys of tc that Writ keeps but does not act on (producer, name).
	Others []*Section    `json:"others,omitempty"`
	Pos    writ.Position `json:"pos,omitzero"`
}

// Event is an EventBridge rule and its targets.
type Event struct {
	// Name is the detail-type, Producers are the sources, unless there is a Pattern.
	Name      string   `json:"name"`
	Producers []string `json:"producers,omitempty"`
	Targets   []Target `json:"targets,omitempty"`
	// Bus names a bus of the topology; "" is the account's default bus.
	Bus string `json:"bus,omitempty"`
	// Pattern is the whole event pattern, Filter that of detail alone: JSON.
	Pattern string `json:"pattern,omitempty"`
	Filter  string `json:"filter,omitempty"`
	// RuleName is the rule's AWS name, "" for one that Writ makes.
	RuleName string `json:"ruleName,omitempty"`
	// Retries is how often a delivery is tried again; nil: AWS's 185 times.
	Retries *int `json:"retries,omitempty"`
	// DeadLetter is the queue for what could not be delivered.
	DeadLetter *Target `json:"deadLetter,omitempty"`
	// Sandboxes are those that have the rule; empty: all.
	Sandboxes []string      `json:"sandboxes,omitempty"`
	DocOnly   bool          `json:"docOnly,omitempty"`
	Others    []*Section    `json:"others,omitempty"`
	Pos       writ.Position `json:"pos,omitzero"`
}

// Bus is an EventBridge event bus.
type Bus struct {
	Name     string        `json:"name"`
	External string        `json:"external,omitempty"`
	Pos      writ.Position `json:"pos,omitzero"`
}

// Schedule starts a target by the clock.
type Schedule struct {
	Name string `json:"name"`
	// Cron is AWS's six fields, or rate(...), cron(...) or at(...).
	Cron     string  `json:"cron"`
	Timezone string  `json:"timezone,omitempty"`
	Target   *Target `json:"target,omitempty"`
	// Payload is what the target gets, JSON or text.
	Payload string        `json:"payload,omitempty"`
	Pos     writ.Position `json:"pos,omitzero"`
}

// Topic is an SNS topic and its subscribers: functions and queues.
type Topic struct {
	Name     string        `json:"name"`
	External string        `json:"external,omitempty"`
	Targets  []Target      `json:"targets,omitempty"`
	Pos      writ.Position `json:"pos,omitzero"`
}

// Stream is a Kinesis data stream and the function that reads it, if any.
type Stream struct {
	Name     string  `json:"name"`
	External string  `json:"external,omitempty"`
	Target   *Target `json:"target,omitempty"`
	// Shards is the number of shards; 0 lets AWS scale on demand.
	Shards int `json:"shards,omitempty"`
	// RetentionHours is how long records are kept; 0: 24.
	RetentionHours int           `json:"retention,omitempty"`
	BatchSize      int           `json:"batchSize,omitempty"` // 0: 100
	Pos            writ.Position `json:"pos,omitzero"`
}

// Secret is a secret of Secrets Manager. A new one gets a random value, so
// that none stands in the template.
type Secret struct {
	Name        string        `json:"name"`
	External    string        `json:"external,omitempty"`
	Description string        `json:"description,omitempty"`
	Pos         writ.Position `json:"pos,omitzero"`
}

// Parameter is a parameter of the SSM Parameter Store.
type Parameter struct {
	Name        string        `json:"name"`
	External    string        `json:"external,omitempty"`
	Description string        `json:"description,omitempty"`
	Value       string        `json:"value,omitempty"`
	Pos         writ.Position `json:"pos,omitzero"`
}

// EncryptionKey is a symmetric key of KMS.
type EncryptionKey struct {
	Name        string        `json:"name"`
	External    string        `json:"external,omitempty"`
	Description string        `json:"description,omitempty"`
	Pos         writ.Position `json:"pos,omitzero"`
}

// Notification tells a function, a queue or a topic of a bucket's objects.
type Notification struct {
	Target Target `json:"target"`
	// Events are S3's names, such as s3:ObjectCreated:*.
	Events []string `json:"events"`
	// Prefix and Suffix narrow the objects by their keys.
	Prefix string        `json:"prefix,omitempty"`
	Suffix string        `json:"suffix,omitempty"`
	Pos    writ.Position `json:"pos,omitzero"`
}
