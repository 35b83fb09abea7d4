package roles

import (
	"slices"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/topology"
)

// Source is what the rights of an entity come from.
type Source string

// The sources, nearest to the entity first; the first that there is holds.
const (
	Provided   Source = "provided"   // runtime.role: a role that exists
	Named      Source = "role_file"  // runtime.role_file
	Specific   Source = "specific"   // roles/FUNCTION.json
	Namespaced Source = "namespaced" // roles/KIND.json of the topology or a folder above it
	Account    Source = "global"     // the account's role for the kind
	Base       Source = "shared"     // the platform team's file for the kind
	Derived    Source = "derived"    // the edges alone
)

// Choice says where the rights of one entity come from.
type Choice struct {
	Source Source
	// File is the policy file, and Way what it does; nil and "" without one.
	File *File
	Way  Way
	// Existing are the names (or the one ARN) that a role which exists may have,
	// in the order in which they are looked for; nil for a role that is made.
	Existing []string
	// RoleName is the name of a role that is made; "" for the usual one.
	RoleName string
	// NamePosition is where that name stands.
	NamePosition writ.Position
	// Position is where the topology or a file asks for it.
	Position writ.Position
}

// Set says for each entity of a topology where its rights come from.
type Set struct {
	Settings Settings
	files    *Files
}

// Choose settles the mode.
func (f *Files) Choose(s Settings) *Set { return &Set{s.Normal(), f} }

// Dir is the directory of the shared files, "" when there are none.
func (s *Set) Dir() string { return s.files.Dir }

// UsesFiles reports whether any entity has a role file: else the way does nothing.
func (s *Set) UsesFiles() bool {
	f := s.files
	return len(f.near)+len(f.specific)+len(f.named) > 0 || s.Settings.Mode == Shared && len(f.shared) > 0
}

// Paths lists the files that were found, used or not, sorted: a change of any
// may change a choice.
func (s *Set) Paths() []string {
	var paths []string
	for _, file := range s.files.all() {
		paths = append(paths, file.Path)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// Of gives the choice for an entity that acts; name is "" where a namespace has
// one role for all of a kind. A nil set means dynamic, without any file.
func (s *Set) Of(kind topology.Kind, name string) Choice {
	if s == nil {
		return Choice{Source: Derived}
	}
	if kind == topology.KindFunction {
		for _, f := range s.files.topology.Functions {
			if f.Name == name {
				return s.function(f)
			}
		}
	}
	return s.kind(kind)
}

func (s *Set) function(f *topology.Function) Choice {
	var c Choice
	switch files := s.files; {
	case f.Runtime.Role != "":
		return Choice{Source: Provided, Existing: []string{f.Runtime.Role}, Position: f.Runtime.RolePos}
	case files.named[f.Name] != nil:
		c = s.from(Named, files.named[f.Name])
	case files.specific[f.Name] != nil:
		c = s.from(Specific, files.specific[f.Name])
	default:
		c = s.kind(topology.KindFunction)
	}
	if c.Existing == nil {
		c.RoleName, c.NamePosition = f.Runtime.RoleName, f.Runtime.RoleNamePos
	}
	return c
}

func (s *Set) kind(kind topology.Kind) Choice {
	for _, k := range speakers(kind) {
		if file := s.files.near[k]; file != nil {
			return s.from(Namespaced, file)
		}
	}
	switch s.Settings.Mode {
	case Global:
		return Choice{Source: Account, Existing: GlobalNames(kind)}
	case Shared:
		for _, k := range speakers(kind) {
			if file := s.files.shared[k]; file != nil {
				return s.from(Base, file)
			}
		}
	}
	return Choice{Source: Derived}
}

// speakers are the kinds whose file speaks for a kind.
func speakers(kind topology.Kind) []topology.Kind {
	if kind == topology.KindSchedule {
		return []topology.Kind{kind, topology.KindEvent}
	}
	return []topology.Kind{kind}
}

func (s *Set) from(source Source, file *File) Choice {
	return Choice{Source: source, File: file, Way: s.Settings.Way, Position: writ.Position{File: file.Path, Line: 1, Col: 1}}
}
