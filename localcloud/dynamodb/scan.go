package dynamodb

import (
	"context"

	"github.com/writ-dev/writ/localcloud/dynamodb/expr"
	"github.com/writ-dev/writ/localcloud/dynamodb/item"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/store"
)

// scan is Scan.
type scan struct {
	TableName                 string
	IndexName                 string
	AttributesToGet           []string
	Limit                     *int64
	Select                    string
	ScanFilter                map[string]expr.Comparison
	ConditionalOperator       string
	ExclusiveStartKey         item.Item
	ReturnConsumedCapacity    string
	TotalSegments             *int64
	Segment                   *int64
	ProjectionExpression      *string
	FilterExpression          *string
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues item.Item
	ConsistentRead            bool

	options readOptions
}

// maxSegments is how many workers may share a scan.
const maxSegments = 1_000_000

func (r *scan) prepare() error {
	r.options = readOptions{
		indexName: r.IndexName, limit: r.Limit, selects: r.Select, consistent: r.ConsistentRead,
		capacity: r.ReturnConsumedCapacity, start: r.ExclusiveStartKey,
	}
	var c constraints
	c.tableName(r.TableName)
	r.options.check(&c)
	c.enum(r.ConditionalOperator, "conditionalOperator", "OR, AND")
	if n := r.TotalSegments; n != nil {
		c.require(*n >= 1, *n, "totalSegments", ruleAtLeast, 1)
		c.require(*n <= maxSegments, *n, "totalSegments", ruleAtMost, maxSegments)
	}
	if n := r.Segment; n != nil {
		c.require(*n >= 0, *n, "segment", ruleAtLeast, 0)
		c.require(*n < maxSegments, *n, "segment", ruleAtMost, maxSegments-1)
	}
	if err := c.err(); err != nil {
		return err
	}
	p := params{valued: []string{"FilterExpression"}}
	has(&p.expressions, "ProjectionExpression", r.ProjectionExpression != nil)
	has(&p.expressions, "FilterExpression", r.FilterExpression != nil)
	has(&p.legacy, "AttributesToGet", r.AttributesToGet != nil)
	has(&p.legacy, "ScanFilter", r.ScanFilter != nil)
	has(&p.legacy, "ConditionalOperator", r.ConditionalOperator != "")
	if err := p.check(r.ExpressionAttributeNames, r.ExpressionAttributeValues, false); err != nil {
		return err
	}
	if err := r.checkSegments(); err != nil {
		return err
	}
	if err := r.ExclusiveStartKey.Check(); err != nil {
		return err
	}
	return r.prepareExpressions()
}

func (r *scan) checkSegments() error {
	switch {
	case r.Segment == nil && r.TotalSegments == nil:
		return nil
	case r.TotalSegments == nil:
		return item.Error("The TotalSegments parameter is required but was not present in the request when Segment parameter is present")
	case r.Segment == nil:
		return item.Error("The Segment parameter is required but was not present in the request when parameter TotalSegments is present")
	case *r.Segment >= *r.TotalSegments:
		return invalidf("The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: %d is not less than TotalSegments: %d", *r.Segment, *r.TotalSegments)
	}
	return nil
}

func (r *scan) prepareExpressions() error {
	scope, err := expr.NewScope(r.ExpressionAttributeNames, r.ExpressionAttributeValues, true)
	if err != nil {
		return err
	}
	if r.FilterExpression != nil {
		r.options.filter, err = scope.Condition("FilterExpression", *r.FilterExpression)
	} else if r.ScanFilter != nil {
		r.options.filter, err = expr.NewFilter(r.ScanFilter, r.ConditionalOperator)
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

func (r *scan) asks(s *Service) []gate.Ask {
	return []gate.Ask{s.ask(r.TableName, access{
		operation: "Scan", index: r.IndexName, selects: r.options.effectiveSelect(),
		capacity: r.ReturnConsumedCapacity, attributes: attributeNames(nil, pathsOf(r.options.filter), projectedPaths(r.options.projection)),
	})}
}

func (r *scan) run(_ context.Context, s *Service) (any, error) {
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
	short := item.Error("The provided starting key is invalid")
	if r.IndexName == "" {
		short += ": The provided key element does not match the schema"
	}
	if err := reading.startAfter(r.ExclusiveStartKey, false, short); err != nil {
		return nil, err
	}
	if err := r.segment(reading); err != nil {
		return nil, err
	}
	var out *pageOutput
	err = s.cfg.DB.View(func(tx *store.Tx) (err error) {
		out, err = reading.page(tx)
		return err
	})
	return out, err
}

// segment bounds the reading to one range of the hashes of partition keys.
func (r *scan) segment(reading *reading) error {
	if r.TotalSegments == nil || *r.TotalSegments == 1 {
		return nil
	}
	bound := func(segment int64) []byte {
		h := (segment<<item.HashBits + *r.TotalSegments - 1) / *r.TotalSegments
		if h >= 1<<item.HashBits {
			return nil
		}
		return []byte{byte(h >> 8), byte(h & 0xFF)}
	}
	reading.lower, reading.upper = bound(*r.Segment), bound(*r.Segment+1)
	if reading.lower == nil { // more segments than hashes
		reading.lower, reading.upper = []byte{0}, []byte{0}
	}
	if reading.after == nil {
		return nil
	}
	if string(reading.after) < string(reading.lower) || !reading.inside(reading.after) {
		return invalidf("The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. TotalSegments: %d Segment: %d",
			*r.TotalSegments, *r.Segment)
	}
	return nil
}
