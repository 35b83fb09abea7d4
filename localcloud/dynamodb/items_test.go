package dynamodb_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// same compares what the SDK gives.
func same(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(types.AttributeValueMemberS{}, types.AttributeValueMemberN{}, types.AttributeValueMemberB{},
		types.AttributeValueMemberSS{}, types.AttributeValueMemberNS{}, types.AttributeValueMemberBS{}, types.AttributeValueMemberM{},
		types.AttributeValueMemberL{}, types.AttributeValueMemberNULL{}, types.AttributeValueMemberBOOL{})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestEveryTypeComesBackAsItWas(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.table("all", false)
	it := record{
		"pk": s("a\u0000\"\\\n\u2028é😀"), "n": n("-12.50"), "b": &types.AttributeValueMemberB{Value: []byte{0, 255}},
		"ss": &types.AttributeValueMemberSS{Value: []string{"a", "b"}}, "ns": &types.AttributeValueMemberNS{Value: []string{"-1", "2"}},
		"bs": &types.AttributeValueMemberBS{Value: [][]byte{{0}, {1}}}, "z": &types.AttributeValueMemberNULL{Value: true},
		"tab": &types.AttributeValueMemberBOOL{Value: true}, "f": &types.AttributeValueMemberBOOL{}, "empty": s(""),
		"l": &types.AttributeValueMemberL{Value: []types.AttributeValue{s("x"), &types.AttributeValueMemberL{Value: []types.AttributeValue{}}}},
		"m": &types.AttributeValueMemberM{Value: record{"k": n("1"), "e": &types.AttributeValueMemberM{Value: record{}}}},
	}
	c.put("all", it)
	it["n"] = n("-12.5")
	same(t, c.get("all", record{"pk": it["pk"]}), it)
	c.restart()
	same(t, c.get("all", record{"pk": it["pk"]}), it)
}

func TestUpdateItemReturnsWhatWasAsked(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.table("hits", false)
	update := func(returns types.ReturnValue, expression string) record {
		out, err := c.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
			TableName: aws.String("hits"), Key: record{"pk": s("/hello")}, UpdateExpression: &expression, ReturnValues: returns,
			ExpressionAttributeValues: record{":one": n("1")},
		})
		if err != nil {
			t.Fatal(err)
		}
		return out.Attributes
	}
	same(t, update(types.ReturnValueAllOld, "ADD hits :one"), record(nil))
	same(t, update(types.ReturnValueAllOld, "ADD hits :one"), record{"pk": s("/hello"), "hits": n("1")})
	same(t, update(types.ReturnValueUpdatedOld, "ADD hits :one"), record{"hits": n("2")})
	same(t, update(types.ReturnValueUpdatedNew, "SET hits = hits + :one, x = :one"), record{"hits": n("4"), "x": n("1")})
	same(t, update(types.ReturnValueAllNew, "SET hits = if_not_exists(hits, :one) - :one REMOVE x"), record{"pk": s("/hello"), "hits": n("3")})
	same(t, update(types.ReturnValueNone, "ADD hits :one"), record(nil))
}

func TestConditions(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.table("tab", false)
	put := func(condition string) error {
		_, err := c.PutItem(t.Context(), &dynamodb.PutItemInput{
			TableName: aws.String("tab"), Item: record{"pk": s("a"), "v": n("2")}, ConditionExpression: &condition,
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		})
		return err
	}
	if err := put("attribute_not_exists(pk)"); err != nil {
		t.Fatal(err)
	}
	err := put("attribute_not_exists(pk)")
	var failed *types.ConditionalCheckFailedException
	if !errors.As(err, &failed) || failed.ErrorMessage() != "The conditional request failed" {
		t.Fatal(err)
	}
	same(t, failed.Item, record{"pk": s("a"), "v": n("2")})
	if _, err := c.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{
		TableName: aws.String("tab"), Key: record{"pk": s("a")},
		Expected: map[string]types.ExpectedAttributeValue{"v": {Value: n("2.0")}}, ReturnValues: types.ReturnValueAllOld,
	}); err != nil {
		t.Fatal(err)
	}
	if got := c.get("tab", record{"pk": s("a")}); got != nil {
		t.Fatalf("still there: %v", got)
	}
}

