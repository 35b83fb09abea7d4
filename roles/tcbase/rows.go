package tcbase

// row is one statement of a role.
type row struct {
	label              string // of its Sid
	actions, resources []string
}

const (
	anything  = "*"
	machines  = "arn:aws:states:{region}:{account}:stateMachine:*"
	mutations = "arn:aws:appsync:{region}:{account}:apis/*/types/Mutation/fields/*"
	assets    = "arn:aws:s3:::{assets}/*"
)

// What several roles have.
var (
	functions = []string{"arn:aws:lambda:{region}:{account}:function:*", "arn:aws:lambda:{region}:{account}:function:*:*"}

	invokeActions    = []string{"lambda:InvokeFunction"}
	eventActions     = []string{"events:PutTargets", "events:PutRule", "events:DescribeRule", "events:PutEvents"}
	assetActions     = []string{"s3:GetObject", "s3:GetObjectVersion"}
	parameterActions = []string{"ssm:GetParameters", "ssm:GetParameter"}
	traceActions     = []string{
		"xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingTargets", "xray:GetSamplingStatisticSummaries", "xray:GetSamplingRules",
	}
	// deliveryActions are those of the Step Functions Developer Guide, "Using
	// CloudWatch Logs to log execution history"; see Unsure.
	deliveryActions = []string{
		"logs:CreateLogDelivery", "logs:CreateLogStream", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery",
		"logs:ListLogDeliveries", "logs:PutLogEvents", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups",
	}
)

// rows are the statements by kind, without the one that all have.
var rows = map[string][]row{
	"function": {
		{"LambdaFunction", invokeActions, functions},
		{"LambdaState", []string{"states:*"}, []string{anything}},
		{"LambdaEvent", eventActions, []string{anything}},
		{"LambdaLog", []string{"logs:CreateLogGroup", "logs:PutLogEvents", "logs:CreateLogDelivery", "logs:CreateLogStream"}, []string{anything}},
		{"LambdaAssetAccess1", assetActions, []string{assets}},
		{"LambdaSSM", parameterActions, []string{anything}},
		{"LambdaXray", traceActions, []string{anything}},
		{"LambdaKMS", []string{"kms:Decrypt"}, []string{anything}},
	},
	"state": {
		{"StateLambda", invokeActions, functions},
		{"StateState", []string{"states:DescribeExecution", "states:StopExecution"}, []string{machines}},
		{"StateStateChild", []string{"states:StartExecution"}, []string{machines}},
		{"StateEvent", eventActions, []string{"arn:aws:events:{region}:{account}:rule/StepFunctions*"}},
		{"StateLogs", deliveryActions, []string{anything}},
		{"StateSSM", parameterActions, []string{anything}},
		{"StateXray", traceActions, []string{anything}},
	},
	"route": {
		{"ApiLambda", invokeActions, functions},
		{"ApiState", []string{"states:StartExecution", "states:StartExecutionSync"}, []string{anything}},
		{"ApiEvents", []string{"events:PutEvents"}, []string{anything}},
	},
	"event": {
		{"EventEvent", eventActions, []string{anything}},
		{"EventLambda", invokeActions, functions},
		{"EventState", []string{"states:StartExecution"}, []string{anything}},
		{"EventApiDest", []string{"events:InvokeApiDestination"}, []string{anything}},
		{"EventMutation", []string{"appsync:GraphQL"}, []string{mutations}},
	},
	"mutation": {
		{"MutationFunction", invokeActions, functions},
		{"MutationMutation", []string{"appsync:GraphQL"}, []string{mutations}},
	},
}
