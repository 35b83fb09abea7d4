package dynamodb

import (
	"bytes"
	"fmt"

	"github.com/writ-dev/writ/localcloud/dynamodb/expr"
	"github.com/writ-dev/writ/localcloud/dynamodb/item"
	"github.com/writ-dev/writ/localcloud/dynamodb/wire"
	"github.com/writ-dev/writ/localcloud/store"
)

// maxPage is how many bytes of items one page reads.
const maxPage = 1 << 20

// reading is what Query and Scan have in common: go through a range of keys of
// a table or an index, keep what the filter lets through, stop at a limit.
type reading struct {
	table *table
	index *index // nil for the table itself
	// lower and upper bound the keys: lower is in, upper is not; nil is no bound.
	lower, upper []byte
	backwards    bool
	// after is the key that the page before ended with, nil on the first.
	after      []byte
	limit      int64 // 0 for none
	filter     matcher
	projection *expr.Projection
	selects    string
	consistent bool
	capacity   string
	// whole is set when a local index has to give attributes that are not in it.
	whole bool
}

// pageOutput answers Query and Scan.
type pageOutput struct {
	Items            wire.Raw
	Count            int64 `wire:"always"`
	ScannedCount     int64 `wire:"always"`
	LastEvaluatedKey item.Item
	ConsumedCapacity *consumed
}

// page reads one page.
func (r *reading) page(tx *store.Tx) (*pageOutput, error) {
	items, err := tx.Bucket(itemsBucket(r.table.Name)...)
	if err != nil {
		return nil, err
	}
	source := items
	if r.index != nil {
		if source, err = tx.Bucket(indexBucket(r.table.Name, r.index.IndexName)...); err != nil {
			return nil, err
		}
	}
	out := &pageOutput{}
	list := []byte{'['}
	read, fetched := 0, 0.0
	cursor := source.Cursor()
	for k, v := r.first(cursor); k != nil && r.inside(k); k, v = r.step(cursor) {
		raw := item.Raw(v)
		if r.index != nil {
			if raw = items.Get(v); raw == nil {
				return nil, fmt.Errorf("index %s of table %s has an entry without an item", r.index.IndexName, r.table.Name)
			}
		}
		seen := r.index.view(raw)
		read += seen.Size()
		if r.whole {
			fetched += readUnits(raw.Size(), r.consistent)
			seen = raw
		}
		out.ScannedCount++
		if r.filter == nil || r.filter.Matches(seen) {
			if out.Count++; r.selects != "COUNT" {
				if len(list) > 1 {
					list = append(list, ',')
				}
				list = appendProjected(list, seen, r.projection)
			}
		}
		if r.limit > 0 && out.ScannedCount >= r.limit || read >= maxPage {
			out.LastEvaluatedKey = r.position(raw)
			break
		}
	}
	if r.selects != "COUNT" {
		out.Items = append(list, ']')
	}
	out.ConsumedCapacity = newConsumed(r.capacity, r.table)
	out.ConsumedCapacity.add(r.index, readUnits(read, r.consistent))
	out.ConsumedCapacity.add(nil, fetched)
	return out, nil
}

// position gives the key attributes from which the next page goes on.
func (r *reading) position(raw item.Raw) item.Item {
	if r.index == nil {
		return r.table.key.pick(raw, key{})
	}
	return r.table.key.pick(raw, r.index.key)
}

// first goes to the first key of the page.
func (r *reading) first(c *store.Cursor) (k, v []byte) {
	if !r.backwards {
		if r.after == nil {
			if r.lower == nil {
				return c.First()
			}
			return c.Seek(r.lower)
		}
		if k, v = c.Seek(r.after); k != nil && bytes.Equal(k, r.after) {
			return c.Next()
		}
		return k, v
	}
	from := r.upper
	if r.after != nil {
		from = r.after
	}
	if from != nil {
		if k, _ = c.Seek(from); k != nil {
			return c.Prev()
		}
	}
	return c.Last()
}

func (r *reading) step(c *store.Cursor) (k, v []byte) {
	if r.backwards {
		return c.Prev()
	}
	return c.Next()
}

// inside reports whether a key is within the bounds.
func (r *reading) inside(k []byte) bool {
	if r.backwards {
		return bytes.Compare(k, r.lower) >= 0
	}
	return r.upper == nil || bytes.Compare(k, r.upper) < 0
}

// readOptions are the members of Query and Scan that mean the same in both.
type readOptions struct {
	indexName  string
	limit      *int64
	selects    string
	consistent bool
	capacity   string
	projection *expr.Projection
	filter     matcher
	start      item.Item
}

