package dynamodb

import (
	"context"
	"slices"

	"github.com/writ-dev/writ/localcloud/dynamodb/expr"
	"github.com/writ-dev/writ/localcloud/dynamodb/item"
	"github.com/writ-dev/writ/localcloud/dynamodb/wire"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// transactGetItems is TransactGetItems.
type transactGetItems struct {
	TransactItems          []transactGetItem
	ReturnConsumedCapacity string
}

type (
	transactGetItem struct{ Get *transactGet }
	transactGet     struct {
		TableName                string
		Key                      item.Item
		ProjectionExpression     *string
		ExpressionAttributeNames map[string]string

		projection *expr.Projection
	}
)

func (r *transactGetItems) prepare() error {
	var c constraints
	c.transaction(len(r.TransactItems), r.TransactItems != nil)
	c.enum(r.ReturnConsumedCapacity, "returnConsumedCapacity", "INDEXES, TOTAL, NONE")
	for _, i := range r.TransactItems {
		c.require(i.Get != nil, nil, "transactItems.1.member.get", ruleNotNull)
		if i.Get != nil {
			c.tableName(i.Get.TableName)
			c.require(i.Get.Key != nil, nil, "transactItems.1.member.get.key", ruleNotNull)
		}
	}
	if err := c.err(); err != nil {
		return err
	}
	for _, i := range r.TransactItems {
		if err := i.Get.Key.Check(); err != nil {
			return err
		}
		var err error
		if i.Get.projection, err = (selection{names: i.Get.ExpressionAttributeNames, projection: i.Get.ProjectionExpression}).prepare(); err != nil {
			return err
		}
	}
	return nil
}

func (r *transactGetItems) asks(s *Service) []gate.Ask {
	asks := make([]gate.Ask, 0, len(r.TransactItems))
	for _, i := range r.TransactItems {
		keys := []item.Item{i.Get.Key}
		asks = append(asks, s.ask(i.Get.TableName, access{
			operation: "GetItem", keys: keys, enclosing: "TransactGetItems", selects: selects(i.Get.projection),
			capacity: r.ReturnConsumedCapacity, attributes: attributeNames(keys, projectedPaths(i.Get.projection)),
		}))
	}
	return asks
}

// transactGetOutput answers TransactGetItems.
type transactGetOutput struct {
	Responses        []itemResponse `wire:"always"`
	ConsumedCapacity []*consumed
}

// itemResponse is empty for an item that is not there.
type itemResponse struct{ Item wire.Raw }

func (r *transactGetItems) run(_ context.Context, s *Service) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	tables := make([]*table, len(r.TransactItems))
	broken := make([]error, len(tables))
	seen := map[string]bool{}
	for n, i := range r.TransactItems {
		var err error
		if tables[n], err = s.find(i.Get.TableName); err != nil {
			return nil, err
		}
		if broken[n] = tables[n].key.check(i.Get.Key); broken[n] != nil {
			continue
		}
		if broken[n] = tables[n].checkNested(expr.Nested(projectedPaths(i.Get.projection))); broken[n] != nil {
			continue
		}
		id := tables[n].Name + "\x00" + string(tables[n].key.bytes(i.Get.Key))
		if seen[id] {
			return nil, item.Error("Transaction request cannot include multiple operations on one item")
		}
		seen[id] = true
	}
	if err := cancelled(broken); err != nil {
		return nil, err
	}
	out := transactGetOutput{Responses: make([]itemResponse, len(tables))}
	err := s.cfg.DB.View(func(tx *store.Tx) error {
		total := 0
		for n, i := range r.TransactItems {
			raw, err := fetch(tx, tables[n], tables[n].key.bytes(i.Get.Key))
			if err != nil {
				return err
			}
			if total += size(raw); total > maxTransactionBytes {
				return item.Error("Transaction payload size exceeds the limit of 4 MB")
			}
			r.count(&out, tables[n], raw)
			if raw != nil {
				out.Responses[n].Item = appendProjected(nil, raw, i.Get.projection)
			}
		}
		return nil
	})
	return out, err
}

func (r *transactGetItems) count(out *transactGetOutput, t *table, raw item.Raw) {
	i := slices.IndexFunc(out.ConsumedCapacity, func(c *consumed) bool { return c.TableName == t.Name })
	if i < 0 {
		c := newConsumed(r.ReturnConsumedCapacity, t)
		if c == nil {
			return
		}
		i, out.ConsumedCapacity = len(out.ConsumedCapacity), append(out.ConsumedCapacity, c)
	}
	n := transactionFactor * readUnits(size(raw), true)
	out.ConsumedCapacity[i].add(nil, n)
	out.ConsumedCapacity[i].ReadCapacityUnits += n
}
