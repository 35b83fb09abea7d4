package logs

import (
	"encoding/json"
	"fmt"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// The bounds of "CloudWatch Logs quotas".
const (
	maxPolicies  = 10
	maxPolicyDoc = 5120
)

// policyRecord is a resource policy of the account, with which services are
// let in.
type policyRecord struct {
	Name     string `json:"policyName"`
	Document string `json:"policyDocument"`
	Updated  int64  `json:"lastUpdatedTime"`
}

func anywhere(action string) func(*request) ([]gate.Ask, error) {
	return func(*request) ([]gate.Ask, error) {
		return []gate.Ask{{Action: "logs:" + action, Resource: "*"}}, nil
	}
}

// loadPolicies reads the stored policies.
func (s *Service) loadPolicies() (list []policyRecord, err error) {
	err = s.cfg.DB.View(func(tx *store.Tx) error {
		list = nil
		b, err := tx.Bucket("logs", "policies")
		if err != nil {
			return err
		}
		c := b.Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			var p policyRecord
			if err := json.Unmarshal(v, &p); err != nil {
				return fmt.Errorf("decode resource policy %s: %w", k, err)
			}
			list = append(list, p)
		}
		return nil
	})
	return list, err
}

// policy gives all resource policies as one, nil for none. A policy that cannot
// be read denies.
func (s *Service) policy() (*iam.Policy, error) {
	list, err := s.loadPolicies()
	if err != nil || len(list) == 0 {
		return nil, err
	}
	var all []json.RawMessage
	for _, p := range list {
		var doc struct{ Statement json.RawMessage }
		if err := json.Unmarshal([]byte(p.Document), &doc); err != nil {
			return nil, err
		}
		var statements []json.RawMessage
		if json.Unmarshal(doc.Statement, &statements) != nil {
			statements = []json.RawMessage{doc.Statement}
		}
		all = append(all, statements...)
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": all})
	if err != nil {
		return nil, err
	}
	return iam.Load(text, iam.Origin{Type: iam.TypeResource, Name: "resource policies of CloudWatch Logs"})
}

func (s *Service) putPolicy(_ *gate.Call, q *request) (any, error) {
	if q.PolicyName == "" || len(q.PolicyName) > 512 || q.PolicyDocument == "" || len(q.PolicyDocument) > maxPolicyDoc {
		return nil, invalid("policyName and policyDocument must be given, of at most 512 and %d characters", maxPolicyDoc)
	}
	if _, err := iam.Load([]byte(q.PolicyDocument), iam.Origin{Type: iam.TypeResource}); err != nil {
		return nil, invalid("Policy document is malformed: %s", err)
	}
	p := policyRecord{q.PolicyName, q.PolicyDocument, s.cfg.Now().UnixMilli()}
	list, err := s.loadPolicies()
	if err != nil {
		return nil, err
	}
	for _, other := range list {
		if other.Name == p.Name {
			list = nil
		}
	}
	if len(list) >= maxPolicies {
		return nil, gate.Errorf("LimitExceededException", "Resource limit exceeded.")
	}
	err = s.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := tx.Bucket("logs", "policies")
		if err != nil {
			return err
		}
		return b.PutJSON(p.Name, p)
	})
	return map[string]any{"resourcePolicy": p}, err
}

func (s *Service) deletePolicy(_ *gate.Call, q *request) (any, error) {
	return nil, s.cfg.DB.Update(func(tx *store.Tx) error {
		b, err := tx.Bucket("logs", "policies")
		if err != nil {
			return err
		}
		if q.PolicyName == "" || b.Get([]byte(q.PolicyName)) == nil {
			return gate.Errorf("ResourceNotFoundException", "Policy with name [%s] does not exist.", q.PolicyName)
		}
		return b.Delete([]byte(q.PolicyName))
	})
}

func (s *Service) describePolicies(*gate.Call, *request) (any, error) {
	list, err := s.loadPolicies()
	return map[string]any{"resourcePolicies": append([]policyRecord{}, list...)}, err
}
