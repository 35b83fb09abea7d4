package cfn

import "strings"

// Naming says how resources of a type are named, and what Ref and Fn::GetAtt
// give for them (AWS CloudFormation Template Reference, "Return values" of each
// type). Forms hold {P} for the partition, {R} for the region, {A} for the
// account, {N} for the name, {path} for the property Path, which is "/" when it
// is not there, and {made} for what AWS makes up.
type Naming struct {
	// Property holds the name, "" where nobody can choose it.
	Property string
	// ARN is the form of the resource's ARN, "" for one without.
	ARN string
	// ARNAttribute is the attribute that gives the ARN, "" for none.
	ARNAttribute string

	ref        string // what Ref gives; "" is {N}
	attributes map[string]string
}

// NamingOf gives the naming of a resource type; ok is false for one that is not
// known.
func NamingOf(resourceType string) (n Naming, ok bool) {
	n, ok = namings[resourceType]
	return n, ok
}

// Returns gives the form of what an attribute gives, and of what Ref gives for
// attribute ""; ok is false when it is not known.
func (n Naming) Returns(attribute string) (form string, ok bool) {
	switch {
	case attribute == "" && n.ref == "":
		form, ok = "{N}", true
	case attribute == "":
		form, ok = n.ref, true
	case attribute == n.ARNAttribute:
		form, ok = n.ARN, true
	default:
		form, ok = n.attributes[attribute]
	}
	return strings.ReplaceAll(form, "{arn}", n.ARN), ok
}

