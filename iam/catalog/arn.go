package catalog

import (
	"slices"
	"strings"
)

// maxPattern bounds the text that Covers compares; IAM's policies hold 10,240
// characters. Longer text counts as covered.
const maxPattern = 10 << 10

// Covers reports whether an entry of a policy's Resource can match an ARN of
// this type. Both are patterns, compared part by part: in the entry "*", "?"
// and policy variables stand for text, in the type's pattern its placeholders.
// A false is certain; a true is not, for placeholders take more text than
// names do.
func (u ResourceUse) Covers(arnPattern string) bool { return covers(u.ARN, arnPattern) }

// covers is [ResourceUse.Covers] for the pattern of a resource type.
func covers(typeARN, arnPattern string) bool {
	if arnPattern == "*" || len(arnPattern) > maxPattern {
		return true
	}
	entry := splitParts(arnPattern)
	if len(entry) < 6 && entry[0] != "arn" && !strings.ContainsAny(entry[0], "*?$") {
		return false
	}
	for len(entry) < 6 {
		entry = append(entry, "*") // a short ARN: missing parts are wildcards
	}
	for i, part := range splitParts(typeARN) {
		if !intersects(placeholders(part), wildcards(entry[i])) {
			return false
		}
	}
	return true
}

// TypesOf gives the types of resource that an ARN can be of, sorted, each with
// its service: "s3:bucket", "dynamodb:table". Services that list a resource of
// another service are left out.
func (c *Catalog) TypesOf(arn string) []string {
	parts := splitParts(arn)
	if len(parts) != 6 {
		return nil
	}
	var types []string
	for _, prefix := range c.prefixes {
		s, _ := c.Service(prefix)
		for _, r := range s.Resources {
			if owner := splitParts(r.ARN)[2]; owner == prefix && owner == parts[2] && covers(r.ARN, arn) {
				types = append(types, prefix+":"+r.Name)
			}
		}
	}
	slices.Sort(types)
	return types
}

// splitParts cuts an ARN into up to six parts at its colons, but not at those
// inside ${…}.
func splitParts(s string) []string {
	var parts []string
	start := 0
	for i := 0; i < len(s) && len(parts) < 5; i++ {
		switch {
		case strings.HasPrefix(s[i:], "${"):
			if end := strings.IndexByte(s[i:], '}'); end > 0 {
				i += end
			}
		case s[i] == ':':
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}
