package synth_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/roles"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// platform is what a platform team says of functions: their tables, if they are
// the sandbox's and not on a day off, and never the tables of the ledger.
const platform = `{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "Tables{{sandbox_trimmed}}", "Effect": "Allow", "Action": ["dynamodb:*Item", "lambda:InvokeFunction"], "Resource": "*",
     "Condition": {"StringEquals": {"aws:ResourceTag/sandbox": "{{sandbox}}"}, "DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}},
    {"Effect": "Allow", "Action": "logs:*", "Resource": "arn:aws:logs:{{region}}:{{account}}:log-group:/aws/lambda/{{namespace}}_*"},
    {"Effect": "Deny", "NotAction": ["dynamodb:*", "lambda:*", "logs:*"], "NotResource": "arn:aws:s3:::{{account}}-${aws:PrincipalTag/team}/*"}
  ]
}`

func inMode(t *testing.T, top *topology.Topology, s roles.Settings, files map[string]string) *synth.Output {
	t.Helper()
	found, err := roles.Given(top, files)
	if err != nil {
		t.Fatal(err)
	}
	o := options(top, "dev")
	s.Chosen = true
	o.Roles = found.Choose(s)
	out, err := synth.Template(top, o)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// What each way makes of one file and one system.
func TestGoldenModes(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]roles.Settings{
		"replace":  {Mode: roles.Shared, Way: roles.Replace},
		"merge":    {Mode: roles.Shared, Way: roles.Merge},
		"boundary": {Mode: roles.Shared, Way: roles.Boundary},
		"global":   {Mode: roles.Global},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := inMode(t, parse(t, "testdata/hitcounter/topology.yml"), s, map[string]string{"function.json": platform})
			compare(t, filepath.Join("testdata/hitcounter", name+".json"), text(t, out.Template.Root))
			compare(t, filepath.Join("testdata/hitcounter", name+".txt"), edges(out))
			recorded, ok := synth.RecordedRoles(out.Template)
			if s.Mode == roles.Global { // there is no way to record
				s.Way = ""
			}
			s.Chosen = true
			if diff := cmp.Diff(s, recorded); diff != "" || !ok {
				t.Errorf("recorded: %v %s", ok, diff)
			}
		})
	}
}

// In global mode nothing is made, whatever acts: each kind runs as the account's
// role for it, and of two names that which the account has.
func TestGlobalModeMakesNoRoles(t *testing.T) {
	t.Parallel()
	kinds := map[topology.Kind]bool{}
	for _, path := range golden(t) {
		top := parse(t, path)
		found, err := roles.Given(top, nil)
		if err != nil {
			t.Fatal(err)
		}
		o := options(top, "dev")
		o.Roles, o.Existing = found.Choose(roles.Settings{Mode: roles.Global}), map[string]bool{"tc-base-route-role": false, "tc-base-api-role": true}
		out, err := synth.Template(top, o)
		if err != nil {
			t.Fatal(err)
		}
		for id := range out.Template.Resources().All() {
			resource, _ := out.Template.Resource(id)
			if strings.HasPrefix(resource.Type, "AWS::IAM::") {
				t.Errorf("%s: %s is made", path, id)
			}
			if refersTo(resource.Properties, out.Template) {
				t.Errorf("%s: %s refers to what is not there", path, id)
			}
		}
		for _, r := range out.Roles {
			kinds[r.Kind] = true
			if r.LogicalID != "" || !strings.HasPrefix(r.RoleName, "tc-base-") {
				t.Errorf("%s: %s %s runs as %q", path, r.Kind, r.Name, r.RoleName)
			}
			if r.Kind == topology.KindRoute && r.RoleName != "tc-base-api-role" {
				t.Errorf("%s: routes run as %s, which the account does not have", path, r.RoleName)
			}
		}
	}
	if len(kinds) != len(roles.Kinds) {
		t.Errorf("only %v acted: the test looks at too little", kinds)
	}
}

// refersTo reports whether a value refers to a resource that the template lacks.
func refersTo(v any, t *cfn.Template) bool {
	for _, r := range cfn.References(v, nil, func(string) (bool, bool) { return false, false }) {
		if _, there := t.Resource(r.Name); !there && !strings.HasPrefix(r.Name, "AWS::") {
			return true
		}
	}
	return false
}

// A function may run as a role that exists, or have its own role under a name of
// its own.
func TestRolesOfOneFunction(t *testing.T) {
	t.Parallel()
	top := parseText(t, `
name: shop
functions:
  theirs: {runtime: {lang: go, role: "bank-{{sandbox}}"}}
  arn: {runtime: {lang: go, role: "arn:aws:iam::123456789012:role/path/bank"}}
  named: {runtime: {lang: go, role_name: "shop-named-{{sandbox}}"}}
`)
	out := inMode(t, top, roles.Settings{}, nil)
	got := map[string]string{}
	for _, r := range out.Roles {
		got[r.Name] = r.RoleName + " " + r.LogicalID
	}
	want := map[string]string{"theirs": "bank-dev ", "arn": "arn:aws:iam::123456789012:role/path/bank ", "named": "shop-named-dev NamedRole"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The name of a role is checked with the values of its variables.
func TestRoleNamesThatIAMRefuses(t *testing.T) {
	t.Parallel()
	top := parseText(t, `
name: shop
functions:
  named: {runtime: {lang: go, role_name: "shop-named-in-a-sandbox-of-a-very-long-name-indeed-{{sandbox}}"}}
`)
	files, err := roles.Given(top, nil)
	if err != nil {
		t.Fatal(err)
	}
	for sandbox, want := range map[string]string{
		"dev":                "",
		"the-name-is-longer": `topology.yml:4:42: "shop-named-in-a-sandbox-of-a-very-long-name-indeed-the-name-is-longer" cannot be a role's name`,
	} {
		o := options(top, sandbox)
		o.Roles = files.Choose(roles.Settings{})
		got := ""
		if _, err := synth.Template(top, o); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %s\nwant %s", sandbox, got, want)
		}
	}
}

// What a file says is AWS's to judge, and ours to check before.
func TestRoleFileErrors(t *testing.T) {
	t.Parallel()
	long := `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": ["` + strings.Repeat(`arn:aws:s3:::a-bucket-of-ours/*", "`, 300) + `arn:aws:s3:::b"]}}`
	for _, c := range []struct {
		name, file string
		way        roles.Way
		want       string
	}{
		{"a word that IAM does not have", `{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Conditions": {}}]}`, roles.Replace, `roles/function.json:1:71: "Conditions" is not an element of a statement`},
		{"a variable without a value", `{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::{{ASSET_BUCKET}}/*"}]}`, roles.Merge, "roles/function.json:1:80: {{ASSET_BUCKET}} is not known here"},
		{"a variable that is not closed", `{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::{{sandbox/*"}]}`, roles.Replace, "roles/function.json:1:80: {{ is not closed"},
		{"a boundary that is too long", long, roles.Boundary, "roles/function.json:1:1: the role file is too long as boundary policy:"},
		{"a policy that is too long", long, roles.Replace, "roles/function.json:1:1: the role file is too long as identity policy:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			top := parse(t, "testdata/hitcounter/topology.yml")
			found, err := roles.Given(top, map[string]string{"function.json": c.file})
			if err != nil {
				t.Fatal(err)
			}
			o := options(top, "dev")
			o.Roles = found.Choose(roles.Settings{Mode: roles.Shared, Way: c.way})
			_, err = synth.Template(top, o)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v\nwant once: %s", err, c.want)
			}
		})
	}
}
