package lint

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/catalog"
)

// everyResource reports whether an entry is for all resources of a service or more.
func everyResource(entry string) bool {
	if entry == "*" {
		return true
	}
	parts := arnParts(entry)
	if parts == nil {
		return strings.HasPrefix(entry, "arn:") && strings.HasSuffix(entry, "*") && !strings.Contains(entry, "/")
	}
	return everything(parts[5]) && (parts[2] != "sqs" && parts[2] != "sns" || everything(parts[4]))
}

// everything reports a pattern that matches all there is, "?*" too.
func everything(pattern string) bool {
	return strings.Trim(pattern, "*?") == "" && (pattern == "" || strings.Contains(pattern, "*"))
}

// everyAction is "*", or its longer forms such as "*:*".
func everyAction(entry string) bool {
	service, name, found := strings.Cut(entry, ":")
	return everything(service) && (!found || everything(name))
}

func (s *statement) onEverything() bool { return slices.ContainsFunc(s.Resource, everyResource) }

func allowAll(c *checker, s *statement) {
	if s.grants() && slices.ContainsFunc(s.Action, everyAction) && slices.Contains(s.Resource, "*") {
		severity := Security
		if len(s.Conditions) > 0 {
			severity = Warning
		}
		c.report(s, []string{"Action"}, severity, "the statement allows every action on every resource", "name the actions and the resources that are needed; the reader of this policy cannot tell what it is for")
	}
}

func allowService(c *checker, s *statement) {
	if !s.grants() {
		return
	}
	for i, entry := range s.Action {
		service, name, _ := strings.Cut(entry, ":")
		if name != "" && everything(name) && !everyAction(entry) {
			c.report(s, []string{"Action", itoa(i)}, Warning, fmt.Sprintf("%s allows all %d actions of the service, also those that AWS adds later", entry, len(c.catalog.Expand(service+":*"))), "name the actions that are needed")
		}
	}
}

func allowNotAction(c *checker, s *statement) {
	if s.isAllow() && s.NotAction != nil && s.policy.Type != iam.TypeSCP && s.policy.Type != iam.TypeBoundary {
		severity := Warning
		if s.onEverything() || anyResource(s) {
			severity = Security
		}
		c.report(s, []string{"NotAction"}, severity, "Allow with NotAction allows every action that is not named, also those that AWS adds later", "name the actions in Action; to take some away add a Deny")
	}
}

func allowNotResource(c *checker, s *statement) {
	if s.isAllow() && s.NotResource != nil && s.policy.Type != iam.TypeSCP && s.policy.Type != iam.TypeBoundary {
		c.report(s, []string{"NotResource"}, Warning, "Allow with NotResource allows the actions on every resource that is not named, also those made later", "name the resources in Resource; to take some away add a Deny")
	}
}

func wildcardResource(c *checker, s *statement) {
	if !s.grants() || !s.onEverything() || len(s.Conditions) > 0 || slices.ContainsFunc(s.Action, everyAction) {
		return
	}
	var writes, manages []catalog.Action
	for _, a := range s.actions {
		if a.WildcardOnly() || a.String() == "iam:PassRole" || a.String() == "sts:AssumeRole" {
			continue
		}
		switch a.Access {
		case catalog.PermissionsManagement:
			manages = append(manages, a)
		case catalog.Write:
			writes = append(writes, a)
		}
	}
	path := []string{"Resource", itoa(slices.IndexFunc(s.Resource, everyResource))}
	if len(manages) > 0 {
		c.report(s, path, Security, fmt.Sprintf("%s can change permissions on every resource", quoteList(names(manages))), "name the resources")
	}
	if len(writes) > 0 {
		c.report(s, path, Warning, fmt.Sprintf("%s can write to every resource", quoteList(names(writes))), "name the resources")
	}
}

func passRoleStar(c *checker, s *statement) {
	onEveryRole := slices.ContainsFunc(s.Resource, everyRole)
	if !s.grants() || !s.mayBeAbout("iam:PassRole") || !onEveryRole || slices.ContainsFunc(s.Action, everyAction) || hasUnknownIn(s.Action) {
		return
	}
	severity, hint := Security, `name the roles, and the service that gets them with a condition on "iam:PassedToService"`
	if slices.ContainsFunc(s.Conditions, func(e iam.ConditionElement) bool { return parseOperator(e.Operator).single() }) {
		severity, hint = Warning, "name the roles"
	}
	c.report(s, []string{"Resource", "0"}, severity, "every role of the account can be passed, also an administrator's", hint)
}

func everyRole(entry string) bool {
	parts := arnParts(entry)
	return everyResource(entry) || parts != nil && parts[2] == "iam" && strings.Trim(strings.TrimPrefix(parts[5], "role"), "/*?") == ""
}

func assumeRoleStar(c *checker, s *statement) {
	if !s.grants() || !s.mayBeAbout("sts:AssumeRole") || slices.ContainsFunc(s.Action, everyAction) || hasUnknownIn(s.Action) || len(s.Conditions) > 0 {
		return
	}
	if slices.ContainsFunc(s.Resource, everyRole) {
		c.report(s, []string{"Resource", "0"}, Security, "every role that trusts the account can be assumed", "name the roles")
	}
}

