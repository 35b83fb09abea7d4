// Command counter counts each request in a table and passes it on to another
// function. It needs two permissions, and nothing gives them but the topology.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/aws/aws-lambda-go/events"
	runtime "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

type counter struct {
	table      *dynamodb.Client
	functions  *lambda.Client
	tableName  string
	downstream string
}

func main() {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	c := counter{
		table:      dynamodb.NewFromConfig(cfg),
		functions:  lambda.NewFromConfig(cfg),
		tableName:  os.Getenv("HITS_TABLE_NAME"),
		downstream: os.Getenv("DOWNSTREAM_FUNCTION_NAME"),
	}
	runtime.Start(c.handle)
}

func (c counter) handle(ctx context.Context, r events.APIGatewayProxyRequest) (json.RawMessage, error) {
	_, err := c.table.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                 &c.tableName,
		Key:                       map[string]types.AttributeValue{"path": &types.AttributeValueMemberS{Value: r.Path}},
		UpdateExpression:          aws.String("ADD hits :incr"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":incr": &types.AttributeValueMemberN{Value: "1"}},
	})
	if err != nil {
		return nil, fmt.Errorf("count the hit: %w", err)
	}

	request, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	answer, err := c.functions.Invoke(ctx, &lambda.InvokeInput{FunctionName: &c.downstream, Payload: request})
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", c.downstream, err)
	}
	return answer.Payload, nil
}
