package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/identity"
)

// outcome is what became of a request. The zero value denies. At most one of unauthorized, failure and denied is set.
type outcome struct {
	id    string
	call  *Call
	route *route
	// blind: it cannot be told whether the answer will be kept.
	blind   bool
	group   *group
	caller  identity.Caller
	subject writ.Subject
	tenant  string
	// question is what the policy was asked; nil where it was not, or was asked for a whole group.
	question *writ.Request
	allowed  bool
	decision writ.Decision
	revision string
	roles    []string
	// verdicts are those of a group, by the words of the question; because has the first reason of those that are denied.
	verdicts map[string]bool
	because  map[string]string

	denied       string
	unauthorized error
	failure      error
}

// kept reports whether API Gateway may use the answer again.
func (o *outcome) kept() bool {
	return o.blind || o.route != nil && o.route.Group > 0 && o.call.Form != Service
}

// keepsRefusal reports whether API Gateway may use a refusal of the caller again. That of a REST API is an error, which is not kept,
// and an HTTP API keeps nothing without a source.
func (o *outcome) keepsRefusal() bool {
	return o.kept() && !o.call.Form.rest() && len(o.call.Sources) > 0
}

func (o *outcome) why() []string {
	if o.denied != "" {
		return []string{o.denied}
	}
	var why []string
	for _, r := range o.decision.Reasons {
		why = append(why, r.Message)
	}
	return why
}

// grace is how long those that end with their context have to say what failed.
const grace = 20 * time.Millisecond

// decideInTime decides, and fails when the time is over, even where Identify or Check do not mind their context: for them alone there
// is a goroutine, which ends when they do.
func (a *Authorizer) decideInTime(ctx context.Context, c *Call, r *route) outcome {
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	begun := a.begin(c, r)
	done := make(chan outcome, 1)
	go func(begun outcome) {
		o := begun
		defer func() {
			if recover() != nil { // here it would end the process
				o = begun
				o.failure = writ.Errorf(writ.CodeInternal, "the decision panicked")
			}
			done <- o
		}()
		o = a.decide(ctx, begun)
	}(begun)
	select {
	case o := <-done:
		return o
	case <-ctx.Done():
	}
	select {
	case o := <-done:
		return o
	case <-time.After(grace):
		begun.failure = a.late(ctx)
		return begun
	}
}

func (a *Authorizer) late(ctx context.Context) error {
	return writ.Errorf(writ.CodeExternal, "there was no decision within %s: %w", a.timeout, ctx.Err())
}

// begin is the outcome before anything is decided: it denies. r is nil when no route is for the request.
func (a *Authorizer) begin(c *Call, r *route) outcome {
	o := outcome{id: a.newID(), call: c, route: r}
	o.blind = c.Form == RESTToken && r == nil && len(a.groups) > 0
	if r != nil && o.kept() && !(c.Form == HTTP2 && a.c.Simple) {
		o.group = a.groups[r.Group]
	}
	return o
}

// decide says who asks and whether they may.
func (a *Authorizer) decide(ctx context.Context, o outcome) outcome {
	c := o.call
	var err error
	if o.caller, err = a.identify(ctx, c); err != nil {
		switch {
		case writ.CodeOf(err) != writ.CodeAuth:
			o.failure = err
		case o.keepsRefusal() && !sourcesHoldAll(c, owedTo(err, c)):
			// It would be kept for requests that are not refused.
			o.failure = writ.Errorf(writ.CodeInvalid, "the caller is refused, which may be kept, and the identity sources do not hold all that it is owed to: %w", err)
		default:
			o.unauthorized = err
		}
		return o
	}
	if o.failure = a.mayKeep(&o); o.failure != nil {
		return o
	}
	subject, err := a.subject.subject(o.caller)
	if err != nil {
		o.denied = err.Error()
		return o
	}
	o.subject = subject
	if o.kept() && len(subject.ID) > mostKeptName {
		o.failure = writ.Errorf(writ.CodeTooLarge, "the answer may be kept, and the caller's name has more than %d bytes", mostKeptName)
		return o
	}
	if o.group != nil {
		a.decideGroup(ctx, &o)
	} else {
		a.decideOne(ctx, &o)
	}
	if o.failure == nil && ctx.Err() != nil {
		o.failure = a.late(ctx)
	}
	if o.failure != nil {
		o.allowed, o.verdicts = false, nil
	}
	return o
}

