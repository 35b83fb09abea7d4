package authz

import (
	"container/heap"
	"slices"

	"github.com/writ-dev/writ/authz/internal/graph"
)

// TupleFilter says which tuples are asked for; empty fields match all.
type TupleFilter struct {
	Object   Entity // ID may be empty
	Relation string
	Subject  Holder // ID may be empty
	// Tenant keeps tuples on that tenant and on resources of that tenant.
	Tenant string
}

// TupleList asks for a part of the stored tuples, in the order of their text. Its time is one pass over what the filter
// leaves, its memory a few bytes for each of From+Limit tuples and what the page itself takes.
type TupleList struct {
	TupleFilter
	// Keep is asked of each that the filter lets through; nil keeps all. What it is given lacks Params and Created.
	Keep func(Tuple) bool
	// After is the text that all tuples of the page come after; empty for the first page.
	After string
	// From is how many tuples past After are left out, Limit how many are given: 0 is 1,000.
	From, Limit int
	// Count asks for Total.
	Count bool
	// Stop is asked now and then, and ends the listing with a CodeCancelled error; nil: never.
	Stop func() error
}

// TuplePage is a part of a list of tuples, which are the caller's own copies.
type TuplePage struct {
	Tuples []Tuple
	// Next is what After must be for the next page; empty on the last.
	Next string
	// Total is how many there are past After, if they were to be counted.
	Total int
}

// TuplePage gives the part of the stored tuples that is asked for.
func (s *Snapshot) TuplePage(l *TupleList) (TuplePage, error) {
	limit := l.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	first := firstTuples{s: s, most: max(l.From, 0) + limit + 1}
	total := 0
	after := tupleText{l.After}
	run := tupleRun{s: s, filter: &l.TupleFilter, stop: l.Stop}
	if !l.Count || l.After != "" {
		run.skip = func(object *tupleText) bool {
			return l.After != "" && object.begins(l.After) < 0 || !l.Count && first.full() && compareText(object, &first.last) > 0
		}
	}
	err := run.each(func(n tupleNumbers, x *graph.Extra) bool {
		text := s.text(n)
		if l.After != "" && compareText(&text, &after) <= 0 {
			return true
		}
		if !l.Count && first.full() && compareText(&text, &first.last) >= 0 {
			return true
		}
		if l.Keep != nil && !l.Keep(s.named(n, x)) {
			return true
		}
		total++
		first.add(n, &text)
		return true
	})
	if err != nil {
		return TuplePage{}, err
	}
	page := TuplePage{}
	if l.Count {
		page.Total = total
	}
	found := first.since(max(l.From, 0))
	if len(found) == 0 {
		return page, nil
	}
	more := len(found) > limit
	found = found[:min(len(found), limit)]
	page.Tuples = make([]Tuple, len(found))
	for i, n := range found {
		page.Tuples[i] = s.found(n)
	}
	if more {
		page.Next = page.Tuples[limit-1].String()
	}
	return page, nil
}

// Tuples runs over stored tuples in the order of their text until f gives false.
// With an object or a subject named it looks at theirs only.
func (s *Snapshot) Tuples(filter TupleFilter, f func(Tuple) bool) {
	if filter.Object.ID != "" && filter.Object.Type != "" || filter.Subject.ID != "" && filter.Subject.Type != "" {
		s.ordered(&filter, f)
		return
	}
	objects := s.objects(filter.Object)
	for o := range objects.inOrder {
		filter.Object = entityOf(s.facts, o.id)
		if !s.ordered(&filter, f) {
			return
		}
	}
}

// ordered gives the tuples of one object or subject.
func (s *Snapshot) ordered(filter *TupleFilter, f func(Tuple) bool) bool {
	all := firstTuples{s: s, most: int(^uint(0) >> 1)}
	run := tupleRun{s: s, filter: filter}
	_ = run.each(func(n tupleNumbers, _ *graph.Extra) bool { // it has nothing to stop it
		all.list = append(all.list, n)
		return true
	})
	for _, n := range all.inOrder() {
		if !f(s.found(n)) {
			return false
		}
	}
	return true
}

// EachTuple is Tuples in no order that may be relied upon: it keeps nothing, and looks at no more than it must. What f is
// given lacks Params and Created. stop, which may be nil, ends it as that of a [TupleList] does.
func (s *Snapshot) EachTuple(filter TupleFilter, stop func() error, f func(Tuple) bool) error {
	run := tupleRun{s: s, filter: &filter, stop: stop}
	return run.each(func(n tupleNumbers, x *graph.Extra) bool { return f(s.named(n, x)) })
}

// objects gives the entities that have tuples, of one type or one ID where these are named, with what the texts of the
// tuples begin with.
func (s *Snapshot) objects(only Entity) byText {
	var all byText
	for name, k := range s.c.types {
		if only.Type != "" && only.Type != name {
			continue
		}
		s.facts.Each(k.number, func(id graph.ID) bool {
			_, key := s.facts.Name(id)
			if n, _ := s.facts.Degree(id); n > 0 && (only.ID == "" || only.ID == key) {
				all = append(all, numbered{name + ":" + key + "#", id})
			}
			return true
		})
	}
	return all
}

// firstTuples keeps the tuples whose texts come first. Once it is full it is a heap with the last on top.
type firstTuples struct {
	s    *Snapshot
	most int
	list []tupleNumbers
	// last is the text of the top, when it is full.
	last tupleText
}

func (f *firstTuples) full() bool { return len(f.list) >= f.most }

func (f *firstTuples) add(n tupleNumbers, text *tupleText) {
	switch {
	case !f.full():
		if f.list = append(f.list, n); !f.full() {
			return
		}
		heap.Init(f)
	case compareText(text, &f.last) < 0:
		f.list[0] = n
		heap.Fix(f, 0)
	default:
		return
	}
	f.last = f.s.text(f.list[0])
}

func (f *firstTuples) inOrder() []tupleNumbers {
	slices.SortFunc(f.list, func(a, b tupleNumbers) int { return f.s.compare(a, b) })
	return f.list
}

// since gives those after the first from, in order, without the others in theirs.
func (f *firstTuples) since(from int) []tupleNumbers {
	if from >= len(f.list) {
		return nil
	}
	if !f.full() {
		heap.Init(f)
	}
	whole := f.list
	for len(f.list) > from { // the last of all goes to the end of whole, and so on
		f.Swap(0, len(f.list)-1)
		if f.list = f.list[:len(f.list)-1]; len(f.list) > 0 {
			heap.Fix(f, 0)
		}
	}
	return whole[from:]
}

// Len, Less, Swap, Push and Pop implement [heap.Interface].
func (f *firstTuples) Len() int           { return len(f.list) }
func (f *firstTuples) Less(i, j int) bool { return f.s.compare(f.list[i], f.list[j]) > 0 }
func (f *firstTuples) Swap(i, j int)      { f.list[i], f.list[j] = f.list[j], f.list[i] }
func (f *firstTuples) Push(any)           {} // it is never told to
func (f *firstTuples) Pop() any           { return nil }
