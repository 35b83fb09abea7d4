package synth

import (
	"regexp"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/topology"
)

// Fix gives the smallest change of the topology that would allow a denied call:
// one grant, with the weakest verb that holds the action, or a wider access of
// an import. It is false when no grant could: the role is no function's, the
// resource is none of the topology's and is not imported, no verb holds the action there, or the topology allows the call
// already and only has to be deployed.
//
// A grant that is there is not rewritten: two grants on one store make one
// statement that allows what both allow, so one line more is the smaller change.
func Fix(t *topology.Topology, sandbox, roleName, action, resourceARN string) (writ.Fix, bool) {
	in, f := find(t, sandbox, roleName)
	if f == nil {
		return writ.Fix{}, false
	}
	to, ok := locate(in, sandbox, resourceARN)
	if ok && granted(in, f, to, action) || grantedElsewhere(in, f, sandbox, action, resourceARN) {
		return writ.Fix{}, false
	}
	if !ok {
		return fixImport(in, f, sandbox, action, resourceARN)
	}
	for _, v := range verbs[to.entity] {
		if v.holds(action, to.form) {
			return writeFix(f, access{to, v.name}, action), true
		}
	}
	return writ.Fix{}, false
}

// Granted reports whether the topology allows a call of a function's role
// already. Where the call is denied all the same, it is not deployed yet.
func Granted(t *topology.Topology, sandbox, roleName, action, resourceARN string) bool {
	in, f := find(t, sandbox, roleName)
	if f == nil {
		return false
	}
	to, ok := locate(in, sandbox, resourceARN)
	return ok && granted(in, f, to, action) || grantedElsewhere(in, f, sandbox, action, resourceARN)
}

// find gives the function that runs as a role, in t or a node of t.
func find(t *topology.Topology, sandbox, roleName string) (*topology.Topology, *topology.Function) {
	for _, f := range t.Functions {
		if f.Authorizer == nil && RoleName(t, f.Name, sandbox) == roleName { // the role of an authorizer is as Writ needs it
			return t, f
		}
	}
	for _, n := range t.Nodes {
		if in, f := find(n, sandbox, roleName); f != nil {
			return in, f
		}
	}
	return nil, nil
}

// destination is an ARN read back: an entity and the form of its ARN.
type destination struct {
	entity entity
	name   string
	form   form
	pos    writ.Position
}

var arn = regexp.MustCompile(`^arn:[^:]*:([^:]*):[^:]*:[^:]*:(.+)$`)

// locate finds the entity of a topology that an ARN names.
func locate(t *topology.Topology, sandbox, resourceARN string) (destination, bool) {
	m := arn.FindStringSubmatch(resourceARN)
	if m == nil {
		return destination{}, false
	}
	service, resource := m[1], m[2]
	if service == "lambda" {
		return locateFunction(t, sandbox, resource)
	}
	if service == "events" {
		return locateBus(t, sandbox, resourceARN)
	}
	for _, x := range things(t, sandbox) {
		if x.is(resourceARN) {
			return destination{entity(x.kind), x.name, formSelf, x.pos}, true
		}
	}
	for _, s := range t.Stores {
		form, ok := form(""), false
		switch {
		case service == "dynamodb" && entityOf(s) == entityTable:
			form, ok = tableForm(s, resource, TableName(t, s.Name, sandbox))
		case service == "s3" && entityOf(s) == entityBucket:
			form, ok = bucketForm(resource, BucketName(t, s.Name, sandbox))
		}
		if ok {
			return destination{entityOf(s), s.Name, form, s.Pos}, true
		}
	}
	return destination{}, false
}

func locateFunction(t *topology.Topology, sandbox, resource string) (destination, bool) {
	kind, rest, _ := strings.Cut(resource, ":")
	if kind != "function" {
		return destination{}, false
	}
	name, _, qualified := strings.Cut(rest, ":")
	for _, f := range t.Functions {
		if FunctionName(t, f.Name, sandbox) != name {
			continue
		}
		form := formSelf
		if qualified {
			form = formQualified
		}
		return destination{entityFunction, f.Name, form, f.Pos}, true
	}
	return destination{}, false
}

// locateBus finds what a call on an event bus is about. The ARN does not say
// which event: it is the one event on the bus, or the bus itself where it has
// several and is one of the topology.
func locateBus(t *topology.Topology, sandbox, resourceARN string) (destination, bool) {
	var found []destination
	bus := destination{}
	for _, x := range things(t, sandbox) {
		if x.kind == topology.KindBus && x.is(resourceARN) {
			bus = destination{entityBus, x.name, formSelf, x.pos}
		}
	}
	if bus.name == "" && !strings.HasSuffix(resourceARN, ":event-bus/default") {
		return destination{}, false
	}
	for _, e := range t.Events {
		if e.Bus == bus.name {
			found = append(found, destination{entityEvent, e.Name, formSelf, e.Pos})
		}
	}
	if len(found) == 1 {
		return found[0], true
	}
	return bus, bus.name != ""
}

