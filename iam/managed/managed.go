// Package managed holds policies that AWS itself keeps, those that functions
// use, with their true documents: what a role may do depends on them, and the
// account that could be asked is often not at hand.
package managed

import (
	"slices"
	"strings"
	"time"
)

// Policy is one policy that AWS keeps.
type Policy struct {
	// Path begins and ends with a slash: "/service-role/".
	Path, Name string
	// Version is the number of the default version.
	Version  int
	Created  time.Time
	Document string
}

// ARN is the policy's ARN in the partition aws.
func (p Policy) ARN() string { return prefix + p.Path + p.Name }

const prefix = "arn:aws:iam::aws:policy"

// All lists the policies that are known.
func All() []Policy { return slices.Clone(policies) }

// ByARN finds a policy by its ARN, in any partition. Policies of AWS that are
// not known are not found: their documents are never guessed.
func ByARN(arn string) (Policy, bool) {
	// arn:PARTITION:iam::aws:policy/PATH/NAME
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || !strings.HasPrefix(parts[1], "aws") || parts[2] != "iam" || parts[4] != "aws" {
		return Policy{}, false
	}
	i := slices.IndexFunc(policies, func(p Policy) bool { return "policy"+p.Path+p.Name == parts[5] })
	if i < 0 {
		return Policy{}, false
	}
	return policies[i], true
}

// logsActions are the three that every execution role of Lambda has.
const logsActions = `"logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"`

// allow is a document of one statement on all resources.
func allow(actions string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[` + actions + `],"Resource":"*"}]}`
}

// policies are AWS's own policies that functions use, with the
// documents that AWS gave them (AWS Managed Policy Reference Guide, as of
// November 2026). Others of AWS's are left out rather than guessed.
var policies = []Policy{
	{"/service-role/", "AWSLambdaBasicExecutionRole", 1, at("2015-04-09T15:03:43Z"), allow(logsActions)},
	{
		"/service-role/", "AWSLambdaVPCAccessExecutionRole", 3, at("2024-01-05T22:38:26Z"),
		`{"Version":"2012-10-17","Statement":[{"Sid":"AWSLambdaVPCAccessExecutionPermissions","Effect":"Allow","Action":[` + logsActions +
			`,"ec2:CreateNetworkInterface","ec2:DescribeNetworkInterfaces","ec2:DescribeSubnets","ec2:DeleteNetworkInterface",` +
			`"ec2:AssignPrivateIpAddresses","ec2:UnassignPrivateIpAddresses"],"Resource":"*"}]}`,
	},
	{
		"/service-role/", "AWSLambdaDynamoDBExecutionRole", 1, at("2015-04-09T15:09:29Z"),
		allow(`"dynamodb:DescribeStream","dynamodb:GetRecords","dynamodb:GetShardIterator","dynamodb:ListStreams",` + logsActions),
	},
	{
		"/service-role/", "AWSLambdaSQSQueueExecutionRole", 1, at("2018-06-14T21:50:45Z"),
		allow(`"sqs:ReceiveMessage","sqs:DeleteMessage","sqs:GetQueueAttributes",` + logsActions),
	},
	{
		"/service-role/", "AWSLambdaKinesisExecutionRole", 2, at("2018-11-19T20:09:24Z"),
		allow(`"kinesis:DescribeStream","kinesis:DescribeStreamSummary","kinesis:GetRecords","kinesis:GetShardIterator",` +
			`"kinesis:ListShards","kinesis:ListStreams","kinesis:SubscribeToShard",` + logsActions),
	},
	{
		"/", "AWSXRayDaemonWriteAccess", 2, at("2024-02-13T21:58:30Z"),
		`{"Version":"2012-10-17","Statement":[{"Sid":"AWSXRayDaemonWriteAccess","Effect":"Allow","Action":["xray:PutTraceSegments",` +
			`"xray:PutTelemetryRecords","xray:GetSamplingRules","xray:GetSamplingTargets","xray:GetSamplingStatisticSummaries"],"Resource":["*"]}]}`,
	},
	{
		"/", "CloudWatchLambdaInsightsExecutionRolePolicy", 1, at("2020-10-07T19:27:06Z"),
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:CreateLogGroup","Resource":"*"},` +
			`{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"arn:aws:logs:*:*:log-group:/aws/lambda-insights:*"}]}`,
	},
	{
		"/service-role/", "AmazonAPIGatewayPushToCloudWatchLogs", 1, at("2015-11-11T23:41:46Z"),
		allow(`"logs:CreateLogGroup","logs:CreateLogStream","logs:DescribeLogGroups","logs:DescribeLogStreams","logs:PutLogEvents","logs:GetLogEvents","logs:FilterLogEvents"`),
	},
	{
		"/", "AdministratorAccess", 1, at("2015-02-06T18:39:46Z"),
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
	},
	{
		"/", "PowerUserAccess", 12, at("2026-02-12T17:59:14Z"),
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},` +
			`{"Effect":"Allow","Action":["account:GetAccountInformation","account:GetGovCloudAccountInformation","account:GetPrimaryEmail",` +
			`"account:ListRegions","iam:CreateServiceLinkedRole","iam:DeleteServiceLinkedRole","iam:ListRoles",` +
			`"organizations:DescribeEffectivePolicy","organizations:DescribeOrganization"],"Resource":"*"}]}`,
	},
}

// at reads a time of the table above.
func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err) // a fault in the table
	}
	return t
}
