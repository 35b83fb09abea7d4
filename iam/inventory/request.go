package inventory

import (
	"strings"

	"github.com/writ-dev/writ/iam"
)

// Caller is who asks.
type Caller struct {
	iam.Principal
	// Entity is the role or user behind it, nil for services, anonymous
	// callers and those of other accounts.
	Entity *Principal
	// Function is the function whose code asks, nil for another session.
	Function *Function
}

// Run is the caller that a function's code is: a session of its role that
// bears the function's name. ok is false when the role is not known.
func (f *Function) Run() (c Caller, ok bool) {
	if f.Role == nil {
		return Caller{}, false
	}
	c = f.Role.session(f.Name)
	c.Function = f
	return c, true
}

// Caller is the user itself, or a session of the role: of the one function
// that runs as the role, where there is one.
func (p *Principal) Caller() Caller {
	if p.Kind == iam.PrincipalUser {
		return Caller{Principal: iam.ParsePrincipal(p.ARN), Entity: p}
	}
	if len(p.Functions) == 1 {
		c, _ := p.Functions[0].Run()
		return c
	}
	return p.session("session")
}

func (p *Principal) session(name string) Caller {
	arn := p.ARN
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) == 6 {
		arn = "arn:" + parts[1] + ":sts::" + parts[4] + ":assumed-role/" + p.Name + "/" + name
	}
	c := Caller{Principal: iam.ParsePrincipal(arn), Entity: p}
	c.RoleARN = p.ARN
	return c
}

// For puts together all that the inventory knows of one question: the request
// with the context keys that follow from caller and resource, and the policies
// that bind it. The caller fills in further keys, SCPs and whether the action
// has no resource level.
func (inv *Inventory) For(c Caller, action, resource string) (*iam.Request, *iam.Policies) {
	req := &iam.Request{Principal: c.Principal, Action: action, Resource: resource, Context: iam.Context{}}
	p := &iam.Policies{}
	inv.caller(c, req.Context)
	if c.Entity != nil {
		p.Identity, p.Boundary = c.Entity.Identity, c.Entity.Boundary
	}
	if trusted := inv.trusted(action, resource); trusted != nil {
		p.Resource, req.ResourceAccount = trusted.Trust, inv.Account.ID
	} else if owner := inv.Owner(resource); owner != nil {
		p.Resource, p.BlockPublicAccess = owner.Policy, owner.BlockPublicAccess
		req.ResourceAccount = inv.Account.ID
		if owner.Type != "AWS::S3::Bucket" { // S3 looks at tags only where that is switched on
			tagContext(req.Context, "aws:resourcetag/", owner.Tags)
		}
	} else if parts := strings.SplitN(resource, ":", 6); len(parts) == 6 && accountNumber.MatchString(parts[4]) {
		req.ResourceAccount = parts[4]
	}
	req.Context["aws:requestedregion"] = iam.One(inv.region(action, resource))
	if req.ResourceAccount != "" {
		req.Context["aws:resourceaccount"] = iam.One(req.ResourceAccount)
	}
	return req, p
}

// globalServices are those with one endpoint for all regions, and the region
// that their requests have (IAM User Guide, "aws:RequestedRegion").
var globalServices = map[string]string{
	"iam": "us-east-1", "organizations": "us-east-1", "account": "us-east-1", "cloudfront": "us-east-1", "route53": "us-east-1",
	"route53domains": "us-east-1", "shield": "us-east-1", "waf": "us-east-1", "support": "us-east-1", "health": "us-east-1",
	"trustedadvisor": "us-east-1", "budgets": "us-east-1", "ce": "us-east-1", "billing": "us-east-1", "cur": "us-east-1",
	"importexport": "us-east-1", "globalaccelerator": "us-west-2", "networkmanager": "us-west-2",
}

// region is where a request goes: to the region in the resource's ARN, to that
// of a global service, or else to the account's.
func (inv *Inventory) region(action, resource string) string {
	if parts := strings.SplitN(resource, ":", 6); len(parts) == 6 && parts[3] != "" && !strings.ContainsAny(parts[3], "*?") {
		return parts[3]
	}
	service, _, _ := strings.Cut(strings.ToLower(action), ":")
	if region, ok := globalServices[service]; ok && inv.Account.Partition != "aws-cn" && inv.Account.Partition != "aws-us-gov" {
		return region
	}
	return inv.Account.Region
}

// trusted is the role that is to be assumed: its trust policy is the
// resource's own.
func (inv *Inventory) trusted(action, resource string) *Principal {
	if !strings.HasPrefix(strings.ToLower(action), "sts:assumerole") && !strings.EqualFold(action, "sts:TagSession") && !strings.EqualFold(action, "sts:SetSourceIdentity") {
		return nil
	}
	for _, p := range inv.Principals {
		if p.Kind == iam.PrincipalRole && p.ARN == resource {
			return p
		}
	}
	return nil
}

// caller sets the keys that speak of the caller, as a real call has them.
func (inv *Inventory) caller(c Caller, ctx iam.Context) {
	set := func(key, value string) {
		if value != "" {
			ctx[key] = iam.One(value)
		}
	}
	set("aws:securetransport", "true") // AWS's clients use nothing else
	set("aws:viaawsservice", "false")  // the caller asks itself
	switch c.Kind {
	case iam.PrincipalService:
		set("aws:principalisawsservice", "true")
		set("aws:principalservicename", c.ARN)
		ctx["aws:principalservicenameslist"] = iam.Many(c.ARN)
		return
	case iam.PrincipalAnonymous:
		set("aws:principaltype", "Anonymous")
		set("aws:principalisawsservice", "false")
		return
	}
	set("aws:principalisawsservice", "false")
	set("aws:principaltype", string(c.Kind))
	set("aws:principalaccount", c.Account)
	arn := c.ARN
	if c.Kind == iam.PrincipalSession {
		arn = c.RoleARN // the role, with its path, is what policies compare with
		if arn == "" {
			arn = pathlessRole(c.ARN)
		}
	}
	set("aws:principalarn", arn)
	if c.Kind == iam.PrincipalUser {
		set("aws:username", arn[strings.LastIndexByte(arn, '/')+1:])
	}
	if c.Function != nil {
		set("lambda:sourcefunctionarn", c.Function.ARN)
	}
	if c.Entity != nil {
		tagContext(ctx, "aws:principaltag/", c.Entity.Tags)
	}
}

// pathlessRole is the role of a session as far as the session's ARN tells: it
// holds no path.
func pathlessRole(session string) string {
	parts := strings.SplitN(session, ":", 6)
	if len(parts) != 6 {
		return ""
	}
	names := strings.Split(parts[5], "/")
	if len(names) < 2 {
		return ""
	}
	return "arn:" + parts[1] + ":iam::" + parts[4] + ":role/" + names[1]
}
