package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
)

// neighbours are the statements that those of a policy are compared with:
// those of its owner's identity policies, else of its own document.
func (c *checker) neighbours(p *policy) []*statement {
	if p.Type == iam.TypeIdentity {
		return c.set.statements(iam.TypeIdentity)
	}
	return p.statements
}

// redundant finds statements that a wider one of the same effect covers. Of
// two that are equal the later one goes. What is found dead here is not used
// as a ground afterwards, so that all can be removed together.
func redundant(c *checker) {
	for _, effect := range []iam.Effect{iam.Deny, iam.Allow} {
		for _, p := range slices.Backward(c.set.policies) {
			neighbours := c.neighbours(p)
			for _, s := range slices.Backward(p.statements) {
				if s.Effect != effect || s.dead || s.policy.Kept {
					continue
				}
				for _, wide := range neighbours {
					// That AWS's policy says it too is no reason to leave it to AWS.
					if wide == s || wide.policy.Kept || wide.dead || wide.Effect != effect || !c.covers(wide, s) {
						continue
					}
					s.dead = true
					c.report(s, nil, Suggestion, fmt.Sprintf("%s is covered by %s, which %s at least as much", s.title(), wide.reference(s), verb(effect)), "remove the statement: no request is decided otherwise without it")
					break
				}
			}
		}
	}
}

func verb(e iam.Effect) string {
	if e == iam.Deny {
		return "denies"
	}
	return "allows"
}

// shadowed finds Allow statements that a Deny covers.
func shadowed(c *checker) {
	for _, p := range c.set.policies {
		candidates := c.neighbours(p)
		if p.Type == iam.TypeIdentity {
			candidates = append(candidates, c.set.statements(iam.TypeBoundary)...)
		}
		for _, s := range p.statements {
			if !s.isAllow() || s.dead || s.policy.Kept || s.makesPublic() {
				continue
			}
			for _, deny := range candidates {
				if deny.Effect == iam.Deny && !deny.dead && c.covers(deny, s) {
					s.dead = true
					c.report(s, nil, Warning, fmt.Sprintf("%s never allows anything: %s denies all of it", s.title(), deny.reference(s)), "remove the statement, or narrow the Deny")
					break
				}
			}
		}
	}
}

// makesPublic reports whether the statement by its mere presence makes S3 take
// the bucket policy for public.
func (s *statement) makesPublic() bool {
	return s.policy.Type == iam.TypeResource && (s.NotPrincipal != nil || s.Principal != nil && everybody(s.Principal))
}

// impossible finds statements whose conditions cannot hold together.
func impossible(c *checker, s *statement) {
	if s.dead || s.isAllow() && s.makesPublic() {
		return
	}
	if e, why := contradiction(s); e != nil {
		s.dead = true
		c.report(s, condition(e), Warning, s.title()+" never applies: "+why, "no request fulfils both; what was meant is likely one of them, or a statement for each")
	}
}

// title names the statement at the beginning of a message.
func (s *statement) title() string {
	if s.Sid != "" {
		return fmt.Sprintf("statement %q", s.Sid)
	}
	return "statement " + itoa(s.index)
}

// reference names the statement as seen from another one.
func (s *statement) reference(from *statement) string {
	if s.policy == from.policy {
		return s.title()
	}
	return fmt.Sprintf("%s of %s policy %q", s.title(), s.policy.Type, s.policy.Name)
}

// alwaysTrue finds conditions that hold for every request.
func alwaysTrue(c *checker, s *statement) {
	for i := range s.Conditions {
		e := &s.Conditions[i]
		o := parseOperator(e.Operator)
		t, _ := c.catalog.Key("", e.Key)
		star := slices.Contains(e.Values, "*")
		always := false
		switch {
		case o.base == "null":
			always = hasFold(e.Values, "true") && hasFold(e.Values, "false")
		case o.base == "stringlike" && o.set == "forallvalues":
			always = star
		case o.base == "stringlike" && o.set == "" && o.ifExists:
			always = star && t != "" && !t.Multi()
		}
		if always {
			c.report(s, condition(e), Suggestion, fmt.Sprintf("the condition %s on %s always holds", e.Operator, e.Key), "remove it")
		}
	}
}

func hasFold(values []string, want string) bool {
	return slices.ContainsFunc(values, func(v string) bool { return strings.EqualFold(v, want) })
}
