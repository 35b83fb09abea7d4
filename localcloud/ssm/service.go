// Package ssm is the Parameter Store of AWS Systems Manager in the local
// cloud: parameters with versions, paths, types and tags. SecureStrings are
// sealed on disk with the cloud's key; there is no KMS, and so kms:Decrypt is
// not asked for.
package ssm

import (
	"context"
	"encoding/json"
	"fmt"
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
	// Key is the cloud's, which SecureStrings are sealed with.
	Key []byte
	Now func() time.Time
}

// Service is the Parameter Store. It implements gate.Service.
type Service struct {
	cfg    Config
	ops    map[string]operation
	sealer *seal.Sealer

	// changes makes changes one at a time; mu guards the map.
	changes    sync.Mutex
	mu         sync.RWMutex
	parameters map[string]*record // by name; replaced as a whole
}

// operation is one row of the service.
type operation struct {
	asks func(*request) ([]gate.Ask, error)
	run  func(*gate.Call, *request) (any, error)
}

// New reads the stored parameters and makes the service.
func New(cfg Config) (*Service, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Service{cfg: cfg, parameters: map[string]*record{}}
	s.ops = s.operations()
	var err error
	if s.sealer, err = seal.New(cfg.Key, "ssm"); err != nil {
		return nil, err
	}
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("read parameters: %w", err)
	}
	return s, nil
}

func (s *Service) operations() map[string]operation {
	return map[string]operation{
		"PutParameter":           {s.askPut, s.putParameter},
		"GetParameter":           {s.onName("GetParameter"), s.getParameter},
		"GetParameters":          {s.onNames("GetParameters"), s.getParameters},
		"GetParametersByPath":    {s.askPath, s.getByPath},
		"GetParameterHistory":    {s.onName("GetParameterHistory"), s.getHistory},
		"DescribeParameters":     {askAll, s.describeParameters},
		"DeleteParameter":        {s.onName("DeleteParameter"), s.deleteParameter},
		"DeleteParameters":       {s.onNames("DeleteParameters"), s.deleteParameters},
		"AddTagsToResource":      {s.askAddTags, s.addTags},
		"RemoveTagsFromResource": {s.askRemoveTags, s.removeTags},
		"ListTagsForResource":    {s.askListTags, s.listTags},
	}
}

type tag struct{ Key, Value string }

// condition is one of ParameterFilters.
type condition struct {
	Key, Option string
	Values      []string
}

// request holds the members of all requests; each operation reads its own.
type request struct {
	Name, Value, Type, Description, KeyId, AllowedPattern, Tier, DataType, Policies string
	Names                                                                           []string
	Overwrite, WithDecryption, Recursive                                            bool
	Path, NextToken                                                                 string
	MaxResults                                                                      *int
	ParameterFilters                                                                []condition
	Filters                                                                         []condition
	Tags                                                                            []tag
	TagKeys                                                                         []string
	ResourceType, ResourceId                                                        string
}

// Info describes the service to the gate.
func (s *Service) Info() gate.Info {
	return gate.Info{Name: "ssm", Protocol: gate.JSON11, Target: "AmazonSSM"}
}

// Describe gives what IAM has to decide.
func (s *Service) Describe(c *gate.Call) ([]gate.Ask, error) {
	o, ok := s.ops[c.Operation]
	if !ok {
		return nil, gate.UnknownOperation(s.Info(), c)
	}
	q := &request{}
	if len(c.Body) > 0 {
		if err := json.Unmarshal(c.Body, q); err != nil {
			return nil, gate.Errorf("SerializationException", "The request could not be read: %s", err)
		}
	}
	c.Input = q
	return o.asks(q)
}

// Handle does the call.
func (s *Service) Handle(_ context.Context, c *gate.Call) (*gate.Reply, error) {
	q, ok := c.Input.(*request)
	if !ok {
		return nil, fmt.Errorf("call of ssm:%s was not described", c.Operation)
	}
	answer, err := s.ops[c.Operation].run(c, q)
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

func invalid(format string, args ...any) *gate.Error {
	return gate.Errorf("ValidationException", format, args...)
}

func missing(member string) *gate.Error {
	return invalid("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", member)
}

func errNoParameter(name string) *gate.Error {
	return gate.Errorf("ParameterNotFound", "Parameter %s not found.", name)
}

// seconds is a time as the protocol has it.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
