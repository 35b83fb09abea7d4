package frozen

import (
	"encoding/binary"
	"math"
	"slices"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/environment"
)

// maxNest is how deep values nest at most; the engine's own bound is lower.
const maxNest = 64

// reader stands at one place of a file. The first error ends reading: after it, numbers are 0.
type reader struct {
	file     []byte
	at       int
	words    []string // words[0] is the empty one
	entities []authz.Entity
	err      error
}

// Read reads a file and makes it ready to answer. parse reads the model, as in [environment.Config]. The error
// of a file that no Write has made, or whose facts do not fit its model, is a CodeInvalid one.
func Read(file []byte, parse func(authz.Source) (environment.Document, error)) (State, error) {
	if len(file) > MaxSize {
		return State{}, writ.Errorf(writ.CodeTooLarge, "the snapshot has %d bytes, more than the %d that are read", len(file), MaxSize)
	}
	if len(file) < len(magic) || string(file[:len(magic)]) != magic {
		return State{}, writ.Errorf(writ.CodeInvalid, "this is no snapshot of a policy, or one of another version").
			WithHint("`writ policy export` makes one; it begins with the line %q", magic[:len(magic)-1])
	}
	r := &reader{file: file, at: len(magic)}
	s := State{Revision: r.number(), Time: r.time()}
	s.Source = authz.Source{Format: r.text(), Text: r.text()}
	if r.err != nil {
		return State{}, r.err
	}
	document, err := parse(s.Source)
	if err != nil {
		return State{}, err
	}
	model, err := document.Model()
	if err != nil {
		return State{}, err
	}
	empty, err := authz.New(model)
	if err != nil {
		return State{}, err
	}
	edit := empty.Edit()
	r.readWords()
	r.readEntities()
	r.readTuples(edit)
	r.readRecords(edit)
	if r.err == nil && r.at != len(r.file) {
		r.fail("%d bytes follow its end", len(r.file)-r.at)
	}
	if r.err != nil {
		return State{}, r.err
	}
	s.Snapshot, s.Document = edit.Done(), document
	return s, nil
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = invalid(r.at, format, args...)
	}
}

func (r *reader) number() uint64 {
	if r.err != nil {
		return 0
	}
	n, size := binary.Uvarint(r.file[r.at:])
	if size <= 0 || size > 1 && r.file[r.at+size-1] == 0 { // cut off, too large, or longer than it need be
		r.fail("a number is broken")
		return 0
	}
	r.at += size
	return n
}

func (r *reader) signed() int64 {
	n := r.number()
	return int64(n>>1) ^ -int64(n&1) // zigzag, as binary.AppendVarint writes it
}

// count reads how many things follow, of which each takes a byte at least.
func (r *reader) count() int {
	n := r.number()
	if n > uint64(len(r.file)-r.at) {
		r.fail("%d things cannot be in the %d bytes that are left", n, len(r.file)-r.at)
		return 0
	}
	return int(n)
}

func (r *reader) text() string { return string(r.bytes()) }

func (r *reader) bytes() []byte {
	n := r.count()
	b := r.file[r.at : r.at+n]
	r.at += n
	return b
}

// maxTime keeps times in the years that RFC 3339 can write.
const maxTime = 253402300799 * 1e6

// time reads a time, of which 0 means that there is none.
func (r *reader) time() time.Time {
	n := r.signed()
	if n == 0 {
		return time.Time{}
	}
	return r.moment(n)
}

