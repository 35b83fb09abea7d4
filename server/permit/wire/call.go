package wire

import (
	"cmp"
	"net/http"
	"net/url"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
	"github.com/writ-dev/writ/authz/schema"
	"github.com/writ-dev/writ/server"
	"github.com/writ-dev/writ/server/internal/jsonread"
)

// DefaultTenant is the tenant that is always there, and meant where none is named.
const DefaultTenant = schema.DefaultTenant

// UserType is the type of users as subjects.
const UserType = schema.UserType

// Limits bound one request. Zero values are the numbers given.
type Limits struct {
	Checks      int // in one bulk check; 1,000
	Assignments int // role assignments in one bulk request; 2,000
	Tuples      int // relationship tuples; 1,000
	Records     int // users, tenants, instances; 3,000
}

// Route is a pattern of [http.ServeMux] without its prefix, and what serves it.
type Route struct {
	Pattern string
	Handle  func(*Call) error
}

// Call is one request to the management interface on its way.
type Call struct {
	W      http.ResponseWriter
	R      *http.Request
	Caller *server.Caller
	Limits Limits
	// State is what is read: the state that the request asks for, after a write the one that it
	// made, and within a plan the one that the plan follows.
	State *environment.State

	ids   *IDs
	query url.Values
}

// Query is the request's query, read once.
func (c *Call) Query() url.Values {
	if c.query == nil {
		c.query = c.R.URL.Query()
	}
	return c.query
}

// NewCall looks at what all requests have in common: the environment in the path, which must be
// the caller's, and the headers about waiting.
func NewCall(w http.ResponseWriter, r *http.Request, caller *server.Caller, limits Limits, ids *IDs) (*Call, error) {
	c := &Call{W: w, R: r, Caller: caller, Limits: limits, ids: ids}
	if caller == nil {
		return nil, writ.Errorf(writ.CodeAuth, "an API key is needed")
	}
	project, env := r.PathValue("proj"), r.PathValue("env")
	if project != "" && !c.Is(project, caller.Project, "project") || env != "" && !c.Is(env, caller.Env, "environment") {
		return nil, writ.Errorf(writ.CodeNotFound, "the API key does not open the environment %q of the project %q", env, project).
			WithHint("it opens %q of %q", caller.Env, caller.Project)
	}
	if err := CheckWait(r.Header); err != nil {
		return nil, err
	}
	view, err := caller.View(w, r)
	c.State = view.State
	return c, err
}

// ID gives the id of a thing of the caller's environment. Projects and what is above them are known by themselves.
func (c *Call) ID(kind string, names ...string) string {
	switch kind {
	case "organization":
		return ID(kind)
	case "project":
		return ID(kind, c.Caller.Project)
	case "environment":
		return ID(kind, c.Caller.Project, c.Caller.Env)
	}
	return ID(append([]string{kind, c.Caller.Project, c.Caller.Env}, names...)...)
}

// Is reports whether text names a thing, by its key or by its id; owner is the key of
// the resource that it belongs to.
func (c *Call) Is(text, key, kind string, owner ...string) bool {
	if text == key {
		return true
	}
	id, ok := CanonicalID(text)
	return ok && id == c.ID(kind, append(owner, key)...)
}

// Entity gives the key of a user or a tenant that is named by key or id.
func (c *Call) Entity(kind, text string) string {
	id, ok := CanonicalID(text)
	if !ok {
		return text
	}
	if _, stored := c.State.Snapshot.Record(authz.Entity{Type: kind, ID: text}); stored {
		return text
	}
	if kind == authz.TenantType && id == c.ID(kind, DefaultTenant) {
		return DefaultTenant
	}
	if e, ok := c.Find(id, kind, []string{kind}, func(e authz.Entity) string { return c.ID(kind, e.ID) }); ok {
		return e.ID
	}
	return text
}

// Common are the fields of every read model.
func (c *Call) Common(id, key string, created, updated time.Time) map[string]any {
	return map[string]any{
		"id": id, "key": key,
		"organization_id": c.ID("organization"), "project_id": c.ID("project"), "environment_id": c.ID("environment"),
		"created_at": stamp(created), "updated_at": stamp(cmp.Or(updated, created)),
	}
}

// stamp gives a date that SDKs can parse to things that were never dated, like the default tenant.
func stamp(t time.Time) time.Time {
	if t.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return t.UTC()
}

// Decode reads the body.
func (c *Call) Decode(v any) error { return server.Decode(c.R, v) }

// Send answers; it gives no error, so that a handler can end with it.
func (c *Call) Send(status int, v any) error {
	if status == http.StatusNoContent {
		c.W.WriteHeader(status)
		return nil
	}
	server.WriteJSON(c.W, status, v)
	return nil
}

// Policy is the policy of a state.
func Policy(s *environment.State) (*schema.Schema, error) {
	p, ok := s.Document.(*schema.Schema)
	if !ok {
		return nil, writ.Errorf(writ.CodeConflict, "the model of this environment is written in the format %q, which has no schema to read or edit here", s.Source.Format).
			WithHint("facts and checks work as they are")
	}
	return p, nil
}

// Optional gives null for an empty text.
func Optional(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// Texts gives an empty array for none: null breaks SDKs.
func Texts(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// Attributes gives an empty object for none: SDKs index into it.
func Attributes(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

// Missing is the error of a thing that is not there.
func Missing(kind, key string) *writ.Error {
	return writ.Errorf(writ.CodeNotFound, "there is no %s %q", kind, jsonread.Brief(key))
}

// Taken is the error of a thing that is there already.
func Taken(kind, key string) *writ.Error {
	return writ.Errorf(writ.CodeConflict, "there is a %s %q already", kind, jsonread.Brief(key))
}

// CheckKey refuses keys that cannot be stored, or not told from something else.
func CheckKey(kind, key string) error {
	switch {
	case key == "":
		return writ.Errorf(writ.CodeInvalid, "a %s needs a key", kind)
	case len(key) > environment.MaxID:
		return writ.Errorf(writ.CodeInvalid, "the key of a %s has %d bytes; %d are allowed", kind, len(key), environment.MaxID)
	case key == authz.Everyone:
		return writ.Errorf(writ.CodeInvalid, "a %s cannot have the key %q, which stands for everyone", kind, key)
	}
	for _, r := range key {
		if r < ' ' || r == 0x7f {
			return writ.Errorf(writ.CodeInvalid, "the key of a %s has a control character", kind)
		}
	}
	return nil
}
