package permit

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/server/internal/jsonread"
	"github.com/writ-dev/writ/server/permit/facts"
	"github.com/writ-dev/writ/server/permit/wire"
)

// decider answers the decision endpoints.
type decider struct{ config Config }

func decisions(c Config, ids *wire.IDs) http.Handler {
	d := &decider{c}
	mux := http.NewServeMux()
	for pattern, handle := range map[string]func(*asker, []byte) (any, error){
		"POST /allowed":          d.allowed,
		"POST /allowed/bulk":     d.bulk,
		"POST /user-permissions": d.userPermissions,
		"POST /user-tenants":     d.userTenants,
		"POST /authorized_users": d.authorizedUsers,
		"POST /allowed_url":      d.allowedURL,
		"POST /kong":             d.kong,
		// OPA's way: the question is in `input`, the answer in `result`.
		"POST /v1/data/permit/root":             opa(d.allowed),
		"POST /v1/data/permit/bulk":             opa(d.opaBulk),
		"POST /v1/data/permit/any_tenant":       opa(d.opaTenants),
		"POST /v1/data/permit/all_tenants":      opa(d.opaTenants),
		"POST /v1/data/permit/user_permissions": opa(d.opaPermissions),
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { serve(w, r, handle) })
	}
	mux.HandleFunc("POST /allowed/all-tenants", func(w http.ResponseWriter, r *http.Request) { d.serveAllTenants(w, r) })
	mux.HandleFunc("POST /nginx_allowed", func(w http.ResponseWriter, r *http.Request) { serve(w, r, d.nginx) })
	mux.HandleFunc("GET /nginx_allowed", func(w http.ResponseWriter, r *http.Request) { serve(w, r, denyWith403(d.nginx)) })
	mux.HandleFunc("GET /local/role_assignments", func(w http.ResponseWriter, r *http.Request) {
		call, err := wire.NewCall(w, r, server.CallerOf(r.Context()), c.Limits, ids)
		if err == nil {
			err = facts.Local(call)
		}
		if err != nil {
			server.Fail(w, r, err)
		}
	})
	mux.HandleFunc("/", unknown)
	return mux
}

// read gives a request's body when it is JSON, without a name twice in one object: two readers must
// not see two questions in it. No body at all is fine here.
func read(r *http.Request) ([]byte, error) {
	body, err := server.Body(r, nil)
	if err != nil || len(body) == 0 {
		return nil, err
	}
	return body, jsonread.ValidateFolded(body)
}

// serve answers with exactly 200, which Node's SDK insists on.
func serve(w http.ResponseWriter, r *http.Request, handle func(*asker, []byte) (any, error)) {
	answer, err := func() (any, error) {
		body, err := read(r)
		if err != nil {
			return nil, err
		}
		a, err := newAsker(w, r)
		if err != nil {
			return nil, err
		}
		return handle(a, body)
	}()
	if err != nil {
		server.Fail(w, r, err)
		return
	}
	server.WriteJSON(w, http.StatusOK, answer)
}

func (d *decider) allowed(a *asker, body []byte) (any, error) {
	var q checkQuery
	if err := unmarshal(body, &q); err != nil {
		return nil, err
	}
	return a.check(&q)
}

func unmarshal(body []byte, v any) error {
	if len(body) == 0 {
		return writ.Errorf(writ.CodeInvalid, "the body is empty")
	}
	return wire.Unmarshal(body, v)
}

// bulk answers a bare array of questions with as many answers in the same order.
func (d *decider) bulk(a *asker, body []byte) (any, error) {
	var all []checkQuery
	if err := unmarshal(body, &all); err != nil {
		return nil, err
	}
	if limit := cmp.Or(d.config.Limits.Checks, 1000); len(all) > limit {
		return nil, writ.Errorf(writ.CodeTooLarge, "%d checks are too many for one request; %d are allowed", len(all), limit)
	}
	results := make([]result, len(all))
	for i := range all {
		if err := a.r.Context().Err(); err != nil {
			return nil, writ.Errorf(writ.CodeCancelled, "the checks took too long: %d of %d are answered", i, len(all))
		}
		one, err := a.check(&all[i])
		if err != nil {
			if writ.CodeOf(err) == writ.CodeInternal {
				return nil, err
			}
			// One bad question does not take the answers from the others.
			one = result{Debug: map[string]any{"error": err.Error()}}
		}
		results[i] = one
	}
	return map[string]any{"allow": results}, nil
}

// opa unwraps the input and wraps the result.
func opa(handle func(*asker, []byte) (any, error)) func(*asker, []byte) (any, error) {
	return func(a *asker, body []byte) (any, error) {
		var envelope struct {
			Input json.RawMessage `json:"input"`
		}
		if err := unmarshal(body, &envelope); err != nil {
			return nil, err
		}
		answer, err := handle(a, envelope.Input)
		return map[string]any{"result": answer}, err
	}
}

// opaBulk takes a list or, as Permit's own policy does, an object that has it as `checks`.
func (d *decider) opaBulk(a *asker, body []byte) (any, error) {
	if text := strings.TrimSpace(string(body)); strings.HasPrefix(text, "{") {
		var b struct {
			Checks json.RawMessage `json:"checks"`
		}
		if err := unmarshal(body, &b); err != nil {
			return nil, err
		}
		body = b.Checks
	}
	return d.bulk(a, body)
}