// fixing are the keys that make a grant to everybody one to somebody.
var fixing = []string{
	"aws:principalorgid", "aws:principalorgpaths", "aws:principalarn", "aws:principalaccount", "aws:sourceip", "aws:sourcearn",
	"aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce", "aws:vpceaccount", "aws:vpceorgid", "aws:sourceowner", "aws:sourceaccount",
	"aws:sourceorgid", "aws:sourceorgpaths", "aws:userid", "aws:username", "s3:dataaccesspointarn", "s3:dataaccesspointaccount",
	"kms:calleraccount", "lambda:functionurlauthtype", "sns:endpoint", "aws:principaltag", "elasticfilesystem:accessedviamounttarget",
}

func (s *statement) isFixed(keys []string) bool {
	return slices.ContainsFunc(s.Conditions, func(e iam.ConditionElement) bool {
		o := parseOperator(e.Operator)
		key, _, _ := strings.Cut(iam.Key(e.Key), "/")
		return o.known && o.needsValue() && slices.Contains(keys, key) && all(e.Values, func(v string) bool { return narrows(e.Key, v) })
	})
}

// narrows reports a value that not every caller has: no pattern of wildcards
// alone, no network of half the internet, not the key itself.
func narrows(key, value string) bool {
	if network, err := netip.ParsePrefix(value); err == nil {
		return network.Bits() >= 8 && (network.Addr().Is4() || network.Bits() >= 32) // as S3 draws the line
	}
	if iam.Key(value) == "${"+iam.Key(key)+"}" {
		return false
	}
	for part := range strings.SplitSeq(strings.TrimPrefix(value, "arn:"), ":") {
		if strings.Trim(part, "*?/") != "" && part != "aws" && part != "iam" && part != "sts" {
			return true
		}
	}
	return false
}

func principalStar(c *checker, s *statement) {
	switch s.policy.Type {
	case iam.TypeResource, iam.TypeTrust, iam.TypeKey:
	default:
		return
	}
	if !s.isAllow() || s.Principal == nil || !everybody(s.Principal) || s.isFixed(fixing) {
		return
	}
	if s.policy.Type == iam.TypeTrust && slices.ContainsFunc(s.Conditions, func(e iam.ConditionElement) bool {
		return (isProviderKey(e.Key) || sameKey(e.Key, "sts:ExternalId")) && parseOperator(e.Operator).needsValue() &&
			all(e.Values, func(v string) bool { return narrows(e.Key, v) })
	}) {
		return
	}
	c.report(s, []string{"Principal"}, Security, "everybody on the internet is allowed this", `name the principals, or bind it with a condition on "aws:PrincipalOrgID", "aws:SourceArn" or another key of the caller`)
}

func allowNotPrincipal(c *checker, s *statement) {
	if s.isAllow() && s.NotPrincipal != nil {
		c.report(s, []string{"NotPrincipal"}, Security, "Allow with NotPrincipal allows everybody who is not named, also callers who are not signed in", "name the principals in Principal")
	}
}

// forAllValues: ForAllValues holds when the key is not there at all.
func forAllValues(c *checker, s *statement) {
	if !s.isAllow() {
		return
	}
	for i := range s.Conditions {
		e := &s.Conditions[i]
		o := parseOperator(e.Operator)
		t, ok := c.catalog.Key("", e.Key)
		if o.set != "forallvalues" || ok && !t.Multi() {
			continue // for a key with one value there is a rule of its own
		}
		if slices.ContainsFunc(s.Conditions, func(n iam.ConditionElement) bool {
			other := parseOperator(n.Operator)
			present := other.base == "null" && hasFold(n.Values, "false") && !hasFold(n.Values, "true")
			return sameKey(n.Key, e.Key) && (present || other.needsValue())
		}) {
			continue
		}
		c.report(s, condition(e), Security, fmt.Sprintf("%s on %s holds for requests without the key: they are allowed", e.Operator, e.Key), fmt.Sprintf(`add "Null": {"%s": "false"}`, e.Key))
	}
}

// directly are services that only use a role or a resource that an owner in
// the same account hands to them (with iam:PassRole): there is no third party
// whom they could be tricked into serving.
var directly = map[string]bool{
	"lambda": true, "ec2": true, "edgelambda": true, "ecs-tasks": true, "apigateway": true, "pods.eks": true, "eks": true, "eks-fargate-pods": true,
	"cloudformation": true, "codedeploy": true, "autoscaling": true, "spotfleet": true, "elasticmapreduce": true, "rds": true, "monitoring.rds": true,
	"tasks.apprunner": true, "build.apprunner": true, "opsworks": true, "elasticbeanstalk": true, "batch": true, "iot": true, "credentials.iot": true,
	"dax": true, "replicator.lambda": true, "elasticloadbalancing": true,
}

func confusedDeputy(c *checker, s *statement) {
	if !s.isAllow() || s.Principal == nil || len(s.Principal.Service) == 0 {
		return
	}
	switch s.policy.Type {
	case iam.TypeTrust, iam.TypeResource:
	default:
		return
	}
	if s.isFixed([]string{"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceowner", "kms:viaservice", "lambda:eventsourcetoken"}) {
		return
	}
	var open []string
	for _, principal := range s.Principal.Service {
		name, _, _ := strings.Cut(principal, ".amazonaws.com")
		if !hasUnknown(principal) && !(s.policy.Type == iam.TypeTrust && directly[name]) {
			open = append(open, principal)
		}
	}
	if len(open) > 0 {
		c.report(s, []string{"Principal", "Service"}, Warning, fmt.Sprintf("%s may act here for any account that asks it to", quoteList(open)), `add a condition on "aws:SourceArn" or "aws:SourceAccount" (the confused deputy problem)`)
	}
}
