package lambda

import (
	"context"

	"github.com/writ-dev/writ/localcloud/gate"
)

// The account's concurrency and the part that must stay unreserved, AWS's defaults.
const (
	accountConcurrency    = 1000
	unreservedConcurrency = 100
)

type concurrencyRequest struct {
	ReservedConcurrentExecutions *int
}

func (s *Service) putConcurrency(_ context.Context, _ *gate.Call, in *input) (*gate.Reply, error) {
	want := in.body.(*concurrencyRequest).ReservedConcurrentExecutions
	switch {
	case want == nil:
		return nil, missing("reservedConcurrentExecutions")
	case *want < 0:
		return nil, constraint("reservedConcurrentExecutions", itoa(*want), "Member must have value greater than or equal to 0")
	}
	_, err := s.change(in, "", func(r *Record) error {
		others := 0
		s.mu.RLock()
		for name, fn := range s.functions {
			if name != r.Name && fn.record.Reserved != nil {
				others += *fn.record.Reserved
			}
		}
		s.mu.RUnlock()
		if others+*want > accountConcurrency-unreservedConcurrency {
			return invalid("Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", unreservedConcurrency)
		}
		r.Reserved = want
		return nil
	})
	if err != nil {
		return nil, err
	}
	return reply(200, map[string]int{"ReservedConcurrentExecutions": *want})
}

func (s *Service) getConcurrency(_ context.Context, _ *gate.Call, in *input) (*gate.Reply, error) {
	fn, err := s.needLatest(in)
	if err != nil {
		return nil, err
	}
	answer := map[string]int{}
	if fn.record.Reserved != nil {
		answer["ReservedConcurrentExecutions"] = *fn.record.Reserved
	}
	return reply(200, answer)
}

func (s *Service) deleteConcurrency(_ context.Context, _ *gate.Call, in *input) (*gate.Reply, error) {
	_, err := s.change(in, "", func(r *Record) error {
		r.Reserved = nil
		return nil
	})
	if err != nil {
		return nil, err
	}
	return reply(204, nil)
}

// enter counts an invocation in, or says that the function is throttled. The
// versions of a function count for themselves; only $LATEST has a reservation.
func (fn *function) enter() *gate.Error {
	n := fn.running.Add(1)
	if r := fn.record.Reserved; r != nil && n > int64(*r) {
		fn.running.Add(-1)
		return throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
	}
	return nil
}

func (fn *function) leave() { fn.running.Add(-1) }

func throttled(reason string) *gate.Error {
	e := failure(429, "TooManyRequestsException", "Rate Exceeded.")
	e.Fields["Reason"] = reason
	return e
}
