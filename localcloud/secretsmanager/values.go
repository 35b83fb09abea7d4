package secretsmanager

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/writ-dev/writ/localcloud/gate"
)

// given reads the value of a request; ok is false when it has none.
func (q *request) given() (v value, ok bool, err error) {
	switch {
	case q.SecretString != nil && q.SecretBinary != nil:
		return v, false, invalidParameter("You can't specify both a binary secret value and a string secret value in the same secret.")
	case q.SecretString == nil && q.SecretBinary == nil:
		return v, false, nil
	case q.SecretString != nil && len(*q.SecretString) > maxValue || len(q.SecretBinary) > maxValue:
		return v, false, gate.Errorf("ValidationException", "1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member must have length less than or equal to %d", maxValue)
	case q.SecretString != nil && *q.SecretString == "":
		return v, false, invalidParameter("You must provide either SecretString or SecretBinary.")
	}
	return value{q.SecretString, q.SecretBinary}, true, nil
}

// sealedOf names what a sealed value belongs to.
func sealedOf(arn, id string) string { return arn + " " + id }

// Unreadable names the secrets with a value that the key does not open.
func (s *Service) Unreadable() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var names []string
	for name, one := range s.secrets {
		for id := range one.record.Versions {
			if _, err := s.open(&one.record, id); err != nil {
				names = append(names, "the secret "+name)
				break
			}
		}
	}
	slices.Sort(names)
	return names
}

func (s *Service) open(r *record, id string) (value, error) {
	var v value
	text, err := s.sealer.Open(r.Versions[id].Sealed, sealedOf(r.ARN, id))
	if err != nil {
		return v, err
	}
	return v, json.Unmarshal(text, &v)
}

// add adds a version with stages. The token is its id: the same again with the
// same value is no error.
func (s *Service) add(r *record, q *request, v value, stages []string) (id string, err error) {
	if id = q.ClientRequestToken; id == "" {
		if id, err = s.uuid(); err != nil {
			return "", err
		}
	}
	if len(id) < 32 || len(id) > 64 {
		return "", gate.Errorf("ValidationException", "1 validation error detected: Value '%s' at 'clientRequestToken' failed to satisfy constraint: Member must have length between 32 and 64", id)
	}
	if len(stages) > 20 {
		return "", invalidParameter("A secret version can have at most 20 staging labels.")
	}
	if _, ok := r.Versions[id]; ok {
		have, err := s.open(r, id)
		if err != nil {
			return "", err
		}
		if !have.equal(v) {
			return "", gate.Errorf("ResourceExistsException", "You can't use ClientRequestToken %s because that value is already in use for a version of secret %s.", id, r.ARN)
		}
		return id, nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode a secret value: %w", err)
	}
	first := len(r.Versions) == 0
	r.Versions[id] = version{Created: s.cfg.Now(), Sealed: s.sealer.Seal(text, sealedOf(r.ARN, id))}
	for _, stage := range stages {
		r.move(stage, id)
	}
	if first {
		r.move(current, id)
	}
	r.Changed = s.cfg.Now()
	return id, nil
}

// versionAnswer answers calls that may make a version.
type versionAnswer struct {
	ARN           string
	Name          string
	VersionId     string   `json:",omitempty"`
	VersionStages []string `json:",omitempty"`
}

func (s *Service) createSecret(q *request) (any, error) {
	if len(q.AddReplicaRegions) > 0 {
		return nil, invalidParameter("The local cloud is one region: secrets are not replicated.")
	}
	v, given, err := q.given()
	if err != nil {
		return nil, err
	}
	s.changes.Lock()
	defer s.changes.Unlock()
	if have := s.find(q.Name); have != nil && have.record.Name == q.Name {
		if !have.record.Deleted.IsZero() {
			return nil, invalidRequest("You can't create this secret because a secret with this name is already scheduled for deletion.")
		}
		return nil, gate.Errorf("ResourceExistsException", "The operation failed because the secret %s already exists.", q.Name)
	}
	now := s.cfg.Now()
	r := record{
		Name: q.Name, ARN: q.arn, Description: q.Description, KmsKeyID: q.KmsKeyId, Created: now, Changed: now,
		Tags: map[string]string{}, Versions: map[string]version{},
	}
	if err := r.tag(q.Tags); err != nil {
		return nil, err
	}
	id := ""
	if given {
		if id, err = s.add(&r, q, v, []string{current}); err != nil {
			return nil, err
		}
	}
	return versionAnswer{ARN: r.ARN, Name: r.Name, VersionId: id}, s.save(r)
}

