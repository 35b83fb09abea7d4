package directory

import (
	"crypto/sha256"
	"encoding/base32"
	"time"
)

// managed is one policy that AWS keeps.
type managed struct {
	path, name        string
	version           int
	created, document string
}

// logsActions are the three that every execution role of Lambda has.
const logsActions = `"logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"`

// allow is a document of one statement on all resources.
func allow(actions string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[` + actions + `],"Resource":"*"}]}`
}

// managedPolicies are AWS's own policies that functions use, with the
// documents that AWS gave them (AWS Managed Policy Reference Guide, as of
// November 2026). Others of AWS's are left out rather than guessed.
var managedPolicies = []managed{
	{"/service-role/", "AWSLambdaBasicExecutionRole", 1, "2015-04-09T15:03:43Z", allow(logsActions)},
	{
		"/service-role/", "AWSLambdaVPCAccessExecutionRole", 3, "2024-01-05T22:38:26Z",
		`{"Version":"2012-10-17","Statement":[{"Sid":"AWSLambdaVPCAccessExecutionPermissions","Effect":"Allow","Action":[` + logsActions +
			`,"ec2:CreateNetworkInterface","ec2:DescribeNetworkInterfaces","ec2:DescribeSubnets","ec2:DeleteNetworkInterface",` +
			`"ec2:AssignPrivateIpAddresses","ec2:UnassignPrivateIpAddresses"],"Resource":"*"}]}`,
	},
	{
		"/service-role/", "AWSLambdaDynamoDBExecutionRole", 1, "2015-04-09T15:09:29Z",
		allow(`"dynamodb:DescribeStream","dynamodb:GetRecords","dynamodb:GetShardIterator","dynamodb:ListStreams",` + logsActions),
	},
	{
		"/service-role/", "AWSLambdaSQSQueueExecutionRole", 1, "2018-06-14T21:50:45Z",
		allow(`"sqs:ReceiveMessage","sqs:DeleteMessage","sqs:GetQueueAttributes",` + logsActions),
	},
	{
		"/service-role/", "AWSLambdaKinesisExecutionRole", 2, "2018-11-19T20:09:24Z",
		allow(`"kinesis:DescribeStream","kinesis:DescribeStreamSummary","kinesis:GetRecords","kinesis:GetShardIterator",` +
			`"kinesis:ListShards","kinesis:ListStreams","kinesis:SubscribeToShard",` + logsActions),
	},
	{
		"/", "AWSXRayDaemonWriteAccess", 2, "2024-02-13T21:58:30Z",
		`{"Version":"2012-10-17","Statement":[{"Sid":"AWSXRayDaemonWriteAccess","Effect":"Allow","Action":["xray:PutTraceSegments",` +
			`"xray:PutTelemetryRecords","xray:GetSamplingRules","xray:GetSamplingTargets","xray:GetSamplingStatisticSummaries"],"Resource":["*"]}]}`,
	},
	{
		"/", "CloudWatchLambdaInsightsExecutionRolePolicy", 1, "2020-10-07T19:27:06Z",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:CreateLogGroup","Resource":"*"},` +
			`{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"arn:aws:logs:*:*:log-group:/aws/lambda-insights:*"}]}`,
	},
	{
		"/service-role/", "AmazonAPIGatewayPushToCloudWatchLogs", 1, "2015-11-11T23:41:46Z",
		allow(`"logs:CreateLogGroup","logs:CreateLogStream","logs:DescribeLogGroups","logs:DescribeLogStreams","logs:PutLogEvents","logs:GetLogEvents","logs:FilterLogEvents"`),
	},
	{
		"/", "AdministratorAccess", 1, "2015-02-06T18:39:46Z",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
	},
	{
		"/", "PowerUserAccess", 12, "2026-02-12T17:59:14Z",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},` +
			`{"Effect":"Allow","Action":["account:GetAccountInformation","account:GetGovCloudAccountInformation","account:GetPrimaryEmail",` +
			`"account:ListRegions","iam:CreateServiceLinkedRole","iam:DeleteServiceLinkedRole","iam:ListRoles",` +
			`"organizations:DescribeEffectivePolicy","organizations:DescribeOrganization"],"Resource":"*"}]}`,
	},
}

// awsManaged compiles AWS's own policies. A fault in the table above is one of
// this package's own, which its tests find.
func awsManaged() []*policy {
	out := make([]*policy, len(managedPolicies))
	for i, m := range managedPolicies {
		created, err := time.Parse(time.RFC3339, m.created)
		if err != nil {
			panic(err)
		}
		id, arn := versionID(m.version), "arn:aws:iam::aws:policy"+m.path+m.name
		sum := sha256.Sum256([]byte(arn)) // AWS's own unique ids mean nothing here, but must not change
		p := &policy{
			Name: m.name, Path: m.path, ARN: arn, ID: policyIDPrefix + base32.StdEncoding.EncodeToString(sum[:])[:17], Created: created, Updated: created,
			Default: id, Last: m.version, Versions: []version{{ID: id, Document: m.document, Created: created}}, aws: true,
		}
		if err := p.compile(); err != nil {
			panic(err)
		}
		out[i] = p
	}
	return out
}
