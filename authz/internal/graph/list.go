package graph

import "slices"

// list is the edges of an entity in one direction. It has four forms, so that
// the many short lists are small and the few long ones cheap to change:
//
//   - inline, a few edges without extra: the keys stand in head, and nothing else is to
//     be read. In a timed list the last word of head holds the times. No key is 0.
//   - short, up to smallMax edges without extra: keys of rest. The times
//     of a timed list lie, two in a word, between its length and its capacity.
//   - flat, up to chunkMax edges: keys, with what else there is in more.
//   - hub: more.chunks holds the edges; keys holds the first key of each chunk.
type list struct {
	head [inlineMax]uint64
	rest *rest
}

type rest struct {
	keys []uint64
	more *more // nil of a short list
}

const inlineMax = 3

type more struct {
	times  []uint32 // of a timed list
	extra  []*Extra // nil when no edge has any
	chunks []*chunk
	count  int // of a hub's edges
}

const (
	smallMax = 16
	chunkMax = 512
)

// chunk is a part of a hub.
type chunk struct {
	owner uint64
	run
}

// run is edges in order: parallel slices. times is nil in lists that are not
// timed, extra where no edge has any.
type run struct {
	keys  []uint64
	times []uint32
	extra []*Extra
}

// change says what a list is told: who does it, whether it may write to what
// the list points to, and whether the list keeps times.
type change struct {
	owner uint64
	mine  bool
	timed bool
	key   uint64
	time  uint32
	extra *Extra
}

func (l *list) hub() bool { return l.rest != nil && l.rest.more != nil && l.rest.more.chunks != nil }

// keys are those of a list that is not a hub.
func (l *list) keys(timed bool) []uint64 {
	if l.rest != nil {
		return l.rest.keys
	}
	n := 0
	for n < inlineRoom(timed) && l.head[n] != 0 {
		n++
	}
	return l.head[:n:n]
}

func inlineRoom(timed bool) int {
	if timed {
		return inlineMax - 1
	}
	return inlineMax
}

func (l *list) len(timed bool) int {
	switch {
	case l == nil:
		return 0
	case l.hub():
		return l.rest.more.count
	}
	return len(l.keys(timed))
}

// find looks for a key.
func (l *list) find(key uint64, timed bool) (*Extra, bool) {
	if l.rest == nil {
		found := key != 0 && (l.head[0] == key || l.head[1] == key || !timed && l.head[2] == key)
		return nil, found
	}
	keys := l.rest.keys
	var extra []*Extra
	if more := l.rest.more; more != nil {
		extra = more.extra
		if more.chunks != nil {
			c := more.chunks[l.chunk(key)]
			keys, extra = c.keys, c.extra
		}
	}
	i := search(keys, key)
	if i == len(keys) || keys[i] != key {
		return nil, false
	}
	if extra == nil {
		return nil, true
	}
	return extra[i], true
}

// created is the time of a key in a timed list.
func (l *list) created(key uint64) uint32 {
	keys := l.keys(true)
	if l.hub() {
		keys = l.rest.more.chunks[l.chunk(key)].keys
	}
	i := search(keys, key)
	switch {
	case i == len(keys) || keys[i] != key:
		return 0
	case l.rest == nil || l.rest.more == nil:
		return l.shortTime(i)
	case l.hub():
		return l.rest.more.chunks[l.chunk(key)].times[i]
	}
	return l.rest.more.times[i]
}

func (l *list) shortTime(i int) uint32 {
	word := l.head[inlineMax-1]
	if l.rest != nil {
		keys := l.rest.keys
		word = keys[:cap(keys)][len(keys)+i/2]
	}
	return uint32(word >> (i % 2 * 32))
}

// put adds an edge or replaces what it has, and reports whether it is new.
func (l *list) put(c change) bool {
	if l.hub() {
		return l.putHub(c)
	}
	keys := l.keys(c.timed)
	i := search(keys, c.key)
	fresh := i == len(keys) || keys[i] != c.key
	if l.rest == nil || l.rest.more == nil {
		l.putShort(i, fresh, c)
		return fresh
	}
	r := l.flat(c.mine)
	r.put(i, fresh, c)
	l.keep(r, c)
	return fresh
}

func (l *list) putShort(i int, fresh bool, c change) {
	var keys [smallMax + 1]uint64
	var times [smallMax + 1]uint32
	r := l.short(keys[:], times[:], c.timed)
	r.put(i, fresh, c)
	if len(r.keys) > smallMax || r.extra != nil {
		r = r.clone(len(r.keys)/4 + 1)
		*l = list{rest: &rest{r.keys, &more{times: r.times, extra: r.extra}}}
		return
	}
	*l = r.short()
}

// drop removes an edge and reports whether it was there.
func (l *list) drop(c change) bool {
	if l.hub() {
		return l.dropHub(c)
	}
	had := l.keys(c.timed)
	i := search(had, c.key)
	if i == len(had) || had[i] != c.key {
		return false
	}
	if l.rest == nil || l.rest.more == nil {
		var keys [smallMax + 1]uint64
		var times [smallMax + 1]uint32
		r := l.short(keys[:], times[:], c.timed)
		r.drop(i)
		*l = r.short()
		return true
	}
	r := l.flat(c.mine)
	r.drop(i)
	l.keep(r, c)
	return true
}

