package oracle_test

import (
	"fmt"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/iam/internal/oracle"
)

func Example() {
	doc := &iam.Document{Version: iam.Version2012, Statements: []iam.Statement{{Effect: iam.Allow, Action: []string{"s3:Get*"}, Resource: []string{"*"}}}}
	req := &iam.Request{Principal: iam.ParsePrincipal("arn:aws:iam::111122223333:user/alice"), Action: "s3:PutObject", Resource: "arn:aws:s3:::bucket/key"}
	fmt.Println(oracle.Decide(req, &oracle.World{Identity: []*iam.Document{doc}}))
	// Output: ImplicitlyDenied [identity]
}
