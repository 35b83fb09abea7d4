package dynamodb

import (
	"context"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/dynamodb/item"
	"github.com/writ-dev/writ/localcloud/gate"
)

const maxPolicy = 20 * 1024

// checkPolicy makes sure that a resource policy can be read.
func checkPolicy(text string) error {
	if len(text) > maxPolicy {
		return item.Error("Resource-based policy size has exceeded the maximum allowed size of 20 KB")
	}
	if _, err := iam.Load([]byte(text), iam.Origin{Type: iam.TypeResource}); err != nil {
		return invalidf("Invalid resource-based policy document: %v", err)
	}
	return nil
}

func policyNotFound(arn string) error {
	return gate.Errorf("PolicyNotFoundException", "Resource-based policy not found for the provided ResourceArn: %s", arn)
}

// putResourcePolicy is PutResourcePolicy.
type putResourcePolicy struct {
	ResourceArn        string
	Policy             string
	ExpectedRevisionId string
}

func (r *putResourcePolicy) prepare() error {
	var c constraints
	c.require(r.ResourceArn != "", nil, "resourceArn", ruleNotNull)
	c.require(r.Policy != "", nil, "policy", ruleNotNull)
	if err := c.err(); err != nil {
		return err
	}
	return checkPolicy(r.Policy)
}

func (r *putResourcePolicy) asks(s *Service) []gate.Ask {
	return []gate.Ask{s.ask(r.ResourceArn, access{operation: "PutResourcePolicy"})}
}

// policyOutput answers the calls on resource policies.
type policyOutput struct{ Policy, RevisionId string }

func (r *putResourcePolicy) run(_ context.Context, s *Service) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.byARN(r.ResourceArn)
	if err != nil {
		return nil, err
	}
	switch {
	case r.ExpectedRevisionId == "NO_POLICY" && t.Policy != "",
		r.ExpectedRevisionId != "" && r.ExpectedRevisionId != "NO_POLICY" && r.ExpectedRevisionId != t.Revision:
		return nil, policyNotFound(r.ResourceArn)
	}
	d := t.definition
	if d.Policy != r.Policy {
		d.Policy, d.Revision = r.Policy, newID()
		if _, err := s.save(d, nil); err != nil {
			return nil, err
		}
	}
	return policyOutput{RevisionId: d.Revision}, nil
}

// getResourcePolicy is GetResourcePolicy.
type getResourcePolicy struct{ ResourceArn string }

func (r *getResourcePolicy) prepare() error {
	var c constraints
	c.require(r.ResourceArn != "", nil, "resourceArn", ruleNotNull)
	return c.err()
}

func (r *getResourcePolicy) asks(s *Service) []gate.Ask {
	return []gate.Ask{s.ask(r.ResourceArn, access{operation: "GetResourcePolicy"})}
}

func (r *getResourcePolicy) run(_ context.Context, s *Service) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.byARN(r.ResourceArn)
	if err != nil {
		return nil, err
	}
	if t.Policy == "" {
		return nil, policyNotFound(r.ResourceArn)
	}
	return policyOutput{t.Policy, t.Revision}, nil
}

// deleteResourcePolicy is DeleteResourcePolicy.
type deleteResourcePolicy struct{ ResourceArn, ExpectedRevisionId string }

func (r *deleteResourcePolicy) prepare() error {
	var c constraints
	c.require(r.ResourceArn != "", nil, "resourceArn", ruleNotNull)
	return c.err()
}

func (r *deleteResourcePolicy) asks(s *Service) []gate.Ask {
	return []gate.Ask{s.ask(r.ResourceArn, access{operation: "DeleteResourcePolicy"})}
}

func (r *deleteResourcePolicy) run(_ context.Context, s *Service) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.byARN(r.ResourceArn)
	if err != nil {
		return nil, err
	}
	if r.ExpectedRevisionId != "" && r.ExpectedRevisionId != t.Revision {
		return nil, policyNotFound(r.ResourceArn)
	}
	if t.Policy == "" {
		return nothing{}, nil
	}
	d := t.definition
	d.Policy, d.Revision = "", ""
	_, err = s.save(d, nil)
	return policyOutput{RevisionId: t.Revision}, err
}
