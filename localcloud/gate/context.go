package gate

import (
	"strconv"
	"sync"

	"github.com/writ-dev/writ/iam"
)

// isoTime is how IAM writes times in context keys.
const isoTime = "2006-01-02T15:04:05Z"

// keys collects the context keys of one request. The values lie together, so
// that a request costs few allocations.
type keys struct {
	context iam.Context
	values  []string
}

// set sets a key of one value.
func (k *keys) set(key, value string) {
	k.values = append(k.values, value)
	n := len(k.values)
	k.context[key] = iam.Value{Values: k.values[n-1 : n : n]}
}

// known sets a key whose value is known.
func (k *keys) known(key, value string) {
	if value != "" {
		k.set(key, value)
	}
}

// tags sets a key for each tag. Tag keys ignore case in conditions.
func (k *keys) tags(prefix string, tags map[string]string) {
	for name, value := range tags {
		k.set(prefix+iam.Key(name), value)
	}
}

// context gives the keys of the IAM User Guide, "AWS global condition context
// keys", that apply to the call, and the service's own.
func (g *Gate) context(c *Call, access RoleAccess, ask *Ask) iam.Context {
	size := 24 + len(ask.ResourceTags) + len(access.Tags) + len(c.Caller.SessionTags)
	k := &keys{make(iam.Context, size+len(ask.Context)), make([]string, 0, size)}
	for key, value := range ask.Context {
		k.context[key] = value
	}
	k.tags("aws:resourcetag/", ask.ResourceTags)
	now := c.Time.UTC()
	k.set("aws:currenttime", now.Format(isoTime))
	k.set("aws:epochtime", strconv.FormatInt(now.Unix(), 10))
	k.set("aws:securetransport", strconv.FormatBool(c.Secure))
	k.set("aws:requestedregion", c.Region)
	k.set("aws:resourceaccount", c.Account)
	k.known("aws:useragent", c.UserAgent)
	if c.Via == "" {
		k.known("aws:referer", c.Header.Get("Referer"))
	}
	k.set("aws:viaawsservice", strconv.FormatBool(c.Via != ""))
	if c.Via != "" {
		k.context["aws:calledvia"] = iam.Many(c.Via)
		k.set("aws:calledviafirst", c.Via)
		k.set("aws:calledvialast", c.Via)
	} else { // a service that calls for someone does not pass the address on
		k.known("aws:sourceip", c.SourceIP)
	}
	k.caller(&c.Caller, access)
	return k.context
}

// caller adds the keys that speak of the caller.
func (k *keys) caller(caller *Caller, access RoleAccess) {
	k.set("aws:principalisawsservice", strconv.FormatBool(caller.Kind == iam.PrincipalService))
	switch caller.Kind {
	case iam.PrincipalService:
		k.set("aws:principalservicename", caller.ARN)
		k.context["aws:principalservicenameslist"] = iam.Many(caller.ARN)
		k.known("aws:sourcearn", caller.SourceARN)
		k.known("aws:sourceaccount", caller.Account)
		return
	case iam.PrincipalAnonymous:
		k.set("aws:principaltype", "Anonymous")
		k.set("aws:principalaccount", "anonymous")
		k.set("aws:userid", "anonymous")
		return
	}
	k.set("aws:principaltype", string(caller.Kind))
	k.known("aws:principalaccount", caller.Account)
	k.known("aws:userid", caller.UserID)
	arn := caller.ARN
	if caller.Kind == iam.PrincipalSession {
		// The role's ARN, with its path, is what policies compare with.
		arn = access.ARN
		k.set("aws:multifactorauthpresent", "false")
		k.known("lambda:sourcefunctionarn", caller.FunctionARN)
		k.known("aws:sourceidentity", caller.SourceIdentity)
		if !caller.Issued.IsZero() {
			k.set("aws:tokenissuetime", caller.Issued.UTC().Format(isoTime))
		}
		k.tags("aws:principaltag/", access.Tags)
		k.tags("aws:principaltag/", caller.SessionTags) // of the same key, the session's counts
	}
	k.known("aws:principalarn", arn)
}

// policyCache keeps compiled session policies by their text. The zero value is ready.
type policyCache struct {
	mu       sync.RWMutex
	compiled map[string]*iam.Policy
}

// maxPolicies bounds the cache; a full one is emptied.
const maxPolicies = 512

// load compiles the documents, nil for none.
func (p *policyCache) load(documents []string) ([]*iam.Policy, error) {
	if len(documents) == 0 {
		return nil, nil
	}
	out := make([]*iam.Policy, len(documents))
	for i, text := range documents {
		p.mu.RLock()
		policy := p.compiled[text]
		p.mu.RUnlock()
		if policy == nil {
			var err error
			if policy, err = iam.Load([]byte(text), iam.Origin{Type: iam.TypeSession}); err != nil {
				return nil, err
			}
			p.mu.Lock()
			if p.compiled == nil || len(p.compiled) >= maxPolicies {
				p.compiled = map[string]*iam.Policy{}
			}
			p.compiled[text] = policy
			p.mu.Unlock()
		}
		out[i] = policy
	}
	return out, nil
}
