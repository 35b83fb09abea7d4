package dynamodb

import (
	"context"
	"errors"

	"github.com/writ-dev/writ/localcloud/dynamodb/expr"
	"github.com/writ-dev/writ/localcloud/dynamodb/item"
	"github.com/writ-dev/writ/localcloud/dynamodb/wire"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// writeOutput answers PutItem, UpdateItem and DeleteItem.
type writeOutput struct {
	Attributes            wire.Raw
	ConsumedCapacity      *consumed
	ItemCollectionMetrics *collectionMetrics
}

// putItem is PutItem.
type putItem struct {
	TableName                           string
	Item                                item.Item
	Expected                            map[string]expr.ExpectedAttributeValue
	ConditionalOperator                 string
	ConditionExpression                 *string
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           item.Item
	ReturnValues                        string
	ReturnValuesOnConditionCheckFailure string
	ReturnConsumedCapacity              string
	ReturnItemCollectionMetrics         string

	condition matcher
}

func (r *putItem) prepare() error {
	var c constraints
	c.tableName(r.TableName)
	c.require(r.Item != nil, nil, "item", ruleNotNull)
	c.checkReturns(r.ReturnValues, r.ReturnValuesOnConditionCheckFailure, r.ReturnConsumedCapacity, r.ReturnItemCollectionMetrics)
	c.enum(r.ConditionalOperator, "conditionalOperator", "OR, AND")
	if err := c.err(); err != nil {
		return err
	}
	if err := r.Item.Check(); err != nil {
		return envelope(err)
	}
	if r.ReturnValues != "" && r.ReturnValues != "ALL_OLD" && r.ReturnValues != "NONE" {
		return envelope(item.Error("ReturnValues can only be ALL_OLD or NONE"))
	}
	var err error
	r.condition, _, err = conditional{
		names: r.ExpressionAttributeNames, values: r.ExpressionAttributeValues,
		condition: r.ConditionExpression, expected: r.Expected, operator: r.ConditionalOperator,
	}.prepare("ConditionExpression")
	if err != nil {
		return envelope(err)
	}
	return nil
}

func (r *putItem) asks(s *Service) []gate.Ask {
	items := []item.Item{r.Item}
	return []gate.Ask{s.ask(r.TableName, access{
		operation: "PutItem", keys: items, returns: r.ReturnValues,
		capacity: r.ReturnConsumedCapacity, attributes: attributeNames(items, pathsOf(r.condition)),
	})}
}

func (r *putItem) run(_ context.Context, s *Service) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.find(r.TableName)
	if err != nil {
		return nil, err
	}
	if err := t.checkItem(r.Item); err != nil {
		return nil, err
	}
	raw := r.Item.Raw()
	if raw.Size() > maxItemSize {
		return nil, item.Error("Item size has exceeded the maximum allowed size")
	}
	w := &write{table: t, key: t.key.bytes(r.Item), put: raw, condition: r.condition, returnOld: r.ReturnValuesOnConditionCheckFailure == "ALL_OLD"}
	return s.single(w, nil, r.ReturnValues, r.ReturnConsumedCapacity, newMetrics(r.ReturnItemCollectionMetrics, t, r.Item))
}

// updateItem is UpdateItem.
type updateItem struct {
	TableName                           string
	Key                                 item.Item
	AttributeUpdates                    map[string]expr.AttributeValueUpdate
	Expected                            map[string]expr.ExpectedAttributeValue
	ConditionalOperator                 string
	UpdateExpression                    *string
	ConditionExpression                 *string
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           item.Item
	ReturnValues                        string
	ReturnValuesOnConditionCheckFailure string
	ReturnConsumedCapacity              string
	ReturnItemCollectionMetrics         string

	condition matcher
	update    updater
}

func (r *updateItem) prepare() error {
	var c constraints
	c.tableName(r.TableName)
	c.require(r.Key != nil, nil, "key", ruleNotNull)
	c.checkReturns(r.ReturnValues, r.ReturnValuesOnConditionCheckFailure, r.ReturnConsumedCapacity, r.ReturnItemCollectionMetrics)
	c.enum(r.ConditionalOperator, "conditionalOperator", "OR, AND")
	if err := c.err(); err != nil {
		return err
	}
	if err := r.Key.Check(); err != nil {
		return envelope(err)
	}
	var err error
	r.condition, r.update, err = conditional{
		names: r.ExpressionAttributeNames, values: r.ExpressionAttributeValues,
		condition: r.ConditionExpression, expected: r.Expected, operator: r.ConditionalOperator,
		update: r.UpdateExpression, updates: r.AttributeUpdates,
	}.prepare("UpdateExpression", "ConditionExpression")
	if err != nil {
		return envelope(err)
	}
	if r.update == nil {
		r.update, err = expr.NewAttributeUpdates(nil)
	}
	return err
}

