package iam

import "strings"

// MissingStatement is the smallest identity statement that allows a request.
func MissingStatement(req *Request) Statement {
	resource := req.Resource
	if resource == "" || req.WildcardOnly {
		resource = "*"
	}
	// "${" in a name would be read as a variable.
	resource = strings.ReplaceAll(resource, "${", "${$}{")
	return Statement{Effect: Allow, Action: []string{req.Action}, Resource: []string{resource}}
}

// Missing gives the smallest statement whose addition the request lacks, and
// the kind of policy that lacks it: the first of BlockedBy, so that a request
// that lacks two takes two steps. It is nil for an allowed request, and where
// no statement would help: an explicit deny, Block Public Access, AWS's own
// entities.
func (d Decision) Missing(req *Request) (*Statement, PolicyType) {
	if d.Verdict != ImplicitlyDenied || d.blocked&(blockAWSOwned|blockPublicAccess) != 0 || len(d.BlockedBy) == 0 {
		return nil, ""
	}
	where := d.BlockedBy[0]
	s := MissingStatement(req)
	switch where {
	case TypeRCP:
		return nil, "" // only RCPFullAWSAccess can allow
	case TypeTrust:
		s.Resource = nil
		s.setPrincipal(req)
	case TypeKey:
		s.Resource = []string{"*"} // in a key policy: this key
		s.setPrincipal(req)
	case TypeResource, TypeEndpoint:
		s.setPrincipal(req)
	}
	return &s, where
}

// setPrincipal names the caller as narrowly as can be done in writing: a
// session by its role, a service together with whom it works for.
func (s *Statement) setPrincipal(req *Request) {
	p := &req.Principal
	switch p.Kind {
	case PrincipalAnonymous:
		s.Principal = &PrincipalElement{All: true}
	case PrincipalProvider:
		s.Principal = &PrincipalElement{Federated: []string{p.ARN}}
	case PrincipalCanonical:
		s.Principal = &PrincipalElement{CanonicalUser: []string{p.ARN}}
	case PrincipalService:
		s.Principal = &PrincipalElement{Service: []string{p.ARN}}
		source := req.Context["aws:sourcearn"]
		if len(source.Values) != 1 || source.Multi {
			return
		}
		if _, ok := splitARN(source.Values[0]); ok {
			value := strings.ReplaceAll(source.Values[0], "${", "${$}{")
			s.Conditions = []ConditionElement{{Operator: "ArnLike", Key: "aws:SourceArn", Values: []string{value}}}
		}
	default:
		s.Principal = &PrincipalElement{AWS: []string{roleOf(req)}}
	}
}

// roleOf is the ARN of a session's role, and of any other caller its own.
func roleOf(req *Request) string {
	p := &req.Principal
	if p.Kind != PrincipalSession {
		return p.ARN
	}
	if p.RoleARN != "" {
		return p.RoleARN
	}
	if v := req.Context["aws:principalarn"]; len(v.Values) == 1 {
		return v.Values[0]
	}
	var c caller
	c.read(p)
	return strings.Join([]string{"arn", c.split().part(1), "iam", "", c.account, "role/" + c.parentName()}, ":")
}
