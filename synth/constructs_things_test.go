package synth_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/writ-dev/writ/topology"
)

// messagesInGo is testdata/messages/topology.yml as constructs, but for what
// constructs leave to YAML: an event for some sandboxes alone.
func messagesInGo(t *testing.T) *topology.Topology {
	t.Helper()
	app := topology.New("post")
	lost := app.Queue("lost", topology.QueueProps{RetentionSec: 1209600})
	orders := app.Queue("orders", topology.QueueProps{FIFO: true})
	theirs := app.Queue("theirs", topology.QueueProps{External: "partner-orders"})
	sorter := app.Function("sorter", topology.FunctionProps{
		Root: "sorter", Runtime: "go", TimeoutSec: 20,
		Network: &topology.Network{Subnets: []string{"subnet-0a1b2c3d"}, SecurityGroups: []string{"sg-0c2d3e4f"}},
	})
	letters := app.Queue("letters", topology.QueueProps{Consumer: sorter, BatchSize: 5, DeadLetter: lost, MaxReceives: 5})
	news := app.Topic("news", topology.TopicProps{Functions: []*topology.Function{sorter}, Queues: []*topology.Queue{lost}})
	clicks := app.Stream("clicks", topology.StreamProps{Consumer: sorter, Shards: 2})
	office := app.Bus("office", "")
	stamp := app.Secret("stamp", topology.SecretProps{Description: "Signs what is sent"})
	partner := app.Secret("partner", topology.SecretProps{External: "partner/api"})
	limit := app.Parameter("limit", topology.ParameterProps{Value: "10"})
	vault := app.EncryptionKey("vault", topology.EncryptionKeyProps{Description: "For the letters"})
	photos := app.Bucket("photos")
	intake := app.Function("intake", topology.FunctionProps{
		Root: "intake", Runtime: "go", DeadLetter: lost,
		Environment: map[string]string{
			"QUEUE_URL": letters.URLRef(), "TOPIC_ARN": news.ARNRef(), "LIMIT_NAME": limit.NameRef(), "STAMP_ARN": stamp.ARNRef(),
			"PHOTOS": photos.NameRef(), "THEIRS": theirs.URLRef(),
		},
	})
	fanout := app.Function("fanout", topology.FunctionProps{Root: "fanout", Runtime: "go"})
	retries := 2
	taken := app.Event("Taken", topology.EventProps{Producers: []string{"intake"}, Functions: []*topology.Function{sorter}, Retries: &retries, DeadLetter: lost})
	sent := app.Event("Sent", topology.EventProps{
		Bus: office, Producers: []string{"sorter", "{{namespace}}.{{sandbox}}"}, RuleName: "sent-{{sandbox}}",
		Queues: []*topology.Queue{orders, letters}, Topics: []*topology.Topic{news},
		Filter: map[string]any{"weight": []any{map[string]any{"numeric": []any{">", 20}}}},
	})
	app.Schedule("nightly", topology.ScheduleProps{Cron: "0 3 * * ? *", Function: sorter, Payload: `{"all":true}`, Timezone: "Europe/Berlin"})
	app.Schedule("sweep", topology.ScheduleProps{Cron: "rate(1 hour)", Queue: lost})
	photos.NotifyQueue(letters, topology.NotifyProps{Events: []string{"s3:ObjectRemoved:*", "s3:ObjectCreated:*"}})
	photos.NotifyFunction(intake, topology.NotifyProps{Prefix: "in/", Suffix: ".jpg"})

	letters.GrantSendMessages(intake)
	theirs.GrantSendMessages(intake)
	news.GrantPublish(intake)
	clicks.GrantWrite(intake)
	sent.GrantPutEvents(intake)
	office.GrantPutEventsTo(intake)
	stamp.GrantRead(intake)
	partner.GrantRead(intake)
	limit.GrantRead(intake)
	vault.GrantEncryptDecrypt(intake)
	photos.GrantRead(intake)
	intake.OnSuccessEvent(taken)
	sorter.OnSuccessQueue(lost)
	fanout.OnSuccessFunction(sorter)
	fanout.OnSuccessTopic(news)
	top, err := app.Topology()
	if err != nil {
		t.Fatal(err)
	}
	return top
}

// Every kind of entity gives one template, whether written in YAML or in Go.
func TestGoAndYAMLGiveTheSameBytesForEveryKind(t *testing.T) {
	t.Parallel()
	inYAML := text(t, build(t, parse(t, "testdata/messages/topology.yml"), "dev").Template.Root)
	inGo := text(t, build(t, messagesInGo(t), "dev").Template.Root)
	if diff := cmp.Diff(inYAML, inGo); diff != "" {
		t.Errorf("-YAML +Go:\n%s", diff)
	}
}
