// Package cover compares what calls need with what a role gives: is every call
// that the edges of a system make allowed by policies that somebody else wrote,
// and what do those policies allow beyond it.
//
// It asks package iam. Resources with wildcards are not guessed at: of all ARNs
// that the action takes, one is asked for each set of the policies' patterns
// that some ARN matches, and so with the values of condition keys. Where that
// would take too many questions, the finding says that it cannot tell.
//
// What it does not see: the policies of the resources, which are taken to leave
// the decision to the role's account (a Deny in them is not seen); names that AWS does not take though
// a pattern does; fractions of numbers; other partitions and accounts than the role's own and those
// that a policy names; calls that a service makes on with its own rights. Sets of
// values of one key are tried with one and two values and all of them.
package cover

import (
	"fmt"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
)

// Need is one statement that edges ask for. It is concrete: full ARNs, no
// functions of CloudFormation. A Deny asks for nothing.
type Need struct {
	Statement iam.Statement
	// Edges and Position are carried into findings.
	Edges    []string
	Position writ.Position
	// Context are keys that every call of these edges has and that the statement
	// does not ask for, such as the tags of the resource; a Value without values
	// is a key that they never have.
	Context iam.Context
}

// Given is a role as it is.
type Given struct {
	// Policies are the role's identity policies, its boundary, the SCPs of its
	// organisation. Where Resource is nil the policies of resources are taken to
	// leave the decision to the role's account.
	Policies *iam.Policies
	// Caller is a session of the role; see [iam.ParsePrincipal].
	Caller iam.Principal
	// Account owns the resources whose ARNs name no account. "" is the caller's.
	Account string
	// Context are keys that every call of the role has: its tags, the
	// organisation, the region for resources whose ARNs name none. A Value
	// without values is a key that no call has. What is not here and does not
	// follow from the call is unknown.
	Context iam.Context
}

// Report is what Check found, in the order of needs and of statements.
type Report struct {
	Missing []Missing
	Unknown []Unknown
	Excess  []Excess
}

// OK reports that every call is allowed for certain, whatever is allowed beyond.
func (r *Report) OK() bool { return len(r.Missing) == 0 && len(r.Unknown) == 0 }

// Missing is a call that a need asks for and the role may not make.
type Missing struct {
	Need Need
	// Action and Resource are one of each of the need; Resource as it is written.
	Action, Resource string
	// Request is a call that is denied: with a sample of the resource and values
	// for the need's conditions. Why has what denies it.
	Request *iam.Request
	Why     iam.Decision
}

// String says what is denied, and by what.
func (m Missing) String() string {
	s := m.Action + " on " + m.Resource
	if m.Request.Resource != m.Resource {
		s += " (such as " + m.Request.Resource + ")"
	}
	var by []string
	for _, t := range m.Why.BlockedBy {
		by = append(by, string(t))
	}
	return s + ": " + string(m.Why.Verdict) + " by " + strings.Join(by, ", ")
}

// Unknown is a call that a need asks for and of which it cannot be said whether
// the role may make it.
type Unknown struct {
	Need             Need
	Action, Resource string
	Request          *iam.Request // an example
	// Keys are the context keys that it depends on, sorted and in lower case;
	// none where Reason is another.
	Keys   []string
	Reason string
}

// String says what is not known, and why.
func (u Unknown) String() string { return u.Action + " on " + u.Resource + ": " + u.Reason }

// Excess is what one statement of the role's identity policies allows and no
// need asks for, as far as the role's other policies let it.
type Excess struct {
	// Policy, Statement (from 0), Sid and Position say which statement it is.
	Policy    iam.Origin
	Statement int
	Sid       string
	Position  writ.Position
	// Source is the statement as it was written.
	Source *iam.Statement
	// Allows counts the real actions that it allows on something.
	Allows int
	// Unneeded are actions of these that no need asks for, Wider those that needs
	// ask for, but not all that is allowed; CannotTell those where the search was
	// too long.
	Unneeded, Wider, CannotTell Sample
	// Unreal are entries of Action that match no action of the catalogue.
	Unreal []string
}

// Sample is a number of actions and the first of them by name.
type Sample struct {
	Count int
	Calls []Call
}

// Call is an action with an example of what is allowed and not asked for.
type Call struct {
	Action, Resource string
	// Context are the keys on which it is allowed, none where it does not matter.
	Context iam.Context
}

// maxSample bounds what a Sample shows.
const maxSample = 5

func (s *Sample) add(c Call) {
	if s.Count++; len(s.Calls) < maxSample {
		s.Calls = append(s.Calls, c)
	}
}

// String counts and names: "7 actions (s3:GetObject, …)".
func (s Sample) String() string {
	var names []string
	for _, c := range s.Calls {
		names = append(names, c.Action)
	}
	if s.Count > len(names) {
		names = append(names, "…")
	}
	noun := "actions"
	if s.Count == 1 {
		noun = "action"
	}
	return fmt.Sprintf("%d %s (%s)", s.Count, noun, strings.Join(names, ", "))
}

// Check says which calls of the needs the role may not make, of which that is
// not known, and what it may do that no need asks for. The order of findings is
// that of the needs and policies.
func Check(needs []Need, given Given) Report {
	c := newChecker(needs, given)
	var r Report
	for i := range needs {
		c.checkNeed(&needs[i], i, &r)
	}
	c.work.left = maxWork
	for _, rule := range c.given {
		if rule.Origin.Type == iam.TypeIdentity && rule.Effect == iam.Allow {
			if e, found := c.excess(rule); found {
				r.Excess = append(r.Excess, e)
			}
		}
	}
	return r
}

func (g *Given) role() string {
	if g.Caller.RoleARN != "" {
		return g.Caller.RoleARN
	}
	parts := iam.ARNParts(g.Caller.ARN)
	if len(parts) < 6 || !strings.HasPrefix(parts[5], "assumed-role/") {
		return g.Caller.ARN
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(parts[5], "assumed-role/"), "/")
	return "arn:" + parts[1] + ":iam::" + parts[4] + ":role/" + name
}

func (g *Given) partition() string {
	if parts := iam.ARNParts(g.Caller.ARN); len(parts) == 6 {
		return parts[1]
	}
	return "aws"
}
