package manage

import (
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/server/permit/wire"
)

// unambiguous refuses a policy in which the key of one thing is the id of another of its kind: a path names things by
// both, and must not name two.
func (c *call) unambiguous(s *schema.Schema) error {
	err := apart(c, s.Resources, resources())
	if err == nil {
		err = apart(c, s.Roles, roles())
	}
	if err == nil {
		err = apart(c, s.Sets, sets())
	}
	if err == nil {
		err = apart(c, s.UserAttributes, attributeParts(), userResource)
	}
	if err == nil {
		err = apart(c, s.Routes, proxies())
	}
	for i := range s.Resources {
		r := &s.Resources[i]
		for _, check := range []func() error{
			func() error { return apart(c, r.Actions, actions(), r.Key) },
			func() error { return apart(c, r.ActionGroups, groups(), r.Key) },
			func() error { return apart(c, r.Attributes, attributeParts(), r.Key) },
			func() error { return apart(c, r.Relations, relations(), r.Key) },
			func() error { return apart(c, r.Roles, resourceRoles(), r.Key) },
		} {
			if err == nil {
				err = check()
			}
		}
	}
	return err
}

// apart looks at the keys of one list that have the form of an id, of which there are hardly ever any.
func apart[T any](c *call, list []T, p *part[T], owners ...string) error {
	var keys map[string]string // by id; made when it is needed
	for i := range list {
		key := p.head(&list[i]).Key
		id, ok := wire.OwnID(key)
		if !ok {
			continue
		}
		if keys == nil {
			keys = make(map[string]string, len(list))
			for j := range list {
				of := p.head(&list[j]).Key
				keys[c.ID(p.kind, append(owners[:len(owners):len(owners)], of)...)] = of
			}
		}
		if other, taken := keys[id]; taken {
			return wire.Ambiguous(p.kind, key, other)
		}
	}
	return nil
}
