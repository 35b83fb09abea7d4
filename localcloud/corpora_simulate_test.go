package localcloud_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	conformance "github.com/writ-dev/writ/conformance/iam"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/cases"
)

// TestCorporaSimulated puts the cases that others wrote to IAM's simulation
// calls, with an SDK over HTTP, where those calls can say the case.
func TestCorporaSimulated(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	s := &simulator{t: t, client: awsiam.NewFromConfig(c.dev())}
	conformance.RunDistinct(t, s.decide)
}

// simulator asks SimulateCustomPolicy, and SimulatePrincipalPolicy for callers
// that are roles or have no policies.
type simulator struct {
	t      *testing.T
	client *awsiam.Client
	roles  atomic.Int64
}

// question is a case as both calls take it.
type question struct {
	caller, owner   string
	policies        []string
	boundary        []string
	resource        *string
	context         []types.ContextEntry
	actions, target []string
}

func (s *simulator) decide(c conformance.Case) (conformance.Answer, error) {
	q, err := questionOf(&c)
	if err != nil {
		return conformance.Answer{}, err
	}
	var results []types.EvaluationResult
	switch {
	case len(c.SCPs) > 0 && len(q.policies) == 0:
		return conformance.Answer{}, conformance.NotExpressible("SimulateCustomPolicy takes no caller without identity policies")
	case len(q.policies) == 0 || strings.Contains(q.caller, ":role/") && len(c.SCPs) == 0:
		results, err = s.principal(q)
	default:
		results, err = s.custom(q, c.SCPs)
	}
	if code, message := codeOf(err); code == "InvalidInput" || code == "MalformedPolicyDocument" || code == "LimitExceeded" {
		message, _, _ = strings.Cut(message, ":")
		return conformance.Answer{}, conformance.NotExpressible("AWS refuses a policy: %s", message)
	}
	if err != nil {
		return conformance.Answer{}, err
	}
	if len(results) != 1 {
		return conformance.Answer{}, fmt.Errorf("%d results, want one for the one action", len(results))
	}
	verdicts := map[types.PolicyEvaluationDecisionType]iam.Verdict{
		"allowed": iam.Allowed, "implicitDeny": iam.ImplicitlyDenied, "explicitDeny": iam.ExplicitlyDenied,
	}
	return conformance.Answer{Verdict: verdicts[results[0].EvalDecision]}, nil
}

// custom passes all policies along.
func (s *simulator) custom(q *question, scps []cases.Level) ([]types.EvaluationResult, error) {
	in := &awsiam.SimulateCustomPolicyInput{
		ActionNames: q.actions, ResourceArns: q.target, CallerArn: &q.caller, PolicyInputList: q.policies,
		PermissionsBoundaryPolicyInputList: q.boundary, ResourcePolicy: q.resource, ContextEntries: q.context,
	}
	if q.owner != "" {
		in.ResourceOwner = &q.owner
	}
	for _, level := range scps {
		in.OrderedOrganizationPolicyInputList = append(in.OrderedOrganizationPolicyInputList,
			types.OrderedOrganizationPolicyType{ServiceControlPolicyInputList: texts(level.Policies)})
	}
	out, err := s.client.SimulateCustomPolicy(s.t.Context(), in)
	if err != nil {
		return nil, err
	}
	return out.EvaluationResults, nil
}

// principal gives the identity policies to a role, and simulates the caller
// "as if it had" them (SimulatePrincipalPolicy, CallerArn).
func (s *simulator) principal(q *question) ([]types.EvaluationResult, error) {
	ctx, name := s.t.Context(), "case-"+strconv.FormatInt(s.roles.Add(1), 10)
	made, err := s.client.CreateRole(ctx, &awsiam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(trustAll)})
	if err != nil {
		return nil, err
	}
	put := []string{}
	defer func() { // the account holds a thousand roles
		for _, policy := range put {
			if _, err := s.client.DeleteRolePolicy(ctx, &awsiam.DeleteRolePolicyInput{RoleName: &name, PolicyName: &policy}); err != nil {
				s.t.Error(err)
			}
		}
		if _, err := s.client.DeleteRole(ctx, &awsiam.DeleteRoleInput{RoleName: &name}); err != nil {
			s.t.Error(err)
		}
	}()
	for i, text := range q.policies {
		policy := fmt.Sprintf("p%d", i)
		if _, err := s.client.PutRolePolicy(ctx, &awsiam.PutRolePolicyInput{RoleName: &name, PolicyName: &policy, PolicyDocument: &text}); err != nil {
			return nil, err
		}
		put = append(put, policy)
	}
	in := &awsiam.SimulatePrincipalPolicyInput{
		PolicySourceArn: made.Role.Arn, ActionNames: q.actions, ResourceArns: q.target, CallerArn: &q.caller,
		PermissionsBoundaryPolicyInputList: q.boundary, ResourcePolicy: q.resource, ContextEntries: q.context,
	}
	if q.owner != "" {
		in.ResourceOwner = &q.owner
	}
	out, err := s.client.SimulatePrincipalPolicy(ctx, in)
	if err != nil {
		return nil, err
	}
	return out.EvaluationResults, nil
}

