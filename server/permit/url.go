package permit

import (
	"net/url"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/schema/urlmap"
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
	route, values, err := urlmap.Match(p, method, address)
	if err != nil {
		return result{}, err
	}
	if route == nil {
		a.observeNoRoute(q, method, address)
		return result{Debug: map[string]any{"reason": "no mapping rule is for " + strings.ToUpper(method) + " " + address}}, nil
	}
	q.Action, q.Resource.Type = urlmap.Action(route, method), route.Resource
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
