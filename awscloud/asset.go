package awscloud

import (
	"bytes"
	"context"
	"errors"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// EnsureBucket makes the bucket for code assets, closed to the public, when it
// is not there yet.
func (a *Account) EnsureBucket(ctx context.Context, bucket string) error {
	_, err := a.objects.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &bucket})
	if err == nil {
		return nil
	}
	if !isNotFound(err) {
		return explain(err, "look for the asset bucket "+bucket)
	}
	input := &s3.CreateBucketInput{Bucket: &bucket}
	if a.Region != "us-east-1" { // which S3 does not take as a constraint
		input.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(a.Region)}
	}
	var owned *types.BucketAlreadyOwnedByYou
	if _, err := a.objects.CreateBucket(ctx, input); err != nil && !errors.As(err, &owned) {
		return explain(err, "make the asset bucket "+bucket)
	}
	yes := true
	_, err = a.objects.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{
		Bucket: &bucket,
		PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{
			BlockPublicAcls: &yes, BlockPublicPolicy: &yes, IgnorePublicAcls: &yes, RestrictPublicBuckets: &yes,
		},
	})
	if err != nil {
		return explain(err, "close the asset bucket "+bucket+" to the public")
	}
	return nil
}

// HasAsset reports whether the object is there. A bucket that is not there has none.
func (a *Account) HasAsset(ctx context.Context, bucket, key string) (bool, error) {
	_, err := a.objects.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
	switch {
	case err == nil:
		return true, nil
	case isNotFound(err), isStatus(err, http.StatusForbidden):
		return false, nil // S3 answers 403 for a missing key to callers that may not list
	}
	return false, explain(err, "look for s3://"+bucket+"/"+key)
}

// PutAsset uploads one object.
func (a *Account) PutAsset(ctx context.Context, bucket, key string, body []byte) error {
	_, err := a.objects.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)})
	if err != nil {
		return explain(err, "upload s3://"+bucket+"/"+key)
	}
	return nil
}