// questionOf says a case in the terms of the calls, if that can be done.
func questionOf(c *conformance.Case) (*question, error) {
	r := &c.Request
	if reason := notSimulated(c); reason != "" {
		return nil, conformance.NotExpressible("%s", reason)
	}
	q := &question{caller: r.Principal, policies: texts(c.Identity), actions: []string{r.Action}, target: []string{r.Resource}}
	if conformance.Has(c.Boundary) {
		q.boundary = []string{string(c.Boundary)}
	}
	if conformance.Has(c.Resource) {
		q.resource = aws.String(string(c.Resource))
	}
	if r.ResourceAccount != "" {
		q.owner = "arn:aws:iam::" + r.ResourceAccount + ":root"
	}
	if parts := strings.SplitN(r.Principal, ":", 6); strings.HasPrefix(parts[5], "assumed-role/") {
		// What a session may do, without a session policy, is what its role may do.
		q.caller = "arn:" + parts[1] + ":iam::" + parts[4] + ":role/" + strings.Split(parts[5], "/")[1]
	}
	given := map[string]bool{}
	for key, value := range r.Context {
		entry, err := entryOf(c, key, value)
		if err != nil {
			return nil, err
		}
		given[strings.ToLower(key)] = true
		q.context = append(q.context, entry)
	}
	keys, err := c.Keys()
	if err != nil {
		return nil, conformance.NotExpressible("AWS refuses a policy: it is not one")
	}
	for _, key := range keys {
		if (key == "aws:principalarn" || key == "aws:principalaccount") && !given[key] {
			return nil, conformance.NotExpressible("the simulation knows %s", key)
		}
	}
	return q, nil
}

// notSimulated gives the reason why a case is none for the calls.
func notSimulated(c *conformance.Case) string {
	r := &c.Request
	kind := iam.ParsePrincipal(r.Principal).Kind
	resource := conformance.Has(c.Resource)
	switch {
	case kind == iam.PrincipalSession && resource:
		return "a resource policy tells a session from its role, and sessions are no callers"
	case kind != iam.PrincipalUser && kind != iam.PrincipalRole && kind != iam.PrincipalSession:
		return "only users and roles are simulated, not " + string(kind)
	case conformance.Has(c.Session):
		return "there is no session policy"
	case len(c.RCPs) > 0:
		return "there are no RCPs"
	case len(c.Endpoint) > 0:
		return "there are no endpoint policies"
	case c.Settings.S3.BlockPublicAccess:
		return "there is no Block Public Access"
	case iam.ResourcePolicyType(c.Request.Action, c.Request.Resource) == iam.TypeTrust && resource:
		return "trust policies are not simulated"
	case strings.HasPrefix(r.Action, "kms:") && strings.Contains(r.Resource, ":key/") && !resource:
		return "a key without a policy trusts its account"
	case r.WildcardOnly && r.Resource != "*":
		return "an action without resource level is simulated on *"
	case strings.ContainsAny(r.Action, "*?"):
		return "the action is a pattern"
	}
	return ""
}

// entryOf gives a context key the type that its tests in the policies want.
func entryOf(c *conformance.Case, key string, value iam.Value) (types.ContextEntry, error) {
	if len(key) < 5 {
		return types.ContextEntry{}, conformance.NotExpressible("a context key has five characters at least")
	}
	entry := types.ContextEntry{ContextKeyName: &key, ContextKeyValues: value.Values}
	list := ""
	if value.Multi {
		list = "List"
	}
	kind := "string"
	for _, operator := range c.Operators(strings.ToLower(key)) {
		if _, after, set := strings.Cut(operator, ":"); set {
			operator = after
		}
		for prefix, name := range map[string]string{"Numeric": "numeric", "Date": "date", "Bool": "boolean", "IpAddress": "ip", "NotIpAddress": "ip", "Binary": "binary"} {
			if strings.HasPrefix(operator, prefix) && all(entry.ContextKeyValues, parsers[name]) {
				kind = name
			}
		}
	}
	entry.ContextKeyType = types.ContextKeyTypeEnum(kind + list)
	return entry, nil
}

// parsers say whether a value is one of a type.
var parsers = map[string]func(string) bool{
	"numeric": func(s string) bool { _, err := strconv.ParseFloat(s, 64); return err == nil },
	"date":    func(s string) bool { _, err := time.Parse(time.RFC3339, s); return err == nil },
	"boolean": func(s string) bool { return s == "true" || s == "false" },
	"ip":      func(s string) bool { return strings.ContainsAny(s, ".:") },
	"binary":  func(string) bool { return true },
}

func all(values []string, holds func(string) bool) bool {
	for _, v := range values {
		if !holds(v) {
			return false
		}
	}
	return true
}

func texts(raws []json.RawMessage) []string {
	out := make([]string, len(raws))
	for i, raw := range raws {
		out[i] = string(raw)
	}
	return out
}
