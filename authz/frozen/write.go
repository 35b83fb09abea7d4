package frozen

import (
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz"
)

// mostShared is how much of a word may be left out since the word before has it: so a file of n bytes
// holds no more than mostShared·n bytes of words.
const mostShared = 127

// The flags of a tuple.
const (
	hasRelation  = 1 << iota // of its subject
	hasCondition             // with parameters
	hasExpires
	hasCreated
	allFlags = 1<<iota - 1
)

// The tags of values. A number that is whole and small is a varint.
const (
	tagNull = iota
	tagFalse
	tagTrue
	tagWhole
	tagFloat
	tagText
	tagList
	tagObject
)

// maxWhole is the largest number of which every whole one below is a float64.
const maxWhole = 1 << 53

type writer struct {
	out      []byte
	words    map[string]uint64
	entities map[authz.Entity]uint64
}

// Write gives the file of a state.
func Write(s State) ([]byte, error) {
	if len(s.Source.Text) > MaxSize {
		return nil, writ.Errorf(writ.CodeTooLarge, "the model has %d bytes, and a snapshot holds %d at most", len(s.Source.Text), MaxSize)
	}
	var tuples []authz.Tuple
	s.Snapshot.Tuples(authz.TupleFilter{}, func(t authz.Tuple) bool {
		tuples = append(tuples, t)
		return true
	})
	var records []authz.Record
	for _, kind := range s.Snapshot.Model().Types {
		s.Snapshot.Records(kind.Name, "", func(r authz.Record) bool {
			records = append(records, r)
			return true
		})
	}
	w := &writer{out: []byte(magic)}
	w.number(s.Revision)
	w.time(s.Time)
	w.text(s.Source.Format)
	w.text(s.Source.Text)
	w.collect(tuples, records)
	w.writeTuples(tuples)
	w.writeRecords(records)
	if len(w.out) > MaxSize {
		return nil, writ.Errorf(writ.CodeTooLarge, "the snapshot has %d bytes, more than the %d that are read", len(w.out), MaxSize)
	}
	return w.out, nil
}

func (w *writer) number(n uint64) { w.out = binary.AppendUvarint(w.out, n) }
func (w *writer) signed(n int64)  { w.out = binary.AppendVarint(w.out, n) }

func (w *writer) text(s string) {
	w.number(uint64(len(s)))
	w.out = append(w.out, s...)
}

// time writes microseconds; the zero time, which is none, is 0.
func (w *writer) time(t time.Time) {
	if t.IsZero() {
		w.signed(0)
		return
	}
	w.signed(t.UnixMicro())
}

// collect writes the words and entities that the facts are made of.
func (w *writer) collect(tuples []authz.Tuple, records []authz.Record) {
	words, entities := map[string]uint64{}, map[authz.Entity]uint64{}
	name := func(e authz.Entity) {
		entities[e], words[e.Type], words[e.ID] = 0, 0, 0
	}
	for i := range tuples {
		t := &tuples[i]
		name(t.Object)
		name(t.Subject.Entity)
		words[t.Relation], words[t.Subject.Relation], words[t.Condition] = 0, 0, 0
		wordsOf(words, t.Params)
	}
	for i := range records {
		r := &records[i]
		name(r.Entity)
		words[r.Tenant] = 0
		wordsOf(words, r.Attributes)
		for k, v := range r.Profile {
			words[k], words[v] = 0, 0
		}
	}
	delete(words, "") // is word 0 without being written
	w.words, w.entities = words, entities
	w.writeWords(slices.Sorted(maps.Keys(words)))
	w.writeEntities(slices.SortedFunc(maps.Keys(entities), compareEntities))
}

func compareEntities(a, b authz.Entity) int {
	if c := strings.Compare(a.Type, b.Type); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}

func wordsOf(words map[string]uint64, v any) {
	switch v := v.(type) {
	case string:
		words[v] = 0
	case []any:
		for _, x := range v {
			wordsOf(words, x)
		}
	case map[string]any:
		for k, x := range v {
			words[k] = 0
			wordsOf(words, x)
		}
	}
}

