package iam

import "strings"

// resourcePattern is one entry of Resource or NotResource.
type resourcePattern struct {
	kind resourceKind
	arn  arnPattern
	text string
}

type resourceKind uint8

const (
	resourceARN resourceKind = iota
	resourceAny
	// resourceExact is text that is not an ARN; it matches itself.
	resourceExact
	// resourceNever matches nothing.
	resourceNever
	// resourceInvalid matches nothing, and a NotResource that holds it does not apply at all.
	resourceInvalid
)

// compileResource compiles one entry. Variables stand after the fifth colon
// only (IAM User Guide, "Policy variables", "Where you can use policy variables").
//
// An ARN with fewer than six parts is not documented. As has been observed:
// for identity policies, session policies and boundaries the missing parts
// are "*"; in resource and endpoint policies that takes a wildcard somewhere,
// in SCPs one at the end; in RCPs it is invalid.
func compileResource(s string, t PolicyType, variables bool) resourcePattern {
	if s == "*" {
		return resourcePattern{kind: resourceAny}
	}
	if path, ok := strings.CutPrefix(s, "execute-api:/"); ok && t == TypeResource {
		// API Gateway takes this short form and completes it with the API that the
		// policy is attached to; the id of an API has ten characters.
		s = "arn:*:execute-api:*:*:??????????/" + path
	}
	parts := splitPattern(s)
	if len(parts) == 6 {
		return resourcePattern{arn: compileARN(parts, variables, 5), text: s}
	}
	if !strings.HasPrefix(s, "arn:") && s != "arn" {
		return resourcePattern{kind: resourceExact, text: s}
	}
	switch t {
	case TypeRCP:
		return resourcePattern{kind: resourceInvalid, text: s}
	case TypeSCP:
		if !strings.HasSuffix(s, "*") {
			return resourcePattern{kind: resourceInvalid, text: s}
		}
	case TypeResource, TypeTrust, TypeKey, TypeEndpoint:
		if !strings.ContainsAny(s, "*?") {
			return resourcePattern{kind: resourceNever, text: s}
		}
	}
	for len(parts) < 6 {
		parts = append(parts, "*")
	}
	return resourcePattern{arn: compileARN(parts, variables, 5), text: s}
}

// isShort reports whether s is an ARN with fewer than six parts.
func isShort(s string) bool {
	return strings.HasPrefix(s, "arn") && len(splitPattern(s)) < 6
}

func (r *resourcePattern) match(q *query) bool {
	switch r.kind {
	case resourceAny:
		return true
	case resourceARN:
		return !q.wildcardOnly && r.arn.match(&q.resource, q.context)
	case resourceExact:
		_, isARN := q.resource.split()
		return !isARN && !q.wildcardOnly && r.text == q.resource.text
	default:
		return false
	}
}

// matchesResource decides the Resource or NotResource element.
func (s *statement) matchesResource(q *query) bool {
	if s.anyResource {
		return true
	}
	if s.notResource && s.inertResource {
		return false
	}
	for i := range s.resources {
		if s.resources[i].match(q) {
			return !s.notResource
		}
	}
	return s.notResource
}

// compileResources sets the resource part of a statement. A statement without
// Resource is about the resource that it is attached to; in a policy that is
// attached to a principal it says nothing.
func (s *statement) compileResources(src *Statement, t PolicyType, variables bool) {
	entries := src.Resource
	if src.NotResource != nil {
		entries, s.notResource = src.NotResource, true
	}
	if src.Resource == nil && src.NotResource == nil {
		s.anyResource = t == TypeResource || t == TypeTrust || t == TypeKey
		return
	}
	for _, entry := range entries {
		r := compileResource(entry, t, variables)
		s.anyResource = s.anyResource || r.kind == resourceAny && !s.notResource
		// A short ARN that would have to be completed is no ground for NotResource
		// to apply, whether it matches or not (observed, not documented).
		s.inertResource = s.inertResource || r.kind == resourceInvalid || r.kind == resourceARN && isShort(entry)
		s.resources = append(s.resources, r)
	}
}
