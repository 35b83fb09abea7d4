// Package diff compares two CloudFormation templates and says who gains or
// loses which permission, and what happens to each resource.
//
// The comparison of statements and resources, and their order, are those that
// users of the AWS CDK know from `cdk diff`.
package diff

import (
	"github.com/writ-dev/writ/cfn"
)

// Change is what happens to one thing.
type Change string

// The three kinds of change.
const (
	Added   Change = "add"
	Removed Change = "remove"
	Updated Change = "update"
)

// Impact is what a deploy does to a resource, in CloudFormation's terms.
type Impact string

// Impacts, from the mildest to the gravest.
const (
	NoImpact    Impact = "NO_CHANGE"
	WillUpdate  Impact = "WILL_UPDATE"
	WillCreate  Impact = "WILL_CREATE"
	WillOrphan  Impact = "WILL_ORPHAN"
	MayReplace  Impact = "MAY_REPLACE"
	WillReplace Impact = "WILL_REPLACE"
	WillDestroy Impact = "WILL_DESTROY"
)

var gravity = map[Impact]int{NoImpact: 0, WillUpdate: 1, WillCreate: 2, WillOrphan: 3, MayReplace: 4, WillReplace: 5, WillDestroy: 6}

func graver(a, b Impact) Impact {
	if gravity[b] > gravity[a] {
		return b
	}
	return a
}

// Changes is all that differs between two templates.
type Changes struct {
	// Stack is the stack's name, "" for two files.
	Stack string `json:"stack,omitempty"`
	// RoleMode is set when the sandbox's roles are made in another way.
	RoleMode   *RoleModeChange  `json:"roleMode,omitempty"`
	Statements StatementChanges `json:"statements"`
	// Imports are the statements of imports, on other sandboxes and namespaces;
	// Statements has all others.
	Imports StatementChanges `json:"imports"`
	// Boundaries are the statements of permissions boundaries, once for each role
	// that they bound: they give nothing, and limit what the others give.
	Boundaries StatementChanges `json:"boundaries"`
	Managed    ManagedChanges   `json:"managedPolicies"`
	Resources  []Resource       `json:"resources,omitempty"`
	Sections   []Entry          `json:"sections,omitempty"`

	paths map[string]string
	// all are Statements and Imports, in the order of the templates.
	all StatementChanges
	// unbound is set when a boundary lets through more than before.
	unbound bool
}

// StatementChanges are the IAM statements that come and go.
type StatementChanges struct {
	Added   []Statement `json:"added,omitempty"`
	Removed []Statement `json:"removed,omitempty"`
}

// ManagedChanges are attachments of managed policies that come and go.
type ManagedChanges struct {
	Added   []Attachment `json:"added,omitempty"`
	Removed []Attachment `json:"removed,omitempty"`
}

// Attachment is one managed policy attached to one identity.
type Attachment struct {
	Identity string `json:"identity"`
	Policy   string `json:"policy"`
}

// Resource is the change of one resource.
type Resource struct {
	LogicalID string `json:"logicalId"`
	Type      string `json:"type"`
	// Path is the construct path of a CDK template, "" elsewhere.
	Path   string     `json:"path,omitempty"`
	Change Change     `json:"change"`
	Impact Impact     `json:"impact"`
	Parts  []Property `json:"properties,omitempty"`
}

// Property is the change of one property, or of another attribute of a
// resource such as Metadata or DependsOn.
type Property struct {
	Name      string `json:"name"`
	Attribute bool   `json:"attribute,omitempty"`
	Change    Change `json:"change"`
	Impact    Impact `json:"impact"`
	Old       any    `json:"old,omitempty"`
	New       any    `json:"new,omitempty"`
}

// Entry is a change outside Resources: a parameter, an output, a condition.
type Entry struct {
	Section string `json:"section"`
	Name    string `json:"name"`
	Change  Change `json:"change"`
	Old     any    `json:"old,omitempty"`
	New     any    `json:"new,omitempty"`
}

// Compare gives what changes from before to after. An empty template stands
// for a stack that is not there.
func Compare(stack string, before, after *cfn.Template) *Changes {
	old, now := normalise(before.Root), normalise(after.Root)
	c := &Changes{Stack: stack, paths: constructPaths(old, now)}
	c.RoleMode = compareRoleModes(before, after)
	c.all.Added, c.all.Removed = subtract(statements(old), statements(now))
	c.Statements.Added, c.Imports.Added = split(c.all.Added)
	c.Statements.Removed, c.Imports.Removed = split(c.all.Removed)
	c.Boundaries, c.unbound = compareBounds(old, now)
	c.Managed.Added, c.Managed.Removed = subtract(attachments(old), attachments(now))
	c.Resources = compareResources(old, now, c.paths)
	c.Sections = compareSections(old, now)
	return c
}

// Empty reports whether nothing differs.
func (c *Changes) Empty() bool {
	return len(c.Resources) == 0 && len(c.Sections) == 0 && c.RoleMode == nil
}

// Security reports whether the change touches permissions.
func (c *Changes) Security() bool {
	return c.grants() || len(c.Boundaries.Added)+len(c.Boundaries.Removed) > 0
}

// grants is Security without boundaries, which cdk does not know.
func (c *Changes) grants() bool {
	return len(c.all.Added)+len(c.all.Removed)+len(c.Managed.Added)+len(c.Managed.Removed) > 0
}

// Widens reports whether the change may give somebody a permission: an Allow
// that comes, a Deny that goes, a managed policy attached, a permissions boundary
// that lets through more or goes, or roles whose policies no template shows. A statement whose meaning is not known counts as
// widening, whichever way it moves.
func (c *Changes) Widens() bool {
	for _, s := range c.all.Added {
		if s.Effect != "Deny" {
			return true
		}
	}
	for _, s := range c.all.Removed {
		if s.Effect != "Allow" {
			return true
		}
	}
	return len(c.Managed.Added) > 0 || c.unbound || c.RoleMode != nil && c.RoleMode.New.hidden()
}

// subtract gives the elements that now has more of than old, and the reverse:
// lists are multisets, and their order is kept.
func subtract[T interface{ key() string }](old, now []T) (added, removed []T) {
	count := map[string]int{}
	for _, x := range old {
		count[x.key()]++
	}
	for _, x := range now {
		if count[x.key()] > 0 {
			count[x.key()]--
		} else {
			added = append(added, x)
		}
	}
	count = map[string]int{}
	for _, x := range now {
		count[x.key()]++
	}
	for _, x := range old {
		if count[x.key()] > 0 {
			count[x.key()]--
		} else {
			removed = append(removed, x)
		}
	}
	return added, removed
}

func (a Attachment) key() string { return a.Identity + "\x00" + a.Policy }