// short copies a short list into arrays of the caller.
func (l *list) short(keys []uint64, times []uint32, timed bool) run {
	r := run{keys: keys[:copy(keys, l.keys(timed))]}
	if timed {
		r.times = times[:len(r.keys)]
		for i := range r.times {
			r.times[i] = l.shortTime(i)
		}
	}
	return r
}

// short packs a run into a list that is inline or short.
func (r *run) short() list {
	var l list
	n := len(r.keys)
	if n <= inlineRoom(r.times != nil) {
		copy(l.head[:], r.keys)
		for i, t := range r.times {
			l.head[inlineMax-1] |= uint64(t) << (i * 32)
		}
		return l
	}
	size := n
	if r.times != nil {
		size += (n + 1) / 2
	}
	l.rest = newRest(size)
	words := l.rest.keys
	copy(words, r.keys)
	for i, t := range r.times {
		words[n+i/2] |= uint64(t) << (i % 2 * 32)
	}
	l.rest.keys = words[:n]
	return l
}

// newRest gives room for so many words, beside what points to them where they are few.
func newRest(words int) *rest {
	switch {
	case words <= 4:
		r := &struct {
			rest
			room [4]uint64
		}{}
		r.keys = r.room[:words]
		return &r.rest
	case words <= 6:
		r := &struct {
			rest
			room [6]uint64
		}{}
		r.keys = r.room[:words]
		return &r.rest
	case words <= 8:
		r := &struct {
			rest
			room [8]uint64
		}{}
		r.keys = r.room[:words]
		return &r.rest
	}
	return newLongRest(words)
}

func newLongRest(words int) *rest {
	switch {
	case words <= 12:
		r := &struct {
			rest
			room [12]uint64
		}{}
		r.keys = r.room[:words]
		return &r.rest
	case words <= 16:
		r := &struct {
			rest
			room [16]uint64
		}{}
		r.keys = r.room[:words]
		return &r.rest
	}
	return &rest{keys: make([]uint64, words)}
}

// flat is the run of a flat list, a copy if it is not the caller's.
func (l *list) flat(mine bool) run {
	r := run{l.rest.keys, l.rest.more.times, l.rest.more.extra}
	if !mine {
		r = r.clone(2)
	}
	return r
}

// keep makes a run that is the caller's the list, in the form that suits its length.
func (l *list) keep(r run, c change) {
	switch {
	case len(r.keys) > chunkMax:
		l.split(r, c.owner)
	case len(r.keys) <= smallMax/2 && r.extra == nil:
		*l = r.short()
	case c.mine && !l.hub():
		l.rest.keys, l.rest.more.times, l.rest.more.extra = r.keys, r.times, r.extra
	default:
		*l = list{rest: &rest{r.keys, &more{times: r.times, extra: r.extra}}}
	}
}

// clone copies a run, with room for more.
func (r *run) clone(room int) run {
	n := len(r.keys)
	k := run{keys: append(make([]uint64, 0, n+room), r.keys...)}
	if r.times != nil {
		k.times = append(make([]uint32, 0, n+room), r.times...)
	}
	if r.extra != nil {
		k.extra = append(make([]*Extra, 0, n+room), r.extra...)
	}
	return k
}

// put writes an edge at place i of a run that may be written to.
func (r *run) put(i int, fresh bool, c change) {
	if r.extra == nil && c.extra != nil {
		r.extra = make([]*Extra, len(r.keys), len(r.keys)+1)
	}
	if !fresh {
		if c.timed {
			r.times[i] = c.time
		}
		if r.extra != nil {
			r.extra[i] = c.extra
			r.settle(c.extra == nil)
		}
		return
	}
	r.keys = insert(r.keys, i, c.key)
	if c.timed {
		r.times = insert(r.times, i, c.time)
	}
	if r.extra != nil {
		r.extra = insert(r.extra, i, c.extra)
	}
}

// drop takes out the edge at place i.
func (r *run) drop(i int) {
	r.keys = slices.Delete(r.keys, i, i+1)
	if r.times != nil {
		r.times = slices.Delete(r.times, i, i+1)
	}
	if r.extra != nil {
		had := r.extra[i] != nil
		r.extra = slices.Delete(r.extra, i, i+1)
		r.settle(had)
	}
}

// settle forgets a slice of extras when the last of them has gone.
func (r *run) settle(gone bool) {
	if gone && !slices.ContainsFunc(r.extra, func(x *Extra) bool { return x != nil }) {
		r.extra = nil
	}
}

// insert grows by an eighth: most lists grow while they are loaded and seldom after.
func insert[T any](s []T, i int, v T) []T {
	if len(s) == cap(s) {
		s = append(make([]T, 0, len(s)+len(s)/8+4), s...)
	}
	s = s[:len(s)+1]
	copy(s[i+1:], s[i:])
	s[i] = v
	return s
}
