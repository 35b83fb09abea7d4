package catalog_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/writ-dev/writ/iam/catalog"
)

// The counts are those that the data's source gives; README.md repeats them.
func TestCounts(t *testing.T) {
	t.Parallel()
	c := catalog.AWS()
	services, actions, resources, keys, covered := 0, 0, 0, 0, 0
	for _, prefix := range c.Services() {
		s, ok := c.Service(strings.ToUpper(prefix))
		if !ok || s.Name == "" {
			t.Fatalf("service %s is not there in capitals", prefix)
		}
		services++
		actions += len(s.Actions)
		resources += len(s.Resources)
		keys += len(s.Keys)
		if c.RCPCovers(prefix) {
			covered++
		}
	}
	for what, n := range map[string][2]int{
		"services": {services, 456}, "actions": {actions, 22091}, "resource types": {resources, 2334},
		"condition keys": {keys, 2578}, "services under RCPs": {covered, 62}, "actions of *": {len(c.Expand("*")), 22091},
	} {
		if n[0] != n[1] {
			t.Errorf("%d %s, want %d", n[0], what, n[1])
		}
	}
	if c.Version() != "0.21.202609261" {
		t.Errorf("version %q", c.Version())
	}
}

// What the package takes for granted of the data.
func TestData(t *testing.T) {
	t.Parallel()
	c := catalog.AWS()
	levels := []catalog.Access{catalog.List, catalog.Read, catalog.Write, catalog.Tagging, catalog.PermissionsManagement}
	for _, prefix := range c.Services() {
		s, _ := c.Service(prefix)
		for _, r := range s.Resources {
			if !strings.HasPrefix(r.ARN, "arn:${Partition}:") || strings.Count(r.ARN, ":") < 5 {
				t.Errorf("%s:%s has the ARN pattern %q", prefix, r.Name, r.ARN)
			}
		}
		for _, a := range s.Actions {
			if !slices.Contains(levels, a.Access) {
				t.Errorf("%s has the access level %q", a, a.Access)
			}
			for _, u := range a.Resources {
				if u.ARN == "" {
					t.Errorf("%s takes the type %q, which is not there", a, u.Type)
				}
				if !u.Covers(u.ARN) {
					t.Errorf("%s: the type %q does not cover its own pattern %q", a, u.Type, u.ARN)
				}
			}
			for _, k := range c.KeysOf(a) {
				if _, ok := c.Key(prefix, k); !ok {
					t.Errorf("%s has the condition key %q without a type", a, k)
				}
			}
			for _, d := range a.Dependent {
				if _, ok := c.Action(d); !ok && !strings.HasSuffix(d, "*") {
					t.Logf("%s depends on %s, which is not listed", a, d)
				}
			}
		}
	}
}

