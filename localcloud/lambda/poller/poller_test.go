package poller_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/writ-dev/writ/localcloud/gate"
	"github.com/writ-dev/writ/localcloud/lambda/poller"
	"github.com/writ-dev/writ/localcloud/session"
	"github.com/writ-dev/writ/localcloud/store"
)

func TestPartialAnswers(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		``: "a b c", `null`: "a b c", `{}`: "a b c", `{"batchItemFailures":null}`: "a b c", `{"batchItemFailures":[]}`: "a b c",
		`{"batchItemFailures":[{"itemIdentifier":"b"}]}`: "a c", `{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":"b"}]}`: "a c",
		// Each of these says that all have failed (Developer Guide, "Success and failure conditions").
		`{"batchItemFailures":[{"itemIdentifier":"x"}]}`: "failed", `{"batchItemFailures":[{"itemIdentifier":""}]}`: "failed",
		`{"batchItemFailures":[{"itemIdentifier":null}]}`: "failed", `{"batchItemFailures":[{"key":"b"}]}`: "failed", `{"batchItemFailures":"b"}`: "failed", `{`: "failed",
	} {
		done, ok := poller.Succeeded([]string{"a", "b", "c"}, []byte(answer))
		got := strings.Join(done, " ")
		if !ok {
			got += "failed"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", answer, got, want)
		}
	}
}

func FuzzPartialAnswer(f *testing.F) {
	f.Add([]byte(`{"batchItemFailures":[{"itemIdentifier":"b"}]}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		ids := []string{"a", "b"}
		done, ok := poller.Succeeded(ids, answer)
		if !ok && len(done) > 0 || len(done) > len(ids) {
			t.Fatalf("%q: %v %v", answer, done, ok)
		}
		for _, id := range done {
			if !slices.Contains(ids, id) {
				t.Fatalf("%q: %s was never sent", answer, id)
			}
		}
	})
}

func TestBatchesAreCut(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ lengths, want []int }{
		{[]int{1, 1, 1}, []int{3}}, {[]int{1 << 20}, []int{1}}, {[]int{1 << 20, 1 << 20, 1 << 20, 1 << 20}, []int{2, 2}}, {[]int{1 << 20, 1, 1 << 20, 1 << 20}, []int{3, 1}},
	} {
		if got := poller.Split(row.lengths...); !slices.Equal(got, row.want) {
			t.Errorf("%v: %v, want %v", row.lengths, got, row.want)
		}
	}
}

// cloud answers as a queue that has no messages.
type cloud struct{}

func (cloud) Do(_ context.Context, c *gate.Call) (*gate.Reply, error) {
	switch c.Operation {
	case "ReceiveMessage":
		time.Sleep(time.Millisecond)
		return &gate.Reply{Body: []byte(`{}`)}, nil
	case "GetQueueAttributes":
		return &gate.Reply{Body: []byte(`{"Attributes":{"VisibilityTimeout":"30"}}`)}, nil
	}
	return &gate.Reply{}, nil
}

func (cloud) AssumeForService(_ context.Context, r session.ServiceRole) (session.Credentials, gate.Caller, error) {
	return session.Credentials{Expiration: time.Now().Add(r.Duration)}, gate.Caller{ARN: r.RoleARN}, nil
}

func (cloud) Role(name, _ string) (string, time.Duration, bool) {
	return "arn:aws:iam::000000000000:role/worker", 3 * time.Second, name == "worker"
}

func (cloud) Run(context.Context, string, string, []byte) ([]byte, bool, error) {
	return nil, false, nil
}

func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	db, err := store.Open(filepath.Join(dir, "cloud.db"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = db.Close() }()
	pollers, err := poller.New(poller.Config{
		DB: db, Account: "000000000000", Region: "us-east-1", Do: cloud{}, Roles: cloud{}, Functions: cloud{},
		Rand: strings.NewReader("0123456789abcdef"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	pollers.Resume()
	defer pollers.Close()
	m, err := pollers.Create(context.Background(), poller.Settings{Source: "arn:aws:sqs:us-east-1:000000000000:jobs", Function: "worker"})
	fmt.Println(m.UUID, m.Batch, err)
	_, err = pollers.Create(context.Background(), poller.Settings{Source: "arn:aws:sqs:us-east-1:000000000000:jobs", Function: "none"})
	fmt.Println(err)
	// Output:
	// 30313233-3435-4637-a839-616263646566 10 <nil>
	// ResourceNotFoundException: Function not found: none
}
