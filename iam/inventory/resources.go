package inventory

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/iam"
)

// resourceTypes are those that policies of functions are about, beside functions.
var resourceTypes = []string{
	"AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::KMS::Key", "AWS::SecretsManager::Secret",
	"AWS::Logs::LogGroup", "AWS::Events::EventBus", "AWS::StepFunctions::StateMachine", "AWS::SSM::Parameter", "AWS::Kinesis::Stream",
	"AWS::AppSync::GraphQLApi", "AWS::AppSync::Api",
}

func (b *reader) resource(st *stack, r cfn.Resource, o *cfn.Object) error {
	res := &Resource{Entity: st.entity(r.ID), Type: r.Type, Tags: tags(o)}
	if r.Type == "AWS::S3::Bucket" {
		res.BlockPublicAccess = restrictsPublic(o)
	}
	b.inv.Resources = append(b.inv.Resources, res)
	return nil
}

// restrictsPublic reads RestrictPublicBuckets, which is on for buckets made
// since April 2023 unless the template sets the block of properties.
func restrictsPublic(o *cfn.Object) bool {
	block, ok := o.Get("PublicAccessBlockConfiguration")
	if !ok {
		return true
	}
	settings, _ := block.(*cfn.Object)
	switch v, _ := settings.Get("RestrictPublicBuckets"); v := v.(type) {
	case bool:
		return v
	case string:
		return strings.EqualFold(v, "true")
	}
	return false
}

// ownPolicy reads a policy that is a property of the resource itself.
func (b *reader) ownPolicy(st *stack, r cfn.Resource, o *cfn.Object) error {
	res := b.byLogicalID(st, r.ID)
	if r.Type == "AWS::KMS::Key" {
		document, ok := o.Get("KeyPolicy")
		if !ok { // AWS KMS Developer Guide, "Default key policy"
			document = cfn.Obj("Version", iam.Version2012, "Statement", cfn.Obj("Sid", "Enable IAM User Permissions", "Effect", "Allow",
				"Principal", cfn.Obj("AWS", "arn:"+st.account.Partition+":iam::"+st.account.ID+":root"), "Action", "kms:*", "Resource", "*"))
		}
		p, err := b.policy(st, r.ID, document, properties(r.ID, "KeyPolicy"), iam.Origin{Type: iam.TypeKey, Name: res.Name}, false)
		res.Policy = p
		return err
	}
	own, ok := o.Get("ResourcePolicy")
	if !ok {
		return nil
	}
	holder, _ := own.(*cfn.Object)
	document, _ := holder.Get("PolicyDocument")
	p, err := b.policy(st, r.ID, document, properties(r.ID, "ResourcePolicy", "PolicyDocument"), iam.Origin{Type: iam.TypeResource, Name: res.Name}, false)
	res.Policy = p
	return err
}

// resourcePolicy reads a policy that is a resource of its own and names what it is of.
func (b *reader) resourcePolicy(resourceType, of, document string) func(*stack, cfn.Resource, *cfn.Object) error {
	return func(st *stack, r cfn.Resource, o *cfn.Object) error {
		body, _ := o.Get(document)
		for i, v := range list(o, of) {
			text, _ := v.(string)
			res := b.find(resourceType, text)
			if res == nil {
				b.unknown(st, r.ID, "it is the policy of "+brief(v)+", which is not in the templates", properties(r.ID, of, strconv.Itoa(i)))
				continue
			}
			p, err := b.policy(st, r.ID, body, properties(r.ID, document), iam.Origin{Type: iam.TypeResource, Name: res.Name}, true)
			if err != nil {
				return err
			}
			res.Policy = p
		}
		return nil
	}
}

// find finds a resource of a type by what Ref or its ARN attribute gives: a
// name, an ARN, a queue's URL. A table and a queue may have one name.
func (b *reader) find(resourceType, text string) *Resource {
	if strings.HasPrefix(text, "https://") {
		text = text[strings.LastIndexByte(text, '/')+1:]
	}
	for _, r := range b.inv.Resources {
		if text != "" && r.Type == resourceType && (r.Name == text || r.ARN == text) {
			return r
		}
	}
	return nil
}

