package synth_test

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/writ-dev/writ/synth"
	"github.com/writ-dev/writ/topology"
)

func TestNames(t *testing.T) {
	t.Parallel()
	plain := &topology.Topology{Name: "shop"}
	hyphens := &topology.Topology{Name: "shop", Hyphenated: true}
	long := strings.Repeat("long", 20)
	for _, c := range []struct{ what, got, want string }{
		{"function", synth.FunctionName(plain, "orders", "dev"), "shop_orders_dev"},
		{"function with hyphens", synth.FunctionName(hyphens, "orders", "dev"), "shop-orders-dev"},
		{"table", synth.TableName(plain, "orders", "dev"), "shop_orders_dev"},
		{"role", synth.RoleName(plain, "orders", "dev"), "tc-shop-orders-dev"},
		{"stack", synth.StackName(plain, "dev"), "shop-dev"},
		{"stack that would start with a digit", synth.StackName(&topology.Topology{Name: "1st"}, "dev"), "s-1st-dev"},
		{"bucket", synth.BucketName(plain, "receipts", "dev"), "shop-receipts-dev"},
		{"bucket of a name that S3 does not take", synth.BucketName(plain, "Receipts", "dev"), "shop-receipts-dev-71aa47c6"},
		{"long role", synth.RoleName(plain, long, "dev"), "tc-shop-longlonglonglonglonglonglonglonglonglonglonglon-df9994e1"},
		{"foreign characters", synth.FunctionName(plain, "a.b", "dev"), "shop_a-b_dev-927b4ef7"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", c.what, c.got, c.want)
		}
	}
}

// In one sandbox of one namespace no two entities share a name, and every name
// is one that AWS takes.
func TestNamesNeverCollide(t *testing.T) {
	t.Parallel()
	forms := map[string]*regexp.Regexp{
		"role":     regexp.MustCompile(`^[A-Za-z0-9+=,.@_-]{1,64}$`),
		"function": regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`),
		"table":    regexp.MustCompile(`^[A-Za-z0-9_.-]{3,255}$`),
		"bucket":   regexp.MustCompile(`^[a-z0-9][a-z0-9-]{2,34}$`),
		"stack":    regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,127}$`),
	}
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-zA-Z0-9][a-zA-Z0-9_.é-]{0,40}`)
		same := rapid.StringMatching(`[aA_-]{1,3}`) // often nearly equal
		top := &topology.Topology{Name: word.Draw(t, "namespace"), Hyphenated: rapid.Bool().Draw(t, "hyphenated")}
		sandbox := word.Draw(t, "sandbox")
		entities := rapid.SliceOfNDistinct(rapid.OneOf(word, same), 2, 12, rapid.ID).Draw(t, "entities")
		seen := map[string]string{}
		for _, e := range entities {
			for kind, name := range map[string]string{
				"role": synth.RoleName(top, e, sandbox), "function": synth.FunctionName(top, e, sandbox),
				"table": synth.TableName(top, e, sandbox), "bucket": synth.BucketName(top, e, sandbox),
			} {
				if !forms[kind].MatchString(name) {
					t.Fatalf("AWS takes no %s %q", kind, name)
				}
				if other, taken := seen[kind+name]; taken {
					t.Fatalf("%q and %q share the %s name %s", other, e, kind, name)
				}
				seen[kind+name] = e
			}
		}
		if name := synth.StackName(top, sandbox); !forms["stack"].MatchString(name) {
			t.Fatalf("AWS takes no stack %q", name)
		}
	})
}

// Logical ids never collide, and never change because of another entity.
func TestLogicalIDs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.OneOf(
			rapid.StringMatching(`[a-z][a-z0-9]{0,12}`),
			rapid.StringMatching(`[a-zA-Z][a-zA-Z0-9_-]{0,12}`),
			rapid.StringMatching(`[aA][-_]?[aA]?[0-9a-f]{8}`),
		)
		// To IAM roles are the same that differ in case alone.
		functions := rapid.SliceOfNDistinct(word, 1, 8, strings.ToLower).Draw(t, "functions")
		stores := rapid.SliceOfNDistinct(word, 0, 4, rapid.ID).Draw(t, "stores")
		all, err := synth.Template(system(functions, stores), options(system(functions, stores), "dev"))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := all.Template.Resources().Len(), 4*len(functions)+len(stores); got != want {
			t.Fatalf("%d resources, want %d", got, want)
		}
		alone, err := synth.Template(system(functions[:1], nil), options(system(functions[:1], nil), "dev"))
		if err != nil {
			t.Fatal(err)
		}
		for id := range alone.Template.Resources().All() {
			if all.Template.Resources().Object(id) == nil {
				t.Fatalf("%s has another logical id beside others", id)
			}
		}
	})
}

func system(functions, stores []string) *topology.Topology {
	top := &topology.Topology{Name: "shop"}
	for _, name := range functions {
		top.Functions = append(top.Functions, &topology.Function{
			Name:    name,
			Runtime: topology.Runtime{Identifier: "provided.al2023", Handler: "bootstrap"},
		})
	}
	for _, name := range stores {
		top.Stores = append(top.Stores, &topology.Store{
			Name: name, Kind: topology.StoreTable,
			Table: &topology.Table{PartitionKey: topology.Key{Name: "id", Type: "S"}},
		})
	}
	return top
}
