package cover

import (
	"fmt"
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/catalog"
)

// checker holds what all questions share.
type checker struct {
	role     Given
	policies *iam.Policies
	// lenient are the policies without conditions and with "*" for every
	// resource: what they do not allow the policies do not allow either.
	lenient *iam.Policies
	given   []*rule
	// needs are the statements of the needs, nil for a Deny; asked are the
	// policies of a role that may do what they ask for and nothing else.
	needs []*rule
	asked *iam.Policies
	// searches keeps the resources of actions that have the same in common.
	searches map[string]search
	// texts keeps the values that tell conditions apart.
	texts map[string]search
	// examples has one ARN of each type of resource.
	examples map[resourceKind]string
	// work is what may still be done for the needs, and then for the excess.
	work *work
}

type search struct {
	found    []string
	complete bool
}

func newChecker(needs []Need, given Given) *checker {
	if given.Policies == nil {
		given.Policies = &iam.Policies{}
	}
	if given.Caller.Account == "" {
		if parts := iam.ARNParts(given.Caller.ARN); len(parts) == 6 {
			given.Caller.Account = parts[4]
		}
	}
	if given.Account == "" {
		given.Account = given.Caller.Account
	}
	given.Context = lowered(given.Context)
	c := &checker{role: given, searches: map[string]search{}, texts: map[string]search{}, examples: map[resourceKind]string{}, work: &work{maxWork}, given: rules(given.Policies)}
	policies := *given.Policies
	if policies.Resource == nil {
		policies.Resource = delegating(given.Caller.Account)
	}
	c.policies, c.lenient = &policies, lenient(&policies)
	c.asked = &iam.Policies{Resource: policies.Resource}
	for i := range needs {
		if needs[i].Statement.Effect == iam.Deny {
			c.needs = append(c.needs, nil)
			continue
		}
		p := iam.Compile(&iam.Document{Version: iam.Version2012, Statements: needs[i].asStatements()}, iam.Origin{Type: iam.TypeIdentity, Name: "needs"})
		c.asked.Identity = append(c.asked.Identity, p)
		c.needs = append(c.needs, newRule(p.Statements()[0]))
	}
	return c
}

func (n *Need) asStatements() []iam.Statement {
	s := n.Statement
	s.Effect = iam.Allow
	return []iam.Statement{s}
}

func lowered(ctx iam.Context) iam.Context {
	out := iam.Context{}
	for key, v := range ctx {
		out[iam.Key(key)] = v
	}
	return out
}

// delegating is a resource's policy that lets the account decide, as the key
// policies do that KMS makes, and as those of other accounts have to.
func delegating(account string) *iam.Policy {
	s := iam.Statement{
		Effect: iam.Allow, Principal: &iam.PrincipalElement{AWS: []string{account}},
		Action: []string{"*"}, Resource: []string{"*"},
	}
	return iam.Compile(&iam.Document{Version: iam.Version2012, Statements: []iam.Statement{s}}, iam.Origin{Type: iam.TypeResource, Name: "assumed"})
}

func lenient(p *iam.Policies) *iam.Policies {
	return each(p, func(policy *iam.Policy) *iam.Policy {
		doc := &iam.Document{Version: iam.Version2012}
		for _, m := range policy.Statements() {
			s := *m.Source()
			everywhere := len(s.Conditions) == 0 && slices.Contains(s.Resource, "*")
			if s.Effect == iam.Deny && !everywhere {
				continue
			}
			s.Conditions, s.Resource, s.NotResource = nil, []string{"*"}, nil
			doc.Statements = append(doc.Statements, s)
		}
		return iam.Compile(doc, policy.Origin)
	})
}

func naming(list []*rule, action string) []*rule {
	return slices.DeleteFunc(slices.Clone(list), func(r *rule) bool { return r == nil || !r.names(action) })
}

// resourcesOf gives resources of a call, one for each set of patterns of the
// rules that some resource matches. entry limits them to what an entry of
// Resource matches; none is found where the action does not take such a resource.
func (c *checker) resourcesOf(call *call, entry string, list []*rule, ctxs *contexts) search {
	switch {
	case call.listed != nil && call.listed.WildcardOnly() || call.listed == nil && entry == "*":
		if entry != "*" {
			return search{complete: true}
		}
		return search{[]string{"*"}, true}
	case call.listed == nil:
		return c.search("", []pattern{resource(entry, call.text)}, call, list, ctxs)
	}
	all := search{complete: true}
	for _, t := range c.types(call, list) {
		within, key := []pattern{t.pattern()}, ""
		if entry != "*" {
			within = append(within, resource(entry, call.text))
		}
		if len(ctxs.keys) == 0 && call.extra == nil {
			key = fmt.Sprint(t, entry, list)
		}
		one := c.search(key, within, call, list, ctxs)
		all.complete = all.complete && one.complete
		for _, arn := range one.found {
			if !slices.Contains(all.found, arn) {
				all.found = append(all.found, arn)
			}
		}
	}
	return all
}

