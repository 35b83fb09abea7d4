package localcloud_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/writ-dev/writ/localcloud"
)

// required are the operations that the ground floor promises, by the SDK's
// service. Functions are also invoked in all three ways.
var required = map[string]string{
	"STS": "AssumeRole GetCallerIdentity GetSessionToken",
	"IAM": "GetRole ListRolePolicies GetRolePolicy SimulatePrincipalPolicy",
	"Lambda": "CreateFunction GetFunction UpdateFunctionCode UpdateFunctionConfiguration DeleteFunction ListFunctions Invoke " +
		"AddPermission GetPolicy RemovePermission CreateEventSourceMapping GetEventSourceMapping ListEventSourceMappings " +
		"UpdateEventSourceMapping DeleteEventSourceMapping PutFunctionEventInvokeConfig GetFunctionEventInvokeConfig " +
		"UpdateFunctionEventInvokeConfig DeleteFunctionEventInvokeConfig ListFunctionEventInvokeConfigs",
	"SQS": "CreateQueue DeleteQueue GetQueueUrl ListQueues GetQueueAttributes SetQueueAttributes SendMessage SendMessageBatch ReceiveMessage " +
		"DeleteMessage DeleteMessageBatch ChangeMessageVisibility ChangeMessageVisibilityBatch PurgeQueue TagQueue UntagQueue ListQueueTags " +
		"AddPermission RemovePermission",
	"SNS": "CreateTopic DeleteTopic ListTopics GetTopicAttributes SetTopicAttributes Subscribe Unsubscribe ListSubscriptions " +
		"ListSubscriptionsByTopic GetSubscriptionAttributes SetSubscriptionAttributes Publish PublishBatch TagResource UntagResource " +
		"ListTagsForResource AddPermission RemovePermission",
	"Secrets Manager": "CreateSecret GetSecretValue PutSecretValue UpdateSecret DeleteSecret RestoreSecret DescribeSecret ListSecrets " +
		"ListSecretVersionIds TagResource UntagResource PutResourcePolicy GetResourcePolicy DeleteResourcePolicy GetRandomPassword",
	"SSM": "PutParameter GetParameter GetParameters GetParametersByPath DeleteParameter DeleteParameters DescribeParameters " +
		"GetParameterHistory AddTagsToResource RemoveTagsFromResource ListTagsForResource",
	"CloudWatch Logs": "DescribeLogGroups DescribeLogStreams GetLogEvents FilterLogEvents PutResourcePolicy DescribeResourcePolicies " +
		"DeleteResourcePolicy",
	"EventBridge": "CreateEventBus DeleteEventBus DescribeEventBus ListEventBuses UpdateEventBus PutPermission RemovePermission PutRule DeleteRule " +
		"DescribeRule ListRules EnableRule DisableRule PutTargets RemoveTargets ListTargetsByRule ListRuleNamesByTarget PutEvents " +
		"TestEventPattern TagResource UntagResource ListTagsForResource",
	"Scheduler": "CreateScheduleGroup GetScheduleGroup DeleteScheduleGroup ListScheduleGroups CreateSchedule GetSchedule UpdateSchedule " +
		"DeleteSchedule ListSchedules TagResource UntagResource ListTagsForResource",
	"DynamoDB": "CreateTable DescribeTable DeleteTable ListTables UpdateTable PutItem GetItem UpdateItem DeleteItem Query Scan " +
		"BatchGetItem BatchWriteItem TransactGetItems TransactWriteItems DescribeTimeToLive UpdateTimeToLive TagResource " +
		"UntagResource ListTagsOfResource DescribeLimits PutResourcePolicy GetResourcePolicy DeleteResourcePolicy " +
		"DescribeContinuousBackups DescribeContributorInsights DescribeEndpoints",
	"CloudFormation": "CreateChangeSet DescribeChangeSet ExecuteChangeSet CreateStack UpdateStack DeleteStack DescribeStacks " +
		"DescribeStackEvents DescribeStackResources GetTemplate",
	"S3": "CreateBucket HeadBucket ListBuckets DeleteBucket PutObject GetObject HeadObject ListObjectsV2 DeleteObject DeleteObjects " +
		"CreateMultipartUpload UploadPart CompleteMultipartUpload PutBucketNotificationConfiguration GetBucketNotificationConfiguration",
	"API Gateway": "CreateRestApi GetRestApis GetResources CreateResource PutMethod PutIntegration CreateDeployment GetStages DeleteRestApi " +
		"CreateAuthorizer GetAuthorizer GetAuthorizers UpdateAuthorizer DeleteAuthorizer FlushStageAuthorizersCache",
	"ApiGatewayV2": "CreateApi GetApis CreateIntegration CreateRoute CreateStage GetRoutes DeleteApi " +
		"CreateAuthorizer GetAuthorizer GetAuthorizers UpdateAuthorizer DeleteAuthorizer ResetAuthorizersCache",
}

