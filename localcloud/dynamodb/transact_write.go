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

const (
	maxTransaction      = 100
	maxTransactionBytes = 4 << 20
	// transactionFactor is how much more capacity a transaction costs.
	transactionFactor = 2
)

// transactWriteItems is TransactWriteItems.
type transactWriteItems struct {
	TransactItems               []transactWriteItem
	ReturnConsumedCapacity      string
	ReturnItemCollectionMetrics string
	ClientRequestToken          string
}

// transactWriteItem has exactly one of its members.
type transactWriteItem struct {
	ConditionCheck *transactAction
	Put            *transactAction
	Delete         *transactAction
	Update         *transactAction
}

// transactAction is one action; Put has an Item, the others a Key.
type transactAction struct {
	TableName                           string
	Key                                 item.Item
	Item                                item.Item
	ConditionExpression                 *string
	UpdateExpression                    *string
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           item.Item
	ReturnValuesOnConditionCheckFailure string

	condition matcher
	update    updater
}

// action gives the one action of the item, and its operation as IAM names it.
func (i transactWriteItem) action() (a *transactAction, operation string, ok bool) {
	for _, one := range []struct {
		a    *transactAction
		name string
	}{{i.ConditionCheck, "ConditionCheckItem"}, {i.Put, "PutItem"}, {i.Delete, "DeleteItem"}, {i.Update, "UpdateItem"}} {
		if one.a == nil {
			continue
		}
		if a != nil {
			return nil, "", false
		}
		a, operation = one.a, one.name
	}
	return a, operation, a != nil
}

// target gives the item of a Put, the key of anything else.
func (a *transactAction) target(operation string) item.Item {
	if operation == "PutItem" {
		return a.Item
	}
	return a.Key
}

func (c *constraints) transaction(n int, there bool) {
	c.require(there, nil, "transactItems", ruleNotNull)
	c.require(!there || n >= 1, "[]", "transactItems", ruleMin, 1)
	c.require(n <= maxTransaction, "[...]", "transactItems", ruleMax, maxTransaction)
}

func (r *transactWriteItems) prepare() error {
	var c constraints
	c.transaction(len(r.TransactItems), r.TransactItems != nil)
	c.require(len(r.ClientRequestToken) <= 36, r.ClientRequestToken, "clientRequestToken", ruleMax, 36)
	c.enum(r.ReturnConsumedCapacity, "returnConsumedCapacity", "INDEXES, TOTAL, NONE")
	c.enum(r.ReturnItemCollectionMetrics, "returnItemCollectionMetrics", "SIZE, NONE")
	if err := c.err(); err != nil {
		return err
	}
	total := 0
	for _, i := range r.TransactItems {
		a, operation, ok := i.action()
		if !ok {
			return item.Error("TransactItems can only contain one of Check, Put, Update or Delete")
		}
		if err := a.prepare(operation); err != nil {
			return err
		}
		total += a.Item.Size() + a.ExpressionAttributeValues.Size()
	}
	if total > maxTransactionBytes {
		return item.Error("Transaction payload size exceeds the limit of 4 MB")
	}
	return nil
}

func (a *transactAction) prepare(operation string) error {
	var c constraints
	c.tableName(a.TableName)
	target := a.target(operation)
	name := map[bool]string{true: "item", false: "key"}[operation == "PutItem"]
	c.require(target != nil, nil, name, ruleNotNull)
	c.require(operation != "ConditionCheckItem" || a.ConditionExpression != nil, nil, "conditionExpression", ruleNotNull)
	c.require(operation != "UpdateItem" || a.UpdateExpression != nil, nil, "updateExpression", ruleNotNull)
	c.enum(a.ReturnValuesOnConditionCheckFailure, "returnValuesOnConditionCheckFailure", "ALL_OLD, NONE")
	if err := c.err(); err != nil {
		return err
	}
	if err := target.Check(); err != nil {
		return err
	}
	if operation == "PutItem" && target.Size() > maxItemSize {
		return item.Error("Item size has exceeded the maximum allowed size")
	}
	wanted := conditional{names: a.ExpressionAttributeNames, values: a.ExpressionAttributeValues, condition: a.ConditionExpression, wrap: true}
	valued := []string{"ConditionExpression"}
	if operation == "UpdateItem" {
		wanted.update = a.UpdateExpression
		valued = []string{"UpdateExpression", "ConditionExpression"}
	}
	var err error
	a.condition, a.update, err = wanted.prepare(valued...)
	return err
}

func (r *transactWriteItems) asks(s *Service) []gate.Ask {
	asks := make([]gate.Ask, 0, len(r.TransactItems))
	for _, i := range r.TransactItems {
		a, operation, _ := i.action()
		targets := []item.Item{a.target(operation)}
		var touched []expr.Path
		if a.update != nil {
			touched = a.update.Reads()
		}
		asks = append(asks, s.ask(a.TableName, access{
			operation: operation, keys: targets, enclosing: "TransactWriteItems",
			capacity: r.ReturnConsumedCapacity, attributes: attributeNames(targets, pathsOf(a.condition), touched),
		}))
	}
	return asks
}