func (w *writer) writeWords(list []string) {
	w.number(uint64(len(list)))
	last := ""
	for i, s := range list {
		shared := 0
		for shared < min(len(s), len(last), mostShared) && s[shared] == last[shared] {
			shared++
		}
		w.number(uint64(shared))
		w.text(s[shared:])
		w.words[s] = uint64(i + 1)
		last = s
	}
}

func (w *writer) writeEntities(list []authz.Entity) {
	w.number(uint64(len(list)))
	for i := 0; i < len(list); {
		n := i
		for n < len(list) && list[n].Type == list[i].Type {
			n++
		}
		w.number(w.words[list[i].Type])
		w.number(uint64(n - i))
		last := uint64(0)
		for ; i < n; i++ {
			word := w.words[list[i].ID]
			w.number(word - last)
			last = word
			w.entities[list[i]] = uint64(i)
		}
	}
}

// writeTuples orders by numbers, which are in the order of the texts.
func (w *writer) writeTuples(tuples []authz.Tuple) {
	slices.SortFunc(tuples, func(a, b authz.Tuple) int {
		if c := compareEntities(a.Object, b.Object); c != 0 {
			return c
		}
		if c := strings.Compare(a.Relation, b.Relation); c != 0 {
			return c
		}
		if c := compareEntities(a.Subject.Entity, b.Subject.Entity); c != 0 {
			return c
		}
		return strings.Compare(a.Subject.Relation, b.Subject.Relation)
	})
	w.number(uint64(len(tuples)))
	var last uint64
	var created int64
	for i := range tuples {
		t := &tuples[i]
		object := w.entities[t.Object]
		w.number(object - last)
		last = object
		w.number(w.words[t.Relation])
		w.number(w.entities[t.Subject.Entity])
		var flags uint64
		for flag, is := range map[uint64]bool{
			hasRelation: t.Subject.Relation != "", hasCondition: t.Condition != "",
			hasExpires: !t.Expires.IsZero(), hasCreated: !t.Created.IsZero(),
		} {
			if is {
				flags |= flag
			}
		}
		w.number(flags)
		if flags&hasRelation != 0 {
			w.number(w.words[t.Subject.Relation])
		}
		if flags&hasCondition != 0 {
			w.number(w.words[t.Condition])
			w.object(t.Params)
		}
		if flags&hasExpires != 0 {
			w.signed(t.Expires.UnixMicro())
		}
		if flags&hasCreated != 0 {
			w.signed(t.Created.Unix() - created)
			created = t.Created.Unix()
		}
	}
}

func (w *writer) writeRecords(records []authz.Record) {
	slices.SortFunc(records, func(a, b authz.Record) int { return compareEntities(a.Entity, b.Entity) })
	w.number(uint64(len(records)))
	var last uint64
	for i := range records {
		r := &records[i]
		entity := w.entities[r.Entity]
		w.number(entity - last)
		last = entity
		w.number(w.words[r.Tenant])
		w.object(r.Attributes)
		w.number(uint64(len(r.Profile)))
		for _, k := range slices.Sorted(maps.Keys(r.Profile)) {
			w.number(w.words[k])
			w.number(w.words[r.Profile[k]])
		}
		w.time(r.Created)
		w.time(r.Updated)
	}
}

func (w *writer) object(m map[string]any) {
	w.number(uint64(len(m)))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		w.number(w.words[k])
		w.value(m[k])
	}
}

func (w *writer) value(v any) {
	switch v := v.(type) {
	case bool:
		if v {
			w.out = append(w.out, tagTrue)
		} else {
			w.out = append(w.out, tagFalse)
		}
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < maxWhole && !(v == 0 && math.Signbit(v)) {
			w.out = append(w.out, tagWhole)
			w.signed(int64(v))
			return
		}
		w.out = binary.LittleEndian.AppendUint64(append(w.out, tagFloat), math.Float64bits(v))
	case string:
		w.out = append(w.out, tagText)
		w.number(w.words[v])
	case []any:
		w.out = append(w.out, tagList)
		w.number(uint64(len(v)))
		for _, x := range v {
			w.value(x)
		}
	case map[string]any:
		w.out = append(w.out, tagObject)
		w.object(v)
	default: // a snapshot holds values of JSON alone
		w.out = append(w.out, tagNull)
	}
}
