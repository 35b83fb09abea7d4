// Package awscloud speaks to an AWS account, real or local: it reads the
// deployed stack, applies a change set, uploads code, calls functions and reads
// their logs.
//
// It is the only importer of the AWS service clients. The local cloud is just
// another endpoint to it, so what works here works there.
package awscloud

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
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
	// Local is set when the account is a local cloud.
	Local  bool
	Region string

	stacks    *cloudformation.Client
	functions *lambda.Client
	logs      *cloudwatchlogs.Client
	objects   *s3.Client
	identity  *sts.Client
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
		stacks:    cloudformation.NewFromConfig(cfg),
		functions: lambda.NewFromConfig(cfg),
		logs:      cloudwatchlogs.NewFromConfig(cfg),
		objects:   s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = c.Endpoint != "" }),
		identity:  sts.NewFromConfig(cfg),
	}, nil
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

// explain makes a *writ.Error of what an AWS client returned.
func explain(err error, doing string) error {
	var api smithy.APIError
	if !errors.As(err, &api) {
		e := writ.Errorf(writ.CodeExternal, "%s: %w", doing, err)
		if strings.Contains(err.Error(), "connection refused") {
			return e.WithHint("is the local cloud running? `writ up` starts it")
		}
		return e
	}
	e := &writ.Error{Code: writ.CodeExternal, Message: doing + ": " + api.ErrorCode() + ": " + api.ErrorMessage(), Err: err}
	switch code := api.ErrorCode(); {
	case strings.HasPrefix(code, "AccessDenied"):
		e.Code = writ.CodeDenied
	case strings.HasPrefix(code, "ExpiredToken"), code == "RequestExpired":
		e.Code = writ.CodeAuth
		e.Hint = "the credentials have expired; sign in again (`aws sso login`), or start `writ up` again for new local ones"
	case code == "InvalidClientTokenId", code == "UnrecognizedClientException", code == "InvalidAccessKeyId":
		e.Code = writ.CodeAuth
		e.Hint = "the account does not know these credentials"
	case code == "ResourceNotFoundException", code == "NoSuchBucket":
		e.Code = writ.CodeNotFound
	}
	return e
}

// isStatus reports whether AWS answered with the given HTTP status.
func isStatus(err error, status int) bool {
	var response interface{ HTTPStatusCode() int }
	return errors.As(err, &response) && response.HTTPStatusCode() == status
}

func isNotFound(err error) bool { return isStatus(err, http.StatusNotFound) }
