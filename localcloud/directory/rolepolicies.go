package directory

import (
	"maps"
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
)

// namesXML is the answer of a list of names.
type namesXML struct {
	PolicyNames []string `xml:"PolicyNames>member"`
	IsTruncated bool
	Marker      string `xml:",omitempty"`
}

func (d *Directory) putRolePolicy(c *gate.Call) (any, error) {
	name, text := c.Form.Get("PolicyName"), c.Form.Get("PolicyDocument")
	if err := checkName("policyName", name, maxPolicyName); err != nil {
		return nil, err
	}
	if _, err := checkDocument(text, iam.TypeIdentity); err != nil {
		return nil, err
	}
	return nil, d.changeRole(c, func(_ *snapshot, r *role) error {
		r.Inline[name] = text
		all := make([][]byte, 0, len(r.Inline))
		for _, document := range r.Inline {
			all = append(all, []byte(document))
		}
		if iam.QuotaInlineRole.Check(all...) != nil {
			return conflict("LimitExceeded", "Maximum policy size of %d bytes exceeded for role %s", iam.QuotaInlineRole.Max, r.Name)
		}
		return nil
	})
}

func (d *Directory) getRolePolicy(c *gate.Call) (any, error) {
	r, err := roleOf(d.current.Load(), c)
	if err != nil {
		return nil, err
	}
	name := c.Form.Get("PolicyName")
	document, ok := r.Inline[name]
	if !ok {
		return nil, noSuch("The role policy with name %s cannot be found.", name)
	}
	return struct{ RoleName, PolicyName, PolicyDocument string }{r.Name, name, encode(document)}, nil
}

func (d *Directory) listRolePolicies(c *gate.Call) (any, error) {
	r, err := roleOf(d.current.Load(), c)
	if err != nil {
		return nil, err
	}
	var out namesXML
	out.PolicyNames, out.IsTruncated, out.Marker, err = page(c, slices.Sorted(maps.Keys(r.Inline)), func(name string) string { return name })
	return out, err
}

func (d *Directory) deleteRolePolicy(c *gate.Call) (any, error) {
	name := c.Form.Get("PolicyName")
	return nil, d.changeRole(c, func(_ *snapshot, r *role) error {
		if _, ok := r.Inline[name]; !ok {
			return noSuch("The role policy with name %s cannot be found.", name)
		}
		delete(r.Inline, name)
		return nil
	})
}

func (d *Directory) attachRolePolicy(c *gate.Call) (any, error) {
	arn := c.Form.Get("PolicyArn")
	return nil, d.changeRole(c, func(next *snapshot, r *role) error {
		if _, ok := next.policies[arn]; !ok {
			return noSuch("Policy %s does not exist or is not attachable.", arn)
		}
		if r.attached(arn) {
			return nil
		}
		if len(r.Attached) >= maxAttached {
			return conflict("LimitExceeded", "Cannot exceed quota for PoliciesPerRole: %d", maxAttached)
		}
		r.Attached = append(r.Attached, arn)
		return nil
	})
}

func (d *Directory) detachRolePolicy(c *gate.Call) (any, error) {
	arn := c.Form.Get("PolicyArn")
	return nil, d.changeRole(c, func(_ *snapshot, r *role) error {
		i := slices.Index(r.Attached, arn)
		if i < 0 {
			return noSuch("Policy %s was not found.", arn)
		}
		r.Attached = slices.Delete(r.Attached, i, i+1)
		return nil
	})
}

func (d *Directory) listAttached(c *gate.Call) (any, error) {
	s := d.current.Load()
	r, err := roleOf(s, c)
	if err != nil {
		return nil, err
	}
	type attached struct{ PolicyName, PolicyArn string }
	var list []attached
	for _, arn := range r.Attached {
		if p := s.policies[arn]; strings.HasPrefix(p.Path, c.Form.Get("PathPrefix")) {
			list = append(list, attached{p.Name, arn})
		}
	}
	slices.SortFunc(list, func(a, b attached) int { return strings.Compare(a.PolicyArn, b.PolicyArn) })
	list, more, marker, err := page(c, list, func(a attached) string { return a.PolicyArn })
	return struct {
		AttachedPolicies []attached `xml:"AttachedPolicies>member"`
		IsTruncated      bool
		Marker           string `xml:",omitempty"`
	}{list, more, marker}, err
}
