package observe

import (
	"strings"
	"sync"
	"time"
)

// Record is what was observed. The zero value is an empty one.
type Record struct {
	// Since is when recording first began, Until when something was last kept.
	Since, Until time.Time
	// Watched is how long recording was on, in all runs together.
	Watched time.Duration
	// Dropped counts calls that found no place within the limits.
	Dropped int64
	Rows    []Observation
}

// Of gives the rows of one role.
func (r *Record) Of(role string) []Observation {
	var rows []Observation
	for _, o := range r.Rows {
		if o.Role == role {
			rows = append(rows, o)
		}
	}
	return rows
}

// Limits bound a record. A caller's first Rows different calls are kept as they
// are. Of further ones the resource is cut to a prefix, in Rows/4 rows more; of
// those that still find no place the action alone is kept, again in Rows/4
// rows; the rest is counted.
type Limits struct {
	// Rows is per role or principal.
	Rows int
	// All is of all callers together.
	All int
}

// DefaultLimits keep a record under about 10 MB.
var DefaultLimits = Limits{Rows: 1000, All: 20_000}

// Recorder counts observations. It may be used from many goroutines.
type Recorder struct {
	limits Limits

	mu      sync.Mutex
	record  Record
	rows    map[key]*Observation
	kept    map[string]*[3]int // rows of a caller, by how exact they are
	changed bool
}

// NewRecorder goes on with a record, or begins one when it is nil. now is the
// time at which it begins.
func NewRecorder(r *Record, limits Limits, now time.Time) *Recorder {
	c := &Recorder{limits: limits, rows: map[key]*Observation{}, kept: map[string]*[3]int{}, changed: true}
	if r != nil {
		c.record = Record{Since: r.Since, Until: r.Until, Watched: r.Watched, Dropped: r.Dropped}
		for i := range r.Rows {
			c.note(&r.Rows[i])
		}
	}
	if c.record.Since.IsZero() {
		c.record.Since = now
	}
	return c
}

// Note counts o.Count calls. A call that is known already costs one look-up and
// no memory.
func (c *Recorder) Note(o Observation) {
	o.withoutMinted()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changed = true
	c.note(&o)
}

// maxResource is the longest resource that is kept, in bytes: longer ones are
// no names of AWS's. A line of the file holds it several times over.
const maxResource = 2048

func (c *Recorder) note(o *Observation) {
	if row := c.rows[o.key()]; row != nil {
		row.add(o)
		return
	}
	for extent := rank(o.Extent); extent < len(extents); extent++ {
		wider := *o
		if extent > rank(o.Extent) {
			wider.Extent, wider.Resource = extents[extent], widen(o.Resource, extents[extent])
		}
		if len(wider.Resource) > maxResource || wider.Resource == "" && wider.Extent != ExtentAny {
			continue // nothing that could be read back
		}
		if row := c.rows[wider.key()]; row != nil {
			row.add(o)
			return
		}
		if c.room(o.who(), extent) {
			kept := wider
			c.rows[kept.key()] = &kept
			c.kept[o.who()][extent]++
			return
		}
	}
	c.record.Dropped += o.Count
}

// extents go from the exact to the wide.
var extents = [3]Extent{ExtentExact, ExtentPrefix, ExtentAny}

func rank(e Extent) int {
	switch e {
	case ExtentExact, ExtentMinted:
		return 0
	case ExtentPrefix:
		return 1
	}
	return 2
}

// room reports whether a caller may have one row more.
func (c *Recorder) room(who string, extent int) bool {
	n := c.kept[who]
	if n == nil {
		if len(c.rows) >= c.limits.All {
			return false
		}
		n = new([3]int)
		c.kept[who] = n
	}
	most := c.limits.Rows
	if extent > 0 {
		most = max(most/4, 1)
	}
	return n[extent] < most && len(c.rows) < c.limits.All
}

// widen gives the prefix that a resource is kept under: a bucket's objects, a
// table's indexes, else all of one type.
func widen(resource string, to Extent) string {
	if to == ExtentExact {
		return resource
	}
	parts := strings.SplitN(resource, ":", 6)
	if to == ExtentAny || len(parts) < 6 {
		return ""
	}
	rest, from := parts[5], 0
	if parts[2] != "s3" { // a bucket's ARN has no word for its type
		from = strings.IndexAny(rest, ":/") + 1
	}
	end := from
	if next := strings.IndexAny(rest[from:], ":/"); next >= 0 {
		end += next + 1
	}
	return resource[:len(resource)-len(rest)+end] + "*"
}

// Changed reports whether something was noted since the last Snapshot.
func (c *Recorder) Changed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changed
}

// Keep makes Changed true: the last snapshot was lost.
func (c *Recorder) Keep() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changed = true
}

// Snapshot gives a copy of the record as it stands at now. watched is how long
// recording was on since the last snapshot.
func (c *Recorder) Snapshot(now time.Time, watched time.Duration) *Record {
	c.mu.Lock()
	c.changed = false
	c.record.Until = now
	c.record.Watched += watched
	out := c.record
	out.Rows = make([]Observation, 0, len(c.rows))
	for _, row := range c.rows {
		out.Rows = append(out.Rows, *row)
	}
	c.mu.Unlock()
	sortRows(out.Rows)
	return &out
}
