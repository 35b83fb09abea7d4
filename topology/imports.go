package topology

import (
	"cmp"
	"slices"
	"strings"

	"github.com/writ-dev/writ"
)

// Import is access to one entity of another sandbox, another namespace or both,
// in the same account and region. It gives its users rights there, and nobody
// there any here.
type Import struct {
	// Name is what grants and ${imports.NAME.arn} call it.
	Name string `json:"name"`
	// Sandbox is where the entity is; "" is the sandbox that is deployed, in
	// another namespace. It may hold {{...}}.
	Sandbox string `json:"sandbox,omitempty"`
	// Namespace is whose the entity is; Load fills in the topology's own.
	Namespace string `json:"namespace,omitempty"`
	// Kind and Entity are what that namespace calls it: a table is a [KindStore],
	// a bucket a [KindBucket].
	Kind   Kind   `json:"kind"`
	Entity string `json:"entity"`
	// FIFO is set for a queue that is written with .fifo at its end.
	FIFO bool `json:"fifo,omitempty"`
	// Bus is the bus that an event is on, "" for the account's default bus.
	Bus string `json:"bus,omitempty"`
	// Hyphenated says that the other topology has hyphenated_names.
	Hyphenated bool `json:"hyphenated,omitempty"`
	// Access are verbs of [Verbs] for the kind, sorted.
	Access []string `json:"access"`
	// Functions are those that use it, whether they say so or the import does.
	// See [Topology.Users] for none.
	Functions []Target      `json:"functions,omitempty"`
	Pos       writ.Position `json:"pos,omitzero"`
}

// Users gives the functions of t that use an import: those that are named, or
// the one function of a topology that has but one.
func (t *Topology) Users(i *Import) []Target {
	if len(i.Functions) == 0 && len(t.Functions) == 1 {
		return []Target{{Kind: KindFunction, Name: t.Functions[0].Name, Pos: i.Pos}}
	}
	return i.Functions
}

// importAttributes are what ${imports.NAME.ATTRIBUTE} may ask for, by kind. An
// event's are those of its bus. The ARN of a secret ends in what AWS adds, so
// another's is known by its name alone.
var importAttributes = map[Kind][]string{
	KindFunction:  {"name", "arn"},
	KindStore:     {"name", "arn"},
	KindBucket:    {"name", "arn"},
	KindQueue:     {"name", "arn", "url"},
	KindTopic:     {"name", "arn"},
	KindStream:    {"name", "arn"},
	KindBus:       {"name", "arn"},
	KindEvent:     {"name", "arn"},
	KindSecret:    {"name"},
	KindParameter: {"name", "arn"},
	KindState:     {"name", "arn"},
}

// ImportAttributes gives what ${imports.NAME.ATTRIBUTE} may ask for where an
// entity of that kind is imported; nil for a kind that cannot be.
func ImportAttributes(kind Kind) []string { return slices.Clone(importAttributes[kind]) }

// importKinds are the words before the / of an import's entity.
var importKinds = map[string]Kind{
	"store": KindStore, "table": KindStore, "bucket": KindBucket, "function": KindFunction, "queue": KindQueue, "topic": KindTopic,
	"stream": KindStream, "bus": KindBus, "event": KindEvent, "secret": KindSecret, "parameter": KindParameter, "state": KindState,
}

// splitEntity reads KIND/NAME. A kind that cannot be imported is kept for the
// checks to say so; it is "" where there is none.
func splitEntity(text string) (kind Kind, name string, fifo bool) {
	word, name, ok := strings.Cut(text, "/")
	if !ok {
		return "", text, false
	}
	kind, known := importKinds[word]
	if !known {
		kind = Kind(word)
	}
	if kind == KindQueue {
		name, fifo = strings.CutSuffix(name, ".fifo")
	}
	return kind, name, fifo
}

// normaliseImports brings imports to their one form: who uses one stands with
// the import, wherever it was written.
func normaliseImports(t *Topology) {
	byName := map[string]*Import{}
	for _, i := range t.Imports {
		byName[i.Name] = i
		i.Namespace = cmp.Or(i.Namespace, t.Name)
		if i.Namespace == t.Name {
			i.Hyphenated = i.Hyphenated || t.Hyphenated
		}
		if m := templatePattern.FindStringSubmatch(i.Sandbox); m != nil && m[0] == i.Sandbox && strings.TrimSpace(m[1]) == "sandbox" {
			i.Sandbox = ""
		}
	}
	for _, f := range t.Functions {
		f.Grants = slices.DeleteFunc(f.Grants, func(g Grant) bool {
			i := byName[g.Name]
			if g.Kind != KindImport || i == nil {
				return false
			}
			i.Functions = append(i.Functions, Target{Kind: KindFunction, Name: f.Name, Pos: g.Pos})
			return true
		})
	}
	for _, i := range t.Imports {
		i.Functions = sortTargets(i.Functions)
		slices.Sort(i.Access)
		i.Access = slices.Compact(i.Access)
	}
	slices.SortStableFunc(t.Imports, func(a, b *Import) int { return strings.Compare(a.Name, b.Name) })
}

// Holds reports whether t itself has what an import leads to.
func (t *Topology) Holds(i *Import) bool {
	if i.Kind == KindStore || i.Kind == KindBucket {
		return slices.ContainsFunc(t.Stores, func(s *Store) bool { return s.Name == i.Entity && (s.Kind == StoreBucket) == (i.Kind == KindBucket) })
	}
	found, _ := declared(t, i)
	return found != nil
}