func (r *reader) moment(n int64) time.Time {
	if n <= -62135596800*1e6 || n > maxTime {
		r.fail("a time is in no year that can be written")
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// A file says how much it holds before it shows it. Room is made as that comes, not at its word.
const (
	firstRoom = 1 << 12
	leastWord = 3 // what it shares, its length, and a byte: no two words are the same
)

// room makes room for one thing more of n.
func room[T any](list []T, n int) []T {
	if len(list) < cap(list) {
		return list
	}
	return slices.Grow(list, max(1, min(len(list), n-len(list))))
}

// readWords puts all words into one text, of which each is a part.
func (r *reader) readWords() {
	n := r.count()
	if n > (len(r.file)-r.at)/leastWord {
		r.fail("%d words cannot be in the %d bytes that are left", n, len(r.file)-r.at)
		return
	}
	r.words = make([]string, 1, min(n, firstRoom)+1)
	last := ""
	for range n {
		shared := r.number()
		rest := r.bytes()
		if shared > min(uint64(len(last)), mostShared) {
			r.fail("a word shares %d bytes with one of %d", shared, len(last))
		}
		if r.err != nil {
			return
		}
		word := last[:shared] + string(rest)
		if word <= last {
			r.fail("the words are not in order")
			return
		}
		r.words = append(room(r.words, n+1), word)
		last = word
	}
}

func (r *reader) word() string {
	n := r.number()
	if n >= uint64(len(r.words)) {
		r.fail("there is no word %d", n)
		return ""
	}
	return r.words[n]
}

func (r *reader) readEntities() {
	n := r.count()
	r.entities = make([]authz.Entity, 0, min(n, firstRoom))
	lastKind := ""
	for len(r.entities) < n && r.err == nil {
		kind, many := r.word(), r.count()
		if r.err == nil && (kind <= lastKind || many == 0 || many > n-len(r.entities)) {
			r.fail("the types of the entities are not in order, or not as many as there ought to be")
		}
		lastKind = kind
		id := uint64(0)
		for i := 0; i < many && r.err == nil; i++ {
			step := r.number()
			if step == 0 || step > uint64(len(r.words)) || id+step >= uint64(len(r.words)) {
				r.fail("the entities are not in order")
				return
			}
			id += step
			r.entities = append(room(r.entities, n), authz.Entity{Type: kind, ID: r.words[id]})
		}
	}
}

// entity gives an entity by its number, that of the last one and a distance.
func (r *reader) entity(from uint64) (authz.Entity, uint64) {
	n := r.number()
	if n >= uint64(len(r.entities)) || from+n >= uint64(len(r.entities)) {
		r.fail("there is no entity %d", n)
		return authz.Entity{}, 0
	}
	return r.entities[from+n], from + n
}

func (r *reader) readTuples(edit *authz.Edit) {
	n := r.count()
	object, created := uint64(0), int64(0)
	for i := 0; i < n && r.err == nil; i++ {
		var t authz.Tuple
		t.Object, object = r.entity(object)
		t.Relation = r.word()
		t.Subject.Entity, _ = r.entity(0)
		flags := r.number()
		if flags > allFlags {
			r.fail("a tuple has flags that this version does not know")
		}
		if flags&hasRelation != 0 {
			t.Subject.Relation = r.word()
		}
		if flags&hasCondition != 0 {
			t.Condition, t.Params = r.word(), r.object(0)
		}
		if flags&hasExpires != 0 {
			t.Expires = r.moment(r.signed()) // 1970 is no less an end than others
		}
		if flags&hasCreated != 0 {
			created += r.signed()
			if created <= 0 || created > math.MaxUint32 {
				r.fail("a tuple was made at no time that is kept")
			}
			t.Created = time.Unix(created, 0).UTC()
		}
		if r.err == nil {
			r.keep(edit.Put(authz.Change{Tuple: &authz.Step[authz.Tuple]{After: &t}}))
		}
	}
}

func (r *reader) readRecords(edit *authz.Edit) {
	n := r.count()
	entity := uint64(0)
	for i := 0; i < n && r.err == nil; i++ {
		var one authz.Record
		one.Entity, entity = r.entity(entity)
		one.Tenant, one.Attributes = r.word(), r.object(0)
		for range r.count() {
			if one.Profile == nil {
				one.Profile = map[string]string{}
			}
			k := r.word()
			one.Profile[k] = r.word()
		}
		one.Created, one.Updated = r.time(), r.time()
		if r.err == nil {
			r.keep(edit.Put(authz.Change{Record: &authz.Step[authz.Record]{After: &one}}))
		}
	}
}

// keep makes an error of a fact that of reading.
func (r *reader) keep(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) object(depth int) map[string]any {
	n := r.count()
	if n == 0 && depth == 0 {
		return nil
	}
	m := make(map[string]any, min(n, 64))
	for i := 0; i < n && r.err == nil; i++ {
		k := r.word()
		m[k] = r.value(depth + 1)
	}
	return m
}

func (r *reader) value(depth int) any {
	if r.err != nil {
		return nil
	}
	if depth > maxNest || r.at >= len(r.file) {
		r.fail("a value is nested too deep, or missing")
		return nil
	}
	tag := r.file[r.at]
	r.at++
	switch tag {
	case tagNull:
		return nil
	case tagFalse, tagTrue:
		return tag == tagTrue
	case tagWhole:
		n := r.signed()
		if n <= -maxWhole || n >= maxWhole {
			r.fail("a whole number is too large")
		}
		return float64(n)
	case tagFloat:
		if len(r.file)-r.at < 8 {
			r.fail("a number is cut off")
			return nil
		}
		bits := binary.LittleEndian.Uint64(r.file[r.at:])
		r.at += 8
		return math.Float64frombits(bits)
	case tagText:
		return r.word()
	case tagList:
		n := r.count()
		list := make([]any, 0, min(n, 1024))
		for i := 0; i < n && r.err == nil; i++ {
			list = append(list, r.value(depth+1))
		}
		return list
	case tagObject:
		return r.object(depth + 1)
	}
	r.fail("there is no kind %d of values", tag)
	return nil
}
