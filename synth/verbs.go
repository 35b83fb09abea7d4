package synth

import (
	"slices"
	"strings"

	"github.com/writ-dev/writ/topology"
)

// entity is what an edge leads to, as the table of verbs sorts it.
type entity string

const (
	entityTable     entity = "table"
	entityBucket    entity = "bucket"
	entityFunction  entity = "function"
	entityQueue     entity = "queue"
	entityTopic     entity = "topic"
	entityStream    entity = "stream"
	entityBus       entity = "bus"
	entityEvent     entity = "event"
	entitySecret    entity = "secret"
	entityParameter entity = "parameter"
	entityKey       entity = "key"
	entityState     entity = "state"
	entityMutation  entity = "mutation"
	entityChannel   entity = "channel"
)

// kind is the topology's word for an entity.
func (e entity) kind() topology.Kind {
	if e == entityTable || e == entityBucket {
		return topology.KindStore
	}
	return topology.Kind(e)
}

func storeKind(e entity) topology.StoreKind { return topology.StoreKind(e) }

// form is how a statement's resource follows from the entity's ARN.
type form string

const (
	formSelf      form = "ARN"
	formIndexes   form = "ARN/index/*"
	formStream    form = "ARN/stream/LABEL"
	formObjects   form = "ARN/*"
	formQualified form = "ARN:*"
	formAny       form = "*"
	// formExecutions are the executions of a state machine, formAPI the API of a channel.
	formExecutions form = "EXECUTIONS"
	formAPI        form = "API"
)

// Wildcards lists the actions that are granted on the resource "*", each with
// the reason why there is no narrower way.
func Wildcards() map[string]string {
	const eni = "a function in a VPC needs it before the network interface has a name: Lambda Developer Guide, \"Giving Lambda functions access to resources in an Amazon VPC\"; its code cannot use it"
	all := map[string]string{
		"dynamodb:ListStreams": "the action has no resource level: Service Authorization Reference, Amazon DynamoDB",
	}
	for _, action := range networkActions {
		all[action] = eni
	}
	for _, action := range logDelivery {
		all[action] = "log delivery has no resource level; a state machine has it only where logging is on: Step Functions Developer Guide, \"Using CloudWatch Logs to log execution history\""
	}
	for _, action := range tracing {
		all[action] = "X-Ray has no resource level here; a state machine has it only where tracing is on: Service Authorization Reference, AWS X-Ray"
	}
	return all
}

// verb is one kind of access and what it allows: CDK's grant of the same name.
type verb struct {
	name  string
	allow []allowance
}

// allowance is one statement of a verb.
type allowance struct {
	// part tells apart the statements that one entity needs.
	part    string
	actions []string
	on      []form
	// when is a condition that the statement has besides its fence: operator,
	// key and value; zero for none.
	when [3]string
}

