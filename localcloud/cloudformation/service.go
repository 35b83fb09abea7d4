// Package cloudformation is AWS CloudFormation: stacks and change sets over
// the services of the local cloud.
//
// A stack's resources are made through the gate with the identity of whoever
// deploys it, by the types of package resource. The state of an operation is
// stored after every step; one that a crash cut short is brought to an end at
// the next start: a create or update is rolled back, a clean-up, rollback or
// delete is finished.
package cloudformation

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// Config is what the service is made of. DB, Do, Now and Rand are required.
type Config struct {
	DB              *store.DB
	Account, Region string
	Now             func() time.Time
	Log             *slog.Logger
	// Do makes the calls that make resources.
	Do gate.Doer
	// Rand is where ids and generated names come from.
	Rand io.Reader
	// SSM reads a parameter of the parameter store for a deployer; nil refuses
	// parameters of the types AWS::SSM::Parameter::Value<...>.
	SSM func(ctx context.Context, caller gate.Caller, name string) (string, error)
	// Parallel bounds how many resources are worked on at once; 0 means 8.
	Parallel int
}

// Service is CloudFormation. It implements gate.Service.
type Service struct {
	cfg    Config
	random sync.Mutex // Rand may not be safe for concurrent use
	resume sync.Once
	// running are the operations under way.
	running sync.WaitGroup
	mu      sync.Mutex // guards closed
	closed  bool
	ctx     context.Context
	stop    context.CancelFunc
}

// New makes the service. It reads and calls nothing yet; see [Service.Resume].
func New(cfg Config) *Service {
	if cfg.Parallel == 0 {
		cfg.Parallel = 8
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{cfg: cfg}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// closeWait is how long Close lets an operation finish before it interrupts
// it; the next start then brings it to an end.
const closeWait = 5 * time.Second

// Close waits for the operations under way and starts no new ones.
func (s *Service) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	done := make(chan struct{})
	go func() {
		s.running.Wait()
		close(done)
	}()
	timer := time.NewTimer(closeWait)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		s.stop()
		<-done
	}
	s.stop()
	return nil
}

// start runs an operation in the background.
func (s *Service) start(do func(context.Context)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return gate.Errorf("ServiceUnavailable", "the local cloud is stopping").WithStatus(503)
	}
	s.running.Go(func() { do(s.ctx) })
	return nil
}

// Info describes the service to the gate.
func (s *Service) Info() gate.Info {
	return gate.Info{
		Name: "cloudformation", Protocol: gate.Query, Version: "2010-05-15",
		XMLNamespace: "http://cloudformation.amazonaws.com/doc/2010-05-15/",
	}
}

// Describe asks for the action of the operation's own name on the stack
// (Service Authorization Reference, "AWS CloudFormation").
func (s *Service) Describe(c *gate.Call) ([]gate.Ask, error) {
	op, ok := operations[c.Operation]
	if !ok {
		return nil, gate.UnknownOperation(s.Info(), c)
	}
	ask := gate.Ask{Action: "cloudformation:" + c.Operation, Resource: "*", Context: iam.Context{}}
	for parameter, key := range contextKeys {
		if v := c.Form.Get(parameter); v != "" && slices.Contains(key.operations, c.Operation) {
			ask.Context["cloudformation:"+key.name] = iam.One(v)
		}
	}
	if slices.Contains(taggingOperations, c.Operation) {
		if err := tagContext(c, ask.Context); err != nil {
			return nil, err
		}
	}
	if !op.onStack {
		return []gate.Ask{ask}, nil
	}
	name := c.Form.Get("StackName")
	if name == "" && takesChangeSet(c.Operation) {
		name, _ = s.stackOfChangeSet(c.Form.Get("ChangeSetName"))
	}
	if name == "" {
		if c.Operation == "DescribeStacks" {
			ask.Resource = s.stackARN("*", "*")
		}
		return []gate.Ask{ask}, nil
	}
	stack, err := s.findStack(name)
	switch {
	case err != nil:
		return nil, err
	case stack != nil:
		ask.Resource, ask.ResourceTags = stack.ID, stack.Tags
	case isARN(name):
		ask.Resource = name
	default:
		ask.Resource = s.stackARN(name, "*")
	}
	return []gate.Ask{ask}, nil
}

// contextKeys are the parameters that policies may speak of, each with the
// operations that have it (Service Authorization Reference). With any other
// operation a caller could name there what its policy demands.
var contextKeys = map[string]struct {
	name       string
	operations []string
}{
	"TemplateURL":   {"templateurl", []string{"CreateStack", "UpdateStack", "CreateChangeSet", "ValidateTemplate", "GetTemplateSummary"}},
	"RoleARN":       {"rolearn", []string{"CreateStack", "UpdateStack", "CreateChangeSet", "DeleteStack", "RollbackStack", "ContinueUpdateRollback"}},
	"ChangeSetName": {"changesetname", []string{"CreateChangeSet", "DescribeChangeSet", "ExecuteChangeSet", "DeleteChangeSet"}},
}

// taggingOperations are those that set tags.
var taggingOperations = []string{"CreateStack", "UpdateStack", "CreateChangeSet"}

// takesChangeSet tells the operations that find their stack by a change set:
// to the others a change set's name says nothing of what they act on.
func takesChangeSet(operation string) bool {
	switch operation {
	case "DescribeChangeSet", "ExecuteChangeSet", "DeleteChangeSet", "GetTemplate":
		return true
	}
	return false
}

func tagContext(c *gate.Call, keys iam.Context) error {
	list, err := tagsOf(c)
	if err != nil || len(list) == 0 {
		return err
	}
	var names []string
	for key, value := range list {
		names = append(names, key)
		keys["aws:requesttag/"+lower(key)] = iam.One(value)
	}
	keys["aws:tagkeys"] = iam.Many(names...)
	return nil
}

// Handle does a call.
func (s *Service) Handle(ctx context.Context, c *gate.Call) (*gate.Reply, error) {
	s.Resume()
	op, ok := operations[c.Operation]
	if !ok {
		return nil, gate.UnknownOperation(s.Info(), c)
	}
	result, err := op.handle(s, ctx, c)
	if err != nil {
		return nil, apiError(err)
	}
	return gate.XMLReply(s.Info(), c, result)
}

func (s *Service) stackARN(name, id string) string {
	return "arn:aws:cloudformation:" + s.cfg.Region + ":" + s.cfg.Account + ":stack/" + name + "/" + id
}

func (s *Service) randomBytes(n int) []byte {
	s.random.Lock()
	defer s.random.Unlock()
	b := make([]byte, n)
	if _, err := io.ReadFull(s.cfg.Rand, b); err != nil {
		panic("cloudformation: the source of randomness failed: " + err.Error())
	}
	return b
}

func (s *Service) newUUID() string {
	b := s.randomBytes(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// randomText gives n letters and digits, as generated names end with.
func (s *Service) randomText(n int) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	b := s.randomBytes(n)
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return string(b)
}
