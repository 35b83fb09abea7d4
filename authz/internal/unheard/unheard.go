// Package unheard finds names in the question of a test that its model does not have.
package unheard

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
)

// Name is an error when a question of a test names a type or an action that the model does not have. Its answer is
// always no, so a misspelt `may not` would pass for ever and test nothing. subject is a type, or type#relation.
func Name(m *authz.Model, subject, resource, action string) error {
	of, err := modelType(m, resource)
	if err != nil {
		return err
	}
	names, what := relationNames(of.Actions), "no action"
	if !of.ActionsOnly {
		names, what = append(names, relationNames(of.Relations)...), "no action and no relation"
	}
	if of.ActionsOnly && slices.Contains(relationNames(of.Relations), action) && !slices.Contains(names, action) {
		return writ.Errorf(writ.CodeInvalid, "%s has no action %q", of.Name, action).WithHint("it has a role or relation of that name, which gives actions but is none")
	}
	if action != "" && !slices.Contains(names, action) {
		return suggested(writ.Errorf(writ.CodeInvalid, "%s has %s %q", of.Name, what, action), action, names)
	}
	kind, relation, _ := strings.Cut(subject, "#")
	if of, err = modelType(m, kind); err != nil {
		return err
	}
	names = relationNames(of.Relations)
	if relation != "" && !slices.Contains(names, relation) {
		return suggested(writ.Errorf(writ.CodeInvalid, "%s has no relation %q", of.Name, relation), relation, names)
	}
	return nil
}

func modelType(m *authz.Model, name string) (*authz.Type, error) {
	var names []string
	for i := range m.Types {
		if m.Types[i].Name == name {
			return &m.Types[i], nil
		}
		names = append(names, m.Types[i].Name)
	}
	return nil, suggested(writ.Errorf(writ.CodeInvalid, "the model has no type %q", name), name, names)
}

func relationNames(relations []authz.Relation) []string {
	names := make([]string, len(relations))
	for i := range relations {
		names[i] = relations[i].Name
	}
	return names
}

func suggested(e *writ.Error, word string, names []string) error {
	if near := writ.Nearest(word, names); near != "" {
		return e.WithHint("did you mean %s?", near)
	}
	return e
}
