package authz

import mathbits "math/bits"

// directory finds the things of a model by name. A question looks three names up, which a map of
// Go's takes longer for than all the rest of a short one. Where a model's author has
// chosen names that collide it is a map after all.
type directory[T any] struct {
	slots []filed[T]
	all   map[string]*T
}

type filed[T any] struct {
	name string
	of   *T
}

// maxProbes is how many slots are looked at for one name.
const maxProbes = 8

func newDirectory[T any](all map[string]*T) directory[T] {
	size := max(8, 1<<mathbits.Len(uint(4*len(all))))
	d := directory[T]{slots: make([]filed[T], size)}
	for name, of := range all {
		if !d.put(name, of) {
			return directory[T]{all: all}
		}
	}
	return d
}

func (d *directory[T]) put(name string, of *T) bool {
	at := place(name)
	for i := range maxProbes {
		s := &d.slots[(at+i)&(len(d.slots)-1)]
		if s.of == nil {
			s.name, s.of = name, of
			return true
		}
	}
	return false
}

// find gives nil for a name that is not there.
func (d *directory[T]) find(name string) *T {
	if d.all != nil {
		return d.all[name]
	}
	at := place(name)
	for i := range maxProbes {
		s := &d.slots[(at+i)&(len(d.slots)-1)]
		if s.of == nil || s.name == name {
			return s.of
		}
	}
	return nil
}

// place mixes the length of a name with its first and its last bytes.
func place(name string) int {
	n := len(name)
	h := uint64(n)
	switch {
	case n >= 8:
		h += eight(name)*3 ^ mathbits.RotateLeft64(eight(name[n-8:]), 29)
	case n >= 4:
		h += four(name) | four(name[n-4:])<<32
	case n > 0:
		h += uint64(name[0])<<8 | uint64(name[n/2])<<16 | uint64(name[n-1])<<24
	}
	h *= 0x9E3779B97F4A7C15
	return int(h >> 40)
}

func eight(s string) uint64 { return four(s) | four(s[4:])<<32 }

func four(s string) uint64 {
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24
}
