package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/catalog"
	"github.com/writ-dev/writ/iam/inventory"
)

// question is a request with its policies, and what is to be said beside.
type question struct {
	req      *iam.Request
	policies *iam.Policies
	caller   inventory.Caller
	world    *world
	// assumed are the context keys that were filled in.
	assumed  []string
	warnings []string
	// unknownAction says that AWS has no such action.
	unknownAction bool
}

// policyFlags are the policies that come from files.
type policyFlags struct {
	identity, scps              []string
	boundary, session, resource string
}

func (f *policyFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.identity, "policy", nil, "an identity policy in a `FILE`; may be repeated")
	flags.StringVar(&f.boundary, "boundary", "", "the permissions boundary in a `FILE`")
	flags.StringVar(&f.session, "session", "", "a session policy in a `FILE`")
	flags.StringVar(&f.resource, "resource-policy", "", "the resource's own policy in a `FILE` (trust or key policy, where the action says so)")
	flags.StringArrayVar(&f.scps, "scp", nil, "a service control policy in a `FILE`; repeated, each is one level, the root first (FullAWSAccess stands beside one that allows nothing)")
}

// into adds the policies of the files to those of a question.
func (f *policyFlags) into(p *iam.Policies, action, resource string) error {
	for _, file := range f.identity {
		policy, _, err := loadPolicy(file, iam.TypeIdentity)
		if err != nil {
			return err
		}
		p.Identity = append(slices.Clip(p.Identity), policy)
	}
	for _, file := range f.scps {
		level, err := loadSCP(file)
		if err != nil {
			return err
		}
		p.SCPs = append(p.SCPs, level.policies)
	}
	for _, one := range []struct {
		file string
		kind iam.PolicyType
		set  func(*iam.Policy)
	}{
		{f.boundary, iam.TypeBoundary, func(policy *iam.Policy) { p.Boundary = policy }},
		{f.session, iam.TypeSession, func(policy *iam.Policy) { p.Session = []*iam.Policy{policy} }},
		{f.resource, iam.ResourcePolicyType(action, resource), func(policy *iam.Policy) { p.Resource = policy }},
	} {
		if one.file == "" {
			continue
		}
		policy, _, err := loadPolicy(one.file, one.kind)
		if err != nil {
			return err
		}
		one.set(policy)
	}
	return nil
}

// checkAction looks an action up: whether it has a resource level, and whether
// there is one of that name at all.
func (q *question) checkAction() {
	known := catalog.AWS()
	action, ok := known.Action(q.req.Action)
	if !ok {
		q.unknownAction = true
		warning := "AWS has no action " + q.req.Action + " that Writ's catalogue knows"
		if near := known.NearestAction(q.req.Action); near != "" {
			warning += "; did you mean " + near + "?"
		}
		q.warnings = append(q.warnings, warning)
		return
	}
	q.req.Action = action.String()
	q.req.WildcardOnly = action.WildcardOnly()
	if q.req.WildcardOnly || q.req.Resource == "*" {
		return
	}
	var types []string
	for _, use := range action.Resources {
		if use.Covers(q.req.Resource) {
			return
		}
		types = append(types, use.ARN)
	}
	q.warnings = append(q.warnings, q.req.Action+" is not asked on such a resource; it takes "+strings.Join(types, ", "))
}

// contextHelp explains --context.
const contextHelp = "a context key as `KEY=VALUE`; a key that is repeated has several values"

// setContext puts the --context flags into the request: a key that is given
// more than once, or that AWS lists as one of several values, has a set of them.
func (q *question) setContext(pairs []string) error {
	for key := range q.req.Context {
		q.assumed = append(q.assumed, key)
	}
	given := iam.Context{}
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return writ.Errorf(writ.CodeUsage, "--context %s is not of the form KEY=VALUE", pair).
				WithHint("such as --context aws:SourceIp=203.0.113.7")
		}
		service, _, _ := strings.Cut(q.req.Action, ":")
		kind, known := catalog.AWS().Key(service, key)
		if !known {
			warning := "AWS has no condition key " + key + " for " + service
			if near := catalog.AWS().NearestKey(service, key); near != "" {
				warning += "; did you mean " + near + "?"
			}
			q.warnings = append(q.warnings, warning)
		}
		name := iam.Key(key)
		v := given[name]
		v.Values = append(v.Values, value)
		v.Multi = kind.Multi() || len(v.Values) > 1
		given[name] = v
	}
	for key, value := range given {
		q.req.Context[key] = value
	}
	q.assumed = slices.DeleteFunc(q.assumed, func(key string) bool { _, ok := given[key]; return ok })
	slices.Sort(q.assumed)
	return nil
}

// keyNames are condition keys as AWS writes them, by their names in lower case.
var keyNames = func() map[string]string {
	names := map[string]string{}
	for _, name := range []string{
		"aws:PrincipalArn", "aws:PrincipalAccount", "aws:PrincipalType", "aws:PrincipalIsAWSService", "aws:PrincipalServiceName",
		"aws:PrincipalServiceNamesList", "aws:ResourceAccount", "aws:SourceArn", "aws:SourceAccount", "lambda:SourceFunctionArn",
		"aws:PrincipalTag/", "aws:ResourceTag/",
	} {
		names[iam.Key(name)] = name
	}
	return names
}()

// keyName writes a condition key as AWS does, where its case is known.
func keyName(key string) string {
	if name, ok := keyNames[key]; ok {
		return name
	}
	prefix, rest, _ := strings.Cut(key, "/")
	if name, ok := keyNames[prefix+"/"]; ok {
		return name + rest
	}
	return key
}