func (a *Authorizer) newID() string {
	id := a.d.NewID()
	return id[:min(len(id), mostID)]
}

// mayKeep says why an answer that API Gateway may keep cannot be given: it is kept by the identity sources, and has to be
// about what stands there.
func (a *Authorizer) mayKeep(o *outcome) error {
	c := o.call
	if o.blind {
		return writ.Errorf(writ.CodeInvalid, "no route can be told for %s %.200q, and the answer might be kept for others", c.Method, c.Path)
	}
	if !o.kept() {
		return nil
	}
	if len(c.Sources) == 0 && c.Form != RESTRequest {
		return nil // an HTTP API keeps nothing without a source
	}
	proof := c.Token
	switch o.caller.Kind {
	case identity.APIKey:
		proof = c.Key
	case identity.Certificate:
		return writ.Errorf(writ.CodeInvalid, "the answer may be kept, and the caller's certificate is not what it would be kept by: take a route of group 0")
	}
	if c.Form != RESTRequest && !sourcesHold(c, proof) {
		return writ.Errorf(writ.CodeInvalid, "the answer may be kept, and the identity sources do not hold what proves the caller")
	}
	if c.Form == HTTP2 && a.c.Simple && !a.groups[o.route.Group].uniform() && !slices.Contains(c.Sources, o.route.key()) {
		return writ.Errorf(writ.CodeInvalid, "the simple answer may be kept, and $context.routeKey is not one of the identity sources")
	}
	return nil
}

func sourcesHold(c *Call, proof string) bool {
	if c.Form == HTTP1 { // joined
		return slices.ContainsFunc(c.Sources, func(s string) bool { return s == proof || slices.Contains(strings.Split(s, ","), proof) })
	}
	return slices.Contains(c.Sources, proof)
}

// sourcesHoldAll reports whether requests with the same identity sources have the same proofs. Of none, no source tells.
func sourcesHoldAll(c *Call, proofs []string) bool {
	for _, p := range proofs {
		if !sourcesHold(c, p) {
			return false
		}
	}
	return len(proofs) > 0
}

// decideOne answers one request.
func (a *Authorizer) decideOne(ctx context.Context, o *outcome) {
	r, c := o.route, o.call
	switch {
	case c.odd != "" && !o.kept():
		o.denied = c.odd
		return
	case r == nil:
		o.denied = fmt.Sprintf("no route is for %s %s", c.Method, c.Path)
		return
	case c.ARN != "" && !(c.Form == HTTP2 && a.c.Simple) && utf8.RuneCountInString(literal(c.ARN)) > mostResource:
		o.denied = fmt.Sprintf("the ARN of the request is longer than the %d characters that a policy can name", mostResource)
		return
	case r.ask.nothing:
		o.denied = "the route " + r.name() + " asks nothing yet, and is denied"
		return
	}
	v := &values{call: c, parameters: c.Parameters, claims: o.caller.Claims, method: c.Method}
	var err error
	if o.tenant, err = r.ask.tenantText(v); err != nil {
		o.denied = err.Error()
		return
	}
	if r.ask.signed {
		o.allowed = true
		o.roles = a.roles(ctx, o)
		return
	}
	q, err := r.ask.request(v, o.subject, a.d.Mapping)
	var no denied
	switch {
	case errors.As(err, &no):
		o.denied = err.Error()
		return
	case err != nil:
		o.failure = err
		return
	}
	if !o.kept() {
		q.Context = contextOf(c)
	}
	o.question = &q
	if o.decision, err = a.check(ctx, q); err != nil {
		o.failure = err
		return
	}
	o.allowed, o.revision = o.decision.Allowed, short(o.decision.Revision)
	if o.allowed {
		o.roles = a.roles(ctx, o)
	}
}

// contextOf is what the policy learns of a request that is asked about alone.
func contextOf(c *Call) map[string]any {
	m := map[string]any{"method": c.Method, "path": c.Path}
	if c.SourceIP != "" {
		m["ip"] = c.SourceIP
	}
	if c.UserAgent != "" {
		m["user_agent"] = c.UserAgent
	}
	return m
}

