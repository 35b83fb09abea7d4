package sts

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/session"
)

// assumeRole is a decoded AssumeRole call.
type assumeRole struct {
	role        session.Role
	sessionName string
	externalID  string
	// identity is the SourceIdentity, asked for or taken over from the caller.
	identity   string
	policies   []string
	tags       map[string]string
	tagKeys    []string
	transitive []string
	// inherited are the transitive tags of the calling session.
	inherited map[string]string
	duration  time.Duration
	packed    int
}

var (
	sessionNamePattern = regexp.MustCompile(`^[\w+=,.@-]*$`)
	tagPattern         = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)
	roleARNPattern     = regexp.MustCompile(`^arn:aws:iam::\d{12}:role/.+$`)
)

// The bounds of AssumeRole's parameters (STS API Reference, AssumeRole).
const (
	maxPolicy     = 2048
	maxPolicyARNs = 10
	maxTags       = 50
	maxTagKey     = 128
	maxTagValue   = 256
)

func (s *Service) parseAssumeRole(c *gate.Call) (*assumeRole, error) {
	in := &assumeRole{sessionName: c.Form.Get("RoleSessionName"), externalID: c.Form.Get("ExternalId")}
	arn := c.Form.Get("RoleArn")
	switch {
	case len(arn) < 20:
		return nil, invalid(arn, "roleArn", "Member must have length greater than or equal to 20")
	case !roleARNPattern.MatchString(arn):
		return nil, gate.Errorf("ValidationError", "%s is invalid", arn)
	case len(in.sessionName) < 2:
		return nil, invalid(in.sessionName, "roleSessionName", "Member must have length greater than or equal to 2")
	case len(in.sessionName) > 64:
		return nil, invalid(in.sessionName, "roleSessionName", "Member must have length less than or equal to 64")
	case !sessionNamePattern.MatchString(in.sessionName):
		return nil, invalid(in.sessionName, "roleSessionName", `Member must satisfy regular expression pattern: [\w+=,.@-]*`)
	case c.Form.Get("SerialNumber") != "" || c.Form.Get("TokenCode") != "":
		return nil, gate.Errorf("AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. ").WithStatus(http.StatusForbidden)
	}
	var err error
	if in.duration, err = duration(c, defaultDuration, maxDuration); err != nil {
		return nil, err
	}
	if err := in.parseIdentity(c); err != nil {
		return nil, err
	}
	if err := s.parsePolicies(c, in); err != nil {
		return nil, err
	}
	if err := in.parseTags(c); err != nil {
		return nil, err
	}
	role, ok := s.cfg.Roles.TrustedRole(arn)
	if !ok { // AWS does not tell a role that is missing from one that does not trust
		return nil, gate.Errorf("AccessDenied", "User: %s is not authorized to perform: sts:AssumeRole on resource: %s", c.Caller.ARN, arn).
			WithStatus(http.StatusForbidden)
	}
	in.role = role
	return in, nil
}

// parseIdentity reads the SourceIdentity. A session that has one hands it on,
// and cannot change it (IAM User Guide, "Monitor and control actions taken with
// assumed roles").
func (in *assumeRole) parseIdentity(c *gate.Call) error {
	in.identity = c.Form.Get("SourceIdentity")
	switch inherited := c.Caller.SourceIdentity; {
	case in.identity == "" && !c.Form.Has("SourceIdentity"):
		in.identity = inherited
	case len(in.identity) < 2:
		return invalid(in.identity, "sourceIdentity", "Member must have length greater than or equal to 2")
	case len(in.identity) > 64:
		return invalid(in.identity, "sourceIdentity", "Member must have length less than or equal to 64")
	case !sessionNamePattern.MatchString(in.identity):
		return invalid(in.identity, "sourceIdentity", `Member must satisfy regular expression pattern: [\w+=,.@-]*`)
	case inherited != "" && in.identity != inherited:
		return gate.Errorf("ValidationError", "The source identity of the calling session cannot be changed").WithStatus(http.StatusBadRequest)
	}
	return nil
}

// parsePolicies reads the session policies: one inline and up to ten managed ones.
func (s *Service) parsePolicies(c *gate.Call, in *assumeRole) error {
	if text := c.Form.Get("Policy"); text != "" {
		if utf8.RuneCountInString(text) > maxPolicy {
			return invalid(text[:20]+"...", "policy", "Member must have length less than or equal to 2048")
		}
		if _, err := iam.Load([]byte(text), iam.Origin{Type: iam.TypeSession}); err != nil {
			return gate.Errorf("MalformedPolicyDocument", "This policy contains invalid Json")
		}
		in.policies = append(in.policies, text)
		in.packed += len(text)
	}
	for i := 1; c.Form.Has(member("PolicyArns", i, "arn")); i++ {
		arn := c.Form.Get(member("PolicyArns", i, "arn"))
		if i > maxPolicyARNs {
			return gate.Errorf("ValidationError", "1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must have length less than or equal to 10")
		}
		document, ok := s.cfg.Roles.PolicyDocument(arn)
		if !ok {
			return gate.Errorf("MalformedPolicyDocument", "Policy ARN %s does not exist", arn)
		}
		in.policies = append(in.policies, document)
		in.packed += len(arn)
	}
	return nil
}

func member(list string, i int, field string) string {
	return fmt.Sprintf("%s.member.%d.%s", list, i, field)
}

