package directory

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// role is a role as it is stored, and what was compiled of it.
type role struct {
	Name, Path, ARN, ID string
	Description         string `json:",omitempty"`
	Created             time.Time
	MaxSession          int // seconds
	Trust               string
	// TrustIDs are the unique ids, at the time that Trust was put, of the roles
	// that it names: a role made anew under a name is another one.
	TrustIDs map[string]string `json:",omitempty"`
	Boundary string            `json:",omitempty"` // the ARN of a managed policy
	Inline   map[string]string `json:",omitempty"` // documents by name
	Attached []string          `json:",omitempty"` // ARNs of managed policies
	Tags     []tag             `json:",omitempty"`

	access gate.RoleAccess
	trust  *iam.Policy
}

// policy is a managed policy.
type policy struct {
	Name, Path, ARN, ID string
	Description         string `json:",omitempty"`
	Created, Updated    time.Time
	Default             string
	Versions            []version
	// Last is the number of the newest version ever made.
	Last int
	Tags []tag `json:",omitempty"`

	aws bool
	// compiled is the default version, as an identity policy and as a boundary.
	compiled, boundary *iam.Policy
}

// version is one version of a managed policy.
type version struct {
	ID, Document string
	Created      time.Time
}

type tag struct{ Key, Value string }

func (r *role) clone() *role {
	c := *r
	c.Inline, c.Attached, c.Tags = maps.Clone(r.Inline), slices.Clone(r.Attached), slices.Clone(r.Tags)
	if c.Inline == nil {
		c.Inline = map[string]string{}
	}
	return &c
}

func (p *policy) clone() *policy {
	c := *p
	c.Versions, c.Tags = slices.Clone(p.Versions), slices.Clone(p.Tags)
	return &c
}

// version finds a version by its id, nil when there is none.
func (p *policy) version(id string) *version {
	for i := range p.Versions {
		if p.Versions[i].ID == id {
			return &p.Versions[i]
		}
	}
	return nil
}

// compile makes what evaluations need of the default version.
func (p *policy) compile() error {
	v := p.version(p.Default)
	if v == nil {
		return writ.Errorf(writ.CodeInvalid, "policy %s has no default version", p.ARN)
	}
	var err error
	if p.compiled, err = iam.Load([]byte(v.Document), iam.Origin{Type: iam.TypeIdentity, Name: p.Name, ARN: p.ARN}); err != nil {
		return err
	}
	p.boundary, err = iam.Load([]byte(v.Document), iam.Origin{Type: iam.TypeBoundary, Name: p.Name, ARN: p.ARN})
	return err
}

// compile makes what evaluations need of the role.
func (r *role) compile(s *snapshot) error {
	policies := s.policies
	access := gate.RoleAccess{ARN: r.ARN, ID: r.ID, Tags: map[string]string{}}
	for _, name := range slices.Sorted(maps.Keys(r.Inline)) {
		p, err := iam.Load([]byte(r.Inline[name]), iam.Origin{Type: iam.TypeIdentity, Name: name})
		if err != nil {
			return err
		}
		access.Identity = append(access.Identity, p)
	}
	for _, arn := range r.Attached {
		p, ok := policies[arn]
		if !ok {
			return gate.Errorf("NoSuchEntity", "Policy %s does not exist or is not attachable.", arn).WithStatus(404)
		}
		access.Identity = append(access.Identity, p.compiled)
	}
	if r.Boundary != "" {
		p, ok := policies[r.Boundary]
		if !ok {
			return gate.Errorf("NoSuchEntity", "Scope ARN: %s does not exist or is not attachable.", r.Boundary).WithStatus(404)
		}
		access.Boundary = p.boundary
	}
	for _, t := range r.Tags {
		access.Tags[t.Key] = t.Value
	}
	trust, err := r.compileTrust(s)
	if err != nil {
		return err
	}
	r.access, r.trust = access, trust
	return nil
}

