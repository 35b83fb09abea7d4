package iam

import "strings"

// query is a request, taken apart once for all statements. It lives on the
// stack of the evaluation.
type query struct {
	policies *Policies
	context  Context
	caller   caller

	action      string
	actionHash  uint64
	service     string // with its colon, as in the request
	serviceHash uint64

	resource     string
	arn          arn
	hasARN       bool
	wildcardOnly bool
	crossAccount bool
}

func (q *query) read(req *Request, p *Policies) {
	q.policies, q.context = p, req.Context
	q.caller.read(&req.Principal, p.Resource != nil || p.Endpoint != nil || len(p.RCPs) > 0)
	q.action = req.Action
	q.service = req.Action[:strings.IndexByte(req.Action, ':')+1]
	q.actionHash, q.serviceHash = hashFold(q.action), hashFold(q.service)
	q.resource = req.Resource
	q.wildcardOnly = req.WildcardOnly || req.Resource == "*"
	if !q.wildcardOnly {
		q.arn, q.hasARN = splitARN(req.Resource)
	}
	// AWS's own entities belong to nobody ("arn:aws:iam::aws:policy/…").
	owner := req.ResourceAccount
	if owner == "" && isAccount(q.arn.parts[4]) {
		owner = q.arn.parts[4]
	}
	q.crossAccount = owner != "" && owner != q.caller.account
}

// side is what one kind of policy says: the statement that denies, or one that allows.
type side struct {
	deny  *statement
	allow *statement
	grant grant
}

// scan looks through policies for a Deny, and failing that for the Allow with
// the strongest grant.
func (d *side) scan(q *query, policies []*Policy) {
	for _, p := range policies {
		if p.denies.scan(q, d) {
			return
		}
	}
	for _, p := range policies {
		if d.grant == grantDirect {
			return
		}
		p.allows.scan(q, d)
	}
}

func (d *side) scanOne(q *query, p *Policy) {
	if p != nil && !p.denies.scan(q, d) {
		p.allows.scan(q, d)
	}
}

// apply tests the rest of a statement whose action matches, cheapest first,
// and notes what it says.
func (s *statement) apply(q *query, d *side) (done bool) {
	if !s.matchesResource(q) {
		return false
	}
	granted := grantDirect
	if s.policy.namesPrincipals() {
		if granted = s.matchesPrincipal(q); granted <= d.grant {
			return false
		}
	}
	if !s.matchesConditions(q) {
		return false
	}
	if s.deny {
		d.deny = s
		return true
	}
	d.allow, d.grant = s, granted
	return granted == grantDirect
}

// namesPrincipals reports whether the policy is attached to something other
// than the caller, so that its statements say for whom they are.
func (p *Policy) namesPrincipals() bool {
	switch p.Origin.Type {
	case TypeResource, TypeTrust, TypeKey, TypeEndpoint, TypeRCP:
		return true
	}
	return false
}

// levels is the outcome for SCPs or RCPs: every level must allow.
type levels struct {
	deny *statement
	// missing is the first level without a matching Allow, -1 for none.
	missing int
}

func scanLevels(q *query, all [][]*Policy) levels {
	out := levels{missing: -1}
	for i, level := range all {
		var d side
		d.scan(q, level)
		if d.deny != nil && out.deny == nil {
			out.deny = d.deny
		}
		if d.allow == nil && d.deny == nil && out.missing < 0 {
			out.missing = i
		}
	}
	return out
}

// outcome is everything that was found; it holds no memory of its own.
type outcome struct {
	verdict  Verdict
	identity side
	resource side
	boundary side
	session  side
	endpoint side
	scp, rcp levels
	blocked  blockers
}

// blockers is a set of policy kinds, in the order in which AWS names them.
type blockers uint16

const (
	blockRCP blockers = 1 << iota
	blockSCP
	blockEndpoint
	blockIdentity
	blockResource
	blockBoundary
	blockSession
	blockPublicAccess
	blockAWSOwned
)

// Decide gives the verdict alone. It allocates nothing.
func Decide(req *Request, p *Policies) Verdict {
	var q query
	q.read(req, p)
	var o outcome
	o.decide(&q)
	return o.verdict
}

