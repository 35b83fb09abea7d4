package synth_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

// differences lists, by "Construct.grant", what Writ leaves out of a grant of
// CDK's on purpose, and why.
var differences = map[string]struct {
	actions   []string
	resources []string
	why       string
}{
	"Table.grantReadData": {
		actions: []string{"dynamodb:GetRecords", "dynamodb:GetShardIterator"},
		why:     "they act on streams: on a table's ARN they never match",
	},
	"Table.grantReadWriteData": {
		actions: []string{"dynamodb:GetRecords", "dynamodb:GetShardIterator"},
		why:     "they act on streams: on a table's ARN they never match",
	},
	"Table.grantWriteData": {
		resources: []string{"${Table.Arn}/index/*"},
		why:       "nothing writes to an index: none of the actions takes its ARN",
	},
}

// ours maps CDK's grants to an access in a topology.
var ours = map[string]struct {
	kind   topology.Kind
	access string
}{
	"Table.grantReadData":      {topology.KindStore, "readData"},
	"Table.grantWriteData":     {topology.KindStore, "writeData"},
	"Table.grantReadWriteData": {topology.KindStore, "readWriteData"},
	"Table.grantFullAccess":    {topology.KindStore, "fullAccess"},
	"Table.grantStreamRead":    {topology.KindStore, "streamRead"},
	"Bucket.grantRead":         {topology.KindStore, "read"},
	"Bucket.grantWrite":        {topology.KindStore, "write"},
	"Bucket.grantReadWrite":    {topology.KindStore, "readWrite"},
	"Bucket.grantPut":          {topology.KindStore, "put"},
	"Bucket.grantDelete":       {topology.KindStore, "delete"},
	"Function.grantInvoke":     {topology.KindFunction, "invoke"},
}

type cdkGrant struct {
	Construct, Variant, Call string
	IdentityPolicy           []struct {
		Actions, Resources []string
		Condition          any
	}
}

// Every grant gives what CDK's grant of that name gives, but for the listed differences.
func TestGrantsFollowCDK(t *testing.T) {
	t.Parallel()
	const file = "../../shared/reference/cdk-grants.json"
	src, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("CDK's grants are not on this machine")
	}
	if err != nil {
		t.Fatal(err)
	}
	var data struct{ Grants []cdkGrant }
	if err := json.Unmarshal(src, &data); err != nil {
		t.Fatal(err)
	}
	cases, seen := 0, map[string]bool{}
	for _, g := range data.Grants {
		name, plain := strings.CutSuffix(g.Construct+"."+g.Call, "(grantee)")
		if _, known := ours[name]; !known || !plain || !slices.Contains([]string{"", "with GSI", "stream enabled"}, g.Variant) {
			continue
		}
		cases++
		seen[name] = true
		t.Run(name+" "+g.Variant, func(t *testing.T) {
			t.Parallel()
			compareGrant(t, name, g)
		})
	}
	for name := range ours {
		if !seen[name] {
			t.Errorf("%s is not in %s", name, file)
		}
	}
	t.Logf("%d grants compared", cases)
}

func compareGrant(t *testing.T, name string, g cdkGrant) {
	t.Helper()
	var want []string
	left := differences[name]
	for _, s := range g.IdentityPolicy {
		for _, a := range s.Actions {
			for _, r := range s.Resources {
				if !slices.Contains(left.actions, a) && !slices.Contains(left.resources, r) {
					want = append(want, a+" "+r)
				}
			}
		}
	}
	access := ours[name]
	top := system([]string{"grantee", "handler"}, []string{"table"})
	table := top.Stores[0].Table
	if g.Variant == "with GSI" {
		table.Indexes = []topology.Index{{Name: "i", PartitionKey: topology.Key{Name: "x", Type: "S"}}}
	}
	if g.Variant == "stream enabled" {
		table.Stream = "NEW_IMAGE"
	}
	top.Stores = append(top.Stores, &topology.Store{Name: "bucket", Kind: topology.StoreBucket})
	to := map[string]string{"Table": "table", "Bucket": "bucket", "Function": "handler"}[g.Construct]
	top.Functions[0].Grants = []topology.Grant{{Kind: access.kind, Name: to, Access: access.access}}

	var got []string
	policy, _ := build(t, top, "dev").Template.Resource("GranteePolicy")
	for _, s := range policy.Properties.Object("PolicyDocument").List("Statement")[1:] { // the first is the log
		for _, a := range list(s.(*cfn.Object), "Action") {
			for _, r := range list(s.(*cfn.Object), "Resource") {
				got = append(got, a.(string)+" "+rendered(r))
			}
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		t.Errorf("CDK gives\n%s\nwe give\n%s", strings.Join(want, "\n"), strings.Join(got, "\n"))
	}
}

// rendered writes a resource as the file does.
func rendered(r any) string {
	o, ok := r.(*cfn.Object)
	if !ok {
		return r.(string)
	}
	text := o.Text("Fn::Sub")
	if l := o.List("Fn::GetAtt"); l != nil {
		text = "${" + l[0].(string) + "." + l[1].(string) + "}"
	}
	return strings.NewReplacer("TableTable", "Table", "BucketBucket", "Bucket", "HandlerFunction", "Handler").Replace(text)
}

// Every access that a topology may hold is synthesised or said to be skipped.
func TestEveryVerbIsKnown(t *testing.T) {
	t.Parallel()
	top := system([]string{"f", "g"}, []string{"table"})
	top.Stores[0].Table.Stream = "KEYS_ONLY"
	top.Stores = append(top.Stores, &topology.Store{Name: "bucket", Kind: topology.StoreBucket})
	cases := 0
	for _, to := range []struct {
		kind  topology.Kind
		store topology.StoreKind
		name  string
	}{
		{topology.KindStore, topology.StoreTable, "table"},
		{topology.KindStore, topology.StoreBucket, "bucket"},
		{topology.KindBucket, "", "bucket"},
		{topology.KindFunction, "", "g"},
	} {
		for _, access := range topology.Verbs(to.kind, to.store) {
			top.Functions[0].Grants = []topology.Grant{{Kind: to.kind, Name: to.name, Access: access}}
			out, err := synth.Template(top, options(top, "dev"))
			if err != nil {
				t.Errorf("%s on %s: %v", access, to.name, err)
			} else if n := len(out.Statements) + len(out.Skipped); n < 3 {
				t.Errorf("%s on %s gives nothing", access, to.name)
			}
			cases++
		}
	}
	if cases < 10 {
		t.Errorf("only %d verbs", cases)
	}
}
