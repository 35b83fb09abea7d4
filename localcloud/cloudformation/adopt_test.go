package cloudformation_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"
)

// TestAStackTakesNothingOver: SQS and SNS answer a creation of what is there
// already as if it were new. A stack must not take it for its own, and remove
// it when it rolls back.
func TestAStackTakesNothingOver(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	if _, err := sqs.NewFromConfig(c.config(t, "admin")).CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: ptr("theirs")}); err != nil {
		t.Fatal(err)
	}
	if _, err := sns.NewFromConfig(c.config(t, "admin")).CreateTopic(t.Context(), &sns.CreateTopicInput{Name: ptr("theirs")}); err != nil {
		t.Fatal(err)
	}
	before := c.inventory(t)
	for name, template := range map[string]string{
		"queue": "Resources: {A: {Type: AWS::SQS::Queue, Properties: {QueueName: theirs}}}",
		"topic": "Resources: {A: {Type: AWS::SNS::Topic, Properties: {TopicName: theirs}}}",
	} {
		if err := c.create(t, name, template); err != nil {
			t.Fatal(err)
		}
		c.want(t, name, types.StackStatusRollbackComplete)
		if events := strings.Join(c.events(t, name), "\n"); !strings.Contains(events, "already exists") {
			t.Errorf("%s: %s", name, events)
		}
	}
	if diff := cmp.Diff(before, c.inventory(t)); diff != "" {
		t.Error(diff)
	}
}

// TestNamesAndValuesOfMessaging: what Ref and Fn::GetAtt give, and the names
// that CloudFormation makes.
func TestNamesAndValuesOfMessaging(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	template := `
Resources:
  Jobs: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true, ContentBasedDeduplication: true}}
  News: {Type: AWS::SNS::Topic}
  Secret: {Type: AWS::SecretsManager::Secret, Properties: {GenerateSecretString: {ExcludePunctuation: true}}}
  Parameter: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: v}}
Outputs:
  Url: {Value: !Ref Jobs}
  Arn: {Value: !GetAtt Jobs.Arn}
  Name: {Value: !GetAtt Jobs.QueueName}
  Topic: {Value: !Ref News}
  TopicName: {Value: !GetAtt News.TopicName}
  Secret: {Value: !Ref Secret}
  Parameter: {Value: !Ref Parameter}
  Value: {Value: !GetAtt Parameter.Value}
`
	if err := c.create(t, "app", template); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, o := range c.want(t, "app", types.StackStatusCreateComplete).Outputs {
		got[*o.OutputKey] = *o.OutputValue
	}
	queue, topic := got["Name"], got["TopicName"]
	if !strings.HasPrefix(queue, "app-Jobs-") || !strings.HasSuffix(queue, ".fifo") || !strings.HasPrefix(topic, "app-News-") {
		t.Errorf("names %s, %s", queue, topic)
	}
	for key, want := range map[string]string{
		"Url": "http://127.0.0.1/" + account + "/" + queue, "Arn": "arn:aws:sqs:us-east-1:" + account + ":" + queue,
		"Topic": "arn:aws:sns:us-east-1:" + account + ":" + topic, "Value": "v",
	} {
		if got[key] != want {
			t.Errorf("%s: %s, want %s", key, got[key], want)
		}
	}
	if !strings.HasPrefix(got["Secret"], "arn:aws:secretsmanager:us-east-1:"+account+":secret:app-Secret-") || !strings.HasPrefix(got["Parameter"], "app-Parameter-") {
		t.Errorf("%s %s", got["Secret"], got["Parameter"])
	}
	if stack := c.deleteStack(t, "app"); stack.StackStatus != types.StackStatusDeleteComplete {
		t.Error(stack.StackStatus)
	}
}
