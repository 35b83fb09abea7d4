package roles_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/writ-dev/writ/roles"
)

// In a directory like /tmp anybody may make a .git: it makes no repository of
// what others have there.
func TestAttackRepositoryOfAStranger(t *testing.T) {
	t.Parallel()
	shared := t.TempDir()
	mine := filepath.Join(shared, "mine")
	for _, dir := range []string{filepath.Join(shared, ".git"), mine} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if got := roles.Repository(mine); got != shared {
		t.Errorf("the control: %q, want %q", got, shared)
	}
	if err := os.Chmod(shared, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	if got := roles.Repository(mine); got == shared {
		t.Errorf("%s, where everybody may write, is taken for the repository", got)
	}
}
