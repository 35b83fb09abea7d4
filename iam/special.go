package iam

import "strings"

// publicAccessBlocked reports whether S3's Block Public Access
// (RestrictPublicBuckets) turns the bucket policy off for this caller: it is
// public, and the caller is neither of the bucket's account nor a service.
func (q *query) publicAccessBlocked() bool {
	p := q.policies
	if !p.BlockPublicAccess || p.Resource == nil || !p.Resource.public || !q.isFor("s3:") {
		return false
	}
	switch q.caller.Kind {
	case PrincipalService:
		return false
	case PrincipalAnonymous:
		return true
	}
	return q.isCrossAccount()
}

// fixingKeys are the condition keys that make a grant to everybody a grant to
// somebody, when they are compared with fixed values (Amazon S3 User Guide,
// "The meaning of public").
var fixingKeys = map[string]bool{
	"aws:principalorgid":        true,
	"aws:principalarn":          true,
	"aws:principalaccount":      true,
	"aws:sourceip":              true,
	"aws:sourcearn":             true,
	"aws:sourcevpc":             true,
	"aws:sourcevpce":            true,
	"aws:sourceowner":           true,
	"aws:sourceaccount":         true,
	"aws:userid":                true,
	"s3:dataaccesspointarn":     true,
	"s3:dataaccesspointaccount": true,
}

// isPublic reports whether some Allow is for everybody.
func (p *Policy) isPublic() bool {
	for _, s := range p.statements {
		everybody := s.principal != nil && s.principal.all || s.notPrincipal != nil
		if !s.deny && everybody && !s.hasFixingCondition() {
			return true
		}
	}
	return false
}

func (s *statement) hasFixingCondition() bool {
	for i := range s.conditions {
		c := &s.conditions[i]
		if fixingKeys[c.key] && !c.negated && !c.ifExists && c.set != setAll && c.fixed() {
			return true
		}
	}
	return false
}

// fixed reports whether the values of a condition name something definite.
func (c *condition) fixed() bool {
	for i := range c.values {
		o := &c.values[i]
		switch c.family {
		case familyString, familyFold, familyLike:
			if !o.pattern.isLiteral {
				return false
			}
		case familyARN:
			if !o.valid || !o.arn.parts[4].isLiteral || o.arn.parts[4].literal == "" && !literalParts(&o.arn, 6) {
				return false
			}
		case familyIP:
			// As S3 has it, blocks wider than these are the whole internet.
			if !o.valid || o.network.Addr().Is4() && o.network.Bits() < 8 || o.network.Addr().Is6() && o.network.Bits() < 32 {
				return false
			}
		default:
			return false
		}
	}
	return len(c.values) > 0
}

// awsOwned names the actions that customers cannot do to AWS's own entities,
// whatever their policies say: by the ARN's service, and what its resource part starts with.
var awsOwned = []struct {
	service, account, prefix string
	actions                  []string // in lower case
}{
	{"kms", "", "alias/aws/", []string{"kms:createalias", "kms:updatealias", "kms:deletealias"}},
	{"iam", "aws", "policy/", []string{
		"iam:createpolicy", "iam:createpolicyversion", "iam:deletepolicy",
		"iam:deletepolicyversion", "iam:setdefaultpolicyversion", "iam:tagpolicy", "iam:untagpolicy",
	}},
	{"iam", "", "role/aws-reserved/", []string{
		"iam:attachrolepolicy", "iam:createrole", "iam:createservicelinkedrole",
		"iam:deleterole", "iam:deleterolepermissionsboundary", "iam:deleterolepolicy", "iam:deleteservicelinkedrole",
		"iam:detachrolepolicy", "iam:passrole", "iam:putrolepermissionsboundary", "iam:putrolepolicy", "iam:tagrole",
		"iam:untagrole", "iam:updateassumerolepolicy", "iam:updaterole", "iam:updateroledescription",
	}},
}

// isAWSOwned reports whether the request would change an entity of AWS.
func (q *query) isAWSOwned() bool {
	return (q.isFor("iam:") || q.isFor("kms:")) && q.changesAWSOwned()
}

func (q *query) changesAWSOwned() bool {
	for i := range awsOwned {
		row := &awsOwned[i]
		if q.resourcePart(2) != row.service || row.account != "" && q.resourcePart(4) != row.account ||
			!strings.HasPrefix(q.resourcePart(5), row.prefix) {
			continue
		}
		for _, action := range row.actions {
			if sameFold(action, q.action) {
				return true
			}
		}
	}
	return false
}
