package localcloud_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secretstypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

func useSQS(t *testing.T, c *cloud) {
	ctx, client, name := t.Context(), sqs.NewFromConfig(c.dev()), aws.String("jobs")
	url := must[*sqs.CreateQueueOutput](t)(client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: name})).QueueUrl
	if !strings.HasPrefix(*url, c.api.URL) {
		t.Errorf("the URL %s is not the cloud's", *url)
	}
	must[*sqs.GetQueueUrlOutput](t)(client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: name}))
	must[*sqs.ListQueuesOutput](t)(client.ListQueues(ctx, &sqs.ListQueuesInput{}))
	must[*sqs.SetQueueAttributesOutput](t)(client.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: url, Attributes: map[string]string{"VisibilityTimeout": "60"}}))
	must[*sqs.GetQueueAttributesOutput](t)(client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []sqstypes.QueueAttributeName{"All"}}))
	must[*sqs.TagQueueOutput](t)(client.TagQueue(ctx, &sqs.TagQueueInput{QueueUrl: url, Tags: map[string]string{"a": "b"}}))
	must[*sqs.ListQueueTagsOutput](t)(client.ListQueueTags(ctx, &sqs.ListQueueTagsInput{QueueUrl: url}))
	must[*sqs.UntagQueueOutput](t)(client.UntagQueue(ctx, &sqs.UntagQueueInput{QueueUrl: url, TagKeys: []string{"a"}}))
	must[*sqs.AddPermissionOutput](t)(client.AddPermission(ctx, &sqs.AddPermissionInput{QueueUrl: url, Label: name, AWSAccountIds: []string{"111122223333"}, Actions: []string{"SendMessage"}}))
	must[*sqs.RemovePermissionOutput](t)(client.RemovePermission(ctx, &sqs.RemovePermissionInput{QueueUrl: url, Label: name}))
	must[*sqs.SendMessageOutput](t)(client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("0")}))
	must[*sqs.SendMessageBatchOutput](t)(client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: url, Entries: []sqstypes.SendMessageBatchRequestEntry{
		{Id: aws.String("1"), MessageBody: aws.String("1")},
	}}))
	got := must[*sqs.ReceiveMessageOutput](t)(client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: 10})).Messages
	if len(got) != 2 {
		t.Fatalf("received %v", got)
	}
	must[*sqs.ChangeMessageVisibilityOutput](t)(client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: url, ReceiptHandle: got[0].ReceiptHandle, VisibilityTimeout: 30}))
	must[*sqs.ChangeMessageVisibilityBatchOutput](t)(client.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{
		QueueUrl: url, Entries: []sqstypes.ChangeMessageVisibilityBatchRequestEntry{{Id: aws.String("1"), ReceiptHandle: got[0].ReceiptHandle, VisibilityTimeout: 30}},
	}))
	must[*sqs.DeleteMessageOutput](t)(client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: got[0].ReceiptHandle}))
	must[*sqs.DeleteMessageBatchOutput](t)(client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{
		QueueUrl: url, Entries: []sqstypes.DeleteMessageBatchRequestEntry{{Id: aws.String("1"), ReceiptHandle: got[1].ReceiptHandle}},
	}))
	must[*sqs.PurgeQueueOutput](t)(client.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: url}))
	must[*sqs.DeleteQueueOutput](t)(client.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: url}))
}

