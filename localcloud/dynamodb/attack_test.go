package dynamodb_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// The policy of the Developer Guide that keeps attributes from a reader
// ("Using IAM policy conditions for fine-grained access control"): it holds
// for every way to read an item, also for those that have no Select.
func TestAttackReadHiddenAttributes(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.table("tab", false)
	if _, err := c.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("tab"), Item: record{"pk": s("k"), "v": n("1"), "secret": s("s")}}); err != nil {
		t.Fatal(err)
	}
	c.role("reader", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:BatchGetItem","dynamodb:Query","dynamodb:Scan"],
		"Resource":"arn:aws:dynamodb:us-east-1:000000000000:table/tab","Condition":{
		"ForAllValues:StringEquals":{"dynamodb:Attributes":["pk","v"]},"StringEqualsIfExists":{"dynamodb:Select":"SPECIFIC_ATTRIBUTES"}}}]}`)
	reader := c.as("reader")
	key := record{"pk": s("k")}
	for name, read := range map[string]func(projection *string) error{
		"GetItem": func(p *string) error {
			return second(reader.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("tab"), Key: key, ProjectionExpression: p}))
		},
		"BatchGetItem": func(p *string) error {
			return second(reader.BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{"tab": {Keys: []record{key}, ProjectionExpression: p}}}))
		},
		"TransactGetItems": func(p *string) error {
			return second(reader.TransactGetItems(t.Context(), &dynamodb.TransactGetItemsInput{TransactItems: []types.TransactGetItem{
				{Get: &types.Get{TableName: aws.String("tab"), Key: key, ProjectionExpression: p}},
			}}))
		},
		"Query": func(p *string) error {
			return second(reader.Query(t.Context(), &dynamodb.QueryInput{
				TableName: aws.String("tab"), KeyConditionExpression: aws.String("pk = :k"), ExpressionAttributeValues: record{":k": s("k")}, ProjectionExpression: p,
			}))
		},
		"Scan": func(p *string) error {
			return second(reader.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("tab"), ProjectionExpression: p}))
		},
	} {
		if err := read(aws.String("v")); err != nil {
			t.Errorf("%s of what may be read: %v", name, err)
		}
		if err := read(nil); err == nil {
			t.Errorf("%s gave the whole item", name)
		}
		if err := read(aws.String("v, secret")); err == nil {
			t.Errorf("%s gave the secret", name)
		}
	}
}
