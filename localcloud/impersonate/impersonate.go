// Package impersonate lets the developer at this machine act as any role of the
// local account for a short time, to see what the role sees. AWS has no such
// service.
//
// It answers only over the loopback interface, only calls that are signed with
// the very credentials that the cloud gave to the developer when it started,
// and stands behind the gate like any service. A function cannot use it,
// whatever its role allows: a role with "*" is not the developer, and neither
// is a session of the developer's role that somebody else took on. (Code that
// reads the developer's keys from the disk is the developer: functions run as
// the user who started the cloud.) The role's trust policy is not asked, and the
// answer says so. Each session, and each attempt of somebody else, is logged.
package impersonate

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/session"
)

// How the service is called: a POST of JSON to "/", signed for the service
// Name, with the header "X-Amz-Target: " + Target.
const (
	Name   = "writ"
	Target = "Writ.Impersonate"
)

// action is what IAM is asked for; a policy can deny it to the developer.
const action = "writ:Impersonate"

// How long a session may last.
const (
	DefaultDuration = 15 * time.Minute
	MaxDuration     = time.Hour
)

// Request is what the developer asks for.
type Request struct {
	// Role is the name or the ARN of a role of the local account.
	Role string
	// FunctionARN, if any, becomes lambda:SourceFunctionArn of the session's
	// calls, as when Lambda runs the function.
	FunctionARN string `json:",omitempty"`
	// DurationSeconds is at most 3600; 0 means 900.
	DurationSeconds int `json:",omitempty"`
}

// Answer is the session.
type Answer struct {
	Credentials session.Credentials
	RoleName    string
	RoleArn     string
	// TrustPolicyAsked is always false: whom the role trusts did not count.
	TrustPolicyAsked bool
}

// Roles knows the roles of the account.
type Roles interface {
	RoleAccess(name string) (gate.RoleAccess, bool)
	CallerOf(roleName, sessionName string) (gate.Caller, bool)
}

// Issuer makes credentials.
type Issuer interface {
	Issue(caller gate.Caller, expiry time.Time) (session.Credentials, error)
}

// Config is what the service is made of.
type Config struct {
	Roles  Roles
	Issuer Issuer
	// IsDeveloper knows the access keys that the cloud gave to the developer.
	IsDeveloper func(accessKeyID string) bool
	Now         func() time.Time
	// Log hears of every session and every refusal, as warnings. Nil is fine.
	Log *slog.Logger
}

// Service lets the developer impersonate roles. It implements gate.Service.
type Service struct{ cfg Config }

// New makes the service.
func New(cfg Config) *Service {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{cfg}
}

// Info describes the service to the gate.
func (s *Service) Info() gate.Info {
	service, _, _ := strings.Cut(Target, ".")
	return gate.Info{Name: Name, Protocol: gate.JSON11, Target: service}
}

// wanted is a decoded call.
type wanted struct {
	name, arn, function string
	life                time.Duration
}

// Describe refuses everybody but the developer, before it looks at the call,
// and then asks IAM.
func (s *Service) Describe(c *gate.Call) ([]gate.Ask, error) {
	if !s.byDeveloper(c) {
		s.cfg.Log.Warn("refused to impersonate a role: the caller is not the developer", "caller", c.Caller.ARN)
		return nil, gate.Errorf("AccessDeniedException", "User: %s is not authorized to perform: %s because only the developer's own credentials are, on the machine of the local cloud", c.Caller.ARN, action)
	}
	if c.Operation != "Impersonate" {
		return nil, gate.UnknownOperation(s.Info(), c)
	}
	var in Request
	if err := json.Unmarshal(c.Body, &in); err != nil {
		return nil, gate.Errorf("SerializationException", "The request cannot be read: %v", err)
	}
	want, err := s.find(in)
	if err != nil {
		return nil, err
	}
	c.Input = want
	return []gate.Ask{{Action: action, Resource: want.arn}}, nil
}

// byDeveloper reports whether the developer calls, directly and from here.
func (s *Service) byDeveloper(c *gate.Call) bool {
	address, err := netip.ParseAddr(c.SourceIP)
	return err == nil && address.IsLoopback() && c.Via == "" &&
		c.Caller.Kind == iam.PrincipalSession && s.cfg.IsDeveloper(c.Caller.AccessKeyID)
}

func (s *Service) find(in Request) (*wanted, error) {
	longest := int(MaxDuration / time.Second)
	if in.DurationSeconds < 0 || in.DurationSeconds > longest {
		return nil, gate.Errorf("ValidationException", "DurationSeconds must be between 1 and %d", longest)
	}
	want := &wanted{name: in.Role[strings.LastIndex(in.Role, "/")+1:], function: in.FunctionARN, life: DefaultDuration}
	if in.DurationSeconds != 0 {
		want.life = time.Duration(in.DurationSeconds) * time.Second
	}
	access, ok := s.cfg.Roles.RoleAccess(want.name)
	if !ok || in.Role != want.name && in.Role != access.ARN {
		return nil, gate.Errorf("NoSuchEntity", "The role %s cannot be found.", in.Role).WithStatus(http.StatusNotFound)
	}
	want.arn = access.ARN
	return want, nil
}

// sessionName shows in every ARN and denial who it really was.
const sessionName = "developer"

// Handle makes the session.
func (s *Service) Handle(_ context.Context, c *gate.Call) (*gate.Reply, error) {
	want := c.Input.(*wanted)
	caller, ok := s.cfg.Roles.CallerOf(want.name, sessionName)
	if !ok { // deleted since
		return nil, gate.Errorf("NoSuchEntity", "The role %s cannot be found.", want.name).WithStatus(http.StatusNotFound)
	}
	caller.FunctionARN = want.function
	credentials, err := s.cfg.Issuer.Issue(caller, s.cfg.Now().Add(want.life))
	if err != nil {
		return nil, err
	}
	s.cfg.Log.Warn("the developer acts as another role", "role", want.name, "until", credentials.Expiration.Local().Format(time.TimeOnly))
	body, err := json.Marshal(Answer{Credentials: credentials, RoleName: want.name, RoleArn: want.arn})
	if err != nil {
		return nil, err
	}
	return &gate.Reply{Body: body}, nil
}
