// Package apigateway is Amazon API Gateway: the control planes of REST APIs (v1)
// and of HTTP APIs (v2), and the front that serves what they deploy.
//
// A function is invoked through the gate as apigateway.amazonaws.com with the
// route's ARN as source, so that the function's own policy decides; a service
// that a route calls without a function, as the role of the integration.
package apigateway

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/apigateway/authorize"
	"github.com/writ-dev/writ/localcloud/apigateway/front"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// Config is what the service is made of.
type Config struct {
	DB              *store.DB
	Account, Region string
	Now             func() time.Time
	Log             *slog.Logger
	// Do makes calls to other services through the gate.
	Do gate.Doer
	// Roles takes on the roles of integrations that call services without a
	// function; without it such routes answer 500.
	Roles front.Roles
	// Rand is where ids come from; crypto/rand.Reader outside tests.
	Rand io.Reader
	// Unnamed says of an API's tags whether it answers requests that name no
	// API; nil lets all. The others answer to their name alone.
	Unnamed func(tags map[string]string) bool
	// Issuers maps issuers of tokens to the URLs that stand in for them, such as
	// a user pool's to one of this machine: its discovery document and keys are
	// asked for there.
	Issuers map[string]string
}

// Service is API Gateway. It implements gate.Service.
type Service struct {
	cfg Config
	// table is what the front serves; it is made anew after every change.
	table atomic.Pointer[front.Table]
	// answers are what authorizers said; they are lost with the process.
	answers authorize.Cache
	tokens  *tokens
	change  sync.Mutex // held from a change until the table shows it
	random  sync.Mutex // Rand may not be safe for concurrent use
}

// New reads the APIs from the store and makes the service.
func New(cfg Config) (*Service, error) {
	s := &Service{cfg: cfg, tokens: newTokens(cfg.Now, cfg.Issuers)}
	if err := s.refresh(); err != nil {
		return nil, err
	}
	return s, nil
}

// Info describes the service to the gate.
func (s *Service) Info() gate.Info {
	return gate.Info{Name: "apigateway", Protocol: gate.RESTJSON, Route: route}
}

// Describe asks for apigateway:METHOD on the path of the call, as AWS does
// (Service Authorization Reference, "Amazon API Gateway Management"), and for
// iam:PassRole where the call names a role.
func (s *Service) Describe(c *gate.Call) ([]gate.Ask, error) {
	req, err := s.find(c)
	if err != nil {
		return nil, err
	}
	c.Input = req
	ask := gate.Ask{
		Action:   "apigateway:" + c.Method,
		Resource: "arn:aws:apigateway:" + s.cfg.Region + "::" + req.arnPath,
		Context:  iam.Context{},
	}
	if ask.ResourceTags, err = s.tagsOf(req); err != nil {
		return nil, err
	}
	if removed := c.Query["tagKeys"]; len(removed) > 0 {
		ask.Context["aws:tagkeys"] = iam.Many(removed...)
	}
	var body struct {
		Tags map[string]string `json:"tags"`
	}
	if len(c.Body) > 0 && json.Unmarshal(c.Body, &body) == nil && len(body.Tags) > 0 {
		var keys []string
		for k, v := range body.Tags {
			keys = append(keys, k)
			ask.Context["aws:requesttag/"+iam.Key(k)] = iam.One(v)
		}
		ask.Context["aws:tagkeys"] = iam.Many(keys...)
	}
	return append([]gate.Ask{ask}, s.askPassRole(req)...), nil
}

// Handle does a call.
func (s *Service) Handle(_ context.Context, c *gate.Call) (*gate.Reply, error) {
	req, ok := c.Input.(*request)
	if !ok {
		var err error
		if req, err = s.find(c); err != nil {
			return nil, err
		}
	}
	if c.Method != http.MethodGet {
		s.change.Lock()
		defer s.change.Unlock()
	}
	body, err := req.op.handle(s, req)
	if err != nil {
		return nil, err
	}
	if c.Method != http.MethodGet {
		if err := s.refresh(); err != nil {
			return nil, err
		}
	}
	if req.flush != nil { // once no new request meets what was before
		s.answers.Flush(*req.flush)
	}
	reply := &gate.Reply{Status: req.op.status, Header: http.Header{}}
	if body != nil {
		reply.Header.Set("Content-Type", "application/json")
		if reply.Body, err = json.Marshal(body); err != nil {
			return nil, fmt.Errorf("encode the answer of %s: %w", req.op.name, err)
		}
	}
	return reply, nil
}

// Front gives the handler that serves the deployed APIs.
func (s *Service) Front() http.Handler {
	return &front.Handler{
		Account: s.cfg.Account, Region: s.cfg.Region, Table: s.table.Load, Do: s.cfg.Do, Roles: s.cfg.Roles, Now: s.cfg.Now,
		Answers: &s.answers, Tokens: s.tokens,
		Log: s.cfg.Log, NewRequestID: s.newUUID, NewExtendedID: s.newExtendedID,
	}
}

const lowerAlphanumeric = "abcdefghijklmnopqrstuvwxyz0123456789"

// newID makes an id of n lower-case letters and digits.
func (s *Service) newID(n int) string {
	id := s.randomBytes(n)
	for i, b := range id {
		id[i] = lowerAlphanumeric[int(b)%len(lowerAlphanumeric)]
	}
	return string(id)
}

func (s *Service) newUUID() string {
	b := s.randomBytes(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// newExtendedID makes an id in the shape of x-amz-apigw-id.
func (s *Service) newExtendedID() string {
	return base64.StdEncoding.EncodeToString(s.randomBytes(11))
}

// randomBytes reads from the configured source, which does not fail.
func (s *Service) randomBytes(n int) []byte {
	s.random.Lock()
	defer s.random.Unlock()
	b := make([]byte, n)
	if _, err := io.ReadFull(s.cfg.Rand, b); err != nil {
		panic("apigateway: the source of randomness failed: " + err.Error())
	}
	return b
}
