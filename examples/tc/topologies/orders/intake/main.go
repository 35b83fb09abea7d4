// Command intake stores an order in the table that the query names, "orders" or
// "archive", and says what DynamoDB answered.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/aws/aws-lambda-go/events"
	runtime "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func main() {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	tables := dynamodb.NewFromConfig(cfg)
	runtime.Start(func(ctx context.Context, r events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		table := os.Getenv("TABLE")
		if r.QueryStringParameters["table"] == "archive" {
			table = os.Getenv("ARCHIVE")
		}
		_, err := tables.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: &table, Item: map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: r.PathParameters["id"]}},
		})
		if err != nil {
			return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusForbidden, Body: err.Error() + "\n"}, nil
		}
		return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusOK, Body: fmt.Sprintf("stored in %s\n", table)}, nil
	})
}
