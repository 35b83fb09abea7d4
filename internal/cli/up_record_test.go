package cli

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/writ-dev/writ/iam/observe"
)

// A directory from elsewhere can hold links in the place of the record and of
// the file that becomes it: nothing is written through them, and the record is
// the user's own.
func TestRecordFollowsNoLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	victim, path := filepath.Join(dir, "victim"), filepath.Join(dir, observe.FileName)
	if err := os.WriteFile(victim, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, link := range []string{path, path + ".new"} {
		if err := os.Symlink(victim, link); err != nil {
			t.Fatal(err)
		}
	}
	r := &recording{path: path, recorder: observe.NewRecorder(nil, observe.DefaultLimits, time.Now()), counted: time.Now()}
	if err := r.save(time.Now()); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(victim); err != nil || string(text) != "mine" {
		t.Errorf("the link was followed: %q, %v", text, err)
	}
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm() != 0o600 {
		t.Errorf("the record is %v, %v", info.Mode(), err)
	}
	if _, err := readRecord(path); err != nil {
		t.Error(err)
	}
}
