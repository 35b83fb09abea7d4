package iam

// side is what one kind of policy says: the statement that denies, or one that allows.
type side struct {
	deny  *statement
	allow *statement
	grant grant
}

// scan looks through policies for a Deny, and for the Allow with the strongest grant.
func (d *side) scan(q *query, policies []*Policy) (denied bool) {
	for _, p := range policies {
		if p.index.scan(q, d) {
			return true
		}
	}
	return false
}

func (d *side) scanOne(q *query, p *Policy) (denied bool) {
	return p != nil && p.index.scan(q, d)
}

// apply tests the rest of a statement whose action matches, cheapest first,
// and notes what it says; done means that no other of its effect adds anything.
func (s *statement) apply(q *query, d *side) (done bool) {
	if !s.matchesResource(q) {
		return false
	}
	granted := grantDirect
	if s.named {
		granted = s.matchesPrincipal(q)
		if granted == grantNone || !s.deny && granted <= d.grant {
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

// levels is the outcome for SCPs or RCPs: every level must allow.
type levels struct {
	deny *statement
	// missing is the first level without a matching Allow, -1 for none.
	missing int
}

func (l *levels) scan(q *query, all [][]*Policy) (denied bool) {
	for i, level := range all {
		var d side
		if d.scan(q, level) && l.deny == nil {
			l.deny = d.deny
		}
		if d.allow == nil && d.deny == nil && l.missing < 0 {
			l.missing = i
		}
	}
	return l.deny != nil
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
	// verdictOnly leaves out what would only complete blocked and the sides.
	verdictOnly bool
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
	o := outcome{verdictOnly: true}
	o.decide(&q)
	return o.verdict
}

// decide follows the IAM User Guide, "Policy evaluation logic".
func (o *outcome) decide(q *query) {
	if q.caller.isAuthenticated() && sameFold("sts:getcalleridentity", q.action) {
		o.verdict = Allowed
		return
	}
	if o.scan(q) {
		o.verdict, o.blocked = ExplicitlyDenied, o.explicit()|o.guardrails(q)
		return
	}
	o.blocked = o.core(q)
	granted := o.blocked == 0
	if granted && q.publicAccessBlocked() {
		o.verdict, o.blocked = ExplicitlyDenied, blockPublicAccess
		return
	}
	o.verdict = ImplicitlyDenied
	if o.verdictOnly && !granted {
		return
	}
	o.blocked |= o.guardrails(q)
	if q.isAWSOwned() {
		o.blocked |= blockAWSOwned
	}
	if o.blocked == 0 {
		o.verdict = Allowed
	}
}

// scan asks every kind of policy that binds the caller, and reports whether one denies.
func (o *outcome) scan(q *query) (denied bool) {
	p := q.policies
	o.scp.missing, o.rcp.missing = -1, -1
	if q.underRCPs() {
		denied = o.rcp.scan(q, p.RCPs)
	}
	denied = o.resource.scanOne(q, p.Resource) || denied
	denied = o.endpoint.scanOne(q, p.Endpoint) || denied
	if q.caller.onlyByResource() {
		return denied
	}
	if q.underSCPs() {
		denied = o.scp.scan(q, p.SCPs) || denied
	}
	denied = o.identity.scan(q, p.Identity) || denied
	denied = o.boundary.scanOne(q, p.Boundary) || denied
	return o.session.scan(q, p.Session) || denied
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
	identity := unless(q.caller.Kind == PrincipalRoot || o.identity.allow != nil, blockIdentity)
	limits := unless(p.Boundary == nil || o.boundary.allow != nil, blockBoundary) |
		unless(len(p.Session) == 0 || o.session.allow != nil, blockSession)
	resource := unless(o.resource.grant != grantNone, blockResource)
	if o.verdictOnly && resource != 0 && identity|limits != 0 {
		return identity | limits // whoever owns the resource
	}
	switch {
	case q.isCrossAccount():
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
