package server

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
)

// ModelInfo is what a GET of [PathModel] tells of the model that decides.
type ModelInfo struct {
	// Environment is the one that the key opens, project/environment.
	Environment string `json:"environment"`
	// Format is that of the model's text, and SHA256 of [SourceHash].
	Format string `json:"format"`
	SHA256 string `json:"sha256"`
	// Types are the words that a question may have.
	Types ModelNames `json:"types"`
	// DefaultTenant is the tenant of a request that names none, on a resource that is in none; Tenants is how
	// many others have a record.
	DefaultTenant string `json:"default_tenant,omitempty"`
	Tenants       int    `json:"tenants"`
}

// InfoOfModel tells of a model with its facts, without the environment and the text.
func InfoOfModel(s *authz.Snapshot) ModelInfo {
	m := s.Model()
	info := ModelInfo{Types: NamesOf(m), DefaultTenant: m.DefaultTenant}
	_, info.Tenants = s.RecordPage(authz.TenantType, 0, 0)
	if _, stored := s.Record(authz.Entity{Type: authz.TenantType, ID: m.DefaultTenant}); stored {
		info.Tenants--
	}
	return info
}

// SourceHash is the SHA-256 of a model's format, a zero byte and its text, in hexadecimal digits.
func SourceHash(s authz.Source) string {
	sum := sha256.Sum256([]byte(s.Format + "\x00" + s.Text))
	return hex.EncodeToString(sum[:])
}

// TypeNames are the names that a type of a model has.
type TypeNames struct {
	Name      string   `json:"name"`
	Actions   []string `json:"actions,omitempty"`
	Relations []string `json:"relations,omitempty"`
	// ActionsOnly: a relation is no action, and may not be asked for as one.
	ActionsOnly bool `json:"actions_only,omitempty"`
}

// ModelNames are the types of a model, in its order.
type ModelNames []TypeNames

// NamesOf gives the names of a model.
func NamesOf(m *authz.Model) ModelNames {
	names := make(ModelNames, 0, len(m.Types))
	for _, t := range m.Types {
		names = append(names, TypeNames{
			Name: t.Name, Actions: relationNames(t.Actions), Relations: relationNames(t.Relations), ActionsOnly: t.ActionsOnly,
		})
	}
	return names
}

func relationNames(relations []authz.Relation) []string {
	names := make([]string, len(relations))
	for i := range relations {
		names[i] = relations[i].Name
	}
	return names
}

// Type finds a type; the error of one that is not there suggests what may have been meant.
func (m ModelNames) Type(name string) (TypeNames, error) {
	var names []string
	for _, t := range m {
		if t.Name == name {
			return t, nil
		}
		if t.Name != authz.TenantType { // whose facts are written as roles
			names = append(names, t.Name)
		}
	}
	return TypeNames{}, unknownName(writ.Errorf(writ.CodeInvalid, "the model has no type %q", clip(name)), name, "its types are", names)
}

// Known is an error unless there is a type and, when it is not empty, a relation of it that tuples may have.
func (m ModelNames) Known(kind, relation string) error {
	t, err := m.Type(kind)
	if err != nil || relation == "" || slices.Contains(t.Relations, relation) {
		return err
	}
	what := "relation"
	if kind == authz.TenantType {
		kind, what = "a tenant", "role"
	}
	return unknownName(writ.Errorf(writ.CodeInvalid, "%s has no %s %q", kind, what, clip(relation)), relation, "there are", t.Relations)
}

// Asked is an error unless there is a type, and an action or a relation of it that may be asked for;
// an empty action is any.
func (m ModelNames) Asked(kind, action string) error {
	t, err := m.Type(kind)
	if err != nil || action == "" {
		return err
	}
	names, what := t.Actions, "no action"
	if !t.ActionsOnly {
		names, what = slices.Concat(t.Actions, t.Relations), "no action and no relation"
	}
	if slices.Contains(names, action) {
		return nil
	}
	return unknownName(writ.Errorf(writ.CodeInvalid, "%s has %s %q", kind, what, clip(action)), action, "there are", names)
}

func unknownName(e *writ.Error, word, list string, names []string) error {
	switch near := writ.Nearest(clip(word), names); {
	case near != "":
		return e.WithHint("did you mean %s?", near)
	case len(names) == 0:
		return e
	case len(names) > 20:
		names = append(slices.Clone(names[:20]), "...")
	}
	return e.WithHint("%s %s", list, strings.Join(names, ", "))
}

func showModel(w http.ResponseWriter, r *http.Request) error {
	caller := CallerOf(r.Context())
	view, err := caller.View(w, r)
	if err != nil {
		return err
	}
	info := InfoOfModel(view.Snapshot)
	info.Environment, info.Format, info.SHA256 = caller.Project+"/"+caller.Env, view.Source.Format, SourceHash(view.Source)
	WriteJSON(w, http.StatusOK, info)
	return nil
}
