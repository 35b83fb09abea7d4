package permit

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/server/permit/wire"
)

// allowedURL answers whether a user may make a request of an HTTP API, as the routes of
// the proxy configs translate it.
func (d *decider) allowedURL(a *asker, body []byte) (any, error) {
	var q struct {
		User    user           `json:"user"`
		Method  string         `json:"http_method"`
		URL     string         `json:"url"`
		Tenant  string         `json:"tenant"`
		Context map[string]any `json:"context"`
		Debug   *bool          `json:"use_debugger"`
	}
	if err := unmarshal(body, &q); err != nil {
		return nil, err
	}
	if err := q.User.check(); err != nil {
		return nil, err
	}
	if q.Method == "" || q.URL == "" {
		return nil, writ.Errorf(writ.CodeInvalid, "http_method and url are needed")
	}
	return a.checkURL(&checkQuery{User: q.User, Context: q.Context, Debug: q.Debug, Resource: resource{Tenant: q.Tenant}}, q.Method, q.URL)
}

// checkURL answers a question whose action and resource a route says. No route: no.
func (a *asker) checkURL(q *checkQuery, method, address string) (result, error) {
	p, err := wire.Policy(a.view.State)
	if err != nil {
		return result{}, err
	}
	route, values, err := match(p, method, address)
	if err != nil {
		return result{}, err
	}
	if route == nil {
		a.observeNoRoute(q, method, address)
		return result{Debug: map[string]any{"reason": "no mapping rule is for " + strings.ToUpper(method) + " " + address}}, nil
	}
	q.Action, q.Resource.Type = route.Action, route.Resource
	if q.Action == "" {
		q.Action = strings.ToLower(method)
	}
	// What the address says becomes attributes of the resource, not its key.
	q.Resource.Attributes = values
	return a.check(q)
}

// observeNoRoute has the denial counted and logged. Of the address the path alone is logged: what follows it may be a secret.
func (a *asker) observeNoRoute(q *checkQuery, method, address string) {
	query := &authz.Query{Now: a.view.Now, Tenant: q.Resource.Tenant}
	query.Subject, query.Action.Name, query.Context = q.User.subject(), strings.ToLower(method), q.Context
	path := address
	if asked, err := url.Parse(address); err == nil {
		path = asked.Path
	}
	query.Resource.ID = path
	server.Observe(a.r.Context(), &server.Answer{Query: query, Start: a.caller.Now(), Decision: writ.Decision{
		Reasons:  []writ.Reason{{Layer: writ.LayerPolicy, Effect: writ.EffectMissing, Message: "no mapping rule is for this request"}},
		Revision: a.revision(),
	}})
}

// match finds the route of a request: of those that fit, that of the highest priority, the first of them.
func match(p *schema.Schema, method, address string) (*schema.Route, map[string]any, error) {
	asked, err := url.Parse(address)
	if err != nil {
		return nil, nil, writ.Errorf(writ.CodeInvalid, "the url %q cannot be read", address)
	}
	if strays(address, asked) {
		return nil, nil, nil
	}
	var best *schema.Route
	var values map[string]any
	for i := range p.Routes {
		for j := range p.Routes[i].Routes {
			r := &p.Routes[i].Routes[j]
			if !strings.EqualFold(r.Method, method) || best != nil && priority(r) <= priority(best) {
				continue
			}
			if found, ok := fits(r, asked, address); ok {
				best, values = r, found
			}
		}
	}
	return best, values, nil
}

