package permit

import (
	"cmp"
	"maps"
	"net/http"
	"strconv"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/server/permit/wire"
)

// checkQuery is the one question as SDKs send it. Optional parts may be null.
type checkQuery struct {
	User     user           `json:"user"`
	Action   string         `json:"action"`
	Resource resource       `json:"resource"`
	Context  map[string]any `json:"context"`
	Debug    *bool          `json:"use_debugger"`
}

// user is who asks. Roles that SDKs send with it are ignored: those that count are stored.
type user struct {
	Key        string         `json:"key"`
	FirstName  *string        `json:"first_name"`
	LastName   *string        `json:"last_name"`
	First      *string        `json:"firstName"`
	Last       *string        `json:"lastName"`
	Email      *string        `json:"email"`
	Attributes map[string]any `json:"attributes"`
}

// resource is what is asked on. ID is where Go's FilterObjects has the key.
type resource struct {
	Type       string         `json:"type"`
	Key        string         `json:"key"`
	ID         string         `json:"id"`
	Tenant     string         `json:"tenant"`
	Attributes map[string]any `json:"attributes"`
	Context    map[string]any `json:"context"`
}

func (u *user) check() error {
	if u.Key == "" {
		return writ.Errorf(writ.CodeInvalid, "user.key is missing")
	}
	return nil
}

func (u *user) subject() writ.Subject {
	s := writ.Subject{Type: wire.UserType, ID: u.Key}
	for name, value := range map[string]*string{
		"email": u.Email, "first_name": cmp.Or(u.FirstName, u.First), "last_name": cmp.Or(u.LastName, u.Last),
	} {
		if value != nil {
			s.Properties = with(s.Properties, name, *value)
		}
	}
	for name, value := range u.Attributes {
		s.Properties = with(s.Properties, name, value)
	}
	return s
}

// properties gives the attributes to the engine, which takes a property "tenant" for the resource's tenant. In this
// protocol that is said beside them, and an attribute of the name may come from the query of an address.
func (r *resource) properties() map[string]any {
	if _, ok := r.Attributes["tenant"]; !ok {
		return r.Attributes
	}
	m := maps.Clone(r.Attributes)
	delete(m, "tenant")
	return m
}

// with sets a value in a map that may be nil; values of the caller's maps are copied into it.
func with(m map[string]any, name string, value any) map[string]any {
	if m == nil {
		m = map[string]any{}
	}
	m[name] = value
	return m
}

// query gives the engine's question, or says what is missing.
func (q *checkQuery) query(view *server.View) (*authz.Query, error) {
	if err := q.User.check(); err != nil {
		return nil, err
	}
	if q.Action == "" {
		return nil, writ.Errorf(writ.CodeInvalid, "action is missing")
	}
	if q.Resource.Type == "" {
		return nil, writ.Errorf(writ.CodeInvalid, "resource.type is missing")
	}
	a := &authz.Query{Now: view.Now, Tenant: q.Resource.Tenant}
	a.Subject, a.Action.Name = q.User.subject(), q.Action
	a.Resource = writ.Resource{Type: q.Resource.Type, ID: cmp.Or(q.Resource.Key, q.Resource.ID), Properties: q.Resource.properties()}
	a.Context = q.Context
	if len(q.Resource.Context) > 0 { // what is said of the resource's surroundings counts where the request says nothing
		a.Context = nil
		for _, m := range []map[string]any{q.Resource.Context, q.Context} {
			for name, value := range m {
				a.Context = with(a.Context, name, value)
			}
		}
	}
	return a, nil
}

// asker answers the questions of one request.
type asker struct {
	r      *http.Request
	caller *server.Caller
	view   server.View
}

func newAsker(w http.ResponseWriter, r *http.Request) (*asker, error) {
	caller := server.CallerOf(r.Context())
	if caller == nil {
		return nil, writ.Errorf(writ.CodeAuth, "an API key is needed")
	}
	view, err := caller.View(w, r)
	return &asker{r, caller, view}, err
}

// result is an answer. Result repeats Allow for old SDKs. Query and Debug are objects or absent:
// Go's SDK cannot decode anything else.
type result struct {
	Allow  bool           `json:"allow"`
	Result bool           `json:"result"`
	Debug  map[string]any `json:"debug,omitempty"`
}

// check answers one question.
func (a *asker) check(q *checkQuery) (result, error) {
	query, err := q.query(&a.view)
	if err != nil {
		return result{}, err
	}
	answer := server.Answer{Query: query, Start: a.caller.Now(), Snapshot: a.view.Snapshot}
	debug := q.Debug != nil && *q.Debug
	if debug {
		answer.Decision, answer.Err = a.view.Snapshot.Check(query)
	} else {
		answer.Decision.Allowed, answer.Err = a.view.Snapshot.Allowed(query)
	}
	if answer.Err != nil {
		answer.Decision.Allowed = false
	}
	answer.Decision.Revision = a.revision()
	server.Observe(a.r.Context(), &answer)
	if answer.Err != nil {
		return result{}, answer.Err
	}
	out := result{Allow: answer.Decision.Allowed, Result: answer.Decision.Allowed}
	if debug {
		out.Debug = a.debug(query, answer.Decision)
	}
	return out, nil
}

// revision is the one that answers are of.
func (a *asker) revision() string { return strconv.FormatUint(a.view.Head.Seq, 10) }

// debug says why, under rbac, abac and rebac with the codes of Permit.
func (a *asker) debug(q *authz.Query, d writ.Decision) map[string]any {
	_, synced := a.view.Snapshot.Record(authz.Entity{Type: q.Subject.Type, ID: q.Subject.ID})
	out := map[string]any{
		"request": map[string]any{
			"user":   map[string]any{"key": q.Subject.ID, "synced": synced, "attributes": wire.Attributes(q.Subject.Properties)},
			"tenant": cmp.Or(q.Tenant, wire.DefaultTenant), "action": q.Action.Name,
			"resource": map[string]any{"type": q.Resource.Type, "key": q.Resource.ID, "attributes": wire.Attributes(q.Resource.Properties)},
		},
		// What Permit has not: the reasons as all of Writ tells them, with the fix of a denial.
		"reasons": d.Reasons, "revision": a.revision(),
	}
	if p, err := wire.Policy(a.view.State); err == nil {
		for name, verdict := range p.Debug(a.view.Snapshot, q) {
			out[name] = verdict
		}
	}
	return out
}
