package synth_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/iam"
	"github.com/writ-dev/writ/roles"
	"github.com/writ-dev/writ/synth"
)

// deployedPolicy gives what IAM is told of a role file for functions, as
// CloudFormation resolves the template.
func deployedPolicy(t *testing.T, file string, variables map[string]string) (string, error) {
	t.Helper()
	top := parseText(t, "name: shop\nfunctions:\n  work: {runtime: {lang: node, handler: index.handler}}\n")
	found, err := roles.Given(top, map[string]string{"function.json": file})
	if err != nil {
		t.Fatal(err)
	}
	o := options(top, "dev")
	o.Variables, o.Roles = variables, found.Choose(roles.Settings{Mode: roles.Shared})
	out, err := synth.Template(top, o)
	if err != nil {
		return "", err
	}
	r, err := cfn.NewResolver(out.Template, cfn.Inputs{
		Account: "000000000000", Region: "us-east-1", Ref: func(id string) (any, bool) { return id, true },
	})
	if err != nil {
		t.Fatal(err)
	}
	properties, err := r.Properties("WorkPolicy")
	if err != nil {
		t.Fatal(err)
	}
	text, err := cfn.Format(properties.Object("PolicyDocument"))
	if err != nil {
		t.Fatal(err)
	}
	return canonicalPolicy(t, string(text)), nil
}

