// Package managed holds policies that AWS itself keeps, those that functions
// use, with their true documents: what a role may do depends on them, and the
// account that could be asked is often not at hand.
package managed

import (
	"slices"
	"strings"
	"time"
)

// Policy is one policy that AWS keeps.
type Policy struct {
	// Path begins and ends with a slash: "/service-role/".
	Path, Name string
	// Version is the number of the default version.
	Version  int
	Created  time.Time
	Document string
}

// ARN is the policy's ARN in the partition aws.
func (p Policy) ARN() string { return prefix + p.Path + p.Name }

const prefix = "arn:aws:iam::aws:policy"

// All lists the policies that are known.
func All() []Policy { return slices.Clone(policies) }

// ByARN finds a policy by its ARN, in any partition. Policies of AWS that are
// not known are not found: their documents are never guessed.
func ByARN(arn string) (Policy, bool) {
	// arn:PARTITION:iam::aws:policy/PATH/NAME
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || !strings.HasPrefix(parts[1], "aws") || parts[2] != "iam" || parts[4] != "aws" {
		return Policy{}, false
	}
	i := slices.IndexFunc(policies, func(p Policy) bool { return "policy"+p.Path+p.Name == parts[5] })
	if i < 0 {
		return Policy{}, false
	}
	return policies[i], true
}

// at reads a time of the table of policies.
func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err) // a fault in the table
	}
	return t
}
