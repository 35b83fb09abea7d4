package wire

import (
	"sync"

	"github.com/writ-dev/writ/authz"
)

// IDs finds stored things by their ids, which follow from their keys and are stored nowhere. Its
// zero value is ready, and serves all environments.
type IDs struct {
	mu  sync.Mutex
	all map[kindOfIDs]*idsOfKind
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
