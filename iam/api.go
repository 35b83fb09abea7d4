// Package iam is the AWS policy language: parse, compile, match, evaluate, explain.
//
// A document is parsed losslessly ([Parse]), compiled once into an immutable
// [Policy] ([Compile]) and evaluated any number of times ([Evaluate]). The
// decision says which statements matched, per kind of policy, and what was
// missing. The rules are those of the IAM User Guide, "Policy evaluation
// logic" and "IAM JSON policy elements reference".
package iam

// PolicyType is the role that a policy plays in an evaluation.
type PolicyType string

// The types of policy. Trust and key policies are resource policies with rules of their own.
const (
	TypeIdentity PolicyType = "identity"
	TypeResource PolicyType = "resource"
	TypeTrust    PolicyType = "trust"
	TypeKey      PolicyType = "key"
	TypeBoundary PolicyType = "boundary"
	TypeSession  PolicyType = "session"
	TypeSCP      PolicyType = "scp"
	TypeRCP      PolicyType = "rcp"
	TypeEndpoint PolicyType = "endpoint"
)

// What else can stand in a way; only in Decision.BlockedBy.
const (
	// TypeBlockPublicAccess is S3's Block Public Access.
	TypeBlockPublicAccess PolicyType = "block-public-access"
	// TypeAWSOwned is an entity of AWS that no policy lets a customer change.
	TypeAWSOwned PolicyType = "aws-owned"
)

// Origin says where a policy comes from; it is carried into reasons.
type Origin struct {
	Type PolicyType
	// Name is the inline policy's name, or the managed policy's.
	Name string
	// ARN is set for managed policies, SCPs and RCPs.
	ARN string
}

// PrincipalKind is the kind of caller.
type PrincipalKind string

// The kinds of caller of the IAM User Guide, "AWS JSON policy elements: Principal".
const (
	PrincipalUser      PrincipalKind = "User"
	PrincipalRole      PrincipalKind = "Role"        // a role ARN as caller: a convention of simulators
	PrincipalSession   PrincipalKind = "AssumedRole" // arn:aws:sts::A:assumed-role/ROLE/SESSION
	PrincipalFederated PrincipalKind = "FederatedUser"
	PrincipalRoot      PrincipalKind = "Account"
	PrincipalService   PrincipalKind = "Service" // lambda.amazonaws.com
	PrincipalAnonymous PrincipalKind = "Anonymous"
	PrincipalProvider  PrincipalKind = "Provider"      // an identity provider, before AssumeRoleWith… (Principal: Federated)
	PrincipalCanonical PrincipalKind = "CanonicalUser" // a canonical user id
)

// Principal is who makes the request.
type Principal struct {
	Kind PrincipalKind
	// ARN of the caller; the service's name for PrincipalService; "" for anonymous.
	ARN     string
	Account string
	// RoleARN is the session's role with its path, where known; for a federated
	// session the ARN of the IAM user behind it.
	RoleARN string
}

// Value is the value of one context key: one string, or a set of them.
type Value struct {
	Values []string
	// Multi marks a multi-valued key, which only a set operator can match.
	Multi bool
}

// One is a single-valued context value.
func One(s string) Value { return Value{Values: []string{s}} }

// Many is a multi-valued context value.
func Many(s ...string) Value { return Value{Values: s, Multi: true} }

// Context holds the context keys of a request, by name in lower case.
type Context map[string]Value

// Request is one question to [Evaluate].
type Request struct {
	Principal Principal
	// Action is "service:Name".
	Action string
	// Resource is an ARN, or "*" for an action without resource level.
	Resource string
	// ResourceAccount owns the resource: S3 ARNs do not say. "" means the account
	// in the ARN, and failing that the caller's own.
	ResourceAccount string
	// WildcardOnly marks an action without resource level: only a literal "*" matches.
	WildcardOnly bool
	Context      Context
}

// Policies are all policies that apply to a request.
type Policies struct {
	Identity []*Policy
	// Resource is the resource's own policy, nil when it has none. Its Origin's
	// type says whether trust-policy or key-policy rules apply.
	Resource *Policy
	// Boundary is the permissions boundary, nil when there is none.
	Boundary *Policy
	// Session holds the session policies; nil means that there are none.
	Session []*Policy
	// SCPs and RCPs are levels from the root down. A level whose list is
	// empty allows nothing; no levels means that none apply.
	SCPs [][]*Policy
	RCPs [][]*Policy
	// Endpoint is the VPC endpoint policy, nil for none.
	Endpoint *Policy
	// BlockPublicAccess is S3's RestrictPublicBuckets on the bucket in question.
	BlockPublicAccess bool
}

// Verdict is the outcome of an evaluation. The zero value denies.
type Verdict string

// The three outcomes, in AWS's words.
const (
	Allowed          Verdict = "Allowed"
	ImplicitlyDenied Verdict = "ImplicitlyDenied"
	ExplicitlyDenied Verdict = "ExplicitlyDenied"
)
