package openfga_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/writ-dev/writ/authz/openfga"
)

// FuzzParse: no text brings the reader down, and what it takes once it takes again.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/errors/*.txt")
	if err != nil || len(files) == 0 {
		f.Fatal("there are no seeds")
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		input, _, _ := strings.Cut(string(text), "-- error --\n")
		f.Add(input)
	}
	f.Add("module a\ntype user\nextend type user\n  relations\n    define a: [user]\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := openfga.ParseStored(text)
		if err != nil {
			return
		}
		if _, err := openfga.ParseStored(d.Text); err != nil {
			t.Errorf("it was taken once, and then: %v", err)
		}
	})
}

// FuzzStore: no store file brings the reader down.
func FuzzStore(f *testing.F) {
	f.Add("model: |\n  model\n    schema 1.1\n  type user\ntests:\n  - name: a\n    check:\n      - user: user:a\n        object: user:b\n        assertions: {a: true}\n")
	f.Add("tuples: [{user: 'a:b', relation: c, object: 'd:e', condition: {name: x, context: {a: [1, {b: null}]}}}]\nmodel_file: x\n")
	f.Add("a: &a [*a]")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := openfga.ReadStore("store.fga.yaml", []byte(text), func(string) ([]byte, error) { return nil, os.ErrNotExist })
		if err == nil {
			s.Run()
		}
	})
}
