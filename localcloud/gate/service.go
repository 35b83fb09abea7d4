// Package gate stands before every service of the local cloud: it finds out who
// calls, what the call would do, and lets IAM decide before the service sees it.
//
// There is one way to a service, [Gate.Do]: HTTP requests arrive there once
// their signature is verified, and calls from inside the cloud (CloudFormation
// creating a table, API Gateway invoking a function, Lambda writing logs)
// arrive there with the identity they act under. A call that a service cannot
// describe is denied.
package gate

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/writ-dev/writ/iam"
)

// Protocol is how a service speaks: where the operation is named, and the
// shape of answers and errors.
type Protocol int

// AWS's protocols, as the smithy specifications name them.
const (
	JSON10   Protocol = iota // awsJson1_0: DynamoDB
	JSON11                   // awsJson1_1: CloudWatch Logs, SSM
	RESTJSON                 // restJson1: Lambda, API Gateway
	Query                    // awsQuery: STS, IAM, CloudFormation
	RESTXML                  // restXml: S3
)

// Info describes a service to the gate.
type Info struct {
	// Name is the signing name in a request's credential scope: "dynamodb".
	Name     string
	Protocol Protocol
	// Target is the X-Amz-Target prefix of the JSON protocols: "DynamoDB_20120810".
	Target string
	// Version is the API version of the Query protocol: "2010-05-08".
	Version string
	// XMLNamespace of the Query protocol's answers: "https://iam.amazonaws.com/doc/2010-05-08/".
	XMLNamespace string
	// ErrorPrefix stands before error codes in __type: "com.amazonaws.dynamodb.v20120810#".
	ErrorPrefix string
	// Route names the operation of a REST call and fills in Call.Vars; false
	// means that there is no such operation. Only for the REST protocols.
	Route func(*Call) (operation string, ok bool)
}

// Service is one AWS service of the local cloud.
type Service interface {
	Info() Info
	// Describe says what IAM has to decide for the call, one Ask for every
	// action and resource; all of them must be allowed. It decodes the call
	// and may keep the result in Call.Input for Handle. It changes nothing.
	// An *Error is answered as it is; any other error denies the call. No
	// asks at all means that the call needs no permission, which AWS grants
	// to very few (sts:GetCallerIdentity, sts:GetSessionToken).
	Describe(*Call) ([]Ask, error)
	// Handle does the call. It is only called when all asks were allowed.
	Handle(context.Context, *Call) (*Reply, error)
}

// Ask is one question to IAM.
type Ask struct {
	// Action is "service:Name", which is not always the operation's name.
	Action string
	// Resource is the ARN, or "*" for an action without resource level.
	Resource string
	// ResourcePolicy is the resource's own policy, nil when it has none. For
	// sts:AssumeRole it is the role's trust policy.
	ResourcePolicy *iam.Policy
	// ResourceTags become aws:ResourceTag/KEY.
	ResourceTags map[string]string
	// BlockPublicAccess is S3's RestrictPublicBuckets: a public ResourcePolicy
	// then admits neither anonymous callers nor other accounts.
	BlockPublicAccess bool
	// Context holds the service's own keys, in lower case: "dynamodb:leadingkeys".
	// The gate fills in the global keys (aws:...).
	Context iam.Context
}

// Call is one call of one operation.
type Call struct {
	Service   string
	Operation string

	// Method, Path (still escaped), Query, Header and Body are the HTTP
	// request's; calls from inside set what the service's protocol reads:
	// Body for JSON, Form for Query, all of them for REST.
	Method string
	Path   string
	Query  url.Values
	// Host is the HTTP request's host, which S3's virtual-host addressing reads; "" from inside.
	Host   string
	Header http.Header
	Body   []byte
	// Form holds the parameters of the Query protocol.
	Form url.Values
	// Vars holds what Route found in the path: {"FunctionName": "hello"}.
	Vars map[string]string
	// Input is for the service: what Describe decoded.
	Input any

	Caller Caller
	// Via names the AWS service that makes the call for Caller, such as
	// "cloudformation.amazonaws.com"; "" when Caller calls directly.
	Via       string
	Account   string
	Region    string
	RequestID string
	Time      time.Time
	SourceIP  string
	UserAgent string
	Secure    bool
}

// Reply is what a service answers. The gate adds the request id.
type Reply struct {
	// Status defaults to 200.
	Status int
	Header http.Header
	Body   []byte
}

// Caller is an identified caller.
type Caller struct {
	Kind iam.PrincipalKind
	// ARN of the caller: the session's ARN, or the service's name.
	ARN     string
	Account string
	// UserID is aws:userid: "AROA...:session".
	UserID string
	// RoleName and SessionName are set for a role session.
	RoleName    string
	SessionName string
	// SessionPolicies are the policies that AssumeRole was given, as JSON.
	SessionPolicies []string
	SessionTags     map[string]string
	// TransitiveTags are the keys of SessionTags that sessions made from this
	// one inherit.
	TransitiveTags []string
	// SourceIdentity is who took on the first role of a chain, by their own word.
	SourceIdentity string
	Issued         time.Time
	// SourceARN is set for service principals: on whose behalf the service calls.
	SourceARN string
	// FunctionARN is set when a function's credentials make the call.
	FunctionARN string
	AccessKeyID string
}

// ServiceCaller is an AWS service acting for one of its own resources.
func ServiceCaller(principal, account, sourceARN string) Caller {
	return Caller{Kind: iam.PrincipalService, ARN: principal, Account: account, SourceARN: sourceARN}
}

// Doer makes calls from inside the cloud. [Gate] is the one implementation;
// services that call others hold it as this interface.
type Doer interface {
	Do(context.Context, *Call) (*Reply, error)
}
