// Package permitpdp asks a policy decision point that speaks Permit's wire: that of Permit itself, hosted or
// one's own, or a Writ server. A [PDP] is a [writ.Checker] for the users of a policy.
//
// An answer counts only when it is status 200 and JSON with `allow` true or false, once. All else is an error, and an error
// never allows. Redirects are not followed: the token goes nowhere else.
package permitpdp

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/cleartext"
)

// Config is what a PDP is asked with. URL, Token and Now are required.
type Config struct {
	// URL is the PDP's base, "https://pdp.example.com": https, or http within reach of no stranger: a loopback address, one
	// of a private network, or a name without dots, as containers have.
	URL string
	// Token is the API key of an environment.
	Token string
	// Transport sends requests; nil is one of its own.
	Transport http.RoundTripper
	// Timeout bounds a question with all its tries, where the context ends no sooner; 0 is 2 s.
	Timeout time.Duration
	// Retries is how often a question is sent again that found no connection, or the PDP busy (429, 502, 503, 504).
	Retries int
	// Tenant is meant where a resource has no property `tenant`; empty is "default", as in Permit's SDKs.
	Tenant string
	// Now is the clock.
	Now func() time.Time
}

// The bounds of a question and of its answers.
const (
	defaultTimeout = 2 * time.Second
	bulkMost       = 200 // Permit's cloud takes that many
	answerMost     = 4 << 20
	mostRetries    = 10
)

// PDP asks. Any number of goroutines may use it.
type PDP struct {
	c      Config
	client *http.Client

	mu     sync.Mutex
	failed int       // failures in a row
	until  time.Time // it is not asked before
}

// New checks the configuration; what is wrong with it is a CodeInvalid error. It sends nothing yet.
func New(c Config) (*PDP, error) {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return nil, writ.Errorf(writ.CodeInvalid, "%q is not the address of a PDP", c.URL).WithHint("write it as https://pdp.example.com")
	case cleartext.Exposed(u):
		return nil, writ.Errorf(writ.CodeInvalid, "the token would go to %s in the clear", u.Host).WithHint("write the address with https://")
	case c.Token == "" || strings.ContainsFunc(c.Token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, writ.Errorf(writ.CodeInvalid, "the PDP at %s needs a token, of printable characters without spaces", u.Host)
	case c.Retries < 0 || c.Retries > mostRetries:
		return nil, writ.Errorf(writ.CodeInvalid, "a question is sent again %d times at most, not %d", mostRetries, c.Retries)
	case c.Now == nil:
		return nil, writ.Errorf(writ.CodeInvalid, "asking a PDP needs a clock")
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.Tenant == "" {
		c.Tenant = "default"
	}
	if c.Transport == nil {
		c.Transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 16, IdleConnTimeout: 90 * time.Second,
			TLSHandshakeTimeout: 5 * time.Second, ForceAttemptHTTP2: true,
		}
	}
	c.URL = strings.TrimRight(c.URL, "/")
	client := &http.Client{
		Transport:     c.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &PDP{c: c, client: client}, nil
}

// question is a request as Permit's SDKs send it.
type question struct {
	User     user           `json:"user"`
	Action   string         `json:"action"`
	Resource resource       `json:"resource"`
	Context  map[string]any `json:"context,omitempty"`
}

type user struct {
	Key        string         `json:"key"`
	Attributes map[string]any `json:"attributes,omitempty"`
}

type resource struct {
	Type       string         `json:"type"`
	Key        string         `json:"key,omitempty"`
	Tenant     string         `json:"tenant"`
	Attributes map[string]any `json:"attributes,omitempty"`
}

// question translates a request: the resource's property `tenant` is its tenant, its other properties and
// those of the subject are attributes. Permit knows users alone, and nothing of an action but its name.
func (p *PDP) question(r *writ.Request) (question, error) {
	q := question{
		User: user{r.Subject.ID, r.Subject.Properties}, Action: r.Action.Name, Context: r.Context,
		Resource: resource{Type: r.Resource.Type, Key: r.Resource.ID, Tenant: p.c.Tenant},
	}
	switch {
	case r.Subject.Type != "user":
		return q, writ.Errorf(writ.CodeInvalid, "Permit knows users alone, and %s:%s is none", r.Subject.Type, r.Subject.ID)
	case r.Subject.ID == "" || r.Action.Name == "" || r.Resource.Type == "":
		return q, writ.Errorf(writ.CodeInvalid, "a question names a user, an action and the type of a resource")
	case len(r.Action.Properties) > 0:
		return q, writ.Errorf(writ.CodeInvalid, "Permit takes no properties of an action")
	}
	for name, v := range r.Resource.Properties {
		if name != "tenant" {
			if q.Resource.Attributes == nil {
				q.Resource.Attributes = map[string]any{}
			}
			q.Resource.Attributes[name] = v
			continue
		}
		tenant, ok := v.(string)
		if !ok || tenant == "" {
			return q, writ.Errorf(writ.CodeInvalid, "the tenant of %s:%s is no text", r.Resource.Type, r.Resource.ID)
		}
		q.Resource.Tenant = tenant
	}
	return q, nil
}

// Check implements [writ.Checker].
func (p *PDP) Check(ctx context.Context, r writ.Request) (writ.Decision, error) {
	q, err := p.question(&r)
	if err != nil {
		return writ.Decision{}, err
	}
	text, err := p.post(ctx, "/allowed", q)
	if err != nil {
		return writ.Decision{}, err
	}
	allowed, err := readAnswer(text)
	if err != nil {
		return writ.Decision{}, p.strange(err)
	}
	return p.decision(&r, allowed), nil
}

// CheckAll answers many requests in their order, 200 in one question. Permit's wire knows no revisions: those of
// different questions may be answered of different states.
func (p *PDP) CheckAll(ctx context.Context, requests []writ.Request) ([]writ.Decision, error) {
	all := make([]writ.Decision, 0, len(requests))
	for len(requests) > 0 {
		part := requests[:min(len(requests), bulkMost)]
		questions := make([]question, len(part))
		for i := range part {
			var err error
			if questions[i], err = p.question(&part[i]); err != nil {
				return nil, err
			}
		}
		text, err := p.post(ctx, "/allowed/bulk", questions)
		if err != nil {
			return nil, err
		}
		allowed, err := readAnswers(text, len(part))
		if err != nil {
			return nil, p.strange(err)
		}
		for i := range part {
			all = append(all, p.decision(&part[i], allowed[i]))
		}
		requests = requests[len(part):]
	}
	return all, nil
}

func (p *PDP) strange(err error) error {
	return writ.Errorf(writ.CodeExternal, "the answer of the PDP at %s is none: %w", p.c.URL, err).
		WithHint("is it the address of a PDP? `curl %s/healthy` shows it", p.c.URL)
}

// decision gives the PDP's word a reason; Permit says no more of why.
func (p *PDP) decision(r *writ.Request, allowed bool) writ.Decision {
	effect, word := writ.EffectMissing, "does not allow"
	if allowed {
		effect, word = writ.EffectAllow, "allows"
	}
	on := r.Resource.Type
	if r.Resource.ID != "" {
		on += ":" + r.Resource.ID
	}
	return writ.Decision{Allowed: allowed, Reasons: []writ.Reason{{
		Layer: writ.LayerPolicy, Effect: effect, Rule: "permit",
		Message: "the PDP at " + p.c.URL + " " + word + " " + r.Subject.Type + ":" + r.Subject.ID + " to " + r.Action.Name + " " + on,
	}}}
}

func encode(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, writ.Errorf(writ.CodeInvalid, "the question cannot be written as JSON: %w", err)
	}
	return text, nil
}
