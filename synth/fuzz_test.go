package synth_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// Text in a value that is no reference comes out of CloudFormation as it went
// in, also beside references.
func FuzzEnvironmentValue(f *testing.F) {
	for _, seed := range []string{"", "plain", "${HOME}", "${!HOME}", "$${x", "a${", "}", "{{", "${functions}", "${AWS::Region}", "{{{", "${queuesx.a}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		references := strings.Contains(value, "{{") || reference.MatchString(value)
		if !utf8.ValidString(value) || references || strings.HasPrefix(value, "}") {
			return
		}
		top := system([]string{"one"}, nil)
		top.Functions[0].Environment = []topology.EnvVar{{Name: "BESIDE", Value: "{{region}}" + value + "{{account}}"}, {Name: "PLAIN", Value: value}}
		out, err := synth.Template(top, options(top, "dev"))
		if err != nil {
			t.Fatal(err)
		}
		r, err := cfn.NewResolver(out.Template, cfn.Inputs{Account: account, Region: region, GetAtt: func(id, _ string) (any, bool) { return id, true }})
		if err != nil {
			t.Fatal(err)
		}
		p, err := r.Properties("OneFunction")
		if err != nil {
			t.Fatal(err)
		}
		variables := p.Object("Environment").Object("Variables")
		if got, want := variables.Text("BESIDE"), region+strings.TrimSuffix(unescape(value+"{{"), "{{")+account; got != want {
			t.Errorf("%q came out as %q, want %q", value, got, want)
		}
		if got, want := variables.Text("PLAIN"), unescape(value); got != want {
			t.Errorf("%q came out as %q, want %q", value, got, want)
		}
	})
}

var reference = regexp.MustCompile(`\$\{(functions|stores|queues|topics|streams|buses|secrets|parameters|keys)\.`)

var escaped = regexp.MustCompile(`\$\$\{([^{]|$)`)

// unescape gives the text that $${ stands for.
func unescape(value string) string {
	return escaped.ReplaceAllStringFunc(value, func(s string) string { return s[1:] })
}

// Whatever a call names, a fix is either none or lines to add.
func FuzzFix(f *testing.F) {
	f.Add("tc-shop-one-dev", "dynamodb:PutItem", "arn:aws:dynamodb:us-east-1:000000000000:table/shop_hits_dev")
	f.Add("tc-shop-one-dev", "lambda:InvokeFunction", "arn:aws:lambda:us-east-1:000000000000:function:shop_one_dev:7")
	f.Add("tc-shop-one-dev", "s3:GetObject", "arn:aws:s3:::shop-photos-dev-000000000000-us-east-1/a")
	f.Add("tc-shop-one-dev", "", "arn:::::")
	top := system([]string{"one"}, []string{"hits"})
	top.Stores = append(top.Stores, &topology.Store{Name: "photos", Kind: topology.StoreBucket})
	f.Fuzz(func(t *testing.T, role, action, arn string) {
		fix, ok := synth.Fix(top, "dev", role, action, arn)
		if ok != (fix.Lines != "") {
			t.Errorf("%v %+v", ok, fix)
		}
	})
}
