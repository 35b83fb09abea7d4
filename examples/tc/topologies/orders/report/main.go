// Command report counts the orders.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/aws/aws-lambda-go/events"
	runtime "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
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
	runtime.Start(func(ctx context.Context, _ events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		found, err := tables.Scan(ctx, &dynamodb.ScanInput{TableName: aws.String(os.Getenv("TABLE")), Select: types.SelectCount})
		if err != nil {
			return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusForbidden, Body: err.Error() + "\n"}, nil
		}
		return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusOK, Body: fmt.Sprintf("%d orders\n", found.Count)}, nil
	})
}