func (b *reader) byLogicalID(st *stack, id string) *Resource {
	for _, r := range b.inv.Resources {
		if r.Stack == st.in.Name && r.LogicalID == id {
			return r
		}
	}
	return &Resource{}
}

var (
	accountNumber = regexp.MustCompile(`^\d{12}$`)
	serviceName   = regexp.MustCompile(`^[a-z0-9.-]+\.(amazonaws\.com|amazon\.com)(\.cn)?$`)
)

// permission adds the statement that Lambda makes of AWS::Lambda::Permission
// (Lambda API Reference, "AddPermission") to its function's policy.
func (b *reader) permission(st *stack, r cfn.Resource, o *cfn.Object) error {
	target, _ := o.Get("FunctionName")
	text, _ := target.(string)
	f, qualifier := b.functionOf(text)
	if f == nil {
		b.unknown(st, r.ID, "it is a permission on "+brief(target)+", which is not in the templates", properties(r.ID, "FunctionName"))
		return nil
	}
	for _, key := range []string{"Action", "Principal", "SourceArn", "SourceAccount", "PrincipalOrgID", "EventSourceToken", "FunctionUrlAuthType"} {
		if v, ok := o.Get(key); ok && !isText(v) {
			b.unknown(st, r.ID, key+" of the permission: "+brief(v), properties(r.ID, key))
			return nil
		}
	}
	s := iam.Statement{
		Sid: r.ID, Effect: iam.Allow, Action: []string{o.Text("Action")}, Resource: []string{f.ARN + qualifier},
		Principal: principalOf(st.account.Partition, o.Text("Principal")), Position: st.where(r.ID, 0, []string{"Resources", r.ID}, true),
	}
	condition := func(operator, key, value string) {
		if value != "" {
			s.Conditions = append(s.Conditions, iam.ConditionElement{Operator: operator, Key: key, Values: []string{value}, Position: s.Position})
		}
	}
	condition("StringEquals", "AWS:SourceAccount", o.Text("SourceAccount"))
	condition("StringEquals", "aws:PrincipalOrgID", o.Text("PrincipalOrgID"))
	condition("StringEquals", "lambda:EventSourceToken", o.Text("EventSourceToken"))
	condition("StringEquals", "lambda:FunctionUrlAuthType", o.Text("FunctionUrlAuthType"))
	condition("ArnLike", "AWS:SourceArn", o.Text("SourceArn"))
	b.inv.extend(f, s)
	return nil
}

func isText(v any) bool { _, ok := v.(string); return ok }

// principalOf is the Principal that Lambda writes.
func principalOf(partition, p string) *iam.PrincipalElement {
	switch {
	case p == "*":
		return &iam.PrincipalElement{All: true}
	case accountNumber.MatchString(p):
		return &iam.PrincipalElement{AWS: []string{"arn:" + partition + ":iam::" + p + ":root"}}
	case serviceName.MatchString(p):
		return &iam.PrincipalElement{Service: []string{p}}
	}
	return &iam.PrincipalElement{AWS: []string{p}}
}

// extend adds a statement to a function's policy.
func (inv *Inventory) extend(r *Resource, s iam.Statement) {
	r.statements = append(r.statements, s)
	r.Policy = iam.Compile(&iam.Document{Version: iam.Version2012, ID: "default", Statements: r.statements}, iam.Origin{Type: iam.TypeResource, Name: r.Name})
}

// functionOf finds a function by its name or ARN, with the qualifier of a
// version or alias and its colon.
func (b *reader) functionOf(text string) (*Resource, string) {
	for _, r := range b.inv.Resources {
		if r.Type != "AWS::Lambda::Function" {
			continue
		}
		for _, known := range []string{r.ARN, r.Name} {
			if rest, ok := strings.CutPrefix(text, known); ok && (rest == "" || rest[0] == ':') {
				return r, rest
			}
		}
	}
	return nil, ""
}

// tagContext gives tags as context keys.
func tagContext(ctx iam.Context, prefix string, tags map[string]string) {
	for key, value := range tags {
		ctx[iam.Key(prefix+key)] = iam.One(value)
	}
}
