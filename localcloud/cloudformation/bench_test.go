package cloudformation_test

import (
	"fmt"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudformation"
)

// BenchmarkStack deploys and removes the stack of everyType, 18 resources.
func BenchmarkStack(b *testing.B) {
	c := newCloud(b)
	c.asset(b, "assets", "code.zip")
	client := c.client(b)
	n := 0
	for b.Loop() {
		n++
		name := fmt.Sprintf("s%d", n)
		if err := c.create(b, name, everyType); err != nil {
			b.Fatal(err)
		}
		stack := c.settled(b, name)
		b.StopTimer()
		if stack.StackStatus != "CREATE_COMPLETE" {
			b.Fatal(stack.StackStatus)
		}
		if _, err := client.DeleteStack(b.Context(), &sdk.DeleteStackInput{StackName: &name}); err != nil {
			b.Fatal(err)
		}
		c.settled(b, *stack.StackId)
		b.StartTimer()
	}
}
