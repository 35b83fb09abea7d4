package synth_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/roles"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// What a role file says is what CloudFormation tells IAM, to the last element,
// whatever stands in it: variables of ours, policy variables, text that looks
// like a reference of CloudFormation.
func TestRoleFilesAreKept(t *testing.T) {
	t.Parallel()
	documents, refused := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		top := &topology.Topology{Name: "shop", Functions: []*topology.Function{{Name: "work", Runtime: topology.Runtime{Language: topology.LanguageGo}}}}
		raw, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": rapid.SliceOfN(rapid.Custom(randomFileStatement), 1, 4).Draw(rt, "statements")})
		if err != nil {
			rt.Fatal(err)
		}
		files, err := roles.Given(top, map[string]string{"function.json": string(raw)})
		if err != nil {
			rt.Fatal(err)
		}
		way := rapid.SampledFrom(roles.Ways).Draw(rt, "way")
		o := options(top, "dev")
		o.Roles = files.Choose(roles.Settings{Mode: roles.Shared, Way: way})
		out, err := synth.Template(top, o)
		if err != nil && strings.Contains(string(raw), "{{") && strings.Contains(err.Error(), "{") {
			refused++ // braces that are no variable
			return
		}
		if err != nil {
			rt.Fatalf("%v\n%s", err, raw)
		}
		inv, err := deployed(out)
		if err != nil {
			rt.Fatal(err)
		}
		wanted, err := o.Roles.Of(topology.KindFunction, "work").File.Document(func(name string) (string, string) {
			return map[string]string{"sandbox": "dev", "namespace": "shop", "account": account, "region": region}[name], ""
		})
		if err != nil {
			rt.Fatal(err)
		}
		p := inv.Principal("tc-shop-work-dev")
		policy := p.Boundary
		switch way {
		case roles.Replace:
			policy = p.Identity[0]
		case roles.Merge:
			policy = p.Identity[slices.IndexFunc(p.Identity, func(x *iam.Policy) bool { return strings.HasSuffix(x.Origin.Name, "-file") })]
		}
		var got, want []string
		for _, m := range policy.Statements() {
			got = append(got, asJSON(rt, *m.Source()))
		}
		for _, s := range wanted.Statements {
			want = append(want, asJSON(rt, s))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("%s is not kept: %s\n%s", way, diff, raw)
		}
		documents++
	})
	t.Logf("%d documents, %d more were refused", documents, refused)
	if documents < refused {
		t.Error("most documents were refused: the test says little")
	}
}

func asJSON(t *rapid.T, v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func randomFileStatement(t *rapid.T) map[string]any {
	text := func(what string) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{
			"{{sandbox}}", "{{account}}", "{{{region}}}", "{{ namespace }}", "${aws:PrincipalTag/team}", "${*}", "${!x}", "${AWS::Region}", "$", "a", "*", "?", `"`, `\`, "é", "{", "}",
		}), 1, 5).Draw(t, what), "")
	}
	values := func(what string) any {
		if rapid.Bool().Draw(t, "one") {
			return text(what)
		}
		return []any{text(what), text(what)}
	}
	s := map[string]any{"Effect": rapid.SampledFrom([]string{"Allow", "Deny"}).Draw(t, "effect")}
	s[rapid.SampledFrom([]string{"Action", "NotAction"}).Draw(t, "which action")] = rapid.SampledFrom([]any{"s3:*", "*", []any{"dynamodb:Get*", "sqs:SendMessage"}}).Draw(t, "action")
	resource := "arn:aws:s3:::" + rapid.SampledFrom([]string{"{{sandbox}}-${aws:username}/*", "b/{{account}}/${*}", "{{region}}", "*", "a${AWS::AccountId}"}).Draw(t, "resource")
	s[rapid.SampledFrom([]string{"Resource", "NotResource"}).Draw(t, "which resource")] = rapid.SampledFrom([]any{"*", resource, []any{resource, "arn:aws:s3:::c"}}).Draw(t, "resources")
	if rapid.Bool().Draw(t, "conditional") {
		s["Condition"] = map[string]any{
			rapid.SampledFrom([]string{"StringEquals", "StringNotLikeIfExists", "ForAllValues:StringLike", "ForAnyValue:StringEqualsIgnoreCase"}).Draw(t, "operator"): map[string]any{"aws:ResourceTag/{{sandbox}}": values("value")},
			"Bool":                  map[string]any{"aws:SecureTransport": rapid.SampledFrom([]any{true, "false"}).Draw(t, "bool")},
			"NumericLessThanEquals": map[string]any{"s3:max-keys": rapid.SampledFrom([]any{10, "20", json.Number("1.50")}).Draw(t, "number")},
			"Null":                  map[string]any{"aws:TokenIssueTime": true},
		}
	}
	return s
}

// All that can be tagged says whose it is; these types have no tags (AWS
// CloudFormation Template Reference).
func TestEverythingIsTagged(t *testing.T) {
	t.Parallel()
	untagged := []string{
		"AWS::ApiGateway::Authorizer", "AWS::ApiGateway::Deployment", "AWS::ApiGateway::Method", "AWS::ApiGateway::Resource",
		"AWS::ApiGatewayV2::Authorizer", "AWS::ApiGatewayV2::Integration", "AWS::ApiGatewayV2::Route",
		"AWS::AppSync::ApiKey", "AWS::AppSync::DataSource", "AWS::AppSync::GraphQLSchema", "AWS::AppSync::Resolver",
		"AWS::CloudFront::OriginAccessControl", "AWS::Cognito::UserPoolClient", "AWS::Events::ApiDestination", "AWS::Events::Connection", "AWS::Events::EventBusPolicy",
		"AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::KMS::Alias", "AWS::Lambda::EventInvokeConfig", "AWS::Lambda::Permission",
		"AWS::S3::BucketPolicy", "AWS::SNS::Subscription", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy", "AWS::Scheduler::Schedule",
	}
	seen := map[string]bool{}
	for _, path := range golden(t) {
		out := build(t, parse(t, path), "dev")
		for id := range out.Template.Resources().All() {
			resource, _ := out.Template.Resource(id)
			if slices.Contains(untagged, resource.Type) {
				continue
			}
			seen[resource.Type] = true
			tags := ""
			for _, name := range []string{"Tags", "UserPoolTags"} {
				if v, ok := resource.Properties.Get(name); ok {
					tags = text(t, v)
				}
			}
			for _, key := range []string{"sandbox", "namespace", "deployer"} {
				if !strings.Contains(tags, `"`+key+`"`) {
					t.Errorf("%s: %s (%s) does not bear the tag %s", path, id, resource.Type, key)
				}
			}
		}
	}
	if len(seen) < 20 {
		t.Errorf("only %d types were looked at", len(seen))
	}
}