func canonicalPolicy(t *testing.T, text string) string {
	t.Helper()
	d, err := iam.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	raw, err := d.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// statementWith is a file with one statement.
func statementWith(rest string) string {
	return `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", ` + rest + `}]}`
}

// What CloudFormation makes of a role file is what the file says to IAM, or the
// file is refused: nothing of it is lost on the way.
func TestAttackRoleFileIsDeployedAsItReads(t *testing.T) {
	t.Parallel()
	const condition = `"Resource": "*", "Condition": {"StringEquals": {%s}}`
	for name, c := range map[string]struct {
		rest string
		// want is the error, or "" where the statement is deployed; plain is
		// what it then says, "" for rest itself.
		want, plain string
	}{
		"a condition that CloudFormation would take out": {fmt.Sprintf(condition, `"Ref": "AWS::NoValue"`), `"Ref" is no key of a condition`, ""},
		"a condition from elsewhere":                     {fmt.Sprintf(condition, `"Fn::ImportValue": "theirs"`), `"Fn::ImportValue" is no key`, ""},
		"a transform beside another key":                 {fmt.Sprintf(condition, `"aws:ResourceTag/a": "b", "Fn::Transform": "x"`), `"Fn::Transform" is no key`, ""},
		"a plain condition":                              {fmt.Sprintf(condition, `"aws:ResourceTag/a": "b"`), "", ""},
		"two keys that one escape makes one":             {fmt.Sprintf(condition, `"aws:ResourceTag/\u007b{sandbox}}": "a", "aws:ResourceTag/{{sandbox}}": "b"`), "two braces", ""},
		"a key with the account":                         {fmt.Sprintf(condition, `"aws:ResourceTag/{{account}}": "a"`), "is a key", ""},
		"a key with the sandbox":                         {fmt.Sprintf(condition, `"aws:ResourceTag/{{sandbox}}": "a"`), "", fmt.Sprintf(condition, `"aws:ResourceTag/dev": "a"`)},
		"a dynamic reference":                            {`"Resource": "arn:aws:s3:::\u007b\u007bresolve:ssm:/theirs}}"`, "two braces", ""},
		"a dynamic reference, plainly":                   {`"Resource": "arn:aws:s3:::{{resolve:ssm:/theirs}}"`, "is not known here", ""},
		"variables of both languages":                    {`"Resource": ["arn:aws:s3:::${aws:PrincipalTag/{{sandbox}}}-{{account}}/$${x}${!y}", "arn:aws:s3:::${AWS::Region}"]`, "", `"Resource": ["arn:aws:s3:::${aws:PrincipalTag/dev}-000000000000/$${x}${!y}", "arn:aws:s3:::${AWS::Region}"]`},
		"three braces":                                   {`"Resource": "arn:aws:s3:::{{{sandbox}}}/{{sandbox}}}"`, "", `"Resource": "arn:aws:s3:::dev/dev}"`},
		"numbers and booleans":                           {`"Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": true}, "ForAllValues:StringLike": {"aws:TagKeys": []}, "NumericLessThanIfExists": {"s3:max-keys": [10, 2.50]}}`, "", ""},
		"a list that is empty but for a Ref":             {`"Resource": [{"Ref": "AWS::NoValue"}, "*"]`, "Resource", ""},
		"a statement that is a function":                 {`"Fn::If": ["x", "y", "z"]`, "Fn::If", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := deployedPolicy(t, statementWith(c.rest), nil)
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Fatalf("%v, want %q; deployed as %s", err, c.want, got)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if c.plain == "" {
				c.plain = c.rest
			}
			if want := canonicalPolicy(t, statementWith(c.plain)); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// A value of the environment stands for itself: it widens no resource, is no
// variable of the policy, and does not leave its string.
func TestAttackValuesOfRoleFiles(t *testing.T) {
	t.Parallel()
	file := statementWith(`"Resource": "arn:aws:s3:::{{ASSET_BUCKET}}/*"`)
	for _, value := range []string{"*", "a?", "${aws:PrincipalTag/x}", `a", "*`, `a"`, `a\`, "{{account}}", "a\x1b[2K", "a\u202e", "a\nb", "\xff", ""} {
		if got, err := deployedPolicy(t, file, map[string]string{"ASSET_BUCKET": value}); err == nil || !strings.Contains(err.Error(), "ASSET_BUCKET") {
			t.Errorf("%q: %v, deployed as %s", value, err, got)
		}
	}
	got, err := deployedPolicy(t, file, map[string]string{"ASSET_BUCKET": "assets-1.eu_ö"})
	if err != nil || !strings.Contains(got, `"arn:aws:s3:::assets-1.eu_ö/*"`) {
		t.Errorf("a plain value: %v %s", err, got)
	}
}

// A function that is called as a kind is bounded by its own file, and all others
// by theirs.
func TestAttackBoundaryOfANamesake(t *testing.T) {
	t.Parallel()
	top := parseText(t, `name: shop
functions:
  function: {runtime: {lang: node, handler: index.handler, role_file: own.json}}
  event: {runtime: {lang: node, handler: index.handler, role_file: own.json}}
  work: {runtime: {lang: node, handler: index.handler}}
events:
  paid: {producer: shop, function: work}
`)
	top.Dir = t.TempDir()
	own := statementWith(`"Resource": "arn:aws:s3:::own/*"`)
	for name, text := range map[string]string{"own.json": own, "all/function.json": statementWith(`"Resource": "*"`), "all/event.json": statementWith(`"Resource": "*"`)} {
		path := filepath.Join(top.Dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found, err := roles.Find(top, roles.Places{Dir: filepath.Join(top.Dir, "all")})
	if err != nil {
		t.Fatal(err)
	}
	o := options(top, "dev")
	o.Roles = found.Choose(roles.Settings{Mode: roles.Shared, Way: roles.Boundary})
	out, err := synth.Template(top, o)
	if err != nil {
		t.Fatal(err)
	}
	for role, want := range map[string]string{"Function": "arn:aws:s3:::own/*", "Event": "arn:aws:s3:::own/*", "Work": "*"} {
		r, _ := out.Template.Resource(role + "Role")
		boundary, _ := out.Template.Resource(r.Properties.Object("PermissionsBoundary").Text("Ref"))
		text, err := cfn.Format(boundary.Properties.Object("PolicyDocument"))
		if err != nil || canonicalPolicy(t, string(text)) != canonicalPolicy(t, statementWith(fmt.Sprintf(`"Resource": %q`, want))) {
			t.Errorf("%sRole is bounded by %s %v", role, text, err)
		}
	}
}
