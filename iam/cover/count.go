package cover

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ/iam"
)

// Figures are the size of a role, for two to stand side by side.
type Figures struct {
	// Statements are those of the policies; the trust policy's are not among them.
	Statements int `json:"statements"`
	// Any counts the entries of Resource that are "*", Patterns those that hold a
	// wildcard beside other text. NotResource counts as "*".
	Any      int `json:"any"`
	Patterns int `json:"patterns"`
	// Actions counts the real actions that Allow statements name, each once,
	// whatever else the statements say. Unreal are entries of Action that
	// match no action of the catalogue, each once and in their order.
	Actions int      `json:"actions"`
	Unreal  []string `json:"unreal,omitempty"`
	// Services are the services that the trust policy names, sorted.
	Services []string `json:"services"`
}

// Count measures a role by its trust policy, which may be nil, and its policies.
func Count(trust *iam.Document, policies ...*iam.Document) Figures {
	f := Figures{Services: []string{}}
	actions := map[string]bool{}
	for _, doc := range policies {
		for _, m := range iam.Compile(doc, iam.Origin{Type: iam.TypeIdentity}).Statements() {
			r := newRule(m)
			f.Statements++
			f.countResources(r)
			if r.Effect != iam.Allow {
				continue
			}
			real, unreal := r.actions()
			for _, a := range real {
				actions[a.String()] = true
			}
			for _, entry := range unreal {
				if !slices.Contains(f.Unreal, entry) {
					f.Unreal = append(f.Unreal, entry)
				}
			}
		}
	}
	f.Actions = len(actions)
	if trust != nil {
		for _, s := range trust.Statements {
			if s.Principal != nil && s.Effect == iam.Allow {
				f.Services = append(f.Services, s.Principal.Service...)
			}
		}
	}
	slices.Sort(f.Services)
	f.Services = slices.Compact(f.Services)
	return f
}

func (f *Figures) countResources(r *rule) {
	if r.source.NotResource != nil {
		f.Any++
	}
	for _, entry := range r.source.Resource {
		switch {
		case entry == "*":
			f.Any++
		case hasWildcard(entry):
			f.Patterns++
		}
	}
}

// hasWildcard does not count "${*}", which is a star and no wildcard.
func hasWildcard(s string) bool {
	for s != "" {
		if strings.ContainsRune("*?", rune(s[0])) {
			return true
		}
		s = s[max(iam.VariableLen(s), 1):]
	}
	return false
}
