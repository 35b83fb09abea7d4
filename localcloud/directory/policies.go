package directory

import (
	"maps"
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
)

// policyOf finds the managed policy that a call is about.
func policyOf(s *snapshot, c *gate.Call) (*policy, error) {
	arn := c.Form.Get("PolicyArn")
	if p, ok := s.policies[arn]; ok {
		return p, nil
	}
	return nil, noSuch("Policy %s was not found.", arn)
}

// changePolicy makes a write to one policy. Roles that use it are compiled
// anew, so that a change counts at the next call.
func (d *Directory) changePolicy(c *gate.Call, do func(p *policy) error) error {
	return d.change(func(next *snapshot) (changes, error) {
		old, err := policyOf(next, c)
		if err != nil {
			return changes{}, err
		}
		p := old.clone()
		if err := do(p); err != nil {
			return changes{}, err
		}
		p.Updated = d.cfg.Now().UTC()
		if err := p.compile(); err != nil {
			return changes{}, err
		}
		next.policies[p.ARN] = p
		for name, r := range next.roles {
			if !r.attached(p.ARN) && r.Boundary != p.ARN {
				continue
			}
			again := r.clone()
			if err := again.compile(next); err != nil {
				return changes{}, err
			}
			next.roles[name] = again
		}
		return changes{policies: []string{p.ARN}}, nil
	})
}

// checkManaged refuses a document that cannot be a managed policy.
func checkManaged(text string) error {
	document, err := checkDocument(text, iam.TypeIdentity)
	if err != nil {
		return err
	}
	if document.Version != iam.Version2012 {
		return malformed("Policy document must be version 2012-10-17 or greater.")
	}
	if iam.QuotaManaged.Check([]byte(text)) != nil {
		return conflict("LimitExceeded", "Cannot exceed quota for PolicySize: %d", iam.QuotaManaged.Max)
	}
	return nil
}

func (d *Directory) createPolicy(c *gate.Call) (any, error) {
	now := d.cfg.Now().UTC()
	p := &policy{Name: c.Form.Get("PolicyName"), Description: c.Form.Get("Description"), Created: now, Updated: now, Default: "v1", Last: 1}
	var err error
	if p.Path, err = pathOf(c); err != nil {
		return nil, err
	}
	if p.Tags, err = tagsOf(c); err != nil {
		return nil, err
	}
	p.ARN = d.policyARN(p.Path, p.Name)
	text := c.Form.Get("PolicyDocument")
	if err := checkManaged(text); err != nil {
		return nil, err
	}
	if err := checkDescription(p.Description); err != nil {
		return nil, err
	}
	p.Versions = []version{{ID: "v1", Document: text, Created: now}}
	if err := d.identify(&p.ID, policyIDPrefix); err != nil {
		return nil, err
	}
	err = d.change(func(next *snapshot) (changes, error) {
		own := 0
		for _, other := range next.policies {
			if other.aws {
				continue
			}
			own++
			if strings.EqualFold(other.Name, p.Name) {
				return changes{}, conflict("EntityAlreadyExists", "A policy called %s already exists. Duplicate names are not allowed.", p.Name)
			}
		}
		if own >= maxPolicies {
			return changes{}, conflict("LimitExceeded", "Cannot exceed quota for PoliciesPerAccount: %d", maxPolicies)
		}
		if err := p.compile(); err != nil {
			return changes{}, err
		}
		next.policies[p.ARN] = p
		return changes{policies: []string{p.ARN}}, nil
	})
	return struct{ Policy policyXML }{p.shape(nil)}, err
}

func (d *Directory) getPolicy(c *gate.Call) (any, error) {
	s := d.current.Load()
	p, err := policyOf(s, c)
	if err != nil {
		return nil, err
	}
	return struct{ Policy policyXML }{p.shape(s.roles)}, nil
}

func (d *Directory) listPolicies(c *gate.Call) (any, error) {
	s := d.current.Load()
	var list []policyXML
	for _, arn := range slices.Sorted(maps.Keys(s.policies)) {
		p := s.policies[arn]
		scope := c.Form.Get("Scope")
		if scope == "AWS" && !p.aws || scope == "Local" && p.aws || !strings.HasPrefix(p.Path, c.Form.Get("PathPrefix")) {
			continue
		}
		shape := p.shape(s.roles)
		if c.Form.Get("OnlyAttached") == "true" && shape.AttachmentCount == 0 {
			continue
		}
		shape.Tags, shape.Description = nil, "" // a list leaves them out
		list = append(list, shape)
	}
	list, more, marker, err := page(c, list, func(p policyXML) string { return p.Arn })
	return struct {
		Policies    []policyXML `xml:"Policies>member"`
		IsTruncated bool
		Marker      string `xml:",omitempty"`
	}{list, more, marker}, err
}

