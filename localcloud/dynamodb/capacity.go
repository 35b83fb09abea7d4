package dynamodb

import (
	"github.com/writ-dev/writ/localcloud/dynamodb/item"
)

// units is a number of capacity units.
type units struct {
	CapacityUnits float64 `wire:"always"`
}

// consumed is what a call used of one table.
type consumed struct {
	TableName              string
	CapacityUnits          float64 `wire:"always"`
	ReadCapacityUnits      float64
	WriteCapacityUnits     float64
	Table                  *units
	LocalSecondaryIndexes  map[string]units
	GlobalSecondaryIndexes map[string]units

	indexes bool // the caller asked for INDEXES
}

// newConsumed begins the count for a table, nil when the caller asked for none.
func newConsumed(asked string, t *table) *consumed {
	switch asked {
	case "TOTAL":
		return &consumed{TableName: t.Name}
	case "INDEXES":
		return &consumed{TableName: t.Name, Table: &units{}, indexes: true}
	default:
		return nil
	}
}

// add counts units on an index, or on the table when x is nil.
func (c *consumed) add(x *index, n float64) {
	if c == nil || n == 0 {
		return
	}
	c.CapacityUnits += n
	if !c.indexes {
		return
	}
	if x == nil {
		c.Table.CapacityUnits += n
		return
	}
	m := &c.GlobalSecondaryIndexes
	if x.local {
		m = &c.LocalSecondaryIndexes
	}
	if *m == nil {
		*m = map[string]units{}
	}
	(*m)[x.IndexName] = units{(*m)[x.IndexName].CapacityUnits + n}
}

// readUnits is what reading so many bytes costs: a half for each 4 KB, the
// double when consistent, the double again in a transaction.
func readUnits(size int, consistent bool) float64 {
	n := float64((max(size, 1) + 4095) / 4096)
	if !consistent {
		n /= 2
	}
	return n
}

// writeUnits is what writing an item costs: one for each KB of the larger of
// what was there and what is.
func writeUnits(old, new item.Raw) float64 {
	size := 1
	for _, it := range []item.Raw{old, new} {
		if it != nil {
			size = max(size, it.Size())
		}
	}
	return float64((size + 1023) / 1024)
}

// addWrite counts a planned write on the table and the indexes that it touches.
func (c *consumed) addWrite(w *write, factor float64) {
	if c == nil {
		return
	}
	c.add(nil, factor*writeUnits(w.old, w.new))
	for _, x := range w.table.indexes {
		var old, new item.Raw
		if w.entry(x, w.old) != nil {
			old = x.view(w.old)
		}
		if w.entry(x, w.new) != nil {
			new = x.view(w.new)
		}
		switch {
		case old == nil && new == nil, string(old) == string(new):
		case old != nil && new != nil && string(w.entry(x, w.old)) != string(w.entry(x, w.new)):
			c.add(x, factor*(writeUnits(old, nil)+writeUnits(nil, new)))
		default:
			c.add(x, factor*writeUnits(old, new))
		}
	}
}

// view gives the part of an item that is in the index.
func (x *index) view(it item.Raw) item.Raw {
	if x == nil || x.projected == nil {
		return it
	}
	return it.Only(x.projected)
}

// collectionMetrics is what ReturnItemCollectionMetrics asks for; only tables
// with a local index have item collections.
type collectionMetrics struct {
	ItemCollectionKey   item.Item
	SizeEstimateRangeGB []float64
}

func newMetrics(asked string, t *table, it item.Getter) *collectionMetrics {
	if asked != "SIZE" || len(t.Local) == 0 {
		return nil
	}
	v, _ := it.Get(t.key.hash.name)
	return &collectionMetrics{item.Item{t.key.hash.name: v}, []float64{0, 1}}
}
