package dynamodb_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// numbers is a table with a number as sort key and one global and one local index.
func numbers(c *cloud) {
	c.table("num", false, func(in *dynamodb.CreateTableInput) {
		in.AttributeDefinitions = append(in.AttributeDefinitions, attribute("sk", "N"), attribute("g", "S"))
		in.KeySchema = append(in.KeySchema, ranged("sk"))
		in.GlobalSecondaryIndexes = []types.GlobalSecondaryIndex{global("byG", types.ProjectionTypeKeysOnly, hash("g"), ranged("sk"))}
		in.LocalSecondaryIndexes = []types.LocalSecondaryIndex{{
			IndexName: aws.String("local"), KeySchema: []types.KeySchemaElement{hash("pk"), ranged("g")},
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeInclude, NonKeyAttributes: []string{"inc"}},
		}}
	})
	for i, sk := range []string{"-1e10", "-2", "-1.5", "0", "0.001", "3", "20", "100", "1e30"} {
		it := record{"pk": s("a"), "sk": n(sk), "x": n(fmt.Sprint(i)), "inc": s("i")}
		if i%3 == 0 {
			it["g"] = s("third")
		}
		c.put("num", it)
	}
	c.put("num", record{"pk": s("b"), "sk": n("1"), "g": s("third")})
}

func sorts(items []record) string {
	var out []string
	for _, it := range items {
		out = append(out, it["sk"].(*types.AttributeValueMemberN).Value)
	}
	return strings.Join(out, " ")
}

func TestQueryRanges(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	numbers(c)
	const big = "1000000000000000000000000000000"
	for condition, want := range map[string]string{
		"pk = :a":                                    "-10000000000 -2 -1.5 0 0.001 3 20 100 " + big,
		"pk = :a AND sk = :three":                    "3",
		"pk = :a AND sk < :three":                    "-10000000000 -2 -1.5 0 0.001",
		"pk = :a AND sk <= :three":                   "-10000000000 -2 -1.5 0 0.001 3",
		"pk = :a AND sk > :three":                    "20 100 " + big,
		"sk >= :three AND pk = :a":                   "3 20 100 " + big,
		"pk = :a AND :three <= sk":                   "3 20 100 " + big,
		"(pk = :a) AND (sk BETWEEN :two AND :three)": "-2 -1.5 0 0.001 3",
	} {
		values := record{":a": s("a")}
		for name, v := range map[string]string{":three": "3", ":two": "-2"} {
			if strings.Contains(condition, name) {
				values[name] = n(v)
			}
		}
		in := &dynamodb.QueryInput{TableName: aws.String("num"), KeyConditionExpression: &condition, ExpressionAttributeValues: values}
		out, err := c.Query(t.Context(), in)
		if err != nil {
			t.Errorf("%s: %v", condition, err)
			continue
		}
		if got := sorts(out.Items); got != want {
			t.Errorf("%s\n got %s\nwant %s", condition, got, want)
		}
		// The same, backwards, two at a time.
		in.ScanIndexForward, in.Limit = aws.Bool(false), aws.Int32(2)
		var back []string
		for pages := dynamodb.NewQueryPaginator(c, in); pages.HasMorePages(); {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, it := range page.Items {
				back = append([]string{sorts([]record{it})}, back...)
			}
		}
		if got := strings.Join(back, " "); got != want {
			t.Errorf("%s backwards\n got %s\nwant %s", condition, got, want)
		}
	}
}