// TestEveryPromisedOperation does each operation through the whole cloud with
// AWS's own SDK, and fails when one was never done.
func TestEveryPromisedOperation(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	for _, service := range []struct {
		name string
		use  func(*testing.T, *cloud)
	}{
		{"identity", useIdentity},
		{"dynamodb", useDynamoDB},
		{"s3", useS3},
		{"lambda and logs", useLambda},
		{"what follows a function", useDestinations},
		{"cloudformation", useCloudFormation},
		{"sqs", useSQS},
		{"a topic, a queue and a function", useMessages},
		{"a bucket, a rule and a function", useEvents},
		{"schedules", useSchedules},
		{"secrets", useSecrets},
		{"parameters", useParameters},
		{"rest api", useREST},
		{"http api", useHTTP},
	} {
		t.Run(service.name, func(t *testing.T) { service.use(t, c) })
	}
	n := 0
	for service, names := range required {
		for name := range strings.FieldsSeq(names) {
			if n++; !c.called[service+"."+name] {
				t.Errorf("%s.%s was never done", service, name)
			}
		}
	}
	t.Logf("%d promised operations and %d others were done", n, len(c.called)-n)
}

// A promise that the code does not know is a mistake of the list.
func TestPromisesAreOperations(t *testing.T) {
	t.Parallel()
	known := localcloud.Operations()
	names := map[string]string{
		"STS": "sts", "IAM": "iam", "Lambda": "lambda", "CloudWatch Logs": "logs", "DynamoDB": "dynamodb",
		"CloudFormation": "cloudformation", "S3": "s3", "API Gateway": "apigateway", "ApiGatewayV2": "apigatewayv2",
		"EventBridge": "events", "Scheduler": "scheduler", "SQS": "sqs", "SNS": "sns", "Secrets Manager": "secretsmanager", "SSM": "ssm",
	}
	for service, list := range required {
		for name := range strings.FieldsSeq(list) {
			if !slices.Contains(known[names[service]], name) {
				t.Errorf("%s.%s is no operation", service, name)
			}
		}
	}
}

func useIdentity(t *testing.T, c *cloud) {
	client := sts.NewFromConfig(c.dev())
	who := must[*sts.GetCallerIdentityOutput](t)(client.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}))
	if want := "arn:aws:sts::000000000000:assumed-role/writ-developer/developer"; *who.Arn != want {
		t.Errorf("the developer is %s, want %s", *who.Arn, want)
	}
	arn := c.role(t, "reader", trustAll, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"dynamodb:GetItem","Resource":"*"}]}`)
	as := sts.NewFromConfig(c.assume(t, arn, ""))
	if who := must[*sts.GetCallerIdentityOutput](t)(as.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})); !strings.HasSuffix(*who.Arn, "assumed-role/reader/tester") {
		t.Errorf("the role's session is %s", *who.Arn)
	}
	useSessionToken(t, c)

	roles := awsiam.NewFromConfig(c.dev())
	if got := must[*awsiam.GetRoleOutput](t)(roles.GetRole(t.Context(), &awsiam.GetRoleInput{RoleName: aws.String("reader")})); *got.Role.Arn != arn {
		t.Errorf("role %s", *got.Role.Arn)
	}
	if got := must[*awsiam.ListRolePoliciesOutput](t)(roles.ListRolePolicies(t.Context(), &awsiam.ListRolePoliciesInput{RoleName: aws.String("reader")})); len(got.PolicyNames) != 1 {
		t.Errorf("policies %v", got.PolicyNames)
	}
	got := must[*awsiam.GetRolePolicyOutput](t)(roles.GetRolePolicy(t.Context(), &awsiam.GetRolePolicyInput{RoleName: aws.String("reader"), PolicyName: aws.String("p")}))
	if !strings.Contains(*got.PolicyDocument, "GetItem") {
		t.Errorf("policy %s", *got.PolicyDocument)
	}
	said := must[*awsiam.SimulatePrincipalPolicyOutput](t)(roles.SimulatePrincipalPolicy(t.Context(), &awsiam.SimulatePrincipalPolicyInput{
		PolicySourceArn: &arn, ActionNames: []string{"dynamodb:GetItem", "dynamodb:PutItem"},
	}))
	for i, want := range []string{"allowed", "implicitDeny"} {
		if got := said.EvaluationResults[i]; string(got.EvalDecision) != want {
			t.Errorf("%s: %s, want %s", *got.EvalActionName, got.EvalDecision, want)
		}
	}
}

// useSessionToken: as in AWS, GetSessionToken is for long-lived identities and
// refused to a session of a role.
func useSessionToken(t *testing.T, c *cloud) {
	_, err := sts.NewFromConfig(c.dev()).GetSessionToken(t.Context(), &sts.GetSessionTokenInput{})
	wantCode(t, "GetSessionToken with a role's session", err, "AccessDenied")
	root := must[localcloud.Credentials](t)(c.IssueRoot())
	out := must[*sts.GetSessionTokenOutput](t)(sts.NewFromConfig(c.as(static(root))).GetSessionToken(t.Context(), &sts.GetSessionTokenInput{}))
	k := out.Credentials
	got := c.as(static(localcloud.Credentials{AccessKeyID: *k.AccessKeyId, SecretAccessKey: *k.SecretAccessKey, SessionToken: *k.SessionToken}))
	who := must[*sts.GetCallerIdentityOutput](t)(sts.NewFromConfig(got).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}))
	if want := "arn:aws:iam::000000000000:root"; *who.Arn != want {
		t.Errorf("the token's holder is %s, want %s", *who.Arn, want)
	}
}
