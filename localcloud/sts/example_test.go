package sts_test

import (
	"context"
	"fmt"
	"time"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/session"
	"github.com/writ-dev/writ/localcloud/sts"
)

// oneRole is an account with a single role, that Lambda may take on.
type oneRole struct{}

func (oneRole) TrustedRole(arn string) (session.Role, bool) {
	trust, err := iam.Load([]byte(`{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}`), iam.Origin{Type: iam.TypeTrust})
	return session.Role{Name: "hello", ARN: arn, ID: "AROAEXAMPLE", Trust: trust}, err == nil
}

func (oneRole) PolicyDocument(string) (string, bool) { return "", false }

func ExampleService_AssumeForService() {
	vault := session.NewVault(make([]byte, session.KeySize))
	now := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	service := sts.New(sts.Config{Account: "000000000000", Roles: oneRole{}, Issuer: vault, Now: func() time.Time { return now }})

	credentials, caller, err := service.AssumeForService(context.Background(), session.ServiceRole{
		Principal: "lambda.amazonaws.com", RoleARN: "arn:aws:iam::000000000000:role/hello", SessionName: "hello",
	})
	fmt.Println(caller.ARN, credentials.Expiration, err)

	_, _, err = service.AssumeForService(context.Background(), session.ServiceRole{
		Principal: "states.amazonaws.com", RoleARN: "arn:aws:iam::000000000000:role/hello", SessionName: "hello",
	})
	fmt.Println(gate.CodeOf(err))
	// Output:
	// arn:aws:sts::000000000000:assumed-role/hello/hello 2026-01-03 03:04:05 +0000 UTC <nil>
	// AccessDenied
}
