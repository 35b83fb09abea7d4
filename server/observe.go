package server

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
)

// DecisionLog says which decisions are logged and what of them. Denials and errors
// always are; attributes never, unless they are shown by name.
type DecisionLog struct {
	// Logger takes one line for each; nil: none.
	Logger *slog.Logger
	// AllowsOneIn logs one allow in so many; 0 and 1: all.
	AllowsOneIn int
	// Show names properties and context values that are logged as they are; of others only the name is.
	Show []string
}

// Answer is a decision that was made for a caller.
type Answer struct {
	Query    *authz.Query
	Decision writ.Decision
	Err      error
	// Start is when the engine was asked.
	Start time.Time
	// Snapshot is what was asked. The log of a denial without reasons asks it for some; nil: it goes without.
	Snapshot *authz.Snapshot
}

// Observe counts a decision and logs it. Protocols call it for each decision that they hand out.
func Observe(ctx context.Context, a *Answer) {
	x := exchangeOf(ctx)
	if x == nil || x.caller == nil {
		return
	}
	s := x.server
	outcome := "deny"
	switch {
	case a.Err != nil:
		outcome = "error"
	case a.Decision.Allowed:
		outcome = "allow"
	}
	took := s.config.Now().Sub(a.Start)
	s.metrics.check(checkLabels{x.protocol.Name, x.caller.Project, x.caller.Env, outcome}, took)
	log := &s.config.Decisions
	if log.Logger == nil {
		return
	}
	if outcome == "allow" && log.AllowsOneIn > 1 && s.metrics.allows.Add(1)%uint64(log.AllowsOneIn) != 1 {
		return
	}
	s.logDecision(ctx, x, a, outcome, took)
}

func (s *Server) logDecision(ctx context.Context, x *exchange, a *Answer, outcome string, took time.Duration) {
	q := a.Query
	attrs := make([]slog.Attr, 0, 20)
	attrs = append(attrs,
		slog.String("request_id", x.id), slog.String("protocol", x.protocol.Name),
		slog.String("environment", x.caller.Project+"/"+x.caller.Env), slog.String("key", x.caller.Key.ID),
		slog.String("subject", clip(q.Subject.Type+":"+q.Subject.ID)), slog.String("action", clip(q.Action.Name)),
		slog.String("resource", clip(q.Resource.Type+":"+q.Resource.ID)), slog.String("decision", outcome),
	)
	if q.Tenant != "" {
		attrs = append(attrs, slog.String("tenant", clip(q.Tenant)))
	}
	if why := a.firstReason(outcome); why != nil {
		if why.Rule != "" {
			attrs = append(attrs, slog.String("rule", clip(why.Rule)))
		}
		if outcome == "deny" {
			attrs = append(attrs, slog.String("reason", clip(withoutValues(why.Message))))
		}
	}
	if a.Err != nil {
		attrs = append(attrs, slog.String("error", clip(a.Err.Error())))
	}
	attrs = append(attrs, slog.String("revision", a.Decision.Revision), slog.Int64("duration_ns", int64(took)))
	for _, group := range []struct {
		name   string
		values map[string]any
	}{{"subject_properties", q.Subject.Properties}, {"action_properties", q.Action.Properties}, {"resource_properties", q.Resource.Properties}, {"context", q.Context}} {
		if len(group.values) > 0 {
			attrs = append(attrs, slog.Any(group.name, s.redacted(group.values)))
		}
	}
	record := slog.NewRecord(s.config.Now(), slog.LevelInfo, "decision", 0)
	record.AddAttrs(attrs...)
	// By its handler, since a Logger says nothing of a disk that is full.
	if err := s.config.Decisions.Logger.Handler().Handle(ctx, record); err != nil && s.metrics.unlogged.Add(1)%1000 == 1 {
		s.log.Error("decision not logged", "request_id", x.id, "failures", s.metrics.unlogged.Load(), "error", err.Error())
	}
}

// firstReason is why it was decided so: for a denial always, else where reasons were made.
func (a *Answer) firstReason(outcome string) *writ.Reason {
	reasons := a.Decision.Reasons
	if len(reasons) == 0 && outcome == "deny" && a.Snapshot != nil {
		if again, err := a.Snapshot.Check(a.Query); err == nil && !again.Allowed {
			reasons = again.Reasons
		}
	}
	if len(reasons) == 0 {
		return nil
	}
	return &reasons[0]
}

// What the engine says before it tells what a condition saw: of the sentences that come after these words some have
// attributes, of the request or stored ones, and the log has none that is not shown by name.
var beforeValues = [...]string{" holds", " does not hold", " has no answer", " denies it:", " does not count"}

// withoutValues ends a reason's message where it would begin to tell values of attributes. An ID that has such
// words in it ends it earlier, never later.
func withoutValues(message string) string {
	end := len(message)
	for _, words := range beforeValues {
		if at := strings.Index(message, words); at >= 0 {
			end = min(end, at+len(strings.TrimSuffix(words, ":")))
		}
	}
	return message[:end]
}

// redacted keeps the names of values, 32 of them at most, and the values that the log may show.
func (s *Server) redacted(values map[string]any) map[string]any {
	const most = 32
	out := make(map[string]any, min(len(values), most))
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names[:min(len(names), most)] {
		out[clip(name)] = "***"
		if !slices.Contains(s.config.Decisions.Show, name) {
			continue
		}
		switch v := values[name].(type) {
		case string:
			out[clip(name)] = clip(v)
		case bool, float64, nil:
			out[clip(name)] = v
		}
	}
	return out
}

// Write makes one write in the caller's name, and counts it.
func (c *Caller) Write(ctx context.Context, kind, subject string, plan func(*environment.State) ([]authz.Change, error)) (*environment.State, error) {
	x := exchangeOf(ctx)
	state, err := c.Environment.Write(ctx, environment.Write{Actor: c.Actor(), Kind: kind, Subject: subject, Plan: plan})
	if x != nil {
		outcome := "ok"
		if err != nil {
			outcome = string(writ.CodeOf(err))
		}
		x.server.metrics.write(writeLabels{x.protocol.Name, c.Project, c.Env, outcome})
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return state, &StatusError{Status: 504, Err: writ.Errorf(writ.CodeExternal, "the write took too long; it may still be made")}
	}
	return state, err
}