// resourceKind is the pattern of the ARNs of one type of resource, of one account.
type resourceKind struct{ arn, partition, account string }

func (k resourceKind) pattern() pattern { return resourceType(k.arn, k.partition, k.account) }

// types gives the types of the ARNs that an action takes.
func (c *checker) types(call *call, list []*rule) []resourceKind {
	accounts := c.accounts(list)
	var all []resourceKind
	for _, use := range call.listed.Resources {
		for _, arn := range strings.Split(use.ARN, ", ") {
			for i, account := range accounts {
				if i == 0 || strings.Contains(arn, "${Account}") {
					all = append(all, resourceKind{arn, c.role.partition(), account})
				}
			}
		}
	}
	return all
}

// accounts are the role's own and those that a policy names.
func (c *checker) accounts(list []*rule) []string {
	accounts := []string{c.role.Account}
	for _, r := range list {
		for _, entry := range r.resources() {
			parts := iam.ARNParts(entry)
			if len(parts) == 6 && parts[4] != "" && !strings.ContainsAny(parts[4], "*?$") && !slices.Contains(accounts, parts[4]) {
				accounts = append(accounts, parts[4])
			}
		}
	}
	return accounts
}

// search finds the resources that match all of within; key names what is asked
// for, "" where it is asked only once.
func (c *checker) search(key string, within []pattern, call *call, list []*rule, ctxs *contexts) search {
	if text, ok := within[len(within)-1].isLiteral(); ok {
		if len(within) == 2 && !within[0].matches(text) {
			return search{complete: true}
		}
		return search{[]string{text}, true}
	}
	if done, ok := c.searches[key]; ok {
		return done
	}
	others := patternsOf(call, list, ctxs)
	found, complete := witnesses(within, others, c.work)
	m := newMachine(within, others)
	for i := range found {
		found[i] = c.plausible(found[i], m)
	}
	s := search{found, complete}
	if key != "" {
		c.searches[key] = s
	}
	return s
}

// patternsOf are all patterns of resources that tell calls apart.
func patternsOf(call *call, list []*rule, ctxs *contexts) []pattern {
	var all []pattern
	for _, r := range list {
		known := call.text
		if r.version != iam.Version2012 {
			known = nil
		}
		for _, entry := range r.resources() {
			if entry == "*" {
				continue
			}
			all = append(all, resource(entry, known))
			if known != nil {
				all = append(all, filledIn(entry, known, ctxs)...)
			}
		}
		for _, e := range r.source.Conditions {
			if iam.Key(e.Key) == "aws:requestedregion" {
				for _, v := range e.Values {
					all = append(all, resource("arn:*:*:"+v+":*:*", unknownVariables))
				}
			}
		}
	}
	return all
}

// filledIn puts every value that is tried for a key in the place of its variable.
func filledIn(entry string, known variables, ctxs *contexts) []pattern {
	var all []pattern
	for _, key := range variablesIn(entry) {
		at, unknown := slices.BinarySearch(ctxs.keys, key)
		if !unknown || at >= len(ctxs.values) {
			continue
		}
		for _, v := range ctxs.values[at] {
			if v.Multi || len(v.Values) != 1 {
				continue
			}
			all = append(all, resource(entry, func(k string) (string, bool) {
				if k == key {
					return v.Values[0], true
				}
				return known(k)
			}))
		}
	}
	return all
}

// regions are tried where a pattern leaves the region open: "x" is none.
var regions = []string{"us-east-1", "eu-west-1", "ap-southeast-2", "us-west-2"}

// plausible puts a real region in an ARN where that changes nothing else.
func (c *checker) plausible(arn string, m *machine) string {
	kind, ok := m.kindOf(arn)
	parts := strings.SplitN(arn, ":", 6)
	if !ok || len(parts) != 6 || len(parts[3]) != 1 {
		return arn
	}
	for _, region := range append(slices.Clone(c.role.Context["aws:requestedregion"].Values), regions...) {
		parts[3] = region
		better := strings.Join(parts, ":")
		if k, ok := m.kindOf(better); ok && k == kind {
			return better
		}
	}
	return arn
}

func (c *checker) call(action string, listed *catalog.Action) *call {
	return &call{given: &c.role, action: action, listed: listed, texts: c.texts, work: c.work}
}
