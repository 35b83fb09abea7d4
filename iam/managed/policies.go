package managed

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
	{"/service-role/", "AWSLambdaRole", 1, at("2015-02-06T18:41:28Z"), `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["lambda:InvokeFunction"],"Resource":["*"]}]}`},
	{
		"/service-role/", "AWSLambdaMSKExecutionRole", 2, at("2022-08-02T20:08:02Z"),
		allow(`"kafka:DescribeCluster","kafka:DescribeClusterV2","kafka:GetBootstrapBrokers","ec2:CreateNetworkInterface",` +
			`"ec2:DescribeNetworkInterfaces","ec2:DescribeVpcs","ec2:DeleteNetworkInterface","ec2:DescribeSubnets","ec2:DescribeSecurityGroups",` + logsActions),
	},
	{
		"/", "AWSXrayWriteOnlyAccess", 2, at("2018-08-28T23:03:04Z"),
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["xray:PutTraceSegments","xray:PutTelemetryRecords",` +
			`"xray:GetSamplingRules","xray:GetSamplingTargets","xray:GetSamplingStatisticSummaries"],"Resource":["*"]}]}`,
	},
	{
		"/", "AmazonS3ReadOnlyAccess", 3, at("2023-08-10T21:31:39Z"),
		allow(`"s3:Get*","s3:List*","s3:Describe*","s3-object-lambda:Get*","s3-object-lambda:List*"`),
	},
	{"/", "AmazonSQSFullAccess", 1, at("2015-02-06T18:41:07Z"), allow(`"sqs:*"`)},
	{
		"/", "CloudWatchLogsFullAccess", 8, at("2026-02-12T18:00:33Z"),
		`{"Version":"2012-10-17","Statement":[{"Sid":"CloudWatchLogsFullAccess","Effect":"Allow","Action":["logs:*","cloudwatch:GenerateQuery",` +
			`"cloudwatch:GenerateQueryResultsSummary","observabilityadmin:GetS3TableIntegration","observabilityadmin:ListS3TableIntegrations",` +
			`"observabilityadmin:ListTelemetryPipelines"],"Resource":"*"}]}`,
	},
	{
		"/", "AWSLambda_ReadOnlyAccess", 5, at("2026-02-12T18:02:55Z"),
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["cloudformation:DescribeStacks","cloudformation:ListStacks",` +
			`"cloudformation:ListStackResources","cloudwatch:GetMetricData","cloudwatch:ListMetrics","ec2:DescribeSecurityGroups",` +
			`"ec2:DescribeSubnets","ec2:DescribeVpcs","kms:ListAliases","iam:GetPolicy","iam:GetPolicyVersion","iam:GetRole","iam:GetRolePolicy",` +
			`"iam:ListAttachedRolePolicies","iam:ListRolePolicies","iam:ListRoles","logs:DescribeLogGroups","lambda:Get*","lambda:List*",` +
			`"states:DescribeStateMachine","states:ListStateMachines","tag:GetResources","xray:GetTraceSummaries","xray:BatchGetTraces"],` +
			`"Resource":"*"},{"Effect":"Allow","Action":["logs:DescribeLogStreams","logs:GetLogEvents","logs:FilterLogEvents","logs:StartQuery",` +
			`"logs:StopQuery","logs:DescribeQueries","logs:GetLogGroupFields","logs:GetLogRecord","logs:GetQueryResults","logs:StartLiveTail",` +
			`"logs:StopLiveTail"],"Resource":"arn:aws:logs:*:*:log-group:/aws/lambda/*"}]}`,
	},
	{
		"/", "SecretsManagerReadWrite", 6, at("2026-08-25T23:37:10Z"),
		`{"Version":"2012-10-17","Statement":[{"Sid":"BasePermissions","Effect":"Allow","Action":["secretsmanager:*",` +
			`"cloudformation:CreateChangeSet","cloudformation:DescribeChangeSet","cloudformation:DescribeStackResource",` +
			`"cloudformation:DescribeStacks","cloudformation:ExecuteChangeSet","docdb-elastic:GetCluster","docdb-elastic:ListClusters",` +
			`"ec2:DescribeSecurityGroups","ec2:DescribeSubnets","ec2:DescribeVpcs","kms:DescribeKey","kms:ListAliases","kms:ListKeys",` +
			`"lambda:ListFunctions","rds:DescribeDBClusters","rds:DescribeDBInstances","redshift:DescribeClusters",` +
			`"redshift-serverless:ListWorkgroups","redshift-serverless:GetNamespace","tag:GetResources"],"Resource":"*"},` +
			`{"Sid":"LambdaPermissions","Effect":"Allow","Action":["lambda:AddPermission","lambda:CreateFunction","lambda:GetFunction",` +
			`"lambda:InvokeFunction","lambda:UpdateFunctionConfiguration"],"Resource":"arn:aws:lambda:*:*:function:SecretsManager*"},` +
			`{"Sid":"SARPermissions","Effect":"Allow","Action":["serverlessrepo:CreateCloudFormationChangeSet","serverlessrepo:GetApplication"],` +
			`"Resource":"arn:aws:serverlessrepo:*:*:applications/SecretsManager*"},` +
			`{"Sid":"S3Permissions","Effect":"Allow","Action":["s3:GetObject"],"Resource":["arn:aws:s3:::awsserverlessrepo-changesets*",` +
			`"arn:aws:s3:::secrets-manager-rotation-apps-*/*"]},` +
			`{"Sid":"CloudFormationTagOnCreate","Effect":"Allow","Action":["cloudformation:TagResource","cloudformation:UntagResource"],` +
			`"Resource":"*","Condition":{"StringEquals":{"cloudformation:CreateAction":["CreateChangeSet","ExecuteChangeSet"]}}}]}`,
	},
	{
		"/", "AmazonDynamoDBReadOnlyAccess", 15, at("2024-11-18T17:38:15Z"),
		`{"Version":"2012-10-17","Statement":[{"Sid":"GeneralReadOnlyAccess","Action":["application-autoscaling:DescribeScalableTargets",` +
			`"application-autoscaling:DescribeScalingActivities","application-autoscaling:DescribeScalingPolicies",` +
			`"cloudwatch:DescribeAlarmHistory","cloudwatch:DescribeAlarms","cloudwatch:DescribeAlarmsForMetric","cloudwatch:GetMetricStatistics",` +
			`"cloudwatch:ListMetrics","cloudwatch:GetMetricData","datapipeline:DescribeObjects","datapipeline:DescribePipelines",` +
			`"datapipeline:GetPipelineDefinition","datapipeline:ListPipelines","datapipeline:QueryObjects","dynamodb:BatchGetItem",` +
			`"dynamodb:Describe*","dynamodb:List*","dynamodb:GetAbacStatus","dynamodb:GetItem","dynamodb:GetResourcePolicy","dynamodb:Query",` +
			`"dynamodb:Scan","dynamodb:PartiQLSelect","dax:Describe*","dax:List*","dax:GetItem","dax:BatchGetItem","dax:Query","dax:Scan",` +
			`"ec2:DescribeVpcs","ec2:DescribeSubnets","ec2:DescribeSecurityGroups","iam:GetRole","iam:ListRoles","kms:DescribeKey",` +
			`"kms:ListAliases","sns:ListSubscriptionsByTopic","sns:ListTopics","lambda:ListFunctions","lambda:ListEventSourceMappings",` +
			`"lambda:GetFunctionConfiguration","resource-groups:ListGroups","resource-groups:ListGroupResources","resource-groups:GetGroup",` +
			`"resource-groups:GetGroupQuery","tag:GetResources","kinesis:ListStreams","kinesis:DescribeStream","kinesis:DescribeStreamSummary"],` +
			`"Effect":"Allow","Resource":"*"},{"Sid":"CCIAccess","Action":"cloudwatch:GetInsightRuleReport","Effect":"Allow",` +
			`"Resource":"arn:aws:cloudwatch:*:*:insight-rule/DynamoDBContributorInsights*"}]}`,
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
