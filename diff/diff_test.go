package diff_test

import (
	"strings"
	"testing"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/diff"
	"pgregory.net/rapid"
)

func policy(t *testing.T, statements string) *cfn.Template {
	t.Helper()
	template, err := cfn.Parse([]byte(`{"Resources": {"P": {"Type": "AWS::IAM::Policy", "Properties": {
		"PolicyName": "p", "Roles": ["r"], "PolicyDocument": {"Version": "2012-10-17", "Statement": [`+statements+`]}}}}}`), "t.json")
	if err != nil {
		t.Fatal(err)
	}
	return template
}

func TestWidens(t *testing.T) {
	t.Parallel()
	const (
		get    = `{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}`
		put    = `{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}`
		denies = `{"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"}`
		notIAM = `{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}`
		maybe  = `{"Fn::If": ["Big", {"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Ref": "AWS::NoValue"}]}`
	)
	for _, c := range []struct {
		name, before, after string
		want                bool
	}{
		{"nothing changes", get, get, false},
		{"the order of statements changes", get + "," + put, put + "," + get, false},
		{"an allow comes", get, get + "," + put, true},
		{"an allow goes", get + "," + put, get, false},
		{"a deny comes", get, get + "," + denies, false},
		{"a deny goes", get + "," + denies, get, true},
		{"an allow of all but something comes", get, get + "," + notIAM, true},
		{"what comes is known only when deployed", get, get + "," + maybe, true},
		{"what goes is known only when deployed", get + "," + maybe, get, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := diff.Compare("", policy(t, c.before), policy(t, c.after)).Widens(); got != c.want {
				t.Errorf("Widens() = %v, want %v", got, c.want)
			}
		})
	}
}

// TestCarriersThatCDKOverlooks: policies in places that cdk diff does not read.
func TestCarriersThatCDKOverlooks(t *testing.T) {
	t.Parallel()
	for name, resource := range map[string]string{
		"a role policy of its own": `{"Type": "AWS::IAM::RolePolicy", "Properties": {"RoleName": "r", "PolicyName": "p",
			"PolicyDocument": {"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}}}`,
		"the resource policy of a table": `{"Type": "AWS::DynamoDB::Table", "Properties": {"ResourcePolicy": {"PolicyDocument": {"Statement":
			{"Effect": "Allow", "Action": "dynamodb:GetItem", "Principal": {"AWS": "111122223333"}, "Resource": "*"}}}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			after, err := cfn.Parse([]byte(`{"Resources": {"R": `+resource+`}}`), "t.json")
			if err != nil {
				t.Fatal(err)
			}
			c := diff.Compare("", &cfn.Template{Root: &cfn.Object{}}, after)
			if len(c.Statements.Added) != 1 || !c.Widens() {
				t.Errorf("statements added: %+v, widens %v", c.Statements.Added, c.Widens())
			}
		})
	}
}

func TestImpacts(t *testing.T) {
	t.Parallel()
	const table = `"Table": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "NAME", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}}`
	const user = `"Permission": {"Type": "AWS::Lambda::Permission", "Properties": {"FunctionName": {"Ref": "Table"}, "Action": "a", "Principal": "p"}}`
	parse := func(resources string) *cfn.Template {
		template, err := cfn.Parse([]byte(`{"Resources": {`+resources+`}}`), "t.json")
		if err != nil {
			t.Fatal(err)
		}
		return template
	}
	for _, c := range []struct{ name, before, after, want string }{
		{"added", "", table, "Table WILL_CREATE"},
		{"removed", table, "", "Table WILL_DESTROY"},
		{"removed but retained", strings.Replace(table, `"Properties"`, `"DeletionPolicy": "Retain", "Properties"`, 1), "", "Table WILL_ORPHAN"},
		{"renamed, and what refers to it", table + "," + user, strings.Replace(table, "NAME", "NEW", 1) + "," + user, "Table WILL_REPLACE, Permission WILL_REPLACE"},
		{"numbers and strings of one value", strings.Replace(table, `"NAME"`, `5`, 1), strings.Replace(table, `"NAME"`, `"5"`, 1), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, r := range diff.Compare("", parse(c.before), parse(c.after)).Resources {
				got = append(got, r.LogicalID+" "+string(r.Impact))
			}
			if strings.Join(got, ", ") != c.want {
				t.Errorf("got %q, want %q", strings.Join(got, ", "), c.want)
			}
		})
	}
}

// TestNothingDiffersFromItself, whatever the template holds, and printing never panics.
func TestNothingDiffersFromItself(t *testing.T) {
	t.Parallel()
	var value func(depth int) *rapid.Generator[any]
	value = func(depth int) *rapid.Generator[any] {
		return rapid.Custom(func(t *rapid.T) any {
			kind := rapid.IntRange(0, 5).Draw(t, "kind")
			if depth == 0 {
				kind %= 3
			}
			switch kind {
			case 0:
				return rapid.StringMatching(`[a-c*$ {}.]{0,6}`).Draw(t, "text")
			case 1:
				return rapid.Bool().Draw(t, "flag")
			case 2:
				return cfn.Number("12")
			case 3:
				return rapid.SliceOfN(value(depth-1), 0, 3).Draw(t, "list")
			}
			o := &cfn.Object{}
			for range rapid.IntRange(0, 3).Draw(t, "keys") {
				key := rapid.SampledFrom([]string{"Ref", "Fn::GetAtt", "Fn::Join", "Statement", "Action", "Resource", "Policies", "x"}).Draw(t, "key")
				o.Set(key, value(depth-1).Draw(t, "value"))
			}
			return o
		})
	}
	template := rapid.Custom(func(t *rapid.T) *cfn.Template {
		resources := &cfn.Object{}
		for _, id := range []string{"A", "B"} {
			properties := &cfn.Object{}
			for _, name := range []string{"PolicyDocument", "Roles", "Policies", "AssumeRolePolicyDocument", "SourceArn"} {
				properties.Set(name, value(4).Draw(t, name))
			}
			kind := rapid.SampledFrom([]string{"AWS::IAM::Policy", "AWS::IAM::Role", "AWS::Lambda::Permission", "AWS::S3::BucketPolicy", "Custom::X"}).Draw(t, "type")
			resources.Set(id, cfn.Obj("Type", kind, "Properties", properties))
		}
		return &cfn.Template{Root: cfn.Obj("Resources", resources)}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := template.Draw(t, "a"), template.Draw(t, "b")
		if c := diff.Compare("", a, a); !c.Empty() || c.Security() {
			t.Fatalf("a template differs from itself: %+v", c)
		}
		var text strings.Builder
		for _, o := range []diff.TextOptions{{}, {CDK: true, Width: 60}, {Color: true, Width: 10}} {
			if err := diff.Compare("", a, b).WriteText(&text, o); err != nil {
				t.Fatal(err)
			}
		}
	})
}
