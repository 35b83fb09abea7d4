package gateway

import (
	"fmt"
	"strings"
)

// PlanOptions says what API the routes are of.
type PlanOptions struct {
	// Groups is how many groups there may be; 0 is 9, since an API has at most ten authorizers and one is for what is not kept.
	Groups int
	// Simple says that answers are isAuthorized instead of policies. Then an answer counts for all requests with the same
	// identity sources, whatever their route, unless RouteInKey says that $context.routeKey is one of the sources.
	Simple, RouteInKey bool
	// Stage is the name of the stage, for the size of policies; empty is the longest there is.
	Stage string
}

// Planned says which routes share a kept answer.
type Planned struct {
	// Routes are those given, in their order, with their Group.
	Routes []Route
	// Alone says of each route of group 0 why it is there.
	Alone []Alone
}

// Alone is a route whose answers are never kept.
type Alone struct {
	Route  int // its place in Routes
	Cause  Cause
	Reason string
}

// Cause sorts the reasons why answers are not kept.
type Cause string

// The causes.
const (
	CauseInvalid  Cause = "invalid"  // the route cannot be read; New says where
	CauseInstance Cause = "instance" // the question depends on more of the request than its token
	CauseContext  Cause = "context"  // the policy may look at the context of the request
	CauseOpen     Cause = "open"     // a simple answer cannot refuse odd paths of a route with parameters
	CausePattern  Cause = "pattern"  // the ARN is too long for a policy
	CauseGroups   Cause = "groups"   // no group can take it, and no more may be made
)

// mostGroups is how many groups fit an API: ten authorizers, and one of them for what is not kept.
const mostGroups = 9

// Plan says which routes may share a kept answer, so that no answer that API Gateway keeps can be wrong for a request that
// it is used for:
//
//   - only routes whose questions are the same in all requests with one token share: made of constants and claims, and
//     answered by a policy that does not look at the context of a request,
//   - all of a group are about the same tenant, since that is passed on,
//   - where a pattern of the group's policy might match requests to two of its routes (IAM's star does not stop at a slash),
//     both ask the same,
//   - the largest policy fits an answer, and each pattern a policy.
//
// The same routes give the same plan. [New] refuses a Config whose groups break these rules.
func Plan(routes []Route, o PlanOptions) Planned {
	if o.Groups <= 0 {
		o.Groups = mostGroups
	}
	p := Planned{Routes: make([]Route, len(routes))}
	prefix := longestPrefix(o.Stage)
	var groups []*group
	for i, r := range routes {
		r.Group = 0
		p.Routes[i] = r
		alone := func(cause Cause, reason string) {
			p.Alone = append(p.Alone, Alone{Route: i, Cause: cause, Reason: reason})
		}
		compiled, err := compileRoute(r)
		if err != nil {
			alone(CauseInvalid, err.Error())
			continue
		}
		if cause, reason := mayShare(compiled, o.Simple); cause != "" {
			alone(cause, reason)
			continue
		}
		if n := len(prefix) + len(compiled.pattern.glob(compiled.Method)); n > mostResource {
			alone(CausePattern, fmt.Sprintf("its ARN may have %d characters, and a policy takes %d", n, mostResource))
			continue
		}
		reason := ""
		for _, g := range groups {
			if reason = g.refuses(compiled, o, prefix); reason == "" {
				g.add(compiled)
				p.Routes[i].Group = g.number
				break
			}
		}
		if p.Routes[i].Group != 0 {
			continue
		}
		g := &group{number: len(groups) + 1}
		if why := g.refuses(compiled, o, prefix); why != "" || len(groups) == o.Groups {
			alone(CauseGroups, fmt.Sprintf("no more than %d groups may be made, and the last says: %s%s", o.Groups, reason, why))
			continue
		}
		g.add(compiled)
		groups = append(groups, g)
		p.Routes[i].Group = g.number
	}
	return p
}

// group is the routes that share a kept answer.
type group struct {
	number int
	routes []*route
	bytes  int // of the patterns of all routes
}

func (g *group) add(r *route) {
	g.routes = append(g.routes, r)
	g.bytes += len(r.pattern.glob(r.Method))
}

