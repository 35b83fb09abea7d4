// Package client asks a Writ server from a Go program. A [Client] is a [writ.Checker],
// as an environment in the same process is: code moves between the two without change.
package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/cleartext"
)

// Config says where the server is. URL and Key are required.
type Config struct {
	// URL is the server's base, "http://127.0.0.1:7766"; for one environment by its path,
	// "https://pdp.example.com/environments/default/default". It is https, or http within reach of no stranger: a loopback
	// address, one of a private network, or a name without dots or below .internal, as containers have.
	URL string
	// Key is an API key.
	Key string
	// HTTP sends requests; nil: a client of its own, which follows no redirect, so that the key goes nowhere else.
	HTTP *http.Client
	// Timeout bounds each request together with its retries; 0 is 10 s.
	Timeout time.Duration
	// Retries is how often a request is sent again that was not answered, or answered that
	// the server is busy; 0 is 2, a negative number none. Asking has no effects, so it is safe.
	Retries int
}

// Client asks one server. Any number of goroutines may use it.
type Client struct {
	config Config
	base   string
	header map[string]string
}

// New gives a client. It sends nothing yet.
func New(c Config) (*Client, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" {
		return nil, writ.Errorf(writ.CodeInvalid, "%q is not the address of a server", c.URL).WithHint("write it as http://127.0.0.1:7766")
	}
	if cleartext.Exposed(u) {
		return nil, writ.Errorf(writ.CodeInvalid, "the API key would go to %s in the clear", u.Host).WithHint("write the address with https://")
	}
	if c.Key == "" || strings.ContainsAny(c.Key, " \t\r\n") {
		return nil, writ.Errorf(writ.CodeAuth, "an API key is needed to ask %s", u.Redacted())
	}
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second
	}
	if c.Retries == 0 {
		c.Retries = 2
	}
	if c.HTTP == nil {
		c.HTTP = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return &Client{config: c, base: strings.TrimRight(c.URL, "/")}, nil
}

// At gives a client whose answers are of a revision at least: that of a write of one's own, or of
// an earlier [writ.Decision].
func (c *Client) At(revision string) *Client { return c.with("Writ-Revision", revision) }

// AsOf gives a client whose answers are those of a time in the past, to the second.
func (c *Client) AsOf(t time.Time) *Client {
	return c.with("Writ-As-Of", t.UTC().Format(time.RFC3339))
}

// with gives a copy that sends one header more. The two that choose a state exclude one another.
func (c *Client) with(name, value string) *Client {
	next := *c
	next.header = map[string]string{name: value}
	return &next
}

// decision is the wire form.
type decision struct {
	Decision *bool `json:"decision"`
	Context  struct {
		Reasons  []writ.Reason `json:"reasons"`
		Revision string        `json:"revision"`
		Error    *struct {
			Status  int    `json:"status"`
			Message string `json:"message"`
		} `json:"error"`
	} `json:"context"`
}

// read gives what the wire form says. One without a decision is an error and never an allow.
func (d *decision) read() (writ.Decision, error) {
	if e := d.Context.Error; e != nil {
		return writ.Decision{}, failed(e.Status, e.Message)
	}
	if d.Decision == nil {
		return writ.Decision{}, writ.Errorf(writ.CodeExternal, "the server's answer has no decision")
	}
	return writ.Decision{Allowed: *d.Decision, Reasons: d.Context.Reasons, Revision: d.Context.Revision}, nil
}

// Check implements [writ.Checker]. A request without the ID of a resource is about its type.
func (c *Client) Check(ctx context.Context, r writ.Request) (writ.Decision, error) {
	if r.Resource.ID == "" {
		return c.checkType(ctx, r)
	}
	var d decision
	if err := c.post(ctx, "/access/v1/evaluation", r, &d); err != nil {
		return writ.Decision{}, err
	}
	return d.read()
}

// checkType asks about a type by Writ's own API: AuthZEN knows no question without an ID.
func (c *Client) checkType(ctx context.Context, r writ.Request) (writ.Decision, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return writ.Decision{}, writ.Errorf(writ.CodeInvalid, "the request cannot be written: %w", err)
	}
	answer, err := c.retry(ctx, http.MethodPost, c.native()+"/v1/check", text)
	if err != nil {
		return writ.Decision{}, err
	}
	var d struct {
		Allowed  *bool         `json:"allowed"`
		Reasons  []writ.Reason `json:"reasons"`
		Revision string        `json:"revision"`
	}
	if err := read(answer, &d); err != nil {
		return writ.Decision{}, err
	}
	if d.Allowed == nil {
		return writ.Decision{}, writ.Errorf(writ.CodeExternal, "the server's answer has no decision")
	}
	return writ.Decision{Allowed: *d.Allowed, Reasons: d.Reasons, Revision: d.Revision}, nil
}