// verbs is the table of what can be granted, the weaker verbs first: [Fix]
// takes the first that suffices. It differs from CDK's grants where CDK's can
// never match: actions that act on another type of resource or that have no
// resource level, and indexes in write access, which nothing writes to; the
// test of CDK's grants lists each.
var verbs = map[entity][]verb{
	entityTable: {
		{"readData", on(tableRead, formSelf, formIndexes)},
		{"writeData", on(tableWrite, formSelf)},
		{"readWriteData", on(united(tableRead, tableWrite), formSelf, formIndexes)},
		{"streamRead", []allowance{
			{part: partStream, actions: []string{"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"}, on: []form{formStream}},
			{part: partListStreams, actions: []string{"dynamodb:ListStreams"}, on: []form{formAny}},
		}},
		{"fullAccess", on([]string{"dynamodb:*"}, formSelf, formIndexes)},
	},
	entityBucket: {
		{"read", on(bucketRead, formSelf, formObjects)},
		{"delete", on([]string{"s3:DeleteObject*"}, formObjects)},
		{"put", on(bucketPut, formObjects)},
		{"putAcl", on([]string{"s3:PutObjectAcl", "s3:PutObjectVersionAcl"}, formObjects)},
		{"write", on(united(bucketPut, []string{"s3:DeleteObject*"}), formSelf, formObjects)},
		{"readWrite", on(united(bucketRead, bucketPut, []string{"s3:DeleteObject*"}), formSelf, formObjects)},
	},
	entityFunction: {
		{"invoke", on([]string{"lambda:InvokeFunction"}, formSelf, formQualified)},
		{"invokeUrl", []allowance{
			{part: "URL", actions: []string{"lambda:InvokeFunctionUrl"}, on: []form{formSelf}, when: [3]string{"StringEquals", "lambda:FunctionUrlAuthType", "AWS_IAM"}},
			{part: "ViaURL", actions: []string{"lambda:InvokeFunction"}, on: []form{formSelf}, when: [3]string{"Bool", "lambda:InvokedViaFunctionUrl", "true"}},
		}},
	},
	entityQueue: {
		{"send", on(queueActions("SendMessage"), formSelf)},
		{"purge", on(queueActions("PurgeQueue"), formSelf)},
		{"consume", on(queueActions("ChangeMessageVisibility", "DeleteMessage", "ReceiveMessage"), formSelf)},
	},
	entityTopic: {
		{"publish", on([]string{"sns:Publish"}, formSelf)},
		{"subscribe", on([]string{"sns:Subscribe"}, formSelf)},
	},
	entityStream: {
		{"read", on(streamRead, formSelf)},
		{"write", on(streamWrite, formSelf)},
		{"readWrite", on(united(streamRead, streamWrite), formSelf)},
	},
	entityEvent: {{"putEvents", on([]string{"events:PutEvents"}, formSelf)}},
	entityBus:   {{"putEvents", on([]string{"events:PutEvents"}, formSelf)}},
	entitySecret: {
		{"read", on([]string{"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"}, formSelf)},
		{"write", on([]string{"secretsmanager:PutSecretValue", "secretsmanager:UpdateSecret", "secretsmanager:UpdateSecretVersionStage"}, formSelf)},
	},
	entityParameter: {
		{"read", on([]string{"ssm:GetParameter", "ssm:GetParameterHistory", "ssm:GetParameters"}, formSelf)},
		{"write", on([]string{"ssm:PutParameter"}, formSelf)},
	},
	entityKey: {
		{"decrypt", on([]string{"kms:Decrypt"}, formSelf)},
		{"encrypt", on(keyEncrypt, formSelf)},
		{"sign", on([]string{"kms:Sign"}, formSelf)},
		{"verify", on([]string{"kms:Verify"}, formSelf)},
		{"signVerify", on([]string{"kms:Sign", "kms:Verify"}, formSelf)},
		{"generateMac", on([]string{"kms:GenerateMac"}, formSelf)},
		{"verifyMac", on([]string{"kms:VerifyMac"}, formSelf)},
		{"encryptDecrypt", on(united(keyEncrypt, []string{"kms:Decrypt"}), formSelf)},
	},
	entityState: {
		{"start", on([]string{"states:StartExecution"}, formSelf)},
		{"startSync", on([]string{"states:StartSyncExecution"}, formSelf)},
		{"read", []allowance{
			{actions: []string{"states:DescribeStateMachine", "states:ListExecutions"}, on: []form{formSelf}},
			{part: partExecutions, actions: []string{
				"states:DescribeExecution", "states:DescribeStateMachineForExecution", "states:GetExecutionHistory",
			}, on: []form{formExecutions}},
		}},
	},
	entityMutation: {{"mutate", on([]string{"appsync:GraphQL"}, formSelf)}},
	entityChannel: {
		{"publish", on([]string{"appsync:EventPublish"}, formSelf)},
		{"subscribe", []allowance{
			{actions: []string{"appsync:EventSubscribe"}, on: []form{formSelf}},
			{part: partConnect, actions: []string{"appsync:EventConnect"}, on: []form{formAPI}},
		}},
	},
}

// on is a verb of one statement.
func on(actions []string, forms ...form) []allowance {
	return []allowance{{actions: actions, on: forms}}
}

