package cloudformation_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/google/go-cmp/cmp"
)

// everyType is a template with a resource of most types, some with names of their own.
const everyType = `
Parameters:
  Description: {Type: String, Default: one}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]}
      Description: !Ref Description
      Policies:
        - {PolicyName: own, PolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Action: dynamodb:GetItem, Resource: !GetAtt Table.Arn}]}}
      ManagedPolicyArns: ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole", !Ref Managed]
  Inline:
    Type: AWS::IAM::Policy
    Properties: {PolicyName: more, Roles: [!Ref Role], PolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Action: "s3:GetObject", Resource: !Sub "${Bucket.Arn}/*"}, {Effect: Allow, Action: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], Resource: !GetAtt Jobs.Arn}]}}
  Managed:
    Type: AWS::IAM::ManagedPolicy
    Properties: {PolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Action: "s3:ListBucket", Resource: "*"}]}}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: fixed-table
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
  Bucket:
    Type: AWS::S3::Bucket
    DependsOn: [LetPhotosIn, JobsPolicy]
    Properties:
      Tags: [{Key: d, Value: !Ref Description}]
      NotificationConfiguration:
        LambdaConfigurations: [{Event: "s3:ObjectCreated:*", Function: !GetAtt Function.Arn, Filter: {S3Key: {Rules: [{Name: prefix, Value: !Ref Description}]}}}]
        QueueConfigurations: [{Event: "s3:ObjectRemoved:*", Queue: !GetAtt Jobs.Arn}]
        EventBridgeConfiguration: {EventBridgeEnabled: true}
  LetPhotosIn:
    Type: AWS::Lambda::Permission
    Properties: {Action: "lambda:InvokeFunction", FunctionName: !Ref Function, Principal: s3.amazonaws.com, SourceAccount: !Ref AWS::AccountId}
  Bus:
    Type: AWS::Events::EventBus
    Properties: {Name: fixed-bus, Description: !Ref Description, Policy: {Version: 2012-10-17, Statement: [{Sid: own, Effect: Allow, Principal: {AWS: !Ref AWS::AccountId}, Action: "events:PutEvents", Resource: !Sub "arn:aws:events:${AWS::Region}:${AWS::AccountId}:event-bus/fixed-bus"}]}}
  BusPolicy:
    Type: AWS::Events::EventBusPolicy
    Properties: {EventBusName: !Ref Bus, StatementId: more, Statement: {Effect: Allow, Principal: {AWS: !GetAtt Carrier.Arn}, Action: "events:PutEvents", Resource: !GetAtt Bus.Arn, Condition: {StringEquals: {"events:source": !Ref Description}}}}
  Carrier:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Principal: {Service: [events.amazonaws.com, scheduler.amazonaws.com]}, Action: sts:AssumeRole}]}
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventBusName: !Ref Bus
      Description: !Ref Description
      EventPattern: {source: [!Ref Description], detail: {total: [{numeric: [">", 100]}]}}
      Targets:
        - {Id: function, Arn: !GetAtt Function.Arn, RetryPolicy: {MaximumRetryAttempts: "3", MaximumEventAgeInSeconds: 60}}
        - !If [Two, {Id: two, Arn: !GetAtt Jobs.Arn}, {Id: bus, Arn: !Sub "arn:aws:events:${AWS::Region}:${AWS::AccountId}:event-bus/default", RoleArn: !GetAtt Carrier.Arn}]
  Nightly: {Type: AWS::Events::Rule, Properties: {Name: fixed-nightly, ScheduleExpression: !If [Two, "cron(0 3 * * ? *)", "rate(7 days)"], Targets: [{Id: f, Arn: !GetAtt Function.Arn, Input: '{"a":1}'}]}}
  Group: {Type: AWS::Scheduler::ScheduleGroup, Properties: {Name: fixed-group, Tags: [{Key: d, Value: !Ref Description}]}}
  Timer:
    Type: AWS::Scheduler::Schedule
    Properties:
      GroupName: !If [Two, default, !Ref Group]
      Description: !Ref Description
      ScheduleExpression: cron(0 9 * * ? *)
      ScheduleExpressionTimezone: Europe/Berlin
      StartDate: "2030-01-01T00:00:00Z"
      FlexibleTimeWindow: {Mode: FLEXIBLE, MaximumWindowInMinutes: "5"}
      Target: {Arn: !GetAtt Function.Arn, RoleArn: !GetAtt Carrier.Arn, Input: !Sub '{"of":"${Group}"}', RetryPolicy: {MaximumRetryAttempts: "1"}}
  Function:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: fixed-function
      Code: {S3Bucket: assets, S3Key: code.zip}
      Handler: bootstrap
      Runtime: provided.al2023
      Role: !GetAtt Role.Arn
      Description: !Ref Description
      Environment: {Variables: {TABLE: !Ref Table}}
      TracingConfig: {Mode: Active}
      DeadLetterConfig: !If [Two, {TargetArn: !GetAtt Dead.Arn}, !Ref AWS::NoValue]
  Log:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: fixed-log, RetentionInDays: 7}
  Permission:
    Type: AWS::Lambda::Permission
    Properties: {Action: "lambda:InvokeFunction", FunctionName: !GetAtt Function.Arn, Principal: apigateway.amazonaws.com, SourceArn: !Sub "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*"}
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: !Sub "${AWS::StackName}-api", Description: !Ref Description}}
  Pets: {Type: AWS::ApiGateway::Resource, Properties: {RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: pets}}
  Get:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !Ref Pets
      HttpMethod: GET
      AuthorizationType: CUSTOM
      AuthorizerId: !Ref Guard
      Integration: {Type: AWS_PROXY, IntegrationHttpMethod: POST, Uri: !Sub "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function.Arn}/invocations"}
  Guard:
    Type: AWS::ApiGateway::Authorizer
    Properties: {RestApiId: !Ref Api, Name: !Sub "guard-${Description}", Type: TOKEN, IdentitySource: method.request.header.Auth, AuthorizerResultTtlInSeconds: "60", AuthorizerUri: !Sub "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function.Arn}/invocations"}
  Deployment: {Type: AWS::ApiGateway::Deployment, DependsOn: Get, Properties: {RestApiId: !Ref Api, Description: !Ref Description}}
  Stage: {Type: AWS::ApiGateway::Stage, Properties: {RestApiId: !Ref Api, DeploymentId: !Ref Deployment, StageName: prod, Description: !Ref Description}}
  Http: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: h, ProtocolType: HTTP, Description: !Ref Description}}
  HttpIntegration: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Http, IntegrationType: AWS_PROXY, IntegrationUri: !GetAtt Function.Arn, PayloadFormatVersion: "2.0"}}
  HttpGuard:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties: {ApiId: !Ref Http, Name: !Sub "guard-${Description}", AuthorizerType: REQUEST, AuthorizerPayloadFormatVersion: "2.0", EnableSimpleResponses: "true", AuthorizerUri: !Sub "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function.Arn}/invocations"}
  HttpRoute: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Http, RouteKey: "GET /x", AuthorizationType: CUSTOM, AuthorizerId: !Ref HttpGuard, Target: !Sub "integrations/${HttpIntegration}"}}
  HttpStage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Http, StageName: $default, AutoDeploy: true}}
  Dead: {Type: AWS::SQS::Queue, Properties: {QueueName: fixed-dead}}
  Jobs:
    Type: AWS::SQS::Queue
    Properties: {VisibilityTimeout: 60, DelaySeconds: !If [Two, 5, 0], RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}}
  JobsPolicy:
    Type: AWS::SQS::QueuePolicy
    Properties: {Queues: [!Ref Jobs], PolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Principal: {Service: [sns.amazonaws.com, s3.amazonaws.com]}, Action: "sqs:SendMessage", Resource: !GetAtt Jobs.Arn}]}}
  JobsSource:
    Type: AWS::Lambda::EventSourceMapping
    DependsOn: Inline
    Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: !Ref Function, BatchSize: "5"}
  Following:
    Type: AWS::Lambda::EventInvokeConfig
    Properties: {FunctionName: !Ref Function, Qualifier: $LATEST, MaximumRetryAttempts: !If [Two, "1", 0], DestinationConfig: {OnSuccess: {Destination: !GetAtt Jobs.Arn}, OnFailure: {Destination: !GetAtt Dead.Arn}}}
  News: {Type: AWS::SNS::Topic, Properties: {TopicName: fixed-news, DisplayName: !Ref Description, Subscription: [{Protocol: lambda, Endpoint: !GetAtt Function.Arn}]}}
  NewsPolicy:
    Type: AWS::SNS::TopicPolicy
    Properties: {Topics: [!Ref News], PolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Principal: {Service: s3.amazonaws.com}, Action: "sns:Publish", Resource: !Ref News}]}}
  NewsToJobs:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref News, Protocol: sqs, Endpoint: !GetAtt Jobs.Arn, FilterPolicy: {kind: [!Ref Description]}, RawMessageDelivery: true}
  Secret:
    Type: AWS::SecretsManager::Secret
    Properties: {Name: fixed/secret, Description: !Ref Description, GenerateSecretString: {SecretStringTemplate: '{"user":"me"}', GenerateStringKey: password, PasswordLength: 20}}
  SecretPolicy:
    Type: AWS::SecretsManager::ResourcePolicy
    Properties: {SecretId: !Ref Secret, ResourcePolicy: {Version: 2012-10-17, Statement: [{Effect: Deny, Principal: "*", Action: "secretsmanager:DeleteSecret", Resource: "*", Condition: {StringEquals: {"aws:PrincipalTag/none": x}}}]}}
  Parameter: {Type: AWS::SSM::Parameter, Properties: {Name: /fixed/parameter, Type: String, Value: !Ref Description, Tags: {a: b}}}
  Cdk: {Type: AWS::CDK::Metadata, Properties: {Analytics: x}}
Conditions:
  Two: !Equals [!Ref Description, two]
Outputs:
  Url: {Value: !Sub "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${Stage}/", Export: {Name: !Sub "${AWS::StackName}-url"}}
  Endpoint: {Value: !GetAtt Http.ApiEndpoint}
`

