package gateway

import (
	"context"
	"log/slog"
	"time"
)

// mostLogged is how many reasons a line of the log has.
const mostLogged = 3

// log writes the line of a decision. No part of it is secret: what proves the caller stands in none.
func (a *Authorizer) log(ctx context.Context, o *outcome, started time.Time, answered error) {
	level, message := slog.LevelInfo, "allowed"
	attrs := []slog.Attr{
		slog.String("decision_id", o.id), slog.Bool("allowed", o.allowed), slog.String("form", o.call.Form.String()),
		slog.Duration("took", a.d.Now().Sub(started)),
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
	if o.group != nil {
		attrs = append(attrs, slog.Int("group", o.group.number))
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
