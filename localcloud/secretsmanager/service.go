// Package secretsmanager is AWS Secrets Manager of the local cloud: secrets
// with versions and stages, sealed on disk, resource policies, and the full
// ARN with its random suffix in every question to IAM.
package secretsmanager

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/seal"
	"github.com/writ-dev/writ/localcloud/store"
)

// Config is what the service is made of. DB, Account, Region and Key are required.
type Config struct {
	DB              *store.DB
	Account, Region string
	// Key is the cloud's, which values are sealed with.
	Key  []byte
	Now  func() time.Time
	Rand io.Reader
}

// Service is Secrets Manager. It implements gate.Service.
type Service struct {
	cfg    Config
	ops    map[string]operation
	sealer *seal.Sealer

	// changes makes changes one at a time; mu guards the map.
	changes sync.Mutex
	mu      sync.RWMutex
	secrets map[string]*secret // by name
}

// operation is one row of the service.
type operation struct {
	asks func(*request) ([]gate.Ask, error)
	run  func(*request) (any, error)
}

// New reads the stored secrets and makes the service.
func New(cfg Config) (*Service, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	s := &Service{cfg: cfg, secrets: map[string]*secret{}}
	s.ops = s.operations()
	var err error
	if s.sealer, err = seal.New(cfg.Key, "secretsmanager"); err != nil {
		return nil, err
	}
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("read secrets: %w", err)
	}
	return s, nil
}

func (s *Service) operations() map[string]operation {
	on := s.onSecret
	return map[string]operation{
		"CreateSecret":             {s.askCreate, s.createSecret},
		"GetSecretValue":           {on("GetSecretValue"), s.getValue},
		"PutSecretValue":           {on("PutSecretValue"), s.putValue},
		"UpdateSecret":             {on("UpdateSecret"), s.updateSecret},
		"UpdateSecretVersionStage": {on("UpdateSecretVersionStage"), s.moveStage},
		"DeleteSecret":             {on("DeleteSecret"), s.deleteSecret},
		"RestoreSecret":            {on("RestoreSecret"), s.restoreSecret},
		"DescribeSecret":           {on("DescribeSecret"), s.describeSecret},
		"ListSecrets":              {anywhere("ListSecrets"), s.listSecrets},
		"ListSecretVersionIds":     {on("ListSecretVersionIds"), s.listVersions},
		"TagResource":              {on("TagResource"), s.tagResource},
		"UntagResource":            {on("UntagResource"), s.untagResource},
		"PutResourcePolicy":        {on("PutResourcePolicy"), s.putPolicy},
		"GetResourcePolicy":        {on("GetResourcePolicy"), s.getPolicy},
		"DeleteResourcePolicy":     {on("DeleteResourcePolicy"), s.deletePolicy},
		"GetRandomPassword":        {anywhere("GetRandomPassword"), s.getRandomPassword},
	}
}

type tag struct{ Key, Value string }

// request holds the members of all requests; each operation reads its own.
type request struct {
	operation string
	// arn is the one that a new secret gets.
	arn string

	SecretId, Name, Description, KmsKeyId, ClientRequestToken string
	DescriptionGiven                                          bool `json:"-"`
	SecretString                                              *string
	SecretBinary                                              []byte
	Tags                                                      []tag
	TagKeys                                                   []string
	VersionId, VersionStage                                   string
	VersionStages                                             []string
	MoveToVersionId, RemoveFromVersionId                      string
	RecoveryWindowInDays                                      *int
	ForceDeleteWithoutRecovery, BlockPublicPolicy             bool
	IncludePlannedDeletion, IncludeDeprecated                 bool
	ResourcePolicy                                            string
	Filters                                                   []filter
	SortOrder, NextToken                                      string
	MaxResults                                                *int
	AddReplicaRegions                                         []json.RawMessage

	PasswordRules
}

// Info describes the service to the gate.
func (s *Service) Info() gate.Info {
	return gate.Info{Name: "secretsmanager", Protocol: gate.JSON11, Target: "secretsmanager"}
}

// Describe gives what IAM has to decide.
func (s *Service) Describe(c *gate.Call) ([]gate.Ask, error) {
	o, ok := s.ops[c.Operation]
	if !ok {
		return nil, gate.UnknownOperation(s.Info(), c)
	}
	q := &request{operation: c.Operation}
	if len(c.Body) > 0 {
		if err := json.Unmarshal(c.Body, q); err != nil {
			return nil, gate.Errorf("SerializationException", "The request could not be read: %s", err)
		}
		var there struct{ Description *string }
		q.DescriptionGiven = json.Unmarshal(c.Body, &there) == nil && there.Description != nil
	}
	c.Input = q
	return o.asks(q)
}

// Handle does the call.
func (s *Service) Handle(_ context.Context, c *gate.Call) (*gate.Reply, error) {
	q, ok := c.Input.(*request)
	if !ok {
		return nil, fmt.Errorf("call of secretsmanager:%s was not described", c.Operation)
	}
	answer, err := s.ops[c.Operation].run(q)
	if err != nil {
		return nil, err
	}
	if answer == nil {
		answer = struct{}{}
	}
	body, err := json.Marshal(answer)
	if err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	return &gate.Reply{Body: body}, nil
}

func invalidParameter(format string, args ...any) *gate.Error {
	return gate.Errorf("InvalidParameterException", format, args...)
}

func invalidRequest(format string, args ...any) *gate.Error {
	return gate.Errorf("InvalidRequestException", format, args...)
}

func errNoSecret() *gate.Error {
	return gate.Errorf("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

func errDeleted() *gate.Error {
	return invalidRequest("You can't perform this operation on the secret because it was marked for deletion.")
}

func (s *Service) uuid() (string, error) {
	b := make([]byte, 16)
	if _, err := io.ReadFull(s.cfg.Rand, b); err != nil {
		return "", fmt.Errorf("read randomness: %w", err)
	}
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:], nil
}

// seconds is a time as the protocol has it.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