// plan makes the write of one action. broken is a rule that cancels the
// transaction; err is one that refuses it.
func (a *transactAction) plan(s *Service, operation string) (w *write, broken, err error) {
	t, err := s.find(a.TableName)
	if err != nil {
		return nil, nil, err
	}
	w = &write{table: t, condition: a.condition, returnOld: a.ReturnValuesOnConditionCheckFailure == "ALL_OLD"}
	target := a.target(operation)
	for _, k := range t.key.attributes() {
		if v, ok := target[k.name]; ok && v.Type == k.kind && v.Text == "" && k.kind != item.N {
			return nil, nil, k.checkSize(v, true)
		}
	}
	switch operation {
	case "PutItem":
		broken = t.checkItem(target)
		w.put = target.Raw()
	case "UpdateItem":
		if broken = t.key.check(target); broken == nil {
			broken = t.checkUpdate(a.update)
		}
		w.update, w.updateKey = a.update, target
	default:
		broken = t.key.check(target)
		w.delete = operation == "DeleteItem"
	}
	if broken == nil {
		w.key = t.key.bytes(target)
	}
	return w, broken, nil
}

// transactOutput answers TransactWriteItems.
type transactOutput struct {
	ConsumedCapacity      []*consumed
	ItemCollectionMetrics map[string][]*collectionMetrics
}

func (r *transactWriteItems) run(_ context.Context, s *Service) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	writes := make([]*write, len(r.TransactItems))
	broken := make([]error, len(writes))
	metrics := map[string][]*collectionMetrics{}
	for n, i := range r.TransactItems {
		a, operation, _ := i.action()
		var err error
		if writes[n], broken[n], err = a.plan(s, operation); err != nil {
			return nil, err
		}
		if m := newMetrics(r.ReturnItemCollectionMetrics, writes[n].table, a.target(operation)); m != nil {
			metrics[a.TableName] = append(metrics[a.TableName], m)
		}
	}
	if err := cancelled(broken); err != nil {
		return nil, err
	}
	if twice(writes) {
		return nil, item.Error("Transaction request cannot include multiple operations on one item")
	}
	out := transactOutput{}
	if len(metrics) > 0 {
		out.ItemCollectionMetrics = metrics
	}
	err := r.commit(s, writes, &out)
	return out, err
}

// commit makes all the writes or none of them; a repeated token makes none.
func (r *transactWriteItems) commit(s *Service, writes []*write, out *transactOutput) error {
	claim, err := r.token(s.cfg.Now())
	if err != nil {
		return err
	}
	return s.cfg.DB.Update(func(tx *store.Tx) error {
		if done, err := claim.seen(tx); done || err != nil {
			return err
		}
		reasons := make([]error, len(writes))
		for i, w := range writes {
			reasons[i] = w.plan(tx)
		}
		if err := cancelled(reasons); err != nil {
			return err
		}
		out.ConsumedCapacity = countWrites(writes, r.ReturnConsumedCapacity, transactionFactor)
		for _, c := range out.ConsumedCapacity {
			c.WriteCapacityUnits = c.CapacityUnits
		}
		for _, w := range writes {
			if err := w.apply(tx); err != nil {
				return err
			}
		}
		return claim.keep(tx)
	})
}

// cancelReason is one element of CancellationReasons.
type cancelReason struct {
	Code    string
	Message string   `json:",omitempty"`
	Item    wire.Raw `json:",omitempty"`
}

// cancelled makes the error of a transaction of which some actions failed, nil
// when none did. An error that is no reason of DynamoDB's stands for itself.
func cancelled(reasons []error) error {
	failed := false
	list := make([]cancelReason, len(reasons))
	codes := ""
	for i, err := range reasons {
		reason := cancelReason{Code: "None"}
		var condition conditionFailed
		var rule item.Error
		switch {
		case err == nil:
		case errors.As(err, &condition):
			reason = cancelReason{Code: "ConditionalCheckFailed", Message: condition.Error()}
			if condition.item != nil {
				reason.Item = condition.item.AppendWire(nil)
			}
		case errors.As(err, &rule):
			reason = cancelReason{Code: "ValidationError", Message: string(rule)}
		default:
			return err
		}
		failed = failed || err != nil
		list[i] = reason
		if i > 0 {
			codes += ", "
		}
		codes += reason.Code
	}
	if !failed {
		return nil
	}
	out := gate.Errorf("TransactionCanceledException", "Transaction cancelled, please refer cancellation reasons for specific reasons [%s]", codes)
	out.Fields = map[string]any{"CancellationReasons": list}
	return out
}