var capabilities = []types.Capability{types.CapabilityCapabilityNamedIam}

func (c *cloud) create(t testing.TB, name, template string) error {
	t.Helper()
	_, err := c.client(t).CreateStack(t.Context(), &sdk.CreateStackInput{
		StackName: &name, TemplateBody: &template, Capabilities: capabilities,
		Tags: []types.Tag{{Key: ptr("team"), Value: ptr("blue")}},
	})
	return err
}

func (c *cloud) update(t testing.TB, name, template string, parameters ...string) error {
	t.Helper()
	in := &sdk.UpdateStackInput{StackName: &name, TemplateBody: &template, Capabilities: capabilities}
	for i := 0; i < len(parameters); i += 2 {
		in.Parameters = append(in.Parameters, types.Parameter{ParameterKey: &parameters[i], ParameterValue: &parameters[i+1]})
	}
	_, err := c.client(t).UpdateStack(t.Context(), in)
	return err
}

func (c *cloud) deleteStack(t testing.TB, name string) types.Stack {
	t.Helper()
	id := *c.settled(t, name).StackId
	if _, err := c.client(t).DeleteStack(t.Context(), &sdk.DeleteStackInput{StackName: &name}); err != nil {
		t.Fatal(err)
	}
	return c.settled(t, id)
}

