package dynamodb_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/writ-dev/writ/localcloud/gate"
)

// call makes one call without HTTP and without IAM.
func (c *cloud) call(b *testing.B, operation, body string) {
	call := &gate.Call{Service: "dynamodb", Operation: operation, Body: []byte(body)}
	if _, err := c.service.Describe(call); err != nil {
		b.Error(err)
		return
	}
	if _, err := c.service.Handle(b.Context(), call); err != nil {
		b.Error(err)
	}
}

func benchmarkCloud(b *testing.B) *cloud {
	c := newCloud(b)
	c.table("bench", true)
	for i := range 1000 {
		c.call(b, "PutItem", benchmarkPut(i))
	}
	b.ResetTimer()
	return c
}

func benchmarkPut(i int) string {
	return fmt.Sprintf(`{"TableName":"bench","Item":{"pk":{"S":"p%d"},"sk":{"S":"s%d"},"n":{"N":"%d"},"text":{"S":"%s"},"list":{"L":[{"N":"1"},{"S":"two"}]}}}`,
		i%100, i/100, i, strings.Repeat("x", 100))
}

func BenchmarkGetItem(b *testing.B) {
	c := benchmarkCloud(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c.call(b, "GetItem", fmt.Sprintf(`{"TableName":"bench","Key":{"pk":{"S":"p%d"},"sk":{"S":"s%d"}}}`, i%100, i%10))
	}
}

func BenchmarkQuery10(b *testing.B) {
	c := benchmarkCloud(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c.call(b, "Query", fmt.Sprintf(`{"TableName":"bench","KeyConditionExpression":"pk = :p","FilterExpression":"n >= :z","ExpressionAttributeValues":{":p":{"S":"p%d"},":z":{"N":"0"}}}`, i%100))
	}
}

func BenchmarkPutItem(b *testing.B) {
	c := benchmarkCloud(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c.call(b, "PutItem", benchmarkPut(i%1000))
	}
}

// BenchmarkPutItemConcurrent has 64 writers, whose writes are made durable together.
func BenchmarkPutItemConcurrent(b *testing.B) {
	c := benchmarkCloud(b)
	b.ReportAllocs()
	b.SetParallelism(32)
	var i atomic.Int64
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			c.call(b, "PutItem", benchmarkPut(int(i.Add(1))%1000))
		}
	})
}

func BenchmarkUpdateItem(b *testing.B) {
	c := benchmarkCloud(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c.call(b, "UpdateItem", fmt.Sprintf(`{"TableName":"bench","Key":{"pk":{"S":"p%d"},"sk":{"S":"s0"}},"UpdateExpression":"ADD hits :one","ExpressionAttributeValues":{":one":{"N":"1"}}}`, i%100))
	}
}
