package wire

import (
	"strings"
	"sync"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/server/internal/jsonread"
)

// IDs finds stored things by their ids, which follow from their keys and are stored nowhere. Its
// zero value is ready, and serves all environments.
type IDs struct {
	mu   sync.Mutex
	all  map[kindOfIDs]*idsOfKind
	deep turn
}

type kindOfIDs struct{ project, env, kind string }

// idsOfKind are the ids of what there was of a kind at a revision.
type idsOfKind struct {
	revision uint64
	byID     map[string]authz.Entity
}

// Find gives what has an id among the records of some types; kind names these together. What is found was seen
// to be there. What is not found costs a look at all of them, but once for each revision.
func (c *Call) Find(id, kind string, types []string, idOf func(authz.Entity) string) (authz.Entity, bool) {
	if !isOurs(id) {
		return authz.Entity{}, false
	}
	c.ids.mu.Lock()
	defer c.ids.mu.Unlock()
	name := kindOfIDs{c.Caller.Project, c.Caller.Env, kind}
	known := c.ids.all[name]
	if known != nil {
		if e, ok := known.byID[id]; ok {
			if _, stored := c.State.Snapshot.Record(e); stored {
				return e, true
			}
		}
	}
	revision := c.State.Head.Seq
	if known != nil && known.revision == revision {
		return authz.Entity{}, false
	}
	fresh := &idsOfKind{revision, map[string]authz.Entity{}}
	for _, t := range types {
		c.State.Snapshot.Look(t, func(v *authz.RecordView) bool {
			fresh.byID[idOf(v.Entity)] = v.Entity
			return true
		})
	}
	if known == nil || known.revision < revision { // not for a state of the past
		if c.ids.all == nil {
			c.ids.all = map[kindOfIDs]*idsOfKind{}
		}
		c.ids.all[name] = fresh
	}
	e, ok := fresh.byID[id]
	return e, ok
}

// isOurs reports whether an id in the form of [CanonicalID] can be one that [ID] gave: other UUIDs, which many
// take for keys, are told by their version without a look at what is stored.
func isOurs(id string) bool { return id[14] == '5' && strings.IndexByte("89ab", id[19]) >= 0 }

// OwnID is [CanonicalID] of what can be an id that [ID] gave.
func OwnID(text string) (string, bool) {
	id, ok := CanonicalID(text)
	return id, ok && isOurs(id)
}

// Ambiguous is the error of a thing whose key would be the id of another: a path that names it would name two.
func Ambiguous(kind, key, other string) *writ.Error {
	return writ.Errorf(writ.CodeConflict, "a %s cannot have the key %q while there is the %s %q: the id of one is the key of the other",
		kind, jsonread.Brief(key), kind, jsonread.Brief(other))
}

// CheckFree refuses the key of a user or tenant that is not there yet, when it is the id of another or when its own id is
// the key of another.
func (d *Draft) CheckFree(kind, key string) error {
	name := kind
	if kind == authz.TenantType {
		name = "tenant"
	}
	if other, ok := d.withID(kind, key); ok {
		return Ambiguous(name, key, other)
	}
	for _, form := range idForms(d.call.ID(kind, key)) {
		if _, there := d.Record(kind, form); there {
			return Ambiguous(name, key, form)
		}
	}
	return nil
}

// withID gives the key of the user or tenant, stored or to be stored, that has an id.
func (d *Draft) withID(kind, text string) (string, bool) {
	id, ok := OwnID(text)
	if !ok {
		return "", false
	}
	idOf := func(e authz.Entity) string { return d.call.ID(kind, e.ID) }
	for e, r := range d.records {
		if r != nil && e.Type == kind && idOf(e) == id {
			return e.ID, true
		}
	}
	if e, ok := d.call.Find(id, kind, []string{kind}, idOf); ok {
		_, there := d.Record(kind, e.ID)
		return e.ID, there
	}
	return DefaultTenant, kind == authz.TenantType && id == d.call.ID(kind, DefaultTenant)
}
