package localcloud_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/writ-dev/writ/localcloud"
)

// onePerService makes one harmless call to each service.
var onePerService = map[string]func(context.Context, aws.Config) error{
	"sts": func(ctx context.Context, cfg aws.Config) error {
		_, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		return err
	},
	"iam": func(ctx context.Context, cfg aws.Config) error {
		_, err := iam.NewFromConfig(cfg).ListRoles(ctx, &iam.ListRolesInput{})
		return err
	},
	"cloudformation": func(ctx context.Context, cfg aws.Config) error {
		_, err := cloudformation.NewFromConfig(cfg).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{})
		return err
	},
	"dynamodb": func(ctx context.Context, cfg aws.Config) error {
		_, err := dynamodb.NewFromConfig(cfg).ListTables(ctx, &dynamodb.ListTablesInput{})
		return err
	},
	"logs": func(ctx context.Context, cfg aws.Config) error {
		_, err := cloudwatchlogs.NewFromConfig(cfg).DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
		return err
	},
	"lambda": func(ctx context.Context, cfg aws.Config) error {
		_, err := lambda.NewFromConfig(cfg).ListFunctions(ctx, &lambda.ListFunctionsInput{})
		return err
	},
	"apigateway": func(ctx context.Context, cfg aws.Config) error {
		_, err := apigateway.NewFromConfig(cfg).GetRestApis(ctx, &apigateway.GetRestApisInput{})
		return err
	},
	"s3": func(ctx context.Context, cfg aws.Config) error {
		_, err := pathStyle(cfg).ListBuckets(ctx, &s3.ListBucketsInput{})
		return err
	},
}

// family is how the services of one protocol word the same fault.
var family = map[string]string{
	"sts": "query", "iam": "query", "cloudformation": "query", "dynamodb": "json", "logs": "json", "lambda": "rest", "apigateway": "rest", "s3": "s3",
}

// fault is a caller who cannot show who it is, and what AWS answers.
type fault struct {
	name   string
	config aws.Config
	want   map[string]want
}

type want struct {
	code   string
	status int
}

// TestCallersWhoAreNotKnown makes each mistake with each service.
func TestCallersWhoAreNotKnown(t *testing.T) {
	t.Parallel()
	var late atomic.Int64 // how far the cloud's clock is ahead of the SDK's
	c := newCloud(t, func(cfg *localcloud.Config) {
		cfg.Now = func() time.Time { return time.Now().Add(time.Duration(late.Load())) }
	})
	good := must[localcloud.Credentials](t)(c.DeveloperCredentials())
	another := must[localcloud.Credentials](t)(c.DeveloperCredentials())
	spoilt := func(change func(*localcloud.Credentials)) aws.Config {
		k := good
		change(&k)
		return c.as(static(k))
	}
	expired := must[localcloud.Credentials](t)(c.Issue(localcloud.DeveloperRole, time.Now().Add(-time.Second)))
	unknown := map[string]want{
		"query": {"InvalidClientTokenId", 403}, "json": {"UnrecognizedClientException", 400}, "rest": {"UnrecognizedClientException", 403}, "s3": {"InvalidToken", 400},
	}
	mismatch := map[string]want{
		"query": {"SignatureDoesNotMatch", 403}, "json": {"InvalidSignatureException", 400}, "rest": {"InvalidSignatureException", 403}, "s3": {"SignatureDoesNotMatch", 403},
	}
	skewed := map[string]want{
		"query": {"SignatureDoesNotMatch", 403}, "json": {"InvalidSignatureException", 400}, "rest": {"InvalidSignatureException", 403}, "s3": {"RequestTimeTooSkewed", 403},
	}
	noToken := map[string]want{"query": unknown["query"], "json": unknown["json"], "rest": unknown["rest"], "s3": {"InvalidAccessKeyId", 403}}
	faults := []fault{
		{"wrong signature", spoilt(func(k *localcloud.Credentials) { k.SecretAccessKey = another.SecretAccessKey }), mismatch},
		{"expired session", c.as(static(expired)), map[string]want{
			"query": {"ExpiredToken", 403}, "json": {"ExpiredTokenException", 400}, "rest": {"ExpiredTokenException", 403}, "s3": {"ExpiredToken", 400},
		}},
		{"a clock that is 20 minutes slow", c.dev(), skewed},
		{"a clock that is 20 minutes fast", c.dev(), skewed},
		{"an unknown key without token", spoilt(func(k *localcloud.Credentials) { k.AccessKeyID, k.SessionToken = "AKIAIOSFODNN7EXAMPLE", "" }), noToken},
		{"another session's token", spoilt(func(k *localcloud.Credentials) { k.SessionToken = another.SessionToken }), unknown},
		{"the session token left out", spoilt(func(k *localcloud.Credentials) { k.SessionToken = "" }), noToken},
	}
	n := 0
	slow := map[string]time.Duration{"a clock that is 20 minutes slow": 20 * time.Minute, "a clock that is 20 minutes fast": -20 * time.Minute}
	for _, f := range faults {
		late.Store(int64(slow[f.name]))
		for service, call := range onePerService {
			n++
			err := call(t.Context(), f.config)
			want := f.want[family[service]]
			wantCode(t, service+", "+f.name, err, want.code)
			var answer *smithyhttp.ResponseError
			if errors.As(err, &answer) && answer.HTTPStatusCode() != want.status {
				t.Errorf("%s, %s: status %d, want %d", service, f.name, answer.HTTPStatusCode(), want.status)
			}
		}
	}
	late.Store(0)
	for service, call := range onePerService {
		wantCode(t, service+", all in order", call(t.Context(), c.dev()), "")
	}
	t.Logf("%d calls were refused as AWS refuses them", n)
}
