package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/schema"
)

// What became of the policy of a file at the start of the server.
const (
	policyStored    = "stored"    // nothing was there
	policyUnchanged = "unchanged" // it was there
	policyReplaced  = "replaced"  // another was there
)

// taken is what the start of the server took from a policy file.
type taken struct {
	policy string // "" when the file was not taken
	// factsRead: the environment was new. Else differ counts the file's facts that are stored otherwise or not at all.
	factsRead bool
	differ    int
}

// factsReady tells of the facts in a policy file.
type factsReady struct {
	Given int  `json:"given"`
	Read  bool `json:"read"`
	// Differ is how many of them are not stored as the file has them.
	Differ int `json:"differ"`
}

// told says in words what became of the file.
func (e *spaceReady) told() []string {
	if e.PolicyTaken == "" {
		return nil
	}
	var lines []string
	switch e.PolicyTaken {
	case policyStored:
		lines = append(lines, "the policy was stored, as there was none")
	case policyReplaced:
		lines = append(lines, "the policy has replaced the one that was stored")
	default:
		lines = append(lines, "the policy is stored as it was")
	}
	switch f := e.Facts; {
	case f == nil || f.Given == 0:
	case f.Read:
		lines = append(lines, fmt.Sprintf("%s of the file read, as the environment was empty", counted(f.Given, "fact")))
	case f.Differ == 0:
		lines = append(lines, fmt.Sprintf("the %s of the file not read again: all are stored so", counted(f.Given, "fact")))
	default:
		lines = append(lines, fmt.Sprintf("the %s of the file not read again: %d %s stored otherwise, or not at all",
			counted(f.Given, "fact"), f.Differ, map[bool]string{true: "is", false: "are"}[f.Differ == 1]))
	}
	return lines
}

// given counts the facts that a file gives: the tenant that is always there is none of them.
func (p *startPolicy) given() int {
	n := 0
	for _, f := range p.facts {
		if !isBareTenant(f.Record) {
			n++
		}
	}
	return n
}

// isBareTenant reports whether a fact says only that there is a tenant, which the default one always is.
func isBareTenant(r *authz.Step[authz.Record]) bool {
	return r != nil && r.After != nil && r.After.Type == authz.TenantType && r.After.ID == schema.DefaultTenant && len(r.After.Attributes)+len(r.After.Profile) == 0
}

// differing counts the facts of the file that are not stored as it has them.
func (p *startPolicy) differing(s *authz.Snapshot) int {
	n := 0
	for _, f := range p.facts {
		if !stored(s, &f.Change) {
			n++
		}
	}
	return n
}

func stored(s *authz.Snapshot, c *authz.Change) bool {
	if c.Tuple != nil {
		want := *c.Tuple.After
		have, ok := s.Tuple(want.Object, want.Relation, want.Subject)
		want.Created, have.Created = time.Time{}, time.Time{}
		want.Expires = want.Expires.UTC()
		return ok && sameJSON(want, have)
	}
	want := *c.Record.After
	have, ok := s.Record(want.Entity)
	want.Created, want.Updated, have.Created, have.Updated = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	return ok && sameJSON(want, have)
}

// sameJSON compares what a file and a store say: an int of the one is a float of the other.
func sameJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
