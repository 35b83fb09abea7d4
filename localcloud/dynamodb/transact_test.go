package dynamodb_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func txPut(it record, condition string) types.TransactWriteItem {
	put := &types.Put{TableName: aws.String("tab"), Item: it, ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld}
	if condition != "" {
		put.ConditionExpression = &condition
	}
	return types.TransactWriteItem{Put: put}
}

func TestATransactionIsAllOrNothing(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.table("tab", false)
	c.put("tab", record{"pk": s("there"), "v": n("1")})
	items := []types.TransactWriteItem{
		txPut(record{"pk": s("new")}, "attribute_not_exists(pk)"),
		txPut(record{"pk": s("there")}, "attribute_not_exists(pk)"),
		{Update: &types.Update{TableName: aws.String("tab"), Key: record{"pk": s("num")}, UpdateExpression: aws.String("SET a = b")}},
		{ConditionCheck: &types.ConditionCheck{TableName: aws.String("tab"), Key: record{"pk": s("there"), "x": s("y")}, ConditionExpression: aws.String("attribute_exists(pk)")}},
	}
	write := func(items ...types.TransactWriteItem) error {
		_, err := c.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: items})
		return err
	}
	var cancelled *types.TransactionCanceledException
	if err := write(items[:3]...); !errors.As(err, &cancelled) {
		t.Fatal(err)
	}
	if got := cancelled.ErrorMessage(); got != "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed, ValidationError]" {
		t.Error(got)
	}
	reasons := cancelled.CancellationReasons
	if *reasons[1].Message != "The conditional request failed" || *reasons[2].Message != "The provided expression refers to an attribute that does not exist in the item" {
		t.Errorf("%v %v", *reasons[1].Message, *reasons[2].Message)
	}
	same(t, reasons[1].Item, record{"pk": s("there"), "v": n("1")})
	if got := c.get("tab", record{"pk": s("new")}); got != nil {
		t.Error("half of a transaction was made")
	}
	if err := write(items[3]); !errors.As(err, &cancelled) || *cancelled.CancellationReasons[0].Message != "The provided key element does not match the schema" {
		t.Error(err)
	}
	if err := write(items[0], types.TransactWriteItem{Delete: &types.Delete{TableName: aws.String("tab"), Key: record{"pk": s("there")}}},
		types.TransactWriteItem{Update: &types.Update{
			TableName: aws.String("tab"), Key: record{"pk": s("num")}, UpdateExpression: aws.String("ADD a :one"),
			ExpressionAttributeValues: record{":one": n("1")},
		}}); err != nil {
		t.Fatal(err)
	}
	out, err := c.TransactGetItems(t.Context(), &dynamodb.TransactGetItemsInput{ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal, TransactItems: []types.TransactGetItem{
		{Get: &types.Get{TableName: aws.String("tab"), Key: record{"pk": s("there")}}},
		{Get: &types.Get{TableName: aws.String("tab"), Key: record{"pk": s("num")}, ProjectionExpression: aws.String("a")}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	same(t, out.Responses[0].Item, record(nil))
	same(t, out.Responses[1].Item, record{"a": n("1")})
	if got := *out.ConsumedCapacity[0].CapacityUnits; got != 4 {
		t.Errorf("%v units", got)
	}
	for want, items := range map[string][]types.TransactWriteItem{
		"ValidationException: Transaction request cannot include multiple operations on one item":                                                                            {items[0], items[0]},
		"ValidationException: TransactItems can only contain one of Check, Put, Update or Delete":                                                                            {{}},
		"ValidationException: 1 validation error detected: Value '[]' at 'transactItems' failed to satisfy constraint: Member must have length greater than or equal to 1":   {},
		"ValidationException: 1 validation error detected: Value '[...]' at 'transactItems' failed to satisfy constraint: Member must have length less than or equal to 100": make([]types.TransactWriteItem, 101),
		"ResourceNotFoundException: Requested resource not found":                                                                                                            {{Delete: &types.Delete{TableName: aws.String("none"), Key: record{"pk": s("a")}}}},
		"ValidationException: Item size has exceeded the maximum allowed size":                                                                                               {txPut(record{"pk": s("a"), "x": s(strings.Repeat("x", 410000))}, "")},
	} {
		if got := message(write(items...)); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
}

func TestATokenMakesATransactionOnce(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.table("tab", false)
	add := func(by string) error {
		_, err := c.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{
			ClientRequestToken: aws.String("once"),
			TransactItems: []types.TransactWriteItem{{Update: &types.Update{
				TableName: aws.String("tab"), Key: record{"pk": s("a")},
				UpdateExpression: aws.String("ADD v :by"), ExpressionAttributeValues: record{":by": n(by)},
			}}},
		})
		return err
	}
	for range 3 {
		if err := add("1"); err != nil {
			t.Fatal(err)
		}
		c.restart()
	}
	same(t, c.get("tab", record{"pk": s("a")}), record{"pk": s("a"), "v": n("1")})
	var mismatch *types.IdempotentParameterMismatchException
	if err := add("2"); !errors.As(err, &mismatch) {
		t.Error(err)
	}
	c.later(11 * time.Minute)
	if err := add("1"); err != nil {
		t.Fatal(err)
	}
	same(t, c.get("tab", record{"pk": s("a")}), record{"pk": s("a"), "v": n("2")})
}

func TestConcurrentUpdatesLoseNothing(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.table("tab", false)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for range 10 {
				if _, err := c.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
					TableName: aws.String("tab"), Key: record{"pk": s("a")},
					UpdateExpression: aws.String("ADD v :one"), ExpressionAttributeValues: record{":one": n("1")},
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	same(t, c.get("tab", record{"pk": s("a")}), record{"pk": s("a"), "v": n("200")})
}

func TestBatches(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.table("tab", false)
	c.table("two", true)
	put := func(it record) types.WriteRequest { return types.WriteRequest{PutRequest: &types.PutRequest{Item: it}} }
	write := func(requests map[string][]types.WriteRequest) error {
		out, err := c.BatchWriteItem(t.Context(), &dynamodb.BatchWriteItemInput{RequestItems: requests})
		if err == nil && len(out.UnprocessedItems) > 0 {
			t.Error("items were left")
		}
		return err
	}
	if err := write(map[string][]types.WriteRequest{"tab": {put(record{"pk": s("a")}), put(record{"pk": s("b")})}, "two": {put(record{"pk": s("a"), "sk": s("b"), "x": n("1")})}}); err != nil {
		t.Fatal(err)
	}
	if err := write(map[string][]types.WriteRequest{"tab": {{DeleteRequest: &types.DeleteRequest{Key: record{"pk": s("b")}}}}}); err != nil {
		t.Fatal(err)
	}
	out, err := c.BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
		"tab": {Keys: []record{{"pk": s("a")}, {"pk": s("b")}}}, "two": {Keys: []record{{"pk": s("a"), "sk": s("b")}}, ProjectionExpression: aws.String("x")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	same(t, out.Responses, map[string][]record{"tab": {{"pk": s("a")}}, "two": {{"x": n("1")}}})

	if got := message(write(map[string][]types.WriteRequest{"tab": {put(record{"pk": s("a")}), put(record{"pk": s("a")})}})); got != "ValidationException: Provided list of item keys contains duplicates" {
		t.Error(got)
	}
	arn := "arn:aws:dynamodb:us-east-1:000000000000:table/tab"
	if got := message(write(map[string][]types.WriteRequest{"tab": {put(record{"pk": s("a")})}, arn: {put(record{"pk": s("a")})}})); got != "ValidationException: Provided list of item keys contains duplicates" {
		t.Error(got)
	}
	if got := message(write(map[string][]types.WriteRequest{"tab": make([]types.WriteRequest, 26)})); !strings.HasSuffix(got, "Map value must satisfy constraint: [Member must have length less than or equal to 25, Member must have length greater than or equal to 1]") {
		t.Error(got)
	}
	var keys []record
	for i := range 101 {
		keys = append(keys, record{"pk": s(fmt.Sprint(i))})
	}
	_, err = c.BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{"tab": {Keys: keys}}})
	if got := message(err); !strings.HasSuffix(got, "Member must have length less than or equal to 100") {
		t.Error(got)
	}
}
