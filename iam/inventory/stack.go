package inventory

import (
	"strings"

	"github.com/writ-dev/writ/cfn"
)

// stack is a template in its account, with the names of all it holds.
type stack struct {
	in       Stack
	t        *cfn.Template
	account  Account
	resolver *cfn.Resolver
	names    map[string]name
}

// name is what a resource is known by.
type name struct {
	text      string
	generated bool
}

func (b *reader) open(in Stack) (*stack, error) {
	st := &stack{in: in, t: in.Template, account: b.inv.Account, names: map[string]name{}}
	resolver, err := cfn.NewResolver(in.Template, cfn.Inputs{
		Parameters: in.Parameters, Account: st.account.ID, Region: st.account.Region, Partition: st.account.Partition, StackName: in.Name,
		Ref:     func(id string) (any, bool) { return st.ref(id) },
		GetAtt:  func(id, attribute string) (any, bool) { return st.attribute(id, attribute) },
		Partial: true,
	})
	st.resolver = resolver
	return st, err
}

// kind says how resources of a type are named: {N} is the name, {A} the
// account, {R} the region, {P} the partition and {path} the Path property.
type kind struct {
	property string // holds the name, "" where nobody can choose it
	arn      string
	ref      string // "" is {N}
	// arnAttribute gives the ARN; attributes the others.
	arnAttribute string
	attributes   map[string]string
}

var kinds = map[string]kind{
	"AWS::IAM::Role":          {property: "RoleName", arn: "arn:{P}:iam::{A}:role{path}{N}", arnAttribute: "Arn"},
	"AWS::IAM::User":          {property: "UserName", arn: "arn:{P}:iam::{A}:user{path}{N}", arnAttribute: "Arn"},
	"AWS::IAM::Group":         {property: "GroupName", arn: "arn:{P}:iam::{A}:group{path}{N}", arnAttribute: "Arn"},
	"AWS::IAM::ManagedPolicy": {property: "ManagedPolicyName", arn: "arn:{P}:iam::{A}:policy{path}{N}", ref: "{arn}", arnAttribute: "PolicyArn"},
	"AWS::Lambda::Function":   {property: "FunctionName", arn: "arn:{P}:lambda:{R}:{A}:function:{N}", arnAttribute: "Arn"},
	"AWS::Lambda::Alias":      {property: "Name", arn: "arn:{P}:lambda:{R}:{A}:function:{N}", ref: "{arn}", arnAttribute: "AliasArn"},
	"AWS::DynamoDB::Table":    {property: "TableName", arn: "arn:{P}:dynamodb:{R}:{A}:table/{N}", arnAttribute: "Arn", attributes: map[string]string{"StreamArn": "{arn}/stream/LABEL"}},
	"AWS::S3::Bucket":         {property: "BucketName", arn: "arn:{P}:s3:::{N}", arnAttribute: "Arn"},
	"AWS::SQS::Queue":         {property: "QueueName", arn: "arn:{P}:sqs:{R}:{A}:{N}", ref: "https://sqs.{R}.amazonaws.com/{A}/{N}", arnAttribute: "Arn", attributes: map[string]string{"QueueName": "{N}", "QueueUrl": "https://sqs.{R}.amazonaws.com/{A}/{N}"}},
	"AWS::SNS::Topic":         {property: "TopicName", arn: "arn:{P}:sns:{R}:{A}:{N}", ref: "{arn}", arnAttribute: "TopicArn", attributes: map[string]string{"TopicName": "{N}"}},
	"AWS::KMS::Key":           {arn: "arn:{P}:kms:{R}:{A}:key/{N}", arnAttribute: "Arn", attributes: map[string]string{"KeyId": "{N}"}},
	"AWS::SecretsManager::Secret": {
		property: "Name", arn: "arn:{P}:secretsmanager:{R}:{A}:secret:{N}-XXXXXX", ref: "{arn}", arnAttribute: "Id",
	},
	"AWS::Logs::LogGroup":              {property: "LogGroupName", arn: "arn:{P}:logs:{R}:{A}:log-group:{N}:*", arnAttribute: "Arn"},
	"AWS::Events::EventBus":            {property: "Name", arn: "arn:{P}:events:{R}:{A}:event-bus/{N}", arnAttribute: "Arn"},
	"AWS::Events::Rule":                {property: "Name", arn: "arn:{P}:events:{R}:{A}:rule/{N}", arnAttribute: "Arn"},
	"AWS::StepFunctions::StateMachine": {property: "StateMachineName", arn: "arn:{P}:states:{R}:{A}:stateMachine:{N}", ref: "{arn}", arnAttribute: "Arn", attributes: map[string]string{"Name": "{N}"}},
	"AWS::SSM::Parameter":              {property: "Name", arn: "arn:{P}:ssm:{R}:{A}:parameter/{N}"},
	"AWS::Kinesis::Stream":             {property: "Name", arn: "arn:{P}:kinesis:{R}:{A}:stream/{N}", arnAttribute: "Arn"},
	"AWS::ApiGateway::RestApi":         {arn: "arn:{P}:apigateway:{R}::/restapis/{N}", attributes: map[string]string{"RestApiId": "{N}"}},
	"AWS::ApiGatewayV2::Api":           {arn: "arn:{P}:apigateway:{R}::/apis/{N}", attributes: map[string]string{"ApiId": "{N}"}},
	"AWS::ApiGateway::Stage":           {property: "StageName"},
	"AWS::ApiGatewayV2::Stage":         {property: "StageName"},
	// The ids of these are AWS's own.
	"AWS::AppSync::GraphQLApi": {
		arn: "arn:{P}:appsync:{R}:{A}:apis/{N}", ref: "{arn}", arnAttribute: "Arn",
		attributes: map[string]string{"ApiId": "{N}", "GraphQLEndpointArn": "arn:{P}:appsync:{R}:{A}:endpoints/graphql-api/{N}"},
	},
	"AWS::AppSync::Api": {
		arn: "arn:{P}:appsync:{R}:{A}:apis/{N}", ref: "{arn}", arnAttribute: "ApiArn", attributes: map[string]string{"ApiId": "{N}"},
	},
	"AWS::AppSync::DataSource":      {property: "Name", attributes: map[string]string{"Name": "{N}"}},
	"AWS::Cognito::UserPool":        {arn: "arn:{P}:cognito-idp:{R}:{A}:userpool/{N}", arnAttribute: "Arn", attributes: map[string]string{"UserPoolId": "{N}"}},
	"AWS::CloudFront::Distribution": {arn: "arn:{P}:cloudfront::{A}:distribution/{N}", attributes: map[string]string{"Id": "{N}", "DomainName": "{N}.cloudfront.net"}},
	"AWS::Events::Connection":       {property: "Name", arn: "arn:{P}:events:{R}:{A}:connection/{N}/ID", arnAttribute: "Arn"},
	"AWS::Events::ApiDestination":   {property: "Name", arn: "arn:{P}:events:{R}:{A}:api-destination/{N}/ID", arnAttribute: "Arn"},
	"AWS::ApiGatewayV2::Authorizer": {attributes: map[string]string{"AuthorizerId": "{N}"}},
	"AWS::ApiGateway::Deployment":   {},
	"AWS::ApiGateway::Resource":     {},
}

