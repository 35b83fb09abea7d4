package lint

import (
	"fmt"
	"strings"

	"github.com/writ-dev/writ/iam"
)

// eachResource calls visit with the entries of Resource and NotResource that
// are wholly known.
func (s *statement) eachResource(visit func(path []string, entry string)) {
	for i, r := range s.Resource {
		if !hasUnknown(r) {
			visit([]string{"Resource", itoa(i)}, r)
		}
	}
	for i, r := range s.NotResource {
		if !hasUnknown(r) {
			visit([]string{"NotResource", itoa(i)}, r)
		}
	}
}

// shortARN finds ARNs with fewer than six parts. What AWS does with them is
// observed, not documented; see iam's compileResource.
func shortARN(c *checker, s *statement) {
	s.eachResource(func(path []string, entry string) {
		if !strings.HasPrefix(entry, "arn:") || arnParts(entry) != nil {
			return
		}
		severity, effect := Warning, "AWS takes the missing parts for wildcards"
		wild := strings.ContainsAny(entry, "*?")
		switch {
		case path[0] == "NotResource":
			severity, effect = Error, "the statement does not apply at all"
		case s.policy.Type == iam.TypeRCP, s.policy.Type == iam.TypeSCP && !strings.HasSuffix(entry, "*"), s.namesPrincipals() && !wild:
			severity, effect = Error, "it matches nothing"
		}
		c.report(s, path, severity, fmt.Sprintf("the ARN %q has fewer than six parts: %s", entry, effect), "write arn:partition:service:region:account:resource, with \"*\" for what may be anything")
	})
}

// wildcardType finds wildcards in the service of an ARN, and in the word that
// says the type of the resource.
func wildcardType(c *checker, s *statement) {
	s.eachResource(func(path []string, entry string) {
		parts := arnParts(entry)
		if parts == nil || entry == "arn:*:*:*:*:*" {
			return
		}
		if service := parts[2]; strings.ContainsAny(service, "*?") {
			if strings.Trim(service, "*") != "" || strings.Trim(parts[5], "*") != "" {
				c.report(s, path, Warning, fmt.Sprintf("the wildcard in the service of %q can match other services", entry), "name the service")
			}
			return
		}
		word, _, _ := cutType(parts[5])
		if strings.Trim(parts[5], "*") != "" && strings.ContainsAny(word, "*?") && !strings.Contains(word, "$") && c.isTyped(parts[2]) {
			c.report(s, path, Warning, fmt.Sprintf("the wildcard in %q of %q can match other types of resource", word, entry), "write the type out, as in "+c.exampleARN(parts[2]))
		}
	})
}

// exampleARN is the form of a service's ARNs.
func (c *checker) exampleARN(service string) string {
	s, _ := c.catalog.Service(service)
	return s.Resources[0].ARN
}

// secretSuffix finds secrets without the six characters that Secrets Manager
// puts behind their names.
func secretSuffix(c *checker, s *statement) {
	s.eachResource(func(path []string, entry string) {
		parts := arnParts(entry)
		if parts == nil || parts[2] != "secretsmanager" {
			return
		}
		name, isSecret := strings.CutPrefix(parts[5], "secret:")
		if !isSecret || strings.ContainsAny(name, "*?$") || hasSuffixOfSecret(name) {
			return
		}
		c.report(s, path, Warning, fmt.Sprintf("no secret has the ARN %q: Secrets Manager puts a hyphen and six characters behind the name", entry), fmt.Sprintf("write %q", entry+"-??????"))
	})
}

func hasSuffixOfSecret(name string) bool {
	i := len(name) - 7
	return i > 0 && name[i] == '-' && strings.Trim(strings.ToLower(name[i+1:]), "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}
