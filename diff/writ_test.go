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

// A boundary gives nothing by itself. One that lets through more, or that goes,
// widens what the other policies give, though none of them changes.
func TestBoundaries(t *testing.T) {
	t.Parallel()
	const role = `"R": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}`
	const unbounded = role + `}}`
	bounded := func(statements string) string {
		return role + `, "PermissionsBoundary": {"Ref": "B"}}},
			"B": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": {"Statement": [` + statements + `]}}}`
	}
	elsewhere := func(arn string) string { return role + `, "PermissionsBoundary": "` + arn + `"}}` }
	const send = `{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}`
	const all = `{"Effect": "Allow", "Action": "*", "Resource": "*"}`
	const deny = `{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}`
	for name, c := range map[string]struct {
		before, after string
		widens        bool
		added, gone   int
	}{
		"it allows more":            {bounded(send), bounded(send + "," + all), true, 1, 0},
		"it allows less":            {bounded(send + "," + all), bounded(send), false, 0, 1},
		"it denies less":            {bounded(all + "," + deny), bounded(all), true, 0, 1},
		"it denies more":            {bounded(all), bounded(all + "," + deny), false, 1, 0},
		"it goes":                   {bounded(send), unbounded, true, 0, 1},
		"it comes":                  {unbounded, bounded(send), false, 1, 0},
		"it comes with the role":    {``, bounded(all), false, 1, 0},
		"it goes with the role":     {bounded(all), ``, false, 0, 1},
		"one elsewhere for another": {elsewhere("arn:a"), elsewhere("arn:b"), true, 1, 1},
		"one elsewhere for this":    {bounded(send), elsewhere("arn:b"), true, 1, 1},
		"one elsewhere comes":       {unbounded, elsewhere("arn:b"), false, 1, 0},
		"one elsewhere goes":        {elsewhere("arn:b"), unbounded, true, 0, 1},
		"only known when deployed":  {bounded(send), bounded(`{"Fn::If": ["C", ` + send + `, ` + all + `]}`), true, 1, 1},
		"nothing":                   {bounded(send), bounded(send), false, 0, 0},
		"something else":            {bounded(send), bounded(send) + `, "Q": {"Type": "AWS::SQS::Queue"}`, false, 0, 0},
	} {
		before, after := template(t, `{"Resources": {`+c.before+`}}`), template(t, `{"Resources": {`+c.after+`}}`)
		changes := diff.Compare("shop-dev", before, after)
		if changes.Widens() != c.widens || len(changes.Boundaries.Added) != c.added || len(changes.Boundaries.Removed) != c.gone || len(changes.Statements.Added) != 0 {
			t.Errorf("%s: widens %v, %+v", name, changes.Widens(), changes.Boundaries)
		}
		security := text(t, changes, diff.TextOptions{SecurityOnly: true})
		if shown := strings.Contains(security, "Permissions boundaries"); shown != (c.added+c.gone > 0) {
			t.Errorf("%s: shown %v\n%s", name, shown, security)
		}
		if want := !changes.Empty() && !changes.Security(); strings.Contains(security, "no change of permissions") != want {
			t.Errorf("%s: that nothing changes is said: %v\n%s", name, !want, security)
		}
		if cdk := text(t, changes, diff.TextOptions{CDK: true}); strings.Contains(cdk, "Permissions boundaries") || strings.Contains(cdk, "NOTE") {
			t.Errorf("%s, as cdk:\n%s", name, cdk)
		}
	}
}