func (d *Directory) deletePolicy(c *gate.Call) (any, error) {
	return nil, d.change(func(next *snapshot) (changes, error) {
		p, err := policyOf(next, c)
		if err != nil {
			return changes{}, err
		}
		if shape := p.shape(next.roles); shape.AttachmentCount+shape.PermissionsBoundaryUsageCount > 0 {
			return changes{}, conflict("DeleteConflict", "Cannot delete a policy attached to entities.")
		}
		if len(p.Versions) > 1 {
			return changes{}, conflict("DeleteConflict", "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.")
		}
		delete(next.policies, p.ARN)
		return changes{policies: []string{p.ARN}}, nil
	})
}

func (d *Directory) createPolicyVersion(c *gate.Call) (any, error) {
	text := c.Form.Get("PolicyDocument")
	if err := checkManaged(text); err != nil {
		return nil, err
	}
	var shape versionXML
	err := d.changePolicy(c, func(p *policy) error {
		if len(p.Versions) >= maxVersions {
			return conflict("LimitExceeded", "A managed policy can have up to %d versions. Before you create a new version, you must delete an existing version.", maxVersions)
		}
		p.Last++
		v := version{ID: versionID(p.Last), Document: text, Created: d.cfg.Now().UTC()}
		p.Versions = append([]version{v}, p.Versions...) // newest first, as AWS lists them
		if c.Form.Get("SetAsDefault") == "true" {
			p.Default = v.ID
		}
		shape = p.shapeVersion(&v, false)
		return nil
	})
	return struct{ PolicyVersion versionXML }{shape}, err
}

// versionOf finds the version that a call is about.
func versionOf(p *policy, c *gate.Call) (*version, error) {
	id := c.Form.Get("VersionId")
	if v := p.version(id); v != nil {
		return v, nil
	}
	return nil, noSuch("Policy %s version %s does not exist or is not attachable.", p.ARN, id)
}

func (d *Directory) getPolicyVersion(c *gate.Call) (any, error) {
	p, err := policyOf(d.current.Load(), c)
	if err != nil {
		return nil, err
	}
	v, err := versionOf(p, c)
	if err != nil {
		return nil, err
	}
	return struct{ PolicyVersion versionXML }{p.shapeVersion(v, true)}, nil
}

func (d *Directory) listPolicyVersions(c *gate.Call) (any, error) {
	p, err := policyOf(d.current.Load(), c)
	if err != nil {
		return nil, err
	}
	list := make([]versionXML, len(p.Versions))
	for i := range p.Versions {
		list[i] = p.shapeVersion(&p.Versions[i], false)
	}
	return struct {
		Versions    []versionXML `xml:"Versions>member"`
		IsTruncated bool
	}{list, false}, nil
}

func (d *Directory) setDefaultVersion(c *gate.Call) (any, error) {
	return nil, d.changePolicy(c, func(p *policy) error {
		v, err := versionOf(p, c)
		if err != nil {
			return err
		}
		p.Default = v.ID
		return nil
	})
}

func (d *Directory) deletePolicyVersion(c *gate.Call) (any, error) {
	return nil, d.changePolicy(c, func(p *policy) error {
		v, err := versionOf(p, c)
		if err != nil {
			return err
		}
		if v.ID == p.Default {
			return conflict("DeleteConflict", "Cannot delete the default version of a policy.")
		}
		p.Versions = slices.DeleteFunc(p.Versions, func(o version) bool { return o.ID == v.ID })
		return nil
	})
}

func (d *Directory) listEntities(c *gate.Call) (any, error) {
	s := d.current.Load()
	p, err := policyOf(s, c)
	if err != nil {
		return nil, err
	}
	type named struct{ RoleName, RoleId string }
	var list []named
	for _, name := range slices.Sorted(maps.Keys(s.roles)) {
		r := s.roles[name]
		if used := r.attached(p.ARN); used || c.Form.Get("PolicyUsageFilter") == "PermissionsBoundary" && r.Boundary == p.ARN {
			list = append(list, named{r.Name, r.ID})
		}
	}
	return struct {
		PolicyRoles []named `xml:"PolicyRoles>member"`
		IsTruncated bool
	}{list, false}, nil
}

// accountSummary counts what there is; the quotas are this account's.
func (d *Directory) accountSummary(*gate.Call) (any, error) {
	s := d.current.Load()
	type entry struct {
		Key   string `xml:"key"`
		Value int    `xml:"value"`
	}
	own := 0
	for _, p := range s.policies {
		if !p.aws {
			own++
		}
	}
	return struct {
		SummaryMap []entry `xml:"SummaryMap>entry"`
	}{[]entry{
		{"Roles", len(s.roles)},
		{"RolesQuota", maxRoles},
		{"Policies", own},
		{"PoliciesQuota", maxPolicies},
		{"PolicySizeQuota", iam.QuotaManaged.Max},
		{"PolicyVersionsInUseQuota", 10000},
		{"VersionsPerPolicyQuota", maxVersions},
		{"AttachedPoliciesPerRoleQuota", maxAttached},
		{"AssumeRolePolicySizeQuota", iam.QuotaTrust.Max},
		{"Users", 0},
		{"Groups", 0},
	}}, nil
}
