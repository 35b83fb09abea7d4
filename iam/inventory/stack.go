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
		Ref:     func(id string) (any, bool) { return st.attribute(id, "") },
		GetAtt:  st.attribute,
		Partial: true,
	})
	st.resolver = resolver
	return st, err
}

// name works out what a resource is called.
func (st *stack) name(id string) (name, cfn.Naming, bool) {
	r, ok := st.t.Resource(id)
	k, known := cfn.NamingOf(r.Type)
	if !ok || !known {
		return name{}, cfn.Naming{}, false
	}
	if n, done := st.names[id]; done {
		return n, k, true
	}
	// While it is worked out, a circle of names finds the stand-in.
	n := name{text: st.standIn(id, r.Type), generated: true}
	st.names[id] = n
	if given, ok := st.in.Physical[id]; ok {
		n = name{text: given}
	} else if text, ok := st.property(id, k.Property); ok {
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
		"AWS::AppSync::GraphQLApi", "AWS::AppSync::Api", "AWS::Cognito::UserPool", "AWS::Cognito::UserPoolClient", "AWS::CloudFront::Distribution",
		"AWS::ApiGatewayV2::Authorizer", "AWS::ApiGateway::Authorizer":
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

// attribute gives what Fn::GetAtt gives, and Ref for attribute "".
func (st *stack) attribute(id, attribute string) (any, bool) {
	n, k, ok := st.name(id)
	if !ok {
		return nil, false
	}
	form, ok := k.Returns(attribute)
	return st.fill(form, id, n), ok
}

func (st *stack) fill(form, id string, n name) string {
	path := "/"
	if strings.Contains(form, "{path}") {
		if p, ok := st.property(id, "Path"); ok {
			path = p
		}
	}
	short := n.text
	if strings.Contains(form, ":parameter/") {
		short = strings.TrimPrefix(short, "/")
	}
	return strings.NewReplacer(
		"{P}", st.account.Partition, "{R}", st.account.Region, "{A}", st.account.ID, "{path}", path, "{N}", short, "{made}", "XXXXXX",
	).Replace(form)
}

// entity gives what a resource is known by.
func (st *stack) entity(id string) Entity {
	n, k, _ := st.name(id)
	return Entity{
		Name: n.text, ARN: st.fill(k.ARN, id, n), Stack: st.in.Name, LogicalID: id, Generated: n.generated,
		Position: st.t.Position("Resources", id),
	}
}