// check notes the constraints that the options break.
func (o readOptions) check(c *constraints) {
	c.enum(o.capacity, "returnConsumedCapacity", "INDEXES, TOTAL, NONE")
	c.enum(o.selects, "select", "SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES")
	if o.limit != nil {
		c.require(*o.limit >= 1, *o.limit, "limit", ruleAtLeast, 1)
	}
	c.require(o.indexName == "" || len(o.indexName) >= 3, o.indexName, "indexName", ruleMin, 3)
	c.require(len(o.indexName) <= 255, o.indexName, "indexName", ruleMax, 255)
	c.require(o.indexName == "" || validName(o.indexName), o.indexName, "indexName", rulePattern, "[a-zA-Z0-9_.-]+")
}

// checkSelect gives the rule that Select and a projection break together.
func (o readOptions) checkSelect() error {
	switch {
	case o.projection != nil && o.selects != "" && o.selects != "SPECIFIC_ATTRIBUTES":
		return invalidf("Cannot specify the AttributesToGet when choosing to get %s", map[string]string{
			"COUNT": "only the Count", "ALL_ATTRIBUTES": "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES": "ALL_PROJECTED_ATTRIBUTES",
		}[o.selects])
	case o.projection == nil && o.selects == "SPECIFIC_ATTRIBUTES":
		return item.Error("Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES")
	case o.selects == "ALL_PROJECTED_ATTRIBUTES" && o.indexName == "":
		return item.Error("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
	}
	return nil
}

// effectiveSelect is what the call selects when it does not say.
func (o readOptions) effectiveSelect() string {
	switch {
	case o.selects != "":
		return o.selects
	case o.projection != nil:
		return "SPECIFIC_ATTRIBUTES"
	case o.indexName != "":
		return "ALL_PROJECTED_ATTRIBUTES"
	default:
		return "ALL_ATTRIBUTES"
	}
}

// open begins a reading of a table or index.
func (o readOptions) open(t *table) (*reading, error) {
	r := &reading{table: t, filter: o.filter, projection: o.projection, selects: o.selects, consistent: o.consistent, capacity: o.capacity}
	if o.limit != nil {
		r.limit = *o.limit
	}
	if o.indexName != "" {
		if r.index = t.index(o.indexName); r.index == nil {
			return nil, invalidf("The table does not have the specified index: %s", o.indexName)
		}
		if o.consistent && !r.index.local {
			return nil, item.Error("Consistent reads are not supported on global secondary indexes")
		}
	}
	for _, paths := range [][]expr.Path{projectedPaths(o.projection), pathsOf(o.filter)} {
		if err := t.checkNested(expr.Nested(paths)); err != nil {
			return nil, err
		}
	}
	return r, r.reach(o)
}

// reach finds out whether the call wants attributes that are not in the index:
// a local index fetches them from the table, a global one cannot.
func (r *reading) reach(o readOptions) error {
	if r.index == nil || r.index.projected == nil {
		return nil
	}
	if o.selects == "ALL_ATTRIBUTES" {
		if !r.index.local {
			return invalidf(invalidParameter+"Select type ALL_ATTRIBUTES is not supported for global secondary index %s because its projection type is not ALL", r.index.IndexName)
		}
		r.whole = true
	}
	inIndex := map[string]bool{}
	for _, name := range r.index.projected {
		inIndex[name] = true
	}
	var missing []string
	for _, name := range expr.Heads(projectedPaths(o.projection)...) {
		if !inIndex[name] {
			missing = append(missing, name)
		}
	}
	if missing != nil && !r.index.local {
		return invalidf(invalidParameter+"Global secondary index %s does not project %v", r.index.IndexName, missing)
	}
	r.whole = r.whole || missing != nil
	if r.index.local {
		for _, name := range expr.Heads(pathsOf(o.filter)...) {
			r.whole = r.whole || !inIndex[name]
		}
	}
	return nil
}

// keyInUse is the key that the reading goes by.
func (r *reading) keyInUse() key {
	if r.index != nil {
		return r.index.key
	}
	return r.table.key
}

// startAfter takes ExclusiveStartKey: it must be a key as LastEvaluatedKey gives it.
// A query checks the types of the key that it goes by first.
func (r *reading) startAfter(start item.Item, query bool, short error) error {
	if start == nil {
		return nil
	}
	const bad = "The provided starting key is invalid"
	names := map[string]bool{}
	for _, name := range append(r.table.key.names(), r.keyInUse().names()...) {
		names[name] = true
	}
	if len(start) != len(names) {
		return short
	}
	if r.index != nil || query {
		for i, a := range r.keyInUse().attributes() {
			v, ok := start[a.name]
			if !ok {
				return item.Error(bad)
			}
			if v.Type != a.kind {
				return errKeySchema
			}
			if err := a.checkSize(v, i == 0); err != nil {
				return err
			}
		}
	}
	if err := r.table.key.check(r.table.key.pick(start, key{})); err != nil {
		return item.Error(bad + ": " + err.Error())
	}
	r.after = r.table.key.bytes(start)
	if r.index != nil {
		r.after = r.index.entry(start, r.after)
	}
	return nil
}