func TestAction(t *testing.T) {
	t.Parallel()
	c := catalog.AWS()
	get, ok := c.Action("S3:getobject")
	if !ok || get.String() != "s3:GetObject" || get.Access != catalog.Read || get.WildcardOnly() || get.Modifies() {
		t.Errorf("s3:GetObject is %+v, %v", get, ok)
	}
	if a, _ := c.Action("s3:ListAllMyBuckets"); !a.WildcardOnly() {
		t.Errorf("s3:ListAllMyBuckets takes resources: %+v", a.Resources)
	}
	if a, _ := c.Action("sqs:AddPermission"); a.Access != catalog.PermissionsManagement || !a.Modifies() {
		t.Errorf("sqs:AddPermission has the level %q", a.Access)
	}
	for _, name := range []string{"", "s3", "s3:", "s3:Nothing", "nothing:GetObject", "s3:Get*"} {
		if a, ok := c.Action(name); ok {
			t.Errorf("%q is the action %s", name, a)
		}
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{
		"s3:getobject":         "s3:GetObject",
		"SQS:*messages*":       "",
		"sqs:*Message":         "sqs:DeleteMessage sqs:ReceiveMessage sqs:SendMessage",
		"sqs:?endMessage":      "sqs:SendMessage",
		"sqs:List*":            "sqs:ListDeadLetterSourceQueues sqs:ListMessageMoveTasks sqs:ListQueues sqs:ListQueueTags",
		"sqs:SendMessage*":     "sqs:SendMessage",
		"execute-api:*":        "execute-api:InvalidateCache execute-api:Invoke execute-api:ManageConnections",
		"nothing:*":            "",
		"s*:GetObject":         "",
		"sqs":                  "",
		"sqs:Send.essage":      "",
		"sqs:SendMessageBatch": "",
	} {
		var got []string
		for _, a := range catalog.AWS().Expand(pattern) {
			got = append(got, a.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s gives %q, want %q", pattern, got, want)
		}
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		action, resource string
		types            string // the types of the action that the resource can be
	}{
		{"s3:GetObject", "*", "accesspointobject object"},
		{"s3:GetObject", "arn:aws:s3:::box/*", "object"},
		{"s3:GetObject", "arn:aws:s3:::box", ""},
		{"s3:GetObject", "arn:aws:s3:::box*", "object"},
		{"s3:GetObject", "arn:aws:s3:::*", "object"},
		{"s3:GetObject", "arn:aws:s3*", "accesspointobject object"},
		{"s3:ListBucket", "arn:aws:s3:::box", "bucket"},
		{"s3:ListBucket", "arn:aws:s3:::box/*", ""},
		{"s3:ListBucket", "arn:aws:s3:::${aws:username}", "bucket"},
		{"dynamodb:Query", "arn:aws:dynamodb:*:*:table/t/index/*", "index"},
		{"dynamodb:Query", "arn:aws:dynamodb:eu-west-1:123456789012:table/t", "table"},
		{"dynamodb:PutItem", "arn:aws:dynamodb:eu-west-1:123456789012:table/t/index/i", ""},
		{"dynamodb:PutItem", "arn:aws:dynamodb:eu-west-1:123456789012:table/*", "table"},
		{"dynamodb:PutItem", "arn:aws:dynamodb:::table/t", ""},
		{"sqs:SendMessage", "arn:aws:sns:eu-west-1:123456789012:topic", ""},
		{"sqs:SendMessage", "arn:aws-cn:sqs:cn-north-1:123456789012:q", "queue"},
		{"lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:123456789012:function:f:live", "function"},
		{"lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:123456789012:layer:f", ""},
		{"iam:PassRole", "arn:aws:iam::123456789012:role/path/r", "role"},
		{"iam:PassRole", "arn:aws:iam::123456789012:user/u", ""},
		{"iam:PassRole", "arn:aws:iam::123456789012:r?le/*", "role"},
		{"iam:PassRole", "role/x", ""},
		{"iam:PassRole", "", ""},
	} {
		a, ok := catalog.AWS().Action(row.action)
		if !ok {
			t.Fatalf("no action %s", row.action)
		}
		var got []string
		for _, u := range a.Resources {
			if u.Covers(row.resource) {
				got = append(got, u.Type)
			}
		}
		if strings.Join(got, " ") != row.types {
			t.Errorf("%s on %q: %q, want %q", row.action, row.resource, got, row.types)
		}
	}
}

func TestTypesOf(t *testing.T) {
	t.Parallel()
	for arn, want := range map[string]string{
		"arn:aws:s3:::box":                                "s3:bucket",
		"arn:aws:s3:::box/a/b":                            "s3:object",
		"arn:aws:dynamodb:eu-west-1:123456789012:table/t": "dynamodb:table",
		"arn:aws:sqs:eu-west-1:123456789012:q":            "sqs:queue",
		"arn:aws:nothing:eu-west-1:123456789012:q":        "",
		"not an arn": "",
	} {
		if got := strings.Join(catalog.AWS().TypesOf(arn), " "); got != want {
			t.Errorf("%s is %q, want %q", arn, got, want)
		}
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		service, key string
		want         catalog.Type
	}{
		{"s3", "aws:SourceIp", "IPAddress"},
		{"", "AWS:sourcearn", "ARN"},
		{"s3", "aws:ResourceTag/team", "String"},
		{"", "aws:PrincipalTag/a/b", "String"},
		{"", "aws:ResourceTag/", ""},
		{"", "aws:TagKeys", "ArrayOfString"},
		{"s3", "s3:ExistingObjectTag/x", "String"},
		{"s3", "S3:Prefix", "String"},
		{"dynamodb", "s3:prefix", ""},
		{"", "s3:prefix", "String"},
		{"dynamodb", "dynamodb:LeadingKeys", "ArrayOfString"},
		{"kms", "kms:EncryptionContext:tenant", "String"},
		{"sts", "token.actions.githubusercontent.com:actor", "String"},
		{"", "saml:aud", "String"},
		{"", "agent.x.buildkite.dev:build_branch", "String"},
		{"codebuild", "codebuild:environment.environmentVariables/HOME.value", "String"},
		{"", "nothing:at-all", ""},
		{"nothing", "s3:prefix", ""},
	} {
		got, ok := catalog.AWS().Key(row.service, row.key)
		if got != row.want || ok != (row.want != "") {
			t.Errorf("the key %s of %q has type %q (%v), want %q", row.key, row.service, got, ok, row.want)
		}
	}
	if many := catalog.Type("ArrayOfARN"); !many.Multi() || many.Base() != "ARN" || catalog.Type("ARN").Multi() {
		t.Error("ArrayOfARN is not many ARNs")
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	c := catalog.AWS()
	for name, want := range map[string]string{
		"dynamodb:PutItems": "dynamodb:PutItem", "dynamo:PutItem": "dynamodb:PutItem", "lambda:Invoke": "lambda:InvokeFunction",
		"s3:ListObjectsV2": "s3:ListBucket", "s3:GetObjet": "s3:GetObject", "sqs:xyzzyxyzzy": "", "xyzzyxyzzy:Get": "", "": "",
		"eventbridge:PutEvents": "events:PutEvents",
	} {
		if got := c.NearestAction(name); got != want {
			t.Errorf("near %q is %q, want %q", name, got, want)
		}
	}
	for key, want := range map[string]string{
		"aws:SourceIP4": "aws:SourceIp", "aws:SourceVpcEndpoint": "aws:SourceVpce", "aws:region": "aws:RequestedRegion", "s3:prefx": "s3:prefix", "aws:ResourceTags/team": "aws:ResourceTag/team",
		"s3:ExistingObjectTags/x": "s3:ExistingObjectTag/x", "completely:different-thing": "",
	} {
		if _, known := c.Key("", want); !known && want != "" {
			t.Errorf("%q is no key", want)
		}
		if got := c.NearestKey("s3", key); got != want {
			t.Errorf("near %q is %q, want %q", key, got, want)
		}
	}
}