// is reports whether an ARN, of any account and region, is a thing's. A secret's
// ends in characters that AWS adds, or is asked for by its name alone.
func (x thing) is(resourceARN string) bool {
	if strings.HasPrefix(x.external, "arn:") {
		return x.external == resourceARN
	}
	name := x.external
	if name == "" {
		name = x.physical
	}
	m := arn.FindStringSubmatch(resourceARN)
	if m == nil || name == "" {
		return false
	}
	service, form, _ := strings.Cut(arnForms[x.kind], ":")
	if m[1] != service {
		return false
	}
	form = strings.TrimPrefix(form, "${AWS::Region}:${AWS::AccountId}:")
	switch x.kind {
	case topology.KindParameter:
		return m[2] == form+strings.TrimPrefix(name, "/")
	case topology.KindSecret:
		rest, ok := strings.CutPrefix(m[2], form+name)
		return ok && (rest == "" || secretEnd.MatchString(rest))
	case topology.KindKey: // KMS makes the id of a new key: no name tells it
		return x.external != "" && m[2] == form+name
	}
	return m[2] == form+name
}

// secretEnd is what Secrets Manager adds to a secret's name in its ARN.
var secretEnd = regexp.MustCompile(`^-[A-Za-z0-9]{6}$`)

func tableForm(s *topology.Store, resource, name string) (form, bool) {
	rest, ok := strings.CutPrefix(resource, "table/"+name)
	switch {
	case !ok:
		return "", false
	case rest == "":
		return formSelf, true
	case strings.HasPrefix(rest, "/index/"):
		return formIndexes, s.Table != nil && len(s.Table.Indexes) > 0
	case strings.HasPrefix(rest, "/stream/"):
		return formStream, s.Table != nil && s.Table.Stream != ""
	}
	return "", false
}

// bucketEnd is the account and the region that end a bucket's name.
var bucketEnd = regexp.MustCompile(`^-[0-9]{12}-[a-z0-9-]+$`)

func bucketForm(resource, name string) (form, bool) {
	bucket, key, hasKey := strings.Cut(resource, "/")
	rest, ok := strings.CutPrefix(bucket, name)
	if !ok || !bucketEnd.MatchString(rest) {
		return "", false
	}
	if hasKey && key != "" {
		return formObjects, true
	}
	return formSelf, true
}

// holds reports whether a verb allows an action on a form of its entity's ARN.
func (v verb) holds(action string, on form) bool {
	return slices.ContainsFunc(v.allow, func(a allowance) bool {
		if a.when[1] == "lambda:InvokedViaFunctionUrl" {
			return false // not by the ARN alone
		}
		return slices.Contains(a.on, on) && slices.ContainsFunc(a.actions, func(p string) bool { return covers(p, action) })
	})
}

// granted reports whether the topology's edges allow the call already.
func granted(t *topology.Topology, f *topology.Function, to destination, action string) bool {
	for _, e := range drawnTo(t, f) {
		if e.Kind == to.entity.kind() && e.Name == to.name && e.verb.holds(action, to.form) {
			return true
		}
	}
	for _, g := range f.Grants {
		if !to.isMeant(g) && !onBusOf(t, g, to) {
			continue
		}
		if v, ok := findVerb(to.entity, g.Access); ok && v.holds(action, to.form) {
			return true
		}
	}
	return false
}

// onBusOf reports whether a grant is on the bus of an event.
func onBusOf(t *topology.Topology, g topology.Grant, to destination) bool {
	return to.entity == entityEvent && g.Kind == topology.KindBus &&
		slices.ContainsFunc(t.Events, func(e *topology.Event) bool { return e.Name == to.name && e.Bus == g.Name })
}

// drawnEdge is what a function may do because something is named, not granted.
type drawnEdge struct {
	topology.Target
	verb verb
}

// drawnTo lists those edges: what the function leads to, its dead letter queue,
// and the queues and streams that it consumes. What Lambda alone publishes on
// success is none: the code may not.
func drawnTo(t *topology.Topology, f *topology.Function) []drawnEdge {
	var all []drawnEdge
	for _, to := range f.Targets {
		if v, ok := drawn[entity(to.Kind)]; ok && to.Kind != topology.KindEvent {
			all = append(all, drawnEdge{to, v})
		}
	}
	if f.DeadLetter != nil {
		all = append(all, drawnEdge{*f.DeadLetter, drawn[entityQueue]})
	}
	consumes := func(e entity, name string, to *topology.Target) {
		if to != nil && to.Kind == topology.KindFunction && to.Name == f.Name {
			all = append(all, drawnEdge{topology.Target{Kind: e.kind(), Name: name, Pos: to.Pos}, polled[e]})
		}
	}
	for _, q := range t.Queues {
		consumes(entityQueue, q.Name, q.Target)
	}
	for _, s := range t.Streams {
		consumes(entityStream, s.Name, s.Target)
	}
	return all
}
