package directory

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
)

func noSuch(format string, args ...any) error {
	return gate.Errorf("NoSuchEntity", format, args...).WithStatus(404)
}

func conflict(code, format string, args ...any) error {
	return gate.Errorf(code, format, args...).WithStatus(409)
}

// roleOf finds the role that a call is about.
func roleOf(s *snapshot, c *gate.Call) (*role, error) {
	name := c.Form.Get("RoleName")
	if r, ok := s.roles[name]; ok {
		return r, nil
	}
	return nil, noSuch("The role with name %s cannot be found.", name)
}

// changeRole makes a write to one role: do changes a copy, which is then
// compiled anew.
func (d *Directory) changeRole(c *gate.Call, do func(next *snapshot, r *role) error) error {
	return d.change(func(next *snapshot) (changes, error) {
		old, err := roleOf(next, c)
		if err != nil {
			return changes{}, err
		}
		r := old.clone()
		if err := do(next, r); err != nil {
			return changes{}, err
		}
		if err := r.compile(next); err != nil {
			return changes{}, err
		}
		next.roles[r.Name] = r
		return changes{roles: []string{r.Name}}, nil
	})
}

func (d *Directory) createRole(c *gate.Call) (any, error) {
	r := &role{
		Name: c.Form.Get("RoleName"), Description: c.Form.Get("Description"), Created: d.cfg.Now().UTC(),
		Trust: c.Form.Get("AssumeRolePolicyDocument"), Boundary: c.Form.Get("PermissionsBoundary"), Inline: map[string]string{},
	}
	var err error
	if r.Path, err = pathOf(c); err != nil {
		return nil, err
	}
	// No SCP binds the roles of services, which nobody else can make (IAM User
	// Guide, "Create a service-linked role").
	for _, reserved := range []string{"/aws-service-role/", "/aws-reserved/"} {
		if strings.HasPrefix(r.Path, reserved) {
			return nil, gate.Errorf("InvalidInput", "The path %s is reserved for roles of AWS", r.Path)
		}
	}
	r.ARN = d.roleARN(r.Path, r.Name)
	if r.Tags, err = tagsOf(c); err != nil {
		return nil, err
	}
	if r.MaxSession, err = maxSessionOf(c, defaultMaxSession); err != nil {
		return nil, err
	}
	if err := checkDescription(r.Description); err != nil {
		return nil, err
	}
	if err := d.identify(&r.ID, roleIDPrefix); err != nil {
		return nil, err
	}
	err = d.change(func(next *snapshot) (changes, error) {
		for name := range next.roles { // names differ in more than case
			if strings.EqualFold(name, r.Name) {
				return changes{}, conflict("EntityAlreadyExists", "Role with name %s already exists.", r.Name)
			}
		}
		if len(next.roles) >= maxRoles {
			return changes{}, conflict("LimitExceeded", "Cannot exceed quota for RolesPerAccount: %d", maxRoles)
		}
		if err := d.setTrust(r, r.Trust, next); err != nil {
			return changes{}, err
		}
		if err := r.compile(next); err != nil {
			return changes{}, err
		}
		next.roles[r.Name] = r
		return changes{roles: []string{r.Name}}, next.retrust(r.ARN)
	})
	return struct{ Role roleXML }{r.shape()}, err
}

// setTrust gives a role a trust policy, unless AWS would not take it: the roles
// of this account that it names must exist.
func (d *Directory) setTrust(r *role, text string, s *snapshot) error {
	document, err := checkDocument(text, iam.TypeTrust)
	if err != nil {
		return err
	}
	if iam.QuotaTrust.Check([]byte(text)) != nil {
		return conflict("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: %d", iam.QuotaTrust.Max)
	}
	ids := d.principalIDs(document, s)
	for _, arn := range d.principals(document) {
		if _, ok := ids[arn]; !ok {
			return malformed(`Invalid principal in policy: "AWS":"%s"`, arn)
		}
	}
	r.Trust, r.TrustIDs = text, ids
	return nil
}

// maxSessionOf reads MaxSessionDuration.
func maxSessionOf(c *gate.Call, usual int) (int, error) {
	text := c.Form.Get("MaxSessionDuration")
	if text == "" {
		return usual, nil
	}
	seconds, err := strconv.Atoi(text)
	switch {
	case err != nil || seconds < minMaxSession:
		return 0, invalid(text, "maxSessionDuration", "Member must have value greater than or equal to 3600")
	case seconds > maxMaxSession:
		return 0, invalid(text, "maxSessionDuration", "Member must have value less than or equal to 43200")
	}
	return seconds, nil
}

func (d *Directory) getRole(c *gate.Call) (any, error) {
	r, err := roleOf(d.current.Load(), c)
	if err != nil {
		return nil, err
	}
	return struct{ Role roleXML }{r.shape()}, nil
}

