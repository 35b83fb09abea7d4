package sigv4_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/writ-dev/writ/internal/sigv4"
)

func ExampleVerifier() {
	now := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	body := `{"TableName": "hits"}`
	r := httptest.NewRequest("POST", "http://127.0.0.1:4566/", strings.NewReader(body))
	key := sigv4.Key{AccessKeyID: "AKIAEXAMPLE", Secret: "a secret"}
	if err := sigv4.Sign(r, sigv4.HashBody([]byte(body)), key, sigv4.Scope{Region: "us-east-1", Service: "dynamodb"}, now); err != nil {
		fmt.Println(err)
		return
	}

	signature, err := sigv4.Parse(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(signature.AccessKeyID, signature.Scope)
	var v sigv4.Verifier
	fmt.Println(v.Verify(r, signature, sigv4.HashBody([]byte(body)), "a secret", now))
	fmt.Println(v.Verify(r, signature, sigv4.HashBody([]byte(body)), "a secret", now.Add(time.Hour)))
	// Output:
	// AKIAEXAMPLE 20260102/us-east-1/dynamodb/aws4_request
	// <nil>
	// Signature expired: 20260102T150405Z is now earlier than 20260102T154905Z (20260102T160405Z - 15 min.)
}
