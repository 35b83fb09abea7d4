// Package oracle is the slow, plain evaluator that iam is held against; it is
// not for use. It was written from the IAM User Guide, without the engine's
// code at hand, and prefers the literal to the clever: no index, no compiled
// form, every policy read from its document for every request.
package oracle

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
)

// World is everything that stands around a request, as documents.
type World struct {
	Identity []*iam.Document
	// Resource is nil for a resource without a policy. ResourceKind is
	// TypeResource, TypeTrust or TypeKey; "" is TypeResource.
	Resource     *iam.Document
	ResourceKind iam.PolicyType
	Boundary     *iam.Document
	// Session is nil when there are no session policies.
	Session []*iam.Document
	// SCPs and RCPs are levels from the root down. RCPFullAWSAccess is in no
	// list: it is attached at every level, always.
	SCPs, RCPs        [][]*iam.Document
	Endpoint          *iam.Document
	BlockPublicAccess bool
}

// Decide is the decision flow of the IAM User Guide, "Policy evaluation logic".
// The kinds of policy are those that deny, or that fail to allow.
func Decide(req *iam.Request, w *World) (iam.Verdict, []iam.PolicyType) {
	e := evaluation{req: req, world: w, caller: caller{req.Principal}}
	return e.decide()
}

type evaluation struct {
	req    *iam.Request
	world  *World
	caller caller
}

func (e *evaluation) decide() (iam.Verdict, []iam.PolicyType) {
	if lower(e.req.Action) == "sts:getcalleridentity" && e.caller.authenticated() {
		return iam.Allowed, nil
	}
	if denying := e.denials(); len(denying) > 0 {
		return iam.ExplicitlyDenied, union(denying, e.silentGuardrails())
	}
	silent := e.silent()
	if len(silent) == 0 && e.publicAccessBlocked() {
		return iam.ExplicitlyDenied, []iam.PolicyType{iam.TypeBlockPublicAccess}
	}
	silent = union(silent, e.silentGuardrails())
	if e.awsOwned() {
		silent = append(silent, iam.TypeAWSOwned)
	}
	if len(silent) > 0 {
		return iam.ImplicitlyDenied, silent
	}
	return iam.Allowed, nil
}

// resourceKind is the kind of the policy on the resource, or, where there is
// none, of the policy that is missed.
func (e *evaluation) resourceKind() iam.PolicyType {
	if e.world.Resource != nil && e.world.ResourceKind != "" {
		return e.world.ResourceKind
	}
	service, _, _ := strings.Cut(lower(e.req.Action), ":")
	parts, ok := requestARN(e.req.Resource)
	switch {
	case service == "kms":
		return iam.TypeKey
	case service == "sts" && ok && parts[2] == "iam":
		return iam.TypeTrust
	}
	return iam.TypeResource
}

// denials lists the kinds of policy with a Deny that matches.
func (e *evaluation) denials() []iam.PolicyType {
	var list []iam.PolicyType
	add := func(t iam.PolicyType, denies bool) {
		if denies && !slices.Contains(list, t) {
			list = append(list, t)
		}
	}
	w := e.world
	if e.boundBySCPs() {
		add(iam.TypeSCP, e.any(iam.TypeSCP, iam.Deny, slices.Concat(w.SCPs...)...))
	}
	if e.boundByRCPs() {
		add(iam.TypeRCP, e.any(iam.TypeRCP, iam.Deny, slices.Concat(w.RCPs...)...))
	}
	add(iam.TypeEndpoint, e.any(iam.TypeEndpoint, iam.Deny, w.Endpoint))
	add(e.resourceKind(), e.any(e.resourceKind(), iam.Deny, w.Resource))
	if e.caller.isEntity() {
		add(iam.TypeIdentity, e.any(iam.TypeIdentity, iam.Deny, w.Identity...))
		add(iam.TypeBoundary, e.any(iam.TypeBoundary, iam.Deny, w.Boundary))
		add(iam.TypeSession, e.any(iam.TypeSession, iam.Deny, w.Session...))
	}
	return list
}