// Result is the answer to one request of several: one of the two.
type Result struct {
	Decision writ.Decision
	Err      error
}

// batchMost is how many requests go into one batch.
const batchMost = 1000

// CheckAll answers many requests, in their order. They go in batches of 1,000, each
// answered at one revision; those about types go by themselves.
func (c *Client) CheckAll(ctx context.Context, requests []writ.Request) ([]Result, error) {
	all := make([]Result, len(requests))
	var named []writ.Request
	var at []int
	for i, r := range requests {
		if r.Resource.ID != "" {
			named, at = append(named, r), append(at, i)
			continue
		}
		all[i].Decision, all[i].Err = c.checkType(ctx, r)
		if ctx.Err() != nil {
			return nil, all[i].Err
		}
	}
	answers, err := c.checkNamed(ctx, named)
	if err != nil {
		return nil, err
	}
	for n, i := range at {
		all[i] = answers[n]
	}
	return all, nil
}

func (c *Client) checkNamed(ctx context.Context, requests []writ.Request) ([]Result, error) {
	all := make([]Result, 0, len(requests))
	for len(requests) > 0 {
		n := min(len(requests), batchMost)
		var answer struct {
			Evaluations []decision `json:"evaluations"`
		}
		if err := c.post(ctx, "/access/v1/evaluations", map[string]any{"evaluations": requests[:n]}, &answer); err != nil {
			return nil, err
		}
		if len(answer.Evaluations) != n {
			return nil, writ.Errorf(writ.CodeExternal, "the server answered %d of %d requests", len(answer.Evaluations), n)
		}
		for i := range answer.Evaluations {
			d, err := answer.Evaluations[i].read()
			all = append(all, Result{d, err})
		}
		requests = requests[n:]
	}
	return all, nil
}

// Page asks for a part of a search. Token is that of the page before, empty for the first; Limit 0 leaves
// the length of pages to the server.
type Page struct {
	Token string
	Limit int
}

// Found is a part of what a search found. Next is the Token of the next page, empty on the last.
type Found struct {
	IDs  []string
	Next string
	// Everyone: every subject of the type is allowed, those too that nothing is stored about.
	Everyone bool
}

// Subjects finds the subjects of r.Subject's type that may do r.Action on r.Resource.
func (c *Client) Subjects(ctx context.Context, r writ.Request, p Page) (Found, error) {
	return c.search(ctx, "/access/v1/search/subject", r, p)
}

// Resources finds the resources of r.Resource's type that r.Subject may do r.Action on.
func (c *Client) Resources(ctx context.Context, r writ.Request, p Page) (Found, error) {
	return c.search(ctx, "/access/v1/search/resource", r, p)
}

// Actions finds the names of what r.Subject may do on r.Resource.
func (c *Client) Actions(ctx context.Context, r writ.Request, p Page) (Found, error) {
	return c.search(ctx, "/access/v1/search/action", r, p)
}

func (c *Client) search(ctx context.Context, path string, r writ.Request, p Page) (Found, error) {
	page := map[string]any{}
	if p.Token != "" {
		page["token"] = p.Token
	}
	if p.Limit > 0 {
		page["limit"] = p.Limit
	}
	var answer struct {
		Results []struct{ ID, Name string } `json:"results"`
		Page    struct {
			Next string `json:"next_token"`
		} `json:"page"`
		Context struct {
			Everyone bool `json:"everyone"`
		} `json:"context"`
	}
	body := struct {
		writ.Request
		Page map[string]any `json:"page"`
	}{r, page}
	if err := c.post(ctx, path, body, &answer); err != nil {
		return Found{}, err
	}
	found := Found{Next: answer.Page.Next, Everyone: answer.Context.Everyone}
	for _, one := range answer.Results {
		found.IDs = append(found.IDs, one.ID+one.Name) // each has one of the two
	}
	return found, nil
}

// Ready reports why the server does not answer decisions; nil when it does.
func (c *Client) Ready(ctx context.Context) error {
	u, err := url.Parse(c.base)
	if err != nil {
		return writ.Errorf(writ.CodeInternal, "the address was read before: %w", err)
	}
	u.Path = "/ready"
	r, err := c.send(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	if r.status != http.StatusOK {
		return failed(r.status, string(r.text))
	}
	return nil
}

// post asks and reads the answer into v.
func (c *Client) post(ctx context.Context, path string, body, v any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return writ.Errorf(writ.CodeInvalid, "the request cannot be written as JSON: %w", err)
	}
	answer, err := c.retry(ctx, http.MethodPost, c.base+path, text)
	if err != nil {
		return err
	}
	return read(answer, v)
}