func (d *Directory) listRoles(c *gate.Call) (any, error) {
	roles := d.current.Load().roles
	prefix := c.Form.Get("PathPrefix")
	var list []roleXML
	for _, name := range slices.Sorted(maps.Keys(roles)) {
		if strings.HasPrefix(roles[name].Path, prefix) {
			shape := roles[name].shape()
			shape.Tags, shape.PermissionsBoundary = nil, nil // a list leaves them out
			list = append(list, shape)
		}
	}
	list, more, marker, err := page(c, list, func(r roleXML) string { return r.RoleName })
	return struct {
		Roles       []roleXML `xml:"Roles>member"`
		IsTruncated bool
		Marker      string `xml:",omitempty"`
	}{list, more, marker}, err
}

func (d *Directory) deleteRole(c *gate.Call) (any, error) {
	return nil, d.change(func(next *snapshot) (changes, error) {
		r, err := roleOf(next, c)
		switch {
		case err != nil:
			return changes{}, err
		case len(r.Inline) > 0:
			return changes{}, conflict("DeleteConflict", "Cannot delete entity, must delete policies first.")
		case len(r.Attached) > 0:
			return changes{}, conflict("DeleteConflict", "Cannot delete entity, must detach all policies first.")
		}
		delete(next.roles, r.Name)
		return changes{roles: []string{r.Name}}, next.retrust(r.ARN)
	})
}

func (d *Directory) updateRole(c *gate.Call) (any, error) {
	err := d.changeRole(c, func(_ *snapshot, r *role) error {
		if c.Form.Has("Description") {
			r.Description = c.Form.Get("Description")
		}
		var err error
		if r.MaxSession, err = maxSessionOf(c, r.MaxSession); err != nil {
			return err
		}
		return checkDescription(r.Description)
	})
	return struct{}{}, err
}

func (d *Directory) updateRoleDescription(c *gate.Call) (any, error) {
	var shape roleXML
	err := d.changeRole(c, func(_ *snapshot, r *role) error {
		r.Description = c.Form.Get("Description")
		shape = r.shape()
		return checkDescription(r.Description)
	})
	return struct{ Role roleXML }{shape}, err
}

func (d *Directory) updateTrust(c *gate.Call) (any, error) {
	return nil, d.changeRole(c, func(next *snapshot, r *role) error {
		return d.setTrust(r, c.Form.Get("PolicyDocument"), next)
	})
}

func (d *Directory) tagRole(c *gate.Call) (any, error) {
	tags, err := tagsOf(c)
	if err != nil {
		return nil, err
	}
	return nil, d.changeRole(c, func(_ *snapshot, r *role) error {
		for _, t := range tags {
			if i := slices.IndexFunc(r.Tags, func(o tag) bool { return strings.EqualFold(o.Key, t.Key) }); i >= 0 {
				r.Tags[i] = t
			} else {
				r.Tags = append(r.Tags, t)
			}
		}
		if len(r.Tags) > maxTags {
			return conflict("LimitExceeded", "The number of tags has reached the maximum limit.")
		}
		return nil
	})
}

func (d *Directory) untagRole(c *gate.Call) (any, error) {
	keys := members(c, "TagKeys")
	return nil, d.changeRole(c, func(_ *snapshot, r *role) error {
		r.Tags = slices.DeleteFunc(r.Tags, func(t tag) bool {
			return slices.ContainsFunc(keys, func(key string) bool { return strings.EqualFold(key, t.Key) })
		})
		return nil
	})
}

func (d *Directory) listRoleTags(c *gate.Call) (any, error) {
	r, err := roleOf(d.current.Load(), c)
	if err != nil {
		return nil, err
	}
	tags := tagShapes(r.Tags)
	slices.SortFunc(tags, func(a, b tagXML) int { return strings.Compare(a.Key, b.Key) })
	tags, more, marker, err := page(c, tags, func(t tagXML) string { return t.Key })
	return struct {
		Tags        []tagXML `xml:"Tags>member"`
		IsTruncated bool
		Marker      string `xml:",omitempty"`
	}{tags, more, marker}, err
}

// listInstanceProfiles answers what tools ask before they delete a role; the
// local cloud has no instances.
func (d *Directory) listInstanceProfiles(c *gate.Call) (any, error) {
	if _, err := roleOf(d.current.Load(), c); err != nil {
		return nil, err
	}
	return struct {
		InstanceProfiles string
		IsTruncated      bool
	}{}, nil
}

func (d *Directory) putBoundary(c *gate.Call) (any, error) {
	arn := c.Form.Get("PermissionsBoundary")
	if err := checkPolicyARN(arn); err != nil {
		return nil, err
	}
	return nil, d.changeRole(c, func(_ *snapshot, r *role) error {
		r.Boundary = arn
		return nil
	})
}

func (d *Directory) deleteBoundary(c *gate.Call) (any, error) {
	return nil, d.changeRole(c, func(_ *snapshot, r *role) error {
		if r.Boundary == "" {
			return noSuch("Role %s does not have a permissions boundary", r.Name)
		}
		r.Boundary = ""
		return nil
	})
}
