package bundle_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/internal/bundle"
	"github.com/writ-dev/writ/topology"
)

// tree is files by their path; a text that begins with "-> " is a link.
type tree map[string]string

func (files tree) write(t *testing.T, dir string) string {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if target, ok := strings.CutPrefix(text, "-> "); ok {
			if err := os.Symlink(target, path); err != nil {
				t.Fatal(err)
			}
			continue
		}
		mode := os.FileMode(0o644)
		if strings.HasPrefix(text, "#!") {
			mode = 0o755
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func (files tree) with(name, text string) tree {
	changed := maps.Clone(files)
	changed[name] = text
	return changed
}

func source(dir string, language topology.Language) bundle.Source {
	return bundle.Source{Name: "f", Dir: dir, Language: language, Position: writ.Position{File: "topology.yml", Line: 3, Col: 3}}
}

func hash(t *testing.T, root, function string, language topology.Language) string {
	t.Helper()
	sum, err := bundle.Hash(t.Context(), source(filepath.Join(root, function), language))
	if err != nil {
		t.Fatal(err)
	}
	if len(sum) != 64 {
		t.Errorf("the hash is %q", sum)
	}
	return sum
}

// goTree is a function with an embedded file, a package beside it, a module
// that is shared through a replacement, and files of other machines.
var goTree = tree{
	"app/go.mod":           "module example.com/app\n\ngo 1.26\n\nrequire example.com/shared v0.0.0\n\nreplace example.com/shared => ../shared\n",
	"app/f/main.go":        "package main\n\nimport (\n\t_ \"embed\"\n\n\t\"example.com/app/inner\"\n\t\"example.com/shared\"\n)\n\n//go:embed words.txt\nvar words string\n\n//go:embed all:data\nvar _ [0]byte\n\nfunc main() { println(words, inner.N, shared.N) }\n",
	"app/f/words.txt":      "one\n",
	"app/f/f_windows.go":   "package main\n",
	"app/f/f_test.go":      "package main\n",
	"app/inner/inner.go":   "package inner\n\nconst N = 1\n",
	"app/other/other.go":   "package other\n",
	"shared/go.mod":        "module example.com/shared\n\ngo 1.26\n",
	"shared/shared.go":     "package shared\n\nconst N = 2\n",
	"shared/data/file.txt": "not read\n",
}

func init() {
	// The embedded directory as a file system, with a hidden file in it.
	goTree["app/f/main.go"] = strings.Replace(goTree["app/f/main.go"], "var _ [0]byte", "var files embed.FS", 1)
	goTree["app/f/main.go"] = strings.Replace(goTree["app/f/main.go"], "_ \"embed\"", "\"embed\"", 1)
	goTree["app/f/main.go"] = strings.Replace(goTree["app/f/main.go"], "println(", "_ = files; println(", 1)
	goTree["app/f/data/.hidden"] = "embedded\n"
}

func TestHashOfGo(t *testing.T) {
	t.Parallel()
	want := hash(t, goTree.write(t, t.TempDir()), "app/f", topology.LanguageGo)
	for name, same := range map[string]tree{
		"another place":    goTree,
		"a test":           goTree.with("app/f/f_test.go", "package main // changed\n"),
		"another package":  goTree.with("app/other/other.go", "package other // changed\n"),
		"a hidden file":    goTree.with("app/f/.editor", "x"),
		"state":            goTree.with("app/f/.writ/cloud.db", "x"),
		"a file not read":  goTree.with("app/f/README", "x"),
		"data of a module": goTree.with("shared/data/file.txt", "x"),
	} {
		t.Run("kept by "+name, func(t *testing.T) {
			t.Parallel()
			root := same.write(t, t.TempDir())
			makeExecutable(t, filepath.Join(root, "app/f/main.go"))
			if got := hash(t, root, "app/f", topology.LanguageGo); got != want {
				t.Errorf("%s, and it was %s", got, want)
			}
		})
	}
	for _, name := range []string{
		"app/f/main.go", "app/f/words.txt", "app/f/data/.hidden", "app/f/f_windows.go", "app/inner/inner.go",
		"app/go.mod", "app/go.sum", "shared/go.mod", "shared/shared.go", "app/go.work", "app/f/more.go",
	} {
		t.Run("changed by "+name, func(t *testing.T) {
			t.Parallel()
			text := goTree[name] + "\n"
			switch filepath.Base(name) {
			case "go.work":
				text = "go 1.26\n\nuse .\n"
			case "go.sum":
				text = "example.com/x v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
			case "more.go":
				text = "package main\n"
			}
			if got := hash(t, goTree.with(name, text).write(t, t.TempDir()), "app/f", topology.LanguageGo); got == want {
				t.Error("the hash did not change")
			}
		})
	}
}

func makeExecutable(t *testing.T, path string) {
	t.Helper()
	if err := os.Chmod(path, 0o700); err != nil {
		t.Fatal(err)
	}
}

func TestHashOfPlainFiles(t *testing.T) {
	t.Parallel()
	for language, files := range map[topology.Language]tree{
		topology.LanguageNode:   {"f/index.mjs": "export {}\n", "f/node_modules/x/index.js": "1\n", "out.js": "x"},
		topology.LanguagePython: {"f/handler.py": "x = 1\n", "f/lib/util.py": "y = 1\n", "out.py": "x"},
		topology.LanguageCustom: {"f/bootstrap": "#!/bin/sh\n", "f/data.json": "{}\n", "out": "x"},
	} {
		t.Run(string(language), func(t *testing.T) {
			t.Parallel()
			want := hash(t, files.write(t, t.TempDir()), "f", language)
			for name, same := range map[string]tree{
				"another place":         files,
				"hidden files":          files.with("f/.env", "x").with("f/.git/HEAD", "x").with("f/.writ/cloud.db", "x"),
				"what Python leaves":    files.with("f/__pycache__/handler.cpython-313.pyc", "x").with("f/old.pyc", "x"),
				"a link out":            files.with("f/leak", "-> ../"+slices.Sorted(maps.Keys(files))[len(files)-1]),
				"a dangling link":       files.with("f/nowhere", "-> nothing"),
				"a link to a directory": files.with("f/here", "-> ."),
				"a link in a circle":    files.with("f/circle", "-> circle"),
			} {
				if got := hash(t, same.write(t, t.TempDir()), "f", language); got != want {
					t.Errorf("%s changed the hash", name)
				}
			}
			for name := range files {
				if !strings.HasPrefix(name, "f/") {
					continue
				}
				if got := hash(t, files.with(name, files[name]+" ").write(t, t.TempDir()), "f", language); got == want {
					t.Errorf("one byte more in %s did not change the hash", name)
				}
			}
			root := files.write(t, t.TempDir())
			if err := os.Rename(filepath.Join(root, slices.Sorted(maps.Keys(files))[0]), filepath.Join(root, "f/renamed")); err != nil {
				t.Fatal(err)
			}
			if hash(t, root, "f", language) == want {
				t.Error("a new name did not change the hash")
			}
		})
	}
}

// Whether a bootstrap may be executed is part of the code; who may is not.
func TestHashAndModes(t *testing.T) {
	t.Parallel()
	root := tree{"f/bootstrap": "#!/bin/sh\n"}.write(t, t.TempDir())
	want := hash(t, root, "f", topology.LanguageCustom)
	for mode, same := range map[os.FileMode]bool{0o700: true, 0o555: true, 0o644: false, 0o600: false} {
		if err := os.Chmod(filepath.Join(root, "f/bootstrap"), mode); err != nil {
			t.Fatal(err)
		}
		if got := hash(t, root, "f", topology.LanguageCustom); (got == want) != same {
			t.Errorf("mode %o: the same %v, want %v", mode, got == want, same)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	root := tree{
		"go.mod":           "module example.com/broken\n\ngo 1.26\n",
		"syntax/main.go":   "package main\n\nfunc main() { oops\n",
		"types/main.go":    "package main\n\nfunc main() { undefined() }\n",
		"library/lib.go":   "package library\n",
		"missing/main.go":  "package main\n\nimport _ \"example.com/broken/nowhere\"\n\nfunc main() {}\n",
		"empty/readme.txt": "x",
	}.write(t, t.TempDir())
	target := bundle.Target{OS: runtime.GOOS, Arch: runtime.GOARCH}
	for dir, want := range map[string]string{
		"syntax": "main.go:4", "types": "main.go:3:15: undefined: undefined", "library": "is not `main`",
		"missing": "nowhere", "empty": "no Go files",
	} {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			work := t.TempDir()
			_, err := bundle.Build(t.Context(), source(filepath.Join(root, dir), topology.LanguageGo), target, work)
			var e *writ.Error
			if !errors.As(err, &e) || e.Code != writ.CodeInvalid || e.Position.Line != 3 || !strings.Contains(e.Message, want) || e.Hint == "" {
				t.Errorf("%v (%+v), want %q", err, e, want)
			}
			left, err := os.ReadDir(work)
			if err != nil || len(left) != 0 {
				t.Errorf("left in the build directory: %v %v", left, err)
			}
		})
	}
	for _, language := range []topology.Language{topology.LanguageGo, topology.LanguageNode} {
		s := source(filepath.Join(root, "gone"), language)
		if _, err := bundle.Hash(t.Context(), s); err == nil || writ.CodeOf(err) == writ.CodeInternal {
			t.Errorf("%s without its directory: %v", language, err)
		}
		if _, err := bundle.Build(t.Context(), s, target, t.TempDir()); err == nil || writ.CodeOf(err) == writ.CodeInternal {
			t.Errorf("%s without its directory: %v", language, err)
		}
	}
}

// TestWithoutGo changes the environment, so it runs alone.
func TestWithoutGo(t *testing.T) {
	root := goTree.write(t, t.TempDir())
	t.Setenv("PATH", t.TempDir())
	s := source(filepath.Join(root, "app/f"), topology.LanguageGo)
	_, err := bundle.Hash(t.Context(), s)
	_, buildErr := bundle.Build(t.Context(), s, bundle.Target{OS: "linux", Arch: "amd64"}, t.TempDir())
	for _, err := range []error{err, buildErr} {
		var e *writ.Error
		if !errors.As(err, &e) || e.Code != writ.CodeExternal || !strings.Contains(e.Hint, "go.dev/dl") || e.Position.Line != 3 {
			t.Errorf("%v", err)
		}
	}
}

// Code that is one text is zipped as one file, and named by what it says.
func TestText(t *testing.T) {
	t.Parallel()
	s := bundle.Source{Name: "greet", Language: topology.LanguagePython, Text: "def handler(e, c): return 1\n", File: "handler.py"}
	data, err := bundle.Build(t.Context(), s, bundle.Target{Release: true}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil || len(r.File) != 1 || r.File[0].Name != s.File || r.File[0].UncompressedSize64 != uint64(len(s.Text)) {
		t.Fatalf("%v, %v", r, err)
	}
	names := map[string]bool{}
	for _, other := range []bundle.Source{s, {Language: s.Language, Text: s.Text + " ", File: s.File}, {Language: s.Language, Text: s.Text, File: "app.py"}} {
		name, err := bundle.Hash(t.Context(), other)
		if err != nil {
			t.Fatal(err)
		}
		names[name] = true
	}
	if len(names) != 3 {
		t.Errorf("%d names of 3 texts", len(names))
	}
}

// A directory that is not there is told with its function and place.
func TestNoDirectory(t *testing.T) {
	t.Parallel()
	_, err := bundle.Hash(t.Context(), bundle.Source{
		Name: "far", Dir: filepath.Join(t.TempDir(), "far"), Language: topology.LanguagePython, Position: writ.Position{File: "topology.yml", Line: 3},
	})
	var known *writ.Error
	if !errors.As(err, &known) || known.Code != writ.CodeNotFound || known.Position.Line != 3 || !strings.Contains(known.Hint, "fetch it there") {
		t.Errorf("got %v", err)
	}
}
