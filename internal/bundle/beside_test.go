package bundle_test

import (
	"archive/zip"
	"bytes"
	"io"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/bundle"
	"github.com/writ-dev/writ/topology"
)

// Files beside the code are in the zip and in the name, whatever their order; none can take the place of the code or lie outside.
func TestBeside(t *testing.T) {
	t.Parallel()
	dir := tree{"f/handler.py": "x = 1\n"}.write(t, t.TempDir()) + "/f"
	with := func(files ...bundle.File) bundle.Source {
		s := source(dir, topology.LanguagePython)
		s.Beside = files
		return s
	}
	name := func(s bundle.Source) string {
		sum, err := bundle.Hash(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	build := func(s bundle.Source) ([]byte, error) {
		return bundle.Build(t.Context(), s, bundle.Target{OS: "linux", Arch: "arm64", Release: true}, t.TempDir())
	}
	one, two := bundle.File{Name: "authorizer.json", Data: []byte("{}")}, bundle.File{Name: "data/policy.frozen", Data: []byte("writ")}
	names := map[string]bool{name(with()): true, name(with(one)): true, name(with(one, two)): true, name(with(bundle.File{Name: "authorizer.json", Data: []byte("{ }")})): true}
	if len(names) != 4 || name(with(one, two)) != name(with(two, one)) {
		t.Errorf("%d names of 4 functions", len(names))
	}
	data, err := build(with(one, two))
	if err != nil {
		t.Fatal(err)
	}
	if other, err := build(with(two, one)); err != nil || !bytes.Equal(data, other) {
		t.Errorf("another order gives other bytes (%v)", err)
	}
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, f := range r.File {
		file, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(file)
		if err != nil {
			t.Fatal(err)
		}
		got += f.Name + "=" + string(text) + ";"
	}
	if got != "authorizer.json={};data/policy.frozen=writ;handler.py=x = 1\n;" {
		t.Errorf("the zip holds %s", got)
	}
	for _, bad := range []string{"handler.py", "../x", "/etc/x", "", "data/../../x"} {
		if _, err := build(with(bundle.File{Name: bad})); writ.CodeOf(err) != writ.CodeInvalid {
			t.Errorf("%q beside the code: %v", bad, err)
		}
	}
}
