package bundle_test

import (
	"archive/zip"
	"bytes"
	"context"
	"debug/buildinfo"
	"debug/elf"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/bundle"
	"github.com/writ-dev/writ/topology"
)

var release = bundle.Target{OS: "linux", Arch: "amd64", Release: true}

func build(t *testing.T, dir string, language topology.Language, target bundle.Target) []byte {
	t.Helper()
	data, err := bundle.Build(t.Context(), source(dir, language), target, filepath.Join(t.TempDir(), "build"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// unzip gives "MODE content" of each file.
func unzip(t *testing.T, data []byte) map[string]string {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range r.File {
		if !f.Modified.Equal(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s is of %s", f.Name, f.Modified)
		}
		src, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(src)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = f.Mode().String() + " " + string(text)
	}
	return files
}

func TestZip(t *testing.T) {
	t.Parallel()
	files := tree{
		"f/handler.py": "x = 1\n", "f/lib/util.py": "y = 1\n", "f/tool": "#!/bin/sh\n", "f/inside": "-> lib/util.py",
		"f/leak": "-> ../secret", "f/nowhere": "-> nothing", "f/.env": "KEY=1", "f/.writ/cloud.db": "x", "f/__pycache__/x.pyc": "x",
		"secret": "of another",
	}
	want := map[string]string{
		"handler.py": "-rw-r--r-- x = 1\n", "lib/util.py": "-rw-r--r-- y = 1\n", "inside": "-rw-r--r-- y = 1\n", "tool": "-rwxr-xr-x #!/bin/sh\n",
	}
	for _, target := range []bundle.Target{release, {OS: runtime.GOOS, Arch: runtime.GOARCH}} {
		one := files.write(t, t.TempDir())
		first := build(t, filepath.Join(one, "f"), topology.LanguagePython, target)
		if d := cmp.Diff(want, unzip(t, first)); d != "" {
			t.Error(d)
		}
		// Elsewhere, later, with other modes: the same bytes.
		two := files.write(t, t.TempDir())
		if err := os.Chmod(filepath.Join(two, "f/handler.py"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(filepath.Join(two, "f/handler.py"), time.Time{}, time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, build(t, filepath.Join(two, "f"), topology.LanguagePython, target)) {
			t.Error("the same files gave other bytes")
		}
	}
}

// A release is one static, stripped program for Linux, the same from every place.
func TestReleaseOfGo(t *testing.T) {
	t.Parallel()
	files := unzip(t, build(t, filepath.Join(goTree.write(t, t.TempDir()), "app/f"), topology.LanguageGo, release))
	mode, binary, _ := strings.Cut(files["bootstrap"], " ")
	if len(files) != 1 || mode != "-rwxr-xr-x" {
		t.Fatalf("%d files, mode %s", len(files), mode)
	}
	program, err := elf.NewFile(strings.NewReader(binary))
	if err != nil {
		t.Fatal(err)
	}
	if program.Machine != elf.EM_X86_64 || program.Section(".symtab") != nil {
		t.Errorf("machine %s, symbols %v", program.Machine, program.Section(".symtab"))
	}
	info, err := buildinfo.Read(strings.NewReader(binary))
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	for key, want := range map[string]string{"CGO_ENABLED": "0", "-trimpath": "true", "GOOS": "linux", "GOARCH": "amd64", "-tags": "lambda.norpc"} {
		if settings[key] != want {
			t.Errorf("%s is %q, want %q", key, settings[key], want)
		}
	}
	if again := unzip(t, build(t, filepath.Join(goTree.write(t, t.TempDir()), "app/f"), topology.LanguageGo, release)); again["bootstrap"] != files["bootstrap"] {
		t.Error("another place gave another program")
	}
}

// What is too large is refused before it fills the memory: the file here is
// only a size.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "model.bin"))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(bundle.MaxSize - 10); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	tree{"handler.py": "0123456789+"}.write(t, dir)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = bundle.Build(t.Context(), source(dir, topology.LanguagePython), release, t.TempDir())
	runtime.ReadMemStats(&after)
	if writ.CodeOf(err) != writ.CodeTooLarge || !strings.Contains(err.Error(), "topology.yml:3:3") || !strings.Contains(err.Error(), "250 MB") {
		t.Errorf("%v", err)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 100<<20 {
		t.Errorf("%d MB were allocated", grown>>20)
	}
}

func TestStopped(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	s := source(filepath.Join(goTree.write(t, t.TempDir()), "app/f"), topology.LanguageGo)
	if _, err := bundle.Hash(ctx, s); writ.CodeOf(err) != writ.CodeCancelled {
		t.Errorf("%v", err)
	}
	if _, err := bundle.Build(ctx, s, release, t.TempDir()); writ.CodeOf(err) != writ.CodeCancelled {
		t.Errorf("%v", err)
	}
}