// namings has the types that policies of serverless systems are about. The name
// of a function's alias is FUNCTION:ALIAS.
var namings = map[string]Naming{
	"AWS::IAM::Role":             {Property: "RoleName", ARN: "arn:{P}:iam::{A}:role{path}{N}", ARNAttribute: "Arn"},
	"AWS::IAM::User":             {Property: "UserName", ARN: "arn:{P}:iam::{A}:user{path}{N}", ARNAttribute: "Arn"},
	"AWS::IAM::Group":            {Property: "GroupName", ARN: "arn:{P}:iam::{A}:group{path}{N}", ARNAttribute: "Arn"},
	"AWS::IAM::ManagedPolicy":    {Property: "ManagedPolicyName", ARN: "arn:{P}:iam::{A}:policy{path}{N}", ref: "{arn}", ARNAttribute: "PolicyArn"},
	"AWS::Lambda::Function":      {Property: "FunctionName", ARN: "arn:{P}:lambda:{R}:{A}:function:{N}", ARNAttribute: "Arn"},
	"AWS::Serverless::Function":  {Property: "FunctionName", ARN: "arn:{P}:lambda:{R}:{A}:function:{N}", ARNAttribute: "Arn"},
	"AWS::Lambda::Alias":         {Property: "Name", ARN: "arn:{P}:lambda:{R}:{A}:function:{N}", ref: "{arn}", ARNAttribute: "AliasArn"},
	"AWS::DynamoDB::Table":       {Property: "TableName", ARN: "arn:{P}:dynamodb:{R}:{A}:table/{N}", ARNAttribute: "Arn", attributes: map[string]string{"StreamArn": "{arn}/stream/{made}"}},
	"AWS::DynamoDB::GlobalTable": {Property: "TableName", ARN: "arn:{P}:dynamodb:{R}:{A}:table/{N}", ARNAttribute: "Arn", attributes: map[string]string{"StreamArn": "{arn}/stream/{made}"}},
	"AWS::S3::Bucket":            {Property: "BucketName", ARN: "arn:{P}:s3:::{N}", ARNAttribute: "Arn"},
	"AWS::SQS::Queue":            {Property: "QueueName", ARN: "arn:{P}:sqs:{R}:{A}:{N}", ref: "https://sqs.{R}.amazonaws.com/{A}/{N}", ARNAttribute: "Arn", attributes: map[string]string{"QueueName": "{N}", "QueueUrl": "https://sqs.{R}.amazonaws.com/{A}/{N}"}},
	"AWS::SNS::Topic":            {Property: "TopicName", ARN: "arn:{P}:sns:{R}:{A}:{N}", ref: "{arn}", ARNAttribute: "TopicArn", attributes: map[string]string{"TopicName": "{N}"}},
	"AWS::KMS::Key":              {ARN: "arn:{P}:kms:{R}:{A}:key/{N}", ARNAttribute: "Arn", attributes: map[string]string{"KeyId": "{N}"}},
	"AWS::SecretsManager::Secret": {
		Property: "Name", ARN: "arn:{P}:secretsmanager:{R}:{A}:secret:{N}-{made}", ref: "{arn}", ARNAttribute: "Id",
	},
	"AWS::Logs::LogGroup":              {Property: "LogGroupName", ARN: "arn:{P}:logs:{R}:{A}:log-group:{N}:*", ARNAttribute: "Arn"},
	"AWS::Events::EventBus":            {Property: "Name", ARN: "arn:{P}:events:{R}:{A}:event-bus/{N}", ARNAttribute: "Arn"},
	"AWS::Events::Rule":                {Property: "Name", ARN: "arn:{P}:events:{R}:{A}:rule/{N}", ARNAttribute: "Arn"},
	"AWS::StepFunctions::StateMachine": {Property: "StateMachineName", ARN: "arn:{P}:states:{R}:{A}:stateMachine:{N}", ref: "{arn}", ARNAttribute: "Arn", attributes: map[string]string{"Name": "{N}"}},
	"AWS::SSM::Parameter":              {Property: "Name", ARN: "arn:{P}:ssm:{R}:{A}:parameter/{N}"},
	"AWS::Kinesis::Stream":             {Property: "Name", ARN: "arn:{P}:kinesis:{R}:{A}:stream/{N}", ARNAttribute: "Arn"},
	"AWS::ApiGateway::RestApi":         {ARN: "arn:{P}:apigateway:{R}::/restapis/{N}", attributes: map[string]string{"RestApiId": "{N}"}},
	"AWS::ApiGatewayV2::Api":           {ARN: "arn:{P}:apigateway:{R}::/apis/{N}", attributes: map[string]string{"ApiId": "{N}"}},
	"AWS::ApiGateway::Stage":           {Property: "StageName"},
	"AWS::ApiGatewayV2::Stage":         {Property: "StageName"},
	// The ids of these are AWS's own.
	"AWS::AppSync::GraphQLApi": {
		ARN: "arn:{P}:appsync:{R}:{A}:apis/{N}", ref: "{arn}", ARNAttribute: "Arn",
		attributes: map[string]string{"ApiId": "{N}", "GraphQLEndpointArn": "arn:{P}:appsync:{R}:{A}:endpoints/graphql-api/{N}"},
	},
	"AWS::AppSync::Api": {
		ARN: "arn:{P}:appsync:{R}:{A}:apis/{N}", ref: "{arn}", ARNAttribute: "ApiArn", attributes: map[string]string{"ApiId": "{N}"},
	},
	"AWS::AppSync::DataSource":      {Property: "Name", attributes: map[string]string{"Name": "{N}"}},
	"AWS::Cognito::UserPool":        {ARN: "arn:{P}:cognito-idp:{R}:{A}:userpool/{N}", ARNAttribute: "Arn", attributes: map[string]string{"UserPoolId": "{N}"}},
	"AWS::Cognito::UserPoolClient":  {attributes: map[string]string{"ClientId": "{N}"}},
	"AWS::CloudFront::Distribution": {ARN: "arn:{P}:cloudfront::{A}:distribution/{N}", attributes: map[string]string{"Id": "{N}", "DomainName": "{N}.cloudfront.net"}},
	"AWS::Events::Connection":       {Property: "Name", ARN: "arn:{P}:events:{R}:{A}:connection/{N}/{made}", ARNAttribute: "Arn"},
	"AWS::Events::ApiDestination":   {Property: "Name", ARN: "arn:{P}:events:{R}:{A}:api-destination/{N}/{made}", ARNAttribute: "Arn"},
	"AWS::ApiGatewayV2::Authorizer": {attributes: map[string]string{"AuthorizerId": "{N}"}},
	"AWS::ApiGateway::Authorizer":   {attributes: map[string]string{"AuthorizerId": "{N}"}},
	"AWS::ApiGateway::Deployment":   {},
	"AWS::ApiGateway::Resource":     {},
}
