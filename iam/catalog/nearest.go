package catalog

import (
	"strings"

	"github.com/writ-dev/writ"
)

// operations are API operations, in lower case, whose action has another name.
var operations = map[string]string{
	"lambda:invoke":                    "lambda:InvokeFunction",
	"s3:listobjects":                   "s3:ListBucket",
	"s3:listobjectsv2":                 "s3:ListBucket",
	"s3:headbucket":                    "s3:ListBucket",
	"s3:headobject":                    "s3:GetObject",
	"s3:copyobject":                    "s3:PutObject",
	"s3:createmultipartupload":         "s3:PutObject",
	"s3:uploadpart":                    "s3:PutObject",
	"s3:completemultipartupload":       "s3:PutObject",
	"s3:deleteobjects":                 "s3:DeleteObject",
	"s3:listbuckets":                   "s3:ListAllMyBuckets",
	"s3:listmultipartuploads":          "s3:ListBucketMultipartUploads",
	"s3:listobjectversions":            "s3:ListBucketVersions",
	"s3:getbucketcors":                 "s3:GetBucketCORS",
	"s3:getbucketencryption":           "s3:GetEncryptionConfiguration",
	"s3:putbucketencryption":           "s3:PutEncryptionConfiguration",
	"s3:putbucketlifecycle":            "s3:PutLifecycleConfiguration",
	"dynamodb:transactgetitems":        "dynamodb:GetItem",
	"dynamodb:transactwriteitems":      "dynamodb:PutItem",
	"sqs:sendmessagebatch":             "sqs:SendMessage",
	"sqs:deletemessagebatch":           "sqs:DeleteMessage",
	"sqs:changemessagevisibilitybatch": "sqs:ChangeMessageVisibility",
	"sns:publishbatch":                 "sns:Publish",
	"apigateway:invoke":                "execute-api:Invoke",
}

// services are names by which people know a service, and its prefix.
var services = map[string]string{
	"dynamo": "dynamodb", "ddb": "dynamodb", "eventbridge": "events", "stepfunctions": "states", "sfn": "states",
	"cloudwatchlogs": "logs", "cognito": "cognito-idp", "elb": "elasticloadbalancing", "elbv2": "elasticloadbalancing",
	"emr": "elasticmapreduce", "efs": "elasticfilesystem", "opensearch": "es", "systemsmanager": "ssm", "secrets": "secretsmanager",
	"secretmanager": "secretsmanager", "msk": "kafka", "apigatewayv2": "apigateway", "codestarconnections": "codestar-connections",
	"sesv2": "ses", "parameterstore": "ssm", "pinpoint": "mobiletargeting", "quicksights": "quicksight",
}

// NearestService suggests a service for a prefix that is not one, "" when none
// is near.
func (c *Catalog) NearestService(prefix string) string {
	prefix = strings.ToLower(prefix)
	if known, ok := services[strings.ReplaceAll(prefix, "-", "")]; ok {
		return known
	}
	return writ.Nearest(prefix, c.prefixes)
}

// NearestAction suggests the full name of an action for one that is not known:
// a misspelling, the name of an API operation, the right action under a wrong
// service. It is "" when nothing is near.
func (c *Catalog) NearestAction(name string) string {
	if known, ok := operations[strings.ToLower(name)]; ok {
		return known
	}
	prefix, short, found := strings.Cut(name, ":")
	if !found || len(name) > 200 {
		return ""
	}
	s, ok := c.Service(prefix)
	if !ok {
		if s, ok = c.Service(c.NearestService(prefix)); !ok {
			return ""
		}
	}
	if a, ok := s.Action(short); ok {
		return a.String()
	}
	names := make([]string, len(s.Actions))
	for i, a := range s.Actions {
		names[i] = a.Name
	}
	if near := writ.Nearest(short, names); near != "" {
		return s.Prefix + ":" + near
	}
	return ""
}
