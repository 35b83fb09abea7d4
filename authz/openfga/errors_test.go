package openfga_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/authz/openfga"
)

var update = flag.Bool("update", false, "write the answers into the golden files")

// TestErrors reads every model of testdata/errors, which is wrong, and compares
// what a person sees with what stands below it.
func TestErrors(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/errors/*.txt")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			input, want, _ := strings.Cut(string(text), "-- error --\n")
			_, parseErr := openfga.Parse("model.fga", []byte(input))
			if parseErr == nil {
				t.Fatal("the model was taken for a good one")
			}
			var got bytes.Buffer
			writ.WriteError(&got, parseErr)
			if *update {
				if err := os.WriteFile(file, []byte(input+"-- error --\n"+got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got.String()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