func (s *Service) putValue(q *request) (any, error) {
	v, given, err := q.given()
	if err != nil {
		return nil, err
	}
	if !given {
		return nil, invalidParameter("You must provide either SecretString or SecretBinary.")
	}
	stages := q.VersionStages
	if len(stages) == 0 {
		stages = []string{current}
	}
	id := ""
	r, err := s.change(q, false, func(r *record) (err error) {
		id, err = s.add(r, q, v, stages)
		return err
	})
	if err != nil {
		return nil, err
	}
	return versionAnswer{r.ARN, r.Name, id, r.Versions[id].Stages}, nil
}

func (s *Service) updateSecret(q *request) (any, error) {
	v, given, err := q.given()
	if err != nil {
		return nil, err
	}
	id := ""
	r, err := s.change(q, false, func(r *record) (err error) {
		if q.DescriptionGiven {
			r.Description = q.Description
		}
		if q.KmsKeyId != "" {
			r.KmsKeyID = q.KmsKeyId
		}
		r.Changed = s.cfg.Now()
		if given {
			id, err = s.add(r, q, v, []string{current})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return versionAnswer{ARN: r.ARN, Name: r.Name, VersionId: id}, nil
}

func (s *Service) getValue(q *request) (any, error) {
	found, err := s.need(q, false)
	if err != nil {
		return nil, err
	}
	r := &found.record
	id, stage := q.VersionId, q.VersionStage
	if id == "" && stage == "" {
		stage = current
	}
	if id == "" {
		if id = r.with(stage); id == "" {
			return nil, gate.Errorf("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: %s", stage)
		}
	}
	one, ok := r.Versions[id]
	if !ok {
		return nil, gate.Errorf("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for VersionId: %s", id)
	}
	if stage != "" && !slices.Contains(one.Stages, stage) {
		return nil, invalidRequest("You provided a VersionStage that is not associated to the provided VersionId.")
	}
	v, err := s.open(r, id)
	if err != nil {
		return nil, err
	}
	if today := s.cfg.Now().UTC().Truncate(24 * time.Hour); r.Accessed.Before(today) {
		// That it was read is worth no error.
		_, _ = s.change(q, false, func(r *record) error { r.Accessed = today; return nil })
	}
	return struct {
		ARN, Name, VersionId string
		SecretString         *string `json:",omitempty"`
		SecretBinary         []byte  `json:",omitempty"`
		VersionStages        []string
		CreatedDate          float64
	}{r.ARN, r.Name, id, v.Text, v.Binary, one.Stages, seconds(one.Created)}, nil
}

// moveStage is UpdateSecretVersionStage.
func (s *Service) moveStage(q *request) (any, error) {
	if q.VersionStage == "" {
		return nil, invalidParameter("You must provide a VersionStage.")
	}
	r, err := s.change(q, false, func(r *record) error {
		from := r.with(q.VersionStage)
		if q.RemoveFromVersionId != from && (q.RemoveFromVersionId != "" || from != "") {
			return invalidParameter("The parameter RemoveFromVersionId can't be empty. Staging label %s is currently attached to version %s, so you must explicitly reference that version in RemoveFromVersionId.", q.VersionStage, from)
		}
		if _, ok := r.Versions[q.MoveToVersionId]; q.MoveToVersionId != "" && !ok {
			return gate.Errorf("ResourceNotFoundException", "Secrets Manager can't find the specified secret version: %s", q.MoveToVersionId)
		}
		if q.MoveToVersionId == "" && q.VersionStage == current {
			return invalidParameter("You can only move staging label %s to a different secret version. It can't be completely removed.", current)
		}
		r.move(q.VersionStage, q.MoveToVersionId)
		r.Changed = s.cfg.Now()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return versionAnswer{ARN: r.ARN, Name: r.Name}, nil
}
