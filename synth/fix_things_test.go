package synth_test

import (
	"strings"
	"testing"

	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

const thingsYAML = `name: shop
functions:
  worker:
    runtime: {lang: go}
    grants: []
  told: {runtime: {lang: go}}
queues:
  jobs: {function: told}
  theirs: {external: partner-jobs}
topics: {news: {function: told}}
streams: {clicks: }
buses: {office: }
events:
  Sent: {bus: office, function: told}
  Paid: {function: told}
secrets:
  stamp:
  partner: {external: "arn:aws:secretsmanager:us-east-1:000000000000:secret:partner-AbCdEf"}
parameters: {limit: {value: 1}}
keys: {vault: {external: 1234abcd-12ab-34cd-56ef-1234567890ab}}
schedules: {nightly: {cron: rate(1 day), function: told}}
`

// A denied call on any kind of entity is answered with the line that allows it.
func TestFixOfEveryKind(t *testing.T) {
	t.Parallel()
	top := parseText(t, thingsYAML)
	at := ":us-east-1:000000000000:"
	for _, c := range []struct{ action, arn, want string }{
		{"sqs:SendMessage", "arn:aws:sqs" + at + "shop_jobs_dev", "{queue: jobs, access: send}"},
		{"sqs:ReceiveMessage", "arn:aws:sqs" + at + "shop_jobs_dev", "{queue: jobs, access: consume}"},
		{"sqs:SendMessage", "arn:aws:sqs" + at + "partner-jobs", "{queue: theirs, access: send}"},
		{"sns:Publish", "arn:aws:sns" + at + "shop_news_dev", "{topic: news, access: publish}"},
		{"kinesis:PutRecord", "arn:aws:kinesis" + at + "stream/shop_clicks_dev", "{stream: clicks, access: write}"},
		{"events:PutEvents", "arn:aws:events" + at + "event-bus/shop_office_dev", "{event: Sent, access: putEvents}"},
		{"events:PutEvents", "arn:aws:events" + at + "event-bus/default", "{event: Paid, access: putEvents}"},
		{"secretsmanager:GetSecretValue", "arn:aws:secretsmanager" + at + "secret:shop_stamp_dev-a1B2c3", "{secret: stamp, access: read}"},
		{"secretsmanager:GetSecretValue", "arn:aws:secretsmanager" + at + "secret:partner-AbCdEf", "{secret: partner, access: read}"},
		{"ssm:GetParameter", "arn:aws:ssm" + at + "parameter/shop/dev/limit", "{parameter: limit, access: read}"},
		{"kms:Decrypt", "arn:aws:kms" + at + "key/1234abcd-12ab-34cd-56ef-1234567890ab", "{key: vault, access: decrypt}"},
		{"sqs:DeleteQueue", "arn:aws:sqs" + at + "shop_jobs_dev", ""},
		{"sqs:SendMessage", "arn:aws:sqs" + at + "shop_jobs_prod", ""},
		{"secretsmanager:GetSecretValue", "arn:aws:secretsmanager" + at + "secret:shop_stamp_dev-else-a1B2c3", ""},
	} {
		fix, ok := synth.Fix(top, "dev", "tc-shop-worker-dev", c.action, c.arn)
		if ok != (c.want != "") || fix.Lines != c.want {
			t.Errorf("%s on %s: %v %q, want %q", c.action, c.arn, ok, fix.Lines, c.want)
		}
	}
}

// Where the function has more lines of its own, the grant is one line more.
func TestFixOfAQueueIsOneLine(t *testing.T) {
	t.Parallel()
	src := strings.Replace(thingsYAML, "    grants: []\n", "    grants:\n      - {topic: news, access: publish}\n", 1)
	fix, ok := synth.Fix(parseText(t, src), "dev", "tc-shop-worker-dev", "sqs:SendMessage", "arn:aws:sqs:us-east-1:000000000000:shop_jobs_dev")
	if !ok || fix.Lines != "      - {queue: jobs, access: send}\n" {
		t.Fatalf("%v %q", ok, fix.Lines)
	}
	again := parseText(t, apply(src, fix))
	if !synth.Granted(again, "dev", "tc-shop-worker-dev", "sqs:SendMessage", "arn:aws:sqs:us-east-1:000000000000:shop_jobs_dev") {
		t.Error("the line does not grant it")
	}
}

// What a queue feeds may consume it, though no grant says so.
func TestConsumersAreGranted(t *testing.T) {
	t.Parallel()
	top := parseText(t, thingsYAML)
	const jobs = "arn:aws:sqs:us-east-1:000000000000:shop_jobs_dev"
	if !synth.Granted(top, "dev", "tc-shop-told-dev", "sqs:DeleteMessage", jobs) || synth.Granted(top, "dev", "tc-shop-told-dev", "sqs:SendMessage", jobs) {
		t.Error("told consumes jobs, and sends nothing to it")
	}
	world, err := synth.Edges(top, "dev", "told")
	if err != nil {
		t.Fatal(err)
	}
	if len(world.Granted) != 1 || !world.Granted[0].Drawn || world.Granted[0].Name != "jobs" {
		t.Errorf("granted %+v", world.Granted)
	}
	for _, e := range world.Offered {
		if e.Kind == string(topology.KindQueue) && e.Name == "jobs" && e.Access == "send" && e.Holds("sqs:SendMessage", jobs) {
			return
		}
	}
	t.Error("send on jobs is not offered")
}

func TestLocateEveryKind(t *testing.T) {
	t.Parallel()
	top := parseText(t, thingsYAML)
	for physical, want := range map[string]string{
		"shop_jobs_dev": "queue jobs", "shop_news_dev": "topic news", "shop_clicks_dev": "stream clicks", "shop_office_dev": "bus office",
		"shop_Sent_dev": "rule Sent", "shop_stamp_dev": "secret stamp", "/shop/dev/limit": "parameter limit", "shop_nightly_dev": "schedule nightly",
		"tc-shop-schedule-dev": "role schedule", "partner-jobs": " ",
	} {
		if kind, name, pos, ok := synth.Locate(top, "dev", physical); kind+" "+name != want || ok != (want != " ") || ok && pos.Line == 0 {
			t.Errorf("%s: %s %s at %v", physical, kind, name, pos)
		}
	}
}
