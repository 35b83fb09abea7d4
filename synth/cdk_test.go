package synth_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// differences lists, by "Construct.grant", what Writ leaves out of a grant of
// CDK's on purpose, and why.
var differences = map[string]struct {
	actions   []string
	resources []string
	why       string
}{
	"Table.grantReadData": {
		actions: []string{"dynamodb:GetRecords", "dynamodb:GetShardIterator"},
		why:     "they act on streams: on a table's ARN they never match",
	},
	"Table.grantReadWriteData": {
		actions: []string{"dynamodb:GetRecords", "dynamodb:GetShardIterator"},
		why:     "they act on streams: on a table's ARN they never match",
	},
	"Table.grantWriteData": {
		resources: []string{"${Table.Arn}/index/*"},
		why:       "nothing writes to an index: none of the actions takes its ARN",
	},
	"Stream.grantRead":           {actions: deadOnStreams, why: deadOnStreamsWhy},
	"Stream.grantReadWrite":      {actions: deadOnStreams, why: deadOnStreamsWhy},
	"StringParameter.grantRead":  {actions: []string{"ssm:DescribeParameters"}, why: "it has no resource level: on a parameter's ARN it never matches"},
	"SqsEventSource(queue)":      {actions: []string{"sqs:GetQueueUrl"}, why: "Lambda has the queue's ARN and does not ask for its URL"},
	"KinesisEventSource(stream)": {actions: deadOnStreams, why: deadOnStreamsWhy},
	"SqsDestination(queue)": {
		actions: []string{"sqs:GetQueueAttributes", "sqs:GetQueueUrl"},
		why:     "Lambda sends to the queue that it is given, and needs no more",
	},
	"EventNotification(SqsDestination(queue))": {
		actions: []string{"sqs:GetQueueAttributes", "sqs:GetQueueUrl"},
		why:     "S3 sends to the queue that it is given, and needs no more",
	},
	"Target(SqsQueue(queue))": {
		actions: []string{"sqs:GetQueueAttributes", "sqs:GetQueueUrl"},
		why:     "EventBridge sends to the queue that it is given, and needs no more",
	},
}

var deadOnStreams = []string{"kinesis:DescribeStreamConsumer", "kinesis:ListStreams", "kinesis:SubscribeToShard"}

const deadOnStreamsWhy = "two act on a consumer and one has no resource level: on a stream's ARN they never match"

// notOurs lists CDK's grants on our entities that a topology has no verb for.
var notOurs = map[string]string{
	"Table.grantTableListStreams":       "part of streamRead",
	"Table.grantStream":                 "takes actions; a topology has verbs",
	"Table.grant":                       "takes actions; a topology has verbs",
	"Queue.grant":                       "takes actions; a topology has verbs",
	"Stream.grant":                      "takes actions; a topology has verbs",
	"Key.grant":                         "takes actions; a topology has verbs",
	"Key.grantAdmin":                    "fourteen wildcards, with which a function could let itself into the key",
	"Bucket.grantPublicAccess":          "a bucket is never open to the public",
	"Function.grantInvokeVersion":       "a topology has no versions; invoke covers them",
	"Function.grantInvokeLatestVersion": "the unqualified ARN is that version; invoke covers it",
	"EventBus.grants.allPutEvents":      "the resource *",
}