func short(revision string) string {
	if len(revision) > mostID {
		return ""
	}
	return revision
}

// decideGroup asks the questions of all routes of a group, without anything that can differ between two requests with the
// same token.
func (a *Authorizer) decideGroup(ctx context.Context, o *outcome) {
	o.verdicts, o.because = map[string]bool{}, map[string]string{}
	v := &values{claims: o.caller.Claims}
	tenant, err := o.route.ask.tenantText(v)
	switch {
	case err != nil:
		o.denied = err.Error() // for all routes: they are about the same tenant
		return
	case len(tenant) > mostKeptName:
		o.failure = writ.Errorf(writ.CodeTooLarge, "the answer may be kept, and the tenant's name has more than %d bytes", mostKeptName)
		return
	}
	o.tenant = tenant
	var words []string
	var questions []writ.Request
	seen := map[string]bool{}
	for _, r := range o.group.routes {
		if seen[r.ask.words] || r.ask.nothing {
			continue
		}
		seen[r.ask.words] = true
		if r.ask.signed {
			o.verdicts[r.ask.words] = true
			continue
		}
		q, err := r.ask.request(v, o.subject, nil)
		if err != nil {
			o.because[r.ask.words] = err.Error()
			continue // what the token does not have it cannot have the next time
		}
		words, questions = append(words, r.ask.words), append(questions, q)
	}
	decisions, err := a.checkAll(ctx, questions)
	if err != nil {
		o.failure = err
		return
	}
	for i, d := range decisions {
		o.verdicts[words[i]] = d.Allowed
		if !d.Allowed && len(d.Reasons) > 0 {
			o.because[words[i]] = d.Reasons[0].Message
		}
		if i > 0 && short(d.Revision) != o.revision {
			o.revision = ""
		} else {
			o.revision = short(d.Revision)
		}
		if words[i] == o.route.ask.words {
			o.decision, o.question = d, &questions[i]
		}
	}
	o.allowed = o.verdicts[o.route.ask.words]
}

// identify runs Identify; one that panics has failed. What it panics with may be a secret.
func (a *Authorizer) identify(ctx context.Context, c *Call) (caller identity.Caller, err error) {
	defer func() {
		if recover() != nil {
			caller, err = identity.Caller{}, writ.Errorf(writ.CodeInternal, "the identification panicked")
		}
	}()
	return a.d.Identify.Identify(ctx, c)
}

// check asks; a checker that panics, or answers when the time is over, has failed. An error never allows.
func (a *Authorizer) check(ctx context.Context, q writ.Request) (d writ.Decision, err error) {
	defer panics(&d, &err)
	if d, err = a.d.Check.Check(ctx, q); err != nil {
		return writ.Decision{}, writ.Errorf(writ.CodeExternal, "the policy could not be asked: %w", err)
	}
	return d, nil
}

func (a *Authorizer) checkAll(ctx context.Context, questions []writ.Request) (all []writ.Decision, err error) {
	defer panics(&all, &err)
	if batch, ok := a.d.Check.(Batch); ok && len(questions) > 1 {
		if all, err = batch.CheckAll(ctx, questions); err != nil {
			return nil, writ.Errorf(writ.CodeExternal, "the policy could not be asked: %w", err)
		}
		if len(all) != len(questions) {
			return nil, writ.Errorf(writ.CodeExternal, "the policy gave %d answers to %d questions", len(all), len(questions))
		}
		return all, nil
	}
	for _, q := range questions {
		d, err := a.check(ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

func panics[T any](result *T, err *error) {
	if p := recover(); p != nil {
		var none T
		*result, *err = none, writ.Errorf(writ.CodeInternal, "the checker panicked: %.200v", p)
	}
}

// roles are for those behind the gateway; that they cannot be had is no reason to keep a caller out.
func (a *Authorizer) roles(ctx context.Context, o *outcome) (roles []string) {
	from, ok := a.d.Check.(Roles)
	if !ok || o.kept() {
		return nil
	}
	var err error
	defer func() {
		if err != nil {
			a.d.Log.WarnContext(ctx, "the caller's roles are not known", "decision_id", o.id, "error", err.Error())
		}
	}()
	defer panics(&roles, &err)
	if roles, err = from.Roles(ctx, o.subject, o.tenant); err != nil {
		return nil
	}
	return roles
}
