package dynamodb

import (
	"context"

	"github.com/writ-dev/writ/localcloud/dynamodb/expr"
	"github.com/writ-dev/writ/localcloud/dynamodb/item"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// query is Query.
type query struct {
	TableName                 string
	IndexName                 string
	Select                    string
	AttributesToGet           []string
	Limit                     *int64
	ConsistentRead            bool
	KeyConditions             map[string]expr.Comparison
	QueryFilter               map[string]expr.Comparison
	ConditionalOperator       string
	ScanIndexForward          *bool
	ExclusiveStartKey         item.Item
	ReturnConsumedCapacity    string
	ProjectionExpression      *string
	FilterExpression          *string
	KeyConditionExpression    *string
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues item.Item

	options readOptions
	keys    []expr.KeyCondition
}

func (r *query) prepare() error {
	r.options = readOptions{
		indexName: r.IndexName, limit: r.Limit, selects: r.Select, consistent: r.ConsistentRead,
		capacity: r.ReturnConsumedCapacity, start: r.ExclusiveStartKey,
	}
	var c constraints
	c.tableName(r.TableName)
	r.options.check(&c)
	c.enum(r.ConditionalOperator, "conditionalOperator", "OR, AND")
	if err := c.err(); err != nil {
		return err
	}
	p := params{valued: []string{"FilterExpression", "KeyConditionExpression"}}
	has(&p.expressions, "ProjectionExpression", r.ProjectionExpression != nil)
	has(&p.expressions, "FilterExpression", r.FilterExpression != nil)
	has(&p.expressions, "KeyConditionExpression", r.KeyConditionExpression != nil)
	has(&p.legacy, "AttributesToGet", r.AttributesToGet != nil)
	has(&p.legacy, "QueryFilter", r.QueryFilter != nil)
	has(&p.legacy, "ConditionalOperator", r.ConditionalOperator != "")
	has(&p.legacy, "KeyConditions", r.KeyConditions != nil && r.KeyConditionExpression != nil)
	if err := p.check(r.ExpressionAttributeNames, r.ExpressionAttributeValues, false); err != nil {
		return err
	}
	if err := r.ExclusiveStartKey.Check(); err != nil {
		return err
	}
	if r.KeyConditions == nil && r.KeyConditionExpression == nil {
		return item.Error("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
	}
	return r.prepareExpressions()
}

func (r *query) prepareExpressions() error {
	scope, err := expr.NewScope(r.ExpressionAttributeNames, r.ExpressionAttributeValues, false)
	if err != nil {
		return err
	}
	if r.KeyConditionExpression != nil {
		r.keys, err = scope.KeyConditions(*r.KeyConditionExpression)
	} else {
		var legacy *expr.Legacy
		if legacy, err = expr.NewFilter(r.KeyConditions, ""); err == nil {
			r.keys = legacy.KeyConditions()
		}
	}
	if err != nil {
		return err
	}
	if r.FilterExpression != nil {
		r.options.filter, err = scope.Condition("FilterExpression", *r.FilterExpression)
	} else if r.QueryFilter != nil {
		r.options.filter, err = expr.NewFilter(r.QueryFilter, r.ConditionalOperator)
	}
	if err != nil {
		return err
	}
	if r.options.projection, err = project(scope, r.ProjectionExpression, r.AttributesToGet); err != nil {
		return err
	}
	if err := scope.Unused(); err != nil {
		return err
	}
	return r.options.checkSelect()
}

func (r *query) asks(s *Service) []gate.Ask {
	asked := item.Item{}
	var names []string
	for _, k := range r.keys {
		names = append(names, k.Attribute)
		if k.Operator == "=" {
			asked[k.Attribute] = k.Values[0]
		}
	}
	return []gate.Ask{s.ask(r.TableName, access{
		operation: "Query", keys: []item.Item{asked}, index: r.IndexName,
		selects: r.options.effectiveSelect(), capacity: r.ReturnConsumedCapacity,
		attributes: append(names, attributeNames(nil, pathsOf(r.options.filter), projectedPaths(r.options.projection))...),
	})}
}

func (r *query) run(_ context.Context, s *Service) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.find(r.TableName)
	if err != nil {
		return nil, err
	}
	reading, err := r.options.open(t)
	if err != nil {
		return nil, err
	}
	hash, sort, err := r.keyConditions(reading.keyInUse())
	if err != nil {
		return nil, err
	}
	if err := reading.startAfter(r.ExclusiveStartKey, true, item.Error("The provided starting key is invalid")); err != nil {
		return nil, err
	}
	if err := r.checkStart(reading.keyInUse(), hash, sort); err != nil {
		return nil, err
	}
	if err := r.checkFilter(reading.keyInUse()); err != nil {
		return nil, err
	}
	reading.backwards = r.ScanIndexForward != nil && !*r.ScanIndexForward
	reading.lower, reading.upper = keyRange(hash.Values[0].Text, sort)
	var out *pageOutput
	err = s.cfg.DB.View(func(tx *store.Tx) (err error) {
		out, err = reading.page(tx)
		return err
	})
	return out, err
}

// keyConditions finds the conditions on the partition key and, if any, on the sort key.
func (r *query) keyConditions(k key) (hash, sort *expr.KeyCondition, err error) {
	if len(r.keys) == 0 {
		return nil, nil, item.Error("Conditions can be of length 1 or 2 only")
	}
	if n := len(k.names()); len(r.keys) > n {
		if n == 1 {
			return nil, nil, item.Error("Query key condition not supported")
		}
		return nil, nil, invalidf("The number of query conditions (%d) exceeds the number of key attributes defined in the schema (%d)", len(r.keys), n)
	}
	for i, c := range r.keys {
		switch c.Attribute {
		case k.hash.name:
			hash = &r.keys[i]
		case k.sort.name:
			sort = &r.keys[i]
		}
	}
	for i, a := range k.attributes() {
		c := []*expr.KeyCondition{hash, sort}[i]
		if c == nil {
			if i == 0 || len(r.keys) > 1 {
				return nil, nil, invalidf("Query condition missed key schema element: %s", a.name)
			}
			continue
		}
		switch c.Operator {
		case "=", "<", "<=", ">", ">=", "between", "begins_with":
		default:
			return nil, nil, item.Error("Attempted conditional constraint is not an indexable operation")
		}
		for _, v := range c.Values {
			if v.Type != a.kind {
				return nil, nil, item.Error(invalidParameter + "Condition parameter type does not match schema type")
			}
			if a.kind != item.N && v.Text == "" {
				return nil, nil, invalidf("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s", emptyKind(a.kind), a.name)
			}
		}
		if i == 0 && c.Operator != "=" {
			return nil, nil, item.Error("Query key condition not supported")
		}
	}
	return hash, sort, nil
}

// checkStart makes sure that the starting key is one that the query could have given.
func (r *query) checkStart(k key, hash, sort *expr.KeyCondition) error {
	if r.ExclusiveStartKey == nil {
		return nil
	}
	outside := !hash.Matches(r.ExclusiveStartKey[k.hash.name])
	switch {
	case sort == nil && outside:
		return item.Error("The provided starting key is outside query boundaries based on provided conditions")
	case sort != nil && !sort.Matches(r.ExclusiveStartKey[k.sort.name]):
		return item.Error("The provided starting key does not match the range key predicate")
	case sort != nil && outside:
		return item.Error("The query can return at most one row and cannot be restarted")
	}
	return nil
}

// checkFilter refuses a filter on the key that the query goes by.
func (r *query) checkFilter(k key) error {
	name := "Filter Expression"
	if r.QueryFilter != nil {
		name = "QueryFilter"
	}
	for _, head := range expr.Heads(pathsOf(r.options.filter)...) {
		for _, attribute := range k.names() {
			if head == attribute {
				return invalidf("%s can only contain non-primary key attributes: Primary key attribute: %s", name, attribute)
			}
		}
	}
	return nil
}

// keyRange gives the bounds of the keys that meet the conditions.
func keyRange(hash string, sort *expr.KeyCondition) (lower, upper []byte) {
	prefix := item.AppendPartition(nil, hash)
	at := func(text string) []byte { return item.AppendKeyPart(prefix[:len(prefix):len(prefix)], text) }
	after := func(text string) []byte { return item.AppendKeyAfter(prefix[:len(prefix):len(prefix)], text) }
	lower, upper = prefix, item.Bound(prefix)
	if sort == nil {
		return lower, upper
	}
	v := sort.Values[0].Text
	switch sort.Operator {
	case "=":
		return at(v), after(v)
	case "<":
		return lower, at(v)
	case "<=":
		return lower, after(v)
	case ">":
		return after(v), upper
	case ">=":
		return at(v), upper
	case "between":
		return at(v), after(sort.Values[1].Text)
	default: // begins_with
		from := item.AppendKeyPrefix(prefix[:len(prefix):len(prefix)], v)
		return from, item.Bound(from)
	}
}
