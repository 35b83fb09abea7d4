package dynamodb

import (
	"context"

	"github.com/writ-dev/writ/localcloud/dynamodb/expr"
	"github.com/writ-dev/writ/localcloud/dynamodb/item"
	"github.com/writ-dev/writ/localcloud/dynamodb/wire"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// selection are the members that say which attributes to give.
type selection struct {
	names      map[string]string
	projection *string
	attributes []string // AttributesToGet
}

// prepare reads the projection; nil means all attributes.
func (s selection) prepare() (*expr.Projection, error) {
	var p params
	has(&p.expressions, "ProjectionExpression", s.projection != nil)
	has(&p.legacy, "AttributesToGet", s.attributes != nil)
	if err := p.check(s.names, nil, false); err != nil {
		return nil, err
	}
	scope, err := expr.NewScope(s.names, nil, false)
	if err != nil {
		return nil, err
	}
	projection, err := project(scope, s.projection, s.attributes)
	if err != nil {
		return nil, err
	}
	return projection, scope.Unused()
}

// project reads either kind of projection.
func project(scope *expr.Scope, expression *string, attributes []string) (*expr.Projection, error) {
	if expression != nil {
		return scope.Projection(*expression)
	}
	if attributes == nil {
		return nil, nil
	}
	seen := map[string]bool{}
	for _, name := range attributes {
		if seen[name] {
			return nil, invalidf(invalidParameter+"Duplicate value in attribute name: %s", name)
		}
		seen[name] = true
	}
	return expr.Attributes(attributes...), nil
}

// getItem is GetItem.
type getItem struct {
	TableName                string
	Key                      item.Item
	AttributesToGet          []string
	ConsistentRead           bool
	ProjectionExpression     *string
	ExpressionAttributeNames map[string]string
	ReturnConsumedCapacity   string

	projection *expr.Projection
}

func (r *getItem) prepare() error {
	var c constraints
	c.tableName(r.TableName)
	c.require(r.Key != nil, nil, "key", ruleNotNull)
	c.enum(r.ReturnConsumedCapacity, "returnConsumedCapacity", "INDEXES, TOTAL, NONE")
	if err := c.err(); err != nil {
		return err
	}
	if err := r.Key.Check(); err != nil {
		return err
	}
	var err error
	r.projection, err = selection{r.ExpressionAttributeNames, r.ProjectionExpression, r.AttributesToGet}.prepare()
	return err
}

func (r *getItem) asks(s *Service) []gate.Ask {
	keys := []item.Item{r.Key}
	return []gate.Ask{s.ask(r.TableName, access{
		operation: "GetItem", keys: keys, capacity: r.ReturnConsumedCapacity, selects: selects(r.projection),
		attributes: attributeNames(keys, projectedPaths(r.projection)),
	})}
}

// getOutput answers GetItem.
type getOutput struct {
	Item             wire.Raw
	ConsumedCapacity *consumed
}

func (r *getItem) run(_ context.Context, s *Service) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.find(r.TableName)
	if err != nil {
		return nil, err
	}
	if err := t.key.check(r.Key); err != nil {
		return nil, err
	}
	if err := t.checkNested(expr.Nested(projectedPaths(r.projection))); err != nil {
		return nil, err
	}
	out := getOutput{ConsumedCapacity: newConsumed(r.ReturnConsumedCapacity, t)}
	err = s.cfg.DB.View(func(tx *store.Tx) error {
		raw, err := fetch(tx, t, t.key.bytes(r.Key))
		if err != nil {
			return err
		}
		out.ConsumedCapacity.add(nil, readUnits(size(raw), r.ConsistentRead))
		if raw != nil {
			out.Item = appendProjected(nil, raw, r.projection)
		}
		return nil
	})
	return out, err
}

// fetch gives the stored item, nil when there is none, valid in the transaction.
func fetch(tx *store.Tx, t *table, key []byte) (item.Raw, error) {
	b, err := tx.Bucket(itemsBucket(t.Name)...)
	if err != nil {
		return nil, err
	}
	return item.Raw(b.Get(key)), nil
}

// size is the size of an item that may be missing.
func size(raw item.Raw) int {
	if raw == nil {
		return 0
	}
	return raw.Size()
}

// appendProjected appends the JSON of an item, or of its picked parts.
func appendProjected(b []byte, raw item.Raw, p *expr.Projection) []byte {
	if p == nil {
		return raw.AppendWire(b)
	}
	return p.Of(raw).AppendWire(b)
}