// silentGuardrails lists the policies of the organisation and the network that
// do not allow. A level that denies is not called silent.
func (e *evaluation) silentGuardrails() []iam.PolicyType {
	var list []iam.PolicyType
	w := e.world
	if e.boundBySCPs() {
		for _, level := range w.SCPs {
			if !e.any(iam.TypeSCP, iam.Allow, level...) && !e.any(iam.TypeSCP, iam.Deny, level...) {
				list = union(list, []iam.PolicyType{iam.TypeSCP})
			}
		}
	}
	if w.Endpoint != nil && !e.any(iam.TypeEndpoint, iam.Allow, w.Endpoint) {
		list = append(list, iam.TypeEndpoint)
	}
	return list
}

// silent lists the kinds of policy between the caller and the resource whose
// Allow the request needs and has not.
func (e *evaluation) silent() []iam.PolicyType {
	var list []iam.PolicyType
	need := func(t iam.PolicyType, allows bool) {
		if !allows {
			list = append(list, t)
		}
	}
	w := e.world
	identity := e.caller.Kind == iam.PrincipalRoot || e.any(iam.TypeIdentity, iam.Allow, w.Identity...)
	boundary := w.Boundary == nil || e.any(iam.TypeBoundary, iam.Allow, w.Boundary)
	session := len(w.Session) == 0 || e.any(iam.TypeSession, iam.Allow, w.Session...)
	grant := e.grant()

	switch {
	case !e.caller.isEntity():
		// A service, a provider, anonymous: nothing but the resource policy speaks for it.
		need(e.resourceKind(), grant > grantNone)
	case !e.sameAccount():
		need(e.resourceKind(), grant > grantNone)
		need(iam.TypeIdentity, identity)
		need(iam.TypeBoundary, boundary)
		need(iam.TypeSession, session)
	default:
		if e.needsResourceGrant() {
			need(e.resourceKind(), grant > grantNone)
		}
		if grant < grantRole {
			need(iam.TypeIdentity, identity)
		}
		if grant < grantCaller {
			need(iam.TypeBoundary, boundary)
			need(iam.TypeSession, session)
		}
	}
	return list
}

// needsResourceGrant: a role has its trust policy and a key its key policy, and
// that must admit the caller. A trust policy that is not given is not known.
func (e *evaluation) needsResourceGrant() bool {
	if e.world.Resource != nil && e.resourceKind() != iam.TypeResource {
		return true
	}
	parts, ok := requestARN(e.req.Resource)
	return ok && strings.HasPrefix(lower(e.req.Action), "kms:") && strings.HasPrefix(parts[5], "key/")
}

// any says whether one statement of the effect matches in one of the documents.
func (e *evaluation) any(kind iam.PolicyType, effect iam.Effect, docs ...*iam.Document) bool {
	for _, doc := range docs {
		if doc == nil {
			continue
		}
		for i := range doc.Statements {
			if doc.Statements[i].Effect == effect && e.matches(kind, doc, &doc.Statements[i]) {
				return true
			}
		}
	}
	return false
}

// sameAccount says whether the caller's account owns the resource.
func (e *evaluation) sameAccount() bool {
	owner := e.req.ResourceAccount
	if parts, ok := requestARN(e.req.Resource); owner == "" && ok && isAccount(parts[4]) {
		owner = parts[4]
	}
	return owner == "" || owner == e.caller.Account
}

// boundBySCPs: they bind the principals of an account, its root user too, but
// neither services nor strangers, and no service-linked role.
func (e *evaluation) boundBySCPs() bool {
	return e.caller.isEntity() && !e.serviceLinked()
}

// boundByRCPs: they bind everybody who reaches a resource of a service that
// they cover, but for service-linked roles.
func (e *evaluation) boundByRCPs() bool {
	service, _, _ := strings.Cut(lower(e.req.Action), ":")
	return !e.serviceLinked() && slices.Contains(rcpServices, service)
}

// union is both lists, each kind once.
func union(a, b []iam.PolicyType) []iam.PolicyType {
	for _, t := range b {
		if !slices.Contains(a, t) {
			a = append(a, t)
		}
	}
	return a
}
