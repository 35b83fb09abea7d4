package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
)

// target is something that an action can be done to.
type target struct {
	// kind is the word of the table of requests: "table", "index", "object".
	kind string
	// arn is what IAM is asked about, or how it begins.
	arn string
	// name is what the requests call it.
	name string
	// index and attribute are those of an index.
	index, attribute string
}

// stack is a deployed namespace in a sandbox.
type stack struct {
	name    string
	targets []target
	roles   []*role
	// untouched counts the resources that no action of a role here is about.
	untouched map[string]int
}

// role is a role of a stack, with what IAM says that it may do.
type role struct {
	name       string
	statements []statement
	as         *cloud // with the role's own credentials
	function   string // that runs with it, "" for none
}

// statement is one of a policy that allows something.
type statement struct {
	Effect    string
	Action    texts
	Resource  texts
	Condition map[string]map[string]texts
}

// texts is a text or a list of them.
type texts []string

func (t *texts) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*t = texts{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(t))
}

const (
	stacksVersion = "2010-05-15"
	iamVersion    = "2010-05-08"
	// probe is the key, object and stream that the requests name.
	probe = "probe"
)

// readStack reads a stack's resources from CloudFormation and its roles from IAM.
func readStack(ctx context.Context, dev *cloud, name string) (*stack, error) {
	var list struct {
		Resources []struct{ PhysicalResourceId, ResourceType, StackId string } `xml:"DescribeStackResourcesResult>StackResources>member"`
	}
	if err := dev.query(ctx, "cloudformation", stacksVersion, &list, "Action", "DescribeStackResources", "StackName", name); err != nil {
		return nil, err
	}
	if len(list.Resources) == 0 {
		return nil, fmt.Errorf("stack %s has no resources", name)
	}
	account := strings.Split(list.Resources[0].StackId, ":")[4]
	s := &stack{name: name, untouched: map[string]int{}}
	for _, r := range list.Resources {
		of, known := targetsOf[r.ResourceType]
		switch {
		case r.ResourceType == "AWS::IAM::Role":
			role := &role{name: r.PhysicalResourceId}
			if err := role.read(ctx, dev); err != nil {
				return nil, err
			}
			s.roles = append(s.roles, role)
			s.untouched[r.ResourceType]++
		case known:
			s.targets = append(s.targets, of(r.PhysicalResourceId, dev.region+":"+account)...)
		default:
			s.untouched[r.ResourceType]++
		}
	}
	if err := s.findIndexes(ctx, dev); err != nil {
		return nil, err
	}
	return s, s.findFunctions(ctx, dev)
}

// findIndexes asks DynamoDB which indexes the tables have.
func (s *stack) findIndexes(ctx context.Context, dev *cloud) error {
	for _, t := range s.targets {
		if t.kind != "table" {
			continue
		}
		body, err := dev.must(ctx, jsonCall("dynamodb", "DynamoDB_20120810.DescribeTable", m{"TableName": t.name}))
		if err != nil {
			return err
		}
		var described struct {
			Table struct {
				GlobalSecondaryIndexes []struct {
					IndexName, IndexArn string
					KeySchema           []struct{ AttributeName string }
				}
			}
		}
		if err := json.Unmarshal([]byte(body), &described); err != nil {
			return err
		}
		for _, i := range described.Table.GlobalSecondaryIndexes {
			s.targets = append(s.targets, target{kind: "index", arn: i.IndexArn, name: t.name, index: i.IndexName, attribute: i.KeySchema[0].AttributeName})
		}
	}
	return nil
}

// targetsOf turns a resource of a stack into what can be done something to.
// where is "REGION:ACCOUNT".
var targetsOf = map[string]func(id, where string) []target{
	"AWS::DynamoDB::Table": func(id, where string) []target {
		return []target{{kind: "table", arn: "arn:aws:dynamodb:" + where + ":table/" + id, name: id}}
	},
	"AWS::S3::Bucket": func(id, _ string) []target {
		return []target{{kind: "bucket", arn: "arn:aws:s3:::" + id, name: id}, {kind: "object", arn: "arn:aws:s3:::" + id + "/" + probe, name: id}}
	},
	"AWS::SQS::Queue": func(id, where string) []target {
		return []target{{kind: "queue", arn: "arn:aws:sqs:" + where + ":" + path.Base(id), name: id}}
	},
	"AWS::SNS::Topic": func(id, _ string) []target { return []target{{kind: "topic", arn: id, name: id}} },
	"AWS::Events::EventBus": func(id, where string) []target {
		return []target{{kind: "bus", arn: "arn:aws:events:" + where + ":event-bus/" + id, name: id}}
	},
	"AWS::SecretsManager::Secret": func(id, _ string) []target { return []target{{kind: "secret", arn: id, name: id}} },
	"AWS::SSM::Parameter": func(id, where string) []target {
		return []target{{kind: "parameter", arn: "arn:aws:ssm:" + where + ":parameter" + id, name: id}}
	},
	"AWS::Lambda::Function": func(id, where string) []target {
		arn := "arn:aws:lambda:" + where + ":function:" + id
		return []target{{kind: "function", arn: arn, name: id}, {kind: "version", arn: arn + ":$LATEST", name: id}}
	},
	"AWS::Logs::LogGroup": func(id, where string) []target {
		return []target{{kind: "log group", arn: "arn:aws:logs:" + where + ":log-group:" + id + ":log-stream:", name: id}}
	},
}