func (c *cloud) want(t testing.TB, name string, status types.StackStatus) types.Stack {
	t.Helper()
	stack := c.settled(t, name)
	if stack.StackStatus != status {
		t.Fatalf("stack is %s, want %s\n%s", stack.StackStatus, status, strings.Join(c.events(t, *stack.StackId), "\n"))
	}
	return stack
}

// TestRollbackLeavesNothing fails every call of a creation in turn.
func TestRollbackLeavesNothing(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.asset(t, "assets", "code.zip")
	before := c.inventory(t)
	if err := c.create(t, "probe", everyType); err != nil {
		t.Fatal(err)
	}
	c.want(t, "probe", types.StackStatusCreateComplete)
	calls := len(c.faults.calls)
	t.Logf("a creation makes %d calls", calls)
	c.want(t, *c.settled(t, "probe").StackId, types.StackStatusCreateComplete)
	if stack := c.deleteStack(t, "probe"); stack.StackStatus != types.StackStatusDeleteComplete {
		t.Fatalf("%s %s", stack.StackStatus, strings.Join(c.events(t, *stack.StackId), "\n"))
	}
	if diff := cmp.Diff(before, c.inventory(t)); diff != "" {
		t.Fatalf("a deleted stack leaves behind: %s", diff)
	}
	if calls < 20 {
		t.Fatal("too few calls to test anything")
	}
	for n := 1; n <= calls; n++ {
		name := fmt.Sprintf("s%d", n)
		c.faults.reset(n, 0, n%2 == 0) // every other call is done all the same
		if err := c.create(t, name, everyType); err != nil {
			t.Fatal(err)
		}
		c.want(t, name, types.StackStatusRollbackComplete)
		if diff := cmp.Diff(before, c.inventory(t)); diff != "" {
			t.Errorf("call %d: left behind: %s\n%s", n, diff, strings.Join(c.events(t, name), "\n"))
		}
	}
	c.faults.reset(0, 0, false)
}

