package cloudformation_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	v2 "github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudformation"
)

// integrations lists those of all HTTP APIs, with their parameters.
func integrations(t testing.TB, cfg aws.Config) (all []string) {
	t.Helper()
	client := v2.NewFromConfig(cfg)
	apis, err := client.GetApis(t.Context(), &v2.GetApisInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, api := range apis.Items {
		list, err := client.GetIntegrations(t.Context(), &v2.GetIntegrationsInput{ApiId: api.ApiId})
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range list.Items {
			line := fmt.Sprint(aws.ToString(i.IntegrationSubtype), " ", aws.ToString(i.CredentialsArn), aws.ToString(i.IntegrationUri))
			for _, name := range slices.Sorted(maps.Keys(i.RequestParameters)) {
				line += " " + name + "=" + i.RequestParameters[name]
			}
			all = append(all, line)
		}
	}
	return all
}

// TestDirectIntegrations makes an integration that calls a service without a
// function, and changes it: to other parameters, to another service and back.
func TestDirectIntegrations(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	template := func(integration string) string {
		return `
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties: {RoleName: caller, AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Principal: {Service: apigateway.amazonaws.com}, Action: "sts:AssumeRole"}]}}
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}}
  Api: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: h, ProtocolType: HTTP}}
  Integration: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Api, IntegrationType: AWS_PROXY, ` + integration + `}}
  Route: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Api, RouteKey: "POST /jobs", Target: !Sub "integrations/${Integration}"}}
`
	}
	const toQueue = `IntegrationSubtype: SQS-SendMessage, CredentialsArn: !GetAtt Role.Arn, PayloadFormatVersion: "1.0", RequestParameters: {QueueUrl: !Ref Jobs, MessageBody: $request.body`
	const role, url = "arn:aws:iam::000000000000:role/caller", "/000000000000/jobs"
	for i, step := range []struct{ integration, want string }{
		{toQueue + ", DelaySeconds: 5}", "SQS-SendMessage " + role + " DelaySeconds=5 MessageBody=$request.body QueueUrl=URL"},
		{toQueue + "}", "SQS-SendMessage " + role + " MessageBody=$request.body QueueUrl=URL"},
		{
			`IntegrationSubtype: EventBridge-PutEvents, CredentialsArn: !GetAtt Role.Arn, PayloadFormatVersion: "1.0", RequestParameters: {Source: s, DetailType: d, Detail: $request.body}`,
			"EventBridge-PutEvents " + role + " Detail=$request.body DetailType=d Source=s",
		},
		{
			`IntegrationUri: "arn:aws:lambda:us-east-1:000000000000:function:f", PayloadFormatVersion: "2.0"`,
			" arn:aws:lambda:us-east-1:000000000000:function:f",
		},
		{toQueue + "}", "SQS-SendMessage " + role + " MessageBody=$request.body QueueUrl=URL"},
	} {
		deploy, status := c.create, "CREATE_COMPLETE"
		if i > 0 {
			deploy, status = func(t testing.TB, name, body string) error { return c.update(t, name, body) }, "UPDATE_COMPLETE"
		}
		if err := deploy(t, "app", template(step.integration)); err != nil {
			t.Fatal(err)
		}
		if stack := c.settled(t, "app"); string(stack.StackStatus) != status {
			t.Fatalf("step %d: %s\n%s", i, stack.StackStatus, strings.Join(c.events(t, "app"), "\n"))
		}
		got := strings.Join(integrations(t, c.config(t, "admin")), "; ")
		if at := strings.Index(got, "QueueUrl=http"); at >= 0 && strings.HasSuffix(got, url) {
			got = got[:at] + "QueueUrl=URL"
		}
		if got != step.want {
			t.Errorf("step %d:\n got %s\nwant %s", i, got, step.want)
		}
	}
	c.deleteStack(t, "app")
	if left := integrations(t, c.config(t, "admin")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}

	// Who deploys without iam:PassRole gives no role to API Gateway.
	c.role(t, "weak", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"iam:PassRole","Resource":"*"}]}`)
	body := template(toQueue + "}")
	if _, err := sdk.NewFromConfig(c.config(t, "weak")).CreateStack(t.Context(), &sdk.CreateStackInput{StackName: aws.String("weak"), TemplateBody: &body, Capabilities: capabilities}); err != nil {
		t.Fatal(err)
	}
	stack := c.settled(t, "weak")
	if events := strings.Join(c.events(t, *stack.StackId), "\n"); stack.StackStatus != "ROLLBACK_COMPLETE" || !strings.Contains(events, "is not authorized to perform: iam:PassRole on resource: "+role) {
		t.Errorf("%s\n%s", stack.StackStatus, events)
	}
}