func TestItemErrors(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.table("tab", true, func(in *dynamodb.CreateTableInput) {
		in.AttributeDefinitions = append(in.AttributeDefinitions, attribute("g", "N"), attribute("h", "S"))
		in.GlobalSecondaryIndexes = []types.GlobalSecondaryIndex{global("byG", types.ProjectionTypeAll, hash("g"), ranged("h"))}
	})
	const one = "ValidationException: 1 validation error detected: "
	const rule = "ValidationException: One or more parameter values were invalid: "
	for _, row := range []struct {
		it   record
		want string
	}{
		{record{"pk": s("a")}, rule + "Missing the key sk in the item"},
		{record{"pk": s("a"), "sk": n("1")}, rule + "Type mismatch for key sk expected: S actual: N"},
		{record{"pk": s(""), "sk": s("b")}, "ValidationException: One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk"},
		{record{"pk": s(strings.Repeat("a", 2049)), "sk": s("b")}, rule + "Size of hashkey has exceeded the maximum size limit of2048 bytes"},
		{record{"pk": s("a"), "sk": s(strings.Repeat("a", 1025))}, rule + "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"},
		{record{"pk": s("a"), "sk": s("b"), "g": s("x")}, rule + "Type mismatch for Index Key g Expected: N Actual: S IndexName: byG"},
		{record{"pk": s("a"), "sk": s("b"), "g": n("1"), "h": s("")}, "ValidationException: One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty string value. IndexName: byG, IndexKey: h"},
		{record{"pk": s("a"), "sk": s("b"), "x": n("abc")}, one + "The parameter cannot be converted to a numeric value: abc"},
		{record{"pk": s("a"), "sk": s("b"), "x": n("1e126")}, one + "Number overflow. Attempting to store a number with magnitude larger than supported range"},
		{record{"pk": s("a"), "sk": s("b"), "x": &types.AttributeValueMemberSS{Value: []string{"b", "a", "b"}}}, one + `One or more parameter values were invalid: Input collection ["a", "b", "b"] contains duplicates.`},
		{record{"pk": s("a"), "sk": s("b"), "x": &types.AttributeValueMemberSS{Value: []string{}}}, one + "One or more parameter values were invalid: An string set  may not be empty"},
		{record{"pk": s("a"), "sk": s("b"), "x": &types.AttributeValueMemberNULL{}}, one + "One or more parameter values were invalid: Null attribute value types must have the value of true"},
		{record{"pk": s("a"), "sk": s("b"), "x": s(strings.Repeat("a", 400*1024-5))}, "ValidationException: Item size has exceeded the maximum allowed size"},
		{record{"pk": s("a"), "sk": s("b"), "x": nested(32)}, one + "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"},
		{record{"pk": s("a"), "sk": s("b"), "x": s(strings.Repeat("a", 400*1024-7))}, ""},
		{record{"pk": s("a"), "sk": s("b"), "x": nested(31)}, ""},
	} {
		_, err := c.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("tab"), Item: row.it})
		if got := message(err); got != row.want {
			t.Errorf("%.80v\n got %s\nwant %s", row.it, got, row.want)
		}
	}
	_, err := c.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("tab"), Key: record{"pk": s("a")}})
	if got := message(err); got != "ValidationException: The provided key element does not match the schema" {
		t.Error(got)
	}
	_, err = c.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("none"), Key: record{"pk": s("a")}})
	if got := message(err); got != "ResourceNotFoundException: Requested resource not found" {
		t.Error(got)
	}
	_, err = c.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
		TableName: aws.String("tab"), Key: record{"pk": s("a"), "sk": s("b")},
		UpdateExpression: aws.String("SET sk = :v"), ExpressionAttributeValues: record{":v": s("x")},
	})
	if got := message(err); got != rule+"Cannot update attribute sk. This attribute is part of the key" {
		t.Error(got)
	}
}

func nested(depth int) types.AttributeValue {
	v := s("leaf")
	for range depth {
		v = &types.AttributeValueMemberM{Value: record{"n": v}}
	}
	return v
}

func TestConsumedCapacity(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.table("tab", false)
	out, err := c.PutItem(t.Context(), &dynamodb.PutItemInput{
		TableName: aws.String("tab"), Item: record{"pk": s("a"), "x": s(strings.Repeat("a", 3000))},
		ReturnConsumedCapacity: types.ReturnConsumedCapacityIndexes,
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := *out.ConsumedCapacity.CapacityUnits; got != 3 || *out.ConsumedCapacity.Table.CapacityUnits != 3 {
		t.Errorf("a put of 3 KB takes %v units", got)
	}
	read, err := c.GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: aws.String("arn:aws:dynamodb:us-east-1:000000000000:table/tab"), Key: record{"pk": s("a")},
		ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := *read.ConsumedCapacity.CapacityUnits; got != 0.5 {
		t.Errorf("a read of 3 KB takes %v units", got)
	}
}