// ours maps CDK's grants to an access in a topology.
var ours = map[string]struct {
	kind   topology.Kind
	access string
}{
	"Table.grantReadData":        {topology.KindStore, "readData"},
	"Table.grantWriteData":       {topology.KindStore, "writeData"},
	"Table.grantReadWriteData":   {topology.KindStore, "readWriteData"},
	"Table.grantFullAccess":      {topology.KindStore, "fullAccess"},
	"Table.grantStreamRead":      {topology.KindStore, "streamRead"},
	"Bucket.grantRead":           {topology.KindStore, "read"},
	"Bucket.grantWrite":          {topology.KindStore, "write"},
	"Bucket.grantReadWrite":      {topology.KindStore, "readWrite"},
	"Bucket.grantPut":            {topology.KindStore, "put"},
	"Bucket.grantPutAcl":         {topology.KindStore, "putAcl"},
	"Bucket.grantDelete":         {topology.KindStore, "delete"},
	"Function.grantInvoke":       {topology.KindFunction, "invoke"},
	"Function.grantInvokeUrl":    {topology.KindFunction, "invokeUrl"},
	"Queue.grantSendMessages":    {topology.KindQueue, "send"},
	"Queue.grantConsumeMessages": {topology.KindQueue, "consume"},
	"Queue.grantPurge":           {topology.KindQueue, "purge"},
	"Topic.grantPublish":         {topology.KindTopic, "publish"},
	"Topic.grantSubscribe":       {topology.KindTopic, "subscribe"},
	"EventBus.grantPutEventsTo":  {topology.KindBus, "putEvents"},
	"Secret.grantRead":           {topology.KindSecret, "read"},
	"Secret.grantWrite":          {topology.KindSecret, "write"},
	"StringParameter.grantRead":  {topology.KindParameter, "read"},
	"StringParameter.grantWrite": {topology.KindParameter, "write"},
	"Key.grantEncrypt":           {topology.KindKey, "encrypt"},
	"Key.grantDecrypt":           {topology.KindKey, "decrypt"},
	"Key.grantEncryptDecrypt":    {topology.KindKey, "encryptDecrypt"},
	"Key.grantSign":              {topology.KindKey, "sign"},
	"Key.grantVerify":            {topology.KindKey, "verify"},
	"Key.grantSignVerify":        {topology.KindKey, "signVerify"},
	"Key.grantGenerateMac":       {topology.KindKey, "generateMac"},
	"Key.grantVerifyMac":         {topology.KindKey, "verifyMac"},
	"Stream.grantRead":           {topology.KindStream, "read"},
	"Stream.grantWrite":          {topology.KindStream, "write"},
	"Stream.grantReadWrite":      {topology.KindStream, "readWrite"},
}

// variants are those of CDK's cases whose grantee is a role of the same stack
// and whose resource a topology can have.
var variants = []string{
	"", "with GSI", "stream enabled", "default (AWS-managed encryption)", "name /app/x", "imported complete ARN", "imported by name",
}

type cdkGrant struct {
	Construct, Variant, Call string
	IdentityPolicy           []struct {
		Actions, Resources []string
		Condition          any
	}
	ResourcePolicy []struct {
		Via, Action, FunctionName, SourceArn string
		Actions, Resources                   []string
		Principal                            any
		Condition                            map[string]map[string]any
	}
}

// cdkGrants reads CDK's grants.
func cdkGrants(t *testing.T) []cdkGrant {
	t.Helper()
	src, err := os.ReadFile("../../shared/reference/cdk-grants.json")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("CDK's grants are not on this machine")
	}
	if err != nil {
		t.Fatal(err)
	}
	var data struct{ Grants []cdkGrant }
	if err := json.Unmarshal(src, &data); err != nil {
		t.Fatal(err)
	}
	return data.Grants
}

// Every grant gives what CDK's grant of that name gives, but for the listed
// differences; and every grant of CDK's on an entity of ours is one of ours or
// is listed with the reason why not.
func TestGrantsFollowCDK(t *testing.T) {
	t.Parallel()
	constructs := map[string]bool{}
	for name := range ours {
		construct, _, _ := strings.Cut(name, ".")
		constructs[construct] = true
	}
	cases, seen := 0, map[string]bool{}
	for _, g := range cdkGrants(t) {
		if !constructs[g.Construct] || !slices.Contains(variants, g.Variant) || g.Construct == "Table" && strings.HasPrefix(g.Variant, "imported") ||
			g.Construct == "Bucket" && g.Variant != "" || g.Construct == "Function" && g.Variant != "" {
			continue // stores and functions of elsewhere come with imports
		}
		method, arguments, _ := strings.Cut(g.Call, "(")
		name := g.Construct + "." + method
		if _, known := ours[name]; !known {
			if notOurs[name] == "" {
				t.Errorf("%s is neither a verb of ours nor listed with a reason", name)
			}
			continue
		}
		if arguments != "grantee)" {
			continue // narrowed by a pattern or a stage
		}
		cases++
		seen[name] = true
		t.Run(name+" "+g.Variant, func(t *testing.T) {
			t.Parallel()
			compareGrant(t, name, g)
		})
	}
	for name := range ours {
		if !seen[name] {
			t.Errorf("%s is not among CDK's grants", name)
		}
	}
	t.Logf("%d grants compared", cases)
}

func compareGrant(t *testing.T, name string, g cdkGrant) {
	t.Helper()
	var want []string
	left := differences[name]
	for _, s := range g.IdentityPolicy {
		for _, a := range s.Actions {
			for _, r := range s.Resources {
				if !slices.Contains(left.actions, a) && !slices.Contains(left.resources, r) {
					want = append(want, a+" "+r)
				}
			}
		}
	}
	access := ours[name]
	top := worldOf(g)
	to := map[string]string{
		"Table": "table", "Bucket": "bucket", "Function": "handler", "Queue": "queue", "Topic": "topic", "EventBus": "bus", "Secret": "secret",
		"StringParameter": "param", "Key": "key", "Stream": "stream",
	}[g.Construct]
	top.Functions[0].Grants = []topology.Grant{{Kind: access.kind, Name: to, Access: access.access}}

	var got []string
	policy, _ := build(t, top, "dev").Template.Resource("GranteePolicy")
	for _, s := range policy.Properties.Object("PolicyDocument").List("Statement")[1:] { // the first is the log
		got = append(got, calls(s.(*cfn.Object))...)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		t.Errorf("CDK gives\n%s\nwe give\n%s", strings.Join(want, "\n"), strings.Join(got, "\n"))
	}
}

