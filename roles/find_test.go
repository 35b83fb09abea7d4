package roles_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/writ-dev/writ"
	"github.com/writ-dev/writ/roles"
	"github.com/writ-dev/writ/topology"
)

var update = flag.Bool("update", false, "write what is answered into testdata")

// TestFind asks about trees of files: each archive in testdata holds a
// repository with its topology in app (or where the comment's line topology
// says). Each line of the comment asks for an entity in a mode; want has the answers.
func TestFind(t *testing.T) {
	t.Parallel()
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			archive := txtar.Parse(text)
			root := t.TempDir()
			for _, f := range archive.Files {
				path := filepath.Join(root, filepath.FromSlash(f.Name))
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, f.Data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			got := answers(t, root, string(archive.Comment))
			i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want" })
			if *update {
				if i < 0 {
					i, archive.Files = len(archive.Files), append(archive.Files, txtar.File{Name: "want"})
				}
				archive.Files[i].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if i < 0 {
				t.Fatal("there is no file want")
			}
			if want := string(archive.Files[i].Data); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
	t.Logf("%d repositories", len(archives))
}

// answers gives for each line of questions ("SETTINGS: ENTITY...") what holds.
func answers(t *testing.T, root, questions string) string {
	t.Helper()
	var b strings.Builder
	p := roles.Places{Work: root}
	dir := "app"
	for line := range strings.Lines(questions) {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		switch words[0] {
		case "topology":
			dir = words[1]
			continue
		case "infra-dir":
			p.Dir = filepath.Join(root, words[1])
			continue
		case "work":
			p.Work = filepath.Join(root, words[1])
			continue
		}
		top, err := topology.Load(filepath.Join(root, dir))
		if err != nil {
			t.Fatal(err)
		}
		files, err := roles.Find(top, p)
		if err != nil {
			var shown bytes.Buffer
			writ.WriteError(&shown, err)
			for line := range strings.Lines(strings.ReplaceAll(shown.String(), root, "ROOT")) {
				fmt.Fprintf(&b, "%s\n", strings.TrimSpace(line))
			}
			return b.String()
		}
		if words[0] == "passed" {
			for _, path := range files.Passed {
				fmt.Fprintf(&b, "passed %s\n", strings.TrimPrefix(path, filepath.ToSlash(root)+"/"))
			}
			continue
		}
		settings := roles.Settings{Mode: roles.Mode(words[0])}
		set := files.Choose(settings)
		kind, name, _ := strings.Cut(words[1], "/")
		c := set.Of(topology.Kind(kind), name)
		fmt.Fprintf(&b, "%s %s -> %s", words[0], words[1], c.Source)
		if c.File != nil {
			fmt.Fprintf(&b, " %s", strings.TrimPrefix(c.File.Path, filepath.ToSlash(root)+"/"))
		}
		if c.Existing != nil {
			fmt.Fprintf(&b, " %s", strings.Join(c.Existing, " or "))
		}
		if c.RoleName != "" {
			fmt.Fprintf(&b, " as %s", c.RoleName)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// What is there and cannot be read might be a role: it is an error, not nothing.
func TestWhatCannotBeReadIsSaid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, link string }{
		{"a folder", "app/roles"},
		{"a function's file", "app/roles/pay.json"},
		{"a kind's file above", "roles/function.json"},
		{"the platform team's folder", "infrastructure/tc/base/roles"},
		{"the platform team's file", "infrastructure/tc/base/roles/function.json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			path := filepath.Join(root, filepath.FromSlash(c.link))
			for _, dir := range []string{filepath.Join(root, ".git"), filepath.Dir(path), filepath.Join(root, "app", "pay")} {
				if err := os.MkdirAll(dir, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Symlink(path, path); err != nil { // to itself
				t.Fatal(err)
			}
			top, err := topology.Parse([]byte("name: shop\nfunctions:\n  pay: {runtime: custom}\n"), "topology.yml", filepath.Join(root, "app"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := roles.Find(top, roles.Places{}); writ.CodeOf(err) != writ.CodeExternal {
				t.Errorf("%v, want it said that it cannot be read", err)
			}
		})
	}
}
