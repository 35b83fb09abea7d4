package topology_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/writ-dev/writ/topology"
)

// An attribute has the type that it is given once, also in indexes.
func TestIndexKeysTakeTheType(t *testing.T) {
	t.Parallel()
	got := load(t, `
-- topology.yml --
name: shop
stores:
  orders:
    key: customer
    sort: {name: placed, type: N}
    indexes:
      by-state: {key: state, sort: placed}
      by-count: {key: count, sort: customer}
      by-count-too: {key: {name: count, type: N}}
tables:
  old:
    key_schema: [{name: id, rtype: HASH}]
    attributes: [{name: id, rtype: N}, {name: day, rtype: B}]
    indexes:
      by-day: {key: day, sort: id}
`)
	for name, want := range map[string][]topology.Index{
		"orders": {
			{Name: "by-count", PartitionKey: topology.Key{Name: "count", Type: "N"}, SortKey: &topology.Key{Name: "customer", Type: "S"}, Projection: "ALL"},
			{Name: "by-count-too", PartitionKey: topology.Key{Name: "count", Type: "N"}, Projection: "ALL"},
			{Name: "by-state", PartitionKey: topology.Key{Name: "state", Type: "S"}, SortKey: &topology.Key{Name: "placed", Type: "N"}, Projection: "ALL"},
		},
		"old": {
			{Name: "by-day", PartitionKey: topology.Key{Name: "day", Type: "B"}, SortKey: &topology.Key{Name: "id", Type: "N"}, Projection: "ALL"},
		},
	} {
		for _, s := range got.Stores {
			if s.Name != name {
				continue
			}
			if diff := cmp.Diff(want, s.Table.Indexes); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	}
}

// Constructs follow the same rule.
func TestIndexKeysOfConstructs(t *testing.T) {
	t.Parallel()
	placed := &topology.Key{Name: "placed"}
	orders := topology.New("shop").Table("orders", topology.TableProps{
		PartitionKey: topology.Key{Name: "customer"}, SortKey: &topology.Key{Name: "placed", Type: "N"},
		Indexes: []topology.Index{{Name: "by-state", PartitionKey: topology.Key{Name: "state"}, SortKey: placed}},
	})
	index := orders.Table.Indexes[0]
	if index.SortKey.Type != "N" || index.PartitionKey.Type != "S" || placed.Type != "" {
		t.Errorf("%+v, sort %+v; the caller's key %+v", index, index.SortKey, placed)
	}
}
