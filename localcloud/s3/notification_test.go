package s3_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/writ-dev/writ/localcloud/delivery/deliverytest"
	"github.com/writ-dev/writ/localcloud/events"
	"github.com/writ-dev/writ/localcloud/s3"
)

const (
	notifier = "s3.amazonaws.com"
	boxARN   = "arn:aws:sqs:us-east-1:000000000000:box"
	resize   = "arn:aws:lambda:us-east-1:000000000000:function:resize"
)

// tellers is S3 and EventBridge in a world of destinations.
type tellers struct{ *deliverytest.World }

func newTellers(t *testing.T) *tellers {
	t.Helper()
	c := &tellers{deliverytest.New(t, func(w *deliverytest.World) []deliverytest.Service {
		bus, err := events.New(events.Config{DB: w.DB, Account: deliverytest.Account, Region: deliverytest.Region, Do: w.Do, Roles: w.Roles, Now: w.Now, Log: w.Log})
		w.Must(err)
		objects, err := s3.New(s3.Config{
			DB: w.DB, Dir: filepath.Join(w.Dir, "objects"), Account: deliverytest.Account, Region: deliverytest.Region, Now: w.Now, Rand: rand.Reader,
			Do: w.Do, Bus: bus, Log: w.Log, Pause: time.Millisecond,
		})
		w.Must(err)
		return []deliverytest.Service{bus, objects}
	})}
	_, err := c.client("admin").CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: aws.String("photos")})
	c.Must(err)
	return c
}

func (c *tellers) client(role string) *awss3.Client {
	return awss3.NewFromConfig(c.As(role), func(o *awss3.Options) { o.UsePathStyle = true })
}

func (c *tellers) configure(n *types.NotificationConfiguration) error {
	_, err := c.client("admin").PutBucketNotificationConfiguration(c.T.Context(), &awss3.PutBucketNotificationConfigurationInput{
		Bucket: aws.String("photos"), NotificationConfiguration: n,
	})
	return err
}

func (c *tellers) put(key, body string) {
	c.T.Helper()
	_, err := c.client("admin").PutObject(c.T.Context(), &awss3.PutObjectInput{Bucket: aws.String("photos"), Key: &key, Body: strings.NewReader(body)})
	c.Must(err)
}

// told is what a message says of one change.
func (c *tellers) told(body string) string {
	c.T.Helper()
	var event struct {
		Records []struct {
			EventName, EventSource string
			S3                     struct {
				ConfigurationID string `json:"configurationId"`
				Bucket          struct{ Name, ARN string }
				Object          struct {
					Key, ETag string
					Size      *int
				}
			}
		}
	}
	c.Must(json.Unmarshal([]byte(body), &event))
	if len(event.Records) != 1 {
		c.T.Fatalf("%d records in %s", len(event.Records), body)
	}
	r := event.Records[0]
	size := "-"
	if r.S3.Object.Size != nil {
		size = fmt.Sprint(*r.S3.Object.Size)
	}
	return strings.Join([]string{r.EventSource, r.EventName, r.S3.ConfigurationID, r.S3.Bucket.ARN, r.S3.Object.Key, size}, " ")
}

func equal(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %s\nwant %s", what, got, want)
	}
}

func keyFilter(prefix, suffix string) *types.NotificationConfigurationFilter {
	f := &types.NotificationConfigurationFilter{Key: &types.S3KeyFilter{}}
	for name, value := range map[types.FilterRuleName]string{types.FilterRuleNamePrefix: prefix, types.FilterRuleNameSuffix: suffix} {
		if value != "" {
			f.Key.FilterRules = append(f.Key.FilterRules, types.FilterRule{Name: name, Value: &value})
		}
	}
	return f
}

