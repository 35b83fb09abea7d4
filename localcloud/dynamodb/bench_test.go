package dynamodb_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud/gate"
)

// call makes one call without HTTP and without IAM.
func (c *cloud) call(b testing.TB, operation, body string) {
	call := &gate.Call{Service: "dynamodb", Operation: operation, Body: []byte(body)}
	if _, err := c.service.Describe(call); err != nil {
		b.Error(err)
		return
	}
	if _, err := c.service.Handle(context.Background(), call); err != nil {
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

const benchmarkGet = `{"TableName":"bench","Key":{"pk":{"S":"p1"},"sk":{"S":"s0"}}}`

// through gives a function that makes one GetItem through the gate, as a call
// from inside the cloud does.
func (c *cloud) through(b testing.TB) func() {
	caller := gate.Caller{
		Kind: iam.PrincipalSession, ARN: "arn:aws:sts::" + account + ":assumed-role/reader/s", Account: account,
		UserID: c.roles["reader"].ID + ":s", RoleName: "reader", SessionName: "s", Issued: c.now,
	}
	return func() {
		reply, err := c.gate.Do(context.Background(), &gate.Call{Service: "dynamodb", Operation: "GetItem", Body: []byte(benchmarkGet), Caller: caller})
		if err != nil || !strings.Contains(string(reply.Body), "Item") {
			b.Fatal(err)
		}
	}
}

// readable is a table with one item and a role that may read it.
func readable(b testing.TB) *cloud {
	c := newCloud(b)
	c.table("bench", true)
	c.call(b, "PutItem", benchmarkPut(1))
	c.role("reader", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:Query"],"Resource":["arn:aws:dynamodb:us-east-1:`+account+`:table/bench","arn:aws:dynamodb:us-east-1:`+account+`:table/bench/index/*"]}]}`)
	return c
}

func BenchmarkGetItemThroughGate(b *testing.B) {
	get := readable(b).through(b)
	b.ReportAllocs()
	for b.Loop() {
		get()
	}
}

// TestAllocations bounds what the most frequent call allocates: more would
// make every function slower.
func TestAllocations(t *testing.T) {
	c := readable(t)
	if n := testing.AllocsPerRun(500, func() { c.call(t, "GetItem", benchmarkGet) }); n > 62 {
		t.Errorf("GetItem makes %.0f allocations, want at most 62", n)
	}
	if n := testing.AllocsPerRun(500, c.through(t)); n > 90 {
		t.Errorf("GetItem through the gate makes %.0f allocations, want at most 90", n)
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