// read reads the policies of a role.
func (r *role) read(ctx context.Context, dev *cloud) error {
	var names struct {
		Inline   []string `xml:"ListRolePoliciesResult>PolicyNames>member"`
		Attached []string `xml:"ListAttachedRolePoliciesResult>AttachedPolicies>member>PolicyArn"`
	}
	for _, list := range []string{"ListRolePolicies", "ListAttachedRolePolicies"} {
		if err := dev.query(ctx, "iam", iamVersion, &names, "Action", list, "RoleName", r.name); err != nil {
			return err
		}
	}
	if len(names.Attached) > 0 {
		return fmt.Errorf("role %s has attached policies, which are not read here: %v", r.name, names.Attached)
	}
	for _, name := range names.Inline {
		var got struct {
			Document string `xml:"GetRolePolicyResult>PolicyDocument"`
		}
		if err := dev.query(ctx, "iam", iamVersion, &got, "Action", "GetRolePolicy", "RoleName", r.name, "PolicyName", name); err != nil {
			return err
		}
		text, err := url.QueryUnescape(got.Document)
		if err != nil {
			return err
		}
		var document struct{ Statement []statement }
		if err := json.Unmarshal([]byte(text), &document); err != nil {
			return fmt.Errorf("policy %s of %s: %w", name, r.name, err)
		}
		r.statements = append(r.statements, document.Statement...)
	}
	if len(r.statements) == 0 {
		return fmt.Errorf("role %s may do nothing: there is nothing to try", r.name)
	}
	return nil
}

// findFunctions asks Lambda which function runs with which role.
func (s *stack) findFunctions(ctx context.Context, dev *cloud) error {
	for _, t := range s.targets {
		if t.kind != "function" {
			continue
		}
		body, err := dev.must(ctx, request{Service: "lambda", Method: "GET", Path: "/2015-03-31/functions/" + t.name + "/configuration"})
		if err != nil {
			return err
		}
		var configuration struct{ Role string }
		if err := json.Unmarshal([]byte(body), &configuration); err != nil {
			return err
		}
		i := slices.IndexFunc(s.roles, func(r *role) bool { return strings.HasSuffix(configuration.Role, "/"+r.name) })
		if i < 0 {
			return fmt.Errorf("function %s runs as %s, which is no role of the stack", t.name, configuration.Role)
		}
		s.roles[i].function = t.name
	}
	return nil
}

// allows reports whether a statement names the action and the resource.
func (st statement) allows(action, arn string) bool {
	matches := func(patterns texts, text string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { return wildcard(strings.ToLower(p), strings.ToLower(text)) })
	}
	return st.Effect == "Allow" && matches(st.Action, action) && matches(st.Resource, arn)
}

// wildcard matches IAM's * and ?.
func wildcard(pattern, text string) bool {
	for i := 0; i < len(pattern); i++ {
		switch {
		case pattern[i] == '*':
			for rest := 0; rest <= len(text); rest++ {
				if wildcard(pattern[i+1:], text[rest:]) {
					return true
				}
			}
			return false
		case text == "" || pattern[i] != '?' && pattern[i] != text[0]:
			return false
		}
		text = text[1:]
	}
	return text == ""
}

// value gives the first value that the role's statements about an action
// require of a context key, such as "events:source".
func (r *role) value(action, key string) string {
	for _, st := range r.statements {
		for _, condition := range st.Condition {
			if values := condition[key]; len(values) > 0 && st.allows(action, st.Resource[0]) && values[0] != "false" {
				return values[0]
			}
		}
	}
	return probe
}