// useMessages is a whole way: a topic feeds a queue, the queue a function, and
// what the function's role lets it do.
func useMessages(t *testing.T, c *cloud) {
	ctx, queues, topics, functions := t.Context(), sqs.NewFromConfig(c.dev()), sns.NewFromConfig(c.dev()), lambda.NewFromConfig(c.dev())
	const box = "arn:aws:sqs:us-east-1:000000000000:box"
	topic := must[*sns.CreateTopicOutput](t)(topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("news")})).TopicArn
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` + box + `",
		"Condition":{"ArnEquals":{"aws:SourceArn":"` + *topic + `"}}}]}`
	url := must[*sqs.CreateQueueOutput](t)(queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("box"), Attributes: map[string]string{"Policy": policy}})).QueueUrl
	role := c.role(t, "eater-role", trustLambda, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sqs:ReceiveMessage","sqs:DeleteMessage","sqs:GetQueueAttributes"],"Resource":"`+box+`"}]}`)
	name := aws.String("eater")
	must[*lambda.CreateFunctionOutput](t)(functions.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: name, Role: &role, Runtime: types.RuntimeProvidedal2023, Handler: aws.String("bootstrap"), Timeout: aws.Int32(10),
		Code: &types.FunctionCode{ZipFile: goFunction(t)},
	}))
	sub := must[*sns.SubscribeOutput](t)(topics.Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("sqs"), Endpoint: aws.String(box)})).SubscriptionArn
	id := must[*lambda.CreateEventSourceMappingOutput](t)(functions.CreateEventSourceMapping(ctx, &lambda.CreateEventSourceMappingInput{FunctionName: name, EventSourceArn: aws.String(box)})).UUID
	must[*sns.PublishOutput](t)(topics.Publish(ctx, &sns.PublishInput{TopicArn: topic, Message: aws.String("hello")}))
	eventually(t, "the message comes through", func() bool { return c.seen(&c.lines, "eater: the function ran for") })

	useDirectDelivery(t, c, topic)

	must[*lambda.GetEventSourceMappingOutput](t)(functions.GetEventSourceMapping(ctx, &lambda.GetEventSourceMappingInput{UUID: id}))
	must[*lambda.ListEventSourceMappingsOutput](t)(functions.ListEventSourceMappings(ctx, &lambda.ListEventSourceMappingsInput{FunctionName: name}))
	must[*lambda.UpdateEventSourceMappingOutput](t)(functions.UpdateEventSourceMapping(ctx, &lambda.UpdateEventSourceMappingInput{UUID: id, BatchSize: aws.Int32(5)}))
	must[*lambda.DeleteEventSourceMappingOutput](t)(functions.DeleteEventSourceMapping(ctx, &lambda.DeleteEventSourceMappingInput{UUID: id}))
	must[*lambda.DeleteFunctionOutput](t)(functions.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: name}))
	must[*sqs.DeleteQueueOutput](t)(queues.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: url}))

	must[*sns.PublishBatchOutput](t)(topics.PublishBatch(ctx, &sns.PublishBatchInput{TopicArn: topic, PublishBatchRequestEntries: []snstypes.PublishBatchRequestEntry{{Id: aws.String("1"), Message: aws.String("m")}}}))
	must[*sns.ListTopicsOutput](t)(topics.ListTopics(ctx, &sns.ListTopicsInput{}))
	must[*sns.GetTopicAttributesOutput](t)(topics.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: topic}))
	must[*sns.SetTopicAttributesOutput](t)(topics.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{TopicArn: topic, AttributeName: aws.String("DisplayName"), AttributeValue: aws.String("n")}))
	must[*sns.ListSubscriptionsOutput](t)(topics.ListSubscriptions(ctx, &sns.ListSubscriptionsInput{}))
	must[*sns.ListSubscriptionsByTopicOutput](t)(topics.ListSubscriptionsByTopic(ctx, &sns.ListSubscriptionsByTopicInput{TopicArn: topic}))
	must[*sns.GetSubscriptionAttributesOutput](t)(topics.GetSubscriptionAttributes(ctx, &sns.GetSubscriptionAttributesInput{SubscriptionArn: sub}))
	must[*sns.SetSubscriptionAttributesOutput](t)(topics.SetSubscriptionAttributes(ctx, &sns.SetSubscriptionAttributesInput{SubscriptionArn: sub, AttributeName: aws.String("RawMessageDelivery"), AttributeValue: aws.String("true")}))
	must[*sns.TagResourceOutput](t)(topics.TagResource(ctx, &sns.TagResourceInput{ResourceArn: topic, Tags: []snstypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}))
	must[*sns.ListTagsForResourceOutput](t)(topics.ListTagsForResource(ctx, &sns.ListTagsForResourceInput{ResourceArn: topic}))
	must[*sns.UntagResourceOutput](t)(topics.UntagResource(ctx, &sns.UntagResourceInput{ResourceArn: topic, TagKeys: []string{"a"}}))
	must[*sns.AddPermissionOutput](t)(topics.AddPermission(ctx, &sns.AddPermissionInput{TopicArn: topic, Label: name, AWSAccountId: []string{"111122223333"}, ActionName: []string{"Publish"}}))
	must[*sns.RemovePermissionOutput](t)(topics.RemovePermission(ctx, &sns.RemovePermissionInput{TopicArn: topic, Label: name}))
	must[*sns.UnsubscribeOutput](t)(topics.Unsubscribe(ctx, &sns.UnsubscribeInput{SubscriptionArn: sub}))
	must[*sns.DeleteTopicOutput](t)(topics.DeleteTopic(ctx, &sns.DeleteTopicInput{TopicArn: topic}))
}