// decide follows the IAM User Guide, "Policy evaluation logic".
func (o *outcome) decide(q *query) {
	c := &q.caller
	if c.isAuthenticated() && sameFold("sts:getcalleridentity", q.action) {
		o.verdict = Allowed
		return
	}
	o.scan(q)
	if explicit := o.explicit(); explicit != 0 {
		o.verdict, o.blocked = ExplicitlyDenied, explicit|o.guardrails(q)
		return
	}
	o.blocked = o.core(q)
	granted := o.blocked == 0
	if granted && q.publicAccessBlocked() {
		o.verdict, o.blocked = ExplicitlyDenied, blockPublicAccess
		return
	}
	o.blocked |= o.guardrails(q)
	if q.isAWSOwned() {
		o.blocked |= blockAWSOwned
	}
	o.verdict = ImplicitlyDenied
	if o.blocked == 0 {
		o.verdict = Allowed
	}
}

// scan asks every kind of policy that binds the caller.
func (o *outcome) scan(q *query) {
	p, c := q.policies, &q.caller
	o.scp.missing, o.rcp.missing = -1, -1
	linked := (len(p.RCPs) > 0 || len(p.SCPs) > 0) && c.isServiceLinked(q.context)
	if len(p.RCPs) > 0 && !linked {
		o.rcp = scanLevels(q, p.RCPs)
	}
	o.resource.scanOne(q, p.Resource)
	o.endpoint.scanOne(q, p.Endpoint)
	if c.onlyByResource() {
		return
	}
	if len(p.SCPs) > 0 && !linked {
		o.scp = scanLevels(q, p.SCPs)
	}
	o.identity.scan(q, p.Identity)
	o.boundary.scanOne(q, p.Boundary)
	o.session.scan(q, p.Session)
}

// explicit gives the kinds of policy that deny.
func (o *outcome) explicit() blockers {
	return unless(o.rcp.deny == nil, blockRCP) |
		unless(o.scp.deny == nil, blockSCP) |
		unless(o.endpoint.deny == nil, blockEndpoint) |
		unless(o.identity.deny == nil, blockIdentity) |
		unless(o.resource.deny == nil, blockResource) |
		unless(o.boundary.deny == nil, blockBoundary) |
		unless(o.session.deny == nil, blockSession)
}

// guardrails gives the organisation and endpoint policies that do not allow.
func (o *outcome) guardrails(q *query) blockers {
	var b blockers
	if o.rcp.missing >= 0 {
		b |= blockRCP
	}
	if o.scp.missing >= 0 {
		b |= blockSCP
	}
	if q.policies.Endpoint != nil && o.endpoint.allow == nil {
		b |= blockEndpoint
	}
	return b
}

// core gives what is missing between the caller's own policies and the resource's.
func (o *outcome) core(q *query) blockers {
	p := q.policies
	if q.caller.onlyByResource() {
		return unless(o.resource.allow != nil, blockResource)
	}
	identity := unless(q.caller.kind == PrincipalRoot || o.identity.allow != nil, blockIdentity)
	limits := unless(p.Boundary == nil || o.boundary.allow != nil, blockBoundary) |
		unless(len(p.Session) == 0 || o.session.allow != nil, blockSession)
	resource := unless(o.resource.grant != grantNone, blockResource)
	switch {
	case q.crossAccount:
		return resource | identity | limits
	case o.resource.grant == grantDirect:
		return 0
	case o.resource.grant == grantParent:
		return limits
	case q.needsResourceGrant():
		return resource | identity | limits
	default:
		return identity | limits
	}
}

func unless(ok bool, b blockers) blockers {
	if ok {
		return 0
	}
	return b
}

// needsResourceGrant reports whether identity policies count only if the
// resource's own policy lets them: trust policies and KMS keys.
func (q *query) needsResourceGrant() bool {
	if p := q.policies.Resource; p != nil && (p.Origin.Type == TypeTrust || p.Origin.Type == TypeKey) {
		return true
	}
	return sameFold("kms:", q.service) && strings.HasPrefix(q.arn.parts[5], "key/")
}
