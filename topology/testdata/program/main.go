// Command program is the hit counter of same.yml, written as constructs.
package main

import "github.com/writ-dev/writ/topology"

// HitCounter counts each request in a table and hands it on.
type HitCounter struct {
	Handler *topology.Function
	Table   *topology.Store
}

// NewHitCounter makes a hit counter in front of another function.
func NewHitCounter(scope *topology.Scope, id string, downstream *topology.Function) *HitCounter {
	s := scope.Scope(id)
	table := s.Table("hits", topology.TableProps{
		PartitionKey: topology.Key{Name: "path"},
		Indexes: []topology.Index{
			{Name: "recent", PartitionKey: topology.Key{Name: "day", Type: "N"}},
			{Name: "byHour", PartitionKey: topology.Key{Name: "hour", Type: "N"}},
		},
		TTL: "expires",
	})
	handler := s.Function("handler", topology.FunctionProps{
		Root:     "counter",
		MemoryMB: 256,
		Environment: map[string]string{
			"HITS_TABLE_NAME":          table.NameRef(),
			"DOWNSTREAM_FUNCTION_NAME": downstream.NameRef(),
		},
	})
	table.GrantReadWriteData(handler)
	downstream.GrantInvoke(handler)
	return &HitCounter{Handler: handler, Table: table}
}

func main() {
	app := topology.New("hitcounter")
	hello := app.Function("hello", topology.FunctionProps{Runtime: "node22", TimeoutSec: 10})
	counter := NewHitCounter(app.Root(), "HelloHitCounter", hello)
	counter.Handler.AddEnvironment("TABLE_ARN", counter.Table.ARNRef())
	counter.Handler.GrantAccess(topology.KindSecret, "api-key", "read")
	app.Secret("api-key", topology.SecretProps{Description: "of the shop"})

	uploads := app.Bucket("uploads")
	uploads.GrantPut(hello)
	failed := app.Queue("failed", topology.QueueProps{})
	jobs := app.Queue("jobs", topology.QueueProps{Consumer: hello, BatchSize: 5, DeadLetter: failed})
	jobs.GrantSendMessages(counter.Handler)
	alerts := app.Topic("alerts", topology.TopicProps{Queues: []*topology.Queue{jobs}})
	alerts.GrantPublish(hello)
	clicks := app.Stream("clicks", topology.StreamProps{Consumer: hello, Shards: 2})
	clicks.GrantWrite(counter.Handler)
	limit := app.Parameter("limit", topology.ParameterProps{Value: "10"})
	limit.GrantRead(hello)
	hello.AddEnvironment("LIMIT", limit.NameRef())
	app.EncryptionKey("vault", topology.EncryptionKeyProps{External: "arn:aws:kms:eu-west-1:111122223333:key/1234"}).GrantDecrypt(hello)
	bus := app.Bus("shop", "")
	bus.GrantPutEventsTo(hello)
	app.Schedule("nightly", topology.ScheduleProps{Cron: "0 3 * * ? *", Payload: `{"all":true}`, Function: hello})
	uploads.NotifyQueue(jobs, topology.NotifyProps{Prefix: "in/"})
	retries := 2
	app.Event("Paid", topology.EventProps{
		Bus: bus, Queues: []*topology.Queue{jobs}, Topics: []*topology.Topic{alerts}, Retries: &retries, DeadLetter: failed,
		Filter: map[string]any{"amount": []any{map[string]any{"numeric": []any{">", 10}}}},
	})
	placed := app.Event("OrderPlaced", topology.EventProps{Producers: []string{"shop"}, Functions: []*topology.Function{hello}})
	placed.GrantPutEvents(counter.Handler)

	app.Route(topology.RouteProps{Path: "/{proxy+}", Method: "ANY", API: topology.APIREST, Function: counter.Handler})
	app.Route(topology.RouteProps{Path: "/jobs", Queue: jobs, Authorizer: hello})
	app.Emit()
}
