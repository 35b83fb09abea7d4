package environment

import (
	"encoding/json"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
)

// recorded is the data of an environment's events.
type recorded struct {
	Changes []authz.Change `json:"changes"`
}

func encodeChanges(changes []authz.Change) (json.RawMessage, error) {
	text, err := json.Marshal(recorded{changes})
	if err != nil {
		return nil, writ.Errorf(writ.CodeInvalid, "the changes cannot be recorded: %w", err)
	}
	return text, nil
}

// DecodeChanges reads the changes out of an entry's data. Data that no environment has
// written is a CodeInvalid error.
func DecodeChanges(data json.RawMessage) ([]authz.Change, error) {
	var r recorded
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, writ.Errorf(writ.CodeInvalid, "the recorded changes cannot be read: %w", err)
	}
	for i, c := range r.Changes {
		if !readable(&c) {
			return nil, writ.Errorf(writ.CodeInvalid, "recorded change %d is not of one thing that has a name", i+1)
		}
	}
	return r.Changes, nil
}

// readable reports whether a change has what replaying and storing it rely on.
func readable(c *authz.Change) bool {
	set, named := 0, true
	if c.Model != nil {
		set++
		named = named && c.Model.After != nil
	}
	if c.Record != nil {
		set++
		named = named && one(c.Record, func(r *authz.Record) bool { return r.Type != "" && r.ID != "" })
	}
	if c.Tuple != nil {
		set++
		named = named && one(c.Tuple, func(t *authz.Tuple) bool { return t.Object.ID != "" && t.Relation != "" && t.Subject.ID != "" })
	}
	if c.Key != nil {
		set++
		named = named && one(c.Key, func(k *authz.Key) bool { return k.ID != "" })
	}
	if set != 1 || !named {
		return false
	}
	back := c.Inverse() // names what is before, and must name the same
	return thingOf(c) == thingOf(&back)
}

// one reports whether a step has a side, and each side that it has a name.
func one[T any](s *authz.Step[T], named func(*T) bool) bool {
	return (s.Before != nil || s.After != nil) && (s.Before == nil || named(s.Before)) && (s.After == nil || named(s.After))
}

// thing names what a change is about.
type thing struct {
	kind     byte
	object   authz.Entity
	relation string
	subject  authz.Holder
}

func thingOf(c *authz.Change) thing {
	switch {
	case c.Model != nil:
		return thing{kind: 'm'}
	case c.Key != nil:
		return thing{kind: 'k', relation: keyID(c.Key)}
	case c.Record != nil:
		return thing{kind: 'r', object: either(c.Record).Entity}
	}
	t := either(c.Tuple)
	return thing{'t', t.Object, t.Relation, t.Subject}
}

func either[T any](s *authz.Step[T]) *T {
	if s.After != nil {
		return s.After
	}
	return s.Before
}

// Final gives the last change of each thing that commits changed, in the order of
// first change: what a store that keeps the state has to put or (After is nil) to remove.
func Final(commits []Commit) []authz.Change {
	at := map[thing]int{}
	var last []authz.Change
	for _, c := range commits {
		for i := range c.Changes {
			name := thingOf(&c.Changes[i])
			if j, ok := at[name]; ok {
				last[j] = c.Changes[i]
				continue
			}
			at[name] = len(last)
			last = append(last, c.Changes[i])
		}
	}
	return last
}