// useDirectDelivery: a topic calls a function once the function's policy lets it.
func useDirectDelivery(t *testing.T, c *cloud, topic *string) {
	ctx, topics, functions := t.Context(), sns.NewFromConfig(c.dev()), lambda.NewFromConfig(c.dev())
	const eater = "arn:aws:lambda:us-east-1:000000000000:function:eater"
	must[*sns.SubscribeOutput](t)(topics.Subscribe(ctx, &sns.SubscribeInput{
		TopicArn: topic, Protocol: aws.String("lambda"), Endpoint: aws.String(eater), Attributes: map[string]string{"FilterPolicy": `{"to":["function"]}`},
	}))
	send := func() {
		must[*sns.PublishOutput](t)(topics.Publish(ctx, &sns.PublishInput{TopicArn: topic, Message: aws.String("direct"), MessageAttributes: map[string]snstypes.MessageAttributeValue{
			"to": {DataType: aws.String("String"), StringValue: aws.String("function")},
		}}))
	}
	send()
	eventually(t, "the function's policy denies", func() bool {
		return c.seen(&c.denied, "User: sns.amazonaws.com is not authorized to perform: lambda:InvokeFunction on resource: "+eater)
	})
	must[*lambda.AddPermissionOutput](t)(functions.AddPermission(ctx, &lambda.AddPermissionInput{
		FunctionName: aws.String("eater"), StatementId: aws.String("news"), Action: aws.String("lambda:InvokeFunction"),
		Principal: aws.String("sns.amazonaws.com"), SourceArn: topic,
	}))
	runs := func() (n int) {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, line := range c.lines {
			if strings.Contains(line, "eater: the function ran for") {
				n++
			}
		}
		return n
	}
	eventually(t, "the queue is drained", func() bool { return runs() >= 2 })
	before := runs()
	send()
	eventually(t, "the function is called by both ways", func() bool { return runs() == before+2 })
}

