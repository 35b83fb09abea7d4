package sns

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/writ-dev/writ/localcloud/gate"
)

// policyDocument is a topic policy as AddPermission changes it; statements
// that others wrote stay as they are.
type policyDocument struct {
	Version   string
	ID        string `json:"Id,omitempty"`
	Statement []json.RawMessage
}

func (s *Service) readDocument(r *record) (policyDocument, error) {
	var loose struct {
		Version   string
		ID        string `json:"Id"`
		Statement json.RawMessage
	}
	if err := json.Unmarshal([]byte(s.policyText(r)), &loose); err != nil {
		return policyDocument{}, invalid("Policy Error: null")
	}
	d := policyDocument{Version: loose.Version, ID: loose.ID}
	if err := json.Unmarshal(loose.Statement, &d.Statement); err != nil {
		d.Statement = []json.RawMessage{loose.Statement}
	}
	return d, nil
}

func labelled(d policyDocument, label string) int {
	return slices.IndexFunc(d.Statement, func(raw json.RawMessage) bool {
		var one struct{ Sid string }
		return json.Unmarshal(raw, &one) == nil && one.Sid == label
	})
}

// permitted are the actions that AddPermission takes.
var permitted = []string{
	"AddPermission", "DeleteTopic", "GetDataProtectionPolicy", "GetTopicAttributes", "ListSubscriptionsByTopic", "ListTagsForResource", "Publish",
	"PutDataProtectionPolicy", "RemovePermission", "SetTopicAttributes", "Subscribe",
}

func (s *Service) addPermission(c *gate.Call) (any, error) {
	label, accounts, actions := c.Form.Get("Label"), members(c, "AWSAccountId"), members(c, "ActionName")
	if label == "" || len(accounts) == 0 || len(actions) == 0 {
		return nil, invalid("Label, AWSAccountId and ActionName must be given")
	}
	var principals, named []string
	for _, account := range accounts {
		if _, err := strconv.ParseUint(account, 10, 64); err != nil || len(account) != 12 {
			return nil, invalid("Policy statement principal: %s", account)
		}
		principals = append(principals, "arn:aws:iam::"+account+":root")
	}
	for _, action := range actions {
		if !slices.Contains(permitted, action) {
			return nil, invalid("Policy statement action out of service scope!")
		}
		named = append(named, "SNS:"+action)
	}
	arn := c.Form.Get("TopicArn")
	return nil, s.changeTopic(arn, "TopicArn", func(r *record) error {
		d, err := s.readDocument(r)
		if err != nil {
			return err
		}
		if labelled(d, label) >= 0 {
			return invalid("Statement already exists")
		}
		raw, err := json.Marshal(map[string]any{"Sid": label, "Effect": "Allow", "Principal": map[string]any{"AWS": principals}, "Action": named, "Resource": arn})
		if err != nil {
			return err
		}
		d.Statement = append(d.Statement, raw)
		text, err := json.Marshal(d)
		r.Attributes["Policy"] = string(text)
		return err
	})
}

func (s *Service) removePermission(c *gate.Call) (any, error) {
	return nil, s.changeTopic(c.Form.Get("TopicArn"), "TopicArn", func(r *record) error {
		d, err := s.readDocument(r)
		if err != nil {
			return err
		}
		i := labelled(d, c.Form.Get("Label"))
		if i < 0 {
			return gate.Errorf("NotFound", "Statement not found").WithStatus(404)
		}
		if d.Statement = slices.Delete(d.Statement, i, i+1); len(d.Statement) == 0 {
			delete(r.Attributes, "Policy")
			return nil
		}
		text, err := json.Marshal(d)
		r.Attributes["Policy"] = string(text)
		return err
	})
}
