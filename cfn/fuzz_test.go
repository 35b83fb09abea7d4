package cfn_test

import (
	"errors"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/cfn"
)

// FuzzParse: whatever the text, Parse ends, its errors are user errors, and
// what it read is written and read again to the same bytes.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "{", "a: !Ref b", "a: &x 1\nb: *x", "- - - a", "? a", "a: |\n  x", `{"a":[1,2,{"b":null}]}`, "a: !GetAtt [b, c]", "%YAML 1.1\n---\na: b",
		"a: {b: [c, !Sub '${d}']}", "a: !!binary x", "a: 0x1\nb: .inf\nc: 1e3\nd: 0o7", "a:\n  - !If [x, y, z]\n  - b", "\"a\": \"\\ud800\"", "a: >-\n\n  x\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		template, err := cfn.Parse(src, "t")
		if err != nil {
			var user *writ.Error
			if !errors.As(err, &user) {
				t.Fatalf("not a user error: %v", err)
			}
			return
		}
		first, err := cfn.Format(template.Root)
		if err != nil {
			t.Fatal(err)
		}
		again, err := cfn.Parse(first, "t")
		if err != nil {
			if writ.CodeOf(err) == writ.CodeTooLarge {
				return
			}
			t.Fatalf("%v in %s", err, first)
		}
		second, err := cfn.Format(again.Root)
		if err != nil || string(first) != string(second) {
			t.Fatalf("%s became %s: %v", first, second, err)
		}
		if template.Validate() == nil {
			if r, err := cfn.NewResolver(template, cfn.Inputs{Partial: true}); err == nil {
				_, _ = r.Resolve(template.Resources(), "Resources") // must only end
			}
		}
	})
}