// TestNotifications: each kind of change, each kind of destination.
func TestNotifications(t *testing.T) {
	t.Parallel()
	c, ctx := newTellers(t), t.Context()
	box := c.Queue("box", notifier, "arn:aws:s3:::photos")
	c.Lambda.Admit(c.World, notifier, "arn:aws:s3:::photos")
	topics := sns.NewFromConfig(c.As("admin"))
	topic, err := topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("gone")})
	c.Must(err)
	_, err = topics.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{
		TopicArn: topic.TopicArn, AttributeName: aws.String("Policy"), AttributeValue: aws.String(deliverytest.Admit(notifier, "sns:Publish", *topic.TopicArn, "arn:aws:s3:::photos")),
	})
	c.Must(err)
	letters := c.Queue("letters", "sns.amazonaws.com", *topic.TopicArn)
	_, err = topics.Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String("sqs"), Endpoint: &letters, Attributes: map[string]string{"RawMessageDelivery": "true"}})
	c.Must(err)
	rules := eventbridge.NewFromConfig(c.As("admin"))
	_, err = rules.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("r"), EventPattern: aws.String(`{"source":["aws.s3"],"detail-type":["Object Created","Object Deleted"],"detail":{"bucket":{"name":["photos"]}}}`)})
	c.Must(err)
	bridged := c.Queue("bridged", "events.amazonaws.com", "arn:aws:events:us-east-1:000000000000:rule/r")
	_, err = rules.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("r"), Targets: []ebtypes.Target{{Id: aws.String("1"), Arn: &bridged, InputPath: aws.String("$.detail")}}})
	c.Must(err)
	c.Must(c.configure(&types.NotificationConfiguration{
		QueueConfigurations: []types.QueueConfiguration{{Id: aws.String("in"), QueueArn: &box, Events: []types.Event{"s3:ObjectCreated:*"}}},
		LambdaFunctionConfigurations: []types.LambdaFunctionConfiguration{
			{Id: aws.String("png"), LambdaFunctionArn: aws.String(resize), Events: []types.Event{"s3:ObjectTagging:Put"}, Filter: keyFilter("in/", ".png")},
		},
		TopicConfigurations:      []types.TopicConfiguration{{Id: aws.String("gone"), TopicArn: topic.TopicArn, Events: []types.Event{"s3:ObjectRemoved:Delete"}}},
		EventBridgeConfiguration: &types.EventBridgeConfiguration{},
	}))
	for _, queue := range []string{"box", "letters"} {
		var test struct{ Event, Bucket string }
		c.Must(json.Unmarshal([]byte(c.Receive(queue).Body), &test))
		equal(t, "the test event", test.Event+" "+test.Bucket, "s3:TestEvent photos")
	}

	c.put("in/a b+é.png", "pixels")
	equal(t, "put", c.told(c.Receive("box").Body), "aws:s3 ObjectCreated:Put in arn:aws:s3:::photos in/a+b%2B%C3%A9.png 6")
	var detail struct {
		Reason string
		Object struct {
			Key  string
			Size int
		}
		Deletion string `json:"deletion-type"`
	}
	c.Must(json.Unmarshal([]byte(c.Receive("bridged").Body), &detail))
	equal(t, "put, for EventBridge", fmt.Sprint(detail.Reason, " ", detail.Object.Key, " ", detail.Object.Size), "PutObject in/a b+é.png 6")
	client, key := c.client("admin"), aws.String("in/a b+é.png")
	_, err = client.CopyObject(ctx, &awss3.CopyObjectInput{Bucket: aws.String("photos"), Key: aws.String("copy.txt"), CopySource: aws.String("photos/in/a%20b%2B%C3%A9.png")})
	c.Must(err)
	equal(t, "copy", c.told(c.Receive("box").Body), "aws:s3 ObjectCreated:Copy in arn:aws:s3:::photos copy.txt 6")
	for _, tagged := range []*string{key, aws.String("copy.txt")} {
		_, err = client.PutObjectTagging(ctx, &awss3.PutObjectTaggingInput{Bucket: aws.String("photos"), Key: tagged, Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}})
		c.Must(err)
	}
	c.Eventually("the function hears of the one key", func() bool { return len(c.Lambda.Calls()) == 1 })
	equal(t, "tagged", c.told(strings.TrimPrefix(c.Lambda.Calls()[0], "Event ")), "aws:s3 ObjectTagging:Put png arn:aws:s3:::photos in/a+b%2B%C3%A9.png -")
	up, err := client.CreateMultipartUpload(ctx, &awss3.CreateMultipartUploadInput{Bucket: aws.String("photos"), Key: aws.String("big")})
	c.Must(err)
	part, err := client.UploadPart(ctx, &awss3.UploadPartInput{Bucket: aws.String("photos"), Key: aws.String("big"), UploadId: up.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("x")})
	c.Must(err)
	_, err = client.CompleteMultipartUpload(ctx, &awss3.CompleteMultipartUploadInput{
		Bucket: aws.String("photos"), Key: aws.String("big"), UploadId: up.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: part.ETag}}},
	})
	c.Must(err)
	equal(t, "in parts", c.told(c.Receive("box").Body), "aws:s3 ObjectCreated:CompleteMultipartUpload in arn:aws:s3:::photos big 1")
	for _, key := range []string{"big", "never there"} {
		_, err = client.DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: aws.String("photos"), Key: &key})
		c.Must(err)
	}
	equal(t, "deleted", c.told(c.Receive("letters").Body), "aws:s3 ObjectRemoved:Delete gone arn:aws:s3:::photos big -")

	c.Restart()
	got, err := c.client("admin").GetBucketNotificationConfiguration(ctx, &awss3.GetBucketNotificationConfigurationInput{Bucket: aws.String("photos")})
	c.Must(err)
	equal(t, "the configuration", fmt.Sprint(*got.QueueConfigurations[0].Id, *got.TopicConfigurations[0].TopicArn, got.LambdaFunctionConfigurations[0].Events, len(got.LambdaFunctionConfigurations[0].Filter.Key.FilterRules), got.EventBridgeConfiguration != nil),
		fmt.Sprint("in", *topic.TopicArn, []string{"s3:ObjectTagging:Put"}, 2, true))
	c.Must(c.configure(&types.NotificationConfiguration{}))
	c.put("quiet", "x")
	if m, ok := c.Poll("box", 0); ok {
		t.Errorf("a bucket without notifications tells: %s", m.Body)
	}
}

