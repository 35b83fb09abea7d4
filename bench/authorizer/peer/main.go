// Command peer is the least that an authorizer can be: it verifies an RS256 token with a key that it is given, and lets everybody
// with one do everything.
package main

import (
	"context"
	"crypto/rsa"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/golang-jwt/jwt/v5"
)

func main() {
	key, err := jwt.ParseRSAPublicKeyFromPEM([]byte(os.Getenv("PEER_KEY")))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lambda.Start(func(_ context.Context, e events.APIGatewayV2CustomAuthorizerV2Request) (events.APIGatewayV2CustomAuthorizerSimpleResponse, error) {
		return verify(key, e.Headers["authorization"])
	})
}

func verify(key *rsa.PublicKey, header string) (events.APIGatewayV2CustomAuthorizerSimpleResponse, error) {
	_, err := jwt.Parse(strings.TrimPrefix(header, "Bearer "), func(*jwt.Token) (any, error) { return key, nil },
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer("https://issuer.example.com"), jwt.WithAudience("shop"), jwt.WithExpirationRequired())
	return events.APIGatewayV2CustomAuthorizerSimpleResponse{IsAuthorized: err == nil}, nil
}
