package catalog

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Access is the level of access that an action gives, in AWS's words.
type Access string

// The levels (IAM User Guide, "Access levels in policy summaries"). AWS lists
// some actions as "Permissions management, Write"; what counts is the first.
const (
	List                  Access = "List"
	Read                  Access = "Read"
	Write                 Access = "Write"
	Tagging               Access = "Tagging"
	PermissionsManagement Access = "Permissions management"
)

// Service is one service with its actions, resource types and condition keys,
// each sorted by name.
type Service struct {
	Prefix    string // "s3"
	Name      string // "Amazon S3"
	Actions   []Action
	Resources []ResourceType
	Keys      []ConditionKey

	actions map[string]int // by name in lower case
	keys    keySet
}

// Action is one action of a service.
type Action struct {
	Service, Name string
	Access        Access
	// Resources are the types of resource that a policy may name for the action;
	// none means that the action takes only "*".
	Resources []ResourceUse
	// Keys are the condition keys of the action itself; see [Catalog.KeysOf] for all.
	Keys []string
	// Dependent are further actions ("iam:PassRole") that the caller needs.
	Dependent []string
}

// String gives the action's full name, "s3:GetObject".
func (a Action) String() string { return a.Service + ":" + a.Name }

// WildcardOnly reports whether only Resource "*" grants the action.
func (a Action) WildcardOnly() bool { return len(a.Resources) == 0 }

// Modifies reports whether the action changes anything.
func (a Action) Modifies() bool { return a.Access != List && a.Access != Read }

// ResourceUse is a type of resource in its use by one action.
type ResourceUse struct {
	Type string
	// ARN is the pattern of the type's ARNs, with placeholders such as ${Partition}.
	ARN string
	// Required says that every request names such a resource.
	Required bool
	// Keys are the condition keys that the type adds to this action, and those
	// of the type itself.
	Keys      []string
	Dependent []string
}

// ResourceType is a type of resource of a service.
type ResourceType struct {
	Name string // "bucket"
	ARN  string // "arn:${Partition}:s3:::${BucketName}"
	Keys []string
}

// ConditionKey is a key that policies may test. Its name may hold a
// placeholder: "aws:ResourceTag/${TagKey}", "s3:ExistingObjectTag/<key>".
type ConditionKey struct {
	Name string
	Type Type
}

// Action gives an action of the service by its short name, in any case.
func (s *Service) Action(name string) (Action, bool) {
	i, ok := s.actions[strings.ToLower(name)]
	if !ok {
		return Action{}, false
	}
	return s.Actions[i], true
}

// decode reads one service; the data's member "fields" says what each place of
// an array holds.
func decode(prefix, text string) *Service {
	s := &Service{Prefix: prefix, actions: map[string]int{}}
	types := map[string]ResourceType{}
	data := reader{text: text}
	data.members(func(name string) {
		switch name {
		case "name":
			s.Name = data.word()
		case "actions":
			data.members(func(name string) { s.Actions = append(s.Actions, data.action(prefix, name)) })
		case "resources":
			data.members(func(name string) {
				data.tuple(func() { types[name] = ResourceType{name, data.word(), data.words()} })
			})
		case "keys":
			s.keys = newKeySet(data.types())
		default:
			data.skip()
		}
	})
	for _, name := range slices.Sorted(maps.Keys(types)) {
		s.Resources = append(s.Resources, types[name])
	}
	for _, name := range s.keys.names {
		s.Keys = append(s.Keys, ConditionKey{name, s.keys.types[name]})
	}
	slices.SortFunc(s.Actions, func(a, b Action) int {
		return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	for i := range s.Actions {
		s.actions[strings.ToLower(s.Actions[i].Name)] = i
		s.Actions[i].complete(types)
	}
	return s
}

// action reads one row: level, types of resource, keys, dependent actions.
func (r *reader) action(service, name string) Action {
	a := Action{Service: service, Name: name}
	r.tuple(func() {
		level, _, _ := strings.Cut(r.word(), ",")
		a.Access = Access(level)
		r.each(func() {
			r.tuple(func() {
				a.Resources = append(a.Resources, ResourceUse{
					Type: r.word(), Required: r.word() == "1", Keys: r.words(), Dependent: r.words(),
				})
			})
		})
		a.Keys, a.Dependent = r.words(), r.words()
	})
	return a
}

// complete adds what the service says of the types of resource.
func (a *Action) complete(types map[string]ResourceType) {
	for i := range a.Resources {
		u := &a.Resources[i]
		u.ARN = types[u.Type].ARN
		for _, k := range types[u.Type].Keys {
			if !slices.Contains(u.Keys, k) {
				u.Keys = append(u.Keys, k)
			}
		}
	}
}