func (d *decider) opaTenants(a *asker, body []byte) (any, error) {
	var q checkQuery
	if err := unmarshal(body, &q); err != nil {
		return nil, err
	}
	return a.allTenants(&q)
}

func (d *decider) opaPermissions(a *asker, body []byte) (any, error) {
	permissions, err := d.userPermissions(a, body)
	return map[string]any{"permissions": permissions}, err
}

// envelope is what Node's checkAllTenants sends: a request within the body, with
// user and resource as the application gave them, which may be plain text.
type envelope struct {
	Headers struct {
		Authorization string `json:"Authorization"`
	} `json:"headers"`
	Params *struct {
		User     json.RawMessage `json:"user"`
		Action   string          `json:"action"`
		Resource json.RawMessage `json:"resource"`
		Context  map[string]any  `json:"context"`
	} `json:"params"`
}

// query gives the question of an envelope.
func (e *envelope) query() (checkQuery, error) {
	q := checkQuery{Action: e.Params.Action, Context: e.Params.Context}
	if json.Unmarshal(e.Params.User, &q.User.Key) != nil {
		if err := wire.Unmarshal(e.Params.User, &q.User); err != nil {
			return q, err
		}
	}
	name := ""
	if json.Unmarshal(e.Params.Resource, &name) != nil {
		return q, wire.Unmarshal(e.Params.Resource, &q.Resource)
	}
	q.Resource.Type, q.Resource.Key, _ = strings.Cut(name, ":")
	return q, nil
}

// bringsKeyInBody lets Node's checkAllTenants through the gate: it sends its key in the body. The handler looks at the key.
func bringsKeyInBody(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Path == "/allowed/all-tenants" && r.Header.Get("Authorization") == ""
}

func (d *decider) serveAllTenants(w http.ResponseWriter, r *http.Request) {
	serveBody := func() error {
		body, err := read(r)
		if err != nil {
			return err
		}
		var e envelope
		if err := unmarshal(body, &e); err != nil {
			return err
		}
		if server.CallerOf(r.Context()) == nil {
			scheme, token, _ := strings.Cut(e.Headers.Authorization, " ")
			if !strings.EqualFold(scheme, "bearer") || token == "" {
				return writ.Errorf(writ.CodeAuth, "an API key is needed").WithHint("send it as the header Authorization: Bearer KEY")
			}
			caller, err := server.Identify(r.Context(), strings.TrimSpace(token))
			if err != nil {
				return err
			}
			if !caller.May(server.Read) {
				return writ.Errorf(writ.CodeDenied, "the API key %s has the role %s; this needs %s", caller.Key.ID, caller.Key.Role, server.Read)
			}
		}
		var q checkQuery
		if e.Params != nil {
			q, err = e.query()
		} else {
			err = unmarshal(body, &q)
		}
		if err != nil {
			return err
		}
		a, err := newAsker(w, r)
		if err != nil {
			return err
		}
		answer, err := a.allTenants(&q)
		if err == nil {
			server.WriteJSON(w, http.StatusOK, answer)
		}
		return err
	}
	if err := serveBody(); err != nil {
		server.Fail(w, r, err)
	}
}

// tenantResult is an answer for one tenant.
type tenantResult struct {
	result
	Tenant tenant `json:"tenant"`
}

type tenant struct {
	Key        string         `json:"key"`
	Attributes map[string]any `json:"attributes"`
}

func (a *asker) tenant(key string) tenant {
	r, _ := a.view.Snapshot.Record(authz.Entity{Type: authz.TenantType, ID: key})
	return tenant{key, wire.Attributes(r.Attributes)}
}

// allTenants gives the tenants in which the question is answered with yes. The
// tenant in the question is ignored.
func (a *asker) allTenants(q *checkQuery) (any, error) {
	q.Resource.Tenant = ""
	query, err := q.query(&a.view)
	if err != nil {
		return nil, err
	}
	allowed := []tenantResult{}
	add := func(key string) {
		allowed = append(allowed, tenantResult{result{Allow: true, Result: true}, a.tenant(key)})
	}
	if _, stored := a.view.Snapshot.Record(authz.Entity{Type: authz.TenantType, ID: wire.DefaultTenant}); !stored {
		inDefault := *query
		inDefault.Tenant = wire.DefaultTenant
		if yes, err := a.view.Snapshot.Allowed(&inDefault); err != nil {
			return nil, err
		} else if yes {
			add(wire.DefaultTenant)
		}
	}
	err = pages(authz.List{Query: *query, Stop: a.r.Context().Err}, a.view.Snapshot.Tenants, add)
	// The second name is what Node's SDK reads.
	return map[string]any{"allowed_tenants": allowed, "allowedTenants": allowed}, err
}

// pages runs over a whole listing.
func pages(l authz.List, ask func(*authz.List) (authz.Page, error), each func(string)) error {
	for {
		page, err := ask(&l)
		if err != nil {
			return err
		}
		for _, id := range page.IDs {
			each(id)
		}
		if page.Next == "" {
			return nil
		}
		l.After = page.Next
	}
}
