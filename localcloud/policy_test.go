package localcloud_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/localcloud"
)

const mayWriteThings = `{"Version":"2012-10-17","Statement":[
	{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"},
	{"Effect":"Allow","Action":"dynamodb:PutItem","Resource":"arn:aws:dynamodb:us-east-1:000000000000:table/things"}]}`

// TestAFunctionHasItsRoleOnly runs a real process that finds the cloud by its
// environment alone: without a grant it is refused in AWS's words, with one it
// writes, and to nothing else.
func TestAFunctionHasItsRoleOnly(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	tables := dynamodb.NewFromConfig(c.dev())
	makeTable(t, tables, "things")
	makeTable(t, tables, "others")
	c.deploy(t, "worker")
	sentence := "User: arn:aws:sts::000000000000:assumed-role/worker-role/worker is not authorized to perform: dynamodb:PutItem" +
		" on resource: arn:aws:dynamodb:us-east-1:000000000000:table/things because no identity-based policy allows the dynamodb:PutItem action"

	out := c.invoke(t, "worker", `{"Table":"things","Key":"1"}`)
	if aws.ToString(out.FunctionError) != "Unhandled" || !strings.Contains(string(out.Payload), "AccessDeniedException: "+sentence) {
		t.Errorf("without a grant: %s", out.Payload)
	}
	if !c.seen(&c.denied, sentence) {
		t.Errorf("OnDenied heard %q", c.denied)
	}
	if !c.seen(&c.lines, "worker: put failed:") {
		t.Errorf("OnLog heard %q", c.lines)
	}
	c.grant(t, "worker-role", mayWriteThings)
	if out := c.invoke(t, "worker", `{"Table":"things","Key":"1"}`); out.FunctionError != nil {
		t.Errorf("with a grant: %s", out.Payload)
	}
	got := must[*dynamodb.GetItemOutput](t)(tables.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("things"), Key: item{"k": text("1")}}))
	if got.Item == nil {
		t.Error("the function wrote nothing")
	}
	if out := c.invoke(t, "worker", `{"Table":"others","Key":"1"}`); !strings.Contains(string(out.Payload), "table/others because no identity-based policy") {
		t.Errorf("on another table: %s", out.Payload)
	}
}

// scp makes one level of service control policies.
func scp(t testing.TB, document string) [][]*iam.Policy {
	t.Helper()
	return [][]*iam.Policy{{must[*iam.Policy](t)(iam.Load([]byte(document), iam.Origin{Type: iam.TypeSCP, Name: "no-deletes"}))}}
}

// TestServiceControlPoliciesBindRoles, but not the developer, as they do not
// bind an organisation's management account.
func TestServiceControlPoliciesBindRoles(t *testing.T) {
	t.Parallel()
	c := newCloud(t, func(cfg *localcloud.Config) {
		cfg.SCPs = scp(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
			{"Effect":"Deny","Action":"dynamodb:DeleteTable","Resource":"*"}]}`)
	})
	developer := dynamodb.NewFromConfig(c.dev())
	makeTable(t, developer, "things")
	arn := c.role(t, "admin", trustAll, allowAll)
	admin := dynamodb.NewFromConfig(c.assume(t, arn, ""))
	_, err := admin.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String("things")})
	wantCode(t, "the role", err, "AccessDeniedException")
	if _, message := codeOf(err); !strings.HasSuffix(message, "with an explicit deny in a service control policy") {
		t.Errorf("the role: %s", message)
	}
	_, err = admin.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("things")})
	wantCode(t, "what the SCP leaves to the role", err, "")
	_, err = developer.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String("things")})
	wantCode(t, "the developer", err, "")
}

// TestBoundariesAndSessionPoliciesBite: both cut down a role that may do all.
func TestBoundariesAndSessionPoliciesBite(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	makeTable(t, dynamodb.NewFromConfig(c.dev()), "things")
	roles, arn := awsiam.NewFromConfig(c.dev()), c.role(t, "admin", trustAll, allowAll)
	readOnly := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"dynamodb:DescribeTable","Resource":"*"}]}`
	try := func(what string, cfg aws.Config, because string) {
		t.Helper()
		client := dynamodb.NewFromConfig(cfg)
		_, err := client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("things")})
		wantCode(t, what+": DescribeTable", err, "")
		_, err = client.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("things")})
		if because == "" {
			wantCode(t, what+": Scan", err, "")
			return
		}
		wantCode(t, what+": Scan", err, "AccessDeniedException")
		if _, message := codeOf(err); !strings.HasSuffix(message, "because no "+because+" policy allows the dynamodb:Scan action") &&
			!strings.HasSuffix(message, "because no "+because+" allows the dynamodb:Scan action") {
			t.Errorf("%s: %s", what, message)
		}
	}
	try("the role itself", c.assume(t, arn, ""), "")
	try("a session policy", c.assume(t, arn, readOnly), "session")
	boundary := must[*awsiam.CreatePolicyOutput](t)(roles.CreatePolicy(t.Context(), &awsiam.CreatePolicyInput{PolicyName: aws.String("edge"), PolicyDocument: &readOnly})).Policy.Arn
	session := c.assume(t, arn, "")
	must[*awsiam.PutRolePermissionsBoundaryOutput](t)(roles.PutRolePermissionsBoundary(t.Context(), &awsiam.PutRolePermissionsBoundaryInput{
		RoleName: aws.String("admin"), PermissionsBoundary: boundary,
	}))
	try("a boundary, which also binds sessions that are there", session, "permissions boundary")
	must[*awsiam.DeleteRolePermissionsBoundaryOutput](t)(roles.DeleteRolePermissionsBoundary(t.Context(), &awsiam.DeleteRolePermissionsBoundaryInput{RoleName: aws.String("admin")}))
	try("the boundary gone", session, "")
}

