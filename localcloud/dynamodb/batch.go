package dynamodb

import (
	"context"
	"maps"
	"slices"

	"github.com/writ-dev/writ/localcloud/dynamodb/expr"
	"github.com/writ-dev/writ/localcloud/dynamodb/item"
	"github.com/writ-dev/writ/localcloud/dynamodb/wire"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

const (
	maxBatchGet   = 100
	maxBatchWrite = 25
	// maxBatchBytes is how many bytes of items a batch may answer.
	maxBatchBytes = 16 << 20
)

// batchGetItem is BatchGetItem.
type batchGetItem struct {
	RequestItems           map[string]keysAndAttributes
	ReturnConsumedCapacity string
}

// keysAndAttributes is what BatchGetItem wants of one table.
type keysAndAttributes struct {
	Keys                     []item.Item
	AttributesToGet          []string
	ConsistentRead           *bool
	ProjectionExpression     *string
	ExpressionAttributeNames map[string]string

	projection *expr.Projection
}

func (r *batchGetItem) prepare() error {
	var c constraints
	c.enum(r.ReturnConsumedCapacity, "returnConsumedCapacity", "INDEXES, TOTAL, NONE")
	c.require(r.RequestItems != nil, nil, "requestItems", ruleNotNull)
	c.require(r.RequestItems == nil || len(r.RequestItems) >= 1, "{}", "requestItems", ruleMin, 1)
	for _, name := range slices.Sorted(maps.Keys(r.RequestItems)) {
		keys := r.RequestItems[name].Keys
		at := "requestItems." + name + ".member.keys"
		c.require(keys != nil, nil, at, ruleNotNull)
		c.require(keys == nil || len(keys) >= 1, "[]", at, ruleMin, 1)
		c.require(len(keys) <= maxBatchGet, "[...]", at, ruleMax, maxBatchGet)
	}
	if err := c.err(); err != nil {
		return err
	}
	total := 0
	for _, name := range slices.Sorted(maps.Keys(r.RequestItems)) {
		want := r.RequestItems[name]
		var err error
		if want.projection, err = (selection{want.ExpressionAttributeNames, want.ProjectionExpression, want.AttributesToGet}).prepare(); err != nil {
			return err
		}
		seen := map[string]bool{}
		for _, k := range want.Keys {
			if err := k.Check(); err != nil {
				return err
			}
			id := string(k.Raw())
			if seen[id] {
				return item.Error("Provided list of item keys contains duplicates")
			}
			seen[id] = true
		}
		if total += len(want.Keys); total > maxBatchGet {
			return item.Error("Too many items requested for the BatchGetItem call")
		}
		r.RequestItems[name] = want
	}
	return nil
}

func (r *batchGetItem) asks(s *Service) []gate.Ask {
	var asks []gate.Ask
	for _, name := range slices.Sorted(maps.Keys(r.RequestItems)) {
		want := r.RequestItems[name]
		asks = append(asks, s.ask(name, access{
			operation: "BatchGetItem", keys: want.Keys, capacity: r.ReturnConsumedCapacity, selects: selects(want.projection),
			attributes: attributeNames(want.Keys, projectedPaths(want.projection)),
		}))
	}
	return asks
}

// batchGetOutput answers BatchGetItem.
type batchGetOutput struct {
	Responses        map[string]wire.Raw `wire:"always"`
	UnprocessedKeys  map[string]keysLeft `wire:"always"`
	ConsumedCapacity []*consumed
}

// keysLeft is what did not fit into the answer, in the form of a request.
type keysLeft struct {
	Keys                     []item.Item
	AttributesToGet          []string
	ConsistentRead           *bool
	ProjectionExpression     *string
	ExpressionAttributeNames map[string]string
}

func (r *batchGetItem) run(_ context.Context, s *Service) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	names := slices.Sorted(maps.Keys(r.RequestItems))
	tables := make([]*table, len(names))
	for i, name := range names {
		var err error
		if tables[i], err = s.find(name); err != nil {
			return nil, err
		}
		for _, k := range r.RequestItems[name].Keys {
			if err := tables[i].key.check(k); err != nil {
				return nil, err
			}
		}
	}
	out := batchGetOutput{Responses: map[string]wire.Raw{}, UnprocessedKeys: map[string]keysLeft{}}
	err := s.cfg.DB.View(func(tx *store.Tx) error {
		read := 0
		for i, name := range names {
			if err := r.readTable(tx, tables[i], name, &out, &read); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// readTable reads the keys of one table until the answer is full.
func (r *batchGetItem) readTable(tx *store.Tx, t *table, name string, out *batchGetOutput, read *int) error {
	want := r.RequestItems[name]
	consistent := want.ConsistentRead != nil && *want.ConsistentRead
	used := newConsumed(r.ReturnConsumedCapacity, t)
	list := []byte{'['}
	for i, k := range want.Keys {
		raw, err := fetch(tx, t, t.key.bytes(k))
		if err != nil {
			return err
		}
		if *read += size(raw); *read > maxBatchBytes {
			out.UnprocessedKeys[name] = keysLeft{want.Keys[i:], want.AttributesToGet, want.ConsistentRead, want.ProjectionExpression, want.ExpressionAttributeNames}
			break
		}
		used.add(nil, readUnits(size(raw), consistent))
		if raw == nil {
			continue
		}
		if len(list) > 1 {
			list = append(list, ',')
		}
		list = appendProjected(list, raw, want.projection)
	}
	out.Responses[name] = append(list, ']')
	if used != nil {
		out.ConsumedCapacity = append(out.ConsumedCapacity, used)
	}
	return nil
}

// batchWriteItem is BatchWriteItem.
type batchWriteItem struct {
	RequestItems                map[string][]writeRequest
	ReturnConsumedCapacity      string
	ReturnItemCollectionMetrics string
}

type (
	putRequest    struct{ Item item.Item }
	deleteRequest struct{ Key item.Item }
	// writeRequest has exactly one of its members.
	writeRequest struct {
		PutRequest    *putRequest
		DeleteRequest *deleteRequest
	}
)

// item gives the item or key that the request is about.
func (w writeRequest) item() item.Item {
	if w.PutRequest != nil {
		return w.PutRequest.Item
	}
	return w.DeleteRequest.Key
}

func (r *batchWriteItem) prepare() error {
	var c constraints
	c.enum(r.ReturnConsumedCapacity, "returnConsumedCapacity", "INDEXES, TOTAL, NONE")
	c.enum(r.ReturnItemCollectionMetrics, "returnItemCollectionMetrics", "SIZE, NONE")
	c.require(r.RequestItems != nil, nil, "requestItems", ruleNotNull)
	c.require(r.RequestItems == nil || len(r.RequestItems) >= 1, "{}", "requestItems", ruleMin, 1)
	for _, name := range slices.Sorted(maps.Keys(r.RequestItems)) {
		n := len(r.RequestItems[name])
		c.require(n >= 1 && n <= maxBatchWrite, "{"+name+"=[...]}", "requestItems", "Map value must satisfy constraint: [Member must have length less than or equal to 25, Member must have length greater than or equal to 1]")
	}
	if err := c.err(); err != nil {
		return err
	}
	total := 0
	for _, name := range slices.Sorted(maps.Keys(r.RequestItems)) {
		for _, w := range r.RequestItems[name] {
			if (w.PutRequest == nil) == (w.DeleteRequest == nil) {
				return item.Error("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
			}
			if err := w.item().Check(); err != nil {
				return err
			}
			if w.PutRequest != nil && w.item().Size() > maxItemSize {
				return item.Error("Item size has exceeded the maximum allowed size")
			}
			total++
		}
	}
	if total > maxBatchWrite {
		return item.Error("Too many items requested for the BatchWriteItem call")
	}
	return nil
}

func (r *batchWriteItem) asks(s *Service) []gate.Ask {
	var asks []gate.Ask
	for _, name := range slices.Sorted(maps.Keys(r.RequestItems)) {
		var items []item.Item
		for _, w := range r.RequestItems[name] {
			items = append(items, w.item())
		}
		asks = append(asks, s.ask(name, access{operation: "BatchWriteItem", keys: items, capacity: r.ReturnConsumedCapacity, attributes: attributeNames(items)}))
	}
	return asks
}

// batchWriteOutput answers BatchWriteItem.
type batchWriteOutput struct {
	UnprocessedItems      map[string]wire.Raw `wire:"always"`
	ItemCollectionMetrics map[string][]*collectionMetrics
	ConsumedCapacity      []*consumed
}

// plan makes the writes of one table.
func (r *batchWriteItem) plan(t *table, requests []writeRequest) ([]*write, error) {
	var writes []*write
	for _, request := range requests {
		w := &write{table: t}
		if request.PutRequest != nil {
			for _, k := range t.key.attributes() {
				if v, ok := request.item()[k.name]; !ok || v.Type != k.kind {
					return nil, errKeySchema // PutItem says more
				}
			}
			if err := t.checkItem(request.item()); err != nil {
				return nil, err
			}
			w.put = request.item().Raw()
		} else {
			if err := t.key.check(request.item()); err != nil {
				return nil, err
			}
			w.delete = true
		}
		w.key = t.key.bytes(request.item())
		writes = append(writes, w)
	}
	return writes, nil
}

func (r *batchWriteItem) run(_ context.Context, s *Service) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var writes []*write
	metrics := map[string][]*collectionMetrics{}
	for _, name := range slices.Sorted(maps.Keys(r.RequestItems)) {
		t, err := s.find(name)
		if err != nil {
			return nil, err
		}
		ws, err := r.plan(t, r.RequestItems[name])
		if err != nil {
			return nil, err
		}
		writes = append(writes, ws...)
		for _, request := range r.RequestItems[name] {
			if m := newMetrics(r.ReturnItemCollectionMetrics, t, request.item()); m != nil {
				metrics[name] = append(metrics[name], m)
			}
		}
	}
	if twice(writes) {
		return nil, item.Error("Provided list of item keys contains duplicates")
	}
	out := batchWriteOutput{UnprocessedItems: map[string]wire.Raw{}}
	if len(metrics) > 0 {
		out.ItemCollectionMetrics = metrics
	}
	err := s.commit(writes, func(*store.Tx) error {
		out.ConsumedCapacity = countWrites(writes, r.ReturnConsumedCapacity, 1)
		return nil
	})
	return out, err
}

// countWrites counts the capacity of writes by table, in the order of the tables.
func countWrites(writes []*write, asked string, factor float64) []*consumed {
	var out []*consumed
	for _, w := range writes {
		i := slices.IndexFunc(out, func(c *consumed) bool { return c.TableName == w.table.Name })
		if i < 0 {
			c := newConsumed(asked, w.table)
			if c == nil {
				return nil
			}
			i, out = len(out), append(out, c)
		}
		out[i].addWrite(w, factor)
	}
	return out
}

// twice reports whether two of the writes are to the same item.
func twice(writes []*write) bool {
	seen := map[string]bool{}
	for _, w := range writes {
		id := w.table.Name + "\x00" + string(w.key)
		if seen[id] {
			return true
		}
		seen[id] = true
	}
	return false
}
