package cover

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/catalog"
)

// never are keys that no call with a role's credentials has: those of services
// that call on behalf of something, of users, and of second factors.
// aws:MultiFactorAuthPresent is none of them: temporary credentials may have it, as false.
var never = []string{
	"aws:sourcearn", "aws:sourceaccount", "aws:sourceowner", "aws:sourceorgid", "aws:sourceorgpaths", "aws:username",
	"aws:multifactorauthage", "aws:principalservicename", "aws:principalservicenameslist",
}

// chain are keys of calls that a service makes for the caller.
var chain = []string{"aws:viaawsservice", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast", "kms:viaservice"}

// always are keys without which the service refuses the call.
var always = map[string][]string{
	"events:putevents": {"events:source", "events:detail-type"}, // API reference, PutEventsRequestEntry
}

// call is what is known of calls of one action before their resource is.
type call struct {
	given  *Given
	action string
	// listed is nil for an action that the catalogue does not have.
	listed *catalog.Action
	// extra are keys that the need says.
	extra iam.Context
	// via: some service makes the call for the role.
	via bool

	always []string // fixed("*")
	// texts keeps what was found for conditions, for all calls.
	texts map[string]search
	work  *work
}

// request makes the call on a resource.
func (c *call) request(resource string, values iam.Context) *iam.Request {
	return c.on(resource).with(values)
}

// target is a call on one resource; its request is filled anew for each context.
type target struct {
	req   *iam.Request
	fixed []string
}

func (c *call) on(resource string) *target {
	t := &target{fixed: c.fixed(resource), req: &iam.Request{
		Principal: c.given.Caller, Action: c.action, Resource: resource, ResourceAccount: c.owner(resource),
		WildcardOnly: resource == "*", Context: iam.Context{},
	}}
	for _, key := range t.fixed {
		if v := c.value(key, resource); v.Multi || len(v.Values) > 0 {
			t.req.Context[key] = v
		}
	}
	return t
}

func (t *target) with(values iam.Context) *iam.Request {
	for key, v := range values {
		switch {
		case slices.Contains(t.fixed, key):
		case v.Multi || len(v.Values) > 0:
			t.req.Context[key] = v
		default:
			delete(t.req.Context, key)
		}
	}
	return t.req
}

// owner is the account of a resource: the one in its ARN, else the given one.
func (c *call) owner(resource string) string {
	if parts := iam.ARNParts(resource); len(parts) == 6 && len(parts[4]) == 12 {
		return parts[4]
	}
	return c.given.Account
}

// standing are keys that every call of a role's session carries, whatever it does.
var standing = []string{
	"aws:principalaccount", "aws:principalarn", "aws:principalisawsservice", "aws:principaltype", "aws:resourceaccount",
	"aws:securetransport", "kms:calleraccount", "s3:resourceaccount",
}

// fixed lists the keys of the request whose values are known.
func (c *call) fixed(resource string) []string {
	keys := slices.DeleteFunc(slices.Clone(standing), func(key string) bool {
		return !strings.HasPrefix(key, "aws:") && !strings.HasPrefix(key, strings.ToLower(service(c.action))+":")
	})
	if !c.via {
		keys = append(keys, "aws:viaawsservice")
	}
	if region(resource) != "" {
		keys = append(keys, "aws:requestedregion")
	}
	for _, m := range []iam.Context{c.given.Context, c.extra} {
		for key := range m {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func (c *call) value(key, resource string) iam.Value {
	if v, ok := c.extra[key]; ok {
		return v
	}
	if at := region(resource); key == "aws:requestedregion" && at != "" {
		return iam.One(at)
	}
	if v, ok := c.given.Context[key]; ok {
		return v
	}
	switch key {
	case "aws:principalaccount", "kms:calleraccount":
		return iam.One(c.given.Caller.Account)
	case "aws:principalarn":
		return iam.One(c.given.role())
	case "aws:principaltype":
		return iam.One("AssumedRole")
	case "aws:principalisawsservice", "aws:viaawsservice":
		return iam.One("false")
	case "aws:securetransport":
		return iam.One("true")
	default: // aws:resourceaccount, s3:resourceaccount
		return iam.One(c.owner(resource))
	}
}

// anywhere lists the keys that are known whatever the resource.
func (c *call) anywhere() []string {
	if c.always == nil {
		c.always = c.fixed("*")
	}
	return c.always
}

// isKnown reports a key that has one value in all these calls, or is absent in all.
func (c *call) isKnown(key string) bool {
	if slices.Contains(c.anywhere(), key) {
		return true
	}
	switch {
	case slices.Contains(never, key):
		return true
	case slices.Contains(chain, key):
		return !c.via
	case key == "lambda:sourcefunctionarn": // every call from a function's code has it, to whatever service
		return false
	case c.listed == nil || catalog.AWS().IsGlobal(key) || !strings.HasPrefix(key, strings.ToLower(c.listed.Service)+":"):
		return false
	}
	return !slices.ContainsFunc(catalog.AWS().KeysOf(*c.listed), func(name string) bool { return catalog.KeyMatches(name, key) })
}

// text is the value of a key that is known, for variables.
func (c *call) text(key string) (string, bool) {
	if !slices.Contains(c.anywhere(), key) || key == "aws:resourceaccount" || key == "aws:requestedregion" {
		return "", false
	}
	v := c.value(key, "*")
	if v.Multi || len(v.Values) != 1 {
		return "", false
	}
	return v.Values[0], true
}

// mustHave reports a key without which no such call is made.
func (c *call) mustHave(key string) bool {
	return slices.Contains(always[strings.ToLower(c.action)], key)
}

func service(action string) string {
	prefix, _, _ := strings.Cut(action, ":")
	return prefix
}

func region(resource string) string {
	if parts := iam.ARNParts(resource); len(parts) == 6 {
		return parts[3]
	}
	return ""
}
