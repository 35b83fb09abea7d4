package awscloud_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/writ-dev/writ/awscloud"
	"github.com/writ-dev/writ/localcloud"
)

// An account is opened by an endpoint and credentials, or by an AWS profile;
// a template is planned, then applied.
func Example() {
	if err := example(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 000000000000
	// CREATE_COMPLETE hits
}

func example(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "awscloud-example-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	server := httptest.NewUnstartedServer(nil)
	endpoint := "http://" + server.Listener.Addr().String()
	local, err := localcloud.Open(localcloud.Config{Dir: dir, Endpoint: endpoint})
	if err != nil {
		return err
	}
	defer local.Close()
	server.Config.Handler = local.API()
	server.Start()
	defer server.Close()
	keys, err := local.DeveloperCredentials()
	if err != nil {
		return err
	}

	account, err := awscloud.Open(ctx, awscloud.Config{
		Endpoint: endpoint, Region: local.Region(),
		Credentials: &aws.Credentials{AccessKeyID: keys.AccessKeyID, SecretAccessKey: keys.SecretAccessKey, SessionToken: keys.SessionToken},
	})
	if err != nil {
		return err
	}
	who, err := account.Identity(ctx)
	if err != nil {
		return err
	}
	fmt.Println(who.Account)
	plan, err := account.Plan(ctx, awscloud.Deployment{Stack: "shop", Template: table("hits", 0)})
	if err != nil {
		return err
	}
	stack, err := account.Apply(ctx, plan, nil)
	if err != nil {
		return err
	}
	fmt.Println(stack.Status, stack.Outputs["Table"])
	return nil
}
