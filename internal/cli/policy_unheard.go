package cli

import (
	"strings"

	"github.com/writ-dev/writ/server"
)

// unheard is an error when a question names a type or an action that the model does not
// have. Its answer is always no, so a misspelt `may not` of a test would pass for ever and test nothing.
func unheard(names server.ModelNames, subject, resource, action string) error {
	if err := names.Asked(resource, action); err != nil {
		return err
	}
	kind, relation, _ := strings.Cut(subject, "#")
	return names.Known(kind, relation)
}

// typeOf is the type of type:id, with the relation of type:id#relation.
func typeOf(name string) string {
	kind, id, _ := strings.Cut(name, ":")
	if _, relation, ok := strings.Cut(id, "#"); ok {
		return kind + "#" + relation
	}
	return kind
}