// constant reports whether the route asks the same in all requests with one token.
func constant(r *route) bool { return r.ask.uses()&^(fromText|fromClaims) == 0 && !r.ask.mapping }

// mayShare says why the answers for a route cannot be kept; "" when they can.
func mayShare(r *route, simple bool) (Cause, string) {
	switch {
	case r.ask.mapping:
		return CauseInstance, "URL mapping rules look at the whole address"
	case r.ask.uses()&fromMethod != 0:
		return CauseInstance, "what it asks depends on the method, and the route is for any"
	case !constant(r):
		return CauseInstance, "what it asks depends on more of the request than the caller's token"
	case r.ask.context:
		return CauseContext, "the policy may look at the context of a request (address, method, path, time) to answer it"
	case simple && r.pattern.open():
		return CauseOpen, "a simple answer that is kept cannot refuse odd paths, which parameters let in"
	}
	return "", ""
}

// refuses says why the group cannot take a route, "" when it can.
func (g *group) refuses(r *route, o PlanOptions, prefix string) string {
	if reason := g.conflict(r, o.Simple, o.RouteInKey); reason != "" {
		return reason
	}
	if o.Simple {
		return ""
	}
	// Each pattern is in quotes, with a comma.
	n := g.bytes + len(r.pattern.glob(r.Method)) + (len(g.routes)+1)*(len(prefix)+3)
	if n+keptReserve > mostAnswer {
		return fmt.Sprintf("the policy could have more than %d bytes", mostAnswer)
	}
	return ""
}

// conflict says why a kept answer could be wrong for the route or for one of the group.
func (g *group) conflict(r *route, simple, routeInKey bool) string {
	for _, other := range g.routes {
		same := r.ask.words == other.ask.words
		switch {
		case fmt.Sprint(other.ask.tenant.parts) != fmt.Sprint(r.ask.tenant.parts):
			return "its routes are about another tenant, as " + other.name() + " is"
		case same:
		case simple && !routeInKey:
			return "a simple answer counts for all routes of the group, and " + other.name() + " asks something else"
		case !simple && meet(r, other):
			return "a pattern that matches its requests matches those of " + other.name() + " too, which asks something else"
		}
	}
	return ""
}

// meet reports whether an ARN can match the patterns of both routes.
func meet(a, b *route) bool {
	x, y := wild(a), wild(b)
	for i := 0; i < len(x) && i < len(y) && x[i] >= 0 && y[i] >= 0; i++ {
		if x[i] != y[i] { // most differ soon
			return false
		}
	}
	// row[j] says whether x[i:] and y[j:] have a text in common.
	row, next := make([]bool, len(y)+1), make([]bool, len(y)+1)
	for i := len(x); i >= 0; i-- {
		row, next = next, row
		for j := len(y); j >= 0; j-- {
			switch {
			case i == len(x) && j == len(y):
				row[j] = true
			case i < len(x) && x[i] < 0:
				row[j] = next[j] || j < len(y) && row[j+1]
			case j < len(y) && y[j] < 0:
				row[j] = row[j+1] || i < len(x) && next[j]
			default:
				row[j] = i < len(x) && j < len(y) && x[i] == y[j] && next[j+1]
			}
		}
	}
	return row[0]
}

// wild is the pattern of a route without escapes: bytes, and -1 for a star.
func wild(r *route) []int16 {
	var w []int16
	text := func(s string) {
		for i := range len(s) {
			w = append(w, int16(s[i]))
		}
	}
	if r.Method == anyMethod {
		w = append(w, -1)
	} else {
		text(r.Method)
	}
	for _, s := range r.pattern.segments {
		text("/")
		if s.kind == segmentText {
			text(s.text)
		} else {
			w = append(w, -1)
		}
	}
	return w
}

// longestPrefix is what an ARN may begin with, before the method.
func longestPrefix(stage string) string {
	if stage == "" {
		stage = strings.Repeat("s", 128)
	}
	return "arn:aws-us-gov:execute-api:ap-northeast-1:123456789012:abcdefghij/" + stage + "/"
}