// worldOf gives a system with the entity of one of CDK's cases.
func worldOf(g cdkGrant) *topology.Topology {
	top := system([]string{"grantee", "handler"}, []string{"table"})
	table := top.Stores[0].Table
	if g.Variant == "with GSI" {
		table.Indexes = []topology.Index{{Name: "i", PartitionKey: topology.Key{Name: "x", Type: "S"}}}
	}
	if g.Variant == "stream enabled" {
		table.Stream = "NEW_IMAGE"
	}
	top.Stores = append(top.Stores, &topology.Store{Name: "bucket", Kind: topology.StoreBucket})
	top.Queues = []*topology.Queue{{Name: "queue"}}
	top.Topics = []*topology.Topic{{Name: "topic"}}
	top.Buses = []*topology.Bus{{Name: "bus"}}
	top.Secrets = []*topology.Secret{{Name: "secret"}}
	top.Parameters = []*topology.Parameter{{Name: "param", Value: "x"}}
	top.Keys = []*topology.EncryptionKey{{Name: "key"}}
	top.Streams = []*topology.Stream{{Name: "stream"}}
	switch g.Variant {
	case "imported complete ARN":
		top.Secrets[0].External = "arn:aws:secretsmanager:us-east-1:111111111111:secret:n-abcdef"
	case "imported by name":
		top.Secrets[0].External = "n"
	}
	return top
}

// calls writes out what a statement allows, one action on one resource each.
func calls(s *cfn.Object) []string {
	var all []string
	for _, a := range list(s, "Action") {
		for _, r := range list(s, "Resource") {
			all = append(all, a.(string)+" "+rendered(r))
		}
	}
	return all
}

// rendered writes a resource as the file does.
func rendered(r any) string {
	o, ok := r.(*cfn.Object)
	if !ok {
		return r.(string)
	}
	text := o.Text("Fn::Sub")
	if l := o.List("Fn::GetAtt"); l != nil {
		text = "${" + l[0].(string) + "." + l[1].(string) + "}"
	}
	if id := o.Text("Ref"); id != "" {
		text = "${" + id + "}"
	}
	return strings.NewReplacer(
		"TableTable", "Table", "BucketBucket", "Bucket", "HandlerFunction", "Handler", "QueueQueue", "Queue", "TopicTopic", "Topic",
		"BusBus", "Bus", "SecretSecret", "Secret", "ParamParameter", "Param", "KeyKey", "Key", "StreamStream", "Stream",
	).Replace(text)
}

// Every access that a topology may hold is synthesised.
func TestEveryVerbIsKnown(t *testing.T) {
	t.Parallel()
	top := worldOf(cdkGrant{Variant: "stream enabled"})
	top.Events = []*topology.Event{{Name: "event"}}
	cases := 0
	for _, to := range []struct {
		kind  topology.Kind
		store topology.StoreKind
		name  string
	}{
		{topology.KindStore, topology.StoreTable, "table"},
		{topology.KindStore, topology.StoreBucket, "bucket"},
		{topology.KindBucket, "", "bucket"},
		{topology.KindFunction, "", "handler"},
		{topology.KindQueue, "", "queue"},
		{topology.KindTopic, "", "topic"},
		{topology.KindBus, "", "bus"},
		{topology.KindEvent, "", "event"},
		{topology.KindSecret, "", "secret"},
		{topology.KindParameter, "", "param"},
		{topology.KindKey, "", "key"},
		{topology.KindStream, "", "stream"},
	} {
		for _, access := range topology.Verbs(to.kind, to.store) {
			top.Functions[0].Grants = []topology.Grant{{Kind: to.kind, Name: to.name, Access: access}}
			out, err := synth.Template(top, options(top, "dev"))
			if err != nil {
				t.Errorf("%s on %s: %v", access, to.name, err)
			} else if n := len(out.Statements); n < 3 {
				t.Errorf("%s on %s gives nothing", access, to.name)
			}
			cases++
		}
	}
	if cases < 40 {
		t.Errorf("only %d verbs", cases)
	}
}
