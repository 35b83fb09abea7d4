package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A file as large as the bound is read, one byte more is refused.
func TestWhatAPolicyNamesIsBounded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for size, want := range map[int64]string{mostBeside: "", mostBeside + 1: "has more than 16 MiB"} {
		file := filepath.Join(dir, "facts.yml")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(file, size); err != nil {
			t.Fatal(err)
		}
		text, err := readBeside(dir, "facts.yml")
		if want == "" && (err != nil || int64(len(text)) != size) {
			t.Errorf("%d bytes: %d were read, %v", size, len(text), err)
		}
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}
