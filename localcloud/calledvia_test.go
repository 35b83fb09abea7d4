package localcloud_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// TestOnlyThroughCloudFormation: a role that may make tables by a stack alone.
func TestOnlyThroughCloudFormation(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	cfg := c.assume(t, c.role(t, "builder", trustAll, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
		{"Effect":"Deny","Action":"dynamodb:CreateTable","Resource":"*","Condition":{"ForAllValues:StringNotEquals":{"aws:CalledVia":"cloudformation.amazonaws.com"}}}]}`), "")
	_, err := dynamodb.NewFromConfig(cfg).CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("hits"), BillingMode: dbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []dbtypes.AttributeDefinition{{AttributeName: aws.String("k"), AttributeType: dbtypes.ScalarAttributeTypeS}},
		KeySchema:            []dbtypes.KeySchemaElement{{AttributeName: aws.String("k"), KeyType: dbtypes.KeyTypeHash}},
	})
	wantCode(t, "a table without a stack", err, "AccessDeniedException")
	if status := deployStack(t, cloudformation.NewFromConfig(cfg), "hits", cfntypes.ChangeSetTypeCreate, firstTemplate, nil); status != cfntypes.StackStatusCreateComplete {
		t.Errorf("the stack is %s", status)
	}
}