// A session of a role that is gone is nobody's, also when a role of the same
// name is made anew.
func TestSessionsEndWithTheirRole(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	arn := c.role(t, "admin", trustAll, allowAll)
	session := dynamodb.NewFromConfig(c.assume(t, arn, ""))
	roles := awsiam.NewFromConfig(c.dev())
	must[*awsiam.DeleteRolePolicyOutput](t)(roles.DeleteRolePolicy(t.Context(), &awsiam.DeleteRolePolicyInput{RoleName: aws.String("admin"), PolicyName: aws.String("p")}))
	must[*awsiam.DeleteRoleOutput](t)(roles.DeleteRole(t.Context(), &awsiam.DeleteRoleInput{RoleName: aws.String("admin")}))
	_, err := session.ListTables(t.Context(), &dynamodb.ListTablesInput{})
	wantCode(t, "the role is gone", err, "UnrecognizedClientException")
	c.role(t, "admin", trustAll, allowAll)
	_, err = session.ListTables(t.Context(), &dynamodb.ListTablesInput{})
	wantCode(t, "another role of that name", err, "UnrecognizedClientException")
}

// TestRequestTagsDecide: the keys of tags are compared without regard to case,
// whichever service makes the tagged thing.
func TestRequestTagsDecide(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	arn := c.role(t, "tagger", trustAll, `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"*","Resource":"*"},
		{"Effect":"Deny","Action":["apigateway:*","logs:*","dynamodb:*","iam:*","cloudformation:*"],"Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/Team":"Red"}}}]}`)
	cfg := c.assume(t, arn, "")
	for _, test := range []struct{ team, want string }{{"Red", "AccessDenied"}, {"Blue", ""}} {
		tags := map[string]string{"Team": test.team}
		tag := []dbtypes.Tag{{Key: aws.String("Team"), Value: &test.team}}
		for what, do := range map[string]func() error{
			"a REST API": func() error {
				_, err := apigateway.NewFromConfig(cfg).CreateRestApi(t.Context(), &apigateway.CreateRestApiInput{Name: aws.String("a"), Tags: tags})
				return err
			},
			"an HTTP API": func() error {
				_, err := apigatewayv2.NewFromConfig(cfg).CreateApi(t.Context(), &apigatewayv2.CreateApiInput{Name: aws.String("a"), ProtocolType: "HTTP", Tags: tags})
				return err
			},
			"a log group": func() error {
				_, err := cloudwatchlogs.NewFromConfig(cfg).CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("g"), Tags: tags})
				return err
			},
			"a table": func() error {
				_, err := dynamodb.NewFromConfig(cfg).CreateTable(t.Context(), &dynamodb.CreateTableInput{
					TableName: aws.String("tagged"), BillingMode: dbtypes.BillingModePayPerRequest, Tags: tag,
					AttributeDefinitions: []dbtypes.AttributeDefinition{{AttributeName: aws.String("k"), AttributeType: dbtypes.ScalarAttributeTypeS}},
					KeySchema:            []dbtypes.KeySchemaElement{{AttributeName: aws.String("k"), KeyType: dbtypes.KeyTypeHash}},
				})
				return err
			},
			"a role": func() error {
				_, err := awsiam.NewFromConfig(cfg).CreateRole(t.Context(), &awsiam.CreateRoleInput{
					RoleName: aws.String("tagged"), AssumeRolePolicyDocument: aws.String(trustLambda), Tags: []iamtypes.Tag{{Key: aws.String("Team"), Value: &test.team}},
				})
				return err
			},
			"a stack": func() error {
				_, err := cloudformation.NewFromConfig(cfg).CreateStack(t.Context(), &cloudformation.CreateStackInput{
					StackName: aws.String("tagged"), TemplateBody: aws.String(firstTemplate), Tags: []cfntypes.Tag{{Key: aws.String("Team"), Value: &test.team}},
				})
				return err
			},
		} {
			if code, message := codeOf(do()); strings.TrimSuffix(code, "Exception") != test.want {
				t.Errorf("%s of team %s: %q (%s), want %q", what, test.team, code, message, test.want)
			}
		}
	}
}

