package cover

import (
	"encoding/binary"
	"maps"
	"math/bits"
	"slices"
)

// maxStates bounds one search, in states; what is not found by then cannot be told.
const maxStates = 1 << 13

// work bounds what the questions about one role may cost together, as patterns
// and conditions of a stranger can make each of many thousand actions dear. It
// counts, and reads no clock: the same question has the same answer everywhere.
type work struct{ left int }

// maxWork is a few seconds: what is spent are steps of a search, and
// statements that a decision looks at.
const maxWork = 10_000_000

func (w *work) spend(n int) bool {
	w.left -= n
	return w.left > 0
}

func (w *work) isSpent() bool { return w.left <= 0 }

// witnesses gives texts that every pattern of within matches: one, and a
// shortest, for each set of the other patterns that some such text matches. Who
// knows the answer for each of them knows it for every text, as long as it
// depends on these patterns alone. complete is false when the search was cut off.
//
// It walks over the sets of places that the patterns can be at after the same
// text; there are finitely many.
func witnesses(within, others []pattern, w *work) (found []string, complete bool) {
	m := newMachine(within, others)
	type step struct {
		from int
		char rune
	}
	start := m.start()
	states, steps := []places{start}, []step{{from: -1}}
	seen := map[string]bool{start.key(): true}
	kinds := map[string]bool{}
	for at := 0; at < len(states); at++ {
		if kind, ok := m.kind(states[at]); ok && !kinds[kind] {
			kinds[kind] = true
			var text []rune
			for i := at; steps[i].from >= 0; i = steps[i].from {
				text = append(text, steps[i].char)
			}
			slices.Reverse(text)
			found = append(found, string(text))
		}
		for _, char := range m.alphabet {
			if !w.spend(1 + len(start)/4) {
				return found, false
			}
			next, alive := m.step(states[at], char)
			if !alive {
				continue
			}
			if key := next.key(); !seen[key] {
				if len(states) == maxStates {
					return found, false
				}
				seen[key] = true
				states, steps = append(states, next), append(steps, step{at, char})
			}
		}
	}
	return found, true
}

// places is a set of places of all patterns, one bit each; the place behind the
// last token of a pattern means that it matches.
type places []uint64

func (p places) has(i int) bool { return p[i/64]>>(i%64)&1 != 0 }

func (p places) meets(mask places) bool {
	for i, word := range p {
		if word&mask[i] != 0 {
			return true
		}
	}
	return false
}

func (p places) key() string {
	b := make([]byte, 0, 8*len(p))
	for _, word := range p {
		b = binary.LittleEndian.AppendUint64(b, word)
	}
	return string(b)
}

// machine walks several patterns at once. The places of a pattern are in front
// of its tokens and behind the last.
type machine struct {
	tokens []token
	// starts and ends are the first and last place of each pattern.
	starts, ends []int
	// masks are the places of the patterns that must match, each.
	masks    []places
	alphabet []rune
}

// tokenEnd stands behind the last token of a pattern.
const tokenEnd tokenKind = 255

func newMachine(within, others []pattern) *machine {
	m := &machine{}
	used := map[rune]bool{}
	for _, p := range slices.Concat(within, others) {
		m.starts = append(m.starts, len(m.tokens))
		m.tokens = append(append(m.tokens, p...), token{kind: tokenEnd})
		m.ends = append(m.ends, len(m.tokens)-1)
		for _, t := range p {
			used[t.char], used[t.never] = true, true
		}
	}
	delete(used, 0)
	for i := range within {
		mask := m.empty()
		for place := m.starts[i]; place <= m.ends[i]; place++ {
			mask[place/64] |= 1 << (place % 64)
		}
		m.masks = append(m.masks, mask)
	}
	m.alphabet = append([]rune{fresh(used)}, slices.Sorted(maps.Keys(used))...)
	return m
}

func (m *machine) empty() places { return make(places, len(m.tokens)/64+1) }

// fresh is a character that no pattern names: it stands for all others.
func fresh(used map[rune]bool) rune {
	for _, r := range "xyzqwvXYZQWV0123456789" {
		if !used[r] {
			return r
		}
	}
	r := rune(0x100)
	for used[r] {
		r++
	}
	return r
}

func (m *machine) start() places {
	p := m.empty()
	for _, place := range m.starts {
		m.enter(p, place)
	}
	return p
}

// enter adds a place, and those behind it that take no character to reach.
func (m *machine) enter(p places, place int) {
	p[place/64] |= 1 << (place % 64)
	for m.tokens[place].kind == tokenRun {
		place++
		p[place/64] |= 1 << (place % 64)
	}
}

// step reads one character; alive is false when a pattern of within is lost.
func (m *machine) step(from places, char rune) (next places, alive bool) {
	next = m.empty()
	for i, word := range from {
		for ; word != 0; word &= word - 1 {
			place := i*64 + bits.TrailingZeros64(word)
			switch t := m.tokens[place]; {
			case t.kind == tokenEnd || !t.takes(char):
			case t.kind == tokenRun:
				m.enter(next, place)
			default:
				m.enter(next, place+1)
			}
		}
	}
	for _, mask := range m.masks {
		if !next.meets(mask) {
			return nil, false
		}
	}
	return next, true
}

// kind names the set of patterns that match; ok is false unless all of within do.
func (m *machine) kind(p places) (kind string, ok bool) {
	set := make([]byte, len(m.ends))
	for i, end := range m.ends {
		if p.has(end) {
			set[i] = 1
		} else if i < len(m.masks) {
			return "", false
		}
	}
	return string(set), true
}

// kindOf is kind for a text.
func (m *machine) kindOf(text string) (kind string, ok bool) {
	p := m.start()
	for _, r := range text {
		var alive bool
		if p, alive = m.step(p, r); !alive {
			return "", false
		}
	}
	return m.kind(p)
}

// matches reports whether a text matches a pattern as a whole.
func (p pattern) matches(text string) bool {
	_, ok := newMachine([]pattern{p}, nil).kindOf(text)
	return ok
}
