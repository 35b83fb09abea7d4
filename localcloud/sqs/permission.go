package sqs

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"

	"github.com/writ-dev/writ/localcloud/gate"
)

// document is a queue policy as AddPermission changes it; statements that
// others wrote stay as they are.
type document struct {
	Version   string
	ID        string `json:"Id,omitempty"`
	Statement []json.RawMessage
}

type statement struct {
	Sid, Effect string
	Principal   map[string][]string
	Action      []string
	Resource    string
}

// permitted are the actions that AddPermission takes.
var permitted = []string{
	"*", "ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl", "ListDeadLetterSourceQueues", "PurgeQueue",
	"ReceiveMessage", "SendMessage",
}

var (
	labelRule   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)
	accountRule = regexp.MustCompile(`^[0-9]{12}$`)
)

func readDocument(text, arn string) (document, error) {
	d := document{Version: "2008-10-17", ID: arn + "/SQSDefaultPolicy"}
	if text == "" {
		return d, nil
	}
	var loose struct {
		Version   string
		ID        string `json:"Id"`
		Statement json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &loose); err != nil {
		return d, badAttribute("Policy")
	}
	d.Version, d.ID = loose.Version, loose.ID
	if err := json.Unmarshal(loose.Statement, &d.Statement); err != nil {
		d.Statement = []json.RawMessage{loose.Statement}
	}
	return d, nil
}

// labelled finds the statement of a label, -1 for none.
func (d *document) labelled(label string) int {
	return slices.IndexFunc(d.Statement, func(raw json.RawMessage) bool {
		var one struct{ Sid string }
		return json.Unmarshal(raw, &one) == nil && one.Sid == label
	})
}

func (s *Service) addPermission(_ context.Context, _ *gate.Call, in *request) (any, error) {
	q, err := s.need(in)
	if err != nil {
		return nil, err
	}
	arn := s.arn(q.name)
	st := statement{Sid: in.Label, Effect: "Allow", Principal: map[string][]string{}, Resource: arn}
	switch {
	case !labelRule.MatchString(in.Label):
		return nil, invalidReason(in.Label, "Label", "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	case len(in.AWSAccountIds) == 0:
		return nil, missing("AWSAccountIds")
	case len(in.Actions) == 0:
		return nil, missing("Actions")
	case len(in.Actions) > 7:
		return nil, failure("OverLimit", "OverLimit", "%d Actions were found, maximum allowed is 7.", len(in.Actions)).WithStatus(403)
	}
	for _, account := range in.AWSAccountIds {
		if !accountRule.MatchString(account) {
			return nil, invalidReason(account, "PrincipalId", "Unable to verify.")
		}
		st.Principal["AWS"] = append(st.Principal["AWS"], "arn:aws:iam::"+account+":root")
	}
	for _, action := range in.Actions {
		if !slices.Contains(permitted, action) {
			return nil, invalidReason("SQS:"+action, "ActionName", "Please refer to the appropriate WSDL for a list of valid actions.")
		}
		st.Action = append(st.Action, "SQS:"+action)
	}
	return nil, s.change(q, func(r *record) error {
		d, err := readDocument(r.Attributes["Policy"], arn)
		if err != nil {
			return err
		}
		if d.labelled(in.Label) >= 0 {
			return invalidReason(in.Label, "Label", "Already exists.")
		}
		raw, err := json.Marshal(st)
		if err != nil {
			return err
		}
		d.Statement = append(d.Statement, raw)
		return setDocument(r, d)
	})
}

func setDocument(r *record, d document) error {
	if len(d.Statement) == 0 {
		delete(r.Attributes, "Policy")
		return nil
	}
	text, err := json.Marshal(d)
	r.Attributes["Policy"] = string(text)
	return err
}

func (s *Service) removePermission(_ context.Context, _ *gate.Call, in *request) (any, error) {
	q, err := s.need(in)
	if err != nil {
		return nil, err
	}
	return nil, s.change(q, func(r *record) error {
		d, err := readDocument(r.Attributes["Policy"], s.arn(q.name))
		if err != nil {
			return err
		}
		i := d.labelled(in.Label)
		if i < 0 {
			return invalidReason(in.Label, "Label", "can't find label.")
		}
		d.Statement = slices.Delete(d.Statement, i, i+1)
		return setDocument(r, d)
	})
}