// TestRemovedTagKeysDecide: a policy that keeps a tag from being removed holds
// for each service with tags.
func TestRemovedTagKeysDecide(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	arn := c.role(t, "tagger", trustAll, `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"*","Resource":"*"},
		{"Effect":"Deny","Action":["apigateway:DELETE","dynamodb:UntagResource","logs:UntagResource","lambda:UntagResource"],"Resource":"*",
		 "Condition":{"ForAnyValue:StringEquals":{"aws:TagKeys":"Team"}}}]}`)
	cfg, ctx := c.assume(t, arn, ""), t.Context()
	table := makeTable(t, dynamodb.NewFromConfig(c.dev()), "things")
	function := c.deploy(t, "worker")
	must[*cloudwatchlogs.CreateLogGroupOutput](t)(cloudwatchlogs.NewFromConfig(c.dev()).CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("g")}))
	api := "arn:aws:apigateway:us-east-1::/restapis/" + c.restAPI(t, "rest", function)
	group := "arn:aws:logs:us-east-1:000000000000:log-group:g"
	for _, test := range []struct{ key, want string }{{"Team", "AccessDeniedException"}, {"Other", ""}} {
		keys := []string{test.key}
		_, err := apigateway.NewFromConfig(cfg).UntagResource(ctx, &apigateway.UntagResourceInput{ResourceArn: &api, TagKeys: keys})
		wantCode(t, "an API", err, test.want)
		_, err = dynamodb.NewFromConfig(cfg).UntagResource(ctx, &dynamodb.UntagResourceInput{ResourceArn: &table, TagKeys: keys})
		wantCode(t, "a table", err, test.want)
		_, err = cloudwatchlogs.NewFromConfig(cfg).UntagResource(ctx, &cloudwatchlogs.UntagResourceInput{ResourceArn: &group, TagKeys: keys})
		wantCode(t, "a log group", err, test.want)
		_, err = lambda.NewFromConfig(cfg).UntagResource(ctx, &lambda.UntagResourceInput{Resource: &function, TagKeys: keys})
		wantCode(t, "a function", err, test.want)
	}
}

// TestSimulationsHeedTheOrganisation: what a role's policies allow and an SCP
// does not is simulated as it would be decided.
func TestSimulationsHeedTheOrganisation(t *testing.T) {
	t.Parallel()
	scp := must[*iam.Policy](t)(iam.Load([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`), iam.Origin{Type: iam.TypeSCP}))
	c := newCloud(t, func(cfg *localcloud.Config) { cfg.SCPs = [][]*iam.Policy{{scp}} })
	developer := "arn:aws:iam::000000000000:role/" + localcloud.DeveloperRole
	for arn, want := range map[string][]string{c.role(t, "bound", trustAll, allowAll): {"allowed true", "implicitDeny false"}, developer: {"allowed", "allowed"}} {
		out := must[*awsiam.SimulatePrincipalPolicyOutput](t)(awsiam.NewFromConfig(c.dev()).SimulatePrincipalPolicy(t.Context(), &awsiam.SimulatePrincipalPolicyInput{
			PolicySourceArn: &arn, ActionNames: []string{"s3:GetObject", "sqs:SendMessage"},
		}))
		for i, r := range out.EvaluationResults {
			got := string(r.EvalDecision)
			if r.OrganizationsDecisionDetail != nil {
				got += fmt.Sprint(" ", r.OrganizationsDecisionDetail.AllowedByOrganizations)
			}
			if got != want[i] {
				t.Errorf("%s as %s: %s, want %s", *r.EvalActionName, arn, got, want[i])
			}
		}
	}
}
