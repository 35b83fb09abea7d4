// Package session vends and reads the credentials of role sessions.
//
// A session token is self-contained: it holds the role, the session and the
// expiry, sealed with a key that lies in the state directory. The secret key
// is derived from the access key id. So credentials outlive a restart of the
// cloud, and nothing about them is stored.
package session

import (
	"time"

	"github.com/writ-dev/writ/iam"
)

// Credentials are temporary credentials as STS gives them.
type Credentials struct {
	AccessKeyID     string    `json:"AccessKeyId"`
	SecretAccessKey string    `json:"SecretAccessKey"`
	SessionToken    string    `json:"SessionToken"`
	Expiration      time.Time `json:"Expiration"`
}

// ServiceRole is what a service of the cloud asks when it takes on a role, as
// Lambda does for a function.
type ServiceRole struct {
	// Principal is the service: "lambda.amazonaws.com". The role's trust
	// policy must name it.
	Principal   string
	RoleARN     string
	SessionName string
	// FunctionARN is carried in the session and becomes lambda:SourceFunctionArn.
	FunctionARN string
	// SourceARN is on whose behalf the service acts, for aws:SourceArn in the
	// trust policy; "" means FunctionARN.
	SourceARN string
	Duration  time.Duration
}

// Role is what has to be known of a role to take it on.
type Role struct {
	Name string
	ARN  string // with the path
	// ID is the unique id: "AROA...".
	ID string
	// Trust is the compiled trust policy.
	Trust *iam.Policy
	Tags  map[string]string
	// MaxDuration is the longest session that the role allows.
	MaxDuration time.Duration
}
