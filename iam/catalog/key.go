package catalog

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ"
)

// Type is the type of a condition key's value: "String", "ARN", "Bool",
// "Numeric", "Date", "IPAddress", or "ArrayOf" one of them.
type Type string

// Multi reports whether the key holds several values: only the set operators
// ForAllValues and ForAnyValue test it.
func (t Type) Multi() bool { return strings.HasPrefix(string(t), "ArrayOf") }

// Base is the type of one value.
func (t Type) Base() Type { return Type(strings.TrimPrefix(string(t), "ArrayOf")) }

// keySet finds keys by name; names ignore case.
type keySet struct {
	exact     map[string]Type
	templates []template // the longest prefix first
	names     []string   // as written, sorted
	types     map[string]Type
}

// template is a key with one placeholder, in lower case.
type template struct {
	prefix, suffix string
	t              Type
}

func newKeySet(keys map[string]Type) keySet {
	s := keySet{exact: map[string]Type{}, types: keys}
	for name, t := range keys {
		s.names = append(s.names, name)
		if prefix, suffix, found := cutPlaceholder(strings.ToLower(name)); found {
			s.templates = append(s.templates, template{prefix, suffix, t})
			continue
		}
		s.exact[strings.ToLower(name)] = t
	}
	slices.Sort(s.names)
	slices.SortFunc(s.templates, func(a, b template) int {
		if d := len(b.prefix) + len(b.suffix) - len(a.prefix) - len(a.suffix); d != 0 {
			return d
		}
		return strings.Compare(a.prefix+a.suffix, b.prefix+b.suffix)
	})
	return s
}

// cutPlaceholder cuts a key around what stands for any text: ${TagKey}, <key>,
// and at the end "tag-key" or nothing after a slash.
func cutPlaceholder(name string) (prefix, suffix string, found bool) {
	for _, mark := range [][2]string{{"${", "}"}, {"<", ">"}} {
		if before, rest, ok := strings.Cut(name, mark[0]); ok {
			if _, after, ok := strings.Cut(rest, mark[1]); ok {
				return before, after, true
			}
		}
	}
	if before, ok := strings.CutSuffix(name, "/tag-key"); ok {
		return before + "/", "", true
	}
	return name, "", strings.HasSuffix(name, "/")
}

func (s *keySet) find(key string) (Type, bool) {
	key = strings.ToLower(key)
	if t, ok := s.exact[key]; ok {
		return t, true
	}
	for _, t := range s.templates {
		if len(key) > len(t.prefix)+len(t.suffix) && strings.HasPrefix(key, t.prefix) && strings.HasSuffix(key, t.suffix) {
			return t.t, true
		}
	}
	return "", false
}

// Key gives the type of a condition key, in any case: a global one, or one of
// the service ("" looks at all services). Placeholders are filled in:
// "aws:ResourceTag/team" and "s3:ExistingObjectTag/x" are keys.
func (c *Catalog) Key(service, key string) (Type, bool) {
	if t, ok := c.global.find(key); ok {
		return t, true
	}
	if service != "" {
		s, ok := c.Service(service)
		if !ok {
			return "", false
		}
		return s.keys.find(key)
	}
	for _, prefix := range c.ownersOf(key) {
		if s, ok := c.Service(prefix); ok {
			if t, ok := s.keys.find(key); ok {
				return t, true
			}
		}
	}
	return "", false
}

// ownersOf gives the services that may have a key, by its first part.
func (c *Catalog) ownersOf(key string) []string {
	first, _, _ := strings.Cut(strings.ToLower(key), ":")
	if s, ok := c.Service(first); ok {
		if _, ok := s.keys.find(key); ok {
			return []string{first}
		}
	}
	owners := c.owners()
	if found, ok := owners[first]; ok {
		return found
	}
	// The first part may hold a placeholder itself: "agent.${Domain}.buildkite.dev:…".
	return []string{"sts"}
}

// IsGlobal reports whether a key is one of AWS's global keys, which are not
// bound to the actions of one service.
func (c *Catalog) IsGlobal(key string) bool {
	_, ok := c.global.find(key)
	return ok
}

// KeysOf gives the condition keys that requests for an action may have, by the
// names of the reference (with placeholders), sorted: the action's own and
// those of the resource types it takes. Global keys are there only where the
// reference lists them for the action.
func (c *Catalog) KeysOf(a Action) []string {
	keys := slices.Clone(a.Keys)
	for _, u := range a.Resources {
		keys = append(keys, u.Keys...)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// KeyMatches reports whether a condition key of a policy is an instance of a
// name of the reference, such as "aws:ResourceTag/${TagKey}".
func KeyMatches(name, key string) bool {
	name, key = strings.ToLower(name), strings.ToLower(key)
	prefix, suffix, found := cutPlaceholder(name)
	if !found {
		return name == key
	}
	return len(key) > len(prefix)+len(suffix) && strings.HasPrefix(key, prefix) && strings.HasSuffix(key, suffix)
}

// keyNames are words by which people know what a key has a short name for.
var keyNames = map[string]string{
	"aws:sourcevpcendpoint": "aws:SourceVpce", "aws:vpce": "aws:SourceVpce", "aws:vpcendpoint": "aws:SourceVpce", "aws:vpc": "aws:SourceVpc",
	"aws:sourceipaddress": "aws:SourceIp", "aws:ip": "aws:SourceIp", "aws:region": "aws:RequestedRegion", "aws:organizationid": "aws:PrincipalOrgID",
	"aws:orgid": "aws:PrincipalOrgID", "aws:mfa": "aws:MultiFactorAuthPresent", "aws:accountid": "aws:PrincipalAccount", "aws:account": "aws:PrincipalAccount",
	"aws:secure": "aws:SecureTransport", "aws:https": "aws:SecureTransport",
}

// NearestKey suggests a condition key for one that is not known to the service
// or globally, "" when none is near. A tag's name is carried over.
func (c *Catalog) NearestKey(service, key string) string {
	if known, ok := keyNames[strings.ToLower(key)]; ok {
		return known
	}
	names := slices.Clone(c.global.names)
	if s, ok := c.Service(service); ok {
		names = append(names, s.keys.names...)
	}
	base, rest, tagged := strings.Cut(key, "/")
	var candidates []string
	for _, name := range names {
		prefix, suffix, found := cutPlaceholder(name)
		switch {
		case !found:
			candidates = append(candidates, name)
		case tagged && suffix == "" && strings.HasSuffix(prefix, "/"):
			candidates = append(candidates, strings.TrimSuffix(prefix, "/"))
		}
	}
	if near := writ.Nearest(key, candidates); near != "" && !tagged {
		return near
	}
	near := writ.Nearest(base, candidates)
	if near == "" || !tagged {
		return near
	}
	if _, ok := c.global.find(near); ok {
		return near
	}
	return near + "/" + rest
}
