package synth

import (
	"errors"
	"strings"

	"github.com/writ-dev/writ"
)

// Claim is an AWS name that a template takes. Names of one kind are unique in an
// account and region, those of buckets in all of AWS.
type Claim struct {
	// Kind says among which names it is unique: "role", "function", "rule on BUS".
	Kind string
	Name string
	// Namespace and Entity are the topology's words for what has the name.
	Namespace, Entity string
	Position          writ.Position
}

// claim takes an AWS name for an entity.
func (b *builder) claim(kind, name, entity string, pos writ.Position) {
	key := unique(kind, name)
	if other, taken := b.physical[key]; taken {
		b.fail(writ.Errorf(writ.CodeConflict, "%q and %q would share the AWS name %s", other, entity, name).
			WithHint("rename one of them").At(pos, ""))
		return
	}
	b.physical[key] = entity
	b.out.Claims = append(b.out.Claims, Claim{kind, name, b.t.Name, entity, pos})
}

// unique is a name as AWS compares it with others: roles (and policies) that differ in case
// alone are the same (IAM User Guide, "IAM roles", creation).
func unique(kind, name string) string {
	if kind == "role" || kind == "policy" {
		name = strings.ToLower(name)
	}
	return kind + " " + name
}

// Distinct makes sure that templates which are deployed together, those of
// nested topologies, take no AWS name twice. NAMESPACE-SANDBOX of stacks and
// tc-NAMESPACE-NAME-SANDBOX of roles do not tell "a" with "b-c" from "a-b" with
// "c". Errors are *writ.Error with code conflict and both positions, joined when
// there are several.
func Distinct(outputs []*Output) error {
	first := map[string]Claim{}
	var errs []error
	for _, out := range outputs {
		for _, c := range out.Claims {
			key := unique(c.Kind, c.Name)
			other, taken := first[key]
			if !taken {
				first[key] = c
				continue
			}
			errs = append(errs, writ.Errorf(writ.CodeConflict, "%s of namespace %s and %s of namespace %s would share the AWS name %s",
				other.Entity, other.Namespace, c.Entity, c.Namespace, c.Name).
				WithHint("the first is at %s; rename one of them, or a namespace", other.Position).At(c.Position, ""))
		}
	}
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}
