package localcloud

import (
	"github.com/writ-dev/writ/localcloud/apigateway"
	"github.com/writ-dev/writ/localcloud/cloudformation"
	"github.com/writ-dev/writ/localcloud/directory"
	"github.com/writ-dev/writ/localcloud/dynamodb"
	"github.com/writ-dev/writ/localcloud/lambda"
	"github.com/writ-dev/writ/localcloud/logs"
	"github.com/writ-dev/writ/localcloud/s3"
	"github.com/writ-dev/writ/localcloud/secretsmanager"
	"github.com/writ-dev/writ/localcloud/sns"
	"github.com/writ-dev/writ/localcloud/sqs"
	"github.com/writ-dev/writ/localcloud/ssm"
	"github.com/writ-dev/writ/localcloud/sts"
)

// Operations gives the names of all operations that a cloud has, by the name
// that the AWS CLI gives their service.
func Operations() map[string][]string {
	return map[string][]string{
		"apigateway":     apigateway.Operations(),
		"apigatewayv2":   apigateway.OperationsV2(),
		"cloudformation": cloudformation.Operations(),
		"dynamodb":       dynamodb.Operations(),
		"iam":            directory.Operations(),
		"lambda":         lambda.Operations(),
		"logs":           logs.Operations(),
		"s3":             s3.Operations(),
		"secretsmanager": secretsmanager.Operations(),
		"sns":            sns.Operations(),
		"sqs":            sqs.Operations(),
		"ssm":            ssm.Operations(),
		"sts":            sts.Operations(),
	}
}

// ResourceTypes gives the CloudFormation types that stacks may hold.
func ResourceTypes() []string { return cloudformation.ResourceTypes() }
