package observe

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ/iam"
)

// Extent says how much of the resources of its calls a row keeps.
type Extent string

// A row stands for one resource, unless its caller made so many different
// calls that rows had to be put together; see [Limits].
const (
	// ExtentExact is one resource, as the call named it.
	ExtentExact Extent = ""
	// ExtentPrefix is several resources under one prefix: Resource ends in "*".
	ExtentPrefix Extent = "prefix"
	// ExtentMinted is several resources whose names AWS makes up anew each time,
	// such as the log streams of a function: Resource ends in "*", and a policy
	// must too.
	ExtentMinted Extent = "minted"
	// ExtentAny is several resources that were not kept: Resource is "".
	ExtentAny Extent = "any"
)

// Observation is one distinct call and how often it was decided. A call is one
// question to IAM: an operation may ask several.
type Observation struct {
	// Role is the name of the caller's role; "" for a caller without one.
	Role string `json:"role,omitempty"`
	// Function is the deployed name of the function whose credentials made the
	// call; "" for another session of the role.
	Function string `json:"function,omitempty"`
	// Principal is who called without a role: a service ("apigateway.amazonaws.com"),
	// or "*" for an unsigned call.
	Principal string `json:"principal,omitempty"`
	// Source is the ARN of what a service called for.
	Source string `json:"source,omitempty"`
	// Via is the service that made the call with the caller's rights.
	Via string `json:"via,omitempty"`

	Action   string      `json:"action"`
	Resource string      `json:"resource,omitempty"`
	Extent   Extent      `json:"extent,omitempty"`
	Verdict  iam.Verdict `json:"verdict"`
	// BlockedBy names the kinds of policy that denied, or did not allow.
	BlockedBy []iam.PolicyType `json:"blockedBy,omitempty"`

	Count int64     `json:"count"`
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
}

// Allowed reports whether IAM allowed the call.
func (o *Observation) Allowed() bool { return o.Verdict == iam.Allowed }

// who is the caller whose rows are bounded together.
func (o *Observation) who() string {
	if o.Role != "" {
		return o.Role
	}
	return o.Principal
}

// key is what makes a call a different one.
type key struct {
	role, function, principal, source, via, action, resource string
	extent                                                   Extent
	verdict                                                  iam.Verdict
	blocked                                                  string
}

func (o *Observation) key() key {
	k := key{o.Role, o.Function, o.Principal, o.Source, o.Via, o.Action, o.Resource, o.Extent, o.Verdict, ""}
	switch len(o.BlockedBy) {
	case 0:
	case 1: // the usual one costs nothing
		k.blocked = string(o.BlockedBy[0])
	default:
		var b strings.Builder
		for _, t := range o.BlockedBy {
			b.WriteString(string(t) + ",")
		}
		k.blocked = b.String()
	}
	return k
}

// minted matches the log streams that Lambda makes: one for each process, named
// after the day and a random number.
var minted = regexp.MustCompile(`^(arn:[^:]*:logs:[^:]*:[^:]*:log-group:[^:]+:log-stream:)\d{4}/\d\d/\d\d/\[[^\]]*\][0-9a-f]{32}$`)

// withoutMinted puts together what only differs in a name that AWS made up.
func (o *Observation) withoutMinted() {
	if o.Extent != ExtentExact || !strings.HasPrefix(o.Action, "logs:") {
		return
	}
	if m := minted.FindStringSubmatch(o.Resource); m != nil {
		o.Resource, o.Extent = m[1]+"*", ExtentMinted
	}
}

// add counts the calls of another row of the same key.
func (o *Observation) add(other *Observation) {
	o.Count += other.Count
	if other.First.Before(o.First) {
		o.First = other.First
	}
	if other.Last.After(o.Last) {
		o.Last = other.Last
	}
}

// sortRows puts rows in the order of the file: by caller, action, resource.
func sortRows(rows []Observation) {
	slices.SortFunc(rows, func(a, b Observation) int {
		return cmp.Or(
			cmp.Compare(a.Role, b.Role), cmp.Compare(a.Principal, b.Principal), cmp.Compare(a.Function, b.Function),
			cmp.Compare(a.Action, b.Action), cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Extent, b.Extent),
			cmp.Compare(a.Verdict, b.Verdict), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Via, b.Via),
			slices.Compare(a.BlockedBy, b.BlockedBy),
		)
	})
}
