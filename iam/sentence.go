package iam

import "strings"

// Sentence is AWS's AccessDenied message for a denied request, word for word
// (IAM User Guide, "Troubleshoot access denied error messages"). AWS names one
// kind of policy when several deny. Since 2026 it ends with the ARN of the
// policy that denies, where that has one ([Decision.ShortSentence] never does).
// It is "" for an allowed request.
func (d Decision) Sentence(req *Request) string { return d.sentence(req, true) }

// ShortSentence is [Decision.Sentence] as it was before 2026 and as services
// say it that do not name the policy yet. Clients must accept both.
func (d Decision) ShortSentence(req *Request) string { return d.sentence(req, false) }

func (d Decision) sentence(req *Request, withARN bool) string {
	if d.Verdict == Allowed {
		return ""
	}
	var b strings.Builder
	b.WriteString("User: ")
	if req.Principal.Kind == PrincipalAnonymous || req.Principal.ARN == "" {
		b.WriteString("anonymous")
	} else {
		b.WriteString(req.Principal.ARN)
	}
	b.WriteString(" is not authorized to perform: ")
	b.WriteString(req.Action)
	if req.Resource != "" && req.Resource != "*" {
		b.WriteString(" on resource: ")
		b.WriteString(req.Resource)
	}
	if d.Verdict == ExplicitlyDenied {
		d.writeExplicit(&b, withARN)
	} else if kind, ok := d.first(d.blocked); ok {
		writeImplicit(&b, kind, req.Action)
	}
	return b.String()
}

// first gives the kind of policy that a message names.
func (d *Decision) first(set blockers) (PolicyType, bool) {
	for _, t := range d.BlockedBy {
		if set&blockerOf(t) != 0 && t != TypeBlockPublicAccess && t != TypeAWSOwned {
			return t, true
		}
	}
	return "", false
}

func blockerOf(t PolicyType) blockers {
	switch t {
	case TypeRCP:
		return blockRCP
	case TypeSCP:
		return blockSCP
	case TypeEndpoint:
		return blockEndpoint
	case TypeIdentity:
		return blockIdentity
	case TypeBoundary:
		return blockBoundary
	case TypeSession:
		return blockSession
	case TypeResource, TypeTrust, TypeKey:
		return blockResource
	}
	return 0
}

func (d *Decision) writeExplicit(b *strings.Builder, withARN bool) {
	kind, ok := d.first(d.explicit)
	if !ok {
		return
	}
	b.WriteString(" with an explicit deny in ")
	b.WriteString(named(kind))
	if withARN && d.denied != nil && d.denied.Origin.ARN != "" && blockerOf(d.denied.Origin.Type) != blockResource {
		b.WriteString(": ")
		b.WriteString(d.denied.Origin.ARN)
	}
}

func writeImplicit(b *strings.Builder, kind PolicyType, action string) {
	switch kind {
	case TypeSCP, TypeRCP:
		// A guardrail that does not allow is worded as one that denies.
		b.WriteString(" with an explicit deny in ")
		b.WriteString(named(kind))
		return
	case TypeIdentity:
		b.WriteString(" because no identity-based policy allows the ")
	case TypeBoundary:
		b.WriteString(" because no permissions boundary allows the ")
	case TypeSession:
		b.WriteString(" because no session policy allows the ")
	case TypeEndpoint:
		b.WriteString(" because no VPC endpoint policy allows the ")
	case TypeTrust:
		b.WriteString(" because no role trust policy allows the ")
	default:
		b.WriteString(" because no resource-based policy allows the ")
	}
	b.WriteString(action)
	b.WriteString(" action")
}

func named(kind PolicyType) string {
	switch kind {
	case TypeSCP:
		return "a service control policy"
	case TypeRCP:
		return "a resource control policy"
	case TypeIdentity:
		return "an identity-based policy"
	case TypeBoundary:
		return "a permissions boundary"
	case TypeSession:
		return "a session policy"
	case TypeEndpoint:
		return "a VPC endpoint policy"
	case TypeTrust:
		return "the role trust policy"
	}
	return "a resource-based policy"
}
