package cli

import (
	"sync"

	"github.com/writ-dev/writ/synth"
)

// labels give deployed functions the names that the topology has for them.
type labels struct {
	mu    sync.RWMutex
	names map[string]string
	width int
}

// set takes the systems that run now. Names of before stay known: a function
// that was renamed may still be ending its last call.
func (l *labels) set(systems []*system) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.names == nil {
		l.names = map[string]string{}
	}
	l.width = 0
	for _, s := range systems {
		for _, f := range s.topology.Functions {
			name := f.Name
			if len(systems) > 1 {
				name = s.topology.Name + "/" + name
			}
			l.names[synth.FunctionName(s.topology, f.Name, s.sandbox)] = name
			l.width = max(l.width, len(name))
		}
	}
}

// of gives the label of a deployed function, and how wide labels are. One of
// another deploy has the name that it is deployed with.
func (l *labels) of(function string) (string, int) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if name, ok := l.names[function]; ok {
		return name, l.width
	}
	return function, l.width
}
