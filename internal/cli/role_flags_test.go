package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/writ-dev/writ/roles"
	"github.com/writ-dev/writ/topology"
)

// What a deployed template says of roles is believed as far as Writ writes it:
// whoever may change a template does not choose a directory of this machine, nor
// what a terminal shows.
func TestAttackRecordedRoles(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, dir := range []string{".git", "app", "platform"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	top := &topology.Topology{Name: "app", Dir: filepath.Join(root, "app")}
	for _, c := range []struct {
		recorded roles.Settings
		ok       bool
	}{
		{roles.Settings{Mode: roles.Shared, Way: roles.Boundary, Dir: "../platform"}, true},
		{roles.Settings{Mode: roles.Shared, Dir: "../../elsewhere"}, false},
		{roles.Settings{Mode: roles.Shared, Dir: "../../../../../../../../../../tmp"}, false},
		{roles.Settings{Mode: "shared\x1b[2J"}, false},
		{roles.Settings{Mode: roles.Shared, Way: "none"}, false},
	} {
		if err := checkRecorded(top, c.recorded); (err == nil) != c.ok {
			t.Errorf("%+v: %v", c.recorded, err)
		}
	}
}

// The name of an object may hold wildcards: the fix allows that object alone.
func TestAttackLinesOfAFix(t *testing.T) {
	t.Parallel()
	for resource, want := range map[string]string{"*": "*", "arn:aws:s3:::b/a.txt": "arn:aws:s3:::b/a.txt", "arn:aws:s3:::b/*?${aws:x}": "arn:aws:s3:::b/${*}${?}${$}{aws:x}"} {
		if got := literally(resource); got != want {
			t.Errorf("%s: %s, want %s", resource, got, want)
		}
	}
}
