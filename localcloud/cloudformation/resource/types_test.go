package resource_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/localcloud/cloudformation/resource"
)

// TestReplacementAgreesWithTheSpecification compares the table with what AWS
// says of each type.
func TestReplacementAgreesWithTheSpecification(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../../../shared/reference/cfn-replacement.json")
	if err != nil {
		t.Skip("no reference beside the repository")
	}
	var reference struct {
		Types map[string]struct{ Yes, Maybe []string }
	}
	if err := json.Unmarshal(data, &reference); err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, kind := range resource.Types {
		want, ok := reference.Types[kind.Name]
		if !ok {
			continue
		}
		compared++
		for _, property := range want.Yes {
			if !kind.Replaces(property) {
				t.Errorf("%s: a change of %s replaces", kind.Name, property)
			}
		}
		for _, property := range kind.Replace {
			if !slices.Contains(want.Yes, property) && property != "LocalSecondaryIndexes" {
				t.Errorf("%s: a change of %s does not replace", kind.Name, property)
			}
		}
	}
	t.Logf("%d types compared", compared)
	if compared < 15 {
		t.Error("too few types")
	}
}

func TestPhysicalNames(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("Long", 40)
	for _, kind := range resource.Types {
		for _, id := range []string{"A", "Table", long} {
			name := kind.PhysicalName("my-stack", id, &cfn.Object{}, "ABCDEFGHIJKL")
			if kind.NameLimit == 0 {
				if name != "" {
					t.Errorf("%s: %s", kind.Name, name)
				}
				continue
			}
			pattern := `^my-stack-[A-Za-z]+-ABCDEFGHIJKL$`
			if kind.Lower {
				pattern = `^my-stack-[a-z]+-abcdefghijkl$`
			}
			if len(name) > kind.NameLimit || !regexp.MustCompile(pattern).MatchString(name) {
				t.Errorf("%s: %s has %d letters of %d", kind.Name, name, len(name), kind.NameLimit)
			}
		}
		if kind.NameProperty != "" {
			if name := kind.PhysicalName("s", "A", cfn.Obj(kind.NameProperty, "own"), "R"); name != "own" {
				t.Errorf("%s: %s", kind.Name, name)
			}
		}
		if kind.Handler == nil {
			t.Errorf("%s has no handler", kind.Name)
		}
	}
}

func TestEqual(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b any
		want bool
	}{
		{"5", cfn.Number("5"), true},
		{true, "true", true},
		{cfn.Obj("a", "1", "b", "2"), cfn.Obj("b", "2", "a", "1"), true},
		{cfn.Obj("a", "1"), cfn.Obj("a", "1", "b", nil), false},
		{[]any{"a", "b"}, []any{"b", "a"}, false},
		{nil, "", false},
		{nil, nil, true},
	} {
		if got := resource.Equal(c.a, c.b); got != c.want {
			t.Errorf("%v and %v: %v", c.a, c.b, got)
		}
	}
}

func ExampleFind() {
	kind, ok := resource.Find("AWS::DynamoDB::Table")
	fmt.Println(ok, kind.Replaces("TableName"), kind.Replaces("BillingMode"))
	fmt.Println(kind.PhysicalName("app", "Hits", &cfn.Object{}, "1A2B3C4D5E6F"))
	// Output:
	// true true false
	// app-Hits-1A2B3C4D5E6F
}