func TestQueryIndexes(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	numbers(c)
	query := func(change func(*dynamodb.QueryInput)) (*dynamodb.QueryOutput, error) {
		in := &dynamodb.QueryInput{
			TableName: aws.String("num"), IndexName: aws.String("byG"), KeyConditionExpression: aws.String("g = :t"),
			ExpressionAttributeValues: record{":t": s("third")},
		}
		change(in)
		return c.Query(t.Context(), in)
	}
	out, err := query(func(*dynamodb.QueryInput) {})
	if err != nil {
		t.Fatal(err)
	}
	if got := sorts(out.Items); got != "-10000000000 0 1 20" {
		t.Error(got)
	}
	same(t, out.Items[2], record{"pk": s("b"), "sk": n("1"), "g": s("third")})

	// Pages of one item, whose keys have all four parts.
	var seen []record
	in := &dynamodb.QueryInput{
		TableName: aws.String("num"), IndexName: aws.String("byG"), KeyConditionExpression: aws.String("g = :t AND sk >= :z"),
		ExpressionAttributeValues: record{":t": s("third"), ":z": n("0")}, Limit: aws.Int32(1),
	}
	for pages := dynamodb.NewQueryPaginator(c, in); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, page.Items...)
	}
	if got := sorts(seen); got != "0 1 20" {
		t.Error(got)
	}

	local := func(change func(*dynamodb.QueryInput)) (*dynamodb.QueryOutput, error) {
		return query(func(in *dynamodb.QueryInput) {
			in.IndexName, in.KeyConditionExpression, in.ConsistentRead = aws.String("local"), aws.String("pk = :t"), aws.Bool(true)
			in.ExpressionAttributeValues = record{":t": s("b")}
			change(in)
		})
	}
	c.put("num", record{"pk": s("b"), "sk": n("7"), "g": s("z"), "inc": s("i"), "x": s("only in the table")})
	out, err = local(func(in *dynamodb.QueryInput) {
		in.ExclusiveStartKey = record{"pk": s("b"), "sk": n("1"), "g": s("third")}
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, out.Items, []record{{"pk": s("b"), "sk": n("7"), "g": s("z"), "inc": s("i")}})
	out, err = local(func(in *dynamodb.QueryInput) {
		in.ProjectionExpression, in.FilterExpression, in.ExpressionAttributeValues[":x"] = aws.String("x"), aws.String("x = :x"), s("only in the table")
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, out.Items, []record{{"x": s("only in the table")}})

	for want, change := range map[string]func(*dynamodb.QueryInput){
		"Consistent reads are not supported on global secondary indexes": func(in *dynamodb.QueryInput) { in.ConsistentRead = aws.Bool(true) },
		"The table does not have the specified index: nope":              func(in *dynamodb.QueryInput) { in.IndexName = aws.String("nope") },
		"One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index byG because its projection type is not ALL": func(in *dynamodb.QueryInput) {
			in.Select = types.SelectAllAttributes
		},
		"One or more parameter values were invalid: Global secondary index byG does not project [x]": func(in *dynamodb.QueryInput) { in.ProjectionExpression = aws.String("x") },
		"The provided starting key is invalid":                                                       func(in *dynamodb.QueryInput) { in.ExclusiveStartKey = record{"g": s("third")} },
		"The provided starting key is outside query boundaries based on provided conditions": func(in *dynamodb.QueryInput) {
			in.ExclusiveStartKey = record{"g": s("other"), "sk": n("1"), "pk": s("b")}
		},
		"Filter Expression can only contain non-primary key attributes: Primary key attribute: sk": func(in *dynamodb.QueryInput) {
			in.FilterExpression = aws.String("attribute_exists(sk)")
		},
		"Query condition missed key schema element: g": func(in *dynamodb.QueryInput) { in.KeyConditionExpression = aws.String("pk = :t") },
		"Query key condition not supported":            func(in *dynamodb.QueryInput) { in.KeyConditionExpression = aws.String("g > :t") },
		"One or more parameter values were invalid: Condition parameter type does not match schema type": func(in *dynamodb.QueryInput) {
			in.KeyConditionExpression = aws.String("g = :t AND sk = :t")
		},
		"Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key": func(in *dynamodb.QueryInput) {
			in.KeyConditionExpression = aws.String("g = :t AND g = :t")
		},
		"Invalid operator used in KeyConditionExpression: OR": func(in *dynamodb.QueryInput) { in.KeyConditionExpression = aws.String("g = :t OR sk = :t") },
		"Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.": func(in *dynamodb.QueryInput) {
			in.KeyConditionExpression, in.ExpressionAttributeValues = nil, nil
		},
		"1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1": func(in *dynamodb.QueryInput) {
			in.Limit = aws.Int32(0)
		},
	} {
		_, err := query(change)
		if got := message(err); got != "ValidationException: "+want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
}

func TestBeginsWithAndBinaryOrder(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.table("bin", false, func(in *dynamodb.CreateTableInput) {
		in.AttributeDefinitions = append(in.AttributeDefinitions, attribute("sk", "B"))
		in.KeySchema = append(in.KeySchema, ranged("sk"))
	})
	keys := [][]byte{{0}, {0, 0}, {0, 1}, {0, 0xFF}, {1}, {0xFE}, {0xFF}, {0xFF, 0}, {0xFF, 0xFF}}
	for _, k := range keys {
		c.put("bin", record{"pk": s("a"), "sk": &types.AttributeValueMemberB{Value: k}})
	}
	for _, prefix := range append(keys, []byte{2}) {
		out, err := c.Query(t.Context(), &dynamodb.QueryInput{
			TableName: aws.String("bin"), KeyConditionExpression: aws.String("pk = :a AND begins_with(sk, :p)"),
			ExpressionAttributeValues: record{":a": s("a"), ":p": &types.AttributeValueMemberB{Value: prefix}},
		})
		if err != nil {
			t.Fatal(err)
		}
		var got, want []string
		for _, it := range out.Items {
			got = append(got, fmt.Sprintf("%x", it["sk"].(*types.AttributeValueMemberB).Value))
		}
		for _, k := range keys {
			if strings.HasPrefix(string(k), string(prefix)) {
				want = append(want, fmt.Sprintf("%x", k))
			}
		}
		same(t, got, want)
	}
}

func TestPagesEndAtOneMegabyte(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.table("big", true)
	for i := range 30 {
		c.put("big", record{"pk": s("a"), "sk": s(fmt.Sprintf("%02d", i)), "x": s(strings.Repeat("x", 100*1024))})
	}
	out, err := c.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("big")})
	if err != nil {
		t.Fatal(err)
	}
	if out.Count != 11 || out.LastEvaluatedKey == nil {
		t.Errorf("%d items in the first page, more: %v", out.Count, out.LastEvaluatedKey)
	}
	out, err = c.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("big"), Select: types.SelectCount, ExclusiveStartKey: out.LastEvaluatedKey})
	if err != nil {
		t.Fatal(err)
	}
	if out.Count != 11 || out.Items != nil {
		t.Errorf("%d items in the second page; %d given", out.Count, len(out.Items))
	}
}

