package cli

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/writ-dev/writ"
)

//go:embed starter
var starter embed.FS

func newInit(sh *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "init [DIR]",
		Short: "Write a starter topology that runs",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return initialise(sh, dirArg(args))
		},
	}
}

var notInName = regexp.MustCompile(`[^a-z0-9]+`)

// initialise writes the starter into dir. It overwrites nothing.
func initialise(sh *shell, dir string) error {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	name := strings.Trim(notInName.ReplaceAllString(strings.ToLower(filepath.Base(absolute)), "-"), "-")
	if name == "" {
		name = "starter"
	}
	written := map[string][]byte{}
	err = fs.WalkDir(starter, "starter", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := starter.ReadFile(path)
		if err != nil {
			return err
		}
		target := filepath.Join(dir, filepath.FromSlash(strings.TrimSuffix(strings.TrimPrefix(path, "starter/"), ".txt")))
		if _, err := os.Lstat(target); err == nil {
			return writ.Errorf(writ.CodeConflict, "%s exists already", target).
				WithHint("nothing was written; choose another directory: `writ init DIR`")
		}
		written[target] = []byte(strings.Replace(string(data), "name: NAME", "name: "+name, 1))
		return nil
	})
	if err != nil {
		return err
	}
	for target, data := range written {
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return writ.Errorf(writ.CodeExternal, "make %s: %w", filepath.Dir(target), err)
		}
		if err := os.WriteFile(target, data, 0o644); err != nil {
			return writ.Errorf(writ.CodeExternal, "write %s: %w", target, err)
		}
	}
	_, err = fmt.Fprintf(sh.stdout, "%s and its function hello are written; run them with: writ up %s\nthen: curl http://127.0.0.1:3000/hello\n", filepath.Join(dir, "topology.yml"), quoted(dir))
	return err
}

// quoted makes a word safe to paste into a shell.
func quoted(word string) string {
	plain := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_-./:@%+=,", r)
	}
	// zsh takes what begins with = for the name of a command.
	if word != "" && word[0] != '=' && !strings.ContainsFunc(word, func(r rune) bool { return !plain(r) }) {
		return word
	}
	// In fish a backslash escapes between single quotes too: those of the word stand outside them, where every shell reads two as one.
	return "'" + strings.NewReplacer("'", `'\''`, `\`, `'\\'`).Replace(word) + "'"
}
