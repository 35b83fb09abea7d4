package dynamodb

import (
	"fmt"
	"strings"

	"github.com/writ-dev/writ/localcloud/dynamodb/expr"
	"github.com/writ-dev/writ/localcloud/dynamodb/item"
)

// params names the parameters that a request has; it checks that it does not
// mix expressions with what there was before them.
type params struct {
	expressions []string // present ones
	legacy      []string // present ones
	// valued are the expressions that the operation has in which values can stand.
	valued []string
}

// has adds a parameter to the list when it is there.
func has(list *[]string, name string, there bool) {
	if there {
		*list = append(*list, name)
	}
}

// check also refuses placeholders without an expression.
func (p params) check(names map[string]string, values item.Item, bare bool) error {
	switch {
	case len(p.expressions) > 0 && len(p.legacy) > 0:
		return invalidf("Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {%s} Expression parameters: {%s}",
			strings.Join(p.legacy, ", "), strings.Join(p.expressions, ", "))
	case names != nil && len(p.expressions) == 0:
		return item.Error("ExpressionAttributeNames can only be specified when using expressions")
	case values == nil || len(p.valued) == 0:
		return nil
	}
	for _, e := range p.expressions {
		if e != "ProjectionExpression" {
			return nil
		}
	}
	message := "ExpressionAttributeValues can only be specified when using expressions"
	if !bare {
		verb := "is"
		if len(p.valued) > 1 {
			verb = "are"
		}
		message += fmt.Sprintf(": %s %s null", strings.Join(p.valued, " and "), verb)
	}
	return item.Error(message)
}

// conditional are the members that all conditional writes share.
type conditional struct {
	names     map[string]string
	values    item.Item
	condition *string
	expected  map[string]expr.ExpectedAttributeValue
	operator  string
	update    *string
	updates   map[string]expr.AttributeValueUpdate
	wrap      bool // see [expr.NewScope]
}

// prepare reads the condition and the update.
func (c conditional) prepare(valued ...string) (matcher, updater, error) {
	p := params{valued: valued}
	has(&p.expressions, "UpdateExpression", c.update != nil)
	has(&p.expressions, "ConditionExpression", c.condition != nil)
	has(&p.legacy, "AttributeUpdates", c.updates != nil)
	has(&p.legacy, "Expected", c.expected != nil)
	has(&p.legacy, "ConditionalOperator", c.operator != "" && c.condition != nil)
	if err := p.check(c.names, c.values, true); err != nil {
		return nil, nil, err
	}
	scope, err := expr.NewScope(c.names, c.values, c.wrap)
	if err != nil {
		return nil, nil, err
	}
	var condition matcher
	var update updater
	if c.update != nil {
		if update, err = scope.Update(*c.update); err != nil {
			return nil, nil, err
		}
	} else if c.updates != nil {
		if update, err = expr.NewAttributeUpdates(c.updates); err != nil {
			return nil, nil, err
		}
	}
	if c.condition != nil {
		if condition, err = scope.Condition("ConditionExpression", *c.condition); err != nil {
			return nil, nil, err
		}
	} else if c.expected != nil {
		if condition, err = expr.NewExpected(c.expected, c.operator); err != nil {
			return nil, nil, err
		}
	}
	return condition, update, scope.Unused()
}

// checkReturns checks the members that say what to answer.
func (c *constraints) checkReturns(values, onFailure, capacity, metrics string) {
	c.enum(capacity, "returnConsumedCapacity", "INDEXES, TOTAL, NONE")
	c.enum(metrics, "returnItemCollectionMetrics", "SIZE, NONE")
	c.enum(values, "returnValues", "ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW")
	c.enum(onFailure, "returnValuesOnConditionCheckFailure", "ALL_OLD, NONE")
}
