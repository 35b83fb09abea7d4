// Package inventory reads who and what there is in an account from its
// CloudFormation templates: the principals with all policies that bind them,
// and the resources with their own policies, ready for questions to iam.
//
// What a template does not say is not guessed. A name that CloudFormation will
// make up has a stand-in, the same wherever the template refers to it. A part
// of a policy that cannot be resolved is listed in [Inventory.Unknown], and
// never allows: in an Allow it matches nothing, in a Deny everything.
package inventory

import (
	"errors"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/iam"
)

// Account is where the templates are deployed.
type Account struct {
	// ID is the account number, twelve digits.
	ID     string
	Region string
	// Partition is "aws" when empty.
	Partition string
}

// Stack is one template and how it is deployed.
type Stack struct {
	// Name is the stack's name; generated names begin with it.
	Name     string
	Template *cfn.Template
	// Parameters are the given values; the others take their defaults.
	Parameters map[string]string
	// Physical holds the names that CloudFormation gave, by logical id, where
	// they are known.
	Physical map[string]string
	// Where gives the place in a user's file that a statement comes from, by the
	// logical id of the policy or permission that holds it and its number from 0.
	// Nil, or a zero answer, gives the place in the template.
	Where func(logicalID string, statement int) writ.Position
}

// Inventory is what the templates hold. It is not changed after [Read].
type Inventory struct {
	Account Account
	// Principals are the roles and users, in the order of the templates.
	Principals []*Principal
	Functions  []*Function
	Resources  []*Resource
	// Unknown is what could not be resolved.
	Unknown []Unknown
}

// Principal is a role or a user.
type Principal struct {
	Entity
	// Kind is iam.PrincipalRole or iam.PrincipalUser.
	Kind iam.PrincipalKind
	// Trust is a role's trust policy.
	Trust *iam.Policy
	// Identity holds all identity policies, those of a user's groups too.
	Identity []*iam.Policy
	Boundary *iam.Policy
	Tags     map[string]string
	// Functions are those that run as the role.
	Functions []*Function
}

// Function is a Lambda function.
type Function struct {
	Entity
	// Role is nil when it is not in the templates; RoleARN is what they say.
	Role    *Principal
	RoleARN string
}

// Resource is something that policies can be about.
type Resource struct {
	Entity
	// Type is CloudFormation's: "AWS::DynamoDB::Table".
	Type string
	// Policy is the resource's own policy, nil for none.
	Policy *iam.Policy
	Tags   map[string]string
	// BlockPublicAccess is S3's RestrictPublicBuckets.
	BlockPublicAccess bool

	// statements are those of a function's policy.
	statements []iam.Statement
}

// Entity is what principals, functions and resources have in common.
type Entity struct {
	Name, ARN string
	Stack     string
	LogicalID string
	// Generated says that CloudFormation makes up the name: Name and ARN hold a
	// stand-in for it.
	Generated bool
	Position  writ.Position
}

// Unknown is something in a template that only a deployment could tell.
type Unknown struct {
	Stack     string
	LogicalID string
	// What says it in words: "Resource of statement 1 of Policy: Ref Table".
	What     string
	Position writ.Position
}

// Read takes the inventory of an account from its stacks. Errors are
// *writ.Error with a place in a template: a policy that IAM would refuse, an
// intrinsic that CloudFormation would.
func Read(account Account, stacks ...Stack) (*Inventory, error) {
	if account.Partition == "" {
		account.Partition = "aws"
	}
	b := &reader{inv: &Inventory{Account: account}, customer: map[string]*managedPolicy{}, groups: map[string]*group{}}
	for _, s := range stacks {
		st, err := b.open(s)
		if err != nil {
			return nil, err
		}
		b.stacks = append(b.stacks, st)
	}
	// First what there is, then what refers to it by name.
	steps := []map[string]func(*stack, cfn.Resource, *cfn.Object) error{b.entities(), b.attachments(), b.users()}
	for _, step := range steps {
		for _, st := range b.stacks {
			for _, r := range st.t.ResourceList() {
				read := step[r.Type]
				if read == nil || !st.resolver.Active(r.ID) {
					continue
				}
				properties, err := st.resolver.Properties(r.ID)
				if err != nil {
					return nil, err
				}
				if err := read(st, r, properties); err != nil {
					return nil, err
				}
			}
		}
	}
	b.finish()
	return b.inv, nil
}

// Principal finds a role or user by its name, its ARN or the ARN of a session
// of the role. It is nil when there is none.
func (inv *Inventory) Principal(name string) *Principal {
	if p := iam.ParsePrincipal(name); p.Kind == iam.PrincipalSession && p.Account == inv.Account.ID {
		parts := strings.Split(strings.SplitN(name, ":", 6)[5], "/")
		if len(parts) != 3 {
			return nil // no role, or no session
		}
		return inv.role(parts[1])
	}
	i := slices.IndexFunc(inv.Principals, func(p *Principal) bool { return p.Name == name || p.ARN == name })
	if i < 0 {
		return nil
	}
	return inv.Principals[i]
}

func (inv *Inventory) role(name string) *Principal {
	for _, p := range inv.Principals {
		if p.Kind == iam.PrincipalRole && p.Name == name {
			return p
		}
	}
	return nil
}

// Function finds a function by its name or ARN, nil when there is none.
func (inv *Inventory) Function(name string) *Function {
	for _, f := range inv.Functions {
		if f.Name == name || f.ARN == name {
			return f
		}
	}
	return nil
}

// Owner finds the resource that an ARN is of, or is part of: a table for its
// indexes, a bucket for its objects, a function for its versions. It is nil for
// a resource of elsewhere.
func (inv *Inventory) Owner(arn string) *Resource {
	var best *Resource
	for _, r := range inv.Resources {
		rest, ok := strings.CutPrefix(arn, strings.TrimSuffix(r.ARN, ":*"))
		if ok && (rest == "" || rest[0] == '/' || rest[0] == ':') && (best == nil || len(r.ARN) > len(best.ARN)) {
			best = r
		}
	}
	return best
}

// reader gathers an inventory.
type reader struct {
	inv    *Inventory
	stacks []*stack
	// customer are the managed policies of the templates by ARN.
	customer map[string]*managedPolicy
	groups   map[string]*group
}

type managedPolicy struct {
	st       *stack
	id, name string
	document any
	path     []string
}

// group is a group's policies, which its users have.
type group struct{ identity []*iam.Policy }

// unknown notes what could not be resolved.
func (b *reader) unknown(st *stack, id, what string, path []string) {
	b.inv.Unknown = append(b.inv.Unknown, Unknown{Stack: st.in.Name, LogicalID: id, What: what, Position: st.t.Position(path...)})
}

// finish joins functions and roles.
func (b *reader) finish() {
	for _, f := range b.inv.Functions {
		for _, p := range b.inv.Principals {
			if p.ARN == f.RoleARN {
				f.Role = p
				p.Functions = append(p.Functions, f)
			}
		}
	}
}

// pointed gives an error of a policy the place of the policy in its template.
func (st *stack) pointed(err error, path []string) error {
	var known *writ.Error
	if !errors.As(err, &known) {
		return err
	}
	e := st.t.Errorf(path, "%s", known.Message)
	e.Code, e.Hint, e.Err = known.Code, known.Hint, err
	return e
}
