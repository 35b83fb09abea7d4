package gateway

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// mostLogged is how many reasons a line of the log has.
const mostLogged = 3

// The bounds of what a line says of a group: routes, and bytes of the reason of each. A line stays far below the 256 KB of CloudWatch.
const (
	mostRoutesLogged = 200
	mostReasonLogged = 200
)

// keptVerdict is what a kept answer says of a route. The reason is that of a denial, empty where the line itself has it.
type keptVerdict struct {
	Route   string `json:"route"`
	Allowed bool   `json:"allowed"`
	Reason  string `json:"reason,omitempty"`
}

// keptVerdicts says what the answer will mean for all requests that it may be kept for, since the function does not hear of
// those; left is how many routes are not listed.
func (a *Authorizer) keptVerdicts(o *outcome) (list []keptVerdict, left int) {
	routes := []*route{o.route}
	if g := a.groups[o.route.Group]; o.group != nil || g.uniform() && !slices.Contains(o.call.Sources, o.route.key()) {
		routes = g.routes
	}
	left = max(len(routes)-mostRoutesLogged, 0)
	for _, r := range routes[:len(routes)-left] {
		one := keptVerdict{Route: r.name(), Allowed: o.allowed}
		if o.group != nil {
			one.Allowed = o.verdicts[r.ask.words]
		}
		if o.group != nil && !one.Allowed && o.denied == "" && o.unauthorized == nil {
			one.Reason = clip(o.because[r.ask.words])
			if r.ask.nothing {
				one.Reason = "it asks nothing yet"
			}
		}
		list = append(list, one)
	}
	return list, left
}

// clip bounds a reason.
func clip(text string) string {
	if len(text) <= mostReasonLogged {
		return text
	}
	return strings.ToValidUTF8(text[:mostReasonLogged], "") + cut
}

// log writes the line of a decision. No part of it is secret: what proves the caller stands in none.
func (a *Authorizer) log(ctx context.Context, o *outcome, started time.Time, answered error) {
	level, message := slog.LevelInfo, "allowed"
	attrs := []slog.Attr{
		slog.String("decision_id", o.id), slog.Bool("allowed", o.allowed), slog.String("form", o.call.Form.String()),
		slog.Float64("took_ms", float64(a.d.Now().Sub(started).Microseconds())/1000),
	}
	switch {
	case o.failure != nil:
		level, message = slog.LevelError, "no decision"
		attrs = append(attrs, slog.String("error", o.failure.Error()))
	case o.unauthorized != nil:
		level, message = slog.LevelWarn, "the caller is not known"
		attrs = append(attrs, slog.String("error", o.unauthorized.Error()))
	case answered != nil:
		level, message = slog.LevelError, "no answer"
		attrs = append(attrs, slog.String("error", answered.Error()))
	case !o.allowed:
		level, message = slog.LevelWarn, "denied"
	}
	if !a.d.Log.Enabled(ctx, level) {
		return
	}
	add := func(name, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(name, value))
		}
	}
	add("request_id", o.call.RequestID)
	if o.subject.ID != "" {
		add("subject", o.subject.Type+":"+o.subject.ID)
	}
	if o.route != nil {
		add("route", o.route.name())
	} else {
		add("path", o.call.Method+" "+o.call.Path)
	}
	if q := o.question; q != nil {
		add("action", q.Action.Name)
		add("resource", resourceName(q.Resource.Type, q.Resource.ID))
	}
	add("tenant", o.tenant)
	add("revision", o.revision)
	if o.kept() && o.route != nil {
		attrs = append(attrs, slog.Int("group", o.route.Group))
		if o.failure == nil && answered == nil { // else nothing is kept
			routes, left := a.keptVerdicts(o)
			attrs = append(attrs, slog.Any("routes", routes))
			if left > 0 {
				attrs = append(attrs, slog.Int("more_routes", left))
			}
		}
	}
	if why := o.why(); len(why) > 0 {
		attrs = append(attrs, slog.Any("reasons", why[:min(len(why), mostLogged)]))
	}
	a.d.Log.LogAttrs(ctx, level, message, attrs...)
}

func resourceName(kind, id string) string {
	if id == "" {
		return kind
	}
	return kind + ":" + id
}