func useSecrets(t *testing.T, c *cloud) {
	ctx, client, name := t.Context(), secretsmanager.NewFromConfig(c.dev()), aws.String("app/db")
	arn := must[*secretsmanager.CreateSecretOutput](t)(client.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: name, SecretString: aws.String("one")})).ARN
	must[*secretsmanager.PutSecretValueOutput](t)(client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: name, SecretString: aws.String("two")}))
	must[*secretsmanager.UpdateSecretOutput](t)(client.UpdateSecret(ctx, &secretsmanager.UpdateSecretInput{SecretId: arn, Description: aws.String("d")}))
	if out := must[*secretsmanager.GetSecretValueOutput](t)(client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: name})); *out.SecretString != "two" {
		t.Errorf("the secret is %s", *out.SecretString)
	}
	must[*secretsmanager.DescribeSecretOutput](t)(client.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: arn}))
	must[*secretsmanager.ListSecretsOutput](t)(client.ListSecrets(ctx, &secretsmanager.ListSecretsInput{}))
	must[*secretsmanager.ListSecretVersionIdsOutput](t)(client.ListSecretVersionIds(ctx, &secretsmanager.ListSecretVersionIdsInput{SecretId: arn}))
	must[*secretsmanager.TagResourceOutput](t)(client.TagResource(ctx, &secretsmanager.TagResourceInput{SecretId: arn, Tags: []secretstypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}))
	must[*secretsmanager.UntagResourceOutput](t)(client.UntagResource(ctx, &secretsmanager.UntagResourceInput{SecretId: arn, TagKeys: []string{"a"}}))
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"secretsmanager:GetSecretValue","Resource":"*"}]}`
	must[*secretsmanager.PutResourcePolicyOutput](t)(client.PutResourcePolicy(ctx, &secretsmanager.PutResourcePolicyInput{SecretId: arn, ResourcePolicy: &policy}))
	must[*secretsmanager.GetResourcePolicyOutput](t)(client.GetResourcePolicy(ctx, &secretsmanager.GetResourcePolicyInput{SecretId: arn}))
	_, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: name})
	wantCode(t, "a secret whose policy denies all", err, "AccessDeniedException")
	must[*secretsmanager.DeleteResourcePolicyOutput](t)(client.DeleteResourcePolicy(ctx, &secretsmanager.DeleteResourcePolicyInput{SecretId: arn}))
	must[*secretsmanager.GetRandomPasswordOutput](t)(client.GetRandomPassword(ctx, &secretsmanager.GetRandomPasswordInput{}))
	must[*secretsmanager.DeleteSecretOutput](t)(client.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: arn}))
	must[*secretsmanager.RestoreSecretOutput](t)(client.RestoreSecret(ctx, &secretsmanager.RestoreSecretInput{SecretId: arn}))
}

func useParameters(t *testing.T, c *cloud) {
	ctx, client, name := t.Context(), ssm.NewFromConfig(c.dev()), aws.String("/app/url")
	must[*ssm.PutParameterOutput](t)(client.PutParameter(ctx, &ssm.PutParameterInput{Name: name, Value: aws.String("stored"), Type: ssmtypes.ParameterTypeString}))
	must[*ssm.GetParameterOutput](t)(client.GetParameter(ctx, &ssm.GetParameterInput{Name: name}))
	must[*ssm.GetParametersOutput](t)(client.GetParameters(ctx, &ssm.GetParametersInput{Names: []string{*name}}))
	must[*ssm.GetParametersByPathOutput](t)(client.GetParametersByPath(ctx, &ssm.GetParametersByPathInput{Path: aws.String("/app")}))
	must[*ssm.GetParameterHistoryOutput](t)(client.GetParameterHistory(ctx, &ssm.GetParameterHistoryInput{Name: name}))
	must[*ssm.DescribeParametersOutput](t)(client.DescribeParameters(ctx, &ssm.DescribeParametersInput{}))
	of := ssmtypes.ResourceTypeForTaggingParameter
	must[*ssm.AddTagsToResourceOutput](t)(client.AddTagsToResource(ctx, &ssm.AddTagsToResourceInput{ResourceType: of, ResourceId: name, Tags: []ssmtypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}))
	must[*ssm.ListTagsForResourceOutput](t)(client.ListTagsForResource(ctx, &ssm.ListTagsForResourceInput{ResourceType: of, ResourceId: name}))
	must[*ssm.RemoveTagsFromResourceOutput](t)(client.RemoveTagsFromResource(ctx, &ssm.RemoveTagsFromResourceInput{ResourceType: of, ResourceId: name, TagKeys: []string{"a"}}))
	readByTemplate(t, c, *name)
	must[*ssm.DeleteParametersOutput](t)(client.DeleteParameters(ctx, &ssm.DeleteParametersInput{Names: []string{"/none"}}))
	must[*ssm.DeleteParameterOutput](t)(client.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: name}))
}
