package cfn_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/writ-dev/writ/cfn"
	"pgregory.net/rapid"
)

const sections = `
Parameters:
  Env: {Type: String, Default: dev, AllowedValues: [dev, prod]}
  Count: {Type: Number, Default: 3, MinValue: 1, MaxValue: 9}
  Zones: {Type: CommaDelimitedList, Default: "a, b,c"}
  Image: {Type: "AWS::SSM::Parameter::Value<String>", Default: /image}
  Unset: {Type: String}
Mappings:
  Sizes: {dev: {memory: "128", names: [x, y]}, prod: {memory: 1024, names: []}}
Conditions:
  Prod: !Equals [!Ref Env, prod]
  Dev: !Not [!Condition Prod]
  Both: !And [!Condition Prod, !Condition Dev]
  Either: !Or [!Condition Prod, !Condition Dev]
  Hangs: !Equals [!Ref Unset, x]
Resources:
  Table: {Type: T}
  Other: {Type: T}
  Never: {Type: T, Condition: Prod}
Outputs:
  Out: {Value: %s}
`

func resolve(t *testing.T, value string, in cfn.Inputs) (string, error) {
	t.Helper()
	template, err := cfn.Parse([]byte(fmt.Sprintf(sections, value)), "t.yml")
	if err != nil {
		t.Fatal(err)
	}
	in.Account, in.Region, in.StackName, in.StackID = "123456789012", "eu-west-1", "app", "arn:stack"
	in.SSM = func(name string) (string, error) {
		if name == "/image" {
			return "ami-1", nil
		}
		return "", errors.New("none")
	}
	in.Import = func(name string) (string, error) {
		if name == "shared" {
			return "imported", nil
		}
		return "", errors.New("none")
	}
	r, err := cfn.NewResolver(template, in)
	if err != nil {
		return "", err
	}
	v, err := r.Resolve(template.Section("Outputs").Object("Out"), "Outputs", "Out")
	if err != nil {
		return "", err
	}
	out, _ := v.(*cfn.Object).Get("Value")
	text, err := cfn.Format(cfn.Obj("v", out))
	if err != nil {
		t.Fatal(err)
	}
	compact := strings.Join(strings.Fields(string(text)), " ")
	return strings.TrimSuffix(strings.TrimPrefix(compact, `{ "v": `), " }"), nil
}

func known() cfn.Inputs {
	return cfn.Inputs{
		Parameters: map[string]string{"Unset": "u"},
		Ref:        func(id string) (any, bool) { return "ref-" + id, id == "Table" },
		GetAtt:     func(id, name string) (any, bool) { return id + "/" + name, id == "Table" },
	}
}

func TestIntrinsics(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ value, want string }{
		{`!Ref Env`, `"dev"`},
		{`!Ref Count`, `"3"`},
		{`!Ref Zones`, `[ "a", "b", "c" ]`},
		{`!Ref Image`, `"ami-1"`},
		{`!Ref AWS::Region`, `"eu-west-1"`},
		{`!Ref AWS::AccountId`, `"123456789012"`},
		{`!Ref AWS::Partition`, `"aws"`},
		{`!Ref AWS::URLSuffix`, `"amazonaws.com"`},
		{`!Ref AWS::StackName`, `"app"`},
		{`!Ref Table`, `"ref-Table"`},
		{`!GetAtt Table.Arn`, `"Table/Arn"`},
		{`{"Fn::GetAtt": "Table.Arn"}`, `"Table/Arn"`},
		{`{"Fn::GetAtt": [Table, !Sub "A${Env}"]}`, `"Table/Adev"`},
		{`!Sub "${Env}-${AWS::Region}-${Table}-${Table.Arn}-${!Kept}-$x"`, `"dev-eu-west-1-ref-Table-Table/Arn-${Kept}-$x"`},
		{`!Sub ["${A}-${Env}", {A: !Ref Count}]`, `"3-dev"`},
		{`!Join ["-", [a, !Ref Count, !Ref Table]]`, `"a-3-ref-Table"`},
		{`!Join [",", !Ref Zones]`, `"a,b,c"`},
		{`!Select [1, !Ref Zones]`, `"b"`},
		{`!Select ["2", !Split [":", "x:y:z"]]`, `"z"`},
		{`!If [Prod, 1, 2]`, `2`},
		{`!If [Either, !If [Both, a, b], c]`, `"b"`},
		{`{a: 1, b: !Ref "AWS::NoValue", c: [x, !If [Prod, y, !Ref "AWS::NoValue"]]}`, `{ "a": 1, "c": [ "x" ] }`},
		{`!FindInMap [Sizes, !Ref Env, memory]`, `"128"`},
		{`!FindInMap [Sizes, dev, names]`, `[ "x", "y" ]`},
		{`!FindInMap [Sizes, none, names, {DefaultValue: d}]`, `"d"`},
		{`!Base64 hello`, `"aGVsbG8="`},
		{`!ImportValue shared`, `"imported"`},
		{`!GetAZs ""`, `[ "eu-west-1a", "eu-west-1b", "eu-west-1c" ]`},
		{`!Cidr [10.0.0.0/16, 3, 8]`, `[ "10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24" ]`},
		{`!Cidr ["2001:db8::/56", 2, 64]`, `[ "2001:db8::/64", "2001:db8:0:1::/64" ]`},
		{`!Length [1, 2, 3]`, `3`},
		{`!ToJsonString {b: !Ref Env, a: [1]}`, `"{\"b\":\"dev\",\"a\":[1]}"`},
		{`"{{resolve:ssm:/image}}-x"`, `"ami-1-x"`},
		{`{plain: [1, true, null, "x<y"]}`, `{ "plain": [ 1, true, null, "x<y" ] }`},
	} {
		got, err := resolve(t, c.value, known())
		if err != nil || got != c.want {
			t.Errorf("%s\n got %s %v\nwant %s", c.value, got, err, c.want)
		}
	}
}

func TestIntrinsicErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ value, want string }{
		{`!Ref Other`, "t.yml:21:16: the physical id of Other is not known"},
		{`!Ref Never`, "Unresolved resource dependencies [Never]"},
		{`!Ref Nobody`, "Unresolved resource dependencies [Nobody]"},
		{`!GetAtt Nobody.Arn`, "references undefined resource Nobody"},
		{`!Select [9, !Ref Zones]`, "cannot select nonexistent value at index 9"},
		{`!Select [x, !Ref Zones]`, "valid index"},
		{`!FindInMap [Sizes, none, memory]`, "Unable to get mapping for Sizes::none::memory"},
		{`!ImportValue nothing`, "No export named nothing found."},
		{`!If [Nope, 1, 2]`, "Undefined condition Nope"},
		{`!Sub "${a b}"`, "variable names in Fn::Sub"},
		{`!Join ["-", x]`, "must be a list"},
		{`!Sub ["${A}", {A: [1]}]`, "needs text, got a list"},
		{`!Cidr [10.0.0.0/24, 9, 8]`, "too small"},
		{`{"Fn::Transform": {Name: x}}`, "macros do not run here"},
		{`{"Fn::ForEach::X": [a, [b], {}]}`, "macros do not run here"},
		{`{"Fn::Nope": x}`, "unknown intrinsic function Fn::Nope"},
		{`"{{resolve:secretsmanager:x}}"`, "dynamic reference to secretsmanager is not supported"},
	} {
		_, err := resolve(t, c.value, known())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.value, err, c.want)
		}
	}
}

func TestPartialResolution(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ value, want string }{
		{`!Ref Table`, `{ "Ref": "Table" }`},
		{`!GetAtt Table.Arn`, `{ "Fn::GetAtt": [ "Table", "Arn" ] }`},
		{`!Sub "${Env}-${Table}-${AWS::Region}/${Table.Arn}"`, `{ "Fn::Join": [ "", [ "dev-", { "Ref": "Table" }, "-eu-west-1/", { "Fn::GetAtt": [ "Table", "Arn" ] } ] ] }`},
		{`!Join ["-", [!Ref Env, !Ref Table, !Ref AWS::Region]]`, `{ "Fn::Join": [ "", [ "dev-", { "Ref": "Table" }, "-eu-west-1" ] ] }`},
		{`!Sub "x${Y}"`, ``},
		{`!Join ["", ["", !Ref Table]]`, `{ "Ref": "Table" }`},
		{`!If [Hangs, !Ref Env, !Ref "AWS::NoValue"]`, `{ "Fn::If": [ "Hangs", "dev", { "Ref": "AWS::NoValue" } ] }`},
		{`!If [Prod, 1, 2]`, `2`},
		{`!Ref Unset`, `{ "Ref": "Unset" }`},
		{`!Select [0, [!Ref Table, x]]`, `{ "Ref": "Table" }`},
		{`!Select [0, !Split [":", !Ref Table]]`, `{ "Fn::Select": [ 0, { "Fn::Split": [ ":", { "Ref": "Table" } ] } ] }`},
		{`!Base64 {Ref: Table}`, `{ "Fn::Base64": { "Ref": "Table" } }`},
		{`!FindInMap [Sizes, !Ref Unset, memory]`, `{ "Fn::FindInMap": [ "Sizes", { "Ref": "Unset" }, "memory" ] }`},
		{`!ImportValue nothing`, `{ "Fn::ImportValue": "nothing" }`},
	} {
		got, err := resolve(t, c.value, cfn.Inputs{Partial: true})
		if c.want == "" {
			if err == nil {
				t.Errorf("%s: no error", c.value)
			}
			continue
		}
		if err != nil || got != c.want {
			t.Errorf("%s\n got %s %v\nwant %s", c.value, got, err, c.want)
		}
	}
}

