// Command library answers whoever gets to it, and says what the authorizer has told of them.
package main

import (
	"context"
	"fmt"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	lambda.Start(func(_ context.Context, r events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return events.APIGatewayProxyResponse{
			StatusCode: 200,
			Headers:    map[string]string{"Content-Type": "text/plain"},
			Body:       fmt.Sprintf("%s %s for %v\n", r.HTTPMethod, r.Path, r.RequestContext.Authorizer["principalId"]),
		}, nil
	})
}
