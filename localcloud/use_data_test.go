package localcloud_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

type item = map[string]types.AttributeValue

func text(s string) types.AttributeValue   { return &types.AttributeValueMemberS{Value: s} }
func number(s string) types.AttributeValue { return &types.AttributeValueMemberN{Value: s} }

// makeTable makes a table with the key "k".
func makeTable(t testing.TB, client *dynamodb.Client, name string) (arn string) {
	t.Helper()
	out := must[*dynamodb.CreateTableOutput](t)(client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("k"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("k"), KeyType: types.KeyTypeHash}},
	}))
	return *out.TableDescription.TableArn
}

func useDynamoDB(t *testing.T, c *cloud) {
	client, name := dynamodb.NewFromConfig(c.dev()), aws.String("things")
	arn := makeTable(t, client, *name)
	useTable(t, client, name, arn)
	useItems(t, client, name)
	_, err := client.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: name})
	wantCode(t, "DeleteTable", err, "")
	_, err = client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: name})
	wantCode(t, "DescribeTable of a table that is gone", err, "ResourceNotFoundException")
}

func useTable(t *testing.T, client *dynamodb.Client, name *string, arn string) {
	ctx := t.Context()
	if out := must[*dynamodb.DescribeTableOutput](t)(client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: name})); *out.Table.TableArn != arn {
		t.Errorf("table %s", *out.Table.TableArn)
	}
	if out := must[*dynamodb.ListTablesOutput](t)(client.ListTables(ctx, &dynamodb.ListTablesInput{})); len(out.TableNames) != 1 {
		t.Errorf("tables %v", out.TableNames)
	}
	key, value := aws.String("team"), aws.String("blue")
	ttl := &types.TimeToLiveSpecification{AttributeName: aws.String("ends"), Enabled: aws.Bool(true)}
	policy := aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"dynamodb:GetItem","Resource":"` + arn + `"}]}`)
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"UpdateTable", func() error {
			_, err := client.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: name, DeletionProtectionEnabled: aws.Bool(false)})
			return err
		}},
		{"UpdateTimeToLive", func() error {
			_, err := client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{TableName: name, TimeToLiveSpecification: ttl})
			return err
		}},
		{"DescribeTimeToLive", func() error {
			_, err := client.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: name})
			return err
		}},
		{"TagResource", func() error {
			_, err := client.TagResource(ctx, &dynamodb.TagResourceInput{ResourceArn: &arn, Tags: []types.Tag{{Key: key, Value: value}}})
			return err
		}},
		{"ListTagsOfResource", func() error {
			_, err := client.ListTagsOfResource(ctx, &dynamodb.ListTagsOfResourceInput{ResourceArn: &arn})
			return err
		}},
		{"UntagResource", func() error {
			_, err := client.UntagResource(ctx, &dynamodb.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{*key}})
			return err
		}},
		{"DescribeLimits", func() error {
			_, err := client.DescribeLimits(ctx, &dynamodb.DescribeLimitsInput{})
			return err
		}},
		{"DescribeEndpoints", func() error {
			_, err := client.DescribeEndpoints(ctx, &dynamodb.DescribeEndpointsInput{})
			return err
		}},
		{"PutResourcePolicy", func() error {
			_, err := client.PutResourcePolicy(ctx, &dynamodb.PutResourcePolicyInput{ResourceArn: &arn, Policy: policy})
			return err
		}},
		{"GetResourcePolicy", func() error {
			_, err := client.GetResourcePolicy(ctx, &dynamodb.GetResourcePolicyInput{ResourceArn: &arn})
			return err
		}},
		{"DeleteResourcePolicy", func() error {
			_, err := client.DeleteResourcePolicy(ctx, &dynamodb.DeleteResourcePolicyInput{ResourceArn: &arn})
			return err
		}},
		{"DescribeContinuousBackups", func() error {
			_, err := client.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: name})
			return err
		}},
		{"DescribeContributorInsights", func() error {
			_, err := client.DescribeContributorInsights(ctx, &dynamodb.DescribeContributorInsightsInput{TableName: name})
			return err
		}},
	} {
		wantCode(t, step.name, step.do(), "")
	}
}

func useItems(t *testing.T, client *dynamodb.Client, name *string) {
	ctx, one, two, three := t.Context(), item{"k": text("1")}, item{"k": text("2")}, item{"k": text("3")}
	must[*dynamodb.PutItemOutput](t)(client.PutItem(ctx, &dynamodb.PutItemInput{TableName: name, Item: one}))
	_, err := client.PutItem(ctx, &dynamodb.PutItemInput{TableName: name, Item: one, ConditionExpression: aws.String("attribute_not_exists(k)")})
	wantCode(t, "a condition that fails", err, "ConditionalCheckFailedException")
	must[*dynamodb.UpdateItemOutput](t)(client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: name, Key: one, UpdateExpression: aws.String("ADD n :n"), ExpressionAttributeValues: item{":n": number("12345678901234567890123456789012345678")},
	}))
	got := must[*dynamodb.GetItemOutput](t)(client.GetItem(ctx, &dynamodb.GetItemInput{TableName: name, Key: one}))
	if n, _ := got.Item["n"].(*types.AttributeValueMemberN); n == nil || n.Value != "12345678901234567890123456789012345678" {
		t.Errorf("n = %v", got.Item["n"])
	}
	must[*dynamodb.BatchWriteItemOutput](t)(client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{
		RequestItems: map[string][]types.WriteRequest{*name: {{PutRequest: &types.PutRequest{Item: two}}}},
	}))
	must[*dynamodb.TransactWriteItemsOutput](t)(client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
		TransactItems: []types.TransactWriteItem{{Put: &types.Put{TableName: name, Item: three}}},
	}))
	if out := must[*dynamodb.BatchGetItemOutput](t)(client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
		RequestItems: map[string]types.KeysAndAttributes{*name: {Keys: []item{one, two, three}}},
	})); len(out.Responses[*name]) != 3 {
		t.Errorf("BatchGetItem: %v", out.Responses)
	}
	if out := must[*dynamodb.TransactGetItemsOutput](t)(client.TransactGetItems(ctx, &dynamodb.TransactGetItemsInput{
		TransactItems: []types.TransactGetItem{{Get: &types.Get{TableName: name, Key: three}}},
	})); out.Responses[0].Item == nil {
		t.Error("TransactGetItems found nothing")
	}
	if out := must[*dynamodb.QueryOutput](t)(client.Query(ctx, &dynamodb.QueryInput{
		TableName: name, KeyConditionExpression: aws.String("k = :k"), ExpressionAttributeValues: item{":k": text("2")},
	})); out.Count != 1 {
		t.Errorf("Query: %d", out.Count)
	}
	must[*dynamodb.DeleteItemOutput](t)(client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: name, Key: two}))
	if out := must[*dynamodb.ScanOutput](t)(client.Scan(ctx, &dynamodb.ScanInput{TableName: name})); out.Count != 2 {
		t.Errorf("Scan: %d items, want 2", out.Count)
	}
}

func useS3(t *testing.T, c *cloud) {
	ctx, client, bucket := t.Context(), pathStyle(c.dev()), aws.String("things")
	must[*s3.CreateBucketOutput](t)(client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}))
	must[*s3.HeadBucketOutput](t)(client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: bucket}))
	if out := must[*s3.ListBucketsOutput](t)(client.ListBuckets(ctx, &s3.ListBucketsInput{})); len(out.Buckets) != 1 {
		t.Errorf("buckets %v", out.Buckets)
	}
	for _, key := range []string{"a b+c", "two", "three"} {
		must[*s3.PutObjectOutput](t)(client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: strings.NewReader("bytes of " + key)}))
	}
	if got := object(t, client, *bucket, "a b+c"); got != "bytes of a b+c" {
		t.Errorf("read %q", got)
	}
	must[*s3.HeadObjectOutput](t)(client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: aws.String("two")}))
	useMultipart(t, client, bucket)
	if out := must[*s3.ListObjectsV2Output](t)(client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket})); len(out.Contents) != 4 {
		t.Errorf("objects %v", out.Contents)
	}
	must[*s3.DeleteObjectOutput](t)(client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: aws.String("two")}))
	_, err := client.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: bucket})
	wantCode(t, "a bucket that is not empty", err, "BucketNotEmpty")
	must[*s3.DeleteObjectsOutput](t)(client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: bucket, Delete: &s3types.Delete{Objects: []s3types.ObjectIdentifier{
		{Key: aws.String("a b+c")}, {Key: aws.String("three")}, {Key: aws.String("parts")},
	}}}))
	must[*s3.DeleteBucketOutput](t)(client.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: bucket}))
}

func useMultipart(t *testing.T, client *s3.Client, bucket *string) {
	ctx, key := t.Context(), aws.String("parts")
	upload := must[*s3.CreateMultipartUploadOutput](t)(client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key})).UploadId
	parts := [][]byte{bytes.Repeat([]byte("x"), 5<<20), []byte("end")}
	var done []s3types.CompletedPart
	for i, data := range parts {
		n := aws.Int32(int32(i + 1))
		out := must[*s3.UploadPartOutput](t)(client.UploadPart(ctx, &s3.UploadPartInput{Bucket: bucket, Key: key, UploadId: upload, PartNumber: n, Body: bytes.NewReader(data)}))
		done = append(done, s3types.CompletedPart{PartNumber: n, ETag: out.ETag})
	}
	must[*s3.CompleteMultipartUploadOutput](t)(client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: bucket, Key: key, UploadId: upload, MultipartUpload: &s3types.CompletedMultipartUpload{Parts: done},
	}))
	if got := object(t, client, *bucket, *key); got != string(parts[0])+"end" {
		t.Errorf("the parts became %d bytes", len(got))
	}
}

// pathStyle makes an S3 client that names buckets in the path.
func pathStyle(cfg aws.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
}

func object(t testing.TB, client *s3.Client, bucket, key string) string {
	t.Helper()
	out := must[*s3.GetObjectOutput](t)(client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key}))
	defer out.Body.Close()
	return string(must[[]byte](t)(io.ReadAll(out.Body)))
}

// describe gives the text of a string or a number.
func describe(v types.AttributeValue) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return v.Value
	}
	return "(none)"
}
