package diff_test

import (
	"strings"
	"testing"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/diff"
)

func template(t *testing.T, text string) *cfn.Template {
	t.Helper()
	out, err := cfn.Parse([]byte(text), "t.json")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The mode of a sandbox's roles is noted in its template; one that says nothing
// has dynamic ones.
func TestRoleMode(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{}`: "dynamic ",
		`{"Metadata": {"Writ": {"Roles": {"Mode": "dynamic"}}}}`:                      "dynamic ",
		`{"Metadata": {"Writ": {"Roles": {"Mode": "global", "Way": "replace"}}}}`:     "global ",
		`{"Metadata": {"Writ": {"Roles": {"Mode": "shared", "Way": "replace"}}}}`:     "shared replace",
		`{"Metadata": {"Writ": {"Roles": {"Mode": "dynamic", "Way": "boundary"}}}}`:   "dynamic boundary",
		`{"Metadata": {"Writ": "no map"}}`:                                            "dynamic ",
		`{"Metadata": {"Other": {"Roles": {"Mode": "shared", "Way": "replace"}}}}`:    "dynamic ",
		`{"Metadata": {"Writ": {"Roles": {"Mode": ["shared"], "Way": "replace"}}}}`:   "dynamic ",
		`{"Resources": {"R": {"Type": "T", "Metadata": {"Writ": {"Roles": "odd"}}}}}`: "dynamic ",
	} {
		if mode, way := diff.RoleMode(template(t, text)); mode+" "+way != want {
			t.Errorf("%s: %s %s, want %s", text, mode, way, want)
		}
	}
	if mode, way := diff.RoleMode(&cfn.Template{}); mode != "dynamic" || way != "" {
		t.Errorf("no template: %s %s", mode, way)
	}
}

// A difference of the mode is a difference by itself, and one that widens where
// the policies of the new roles stand elsewhere.
func TestRoleModeCounts(t *testing.T) {
	t.Parallel()
	of := func(roles string) *cfn.Template {
		return template(t, `{"Metadata": {"Writ": {"Roles": `+roles+`}}}`)
	}
	for _, c := range []struct {
		before, after, line string
		widens              bool
	}{
		{`{}`, `{"Mode": "shared", "Way": "boundary"}`, "role mode: dynamic -> shared (boundary)", false},
		{`{"Mode": "shared", "Way": "boundary"}`, `{"Mode": "shared", "Way": "replace"}`, "role mode: shared (boundary) -> shared (replace)", false},
		{`{}`, `{"Mode": "dynamic", "Way": "merge"}`, "role mode: dynamic -> dynamic (merge)", false},
		{`{"Mode": "shared", "Way": "merge"}`, `{"Mode": "global"}`, "role mode: shared (merge) -> global", true},
		{`{"Mode": "global"}`, `{"Mode": "dynamic"}`, "role mode: global -> dynamic", false},
		{`{"Mode": "global\u001b[2J\nforged"}`, `{}`, `role mode: global\x1b[2J\nforged -> dynamic`, false},
	} {
		changes := diff.Compare("shop-dev", of(c.before), of(c.after))
		got := text(t, changes, diff.TextOptions{})
		lines := strings.Split(got, "\n")
		if changes.Empty() || changes.Widens() != c.widens || lines[0] != "Stack shop-dev" || lines[1] != c.line {
			t.Errorf("%s -> %s: empty %v, widens %v\n%s", c.before, c.after, changes.Empty(), changes.Widens(), got)
		}
		if cdk := text(t, changes, diff.TextOptions{CDK: true}); strings.Contains(cdk, "role mode") || !strings.Contains(cdk, "Metadata") {
			t.Errorf("as cdk:\n%s", cdk)
		}
	}
	if changes := diff.Compare("", of(`{}`), of(`{"Mode": "dynamic"}`)); changes.RoleMode != nil || changes.Empty() {
		t.Errorf("what is said and was so before: %+v", changes)
	}
}

// A statement that moves into the policy of imports gives nobody anything, and
// only a policy can be one of imports.
func TestImportsAreListedApart(t *testing.T) {
	t.Parallel()
	const statement = `{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "q"}`
	of := func(kind, metadata string) *cfn.Template {
		return template(t, `{"Resources": {"P": {"Type": "`+kind+`", "Metadata": {"Writ": `+metadata+`}, "Properties": {
			"PolicyName": "p", "Roles": ["r"], "PolicyDocument": {"Version": "2012-10-17", "Statement": [`+statement+`]}}}}}`)
	}
	nothing := &cfn.Template{Root: &cfn.Object{}}
	const imports = `{"Imports": true}`
	if c := diff.Compare("", nothing, of("AWS::IAM::Policy", imports)); len(c.Imports.Added) != 1 || len(c.Statements.Added) != 0 || !c.Widens() || !c.Security() {
		t.Errorf("an import comes: %+v", c)
	}
	if c := diff.Compare("", of("AWS::IAM::Policy", imports), nothing); len(c.Imports.Removed) != 1 || c.Widens() || !c.Security() {
		t.Errorf("an import goes: %+v", c)
	}
	if c := diff.Compare("", of("AWS::IAM::Policy", `{}`), of("AWS::IAM::Policy", imports)); c.Security() || c.Widens() || c.Empty() {
		t.Errorf("it only moves: %+v", c)
	}
	for kind, metadata := range map[string]string{"AWS::IAM::ManagedPolicy": imports, "AWS::IAM::Policy": `{"Imports": false}`} {
		if c := diff.Compare("", nothing, of(kind, metadata)); len(c.Imports.Added) != 0 || len(c.Statements.Added) != 1 {
			t.Errorf("%s %s: %+v", kind, metadata, c)
		}
	}
}
