package cli_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/writ-dev/writ/authz"
	"github.com/writ-dev/writ/authz/frozen"
	"github.com/writ-dev/writ/internal/authorizer"
)

// mostZip is what the zip of an authorizer may weigh, in bytes.
const mostZip = 12 << 20

// The zip of an authorizer holds a Linux program, its configuration and its snapshot, is small, and has the same bytes
// whenever it is made.
func TestAuthorizerZip(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it compiles for two processors")
	}
	dir := t.TempDir()
	config := `{"gateway": {"routes": []}, "identity": {"issuers": [{}]}, "decide": {"snapshot": {"file": "policy.frozen"}}}`
	snapshot := emptySnapshot(t)
	for name, data := range map[string][]byte{"authorizer.json": []byte(config), "policy.frozen": snapshot} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for arch, machine := range map[string]byte{"arm64": 0xb7, "amd64": 0x3e} {
		var made [2][]byte
		for i := range made {
			out := filepath.Join(dir, arch+".zip")
			cmd := exec.Command("writ", "authorizer", "build", "--config", filepath.Join(dir, "authorizer.json"), "--arch", arch, "-o", out, "--format", "json")
			cmd.Stderr = os.Stderr
			stdout, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			var said struct{ Variables []string }
			if err := json.Unmarshal(stdout, &said); err != nil || !slices.Equal(said.Variables, []string{"WRIT_ISSUER", "WRIT_JWKS", "WRIT_AUDIENCES"}) {
				t.Errorf("%v: %s", err, stdout)
			}
			if made[i], err = os.ReadFile(out); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(made[0], made[1]) {
			t.Errorf("%s: two builds differ", arch)
		}
		if len(made[0]) > mostZip {
			t.Errorf("%s: the zip has %d bytes, more than %d", arch, len(made[0]), mostZip)
		}
		t.Logf("%s: %d bytes", arch, len(made[0]))
		r, err := zip.NewReader(bytes.NewReader(made[0]), int64(len(made[0])))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, f := range r.File {
			names = append(names, f.Name)
			data := unzipped(t, f)
			switch f.Name {
			case "bootstrap":
				if f.Mode()&0o111 == 0 || !bytes.HasPrefix(data, []byte("\x7fELF")) || data[18] != machine {
					t.Errorf("%s: bootstrap is no program for it: mode %s, machine %#x", arch, f.Mode(), data[18])
				}
			case "policy.frozen":
				if !bytes.Equal(data, snapshot) {
					t.Errorf("%s: another snapshot", arch)
				}
			}
		}
		if got := strings.Join(names, " "); got != "authorizer.json bootstrap policy.frozen" {
			t.Errorf("%s: it holds %s", arch, got)
		}
	}
}

func unzipped(t *testing.T, f *zip.File) []byte {
	t.Helper()
	r, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func emptySnapshot(t *testing.T) []byte {
	t.Helper()
	source := authz.Source{Format: "policy", Text: "{}"}
	document, err := authorizer.ParseModel(source)
	if err != nil {
		t.Fatal(err)
	}
	m, err := document.Model()
	if err != nil {
		t.Fatal(err)
	}
	s, err := authz.New(m)
	if err != nil {
		t.Fatal(err)
	}
	file, err := frozen.Write(frozen.State{Source: source, Snapshot: s})
	if err != nil {
		t.Fatal(err)
	}
	return file
}