// TestUpdateRollsBack fails every call of an update in turn; the stack must
// then be as before, and able to be updated.
func TestUpdateRollsBack(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.asset(t, "assets", "code.zip")
	if err := c.create(t, "app", everyType); err != nil {
		t.Fatal(err)
	}
	c.want(t, "app", types.StackStatusCreateComplete)
	// A change of a description, of a name (a replacement), and a new table.
	changed := strings.Replace(everyType, "TableName: fixed-table", "TableName: other-table", 1) + ""
	changed = strings.Replace(changed, "Resources:\n", `Resources:
  Extra: {Type: AWS::DynamoDB::Table, Properties: {BillingMode: PAY_PER_REQUEST, AttributeDefinitions: [{AttributeName: id, AttributeType: S}], KeySchema: [{AttributeName: id, KeyType: HASH}]}}
`, 1)
	changed = strings.Replace(changed, "  Cdk: {Type: AWS::CDK::Metadata, Properties: {Analytics: x}}\n", "", 1)
	before := c.inventory(t)
	c.faults.reset(0, 0, false)
	if err := c.update(t, "app", changed, "Description", "two"); err != nil {
		t.Fatal(err)
	}
	c.want(t, "app", types.StackStatusUpdateComplete)
	calls := slices.IndexFunc(c.faults.calls, func(call string) bool { return strings.Contains(call, "Delete") })
	t.Logf("an update makes %d calls before it cleans up", calls)
	c.faults.reset(0, 0, false)
	if err := c.update(t, "app", everyType, "Description", "one"); err != nil {
		t.Fatal(err)
	}
	c.want(t, "app", types.StackStatusUpdateComplete)
	if diff := cmp.Diff(before, c.inventory(t)); diff != "" {
		t.Fatalf("there and back again differs: %s", diff)
	}
	if calls < 5 {
		t.Fatal("too few calls to test anything")
	}
	for n := 1; n <= calls; n++ {
		c.faults.reset(n, 0, false)
		if err := c.update(t, "app", changed, "Description", "two"); err != nil {
			t.Fatal(n, err)
		}
		c.want(t, "app", types.StackStatusUpdateRollbackComplete)
		if diff := cmp.Diff(before, c.inventory(t)); diff != "" {
			t.Errorf("call %d: %s\n%s", n, diff, strings.Join(c.events(t, "app"), "\n"))
		}
		c.faults.reset(0, 0, false)
		if err := c.update(t, "app", everyType, "Description", "one"); code(err) != "ValidationError" {
			t.Errorf("call %d: after the rollback the old template is an update: %v", n, err)
		}
	}
}

// TestCrash stops the cloud at every call of a creation and of an update.
func TestCrash(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := openCloud(t, dir)
	c.role(t, "admin", allowAll)
	c.asset(t, "assets", "code.zip")
	before := c.inventory(t)
	crashed := 0
	for n := 1; n <= 23; n += 3 {
		for _, after := range []bool{false, true} {
			name := fmt.Sprintf("s%d-%v", n, after)
			c.faults.reset(0, n, after)
			if err := c.create(t, name, everyType); err != nil {
				t.Fatal(err)
			}
			for start := time.Now(); time.Since(start) < wait; time.Sleep(time.Millisecond) {
				c.faults.mu.Lock()
				reached := len(c.faults.calls) >= n
				c.faults.mu.Unlock()
				if reached {
					break
				}
			}
			time.Sleep(5 * time.Millisecond)
			c.service.Interrupt()
			c.close(t)
			c = openCloud(t, dir)
			c.service.Resume()
			c.want(t, name, types.StackStatusRollbackComplete)
			crashed++
			left := slices.DeleteFunc(c.inventory(t), func(line string) bool { return slices.Contains(before, line) })
			if len(left) > 0 {
				t.Errorf("%s left behind %q", name, left)
			}
		}
	}
	t.Logf("%d crashes", crashed)
	c.close(t)
}