// drawn is what an edge allows that only names its target: the one call that
// the service makes for it.
var drawn = map[entity]verb{
	entityFunction: {"invoke", on([]string{"lambda:InvokeFunction"}, formSelf, formQualified)},
	entityQueue:    {"send", on([]string{"sqs:SendMessage"}, formSelf)},
	entityTopic:    {"publish", on([]string{"sns:Publish"}, formSelf)},
	entityEvent:    {"putEvents", []allowance{{part: partDestination, actions: []string{"events:PutEvents"}, on: []form{formSelf}}}},
	entityState:    {"start", on([]string{"states:StartExecution"}, formSelf)},
	entityMutation: {"mutate", on([]string{"appsync:GraphQL"}, formSelf)},
	entityChannel:  {"publish", on([]string{"appsync:EventPublish"}, formSelf)},
}

// sentEvent is an event that an API or its handler sends: with the one source
// and detail-type that stand in the template.
var sentEvent = verb{"putEvents", []allowance{{part: partSent, actions: []string{"events:PutEvents"}, on: []form{formSelf}}}}

// polled is what Lambda does to a source with the rights of the function that
// reads it: Lambda Developer Guide, "Using Lambda with Amazon SQS" and "with
// Amazon Kinesis".
var polled = map[entity]verb{
	entityQueue: {"consume", on([]string{
		"sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage",
	}, formSelf)},
	entityStream: {"consume", on(streamRead, formSelf)},
}

// networkActions are what Lambda does for a function in a VPC, with its role.
var networkActions = []string{
	"ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
	"ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
}

// partStream is the statement on a table's stream, which has no tags.
const partStream = "Stream"

// partDestination is the statement for what Lambda itself publishes on success.
const partDestination = "Destination"

// partSent is the statement for an event whose source is written in the template.
const partSent = "Sent"

// partExecutions is the statement on the executions of a state machine,
// partConnect the one on the API of a channel.
const (
	partExecutions = "Executions"
	partConnect    = "Connect"
)

// partListStreams is the one statement that all streams of a role share.
const partListStreams = "ListStreams"

var (
	tableRead = []string{
		"dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:DescribeTable",
		"dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan",
	}
	tableWrite = []string{
		"dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:DescribeTable",
		"dynamodb:PutItem", "dynamodb:UpdateItem",
	}
	streamRead = []string{
		"kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards",
	}
	streamWrite = []string{"kinesis:ListShards", "kinesis:PutRecord", "kinesis:PutRecords"}
	keyEncrypt  = []string{"kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"}
	bucketRead  = []string{"s3:GetBucket*", "s3:GetObject*", "s3:List*"}
	bucketPut   = []string{
		"s3:Abort*", "s3:PutObject", "s3:PutObjectLegalHold", "s3:PutObjectRetention",
		"s3:PutObjectTagging", "s3:PutObjectVersionTagging",
	}
)

// queueActions adds what every use of a queue needs to find it.
func queueActions(names ...string) []string {
	all := []string{"sqs:GetQueueAttributes", "sqs:GetQueueUrl"}
	for _, name := range names {
		all = append(all, "sqs:"+name)
	}
	slices.Sort(all)
	return all
}

// united gives the union of lists of actions, sorted, without what a wildcard
// of the union covers.
func united(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	all = slices.Compact(all)
	var kept []string
	for _, a := range all {
		if !slices.ContainsFunc(all, func(b string) bool { return a != b && covers(b, a) }) {
			kept = append(kept, a)
		}
	}
	return kept
}

// covers reports whether an action pattern of the table, which has at most one
// "*", at its end, covers an action or another such pattern. AWS compares
// actions without regard to case.
func covers(pattern, action string) bool {
	if stem, wild := strings.CutSuffix(pattern, "*"); wild {
		return len(action) >= len(stem) && strings.EqualFold(action[:len(stem)], stem)
	}
	return strings.EqualFold(pattern, action)
}

// findVerb finds a verb by its name or another word for it.
func findVerb(e entity, name string) (verb, bool) {
	if proper, ok := topology.Verb(e.kind(), storeKind(e), name); ok {
		name = proper
	}
	for _, v := range verbs[e] {
		if v.name == name {
			return v, true
		}
	}
	return verb{}, false
}

func verbNames(e entity) []string {
	var names []string
	for _, v := range verbs[e] {
		names = append(names, v.name)
	}
	return names
}

// entityOf sorts a store.
func entityOf(s *topology.Store) entity {
	if s.Kind == topology.StoreBucket {
		return entityBucket
	}
	return entityTable
}