// TestDestinationsMustLetS3In: a destination that does not is refused when the
// configuration is put, and gets nothing when it stops to.
func TestDestinationsMustLetS3In(t *testing.T) {
	t.Parallel()
	c, ctx := newTellers(t), t.Context()
	c.Queue("box", "", "")
	c.Queue("other", notifier, "arn:aws:s3:::others")
	to := func(queue string) *types.NotificationConfiguration {
		return &types.NotificationConfiguration{QueueConfigurations: []types.QueueConfiguration{{QueueArn: aws.String("arn:aws:sqs:us-east-1:000000000000:" + queue), Events: []types.Event{"s3:ObjectCreated:*"}}}}
	}
	const refused = "InvalidArgument"
	for _, queue := range []string{"box", "other", "none"} {
		err := c.configure(to(queue))
		equal(t, queue, deliverytest.Code(err), refused)
		if err != nil && !strings.Contains(err.Error(), "Unable to validate the following destination configurations") {
			t.Errorf("%s: %v", queue, err)
		}
	}
	function := &types.NotificationConfiguration{LambdaFunctionConfigurations: []types.LambdaFunctionConfiguration{{LambdaFunctionArn: aws.String(resize), Events: []types.Event{"s3:ObjectCreated:Put"}}}}
	equal(t, "a function without permission", deliverytest.Code(c.configure(function)), refused)
	c.Lambda.Admit(c.World, notifier, "arn:aws:s3:::photos")
	c.Must(c.configure(function))
	c.Lambda.Admit(c.World, notifier, "arn:aws:s3:::others")
	c.put("a", "x")
	c.Eventually("it is shown", func() bool {
		return strings.Contains(c.Said(), "User: s3.amazonaws.com is not authorized to perform: lambda:InvokeFunction on resource: "+resize)
	})
	if n := len(c.Lambda.Calls()); n > 0 {
		t.Errorf("the function ran %d times", n)
	}
	_, err := c.client("admin").PutBucketNotificationConfiguration(ctx, &awss3.PutBucketNotificationConfigurationInput{
		Bucket: aws.String("photos"), NotificationConfiguration: to("box"), SkipDestinationValidation: aws.Bool(true),
	})
	c.Must(err)

	c.Role("reader", "lambda.amazonaws.com", `{"Effect":"Allow","Action":"s3:GetBucketNotification","Resource":"arn:aws:s3:::photos"}`)
	_, err = c.client("reader").GetBucketNotificationConfiguration(ctx, &awss3.GetBucketNotificationConfigurationInput{Bucket: aws.String("photos")})
	equal(t, "who may read", deliverytest.Code(err), "")
	_, err = c.client("reader").PutBucketNotificationConfiguration(ctx, &awss3.PutBucketNotificationConfigurationInput{Bucket: aws.String("photos"), NotificationConfiguration: &types.NotificationConfiguration{}})
	equal(t, "who may not write", deliverytest.Code(err), "AccessDenied")
}

func TestNotificationsThatAreRefused(t *testing.T) {
	t.Parallel()
	c := newTellers(t)
	c.Queue("box", notifier, "arn:aws:s3:::photos")
	one := func(event, prefix, suffix string) types.QueueConfiguration {
		return types.QueueConfiguration{QueueArn: aws.String(boxARN), Events: []types.Event{types.Event(event)}, Filter: keyFilter(prefix, suffix)}
	}
	for name, row := range map[string]struct {
		list []types.QueueConfiguration
		want string
	}{
		"an event":             {[]types.QueueConfiguration{one("s3:ObjectSeen", "", "")}, "InvalidArgument"},
		"the same twice":       {[]types.QueueConfiguration{one("s3:ObjectCreated:*", "", ""), one("s3:ObjectCreated:Put", "a", "")}, "InvalidArgument"},
		"prefixes that meet":   {[]types.QueueConfiguration{one("s3:ObjectCreated:*", "in/", ".png"), one("s3:ObjectCreated:Put", "in/a", "g")}, "InvalidArgument"},
		"prefixes that do not": {[]types.QueueConfiguration{one("s3:ObjectCreated:*", "in/", ""), one("s3:ObjectCreated:Put", "out/", "")}, ""},
		"suffixes that do not": {[]types.QueueConfiguration{one("s3:ObjectCreated:*", "", ".png"), one("s3:ObjectCreated:Put", "", ".jpg")}, ""},
		"other events":         {[]types.QueueConfiguration{one("s3:ObjectCreated:*", "", ""), one("s3:ObjectRemoved:*", "", "")}, ""},
		"FIFO":                 {[]types.QueueConfiguration{{QueueArn: aws.String(boxARN + ".fifo"), Events: []types.Event{"s3:ObjectCreated:*"}}}, "InvalidArgument"},
		"an ARN":               {[]types.QueueConfiguration{{QueueArn: aws.String(resize), Events: []types.Event{"s3:ObjectCreated:*"}}}, "InvalidArgument"},
	} {
		equal(t, name, deliverytest.Code(c.configure(&types.NotificationConfiguration{QueueConfigurations: row.list})), row.want)
	}
}