// name works out what a resource is called.
func (st *stack) name(id string) (name, kind, bool) {
	r, ok := st.t.Resource(id)
	k, known := kinds[r.Type]
	if !ok || !known {
		return name{}, kind{}, false
	}
	if n, done := st.names[id]; done {
		return n, k, true
	}
	// While it is worked out, a circle of names finds the stand-in.
	n := name{text: st.standIn(id, r.Type), generated: true}
	st.names[id] = n
	if given, ok := st.in.Physical[id]; ok {
		n = name{text: given}
	} else if text, ok := st.property(id, k.property); ok {
		n = name{text: text}
	}
	if r.Type == "AWS::Lambda::Alias" {
		function, _ := st.property(id, "FunctionName")
		n.text = function[strings.LastIndexByte(function, ':')+1:] + ":" + n.text
	}
	st.names[id] = n
	return n, k, true
}

// standIn has the form of the names that CloudFormation makes: STACK-ID-RANDOM.
func (st *stack) standIn(id, resourceType string) string {
	switch resourceType {
	case "AWS::KMS::Key", "AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api", "AWS::ApiGateway::Deployment", "AWS::ApiGateway::Resource",
		"AWS::AppSync::GraphQLApi", "AWS::AppSync::Api", "AWS::Cognito::UserPool", "AWS::CloudFront::Distribution", "AWS::ApiGatewayV2::Authorizer":
		return id
	}
	text := id + "-XXXXXXXXXXXX"
	if st.in.Name != "" {
		text = st.in.Name + "-" + text
	}
	if resourceType == "AWS::S3::Bucket" {
		return strings.ToLower(text)
	}
	return text
}

// property gives a property of text, resolved; ok is false when it is not known.
func (st *stack) property(id, key string) (string, bool) {
	r, _ := st.t.Resource(id)
	v, ok := r.Properties.Get(key)
	if !ok || key == "" {
		return "", false
	}
	resolved, err := st.resolver.Resolve(v, "Resources", id, "Properties", key)
	text, isText := resolved.(string)
	return text, err == nil && isText && text != ""
}

func (st *stack) ref(id string) (any, bool) {
	n, k, ok := st.name(id)
	if !ok {
		return nil, false
	}
	if k.ref == "" {
		return n.text, true
	}
	return st.fill(k.ref, id, n, k), true
}

func (st *stack) attribute(id, attribute string) (any, bool) {
	n, k, ok := st.name(id)
	if !ok {
		return nil, false
	}
	if attribute == k.arnAttribute && attribute != "" {
		return st.fill(k.arn, id, n, k), true
	}
	text, ok := k.attributes[attribute]
	return st.fill(text, id, n, k), ok
}

func (st *stack) fill(text, id string, n name, k kind) string {
	if strings.Contains(text, "{arn}") {
		text = strings.ReplaceAll(text, "{arn}", k.arn)
	}
	path := "/"
	if strings.Contains(text, "{path}") {
		if p, ok := st.property(id, "Path"); ok {
			path = p
		}
	}
	short := n.text
	if strings.Contains(text, ":parameter/") {
		short = strings.TrimPrefix(short, "/")
	}
	return strings.NewReplacer("{P}", st.account.Partition, "{R}", st.account.Region, "{A}", st.account.ID, "{path}", path, "{N}", short).Replace(text)
}

// entity gives what a resource is known by.
func (st *stack) entity(id string) Entity {
	n, k, _ := st.name(id)
	return Entity{
		Name: n.text, ARN: st.fill(k.arn, id, n, k), Stack: st.in.Name, LogicalID: id, Generated: n.generated,
		Position: st.t.Position("Resources", id),
	}
}
