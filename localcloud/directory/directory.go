// Package directory is AWS IAM of the local cloud: the account's roles and
// policies, kept durably, compiled once when they are written, and read by the
// gate at every call.
//
// A Directory is the IAM API (a gate.Service), the gate's gate.Directory, and
// what STS asks for trust policies.
package directory

import (
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"io"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/session"
	"github.com/writ-dev/writ/localcloud/store"
)

// Config is what a directory is made of.
type Config struct {
	DB      *store.DB
	Account string
	Now     func() time.Time
	// Rand makes unique ids; nil is the system's source.
	Rand io.Reader
	// SCPs gives the levels of service control policies that bind every role but
	// Unbound now; simulations of a role's policies heed them. Nil is fine.
	SCPs    func() [][]*iam.Policy
	Unbound string
}

// Directory holds roles and policies. Reads take no lock.
type Directory struct {
	cfg Config
	// current is what readers see; a write makes a new one and swaps it in.
	current atomic.Pointer[snapshot]
	write   sync.Mutex
}

// snapshot is all entities at one time. Nothing in it is changed.
type snapshot struct {
	roles    map[string]*role   // by name
	policies map[string]*policy // by ARN, AWS's own among them
}

// New reads the directory from the store. A stored policy that cannot be read
// is an error: starting without it could allow what it denies.
func New(cfg Config) (*Directory, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	d := &Directory{cfg: cfg}
	s := &snapshot{roles: map[string]*role{}, policies: map[string]*policy{}}
	for _, p := range awsManaged() {
		s.policies[p.ARN] = p
	}
	if err := d.read(s); err != nil {
		return nil, err
	}
	d.current.Store(s)
	return d, nil
}

// RoleAccess gives the compiled policies of a role. It implements gate.Directory.
func (d *Directory) RoleAccess(name string) (gate.RoleAccess, bool) {
	r, ok := d.current.Load().roles[name]
	if !ok {
		return gate.RoleAccess{}, false
	}
	return r.access, true
}

// TrustedRole finds a role by its ARN, with the path. It implements sts.Roles.
func (d *Directory) TrustedRole(arn string) (session.Role, bool) {
	r := d.current.Load().roleByARN(arn)
	if r == nil {
		return session.Role{}, false
	}
	return session.Role{
		Name: r.Name, ARN: r.ARN, ID: r.ID, Trust: r.trust, Tags: r.access.Tags,
		MaxDuration: time.Duration(r.MaxSession) * time.Second,
	}, true
}

// PolicyDocument gives the default version of a managed policy.
func (d *Directory) PolicyDocument(arn string) (string, bool) {
	p, ok := d.current.Load().policies[arn]
	if !ok {
		return "", false
	}
	return p.version(p.Default).Document, true
}

// RoleSpec is a role that EnsureRole makes.
type RoleSpec struct {
	Name string
	// Path is "/" when empty.
	Path        string
	Description string
	// Trust is the trust policy's document.
	Trust string
	// Inline holds policy documents by name.
	Inline map[string]string
	// Attached are ARNs of managed policies.
	Attached []string
}

// EnsureRole makes a role equal to spec, without a caller: the cloud itself
// makes the developer's role at its start. A role that is there keeps its id,
// so that its sessions stay good.
func (d *Directory) EnsureRole(spec RoleSpec) (gate.RoleAccess, error) {
	var made *role
	err := d.change(func(next *snapshot) (changes, error) {
		r := &role{Name: spec.Name, Created: d.cfg.Now().UTC()}
		if old, ok := next.roles[spec.Name]; ok {
			r = old.clone()
		} else if err := d.identify(&r.ID, roleIDPrefix); err != nil {
			return changes{}, err
		}
		if r.Path = spec.Path; r.Path == "" {
			r.Path = "/"
		}
		r.ARN = d.roleARN(r.Path, r.Name)
		r.Description, r.Trust, r.MaxSession = spec.Description, spec.Trust, defaultMaxSession
		r.Inline, r.Attached = maps.Clone(spec.Inline), append([]string(nil), spec.Attached...)
		document, err := checkDocument(spec.Trust, iam.TypeTrust)
		if err != nil {
			return changes{}, err
		}
		r.TrustIDs = d.principalIDs(document, next)
		if err := r.compile(next); err != nil {
			return changes{}, err
		}
		made = r
		next.roles[r.Name] = r
		return changes{roles: []string{r.Name}}, nil
	})
	if err != nil {
		return gate.RoleAccess{}, fmt.Errorf("make role %s: %w", spec.Name, err)
	}
	return made.access, nil
}

// CallerOf is the caller that a session of a role is, issued now.
func (d *Directory) CallerOf(roleName, sessionName string) (gate.Caller, bool) {
	r, ok := d.current.Load().roles[roleName]
	if !ok {
		return gate.Caller{}, false
	}
	return gate.Caller{
		Kind: "AssumedRole", ARN: "arn:aws:sts::" + d.cfg.Account + ":assumed-role/" + r.Name + "/" + sessionName,
		Account: d.cfg.Account, UserID: r.ID + ":" + sessionName,
		RoleName: r.Name, SessionName: sessionName, Issued: d.cfg.Now().UTC(),
	}, true
}

// The prefixes of unique ids (IAM User Guide, "IAM identifiers").
const (
	roleIDPrefix   = "AROA"
	policyIDPrefix = "ANPA"
)

// identify makes a unique id: the prefix and 17 characters.
func (d *Directory) identify(id *string, prefix string) error {
	var b [11]byte
	if _, err := io.ReadFull(d.cfg.Rand, b[:]); err != nil {
		return fmt.Errorf("make an id: %w", err)
	}
	*id = prefix + base32.StdEncoding.EncodeToString(b[:])[:17]
	return nil
}

func (d *Directory) roleARN(path, name string) string {
	return "arn:aws:iam::" + d.cfg.Account + ":role" + path + name
}

func (d *Directory) policyARN(path, name string) string {
	return "arn:aws:iam::" + d.cfg.Account + ":policy" + path + name
}
