// Package manage serves Permit's management API: facts (users, tenants, resource instances,
// role assignments, relationship tuples) and schema (resources, roles, condition sets), in the shapes
// that Permit's SDKs send and expect.
//
// The schema is the document of package schema; every change of it is validated against
// the facts before it counts. Facts are the environment's own, so that what is written here is seen by
// the next decision.
package manage

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/server/permit/wire"
)

// DefaultTenant is the tenant that is always there, and meant where none is named.
const DefaultTenant = "default"

// UserType is the type of users as subjects.
const UserType = "user"

// API serves the management endpoints. Its zero value is ready.
type API struct {
	// Caller finds who asks; nil is [server.CallerOf].
	Caller func(context.Context) *server.Caller
	// Now dates what is written; nil is the system's clock.
	Now    func() time.Time
	Limits Limits
}

// Limits bound a request. Zero values are the numbers given.
type Limits struct {
	Body        int64 // bytes; wire.MaxBody
	Assignments int   // role assignments in one bulk request; 2,000
	Tuples      int   // relationship tuples; 1,000
	Records     int   // users, tenants, instances; 3,000
}

// route is a pattern of http.ServeMux, without the prefix, and what serves it.
type route struct {
	pattern string
	handle  func(*call) error
}

// Prefixes are the paths that the API answers.
func Prefixes() []string {
	return []string{"/v2/api-key/", "/v2/facts/", "/v2/schema/", "/v2/projects", "/v2/projects/", "/facts/"}
}

// Needs is the role that a request needs: reading is free to every key, facts need
// write, and what changes decisions for everybody needs admin.
func Needs(r *http.Request) server.Role {
	switch {
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		return server.Read
	case strings.HasPrefix(r.URL.Path, "/v2/schema/"), strings.Contains(r.URL.Path, "/set_rules"),
		strings.Contains(r.URL.Path, "/proxy_configs"):
		return server.Admin
	}
	return server.Write
}

// Handler serves the API; paths are whole.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	add := func(prefix string, routes []route) {
		for _, r := range routes {
			method, path, _ := strings.Cut(r.pattern, " ")
			mux.HandleFunc(method+" "+prefix+path, func(w http.ResponseWriter, req *http.Request) { a.serve(w, req, r.handle) })
		}
	}
	add("/v2", scopeRoutes())
	for _, routes := range [][]route{
		userRoutes(), tenantRoutes(), instanceRoutes(), assignmentRoutes(), tupleRoutes(), bulkRoutes(), ruleRoutes(), proxyRoutes(),
	} {
		add("/v2/facts/{proj}/{env}", routes)
		add("/facts", routes) // the same through a decision point
	}
	for _, routes := range [][]route{
		resourceRoutes(), actionRoutes(), relationRoutes(), roleRoutes(), resourceRoleRoutes(), setRoutes(),
	} {
		add("/v2/schema/{proj}/{env}", routes)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		wire.FailManagement(w, r, writ.Errorf(writ.CodeNotFound, "there is no %s %s", r.Method, r.URL.Path).
			WithHint("docs/permit.md lists what is served"))
	})
	return mux
}

func (a *API) serve(w http.ResponseWriter, r *http.Request, handle func(*call) error) {
	find := a.Caller
	if find == nil {
		find = server.CallerOf
	}
	c := &call{api: a, w: w, r: r, caller: find(r.Context())}
	err := c.open()
	if err == nil {
		err = handle(c)
	}
	if err != nil {
		wire.FailManagement(w, r, err)
	}
}

// call is one request on its way.
type call struct {
	api    *API
	w      http.ResponseWriter
	r      *http.Request
	caller *server.Caller
	state  *environment.State // as of the start or, after a write, of that write
}

// open looks at what all requests have in common: the caller's environment in the path, and the headers of waiting.
func (c *call) open() error {
	if c.caller == nil {
		return writ.Errorf(writ.CodeAuth, "the API key is missing")
	}
	project, env := c.r.PathValue("proj"), c.r.PathValue("env")
	if project != "" && !c.is(project, c.caller.Project, "project") ||
		env != "" && !c.is(env, c.caller.Env, "environment") {
		return writ.Errorf(writ.CodeNotFound, "this key does not open environment %s of project %s", env, project).
			WithHint("it opens environment %s of project %s", c.caller.Env, c.caller.Project)
	}
	if err := wire.CheckWait(c.r.Header); err != nil {
		return err
	}
	c.state = c.caller.Environment.State()
	return nil
}

// id gives the id of a thing of the caller's environment. Projects and the like are above environments.
func (c *call) id(kind string, names ...string) string {
	switch kind {
	case "organization":
		return wire.ID(kind)
	case "project":
		return wire.ID(kind, c.caller.Project)
	case "environment":
		return wire.ID(kind, c.caller.Project, c.caller.Env)
	}
	return wire.ID(append([]string{kind, c.caller.Project, c.caller.Env}, names...)...)
}

// is reports whether text names a thing, by its key or by its id. The last of names is the key.
func (c *call) is(text, key, kind string, owner ...string) bool {
	if text == key {
		return true
	}
	id, ok := wire.CanonicalID(text)
	return ok && id == c.id(kind, append(owner, key)...)
}

// entity gives the key of a user, tenant or instance that is named by key or id.
func (c *call) entity(kind, text string) string {
	id, ok := wire.CanonicalID(text)
	if !ok {
		return text
	}
	if _, stored := c.state.Snapshot.Record(authz.Entity{Type: kind, ID: text}); stored {
		return text
	}
	found := text
	if kind == authz.TenantType && id == c.id(kind, DefaultTenant) {
		return DefaultTenant
	}
	c.state.Snapshot.Records(kind, "", func(r authz.Record) bool {
		if c.id(kind, r.ID) == id {
			found = r.ID
		}
		return found == text
	})
	return found
}

// common are the fields of every read model.
func (c *call) common(id, key string, created, updated time.Time) map[string]any {
	return map[string]any{
		"id": id, "key": key,
		"organization_id": c.id("organization"), "project_id": c.id("project"), "environment_id": c.id("environment"),
		"created_at": stamp(created), "updated_at": stamp(cmp.Or(updated, created)),
	}
}

// stamp gives a date that SDKs can parse for things that were never dated, like the default tenant.
func stamp(t time.Time) time.Time {
	if t.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return t.UTC()
}

// decode reads the body.
func (c *call) decode(v any) error { return wire.Decode(c.r, c.api.Limits.Body, v) }

// send answers.
func (c *call) send(status int, v any) error {
	if status == http.StatusNoContent {
		c.w.WriteHeader(status)
		return nil
	}
	wire.Send(c.w, status, v)
	return nil
}

// schema is the policy document of a state.
func policy(s *environment.State) (*schema.Schema, error) {
	p, ok := s.Document.(*schema.Schema)
	if !ok {
		return nil, writ.Errorf(writ.CodeConflict, "the model of this environment is written in the format %q, which has no schema to edit", s.Source.Format).
			WithHint("facts and checks work as they are; replace the model to edit it through this API")
	}
	return p, nil
}

// optional gives null for an empty text.
func optional(s string) any {
	if s == "" {
		return nil
	}
	return s
}
