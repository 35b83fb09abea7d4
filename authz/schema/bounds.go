package schema

import "github.com/writ-dev/writ"

// Bounds on the parts of a policy. A policy beyond them takes so long to
// compile that other writes would wait for it.
const (
	maxResources = 1_000
	maxParts     = 1_000 // actions, and groups, attributes, relations, roles, of one resource
	maxRoles     = 2_000 // in a tenant
	maxSets      = 5_000
	maxRules     = 20_000
)

// bounds is a CodeTooLarge error when the policy has too many of something.
func (s *Schema) bounds() error {
	type count struct {
		of       string
		n, limit int
	}
	counts := []count{
		{"resources", len(s.Resources), maxResources},
		{"roles", len(s.Roles), maxRoles},
		{"condition sets", len(s.Sets), maxSets},
		{"rules", len(s.Rules), maxRules},
		{"user attributes", len(s.UserAttributes), maxParts},
	}
	for i := range s.Resources {
		r := &s.Resources[i]
		name := " of " + r.Key
		counts = append(
			counts, count{"actions" + name, len(r.Actions), maxParts}, count{"action groups" + name, len(r.ActionGroups), maxParts},
			count{"attributes" + name, len(r.Attributes), maxParts}, count{"relations" + name, len(r.Relations), maxParts},
			count{"roles" + name, len(r.Roles), maxParts},
		)
	}
	for _, c := range counts {
		if c.n > c.limit {
			return writ.Errorf(writ.CodeTooLarge, "the policy has %d %s, more than %d", c.n, c.of, c.limit)
		}
	}
	return nil
}
