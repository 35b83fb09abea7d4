package gate

import (
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/internal/sigv4"
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
	// Policies are what the decision was made of.
	Policies *iam.Policies
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
	// SCPs are levels of organisation policies that bind every role but the
	// developer's, none by default; see [Gate.SetSCPs].
	SCPs [][]*iam.Policy
	// DeveloperRole is the name of the role that SCPs do not bind, as they do
	// not bind a management account.
	DeveloperRole string
	// OnVerdict is called for every ask that was decided, from the calling
	// goroutine; it must be quick. Nil is fine.
	OnVerdict func(Verdict)
	// Log receives faults of services (panics, errors that are no *Error). Nil is fine.
	Log *slog.Logger
	Now func() time.Time
	// NewRequestID makes request ids; nil makes random ones.
	NewRequestID func() string
}

// Gate is the one way to the services.
type Gate struct {
	cfg      Config
	services map[string][]entry
	targets  map[string]entry
	verifier sigv4.Verifier
	sessions policyCache
	scps     atomic.Pointer[[][]*iam.Policy]
}

// entry is a service with what it says of itself.
type entry struct {
	Service
	info Info
}

// New makes a gate. Services may share a signing name, as API Gateway's two
// versions do; their routes or target prefixes then tell them apart.
func New(cfg Config) *Gate {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.NewRequestID == nil {
		cfg.NewRequestID = randomID
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	g := &Gate{cfg: cfg, services: map[string][]entry{}, targets: map[string]entry{}}
	g.SetSCPs(cfg.SCPs)
	for _, s := range cfg.Services {
		e := entry{s, s.Info()}
		g.services[e.info.Name] = append(g.services[e.info.Name], e)
		if e.info.Target != "" {
			g.targets[e.info.Target] = e
		}
	}
	return g
}

// SetSCPs replaces the service control policies, levels from the root down.
// Every question that is decided afterwards meets all of the new ones; the
// levels must not be changed any more.
func (g *Gate) SetSCPs(levels [][]*iam.Policy) { g.scps.Store(&levels) }

// SCPs gives the service control policies that bind now; they are to be read only.
func (g *Gate) SCPs() [][]*iam.Policy { return *g.scps.Load() }

// randomID makes a request id in the form of AWS's: a random UUID.
func randomID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	text := hex.EncodeToString(b[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}
