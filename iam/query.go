package iam

import "strings"

// query is a request with what several statements ask of it, found out once.
// It lives on the stack of the evaluation.
type query struct {
	policies *Policies
	context  Context
	caller   caller

	action     string
	actionHash uint64
	// service is the action up to its colon, and with it; "" until it is asked for.
	service     string
	serviceHash uint64

	resource arnText
	// wildcardOnly: the action has no resource level; its resource has no parts then.
	wildcardOnly bool
	// owner is the resource's account as the request says it, "" where only the ARN does.
	owner string
}

func (q *query) read(req *Request, p *Policies) {
	q.policies, q.context = p, req.Context
	q.caller.read(&req.Principal)
	q.action = req.Action
	q.actionHash = hashFold(q.action)
	q.resource.text, q.owner = req.Resource, req.ResourceAccount
	q.wildcardOnly = req.WildcardOnly || req.Resource == "*"
	q.resource.isCut = q.wildcardOnly
}

// findService gives the statements under the request's service, nil for none.
func (q *query) findService(t *table) *entry {
	if t.used == 0 {
		return nil
	}
	if q.service == "" {
		q.service = servicePrefix(q.action)
		q.serviceHash = hashFold(q.service)
	}
	return t.find(q.serviceHash, q.service)
}

// isFor reports whether the action is one of a service, given with its colon in lower case.
func (q *query) isFor(service string) bool {
	return len(q.action) >= len(service) && q.action[len(service)-1] == ':' && sameBytes(service, q.action)
}

// resourcePart gives one of the six parts of the resource's ARN, "" when it has none.
func (q *query) resourcePart(i int) string {
	a, _ := q.resource.split()
	return a.part(i)
}

// isCrossAccount reports whether the resource is another account's than the
// caller. AWS's own entities belong to nobody ("arn:aws:iam::aws:policy/…").
func (q *query) isCrossAccount() bool {
	owner := q.owner
	if owner == "" {
		if owner = q.resourcePart(4); !isAccount(owner) {
			return false
		}
	}
	return owner != q.caller.account
}

// needsResourceGrant reports whether identity policies count only if the
// resource's own policy lets them: trust policies and KMS keys.
func (q *query) needsResourceGrant() bool {
	p := q.policies.Resource
	return p != nil && (p.Origin.Type == TypeTrust || p.Origin.Type == TypeKey) ||
		q.isFor("kms:") && strings.HasPrefix(q.resourcePart(5), "key/")
}

// resourceType is the kind of resource policy that the request meets, or would.
func (q *query) resourceType() PolicyType {
	switch {
	case q.policies.Resource != nil && q.policies.Resource.Origin.Type != "":
		return q.policies.Resource.Origin.Type
	case q.isFor("sts:") && q.resourcePart(2) == "iam":
		return TypeTrust
	case q.isFor("kms:"):
		return TypeKey
	}
	return TypeResource
}

// underRCPs and underSCPs report whether there are such policies and they bind
// this request. Service-linked roles are bound by neither.
func (q *query) underRCPs() bool { return len(q.policies.RCPs) > 0 && q.rcpsBind() }

func (q *query) underSCPs() bool { return len(q.policies.SCPs) > 0 && q.scpsBind() }

func (q *query) rcpsBind() bool {
	return isRCPService(servicePrefix(q.action)) && !q.caller.isServiceLinked(q.context)
}

func (q *query) scpsBind() bool {
	return !q.caller.onlyByResource() && !q.caller.isServiceLinked(q.context)
}