// compileTrust compiles the trust policy. A principal that is no longer the
// role that was named becomes its unique id, which matches nobody, as in AWS
// (IAM User Guide, "AWS JSON policy elements: Principal").
func (r *role) compileTrust(s *snapshot) (*iam.Policy, error) {
	document, err := iam.Parse([]byte(r.Trust))
	if err != nil {
		return nil, err
	}
	if err := document.Validate(iam.TypeTrust); err != nil {
		return nil, err
	}
	for i := range document.Statements {
		principals := document.Statements[i].Principal.AWS
		for j, arn := range principals {
			if id, ok := r.TrustIDs[arn]; ok {
				if named := s.roleByARN(arn); named == nil || named.ID != id {
					principals[j] = id
				}
			}
		}
	}
	return iam.Compile(document, iam.Origin{Type: iam.TypeTrust, Name: r.Name}), nil
}

// roleByARN finds a role by its ARN with the path, nil when there is none.
func (s *snapshot) roleByARN(arn string) *role {
	if r, ok := s.roles[arn[strings.LastIndexByte(arn, '/')+1:]]; ok && r.ARN == arn {
		return r
	}
	return nil
}

// retrust compiles anew the roles that trust a role which came or went.
func (s *snapshot) retrust(arn string) error {
	for name, r := range s.roles {
		if _, ok := r.TrustIDs[arn]; !ok {
			continue
		}
		again := r.clone()
		if err := again.compile(s); err != nil {
			return err
		}
		s.roles[name] = again
	}
	return nil
}

// changes names the entities that a write made, changed or removed.
type changes struct {
	roles    []string // names
	policies []string // ARNs
}

// change makes a write: do changes a copy of the snapshot, which is stored and
// then swapped in. When the store fails, readers keep what they had.
func (d *Directory) change(do func(next *snapshot) (changes, error)) error {
	d.write.Lock()
	defer d.write.Unlock()
	old := d.current.Load()
	next := &snapshot{roles: maps.Clone(old.roles), policies: maps.Clone(old.policies)}
	changed, err := do(next)
	if err != nil {
		return err
	}
	err = d.cfg.DB.Update(func(tx *store.Tx) error {
		if err := save(tx, "roles", changed.roles, func(key string) any { return next.roles[key] }); err != nil {
			return err
		}
		return save(tx, "policies", changed.policies, func(key string) any { return next.policies[key] })
	})
	if err != nil {
		return err
	}
	d.current.Store(next)
	return nil
}

// save writes the named entities, and removes those that are no more.
func save(tx *store.Tx, bucket string, keys []string, get func(string) any) error {
	if len(keys) == 0 {
		return nil
	}
	b, err := tx.Bucket("iam", bucket)
	if err != nil {
		return err
	}
	for _, key := range keys {
		data, err := json.Marshal(get(key))
		if err != nil {
			return fmt.Errorf("encode %q: %w", key, err)
		}
		if string(data) == "null" {
			err = b.Delete([]byte(key))
		} else {
			err = b.Put([]byte(key), data)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// read fills a snapshot from the store.
func (d *Directory) read(s *snapshot) error {
	err := d.cfg.DB.View(func(tx *store.Tx) error {
		err := each(tx, "policies", func(p *policy) error {
			s.policies[p.ARN] = p
			return p.compile()
		})
		if err != nil {
			return err
		}
		return each(tx, "roles", func(r *role) error {
			s.roles[r.Name] = r
			return nil
		})
	})
	for _, r := range s.roles { // once all are there, because they name each other
		if err == nil {
			err = r.compile(s)
		}
	}
	if err != nil {
		return writ.Errorf(writ.CodeInvalid, "the stored roles and policies cannot be read: %w", err)
	}
	return nil
}

// each decodes the entities of a bucket.
func each[T any](tx *store.Tx, bucket string, do func(*T) error) error {
	b, err := tx.Bucket("iam", bucket)
	if err != nil {
		return err
	}
	cursor := b.Cursor()
	for key, data := cursor.First(); key != nil; key, data = cursor.Next() {
		entity := new(T)
		if err := json.Unmarshal(data, entity); err != nil {
			return fmt.Errorf("%s %q: %w", bucket, key, err)
		}
		if err := do(entity); err != nil {
			return fmt.Errorf("%s %q: %w", bucket, key, err)
		}
	}
	return nil
}
