package gate

import (
	"context"
	"net/http"
	"time"

	"github.com/writ-dev/writ/iam"
)

// Directory knows the roles of the account.
type Directory interface {
	// RoleAccess gives the compiled policies and tags of a role; ok is false
	// when there is no such role.
	RoleAccess(roleName string) (access RoleAccess, ok bool)
}

// RoleAccess is what a role may do. It is immutable once given out.
type RoleAccess struct {
	ARN string // with the role's path
	// ID is the role's unique id: "AROA...".
	ID       string
	Identity []*iam.Policy
	Boundary *iam.Policy
	Tags     map[string]string
}

// Credentials knows access keys.
type Credentials interface {
	// Lookup gives the secret key of an access key and who it stands for.
	// Errors are *Error with AWS's codes: InvalidClientTokenId for an unknown
	// key or a token that does not belong to it, ExpiredToken.
	Lookup(accessKeyID, sessionToken string, now time.Time) (secret string, caller Caller, err error)
}

// Verdict is one decision of the gate, for logs and for recording what was used.
type Verdict struct {
	Call     *Call
	Ask      Ask
	Request  *iam.Request
	Decision iam.Decision
	// Message is AWS's sentence when denied.
	Message string
}

// Config is what a gate is made of.
type Config struct {
	Account     string
	Region      string
	Services    []Service
	Directory   Directory
	Credentials Credentials
	// SCPs are levels of organisation policies that bind every role but the developer's, none by default.
	SCPs [][]*iam.Policy
	// OnVerdict is called for every ask that was decided, from the calling
	// goroutine; it must be quick. Nil is fine.
	OnVerdict func(Verdict)
	Now       func() time.Time
	// NewRequestID makes request ids; nil makes random ones.
	NewRequestID func() string
}

// Gate is the one way to the services.
type Gate struct{ cfg Config }

// New makes a gate.
func New(cfg Config) *Gate { return &Gate{cfg} }

// Do decides and makes a call whose Caller is already known. It fills in
// RequestID, Time, Account and Region where they are empty. A denial is an
// *Error with code AccessDenied or AccessDeniedException, as the service's
// protocol has it.
func (g *Gate) Do(ctx context.Context, c *Call) (*Reply, error) { return nil, nil }

// ServeHTTP is the AWS API: it verifies the signature, finds the service and
// the operation, and answers in the service's protocol.
func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {}
