package cloudformation

import (
	"strings"
	"time"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/localcloud/gate"
)

// goal is what a stack is to be: everything that a create or update asks for.
type goal struct {
	Template         string            `json:"template"`
	Parameters       []parameterRecord `json:"parameters,omitempty"`
	Tags             map[string]string `json:"tags,omitempty"`
	Capabilities     []string          `json:"capabilities,omitempty"`
	NotificationARNs []string          `json:"notificationARNs,omitempty"`
}

type parameterRecord struct {
	Key      string `json:"key"`
	Value    string `json:"value"`
	Resolved string `json:"resolved,omitempty"`
	NoEcho   bool   `json:"noEcho,omitempty"`
}

// stackRecord is one stack as it is stored.
type stackRecord struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Status       string `json:"status"`
	StatusReason string `json:"statusReason,omitempty"`
	goal
	DisableRollback       bool            `json:"disableRollback,omitempty"`
	TerminationProtection bool            `json:"terminationProtection,omitempty"`
	TimeoutInMinutes      int             `json:"timeoutInMinutes,omitempty"`
	Created               time.Time       `json:"created"`
	Updated               time.Time       `json:"updated,omitzero"`
	Deleted               time.Time       `json:"deleted,omitzero"`
	Outputs               []outputRecord  `json:"outputs,omitempty"`
	Imports               []string        `json:"imports,omitempty"`
	ChangeSetID           string          `json:"changeSetId,omitempty"`
	Token                 string          `json:"token,omitempty"`
	Work                  operationRecord `json:"work"`
}

type outputRecord struct {
	Key         string `json:"key"`
	Value       string `json:"value"`
	Description string `json:"description,omitempty"`
	Export      string `json:"export,omitempty"`
}

// operationRecord is the operation under way, or the last one.
type operationRecord struct {
	Token string `json:"token,omitempty"`
	// Caller is who deploys, for an operation that is taken up after a crash.
	Caller gate.Caller `json:"caller"`
	// Before is what the stack was before an update, for the rollback.
	Before *goal `json:"before,omitempty"`
	// OnFailure is ROLLBACK, DELETE or DO_NOTHING.
	OnFailure string `json:"onFailure,omitempty"`
	// Retain lists resources that a delete leaves alone.
	Retain []string `json:"retain,omitempty"`
	// Skip lists resources that a continued rollback leaves alone.
	Skip []string `json:"skip,omitempty"`
}

// begun reports whether there may be something to remove: what was made, or
// what a crash cut short. What was there before is nobody's to remove.
func (r *resourceRecord) begun() bool {
	return r.Made || strings.HasSuffix(r.Status, "_IN_PROGRESS") && !r.Existed
}

func (s *stackRecord) uuid() string { return s.ID[strings.LastIndexByte(s.ID, '/')+1:] }

func (s *stackRecord) inProgress() bool {
	return strings.HasSuffix(s.Status, "_IN_PROGRESS") && s.Status != "REVIEW_IN_PROGRESS"
}

// resourceRecord is one resource of a stack as it is stored.
type resourceRecord struct {
	LogicalID   string            `json:"logicalId"`
	Type        string            `json:"type"`
	Physical    string            `json:"physical,omitempty"`
	Status      string            `json:"status"`
	Reason      string            `json:"reason,omitempty"`
	Time        time.Time         `json:"time"`
	Properties  storedObject      `json:"properties"`
	Attributes  map[string]string `json:"attributes,omitempty"`
	Tags        map[string]string `json:"tags,omitempty"` // the stack's
	Metadata    string            `json:"metadata,omitempty"`
	Deletion    string            `json:"deletion,omitempty"`
	Replacement string            `json:"replacement,omitempty"`
	Needs       []string          `json:"needs,omitempty"` // logical ids made before it
	Change      change            `json:"change,omitempty"`
	Before      *resourceRecord   `json:"before,omitempty"`
	// Made is set once the service said that the resource is there; Existed when
	// one of its name was there before.
	Made         bool `json:"made,omitempty"`
	Existed      bool `json:"existed,omitempty"`
	FromTemplate int  `json:"order"` // place in the template
}

// change is what the operation under way did to a resource.
type change string

const (
	changeNone    change = ""
	changeCreate  change = "create"
	changeUpdate  change = "update"
	changeReplace change = "replace"
)

// storedObject keeps an object's order through the store.
type storedObject struct{ *cfn.Object }

// MarshalJSON writes the object.
func (o storedObject) MarshalJSON() ([]byte, error) { return o.Object.MarshalJSON() }

// UnmarshalJSON reads the object.
func (o *storedObject) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		o.Object = nil
		return nil
	}
	t, err := cfn.Parse(data, "")
	if err != nil {
		return err
	}
	o.Object = t.Root
	return nil
}

// eventRecord is one event of a stack.
type eventRecord struct {
	ID         string    `json:"id"`
	LogicalID  string    `json:"logicalId"`
	Physical   string    `json:"physical,omitempty"`
	Type       string    `json:"type"`
	Status     string    `json:"status"`
	Reason     string    `json:"reason,omitempty"`
	Token      string    `json:"token,omitempty"`
	Properties string    `json:"properties,omitempty"`
	Time       time.Time `json:"time"`
}

// changeSetRecord is one change set.
type changeSetRecord struct {
	ID              string `json:"id"`
	Name            string `json:"name"`
	StackID         string `json:"stackId"`
	StackName       string `json:"stackName"`
	Description     string `json:"description,omitempty"`
	Type            string `json:"type"` // CREATE or UPDATE
	Status          string `json:"status"`
	StatusReason    string `json:"statusReason,omitempty"`
	ExecutionStatus string `json:"executionStatus"`
	goal
	Changes   []resourceChange `json:"changes,omitempty"`
	Created   time.Time        `json:"created"`
	Token     string           `json:"token,omitempty"`
	OnFailure string           `json:"onFailure,omitempty"`
}
