// Package awscloud speaks to an AWS account, real or local: it reads the
// deployed stack, applies a change set, uploads code, calls functions and reads
// their logs.
//
// It is the only importer of the AWS service clients. The local cloud is just
// another endpoint to it, so what works here works there.
package awscloud

import (
	"context"
	"net"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/writ-dev/writ"
)

// Config says which account to open.
type Config struct {
	// Endpoint is the local cloud's URL; "" is the real AWS.
	Endpoint string
	// Profile of the AWS configuration files; "" takes the SDK's default chain.
	Profile string
	Region  string
	// Credentials are given for the local cloud; nil takes the SDK's chain.
	Credentials *aws.Credentials
}

// Account is an open account.
type Account struct {
	// Local is set when the account is a local cloud whose credentials were given.
	Local  bool
	Region string
	// pause lies between two looks at something that takes its time.
	pause time.Duration

	stacks    *cloudformation.Client
	functions *lambda.Client
	logs      *cloudwatchlogs.Client
	objects   *s3.Client
	identity  *sts.Client
	roles     *iam.Client
}

// Open makes the clients. It does not call AWS.
func Open(ctx context.Context, c Config) (*Account, error) {
	var cfg aws.Config
	if c.Credentials != nil {
		given := *c.Credentials
		cfg = aws.Config{
			Region:       c.Region,
			BaseEndpoint: &c.Endpoint,
			Credentials:  aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return given, nil }),
		}
	} else {
		options := []func(*config.LoadOptions) error{config.WithSharedConfigProfile(c.Profile)}
		if c.Region != "" {
			options = append(options, config.WithRegion(c.Region))
		}
		var err error
		if cfg, err = config.LoadDefaultConfig(ctx, options...); err != nil {
			return nil, writ.Errorf(writ.CodeAuth, "the AWS profile %q cannot be used: %w", c.Profile, err).
				WithHint("`aws configure list --profile %s` shows what the AWS CLI makes of it", c.Profile)
		}
		if c.Endpoint != "" {
			cfg.BaseEndpoint = &c.Endpoint
		}
	}
	if cfg.Region == "" {
		return nil, writ.Errorf(writ.CodeUsage, "no AWS region is set").
			WithHint("set AWS_REGION, or `region` in the profile")
	}
	return &Account{
		Local:     c.Credentials != nil,
		Region:    cfg.Region,
		pause:     pauseFor(cfg.BaseEndpoint),
		stacks:    cloudformation.NewFromConfig(cfg),
		functions: lambda.NewFromConfig(cfg),
		logs:      cloudwatchlogs.NewFromConfig(cfg),
		objects:   s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = cfg.BaseEndpoint != nil }),
		identity:  sts.NewFromConfig(cfg),
		roles:     iam.NewFromConfig(cfg),
	}, nil
}

// pauseFor is short for a cloud on this machine, and as AWS likes it elsewhere.
func pauseFor(endpoint *string) time.Duration {
	if u, err := url.Parse(aws.ToString(endpoint)); err == nil {
		if ip := net.ParseIP(u.Hostname()); u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
			return 10 * time.Millisecond
		}
	}
	return 2 * time.Second
}

// wait pauses, or ends early with an error when ctx does.
func (a *Account) wait(ctx context.Context) error {
	timer := time.NewTimer(a.pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Identity is who the account takes us for.
type Identity struct {
	Account string `json:"account"`
	ARN     string `json:"arn"`
}

// Identity asks STS who we are.
func (a *Account) Identity(ctx context.Context) (Identity, error) {
	out, err := a.identity.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return Identity{}, explain(err, "ask STS who we are")
	}
	return Identity{Account: aws.ToString(out.Account), ARN: aws.ToString(out.Arn)}, nil
}
