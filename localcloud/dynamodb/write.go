package dynamodb

import (
	"bytes"
	"encoding/binary"

	"github.com/writ-dev/writ/localcloud/dynamodb/expr"
	"github.com/writ-dev/writ/localcloud/dynamodb/item"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// matcher is a condition, in either language.
type matcher interface {
	Matches(item.Getter) bool
	Paths() []expr.Path
}

// updater is an update, in either language.
type updater interface {
	Apply(item.Item) error
	Paths() []expr.Path
	Reads() []expr.Path
	SetType(name string) item.Type
}

// write is one change of one item: a put, an update, a delete or only a check
// of the condition.
type write struct {
	table     *table
	key       []byte
	condition matcher
	// returnOld puts the item into the error of a failed condition.
	returnOld bool
	put       item.Raw
	update    updater
	updateKey item.Item // of the item that an update may have to make
	delete    bool

	old, new item.Raw // set by plan; valid until the transaction ends
}

// conditionFailed is a condition that was not met; item is nil unless it was asked for.
type conditionFailed struct{ item item.Raw }

func (conditionFailed) Error() string { return "The conditional request failed" }

func (e conditionFailed) api() *gate.Error {
	out := gate.Errorf("ConditionalCheckFailedException", "The conditional request failed")
	if e.item != nil {
		out.Fields = map[string]any{"Item": e.item}
	}
	return out
}

// emptyItem is what conditions see when there is no item.
var emptyItem = item.Item{}

// plan reads the item and works out what becomes of it, changing nothing.
func (w *write) plan(tx *store.Tx) error {
	b, err := tx.Bucket(itemsBucket(w.table.Name)...)
	if err != nil {
		return err
	}
	w.old, w.new = nil, nil
	if data := b.Get(w.key); data != nil {
		w.old = item.Raw(data)
	}
	if w.condition != nil {
		var it item.Getter = emptyItem
		if w.old != nil {
			it = w.old
		}
		if !w.condition.Matches(it) {
			failed := conditionFailed{}
			if w.returnOld && w.old != nil {
				failed.item = bytes.Clone(w.old)
			}
			return failed
		}
	}
	switch {
	case w.put != nil:
		w.new = w.put
	case w.update != nil:
		w.new, err = w.updated()
	case !w.delete:
		w.new = w.old
	}
	return err
}

// updated gives the item after the update.
func (w *write) updated() (item.Raw, error) {
	it := w.updateKey.Clone()
	if w.old != nil {
		var err error
		if it, err = w.old.Item(); err != nil {
			return nil, err
		}
	}
	if err := w.update.Apply(it); err != nil {
		return nil, err
	}
	if err := w.table.checkIndexKeys(it, w.update.SetType); err != nil {
		return nil, err
	}
	if err := it.Check(); err != nil {
		return nil, err
	}
	raw := it.Raw()
	if raw.Size() > maxItemSize {
		return nil, item.Error("Item size to update has exceeded the maximum allowed size")
	}
	return raw, nil
}

// apply makes the planned change, in the table and all its indexes.
func (w *write) apply(tx *store.Tx) error {
	if !w.delete && w.put == nil && w.update == nil {
		return nil
	}
	b, err := tx.Bucket(itemsBucket(w.table.Name)...)
	if err != nil {
		return err
	}
	for _, x := range w.table.indexes {
		if err := w.moveEntry(tx, indexBucket(w.table.Name, x.IndexName), w.entry(x, w.old), w.entry(x, w.new)); err != nil {
			return err
		}
	}
	if w.table.TTL != "" {
		if err := w.moveEntry(tx, ttlBucket(w.table.Name), w.expiry(w.old), w.expiry(w.new)); err != nil {
			return err
		}
	}
	w.table.stats.writes.Add(1)
	switch {
	case w.new != nil:
		return b.Put(w.key, w.new)
	case w.old != nil:
		return b.Delete(w.key)
	}
	return nil
}

func (w *write) entry(x *index, it item.Raw) []byte {
	if it == nil {
		return nil
	}
	return x.entry(it, w.key)
}

func (w *write) expiry(it item.Raw) []byte {
	if it == nil {
		return nil
	}
	return expiryEntry(it, w.table.TTL, w.key)
}

// moveEntry changes the entry of an index, which holds the key of its item.
func (w *write) moveEntry(tx *store.Tx, bucket []string, old, new []byte) error {
	if bytes.Equal(old, new) {
		return nil
	}
	b, err := tx.Bucket(bucket...)
	if err != nil {
		return err
	}
	if old != nil {
		if err := b.Delete(old); err != nil {
			return err
		}
	}
	if new != nil {
		return b.Put(new, w.key)
	}
	return nil
}

// expiryEntry gives the bytes under which an item waits for the end of its
// time to live, nil when it has none: the attribute must be a number.
func expiryEntry(it item.Getter, attribute string, primary []byte) []byte {
	v, ok := it.Get(attribute)
	if !ok || v.Type != item.N {
		return nil
	}
	seconds, ok := v.Number().Int()
	if !ok || seconds < 0 {
		return nil
	}
	return append(binary.BigEndian.AppendUint64(nil, uint64(seconds)), primary...)
}

// commit plans all writes and then, when none of them fails, makes them.
// after, if any, sees them planned.
func (s *Service) commit(writes []*write, after func(*store.Tx) error) error {
	return s.cfg.DB.Update(func(tx *store.Tx) error {
		for _, w := range writes {
			if err := w.plan(tx); err != nil {
				return err
			}
		}
		if after != nil {
			if err := after(tx); err != nil {
				return err
			}
		}
		for _, w := range writes {
			if err := w.apply(tx); err != nil {
				return err
			}
		}
		return nil
	})
}