func TestParallelScanSeesEveryItemOnce(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.table("par", false)
	for i := range 200 {
		c.put("par", record{"pk": s(fmt.Sprint(i))})
	}
	for _, total := range []int32{1, 2, 7, 1000000} {
		seen := map[string]int{}
		segments := total
		if total > 1000 {
			segments = 3 // of a million; most have nothing
		}
		for segment := range segments {
			in := &dynamodb.ScanInput{TableName: aws.String("par"), Segment: &segment, TotalSegments: &total, Limit: aws.Int32(9)}
			for pages := dynamodb.NewScanPaginator(c, in); pages.HasMorePages(); {
				page, err := pages.NextPage(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				for _, it := range page.Items {
					seen[it["pk"].(*types.AttributeValueMemberS).Value]++
				}
			}
		}
		if segments == total && len(seen) != 200 {
			t.Errorf("%d segments saw %d items", total, len(seen))
		}
		for k, times := range seen {
			if times != 1 {
				t.Errorf("%d segments saw %s %d times", total, k, times)
			}
		}
	}
	_, err := c.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("par"), Segment: aws.Int32(3), TotalSegments: aws.Int32(3)})
	if got := message(err); !strings.Contains(got, "Segment: 3 is not less than TotalSegments: 3") {
		t.Error(got)
	}
}

func TestLegacyQueryAndScan(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	numbers(c)
	out, err := c.Query(t.Context(), &dynamodb.QueryInput{
		TableName: aws.String("num"), AttributesToGet: []string{"sk"},
		KeyConditions: map[string]types.Condition{
			"pk": {ComparisonOperator: types.ComparisonOperatorEq, AttributeValueList: []types.AttributeValue{s("a")}},
			"sk": {ComparisonOperator: types.ComparisonOperatorBetween, AttributeValueList: []types.AttributeValue{n("-2"), n("3")}},
		},
		QueryFilter: map[string]types.Condition{"x": {ComparisonOperator: types.ComparisonOperatorGt, AttributeValueList: []types.AttributeValue{n("2")}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, out.Items, []record{{"sk": n("0")}, {"sk": n("0.001")}, {"sk": n("3")}})
	scan, err := c.Scan(t.Context(), &dynamodb.ScanInput{
		TableName: aws.String("num"), ConditionalOperator: types.ConditionalOperatorOr,
		ScanFilter: map[string]types.Condition{
			"x": {ComparisonOperator: types.ComparisonOperatorIn, AttributeValueList: []types.AttributeValue{n("1"), n("8")}},
			"g": {ComparisonOperator: types.ComparisonOperatorNotNull},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if scan.Count != 6 || scan.ScannedCount != 10 {
		t.Errorf("%d of %d", scan.Count, scan.ScannedCount)
	}
}
