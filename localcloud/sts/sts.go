// Package sts is AWS's Security Token Service of the local cloud: it lends
// roles to callers (AssumeRole) and to services (AssumeForService), and says
// who a caller is.
//
// Whether a role may be taken on is decided by the gate, with the role's trust
// policy as the resource policy; what is made here is only the session.
package sts

import (
	"context"
	"strconv"
	"time"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/session"
)

// Roles knows the roles of the account and the managed policies.
type Roles interface {
	// TrustedRole finds a role by its ARN, with the path.
	TrustedRole(arn string) (role session.Role, ok bool)
	// PolicyDocument gives the default version of a managed policy.
	PolicyDocument(arn string) (document string, ok bool)
}

// Issuer makes credentials.
type Issuer interface {
	Issue(caller gate.Caller, expiry time.Time) (session.Credentials, error)
}

// Config is what the service is made of.
type Config struct {
	Account string
	Roles   Roles
	Issuer  Issuer
	Now     func() time.Time
}

// Service is STS. It implements gate.Service.
type Service struct{ cfg Config }

// New makes the service.
func New(cfg Config) *Service {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Service{cfg}
}

// The bounds of a session's life.
const (
	minDuration     = 15 * time.Minute
	maxDuration     = 12 * time.Hour
	defaultDuration = time.Hour
	chainedDuration = time.Hour
	maxTokenLife    = 36 * time.Hour
)

// Info describes the service to the gate.
func (s *Service) Info() gate.Info {
	return gate.Info{
		Name: "sts", Protocol: gate.Query, Version: "2011-06-15",
		XMLNamespace: "https://sts.amazonaws.com/doc/2011-06-15/",
	}
}

// Describe says what IAM has to decide.
func (s *Service) Describe(c *gate.Call) ([]gate.Ask, error) {
	switch c.Operation {
	case "GetCallerIdentity":
		return nil, nil
	case "GetSessionToken":
		seconds, err := duration(c, 12*time.Hour, maxTokenLife)
		if err != nil {
			return nil, err
		}
		c.Input = seconds
		return nil, nil
	case "AssumeRole":
		in, err := s.parseAssumeRole(c)
		if err != nil {
			return nil, err
		}
		c.Input = in
		return in.asks(), nil
	}
	return nil, gate.UnknownOperation(s.Info(), c)
}

// Handle does the call.
func (s *Service) Handle(_ context.Context, c *gate.Call) (*gate.Reply, error) {
	switch in := c.Input.(type) {
	case *assumeRole:
		return s.assumeRole(c, in)
	case time.Duration:
		return s.sessionToken(c, in)
	}
	return gate.XMLReply(s.Info(), c, struct {
		Arn, UserId, Account string
	}{c.Caller.ARN, c.Caller.UserID, c.Caller.Account})
}

// credentialsXML is the shape of credentials in answers.
type credentialsXML struct {
	AccessKeyId, SecretAccessKey, SessionToken, Expiration string
}

func toXML(c session.Credentials) credentialsXML {
	return credentialsXML{c.AccessKeyID, c.SecretAccessKey, c.SessionToken, c.Expiration.UTC().Format(time.RFC3339)}
}

// sessionToken answers GetSessionToken, which AWS gives only to users and to
// the root user: a session cannot renew itself.
func (s *Service) sessionToken(c *gate.Call, life time.Duration) (*gate.Reply, error) {
	if c.Caller.Kind != iam.PrincipalUser && c.Caller.Kind != iam.PrincipalRoot {
		return nil, gate.Errorf("AccessDenied", "Cannot call GetSessionToken with session credentials").WithStatus(403)
	}
	caller := c.Caller
	caller.Issued = s.cfg.Now()
	credentials, err := s.cfg.Issuer.Issue(caller, caller.Issued.Add(life))
	if err != nil {
		return nil, err
	}
	return gate.XMLReply(s.Info(), c, struct{ Credentials credentialsXML }{toXML(credentials)})
}

// duration reads DurationSeconds.
func duration(c *gate.Call, usual, longest time.Duration) (time.Duration, error) {
	text := c.Form.Get("DurationSeconds")
	if text == "" {
		return usual, nil
	}
	seconds, err := strconv.Atoi(text)
	switch {
	case err != nil:
		return 0, gate.Errorf("MalformedInput", "Invalid value for DurationSeconds: %q", text)
	case seconds < int(minDuration/time.Second):
		return 0, invalid(text, "durationSeconds", "Member must have value greater than or equal to 900")
	case seconds > int(longest/time.Second):
		return 0, invalid(text, "durationSeconds", "Member must have value less than or equal to "+strconv.Itoa(int(longest/time.Second)))
	}
	return time.Duration(seconds) * time.Second, nil
}

// invalid is AWS's sentence for one bad parameter.
func invalid(value, member, constraint string) error {
	return gate.Errorf("ValidationError", "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, member, constraint)
}
