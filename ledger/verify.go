package ledger

import (
	"encoding/json"
	"iter"

	"github.com/writ-dev/writ"
)

// Verify checks entries that follow from, and gives the head that they lead to. The
// first that does not fit is named in a CodeInvalid error: one that was altered, that is missing, or
// that stands in another's place. An error of the stream ends it too.
//
// That entries are missing at the end only a head that was kept elsewhere can
// tell: compare it with the one given back.
func Verify(from Head, entries iter.Seq2[Entry, error]) (Head, error) {
	for e, err := range entries {
		if err != nil {
			return from, err
		}
		next, err := from.Next(&e)
		if err != nil {
			return from, err
		}
		from = next
	}
	return from, nil
}

// Next checks that e is whole and follows h, and gives the head that it makes.
func (h Head) Next(e *Entry) (Head, error) {
	switch {
	case e.Seq > h.Seq+1:
		return h, broken("entry %d is missing: after entry %d comes entry %d", h.Seq+1, h.Seq, e.Seq)
	case e.Seq <= h.Seq:
		return h, broken("entry %d stands out of order: it comes after entry %d", e.Seq, h.Seq)
	case !e.intact():
		return h, broken("entry %d was altered: its content does not have its hash", e.Seq)
	case e.Prev != h.Hash:
		return h, broken("entry %d does not follow the entry before it: one of the two was replaced", e.Seq)
	}
	return e.Head(), nil
}

func broken(format string, args ...any) error {
	return writ.Errorf(writ.CodeInvalid, "the ledger is broken: "+format, args...)
}

// intact reports whether the entry's content has its hash. Content that [Seal]
// would not have left as it is has none.
func (e *Entry) intact() bool {
	if e.Time.Nanosecond()%1000 != 0 {
		return false
	}
	var properties []byte
	if len(e.Actor.Properties) > 0 {
		var err error
		if properties, err = json.Marshal(e.Actor.Properties); err != nil {
			return false
		}
	}
	return sum(e, properties) == e.Hash
}