// TestDeepUnknown guards against work that doubles with each level.
func TestDeepUnknown(t *testing.T) {
	t.Parallel()
	for _, wrap := range []string{`{"Fn::Base64": %s}`, `{"Fn::Select": [%s, [a]]}`, `{"Fn::FindInMap": [%s, b, c]}`, `{"Fn::Equals": [%s, x]}`, `{"Fn::Join": ["", [%s, x]]}`} {
		value := `{"Ref": "Table"}`
		for range 60 {
			value = fmt.Sprintf(wrap, value)
		}
		if _, err := resolve(t, value, cfn.Inputs{Partial: true}); err != nil && !strings.Contains(err.Error(), "deep") {
			t.Errorf("%s: %v", wrap, err)
		}
	}
}

func TestParameters(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ declaration, given, want string }{
		{`{Type: String, AllowedPattern: "[a-z]+"}`, "abc", ""},
		{`{Type: String, AllowedPattern: "[a-z]+"}`, "abc1", "must match pattern [a-z]+"},
		{`{Type: String, AllowedPattern: "(?=x)"}`, "x", "cannot be checked"},
		{`{Type: String, AllowedValues: [a, b], ConstraintDescription: pick one}`, "c", "failed to satisfy constraint: pick one"},
		{`{Type: String, MinLength: 2, MaxLength: 3}`, "a", "at least 2 characters"},
		{`{Type: String, MinLength: 2, MaxLength: 3}`, "abcd", "at most 3 characters"},
		{`{Type: Number, MaxValue: 5}`, "6", "not greater than 5"},
		{`{Type: Number}`, "six", "must be a number"},
		{`{Type: "List<Number>"}`, "1, 2,3", ""},
		{`{Type: "List<Number>"}`, "1,x", "must be a number"},
		{`{Default: x}`, "y", "Every Parameters object must contain a Type member"},
	} {
		template, err := cfn.Parse([]byte("Parameters: {P: "+c.declaration+"}\nResources: {A: {Type: T}}"), "t.yml")
		if err != nil {
			t.Fatal(err)
		}
		_, err = cfn.NewResolver(template, cfn.Inputs{Parameters: map[string]string{"P": c.given}})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s with %q: got %v, want %q", c.declaration, c.given, err, c.want)
		}
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	resources := func(s string) string { return "Resources:\n" + s }
	for _, c := range []struct{ src, want string }{
		{"Resorces: {}", "1:1: Invalid template property or properties [Resorces]"},
		{resources("  A: {Typ: T}"), "2:3: Template format error: [/Resources/A] Every Resources object must contain a Type member."},
		{resources("  A-b: {Type: T}"), "Resource name A-b is non alphanumeric."},
		{resources("  A: {Type: T, BucketName: x}"), "Invalid template resource property 'BucketName'"},
		{resources("  A: {Type: T, DependsOn: [B]}"), "Unresolved resource dependencies [B]"},
		{resources("  A: {Type: T, Properties: {X: [{Y: !GetAtt Bb.Arn}]}}"), "references undefined resource Bb"},
		{resources("  A: {Type: T, Condition: C}"), "Undefined condition C"},
		{resources("  A: {Type: T, DeletionPolicy: Keep}"), "DeletionPolicy of A must be one of"},
		{resources("  A: {Type: T, Properties: {X: !Sub '${B.Arn}'}}"), "undefined resource B"},
		{resources("  A: {Type: T, Properties: {X: {Ref: B, Fn::Sub: x}}}"), "must be the only key"},
		{resources("  A: {Type: T}") + "\nConditions: {C: !Equals [!Ref A, x]}", "Cannot reference resources in the Conditions block"},
		{resources("  A: {Type: T}") + "\nOutputs: {O: {Description: x}}", "Output O is malformed. A value is required"},
		{resources("  A: {Type: T, Properties: {X: !Ref C}}\n  B: {Type: T, DependsOn: A}\n  C: {Type: T, Properties: {X: !GetAtt B.Arn}}"), "Circular dependency between resources: [A, B, C]"},
	} {
		template, err := cfn.Parse([]byte(c.src), "t.yml")
		if err == nil {
			err = template.Validate()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %q", c.src, err, c.want)
		}
	}
}

