package localcloud_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/writ-dev/writ/localcloud"
)

// A cloud of its own for one test: open it, serve its API, and call it with
// AWS's SDK as the developer.
func Example() {
	if err := example(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// arn:aws:sts::000000000000:assumed-role/writ-developer/developer
	// [] tables
}

func example(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "cloud")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	server := httptest.NewUnstartedServer(nil)
	cloud, err := localcloud.Open(localcloud.Config{Dir: dir, Endpoint: "http://" + server.Listener.Addr().String()})
	if err != nil {
		return err
	}
	defer cloud.Close()
	server.Config.Handler = cloud.API()
	server.Start()
	defer server.Close()

	keys, err := cloud.DeveloperCredentials()
	if err != nil {
		return err
	}
	cfg := aws.Config{
		Region: cloud.Region(), BaseEndpoint: aws.String(server.URL),
		Credentials: credentials.NewStaticCredentialsProvider(keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken),
	}
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return err
	}
	tables, err := dynamodb.NewFromConfig(cfg).ListTables(ctx, &dynamodb.ListTablesInput{})
	if err != nil {
		return err
	}
	fmt.Println(*who.Arn)
	fmt.Println(tables.TableNames, "tables")
	return nil
}

func ExampleOperations() {
	fmt.Println(localcloud.Operations()["sts"])
	// Output: [AssumeRole GetCallerIdentity GetSessionToken]
}
