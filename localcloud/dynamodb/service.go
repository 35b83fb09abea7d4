// Package dynamodb is Amazon DynamoDB for the local cloud: tables, items,
// queries, transactions and the whole expression language, kept in
// [store.DB] and answered in AWS's words.
//
// What differs from AWS, on purpose: a new table or index is ACTIVE at once
// (a backfill happens within the call), reads are always consistent, capacity
// is counted but never refused, and items whose time to live is over are
// removed by [Service.Sweep] within seconds rather than days. Streams can be
// declared on a table but hold no records.
package dynamodb

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/writ-dev/writ/localcloud/dynamodb/wire"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// Config is what the service is made of.
type Config struct {
	DB      *store.DB
	Account string
	Region  string
	// Now is the clock for times to live, idempotency tokens and creation times.
	Now func() time.Time
	// Log may be nil.
	Log *slog.Logger
}

// Service is DynamoDB. It implements [gate.Service].
type Service struct {
	cfg Config
	// mu is held for reading by every call on items, for writing by those that
	// change tables, so that no item is written to a table that is going away
	// or misses an index that is being built.
	mu     sync.RWMutex
	tables map[string]*table
	// swept is when the times to live were last looked at, in Unix nanoseconds.
	swept atomic.Int64
}

// New makes the service and reads its tables from the store.
func New(cfg Config) (*Service, error) {
	s := &Service{cfg: cfg, tables: map[string]*table{}}
	if s.cfg.Log == nil {
		s.cfg.Log = slog.New(slog.DiscardHandler)
	}
	err := cfg.DB.View(func(tx *store.Tx) error {
		b, err := tx.Bucket(bucketTables...)
		if err != nil {
			return err
		}
		c := b.Cursor()
		for k, _ := c.First(); k != nil; k, _ = c.Next() {
			var d definition
			if _, err := b.GetJSON(string(k), &d); err != nil {
				return err
			}
			t, err := s.newTable(d)
			if err != nil {
				return err
			}
			s.tables[d.Name] = t
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the DynamoDB tables: %w", err)
	}
	return s, nil
}

// Info tells the gate how the service speaks.
func (s *Service) Info() gate.Info {
	return gate.Info{
		Name: "dynamodb", Protocol: gate.JSON10, Target: "DynamoDB_20120810",
		ErrorPrefix: "com.amazonaws.dynamodb.v20120810#",
	}
}

// request is one decoded call of one operation.
type request interface {
	// prepare checks what can be checked without a table.
	prepare() error
	// asks says what IAM decides, with s.mu held for reading.
	asks(s *Service) []gate.Ask
	// run does it and gives what [wire.Marshal] writes.
	run(ctx context.Context, s *Service) (any, error)
}

// operations makes the request of each operation.
var operations = map[string]func() request{
	"CreateTable":                 func() request { return &createTable{} },
	"DescribeTable":               func() request { return &describeTable{} },
	"DeleteTable":                 func() request { return &deleteTable{} },
	"ListTables":                  func() request { return &listTables{} },
	"UpdateTable":                 func() request { return &updateTable{} },
	"PutItem":                     func() request { return &putItem{} },
	"GetItem":                     func() request { return &getItem{} },
	"UpdateItem":                  func() request { return &updateItem{} },
	"DeleteItem":                  func() request { return &deleteItem{} },
	"Query":                       func() request { return &query{} },
	"Scan":                        func() request { return &scan{} },
	"BatchGetItem":                func() request { return &batchGetItem{} },
	"BatchWriteItem":              func() request { return &batchWriteItem{} },
	"TransactGetItems":            func() request { return &transactGetItems{} },
	"TransactWriteItems":          func() request { return &transactWriteItems{} },
	"DescribeTimeToLive":          func() request { return &describeTimeToLive{} },
	"UpdateTimeToLive":            func() request { return &updateTimeToLive{} },
	"TagResource":                 func() request { return &tagResource{} },
	"UntagResource":               func() request { return &untagResource{} },
	"ListTagsOfResource":          func() request { return &listTags{} },
	"DescribeEndpoints":           func() request { return &describeEndpoints{} },
	"DescribeLimits":              func() request { return &describeLimits{} },
	"PutResourcePolicy":           func() request { return &putResourcePolicy{} },
	"GetResourcePolicy":           func() request { return &getResourcePolicy{} },
	"DeleteResourcePolicy":        func() request { return &deleteResourcePolicy{} },
	"DescribeContinuousBackups":   func() request { return &describeContinuousBackups{} },
	"DescribeContributorInsights": func() request { return &describeContributorInsights{} },
}

// Describe decodes the call and says what IAM has to decide.
func (s *Service) Describe(c *gate.Call) ([]gate.Ask, error) {
	r, err := decode(c)
	if err != nil {
		return nil, apiError(err)
	}
	c.Input = r
	s.mu.RLock()
	defer s.mu.RUnlock()
	return r.asks(s), nil
}

func decode(c *gate.Call) (request, error) {
	make, ok := operations[c.Operation]
	if !ok {
		e := gate.UnknownOperation((&Service{}).Info(), c)
		e.Code = "com.amazon.coral.service#" + e.Code
		return nil, e
	}
	r := make()
	body := c.Body
	if len(body) == 0 {
		body = []byte("{}")
	}
	if err := wire.Unmarshal(body, r); err != nil {
		return nil, err
	}
	return r, r.prepare()
}

// Handle does the call.
func (s *Service) Handle(ctx context.Context, c *gate.Call) (*gate.Reply, error) {
	r, ok := c.Input.(request)
	if !ok {
		var err error
		if r, err = decode(c); err != nil {
			return nil, apiError(err)
		}
	}
	if err := s.sweepIfDue(ctx); err != nil {
		return nil, apiError(err)
	}
	out, err := r.run(ctx, s)
	if err != nil {
		return nil, apiError(err)
	}
	body, err := wire.Marshal(out)
	if err != nil {
		return nil, err
	}
	return &gate.Reply{Body: body}, nil
}
