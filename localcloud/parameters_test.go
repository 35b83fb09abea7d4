package localcloud_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// readByTemplate deploys a template that reads a stored parameter in both ways.
func readByTemplate(t *testing.T, c *cloud, name string) {
	t.Helper()
	template := `{"Parameters":{"P":{"Type":"AWS::SSM::Parameter::Value<String>","Default":"` + name + `"}},
		"Resources":{"Out":{"Type":"AWS::SSM::Parameter","Properties":{"Name":"/out","Type":"String","Value":{"Fn::Join":["-",[{"Ref":"P"},"{{resolve:ssm:` + name + `:1}}"]]}}}}}`
	stacks := cloudformation.NewFromConfig(c.dev())
	if status := deployStack(t, stacks, "reader", cfntypes.ChangeSetTypeCreate, template, nil); status != cfntypes.StackStatusCreateComplete {
		t.Fatalf("the stack is %s", status)
	}
	out := must[*ssm.GetParameterOutput](t)(ssm.NewFromConfig(c.dev()).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/out")}))
	if *out.Parameter.Value != "stored-stored" {
		t.Errorf("the template read %s", *out.Parameter.Value)
	}
}

// TestTemplatesReadParametersAsTheDeployer: a stored parameter is read with
// the deployer's permission, those of the configuration without one.
func TestTemplatesReadParametersAsTheDeployer(t *testing.T) {
	t.Parallel()
	c := newCloud(t, nil)
	put := func(name string, kind ssmtypes.ParameterType) {
		must[*ssm.PutParameterOutput](t)(ssm.NewFromConfig(c.dev()).PutParameter(t.Context(), &ssm.PutParameterInput{Name: &name, Value: aws.String("x"), Type: kind}))
	}
	put("/mine", ssmtypes.ParameterTypeString)
	put("/yours", ssmtypes.ParameterTypeString)
	put("/sealed", ssmtypes.ParameterTypeSecureString)
	arn := c.role(t, "deployer", trustAll, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cloudformation:*","Resource":"*"},
		{"Effect":"Allow","Action":"ssm:GetParameters","Resource":["arn:aws:ssm:us-east-1:000000000000:parameter/mine","arn:aws:ssm:us-east-1:000000000000:parameter/sealed"],
		"Condition":{"StringEquals":{"aws:CalledViaLast":"cloudformation.amazonaws.com"}}}]}`)
	stacks := cloudformation.NewFromConfig(c.assume(t, arn, ""))
	for name, denied := range map[string]bool{"/mine": false, "/yours": true, "/sealed": true, "/none": true} {
		template := `{"Parameters":{"P":{"Type":"AWS::SSM::Parameter::Value<String>","Default":"` + name + `"}},"Resources":{"L":{"Type":"AWS::Logs::LogGroup"}}}`
		_, err := stacks.CreateChangeSet(t.Context(), &cloudformation.CreateChangeSetInput{
			StackName: aws.String("s"), ChangeSetName: aws.String("c" + name[1:]), ChangeSetType: cfntypes.ChangeSetTypeCreate, TemplateBody: &template,
		})
		if code, message := codeOf(err); (code != "") != denied {
			t.Errorf("%s: %s %s", name, code, message)
		}
	}
}
