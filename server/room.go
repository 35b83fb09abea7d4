package server

import (
	"cmp"
	"crypto/subtle"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
)

// DefaultProject and DefaultEnv are the names of the environment of a server that
// was not told of others.
const (
	DefaultProject = "default"
	DefaultEnv     = "default"
)

// room is one environment of a server, perhaps still loading.
type room struct {
	project, env string
	environment  atomic.Pointer[environment.Environment]
	keys         atomic.Pointer[keyIndex]
	// lent are keys of this process alone: see [Server.Lend].
	lent atomic.Pointer[[]authz.Key]
}

// rooms holds environments in the order of their names.
type rooms struct {
	mu   sync.Mutex
	list atomic.Pointer[[]*room]
}

func (r *rooms) all() []*room {
	if list := r.list.Load(); list != nil {
		return *list
	}
	return nil
}

func (r *rooms) get(project, env string) *room {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.all()
	for _, known := range old {
		if known.project == project && known.env == env {
			return known
		}
	}
	made := &room{project: project, env: env}
	list := append(slices.Clone(old), made)
	slices.SortFunc(list, func(a, b *room) int {
		return cmp.Or(cmp.Compare(a.project, b.project), cmp.Compare(a.env, b.env))
	})
	r.list.Store(&list)
	return made
}

// Expect says that there will be an environment: until [Server.Open] gives it,
// the server is not ready.
func (s *Server) Expect(project, env string) { s.rooms.get(project, env) }

// Open lets an environment answer under its name.
func (s *Server) Open(project, env string, e *environment.Environment) {
	s.rooms.get(project, env).environment.Store(e)
}

// Lend makes a key count for an environment as long as this process runs. It is
// stored nowhere: the commands of the same machine's user have it from a file that only he can read.
func (s *Server) Lend(project, env string, k authz.Key) {
	r := s.rooms.get(project, env)
	for {
		before := r.lent.Load()
		all := []authz.Key{k}
		if before != nil {
			all = append(all, *before...)
		}
		if r.lent.CompareAndSwap(before, &all) {
			return
		}
	}
}

// trouble is why the room is not ready: "" when it is.
func (r *room) trouble() string {
	e := r.environment.Load()
	switch {
	case e == nil:
		return "it is still loading"
	case e.Behind() != nil:
		return "it cannot follow its store just now"
	case e.Err() != nil:
		return "its stored history is broken"
	}
	return ""
}

// keyIndex finds the keys of one state by their hashes.
type keyIndex struct {
	keys   []authz.Key
	byHash map[[32]byte]int
}

// find gives the key with a hash. The index is made again when the keys have changed.
func (r *room) find(hash [32]byte) (authz.Key, bool) {
	e := r.environment.Load()
	if e == nil {
		return authz.Key{}, false
	}
	if lent := r.lent.Load(); lent != nil {
		for _, k := range *lent {
			if subtle.ConstantTimeCompare(k.Hash, hash[:]) == 1 {
				return k, true
			}
		}
	}
	state := e.State()
	index := r.keys.Load()
	if index == nil || !sameKeys(index.keys, state.Keys) {
		index = &keyIndex{keys: state.Keys, byHash: make(map[[32]byte]int, len(state.Keys))}
		for i, k := range state.Keys {
			if len(k.Hash) == len(hash) {
				index.byHash[[32]byte(k.Hash)] = i
			}
		}
		r.keys.Store(index)
	}
	i, ok := index.byHash[hash]
	if !ok {
		return authz.Key{}, false
	}
	return index.keys[i], true
}

// sameKeys reports whether two lists are one in memory; states are immutable.
func sameKeys(a, b []authz.Key) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}