func TestWorkshopTemplatesResolve(t *testing.T) {
	t.Parallel()
	resources := 0
	for _, file := range workshopTemplates(t) {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		template, err := cfn.Parse(src, file)
		if err != nil {
			t.Fatal(err)
		}
		if err := template.Validate(); err != nil {
			t.Error(err)
		}
		in := cfn.Inputs{
			Account: "1", Region: "r", StackName: "s", SSM: func(string) (string, error) { return "21", nil },
			Ref: func(id string) (any, bool) { return id, true }, GetAtt: func(id, name string) (any, bool) { return id + name, true },
		}
		r, err := cfn.NewResolver(template, in)
		if err != nil {
			t.Fatal(err)
		}
		for id := range template.Resources().All() {
			p, err := r.Properties(id)
			if err != nil || cfn.HasIntrinsic(p) {
				t.Errorf("%s %s: %v", file, id, err)
			}
			resources++
		}
		in.SSM = func(string) (string, error) { return "3", nil }
		if _, err := cfn.NewResolver(template, in); err == nil || !strings.Contains(err.Error(), "CDK bootstrap stack version 6 required") {
			t.Errorf("the rule about the bootstrap version: %v", err)
		}
	}
	t.Logf("%d resources resolved", resources)
	if resources < 40 {
		t.Error("too few resources")
	}
}

// literal generates a value without intrinsics.
func literal(depth int) *rapid.Generator[any] {
	scalars := []*rapid.Generator[any]{
		rapid.StringMatching(`[a-zA-Z0-9 <&"$é]*`).AsAny(), rapid.Bool().AsAny(), rapid.Just[any](nil),
		rapid.Map(rapid.Int(), func(n int) any { return cfn.Number(fmt.Sprint(n)) }),
	}
	if depth == 0 {
		return rapid.OneOf(scalars...)
	}
	list := rapid.Map(rapid.SliceOfN(literal(depth-1), 0, 4), func(l []any) any { return l })
	object := rapid.Map(rapid.MapOfN(rapid.StringMatching(`[A-Z][a-z]*`), literal(depth-1), 0, 4), func(m map[string]any) any {
		o := &cfn.Object{}
		for key, v := range m {
			o.Set(key, v)
		}
		return o
	})
	return rapid.OneOf(append(scalars, list, object)...)
}

func TestLiteralsResolveToThemselves(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := literal(3).Draw(t, "value")
		template := &cfn.Template{Root: cfn.Obj("Resources", cfn.Obj("A", cfn.Obj("Type", "T")))}
		r, err := cfn.NewResolver(template, cfn.Inputs{Partial: rapid.Bool().Draw(t, "partial")})
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Resolve(v)
		if err != nil {
			t.Skip("a key that is no literal")
		}
		a, _ := cfn.Format([]any{v})
		b, _ := cfn.Format([]any{got})
		if string(a) != string(b) {
			t.Fatalf("%s became %s", a, b)
		}
		parsed, err := cfn.Parse([]byte(`{"v":`+string(a)+`}`), "")
		if err != nil {
			t.Fatal(err)
		}
		again, _ := parsed.Root.Get("v")
		if c, _ := cfn.Format(again); string(c) != string(a) {
			t.Fatalf("%s was read as %s", a, c)
		}
	})
}

func TestOrderRespectsEveryEdge(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "n")
		names := rapid.Permutation(strings.Split("ABCDEFGHIJKL", "")[:n]).Draw(t, "names")
		resources := &cfn.Object{}
		needs := map[string][]string{}
		for i, id := range names {
			properties := &cfn.Object{}
			for j := range i { // edges lead back in this order, which the document's may not follow
				other := names[j]
				switch rapid.IntRange(0, 5).Draw(t, "edge") {
				case 0:
					properties.Set("R"+other, cfn.Obj("Ref", other))
				case 1:
					properties.Set("S"+other, cfn.Obj("Fn::Sub", "x${"+other+".Arn}"))
				default:
					continue
				}
				needs[id] = append(needs[id], other)
			}
			resources.Set(id, cfn.Obj("Type", "T", "Properties", properties))
		}
		document := &cfn.Object{}
		for _, id := range rapid.Permutation(names).Draw(t, "document") {
			document.Set(id, resources.Object(id))
		}
		template := &cfn.Template{Root: cfn.Obj("Resources", document)}
		order, err := template.Order()
		if err != nil {
			t.Fatal(err)
		}
		if len(order) != n {
			t.Fatalf("%d of %d resources", len(order), n)
		}
		for id, list := range needs {
			for _, other := range list {
				if slices.Index(order, other) > slices.Index(order, id) {
					t.Fatalf("%s comes before %s in %v", id, other, order)
				}
			}
		}
		again, _ := template.Order()
		if diff := cmp.Diff(order, again); diff != "" {
			t.Fatal(diff)
		}
		// One edge back makes a cycle, which is told.
		first, last := order[0], order[n-1]
		if slices.Contains(needs[last], first) || first == last {
			document.Object(first).Set("DependsOn", last)
			if _, err := template.Order(); err == nil || !strings.Contains(err.Error(), "Circular dependency") {
				t.Fatalf("a cycle is not seen: %v", err)
			}
		}
	})
}
