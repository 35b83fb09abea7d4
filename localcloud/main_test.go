package localcloud_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// children are other lives of the test binary, by the variable that begins one.
var children = map[string]func(argument string) error{}

// TestMain lets the test binary be a Lambda function, or a child with a cloud
// that is to be killed or starved.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		lambda.Start(function)
	}
	for name, run := range children {
		if argument := os.Getenv(name); argument != "" {
			if err := run(argument); err != nil {
				fmt.Println("failed:", err)
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

// event is what the function is asked, directly or through API Gateway.
type event struct {
	Table, Key string
	Path       string `json:"path"`
	// Type is set when the function is asked as an authorizer, for MethodARN or RouteARN.
	Type, MethodARN, RouteARN string
	AuthorizationToken        string
	Headers                   map[string]string
}

// authorize lets in who says "let me in", and answers an unknown caller as a
// REST API's authorizer does.
func authorize(e event) (map[string]any, error) {
	effect := "Deny"
	switch e.AuthorizationToken + e.Headers["auth"] {
	case "let me in":
		effect = "Allow"
	case "who am I":
		return nil, errors.New("Unauthorized")
	}
	return map[string]any{"principalId": "ann", "policyDocument": map[string]any{"Version": "2012-10-17", "Statement": []any{
		map[string]any{"Effect": effect, "Action": "execute-api:Invoke", "Resource": e.MethodARN + e.RouteARN},
	}}}, nil
}

// function puts an item with its own credentials when it is asked to, and
// answers as API Gateway expects. It knows the cloud only by its environment.
func function(ctx context.Context, raw json.RawMessage) (map[string]any, error) {
	var e event
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, err
	}
	if e.Type != "" {
		return authorize(e)
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRetryMaxAttempts(1))
	if err != nil {
		return nil, err
	}
	if e.Table != "" {
		_, err := dynamodb.NewFromConfig(cfg).PutItem(ctx, &dynamodb.PutItemInput{
			TableName: &e.Table, Item: map[string]types.AttributeValue{"k": &types.AttributeValueMemberS{Value: e.Key}},
		})
		if err != nil {
			fmt.Println("put failed:", err)
			return nil, err
		}
	}
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, err
	}
	fmt.Println("the function ran for", e.Path+e.Key)
	return map[string]any{"statusCode": 200, "body": aws.ToString(who.Arn)}, nil
}

// goFunction is the test binary as a deployment package.
func goFunction(t testing.TB) []byte {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return zipped(t, map[string]string{"bootstrap": "#!/bin/sh\nexec '" + self + "'\n"})
}
