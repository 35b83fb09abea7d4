package iam

import (
	"slices"
	"strings"
)

// Assume gives the policies as they would decide if every condition on an
// unknown key came out in the caller's favour, or against it. What both allow
// is allowed whatever the keys hold; what only the favourable one allows hangs
// on them. unknown is asked by key names in lower case.
//
// A variable of an unknown key in a Resource still matches nothing.
func (p *Policies) Assume(unknown func(key string) bool, favourable bool) *Policies {
	assume := func(policy *Policy) *Policy { return policy.assume(unknown, favourable) }
	all := func(list []*Policy) []*Policy {
		out := slices.Clone(list)
		for i := range out {
			out[i] = assume(out[i])
		}
		return out
	}
	levels := func(list [][]*Policy) [][]*Policy {
		out := slices.Clone(list)
		for i := range out {
			out[i] = all(out[i])
		}
		return out
	}
	return &Policies{
		Identity: all(p.Identity), Session: all(p.Session), SCPs: levels(p.SCPs), RCPs: levels(p.RCPs),
		Resource: assume(p.Resource), Boundary: assume(p.Boundary), Endpoint: assume(p.Endpoint),
		BlockPublicAccess: p.BlockPublicAccess,
	}
}

func (p *Policy) assume(unknown func(string) bool, favourable bool) *Policy {
	if p == nil || !slices.ContainsFunc(p.statements, func(s *statement) bool { return s.hangsOn(unknown) }) {
		return p
	}
	out := &Policy{Origin: p.Origin}
	for _, s := range p.statements {
		if !s.hangsOn(unknown) {
			out.statements = append(out.statements, s)
			continue
		}
		if s.deny == favourable {
			continue // taken not to hold: a Deny in favour, an Allow against
		}
		held := *s
		held.conditions = nil
		for i := range s.conditions {
			if !unknown(s.conditions[i].key) {
				held.conditions = append(held.conditions, s.conditions[i])
			}
		}
		out.statements = append(out.statements, &held)
	}
	out.build()
	out.public = p.public // as it is written, not as it is assumed
	return out
}

func (s *statement) hangsOn(unknown func(string) bool) bool {
	return slices.ContainsFunc(s.conditions, func(c condition) bool { return unknown(c.key) })
}

// Named gives whom the Allow statements of a resource's policy name, each once,
// as they are written; "*" stands for everybody.
func (p *Policy) Named() []string {
	var list []string
	add := func(names ...string) {
		for _, n := range names {
			if !slices.Contains(list, n) {
				list = append(list, n)
			}
		}
	}
	if p == nil {
		return nil
	}
	for _, s := range p.statements {
		switch e := s.source.Principal; {
		case s.deny:
		case e == nil || e.All:
			add("*") // also NotPrincipal: everybody else
		default:
			add(e.AWS...)
			add(e.Service...)
			add(e.Federated...)
			add(e.CanonicalUser...)
		}
	}
	return list
}

// Keys gives the condition keys that the policies' conditions are about or
// whose variables they hold, in lower case and sorted: no other key of a
// request has a part in the verdict.
func (p *Policies) Keys() []string {
	all := slices.Concat(p.Identity, p.Session, slices.Concat(p.SCPs...), slices.Concat(p.RCPs...), []*Policy{p.Resource, p.Boundary, p.Endpoint})
	var keys []string
	variables := func(texts []string) {
		for _, text := range texts {
			for at := strings.Index(text, "${"); at >= 0; at = strings.Index(text, "${") {
				v, size := parseVariable(text[at:])
				if v.key != "" {
					keys = append(keys, v.key)
				}
				text = text[at+max(size, 2):]
			}
		}
	}
	for _, policy := range all {
		if policy == nil {
			continue
		}
		for _, s := range policy.statements {
			variables(s.source.Resource)
			variables(s.source.NotResource)
			for i := range s.conditions {
				keys = append(keys, s.conditions[i].key)
				variables(s.conditions[i].source.Values)
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
