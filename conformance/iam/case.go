// Package iam holds IAM evaluation cases that others wrote, and runs them
// against anything that decides: the engine itself, the local cloud over HTTP,
// the command line. README.md names the source and licence of each file.
package iam

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/writ-dev/writ/iam"
)

// Case is one request with all the policies that apply to it, and the decision
// that must come out.
type Case struct {
	// File is the corpus that the case is from.
	File    string      `json:"-"`
	ID      string      `json:"id"`
	Name    string      `json:"name"`
	Request CaseRequest `json:"request"`

	Identity []json.RawMessage `json:"identityPolicies"`
	Resource json.RawMessage   `json:"resourcePolicy"`
	Boundary json.RawMessage   `json:"boundary"`
	Session  json.RawMessage   `json:"sessionPolicy"`
	SCPs     []Level           `json:"scps"`
	RCPs     []Level           `json:"rcps"`
	Endpoint []json.RawMessage `json:"endpointPolicies"`
	Settings struct {
		S3 struct {
			BlockPublicAccess bool `json:"blockPublicAccess"`
		} `json:"s3"`
	} `json:"settings"`

	// Expected is a verdict, or "Denied" where either deny is right.
	Expected          string   `json:"expected"`
	ExpectedBlockedBy []string `json:"expectedBlockedBy"`
	Tags              []string `json:"tags"`
}

// CaseRequest is the request of a case. Nothing but ContextKeys is in its context.
type CaseRequest struct {
	Principal       string         `json:"principal"`
	Action          string         `json:"action"`
	Resource        string         `json:"resource"`
	ResourceAccount string         `json:"resourceAccount"`
	WildcardOnly    bool           `json:"wildcardOnlyAction"`
	ContextKeys     map[string]any `json:"contextKeys"`
}

// Level is one level of an organisation.
type Level struct {
	Target   string            `json:"target"`
	Policies []json.RawMessage `json:"policies"`
}

// IAM gives the case as the engine takes it.
func (c *Case) IAM() (*iam.Request, *iam.Policies, error) {
	req := &iam.Request{
		Principal:       iam.ParsePrincipal(c.Request.Principal),
		Action:          c.Request.Action,
		Resource:        c.Request.Resource,
		ResourceAccount: c.Request.ResourceAccount,
		WildcardOnly:    c.Request.WildcardOnly,
		Context:         iam.Context{},
	}
	for key, value := range c.Request.ContextKeys {
		v, err := contextValue(value)
		if err != nil {
			return nil, nil, fmt.Errorf("context key %s: %w", key, err)
		}
		req.Context[iam.Key(key)] = v
	}
	b := builder{}
	p := &iam.Policies{
		Identity:          b.list(iam.TypeIdentity, c.Identity),
		Resource:          b.one(c.resourceType(), c.Resource),
		Boundary:          b.one(iam.TypeBoundary, c.Boundary),
		SCPs:              b.levels(iam.TypeSCP, c.SCPs),
		RCPs:              b.levels(iam.TypeRCP, c.RCPs),
		BlockPublicAccess: c.Settings.S3.BlockPublicAccess,
	}
	if session := b.one(iam.TypeSession, c.Session); session != nil {
		p.Session = []*iam.Policy{session}
	}
	if len(c.Endpoint) > 1 {
		return nil, nil, fmt.Errorf("%d endpoint policies, a request passes one", len(c.Endpoint))
	}
	for _, raw := range c.Endpoint {
		p.Endpoint = b.one(iam.TypeEndpoint, raw)
	}
	// AWS attaches its full-access RCP to every level; the cases leave it out.
	for i := range p.RCPs {
		p.RCPs[i] = append(p.RCPs[i], iam.FullAWSAccess(iam.TypeRCP))
	}
	return req, p, b.err
}

// resourceType tells trust and key policies from other resource policies.
func (c *Case) resourceType() iam.PolicyType {
	action := strings.ToLower(c.Request.Action)
	switch {
	case strings.HasPrefix(action, "sts:") && strings.Contains(c.Request.Resource, ":role/"):
		return iam.TypeTrust
	case strings.HasPrefix(action, "kms:") && strings.Contains(c.Request.Resource, ":key/"):
		return iam.TypeKey
	}
	return iam.TypeResource
}

func contextValue(v any) (iam.Value, error) {
	switch v := v.(type) {
	case string:
		return iam.One(v), nil
	case []any:
		values := []string{}
		for _, item := range v {
			s, ok := item.(string)
			if !ok {
				return iam.Value{}, fmt.Errorf("a list of %T", item)
			}
			values = append(values, s)
		}
		return iam.Many(values...), nil
	}
	return iam.Value{}, fmt.Errorf("a value of type %T", v)
}

// builder compiles documents and keeps the first error.
type builder struct{ err error }

func (b *builder) one(t iam.PolicyType, raw json.RawMessage) *iam.Policy {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	doc, err := iam.Parse(raw)
	if err != nil {
		if b.err == nil {
			b.err = fmt.Errorf("%s policy: %w", t, err)
		}
		return nil
	}
	return iam.Compile(doc, iam.Origin{Type: t})
}

func (b *builder) list(t iam.PolicyType, raws []json.RawMessage) []*iam.Policy {
	list := []*iam.Policy{}
	for _, raw := range raws {
		list = append(list, b.one(t, raw))
	}
	return list
}

func (b *builder) levels(t iam.PolicyType, levels []Level) [][]*iam.Policy {
	var list [][]*iam.Policy
	for _, level := range levels {
		list = append(list, b.list(t, level.Policies))
	}
	return list
}