func (r *updateItem) asks(s *Service) []gate.Ask {
	keys := []item.Item{r.Key}
	return []gate.Ask{s.ask(r.TableName, access{
		operation: "UpdateItem", keys: keys, returns: r.ReturnValues,
		capacity: r.ReturnConsumedCapacity, attributes: attributeNames(keys, pathsOf(r.condition), r.update.Reads()),
	})}
}

// checkUpdate gives the rule of the table that an update breaks.
func (t *table) checkUpdate(u updater) error {
	for _, p := range u.Paths() {
		for _, name := range t.key.names() {
			if p[0].Name == name {
				return invalidf(invalidParameter+"Cannot update attribute %s. This attribute is part of the key", name)
			}
		}
	}
	return t.checkNested(expr.Nested(u.Paths()))
}

func (r *updateItem) run(_ context.Context, s *Service) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.find(r.TableName)
	if err != nil {
		return nil, err
	}
	if err := t.key.check(r.Key); err != nil {
		return nil, err
	}
	if err := t.checkUpdate(r.update); err != nil {
		return nil, err
	}
	w := &write{
		table: t, key: t.key.bytes(r.Key), update: r.update, updateKey: r.Key, condition: r.condition,
		returnOld: r.ReturnValuesOnConditionCheckFailure == "ALL_OLD",
	}
	return s.single(w, expr.NewProjection(r.update.Paths()...), r.ReturnValues, r.ReturnConsumedCapacity, newMetrics(r.ReturnItemCollectionMetrics, t, r.Key))
}

// deleteItem is DeleteItem.
type deleteItem struct {
	TableName                           string
	Key                                 item.Item
	Expected                            map[string]expr.ExpectedAttributeValue
	ConditionalOperator                 string
	ConditionExpression                 *string
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           item.Item
	ReturnValues                        string
	ReturnValuesOnConditionCheckFailure string
	ReturnConsumedCapacity              string
	ReturnItemCollectionMetrics         string

	condition matcher
}

func (r *deleteItem) prepare() error {
	var c constraints
	c.tableName(r.TableName)
	c.require(r.Key != nil, nil, "key", ruleNotNull)
	c.checkReturns(r.ReturnValues, r.ReturnValuesOnConditionCheckFailure, r.ReturnConsumedCapacity, r.ReturnItemCollectionMetrics)
	c.enum(r.ConditionalOperator, "conditionalOperator", "OR, AND")
	if err := c.err(); err != nil {
		return err
	}
	if err := r.Key.Check(); err != nil {
		return envelope(err)
	}
	if r.ReturnValues != "" && r.ReturnValues != "ALL_OLD" && r.ReturnValues != "NONE" {
		return envelope(item.Error("ReturnValues can only be ALL_OLD or NONE"))
	}
	var err error
	r.condition, _, err = conditional{
		names: r.ExpressionAttributeNames, values: r.ExpressionAttributeValues,
		condition: r.ConditionExpression, expected: r.Expected, operator: r.ConditionalOperator,
	}.prepare("ConditionExpression")
	if err != nil {
		return envelope(err)
	}
	return nil
}

func (r *deleteItem) asks(s *Service) []gate.Ask {
	keys := []item.Item{r.Key}
	return []gate.Ask{s.ask(r.TableName, access{
		operation: "DeleteItem", keys: keys, returns: r.ReturnValues,
		capacity: r.ReturnConsumedCapacity, attributes: attributeNames(keys, pathsOf(r.condition)),
	})}
}

func (r *deleteItem) run(_ context.Context, s *Service) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.find(r.TableName)
	if err != nil {
		return nil, err
	}
	if err := t.key.check(r.Key); err != nil {
		return nil, err
	}
	w := &write{table: t, key: t.key.bytes(r.Key), delete: true, condition: r.condition, returnOld: r.ReturnValuesOnConditionCheckFailure == "ALL_OLD"}
	return s.single(w, nil, r.ReturnValues, r.ReturnConsumedCapacity, newMetrics(r.ReturnItemCollectionMetrics, t, r.Key))
}

// single makes one write and answers it; touched picks what UPDATED_OLD and UPDATED_NEW mean.
func (s *Service) single(w *write, touched *expr.Projection, returns, capacity string, metrics *collectionMetrics) (any, error) {
	var out writeOutput
	err := s.commit([]*write{w}, func(*store.Tx) error {
		out = writeOutput{ItemCollectionMetrics: metrics, ConsumedCapacity: newConsumed(capacity, w.table)}
		out.ConsumedCapacity.addWrite(w, 1)
		from := w.old
		if returns == "ALL_NEW" || returns == "UPDATED_NEW" {
			from = w.new
		}
		switch {
		case from == nil || returns == "" || returns == "NONE":
		case returns == "ALL_OLD" || returns == "ALL_NEW":
			out.Attributes = from.AppendWire(nil)
		default:
			if it := touched.Of(from); len(it) > 0 {
				out.Attributes = it.AppendWire(nil)
			}
		}
		return nil
	})
	var failed conditionFailed
	if errors.As(err, &failed) {
		return nil, failed.api()
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}
