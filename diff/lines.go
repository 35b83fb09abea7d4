package diff

import "strings"

// edit is one line of a line diff; kind is Updated for a line that stays.
type edit struct {
	kind Change
	text string
}

// hunk is a run of edits with its context.
type hunk struct {
	oldStart, oldCount int
	newStart, newCount int
	edits              []edit
}

// indent is the white space that all lines of the hunk begin with.
func (h hunk) indent() string {
	shortest, found := "", false
	for _, e := range h.edits {
		lead := e.text[:len(e.text)-len(strings.TrimLeft(e.text, " "))]
		if !found || len(lead) < len(shortest) {
			shortest, found = lead, true
		}
	}
	return shortest
}

// maxLineDiff bounds the work of the line diff: above it the texts are shown
// as removed and added whole.
const maxLineDiff = 4_000

// lineEdits is the shortest script of insertions and deletions (E. Myers, "An
// O(ND) Difference Algorithm and Its Variations", 1986). Deletions come
// before insertions.
func lineEdits(a, b []string) []edit {
	if len(a)+len(b) > maxLineDiff {
		var out []edit
		for _, line := range a {
			out = append(out, edit{Removed, line})
		}
		for _, line := range b {
			out = append(out, edit{Added, line})
		}
		return out
	}
	limit := len(a) + len(b)
	furthest := make([]int, 2*limit+2)
	var trace [][]int
	for d := 0; d <= limit; d++ {
		trace = append(trace, append([]int(nil), furthest...))
		for k := -d; k <= d; k += 2 {
			x := 0
			if k == -d || k != d && furthest[limit+k-1] < furthest[limit+k+1] {
				x = furthest[limit+k+1]
			} else {
				x = furthest[limit+k-1] + 1
			}
			y := x - k
			for x < len(a) && y < len(b) && a[x] == b[y] {
				x, y = x+1, y+1
			}
			furthest[limit+k] = x
			if x >= len(a) && y >= len(b) {
				return backtrack(a, b, trace, d, limit)
			}
		}
	}
	return nil
}

func backtrack(a, b []string, trace [][]int, d, limit int) []edit {
	var reversed []edit
	x, y := len(a), len(b)
	for ; d >= 0; d-- {
		v := trace[d]
		k := x - y
		previous := k - 1
		if k == -d || k != d && v[limit+k-1] < v[limit+k+1] {
			previous = k + 1
		}
		fromX := v[limit+previous]
		fromY := fromX - previous
		if d == 0 {
			fromX, fromY = 0, 0
		}
		for x > fromX && y > fromY {
			x, y = x-1, y-1
			reversed = append(reversed, edit{Updated, a[x]})
		}
		if d == 0 {
			break
		}
		if x == fromX {
			y--
			reversed = append(reversed, edit{Added, b[y]})
		} else {
			x--
			reversed = append(reversed, edit{Removed, a[x]})
		}
	}
	out := make([]edit, 0, len(reversed))
	for i := len(reversed) - 1; i >= 0; i-- {
		out = append(out, reversed[i])
	}
	return deletionsFirst(out)
}

// deletionsFirst puts the deletions of each run of changes before its
// insertions.
func deletionsFirst(edits []edit) []edit {
	out := make([]edit, 0, len(edits))
	for i := 0; i < len(edits); {
		if edits[i].kind == Updated {
			out = append(out, edits[i])
			i++
			continue
		}
		j := i
		for j < len(edits) && edits[j].kind != Updated {
			j++
		}
		for _, kind := range []Change{Removed, Added} {
			for _, e := range edits[i:j] {
				if e.kind == kind {
					out = append(out, e)
				}
			}
		}
		i = j
	}
	return out
}

// hunksOf groups the edits with their context; changes that are closer than
// twice the context share a hunk.
func hunksOf(a, b []string) []hunk {
	edits := lineEdits(a, b)
	var hunks []hunk
	oldLine, newLine := 1, 1
	lastChange := -1
	var current *hunk
	for i, e := range edits {
		if e.kind != Updated {
			if current == nil || i-lastChange > 2*contextLines+1 {
				start := max(0, i-contextLines)
				if current != nil {
					current.close(edits, lastChange)
					hunks = append(hunks, *current)
					start = max(start, lastChange+1+contextLines)
				}
				back := i - start
				current = &hunk{oldStart: oldLine - back, newStart: newLine - back}
				current.edits = append(current.edits, edits[start:i]...)
			} else {
				current.edits = append(current.edits, edits[lastChange+1:i]...)
			}
			current.edits = append(current.edits, e)
			lastChange = i
		}
		if e.kind != Added {
			oldLine++
		}
		if e.kind != Removed {
			newLine++
		}
	}
	if current != nil {
		current.close(edits, lastChange)
		hunks = append(hunks, *current)
	}
	return hunks
}

// close adds the context after the last change and counts the lines.
func (h *hunk) close(edits []edit, lastChange int) {
	end := min(len(edits), lastChange+1+contextLines)
	h.edits = append(h.edits, edits[lastChange+1:end]...)
	for _, e := range h.edits {
		if e.kind != Added {
			h.oldCount++
		}
		if e.kind != Removed {
			h.newCount++
		}
	}
}
