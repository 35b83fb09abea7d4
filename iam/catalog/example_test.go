package catalog_test

import (
	"fmt"

	"github.com/writ-dev/writ/iam/catalog"
)

func Example() {
	c := catalog.AWS()
	for _, a := range c.Expand("sqs:*Message") {
		fmt.Println(a, a.Access, a.Resources[0].ARN)
	}
	fmt.Println(c.NearestAction("dynamodb:PutItems"))
	key, _ := c.Key("s3", "s3:ExistingObjectTag/team")
	fmt.Println(key)
	// Output:
	// sqs:DeleteMessage Write arn:${Partition}:sqs:${Region}:${Account}:${QueueName}
	// sqs:ReceiveMessage Read arn:${Partition}:sqs:${Region}:${Account}:${QueueName}
	// sqs:SendMessage Write arn:${Partition}:sqs:${Region}:${Account}:${QueueName}
	// dynamodb:PutItem
	// String
}