// strays reports whether who serves an address may take it for another than it is here: `//admin/x`
// is the host admin to us and may be /admin/x to them, and `/public/../admin` is tidied up by many.
func strays(address string, asked *url.URL) bool {
	if strings.HasPrefix(address, "//") || strings.Contains(address, `\`) || strings.Contains(asked.Path, "//") {
		return true
	}
	for _, part := range strings.Split(asked.Path, "/") {
		if part, _, _ = strings.Cut(part, ";"); part == "." || part == ".." {
			return true
		}
	}
	return false
}

func priority(r *schema.Route) int {
	if r.Priority == nil {
		return 0
	}
	return *r.Priority
}

// fits reports whether a route is for an address, and what its variables stand for.
func fits(r *schema.Route, asked *url.URL, address string) (map[string]any, bool) {
	if r.Type == "regex" {
		return fitsRegex(r.URL, address)
	}
	template, err := url.Parse(r.URL)
	if err != nil || template.Host != "" && asked.Host != "" && !strings.EqualFold(template.Host, asked.Host) {
		return nil, false
	}
	values := map[string]any{}
	want, have := segments(template), segments(asked)
	if len(want) != len(have) {
		return nil, false
	}
	for i := range want {
		if !takes(want[i], have[i], values) {
			return nil, false
		}
	}
	query := asked.Query()
	for name, texts := range template.Query() {
		if !query.Has(name) || len(texts) > 0 && !takes(texts[0], query.Get(name), values) {
			return nil, false
		}
	}
	return values, true
}

func segments(u *url.URL) []string { return strings.Split(strings.Trim(u.Path, "/"), "/") }

// takes reports whether a part of a template, {name} or a word, fits a text.
func takes(part, text string, values map[string]any) bool {
	name, ok := strings.CutPrefix(part, "{")
	if name, closed := strings.CutSuffix(name, "}"); ok && closed && name != "" {
		values[name] = text
		return text != ""
	}
	return part == text
}

// fitsRegex matches from the start of the whole address. Go's expressions take linear time, whatever they are.
func fitsRegex(pattern, address string) (map[string]any, bool) {
	expression, err := regexp.Compile(`^(?:` + pattern + `)`)
	if err != nil {
		return nil, false
	}
	found := expression.FindStringSubmatch(address)
	if found == nil {
		return nil, false
	}
	values := map[string]any{}
	for i, name := range expression.SubexpNames() {
		if name != "" && i < len(found) {
			values[name] = found[i]
		}
	}
	return values, true
}

// kong answers the OPA plugin of Kong, which knows the caller's name and the request.
func (d *decider) kong(a *asker, body []byte) (any, error) {
	var q struct {
		Input struct {
			Request struct {
				HTTP struct {
					Method string `json:"method"`
					Path   string `json:"path"`
					Tenant string `json:"tenant"`
				} `json:"http"`
			} `json:"request"`
			Consumer struct {
				Username string `json:"username"`
			} `json:"consumer"`
		} `json:"input"`
	}
	if err := unmarshal(body, &q); err != nil {
		return nil, err
	}
	if q.Input.Consumer.Username == "" { // nobody
		return map[string]any{"result": false}, nil
	}
	asked := &checkQuery{User: user{Key: q.Input.Consumer.Username}}
	answer, err := a.checkURL(asked, q.Input.Request.HTTP.Method, q.Input.Request.HTTP.Path)
	return map[string]any{"result": answer.Allow}, err
}

// nginx answers a question that is in headers.
func (d *decider) nginx(a *asker, _ []byte) (any, error) {
	h := a.r.Header
	return a.check(&checkQuery{
		User: user{Key: h.Get("Permit-User-Key")}, Action: h.Get("Permit-Action"),
		Resource: resource{Type: h.Get("Permit-Resource-Type"), Tenant: h.Get("Permit-Tenant-Id")},
	})
}

// denyWith403 is for nginx's auth_request, which sends GET and looks at the status alone: to it a
// 200 that says no is a yes.
func denyWith403(handle func(*asker, []byte) (any, error)) func(*asker, []byte) (any, error) {
	return func(a *asker, body []byte) (any, error) {
		answer, err := handle(a, body)
		if r, ok := answer.(result); err == nil && (!ok || !r.Allow) {
			return nil, writ.Errorf(writ.CodeDenied, "not allowed")
		}
		return answer, err
	}
}