// parseTags reads the session tags, and takes over the caller's transitive
// ones, which cannot be set anew.
func (in *assumeRole) parseTags(c *gate.Call) error {
	in.tags, in.inherited = map[string]string{}, map[string]string{}
	for _, key := range c.Caller.TransitiveTags {
		in.inherited[key] = c.Caller.SessionTags[key]
	}
	for i := 1; c.Form.Has(member("Tags", i, "Key")); i++ {
		key, value := c.Form.Get(member("Tags", i, "Key")), c.Form.Get(member("Tags", i, "Value"))
		switch {
		case i > maxTags:
			return gate.Errorf("ValidationError", "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50")
		case key == "" || utf8.RuneCountInString(key) > maxTagKey || strings.HasPrefix(strings.ToLower(key), "aws:"):
			return invalid(key, fmt.Sprintf("tags.%d.member.key", i), "Member must have length between 1 and 128 and must not begin with aws:")
		case !tagPattern.MatchString(key):
			return invalid(key, fmt.Sprintf("tags.%d.member.key", i), `Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+`)
		case !tagPattern.MatchString(value):
			return invalid(value, fmt.Sprintf("tags.%d.member.value", i), `Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]*`)
		case utf8.RuneCountInString(value) > maxTagValue:
			return invalid(value, fmt.Sprintf("tags.%d.member.value", i), "Member must have length less than or equal to 256")
		}
		for _, other := range in.tagKeys {
			if strings.EqualFold(other, key) {
				return gate.Errorf("InvalidParameterValue", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
			}
		}
		for other := range in.inherited {
			if strings.EqualFold(other, key) {
				return gate.Errorf("InvalidParameterValue", "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.")
			}
		}
		in.tags[key], in.tagKeys = value, append(in.tagKeys, key)
		in.packed += len(key) + len(value)
	}
	for i := 1; c.Form.Has(fmt.Sprintf("TransitiveTagKeys.member.%d", i)); i++ {
		key := c.Form.Get(fmt.Sprintf("TransitiveTagKeys.member.%d", i))
		if _, ok := in.tags[key]; !ok {
			return gate.Errorf("InvalidParameterValue", "The specified transitive tag key must be included in the requested tags.")
		}
		in.transitive = append(in.transitive, key)
	}
	return nil
}

// asks are the questions to IAM: to take on the role, and to tag the session
// or to set its source identity where these are given. The trust policy stands
// for the resource's policy. Each question has the keys that AWS lists for its
// action.
func (in *assumeRole) asks() []gate.Ask {
	assume := iam.Context{"sts:rolesessionname": iam.One(in.sessionName)}
	if in.externalID != "" {
		assume["sts:externalid"] = iam.One(in.externalID)
	}
	identity, tags, ofRole := iam.Context{}, iam.Context{}, iam.Context{}
	if in.identity != "" {
		identity["sts:sourceidentity"] = iam.One(in.identity)
	}
	for key, value := range in.role.Tags {
		ofRole["iam:resourcetag/"+iam.Key(key)] = iam.One(value)
	}
	for key, value := range in.tags {
		tags["aws:requesttag/"+iam.Key(key)] = iam.One(value)
	}
	if len(in.tags) > 0 {
		tags["aws:tagkeys"] = iam.Many(in.tagKeys...)
	}
	if len(in.transitive) > 0 {
		tags["sts:transitivetagkeys"] = iam.Many(in.transitive...)
	}
	asks := []gate.Ask{in.ask("sts:AssumeRole", ofRole, assume, identity, tags)}
	if len(in.tags)+len(in.inherited) > 0 {
		asks = append(asks, in.ask("sts:TagSession", ofRole, tags))
	}
	if in.identity != "" {
		asks = append(asks, in.ask("sts:SetSourceIdentity", ofRole, identity))
	}
	return asks
}

// ask is one question with the keys given.
func (in *assumeRole) ask(action string, keys ...iam.Context) gate.Ask {
	all := iam.Context{}
	for _, some := range keys {
		maps.Copy(all, some)
	}
	return gate.Ask{Action: action, Resource: in.role.ARN, ResourcePolicy: in.role.Trust, ResourceTags: in.role.Tags, Context: all}
}

// assumeRole makes the session once IAM has allowed it.
func (s *Service) assumeRole(c *gate.Call, in *assumeRole) (*gate.Reply, error) {
	if c.Caller.Kind == iam.PrincipalSession && in.duration > chainedDuration {
		return nil, gate.Errorf("ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	}
	if in.role.MaxDuration > 0 && in.duration > in.role.MaxDuration {
		return nil, gate.Errorf("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	caller := s.sessionOf(in.role, in.sessionName)
	caller.SessionPolicies = in.policies
	caller.SessionTags = in.tags
	caller.SourceIdentity = in.identity
	caller.TransitiveTags = in.transitive
	for key, value := range in.inherited {
		caller.SessionTags[key] = value
		caller.TransitiveTags = append(caller.TransitiveTags, key)
	}
	slices.Sort(caller.TransitiveTags)
	credentials, err := s.cfg.Issuer.Issue(caller, caller.Issued.Add(in.duration))
	if err != nil {
		return nil, err
	}
	type user struct{ AssumedRoleId, Arn string }
	return gate.XMLReply(s.Info(), c, struct {
		Credentials      credentialsXML
		AssumedRoleUser  user
		SourceIdentity   string `xml:",omitempty"`
		PackedPolicySize int    `xml:",omitempty"`
	}{toXML(credentials), user{caller.UserID, caller.ARN}, in.identity, in.packed * 100 / (4 * maxPolicy)})
}

// sessionOf is the caller that a session of the role is.
func (s *Service) sessionOf(role session.Role, name string) gate.Caller {
	return gate.Caller{
		Kind:        iam.PrincipalSession,
		ARN:         "arn:aws:sts::" + s.cfg.Account + ":assumed-role/" + role.Name + "/" + name,
		Account:     s.cfg.Account,
		UserID:      role.ID + ":" + name,
		RoleName:    role.Name,
		SessionName: name,
		Issued:      s.cfg.Now(),
	}
}
